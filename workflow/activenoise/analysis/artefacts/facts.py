"""What was found in a record that is no motion of the tracer, in plain typed numbers; a part of
`analysis.facts`. Lengths are in the record's unit, times in s. No numerics here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FilledGaps:
    """Points that a program filled in. n_points of them, in n_tracks, at most `longest` in a row;
    `held` of them are where the point before is, the others on the line between their neighbours.
    by_chance: at most about so many would stand there by chance."""

    n_points: int
    n_tracks: int
    longest: int
    held: int
    by_chance: float
