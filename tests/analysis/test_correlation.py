"""Empirical autocorrelation and its fit: the law of the estimate, honest errors, known records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import toeplitz

from activenoise.analysis.correlation import (
    _covariance,
    _expected,
    autocorrelation,
    diffusion_from_increments,
    fit_autocorrelation,
    twin,
)
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.reading.record import studied
from activenoise.reading.records import ReadOptions, read
from activenoise.simulation.tracks import simulate

GRANULE = AOUP(kappa=157.0, D=7e-4, D_a=6.3e-3, tau_a=0.33)  # the paper's record
GRANULE_DT = 1.28e-5
BEAD = Path(__file__).parents[2] / "data" / "tracks" / "trapped_bead_water_78kHz.npz"
BEAD_KAPPA = 2 * np.pi * 656.87  # data/tracks/NOTICE

MODELS = {
    "passive": Passive(3.0, 1.0),
    "fast trap": AOUP(3.0, 1.0, 2.0, 1.5),
    "slow trap": AOUP(3.0, 1.0, 2.0, 0.05),
    "equal": AOUP(3.0, 1.0, 2.0, 1 / 3.0),
}


def test_autocorrelation_is_the_direct_sum():
    x = np.random.default_rng(1).normal(size=300) + 5.0
    y = x - x.mean()
    direct = [np.mean(y[: 300 - k] * y[k:]) for k in range(40)]
    np.testing.assert_allclose(autocorrelation(x, 39), direct, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_mean_and_covariance_of_the_estimate_are_those_of_the_dense_quadratic_forms(name):
    """C^(k) = y' A_k y of a Gaussian y: mean tr(A_k S), covariance 2 tr(A_k S A_l S)."""
    model, n, dt = MODELS[name], 700, 0.05
    k = np.array([0, 1, 2, 5, 20, 60])
    cov = toeplitz(model.autocorrelation(np.arange(n) * dt))
    no_mean = np.eye(n) - 1 / n
    shifts = [(np.eye(n, k=j) + np.eye(n, k=-j)) / (2 * (n - j)) for j in k]
    forms = [a @ no_mean @ cov @ no_mean for a in shifts]
    mean = np.array([np.trace(form) for form in forms])
    dense = np.array([[2 * np.sum(a * b.T) for b in forms] for a in forms])
    # the two exponentials of "equal" are moved 0.3 % apart
    rough = 2e-3 if name == "equal" else 1e-12
    np.testing.assert_allclose(_expected(model, k, n, dt), mean, rtol=0, atol=rough * mean[0])
    close = _covariance(model, k, n, dt)
    mean_squared = 2 * cov.mean() ** 2  # what is left is of higher order than this
    np.testing.assert_allclose(close, dense, rtol=0.02, atol=mean_squared)
    # C(0) - C(dt), which holds D, is a small difference of large numbers
    contrast = np.array([1.0, -1, 0, 0, 0, 0])
    np.testing.assert_allclose(contrast @ close @ contrast, contrast @ dense @ contrast, rtol=0.01)


@pytest.mark.parametrize(
    ("kind", "n_points"), [(AOUP, 13101), (Passive, 2400)], ids=["record", "short passive"]
)
@pytest.mark.slow
def test_stated_errors_are_honest(kind, n_points):
    """(estimate - truth)/error of kappa and D over 40 tracks: mean 0, standard deviation 1."""
    model = GRANULE if kind is AOUP else Passive(GRANULE.kappa, GRANULE.D)
    tracks = simulate(model, n_points, 50 * GRANULE_DT, seed=11, n_tracks=40)
    fits = [fit_autocorrelation(x, 50 * GRANULE_DT, model=kind) for x in tracks]
    for name in ("kappa", "D"):
        truth = float(model.parameters[name])
        pulls = [(fit[name].value - truth) / fit[name].standard_error for fit in fits]
        assert abs(np.mean(pulls)) < 0.5, name
        assert 0.7 < np.std(pulls, ddof=1) < 1.4, name
    chi2 = np.array([fit.reduced_chi2 for fit in fits])
    assert abs(chi2.mean() - 1) < 4 * chi2.std(ddof=1) / np.sqrt(len(chi2)) + 0.02


def test_the_papers_record_at_full_length():
    x = simulate(GRANULE, 655_076, GRANULE_DT, seed=5, n_tracks=1)[0]
    fit = fit_autocorrelation(x, GRANULE_DT)
    assert 40 <= len(fit.lags) <= 60
    assert fit.lags[0] == 0
    for name in ("kappa", "D"):
        estimate = fit[name]
        assert abs(estimate.value - GRANULE.parameters[name]) < 3 * estimate.standard_error, name
    assert fit["kappa"].standard_error < 0.1 * 157
    assert fit["D"].standard_error < 0.01 * 7e-4
    short = diffusion_from_increments(x, GRANULE_DT)
    assert abs(short.value - 7e-4) < 4 * short.standard_error
    # the propulsion lifts C(t) above any single exponential
    assert fit.passive.reduced_chi2 > fit.reduced_chi2


def test_real_trapped_bead():
    record = read(BEAD, ReadOptions(dt=1.28e-5, unit="um", scale=7.2537))
    positions, dt = studied(record, stride=16)
    passive = fit_autocorrelation(positions, dt, model=Passive)
    assert passive["kappa"].value == pytest.approx(BEAD_KAPPA, rel=0.15)
    assert passive["D"].value == pytest.approx(0.0974, rel=0.15)
    active = fit_autocorrelation(positions, dt)
    assert active.passive["kappa"] == passive["kappa"]
    D_a = active["D_a"]
    assert D_a.value < 3 * D_a.standard_error


