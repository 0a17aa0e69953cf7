"""Every format: what cannot be read is said in one line, and nothing but that line comes out."""

from __future__ import annotations

import os
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
from tests.reading.layouts import (
    BARE,
    DT,
    KNOWN,
    RNG,
    TABLE,
    N,
    T,
    X,
    bluelake,
    changed,
    checked_message,
    csv,
    cut,
    fault,
    hdf5,
    mat,
    mat73,
    of_study,
    replaced,
    spots,
    text,
    trackmate_csv,
    trackmate_model,
    trackmate_tracks,
    tracks_of,
    unknown_type,
    write,
)

from activenoise.reading.errors import RecordError
from activenoise.reading.formats import FORMATS


def test_heavy_libraries_are_imported_when_needed(tmp_path):
    np.save(tmp_path / "a.npy", X)
    heavy = ["pandas", "pyarrow", "scipy.io", "lumicks"]
    script = (
        "import sys; from activenoise.reading.records import ReadOptions, read;"
        f"read({str(tmp_path / 'a.npy')!r}, ReadOptions(1.0, 'um'));"
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


# --- what cannot be read: each kind of bad file, its options, and what its one line says ---------

SPOTS = spots("particle", "frame", "x", "y", shuffled=False)
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
    "a picture": ("a.csv", text(b"\x89PNG\r\n\x1a\n\x00\x00"), KNOWN, "not a text"),
    "nothing but gaps": ("a.csv", csv(TABLE.assign(x=np.nan)), KNOWN, "only 0 points"),
    "never moves": ("a.csv", csv(TABLE.assign(x=2.0)), KNOWN, "every position is 2"),
    "one point": ("a.csv", csv(TABLE[["x"]][:1]), KNOWN, "only 1 points"),
    "a time twice": ("a.csv", csv(changed("t", 50, T[49])), {"unit": "um"}, "neither repeat nor"),
    "time goes back": ("a.csv", csv(changed("t", 50, 0.0)), {"unit": "um"}, "neither repeat nor"),
    "no time": ("a.csv", csv(changed("t", 50, np.nan)), {"unit": "um"}, "needs its time"),
    "times at random": (
        "a.csv", csv(TABLE.assign(t=np.sort(RNG.uniform(size=N)))), {"unit": "um"}, "uniform",
    ),
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
    "a column that is not there": ("a.csv", csv(TABLE), {**KNOWN, "column": "z"}, "no column"),
    "one name twice": ("a.csv", text("x,x\n1,2\n3,1\n"), {**KNOWN, "column": "x"}, "two"),
    "one column twice": ("a.csv", csv(TABLE), {**KNOWN, "column": "x,1"}, "name each one once"),
    "columns of two tracks": (
        "a.csv", csv(SPOTS), {**KNOWN, "column": "x[3],y[7]"}, "of two tracks, 3 and 7",
    ),
    "a track that is not there": (
        "a.csv", csv(SPOTS), {**KNOWN, "column": "x[4]"}, "no track 4; it holds 3 tracks",
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
    "only short tracks": (
        "a.csv", csv(SPOTS), {**KNOWN, "min_points": 80}, "3 of its 3 tracks move",
    ),
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
        "a.npz", lambda p: np.savez(p, x=X, y=X[1:]), KNOWN, "its coordinates differ in shape",
    ),
    "more times than positions": (
        "a.npz", lambda p: np.savez(p, x=X[1:], s=T), {"unit": "um", "column": "x",
        "time_column": "s"}, "120 values of s for 119 positions",
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
    optional={"column": st.sampled_from([0, "x", "x[1]", "1,0"])},
)
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def check_outcome(path: Path, options: dict[str, Any]) -> None:
    """Tracks of finite positions and gaps on a grid, or a RecordError of one line."""
    try:
        record = tracks_of(path, **options)
    except RecordError as error:
        checked_message(path, error)
    else:
        assert record.tracks
        assert 0 < record.dt < np.inf
        assert record.unit
        for positions in record.tracks.values():
            assert positions.dtype == np.float64
            assert positions.shape[1] == len(record.coordinates)
            assert not np.isinf(positions).any()
            assert np.isfinite(positions).all(axis=1).sum() >= 2
    try:
        positions, dt = of_study(path, min_points=2, **options)
    except RecordError as error:
        checked_message(path, error)
    else:
        assert positions.ndim == 1
        assert len(positions) >= 2
        assert np.isfinite(positions).all()
        assert dt == record.dt


@EXAMPLES
@given(data=st.data(), width=st.integers(1, 4), options=OPTIONS)
def test_any_text(tmp_path, data, width, options):
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
    check_outcome(path, options)


@EXAMPLES
@given(
    columns=st.lists(NAMES, min_size=1, max_size=5),
    seed=st.integers(0, 10**6),
    n_rows=st.integers(1, 40),
    extension=st.sampled_from([".csv", ".parquet", ".mat", ".npy"]),
    options=OPTIONS,
)
def test_any_table_of_numbers(tmp_path, columns, seed, n_rows, extension, options):
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
    check_outcome(path, options)


@EXAMPLES
@given(
    content=st.binary(max_size=300),
    magic=st.sampled_from(
        [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"PAR1", b"<Tracks>"]
    ),
    extension=st.sampled_from(FORMATS),
)
@pytest.mark.slow
def test_any_bytes(tmp_path, content, magic, extension):
    path = tmp_path / f"a{extension}"
    path.write_bytes(magic + content)
    check_outcome(path, KNOWN)


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
    check_outcome(path, {"dt": data.draw(st.sampled_from([None, DT])), "unit": "um"})


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("keep", range(1, 100, 20))
def test_any_part_of_a_matlab_file(tmp_path, compressed, keep):
    path = tmp_path / "a.mat"
    savemat(path, {"s": {"x": X, "t": T}, "note": "bead"}, do_compression=compressed)
    content = path.read_bytes()
    path.write_bytes(content[: keep * len(content) // 100])
    check_outcome(path, KNOWN)
