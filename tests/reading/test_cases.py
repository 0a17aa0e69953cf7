"""Files as people have them: each is read, and what was decided is said, or it is one question."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat
from tests.reading.layouts import fault, hdf5, write

from activenoise.reading.record import Record
from activenoise.reading.records import read

RNG = np.random.default_rng(11)


def free(n: int, step: float = 0.1) -> np.ndarray:
    return RNG.normal(0, step, n).cumsum()


# Five tracks of thirty points, far from each other.
TRACKS = [(k, free(30) + 40 * RNG.random(), free(30) + 40 * RNG.random()) for k in range(5)]
ROWS = [(k, i, x, y) for k, xs, ys in TRACKS for i, (x, y) in enumerate(zip(xs, ys, strict=True))]
X = free(200)
T = np.arange(200) / 30


def lines(rows: Iterable[str], head: str = "") -> str:
    return head + "\n".join(rows) + "\n"


def comma(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def check(record: Record, tracks: int, points: int, dt: float, unit: str = "um") -> None:
    assert record.what is not None
    assert (record.what.tracks, record.what.points) == (tracks, points)
    assert record.dt == pytest.approx(dt, rel=1e-4)
    assert record.unit == unit
    for x in record.tracks.values():  # no step from one track to another
        assert np.nanmax(np.abs(np.diff(x, axis=0))) < 1


def time_of_day(seconds: int) -> str:
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


Expected = str | tuple[int, int, float] | tuple[int, int, float, str]
UM = {"unit": "um"}
TR = np.array([(x, y, i + 1, k + 1) for k, i, x, y in ROWS])
SPOTS = [(j // 5, 30 * RNG.random(), 30 * RNG.random()) for j in range(200)]
TRACKMATE = (
    "LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME\n"
    ",,,(quality),(pixel),(pixel),(pixel),(sec),\n"
)
JITTER = np.sort(T + RNG.normal(0, 0.008, 200))
VALUES = 80 * RNG.normal(size=200)
WIDE = "\n".join("\t".join(f"{v:.4f}" for v in free(400) + 20 * RNG.random()) for _ in range(100))


def cells(path: Path) -> None:
    tracks = np.empty(60, dtype=object)
    for i in range(60):
        tracks[i] = np.stack([free(40), free(40)], 1) if i < 20 else np.zeros((1, 2))
    savemat(path, {"tracks": tracks, "lengths": RNG.normal(100, 10, 60)})


def splitting(path: Path) -> None:
    text = '<Tracks spaceUnits="micron" frameInterval="0.1" timeUnits="s">'
    for k in range(3):
        spots = [(i, *p) for i, p in enumerate(np.stack([free(60), free(60)], 1))]
        spots += [(9, 3.0, 3.0)] * (k == 1)
        inside = "".join(f'<detection t="{t}" x="{x}" y="{y}" z="0"/>' for t, x, y in spots)
        text += f"<particle>{inside}</particle>"
    write(path, text + "</Tracks>")


def spots_csv(head: str, row: str, rows: Iterable[tuple[Any, ...]] = ROWS) -> str:
    return lines((row.format(*r, n) for n, r in enumerate(rows)), head)


def clock_csv(head: str, times: Iterable[object], values: np.ndarray = X) -> str:
    return lines((f"{t},{x:.4f}" for t, x in zip(times, values, strict=True)), head + "\n")


# name: file, content, options, and the tracks, points, dt and unit, or what the question says
CASES: dict[
    str, tuple[str, str | bytes | Callable[[Path], object], dict[str, Any], Expected]
] = {
    "cell of tracks beside a vector": ("a.mat", cells, {"dt": 0.01, **UM}, (20, 800, 0.01)),
    "rows are tracks": ("a.dat", WIDE, {"dt": 0.1, "column": 0, **UM}, "are the tracks in rows?"),
    "id, t, x, y without names": (
        "a.csv", spots_csv("", "{0},{1},{2:.4f},{3:.4f}"), {"dt": 0.02, "column": "2,3", **UM},
        (5, 150, 0.02),
    ),
    "sorted by frame, without names": (
        "a.csv",
        spots_csv("", "{1};{0};{2:.4f};{3:.4f}", sorted(ROWS, key=lambda r: (r[1], r[0]))),
        {"dt": 0.02, "column": "2,3", **UM}, (5, 150, 0.02),
    ),
    "two headlines": (
        "a.csv", spots_csv("a1,a2,a3,a4\nb1,b2,b3,b4\n", "{0},{1},{2:.4f},{3:.4f}"),
        {"dt": 0.02, "column": "2,3", **UM}, (5, 150, 0.02),
    ),
    "a headline of units": (
        "a.csv", spots_csv("particle,t,x,y\n,s,um,um\n", "{0},{1},{2:.4f},{3:.4f}"), {},
        (5, 150, 1.0),
    ),
    "row, id, t, x, y, z without names": (
        "a.txt",
        spots_csv("", "{5} {0} {6} {2:.3f} {3:.3f} {7:.3f}",
                  [(*r, 0, r[1] + 1, 24 * r[1], 0.1 * (r[1] % 7)) for r in ROWS]),
        {"dt": 24, "column": "3,4,5", **UM}, (5, 150, 24),
    ),
    "a matrix of x, y, frame, id": (
        "a.mat", lambda p: savemat(p, {"tr": TR}), {"dt": 0.04, "column": "tr[0],tr[1]", **UM},
        (5, 150, 0.04),
    ),
    "the same in NumPy": (
        "a.npy", lambda p: np.save(p, TR), {"dt": 0.04, "column": "0,1", **UM}, (5, 150, 0.04),
    ),
    "one track splits": ("a.xml", splitting, {}, (2, 120, 0.1)),
    "one record in x and y": (
        "a.csv",
        spots_csv("particle,frame,x,y\n", "0,{0},{1},{2}", zip(range(200), X, -X, strict=True)),
        {"dt": 0.01, **UM}, (1, 200, 0.01),
    ),
    "unlinked spots": (
        "a.csv", spots_csv(",y,x,mass,frame\n", "{3},{1:.3f},{2:.3f},100.0,{0}", SPOTS),
        {"dt": 0.01, **UM}, "column frame is 0 in 5 rows, and no column says which track",
    ),
    "unlinked spots with a number each": (
        "a.csv", spots_csv("id,x,y,t [s]\n", "{3},{1:.3f},{2:.3f},{0}", SPOTS),
        UM, "link the spots first",
    ),
    "column vectors": (
        "a.h5", hdf5(**{"data/time": 0.001 * np.arange(200)[:, None], "data/x": X[:, None]}),
        {"column": "x", "dt": 0.001, **UM}, (1, 200, 0.001),
    ),
    "points by coordinates": (
        "a.npz", lambda p: np.savez(p, positions=np.stack([X, X], 1)), {"dt": 1.0, **UM},
        (1, 200, 1.0),
    ),
    "tracks in arrays side by side": (
        "a.h5", hdf5(x=TR[:, 0], y=TR[:, 1], frame=TR[:, 2], particle=TR[:, 3]),
        {"dt": 0.1, **UM}, (5, 150, 0.1),
    ),
    "x, y, brightness, frame, id without names": (
        "a.txt", spots_csv("", "{2:.4f} {3:.4f} 120.5 {1} {0}"), {"dt": 0.1, "column": "0,1", **UM},
        (5, 150, 0.1),
    ),
    "the same without its coordinates": (
        "a.txt", spots_csv("", "{2:.4f} {3:.4f} 120.5 {1} {0}"), {"dt": 0.1, **UM},
        "the column is not known; it has 5 columns, 0 to 4, without names: name one, or several",
    ),
    "a comma that may be two things": (
        "a.txt", lines(f"{i}\t{comma(5 + abs(x) % 3)}" for i, x in enumerate(X)), {"dt": 1, **UM},
        "may be decimal or part thousands",
    ),
    "unknown names": (
        "a.txt", spots_csv("ID of track\ttime index\tcell row\tcell col\n", "{0}\t{1}\t{2}\t{3}"),
        {"dt": 300, "column": "cell row,cell col", **UM}, (5, 150, 300),
    ),
    "decimal commas in one column": (
        "a.txt", lines(map(comma, VALUES / 400)), {"dt": 0.01, **UM}, (1, 200, 0.01),
    ),
    "decimal commas without a zero behind them": (
        "a.txt", lines(comma(5 + abs(x) % 3, 1) for x in X), {"dt": 0.01, **UM}, "decimal comma",
    ),
    "decimal commas between blanks": (
        "a.txt", lines(f"{comma(0.01 * i)} {comma(v)}" for i, v in enumerate(X)),
        {"dt": 0.01, **UM}, (1, 200, 0.01),
    ),
    "decimal commas between semicolons": (
        "a.csv",
        lines((f"{comma(0.01 * i)};{comma(1 + v % 3)}" for i, v in enumerate(X / 9)), "t;x\n"),
        UM, (1, 200, 0.01),
    ),
    "decimal commas between commas": (
        "a.csv", lines(f"{comma(0.01 * i)},{comma(abs(v))}" for i, v in enumerate(X)),
        {"dt": 0.01, "column": 2, **UM}, "both columns and decimals",
    ),
    "1 s a frame, overruled": (
        "a.csv", spots_csv(TRACKMATE, "ID{4},{4},{0},1,{2:.4f},{3:.4f},0,{1}.0,{1}"),
        {"dt": 0.05, "scale": 0.1, **UM}, (5, 150, 0.05),
    ),
    "1 s a frame, taken": (
        "a.csv", spots_csv(TRACKMATE, "ID{4},{4},{0},1,{2:.4f},{3:.4f},0,{1}.0,{1}"), {},
        (5, 150, 1.0, "pixel"),
    ),
    "id, x, y": (
        "a.csv", spots_csv("id,x,y\n", "{0},{2:.4f},{3:.4f}"), {"dt": 0.1, "column": "x,y", **UM},
        "by column id, have neither frames nor times",
    ),
    "id, x, y at even steps": (
        "a.csv", spots_csv("id,x,y\n", "{0},{2:.4f},{3:.4f}"), {"dt": 0.1, "no_time": True, **UM},
        (5, 150, 0.1),
    ),
    "runs of an unknown name": (
        "a.csv", spots_csv("well,x,y\n", "{0},{2:.4f},{3:.4f}"), {"dt": 0.1, **UM},
        "column well has whole numbers in 5 runs",
    ),
    "row and cell": (
        "a.csv", spots_csv(",cell,x,y\n", "{4},{0},{2:.4f},{3:.4f}"),
        {"dt": 0.1, "column": "x,y", **UM}, "by column cell, have neither frames nor times",
    ),
    "an unknown name beside frames": (
        "a.csv", spots_csv("well,frame,x,y\n", "{0},{1},{2:.4f},{3:.4f}"), {"dt": 0.1, **UM},
        (5, 150, 0.1),
    ),
    "frames that start again without a track": (
        "a.csv", spots_csv("frame,x,y\n", "{1},{2:.4f},{3:.4f}"), {"dt": 0.1, **UM},
        "column frame goes back from 29 to 0 at row 30 (4 times in all)",
    ),
    "tracks joined without a sign": (
        "a.csv", spots_csv("x,y\n", "{2:.4f},{3:.4f}"), {"dt": 0.1, **UM},
        "are several tracks joined?",
    ),
    "whole times are frames in many tracks": (
        "a.csv", spots_csv("track_id,t,x,y\n", "{0},{1},{2:.4f},{3:.4f}"), {"dt": 0.1, **UM},
        (5, 150, 0.1),
    ),
    "whole times are frames, and need dt": (
        "a.csv", spots_csv("track_id,t,x,y\n", "{0},{1},{2:.4f},{3:.4f}"), UM,
        "its frames are numbers",
    ),
    "1.#QNAN": (
        "a.csv", clock_csv("frame,x", range(200)).replace("\n5,", "\n5,1.#QNAN\n9999,", 1).replace(
            f"\n9999,{X[5]:.4f}", "", 1), {"dt": 0.01, **UM}, (1, 199, 0.01),
    ),
    "Inf": ("a.csv", clock_csv("frame,x", range(200)).replace(f",{X[5]:.4f}\n", ",Inf\n"),
            {"dt": 0.01, **UM}, (1, 199, 0.01)),
    "Excel's days": (
        "a.csv", clock_csv("time,x", (f"{45000 + t / 86400:.9f}" for t in T)), UM, "dates in days",
    ),
    "Excel's days with dt": (
        "a.csv", clock_csv("time,x", (f"{45000 + t / 86400:.9f}" for t in T)),
        {"dt": 0.0333333, **UM}, (1, 200, 1 / 30),
    ),
    "milliseconds since 1970": (
        "a.csv", clock_csv("time,x", (round(1.7e12 + 40 * i) for i in range(200))), UM,
        (1, 200, 0.04),
    ),
    "frames as floats": (
        "a.csv", clock_csv("frame,x", (f"{i + 1e-7 * (i % 3 - 1):.7f}" for i in range(200))),
        {"dt": 0.0333333, **UM}, (1, 200, 1 / 30),
    ),
    "jitter": (
        "a.csv", clock_csv("time [s],x", (f"{t:.4f}" for t in JITTER)), {"dt": 0.0333333, **UM},
        (1, 200, 1 / 30),
    ),
    "jitter without dt": (
        "a.csv", clock_csv("time [s],x", (f"{t:.4f}" for t in JITTER)), UM, "give dt (in the mean",
    ),
    "a counter that rolls over": (
        "a.csv",
        clock_csv("time [us],x", ((2**32 - 3_000_000 + round(1e6 * t)) % 2**32 for t in T)),
        UM, (1, 200, 1 / 30),
    ),
    "frames of 16 bits that roll over": (
        "a.csv", clock_csv("frame,x", ((65500 + i) % 65536 for i in range(200))),
        {"dt": 0.1, **UM}, (1, 200, 0.1),
    ),
    "a wall clock": (
        "a.csv", clock_csv("time,x", (f"12:00:{t:06.3f}" for t in T)), UM, (1, 200, 1 / 30),
    ),
    "a wall clock past midnight": (
        "a.csv", clock_csv("time,x", map(time_of_day, range(86398, 86598))),
        UM, (1, 200, 1.0),
    ),
    "dates": (
        "a.csv", clock_csv("time,x", (f"2024-05-01 23:59:{t:06.3f}" for t in T)), UM,
        (1, 200, 1 / 30),
    ),
    "dates with the day first, over midnight": (
        "a.csv",
        clock_csv("time,x", (f"{1 + (86398 + i) // 86400}.05.2024 {time_of_day(86398 + i)}"
                             for i in range(200))),
        UM, (1, 200, 1.0),
    ),
    "times in words": (
        "a.csv", clock_csv("time,x", (f"shot {i}" for i in range(200))), {"dt": 0.1, **UM},
        "or say no_time, with dt",
    ),
    "times in words, and no_time": (
        "a.csv", clock_csv("time,x", (f"shot {i}" for i in range(200))),
        {"dt": 0.1, "no_time": True, **UM}, (1, 200, 0.1),
    ),
    "exponents of Fortran": (
        "a.txt", lines(f"  {5000 + v:.7E}".replace("E", "D") for v in X), {"dt": 0.01, **UM},
        (1, 200, 0.01),
    ),
    "Imaris": (
        "a.csv",
        spots_csv("\nPosition\n====\n"
                  "Position X,Position Y,Position Z,Unit,Category,Time,TrackID,ID,\n",
                  "{2:.4f},{3:.4f},0,um,Spot,{1},10000000{0},{4},"),
        {"dt": 0.5, **UM}, (5, 150, 0.5),
    ),
    "LVM": (
        "a.txt",
        "LabVIEW Measurement\nSeparator\tTab\n***End_of_Header***\nX_Value\tPosition\tComment\n"
        + lines(f"{t:.6f}\t{x:.6f}" for t, x in zip(T, X, strict=True)), UM, (1, 200, 1 / 30),
    ),
    "LVM without times": (
        "a.txt", "LabVIEW\n***End_of_Header***\nX_Value\tPosition\tComment\n"
        + lines(f"\t{x:.6f}" for x in X), {"dt": 0.1, **UM}, (1, 200, 0.1),
    ),
    "exponents of Fortran behind a comma": (
        "a.txt", lines(f"{comma(x, 5)}D+00" for x in X), {"dt": 0.1, **UM}, (1, 200, 0.1),
    ),
    "comments of MATLAB and C": (
        "a.txt", lines((f"{x:.4f}" for x in X), "% bead 3, 1 um, water\n// from Igor\n"),
        {"dt": 0.01, **UM}, (1, 200, 0.01),
    ),
    "thousands": (
        "a.csv", lines((f'{t:.2f},"{5000 + x:,.3f}"' for t, x in zip(T, X, strict=True)), "t,x\n"),
        UM, (1, 200, 1 / 30),
    ),
    "UTF-16": (
        "a.txt", lines((f"{x:.3f}\t0" for x in X), "x\ty\n").encode("utf-16"),
        {"dt": 0.01, "column": "x", **UM}, (1, 200, 0.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_files_as_people_have_them(tmp_path, name):
    file, content, options, expected = CASES[name]
    path = tmp_path / file
    if callable(content):
        content(path)
    else:
        write(path, content)
    if isinstance(expected, str):
        assert expected in fault(path, read, **options)
    else:
        check(read(path, **options), *expected)


def notes(tmp_path: Path, name: str) -> str:
    file, content, options, _ = CASES[name]
    path = tmp_path / file
    if callable(content):
        content(path)
    else:
        write(path, content)
    return " ".join(read(path, **options).notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cell of tracks beside a vector", "Variables that were not read: lengths."),
        ("two headlines", "Line 2 (b1,b2,b3,b4) above the numbers was passed over."),
        ("one track splits", "Left out: 1 track with two positions in one frame."),
        ("1 s a frame, overruled", "as TrackMate writes for a movie that is not calibrated"),
        ("1 s a frame, overruled", "unit um and scale = 0.1 were given and go over pixel"),
        ("1 s a frame, taken", "if the frames are not 1 s apart, give dt"),
        ("an unknown name beside frames", "Column well was taken to say which track a row is of"),
        ("whole times are frames in many tracks", "were taken as frames"),
        ("Inf", "1 positions are infinite and were taken as missing."),
        ("Excel's days with dt", "are in days, as dt = 0.0333333 s tells"),
        ("jitter", "The times jitter by 0.2"),
        ("a counter that rolls over", "goes back once, as a counter of 32 bits does"),
        ("a wall clock past midnight", "as a clock at midnight does"),
        ("decimal commas in one column", "read as decimal commas"),
        ("thousands", "read as thousands separators"),
        ("Imaris", "2 (Position), 3 (====) above the numbers were passed over"),
    ],
)
def test_what_was_decided_is_said(tmp_path, name, said):
    assert said in notes(tmp_path, name)


def table(names: list[str], separator: str, rows: Iterable[tuple[Any, ...]] = ROWS) -> str:
    buffer = io.StringIO(newline="")
    buffer.write(separator.join(names) + "\n")
    for k, i, x, y in rows:
        buffer.write(separator.join([str(k + 3), str(i + 7), f"{x:.5f}", f"{y:.5f}"]) + "\n")
    return buffer.getvalue()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    track=st.sampled_from(
        ["traj_idx", "TID", "Track n°", "ID of track", "seg.id", "cell", "particle id", "Traj No.",
         "TrackIndex", "object_id", "molecule", "well", "something else"]
    ),
    clock=st.sampled_from(["frame", "Frame No", "slice", "t", "time index", "Time Point"]),
    separator=st.sampled_from([",", "\t", ";"]),
    order=st.permutations(range(4)),
    by_frame=st.booleans(),
)  # fmt: skip
def test_tracks_of_any_name_in_any_order(
    tmp_path_factory, track, clock, separator, order, by_frame
):
    rows = sorted(ROWS, key=lambda r: (r[1], r[0])) if by_frame else ROWS
    lines_ = table([track, clock, "x", "y"], separator, rows).splitlines()
    text = "\n".join(separator.join(line.split(separator)[i] for i in order) for line in lines_)
    path = write(tmp_path_factory.mktemp("any") / "a.csv", text)
    record = read(path, dt=0.1, unit="um")
    check(record, 5, 150, 0.1)
    assert record.what.track_column == track
    assert record.what.time_column == clock
    assert set(record.coordinates) == {"x", "y"}
    assert set(record.starts.values()) == {0}


@pytest.mark.parametrize("jump", [2.0, 4.0])
def test_a_stage_that_jumps_by_some_rms_of_the_motion_is_read(tmp_path, jump):
    rng = np.random.default_rng(3)
    x = np.zeros(3000)
    for i in range(1, 3000):
        x[i] = 0.995 * x[i - 1] + rng.normal(0, 0.05)
    x[1500:] += jump * x.std()
    np.save(tmp_path / "a.npy", x)
    assert read(tmp_path / "a.npy", dt=0.01, unit="um").what.points == 3000


def test_a_record_that_looks_joined_can_be_said_to_be_one(tmp_path):
    x = np.concatenate([free(300), 50 + free(300)])
    np.save(tmp_path / "a.npy", x)
    assert "say one_track if it is one" in fault(tmp_path / "a.npy", read, dt=0.01, unit="um")
    record = read(tmp_path / "a.npy", dt=0.01, unit="um", one_track=True)
    assert record.what.largest_step > 100
    assert "The record has a very large step, before its point 300" in record.notes[0]


def test_a_spike_is_said_but_not_asked(tmp_path):
    x = free(600)
    x[200] += 30
    np.save(tmp_path / "a.npy", x)
    assert "very large step" in read(tmp_path / "a.npy", dt=0.01, unit="um").notes[0]


def test_the_summary_in_sentences(tmp_path):
    path = write(tmp_path / "a.csv", table(["particle", "frame", "x", "y"], ","))
    record = read(path, dt=0.1, unit="um", column="x")
    first, second, third, fourth = record.what.sentences()
    assert first == "5 tracks with 150 points, parted by column particle."
    assert second == (
        "Positions from column x in um (given), times from column frame, dt = 0.1 s (given)."
    )
    assert third.startswith("No point is missing, and the largest step is")
    assert fourth == "Not read: column y."
