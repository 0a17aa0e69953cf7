"""Batches of labelled tracks, from which a network learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from activenoise.arrays import Float32Array
from activenoise.files import DataSet

Targets = Float32Array | Callable[[Float32Array], Float32Array]
Batch = tuple[Float32Array, Targets]


class Source(Protocol):
    """An endless supply of labelled tracks."""

    def batch(self, n_tracks: int, n_points: int) -> Batch:
        """Tracks (n_tracks, n_points) and their targets: (n_tracks,) class numbers in equal
        parts, or (n_tracks, n_targets), or what gives labels of the frames (n_tracks, n_frames, k)
        from the tracks as a network gets them, which may be mirrored or reversed."""


class Batches:
    """An endless source of training batches from data sets of equal length, one a class.

    Targets are the class numbers; or, for one data set, the logs of the named parameters. Windows
    shorter than a track start at a random point of it. limit: use only the first so many tracks of
    each class. labels: gives labels in place of these (`exact_labels.ExactLabels`,
    `exact_moments.ExactMoments`).
    """

    def __init__(
        self,
        data_sets: Sequence[DataSet],
        targets: Sequence[str] | None = None,
        seed: int = 0,
        limit: int | None = None,
        labels: Callable[[slice, Float32Array], Float32Array] | None = None,
    ) -> None:
        self._data_sets = data_sets
        self._size = min(limit or len(data_sets[0]), *map(len, data_sets), len(data_sets[0]))
        self._row = 0
        self._random = np.random.default_rng(seed)
        self._targets = data_sets[0].log_parameters(targets) if targets else None
        self._labels = labels

    def batch(self, n_tracks: int, n_points: int) -> Batch:
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
        tracks = np.concatenate(parts)
        if self._labels is not None:
            return tracks, partial(self._labels, rows)
        if self._targets is not None:
            return tracks, self._targets[rows].astype(np.float32)
        return tracks, np.repeat(np.arange(len(parts), dtype=np.float32), share)
