"""Track files for the tests, in the layouts of the programs that write them, good and damaged.

TrackMate's, MOSAIC's, MATLAB 7.3's and Bluelake's files are written here in those programs'
layouts; all others by the library that writes them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from activenoise.reading.errors import RecordError
from activenoise.reading.record import Record, Studied, studied
from activenoise.reading.records import ReadOptions, read

RNG = np.random.default_rng(0)
N = 120
DT = 0.01
XY = RNG.normal(size=(N, 2)).cumsum(axis=0) + 5.0
X = XY[:, 0]
T = 0.5 + DT * np.arange(N)

# Three tracks in one table: from frame 4, with frames 9 and 10 missing, and two points long.
FRAMES = {3: np.arange(4, 44), 7: np.delete(np.arange(30), [9, 10]), 12: np.array([5, 6])}
PLACES = {i: RNG.normal(size=(len(f), 2)).cumsum(axis=0) for i, f in FRAMES.items()}


def on_grid(track: int) -> np.ndarray:
    frames = FRAMES[track]
    grid = np.full((frames[-1] - frames[0] + 1, 2), np.nan)
    grid[frames - frames[0]] = PLACES[track]
    return grid


def spots(track: str, frame: str, x: str, y: str, shuffled: bool = True) -> pd.DataFrame:
    table = pd.concat(
        pd.DataFrame({track: i, frame: f, x: PLACES[i][:, 0], y: PLACES[i][:, 1]})
        for i, f in FRAMES.items()
    )
    return table.sample(frac=1, random_state=1) if shuffled else table


KNOWN = {"dt": DT, "unit": "um"}
TABLE = pd.DataFrame({"t": T, "x": X})
BARE = "\n".join(map(repr, X.tolist()))


def check_spots(record: Record, scale: float = 1.0) -> None:
    assert list(record.tracks) == [str(i) for i in FRAMES]
    for name, track in zip(record.tracks, FRAMES, strict=True):
        np.testing.assert_allclose(record.tracks[name], scale * on_grid(track), rtol=1e-15)
    assert record.dt == pytest.approx(DT, rel=1e-9)


# --- reading, and what it says -------------------------------------------------------------------


def tracks_of(path: Path, **options: Any) -> Record:
    """A file of few points."""
    return read(path, ReadOptions(**{"min_points": 2, **options}))


def alone(path: Path, **options: Any) -> np.ndarray:
    """Positions (n,) of the one track in one coordinate, gaps allowed."""
    (positions,) = tracks_of(path, **options).tracks.values()
    return positions[:, 0]


def of_study(path: Path, stride: int = 1, min_points: int = 100, **options: Any) -> Studied:
    """What a study reads of a file."""
    return studied(tracks_of(path, **options), stride, min_points)


def fault(path: Path, reader: Callable[..., Any] = tracks_of, **options: Any) -> str:
    with pytest.raises(RecordError) as caught:
        reader(path, **options)
    return checked_message(path, caught.value)


def checked_message(path: Path, error: RecordError) -> str:
    message = str(error)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert len(message) < 1500
    return message


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- writers in the layouts of programs that are not here ----------------------------------------


def trackmate_csv(path: Path, unit: str = "micron", time_unit: str = "sec") -> Path:
    """The spots table of TrackMate 7: keys, names, short names, units; a spot in no track."""
    lines = [
        "LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME,VISIBILITY",
        "Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Visibility",
        "Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Visibility",
        f",,,(quality),({unit}),({unit}),({unit}),({time_unit}),,",
        "ID0,0,,3.5,1.0,2.0,0.0,0.0,0,1",
    ]
    table = spots("track", "frame", "x", "y").itertuples(index=False)
    for i, (track, frame, x, y) in enumerate(table, start=1):
        time = frame if time_unit == "frame" else DT * frame
        lines.append(f"ID{i},{i},{track},3.5,{x!r},{y!r},0.0,{time!r},{frame},1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def trackmate_tracks(path: Path, interval: str = str(DT), time_unit: str = "sec") -> Path:
    """What TrackMate's "Export tracks to XML file" writes."""
    particles = "".join(
        f'  <particle nSpots="{len(FRAMES[i])}">\n'
        + "".join(
            f'    <detection t="{t}" x="{x!r}" y="{y!r}" z="0.0" />\n'
            for t, (x, y) in zip(FRAMES[i].tolist(), PLACES[i].tolist(), strict=True)
        )
        + "  </particle>\n"
        for i in FRAMES
    )
    return write(
        path,
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Tracks nTracks="3" spaceUnits="micron" frameInterval="{interval}" '
        f'timeUnits="{time_unit}" from="TrackMate v7.12.1">\n{particles}</Tracks>\n',
    )


