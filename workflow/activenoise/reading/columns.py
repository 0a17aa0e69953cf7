"""Which column is what: from a table as its file has it to tracks, one or many, with their clock.

Names are those that the field's programs write (trackpy, TrackMate, MOSAIC, ThunderSTORM ...), in
any case, with a unit behind: "x [nm]", "POSITION_X", "time_ms". Without names, the column that
goes up in equal steps is the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading import time_grid
from activenoise.reading.errors import RecordError

Selector = str | int

_TRACK = {"particle", "trackid", "track", "trajectory", "trajectoryid", "traj", "trajid",
          "particleid"}  # fmt: skip
_FRAME = {"frame", "frames", "frameid", "framenumber", "frameindex"}
_TIME = {"t", "time", "times", "positiont", "timestamp", "elapsedtime"}
_COORDINATES = {
    letter: {letter, f"position{letter}", f"pos{letter}", f"{letter}position", f"{letter}pos"}
    for letter in "xyz"
}
_COUNTERS = {"", "index", "unnamed: 0", "row"}

_LENGTHS = {
    "m": {"meter", "meters", "metre", "metres"},
    "mm": {"millimeter", "millimeters", "millimetre", "millimetres"},
    "um": {"micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres",
           "µm", "μm", "\\u00b5m"},
    "nm": {"nanometer", "nanometers", "nanometre", "nanometres"},
    "pixel": {"px", "pixels"},
    "V": {"volt", "volts"},
}  # fmt: skip
_METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
}
_UNIT_BEHIND = re.compile(r"(?P<base>.*?)[\s_]*(?:\[(?P<a>\D[^\]]*)\]|\((?P<b>\D[^)]*)\))\s*")
_UNIT_SUFFIX = re.compile(r"(?P<base>.+)[_ ](?P<unit>[^\W_]+)")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as the file has them.

    names: one for each column, or none at all. columns: float64 (n,), NaN in an empty cell; text
    where it is no column of numbers. units: those that the file gives beside the names, by
    column. dt: the file's interval, s, of a frame. faults: by column, where its first cell is
    that is no number.
    """

    names: Sequence[str]
    columns: Sequence[NDArray]
    units: dict[int, str] = field(default_factory=dict)
    dt: float | None = None
    unit: str | None = None
    faults: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Track:
    """One track as recorded: positions (n, n_coordinates); clock (n,), times or frames, or None."""

    label: str | None
    positions: FloatArray
    clock: FloatArray | None


@dataclass(frozen=True, eq=False)
class Tracks:
    """The tracks of a file and what it says of them.

    clock: what the tracks' clocks are: times in s, times whose unit the file leaves open, whole
    numbers that are s or frames, frame numbers, or nothing at all. dt: interval, s, and unit: of
    the positions, where the file has them. empty: where the first empty cell is, if there is one.
    selected: one track among many was asked for by name.
    """

    tracks: Sequence[Track]
    coordinates: tuple[str, ...]
    clock: Literal["s", "open", "whole", "frames"] | None = None
    dt: float | None = None
    unit: str | None = None
    empty: str | None = None
    selected: bool = False


def length_unit(text: str) -> str:
    """A length unit by its usual name: um for micron, pixel for px; any other as it is."""
    text = text.strip()
    for unit, others in _LENGTHS.items():
        if text == unit or text.lower() in others:
            return unit
    return text


def length_ratio(unit: str, other: str) -> float | None:
    """Units `unit` in one `other`, e.g. 0.001 for (um, nm), where both are metric."""
    if (a := _METRES.get(length_unit(unit))) and (b := _METRES.get(length_unit(other))):
        return float(f"{b / a:.12g}")
    return None


def seconds(text: str) -> float | None:
    """Seconds in a time unit; None for one that is not known, e.g. frame."""
    return _SECONDS.get(text.strip().lower())


def is_time(name: str) -> bool:
    """Whether a name is one for times."""
    return _base_and_unit(name.rsplit("/")[-1])[0] in _TIME


def coordinate(name: str) -> str | None:
    """x, y or z, if the name is one for it."""
    base = _base_and_unit(name.rsplit("/")[-1])[0]
    return next((letter for letter, names in _COORDINATES.items() if base in names), None)


