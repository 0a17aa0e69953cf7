"""The likelihood of recorded tracks side by side against dense normal densities, and company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.stats import multivariate_normal

from activenoise.likelihood.recorded import log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.system import autocovariance, discretise, packed
from activenoise.simulation.recorded import simulate_recorded

N_TRACKS, POINTS, DT = 37, 90, 0.5
AT = (1, 2, 64, 70, 90)
random = np.random.default_rng(4)


def drawn(low: float, high: float) -> np.ndarray:
    return random.uniform(low, high, N_TRACKS)


PASSIVE = Passive(drawn(0.01, 1), drawn(0.1, 1))
ACTIVE = AOUP(PASSIVE.kappa, PASSIVE.D, drawn(0.1, 3), drawn(1, 30))
CAMERA: dict[str, Any] = {"noise": drawn(0, 0.7), "exposure": drawn(0, 1)}
DETECTOR: dict[str, Any] = {**CAMERA, "corner": drawn(0.1, 2), "relaxed": drawn(0, 0.9)}
CASES = [(PASSIVE, {}), (PASSIVE, CAMERA), (ACTIVE, {}), (ACTIVE, CAMERA), (ACTIVE, DETECTOR)]
LAGS = np.arange(POINTS)


def systems(model: Passive | AOUP, **instrument: Any) -> np.ndarray:
    return packed(discretise(model, Instrument(**instrument), DT))


@pytest.mark.parametrize(("model", "instrument"), CASES)
def test_the_density_is_that_of_the_points_covariance(model, instrument):
    """1e-6 nats, of tracks that float32 has rounded before."""
    tracks = simulate_recorded(model, Instrument(**instrument), POINTS, DT, seed=5)
    found = log_likelihood(systems(model, **instrument), tracks, AT)
    covariances = autocovariance(model, Instrument(**instrument), LAGS, DT)
    for track, values, lagged in zip(tracks, found, covariances, strict=True):
        for n, value in zip(AT, values, strict=True):
            dense = multivariate_normal(cov=toeplitz(lagged[:n])).logpdf(track[:n])
            assert value == pytest.approx(dense, abs=1e-6)


# A drift beside a detector's lag would be a fourth state.
@pytest.mark.parametrize(
    ("model", "instrument", "drift"),
    [*((*case, 0.0) for case in CASES), *((*case, 0.2) for case in CASES[:-1])],
)
def test_the_density_up_to_a_constant_is_that_of_the_increments(model, instrument, drift):
    """A random walk, seen through an exposure E, has steps of variance 2 D dt (1 - E/3) and
    neighbours of covariance 2 D dt E/6; nothing else of a track tells its zero."""
    exposure = instrument.get("exposure", np.zeros(N_TRACKS))
    seen = instrument | ({"drift": np.full(N_TRACKS, drift)} if drift else {})
    tracks = simulate_recorded(model, Instrument(**seen), POINTS, DT, seed=6)
    shift = np.linspace(-100, 100, N_TRACKS)[:, None]  # times the scale of a step
    found = log_likelihood(systems(model, **seen), tracks + shift, AT, known_zero=False)
    lagged = autocovariance(model, Instrument(**instrument), np.arange(POINTS + 1), DT)
    steps = np.empty((N_TRACKS, POINTS))
    steps[:, 0] = 2 * (lagged[:, 0] - lagged[:, 1]) + 2 * drift * DT * (1 - exposure / 3)
    steps[:, 1:] = -np.diff(lagged, 2)
    steps[:, 1] += 2 * drift * DT * exposure / 6
    shifted = np.diff(tracks + shift, axis=1)
    for own, values, increments in zip(steps, found, shifted, strict=True):
        assert values[0] == pytest.approx(0, abs=1e-6)  # of one point nothing is known
        for n, value in zip(AT[1:], values[1:], strict=True):
            dense = multivariate_normal(cov=toeplitz(own[: n - 1])).logpdf(increments[: n - 1])
            assert value == pytest.approx(dense, abs=1e-6)


@pytest.mark.parametrize("known_zero", [True, False])
def test_a_track_has_the_same_density_whatever_its_neighbours(known_zero):
    tracks = simulate_recorded(ACTIVE, Instrument(**CAMERA), POINTS, DT, seed=7)
    rows = systems(ACTIVE, **CAMERA)
    together = log_likelihood(rows, tracks, AT, known_zero)
    for part in (slice(3, 4), slice(30, 37), slice(None, None, -1)):
        alone = log_likelihood(rows[:, part], tracks[part], AT, known_zero)
        np.testing.assert_array_equal(alone, together[part])


def test_systems_must_match_the_tracks():
    with pytest.raises(ValueError, match="37 systems do not match 2 tracks"):
        log_likelihood(systems(PASSIVE), np.zeros((2, 5)))
