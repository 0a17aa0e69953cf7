"""What the tracks of a movie move together is found, said and taken off."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import CAMERA

from activenoise.analysis.artefacts.common import without_common_motion
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive, Viscoelastic
from activenoise.simulation.records import simulate_records

DT = 0.1
FREE, TRAPPED = Passive(0.0, 0.3), Passive(1.0, 0.3)


def movie(model, n_tracks, n_points, seed, late=20):
    """Tracks that start within the first `late` frames."""
    made = simulate_records(model, CAMERA, n_points, DT, seed, n_records=2 * n_tracks)
    rng = np.random.default_rng(seed)
    tracks = {str(i): {"x": made[2 * i], "y": made[2 * i + 1]} for i in range(n_tracks)}
    return tracks, {track: 7 + int(rng.integers(0, late)) for track in tracks}


def moved(tracks, starts, path):
    """Tracks with the path (n_frames, 2) of a stage added."""
    return {
        track: {
            name: x + path[starts[track] : starts[track] + len(x), i]
            for i, (name, x) in enumerate(parts.items())
        }
        for track, parts in tracks.items()
    }


def spread(tracks, lag):
    return np.mean(
        [np.nanmean((x[lag:] - x[:-lag]) ** 2) for parts in tracks.values() for x in parts.values()]
    )


@pytest.mark.parametrize("model", [FREE, TRAPPED])
@pytest.mark.parametrize("kind", ["steady", "walk"])
def test_a_moving_stage_is_found_and_taken_off(model, kind):
    """Mean square displacements are what they were, at short and at long lags."""
    tracks, starts = movie(model, 20, 200, 1)
    steps = np.random.default_rng(2).standard_normal((400, 2)) * (0.1 if kind == "walk" else 0)
    steps += (0.05, 0.02) if kind == "steady" else 0
    cleaned, found = without_common_motion(
        moved(tracks, starts, steps.cumsum(axis=0)), DT, starts, 0
    )
    assert found.by_frame
    assert not found.reference
    if kind == "steady":
        for name, v in (("x", 0.5), ("y", 0.2)):
            assert abs(found.velocity[name] - v) < 4 * found.error[name]
    for lag in (1, 10, 100):
        assert spread(cleaned, lag) == pytest.approx(spread(tracks, lag), rel=0.02 * np.sqrt(lag))


def test_of_two_tracks_one_is_the_reference_of_the_other():
    tracks, starts = movie(FREE, 2, 2000, 3)
    walk = np.random.default_rng(4).standard_normal((2100, 2)).cumsum(axis=0) * 0.2
    cleaned, found = without_common_motion(moved(tracks, starts, walk), DT, starts, 0)
    assert found.reference in tracks
    assert len(cleaned) == 1
    assert found.share == pytest.approx(0.4, abs=0.05)
    assert spread(cleaned, 5) == pytest.approx(spread(tracks, 5), rel=0.1)


def test_a_fixed_mark_among_the_tracks_is_left_out():
    tracks, starts = movie(FREE, 6, 400, 5)
    tracks["mark"] = {name: 0.01 * np.random.default_rng(6).standard_normal(400) for name in "xy"}
    starts["mark"] = 10
    walk = np.random.default_rng(7).standard_normal((500, 2)).cumsum(axis=0) * 0.1
    cleaned, found = without_common_motion(moved(tracks, starts, walk), DT, starts, 0)
    assert found.reference == "mark"
    del tracks["mark"]
    assert spread(cleaned, 10) == pytest.approx(spread(tracks, 10), rel=0.1)


def test_where_tracks_hardly_overlap_the_mean_velocity_is_taken_off():
    tracks, starts = movie(FREE, 60, 30, 8, late=1500)
    starts |= {str(i): 30 * (i // 2) for i in range(10)}
    drift = np.arange(2000)[:, None] * (0.1, 0.1)
    shifted = moved(tracks, starts, drift)
    cleaned, found = without_common_motion(shifted, DT, starts, 0)
    if found is not None:  # few pairs of tracks are seen together
        assert spread(cleaned, 10) < spread(shifted, 10)
    for parts in cleaned.values():
        assert np.isfinite(parts["x"]).all()


@pytest.mark.slow
def test_200_still_movies_have_no_common_motion():
    kinds = (FREE, TRAPPED, AOUP(1.0, 0.3, 1.0, 1.0), AOUP(0.0, 0.3, 1.0, 0.5),
             Viscoelastic(1.0, 0.3, 2.0, 1.0))  # fmt: skip
    found = []
    for seed in range(200):
        n_tracks, n_points = ((2, 200), (3, 100), (8, 60), (20, 30))[seed % 4]
        tracks, starts = movie(kinds[seed % 5], n_tracks, n_points, 100 + seed)
        if seed % 3 == 0:
            for parts in tracks.values():
                parts["x"][10:12] = parts["y"][10:12] = np.nan
        found.append(without_common_motion(tracks, DT, starts, seed)[1])
    assert sum(one is not None for one in found) == 0


def test_one_track_has_nothing_in_common():
    x = simulate_records(FREE, Instrument(baseline="constant"), 300, DT, 1)
    assert without_common_motion({"": {"x": x}}, DT, {"": 0}, 0)[1] is None
