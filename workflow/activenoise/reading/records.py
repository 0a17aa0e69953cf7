"""Experimental tracks: reading records from a file, and checking them.

A record is one tracer at a fixed interval, in one coordinate or more. Everything that can be
wrong with a file ends in a `RecordError` of one line: the file, what is wrong and where, what
would be right. The formats are those of `formats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading import time_grid
from activenoise.reading.columns import Selector, Track, Tracks, length_ratio, length_unit, listed
from activenoise.reading.errors import RecordError
from activenoise.reading.formats import read_tracks

MIN_POINTS = 100
_DT_AGREES = 0.01  # relative difference allowed between a stated dt and the file's own
_TIME_UNITS = (1e3, 1e6, 1e9)  # ms, us and ns in one s


@dataclass(frozen=True, eq=False)
class Record:
    """One tracer at a fixed interval.

    positions: float64 (n,), or (n, n_coordinates), in `unit`, as recorded (offset included); NaN
    where there is no observation.
    dt: interval between the positions, s, after any stride.
    coordinates: their names in the file.
    """

    positions: FloatArray
    dt: float
    unit: str
    name: str
    path: Path
    coordinates: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def duration(self) -> float:
        """n dt, s."""
        return len(self.positions) * self.dt

    @property
    def centred(self) -> FloatArray:
        """Positions less their mean over what was observed: the models' trap is at 0."""
        return self.positions - np.nanmean(self.positions, axis=0)

    @property
    def n_observed(self) -> int:
        """Grid points with an observation, of every coordinate."""
        return int(np.count_nonzero(_observed(self.positions)))


def read_record(
    path: str | Path,
    dt: float | None = None,
    unit: str | None = None,
    column: Selector | None = None,
    time_column: Selector | None = None,
    scale: float = 1.0,
    stride: int = 1,
    min_points: int = MIN_POINTS,
    gaps: bool = False,
) -> Record:
    """One coordinate of one track, read and checked: positions (n,).

    dt: interval of the FILE, s; not needed where the file has it, and then it must agree within
        1 %. Times whose unit the file leaves open may also be in ms, us or ns, or frames.
    unit: of the positions after scaling, e.g. "um"; not needed where the file has it.
    column: a header's name or a number from 0; .npz and HDF5, an array's name, with "[i]" for
        row i of a table (n_tracks, n_points), default row 0; in a table of many tracks "x[i]" for
        column x of track i. May be left out where there is no choice.
    time_column: as column, times in s; may be left out where its name or its equal steps tell.
    scale: units per unit of the file, e.g. um/V. stride: every stride-th point is kept.
    min_points: the fewest observed points, after the stride.
    gaps: a missing frame, an empty cell or NaN is a NaN in the record instead of an error.

    Raises RecordError for anything that makes the record unusable.
    """
    path = Path(path)
    _check_options(path, dt, scale, stride)
    columns = None if column is None else [column]
    tracks = read_tracks(path, columns, time_column, first_row=True)
    return _one(path, tracks, dt, unit, scale, stride, min_points, gaps)


def _one(
    path: Path,
    tracks: Tracks,
    dt: float | None,
    unit: str | None,
    scale: float,
    stride: int,
    min_points: int,
    gaps: bool,
) -> Record:
    """The one track in one coordinate of `read_record`."""
    if len(tracks.tracks) > 1:
        labels = [str(track.label) for track in tracks.tracks]
        raise RecordError(
            f"{path}: it holds {listed(labels)}; name one in the column, as "
            f"{tracks.coordinates[0]}[{labels[0]}]"
        )
    if len(tracks.coordinates) > 1:
        raise RecordError(
            f"{path}: the column is not known; its coordinates are "
            f"{', '.join(tracks.coordinates)}: name one"
        )
    (found,) = _records(path, tracks, dt, unit, scale, stride, gaps)
    _check_values(path, found, min_points, stride)
    return _replaced(found, found.positions[:, 0])


