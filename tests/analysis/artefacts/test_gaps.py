"""Gaps that a program filled are found and left open; a motion has none."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import clean_records

from activenoise.analysis.artefacts.gaps import open_gaps
from activenoise.analysis.artefacts.grid import grid_of, grids_of


def opened_gaps(tracks):
    return open_gaps(tracks, grids_of(tracks))


def lost(n: int, rng: np.random.Generator) -> np.ndarray:
    """Which of n points a tracker lost: a third of them, one to six in a row."""
    gone = np.zeros(n, bool)
    for start in rng.choice(n - 8, n // 10, replace=False):
        gone[start + 1 : start + 1 + rng.integers(1, 7)] = True
    return gone


@pytest.mark.parametrize("decimals", [4, 6, None])
@pytest.mark.parametrize("filling", ["line", "last"])
def test_points_that_were_filled_in_are_left_open(decimals, filling):
    rng = np.random.default_rng(1)
    n = 2000
    xy = rng.standard_normal((2, n)).cumsum(axis=1) * 0.1 + 20
    gone, at = lost(n, rng), np.arange(n)
    if decimals is not None:
        xy = np.round(xy, decimals)
    seen = np.flatnonzero(~gone)
    before = seen[np.searchsorted(seen, at, "right") - 1]
    full = [np.interp(at, seen, x[seen]) if filling == "line" else x[before] for x in xy]
    if decimals is not None:
        full = [np.round(x, decimals) for x in full]
    opened, found = opened_gaps({"": dict(zip("xy", full, strict=True))})
    missing = np.isnan(opened[""]["x"])
    assert np.array_equal(missing, np.isnan(opened[""]["y"]))
    assert missing[gone].all()
    assert np.count_nonzero(missing & ~gone) <= 3
    assert found.n_points == np.count_nonzero(missing)
    assert found.held == (0 if filling == "line" else found.n_points)
    assert found.longest >= 6


def test_gaps_of_many_short_tracks_are_found_together():
    rng = np.random.default_rng(2)
    tracks = {str(i): {"x": rng.standard_normal(30).cumsum()} for i in range(20)}
    for parts in tracks.values():
        parts["x"][10:14] = np.interp(range(10, 14), (9, 14), parts["x"][[9, 14]])
    _, found = opened_gaps(tracks)
    assert (found.n_points, found.n_tracks, found.longest) == (80, 20, 4)


def test_no_motion_has_filled_gaps_however_its_positions_are_rounded():
    """200 records, rounded to between a tenth and twice the rms step, or to single precision."""
    for i, x in enumerate(clean_records(200)):
        step = np.diff(x).std() * (0.1, 0.5, 1.0, 2.0, 0.0)[i % 5]
        y = np.round(x / step) * step if step else x.astype(np.float32).astype(np.float64)
        assert opened_gaps({"": {"x": y}})[1] is None, i


def test_the_grid_of_positions():
    rng = np.random.default_rng(3)
    x = rng.standard_normal(2000)
    assert grid_of([np.round(x, 3)]) == pytest.approx(1e-3)
    assert grid_of([np.round(x / 0.05) * 0.05]) == pytest.approx(0.05)
    assert grid_of([np.round(x / 0.25) * 0.25 * 0.107_321_9]) == pytest.approx(0.25 * 0.107_321_9)
    assert grid_of([x]) == 0.0
    assert grid_of([x.astype(np.float32).astype(np.float64)]) == 0.0
