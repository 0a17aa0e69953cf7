"""Files of the workflow: tables, named arrays, and the simulated tracks of a data set; written
whole or not at all. Needs h5py and NumPy alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place only when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_arrays(path: str | Path, attributes: dict[str, Any] | None = None, **arrays: Any) -> None:
    """Named arrays and attributes in one HDF5 file."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        for name, values in arrays.items():
            file[name] = values
        file.attrs.update(attributes or {})


def write_json(path: str | Path, value: Any) -> None:
    """Plain numbers, lists and names in one JSON file."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=1), encoding="utf-8")


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file of `write_arrays`, by name."""
    with h5py.File(path, "r") as file:
        return {name: data[()] for name, data in file.items()}


def read_tree(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file at any depth, by their path in it, as `write_arrays` takes them."""
    found: dict[str, NDArray[Any]] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return found


def read_attributes(path: str | Path) -> dict[str, Any]:
    """The attributes of a file of `write_arrays`, by name; arrays of them as lists."""
    with h5py.File(path, "r") as file:
        return {n: v.tolist() if hasattr(v, "tolist") else v for n, v in file.attrs.items()}


def write_table(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as a CSV file, floats to 6 digits; nothing where a row lacks a column, or for nan."""
    table = [{name: _cell(value) for name, value in row.items()} for row in rows]
    columns = list(dict.fromkeys(name for row in table for name in row))
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _cell(value: Any) -> Any:
    if not isinstance(value, float | np.floating):
        return value
    return "" if np.isnan(value) else f"{value:.6g}"


class DataSet:
    """The tracks of one data set over its shards, read on demand.

    dt in s; `parameters` are the true values by name, each (n_tracks,).
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        # In the order of the tracks: that of the names puts shard 10 before shard 2.
        files = [h5py.File(path, "r") for path in paths]
        self._files = sorted(files, key=lambda file: file["index"][0])
        lengths = [len(file["positions"]) for file in self._files]
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        attributes: dict[str, Any] = dict(self._files[0].attrs)
        self.dt = float(attributes["dt"])
        self.model_name = str(attributes["model"])
        self.unit = str(attributes["unit"])
        self.n_points = int(self._files[0]["positions"].shape[1])
        self.parameters = {
            name: np.concatenate([file[f"parameters/{name}"][:] for file in self._files])
            for name in self._files[0]["parameters"]
        }

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, key: tuple[slice, slice] | slice) -> NDArray[np.float32]:
        """Positions of rows (a slice of step 1) and points (any slice), float32."""
        rows, points = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, _ = rows.indices(len(self))
        parts = []
        for file, low, high in zip(self._files, self._starts[:-1], self._starts[1:], strict=True):
            a, b = max(start, low), min(stop, high)
            if a < b:
                parts.append(file["positions"][a - low : b - low, points])
        return np.concatenate(parts)

    def blocks(self, size: int) -> Iterator[slice]:
        """Slices of at most `size` rows that cover the data set."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def log_parameters(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Logarithms of the true values of these parameters, (n_tracks, len(names))."""
        return np.log(np.stack([self.parameters[name] for name in names], axis=1))

    def close(self) -> None:
        for file in self._files:
            file.close()


def classes(paths: Sequence[Sequence[str]]) -> tuple[list[DataSet], NDArray[np.int64]]:
    """The data sets of some classes, given the shards of each, and the labels of their tracks."""
    data_sets = [DataSet(shards) for shards in paths]
    labels = np.repeat(np.arange(len(data_sets)), [len(d) for d in data_sets])
    return data_sets, labels