@pytest.mark.parametrize("n_points", [60, 300, 2400])
@pytest.mark.slow
def test_a_passive_record_has_large_errors_not_nan(n_points):
    tracks = simulate(Passive(157.0, 7e-4), n_points, 6.4e-4, seed=3, n_tracks=10)
    unresolved = 0
    for x in tracks:
        fit = fit_autocorrelation(x, 6.4e-4)
        assert np.all(np.isfinite(fit.covariance))
        assert np.isfinite(fit.reduced_chi2)
        assert fit.passive is not None
        kappa = fit.passive["kappa"]
        assert abs(kappa.value - 157) < 5 * kappa.standard_error
        unresolved += bool(fit.unresolved)
    assert unresolved >= 5


@pytest.mark.parametrize("shape", ["white", "walk", "line", "sine"])
def test_records_that_no_model_describes_do_not_crash(shape):
    n = np.arange(400)
    noise = np.random.default_rng(2).normal(size=400)
    x = {"white": noise, "walk": noise.cumsum(), "line": n * 1.0, "sine": np.sin(n / 5)}[shape]
    fit = fit_autocorrelation(x, 0.01)
    assert np.all(np.isfinite(fit.covariance))
    assert np.all(np.isfinite(fit.correlation_errors))


def test_rbp_reading():
    x = simulate(GRANULE, 13101, 6.4e-4, seed=1, n_tracks=1)[0]
    fit = fit_autocorrelation(x, 6.4e-4)
    reading = fit.as_rbp()
    same = RBP(**fit.model.parameters)
    assert reading["v0"].value == pytest.approx(float(same.speed))
    assert reading["D_rot"].value == pytest.approx(1 / fit["tau_a"].value)
    assert reading["D_a_prime"].value == pytest.approx(reading["v0"].value ** 2 / 2)
    relative = fit["tau_a"].standard_error / fit["tau_a"].value
    assert reading["D_rot"].standard_error / reading["D_rot"].value == pytest.approx(relative)
    with pytest.raises(ValueError, match="no propulsion"):
        fit.passive.as_rbp()


def test_a_twin_has_the_same_autocorrelation():
    lags = np.linspace(0, 30, 50)
    benchmark = AOUP(0.1, 0.2, 0.1, 0.5)
    other = twin(benchmark)
    np.testing.assert_allclose(other.autocorrelation(lags), benchmark.autocorrelation(lags))
    again = twin(other)
    for name, value in benchmark.parameters.items():
        assert float(again.parameters[name]) == pytest.approx(float(value))
    assert twin(GRANULE) is None
    assert twin(Passive(1.0, 1.0)) is None


def test_slow_trap_chooses_between_twins():
    truth = AOUP(1.0, 0.1, 2.0, 0.25)
    x = simulate(truth, 60_000, 0.02, seed=8, n_tracks=1)[0]
    slow, fast = fit_autocorrelation(x, 0.02, slow_trap=True), fit_autocorrelation(x, 0.02)
    for name in ("kappa", "D_a", "tau_a"):
        estimate = slow[name]
        assert abs(estimate.value - truth.parameters[name]) < 4 * estimate.standard_error, name
    assert fast["kappa"].value == pytest.approx(1 / slow["tau_a"].value, rel=1e-3)
    assert fast.reduced_chi2 == pytest.approx(slow.reduced_chi2, rel=0.02)


def test_given_lags():
    x = simulate(GRANULE, 5000, 6.4e-4, seed=1, n_tracks=1)[0]
    lags = np.arange(0, 100, 5) * 6.4e-4
    np.testing.assert_allclose(fit_autocorrelation(x, 6.4e-4, lags=lags).lags, lags)


def test_what_cannot_be_fitted_says_so():
    x = simulate(GRANULE, 5000, 6.4e-4, seed=1, n_tracks=1)[0]
    with pytest.raises(ValueError, match="multiples of dt"):
        fit_autocorrelation(x, 6.4e-4, lags=[0, 1e-4])
    with pytest.raises(ValueError, match="increase"):
        fit_autocorrelation(x, 6.4e-4, lags=[0, 4.0])
    with pytest.raises(ValueError, match="cannot fix"):
        fit_autocorrelation(x, 6.4e-4, lags=[0, 6.4e-4])
    with pytest.raises(ValueError, match="Passive or AOUP"):
        fit_autocorrelation(x, 6.4e-4, model=RBP)
    with pytest.raises(ValueError, match="dt"):
        fit_autocorrelation(x, 0.0)
    with pytest.raises(ValueError, match="one track"):
        fit_autocorrelation(x[:20], 6.4e-4)
    with pytest.raises(ValueError, match="all equal"):
        fit_autocorrelation(np.ones(100), 6.4e-4)
    with pytest.raises(ValueError, match="max_lag"):
        autocorrelation(x, 5000)


def test_diffusion_from_increments_of_a_free_tracer():
    """Errors honest over 100 tracks; an OU trap of kappa dt = 0.001 does not bias them."""
    tracks = simulate(Passive(1.0, 2.0), 2000, 1e-3, seed=6, n_tracks=100)
    estimates = [diffusion_from_increments(x, 1e-3) for x in tracks]
    pulls = np.array([(e.value - 2.0) / e.standard_error for e in estimates])
    assert abs(pulls.mean()) < 0.4
    assert 0.8 < pulls.std(ddof=1) < 1.2
