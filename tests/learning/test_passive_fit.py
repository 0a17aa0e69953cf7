"""The nearest recorded passive track: exact where there is one, whatever its noise and blur."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.learning.passive_fit import passive_fit
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.system import autocovariance

MEMORIES = np.array([0.5, 1.0, 3.0, 10.0, 40.0, 150.0, 600.0])
LAGS = np.arange(6000)


def powers(model, instrument) -> np.ndarray:
    """<E^2> and <x^2> from the covariance of what is recorded: the increments' c_k summed
    with the filters' own, sum over k of a^|k| c_k/(1 - a^2)."""
    covariance = autocovariance(model, instrument, LAGS, 1.0)[0]
    c = np.append(2 * (covariance[0] - covariance[1]), -np.diff(covariance, 2))
    found = []
    for a in np.exp(-1 / MEMORIES):
        weight = a ** np.arange(len(c))
        found.append((2 * weight @ c - c[0]) / (1 - a * a))
    return np.array([*found, covariance[0]])


@pytest.mark.parametrize("kappa", [0.003, 0.05, 0.4])
@pytest.mark.parametrize("instrument", [Instrument(), Instrument(noise=2.0, exposure=1.0)])
def test_a_passive_track_leaves_nothing(kappa, instrument):
    power = powers(Passive(kappa, 0.7), instrument)
    residuals = np.empty(len(power))
    for start in (np.nan, np.log(kappa) + 0.2):
        rate, white = passive_fit(power, MEMORIES, 4000.0, start, residuals)
        assert rate == pytest.approx(np.log(kappa), abs=0.03)
        assert np.all(np.abs(residuals) < 0.03)
    # The fit goes on: from its own answer it comes closer.
    rate, white = passive_fit(power, MEMORIES, 4000.0, rate, residuals)
    lag_1 = autocovariance(Passive(kappa, 0.7), instrument, [0, 1], 1.0)[0]
    assert white == pytest.approx(lag_1[0] - lag_1[1] * np.exp(kappa), abs=0.01 * power[-1])


def test_an_active_track_leaves_something():
    power = powers(AOUP(0.05, 0.3, 1.5, 30.0), Instrument(noise=0.3))
    residuals = np.empty(len(power))
    passive_fit(power, MEMORIES, 4000.0, np.nan, residuals)
    assert np.max(np.abs(residuals)) > 0.5  # of a passive track, 0.03 at most


def test_the_unit_does_not_matter():
    power = powers(AOUP(0.05, 0.3, 1.5, 30.0), Instrument(noise=0.3))
    one, other = np.empty(len(power)), np.empty(len(power))
    rate, white = passive_fit(power, MEMORIES, 4000.0, np.nan, one)
    same, scaled = passive_fit(1e-12 * power, MEMORIES, 4000.0, np.nan, other)
    assert same == pytest.approx(rate, abs=1e-6)
    assert scaled == pytest.approx(1e-12 * white, rel=1e-4)
    np.testing.assert_allclose(other, one, atol=1e-5)
