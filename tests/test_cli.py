"""`activenoise verdict`: files and folders, one page a file, and one line for every mistake."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.mistakes.options import UM, run, write_walk

import activenoise
from activenoise.cli import main, result_folder
from activenoise.physics.models import AOUP
from activenoise.reading.options import ReadOptions
from activenoise.report.verdict import Question, name_of
from activenoise.simulation.tracks import simulate

QUICK = ["--effort", "quick"]


def write_track(path: Path) -> Path:
    """600 points of an AOUP in two coordinates, with times."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 600, 0.01, seed=1, n_tracks=2)
    table = np.column_stack([0.01 * np.arange(600), *x])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, table, delimiter=",", header="t,x,y", comments="", fmt="%.6f")
    return path


def write_table(path: Path) -> Path:
    """Four tracks of 50 points of the same in two coordinates, with frames."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 50, 0.01, seed=1, n_tracks=8).astype(float)
    rows = [f"{i},{k},{x[i, k]},{x[i + 4, k]}" for i in range(4) for k in range(50)]
    path.write_text("\n".join(["cell,at,a,b", *rows]))
    return path


WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "1e-2",
            "nan",
            "inf",
            "1e999",
            "9" * 400,
            "x",
            "x,y",
            "x[1]",
            "t",
            "um",
        ]
    ),
    st.sampled_from(["exposure=1", "noise=uniform:0:1 corner=off", "D=1e400", "kappa=0", "D=,"]),
    st.sampled_from(["free", "camera", "linear", "quick", "yes", "--", "-", "n" * 300, "1_0", "µ"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
NAMES = st.sampled_from(
    ["dt", "unit", "column", "track-column", "time-column", "no-time", "one-track", "scale",
     "stride", "instrument", "trap", "priors", "baseline", "effort", "seed", "out", "no", "help-me"]
)  # fmt: skip


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """A folder with a track, a table of bare numbers, a broken file and an empty folder."""
    folder = tmp_path_factory.mktemp("walks")
    write_walk(folder / "a.csv", 120)
    np.savetxt(folder / "b.txt", np.random.default_rng(2).normal(size=(120, 2)))
    (folder / "broken.csv").write_text("t,x\n1,2\n1\n")
    (folder / "empty").mkdir()
    return folder


@settings(
    max_examples=150, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    files=st.lists(
        st.one_of(st.sampled_from(["a.csv", "b.txt", "broken.csv", "empty", "no.csv"]), WORDS),
        min_size=1, max_size=2,
    ),
    given_options=st.lists(st.tuples(NAMES, WORDS), max_size=4),
    known=st.booleans(),
)  # fmt: skip
def test_any_arguments(walks, monkeypatch, files, given_options, known):
    """A record that is analysed, or a line for each file, or one for the options."""

    def judged(record, question, options, name, progress):
        assert record.tracks
        raise ValueError("analysed")

    monkeypatch.setattr("activenoise.report.verdict.judge", judged)
    monkeypatch.chdir(walks)
    options = [word for name, value in given_options for word in (f"--{name}", value)]
    found = run("verdict", *files, *options, *(["--dt=1", "--unit=um"] if known else []))
    lines = found.err.splitlines()
    assert found.status in (0, 1, 2)
    assert len(lines) <= (1 if found.status == 2 else 2 * len(list(walks.rglob("*"))))
    assert all(len(line) < 1000 for line in lines)


@pytest.mark.slow
def test_a_folder_without_networks_is_one_line_before_any_file_is_read(tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--networks", str(tmp_path), "--out", str(out)]
    assert main(["verdict", str(tmp_path / "a.csv"), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "holds no networks with their domain files" in line
    assert not out.exists()


@pytest.mark.slow
def test_good_files_of_a_folder_go_on_beside_bad_ones(tmp_path, capsys):
    write_track(tmp_path / "day/one.csv")
    (tmp_path / "day/notes.md").write_text("not a record")
    (tmp_path / "day/broken.csv").write_text("t,x\n1,2\n")
    write_track(tmp_path / "again/one.csv")
    out = tmp_path / "out"
    folders = [str(tmp_path / "day"), str(tmp_path / "again")]
    assert main(["verdict", *folders, *UM, *QUICK, "--column", "x", "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "broken.csv" in printed.err
    assert printed.out.count("/verdict.html") == 2
    rows = list(csv.DictReader((out / "verdicts.csv").open()))
    assert [bool(row["error"]) for row in rows] == [True, False, False]
    # Two files of one name have results of their own, each of its own file.
    pages = sorted(out.glob("one_x*/verdict.json"))
    files = {json.loads(path.read_text())["file"] for path in pages}
    assert files == {str(tmp_path / "day/one.csv"), str(tmp_path / "again/one.csv")}
    assert all(path.with_name("tracks.csv").is_file() for path in pages)
    # The numbers depend on the name of the file, not on what else is analysed or on who asks.
    assert rows[1]["p_active"] == rows[2]["p_active"] != ""
    face = activenoise.verdict(
        pages[0].parent.parent.parent / "day/one.csv", unit="um", column="x", effort="quick"
    )
    assert f"{face.row()['p_active']:.6g}" == rows[1]["p_active"]


def test_every_file_has_a_folder_of_its_own(tmp_path):
    """Whatever its name, and whatever was analysed before into the same folder."""
    out = tmp_path / "out"
    names = [
        "run_0.5mM.txt",
        "run_0.1mM.txt",
        "run{1}.txt",
        "x y.csv",
        "x_y.csv",
        "n" * 240 + ".txt",
    ]
    files = [tmp_path / "a" / name for name in [*names, "äöü.csv", "-.csv"]]
    files += [tmp_path / "b" / name for name in names]
    folders = []
    for path in files:
        folder = result_folder(out, path, name_of(path, ReadOptions()))
        folders.append(folder.name)
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text(json.dumps({"file": path.name, "path": str(path)}))
    assert len(set(folders)) == len(files)
    assert folders[:4] == ["run_0.5mM", "run_0.1mM", "run_1", "x_y"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,107}", name) for name in folders)
    again = result_folder(out, files[0], name_of(files[0], ReadOptions()))
    assert again.name == "run_0.5mM"


@pytest.mark.slow
def test_what_was_read_is_printed_and_kept(tmp_path, capsys):
    path = write_table(tmp_path / "spots.csv")
    out = tmp_path / "out"
    options = ["--column=a,b", "--dt", "0.01"]
    assert main(["verdict", str(path), *UM, *QUICK, *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    page = (out / "spots_a_b/verdict.html").read_text(encoding="utf-8")
    kept = json.loads((out / "spots_a_b/verdict.json").read_text())["read"]
    assert kept["what"]["track_column"] == "cell"
    for sentence in (*kept["sentences"], *kept["notes"]):
        assert sentence in printed
        assert sentence in page
    assert "4 tracks with 200 points, parted by column cell." in kept["sentences"]


@pytest.mark.slow
def test_columns_of_any_name_make_a_table(tmp_path):
    path = write_table(tmp_path / "spots.csv")
    options = ["--column=a,b", "--track-column=cell", "--time-column=at", "--dt", "0.01"]
    out = tmp_path / "out"
    assert main(["verdict", str(path), *UM, *QUICK, *options, "--out", str(out)]) == 0
    found = json.loads((out / "spots_a_b/verdict.json").read_text())["findings"]
    assert found["tracks"]["n_tracks"] == 4
    assert list(found["record"]["coordinates"]) == ["a", "b"]
    assert len(list(csv.DictReader((out / "spots_a_b/tracks.csv").open()))) == 4


@pytest.fixture(scope="module")
def verdict():
    """The quick verdict on 600 points of an AOUP."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 600, 0.01, seed=1)
    return activenoise.verdict(x, dt=0.01, unit="um", instrument="exact", effort="quick")