def tracks_of(
    path: Path,
    table: Table,
    columns: Sequence[Selector] | None,
    time_column: Selector | None,
    track_column: Selector | None,
) -> Tracks:
    """The tracks of a table; columns: the coordinates, None: found by name or by being alone."""
    roles = _Roles(path, table)
    wanted, label = (None, None) if columns is None else roles.chosen(columns)
    track = roles.find(track_column) if track_column is not None else roles.named(_TRACK)
    frame = roles.named(_FRAME) if time_column is None else None
    time = roles.find(time_column) if time_column is not None else roles.named(_TIME)
    taken = {track, frame, time, *(wanted or ())}
    if track is None and frame is None and time is None:
        time = roles.clock_by_its_steps(taken)
        taken.add(time)
    if wanted is None:
        wanted = roles.coordinates(taken)
    coordinates = tuple(roles.label(i) for i in wanted)
    unit = roles.unit_of(wanted)

    positions = np.stack([roles.numbers(i) for i in wanted], axis=1)
    times = None if time is None else roles.numbers(time)
    clock, kind, dt = times, "open", table.dt
    if times is not None and time is not None:
        unit_of_time = roles.unit(time)
        factor = 1.0 if unit_of_time is None else seconds(unit_of_time)
        if factor is None:
            kind = "frames" if unit_of_time and "frame" in unit_of_time.lower() else "open"
        elif unit_of_time is not None:
            clock, kind = times * factor, "s"
        elif time_column is not None:
            whole = np.array_equal(times, np.rint(times), equal_nan=True)
            kind = "whole" if whole else "s"
        if time_column is None and kind == "open" and time_grid.are_counts(times):
            kind = "frames"
    if frame is not None:
        frames = roles.numbers(frame)
        if dt is None and kind == "s":
            dt = _interval_of_frames(path, frames, clock)
        clock, kind = frames, "frames"
    if clock is not None and len(clock) == 0:
        raise RecordError(f"{path}: holds no rows; it must hold one position in each")

    empty = next((table.faults[i] for i in wanted if i in table.faults), None)
    return Tracks(
        tracks=_split(path, roles, track, label, positions, clock),
        coordinates=coordinates,
        clock=None if clock is None else kind,  # type: ignore[arg-type]
        dt=dt,
        unit=unit,
        empty=empty,
        selected=label is not None,
    )


class _Roles:
    """The columns of one table, by what they are for."""

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.table = table
        self.n = len(table.columns)
        self.parsed = [_base_and_unit(name) for name in table.names]

    @property
    def there(self) -> str:
        """What columns there are, for a message."""
        names = ", ".join(f"{i} = {name}" for i, name in enumerate(self.table.names[:40]))
        more = " ..." if len(self.table.names) > 40 else ""
        numbers = f"0 to {self.n - 1}, without names"
        return f"it has {self.n} column{'s' * (self.n > 1)}, {names + more or numbers}"

    def label(self, index: int) -> str:
        return self.table.names[index] if self.table.names else str(index)

    def unit(self, index: int) -> str | None:
        return self.table.units.get(index) or (self.parsed[index][1] if self.parsed else None)

    def find(self, column: Selector) -> int:
        """Index of a column by name or number."""
        names = list(self.table.names)
        if column in names:
            if names.count(str(column)) > 1:
                raise RecordError(
                    f"{self.path}: two columns are called {column}; {self.there}: give the number"
                )
            return names.index(str(column))
        if re.fullmatch(r"[0-9]+", str(column)) and int(column) < self.n:
            return int(column)
        raise RecordError(f"{self.path}: there is no column {column}; {self.there}")

    def chosen(self, columns: Sequence[Selector]) -> tuple[list[int], str | None]:
        """Indices of the columns, and the one track that is asked for as in x[12]."""
        found, labels = [], set()
        for column in columns:
            match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", str(column))
            if match and column not in self.table.names:
                labels.add(match[2])
                column = match[1]
            found.append(self.find(column))
        if len(labels) > 1:
            raise RecordError(f"{self.path}: columns of two tracks, {' and '.join(sorted(labels))}")
        if len(set(found)) != len(found) or not found:
            raise RecordError(f"{self.path}: columns {list(columns)}; name each one once")
        return found, labels.pop() if labels else None

    def named(self, names: Iterable[str]) -> int | None:
        """The first column called by one of these names."""
        return next((i for i, (base, _) in enumerate(self.parsed) if base in names), None)

    def is_number(self, index: int) -> bool:
        return self.table.columns[index].dtype.kind == "f"

    def numbers(self, index: int) -> FloatArray:
        if not self.is_number(index):
            fault = self.table.faults.get(
                index, f"column {self.label(index)} does not hold numbers"
            )
            raise RecordError(f"{self.path}: {fault}")
        return self.table.columns[index]

    def clock_by_its_steps(self, taken: set[int | None]) -> int | None:
        """The column without a telling name that is the time: it alone goes up in equal steps."""
        rest = [i for i in range(self.n) if i not in taken and self.is_number(i)]
        if self.n < 2 or len(rest) + len(taken - {None}) < 2:
            return None
        rest = [i for i in rest if not (self.table.names and coordinate(self.table.names[i]))]
        clocks = [i for i in rest if time_grid.is_clock(self.table.columns[i])]
        # A counter of rows may stand beside the time.
        times = [i for i in clocks if not time_grid.are_counts(self.table.columns[i])] or clocks
        if len(times) > 1:
            raise RecordError(
                f"{self.path}: columns {' and '.join(map(self.label, times))} both go up in equal "
                "steps; name the one that is the time (time_column)"
            )
        return times[0] if times else None

    def coordinates(self, taken: set[int | None]) -> list[int]:
        """The columns that hold the positions: x, y, z by name, or the only one that is left."""
        found = [
            i
            for names in _COORDINATES.values()
            if (i := self.named(names)) is not None and i not in taken
        ]
        if len(found) == 3:  # a movie in two dimensions written with z = 0
            depth = self.table.columns[found[2]]
            seen = depth[np.isfinite(depth)] if self.is_number(found[2]) else depth
            if self.is_number(found[2]) and np.all(seen == seen[:1]):
                found.pop()
        if found:
            return found
        rest = [i for i in range(self.n) if i not in taken]
        if len(rest) > 1:
            rest = [i for i in rest if self.is_number(i) and not self.is_counter(i)]
        if len(rest) != 1:
            raise RecordError(f"{self.path}: the column is not known; {self.there}: name one")
        return rest

    def is_counter(self, index: int) -> bool:
        if self.table.names and self.table.names[index].strip().lower() not in _COUNTERS:
            return False
        return time_grid.are_counts(self.table.columns[index])

    def unit_of(self, columns: Sequence[int]) -> str | None:
        """The length unit of the columns, which must be one."""
        units = {self.label(i): unit for i in columns if (unit := self.unit(i))}
        if len({length_unit(unit) for unit in units.values()}) > 1:
            mixed = ", ".join(f"{name} in {unit}" for name, unit in units.items())
            raise RecordError(f"{self.path}: mixed units, {mixed}; export all in one unit")
        return length_unit(next(iter(units.values()))) if units else self.table.unit


