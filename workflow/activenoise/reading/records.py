"""Reading a file of experimental tracks: from what it holds to positions on regular grids of times.

Everything that can be wrong with a file ends in a `RecordError` of one line: the file, what is
wrong and where, what would be right. `formats` says which files can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.reading import time_grid
from activenoise.reading.columns import RawTrack, RawTracks, Selector
from activenoise.reading.errors import RecordError
from activenoise.reading.formats import read_tracks
from activenoise.reading.record import MIN_POINTS, Record, check_positions, moves, observed
from activenoise.reading.units import length_ratio, length_unit

_DT_AGREES = 0.01  # relative difference allowed between a stated dt and the file's own
_TIME_UNITS = (1e3, 1e6, 1e9)  # ms, us and ns in one s


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; None, the default, leaves it to what the file says.

    dt: interval of the file, s, before the stride; it must agree within 1 % with what the file
        says. Times whose unit the file leaves open may also be in ms, us or ns, or frames.
    unit: of the positions after scaling, e.g. "um".
    column: the coordinates, several parted by commas: a name in the header or a number from 0; of
        .npz and HDF5, the name of an array, with "[i]" for row i of (n_tracks, n_points); in a
        table of many tracks "x[12]" for column x of track 12.
    track_column: which track a row is of, by name or number, where its name is not a usual one
        (particle, TRACK_ID, Trajectory ...). Rows whose track is blank are in no track.
    time_column: times in s or frame numbers, where neither name nor equal steps tell.
    scale: units per unit of the file, e.g. um/V. stride: every stride-th point is kept.
    min_points: the fewest observed points, after the stride, of all tracks together.
    """

    dt: float | None = None
    unit: str | None = None
    column: Selector | None = None
    track_column: Selector | None = None
    time_column: Selector | None = None
    scale: float = 1.0
    stride: int = 1
    min_points: int = MIN_POINTS


def read(path: str | Path, options: ReadOptions | None = None, **given: Any) -> Record:
    """All tracks of a file, in the coordinates that are named or found, each on a grid of times.

    options: how to read it; any of them may be given by name, as in read(path, dt=0.01, unit="um").

    Coordinates are found by the names x, y and z (without a z that never changes), or by being
    alone. A missing frame, an empty cell or NaN is NaN on the grid; nothing is interpolated. Of
    many tracks, those of a single point and those that never move are left out.
    Raises RecordError for anything that makes the file unusable.
    """
    path, options = Path(path), replace(options or ReadOptions(), **given)
    columns = selectors(options.column)
    raw = read_tracks(path, columns, options.track_column, options.time_column)
    return on_grids(path, raw, options)