@pytest.mark.slow
def test_three_lines_in_a_notebook(verdict, tmp_path):
    html = verdict._repr_html_()
    assert str(verdict) in html
    assert all(f"<td>{name}</td>" in html for name in ("Passive", "Viscoelastic", "AOUP", "RBP"))
    page = verdict.page(tmp_path / "verdict.html").read_text(encoding="utf-8")
    assert str(verdict) in page
    for what in ("record", "corner", "spectrum"):
        assert verdict.figure(what).axes
    with pytest.raises(ValueError, match="figure 'histogram' of x must be one of record"):
        verdict.figure("histogram")


@pytest.mark.slow
def test_posterior_draws_are_a_table_that_arviz_takes(verdict):
    draws = verdict.posterior("AOUP")
    assert {"kappa", "D", "D_a", "tau_a", "active_share"} <= set(draws)
    known = verdict.facts.posteriors["AOUP"].parameters["D_a"]
    assert known.low95 < draws["D_a"].median() < known.high95
    from_dict = pytest.importorskip("arviz_base").from_dict
    data = from_dict({"posterior": {name: draws[name].to_numpy()[None] for name in draws}})
    assert float(data.posterior["D_a"].median()) == draws["D_a"].median()
    with pytest.raises(ValueError, match="model 'Brown' must be one of Passive"):
        verdict.posterior("Brown")


def test_an_unknown_keyword_is_named():
    with pytest.raises(TypeError, match="verdict: microscope is not known; use instrument"):
        activenoise.verdict(np.zeros(200), dt=1.0, unit="um", microscope="big")


def test_a_question_is_checked_when_it_is_put():
    with pytest.raises(ValueError, match="effort is 'hard'; it must be one of full, quick"):
        Question(effort="hard")
