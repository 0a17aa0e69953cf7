"""Recorded tracks against the covariance of what the instrument records, and against company."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import kstest

from activenoise.instrument import Instrument
from activenoise.models import AOUP, RBP, Passive, active_share
from activenoise.priors import parse_prior
from activenoise.recording import draw, in_units_of_step, simulate_recorded
from activenoise.state_space import autocovariance

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


@pytest.mark.parametrize("exposure", [0.0, 0.3, 1.0])
def test_rbp_has_the_covariance_of_its_aoup(exposure):
    """To (kappa delta)^2/12 = 1e-4 of the mean square step, which 20 000 tracks do not resolve."""
    values = {"kappa": 0.3, "D": 0.2, "D_a": 2.0, "tau_a": 5.0}
    instrument = Instrument(noise=0.3, exposure=exposure)
    models = RBP(**{n: np.full(N_TRACKS, v) for n, v in values.items()})
    x = simulate_recorded(models, instrument, 40, 1.0, seed=1).astype(np.float64)
    lags = np.array([0, 1, 2, 5, 20])
    expected = autocovariance(AOUP(**values), instrument, lags, 1.0)[0]
    steps = np.diff(x, axis=1)
    covariance = autocovariance(AOUP(**values), instrument, [0, 1, 2, 3], 1.0)[0]
    for start in (0, 15):
        products = x[:, [start]] * x[:, start + lags]
        error = products.std(axis=0) / np.sqrt(N_TRACKS)
        assert np.all(np.abs(products.mean(axis=0) - expected) < 4 * error)
        for lag, second in enumerate(-np.diff(covariance, 2)):
            products = steps[:, start] * steps[:, start + lag + 1]
            assert abs(products.mean() - second) < 4 * products.std() / np.sqrt(N_TRACKS)
    assert np.mean(x**4) < 2.9 * np.mean(x**2) ** 2  # not normal


def test_rbp_in_any_company():
    rng = np.random.default_rng(1)
    model = RBP(*(np.exp(rng.uniform(-1, 1, 300)) for _ in range(4)))
    instrument = Instrument(noise=rng.random(300), exposure=rng.random(300))
    together = simulate_recorded(model, instrument, 30, 0.2, seed=3)
    for a, b in ((0, 5), (40, 75), (250, 300)):
        part = Instrument(noise=instrument.noise[a:b], exposure=instrument.exposure[a:b])
        alone = simulate_recorded(model[a:b], part, 30, 0.2, seed=3, first=a)
        np.testing.assert_array_equal(alone, together[a:b])


@pytest.mark.parametrize("model_name", ["Passive", "AOUP"])
def test_a_track_is_the_same_in_any_company(model_name):
    model, instrument, _ = draw(FREE, model_name, 3, 150)
    together = simulate_recorded(model, instrument, 900, 1.0, seed=5)
    parts = []
    for a, b in pairwise([0, 1, 8, 45, 77, 150]):
        model, instrument, _ = draw(FREE, model_name, 3, b - a, first=a)
        parts.append(simulate_recorded(model, instrument, 900, 1.0, seed=5, first=a))
        shorter = simulate_recorded(model, instrument, 70, 1.0, seed=5, first=a)
        np.testing.assert_array_equal(shorter, together[a:b, :70])
    np.testing.assert_array_equal(together, np.concatenate(parts))
    assert not np.any(together[0] == together[1])


@pytest.mark.parametrize("model_name", ["Passive", "AOUP"])
def test_scale_free_tracks_have_the_unit_step(model_name):
    model, instrument, parameters = draw(FREE, model_name, 4, 3000)
    start, after = autocovariance(model, instrument, [0, 1], 1.0).T
    np.testing.assert_allclose(2 * (start - after), 1.0, rtol=1e-9)
    x = simulate_recorded(model, instrument, 50, 1.0, seed=1).astype(np.float64)
    squares = np.mean(np.diff(x, axis=1) ** 2, axis=1)
    assert abs(squares.mean() - 1) < 4 * squares.std() / np.sqrt(len(squares))
    np.testing.assert_array_equal(parameters["noise"], instrument.noise)
    if model_name == "AOUP":
        found = active_share(*(model.parameters[n] for n in ("kappa", "D", "D_a", "tau_a")))
        np.testing.assert_allclose(found, parameters["active_share"], rtol=1e-9)
        assert kstest(found, "uniform", (0.05, 0.95)).pvalue > 1e-3


def test_another_step_is_another_unit_of_length():
    names = ("kappa", "tau_a", "active_share", "noise", "exposure")
    values = FREE.values(names, 1, 20)
    one, other = (in_units_of_step("AOUP", {**values, "step": np.full(20, s)}) for s in (1, 3e-3))
    for name, power in (("D", 2), ("D_a", 2), ("noise", 1), ("kappa", 0), ("exposure", 0)):
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
    with pytest.raises(ValueError, match="no stationary"):
        simulate_recorded(Passive(1.0, 1.0), Instrument(drift=0.1), 5, 0.1, 0)
    with pytest.raises(ValueError, match="n_steps = 0"):
        simulate_recorded(Passive(1.0, 1.0), Instrument(), 0, 0.1, 0)
    with pytest.raises(ValueError, match="RBP with a low-pass"):
        simulate_recorded(RBP(1.0, 1.0, 1.0, 1.0), Instrument(corner=1.0), 5, 0.1, 0)
