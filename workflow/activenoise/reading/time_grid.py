"""Times and frame numbers on a regular grid: which points of it were observed, and its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading.errors import RecordError

_STEP_AGREES = 0.1  # each step of a time column from a whole number of intervals, in intervals:
# passes the rounding of a printed time, catches a lost or doubled frame
_DT_AGREES = 0.01
_ROUNDED_TO = 2.0  # intervals: coarser printed times do not tell the interval by themselves
_FEW = 0.1  # of the steps of a time column without a name may be gaps
# Differences of the largest numbers overflow, and are then no steps of a clock.
_EXTREMES = np.errstate(over="ignore", invalid="ignore")
_NEAREST = 0.2  # intervals of rms jitter with which the nearest point of the grid is the right one
_SPARSEST = 1000  # grid points for each observed one, at most


class Grid(NamedTuple):
    """Where the rows of a track lie on a regular grid of times.

    points: of the grid, (n,), from 0. dt: interval, in the unit of the times; None of frames. gap:
    where the first points without an observation are, as an error says it; None without any.
    jitter: rms distance of the times from the grid, in intervals, where they do not lie on it.
    """

    points: NDArray[np.int64]
    dt: float | None = None
    gap: str | None = None
    jitter: float | None = None


@_EXTREMES
def from_times(
    where: str, times: FloatArray, step: float | None = None, dt: float | None = None
) -> Grid:
    """The grid of a time column (n,).

    Each step must be a whole number of intervals, and more than one is a gap; or all times lie on
    a straight line to within the rounding with which they were printed. step: the usual one,
    where the times are too few to tell. dt: the interval, where it is known, with which times
    may be printed as coarsely as they like. where: the beginning of a message.
    Raises RecordError for times that are neither.
    """
    check_times(where, times)
    if len(times) < 2:
        raise RecordError(f"{where}: one time is no interval; the record needs more points")
    steps = np.diff(times)
    usual = float(np.median(steps)) if step is None else step
    counts, wrong = _counts(steps, usual)
    if wrong.any() and (interval := _slope(times, dt)) is not None:
        return Grid(np.arange(len(times)), interval)
    if wrong.any() and dt is not None and (grid := _jittering(where, times, dt)) is not None:
        return grid
    if usual <= 0:
        raise RecordError(
            f"{where}: its times do not increase (usual step {usual:g}); they must, row by row"
        )

    def uneven(some: NDArray[np.bool_], right: str) -> str:
        row = int(np.flatnonzero(some)[0])
        return (
            f"{where}: times are not uniform: from point {row} to {row + 1} it is "
            f"{steps[row]:g}, usually {usual:g} ({np.count_nonzero(some)} such steps); {right}"
        )

    mean = float(times[-1] - times[0]) / (len(times) - 1)
    even = "say no_time if the rows are at even steps all the same"
    rounded = f", or {even}" if dt else f", or give dt (in the mean {mean:.4g}) if they only jitter"
    if wrong.any():
        forward = steps[np.flatnonzero(wrong)[0]] > 0
        whole = f"every step must be a whole number of intervals{rounded}"
        right = whole if forward else f"a time may neither repeat nor go back; {even}"
        raise RecordError(uneven(wrong, right))
    total = float(counts.sum())
    _check_sparse(where, total + 1, len(times), "times")
    points = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    missing = counts != 1
    gap = uneven(missing, "cut the record at the gaps") if missing.any() else None
    return Grid(points, float(times[-1] - times[0]) / total, gap)


def _jittering(where: str, times: FloatArray, dt: float) -> Grid | None:
    """The grid of times that jitter about even steps of dt: each at its nearest point where no two
    have the same, else the rows one after another if they are as many as fit; None if neither."""
    nearest = (times - times[0]) / dt
    phase = np.angle(np.exp(2j * np.pi * nearest).mean()) / (2 * np.pi)
    points = np.rint(nearest - phase)
    off = nearest - phase - points
    if np.all(np.diff(points) > 0) and np.sqrt(np.mean(off**2)) < _NEAREST:
        missing = np.flatnonzero(np.diff(points) > 1)
        gap = None
        if missing.size:
            gap = f"{where}: no position from time {times[missing[0]]:g} on; cut the record there"
            _check_sparse(where, points[-1] - points[0] + 1, len(times), "times")
        return Grid((points - points[0]).astype(np.int64), dt, gap, float(np.sqrt(np.mean(off**2))))
    rows = np.arange(len(times))
    slope, start = np.polyfit(rows, times, 1)
    off = (times - start - slope * rows) / dt
    jitter = float(np.sqrt(np.mean(off**2)))
    if abs(slope / dt - 1) > _DT_AGREES or not jitter < 1:
        return None
    return Grid(rows, float(slope), None, jitter)


@_EXTREMES
def from_frames(where: str, frames: FloatArray) -> Grid:
    """The grid of frame numbers (n,) in order. Raises RecordError for numbers that are not such."""
    check_frames(where, frames)
    steps = np.diff(frames)
    if (wrong := np.flatnonzero(steps <= 0)).size:
        row = int(wrong[0])
        twice = len(np.unique(frames)) < len(frames)
        fault = "comes twice" if steps[row] == 0 else f"comes after {frames[row]:.0f}"
        right = "it splits or merges, or two tracks have one name" if twice else "sort the rows"
        raise RecordError(f"{where}: frame {frames[row + 1]:.0f} {fault}; {right}")
    _check_sparse(where, frames[-1] - frames[0] + 1, len(frames), "frame numbers")
    gap = None
    if (missing := np.flatnonzero(steps > 1)).size:
        row = int(missing[0])
        gap = (
            f"{where}: no position for {steps[row] - 1:.0f} frames after frame {frames[row]:.0f} "
            f"({missing.size} such gaps); cut the record at the gaps"
        )
    return Grid((frames - frames[0]).astype(np.int64), gap=gap)


def check_times(where: str, times: FloatArray) -> None:
    """RecordError if a time (n,) is missing."""
    if (bad := np.flatnonzero(~np.isfinite(times))).size:
        raise RecordError(
            f"{where}: time at point {bad[0]} is {times[bad[0]]} ({bad.size} of {len(times)} are "
            "not finite); every point needs its time"
        )


def check_frames(where: str, frames: FloatArray) -> None:
    """RecordError if a frame number (n,) is missing or not whole."""
    bad = np.flatnonzero(~np.isfinite(frames) | (np.abs(frames) > 2**53))
    if not bad.size:
        bad = np.flatnonzero(frames != np.rint(frames))
    if bad.size:
        raise RecordError(
            f"{where}: frame at row {bad[0]} is {frames[bad[0]]:.10g}; frames must be whole numbers"
        )


@_EXTREMES
def are_counts(values: FloatArray) -> bool:
    """Whether the values are whole numbers that go up one by one: a count, not a time."""
    return bool(
        len(values) > 1
        and np.isfinite(values).all()
        and np.all(np.diff(values) == 1)
        and values[0] == np.rint(values[0])
    )


@_EXTREMES
def is_clock(values: FloatArray) -> bool:
    """Whether the values go up in equal steps, but for their rounding and a few gaps."""
    if len(values) < 3 or not np.isfinite(values).all():
        return False
    return are_even(np.diff(values)) or _slope(values, None) is not None


@_EXTREMES
def whole_intervals(spans: FloatArray, step: float) -> tuple[NDArray[np.int64], bool]:
    """How many intervals `step` there are in each span (n,), and whether in all a whole number."""
    counts = np.rint(spans / step)
    agree = np.isfinite(counts) & (np.abs(counts) < 2**53)
    agree &= np.abs(spans - counts * step) <= _allowed(counts) * step
    return np.where(agree, counts, 0).astype(np.int64), bool(agree.all())


def _allowed(counts: FloatArray) -> FloatArray:
    """How far from a whole number of intervals a span of so many may be, in intervals."""
    # The usual step is itself rounded, which a long gap multiplies.
    return np.minimum(_STEP_AGREES + 0.002 * np.abs(counts), 0.4)


@_EXTREMES
def are_even(steps: FloatArray) -> bool:
    """Whether steps (n,) are whole numbers of the usual one, and few of them gaps."""
    counts, wrong = _counts(steps, float(np.median(steps)))
    return not wrong.any() and bool(np.count_nonzero(counts != 1) <= _FEW * len(counts))


def _counts(steps: FloatArray, usual: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Intervals in each step, and where that is no whole number of at least 1."""
    if not (usual > 0 and np.isfinite(usual)):
        return np.zeros(len(steps)), np.ones(len(steps), dtype=bool)
    counts = np.rint(steps / usual)
    agree = np.abs(steps - counts * usual) <= _allowed(counts) * usual
    return counts, ~(agree & (counts >= 1))