def trackmate_model(path: Path, unit: str = "µm", extra_edge: str = "") -> Path:
    """TrackMate's own file: spots by frame, links by track, a track that a filter took away."""
    all_spots: dict[int, list[str]] = {}
    links: dict[int, list[str]] = {i: [] for i in FRAMES}
    number = 0
    for i in FRAMES:
        for k, (frame, (x, y)) in enumerate(zip(FRAMES[i], PLACES[i].tolist(), strict=True)):
            all_spots.setdefault(int(frame), []).append(
                f'<Spot ID="{number}" name="ID{number}" FRAME="{frame}" POSITION_T="{DT * frame}" '
                f'POSITION_X="{x!r}" POSITION_Y="{y!r}" POSITION_Z="0.0" />'
            )
            if k:
                links[i].append(f'<Edge SPOT_SOURCE_ID="{number - 1}" SPOT_TARGET_ID="{number}" />')
            number += 1
    for frame in (0, 1):  # of the track that is filtered out
        all_spots[frame].append(
            f'<Spot ID="{900 + frame}" FRAME="{frame}" POSITION_X="0" POSITION_Y="0" '
            'POSITION_Z="0" />'
        )
    links[99] = ['<Edge SPOT_SOURCE_ID="900" SPOT_TARGET_ID="901" />']
    links[12].append(extra_edge)
    frames = "".join(
        f'<SpotsInFrame frame="{f}">{"".join(all_spots[f])}</SpotsInFrame>'
        for f in sorted(all_spots)
    )
    tracks = "".join(f'<Track TRACK_ID="{i}">{"".join(e)}</Track>' for i, e in links.items())
    kept = "".join(f'<TrackID TRACK_ID="{i}" />' for i in FRAMES)
    return write(
        path,
        f'<?xml version="1.0" encoding="UTF-8"?>\n<TrackMate version="7.12.1"><Model '
        f'spatialunits="{unit}" timeunits="sec"><AllSpots>{frames}</AllSpots>'
        f"<AllTracks>{tracks}</AllTracks><FilteredTracks>{kept}</FilteredTracks></Model>"
        f'<Settings><ImageData timeinterval="{DT}" pixelwidth="0.1" /></Settings></TrackMate>\n',
    )


def mat73(path: Path, **arrays: np.ndarray) -> Path:
    """MATLAB 7.3: HDF5 behind a block of 512 bytes, axes in MATLAB's order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=np.atleast_2d(array).T)
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        file["note"] = np.array([[ord(c)] for c in "bead"], dtype=np.uint16)
        file["note"].attrs["MATLAB_class"] = np.bytes_("char")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM")
    return path


START = 1_638_534_513_847_557_200  # ns since 1970


def bluelake(path: Path, drop: int | None = None) -> Path:
    """A Bluelake file of version 2: one channel at a steady rate, one with times."""
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "Bluelake version": "2.5.0",
                "File format version": 2,
                "Experiment": "",
                "Description": "",
                "GUID": "{0}",
                "Export time (ns)": START,
            }
        )
        fast = file.create_dataset("Force HF/Force 1x", data=X)
        fast.attrs.update(
            {
                "Kind": "Continuous",
                "Start time (ns)": START,
                "Stop time (ns)": START + N * 12800,
                "Sample rate (Hz)": 78125,
            }
        )
        stamps = START + 10_000_000 * np.arange(N)
        if drop is not None:
            stamps[drop:] += 10_000_000
        pairs = np.empty(N, dtype=[("Timestamp", np.int64), ("Value", float)])
        pairs["Timestamp"], pairs["Value"] = stamps, X
        for group in ("Distance/Distance 1", "Force LF/Force 1x"):
            file.create_dataset(group, data=pairs).attrs["Kind"] = "TimeSeries"
        file["Marker/m"] = "no channel"
    return path


# --- writers of a file at a path that is given later ---------------------------------------------


def csv(table: pd.DataFrame, **options: Any) -> Callable[[Path], object]:
    return lambda path: table.to_csv(path, index=False, **options)


def text(content: str | bytes) -> Callable[[Path], object]:
    return lambda path: write(path, content)


def cut(writer: Callable[[Path], object], keep: float) -> Callable[[Path], object]:
    """What is left of a file whose copying stopped."""

    def make(path: Path) -> None:
        writer(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(keep * len(content))])

    return make


def changed(column: str, row: int, value: Any) -> pd.DataFrame:
    table = TABLE.astype(object)
    table.loc[row, column] = value
    return table


def hdf5(**arrays: Any) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array

    return make


def mat(**variables: Any) -> Callable[[Path], object]:
    return lambda path: savemat(path, variables, oned_as="column")


def unknown_type(path: Path) -> None:
    """A vector whose data type is none of MATLAB's: SciPy's reader crashes on it."""
    savemat(path, {"x": X}, oned_as="column")
    of_doubles, of_nothing = (struct.pack("<II", kind, 8 * N) for kind in (9, 8))
    content = path.read_bytes()
    assert content.count(of_doubles) == 1
    path.write_bytes(content.replace(of_doubles, of_nothing))


def replaced(writer: Callable[[Path], object], old: str, new: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        writer(path)
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new, 1))

    return make
