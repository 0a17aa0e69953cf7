"""What a track file holds once it is read, and record.h5, in which the workflow keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.files import naming_damage, replacing, write_dataset
from activenoise.reading.errors import RecordError, listed
from activenoise.reading.told import WhatWasRead, from_json

MIN_POINTS = 100


@dataclass(frozen=True, eq=False)
class Record:
    """The tracks of one file, each on a regular grid of times.

    tracks: by name, positions (n_points, n_coordinates) in `unit`, offset included, NaN where
    there is no observation; "" is the name of a track that is alone in its file or was chosen.
    coordinates: their names in the file. dt: s between points.
    left_out: how many tracks of a table have a single point, never move, or have no clock that
    goes on, and are not here.
    gaps: by track, where the first gap is, as an error says it; tracks without a gap are not in it.
    starts: by track, the index of its first point on the clock that all tracks of the file share,
    in points, 0 for the earliest; empty where the file has no such clock.
    path: the file that was read. what: a description of what was read, None for a record that was
    put together by hand. notes: what had to be decided in reading, in sentences.
    """

    tracks: Mapping[str, FloatArray]
    coordinates: tuple[str, ...]
    dt: float
    unit: str
    path: Path
    left_out: int = 0
    gaps: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)
    what: WhatWasRead | None = None
    notes: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """What was read, for verdict.json: `what` as numbers and names, the same in `sentences`,
        and `notes`, what had to be decided."""
        return {
            "what": None if self.what is None else self.what.json(),
            "sentences": [] if self.what is None else self.what.sentences(),
            "notes": list(self.notes),
        }

    def by_coordinate(self) -> dict[str, dict[str, FloatArray]]:
        """Positions (n_points,) of each coordinate of each track, by their names. A coordinate that
        is alone is called x, whatever its column was called."""
        names = self.coordinates if len(self.coordinates) > 1 else ("x",)
        return {
            track: dict(zip(names, positions.T, strict=True))
            for track, positions in self.tracks.items()
        }


class Studied(NamedTuple):
    """What the analysis of a study reads of a record: positions (n_points,), dt (s) apart."""

    positions: FloatArray
    dt: float


def studied(record: Record, stride: int = 1, min_points: int = MIN_POINTS) -> Studied:
    """Every stride-th point of a record of one track in one coordinate without gaps.

    min_points: the fewest, after the stride. Raises RecordError for a record that has more tracks
    or coordinates, a gap, or fewer points, or that never moves.
    """
    if len(record.tracks) > 1 or record.left_out:
        labels = list(record.tracks)
        raise RecordError(
            f"{record.path}: it holds {listed(labels)}; name one in the column, as "
            f"{record.coordinates[0]}[{labels[0]}]"
        )
    if len(record.coordinates) > 1:
        raise RecordError(
            f"{record.path}: the column is not known; its coordinates are "
            f"{', '.join(record.coordinates)}: name one for the study, or leave the study empty to "
            "analyse all"
        )
    ((name, positions),) = record.tracks.items()
    if name in record.gaps:
        raise RecordError(record.gaps[name])
    positions = positions[::stride]
    check_positions(record.path, positions, min_points, stride)
    return Studied(np.ascontiguousarray(positions[:, 0]), record.dt * stride)


def observed(positions: FloatArray) -> NDArray[np.bool_]:
    """Whether there is an observation of every coordinate, (n,) of (n, n_coordinates)."""
    return np.all(np.isfinite(positions), axis=1)


def moves(positions: FloatArray) -> bool:
    """Whether the positions (n, n_coordinates) are not all the same, or missing."""
    seen = positions[observed(positions)]
    return bool(len(seen)) and not bool(np.all(seen == seen[0]))


def check_positions(path: Path, positions: FloatArray, min_points: int, stride: int) -> None:
    """RecordError if fewer than min_points (n, n_coordinates) were observed, or none moves."""
    seen = positions[observed(positions)]
    n = len(seen)
    if n < min_points:
        of = f" (1 in {stride})" if stride > 1 else ""
        missing = f", {len(positions) - n} more are missing" if n < len(positions) else ""
        raise RecordError(f"{path}: only {n} points{of}{missing}; at least {min_points} are needed")
    if not moves(positions):
        first = ", ".join(f"{x:g}" for x in seen[:1].flat)
        raise RecordError(
            f"{path}: every position is {first or 'missing'}; a record that never moves is not a "
            "track"
        )


def write_record(path: str | Path, record: Record, of_study: Studied | None = None) -> None:
    """Keep a record, and what a study reads of it, in one HDF5 file; docs/results.md describes it.

    A coordinate that is alone is called x there, whatever its column was called.
    """
    names = list(record.tracks)
    alone = len(record.coordinates) == 1
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        write_dataset(file, "positions", np.concatenate(list(record.tracks.values())))
        write_dataset(file, "lengths", [len(positions) for positions in record.tracks.values()])
        file["tracks"] = names
        file["gaps"] = [record.gaps.get(name, "") for name in names]
        if record.starts:
            write_dataset(file, "starts", [record.starts[name] for name in names])
        file.attrs.update(
            dt=record.dt,
            unit=record.unit,
            coordinates=["x"] if alone else list(record.coordinates),
            left_out=record.left_out,
        )
        file.create_dataset("notes", data=list(record.notes), dtype=h5py.string_dtype())
        if record.what is not None:
            file["what"] = json.dumps(record.what.json())
        if of_study is not None:
            write_dataset(file, "studied", of_study.positions)
            file["studied"].attrs["dt"] = of_study.dt


def load_record(path: str | Path) -> Record:
    """The record that `write_record` has kept. DamagedError where the file cannot be read."""
    with naming_damage(path), h5py.File(path, "r") as file:
        names = file["tracks"].asstr()[()].tolist()
        parts = np.split(file["positions"][()], np.cumsum(file["lengths"][()])[:-1])
        gaps = file["gaps"].asstr()[()].tolist()
        starts = file["starts"][()].tolist() if "starts" in file else []
        return Record(
            tracks=dict(zip(names, parts, strict=True)),
            coordinates=tuple(file.attrs["coordinates"]),
            dt=float(file.attrs["dt"]),
            unit=str(file.attrs["unit"]),
            path=Path(path),
            left_out=int(file.attrs["left_out"]),
            gaps={name: gap for name, gap in zip(names, gaps, strict=True) if gap},
            starts=dict(zip(names, starts, strict=True)) if starts else {},
            what=from_json(json.loads(file["what"].asstr()[()])) if "what" in file else None,
            notes=tuple(file["notes"].asstr()[()].tolist()),
        )


def load_studied(path: str | Path) -> Studied:
    """What a study reads of a record that `write_record` has kept. DamagedError where the file
    cannot be read."""
    with naming_damage(path), h5py.File(path, "r") as file:
        data = file["studied"]
        return Studied(data[()], float(data.attrs["dt"]))
