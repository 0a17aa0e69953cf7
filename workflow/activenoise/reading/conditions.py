"""An experiment of several conditions: which records are of which cell, and which cell of which
condition.

A condition is a folder, or files by a pattern or in one folder: then every file is a cell, unless
the folder has sub-folders of files, which are the cells then. Or all are in one table with the
columns `condition` and `cell`.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from activenoise.reading import names
from activenoise.reading.columns import tracks_of_table
from activenoise.reading.errors import RecordError
from activenoise.reading.formats import FORMATS, read_table
from activenoise.reading.memory import record_of, table_of
from activenoise.reading.options import ReadOptions, check_options
from activenoise.reading.record import Record
from activenoise.reading.records import on_grids, read
from activenoise.reading.table import Table

_SAME_DT = 1e-3  # relative difference of intervals that are taken as one
Cells = dict[str, list[Record]]


@dataclass(frozen=True, eq=False)
class Experiment:
    """conditions: by name, the records of each cell, by name; the first is the control. cells_are:
    what made a cell, in a sentence. faults: a line for each file that could not be used. dt (s) and
    unit are those of every record."""

    conditions: dict[str, Cells]
    cells_are: str
    faults: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What was read, in a line for each condition, and what a cell is."""
        found = []
        for name, cells in self.conditions.items():
            tracks = sum(len(r.tracks) for some in cells.values() for r in some)
            found.append(
                f"{name}: {len(cells)} cell{'s' * (len(cells) != 1)} ({', '.join(cells)}), "
                f"{tracks} track{'s' * (tracks != 1)}"
            )
        return [*found, self.cells_are]

    @property
    def _first(self) -> Record:
        return next(iter(next(iter(self.conditions.values())).values()))[0]

    @property
    def dt(self) -> float:
        return self._first.dt

    @property
    def unit(self) -> str:
        return self._first.unit


def experiment(sources: Sequence[Any], options: ReadOptions) -> Experiment:
    """The conditions of an experiment.

    sources: one table with the columns `condition` and `cell` (a path, or a table in memory); one
    mapping of condition to cells, which are a mapping of name to a source that `verdict` takes, or
    a sequence of such sources; or a path for each condition, the control first: a folder, a pattern
    such as "control/*.csv", or files, which are of one condition if in one folder. RecordError in
    one line where this is no experiment; files that cannot be read are `faults`.
    """
    if not sources:
        raise RecordError("nothing to compare; name a folder for each condition, or one table")
    alone = sources[0] if len(sources) == 1 else None
    if isinstance(alone, Mapping) and not hasattr(alone, "columns") and "cell" not in alone:
        made = _of_mapping(alone, options)
    elif alone is not None and not _is_folder_or_pattern(alone):
        made = _of_one_table(alone, options)
    else:
        made = _of_paths([Path(source) for source in sources], options)
    return checked(made)


def checked(made: Experiment) -> Experiment:
    """An experiment of two conditions or more, whose records have one unit, one interval and the
    same number of coordinates. RecordError in one line for another."""
    why = f" ({made.faults[0]})" if made.faults else ""
    if empty := [name for name, cells in made.conditions.items() if not cells]:
        raise RecordError(f"condition {empty[0]}: none of its files can be used{why}")
    if len(made.conditions) < 2:
        found = ", ".join(made.conditions) or "none"
        raise RecordError(f"one condition only ({found}); a comparison needs two or more{why}")
    records = [r for cells in made.conditions.values() for some in cells.values() for r in some]
    first = records[0]
    for record in records[1:]:
        where = f"{record.path}: its"
        if record.unit != first.unit:
            raise RecordError(
                f"{where} unit is {record.unit}, that of {first.path} {first.unit}; give one unit, "
                "and a scale"
            )
        if abs(record.dt / first.dt - 1) > _SAME_DT:
            raise RecordError(
                f"{where} interval is {record.dt:g} s, that of {first.path} {first.dt:g} s; "
                "compare records of one interval (a stride may help)"
            )
        if len(record.coordinates) != len(first.coordinates):
            raise RecordError(
                f"{where} coordinates are {', '.join(record.coordinates)}, those of {first.path} "
                f"{', '.join(first.coordinates)}; name the same ones as column"
            )
    return made


def _is_folder_or_pattern(source: Any) -> bool:
    if not isinstance(source, str | Path):
        return False
    return Path(source).is_dir() or (glob.has_magic(str(source)) and not Path(source).exists())


# ---- paths