def read_coordinates(path: str | Path, column: str | None = None, **options: Any) -> Record:
    """One track in one coordinate or more, gaps allowed: positions (n, n_coordinates).

    column: as in `read_record`; several, parted by commas, for several coordinates. options: of
    `read_record`. Raises RecordError, also where the file has more than one such track.
    """
    names = _selectors(column)
    if len(names) < 2:
        found = read_record(path, column=names[0] if names else None, gaps=True, **options)
        return _replaced(found, found.positions[:, None])
    tracks = read_records(path, columns=names, gaps=True, **options)
    if len(tracks) > 1:
        raise RecordError(
            f"{path}: it holds {len(tracks)} tracks; name one in the columns, as {names[0]}[0]"
        )
    return tracks[0]


def _selectors(column: str | None) -> list[Selector]:
    """The names in a list parted by commas."""
    return [name.strip() for name in (column or "").split(",") if name.strip()]


class RecordSet(NamedTuple):
    """records: tracks that can be used, positions (n, n_coordinates) each, gaps allowed. left_out:
    how many of a table cannot: they have a single point, or never move."""

    records: list[Record]
    left_out: int


def read_set(
    path: str | Path,
    column: str | None = None,
    dt: float | None = None,
    unit: str | None = None,
    scale: float = 1.0,
    stride: int = 1,
    min_points: int = MIN_POINTS,
) -> RecordSet:
    """One track as `read_coordinates` has it, or all those of a table of many.

    column: names of coordinates, parted by commas; "x[12]" is one track. A table of many tracks
    has by default all its coordinates. min_points: of all tracks together. Raises RecordError.
    """
    path = Path(path)
    _check_options(path, dt, scale, stride)
    names = _selectors(column)
    tracks = read_tracks(path, names or None, first_row=len(names) < 2)
    there = len(tracks.tracks)
    if there == 1 and len(names) < 2:
        found = _one(path, tracks, dt, unit, scale, stride, min_points, gaps=True)
        return RecordSet([_replaced(found, found.positions[:, None])], 0)
    records = _records(path, tracks, dt, unit, scale, stride, gaps=True)
    if there == 1:
        _check_values(path, records[0], min_points, stride)
        return RecordSet(records, 0)
    moving = [record for record in records if record.n_observed > 1 and _moves(record)]
    total = sum(record.n_observed for record in moving)
    if total < min_points:
        raise RecordError(
            f"{path}: {len(moving)} of its {there} tracks move and have two points or more, "
            f"{total} together; at least {min_points} are needed"
        )
    return RecordSet(moving, there - len(moving))


def read_records(
    path: str | Path,
    dt: float | None = None,
    unit: str | None = None,
    columns: Sequence[Selector] | None = None,
    time_column: Selector | None = None,
    track_column: Selector | None = None,
    scale: float = 1.0,
    stride: int = 1,
    min_points: int = 2,
    gaps: bool = True,
) -> list[Record]:
    """Every track of a file, by name, each on its own regular grid of times.

    Positions are (n,) for one coordinate, (n, n_coordinates) for more. columns: the coordinates;
    default those called x, y and z (without a z that never changes), or the only one there is.
    track_column: which track a row is of; not needed for the usual names (particle, TRACK_ID,
    Trajectory ...). Rows whose track is blank are in no track. The rest as in `read_record`,
    where unit and dt hold for the whole file.

    Of many tracks, those with fewer than min_points observed points, and those that never move,
    are left out. Raises RecordError if no track is left, or if one is not what a track can be.
    """
    path = Path(path)
    _check_options(path, dt, scale, stride)
    if isinstance(columns, str | int):
        raise RecordError(f"{path}: columns must be a list of names, such as [{columns!r}]")
    tracks = read_tracks(path, columns, time_column, track_column)
    found = _records(path, tracks, dt, unit, scale, stride, gaps)
    if len(found) > 1:
        lengths = [record.n_observed for record in found]
        found = [record for record in found if record.n_observed >= min_points and _moves(record)]
        if not found:
            raise RecordError(
                f"{path}: none of its {len(lengths)} tracks moves and has {min_points} points; the "
                f"longest has {max(lengths)}"
            )
    else:
        _check_values(path, found[0], min_points, stride)
    if len(tracks.coordinates) == 1:
        found = [_replaced(record, record.positions[:, 0]) for record in found]
    return found


