"""Files of arrays: NumPy's .npy and .npz, HDF5, and the columns of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from activenoise.reading.errors import RecordError, damage, needing
from activenoise.reading.named_arrays import Archive, real_numbers
from activenoise.reading.table import Table
from activenoise.reading.trackers import bluelake
from activenoise.reading.units import stated


def read_npy(path: Path) -> Table:
    """The columns of an array (n_points,) or (n_points, n_columns), or its fields by name.

    RecordError for an array of another shape, or of other things than real numbers.
    """
    with damage(path, "plain .npy", "save it again with numpy.save"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise RecordError(f"{path}: is a .npz archive; name it so")
    if array.dtype.names and array.ndim == 1:
        names = list(array.dtype.names)
        return Table(names, [real_numbers(path, array[name], name) for name in names])
    if array.ndim not in (1, 2):
        raise RecordError(
            f"{path}: its array has shape {array.shape}; it must be (n_points,) or "
            "(n_points, n_columns)"
        )
    if array.ndim == 2 and array.shape[0] == 1:  # a row, as MATLAB has vectors
        array = array[0]
    array = real_numbers(path, array if array.ndim == 2 else array[:, None], "its array")
    return Table([], list(array.T))


def read_parquet(path: Path) -> Table:
    """The columns of a Parquet file; dt and unit from its metadata, or a data frame's attrs."""
    with needing(path, "Parquet", "pandas"):
        import pandas as pd
    with needing(path, "Parquet", "pyarrow"):
        from pyarrow import parquet

    with damage(path, ".parquet", "write it again with pandas.DataFrame.to_parquet"):
        frame = pd.read_parquet(path, engine="pyarrow")
        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index()
        columns = []
        for i in range(frame.shape[1]):
            column = frame.iloc[:, i]
            if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
            else:
                columns.append(column.to_numpy(dtype=object))
        names = [str(name) for name in frame.columns]
        metadata = parquet.read_schema(path).metadata or {}
        attributes = {**_texts(metadata), **{str(key): value for key, value in frame.attrs.items()}}
    said = stated(path, attributes)
    return Table(names, columns, dt=said.dt, unit=said.unit)


def _texts(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {
        key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
        for key, text in metadata.items()
    }


@contextmanager
def npz(path: Path) -> Iterator[Archive]:
    """The arrays of a .npz archive; arrays dt and unit are what the file says of all others."""
    with damage(path, ".npz", "save it again with numpy.savez"):
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise RecordError(f"{path}: is not a .npz archive; save it with numpy.savez")
        names = list(file)
        said: dict[str, Any] = {name: file[name] for name in ("dt", "unit") if name in names}
    with file:
        yield Archive(names, file.__getitem__, lambda _: said)


@contextmanager
def hdf5(path: Path) -> Iterator[Archive]:
    """The datasets of an HDF5 file by their paths in it, or the channels of a Bluelake file."""
    with damage(path, path.suffix.lower()):
        file = h5py.File(path, "r")
    with file:
        with damage(path, path.suffix.lower()):
            of_bluelake = "Bluelake version" in file.attrs
        if of_bluelake:
            file.close()
            with bluelake(path) as channels:
                yield channels
            return
        names: list[str] = []

        def take(name: str | bytes, item: object) -> None:
            if isinstance(item, h5py.Dataset) and isinstance(name, str):  # bytes: no UTF-8
                names.append(name)

        with damage(path, path.suffix.lower()):
            file.visititems(take)
        # The attributes of a dataset go before those of the file.
        yield Archive(names, file.__getitem__, lambda name: {**file.attrs, **file[name].attrs})
