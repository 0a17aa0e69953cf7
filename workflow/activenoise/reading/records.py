"""Reading a file of experimental tracks: from what it holds to positions on regular grids of times.

Everything that can be wrong with a file ends in a `RecordError` of one line: the file, what is
wrong and where, what would be right. `formats` says which files can be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.reading import steps, time_grid
from activenoise.reading.errors import RecordError
from activenoise.reading.formats import read_tracks
from activenoise.reading.interval_and_unit import interval_of, unit_of
from activenoise.reading.options import ReadOptions as ReadOptions
from activenoise.reading.options import check_options
from activenoise.reading.record import Record, check_positions, moves, observed
from activenoise.reading.table import RawTrack, RawTracks
from activenoise.reading.told import WhatWasRead

_MOST_LOST = 0.5  # of the points of a table may be in tracks that cannot be used


def read(path: str | Path, options: ReadOptions | None = None, **given: Any) -> Record:
    """All tracks of a file, in the coordinates that are named or found, each on a grid of times.

    options: how to read it; any of them may be given by name, as in read(path, dt=0.01, unit="um").

    Coordinates are found by the names x, y and z (without a z that never changes), or by being
    alone. A missing frame, an empty cell, NaN or an infinite number is NaN on the grid; nothing is
    interpolated. Of many tracks, those of a single point, those that never move and those without
    a clock that goes on are left out. The record's notes say what had to be decided.
    Raises RecordError for anything that makes the file unusable, and for a file that can be read
    in two ways, with the option that says which.
    """
    path, options = Path(path), replace(options or ReadOptions(), **given)
    check_options(path, options)
    return on_grids(path, read_tracks(path, options), options)


def on_grids(path: Path, raw: RawTracks, options: ReadOptions) -> Record:
    """Tracks as a file has them as a record: on grids of times, scaled, in a unit, and checked.

    path: of the file, or a name of what holds them, for messages. RecordError as in `read`.
    """
    stride = int(options.stride)
    grids = _gridded(path, raw, options)
    starts = _starts(raw, grids)
    scale = 1.0 if options.scale is None else float(options.scale)
    # On a common clock, every track keeps the points of the same moments.
    tracks = {
        name: _scaled(path, x[-starts.get(name, 0) % stride :: stride], scale)
        for name, x in grids.positions.items()
    }
    interval = interval_of(path, raw, grids.dt, options)
    unit = unit_of(path, raw.unit, options)
    usable = _usable(path, tracks, len(grids.failed), options)
    rms, step_notes = _checked_steps(path, usable, options)
    left_out = len(raw.tracks) - len(usable)
    notes = [*raw.notes, *grids.notes, *interval.notes, *unit.notes, *step_notes]
    silent = len(tracks) - len(usable)
    if silent:
        notes.append(f"Left out: {_tracks(silent)} of a single point, or without any motion.")
    record = Record(
        tracks=usable,
        coordinates=raw.coordinates,
        dt=interval.dt * stride,
        unit=unit.unit,
        path=path,
        left_out=left_out,
        gaps={name: gap for name, gap in grids.gaps.items() if name in usable},
        starts={name: -(-start // stride) for name, start in starts.items() if name in usable},
        notes=tuple(dict.fromkeys(notes)),
    )
    every = f", every {stride} points" if stride > 1 else ""
    return replace(record, what=_described(record, raw, interval.origin + every, unit.origin, rms))


def _described(
    record: Record, raw: RawTracks, dt_from: str, unit_from: str, rms: FloatArray
) -> WhatWasRead:
    seen = sum(int(np.count_nonzero(observed(x))) for x in record.tracks.values())
    largest = [found for x in record.tracks.values() if (found := steps.largest(x, rms))]
    time_column = None if raw.clock is None else raw.clock.column
    used = {*raw.coordinates, raw.track_column, time_column}
    return WhatWasRead(
        tracks=len(record.tracks),
        points=seen,
        coordinates=raw.coordinates,
        unused=tuple(name for name in raw.columns if name not in used),
        track_column=raw.track_column,
        time_column=time_column,
        dt=record.dt,
        dt_from=dt_from,
        unit=record.unit,
        unit_from=unit_from,
        missing=sum(map(len, record.tracks.values())) - seen,
        left_out=record.left_out,
        largest_step=max((found.size for found in largest), default=None),
    )


def _usable(
    path: Path, tracks: Mapping[str, FloatArray], n_failed: int, options: ReadOptions
) -> dict[str, FloatArray]:
    """The one track of a file, or those of many that move and have two points or more."""
    if len(tracks) == 1 and not n_failed:
        (alone,) = tracks.values()
        check_positions(path, alone, options.min_points, options.stride)
        return dict(tracks)
    counts = {name: np.count_nonzero(observed(x)) for name, x in tracks.items()}
    usable = {name: x for name, x in tracks.items() if counts[name] > 1 and moves(x)}
    total = sum(counts[name] for name in usable)
    if total < options.min_points or not usable:
        raise RecordError(
            f"{path}: {len(usable)} of its {len(tracks) + n_failed} tracks move and have two "
            f"points or more, {total} together; at least {options.min_points} are needed"
        )
    return usable


def _checked_steps(
    path: Path, tracks: Mapping[str, FloatArray], options: ReadOptions
) -> tuple[FloatArray, list[str]]:
    """The rms step (n_coordinates,), and notes of steps that are very large. RecordError where
    what should be one track looks like several."""
    rms = steps.rms_step(tracks.values())
    sizes = {name: steps.largest(x, rms) for name, x in tracks.items()}
    large = {name: found for name, found in sizes.items() if found and found.size > steps.LARGE}
    if not large:
        return rms, []
    name, worst = max(large.items(), key=lambda item: item[1].size)
    far = f"by {worst.length:.3g}, {worst.size:.0f} times the rms step"
    if len(tracks) > 1:
        return rms, [
            f"{len(large)} of {len(tracks)} tracks have a step of more than {steps.LARGE:.0f} rms "
            f"steps, the largest track {name} before its point {worst.point} ({far}): check how "
            "the spots were linked."
        ]
    if not options.one_track and steps.looks_joined(tracks[name], rms):
        raise RecordError(
            f"{path}: before point {worst.point} it steps {far}: are several tracks joined? Name "
            "the column that says which track a row is of as track_column, or say one_track if it "
            "is one"
        )
    return rms, [f"The record has a very large step, before its point {worst.point} ({far})."]


@dataclass(eq=False)
class _Grids:
    """positions: by track, (n_grid, n_coordinates), NaN where none. first: the clock of the first
    point of each. dt: of the times, s. gaps: as in `Record`. failed: by track that has no grid,
    why. notes: in sentences."""

    positions: dict[str, FloatArray] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    dt: float | None = None
    gaps: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _gridded(path: Path, raw: RawTracks, options: ReadOptions) -> _Grids:
    """Each track on its grid. A bad one among many is left out; RecordError if most are bad."""
    several = len(raw.tracks) > 1
    step = None if raw.tracks[0].label is None else _common_step(raw)
    found = _Grids()
    own_dts: list[float] = []
    jitters: list[float] = []
    lost = infinite = 0
    for track in raw.tracks:
        name = str(track.label) if several else ""
        where = f"{path}: track {track.label}" if track.label else str(path)
        try:
            positions, grid = _on_grid(where, track, raw, step, options.dt)
        except RecordError as error:
            if not several:
                raise
            found.failed[name] = str(error)
            lost += len(track.positions)
            continue
        infinite += int(np.count_nonzero(np.isinf(track.positions).any(axis=1)))
        found.positions[name] = positions
        if track.clock is not None:
            found.first[name] = float(track.clock[0])
        own_dts += [] if grid.dt is None else [grid.dt]
        jitters += [] if grid.jitter is None else [grid.jitter]
        if gap := _missing(where, track.positions, raw.empty) or grid.gap:
            found.gaps[name] = gap
    if lost > _MOST_LOST * sum(len(track.positions) for track in raw.tracks):
        raise RecordError(next(iter(found.failed.values())))
    found.dt = float(np.median(own_dts)) if own_dts else None
    found.notes += _grid_notes(path, found.failed, jitters, infinite)
    return found


def _grid_notes(
    path: Path, failed: Mapping[str, str], jitters: Sequence[float], infinite: int
) -> list[str]:
    notes = []
    if failed:
        reasons = Counter(_kind(reason) for reason in failed.values())
        first = next(iter(failed.values())).removeprefix(f"{path}: ")
        notes += [f"Left out: {_tracks(n)} with {reason}." for reason, n in reasons.items()]
        notes.append(f"The first of these: {first}.")
    if jitters:
        notes.append(
            f"The times jitter by {max(jitters):.2g} intervals (rms) about even steps, which were "
            "taken in their place."
        )
    if infinite:
        notes.append(f"{infinite} positions are infinite and were taken as missing.")
    return notes


def _kind(reason: str) -> str:
    """Why a track has no grid, in a few words."""
    twice = "comes twice" in reason or "comes after" in reason
    return "two positions in one frame" if twice else "times that are on no grid"


def _tracks(n: int) -> str:
    return f"{n} track{'s' * (n != 1)}"


def _starts(raw: RawTracks, grids: _Grids) -> dict[str, int]:
    """By track, the intervals from the first point of all to its first point, where the tracks
    have a clock whose times lie on one grid."""
    if raw.clock is None:
        return {}
    step = 1.0 if raw.clock.kind == "frames" else grids.dt
    if step is None or not grids.first:
        return {}
    first = np.array(list(grids.first.values()))
    with np.errstate(over="ignore", invalid="ignore"):
        index, on_grid = time_grid.whole_intervals(first - first.min(), step)
    return dict(zip(grids.first, index.tolist(), strict=True)) if on_grid else {}


def _common_step(raw: RawTracks) -> float | None:
    """The usual step of many tracks, each of which may be too short to tell."""
    if raw.clock is None or raw.clock.kind != "s":
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        found = [np.diff(track.clock) for track in raw.tracks if track.clock is not None]
    joined = np.concatenate(found) if found else np.empty(0)
    joined = joined[np.isfinite(joined) & (joined > 0)]
    return float(np.median(joined)) if joined.size else None


def _on_grid(
    where: str, track: RawTrack, raw: RawTracks, step: float | None, dt: float | None
) -> tuple[FloatArray, time_grid.Grid]:
    """Positions (n_grid, n_coordinates), NaN where none, and their grid by the clock."""
    seen = np.where(np.isinf(track.positions), np.nan, track.positions)
    if track.clock is None or raw.clock is None:
        return seen, time_grid.Grid(np.arange(len(seen)))
    if raw.clock.kind == "frames":
        grid = time_grid.from_frames(where, track.clock)
    elif step is not None and len(track.clock) == 1:  # one spot, in a table of many tracks
        time_grid.check_times(where, track.clock)
        grid = time_grid.Grid(np.zeros(1, dtype=np.int64))
    else:
        grid = time_grid.from_times(where, track.clock, step, dt)
    if grid.points[-1] == len(grid.points) - 1:
        return seen, grid
    positions = np.full((grid.points[-1] + 1, seen.shape[1]), np.nan)
    positions[grid.points] = seen
    return positions, grid


def _missing(where: str, recorded: FloatArray, empty: str | None) -> str | None:
    """Where the first of recorded positions (n, n_coordinates) is that is no number, as an error
    says it. empty: where the first empty cell of the file is."""
    bad = ~np.isfinite(recorded)
    if not bad.any():
        return None
    if empty is not None and not np.isinf(recorded).any():
        return f"{where}: {empty}"
    point, coordinate = (int(i) for i in np.argwhere(bad)[0])
    n_bad = int(np.count_nonzero(bad.any(axis=1)))
    return (
        f"{where}: position at point {point} is {recorded[point, coordinate]} ({n_bad} of "
        f"{len(recorded)} are not finite); cut the record there, a study needs every point"
    )


def _scaled(path: Path, positions: FloatArray, scale: float) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        scaled = positions * scale
    if np.isinf(scaled).any():
        raise RecordError(f"{path}: scale = {scale:g} makes positions infinite; give a smaller one")
    return scaled
