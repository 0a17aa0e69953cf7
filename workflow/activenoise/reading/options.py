"""How a user says that a file is to be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from activenoise.reading.errors import RecordError
from activenoise.reading.record import MIN_POINTS

Selector = str | int


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; None, the default, leaves it to what the file says.

    What is given goes over what the file says, and the record's notes state both.

    dt: interval of the file, s, before the stride. With it, times whose unit the file leaves open
        may also be in ms, us or ns, or frames, and times that jitter are taken as even.
    unit: of the positions after scaling, e.g. "um".
    column: the coordinates, several parted by commas or in a list: a name in the header or a
        number from 0; of .npz and HDF5, the name of an array, with "[i]" for row i of (n_tracks,
        n_points); in a table of many tracks "x[12]" for column x of track 12.
    track_column: which track a row is of, by name or number, where its name is not a usual one
        (particle, TRACK_ID, Trajectory ...). Rows whose track is blank are in no track.
    time_column: times in s or frame numbers, where neither name nor equal steps tell.
    no_time: the rows of each track are at even steps of dt, whatever columns of times there are.
    one_track: the rows are one track, whatever its steps and other columns look like.
    scale: units per unit of the file, e.g. um/V; None: 1. stride: every stride-th point is kept.
    min_points: the fewest observed points, after the stride, of all tracks together.
    """

    dt: float | None = None
    unit: str | None = None
    column: Selector | list[Selector] | None = None
    track_column: Selector | None = None
    time_column: Selector | None = None
    scale: float | None = None
    stride: int = 1
    min_points: int = MIN_POINTS
    no_time: bool = False
    one_track: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.column, list):
            object.__setattr__(self, "column", ",".join(map(str, self.column)))

    @property
    def columns(self) -> list[Selector] | None:
        """The coordinates that are named; None where none is."""
        names = [
            name.strip() for name in str("" if self.column is None else self.column).split(",")
        ]
        return [name for name in names if name] or None


def check_options(path: Path, options: ReadOptions) -> None:
    """RecordError for options that cannot be, or exclude each other."""
    dt, scale, stride = options.dt, options.scale, options.stride
    if scale is not None and not (math.isfinite(scale) and scale != 0):
        raise RecordError(f"{path}: scale = {scale} must be a finite number other than 0")
    if stride != int(stride) or stride < 1:
        raise RecordError(f"{path}: stride = {stride} must be a whole number of at least 1")
    if dt is not None and not (math.isfinite(dt) and dt > 0):
        raise RecordError(f"{path}: dt = {dt} must be a positive time in s")
    if options.no_time and options.time_column is not None:
        raise RecordError(f"{path}: no_time and time_column exclude each other; give one of them")
    if options.one_track and options.track_column is not None:
        raise RecordError(
            f"{path}: one_track and track_column exclude each other; give one of them"
        )
