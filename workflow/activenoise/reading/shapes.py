"""Tracks by the shape of a table: whole numbers that part the rows where a clock starts again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading import time_grid
from activenoise.reading.cells import BLANK

Codes = NDArray[np.int64]

_MOST_DISTINCT = 0.5  # labels per row, at most: tracks have two points or more
_JUMP = 3.0  # steps from one track to the next, in usual steps, at least, where tracks are joined


class Structure(NamedTuple):
    """A pair of columns that makes tracks of a table.

    track, clock: which columns. step: the median step of positions within the tracks it makes;
    jump: between rows of two tracks, where tracks follow one another, else None.
    """

    track: int
    clock: int
    step: float
    jump: float | None


@np.errstate(invalid="ignore")
def codes_of(column: NDArray) -> Codes | None:
    """A number (n,) for each distinct label, -1 where blank; None unless the labels are whole
    numbers or text, of which some come twice."""
    if column.dtype.kind == "f":
        blank = ~np.isfinite(column)
        if np.any(column[~blank] != np.rint(column[~blank])):
            return None
        labels = np.where(blank, 0, column)
    else:
        texts = [str(cell).strip() for cell in column.tolist()]
        labels = np.array(texts)
        blank = np.isin(labels, BLANK)
    distinct, codes = np.unique(labels[~blank], return_inverse=True)
    if not 2 <= len(distinct) <= _MOST_DISTINCT * np.count_nonzero(~blank):
        return None
    found = np.full(len(column), -1, dtype=np.int64)
    found[~blank] = codes
    return found


def in_runs(codes: Codes) -> bool:
    """Whether the rows of each label follow one another."""
    seen = codes[codes >= 0]
    return int(np.count_nonzero(np.diff(seen))) + 1 == len(np.unique(seen))


def goes_back(clock: FloatArray) -> Codes:
    """Rows at which a clock (n,) does not go on."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.flatnonzero(~(np.diff(clock) > 0)) + 1


def parts(codes: Codes, clock: FloatArray, evenly: bool) -> bool:
    """Whether each track has every value of the clock once at most, and, if asked, at even steps
    with few gaps."""
    order = np.lexsort((clock, codes))
    order = order[codes[order] >= 0]
    same = np.diff(codes[order]) == 0
    steps = np.diff(clock[order])[same]
    if not len(steps) or not np.all(steps > 0):
        return False
    return not evenly or time_grid.are_even(steps)


def structures(
    labels: Mapping[int, Codes],
    clocks: Mapping[int, FloatArray],
    positions: FloatArray | None,
    evenly: bool,
) -> list[Structure]:
    """The pairs of columns that make tracks, those of the smallest steps of positions first.

    labels: by column, of `codes_of`. clocks: by column, (n,); a pair counts only if its clock goes
    back somewhere, and not where the track stays the same. positions: (n, n_coordinates), or None.
    """
    found = []
    for c, clock in clocks.items():
        back = goes_back(clock)
        if not back.size or not np.isfinite(clock).all():
            continue
        for t, codes in labels.items():
            if t == c or np.any((codes[back] == codes[back - 1]) & (codes[back] >= 0)):
                continue
            if parts(codes, clock, evenly):
                found.append(Structure(t, c, *_steps(codes, clock, positions)))
    return sorted(found, key=lambda s: s.step)


def _steps(
    codes: Codes, clock: FloatArray, positions: FloatArray | None
) -> tuple[float, float | None]:
    """The median step of positions within tracks, and between those that follow one another."""
    if positions is None:
        return np.nan, None
    order = np.lexsort((clock, codes))
    same = np.diff(codes[order]) == 0
    within = _median_step(positions[order], same)
    if not in_runs(codes):
        return within, None
    return within, _median_step(positions, np.diff(codes) != 0)


@np.errstate(over="ignore", invalid="ignore")
def _median_step(positions: FloatArray, which: NDArray[np.bool_]) -> float:
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)[which]
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if len(steps) else np.nan


def is_plain(found: Structure) -> bool:
    """Whether positions jump where one track follows another, as far as that can be seen."""
    return found.jump is None or not found.jump < _JUMP * found.step


def clear_best(found: Iterable[Structure]) -> Structure | None:
    """The structure whose tracks move by half the steps of any other's, or less; of those that
    make the same tracks the first. None if there is no such."""
    best, *others = found
    rivals = [s for s in others if s.track != best.track]
    return None if any(not best.step * 2 <= s.step for s in rivals) else best
