"""Formats: what each program writes is read as it was, and what is wrong is said in one line.

TrackMate's, MOSAIC's, MATLAB's and Bluelake's files are written here in those programs' layouts;
all others by the library that writes them.
"""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from activenoise.reading import formats
from activenoise.reading.errors import RecordError
from activenoise.reading.formats import FORMATS
from activenoise.reading.records import Record, read_record, read_records

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


def check_spots(path: Path, records: list[Record], scale: float = 1.0) -> None:
    assert [r.name for r in records] == [f"{path.stem}-{i}" for i in FRAMES]
    for record, track in zip(records, FRAMES, strict=True):
        np.testing.assert_allclose(record.positions, scale * on_grid(track), rtol=1e-15)
        assert record.dt == pytest.approx(DT, rel=1e-9)
        assert record.n_observed == len(FRAMES[track])


def fault(path: Path, reader: Callable[..., Any] = read_records, **options: Any) -> str:
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


# --- tables: which column is what ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "time_scale", "unit"),
    [
        ("time,x", 1, None),
        ("t [s],x [nm]", 1, "nm"),
        ("Time (ms),Position (µm)", 1e3, "um"),
        ("time_us,x_um", 1e6, "um"),
        ("", 1, None),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["time first", "position first"])
def test_time_and_position_in_either_order(tmp_path, header, time_scale, unit, order):
    names = header.split(",")[::order]
    columns = [time_scale * T, X][::order]
    buffer = io.StringIO()
    np.savetxt(
        buffer, np.stack(columns, axis=1), delimiter=",", header=",".join(names), comments=""
    )
    text = buffer.getvalue() if header else buffer.getvalue().lstrip("\n,")
    path = write(tmp_path / "a.csv", text)
    record = read_record(path, unit=None if unit else "um")
    np.testing.assert_array_equal(record.positions, X)
    assert record.dt == pytest.approx(DT, rel=1e-9)
    assert record.unit == (unit or "um")


def test_times_without_a_unit_take_the_given_interval(tmp_path):
    for factor in (1, 1e3, 1e6, 1e9):
        path = tmp_path / "a.csv"
        pd.DataFrame({"time": factor * T, "x": X}).to_csv(path)  # with the counter of pandas
        assert read_record(path, dt=DT, unit="um").dt == DT
    assert "own interval is 1e+07 s" in fault(path, dt=2 * DT, unit="um")
    assert "own interval is 0.01 s" in fault(
        write(path, pd.DataFrame({"time [s]": T, "x": X}).to_csv()), dt=DT / 1000, unit="um"
    )


@pytest.mark.parametrize("how", ["auto", "named"])
def test_a_count_of_frames_is_no_time(tmp_path, how):
    path = tmp_path / "a.csv"
    name = "time" if how == "auto" else "slice"
    pd.DataFrame({name: np.arange(N), "x": X}).to_csv(path, index=False)
    options = {} if how == "auto" else {"time_column": "slice"}
    assert read_record(path, dt=DT, unit="um", **options).dt == DT
    if how == "auto":
        assert "its frames are numbers" in fault(path, unit="um")


def test_times_printed_more_coarsely_than_they_go(tmp_path):
    """Five significant digits, as a program prints them: 20.688, then 206.88 twice."""
    n, dt = 29_999, 0.0068966
    table = np.stack([RNG.normal(size=n), dt * np.arange(n)], axis=1)
    np.savetxt(tmp_path / "a.txt", table, fmt="%.5g")
    record = read_record(tmp_path / "a.txt", unit="m")
    assert len(record) == n
    assert record.dt == pytest.approx(dt, rel=1e-5)
    lost = np.delete(table, 20_000, axis=0)  # one frame lost where the digits still show it
    np.savetxt(tmp_path / "b.txt", lost[:, [1, 0]], fmt="%.9g")
    assert "times are not uniform: from point 19999" in fault(
        tmp_path / "b.txt", read_record, unit="m"
    )


def test_position_alone_and_several_columns(tmp_path):
    np.savetxt(tmp_path / "a.dat", X)
    np.testing.assert_array_equal(read_record(tmp_path / "a.dat", DT, "um").positions, X)
    np.savetxt(tmp_path / "b.dat", np.column_stack([T, XY]))
    assert "the column is not known" in fault(tmp_path / "b.dat", unit="um")
    (record,) = read_records(tmp_path / "b.dat", unit="um", columns=[1, 2])
    np.testing.assert_array_equal(record.positions, XY)
    assert record.dt == pytest.approx(DT)
    one = read_record(tmp_path / "b.dat", unit="um", column=2)
    np.testing.assert_array_equal(one.positions, XY[:, 1])


