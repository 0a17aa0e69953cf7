"""The grid on which positions stand: the rounding of a file, or the arithmetic of a computer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activenoise.arrays import FloatArray

_DECIMALS = 12  # beyond them a number is no longer written by hand or by a program
_SLACK = 1e-3  # of a grid, by which a position on it may be off
_DENSE = 8  # positions on a grid have so many neighbours on it, or the grid is only guessed


def grid_of(tracks: Sequence[FloatArray]) -> float:
    """Step (length) of the grid on which the positions (n_points,) of all tracks stand; 0 where
    they stand on none but that of their floating point numbers.

    Of numbers with a few decimals it is the greatest common divisor; of others, such as pixels
    times their size, the least distance between two of them if it divides all others.
    """
    x = np.unique(np.concatenate([one[np.isfinite(one)] for one in tracks]))
    if len(x) < 3:
        return 0.0
    steps = np.diff(x)
    spacing = 4 * np.spacing(np.abs(x).max())
    for decimals in range(_DECIMALS + 1):
        unit = 10.0**-decimals
        if unit * _SLACK < spacing:
            break
        counts = np.rint(x / unit)
        if np.all(np.abs(x - counts * unit) <= unit * _SLACK):
            return float(np.gcd.reduce(np.diff(counts).astype(np.int64)) * unit)
    least = float(steps.min())
    if least < 1e3 * spacing or len(x) * _DENSE < (x[-1] - x[0]) / least:
        return 0.0
    counts = np.rint((x - x[0]) / least)
    (slope,) = np.linalg.lstsq(counts[:, None], x - x[0])[0]
    fits = np.abs(x - x[0] - counts * slope) <= 10 * _SLACK * least
    return float(slope) if np.all(fits) else 0.0


def grids_of(tracks: Mapping[str, Mapping[str, FloatArray]]) -> dict[str, float]:
    """`grid_of` by coordinate, of positions (n_points,) by track and coordinate."""
    names = next(iter(tracks.values()))
    return {name: grid_of([parts[name] for parts in tracks.values()]) for name in names}


def tolerance(tracks: Sequence[FloatArray], grid: float) -> float:
    """How far off (length) a number may be that should be a position of these tracks: half the
    step of their grid, or what single or double precision leaves."""
    largest = max(float(np.nanmax(np.abs(one))) for one in tracks)
    single = all(np.array_equal(one, one.astype(np.float32), equal_nan=True) for one in tracks)
    number = np.finfo(np.float32 if single else np.float64).eps * largest
    return max(grid / 2, 2 * float(number))
