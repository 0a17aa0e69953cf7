"""`activenoise verdict`: files and folders, one page a file, and one line for every mistake."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.mistakes.options import UM, run, write_walk

import activenoise
from activenoise.cli import add_to_table, main, networks_of, result_folder
from activenoise.files import read_json, write_arrays
from activenoise.logs import DamagedError
from activenoise.physics.models import AOUP
from activenoise.reading.options import ReadOptions
from activenoise.report.verdict import Question, name_of
from activenoise.simulation.tracks import simulate

ROOT = Path(__file__).parents[1]
# An exact instrument has the fewest models: what they say is no matter here.
QUICK = ["--effort", "quick", "--instrument", "exact"]


def keep(folder: Path, path: Path, asked: dict) -> None:
    """Leave a verdict of a file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"file": path.name, "path": str(path), "asked": asked}
    (folder / "verdict.json").write_text(json.dumps(kept))


def write_track(path: Path, n_points: int = 200) -> Path:
    """So many points of an AOUP in two coordinates, with times."""
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), n_points, 0.01, seed=1, n_tracks=2)
    table = np.column_stack([0.01 * np.arange(n_points), *x])
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
@pytest.mark.slow
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
        tmp_path / "day/one.csv", unit="um", column="x", effort="quick", instrument="exact"
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
        with result_folder(out, path, name_of(path, ReadOptions()), {}) as folder:
            folders.append(folder.name)
            keep(folder, path, {})
    assert len(set(folders)) == len(files)
    assert folders[:4] == ["run_0.5mM", "run_0.1mM", "run_1", "x_y"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,109}", name) for name in folders)
    with result_folder(out, files[0], name_of(files[0], ReadOptions()), {}) as again:
        assert again.name == "run_0.5mM"
    assert not list(out.glob(".*"))


def test_another_question_about_a_file_keeps_the_first_answer(tmp_path):
    """Also where the first is by an earlier version, which did not say what was asked."""
    path, exact, camera = tmp_path / "a.csv", {"instrument": "exact"}, {"instrument": "camera"}
    with result_folder(tmp_path, path, "a", exact) as first:
        keep(first, path, exact)
    with result_folder(tmp_path, path, "a", camera) as second:
        keep(second, path, camera)
    assert re.fullmatch("a-[0-9a-f]{8}", second.name)
    for asked, folder in ((exact, first), (camera, second)):
        with result_folder(tmp_path, path, "a", asked) as again:
            assert again == folder
    (first / "verdict.json").write_text(json.dumps({"file": "a.csv", "path": str(path)}))
    with result_folder(tmp_path, path, "a", camera) as again:
        assert again == first
    keep(first, path, exact)  # by a version without a radius
    for radius in (None, "1um"):
        with result_folder(tmp_path, path, "a", exact | {"radius": radius}) as again:
            assert (again == first) == (radius is None)


HOLD = """
import sys; from pathlib import Path; from activenoise.cli import result_folder
with result_folder(Path(sys.argv[1]), Path(sys.argv[2]), "c", {}) as folder:
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Starts processes that hold the folder of a file's results until their input ends."""
    started = []

    def start(file):
        command = [sys.executable, "-c", HOLD, tmp_path / "out", tmp_path / file]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT / "workflow"
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_files_of_one_name_at_once_have_folders_of_their_own(hold):
    first, second = hold("d1/c.csv"), hold("d2/c.csv")
    names = [process.stdout.readline().strip() for process in (first, second)]
    assert len(set(names)) == 2
    assert "c" in names


def test_a_second_verdict_on_a_file_waits_for_the_first(hold):
    first = hold("d1/c.csv")
    assert first.stdout.readline() == "c\n"
    second = hold("d1/c.csv")
    assert "waiting for another process" in second.stderr.readline()
    first.communicate("")
    assert second.stdout.readline() == "c\n"


def test_a_killed_verdict_leaves_no_lock(hold, tmp_path):
    first = hold("d1/c.csv")
    assert first.stdout.readline() == "c\n"
    first.kill()
    first.wait()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".c.lock"]
    second = hold("d1/c.csv")
    assert second.stdout.readline() == "c\n"
    assert second.communicate("")[1] == ""
    assert not list((tmp_path / "out").iterdir())


def test_the_table_keeps_the_verdicts_that_are_still_there(tmp_path):
    keep(tmp_path / "a", tmp_path / "a.csv", {})
    add_to_table(tmp_path, [{"track": "a", "p_active": 0.5}, {"track": "bad", "error": "no"}])
    add_to_table(tmp_path, [{"track": "b", "p_active": 0.25}])
    rows = list(csv.DictReader((tmp_path / "verdicts.csv").open()))
    assert [(row["track"], row["p_active"]) for row in rows] == [("a", "0.5"), ("b", "0.25")]
    add_to_table(tmp_path, [{"track": "a", "p_active": 0.75}])
    (row,) = csv.DictReader((tmp_path / "verdicts.csv").open())
    assert row["p_active"] == "0.75"


