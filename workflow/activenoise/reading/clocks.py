"""A column of times or frame numbers as a clock: in which unit it is, and whether it rolls over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading.errors import RecordError
from activenoise.reading.table import Clock
from activenoise.reading.units import seconds

AGREES = 0.01  # relative difference allowed between a stated interval and the file's own
WHOLE = 1e-4  # how far from a whole number a frame number may be printed
_UNITS = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns", 86400.0: "days", 60.0: "min", 3600.0: "h"}
# A date as days since 1900 (spreadsheets) or since the year 0 (MATLAB), from 2000 to 2050.
_DAYS = ((36526.0, 54789.0), (730486.0, 748749.0))
_SINCE_1970 = ((1e12, 4e12, 1e-3), (1e15, 4e15, 1e-6), (1e18, 4e18, 1e-9))
_COUNTERS = {
    **{f"a counter of {bits} bits": 2.0**bits for bits in range(16, 54)},
    **{f"a counter of 32 bits in {_UNITS[unit]}": 2.0**32 * unit for unit in (1e-3, 1e-6, 1e-9)},
    "a clock at midnight": 86400.0,
    "a clock in ms at midnight": 86400e3,
}
_EXTREMES = np.errstate(over="ignore", invalid="ignore", divide="ignore")


@_EXTREMES
def clock_of(
    path: Path,
    column: str,
    values: FloatArray,
    same: NDArray[np.bool_],
    unit: str | None,
    dt: float | None,
    of_frames: bool,
) -> tuple[FloatArray, Clock, list[str]]:
    """Values as times in s or frame numbers (n,), what they are, and notes in sentences.

    column: its name. values: (n,), track by track. same: (n - 1,), whether two values in a row
    are of one track. unit: of the values, where the file says it. dt: s, where the user says it.
    of_frames: whether the name of the column is one for frame numbers. RecordError for times
    whose unit cannot be told.
    """
    factor = None if unit is None or of_frames else seconds(unit)
    if factor is not None:
        return values * factor, Clock("s", column), []
    near = np.rint(values)
    whole = bool(np.all(np.abs(values - near)[np.isfinite(values)] <= WHOLE))
    if of_frames or "frame" in (unit or "").lower():
        return near if whole else values, Clock("frames", column), []
    step = typical_step(np.diff(values)[same])
    if dt is not None:
        return _told_by(dt, column, values, near, step, whole)
    if whole and step == 1:
        return near, Clock("frames", column, said_in_s=False), []
    first = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    if step is not None and step < 0.5 and any(low <= first <= high for low, high in _DAYS):
        raise RecordError(
            f"{path}: the times of column {column} begin at {first:.10g} in steps of {step:.3g}: "
            f"dates in days (then {86400 * step:.4g} s apart), or s? give dt in s"
        )
    for low, high, tick in _SINCE_1970:
        if low <= first <= high:
            note = f"The times of column {column} were taken as {_UNITS[tick]} since 1970."
            return (values - first) * tick, Clock("s", column), [note]
    note = f"The unit of the times in column {column} is not said; they were taken in s."
    return values, Clock("s", column, said_in_s=False), [note]


def _told_by(
    dt: float, column: str, values: FloatArray, near: FloatArray, step: float | None, whole: bool
) -> tuple[FloatArray, Clock, list[str]]:
    """The clock of times whose unit is open, from the interval that the user gave."""
    count = whole and step in (None, 1.0)
    if step is not None and not count:
        for unit, name in _UNITS.items():
            if abs(step * unit / dt - 1) <= AGREES:
                first = np.nanmin(values)
                note = f"The times of column {column} are in {name}, as dt = {dt:g} s tells."
                return (values - first) * unit, Clock("s", column), [note] * (name != "s")
    if count:
        note = f"The whole numbers of column {column} were taken as frames, dt = {dt:g} s apart."
        return near, Clock("frames", column), [note]
    return values, Clock("s", column, said_in_s=False), []


def typical_step(steps: FloatArray) -> float | None:
    """The mean of the steps forward (n,) that are no gaps; None without any."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = steps[np.isfinite(steps) & (steps > 0)]
        if not len(steps):
            return None
        return float(steps[steps < 1.5 * np.median(steps)].mean())


@_EXTREMES
def unrolled(column: str, values: FloatArray) -> tuple[FloatArray, list[str]]:
    """Values (n,) of one track without the roll-overs of their counter, and a note of these.

    Values that go back otherwise stay as they are: a counter that starts again at its first value
    is one of several tracks.
    """
    steps = np.diff(values)
    back = np.flatnonzero(steps < 0)
    usual = typical_step(steps)
    if not back.size or usual is None or not np.isfinite(values).all():
        return values, []
    for name, size in _COUNTERS.items():
        over = steps[back] + size
        if np.all((over > 0.5 * usual) & (over < 50 * usual)) and size > 100 * usual:
            if values[0] <= values[back + 1].max() + usual and len(back) > 1:
                continue
            if abs(values[0] - values[back[0] + 1]) <= 2 * usual:
                continue
            turns = np.zeros(len(values))
            turns[back + 1] = size
            times = "once" if len(back) == 1 else f"{len(back)} times"
            note = f"Column {column} goes back {times}, as {name} does, and was read on."
            return values + np.cumsum(turns), [note]
    return values, []
