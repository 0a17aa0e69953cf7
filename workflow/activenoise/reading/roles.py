"""The columns of one table, by what they are for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.reading import names, time_grid
from activenoise.reading.cells import wall_clock
from activenoise.reading.errors import RecordError
from activenoise.reading.options import Selector
from activenoise.reading.table import Table
from activenoise.reading.units import base_and_unit, length_unit


class Roles:
    """The columns of a table: found by name, by number, or by what they hold."""

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.table = table
        self.n = len(table.columns)
        self.bases = [names.base(name) for name in table.names]

    @property
    def there(self) -> str:
        """What columns there are, for a message."""
        known = ", ".join(f"{i} = {name}" for i, name in enumerate(self.table.names[:40]))
        more = " ..." if len(self.table.names) > 40 else ""
        numbers = f"0 to {self.n - 1}, without names"
        return f"it has {self.n} column{'s' * (self.n > 1)}, {known + more or numbers}"

    def label(self, index: int) -> str:
        """The name of a column, or its number."""
        name = self.table.names[index] if self.table.names else ""
        return name or str(index)

    def base(self, index: int) -> str | None:
        """The name of a column as it is compared; None in a table without names."""
        return self.bases[index] if self.bases else None

    def unit(self, index: int) -> str | None:
        """The unit that the file gives a column."""
        own = base_and_unit(self.table.names[index])[1] if self.table.names else None
        return self.table.units.get(index) or own

    def find(self, column: Selector) -> int:
        """Index of a column by name or number."""
        known = list(self.table.names)
        if column in known:
            if known.count(str(column)) > 1:
                raise RecordError(
                    f"{self.path}: two columns are called {column}; {self.there}: give the number"
                )
            return known.index(str(column))
        if re.fullmatch(r"[0-9]+", str(column)) and int(column) < self.n:
            return int(column)
        ends = [i for i, name in enumerate(known) if name.endswith(f"/{column}")]
        if len(ends) == 1:  # a dataset in a group
            return ends[0]
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

    def named(self, known: Collection[str], but: Collection[int | None] = ()) -> int | None:
        """The first column called by one of these names."""
        return next(iter(self.all_named(known, but)), None)

    def all_named(self, known: Collection[str], but: Collection[int | None] = ()) -> list[int]:
        """The columns called by one of these names."""
        return [i for i, base in enumerate(self.bases) if base in known and i not in but]

    def is_number(self, index: int) -> bool:
        """Whether a column holds numbers alone."""
        return self.table.columns[index].dtype.kind == "f"

    def is_empty(self, index: int) -> bool:
        """Whether a column has a blank in every row."""
        return self.is_number(index) and bool(np.isnan(self.table.columns[index]).all())

    def numbers(self, index: int, more: str = "") -> FloatArray:
        """A column of numbers (n,). RecordError for one of other things."""
        if not self.is_number(index):
            fault = self.table.faults.get(
                index, f"column {self.label(index)} does not hold numbers"
            )
            raise RecordError(f"{self.path}: {fault}{more}")
        return self.table.columns[index]

    def times(self, index: int) -> tuple[FloatArray, str | None]:
        """Times or frame numbers (n,), and their unit where it is known."""
        if not self.is_number(index):
            clock = wall_clock(self.table.columns[index])
            if clock is not None:
                return clock, "s"
        more = "; or say no_time, with dt, if the rows are at even steps"
        return self.numbers(index, more), self.unit(index)

    def clock_by_its_steps(self, taken: Collection[int | None]) -> int | None:
        """The column without a telling name that is the time: it alone goes up in equal steps."""
        rest = [i for i in range(self.n) if i not in taken and self.is_number(i)]
        if self.n < 2 or len(rest) + len(set(taken) - {None}) < 2:
            return None
        rest = [i for i in rest if not (self.bases and names.coordinate(self.table.names[i]))]
        clocks = [i for i in rest if time_grid.is_clock(self.table.columns[i])]
        # A counter of rows may stand beside the time.
        times = [i for i in clocks if not time_grid.are_counts(self.table.columns[i])] or clocks
        if len(times) > 1:
            raise RecordError(
                f"{self.path}: columns {' and '.join(map(self.label, times))} both go up in equal "
                "steps; name the one that is the time (time_column)"
            )
        return times[0] if times else None

    def named_coordinates(self, taken: Collection[int | None]) -> list[int]:
        """The columns called x, y and z, without a z that never changes."""
        found = [
            i for known in names.COORDINATES.values() if (i := self.named(known, taken)) is not None
        ]
        if len(found) == 3:  # a movie in two dimensions written with z = 0
            depth = self.table.columns[found[2]]
            seen = depth[np.isfinite(depth)] if self.is_number(found[2]) else depth
            if self.is_number(found[2]) and np.all(seen == seen[:1]):
                found.pop()
        return found

    def coordinates(self, taken: Collection[int | None], in_order: bool) -> list[int]:
        """The columns that hold the positions: by name, or the only one that is left.

        in_order: of a matrix that holds nothing but a track, all that are left.
        """
        if found := self.named_coordinates(taken):
            return found
        rest = [i for i in range(self.n) if i not in taken]
        if len(rest) > 1:
            full = [i for i in rest if not self.is_empty(i)] or rest
            numbers = [i for i in full if self.is_number(i) and not self.is_counter(i)]
            if not numbers and (others := [i for i in rest if not self.is_number(i)]):
                self.numbers(others[0])
            rest = numbers
        if len(rest) != 1 and not (in_order and len(rest) in (2, 3)):
            raise RecordError(
                f"{self.path}: the column is not known; {self.there}: name one, or several as "
                "column = a,b"
            )
        return rest

    def is_counter(self, index: int) -> bool:
        """Whether a column counts the rows of the table."""
        if self.bases and self.bases[index] not in names.COUNTERS:
            return False
        return time_grid.are_counts(self.table.columns[index])

    def unit_of(self, columns: Sequence[int]) -> str | None:
        """The length unit of the columns, which must be one."""
        units = {self.label(i): unit for i in columns if (unit := self.unit(i))}
        if len({length_unit(unit) for unit in units.values()}) > 1:
            mixed = ", ".join(f"{name} in {unit}" for name, unit in units.items())
            raise RecordError(f"{self.path}: mixed units, {mixed}; export all in one unit")
        return length_unit(next(iter(units.values()))) if units else self.table.unit