def _split(
    path: Path,
    roles: _Roles,
    track: int | None,
    label: str | None,
    positions: FloatArray,
    clock: FloatArray | None,
) -> list[Track]:
    """One track for each name in the track column, by name, in the order of the clock."""
    if track is None:
        if label is not None:
            raise RecordError(
                f"{path}: track {label} was asked for, but no column says which track a row is of; "
                f"{roles.there}"
            )
        return [Track(None, positions, clock)]
    if clock is None:
        raise RecordError(
            f"{path}: its tracks have neither frames nor times; {roles.there}: name one "
            "(time_column)"
        )
    names = roles.table.columns[track]
    if names.dtype.kind == "f":
        in_a_track = np.isfinite(names)  # a spot in no track has a blank there
    else:
        names = np.array([str(name).strip() for name in names.tolist()])
        in_a_track = ~np.isin(names, ["", "None", "nan", "NaN", "<NA>"])
    rows = np.flatnonzero(in_a_track)
    if not rows.size:
        raise RecordError(f"{path}: none of its {len(names)} rows is in a track")
    distinct, which = np.unique(names[rows], return_inverse=True)
    labels = [f"{n:.0f}" if isinstance(n, float) and n == round(n) else str(n) for n in distinct]
    if label is not None and label not in labels:
        raise RecordError(f"{path}: there is no track {label}; it holds {listed(labels)}")
    order = np.lexsort((clock[rows], which))
    rows, ends = rows[order], np.cumsum(np.bincount(which))
    return [
        Track(name, positions[part], clock[part])
        for name, part in zip(labels, np.split(rows, ends[:-1]), strict=True)
        if label in (None, name)
    ]


def listed(labels: Sequence[str]) -> str:
    """How many tracks, and the first of their names."""
    return f"{len(labels)} tracks ({', '.join(labels[:5])}{', ...' * (len(labels) > 5)})"


@np.errstate(over="ignore", invalid="ignore")
def _interval_of_frames(path: Path, frames: FloatArray, times: FloatArray | None) -> float | None:
    """Times per frame, where they are proportional; None with fewer than two frames."""
    if times is None:
        return None
    known = np.isfinite(frames) & np.isfinite(times)
    frames, times = frames[known], times[known]
    if not len(frames) or np.ptp(frames) == 0:
        return None
    first, last = int(np.argmin(frames)), int(np.argmax(frames))
    dt = float((times[last] - times[first]) / (frames[last] - frames[first]))
    off = np.abs(times - times[first] - dt * (frames - frames[first]))
    if dt <= 0 or not np.all(off <= 0.1 * dt + 1e-5 * np.abs(times).max()):
        row = int(np.argmax(off))
        raise RecordError(
            f"{path}: frame {frames[row]:g} is at {times[row]:g} s where its frames of {dt:g} s "
            "put it elsewhere; its frames and times must agree"
        )
    return dt


def _base_and_unit(name: str) -> tuple[str, str | None]:
    """A name without its unit, in small letters without separators, and the unit."""
    name, unit = name.strip().strip('"'), None
    if match := _UNIT_BEHIND.fullmatch(name):
        name, unit = match["base"], (match["a"] or match["b"] or "").strip() or None
    elif (match := _UNIT_SUFFIX.fullmatch(name)) and (
        seconds(match["unit"]) is not None or length_unit(match["unit"]) in _LENGTHS
    ):
        name, unit = match["base"], match["unit"]
    return re.sub(r"[\s_.-]+", "", name.lower()), unit
