"""Steps between the points of tracks: how large the largest is, and whether tracks were joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

LARGE = 20.0  # rms steps: no motion that these models know has a larger one
_FAR = 5.0  # of the rms of the motion beside it: a stage jumps by less, joined tracks by more
_BESIDE = 1000  # points on each side of a jump, by which the motion is measured
_NORMAL = 0.6745  # median of the absolute value of a normal number of variance 1


class Largest(NamedTuple):
    """The largest step: in rms steps, by itself, and the point (of the grid) after it."""

    size: float
    length: float
    point: int


def rms_step(tracks: Iterable[FloatArray]) -> FloatArray:
    """The rms step (n_coordinates,) of tracks (n, n_coordinates), without their outliers.

    From the median of the absolute steps; where most points do not move, from all but the
    largest hundredth. 0 where nothing steps.
    """
    joined = np.concatenate([_steps(x)[0] for x in tracks])
    if not len(joined):
        return np.zeros(joined.shape[1])
    sizes = np.abs(joined)
    robust = np.median(sizes, axis=0) / _NORMAL
    kept = np.sort(sizes, axis=0)[: max(1, int(0.99 * len(sizes)))]
    with np.errstate(over="ignore"):
        return np.where(robust > 0, robust, np.sqrt(np.mean(kept**2, axis=0)))


def largest(positions: FloatArray, rms: FloatArray) -> Largest | None:
    """The largest step of a track (n, n_coordinates). rms: of `rms_step`. None without steps."""
    steps, points = _steps(positions)
    moving = rms > 0
    if not len(steps) or not moving.any():
        return None
    in_rms = np.abs(steps[:, moving]) / rms[moving]
    row, coordinate = np.unravel_index(int(np.argmax(in_rms)), in_rms.shape)
    length = float(np.abs(steps[:, moving][row, coordinate]))
    return Largest(float(in_rms[row, coordinate]), length, int(points[row + 1]))


def looks_joined(positions: FloatArray, rms: FloatArray) -> bool:
    """Whether a track (n, n_coordinates) looks like several, one after another.

    It then jumps, by many rms steps and farther than it moves beside the jump, to places where it
    has not been. A spike comes back, and so does a tracer that hops between two traps.
    """
    steps, _ = _steps(positions)
    moving = rms > 0
    steps, rms = steps[:, moving], rms[moving]
    jumps = np.abs(steps) > LARGE * rms
    where = np.flatnonzero(jumps.any(axis=1))
    if not where.size:
        return False
    smooth = np.concatenate([np.zeros((1, len(rms))), np.cumsum(np.where(jumps, 0, steps), axis=0)])

    def is_far(row: int) -> bool:
        beside = smooth[max(0, row - _BESIDE) : row + _BESIDE]
        return bool(np.any(jumps[row] & (np.abs(steps[row]) > _FAR * beside.std(axis=0))))

    far = np.array([row for row in where.tolist() if is_far(row)])
    if not far.size:
        return False
    whole = np.concatenate([np.zeros((1, len(rms))), np.cumsum(steps, axis=0)])
    places = np.array([part.mean(axis=0) for part in np.split(whole, far + 1)])
    near = np.abs(steps[far]).max(axis=0) / 4
    returns = [
        bool((np.abs(places[:i] - places[i]) <= near).all(axis=1).any())
        for i in range(2, len(places))
    ]
    return not returns or 2 * sum(returns) < len(returns)


@np.errstate(over="ignore", invalid="ignore")
def _steps(positions: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Steps (n - 1, n_coordinates) between observed points, those over a gap of g intervals by
    sqrt(g) shorter, and the points (n,)."""
    points = np.flatnonzero(np.isfinite(positions).all(axis=1))
    seen = positions[points]
    steps = np.diff(seen, axis=0) / np.sqrt(np.diff(points))[:, None]
    return np.nan_to_num(steps, nan=0.0, posinf=0.0, neginf=0.0), points
