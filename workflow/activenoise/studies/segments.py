"""A record cut into segments, and numbers about a segment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Answer(NamedTuple):
    """One number about a stretch of a record. duration, start: s; sd: its spread, or nan."""

    duration: float
    start: float
    quantity: str
    value: float
    sd: float


def cut(positions: NDArray[np.float64], n_points: int) -> NDArray[np.float64]:
    """Segments of n_points that follow one another, (n_segments, n_points), each with the record's
    mean and not its own taken off; what does not fill the last one is left out."""
    centred = positions - positions.mean()
    count = len(positions) // n_points
    return centred[: count * n_points].reshape(count, n_points)
