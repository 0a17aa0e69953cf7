"""Recorded tracks against the covariance of what the instrument records, and against company."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import kstest

from activenoise.likelihood.kalman import log_likelihood, recursive_innovations
from activenoise.likelihood.switching import rbp_log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.physics.priors import Axis, Prior, parse_prior
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.shares import active_share
from activenoise.physics.system import autocovariance, mean_square_displacement
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.simulation.tracks import simulate

N_TRACKS = 20_000
CASES = [
    (Passive(0.3, 0.5), Instrument(noise=0.4), 1.0),
    (Passive(40.0, 0.5), Instrument(exposure=1.0), 0.01),
    (AOUP(0.05, 0.3, 0.4, 30.0), Instrument(noise=0.5, exposure=0.7), 1.0),
    (AOUP(2.0, 0.2, 3.0, 0.5), Instrument(noise=0.05, exposure=0.4, corner=4.0, relaxed=0.3), 0.02),
    (AOUP(1.0, 0.2, 3.0, 1.0), Instrument(), 0.1),
]
FREE = parse_prior(
    {
        "kappa": {"log_uniform": [0.002, 0.5]},
        "tau_a": {"log_uniform": [10, 200]},
        "active_share": {"uniform": [0.05, 1]},
        "noise": {"uniform": [0, 0.7]},
        "exposure": {"uniform": [0, 1]},
        "corner": {"log_uniform": [0.05, 2]},
    }
)
DRIFTING = Prior({**FREE.axes, "noise": Axis(0.0, 0.5), "drift": Axis(0.0, 0.4)})


@pytest.mark.parametrize(("model", "instrument", "dt"), CASES)
def test_covariance_from_the_first_point_on(model, instrument, dt):
    models = type(model)(**{n: np.full(N_TRACKS, v) for n, v in model.parameters.items()})
    x = simulate_recorded(models, instrument, 200, dt, seed=1).astype(np.float64)
    lags = np.array([0, 1, 2, 5, 20, 59])
    expected = autocovariance(model, instrument, lags, dt)[0]
    for start in (0, 1, 30, 140):
        products = x[:, [start]] * x[:, start + lags]
        error = products.std(axis=0) / np.sqrt(N_TRACKS)
        assert np.all(np.abs(products.mean(axis=0) - expected) < 4 * error)
    # Increments show the noise and the blur that C(t) hides.
    steps = np.diff(x, axis=1)
    expected = autocovariance(model, instrument, [0, 1, 2, 3], dt)[0]
    for start in (0, 60):
        for lag, second in enumerate(-np.diff(expected, 2)):
            products = steps[:, start] * steps[:, start + lag + 1]
            error = products.std() / np.sqrt(N_TRACKS)
            assert abs(products.mean() - second) < 4 * error
    assert kstest(x[:, 77] / np.sqrt(expected[0]), "norm").pvalue > 1e-3


def means_are(products, expected):
    """Whether means over tracks are as expected, within four standard errors."""
    error = products.std(axis=0) / np.sqrt(len(products))
    return np.all(np.abs(products.mean(axis=0) - expected) < 4 * error)


@pytest.mark.parametrize("exposure", [0.0, 0.6])
def test_drift_walks_under_the_tracer(exposure):
    """A walk of diffusivity B, averaged over E dt, moves by 2 B (k - E/3) dt in k intervals, and
    its first point is 2 B (1 - 2 E/3) dt off."""
    model, drift, dt = Passive(0.8, 0.3), 0.7, 0.5
    instrument = Instrument(noise=0.2, exposure=exposure, drift=np.full(N_TRACKS, drift))
    x = simulate_recorded(model, instrument, 120, dt, seed=2).astype(np.float64)
    row = autocovariance(model, Instrument(noise=0.2, exposure=exposure), range(120), dt)[0]
    first = row[0] + 2 * drift * dt * (1 - 2 * exposure / 3)
    assert means_are(x[:, 0] ** 2, first)
    for start, k in ((0, 1), (0, 7), (0, 119), (50, 1), (50, 69)):
        expected = 2 * (row[0] - row[k]) + 2 * drift * dt * (k - exposure / 3)
        steps = x[:, start + k] - x[:, start]
        assert means_are(steps**2, expected)
    neighbours = 2 * row[1] - row[0] - row[2] + drift * dt * exposure / 3
    steps = np.diff(x, axis=1)
    assert means_are(steps[:, 30] * steps[:, 31], neighbours)


@pytest.mark.parametrize(
    ("model", "corner"), [(Passive(2.0, 0.5), np.inf), (AOUP(1.0, 0.2, 3.0, 1.0), 3.0)]
)
def test_the_likelihood_whitens_drifting_tracks(model, corner):
    instrument = Instrument(noise=0.1, exposure=0.5, corner=corner, relaxed=0.2, drift=0.1)
    each = type(model)(**{n: np.full(60, v) for n, v in model.parameters.items()})
    tracks = simulate_recorded(each, instrument, 150, 0.1, seed=4)
    seen = replace(instrument, baseline="constant")
    z = np.array([recursive_innovations(model, seen, x, 0.1)[1:] for x in tracks])
    assert kstest(z.ravel(), "norm").pvalue > 1e-3
    for lag in (1, 2, 10):
        assert abs(np.mean(z[:, lag:] * z[:, :-lag])) < 4 / np.sqrt(z[:, lag:].size)
    still = replace(seen, drift=0.0)
    z = np.array([recursive_innovations(model, still, x, 0.1)[1:] for x in tracks])
    assert kstest(z.ravel(), "norm").pvalue < 1e-3


@pytest.mark.parametrize(
    "measured",
    [
        {},
        {"exposure": 0.3},
        {"exposure": 1.0},
        {"corner": 0.3, "relaxed": 0.2},
        {"corner": 0.08, "exposure": 0.77},
    ],
)
def test_rbp_has_the_covariance_of_its_aoup(measured):
    """Up to 1e-4 of the mean square step, which 20 000 tracks do not resolve."""
    values = {"kappa": 0.3, "D": 0.2, "D_a": 2.0, "tau_a": 5.0}
    instrument = Instrument(noise=0.3, **measured)
    models = RBP(**{n: np.full(N_TRACKS, v) for n, v in values.items()})
    x = simulate_recorded(models, instrument, 40, 1.0, seed=1).astype(np.float64)
    lags = np.array([0, 1, 2, 5, 20])
    expected = autocovariance(AOUP(**values), instrument, lags, 1.0)[0]
    steps = np.diff(x, axis=1)
    covariance = autocovariance(AOUP(**values), instrument, [0, 1, 2, 3], 1.0)[0]
    for start in (0, 15):
        assert means_are(x[:, [start]] * x[:, start + lags], expected)
        for lag, second in enumerate(-np.diff(covariance, 2)):
            assert means_are(steps[:, start] * steps[:, start + lag + 1], second)
    assert np.mean(x**4) < 2.95 * np.mean(x**2) ** 2  # not normal


@pytest.mark.parametrize("corner", [np.inf, 0.7])
@pytest.mark.parametrize("exposure", [0.0, 0.05, 0.6, 1.0])
def test_the_propelled_path_is_seen_as_a_fine_one(exposure, corner, monkeypatch):
    """Point by point against sums over a path that is 16 times as fine: all moments at once."""
    finer, relaxed, n = 16, 0.3, 30
    kept = []

    def fine_path(model, n_steps, dt, seed, first):
        kept.append(simulate(model, (n_steps - 1) * finer + 1, dt / finer, seed, first=first))
        return np.ascontiguousarray(kept[0][:, ::finer])

    monkeypatch.setattr("activenoise.simulation.recorded.simulate", fine_path)
    model = RBP(*(np.full(20, value) for value in (0.5, 1e-12, 1.0, 4.0)))
    instrument = Instrument(exposure=exposure, corner=corner, relaxed=relaxed)
    seen = simulate_recorded(model, instrument, n, 1.0, seed=1).astype(np.float64)
    x = kept[0].astype(np.float64)
    h = 1 / (8 * finer)
    slow = x.copy()
    if np.isfinite(corner):
        rate = np.exp(-2 * np.pi * corner * h)
        for i in range(1, x.shape[1]):
            slow[:, i] = rate * slow[:, i - 1] + (1 - rate) * 0.5 * (x[:, i] + x[:, i - 1])
    signal = relaxed * x + (1 - relaxed) * slow
    last = x.shape[1] - 1 - 8 * finer // 8  # the path goes on for one step of an eighth
    ends = last - 8 * finer * np.arange(n)[::-1]
    expected = signal[:, ends]
    if exposure:
        total = np.zeros((20, x.shape[1]))
        np.cumsum(0.5 * h * (signal[:, 1:] + signal[:, :-1]), axis=1, out=total[:, 1:])
        times = h * np.arange(x.shape[1])
        opened = [np.interp(times[ends] - exposure, times, row) for row in total]
        expected = (total[:, ends] - np.array(opened)) / exposure
    step = np.sqrt(np.mean(np.diff(expected, axis=1) ** 2))
    assert np.sqrt(np.mean((seen - expected) ** 2)) < 5e-3 * step


@pytest.mark.parametrize("measured", [{"corner": 2.0}, {"corner": 6.0, "drift": 0.1}])
@pytest.mark.slow
def test_the_filter_of_rbp_has_the_law_of_its_recorded_tracks(measured):
    """With L = p(RBP)/p(AOUP), the mean of 1/(1 + 1/L) over AOUP's tracks is that of 1/(1 + L) over
    RBP's, whatever the tracks, if both densities are those of the tracks."""
    values, dt, n = (1.0, 0.5, 10.0, 1.0), 0.1, 300
    instrument = Instrument(noise=0.1, exposure=0.5, **measured)
    means, errors = [], []
    for kind, sign in ((AOUP, 1), (RBP, -1)):
        models = kind(*(np.full(n, v) for v in values))
        x = simulate_recorded(models, instrument, 60, dt, seed=7).astype(np.float64)
        twins = RBP(**models.parameters)
        rbp = rbp_log_likelihood(twins, instrument, x, dt, from_zero=True)
        aoup = [log_likelihood(AOUP(*values), instrument, row, dt, from_zero=True)[0] for row in x]
        p = expit(sign * (rbp - np.array(aoup)))
        means.append(p.mean())
        errors.append(p.std() / np.sqrt(n))
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors)
    assert means[0] < 0.49