def _of_paths(paths: Sequence[Path], options: ReadOptions) -> Experiment:
    parts: dict[str, list[Path]] = {}
    for path in paths:
        if path.is_dir():
            name, members = path.resolve().name, [path]
        elif path.exists() or not glob.has_magic(str(path)):
            name, members = path.resolve().parent.name, [path]
        else:
            name = re.split(r"[*?\[]", path.name)[0].strip("_-. ") or path.resolve().parent.name
            members = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
            if not members:
                raise RecordError(f"{path}: no file has such a name")
        parts.setdefault(name, []).extend(members)
    folders = [any(p.is_dir() for p in members) for members in parts.values()]
    if len(parts) < len(paths) and any(folders):
        raise RecordError(
            f"two conditions are called {next(iter(parts))}; give their folders different names"
        )
    conditions: dict[str, Cells] = {}
    faults: list[str] = []
    nested = set()
    for name, members in parts.items():
        conditions[name] = {}
        for cell, file, is_nested in _cells_of(members):
            nested.add(is_nested)
            try:
                conditions[name].setdefault(cell, []).append(read(file, options))
            except RecordError as error:
                faults.append(str(error))
        conditions[name] = {cell: some for cell, some in conditions[name].items() if some}
    if len(nested) > 1:
        raise RecordError(
            "one condition has sub-folders, another has none; a cell must be a file in all, or a "
            "sub-folder in all"
        )
    what = "sub-folder" if True in nested else "file"
    return Experiment(conditions, f"A cell is a {what}.", tuple(faults))


def _cells_of(members: Iterable[Path]) -> list[tuple[str, Path, bool]]:
    """Name of the cell, file, and whether the cell is a sub-folder, of each file of a condition."""
    found: list[tuple[str, Path, bool]] = []
    for path in members:
        if not path.is_dir():
            found.append((path.stem, path, False))
            continue
        files = _files(path)
        folders = [p for p in sorted(path.iterdir()) if p.is_dir() and _files(p, "**/*")]
        if files and folders:
            raise RecordError(
                f"{path}: holds files ({files[0].name}) beside sub-folders ({folders[0].name}); "
                "put all in sub-folders, one a cell, or none"
            )
        if not files and not folders:
            raise RecordError(f"{path}: holds no file of tracks ({', '.join(FORMATS)})")
        found += [(file.stem, file, False) for file in files]
        found += [(folder.name, f, True) for folder in folders for f in _files(folder, "**/*")]
    return found


def _files(folder: Path, pattern: str = "*") -> list[Path]:
    """The files of tracks in a folder, in order, but for hidden ones."""
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file() and path.suffix.lower() in FORMATS and not path.name.startswith(".")
    )


# ---- one table, and what is in memory


def _of_one_table(source: Any, options: ReadOptions) -> Experiment:
    """The conditions of a table with the columns `condition` and `cell`."""
    if isinstance(source, str | Path):
        path = Path(source)
        table = read_table(path, options)
    elif isinstance(source, Mapping) or hasattr(source, "columns"):
        path, table = table_of(source)
    else:
        raise RecordError(f"{type(source).__name__}: one table, or a path for each condition")
    check_options(path, options)
    bases = [names.base(name) for name in table.names]
    for name in ("condition", "cell"):
        if bases.count(name) != 1:
            raise RecordError(
                f"{path}: {'no' if name not in bases else 'more than one'} column {name}; one "
                "table needs the columns condition and cell, or name a folder for each condition"
            )
    labels = [_labels(table.columns[bases.index(name)]) for name in ("condition", "cell")]
    conditions: dict[str, Cells] = {}
    faults = []
    for condition, cell in dict.fromkeys(zip(*labels, strict=True)):
        if not condition or not cell:
            continue
        rows = np.array([pair == (condition, cell) for pair in zip(*labels, strict=True)])
        where = Path(f"{path} (condition {condition}, cell {cell})")
        conditions.setdefault(condition, {})
        try:
            part = _rows(table, rows, [bases.index(name) for name in ("condition", "cell")])
            record = on_grids(where, tracks_of_table(where, part, options), options)
            conditions[condition][cell] = [record]
        except RecordError as error:
            faults.append(str(error))
    return Experiment(conditions, "A cell is a value of the column cell.", tuple(faults))


def _labels(column: np.ndarray) -> list[str]:
    if column.dtype.kind == "f":
        return ["" if np.isnan(x) else f"{x:g}" for x in column.tolist()]
    return [str(x).strip() for x in column.tolist()]


def _rows(table: Table, rows: np.ndarray, but: Sequence[int]) -> Table:
    """Some rows of a table, without some of its columns."""
    kept = [i for i in range(len(table.columns)) if i not in but]
    return replace(
        table,
        names=[table.names[i] for i in kept],
        columns=[table.columns[i][rows] for i in kept],
        units={new: table.units[i] for new, i in enumerate(kept) if i in table.units},
        faults={new: table.faults[i] for new, i in enumerate(kept) if i in table.faults},
    )


def _of_mapping(given: Mapping[str, Any], options: ReadOptions) -> Experiment:
    conditions: dict[str, Cells] = {}
    faults: list[str] = []
    for condition, sources in given.items():
        if not isinstance(sources, Mapping):
            sources = {f"{i + 1}": source for i, source in enumerate(sources)}
        conditions[str(condition)] = cells = {}
        for cell, source in sources.items():
            try:
                cells[str(cell)] = [record_of(source, options)]
            except RecordError as error:
                faults.append(f"condition {condition}, cell {cell}: {error}")
    return Experiment(conditions, "The cells are those that were given.", tuple(faults))
