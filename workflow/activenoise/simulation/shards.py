"""Simulated tracks on disk: HDF5 shards that say what they hold.

A shard has the datasets `positions` (n_tracks, n_points) float32, `index` (n_tracks,), the number
of each track in its data set, and `parameters/<name>` (n_tracks,); and the attributes model,
study, split, dt (s), unit (of length), seed and version. h5py alone reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise import __version__
from activenoise.files import DataSet, replacing
from activenoise.physics.priors import Prior
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.simulation.tracks import simulate

_BLOCK = 2048  # tracks simulated and written at a time: memory stays flat in the size of a shard


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
    """Simulate the tracks `rows` of the data set of this seed, each with parameters of its own
    drawn from the prior and seen through the instrument that the prior has, and write them to one
    shard. dt in s; attributes: study, split, unit."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        positions = file.create_dataset("positions", (len(rows), n_points), np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            model, instrument, _ = draw(prior, model_name, seed, len(block), block.start)
            if prior.bare:
                tracks = simulate(model, n_points, dt, seed, first=block.start)
            else:
                tracks = simulate_recorded(model, instrument, n_points, dt, seed, block.start)
            positions[start : start + len(block)] = tracks
        parameters = draw(prior, model_name, seed, len(rows), rows.start).parameters
        for name, values in parameters.items():
            file[f"parameters/{name}"] = values
        file["index"] = np.arange(rows.start, rows.stop)
        file.attrs.update(
            model=model_name, dt=dt, seed=str(seed), version=__version__, **attributes
        )


class Batches:
    """An endless source of training batches from data sets of equal length, one a class.

    Targets are the class numbers; or, for one data set, the logs of the named parameters. Windows
    shorter than a track start at a random point of it. limit: use only the first so many tracks of
    each class.
    """

    def __init__(
        self,
        data_sets: Sequence[DataSet],
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
        """n_tracks windows of n_points, float32, as many of each class, and their targets."""
        share = n_tracks // len(self._data_sets)
        if share > self._size:
            raise ValueError(
                f"a batch of {n_tracks} needs {share} tracks a class; there are {self._size}"
            )
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
