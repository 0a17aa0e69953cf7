"""The usual tests against what theory says of them, with what fools them."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.usual_tests import (
    back_relaxation,
    back_relaxation_of_gaussian,
    displacement_exponent,
    spectral_bump,
)
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.tracks import simulate

DT = 0.05


@pytest.mark.parametrize("model", [Passive(1.0, 1.0), AOUP(1.0, 1.0, 5.0, 0.7)])
def test_back_relaxation_of_a_gaussian_process_follows_from_its_displacements(model):
    """Within 4 standard errors, from 400 independent tracks; and it tends to one half."""
    before, after = 8, np.array([1, 4, 16, 64, 300])
    tracks = simulate(model, 800, DT, seed=3, n_tracks=400).astype(float)
    found = np.array([back_relaxation(x, before, after) for x in tracks])
    c = model.autocorrelation(DT * np.array([0, before, *after, *(after + before)]))
    msd = 2 * (c[0] - c[1:])
    expected = back_relaxation_of_gaussian(msd[0], msd[1:6], msd[6:])
    error = found.std(axis=0) / np.sqrt(len(tracks))
    assert np.all(np.abs(found.mean(axis=0) - expected) < 4 * error)
    assert expected[-1] == pytest.approx(0.5, abs=1e-5)


def test_back_relaxation_of_free_diffusion_is_zero():
    tracks = simulate(Passive(1e-9, 1.0), 800, DT, seed=4, n_tracks=200).astype(float)
    found = np.array([back_relaxation(x, 8, [1, 16, 64]) for x in tracks])
    error = found.std(axis=0) / np.sqrt(len(tracks))
    assert np.all(np.abs(found.mean(axis=0)) < 4 * error)


def test_back_relaxation_sees_a_process_that_runs_in_one_direction_of_time():
    """Sudden rise and slow fall: the limit is not one half. The long displacements are rises, and
    reversed in time they are falls from the same places."""
    t = np.arange(40_000)
    x = np.exp(-(t % 100) / 30.0) + 0.02 * np.random.default_rng(0).normal(size=len(t))
    lags = np.arange(200, 300)  # whole periods
    limit = back_relaxation(x, 2, lags).mean()
    assert limit > 0.6
    assert back_relaxation(x[::-1], 2, lags).mean() == pytest.approx(1 - limit, abs=0.02)


def test_exponents_of_free_motion():
    walk = np.cumsum(np.random.default_rng(1).normal(size=200_000))
    assert displacement_exponent(walk) == pytest.approx(1, abs=0.02)
    assert displacement_exponent(3.0 * np.arange(1000)) == pytest.approx(2, abs=1e-9)
    # Localisation noise alone makes free diffusion look confined.
    noisy = walk + np.random.default_rng(2).normal(size=len(walk))
    assert displacement_exponent(noisy) < 0.8


def test_a_drive_and_a_low_pass_both_make_a_bump():
    """Which is why the bump alone says nothing."""
    passive = simulate(Passive(1.0, 1.0), 100_000, DT, seed=5).astype(float)
    assert spectral_bump(passive) < 1.15
    driven = simulate(AOUP(1.0, 1.0, 20.0, 1.0), 100_000, DT, seed=5).astype(float)
    assert spectral_bump(driven) > 3
    blurred = np.convolve(passive, np.ones(3) / 3, "valid")
    assert spectral_bump(blurred) > 1.5


def test_gaps_are_left_out():
    x = simulate(AOUP(1.0, 1.0, 5.0, 0.7), 20_000, DT, seed=6).astype(float)
    gapped = x.copy()
    gapped[np.random.default_rng(7).random(len(x)) < 0.1] = np.nan
    assert displacement_exponent(gapped) == pytest.approx(displacement_exponent(x), abs=0.01)
    before = back_relaxation(x, 8, [16])
    np.testing.assert_allclose(back_relaxation(gapped, 8, [16]), before, atol=0.05)
