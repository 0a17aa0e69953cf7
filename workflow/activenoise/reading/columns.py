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
from activenoise.reading.errors import RecordError, listed
from activenoise.reading.units import base_and_unit, length_unit, seconds

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
class RawTrack:
    """One track as the file has it, not yet on a grid of times.

    label: its name, None where the file names no tracks. positions: (n, n_coordinates). clock:
    (n,), times or frame numbers, or None.
    """

    label: str | None
    positions: FloatArray
    clock: FloatArray | None


ClockKind = Literal["s", "open", "whole", "frames"]


@dataclass(frozen=True, eq=False)
class RawTracks:
    """The tracks of a file as it has them, and what it says of them.

    clock: what the clocks of the tracks are: times in s, times whose unit the file leaves open,
    whole numbers that are s or frames, frame numbers, or None. dt: interval, s, and unit: of the
    positions, where the file has them. empty: where the first empty cell is, if there is one.
    """

    tracks: Sequence[RawTrack]
    coordinates: tuple[str, ...]
    clock: ClockKind | None = None
    dt: float | None = None
    unit: str | None = None
    empty: str | None = None


def is_time(name: str) -> bool:
    """Whether a name is one for times."""
    return base_and_unit(name.rsplit("/")[-1])[0] in _TIME


def coordinate(name: str) -> str | None:
    """x, y or z, if the name is one for it."""
    base = base_and_unit(name.rsplit("/")[-1])[0]
    return next((letter for letter, names in _COORDINATES.items() if base in names), None)


def tracks_of_table(
    path: Path,
    table: Table,
    columns: Sequence[Selector] | None,
    track_column: Selector | None,
    time_column: Selector | None,
) -> RawTracks:
    """The tracks of a table, each in the order of its clock.

    columns: the coordinates, by name or number, "x[12]" for column x of track 12; None: found by
    name or by being alone. track_column, time_column: None: found by name, and a time without a
    name by its equal steps. RecordError if a column is not there, not known or not of numbers.
    """
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
    unit = roles.unit_of(wanted)
    positions = np.stack([roles.numbers(i) for i in wanted], axis=1)
    clock, kind, dt = None, None, table.dt
    if time is not None:
        clock, kind = _times(roles, time, named=time_column is not None)
    if frame is not None:
        frames = roles.numbers(frame)
        if dt is None and kind == "s":
            dt = _interval_of_frames(path, frames, clock)
        clock, kind = frames, "frames"
    if clock is not None and len(clock) == 0:
        raise RecordError(f"{path}: holds no rows; it must hold one position in each")
    return RawTracks(
        tracks=_split(path, roles, track, label, positions, clock),
        coordinates=tuple(roles.label(i) for i in wanted),
        clock=kind,
        dt=dt,
        unit=unit,
        empty=next((table.faults[i] for i in wanted if i in table.faults), None),
    )


def _times(roles: _Roles, column: int, named: bool) -> tuple[FloatArray, ClockKind]:
    """A column of times, in s where its unit is known, and what kind of clock it is.

    named: whether the user named the column.
    """
    times, unit = roles.numbers(column), roles.unit(column)
    if unit is None and named:
        return times, "whole" if np.array_equal(times, np.rint(times), equal_nan=True) else "s"
    factor = None if unit is None else seconds(unit)
    if factor is not None:
        return times * factor, "s"
    frames = "frame" in (unit or "").lower() or (not named and time_grid.are_counts(times))
    return times, "frames" if frames else "open"


class _Roles:
    """The columns of one table, by what they are for."""

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.table = table
        self.n = len(table.columns)
        self.parsed = [base_and_unit(name) for name in table.names]

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
) -> list[RawTrack]:
    """One track for each name in the track column, by name, in the order of the clock."""
    if track is None:
        if label is not None:
            raise RecordError(
                f"{path}: track {label} was asked for, but no column says which track a row is of; "
                f"{roles.there}"
            )
        return [RawTrack(None, positions, clock)]
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
        RawTrack(name, positions[part], clock[part])
        for name, part in zip(labels, np.split(rows, ends[:-1]), strict=True)
        if label in (None, name)
    ]


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
