"""Compiled functions are those of the sources, of the functions that they call as well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import activenoise
from activenoise.kernel_cache import keep_beside, stamp

PACKAGE = Path(activenoise.__file__).parent
# A compiled function of one module that calls one of another.
PROGRAM = """
import numpy as np
from activenoise.inference.scale import whole_scale
from activenoise.learning.exact_moments import _moments
a, whole = np.full(1, 40.0), np.array([whole_scale(40.0)])
nodes = np.polynomial.legendre.leggauss(4)
print(_moments(np.full((1, 1), 80.0), a, np.full(1, -9.0), np.full(1, 9.0), whole, *nodes)[0][0, 0])
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path / "activenoise", ignore=ignored)


def folders(package):
    return sorted((package / "__pycache__").glob("kernels-*"))


@pytest.mark.slow
def test_a_change_of_a_called_function_reaches_its_callers(package):
    def run():
        environment = {**os.environ, "PYTHONPATH": str(package.parent)}
        program = [sys.executable, "-c", PROGRAM]
        result = subprocess.run(
            program, env=environment, capture_output=True, text=True, check=True
        )
        return float(result.stdout)

    before = run()
    first = folders(package)
    assert run() == before
    assert folders(package) == first
    assert any(first[0].rglob("*.nbi"))
    module = package / "inference/scale.py"
    source = module.read_text()
    assert "mean = peak + whole[1]" in source
    module.write_text(source.replace("mean = peak + whole[1]", "mean = peak + whole[1] + 1.0"))
    assert run() == pytest.approx(before + 1, abs=1e-12)
    assert len(folders(package)) == 1
    assert folders(package) != first


def test_only_modules_with_compiled_functions_count(package):
    before = stamp(package)
    (package / "tables.py").write_text("# changed\n")
    assert stamp(package) == before
    with (package / "likelihood/lanes.py").open("a") as file:
        file.write("# changed\n")
    assert stamp(package) != before


def test_the_users_own_folder_is_left(package, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/somewhere")
    keep_beside(package)
    assert os.environ["NUMBA_CACHE_DIR"] == "/somewhere"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(package.parent / "other/__pycache__/kernels-1"))
    keep_beside(package)  # that of another copy of the package, whose process started this one
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(package))
