"""Which column of a table says the track of a row, and which its time; asked where in doubt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.reading import names, shapes, time_grid
from activenoise.reading.errors import RecordError
from activenoise.reading.options import ReadOptions
from activenoise.reading.roles import Roles
from activenoise.reading.units import seconds

_REPEATED = 0.1  # of the rows have a time that comes again, at least, where tracks are mixed
_ONE = "or one_track if all rows are one track"


@dataclass(frozen=True)
class Assigned:
    """Indices of the columns that say the track, the frame and the time; None where none does.

    notes: how they were found, where not by their names.
    """

    track: int | None
    frame: int | None
    time: int | None
    notes: tuple[str, ...] = ()


def assigned(roles: Roles, wanted: list[int] | None, options: ReadOptions) -> Assigned:
    """The roles of a table's columns. wanted: the coordinates, where the user names them.

    RecordError, with the option that answers it, where columns can be read in two ways.
    """
    finder = _Finder(roles, wanted, options)
    track = finder.track_by_name()
    if options.one_track or track is not None:
        return finder.with_clock(track)
    return finder.by_shape()


class _Finder:
    def __init__(self, roles: Roles, wanted: list[int] | None, options: ReadOptions) -> None:
        self.roles, self.options = roles, options
        self.wanted = wanted or []
        self.frame: int | None = None
        self.time: int | None = None
        taken: set[int | None] = set(self.wanted)
        if options.track_column is not None:
            taken.add(roles.find(options.track_column))
        if options.time_column is not None:
            self.time = roles.find(options.time_column)
        else:
            but = taken | {i for i in range(roles.n) if roles.is_empty(i)}
            self.frame = roles.named(names.FRAME, but)
            self.time = roles.named(names.TIME, but)
        self.taken: set[int | None] = {*taken, self.frame, self.time}

    @property
    def clock(self) -> int | None:
        return self.time if self.frame is None else self.frame

    def track_by_name(self) -> int | None:
        """The column that the user names, or whose name leaves no doubt."""
        if self.options.one_track:
            return None
        if self.options.track_column is not None:
            return self.roles.find(self.options.track_column)
        found = self.roles.all_named(names.TRACK, self.taken)
        ways: dict[bytes | None, int] = {}
        for i in found:
            codes = shapes.codes_of(self.roles.table.columns[i])
            ways.setdefault(None if codes is None else codes.tobytes(), i)
        several = [i for way, i in ways.items() if way is not None]
        if len(several) > 1:
            both = " and ".join(map(self.roles.label, several))
            raise RecordError(
                f"{self.roles.path}: columns {both} both say which track a row is of, and "
                "differently; name the right one as track_column"
            )
        return several[0] if several else next(iter(found), None)

    def with_clock(self, track: int | None, notes: tuple[str, ...] = ()) -> Assigned:
        """The roles where the track's column is known, or there is one track."""
        if self.clock is not None or self.options.no_time:
            return Assigned(track, self.frame, self.time, notes)
        if track is None:
            return Assigned(None, None, self.roles.clock_by_its_steps(self.taken), notes)
        codes = shapes.codes_of(self.roles.table.columns[track])
        if codes is None:  # one track, or each row its own
            return Assigned(track, None, self.roles.clock_by_its_steps({*self.taken, track}), notes)
        fits = {
            i: column
            for i, column in self._numeric({track}).items()
            if not self._counts_rows(i) and shapes.parts(codes, column, evenly=True)
        }
        times = [i for i in fits if not self._is_count_within(codes, fits[i])] or list(fits)
        if len(times) > 1:
            both = " and ".join(map(self.roles.label, times))
            raise RecordError(
                f"{self.roles.path}: columns {both} both go up in equal steps in each track; name "
                "the one that is the time (time_column)"
            )
        if not times:
            return Assigned(track, None, None, notes)
        name = self.roles.label(times[0])
        more = f"Column {name} was taken as the time: it goes up in equal steps in each track."
        return Assigned(track, None, times[0], (*notes, more))

    def by_shape(self) -> Assigned:
        """The roles where no name says the track."""
        labels = self._labels()
        if (weak := self._by_weak_name(labels)) is not None:
            name = self.roles.label(weak)
            note = f"Column {name} was taken to say which track a row is of."
            return self.with_clock(weak, (note,))
        clock = self._named_clock()
        named = {} if clock is None or self.clock is None else {self.clock: clock}
        clocks = named or self._numeric(())
        found = shapes.structures(labels, clocks, self._positions(), evenly=not named)
        if found:
            return self._of_structure(found)
        if clock is not None:
            self._check_goes_on(clock)
        self._check_runs(labels)
        return self.with_clock(None)

    def _labels(self) -> dict[int, shapes.Codes]:
        """Columns that could say the track: whole numbers or text, some of which come twice."""
        known = {*self.taken, *self.roles.named_coordinates(self.taken)}
        rest = [i for i in range(self.roles.n) if i not in known and not self._is_clock_name(i)]
        found = {i: shapes.codes_of(self.roles.table.columns[i]) for i in rest}
        return {i: codes for i, codes in found.items() if codes is not None}

    def _is_clock_name(self, i: int) -> bool:
        return self.roles.base(i) in names.TIME or self.roles.base(i) in names.FRAME

    def _by_weak_name(self, labels: dict[int, shapes.Codes]) -> int | None:
        """A column called id, cell ... whose values come in runs, or part a clock that repeats."""
        clock = self._named_clock()
        for i, codes in labels.items():
            if self.roles.base(i) not in names.PERHAPS_TRACK:
                continue
            if shapes.in_runs(codes):
                return i
            if clock is not None and shapes.structures({i: codes}, {-1: clock}, None, evenly=False):
                return i
        return None

    def _named_clock(self) -> FloatArray | None:
        """The clock that is named, unless it is of no interest."""
        if self.clock is None:
            return None
        if self.options.no_time and not self.roles.is_number(self.clock):
            return None
        values, _ = self.roles.times(self.clock)
        return values

    def _numeric(self, but: Collection[int | None]) -> dict[int, FloatArray]:
        """Columns of numbers that could be a clock."""
        known = {*self.taken, *self.roles.named_coordinates(self.taken), *but}
        return {
            i: self.roles.table.columns[i]
            for i in range(self.roles.n)
            if i not in known and self.roles.is_number(i)
        }

    def _counts_rows(self, i: int) -> bool:
        return time_grid.are_counts(self.roles.table.columns[i])

    @staticmethod
    def _is_count_within(codes: shapes.Codes, clock: FloatArray) -> bool:
        order = np.lexsort((clock, codes))
        steps = np.diff(clock[order])[np.diff(codes[order]) == 0]
        return bool(np.median(steps) == 1)

    def _positions(self) -> FloatArray | None:
        """The coordinates, or what may be such: columns of numbers that are not whole."""
        columns = self.wanted or self.roles.named_coordinates(self.taken)
        if not all(map(self.roles.is_number, columns)):
            return None
        chosen = [self.roles.table.columns[i] for i in columns] or [
            column for column in self._numeric(()).values() if np.any(column % 1 != 0)
        ]
        return np.stack(chosen, axis=1) if chosen else None

    def _of_structure(self, found: list[shapes.Structure]) -> Assigned:
        """The roles by the columns that make tracks of the table."""
        best = shapes.clear_best(found)
        if best is None or not shapes.is_plain(best):
            likely = " or ".join(dict.fromkeys(self.roles.label(s.track) for s in found))
            clock = self.roles.label(found[0].clock)
            raise RecordError(
                f"{self.roles.path}: column {clock} starts again where column {likely} changes: "
                f"several tracks? Name the one that says the track as track_column, {_ONE}"
            )
        name = self.roles.label(best.track)
        note = (
            f"Column {name} was taken to say which track a row is of: column "
            f"{self.roles.label(best.clock)} starts again where it changes."
        )
        return self.with_clock(best.track, (note,))

    def _check_goes_on(self, clock: FloatArray) -> None:
        """RecordError for a named clock that repeats or starts again, with no column to part it."""
        assert self.clock is not None
        back = shapes.goes_back(clock)
        values, counts = np.unique(clock, return_counts=True)
        repeated = counts[counts > 1].sum()
        if self.options.no_time or not back.size or repeated < _REPEATED * len(clock):
            return  # a single fault, which the grid names
        name, row = f"column {self.roles.label(self.clock)}", int(back[0])
        likely = "and no column says which track a row is of; "
        if not np.any(np.diff(clock) < 0) and self._is_rounded(clock):
            return
        if clock[row] == clock[row - 1]:
            n, rounded = int(counts[values == clock[row]][0]), ""
            if self.frame is None:
                rounded = ", or give dt if its times are only printed coarsely"
            raise RecordError(
                f"{self.roles.path}: {name} is {clock[row]:g} in {n} rows, {likely}link the spots "
                f"first (trackpy.link), or name the track column as track_column{rounded}"
            )
        raise RecordError(
            f"{self.roles.path}: {name} goes back from {clock[row - 1]:g} to {clock[row]:g} at row "
            f"{row} ({back.size} times in all), {likely}name it as track_column, or say no_time "
            "if the rows are one track at even steps"
        )

    def _is_rounded(self, clock: FloatArray) -> bool:
        """Whether times come more than once because they are printed coarsely."""
        dt = self.options.dt
        mean = (clock[-1] - clock[0]) / (len(clock) - 1)
        unit = self.roles.unit(self.clock) if self.clock is not None else None
        in_s = mean * (seconds(unit or "s") or 1.0)
        return self.frame is None and dt is not None and abs(in_s / dt - 1) < 0.02

    def _check_runs(self, labels: dict[int, shapes.Codes]) -> None:
        """RecordError for a column of labels in runs that nothing explains."""
        for i, codes in labels.items():
            if shapes.in_runs(codes):
                kind = "whole numbers" if self.roles.is_number(i) else "words"
                name = self.roles.label(i)
                raise RecordError(
                    f"{self.roles.path}: column {name} has {kind} in {codes.max() + 1} runs: does "
                    f"it say which track a row is of? Then give track_column = {name}, {_ONE}"
                )
