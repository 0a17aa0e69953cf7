"""Whether a record is like the tracks that a network was trained on.

A network answers for anything, and for what it has never seen it answers nonsense. So a few
statistics of a record that have no unit are compared with those of the training's own held-out
tracks. How far out something is, is its Mahalanobis distance (in the covariance of these tracks)
to the fifth nearest of them, for their cloud is curved, and its mean need not be inside; what that
means is the fraction of them that are farther out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

_NEIGHBOUR = 5  # whose distance counts; the nearest one's would be noisy
_SHORTER = 0.95  # part of a domain's length that a record may have
_LARGEST_LAG = 8  # of the displacements, a part of the track
_BLOCKS = 8
_FLOOR = 1e-30


def _lags(n_points: int) -> list[int]:
    return [2**k for k in range(1, 64) if 2**k <= n_points // _LARGEST_LAG]


def statistics(tracks: NDArray[np.floating]) -> FloatArray:
    """Statistics (n_tracks, k) of tracks (n_tracks, n_points), whose unit and zero do not matter.

    In order: logs of the mean square displacement at the lags 2, 4, 8 ... n_points/8 over that of a
    step; the log of the steps' <d^4>/(3 <d^2>^2); the log of the relative spread of <d^2> over
    blocks; the distance of the means of the first and the last quarter in standard deviations of x.
    ValueError for tracks of fewer than 16 points.
    """
    x = np.asarray(tracks, np.float64)
    n = x.shape[1]
    if n < 2 * _BLOCKS:
        raise ValueError(f"{n} points are too few for statistics; at least {2 * _BLOCKS}")
    squares = np.diff(x, axis=1) ** 2
    step = squares.mean(axis=1) + _FLOOR
    columns = [
        np.log(np.mean((x[:, lag:] - x[:, :-lag]) ** 2, axis=1) / step + _FLOOR) for lag in _lags(n)
    ]
    columns.append(np.log(np.mean(squares**2, axis=1) / (3 * step**2) + _FLOOR))
    used = (n - 1) // _BLOCKS * _BLOCKS
    blocks = squares[:, :used].reshape(len(x), _BLOCKS, -1).mean(axis=2)
    columns.append(np.log(blocks.std(axis=1) / step + 1 / np.sqrt(n)))
    quarter = n // 4
    gap = x[:, -quarter:].mean(axis=1) - x[:, :quarter].mean(axis=1)
    columns.append(np.abs(gap) / (x.std(axis=1) + _FLOOR))
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class Domain:
    """Where the statistics of tracks of n_points lie: mean (k,), whitening (k, k), which makes
    their covariance the unit matrix, the whitened statistics of the tracks, (n_tracks, k), and how
    far each of them is out, sorted."""

    n_points: int
    mean: FloatArray
    whitening: FloatArray
    members: FloatArray
    distances: FloatArray

    @classmethod
    def of(cls, tracks: NDArray[np.floating]) -> Domain:
        """The domain of tracks (n_tracks, n_points)."""
        values = statistics(tracks)
        if len(values) <= max(values.shape[1], _NEIGHBOUR):
            raise ValueError(
                f"{len(values)} tracks do not tell the covariance of {values.shape[1]} statistics"
            )
        mean = values.mean(axis=0)
        covariance = np.cov(values.T) + 1e-9 * np.eye(len(mean))
        whitening = np.linalg.inv(np.linalg.cholesky(covariance))
        members = (values - mean) @ whitening.T
        # The nearest of a member is itself.
        distances = np.sort(_to_neighbour(members, members, _NEIGHBOUR + 1))
        return cls(tracks.shape[1], mean, whitening, members, distances)

    def distance(self, tracks: NDArray[np.floating]) -> FloatArray:
        """How far out tracks (n_tracks, n_points) are, (n_tracks,)."""
        whitened = (statistics(tracks) - self.mean) @ self.whitening.T
        return _to_neighbour(whitened, self.members, _NEIGHBOUR)

    def farther(self, distance: FloatArray) -> FloatArray:
        """Fraction of the training's tracks that are as far out or farther; never 0."""
        count = len(self.distances) - np.searchsorted(self.distances, distance, side="left")
        return (1 + count) / (1 + len(self.distances))


def _to_neighbour(points: FloatArray, members: FloatArray, k: int) -> FloatArray:
    """Distance of each of the points to the k-th nearest of the members."""
    squares = np.sum(points**2, axis=1)[:, None] + np.sum(members**2, axis=1)
    squares -= 2 * points @ members.T
    return np.sqrt(np.maximum(np.partition(squares, k - 1, axis=1)[:, k - 1], 0.0))


_ARRAYS = ("mean", "whitening", "members", "distances")


def domain_arrays(domains: Sequence[Domain]) -> dict[str, Any]:
    """Domains as the named arrays of a file, to be read back by `read_domains`."""
    return {f"{d.n_points}/{name}": getattr(d, name) for d in domains for name in _ARRAYS}


def read_domains(arrays: Mapping[str, Any]) -> dict[int, Domain]:
    """The domains in the arrays of a file (`files.read_tree`), by number of points."""
    lengths = sorted({int(name.split("/")[0]) for name in arrays})
    return {n: Domain(n, *(arrays[f"{n}/{name}"] for name in _ARRAYS)) for n in lengths}


def familiarity(domains: Mapping[int, Domain], positions: FloatArray) -> dict[str, Any]:
    """How far out a record (n_points,) is, by its pieces of the longest length that fits into it.

    distance: of the farthest piece. farther: the fraction of the training's tracks that are farther
    out than that piece, times the number of pieces (at most 1). n_points: of a piece.
    """
    n = len(positions)
    fitting = [d for d in domains if n >= d or (n >= _SHORTER * d and _lags(n) == _lags(d))]
    if not fitting:
        raise ValueError(f"{n} points are fewer than any track of {list(domains)}")
    domain = domains[max(fitting)]
    length = min(domain.n_points, n)
    count = n // length
    distance = domain.distance(positions[: count * length].reshape(count, -1))
    farther = min(1.0, count * float(domain.farther(distance).min()))
    return {
        "n_points": domain.n_points,
        "pieces": count,
        "distance": float(distance.max()),
        "farther": farther,
    }
