"""MATLAB's files of every version; SciPy's reader may crash on one without taking the others."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from tests.reading.layouts import (
    DT,
    KNOWN,
    XY,
    T,
    X,
    alone,
    fault,
    mat73,
    tracks_of,
    unknown_type,
    write,
)

from activenoise.reading import matlab


@pytest.mark.parametrize("version", ["4", "5", "compressed", "7.3"])
@pytest.mark.slow
def test_matlab(tmp_path, version):
    def save(name: str, **arrays: np.ndarray) -> Path:
        path = tmp_path / name
        if version == "7.3":
            return mat73(path, **arrays)
        form = {"format": "4"} if version == "4" else {"do_compression": version != "5"}
        savemat(path, arrays, oned_as="column", **form)
        return path

    path = save("a.mat", x=X, t=T, gain=np.array([[2.0, 3.0]]))
    np.testing.assert_array_equal(alone(path, unit="um"), X)
    assert tracks_of(path, unit="um").dt == pytest.approx(DT)
    path = save("b.mat", trace=np.column_stack([T, XY]), dt=np.array([[DT]]))
    np.testing.assert_array_equal(alone(path, unit="um", column="trace[2]"), XY[:, 1])
    path = save("c.mat", x=X, dt=np.array([[DT]]))
    assert tracks_of(path, unit="um").dt == DT


def test_matlab_structures(tmp_path):
    savemat(tmp_path / "a.mat", {"data": {"t": T, "x": X, "about": {"unit": "um"}}, "unit": "um"})
    record = tracks_of(tmp_path / "a.mat")
    np.testing.assert_array_equal(record.tracks[""][:, 0], X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "um")


def test_a_reader_that_crashes_leaves_the_other_records(tmp_path):
    """SciPy's reader really dies on this file; the interpreter that started it goes on."""
    unknown_type(tmp_path / "bad.mat")
    savemat(tmp_path / "good.mat", {"x": X})
    reader = [sys.executable, "-c", "import sys, scipy.io; scipy.io.loadmat(sys.argv[1])"]
    dead = subprocess.run([*reader, tmp_path / "bad.mat"], capture_output=True, check=False)
    assert dead.returncode == -signal.SIGSEGV
    message = fault(tmp_path / "bad.mat", **KNOWN)
    assert "bad.mat: cannot be read" in message
    assert "its reader crashed, SIGSEGV" in message
    np.testing.assert_array_equal(alone(tmp_path / "good.mat", **KNOWN), X)


def test_any_reader_that_crashes_is_the_files_fault(tmp_path, monkeypatch):
    savemat(tmp_path / "a.mat", {"x": X})
    for program, said in (
        ("import os; os.abort()", "its reader crashed, SIGABRT"),
        ("raise SystemExit('no room')", "its reader failed, no room"),
    ):
        monkeypatch.setattr(matlab, "CHILD", write(tmp_path / "child.py", program))
        assert said in fault(tmp_path / "a.mat", **KNOWN)


def test_the_child_imports_nothing_of_the_package(tmp_path):
    savemat(tmp_path / "a.mat", {"x": X})
    script = (
        "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__');"
        "sys.exit(any(name.startswith('activenoise') for name in sys.modules))"
    )
    command = [sys.executable, "-c", script, str(matlab.CHILD), str(tmp_path / "a.mat")]
    assert subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).returncode == 0
