"""Which array is what: from a file of named arrays to its tracks, with their clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading.columns import (
    ClockKind,
    RawTrack,
    RawTracks,
    Selector,
    coordinate,
    is_time,
)
from activenoise.reading.errors import RecordError, damage
from activenoise.reading.units import stated


@dataclass(frozen=True)
class Archive:
    """Named arrays of a file, read one by one.

    get: the array of a name. attributes: what the file says of it, with its times (n_points,) in
    s under the name times where it has them.
    """

    names: Sequence[str]
    get: Callable[[str], Any]
    attributes: Callable[[str], Mapping[str, Any]]


def tracks_of_archive(
    path: Path,
    archive: Archive,
    columns: Sequence[Selector] | None,
    time_column: Selector | None,
) -> RawTracks:
    """The tracks of named arrays (n_points,) or (n_tracks, n_points), a coordinate in each array.

    columns: the arrays that hold the coordinates, "name" or "name[row]"; None: positions, or x, y
    and z, or the only array there is. RecordError if they are not there or do not fit together.
    """
    names = archive.names

    def read(name: str, row: int | None) -> FloatArray:
        with damage(path, path.suffix.lower()):
            return _rows(path, name, archive.get(name), row)

    picks = _picked(path, names, columns, time_column)
    arrays = [read(name, row) for name, row in picks]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        sizes = ", ".join(f"{n} {a.shape}" for (n, _), a in zip(picks, arrays, strict=True))
        raise RecordError(f"{path}: its coordinates differ in shape: {sizes}; they must agree")
    n_tracks, n_points = shapes.pop()
    with damage(path, path.suffix.lower()):
        attributes = archive.attributes(picks[0][0])
    clock: FloatArray | None = None
    kind: ClockKind | None = None
    if time_column is not None:
        clock, kind = read(*_find_array(path, time_column, names))[0], "s"
    elif "times" in attributes:
        clock, kind = attributes["times"], "s"
    elif own := [name for name in names if is_time(name)]:
        times = read(own[0], None)[0]
        if len(times) == n_points:
            clock, kind = times, "open"
    if clock is not None and len(clock) != n_points:
        raise RecordError(
            f"{path}: {len(clock)} times for {n_points} positions; each position needs one time"
        )
    said = stated(path, {k: attributes[k] for k in ("dt", "unit") if k in attributes})
    labels = [str(i) for i in range(n_tracks)] if n_tracks > 1 else [None]
    return RawTracks(
        tracks=[
            RawTrack(label, np.stack([array[i] for array in arrays], axis=1), clock)
            for i, label in enumerate(labels)
        ],
        coordinates=tuple(name if row is None else f"{name}[{row}]" for name, row in picks),
        clock=kind,
        dt=said.dt,
        unit=said.unit,
    )


def _picked(
    path: Path,
    names: Sequence[str],
    columns: Sequence[Selector] | None,
    time_column: Selector | None,
) -> list[tuple[str, int | None]]:
    """(name, row or None) of the arrays that hold the positions."""
    if columns is not None:
        return [_find_array(path, column, names) for column in columns]
    if "positions" in names:
        return [("positions", None)]
    aside = {"dt", "unit", str(time_column)}
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
    """Rows (n_tracks, n_points) of an array (n_points,) or (n_tracks, n_points)."""
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
