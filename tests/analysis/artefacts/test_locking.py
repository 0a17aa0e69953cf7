"""Positions that are locked to pixels are found and freed; a motion prefers no place."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import DT, clean_records

from activenoise.analysis.artefacts.locking import locked, unlocked
from activenoise.analysis.artefacts.removal import without_artefacts
from activenoise.analysis.setup import EFFORTS, Setup
from activenoise.config.choices import Choices
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.records import simulate_records

CAMERA = Instrument(noise=0.01, exposure=0.5)


def pulled(x: np.ndarray, pixel: float, by: float) -> np.ndarray:
    """Positions pulled towards the centres of pixels, by a part of the way at most."""
    return x - by * pixel / (2 * np.pi) * np.sin(2 * np.pi * x / pixel)


@pytest.mark.parametrize("model", [Passive(1.0, 0.1), Passive(0.0, 0.1), AOUP(1.0, 0.1, 1.0, 0.3)])
@pytest.mark.parametrize("pixel", [0.07, 0.15])
def test_pixels_are_found_and_most_of_the_pull_taken_back(model, pixel):
    x = simulate_records(model, CAMERA, 4000, DT, seed=3) + 0.03
    wrong = pulled(x, pixel, 0.5)
    found = locked([wrong], 0.0)
    assert found is not None
    assert found.period == pytest.approx(pixel, rel=0.02)
    # Of a pull by this part the density of the phase varies by about as much, 2 |m|.
    assert 2 * found.strength == pytest.approx(0.5, abs=0.15)
    left = unlocked(wrong, wrong, found.period) - x
    assert np.std(left) < 0.35 * np.std(wrong - x)


def test_motion_prefers_no_place():
    assert not [i for i, x in enumerate(clean_records(70)) if locked([x], 0.0) is not None]


def test_nor_do_tables_of_short_tracks():
    step = 0.05
    for seed in range(20):
        steps = step * np.random.default_rng(seed).standard_normal((40, 100))
        assert locked(list(steps.cumsum(axis=1)), 0.0) is None


def test_hops_between_two_places_are_not_pixels():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        apart = rng.uniform(2, 12) * np.sqrt(0.1 / 20)
        x = simulate_records(Passive(20.0, 0.1), CAMERA, 4000, DT, seed=seed)
        x += apart * (np.cumsum(rng.random(4000) < 0.02) % 2)
        assert locked([x], 0.0) is None


def test_a_grid_is_no_pixel():
    x = np.random.default_rng(4).standard_normal(4000).cumsum()
    assert locked([np.round(x)], 1.0) is None


def test_the_analysis_names_it_and_takes_it_off():
    x = simulate_records(Passive(1.0, 0.1), CAMERA, 2000, DT, seed=5)
    tracks = {"": {"x": pulled(x, 0.1, 0.5)}}
    given = tracks[""]["x"].copy()
    cleaned, found = without_artefacts(
        tracks, DT, Setup("camera", Choices(), EFFORTS["quick"], 0), None
    )
    assert found.locking["x"].period == pytest.approx(0.1, rel=0.01)
    left = cleaned[""]["x"] - (x - x.mean())
    assert np.std(left) < 0.35 * np.std(given - x)
    np.testing.assert_array_equal(tracks[""]["x"], given)
