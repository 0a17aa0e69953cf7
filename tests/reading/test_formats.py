"""Every format: whatever is in a file, a record or one line comes out of it."""

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
    DT,
    KNOWN,
    T,
    X,
    checked_message,
    fault,
    hdf5,
    mat73,
    of_study,
    trackmate_csv,
    trackmate_model,
    tracks_of,
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
@pytest.mark.slow
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
@pytest.mark.slow
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
