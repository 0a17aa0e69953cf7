"""From a table as its file has it to tracks, one or many, with their clock.

Names are those that the field's programs write (`names`); what no name says is found by the shape
of the table where that leaves no doubt (`track_finding`), and asked otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading.cells import BLANK
from activenoise.reading.clocks import clock_of, unrolled
from activenoise.reading.errors import RecordError, listed
from activenoise.reading.options import ReadOptions
from activenoise.reading.roles import Roles
from activenoise.reading.table import Clock, RawTrack, RawTracks, Table
from activenoise.reading.track_finding import Assigned, assigned

_Parts = dict[str | None, NDArray[np.int64]]


def tracks_of_table(path: Path, table: Table, options: ReadOptions) -> RawTracks:
    """The tracks of a table, each in the order of its clock.

    options: the coordinates, "x[12]" for column x of track 12; without them found by name or by
    being alone, as are the columns of track and time. RecordError if a column is not there, not
    known or not of numbers, and where the table can be read in two ways.
    """
    roles = Roles(path, table)
    if not table.names:
        _check_rows(path, table)
    wanted, label = (None, None) if options.columns is None else roles.chosen(options.columns)
    found = assigned(roles, wanted, options)
    if wanted is None:
        taken = {found.track, found.frame, found.time}
        wanted = roles.coordinates(taken, table.in_order)
    positions = np.stack([roles.numbers(i) for i in wanted], axis=1)
    if not len(positions):
        raise RecordError(f"{path}: holds no rows; it must hold one position in each")
    parts, notes = _rows_by_track(roles, found.track, label)
    clocks = _Clocks(roles, found, parts, options)
    if clocks.clock is None and found.track is not None and not options.no_time:
        clocks.notes += _check_in_order(roles, table, found.track)
    tracks = [
        RawTrack(name, positions[rows], clocks.values.get(name))
        for name, rows in clocks.parts.items()
    ]
    return RawTracks(
        tracks=tracks,
        coordinates=tuple(roles.label(i) for i in wanted),
        clock=clocks.clock,
        dt=clocks.dt,
        unit=roles.unit_of(wanted),
        empty=next((table.faults[i] for i in wanted if i in table.faults), None),
        columns=tuple(roles.label(i) for i in range(roles.n)),
        track_column=None if found.track is None else roles.label(found.track),
        notes=(*table.notes, *found.notes, *notes, *clocks.notes),
    )


def _check_rows(path: Path, table: Table) -> None:
    """RecordError for a table without names whose rows may be the tracks."""
    n_columns, n_rows = len(table.columns), len(table.columns[0])
    if n_columns < 10 or n_columns <= n_rows or any(c.dtype.kind != "f" for c in table.columns):
        return
    values = np.stack(table.columns, axis=1)

    def usual_step(axis: int) -> float:
        steps = np.abs(np.diff(values, axis=axis))
        steps = steps[np.isfinite(steps)]
        return float(np.median(steps)) if len(steps) else np.inf

    with np.errstate(over="ignore", invalid="ignore"):
        if 3 * usual_step(0) < usual_step(1):
            return
    raise RecordError(
        f"{path}: {n_columns} columns of {n_rows} row{'s' * (n_rows > 1)}: are the tracks in rows? "
        "Then write it transposed, a track in each column, and name one by its number; if they "
        "are in columns, give these names, of text in a first line"
    )


def _check_in_order(roles: Roles, table: Table, track: int) -> list[str]:
    """A note that the rows of each track are at even steps, where the file is of such a kind, else
    RecordError."""
    if table.in_order:
        return ["No times are given; the rows of each track were taken at even steps."]
    raise RecordError(
        f"{roles.path}: its tracks, by column {roles.label(track)}, have neither frames nor times; "
        f"{roles.there}: name one "
        "(time_column), or say no_time, with dt, if the rows of each track are at even steps"
    )


def _rows_by_track(roles: Roles, track: int | None, label: str | None) -> tuple[_Parts, list[str]]:
    """The rows of each track by its name, and a note of the rows that are in none."""
    if track is None:
        if label is not None:
            raise RecordError(
                f"{roles.path}: track {label} was asked for, but no column says which track a row "
                f"is of; {roles.there}"
            )
        return {None: np.arange(len(roles.table.columns[0]))}, []
    names = roles.table.columns[track]
    if names.dtype.kind == "f":
        in_a_track = np.isfinite(names)  # a spot in no track has a blank there
    else:
        names = np.array([str(name).strip() for name in names.tolist()])
        in_a_track = ~np.isin(names, BLANK)
    rows = np.flatnonzero(in_a_track)
    if not rows.size:
        raise RecordError(f"{roles.path}: none of its {len(names)} rows is in a track")
    distinct, which = np.unique(names[rows], return_inverse=True)
    labels = [f"{n:.0f}" if isinstance(n, float) and n == round(n) else str(n) for n in distinct]
    if label is not None and label not in labels:
        raise RecordError(f"{roles.path}: there is no track {label}; it holds {listed(labels)}")
    rows = rows[np.argsort(which, kind="stable")]
    ends = np.cumsum(np.bincount(which))[:-1]
    parts = dict(zip(labels, np.split(rows, ends), strict=True))
    outside = len(names) - len(rows)
    notes = [f"{outside} rows are in no track and were left out."] if outside else []
    return {name: part for name, part in parts.items() if label in (None, name)}, notes


class _Clocks:
    """The clock of each track.

    parts: rows of each track, in the order of its clock. values: by track, (n,). clock: what they
    are, None without any. dt: interval of the file, s, where it is known. notes: in sentences.
    """

    def __init__(self, roles: Roles, found: Assigned, parts: _Parts, options: ReadOptions) -> None:
        self.roles, self.parts, self.options = roles, parts, options
        self.alone = found.track is None
        self.values: dict[str | None, FloatArray] = {}
        self.clock: Clock | None = None
        self.dt = roles.table.dt
        self.notes: list[str] = []
        used = [i for i in (found.frame, found.time) if i is not None]
        if not used:
            return
        if options.no_time:
            names = " and ".join(map(roles.label, used))
            self.notes.append(
                f"The rows were taken at even steps, as no_time says, without {names}."
            )
            return
        raw, _ = roles.times(used[0])
        if not self.alone:
            self.parts = {
                name: rows[np.argsort(raw[rows], kind="stable")] for name, rows in parts.items()
            }
        ordered, self.clock, self.notes = self._read(used[0], used[0] == found.frame)
        ends = np.cumsum([len(rows) for rows in self.parts.values()])[:-1]
        self.values = dict(zip(self.parts, np.split(ordered, ends), strict=True))
        if len(used) > 1 and self.dt is None:
            self._take_interval(ordered, used[1])

    def _read(self, index: int, of_frames: bool) -> tuple[FloatArray, Clock, list[str]]:
        """A column of times or frames, track by track, as a clock."""
        name = self.roles.label(index)
        values, unit = self.roles.times(index)
        sizes = np.cumsum([len(rows) for rows in self.parts.values()])
        values = values[np.concatenate(list(self.parts.values()))]
        more: list[str] = []
        if self.alone:
            values, more = unrolled(name, values)
        same = np.ones(max(len(values) - 1, 0), dtype=bool)
        same[sizes[:-1] - 1] = False
        values, clock, notes = clock_of(
            self.roles.path, name, values, same, unit, self.options.dt, of_frames
        )
        return values, clock, [*more, *notes]

    def _take_interval(self, frames: FloatArray, time: int) -> None:
        """The interval from the times beside frames, where they are in s."""
        name = self.roles.label(time)
        if self.options.dt is not None and not self.roles.is_number(time):
            return
        unit = self.roles.unit(time)
        if self.roles.is_number(time) and (unit is None or "frame" in unit.lower()):
            return  # the interval must be given
        times, _, _ = self._read(time, False)
        try:
            self.dt = _interval_of_frames(self.roles.path, frames, times)
        except RecordError:
            if self.options.dt is None:
                raise
            self.notes.append(
                f"The times of column {name} do not go with the frames, and were not read."
            )


@np.errstate(over="ignore", invalid="ignore")
def _interval_of_frames(path: Path, frames: FloatArray, times: FloatArray) -> float | None:
    """Times per frame, where they are proportional; None with fewer than two frames."""
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
            "put it elsewhere; its frames and times must agree, or give dt to take the frames alone"
        )
    return dt
