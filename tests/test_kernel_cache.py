"""Compiled functions are those of the sources, of the functions that they call as well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import activenoise
from activenoise.kernel_cache import forget_stale, stamp

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
def package(tmp_path):
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path / "activenoise", ignore=ignored)


def kept(package):
    """Times of what Numba keeps, by name."""
    return {path.name: path.stat().st_mtime_ns for path in package.rglob("*.nb?")}


@pytest.mark.slow
def test_a_change_of_a_called_function_reaches_its_callers(package):
    """As Numba alone does not see to it: it would add 0 and not 1."""

    def run():
        environment = {**os.environ, "PYTHONPATH": str(package.parent)}
        program = [sys.executable, "-c", PROGRAM]
        return float(subprocess.check_output(program, env=environment, text=True))

    before = run()
    first = kept(package)
    assert any(name.startswith("exact_moments._moments") for name in first)
    assert run() == before
    assert kept(package) == first
    module = package / "inference/scale.py"
    source = module.read_text()
    assert "mean = peak + whole[1]" in source
    module.write_text(source.replace("mean = peak + whole[1]", "mean = peak + whole[1] + 1.0"))
    assert run() == pytest.approx(before + 1, abs=1e-12)
    assert all(kept(package)[name] > first[name] for name in first)


def test_only_modules_with_compiled_functions_count(package):
    before = stamp(package)
    (package / "tables.py").write_text("# changed\n")
    assert stamp(package) == before
    with (package / "likelihood/lanes.py").open("a") as file:
        file.write("# changed\n")
    assert stamp(package) != before


def test_what_was_kept_without_a_stamp_or_for_other_sources_goes(package):
    old = package / "likelihood/__pycache__/lanes.f-1.py311.1.nbc"
    for change in ("", "# changed\n"):
        with (package / "likelihood/lanes.py").open("a") as file:
            file.write(change)
        old.parent.mkdir(exist_ok=True)
        old.touch()
        forget_stale(package)
        assert not old.exists()
    old.touch()
    forget_stale(package)
    assert old.exists()


def test_a_folder_that_cannot_be_written_is_no_error(package):
    (package / "__pycache__").touch()  # not even a folder
    forget_stale(package)
