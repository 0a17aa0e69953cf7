"""`activenoise verdict`: files and folders, one page a file, and one line for every mistake."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import activenoise
from activenoise.cli import main, result_folder
from activenoise.physics.models import AOUP
from activenoise.reading.options import ReadOptions
from activenoise.report.verdict import Question, name_of
from activenoise.simulation.tracks import simulate

UM = ["--unit", "um"]
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (UM, "nowhere.csv: no such file"),
        ([*UM, "--column", "z"], "a.csv: there is no column z"),
        ([*UM, "--track-column", "id"], "a.csv: there is no column id"),
        ([*UM, "--time-column", "y"], "a.csv: its times do not increase"),
        ([], "a.csv: the length unit is not known; give unit"),
        ([*UM, "--no-time"], "a.csv: the interval is not known; give dt in s"),
        ([*UM, "--no-time", "--time-column", "t"], "a.csv: no_time and time_column exclude"),
        ([*UM, "--dt", "-1"], "a.csv: dt = -1.0 must be a positive time"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path, capsys, options, said):
    path = write_track(tmp_path / "a.csv") if "nowhere" not in said else tmp_path / "nowhere.csv"
    assert main(["verdict", str(path), *options, "--out", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["verdicts.csv"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--instrument", "lens"], "instrument is 'lens'; it must be one of exact, camera"),
        (["--trap", "cage"], "trap is 'cage'; it must be one of trapped, free"),
        (["--baseline", "zero"], "baseline is 'zero'; it must be one of constant, linear"),
        (["--priors", "exposure=2"], "exposure = 2: must lie in 0"),
        (["--priors", "exposure"], "must be parameter=value"),
        (["--trap", "free", "--priors", "kappa=3"], "a free tracer has no trap"),
    ],
)
def test_a_wrong_option_is_one_line_before_any_file_is_read(tmp_path, capsys, options, said):
    out = tmp_path / "out"
    assert main(["verdict", str(tmp_path / "a.csv"), *options, "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not out.exists()


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


PLAN = ["--kappa", "5", "--D", "0.1", "--tau_a", "0.4", "--dt", "0.05"]


@pytest.mark.slow
def test_a_plan_is_a_table_a_sentence_and_files(tmp_path, capsys):
    options = ["--noise", "20nm", "--exposure", "1", "--duration", "100", "--D-a", "0.1"]
    assert main(["plan", *PLAN, *options, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "One track of 100 s" in printed
    # kappa tau_a = 2: up to D_a = 3 D a medium at equilibrium has the same law.
    assert "no record of one coordinate, however long" in printed
    assert {path.name for path in tmp_path.iterdir()} == {"plan.csv", "plan.pdf", "plan.png"}
    rows = list(csv.DictReader((tmp_path / "plan.csv").open()))
    own = [row for row in rows if row["dt"] == "0.05" and row["n_tracks"] == "1"]
    powers = [float(row["power"]) for row in own]
    assert len(own) == 9
    assert powers == sorted(powers)
    assert float(rows[0]["dissipation"]) == pytest.approx(0.1 / 0.1 / 0.4 / 3, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give a duration (s), or a D_a"),
        (["--duration", "0.1"], "duration = 0.1 s holds 2 points 0.05 s apart; must be at least"),
        (["--duration", "60", "--noise", "5s"], "noise = 5s: the unit does not fit; must be um"),
        (["--duration", "60", "--noise", "20"], "give noise, D and D_a in one unit of length"),
        (["--duration", "60", "--exposure", "2"], "exposure = 2 must lie in 0 ... 1"),
        (["--duration", "60", "--D_a", "0"], "D_a = 0 is nothing to find"),
        (["--D_a", "0.3"], "no record is long enough"),
        (["--D_a", "1e-9"], "D_a = 1e-09 is beyond reach: even 1e+09 points"),
    ],
)
def test_a_plan_that_cannot_be_made_is_one_line(tmp_path, capsys, options, said):
    out = tmp_path / "out"
    assert main(["plan", *PLAN, *options, "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not out.exists()