def test_rbp_in_any_company():
    rng = np.random.default_rng(1)
    model = RBP(*(np.exp(rng.uniform(-1, 1, 300)) for _ in range(4)))
    values = {n: rng.random(300) for n in ("noise", "exposure", "relaxed", "drift")}
    values["corner"] = np.exp(rng.uniform(-1, 2, 300))
    together = simulate_recorded(model, Instrument(**values), 30, 0.2, seed=3)
    for a, b in ((0, 5), (40, 75), (250, 300)):
        part = Instrument(**{name: v[a:b] for name, v in values.items()})
        alone = simulate_recorded(model[a:b], part, 30, 0.2, seed=3, first=a)
        np.testing.assert_array_equal(alone, together[a:b])


@pytest.mark.parametrize("prior", [FREE, DRIFTING], ids=["still", "drifting"])
@pytest.mark.parametrize("model_name", ["Passive", "AOUP"])
def test_a_track_is_the_same_in_any_company(model_name, prior):
    model, instrument, _ = draw(prior, model_name, 3, 150)
    together = simulate_recorded(model, instrument, 900, 1.0, seed=5)
    parts = []
    for a, b in pairwise([0, 1, 8, 45, 77, 150]):
        model, instrument, _ = draw(prior, model_name, 3, b - a, first=a)
        parts.append(simulate_recorded(model, instrument, 900, 1.0, seed=5, first=a))
        shorter = simulate_recorded(model, instrument, 70, 1.0, seed=5, first=a)
        np.testing.assert_array_equal(shorter, together[a:b, :70])
    np.testing.assert_array_equal(together, np.concatenate(parts))
    assert not np.any(together[0] == together[1])


