"""Tracks in a list of matrices, one each, as the cells of MATLAB's tracking programs hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading import names
from activenoise.reading.table import Table

TRACK = "track"  # the name of the column that numbers the matrices


class Matrices(NamedTuple):
    """Tracks (n_i, n_columns) of one variable, and the names of their columns."""

    tracks: list[FloatArray]
    names: list[str]

    @property
    def points(self) -> int:
        """Of all tracks together."""
        return sum(map(len, self.tracks))


def matrices(variable: str, value: object) -> Matrices | None:
    """The tracks of a list of matrices or of structures of vectors; None for anything else.

    A cell of one point comes as a vector, because axes of length 1 are lost.
    """
    cells = _cells(value)
    if len(cells) < 2:
        return None
    if all(isinstance(cell, dict) for cell in cells):
        return _structures(variable, cells)
    if not all(_is_numeric(cell) for cell in cells):
        return None
    widths = {cell.shape[1] for cell in cells if cell.ndim == 2 and cell.size}
    if len(widths) != 1:
        return None
    (width,) = widths
    tracks = [
        cell.reshape(-1, width).astype(np.float64)
        for cell in cells
        if cell.size and (cell.ndim == 2 or cell.size == width)
    ]
    return Matrices(tracks, [f"{variable}[{i}]" for i in range(width)])


def _cells(value: object) -> list[Any]:
    """The members of a list or of an array of objects, those that are empty aside."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    if not isinstance(value, list):
        return []
    arrays = [np.asarray(v) if isinstance(v, list | int | float) else v for v in value]
    return [v for v in arrays if not (isinstance(v, np.ndarray) and not v.size)]


def _is_numeric(cell: object) -> bool:
    return isinstance(cell, np.ndarray) and cell.dtype.kind in "fiu" and cell.ndim in (1, 2)


def _structures(variable: str, cells: Sequence[Mapping[str, Any]]) -> Matrices | None:
    """Tracks of structures that hold x, y and perhaps times as vectors of one length."""
    known = [name for name in cells[0] if names.is_known(name)]
    keys = [name for name in known if names.base(name) not in names.TRACK]
    if not any(names.coordinate(key) for key in keys):
        return None
    tracks = []
    for cell in cells:
        if not all(_is_numeric(np.asarray(cell.get(key))) for key in keys if key in cell):
            return None
        columns = [np.atleast_1d(np.asarray(cell.get(key, []), dtype=np.float64)) for key in keys]
        if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
            return None
        tracks.append(np.stack(columns, axis=1))
    return Matrices(tracks, [f"{variable}.{key}" for key in keys])


def table_of_matrices(variable: str, found: Matrices, notes: Sequence[str]) -> Table:
    """One table of all tracks, with a column that numbers them from 0."""
    number = np.repeat(np.arange(len(found.tracks)), [len(t) for t in found.tracks])
    columns: list[NDArray] = [number.astype(np.float64), *np.concatenate(found.tracks).T]
    labels = [TRACK, *(name.replace(f"{variable}.", "") for name in found.names)]
    return Table(labels, columns, notes=tuple(notes), in_order=True)