def _slope(times: FloatArray, dt: float | None) -> float | None:
    """The slope of times (n,) that lie on a straight line to within their rounding, or None."""
    rows = np.arange(len(times)) - (len(times) - 1) / 2
    centred = times - times.mean()
    slope = float(rows @ centred / (rows @ rows))
    if not (slope > 0 and np.isfinite(slope)):
        return None
    rounding = _rounding(times)
    known = dt is not None and abs(slope / dt - 1) < _DT_AGREES
    if not (known or rounding.max() <= _ROUNDED_TO * slope):
        return None
    allowed = _STEP_AGREES * slope + rounding / 2
    straight = bool(np.all(np.abs(centred - slope * rows) <= allowed))
    return slope if straight else None


def _rounding(times: FloatArray) -> FloatArray:
    """The unit of the last printed digit of each time (n,): by decimals or significant digits.

    A column printed with four decimals, or with five significant digits, is one whose numbers
    all survive being rounded so. 0 where no rounding is seen.
    """
    sample = times[:: max(1, len(times) // 2000)].tolist()
    digits = next(
        (d for d in range(1, 13) if all(float(f"{t:.{d - 1}e}") == t for t in sample)), None
    )
    if digits is None:
        return np.zeros(len(times))
    leading = np.floor(np.log10(np.maximum(np.abs(times), 1e-290)))
    by_digits = 10.0 ** np.maximum(leading - digits + 1, -300.0)
    decimals = next((d for d in range(13) if all(round(t, d) == t for t in sample)), None)
    return by_digits if decimals is None else np.maximum(by_digits, 10.0**-decimals)


def _check_sparse(where: str, n_grid: float, n_points: int, what: str) -> None:
    if n_grid > _SPARSEST * (n_points + 1):
        raise RecordError(
            f"{where}: {n_points} points on a grid of {n_grid:.3g}; its {what} are not such, or "
            "the record is not one track"
        )
