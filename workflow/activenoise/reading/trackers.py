"""Files of tracking programs and instruments: TrackMate's XML, and Bluelake's HDF5."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from activenoise.reading.errors import RecordError, damage, needing
from activenoise.reading.named_arrays import Archive
from activenoise.reading.table import Table
from activenoise.reading.units import length_unit, seconds


def read_trackmate(path: Path) -> Table:
    """The linked spots of TrackMate's own file (the whole model), or of its export of tracks.

    Times come as frames; dt is the file's frame interval, if the unit of the interval is one of
    time. RecordError for XML of another program and for a file without tracks.
    """
    with damage(path, ".xml"):
        with path.open("rb") as file:
            root = ElementTree.parse(file).getroot()
        if root.tag == "Tracks":
            rows, dt, unit = _exported_tracks(root)
        elif root.tag == "TrackMate":
            rows, dt, unit = _model(path, root)
        else:
            raise RecordError(
                f"{path}: begins with <{root.tag}>; TrackMate's files begin with <TrackMate>, or "
                "<Tracks> where the tracks alone were exported"
            )
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
    if not len(table):
        raise RecordError(f"{path}: holds no tracks; link the spots in TrackMate before saving")
    names = ["TRACK_ID", "FRAME", "POSITION_X", "POSITION_Y", "POSITION_Z"]
    return Table(names, list(table.T), dt=dt, unit=length_unit(unit) if unit else None)


_Rows = list[tuple[float, float, float, float, float]]


def _exported_tracks(root: ElementTree.Element) -> tuple[_Rows, float | None, str | None]:
    rows = [
        (float(i), *(float(spot.attrib[key]) for key in "txy"), float(spot.get("z", "nan")))
        for i, particle in enumerate(root.iter("particle"))
        for spot in particle.iter("detection")
    ]
    interval = root.get("frameInterval")
    return rows, _frame_interval(interval, root.get("timeUnits")), root.get("spaceUnits")  # type: ignore[return-value]


def _model(path: Path, root: ElementTree.Element) -> tuple[_Rows, float | None, str | None]:
    model = root.find("Model")
    if model is None:
        raise RecordError(f"{path}: has no <Model>; save it again from TrackMate")
    filtered = model.find("FilteredTracks")
    kept = None if filtered is None else {t.attrib["TRACK_ID"] for t in filtered.iter("TrackID")}
    track_of: dict[str, str] = {}
    for track in model.iterfind("AllTracks/Track"):
        if kept is not None and track.attrib["TRACK_ID"] not in kept:
            continue
        for edge in track.iter("Edge"):
            for end in ("SPOT_SOURCE_ID", "SPOT_TARGET_ID"):
                track_of[edge.attrib[end]] = track.attrib["TRACK_ID"]
    keys = ("FRAME", "POSITION_X", "POSITION_Y", "POSITION_Z")
    rows = [
        (float(track_of[spot.attrib["ID"]]), *(float(spot.attrib[key]) for key in keys))
        for spot in model.iterfind("AllSpots/SpotsInFrame/Spot")
        if spot.attrib["ID"] in track_of
    ]
    image = root.find("Settings/ImageData")
    interval = None if image is None else image.get("timeinterval")
    return rows, _frame_interval(interval, model.get("timeunits")), model.get("spatialunits")  # type: ignore[return-value]


def _frame_interval(interval: str | None, unit: str | None) -> float | None:
    """s; None where the file does not say it: TrackMate writes 0, or frames, for a bare movie."""
    factor = seconds(unit or "")
    value = float(interval) * factor if interval and factor else 0.0
    return value if value > 0 and np.isfinite(value) else None


@contextmanager
def bluelake(path: Path) -> Iterator[Archive]:
    """The channels of a LUMICKS Bluelake file, each with its times."""
    with needing(path, "Bluelake", "pylake"):
        from lumicks import pylake
    with damage(path, "Bluelake"):
        file = pylake.File(path)
        names = [
            f"{group}/{channel}"
            for group, members in file.h5.items()
            if isinstance(members, h5py.Group)
            for channel, item in members.items()
            if isinstance(item, h5py.Dataset)
            and ("Sample rate (Hz)" in item.attrs or "Timestamp" in (item.dtype.names or ()))
        ]

    def clock(name: str) -> dict[str, Any]:
        stamps = np.asarray(file[name].timestamps)
        # Nanoseconds since 1970 have no digits to spare in float64.
        return {"times": (stamps - stamps[0]) * 1e-9} if len(stamps) else {}

    with file.h5:
        yield Archive(names, lambda name: np.asarray(file[name].data), clock)
