"""A record cut into segments, and numbers about a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from activenoise.arrays import FloatArray


class SegmentAnswer(NamedTuple):
    """One number about a segment. duration, start: s; sd: its spread, or nan."""

    duration: float
    start: float
    quantity: str
    value: float
    sd: float


# Index of a segment, quantity, value and sd.
IndexedAnswer = tuple[int, str, float, float]


def cut(positions: FloatArray, n_points: int) -> FloatArray:
    """Segments of n_points that follow one another, (n_segments, n_points). The record's mean, not
    the segment's, is subtracted; points that do not fill the last segment are left out."""
    centred = positions - positions.mean()
    count = len(positions) // n_points
    return centred[: count * n_points].reshape(count, n_points)


def segment_answers(
    positions: FloatArray,
    dt: float,
    lengths: Sequence[int],
    answer: Callable[[FloatArray], Iterable[IndexedAnswer]],
) -> Iterator[SegmentAnswer]:
    """The answers of `answer` to a record's segments (n_segments, n_points) of each length.

    positions: (n_points,), dt (s) apart. lengths: in points.
    """
    for n in lengths:
        segments = cut(positions, n)
        if len(segments):
            for i, quantity, value, sd in answer(segments):
                yield SegmentAnswer(n * dt, i * n * dt, quantity, value, sd)