def test_named_coordinates_come_in_order(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"y": XY[:, 1], "mass": 1.0, "x": X, "t": T, "z": 0.0}).to_csv(path, index=False)
    (record,) = read_records(path, unit="um")
    assert record.coordinates == ("x", "y")
    np.testing.assert_array_equal(record.positions, XY)
    assert "its coordinates are x, y: name one" in fault(path, read_record, unit="um")


def test_latin_letters_of_other_encodings(tmp_path):
    path = write(tmp_path / "a.csv", "x [µm]\n".encode("latin-1") + "\n".join(map(str, X)).encode())
    assert read_record(path, DT).unit == "um"


# --- gaps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", "nan", "NaN", "NA"])
def test_empty_cells_are_gaps(tmp_path, blank):
    rows = [f"{t!r},{x!r}" for t, x in zip(T.tolist(), X.tolist(), strict=True)]
    rows[50] = f"{float(T[50])!r},{blank}"
    path = write(tmp_path / "a.csv", "t,x\n" + "\n".join(rows))
    expected = X.copy()
    expected[50] = np.nan
    record = read_record(path, unit="um", gaps=True)
    np.testing.assert_array_equal(record.positions, expected)
    assert record.n_observed == N - 1
    assert abs(np.nansum(record.centred)) < 1e-9
    message = fault(path, read_record, unit="um")
    assert (
        "line 52, column 1 is" in message if blank in ("", "NA") else "point 50 is nan" in message
    )


def test_missing_frames_are_gaps_on_the_grid(tmp_path):
    kept = np.delete(np.arange(N), [30, 31, 32, 77])
    expected = np.full(N, np.nan)
    expected[kept] = X[kept]
    pd.DataFrame({"frame": kept, "x": X[kept]}).to_csv(tmp_path / "f.csv", index=False)
    pd.DataFrame({"t": T[kept], "x": X[kept]}).to_csv(tmp_path / "t.csv", index=False)
    np.savez(tmp_path / "t.npz", positions=X[kept], t=T[kept])
    for name, dt in (("f.csv", DT), ("t.csv", None), ("t.npz", None)):
        record = read_record(tmp_path / name, dt, "um", gaps=True)
        np.testing.assert_array_equal(record.positions, expected)
        assert record.dt == pytest.approx(DT, rel=1e-9)
        strided = read_record(tmp_path / name, dt, "um", gaps=True, stride=2, min_points=20)
        np.testing.assert_array_equal(strided.positions, expected[::2])
        assert "gaps" in fault(tmp_path / name, read_record, dt=dt, unit="um")


# --- many tracks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("particle", "frame", "x", "y"), {"index": True}),  # trackpy
        (("Trajectory", "Frame", "x", "y"), {"sep": "\t"}),  # MOSAIC
        (("trajectory", "frame", "x", "y"), {}),
        (("id of track", "slice", "a", "b"), {}),
    ],
)
def test_tables_of_many_tracks(tmp_path, names, options):
    path = tmp_path / "a.csv"
    table = spots(*names).assign(m0=1.5)
    table.to_csv(path, **{"index": False, **options})
    known = {} if names[2] == "x" else {
        "track_column": names[0], "time_column": names[1], "columns": names[2:],
    }  # fmt: skip
    check_spots(path, read_records(path, DT, "um", scale=0.16, **known), 0.16)
    long = read_records(path, DT, "um", min_points=20, **known)
    assert [len(r) for r in long] == [40, 30]
    if known:
        return
    assert "it holds 3 tracks (3, 7, 12); name one in the column, as x[3]" in fault(
        path, read_record, dt=DT, unit="um"
    )
    one = read_record(path, DT, "um", column="y[7]", min_points=20, gaps=True)
    np.testing.assert_array_equal(one.positions, on_grid(7)[:, 1])
    assert one.name == "a-7"
    assert "track 7: no position for 2 frames after frame 8" in fault(
        path, read_record, dt=DT, unit="um", column="y[7]"
    )


def test_tracks_by_time_instead_of_frames(tmp_path):
    path = tmp_path / "a.csv"
    table = spots("track", "t [ms]", "x", "y")
    table["t [ms]"] *= 1e3 * DT
    table.to_csv(path, index=False)
    check_spots(path, read_records(path, unit="um"))


def test_names_of_tracks_may_be_text(tmp_path):
    path = tmp_path / "a.csv"
    table = spots("track", "frame", "x", "y")
    table["track"] = "cell" + table["track"].astype(str)
    table.to_csv(path, index=False)
    assert [r.name for r in read_records(path, DT, "um")] == ["a-cell12", "a-cell3", "a-cell7"]
    assert len(read_record(path, DT, "um", column="x[cell3]", min_points=20)) == 40


