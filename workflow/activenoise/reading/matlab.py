"""MATLAB files (.mat): versions 4 to 7 by SciPy in a process of its own, 7.3 by h5py."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.reading import matlab_child
from activenoise.reading.errors import RecordError, damage
from activenoise.reading.matrices import matrices, table_of_matrices
from activenoise.reading.options import Selector
from activenoise.reading.table import Table
from activenoise.reading.units import stated

CHILD = Path(matlab_child.__file__)  # the program that reads versions 4 to 7


def read_mat(path: Path, columns: Sequence[Selector] | None = None) -> Table:
    """The tracks of a cell array of matrices, or the vectors and the columns of the longest
    matrices.

    columns: that the user names; they choose between the two. Without them a cell array of tracks
    goes first. Columns are named `x`, `matrix[1]` for column 1 of a matrix or of the matrices in a
    cell, `run.x` for the field of a structure. RecordError for a file without such numbers.
    """
    with damage(path, ".mat", "save it again from MATLAB"):
        variables = _variables(path)
        cells = {name: found for name, v in variables.items() if (found := matrices(name, v))}
        vectors = _vectors(variables)
    wanted = [str(column) for column in columns or ()]
    of_vectors = wanted and all(name in vectors for name in wanted)
    if cells and not of_vectors:
        named = [cell for cell in cells if any(name.startswith(cell) for name in wanted)]
        chosen = (named or sorted(cells, key=lambda name: -cells[name].points))[0]
        rest = [name for name in variables if name != chosen]
        notes = [f"The tracks were taken from the {len(cells[chosen].tracks)} cells of {chosen}."]
        said = stated(path, variables)
        table = table_of_matrices(chosen, cells[chosen], [*notes, *_not_read(rest)])
        return replace(table, dt=said.dt, unit=said.unit)
    if not vectors:
        shapes = ", ".join(f"{name} {_shape(v)}" for name, v in variables.items()) or "nothing"
        raise RecordError(
            f"{path}: holds no vector or matrix of numbers ({shapes}); it must hold the positions "
            "as a vector, as a column of a matrix, or as a cell array with a matrix for each track"
        )
    read = {name.split("[")[0] for name in vectors}
    rest = [name for name in variables if name not in read]
    said = stated(path, variables)
    return Table(
        list(vectors), list(vectors.values()), dt=said.dt, unit=said.unit, notes=_not_read(rest)
    )


def _not_read(names: Sequence[str]) -> tuple[str, ...]:
    """A note of the variables that are left, but for those that say dt and unit."""
    rest = [name for name in names if name not in ("dt", "unit")]
    more = " ..." if len(rest) > 8 else ""
    return (f"Variables that were not read: {', '.join(rest[:8])}{more}.",) if rest else ()


def _vectors(variables: Mapping[str, Any]) -> dict[str, NDArray]:
    """Vectors and columns of matrices (n,), by name, of those with the most rows."""
    numbers = {
        name: np.atleast_1d(value)
        for name, value in variables.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 1
    }
    n = max((len(array) for array in numbers.values() if array.ndim <= 2), default=0)
    named: dict[str, NDArray] = {}
    for name, array in numbers.items():
        if array.ndim == 1 and len(array) == n:
            named[name] = array.astype(np.float64)
        elif array.ndim == 2 and len(array) == n:
            columns = array.astype(np.float64).T
            named |= {f"{name}[{i}]": column for i, column in enumerate(columns)}
    return named


def _shape(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"({' x '.join(map(str, value.shape))} {value.dtype.name})"
    return f"({type(value).__name__})"


def _variables(path: Path) -> dict[str, Any]:
    with path.open("rb"):
        pass  # permission, said as such
    if h5py.is_hdf5(path):
        return _variables_hdf5(path)
    return _flat(_in_a_child(CHILD, path))


def _in_a_child(program: Path, path: Path) -> dict[str, Any]:
    """The variables of a file by a reader that may crash, run in a process of its own.

    A subprocess, not multiprocessing, which would run the caller's main module once more.
    """
    # -P: the package's modules must not hide the standard library's.
    command = [sys.executable, "-P", str(program), str(path.absolute())]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode < 0:
        raise ValueError(f"its reader crashed, {_signal(-done.returncode)}")
    if done.returncode > 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ValueError(f"its reader failed, {last[0] if last else f'code {done.returncode}'}")
    variables, error = pickle.loads(done.stdout)
    if error is not None:
        raise ValueError(error)
    found: dict[str, Any] = variables
    return found


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _flat(variables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields of structures as structure.field."""
    flat: dict[str, Any] = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _variables_hdf5(path: Path) -> dict[str, Any]:
    """MATLAB 7.3 files are HDF5, their arrays in MATLAB's order of axes."""
    found: dict[str, Any] = {}

    def take(name: str | bytes, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or isinstance(name, bytes) or name[0] == "#":
            return
        kind = item.attrs.get("MATLAB_class", b"double")
        kind = kind.decode() if isinstance(kind, bytes) else str(kind)
        label = name.replace("/", ".")
        if kind == "char" and item.ndim == 2 and item.dtype.kind in "iu":
            found[label] = "".join(map(chr, item[()].T.ravel()))
        elif kind == "cell":
            cells = [np.asarray(file[ref][()]).T for ref in item[()].T.ravel()]
            found[label] = [cell if len(cell) != 1 else cell[0] for cell in cells]
        elif item.dtype.kind in "fiu" and kind not in ("logical", "function_handle"):
            array = np.asarray(item[()]).T
            found[label] = array.squeeze() if array.size else array
        else:
            found[label] = kind

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return found