def _replaced(record: Record, positions: FloatArray) -> Record:
    return Record(
        np.ascontiguousarray(positions),
        record.dt,
        record.unit,
        record.name,
        record.path,
        record.coordinates,
    )


def _check_options(path: Path, dt: float | None, scale: float, stride: int) -> None:
    if not (np.isfinite(scale) and scale != 0):
        raise RecordError(f"{path}: scale = {scale} must be a finite number other than 0")
    if stride != int(stride) or stride < 1:
        raise RecordError(f"{path}: stride = {stride} must be a whole number of at least 1")
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise RecordError(f"{path}: dt = {dt} must be a positive time in s")


def _records(
    path: Path,
    tracks: Tracks,
    dt: float | None,
    unit: str | None,
    scale: float,
    stride: int,
    gaps: bool,
) -> list[Record]:
    """Every track on its grid, scaled and strided: positions (n, n_coordinates)."""
    stride = int(stride)
    several = len(tracks.tracks) > 1 or tracks.selected
    step = _common_step(tracks) if several else None
    gridded: list[FloatArray] = []
    own_dts: list[float] = []
    for track in tracks.tracks:
        where = f"{path}: track {track.label}" if several and track.label else str(path)
        _check_finite(where, track.positions, tracks.empty, gaps)
        positions, own_dt = _on_grid(where, track, tracks, step, dt, gaps)
        gridded.append(positions)
        own_dts += [] if own_dt is None else [own_dt]
    interval = _interval(path, tracks, float(np.median(own_dts)) if own_dts else None, dt, unit)
    length = _unit(path, tracks.unit, unit, scale)
    return [
        Record(
            positions=_scaled(path, positions[::stride], scale),
            dt=interval * stride,
            unit=length,
            name=path.stem + (f"-{track.label}" if several and track.label else ""),
            path=path,
            coordinates=tracks.coordinates,
        )
        for track, positions in zip(tracks.tracks, gridded, strict=True)
    ]