def test_trackmate_tables(tmp_path):
    path = trackmate_csv(tmp_path / "a.csv")
    records = read_records(path)
    check_spots(path, records)
    assert {r.unit for r in records} == {"um"}
    pixels = trackmate_csv(tmp_path / "b.csv", "pixel", "frame")
    assert "its frames are numbers" in fault(pixels)
    check_spots(pixels, read_records(pixels, DT, "um", scale=0.16), 0.16)
    assert "the file says pixel; give the scale between them" in fault(pixels, dt=DT, unit="um")


def test_trackmate_xml(tmp_path):
    exported = trackmate_tracks(tmp_path / "a.xml")
    records = read_records(exported)
    for record, track in zip(records, FRAMES, strict=True):
        np.testing.assert_array_equal(record.positions, on_grid(track))
        assert (record.dt, record.unit) == (DT, "um")
    whole = trackmate_model(tmp_path / "b.xml")
    check_spots(whole, read_records(whole))
    check_spots(whole, read_records(whole, unit="um"))
    one = read_record(whole, column="POSITION_Y[3]", min_points=20)
    np.testing.assert_array_equal(one.positions, on_grid(3)[:, 1])


def test_trackmate_of_a_movie_without_calibration(tmp_path):
    for interval, unit in (("0.0", "sec"), ("1.0", "frame")):
        path = trackmate_tracks(tmp_path / "a.xml", interval, unit)
        assert "the interval is not known" in fault(path)
        assert read_records(path, DT)[0].dt == DT


def test_rows_of_an_array_are_tracks(tmp_path):
    np.savez(tmp_path / "a.npz", positions=XY.T, dt=DT, unit="um")
    first, second = read_records(tmp_path / "a.npz")
    np.testing.assert_array_equal(second.positions, XY[:, 1])
    assert (first.name, first.dt, first.unit) == ("a-0", DT, "um")
    np.savez(tmp_path / "b.npz", x=X, y=XY[:, 1], t=T)
    (record,) = read_records(tmp_path / "b.npz", unit="um")
    np.testing.assert_array_equal(record.positions, XY)


# --- Parquet, MATLAB, NumPy, HDF5, Bluelake ------------------------------------------------------


def test_parquet(tmp_path):
    frame = pd.DataFrame({"t [s]": T, "x": X})
    frame.attrs = {"unit": "um"}
    frame.to_parquet(tmp_path / "a.parquet")
    record = read_record(tmp_path / "a.parquet")
    np.testing.assert_array_equal(record.positions, X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "um")
    path = tmp_path / "b.parquet"
    spots("particle", "frame", "x", "y").set_index("frame").to_parquet(path)
    check_spots(path, read_records(path, DT, "um"))
    gap = pd.DataFrame({"x": pd.array([None, *X[1:]], dtype="Float64")})
    gap.to_parquet(path)
    assert read_record(path, DT, "um", gaps=True).n_observed == N - 1


@pytest.mark.parametrize("version", ["4", "5", "compressed", "7.3"])
def test_matlab(tmp_path, version):
    def save(name: str, **arrays: np.ndarray) -> Path:
        path = tmp_path / name
        if version == "7.3":
            return mat73(path, **arrays)
        form = {"format": "4"} if version == "4" else {"do_compression": version != "5"}
        savemat(path, arrays, oned_as="column", **form)
        return path

    path = save("a.mat", x=X, t=T, gain=np.array([[2.0, 3.0]]))
    np.testing.assert_array_equal(read_record(path, unit="um").positions, X)
    assert read_record(path, unit="um").dt == pytest.approx(DT)
    path = save("b.mat", trace=np.column_stack([T, XY]), dt=np.array([[DT]]))
    two = read_record(path, unit="um", column="trace[2]")
    np.testing.assert_array_equal(two.positions, XY[:, 1])
    path = save("c.mat", x=X, dt=np.array([[DT]]))
    assert read_record(path, unit="um").dt == DT


def test_matlab_structures(tmp_path):
    savemat(tmp_path / "a.mat", {"data": {"t": T, "x": X, "about": {"unit": "um"}}, "unit": "um"})
    record = read_record(tmp_path / "a.mat")
    np.testing.assert_array_equal(record.positions, X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "um")


def test_a_reader_that_crashes_leaves_the_other_records(tmp_path):
    """SciPy's reader really dies on this file; the interpreter that asked goes on."""
    unknown_type(tmp_path / "bad.mat")
    savemat(tmp_path / "good.mat", {"x": X})
    reader = [sys.executable, "-c", "import sys, scipy.io; scipy.io.loadmat(sys.argv[1])"]
    alone = subprocess.run([*reader, tmp_path / "bad.mat"], capture_output=True, check=False)
    assert alone.returncode == -signal.SIGSEGV
    message = fault(tmp_path / "bad.mat", **KNOWN)
    assert "bad.mat: cannot be read" in message
    assert "its reader crashed, SIGSEGV" in message
    np.testing.assert_array_equal(read_record(tmp_path / "good.mat", **KNOWN).positions, X)


