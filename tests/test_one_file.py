"""`make verdict`: one file, its sheet of one line, its page; and one line for every mistake."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import yaml

from activenoise.physics.models import AOUP
from activenoise.reading.errors import RecordError
from activenoise.reading.sheet import read_sheet
from activenoise.simulation.tracks import simulate

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


def write_table(path: Path) -> Path:
    """Four tracks of 50 points of the same in two coordinates, with frames, as trackpy has them."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 50, 0.01, seed=1, n_tracks=8).astype(float)
    rows = [f"{i},{k},{x[i, k]},{x[i + 4, k]}" for i in range(4) for k in range(50)]
    path.write_text("\n".join(["particle,frame,x,y", *rows]))
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
        ("a.csv", ["--unit", "um", "--column", "z"], "a.csv: there is no column z"),
        ("a.csv", ["--unit", "um", "--track-column", "id"], "a.csv: there is no column id"),
        ("a.csv", ["--unit", "um", "--time-column", "y"], "a.csv: its times do not increase"),
        ("a.csv", ["--column", "x"], "unit"),
        ("a.csv", ["--column", "x", "--dt", "fast"], "dt is 'fast'"),
        ("a.csv", ["--column", "x", "--unit", "um", "--dt", "0.5"], "dt"),
        ("a.csv", ["--column", "x", "--instrument", "lens"], "instrument is 'lens'"),
        (
            "a.csv",
            ["--column", "x", "--trap", "cage"],
            "trap is 'cage'; it must be trapped or free",
        ),
        ("a.csv", ["--column", "x", "--priors", "exposure=2"], "exposure = 2: must lie in 0"),
        ("a.csv", ["--column", "x", "--priors", "exposure"], "must be parameter=value"),
        ("a.csv", ["--column", "x", "--baseline", "zero"], "baseline is 'zero'; it must be"),
        (
            "a.csv",
            ["--column", "x", "--trap", "free", "--priors", "kappa=3"],
            "a free tracer has no trap",
        ),
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


def test_the_choices_of_one_file_are_an_overlay(one_file, tmp_path):
    """What config.yaml says of records of its own sheet is taken back: they are not in this one."""
    path = write_track(tmp_path / "a.csv")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("verdict: {records: {bead: {baseline: linear}}}")
    options = ["--unit", "um", "--column", "x", "--trap", "free", "--baseline", "linear"]
    priors = ["--priors", "exposure=1 noise=uniform:0:2e-5"]
    given = one_file.arguments([str(path), *options, *priors])
    track, sheet = one_file.write_sheet(given)
    (row,) = read_sheet(sheet)
    assert row.trap == "free"
    config = yaml.safe_load(one_file.overlay(given, track, sheet).read_text())
    own = {"priors": {"exposure": "1", "noise": "uniform:0:2e-5"}, "baseline": "linear"}
    assert config["verdict"]["records"] == {"bead": None, track: own}
    assert (config["records"], config["verdict"]["effort"]) == (str(sheet), "full")


def test_every_column_can_be_named(one_file, tmp_path):
    path = write_table(tmp_path / "spots.csv")
    path.write_text(path.read_text().replace("particle,frame,x,y", "cell,at,a,b"))
    columns = ["--column", "a,b", "--track-column", "cell", "--time-column", "at"]
    given = one_file.arguments([str(path), "--unit", "um", "--dt", "0.01", *columns])
    _, sheet = one_file.write_sheet(given)
    (row,) = read_sheet(sheet)
    assert (row.column, row.track_column, row.time_column) == ("a,b", "cell", "at")


def test_a_table_of_many_tracks_is_a_file_too(one_file, tmp_path):
    path = write_table(tmp_path / "spots.csv")
    track, _ = one_file.write_sheet(one_file.arguments([str(path), "--unit", "um", "--dt", "0.01"]))
    assert track == "spots"


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("write", "options", "folder", "n_rows"),
    [
        (write_track, ["--column", "x", "--priors", "noise=off"], "mine_x", 1),
        (write_table, ["--dt", "0.01", "--trap", "free", "--instrument", "camera"], "mine", 4),
    ],
)
def test_one_file_becomes_a_page(tmp_path, copy_project, write, options, folder, n_rows):
    project = copy_project(tmp_path)
    path = write(tmp_path / "mine.csv")
    command = [str(SOURCE.relative_to(SOURCE.parents[1])), str(path), "--unit", "um"]
    run = subprocess.run(
        [sys.executable, *command, *options, "--effort", "quick", "--cores", "1"],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    *_, sentence, where = run.stdout.splitlines()
    page = project / where.rpartition(" ")[2]
    assert sentence in page.read_text(encoding="utf-8")
    assert page == project / f"results/own/tracks/{folder}/verdict.html"
    table = (page.parent / "tracks.csv").read_text(encoding="utf-8").splitlines()
    assert table[0].startswith("track,n_points,coordinates")
    assert len(table) == 1 + n_rows
