"""Simulated tracks on disk: HDF5 shards that say what they hold.

A shard has the datasets `positions` (n_tracks, n_points) float32, `index` (n_tracks,), the number
of each track in its data set, and `parameters/<name>` (n_tracks,); and the attributes model,
study, split, dt (s), unit (of length), seed and version. h5py alone reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise import __version__
from activenoise.models import Model
from activenoise.priors import Prior
from activenoise.simulation import simulate

_BLOCK = 2048  # tracks simulated and written at a time: memory stays flat in the size of a shard


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


def write_shard(
    path: str | Path,
    model_name: str,
    prior: Prior,
    n_points: int,
    dt: float,
    seed: int,
    rows: range,
    **attributes: str,
) -> None:
    """Simulate the tracks `rows` of the data set of this seed, each with parameters of its own drawn
    from the prior, and write them to one shard. dt in s; attributes: study, split, unit."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        positions = file.create_dataset("positions", (len(rows), n_points), np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            models = prior.draw(model_name, seed, len(block), block.start)
            tracks = simulate(models, n_points, dt, seed, first=block.start)
            positions[start : start + len(block)] = tracks
        models = prior.draw(model_name, seed, len(rows), rows.start)
        for name, values in models.parameters.items():
            file[f"parameters/{name}"] = values
        file["index"] = np.arange(rows.start, rows.stop)
        file.attrs.update(
            model=model_name, dt=dt, seed=str(seed), version=__version__, **attributes
        )


class Tracks:
    """The tracks of one data set over its shards, read on demand.

    dt in s; `parameters` are the true values by name, each (n_tracks,).
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._files = [h5py.File(path, "r") for path in sorted(map(str, paths))]
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

    def close(self) -> None:
        for file in self._files:
            file.close()


class Batches:
    """An endless source of training batches from data sets of equal length, one a class.

    Targets are the class numbers; or, for one data set, the logs of the named parameters. Windows
    shorter than a track start at a random point of it. limit: use only the first so many tracks of
    each class.
    """

    def __init__(
        self,
        data_sets: Sequence[Tracks],
        targets: Sequence[str] | None = None,
        seed: int = 0,
        limit: int | None = None,
    ) -> None:
        self._data_sets = data_sets
        self._size = min(limit or len(data_sets[0]), *map(len, data_sets), len(data_sets[0]))
        self._row = 0
        self._random = np.random.default_rng(seed)
        self._targets = (
            None
            if targets is None
            else np.log(np.stack([data_sets[0].parameters[name] for name in targets], axis=1))
        )

    def batch(
        self, n_tracks: int, n_points: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """n_tracks windows of n_points, float32, an equal number of each class, and their targets."""
        share = n_tracks // len(self._data_sets)
        if share > self._size:
            raise ValueError(f"a batch of {n_tracks} needs {share} tracks a class; there are {self._size}")
        if self._row + share > self._size:
            self._row = 0
        rows = slice(self._row, self._row + share)
        self._row += share
        parts = []
        for data_set in self._data_sets:
            first = int(self._random.integers(data_set.n_points - n_points + 1))
            parts.append(data_set[rows, first : first + n_points])
        if self._targets is None:
            labels = np.repeat(np.arange(len(parts), dtype=np.float32), share)
        else:
            labels = self._targets[rows].astype(np.float32)
        return np.concatenate(parts), labels


def write_arrays(path: str | Path, attributes: dict[str, Any] | None = None, **arrays: Any) -> None:
    """Named arrays and attributes in one HDF5 file."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        for name, values in arrays.items():
            file[name] = values
        file.attrs.update(attributes or {})


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file of `write_arrays`, by name."""
    with h5py.File(path, "r") as file:
        return {name: data[()] for name, data in file.items()}


def classes(paths: Sequence[Sequence[str]]) -> tuple[list[Tracks], NDArray[np.int64]]:
    """The data sets of some classes, given the shards of each, and the labels of their tracks."""
    data_sets = [Tracks(shards) for shards in paths]
    labels = np.repeat(np.arange(len(data_sets)), [len(d) for d in data_sets])
    return data_sets, labels
