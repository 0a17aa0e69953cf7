"""Which array is what: from a file of named arrays to its tracks, with their clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading.clocks import clock_of
from activenoise.reading.columns import tracks_of_table
from activenoise.reading.errors import RecordError, damage
from activenoise.reading.names import coordinate, is_known, is_time
from activenoise.reading.options import ReadOptions, Selector
from activenoise.reading.table import Clock, RawTrack, RawTracks, Table
from activenoise.reading.units import base_and_unit, stated

_AXES = ("x", "y", "z")
_MOST_BESIDE = 2_000_000  # points of an array that is read only to see whether it parts tracks


@dataclass(frozen=True)
class Archive:
    """Named arrays of a file, read one by one.

    get: the array of a name. attributes: what the file says of it, with its times (n_points,) in
    s under the name times where it has them.
    """

    names: Sequence[str]
    get: Callable[[str], Any]
    attributes: Callable[[str], Mapping[str, Any]]


def tracks_of_archive(path: Path, archive: Archive, options: ReadOptions) -> RawTracks:
    """The tracks of named arrays (n_points,) or (n_tracks, n_points), a coordinate in each array.

    options.column: the arrays that hold the coordinates, "name" or "name[row]"; None: positions,
    or x, y and z, or the only array there is. Arrays (n_points,) are columns of one table, with
    those of tracks, frames and times beside them. RecordError if they are not there or do not fit
    together.
    """
    arrays = _Arrays(path, archive)
    picks = _picked(path, arrays.names, options)
    with damage(path, path.suffix.lower()):
        attributes = archive.attributes(picks[0][0])
    if all(row is None and arrays.is_column(name) for name, row in picks):
        if "times" not in attributes:
            return tracks_of_table(
                path, _table(path, arrays, picks, attributes, options), _by_name(picks, options)
            )
    elif options.track_column is not None:
        raise RecordError(f"{path}: its arrays have a track in each row, and no track_column")
    return _tracks_in_rows(path, arrays, picks, attributes, options)


class _Arrays:
    """The arrays of an archive, those of one column as a vector."""

    def __init__(self, path: Path, archive: Archive) -> None:
        self.path, self.archive, self.names = path, archive, archive.names

    def get(self, name: str) -> Any:
        with damage(self.path, self.path.suffix.lower()):
            return self.archive.get(name)

    def is_column(self, name: str) -> bool:
        """Whether an array is (n_points,), or (n_points, 1) as MATLAB writes it."""
        shape = self.get(name).shape
        return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1 and shape[0] > 1)

    def column(self, name: str) -> FloatArray:
        return real_numbers(self.path, self.get(name)[:].reshape(-1), name)


def _by_name(picks: Sequence[tuple[str, int | None]], options: ReadOptions) -> ReadOptions:
    return replace(options, column=",".join(name for name, _ in picks))


def _table(
    path: Path,
    arrays: _Arrays,
    picks: Sequence[tuple[str, int | None]],
    attributes: Mapping[str, Any],
    options: ReadOptions,
) -> Table:
    """The arrays of one table: the coordinates, and those of the same length beside them."""
    chosen = [name for name, _ in picks]
    shapes = {name: arrays.get(name).shape for name in chosen}
    n = shapes[chosen[0]][0]
    if any(shape[0] != n for shape in shapes.values()):
        sizes = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise RecordError(f"{path}: its coordinates differ in shape: {sizes}; they must agree")
    roles = [str(s) for s in (options.track_column, options.time_column) if s is not None]
    asked = {_find_array(path, role, arrays.names)[0] for role in roles}
    for name in asked:
        if len(arrays.get(name)) != n:
            raise RecordError(
                f"{path}: {len(arrays.get(name))} values of {name} for {n} positions; each needs "
                "one"
            )
    group = chosen[0].rpartition("/")[0]
    names, columns, notes = [], [], []
    for name in arrays.names:
        needed = name in chosen or name in asked
        if not needed and (name.rpartition("/")[0] != group or not arrays.is_column(name)):
            continue
        array = arrays.get(name)
        if not needed and (
            array.dtype.kind not in "fiu" or (n > _MOST_BESIDE and not is_known(name))
        ):
            continue
        if len(array) == n:
            names.append(name)
            columns.append(arrays.column(name))
        elif is_time(name):
            notes.append(
                f"Array {name} has {len(array)} values for {n} positions, and was not read."
            )
    said = stated(path, {k: attributes[k] for k in ("dt", "unit") if k in attributes})
    return Table(names, columns, dt=said.dt, unit=said.unit, notes=tuple(notes))


def _tracks_in_rows(
    path: Path,
    arrays: _Arrays,
    picks: Sequence[tuple[str, int | None]],
    attributes: Mapping[str, Any],
    options: ReadOptions,
) -> RawTracks:
    """The tracks of arrays (n_tracks, n_points), which share their times."""
    rows = [_rows(path, name, arrays.get(name), row) for name, row in picks]
    shapes = {array.shape for array in rows}
    if len(shapes) > 1:
        sizes = ", ".join(f"{n} {a.shape}" for (n, _), a in zip(picks, rows, strict=True))
        raise RecordError(f"{path}: its coordinates differ in shape: {sizes}; they must agree")
    names = [name if row is None else f"{name}[{row}]" for name, row in picks]
    others = [name for name in arrays.names if name not in {name for name, _ in picks}]
    notes: list[str] = []
    if len(rows) == 1 and picks[0][1] is None and _is_table(rows[0]):
        notes.append(
            f"Array {names[0]} has shape {rows[0].shape} and was read as {len(rows[0])} points of "
            f"one track in {rows[0].shape[1]} coordinates."
        )
        names = list(_AXES[: rows[0].shape[1]])
        rows = [column[None] for column in rows[0].T]
    n_tracks, n_points = rows[0].shape
    times, clock, told = _shared_clock(path, arrays, n_points, attributes, options)
    said = stated(path, {k: attributes[k] for k in ("dt", "unit") if k in attributes})
    labels = [str(i) for i in range(n_tracks)] if n_tracks > 1 else [None]
    return RawTracks(
        tracks=[
            RawTrack(label, np.stack([array[i] for array in rows], axis=1), times)
            for i, label in enumerate(labels)
        ],
        coordinates=tuple(names),
        clock=clock,
        dt=said.dt,
        unit=said.unit,
        columns=(*others, *names),
        notes=(*notes, *told),
    )


def _is_table(rows: FloatArray) -> bool:
    """Whether an array is points by coordinates rather than tracks by points."""
    return rows.shape[1] in (2, 3) and len(rows) > 10 * rows.shape[1]


def _shared_clock(
    path: Path,
    arrays: _Arrays,
    n_points: int,
    attributes: Mapping[str, Any],
    options: ReadOptions,
) -> tuple[FloatArray | None, Clock | None, list[str]]:
    """The times (n_points,) of all tracks, what they are, and notes."""
    if options.no_time:
        return None, None, []
    name = ""
    if options.time_column is not None:
        name = _find_array(path, options.time_column, arrays.names)[0]
    elif "times" in attributes:
        times = np.asarray(attributes["times"])
        _check_times(path, times, n_points)
        return times, Clock("s", "of the channel's times"), []
    elif own := [n for n in arrays.names if is_time(n) and len(arrays.get(n)) == n_points]:
        name = own[0]
    if not name:
        return None, None, []
    times = arrays.column(name)
    _check_times(path, times, n_points)
    unit = base_and_unit(name)[1]
    same = np.ones(max(n_points - 1, 0), dtype=bool)
    return clock_of(path, name, times, same, unit, options.dt, of_frames=False)


def _check_times(path: Path, times: FloatArray, n_points: int) -> None:
    if len(times) != n_points:
        raise RecordError(
            f"{path}: {len(times)} times for {n_points} positions; each position needs one time"
        )


def _picked(path: Path, names: Sequence[str], options: ReadOptions) -> list[tuple[str, int | None]]:
    """(name, row or None) of the arrays that hold the positions."""
    if options.columns is not None:
        return [_find_array(path, column, names) for column in options.columns]
    if "positions" in names:
        return [("positions", None)]
    aside = {"dt", "unit", str(options.time_column), str(options.track_column)}
    choice = [n for n in names if n not in aside and not is_time(n)]
    if len(choice) == 1:
        return [(choice[0], None)]
    letters = {letter: n for n in reversed(choice) if (letter := coordinate(n))}
    if letters:
        return [(letters[letter], None) for letter in sorted(letters)]
    raise RecordError(f"{path}: which array is not known; {_holds(names)}: name one as column")


def _find_array(path: Path, wanted: Selector, names: Sequence[str]) -> tuple[str, int | None]:
    """(name, row or None) of the array that `wanted` names: "name" or "name[row]".

    A name may go without the groups before it where that leaves no choice.
    """
    match = re.fullmatch(r"(.+?)\[([0-9]+)\]", str(wanted))
    for name, row in ((str(wanted), None), (match[1], int(match[2])) if match else ("", None)):
        inside = [n for n in names if n.endswith(f"/{name}")] if name else []
        if name in names or len(inside) == 1:
            return name if name in names else inside[0], row
        if inside:
            raise RecordError(f"{path}: {name} is ambiguous; name one of {', '.join(inside)}")
    raise RecordError(f"{path}: there is no array {wanted}; {_holds(names)}")


def _holds(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > 40 else ""
    return f"it holds {', '.join(names[:40]) or 'none'}{more}"


def _rows(path: Path, name: str, array: Any, row: int | None) -> FloatArray:
    """Rows (n_tracks, n_points) of an array (n_points,), (n_points, 1) or (n_tracks, n_points)."""
    if array.ndim == 2 and array.shape[1] == 1 and array.shape[0] > 1 and row is None:
        return real_numbers(path, array[:].T, name)
    if array.ndim == 1 and row is None:
        return real_numbers(path, array[:], name)[None]
    if array.ndim != 2:
        raise RecordError(
            f"{path}: {name} has shape {array.shape}; it must be (n_points,), or "
            f"(n_tracks, n_points) with a row as in {name}[0]"
        )
    if not len(array):
        raise RecordError(f"{path}: {name} has shape {array.shape}; it must hold a track")
    if row is None:
        return real_numbers(path, array[:], name)
    if row >= len(array):
        raise RecordError(f"{path}: no row {row} in {name}, which has 0 to {len(array) - 1}")
    return real_numbers(path, array[row], name)[None]


def real_numbers(path: Path, array: NDArray, name: str) -> FloatArray:
    """An array as float64. RecordError, with its name, for one of other things than numbers."""
    if array.dtype.kind not in "fiu":
        raise RecordError(f"{path}: {name} holds {array.dtype}, not real numbers")
    return array.astype(np.float64)