def test_any_reader_that_crashes_is_the_files_fault(tmp_path, monkeypatch):
    savemat(tmp_path / "a.mat", {"x": X})
    for program, said in (
        ("import os; os.abort()", "its reader crashed, SIGABRT"),
        ("raise SystemExit('no room')", "its reader failed, no room"),
    ):
        child = write(tmp_path / "child.py", program)
        monkeypatch.setattr(formats, "_MATLAB_CHILD", child)
        assert said in fault(tmp_path / "a.mat", **KNOWN)


def test_fields_of_a_numpy_array(tmp_path):
    array = np.zeros(N, dtype=[("time", float), ("x", np.float32)])
    array["time"], array["x"] = T, X
    np.save(tmp_path / "a.npy", array)
    record = read_record(tmp_path / "a.npy", unit="um")
    np.testing.assert_array_equal(record.positions, X.astype(np.float32))
    assert record.dt == pytest.approx(DT)


def test_hdf5_by_the_name_of_the_dataset(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["run/bead/x"], file["run/bead/time"], file["run/laser"] = X, T, np.ones(3)
        file.attrs["unit"] = "nm"
    record = read_record(tmp_path / "a.h5", column="run/bead/x")
    np.testing.assert_array_equal(record.positions, X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "nm")
    assert read_record(tmp_path / "a.h5", column="x").unit == "nm"


def test_bluelake(tmp_path):
    path = bluelake(tmp_path / "a.h5")
    fast = read_record(path, unit="pN", column="Force HF/Force 1x")
    np.testing.assert_array_equal(fast.positions, X)
    assert fast.dt == pytest.approx(1 / 78125, rel=1e-12)
    slow = read_record(path, unit="um", column="Distance 1")
    np.testing.assert_array_equal(slow.positions, X)
    assert slow.dt == pytest.approx(DT, rel=1e-12)
    gap = read_record(bluelake(tmp_path / "b.h5", 60), None, "um", "Distance 1", gaps=True)
    assert (len(gap), gap.n_observed) == (N + 1, N)
    assert np.isnan(gap.positions[60])
    message = fault(path, unit="pN")
    assert "Force HF/Force 1x, Force LF/Force 1x: name one" in message
    assert "Marker" not in message
    assert "Force 1x is ambiguous" in fault(path, unit="pN", columns=["Force 1x"])


def test_bluelake_without_its_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lumicks", None)
    message = fault(bluelake(tmp_path / "a.h5"), columns=["Force 1x"])
    assert message.endswith("is a LUMICKS Bluelake file; install lumicks.pylake to read it")


def test_heavy_libraries_are_imported_when_needed(tmp_path):
    np.save(tmp_path / "a.npy", X)
    heavy = ["pandas", "pyarrow", "scipy.io", "lumicks"]
    script = (
        "import sys; from activenoise.reading.records import read_record;"
        f"read_record({str(tmp_path / 'a.npy')!r}, 1.0, 'um');"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    root = Path(__file__).parents[2] / "workflow"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


# --- real records, which are not the project's to ship -------------------------------------------


@pytest.fixture
def real() -> Path:
    folder = os.environ.get("ACTIVENOISE_RECORDS")
    if not folder:
        pytest.skip("ACTIVENOISE_RECORDS names no folder of real records")
    return Path(folder)


def test_a_real_bead_under_a_camera(real):
    """Position before time, no header, a blank first line, times of five digits."""
    record = read_record(real / "trapped_bead_water_camera.txt", unit="m")
    assert len(record) == 29_999
    assert record.dt == pytest.approx(6.8966e-3, rel=1e-4)
    assert 2e-8 < record.positions.std() < 2e-7  # a trapped bead of some microns


def test_a_real_bead_on_a_detector(real):
    record = read_record(real / "trapped_bead_water_78kHz.npz", 1.28e-5, "um", scale=7.2537)
    assert len(record) == 39_063
    expected = np.sqrt(0.0974 / (2 * np.pi * 656.87))
    assert record.centred.std() == pytest.approx(expected, rel=0.1)


def test_real_single_molecules(real):
    path = real / "halotag_nls_nuclear_2d.csv"
    records = read_records(path, 7.48e-3, "um", scale=0.16)
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    assert sum(record.n_observed for record in records) == len(table)
    assert len(records) == len(np.unique(table[:, 0]))
    assert max(len(record) for record in records) == 106
    rows = table[table[:, 0] == 6325]
    (one,) = [r for r in records if r.name.endswith("-6325")]
    np.testing.assert_allclose(one.positions, 0.16 * rows[np.argsort(rows[:, 1])][:, [3, 2]])
    # Inert and free: the steps along x and y have one variance.
    steps = np.concatenate([np.diff(r.positions, axis=0) for r in records])
    ratio = steps[:, 0].var() / steps[:, 1].var()
    assert abs(np.log(ratio)) < 0.5


# --- what cannot be read: each kind of bad file, its options, and what its one line says ---------

TABLE = pd.DataFrame({"t": T, "x": X})
BARE = "\n".join(map(repr, X.tolist()))


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


SPOTS = spots("particle", "frame", "x", "y", shuffled=False)
KNOWN = {"dt": DT, "unit": "um"}
BAD: dict[str, tuple[str, Callable[[Path], object], dict[str, Any], str]] = {
    "no such file": ("a.csv", lambda _: None, KNOWN, "no such file"),
    "a folder": ("a.csv", lambda p: p.mkdir(), KNOWN, "is a folder"),
    "0 bytes of text": ("a.csv", text(""), KNOWN, "is empty"),
    "0 bytes of HDF5": ("a.h5", text(""), KNOWN, "is empty"),
    "0 bytes of XML": ("a.xml", text(""), KNOWN, "is empty"),
    "unknown extension": ("a.tif", text("1"), KNOWN, "extension .tif is not known"),
    "blank lines alone": ("a.txt", text("\n \n\t\n"), KNOWN, "holds no numbers"),
    "header alone": ("a.csv", text("t,x\n"), KNOWN, "holds no numbers"),
    "header of TrackMate alone": (
        "a.csv",
        lambda p: write(p, b"\n".join(trackmate_csv(p).read_bytes().split(b"\n")[:4])),
        KNOWN, "holds no numbers",
    ),
    "ragged: one cell too few": ("a.csv", text("t,x\n0,1\n1\n2,5\n"), KNOWN, "line 3 has 1 column"),
    "ragged: one too many": ("a.csv", text("t,x\n0,1\n1,2,3\n"), KNOWN, "line 3 has 3 columns"),
    "text in numbers": ("a.csv", csv(changed("x", 60, "lost")), KNOWN, "line 62, column 1 is"),
    "a date for a time": ("a.csv", csv(changed("t", 0, "2024-05-01")), KNOWN, "line 2, column 0"),
    "true and false": ("a.csv", csv(TABLE.assign(x=TABLE.x > 0)), KNOWN, "is 'True'"),
    "decimal commas": ("a.csv", csv(TABLE, sep=";", decimal=","), KNOWN, "use a decimal point"),
    "UTF-16": ("a.txt", text(BARE.encode("utf-16")), KNOWN, "not a text file"),
    "a picture": ("a.csv", text(b"\x89PNG\r\n\x1a\n\x00\x00"), KNOWN, "not a text"),
    "infinite": ("a.csv", csv(changed("x", 9, np.inf)), KNOWN, "point 9 is inf"),
    "too large for float64": ("a.csv", csv(changed("x", 9, "1e999")), KNOWN, "point 9 is inf"),
    "nothing but gaps": ("a.csv", csv(TABLE.assign(x=np.nan)), KNOWN, "only 0 points"),
    "never moves": ("a.csv", csv(TABLE.assign(x=2.0)), KNOWN, "every position is 2"),
    "one point": ("a.csv", csv(TABLE[["x"]][:1]), KNOWN, "only 1 points"),
    "a time twice": ("a.csv", csv(changed("t", 50, T[49])), {"unit": "um"}, "neither repeat nor"),
    "time goes back": ("a.csv", csv(changed("t", 50, 0.0)), {"unit": "um"}, "neither repeat nor"),
    "no time": ("a.csv", csv(changed("t", 50, np.nan)), {"unit": "um"}, "needs its time"),
    "times at random": (
        "a.csv", csv(TABLE.assign(t=np.sort(RNG.uniform(size=N)))), {"unit": "um"}, "uniform",
    ),
    "time against dt": ("a.csv", csv(TABLE), {"dt": 3 * DT, "unit": "um"}, "interval is 0.01 s"),
    "dt of zero": ("a.csv", csv(TABLE), {"dt": 0.0, "unit": "um"}, "dt = 0.0 must be a positive"),
    "no dt": ("a.txt", text(BARE), {"unit": "um"}, "give dt in s"),
    "no unit": ("a.txt", text(BARE), {"dt": DT}, "the length unit is not known"),
    "neither": ("a.txt", text(BARE), {}, "give dt in s, and unit, e.g. um"),
    "unit without its scale": (
        "a.csv", csv(TABLE.rename(columns={"x": "x [nm]"})), {"unit": "um"}, "give scale = 0.001",
    ),
    "scale without its unit": (
        "a.csv", csv(TABLE.rename(columns={"x": "x [nm]"})), {"scale": 1e-3}, "makes it another",
    ),
    "scale too large": ("a.csv", csv(TABLE), {**KNOWN, "scale": 1e308}, "positions infinite"),
    "mixed units": (
        "a.csv", csv(TABLE.assign(y=X).set_axis(["t", "x [um]", "y [nm]"], axis=1)), {},
        "mixed units, x [um] in um, y [nm] in nm",
    ),
    "two clocks": (
        "a.txt", lambda p: np.savetxt(p, np.column_stack([T, 2 * T, X])), {"unit": "um"},
        "both go up in equal steps",
    ),
    "no name": ("a.txt", lambda p: np.savetxt(p, np.outer(X, [1, 2, 3])), KNOWN, "name one"),
    "a column that is not there": ("a.csv", csv(TABLE), {**KNOWN, "columns": ["z"]}, "no column"),
    "one name twice": ("a.csv", text("x,x\n1,2\n3,1\n"), {**KNOWN, "columns": ["x"]}, "two"),
    "one column twice": ("a.csv", csv(TABLE), {**KNOWN, "columns": ["x", 1]}, "name each one once"),
    "columns of two tracks": (
        "a.csv", csv(SPOTS), {**KNOWN, "columns": ["x[3]", "y[7]"]}, "of two tracks, 3 and 7",
    ),
    "a track that is not there": (
        "a.csv", csv(SPOTS), {**KNOWN, "columns": ["x[4]"]}, "no track 4; it holds 3 tracks",
    ),
    "two tracks with one id": (
        "a.csv", csv(SPOTS.replace({"particle": {7: 3}})), KNOWN, "track 3: frame 4 comes twice",
    ),
    "unsorted frames of one track": (
        "a.csv", csv(TABLE.assign(t=np.r_[1, 0, 2:N]).set_axis(["frame", "x"], axis=1)), KNOWN,
        "frame 0 comes after 1; sort the rows",
    ),
    "half a frame": ("a.csv", csv(SPOTS.assign(frame=SPOTS.frame / 2)), KNOWN, "whole numbers"),
    "a frame far away": (
        "a.csv", csv(SPOTS.replace({"frame": {43: 10**12}})), KNOWN, "on a grid of 1e+12",
    ),
    "tracks without frames": ("a.csv", csv(SPOTS.drop(columns="frame")), KNOWN, "neither"),
    "no spot in a track": ("a.csv", csv(SPOTS.assign(particle="")), KNOWN, "none of its 70"),
    "only short tracks": ("a.csv", csv(SPOTS), {**KNOWN, "min_points": 50}, "the longest has 40"),
    "frames against times": (
        "a.csv",
        replaced(lambda p: trackmate_csv(p), ",0.04,4,1\n", ",0.34,4,1\n"), {},
        "frames and times must agree",
    ),
    "XML cut short": ("a.xml", cut(trackmate_tracks, 0.6), {}, "damaged or not a .xml file"),
    "XML of another program": ("a.xml", text("<kml><a/></kml>"), {}, "begins with <kml>"),
    "XML without tracks": ("a.xml", text("<Tracks nTracks='0'/>"), {}, "holds no tracks"),
    "XML without a position": (
        "a.xml", replaced(trackmate_tracks, ' x="', ' u="'), {}, "damaged or not a .xml",
    ),
    "TrackMate's track that merges": (
        "a.xml",
        lambda p: trackmate_model(p, extra_edge='<Edge SPOT_SOURCE_ID="0" SPOT_TARGET_ID="45"/>'),
        {}, "track 12: frame 5 comes twice",
    ),
    "an entity that grows": (
        "a.xml",
        text('<!DOCTYPE x [<!ENTITY a "' + "a" * 99 + '">' + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 99}">' for a, b in zip("abcdef", "bcdefg", strict=True)
        ) + "]><Tracks>&g;</Tracks>"),
        {}, "damaged",
    ),
    "npy cut short": ("a.npy", cut(lambda p: np.save(p, X), 0.5), KNOWN, "damaged"),
    "npy of objects": (
        "a.npy", lambda p: np.save(p, np.array([{}]), allow_pickle=True), KNOWN, "plain .npy",
    ),
    "npy of three axes": ("a.npy", lambda p: np.save(p, np.zeros((2, 2, 2))), KNOWN, "(2, 2, 2)"),
    "complex numbers": ("a.npy", lambda p: np.save(p, X + 1j), KNOWN, "not real numbers"),
    "npz cut short": ("a.npz", cut(lambda p: np.savez(p, X), 0.5), KNOWN, "damaged"),
    "coordinates of two lengths": (
        "a.npz", lambda p: np.savez(p, x=X, y=X[1:]), KNOWN, "its coordinates are not as many",
    ),
    "more times than positions": (
        "a.npz", lambda p: np.savez(p, x=X[1:], s=T), {"unit": "um", "columns": ["x"],
        "time_column": "s"}, "120 times for 119 positions",
    ),
    "attribute dt of zero": (
        "a.npz", lambda p: np.savez(p, x=X, dt=0.0), {"unit": "um"}, "must be a positive time in s",
    ),
    "attribute dt against the times": (
        "a.npz", lambda p: np.savez(p, x=X, t=T, dt=2 * DT), {"unit": "um"}, "its dt = 0.02 s, but",
    ),
    "HDF5 cut short": ("a.h5", cut(hdf5(x=X), 0.7), KNOWN, "damaged"),
    "HDF5 without arrays": ("a.h5", hdf5(), KNOWN, "it holds none"),
    "HDF5 of text": ("a.h5", hdf5(x="hello"), KNOWN, "it must be (n_points,)"),
    "mat of three axes": ("a.mat", mat(x=np.zeros((2, 3, 4))), KNOWN, "x (2 x 3 x 4 float64)"),
    "mat of text": ("a.mat", mat(note="bead"), KNOWN, "no vector or matrix of numbers"),
    "mat of cells": (
        "a.mat", mat(c=np.array([X, X[:3]], dtype=object)), KNOWN, "no vector or matrix",
    ),
    "mat cut short": ("a.mat", cut(mat(x=X), 0.5), KNOWN, "damaged or not a .mat file"),
    "mat of an unknown type": ("a.mat", unknown_type, KNOWN, "damaged or not a .mat file"),
    "mat that is text": ("a.mat", text(BARE), KNOWN, "damaged or not a .mat file"),
    "Parquet cut short": ("a.parquet", cut(TABLE.to_parquet, 0.8), KNOWN, "damaged"),
    "Parquet of text": (
        "a.parquet", TABLE.assign(x="a").to_parquet, KNOWN, "column x does not hold numbers",
    ),
    "Parquet without rows": ("a.parquet", TABLE[:0].to_parquet, KNOWN, "only 0 points"),
    "Bluelake cut short": ("a.h5", cut(bluelake, 0.5), KNOWN, "damaged"),
    "no channel named": ("a.h5", bluelake, KNOWN, "name one as column"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files(tmp_path, kind):
    name, make, options, expected = BAD[kind]
    path = tmp_path / name
    make(path)
    assert expected in fault(path, **options)


@pytest.mark.parametrize("extension", FORMATS)
def test_no_permission(tmp_path, monkeypatch, extension):
    path = write(tmp_path / f"a{extension}", "1\n2\n")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        for owner, opener in (
            (Path, "open"), (np, "load"), (h5py, "File"), (pd, "read_parquet"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, opener, refuse)
    assert "may not be read; give read permission" in fault(path, **KNOWN)


# --- anything at all: a record, or one line that says why not ------------------------------------

NUMBERS = st.one_of(
    st.integers(-3, 200).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr)
)
ODD = st.one_of(
    st.floats().map(repr),
    st.sampled_from(["", "nan", "inf", "-", "1e999", "1_0", "0x1", "abc", "1,5", '"', "#", "µ"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=5),
)
NAMES = st.sampled_from(
    ["t", "time [ms]", "x", "y", "x [nm]", "y_um", "z", "frame", "particle", "TRACK_ID",
     "POSITION_X", "POSITION_T", "mass", "", "(s)", "1", "# x"]
)  # fmt: skip
OPTIONS = st.fixed_dictionaries(
    {"dt": st.sampled_from([1.0, 1e-5, None]), "unit": st.sampled_from(["um", "um", None])},
    optional={"columns": st.sampled_from([[0], ["x"], ["x[1]"], [1, 0]])},
)
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def check_outcome(path: Path, options: dict[str, Any], gaps: bool) -> None:
    """Records of finite positions and gaps on a grid, or a RecordError of one line."""
    try:
        records = read_records(path, gaps=gaps, **options)
    except RecordError as error:
        checked_message(path, error)
    else:
        assert records
        for record in records:
            assert record.positions.dtype == np.float64
            assert record.positions.ndim in (1, 2)
            assert 0 < record.dt < np.inf
            assert record.unit
            assert not np.isinf(record.positions).any()
            assert record.n_observed >= 2
            assert gaps or np.isfinite(record.positions).all()
    column = options.get("columns", [None])[0]
    others = {name: value for name, value in options.items() if name != "columns"}
    try:
        one = read_record(path, column=column, gaps=gaps, min_points=2, **others)
    except RecordError as error:
        checked_message(path, error)
    else:
        assert one.positions.ndim == 1
        assert one.n_observed >= 2


@EXAMPLES
@given(data=st.data(), width=st.integers(1, 4), options=OPTIONS, gaps=st.booleans())
def test_any_text(tmp_path, data, width, options, gaps):
    """Rows of numbers, with a header or none, some cells spoilt, added or lost."""
    row = st.lists(NUMBERS, min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=2, max_size=12))
    if data.draw(st.booleans()):
        rows.insert(0, data.draw(st.lists(NAMES, min_size=width, max_size=width)))
    for _ in range(data.draw(st.integers(0, 3))):
        cells = data.draw(st.sampled_from(rows))
        place = data.draw(st.integers(0, width))
        cells[place : place + data.draw(st.integers(0, 1))] = [data.draw(ODD)]
    separator = data.draw(st.sampled_from([",", "\t", ";", " "]))
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(map(separator.join, rows)).encode("utf-8", "replace"))
    check_outcome(path, options, gaps)


@EXAMPLES
@given(
    columns=st.lists(NAMES, min_size=1, max_size=5),
    seed=st.integers(0, 10**6),
    n_rows=st.integers(1, 40),
    extension=st.sampled_from([".csv", ".parquet", ".mat", ".npy"]),
    options=OPTIONS,
    gaps=st.booleans(),
)
def test_any_table_of_numbers(tmp_path, columns, seed, n_rows, extension, options, gaps):
    """Positions, clocks, counters, tracks and extremes, with some cells spoilt or none."""
    rng = np.random.default_rng(seed)
    kinds: list[Callable[[], np.ndarray]] = [
        *[lambda: rng.normal(size=n_rows)] * 4,
        lambda: np.arange(n_rows) * rng.choice([1.0, 0.01, 1e9, 1e-320]),
        lambda: rng.integers(0, 4, n_rows).astype(float),
        lambda: np.cumsum(rng.integers(0, 3, n_rows)).astype(float),
        lambda: rng.choice([1e300, -1e300, 0.0], n_rows),
    ]
    table = np.column_stack([kinds[rng.integers(len(kinds))]() for _ in columns])
    spoilt = rng.random(table.shape) < rng.choice([0, 0, 0.02, 0.2])
    table[spoilt] = rng.choice([np.nan, np.inf, 1e15, -1.0], np.count_nonzero(spoilt))
    path = tmp_path / f"a{extension}"
    if extension == ".npy":
        np.save(path, table)
    elif extension == ".mat":
        # 7.3, which is read without a process of its own for each example
        mat73(path, a=table, x=table[:, 0], t=table[:, -1])
    else:
        names = (
            columns if extension == ".csv" else [f"{c}" * (i + 1) for i, c in enumerate(columns)]
        )
        frame = pd.DataFrame(table, columns=names)
        if extension == ".csv":
            frame.to_csv(path, index=False)
        elif frame.columns.is_unique:
            frame.to_parquet(path)
        else:
            return
    check_outcome(path, options, gaps)


@EXAMPLES
@given(
    content=st.binary(max_size=300),
    magic=st.sampled_from(
        [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"PAR1", b"<Tracks>"]
    ),
    extension=st.sampled_from(FORMATS),
)
def test_any_bytes(tmp_path, content, magic, extension):
    path = tmp_path / f"a{extension}"
    path.write_bytes(magic + content)
    check_outcome(path, KNOWN, True)


@EXAMPLES
@given(data=st.data(), extension=st.sampled_from([".csv", ".xml", ".npy", ".npz", ".h5"]))
def test_any_damage(tmp_path, data, extension):
    """A good file with some bytes changed, and its end lost or not.

    Not MATLAB's, each of which is read by a process of its own.
    """
    path = tmp_path / f"a{extension}"
    {
        ".csv": lambda: trackmate_csv(path),
        ".xml": lambda: trackmate_model(path),
        ".npy": lambda: np.save(path, np.column_stack([T, X])),
        ".npz": lambda: np.savez_compressed(path, x=X, t=T),
        ".h5": lambda: hdf5(x=X, t=T)(path),
    }[extension]()
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    path.write_bytes(content)
    check_outcome(path, {"dt": data.draw(st.sampled_from([None, DT])), "unit": "um"}, True)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("keep", range(1, 100, 20))
def test_any_part_of_a_matlab_file(tmp_path, compressed, keep):
    path = tmp_path / "a.mat"
    savemat(path, {"s": {"x": X, "t": T}, "note": "bead"}, do_compression=compressed)
    content = path.read_bytes()
    path.write_bytes(content[: keep * len(content) // 100])
    check_outcome(path, KNOWN, True)
