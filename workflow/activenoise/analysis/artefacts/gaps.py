"""Points that were never observed: gaps that a program filled, with a straight line from one side
to the other or with the last position over and over.

A program that has lost the tracer for some frames writes such points. They are smoother than any
motion is, and a model of noise takes them for propulsion.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, poisson

from activenoise.analysis.artefacts.facts import FilledGaps
from activenoise.analysis.artefacts.grid import tolerance
from activenoise.arrays import FloatArray

_CHANCE = 1e-6  # that so many points of a record stand on the line by chance
_FEWEST = 3  # points that are called filled
_FALSE = 0.05  # part of the points on the line that may be there by chance
_MARGIN = 2.0  # times the number that chance gives by this count
_SLACK = 1.001  # for the arithmetic of the differences
_SHELL = 4  # times the tolerance: so far around the line chance is counted


def open_gaps(
    tracks: Mapping[str, Mapping[str, FloatArray]], grids: Mapping[str, float]
) -> tuple[dict[str, dict[str, FloatArray]], FilledGaps | None]:
    """Tracks with the points that were filled in left open (NaN), and how many there were; None
    where so many could stand there by chance, or a coarse rounding puts many of them there.

    tracks: positions (n_points,), length, by track and coordinate, NaN where missing. grids: steps
    of the grids on which they stand (`grid.grid_of`), length, by coordinate. A point is
    on the line if in every coordinate it is the mean of its neighbours, to the rounding of the
    numbers, and held if it is where the point before it is. How many stand there by chance is
    counted in a shell around the line, where the density of a motion is the same: of positions
    that are not rounded there are none.
    """
    names = list(next(iter(tracks.values())))
    columns = {name: [parts[name] for parts in tracks.values()] for name in names}
    allowed = {name: tolerance(x, grids[name]) for name, x in columns.items()}
    rounded = any(grids.values())
    filled = {track: np.zeros(_length(parts), bool) for track, parts in tracks.items()}
    by_chance, counts = 0.0, []
    for order in (2, 1):
        off = {track: _off(parts, allowed, order) for track, parts in tracks.items()}
        on = {track: np.all(d <= 1, axis=0) for track, d in off.items()}
        chance = _MARGIN * _by_chance(np.concatenate(list(off.values()), axis=1), order, rounded)
        count = sum(int(one.sum()) for one in on.values())
        certain = count >= _FEWEST and poisson.sf(count - 1, chance) < _CHANCE
        counts.append(count if certain else 0)
        if certain:
            by_chance += chance
            for track, one in on.items():
                filled[track] |= one
    total = sum(int(one.sum()) for one in filled.values())
    same = {track: dict(parts) for track, parts in tracks.items()}
    if not total or by_chance > _FALSE * total:
        return same, None
    found = FilledGaps(
        n_points=total,
        n_tracks=sum(bool(one.any()) for one in filled.values()),
        longest=max(_longest(one) for one in filled.values()),
        held=counts[1],
        by_chance=by_chance,
    )
    opened = {
        track: {name: np.where(filled[track], np.nan, x) for name, x in parts.items()}
        for track, parts in tracks.items()
    }
    return opened, found


def _length(parts: Mapping[str, FloatArray]) -> int:
    return len(next(iter(parts.values())))


def _off(parts: Mapping[str, FloatArray], allowed: Mapping[str, float], order: int) -> FloatArray:
    """How far each point is off the line between its neighbours (order 2), or off the point before
    it (order 1), over what rounding alone makes of 0, (n_coordinates, n_points): the difference of
    this order. Infinite at the ends and beside a gap."""
    rounding = 4.0 if order == 2 else 1.0  # the second difference takes four halves of a grid
    rows = []
    for name, x in parts.items():
        row = np.full(len(x), np.inf)
        reach = _SLACK * rounding * allowed[name]
        row[1 : len(x) - order + 1] = np.abs(np.diff(x, order)) / reach
        rows.append(np.where(np.isnan(row), np.inf, row))
    return np.array(rows)


def _by_chance(off: FloatArray, order: int, rounded: bool) -> float:
    """How many points no row of `off` (n_coordinates, n_points) puts beyond 1, if the difference
    has a density that is smooth: from the shell around, or from a normal one if that has more."""
    off = off[:, np.all(np.isfinite(off), axis=0)]
    c = len(off)
    around = int(np.sum(np.any(off > 1, axis=0) & np.all(off <= _SHELL, axis=0)))
    # On a grid, so many of its values are within 1 and within the shell.
    inner, outer = ((5, 17) if order == 2 else (1, 5)) if rounded else (1, _SHELL)
    shell = (around + 1) * inner**c / (outer**c - inner**c)
    moving = np.any(off > 1, axis=0)
    if not moving.any():
        return float(off.shape[1])
    width = np.median(off[:, moving], axis=1) / norm.ppf(0.75)
    edge = inner / (inner - 1 or 0.5) if rounded else 1.0
    normal = off.shape[1] * np.prod(2 * norm.cdf(edge / np.maximum(width, 1e-300)) - 1)
    return float(max(shell, normal))


def _longest(filled: NDArray[np.bool_]) -> int:
    """Points of the longest run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]])))
    return int(np.max(edges[1::2] - edges[::2], initial=0))