ENDS = {
    "disk": (OSError(errno.ENOSPC, "full", "out/a"), "out/a: no space left on the disk; free some"),
    "memory": (MemoryError("8 GiB"), "not enough memory (8 GiB); use a larger --stride"),
    "damage": (DamagedError("a.h5: damaged"), "a.h5: damaged"),
    "rights": (PermissionError(errno.EACCES, "Permission denied", "out"), "out: Permission denied"),
}


@pytest.mark.parametrize(("error", "said"), ENDS.values(), ids=ENDS)
def test_the_reason_of_an_end_is_one_line(tmp_path, monkeypatch, capsys, error, said):
    """The other files go on, and the table has the reason."""

    def fail(path, options):
        raise error

    monkeypatch.setattr("activenoise.reading.memory.record_of", fail)
    out = tmp_path / "out"
    assert main(["verdict", "a.csv", "b.csv", "--out", str(out)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(said) for line in lines)
    rows = csv.DictReader((out / "verdicts.csv").open())
    assert [row["error"] for row in rows] == lines


def test_a_table_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise OSError(errno.ENOSPC, "full", "out/verdicts.csv")

    monkeypatch.setattr("activenoise.analysis.table.write_verdicts", fail)
    assert main(["verdict", str(tmp_path / "none.csv"), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == [
        "out/verdicts.csv: no space left on the disk; free some and run the same command again"
    ]


def test_an_interruption_is_one_line(tmp_path, monkeypatch, capsys):
    def interrupt(path, options):
        raise KeyboardInterrupt

    monkeypatch.setattr("activenoise.reading.memory.record_of", interrupt)
    assert main(["verdict", "a.csv", "--out", str(tmp_path / "out")]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("interrupted")
    assert not list((tmp_path / "out").iterdir())


def test_what_is_printed_is_of_the_file_that_was_given(tmp_path, monkeypatch, capsys):
    """Whatever another program writes into the folder meanwhile."""

    class Other:
        def told(self):
            return {"sentences": [], "notes": []}

        def beside(self, _):
            return self

        def write(self, folder):
            keep(folder, tmp_path / "other.csv", {})
            return folder / "verdict.html"

    for name in ("reading.memory.record_of", "report.verdict.judge"):
        monkeypatch.setattr(f"activenoise.{name}", lambda *_, **__: Other())
    path = tmp_path / "a.csv"
    assert main(["verdict", str(path), "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{path}\n"
    assert "another program has written here" in printed.err


@pytest.mark.slow
def test_the_networks_of_the_package_answer_unasked(tmp_path):
    """Of a record of 400 points: the networks need 250."""
    path, out = write_track(tmp_path / "a.csv", 400), tmp_path / "out"
    assert main(["verdict", str(path), *UM, *QUICK, "--column", "x", "--out", str(out)]) == 0
    (found,) = out.glob("*/verdict.json")
    (answer,) = read_json(found)["ready"]["coordinates"].values()
    assert 0 <= answer["p_active"] <= 1
    assert set(answer["estimates"]) == {"kappa", "D", "active_share"}
    assert set(answer["familiar"]) == {"Passive-AOUP", "estimates"}


@pytest.mark.slow
def test_networks_that_are_not_finished_are_done_without(tmp_path, capsys):
    """As beside a run that trains them: one line says so, and there is a verdict."""
    write_arrays(tmp_path / "ready/Passive-AOUP/lstm-domain.h5", x=np.zeros(3))
    assert networks_of(tmp_path / "ready") is None
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "the network of Passive-AOUP is not finished" in line
    assert "goes on without the networks" in line
    (tmp_path / "ready/Passive-AOUP/lstm.keras").write_bytes(b"half of it")
    assert networks_of(tmp_path / "ready") is None
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "damaged" in line


@pytest.fixture
def make(tmp_path):
    """Runs `make verdict` with a shell script in the place of Python."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("requirements.lock", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / "requirements.lock", tmp_path / ".venv")
    python = tmp_path / ".venv/bin/python"

    # Not as a make within the one that runs the tests.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def run(script, **variables):
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        return subprocess.run(
            ["make", "verdict", "TRACK=a.csv"], cwd=tmp_path, capture_output=True, text=True,
            check=False, start_new_session=True, env={**alone, **variables},
        )  # fmt: skip

    return run


def test_make_says_why_a_verdict_was_killed(make):
    done = make("kill -9 $$")
    assert done.returncode == 2
    assert "most likely because the memory was full: use STRIDE=" in done.stderr
    assert "memory" not in make("exit 1").stderr


def test_an_interruption_of_make_is_the_line_of_the_verdict(make):
    done = make("trap 'echo interrupted >&2; exit 130' INT; kill -INT 0; sleep 5")
    assert done.returncode == -signal.SIGINT
    assert done.stderr == "interrupted\n"


def test_a_home_that_cannot_be_written_takes_no_part(make, tmp_path):
    said = "echo $XDG_CACHE_HOME"
    usual = {"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}
    assert make(said, **usual).stdout.strip() == ""
    cache = make(said, **usual | {"HOME": "/dev/null/none"}).stdout.strip()
    assert Path(cache) == tmp_path / ".snakemake/cache"


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
    return activenoise.verdict(
        x, dt=0.01, unit="um", instrument="exact", effort="quick", temperature=37, radius="0.5um"
    )


@pytest.mark.slow
def test_three_lines_in_a_notebook(verdict, tmp_path):
    html = verdict._repr_html_()
    assert str(verdict) in html
    assert all(f"<td>{name}</td>" in html for name in ("Passive", "Viscoelastic", "AOUP", "RBP"))
    page = verdict.page(tmp_path / "verdict.html").read_text(encoding="utf-8")
    assert str(verdict) in page
    for what in ("record", "corner", "spectrum", "energy", "drive"):
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


@pytest.mark.slow
def test_the_drive_is_a_table_in_time(verdict, tmp_path):
    along = verdict.drive()
    assert list(along) == ["t", "x_mean", "x_sd", "x_power"]
    assert along["t"].iloc[[1, -1]].tolist() == pytest.approx([0.01, 5.99])
    known = verdict.facts.drive.mean_power["x"]
    assert along["x_power"].mean() == pytest.approx(known)
    verdict.write(tmp_path)
    written = list(csv.DictReader((tmp_path / "drive.csv").open()))
    assert len(written) == 600
    assert float(written[99]["x_mean"]) == pytest.approx(along["x_mean"][99], rel=1e-4)


@pytest.mark.slow
def test_energies_are_in_newtons_beside_the_bath(verdict, tmp_path):
    found = verdict.json()["energy"]["physical"]
    kT = 1.380649e-23 * 310.15
    force = verdict.facts.energy.driven.force.median
    assert found["active_force_pN"]["median"] == pytest.approx(force * kT * 1e18)
    assert verdict.row()["active_force_pN"] == found["active_force_pN"]["median"]
    page = verdict.page(tmp_path / "verdict.html").read_text(encoding="utf-8")
    assert "that a sphere of radius 0.5 µm would have in water at 37" in page


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


def experiment(folder: Path) -> list[str]:
    """Two conditions of two cells with two tracks of 60 points, one with a gap that was filled in;
    arguments that compare them."""
    rng = np.random.default_rng(0)
    for condition in ("control", "drug"):
        for cell in ("a", "b"):
            walks = rng.normal(size=(2, 60)).cumsum(axis=1)
            if (condition, cell) == ("drug", "b"):
                walks[0, 20:41] = np.linspace(walks[0, 20], walks[0, 40], 21)
            rows = [f"{i},{k},{walks[i, k]}" for i in range(2) for k in range(60)]
            path = folder / condition / f"{cell}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(["TRACK_ID,FRAME,x", *rows]))
    return [str(folder / "control"), str(folder / "drug"), "--dt", "0.01", *UM]


@pytest.mark.slow
def test_compare_writes_a_page_a_row_a_track_and_the_ratios(tmp_path):
    arguments = experiment(tmp_path)
    (tmp_path / "drug" / "broken.csv").write_text("")
    out = tmp_path / "out"
    found = run("compare", *arguments, "--instrument", "exact", "--out", out)
    assert found.status == 1
    assert "broken.csv: is empty (0 bytes)" in found.err
    assert "control: 2 cells (a, b), 4 tracks" in found.out
    assert "A cell is a file." in found.out
    with (out / "tracks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row["TRACK_ID"] for row in rows} == {"0", "1"}
    assert all(0 < float(row["P_ACTIVE"]) < 1 for row in rows)
    with (out / "ratios.csv").open() as file:
        units = [row["unit"] for row in csv.DictReader(file)]
    assert units.count("cell") == units.count("track") == 4
    page = (out / "conditions.html").read_text()
    assert "broken.csv" in page
    assert "<td>drug</td><td>b</td><td>19 points" in page
    assert "In 1 of 4 cells something was found that is no motion of the tracer" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    facts = json.loads((out / "conditions.json").read_text())["facts"]
    assert list(facts["conditions"]) == ["control", "drug"]


def test_what_cannot_be_compared_is_one_line_and_writes_nothing(tmp_path):
    control, drug, *more = experiment(tmp_path)
    out = tmp_path / "out"
    for arguments, status, said in (
        ([control, *more], 1, "one condition only (control)"),
        ([control, drug], 1, "none of its files can be used"),
        ([tmp_path / "none.csv", *more], 1, "none.csv: no such file"),
        ([control, drug, *more, "--trap", "cage"], 2, "trap is 'cage'"),
        ([], 2, "the following arguments are required: CONDITION"),
    ):
        found = run("compare", *arguments, "--out", out)
        assert found.status == status
        assert said in found.err
        assert found.err.count("\n") == 1
    assert not out.exists()
