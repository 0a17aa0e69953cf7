"""Simulated run-and-tumble tracks: the law of the propulsion, and the moments that follow from it.

Second moments, and the independence of a track of its company, are tested with those of the other
models (`test_tracks`).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kurtosis
from tests.simulation.test_tracks import N_TRACKS, agree

from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RTP
from activenoise.physics.system import autocovariance
from activenoise.simulation.recorded import simulate_recorded
from activenoise.simulation.tracks import simulate

STRONG = RTP(1.0, 1.0, 20.0, 3.0)


def active_moment(model, order):
    """Moment of the active part of a stationary position, from its density: for |z| < 1, z = kappa
    x/v0, it is (1 - z^2)^(1/(2 kappa tau_a) - 1) up to a factor (no current flows)."""
    power = 0.5 / (model.kappa * model.tau_a) - 1
    # In t with z = 1 - t^m the density is finite at the ends of the range.
    m = max(1.0, 1 / (power + 1))

    def weight(t):
        return m * t ** (m * (power + 1) - 1) * (2 - t**m) ** power

    total, _ = quad(weight, 0, 1)
    value, _ = quad(lambda t: weight(t) * (1 - t**m) ** order, 0, 1)
    return value / total * (model.speed / model.kappa) ** order


@pytest.mark.parametrize("model", [STRONG, RTP(2.0, 0.05, 1.5, 0.1), RTP(1.0, 0.01, 2.0, 5.0)])
def test_positions_have_the_stationary_moments(model):
    thermal = model.D / model.kappa
    second, fourth = active_moment(model, 2), active_moment(model, 4)
    assert thermal + second == pytest.approx(model.autocorrelation(0.0), rel=1e-6)
    x = simulate(model, 31, 0.3, seed=3, n_tracks=2 * N_TRACKS).astype(np.float64)
    expected = 3 * thermal**2 + 6 * thermal * second + fourth
    assert agree(x[:, [0, 1, 30]] ** 4, expected)


def test_propulsion_is_two_valued():
    """Without thermal noise x_n - e^{-kappa dt} x_{n-1} is the mean of v over the interval. It is
    +-v0 unless the sign has flipped, and v has the least kurtosis that there is."""
    model, dt = RTP(0.01, 1e-20, 5.0, 0.5), 0.02
    x = simulate(model, 201, dt, seed=4, n_tracks=400).astype(np.float64)
    kept = np.exp(-model.kappa * dt)
    v = (x[:, 1:] - kept * x[:, :-1]) * model.kappa / (1 - kept) / model.speed
    # Positions are in single precision, of a size of 10 v0 dt.
    assert np.all(np.abs(v) < 1 + 1e-3)
    whole = np.mean(np.abs(v) > 1 - 1e-3, axis=1)
    assert agree(whole, np.exp(-0.5 * dt / model.tau_a) + 5e-4 * dt / model.tau_a)
    u = 0.5 * dt / model.tau_a
    mean_square = (2 * u - 1 + np.exp(-2 * u)) / (2 * u**2)  # of the mean of v over an interval
    assert agree(np.mean(v**2, axis=1), mean_square)
    assert kurtosis(v, axis=None, fisher=False) == pytest.approx(1, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("about", [{"exposure": 1.0}, {"exposure": 0.3, "corner": 4.0}])
def test_recorded_tracks_have_the_covariance_of_the_twin(about):
    n, dt, lags = 8000, 0.1, [0, 1, 10]
    instrument = Instrument(**about)
    batch = RTP(*(np.full(n, value) for value in (1.0, 1.0, 20.0, 3.0)))
    y = simulate_recorded(batch, instrument, 60, dt, seed=5).astype(np.float64)
    expected = autocovariance(AOUP(1.0, 1.0, 20.0, 3.0), instrument, lags, dt)[0]
    found = [np.mean(y[:, : 60 - lag] * y[:, lag:], axis=1) for lag in lags]
    assert agree(np.column_stack(found), expected)
    steps = np.mean(np.diff(y, axis=1) ** 2, axis=1)
    assert agree(steps, 2 * (expected[0] - expected[1]))