@pytest.mark.parametrize("prior", [FREE, DRIFTING], ids=["still", "drifting"])
@pytest.mark.parametrize("model_name", ["Passive", "AOUP"])
def test_scale_free_tracks_have_the_unit_step(model_name, prior):
    model, instrument, parameters = draw(prior, model_name, 4, 3000)
    np.testing.assert_allclose(mean_square_displacement(model, instrument, 1.0), 1.0, rtol=1e-9)
    x = simulate_recorded(model, instrument, 50, 1.0, seed=1).astype(np.float64)
    squares = np.mean(np.diff(x, axis=1) ** 2, axis=1)
    assert abs(squares.mean() - 1) < 4 * squares.std() / np.sqrt(len(squares))
    np.testing.assert_array_equal(parameters["noise"], instrument.noise)
    if "drift" in prior.axes:
        still = replace(instrument, drift=0.0)
        share = 1 - mean_square_displacement(model, still, 1.0)
        np.testing.assert_allclose(share, prior.values(["drift"], 4, 3000)["drift"], rtol=1e-7)
    if model_name == "AOUP":
        found = active_share(*(model.parameters[n] for n in ("kappa", "D", "D_a", "tau_a")))
        np.testing.assert_allclose(found, parameters["active_share"], rtol=1e-9)
        assert kstest(found, "uniform", (0.05, 0.95)).pvalue > 1e-3


def test_another_step_is_another_unit_of_length():
    names = ("kappa", "tau_a", "active_share", "noise", "exposure", "drift")
    values = DRIFTING.values(names, 1, 20)
    one, other = (in_units_of_step("AOUP", {**values, "step": np.full(20, s)}) for s in (1, 3e-3))
    powers = {"D": 2, "D_a": 2, "noise": 1, "drift": 2, "kappa": 0, "exposure": 0}
    for name, power in powers.items():
        np.testing.assert_allclose(other[name], one[name] * 3e-3**power, rtol=1e-12)


def test_an_instrument_with_units():
    prior = parse_prior(
        {"kappa": 2.0, "D": {"uniform": [1, 2]}, "D_a": 3.0, "tau_a": 0.5, "noise": 0.1}
    )
    model, instrument, parameters = draw(prior, "AOUP", 1, 10)
    assert set(parameters) == {"kappa", "D", "D_a", "tau_a", "noise"}
    np.testing.assert_array_equal(model.D, prior.draw("AOUP", 1, 10).D)
    assert np.all(instrument.noise == 0.1)
    assert not prior.bare


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(ValueError, match="no stationary"):
        simulate_recorded(Passive(0.0, 1.0), Instrument(), 5, 0.1, 0)
    with pytest.raises(ValueError, match="n_steps = 0"):
        simulate_recorded(Passive(1.0, 1.0), Instrument(), 0, 0.1, 0)
    with pytest.raises(ValueError, match=r"corner = 0.001 Hz is too low for RBP .* least 0.01"):
        simulate_recorded(RBP(1.0, 1.0, 1.0, 1.0), Instrument(corner=1e-3), 5, 0.1, 0)