def _common_step(tracks: Tracks) -> float | None:
    """The usual step of many tracks, each of which may be too short to tell."""
    if tracks.clock not in ("s", "open", "whole"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        steps = [np.diff(track.clock) for track in tracks.tracks if track.clock is not None]
    joined = np.concatenate(steps) if steps else np.empty(0)
    joined = joined[np.isfinite(joined) & (joined > 0)]
    return float(np.median(joined)) if joined.size else None


def _on_grid(
    where: str, track: Track, tracks: Tracks, step: float | None, dt: float | None, gaps: bool
) -> tuple[FloatArray, float | None]:
    """Positions (n_grid, n_coordinates), NaN where none, and the interval by its clock."""
    if track.clock is None:
        return track.positions, None
    if tracks.clock == "frames":
        index, own_dt = time_grid.from_frames(where, track.clock, gaps), None
    elif step is not None and len(track.clock) == 1:  # one spot, in a table of many tracks
        time_grid.check_times(where, track.clock)
        index, own_dt = np.zeros(1, dtype=np.int64), None
    else:
        index, own_dt = time_grid.from_times(where, track.clock, gaps, step, dt)
    if index[-1] == len(index) - 1:
        return track.positions, own_dt
    grid = np.full((index[-1] + 1, track.positions.shape[1]), np.nan)
    grid[index] = track.positions
    return grid, own_dt


def _scaled(path: Path, positions: FloatArray, scale: float) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        scaled = positions * scale
    if np.isinf(scaled).any():
        raise RecordError(f"{path}: scale = {scale:g} makes positions infinite; give a smaller one")
    return scaled


def _interval(
    path: Path, tracks: Tracks, clock_dt: float | None, dt: float | None, unit: str | None
) -> float:
    """The interval of the file, s: the given one goes first, but must not contradict the file.

    It may carry more digits than a printed time column. clock_dt: by the file's own times.
    """
    said = [own for own in (tracks.dt, clock_dt) if own is not None]
    if not said and dt is None:
        also = "" if unit or tracks.unit else ", and unit, e.g. um"
        frames = " (its frames are numbers)" if tracks.clock == "frames" else ""
        raise RecordError(
            f"{path}: the interval is not known{frames}; give dt in s{also}"
            + ("" if frames else ", or the column that holds the times")
        )
    interval = said[0] if dt is None else dt
    factors = (1.0, *_TIME_UNITS) if tracks.clock == "open" else (1.0,)
    if dt is not None and tracks.clock == "whole" and clock_dt == 1:
        said.remove(clock_dt)  # the times named are frames
    for own in said:
        possible = factors if own is clock_dt else (1.0,)
        if not any(abs(interval * factor / own - 1) <= _DT_AGREES for factor in possible):
            given = f"its dt = {interval:g} s" if dt is None else f"dt = {interval:g} s was given"
            raise RecordError(
                f"{path}: {given}, but the file's own interval is {own:g} s; correct dt"
                + ("" if dt is None else " or leave it out")
            )
    return interval


def _unit(path: Path, own: str | None, unit: str | None, scale: float) -> str:
    """The length unit after scaling."""
    if unit is None:
        if own is None:
            raise RecordError(f"{path}: the length unit is not known; give unit, e.g. um")
        if scale != 1:
            raise RecordError(
                f"{path}: the file says {own}, and scale = {scale:g} makes it another unit; give "
                "that as unit"
            )
        return own
    if own is not None and scale == 1 and length_unit(unit) != length_unit(own):
        ratio = length_ratio(unit, own)
        right = f"scale = {ratio:g}" if ratio else "the scale between them"
        raise RecordError(
            f"{path}: unit {unit} was given, but the file says {own}; give {right} or leave the "
            "unit out"
        )
    return unit


def _observed(positions: FloatArray) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = np.isfinite(positions)
    return seen if seen.ndim == 1 else np.all(seen, axis=1)


def _moves(record: Record) -> bool:
    seen = record.positions[_observed(record.positions)]
    return bool(len(seen)) and not bool(np.all(seen == seen[0]))


def _check_values(path: Path, record: Record, min_points: int, stride: int) -> None:
    n = record.n_observed
    if n < min_points:
        of = f" (1 in {stride})" if stride > 1 else ""
        missing = f", {len(record) - n} more are missing" if n < len(record) else ""
        raise RecordError(f"{path}: only {n} points{of}{missing}; at least {min_points} are needed")
    if not _moves(record):
        first = ", ".join(f"{x:g}" for x in record.positions[_observed(record.positions)][:1].flat)
        raise RecordError(
            f"{path}: every position is {first or 'missing'}; a record that never moves is not a "
            "track"
        )


def _check_finite(where: str, recorded: FloatArray, empty: str | None, gaps: bool) -> None:
    """NaN is a gap; an infinite position, or a NaN where gaps are refused, is an error.

    empty: where the first empty cell of the file is.
    """
    bad = np.isinf(recorded) if gaps else ~np.isfinite(recorded)
    if not bad.any():
        return
    if empty is not None and not gaps:
        raise RecordError(f"{where}: {empty}")
    point, coordinate = (int(i) for i in np.argwhere(bad)[0])
    n_bad = int(np.count_nonzero(bad.any(axis=1)))
    raise RecordError(
        f"{where}: position at point {point} is {recorded[point, coordinate]} ({n_bad} of "
        f"{len(recorded)} are not finite); cut the record there, every point must be a number"
    )
