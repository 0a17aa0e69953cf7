"""Grids: known frames come back from their times, whatever is lost and however it is printed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activenoise.reading import time_grid
from activenoise.reading.errors import RecordError

QUICK = settings(max_examples=100, deadline=None, derandomize=True)
# Which of 60 frames were seen: more than half of the steps without a gap, as the usual step needs.
SEEN = st.sets(st.integers(1, 58), max_size=12).map(
    lambda lost: np.setdiff1d(np.arange(60), list(lost))
)


@QUICK
@given(
    frames=SEEN,
    dt=st.floats(1e-6, 1e3),
    start=st.floats(-10, 10),
    jitter=st.floats(0, 0.04),
    seed=st.integers(0, 99),
)
def test_frames_come_back_from_their_times(frames, dt, start, jitter, seed):
    """A jitter of j intervals moves a step by 2 j at most, less than the tenth that is allowed."""
    times = dt * (start + frames + jitter * np.random.default_rng(seed).uniform(-1, 1, len(frames)))
    grid = time_grid.from_times("a", times)
    np.testing.assert_array_equal(grid.points, frames)
    assert grid.dt == pytest.approx(dt, rel=2 * jitter / 59 + 1e-9)
    if len(frames) == 60:
        assert grid.gap is None
    else:
        assert grid.gap.startswith("a: times are not uniform: from point")


@QUICK
@given(frames=SEEN, first=st.integers(-100, 10**6))
def test_frames_come_back_from_their_numbers(frames, first):
    grid = time_grid.from_frames("a", (first + frames).astype(float))
    np.testing.assert_array_equal(grid.points, frames)
    assert (grid.gap is None) == (len(frames) == 60)
    assert grid.gap is None or grid.gap.endswith("cut the record at the gaps")


@pytest.mark.parametrize("printed", ["%.5g", "%.4f", "%.3f"])
@pytest.mark.parametrize("n", [200, 20_000])
def test_rounded_times(printed, n):
    """To a tenth of the interval and to its whole: the slope over all of them tells it."""
    dt = 0.0123
    times = np.array([float(printed % t) for t in dt * np.arange(n)])
    grid = time_grid.from_times("a", times)
    np.testing.assert_array_equal(grid.points, np.arange(n))
    assert grid.dt == pytest.approx(dt, rel=0.02 / n + 1e-4)


def test_times_coarser_than_the_interval_need_it_given():
    times = np.round(0.0123 * np.arange(500), 1)
    with pytest.raises(RecordError, match="do not increase"):
        time_grid.from_times("a", times)
    grid = time_grid.from_times("a", times, dt=0.0123)
    np.testing.assert_array_equal(grid.points, np.arange(500))
    assert grid.dt == pytest.approx(0.0123, rel=0.01)


def test_what_a_clock_is():
    rng = np.random.default_rng(0)
    steps = np.arange(200) * 0.37 + 5
    assert time_grid.is_clock(steps)
    assert time_grid.is_clock(np.delete(steps, [50, 51, 120]))
    assert not time_grid.is_clock(steps[::-1])
    assert not time_grid.is_clock(rng.normal(size=200).cumsum())
    assert not time_grid.is_clock(np.sort(rng.uniform(size=200)))
    assert not time_grid.is_clock(np.full(200, 3.0))
    assert time_grid.are_counts(np.arange(7, 30.0))
    assert not time_grid.are_counts(steps)
