"""What a reader hands on: columns as a file has them, and tracks that are not yet on grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from numpy.typing import NDArray

from activenoise.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as the file has them.

    names: one for each column, or none at all. columns: float64 (n,), NaN in an empty cell; text
    where it is no column of numbers. units: those that the file gives beside the names, by
    column. dt: the file's interval, s, of a frame. faults: by column, where its first cell is
    that is no number. notes: what had to be decided to read it, in sentences. in_order: whether
    the rows of each track follow one another in time, as where each track is a matrix of its own.
    """

    names: Sequence[str]
    columns: Sequence[NDArray]
    units: dict[int, str] = field(default_factory=dict)
    dt: float | None = None
    unit: str | None = None
    faults: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    in_order: bool = False


@dataclass(frozen=True, eq=False)
class RawTrack:
    """One track as the file has it, not yet on a grid of times.

    label: its name, None where the file names no tracks. positions: (n, n_coordinates). clock:
    (n,), times or frame numbers, or None.
    """

    label: str | None
    positions: FloatArray
    clock: FloatArray | None


@dataclass(frozen=True)
class Clock:
    """What the clocks of tracks are: times in s, or frame numbers.

    column: its name. said_in_s: whether the file says that the times are in s, or in a unit of
    time at all.
    """

    kind: Literal["s", "frames"]
    column: str
    said_in_s: bool = True


@dataclass(frozen=True, eq=False)
class RawTracks:
    """The tracks of a file as it has them, and what it says of them.

    dt: interval, s, and unit: of the positions, where the file has them. empty: where the first
    empty cell is, if there is one. columns: all that the file has, by name. track_column: which
    said the track. notes: what had to be decided, in sentences. scaled: the unit of `dt` and of
    positions may be a program's default.
    """

    tracks: Sequence[RawTrack]
    coordinates: tuple[str, ...]
    clock: Clock | None = None
    dt: float | None = None
    unit: str | None = None
    empty: str | None = None
    columns: tuple[str, ...] = ()
    track_column: str | None = None
    notes: tuple[str, ...] = ()