def on_grids(path: Path, raw: RawTracks, options: ReadOptions) -> Record:
    """Tracks as a file has them as a record: on grids of times, scaled, in a unit, and checked.

    path: of the file, or a name of what holds them, for messages. RecordError as in `read`.
    """
    _check_options(path, options)
    several, stride = len(raw.tracks) > 1, int(options.stride)
    step = None if raw.tracks[0].label is None else _common_step(raw)
    gridded: dict[str, tuple[FloatArray, time_grid.Grid]] = {}
    gaps: dict[str, str] = {}
    for track in raw.tracks:
        name = str(track.label) if several else ""
        where = f"{path}: track {track.label}" if track.label else str(path)
        gridded[name] = _on_grid(where, track, raw, step, options.dt)
        if gap := _missing(where, track.positions, raw.empty) or gridded[name][1].gap:
            gaps[name] = gap
    own_dts = [grid.dt for _, grid in gridded.values() if grid.dt is not None]
    clock_dt = float(np.median(own_dts)) if own_dts else None
    starts = _starts(raw, list(gridded), clock_dt)
    # On a common clock, every track keeps the points of the same moments.
    tracks = {
        name: _scaled(path, x[-starts.get(name, 0) % stride :: stride], options.scale)
        for name, (x, _) in gridded.items()
    }
    dt = _interval(path, raw, clock_dt, options)
    unit = _unit(path, raw.unit, options.unit, options.scale)
    usable = _usable(path, tracks, options)
    return Record(
        tracks=usable,
        coordinates=raw.coordinates,
        dt=dt * stride,
        unit=unit,
        path=path,
        left_out=len(tracks) - len(usable),
        gaps={name: gap for name, gap in gaps.items() if name in usable},
        starts={name: -(-start // stride) for name, start in starts.items() if name in usable},
    )


def selectors(column: Selector | None) -> list[Selector] | None:
    """The coordinates of a list parted by commas; None where none is named."""
    names = [name.strip() for name in str("" if column is None else column).split(",")]
    return [name for name in names if name] or None


def _check_options(path: Path, options: ReadOptions) -> None:
    dt, scale, stride = options.dt, options.scale, options.stride
    if not (np.isfinite(scale) and scale != 0):
        raise RecordError(f"{path}: scale = {scale} must be a finite number other than 0")
    if stride != int(stride) or stride < 1:
        raise RecordError(f"{path}: stride = {stride} must be a whole number of at least 1")
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise RecordError(f"{path}: dt = {dt} must be a positive time in s")


def _usable(
    path: Path, tracks: dict[str, FloatArray], options: ReadOptions
) -> dict[str, FloatArray]:
    """The one track of a file, or those of many that move and have two points or more."""
    if len(tracks) == 1:
        (alone,) = tracks.values()
        check_positions(path, alone, options.min_points, options.stride)
        return tracks
    counts = {name: np.count_nonzero(observed(x)) for name, x in tracks.items()}
    usable = {name: x for name, x in tracks.items() if counts[name] > 1 and moves(x)}
    total = sum(counts[name] for name in usable)
    if total < options.min_points or not usable:
        raise RecordError(
            f"{path}: {len(usable)} of its {len(tracks)} tracks move and have two points or more, "
            f"{total} together; at least {options.min_points} are needed"
        )
    return usable


def _starts(raw: RawTracks, names: Sequence[str], clock_dt: float | None) -> dict[str, int]:
    """By track, the intervals from the first point of all to its first point, where the tracks
    have a clock whose times lie on one grid. clock_dt: its interval, of times."""
    first = np.array([track.clock[0] for track in raw.tracks if track.clock is not None])
    step = 1.0 if raw.clock == "frames" else clock_dt
    if raw.clock is None or step is None or len(first) < len(names):
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        index, on_grid = time_grid.whole_intervals(first - first.min(), step)
    return dict(zip(names, index.tolist(), strict=True)) if on_grid else {}


def _common_step(raw: RawTracks) -> float | None:
    """The usual step of many tracks, each of which may be too short to tell."""
    if raw.clock not in ("s", "open", "whole"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        steps = [np.diff(track.clock) for track in raw.tracks if track.clock is not None]
    joined = np.concatenate(steps) if steps else np.empty(0)
    joined = joined[np.isfinite(joined) & (joined > 0)]
    return float(np.median(joined)) if joined.size else None


def _on_grid(
    where: str, track: RawTrack, raw: RawTracks, step: float | None, dt: float | None
) -> tuple[FloatArray, time_grid.Grid]:
    """Positions (n_grid, n_coordinates), NaN where none, and their grid by the clock."""
    if np.isinf(track.positions).any():
        raise RecordError(_not_finite(where, track.positions, np.isinf(track.positions)))
    if track.clock is None:
        return track.positions, time_grid.Grid(np.arange(len(track.positions)))
    if raw.clock == "frames":
        grid = time_grid.from_frames(where, track.clock)
    elif step is not None and len(track.clock) == 1:  # one spot, in a table of many tracks
        time_grid.check_times(where, track.clock)
        grid = time_grid.Grid(np.zeros(1, dtype=np.int64))
    else:
        grid = time_grid.from_times(where, track.clock, step, dt)
    if grid.points[-1] == len(grid.points) - 1:
        return track.positions, grid
    positions = np.full((grid.points[-1] + 1, track.positions.shape[1]), np.nan)
    positions[grid.points] = track.positions
    return positions, grid


def _missing(where: str, recorded: FloatArray, empty: str | None) -> str | None:
    """Where the first NaN among recorded positions (n, n_coordinates) is, as an error says it.

    empty: where the first empty cell of the file is.
    """
    missing = np.isnan(recorded)
    if not missing.any():
        return None
    return _not_finite(where, recorded, missing) if empty is None else f"{where}: {empty}"


def _not_finite(where: str, recorded: FloatArray, bad: np.ndarray) -> str:
    point, coordinate = (int(i) for i in np.argwhere(bad)[0])
    n_bad = int(np.count_nonzero(bad.any(axis=1)))
    return (
        f"{where}: position at point {point} is {recorded[point, coordinate]} ({n_bad} of "
        f"{len(recorded)} are not finite); cut the record there, every point must be a number"
    )


def _scaled(path: Path, positions: FloatArray, scale: float) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        scaled = positions * scale
    if np.isinf(scaled).any():
        raise RecordError(f"{path}: scale = {scale:g} makes positions infinite; give a smaller one")
    return scaled


def _interval(path: Path, raw: RawTracks, clock_dt: float | None, options: ReadOptions) -> float:
    """The interval of the file, s: the given one goes first, but must not contradict the file.

    It may carry more digits than a printed time column. clock_dt: by the file's own times.
    """
    dt, unit = options.dt, options.unit
    said = [own for own in (raw.dt, clock_dt) if own is not None]
    if not said and dt is None:
        also = "" if unit or raw.unit else ", and unit, e.g. um"
        frames = " (its frames are numbers)" if raw.clock == "frames" else ""
        raise RecordError(
            f"{path}: the interval is not known{frames}; give dt in s{also}"
            + ("" if frames else ", or the column that holds the times")
        )
    interval = said[0] if dt is None else dt
    factors = (1.0, *_TIME_UNITS) if raw.clock == "open" else (1.0,)
    if dt is not None and raw.clock == "whole" and clock_dt == 1:
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
