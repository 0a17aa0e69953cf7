"""Records from arrays and tables that are in memory, by the rules of a file that is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from activenoise.reading.columns import tracks_of_table
from activenoise.reading.errors import RecordError
from activenoise.reading.options import ReadOptions, check_options
from activenoise.reading.record import Record
from activenoise.reading.records import on_grids, read
from activenoise.reading.table import RawTrack, RawTracks, Table

_AXES = ("x", "y", "z")


def record_of(source: Any, options: ReadOptions) -> Record:
    """A record from any source that `verdict` takes. RecordError where it cannot be used."""
    if isinstance(source, Record):
        return source
    if isinstance(source, str | Path):
        return read(source, options)
    if isinstance(source, Mapping) or hasattr(source, "columns"):
        return record_of_table(source, options)
    return record_of_array(source, options)


def record_of_table(table: Mapping[str, Any], options: ReadOptions) -> Record:
    """The tracks of a table in memory, such as a pandas DataFrame of trackpy's.

    table: columns (n,) by name; the names of coordinates, times, frames and tracks are those that
    are known from files, or are given in the options. RecordError as in `read`.
    """
    name, columns = table_of(table)
    check_options(name, options)
    return on_grids(name, tracks_of_table(name, columns, options), options)


def table_of(table: Mapping[str, Any]) -> tuple[Path, Table]:
    """A table in memory as a file's, and a name for messages. RecordError where it is empty."""
    name = Path(type(table).__name__)
    columns = [np.asarray(table[column]) for column in table]
    numbers = [c.astype(np.float64) if c.dtype.kind in "fiub" else c.astype(str) for c in columns]
    if not numbers or not len(numbers[0]):
        raise RecordError(f"{name}: it holds no rows; it must hold one position in each")
    return name, Table([str(column) for column in table], numbers)


def record_of_array(positions: ArrayLike, options: ReadOptions) -> Record:
    """One track at a fixed interval from an array.

    positions: (n_points,) or (n_points, n_coordinates) of at most three, length, NaN where missing.
    options: dt (s) and unit are needed. RecordError as in `read`, and for another shape.
    """
    check_options(Path("array"), options)
    x = np.asarray(positions)
    fits = x.ndim == 1 or (x.ndim == 2 and x.shape[1] <= len(_AXES))
    if x.dtype.kind not in "fiu" or not fits:
        raise RecordError(
            f"array of shape {x.shape} and type {x.dtype}: positions must be numbers, (n_points,) "
            "or (n_points, n_coordinates) with at most 3 coordinates"
        )
    x = x.astype(np.float64).reshape(len(x), -1)
    raw = RawTracks([RawTrack(None, x, None)], _AXES[: x.shape[1]])
    return on_grids(Path("array"), raw, options)
