"""`make verdict`: one file, its sheet of one line, its page; and one line for every mistake."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from activenoise.models import AOUP
from activenoise.sheet import RecordError, read_sheet
from activenoise.simulation import simulate

SOURCE = Path(__file__).parents[1] / "workflow/one_file.py"


@pytest.fixture
def one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    specification = spec_from_file_location("one_file", SOURCE)
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def write_track(path: Path) -> Path:
    """600 points of an AOUP in two coordinates, with times."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 600, 0.01, seed=1, n_tracks=2)
    table = np.column_stack([0.01 * np.arange(600), *x])
    np.savetxt(path, table, delimiter=",", header="t,x,y", comments="", fmt="%.6f")
    return path


def test_the_sheet_of_one_line_says_what_was_given(one_file, tmp_path):
    path = write_track(tmp_path / "my track.v2.csv")
    options = ["--unit", "um", "--column", "x, y", "--scale", "2", "--instrument", "camera"]
    track, sheet = one_file.write_sheet(one_file.arguments([str(path), *options]))
    (row,) = read_sheet(sheet)
    assert (track, row.track) == ("my_track_x_y",) * 2
    assert (row.file, row.column, row.scale, row.instrument) == (path, "x, y", 2.0, "camera")
    assert (row.dt, row.unit, row.study) == (None, "um", None)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("", [], "no file: make verdict TRACK=path"),
        ("nowhere.csv", ["--unit", "um"], "nowhere.csv: no such file"),
        ("a.csv", ["--unit", "um"], "a.csv: the column is not known"),
        ("a.csv", ["--column", "x"], "unit"),
        ("a.csv", ["--column", "x", "--dt", "fast"], "dt is 'fast'"),
        ("a.csv", ["--column", "x", "--unit", "um", "--dt", "0.5"], "dt"),
        ("a.csv", ["--column", "x", "--instrument", "lens"], "instrument is 'lens'"),
        ("a\tb.csv", [], "a tab or a line break"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(one_file, tmp_path, name, options, said):
    write_track(tmp_path / "a.csv")
    with pytest.raises(RecordError) as caught:
        one_file.write_sheet(one_file.arguments([name, *options]))
    message = str(caught.value)
    assert said in message
    assert len(message.splitlines()) == 1
    assert not list((tmp_path / "results").rglob("*.tsv"))


@pytest.mark.workflow
def test_one_file_becomes_a_page(tmp_path, copy_project):
    project = copy_project(tmp_path)
    path = write_track(tmp_path / "mine.csv")
    command = [str(SOURCE.relative_to(SOURCE.parents[1])), str(path), "--unit", "um"]
    run = subprocess.run(
        [sys.executable, *command, "--column", "x", "--effort", "quick", "--cores", "1"],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    *_, sentence, where = run.stdout.splitlines()
    page = project / where.rpartition(" ")[2]
    assert sentence in page.read_text(encoding="utf-8")
    assert page == project / "results/own/tracks/mine_x/verdict.html"
