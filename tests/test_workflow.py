"""The graph: what runs, what reruns after an edit, what a mistake in the config or a record does.

Dry runs on the smoke config, and one real run of its cheapest branch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.project import jobs

ROOT = Path(__file__).parents[1]
TARGET = "results/smoke/mechanism/AOUP-RBP/optimum.h5"
FIGURE = "results/smoke/tracks/trapped_bead/record.png"
EXACT = {"evidence": 2, "optimum": 1}  # of one pair


@pytest.fixture
def project(tmp_path, copy_project) -> Path:
    """A copy of the repository without results."""
    return copy_project(tmp_path)


def test_the_plan_has_every_kind_of_job(project, planned):
    plan = planned(project)
    rules = ("simulate", "simulate_training", "evidence", "optimum", "bayes", "train", "predict")
    assert all(plan[rule] > 0 for rule in (*rules, "scores"))
    assert plan["check_records"] == 1


PAGE_ALONE = {"record": 1, "findings": 1, "verdict": 1, "page": 1}


def test_a_record_without_a_study_gets_a_page_and_the_ready_networks_answers(project, planned):
    with (project / "data/tracks.tsv").open("a") as sheet:
        sheet.write("mine\tdata/tracks/trapped_bead_water_78kHz.npz\t1.28e-5\tum\n")
    target = "results/smoke/tracks/mine/verdict.html"
    networks = {"simulate_training": 2, "simulate_validation": 2, "train": 2, "domain": 2}
    assert planned(project, target) == {**PAGE_ALONE, **networks, "ready_record": 1}


def test_a_study_with_an_instrument_has_the_same_exact_rules(project, planned, edit):
    edit(
        project,
        lambda c: c["studies"]["bead"]["parameters"].update(noise={"uniform": [0, 0.005]}),
    )
    # The exact labels of an RBP and the bank of angle filters know no noise.
    edit(project, lambda c: c["studies"]["bead"]["pairs"].update({"AOUP-RBP": None}), "smoke.yaml")
    results = "results/smoke"
    plan = planned(
        project, f"{results}/bead/scores.csv", f"{results}/tracks/trapped_bead/exact.json"
    )
    assert plan["evidence"] == 2
    assert plan["optimum"] == plan["exact_record"] == 1


def test_an_unknown_figure_is_named_in_one_line(project, snakemake):
    run = snakemake(project, "-n", "results/smoke/figures/figure9.pdf")
    assert run.returncode == 1
    said = (run.stdout + run.stderr).partition("MissingRuleException:\n")[2].splitlines()
    assert said[0].startswith("No rule to produce results/smoke/figures/figure9.pdf")
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("--unlock", "Unlocked"),
        ("--rulegraph", "digraph"),
        ("--summary", "results/smoke/figures/figure1.pdf"),
        ("--lint", "Congratulations"),
        ("--containerize", "FROM condaforge"),
    ],
)
@pytest.mark.slow
def test_questions_about_the_workflow_need_no_number_of_cores(project, question, answer):
    # The stand-in for conda names the environments, which is all that --containerize asks of it.
    path = f"{ROOT / 'tests/conda_stand_in/bin'}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", question, "--configfile", "config/smoke.yaml"],
        cwd=project, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert answer in run.stdout + run.stderr


@pytest.fixture(scope="module")
def run_of_two(tmp_path_factory, copy_project, snakemake) -> tuple[Path, dict[str, int]]:
    """A project in which the optimum of the mechanism study and a figure have been made; the jobs
    that did so."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    run = snakemake(project, TARGET, FIGURE)
    assert run.returncode == 0, run.stderr[-3000:]
    return project, jobs(run.stdout + run.stderr)


@pytest.fixture(scope="module")
def made(run_of_two) -> Path:
    return run_of_two[0]


def test_single_targets_need_only_their_branches(run_of_two):
    made, ran = run_of_two
    assert ran == {"simulate": 2, **EXACT, "record": 1, "record_figure": 1}
    with h5py.File(made / TARGET) as file:
        assert file["logits"].shape == (400, 2)
        assert np.all(np.isfinite(file["logits"][:]))
    assert (made / FIGURE).stat().st_size > 5000


def test_nothing_runs_twice_or_for_an_edit_of_what_it_does_not_use(made, tmp_path, planned, edit):
    """Neither another study, nor modules that no rule of the targets imports, nor a comment."""
    project = tmp_path / "edited"
    shutil.copytree(made, project)
    edit(project, lambda c: c["studies"]["granule"].update(durations=[0.128, 0.64]), "smoke.yaml")
    for module in ("learning/networks", "report/panels"):
        change_module(project, module, "_EDITED = True")
    change_module(project, "simulation/normals", "# A remark.")
    assert planned(project, TARGET, FIGURE) == {}


def change_module(project: Path, module: str, line: str) -> None:
    """Adds a line to a module of the library."""
    path = project / f"workflow/activenoise/{module}.py"
    path.write_text(f"{path.read_text()}\n{line}\n")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        # Longer tracks are simulated anew.
        ("durations", [2.5, 20], {"simulate": 2, **EXACT}),
        ("unit", "um", {"simulate": 2, **EXACT}),
        # Nodes matter to the exact evidence alone.
        ("nodes", {"kappa": 5}, EXACT),
    ],
)
def test_an_edit_of_the_config_reruns_what_depends_on_it(
    made, tmp_path, planned, edit, key, value, expected
):
    project = tmp_path / "edited"
    shutil.copytree(made, project)
    edit(project, lambda config: config["studies"]["mechanism"].update({key: value}), "smoke.yaml")
    assert planned(project, TARGET) == expected


def test_results_copied_without_metadata_are_not_taken_for_those_of_an_edited_config(
    made, tmp_path, planned, snakemake, edit
):
    project = tmp_path / "copied"
    shutil.copytree(made, project, ignore=shutil.ignore_patterns(".snakemake"))
    assert planned(project, TARGET) == {}
    edit(project, lambda c: c["studies"]["mechanism"].update(nodes={"kappa": 5}), "smoke.yaml")
    run = snakemake(project, TARGET)
    assert run.returncode == 1
    (line,) = [line for line in run.stderr.splitlines() if "copied without" in line]
    assert "studies.mechanism.nodes.kappa was" in line
    assert "is 5" in line
    assert (project / TARGET).read_bytes() == (made / TARGET).read_bytes()


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("likelihood/angle", EXACT),
        ("studies/scoring", {"optimum": 1}),
        ("simulation/normals", {"simulate": 2, **EXACT}),
        ("report/record_panels", {"record_figure": 1}),
    ],
)
def test_an_edit_of_a_module_reruns_the_rules_that_import_it(
    made, tmp_path, planned, module, expected
):
    project = tmp_path / "edited"
    shutil.copytree(made, project)
    change_module(project, module, "_EDITED = True")
    assert planned(project, TARGET, FIGURE) == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(seeds=1), ["seeds", "unknown key"]),
        (lambda c: c["studies"]["granule"]["parameters"].update(D=-1), ["D", "-1", "positive"]),
        (lambda c: c["studies"]["benchmark"].update(durations=[0.01, 1]), ["0.01 s", "at least 2"]),
        (lambda c: c["studies"].pop("bead"), ["trapped_bead", "bead", "not in the config"]),
    ],
)
def test_a_mistake_in_the_config_is_one_line(project, snakemake, edit, change, words):
    edit(project, change)
    run = snakemake(project, "-n", overlay=())
    assert run.returncode == 1
    lines = [line for line in run.stderr.splitlines() if "profile" not in line]
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0]


def check_bead(path: Path) -> None:
    """All points of the shipped bead, and every 16th for its study: volts times um/V."""
    (volts,) = np.load(ROOT / "data/tracks/trapped_bead_water_78kHz.npz").values()
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["positions"][:, 0], 7.2537 * volts.ravel())
        np.testing.assert_array_equal(file["studied"], 7.2537 * volts.ravel()[::16])
        assert file.attrs["dt"] == 1.28e-5
        assert file["studied"].attrs["dt"] == 16 * 1.28e-5
        assert file.attrs["unit"] == "um"


def test_a_bad_record_is_named_and_the_others_go_on(project, snakemake):
    (project / "data/tracks/broken.csv").write_text("1.0\nnot a number\n2.0\n")
    with (project / "data/tracks.tsv").open("a") as sheet:
        sheet.write("broken\tdata/tracks/broken.csv\t1.28e-5\tum\t\t1\t16\tbead\t\n")
        sheet.write("lost\tdata/tracks/lost.csv\t1.28e-5\tum\t\t1\t16\tbead\t\n")
    run = snakemake(project, "results/smoke/tracks/records.csv")
    assert run.returncode == 0, run.stderr[-2000:]
    table = (project / "results/smoke/tracks/records.csv").read_text().splitlines()
    assert table[1] == "trapped_bead,"
    assert table[2].startswith("broken,")
    assert "broken.csv" in table[2]
    assert table[3].startswith("lost,")
    assert "lost.csv" in table[3]
    assert "track broken is left out" in run.stderr
    record = snakemake(project, "results/smoke/tracks/trapped_bead/fit.json")
    assert record.returncode == 0, record.stderr[-2000:]
    check_bead(project / "results/smoke/tracks/trapped_bead/record.h5")
    bad = snakemake(project, "results/smoke/tracks/broken/record.h5")
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr
    assert not (project / "results/smoke/tracks/broken/record.h5").exists()


@pytest.mark.slow
def test_a_folder_with_a_blank_in_its_name_works(tmp_path, copy_project):
    """Neither the project nor the environment beside it needs a path without blanks."""
    project = copy_project(tmp_path / "with a blank")
    (project / ".venv").symlink_to(sys.prefix)
    shard = "results/smoke/benchmark/tracks/test/Passive-0.h5"
    command = [project / ".venv/bin/python", "-m", "snakemake", shard, "--cores", "1"]
    command += ["--configfile", "config/smoke.yaml"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (project / shard).exists()


def test_locks_of_a_killed_run_go_and_a_killed_job_is_told_in_words(project, snakemake):
    shard = "results/smoke/benchmark/tracks/test/Passive-0.h5"
    (project / ".snakemake/locks").mkdir(parents=True)
    (project / ".snakemake/locks/0.output.lock").write_text(f"{shard}\n")
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    (project / "workflow/scripts/simulate.py").write_text(kill)
    run = snakemake(project, shard)
    assert run.returncode == 1
    assert "LockException" not in run.stderr
    assert "simulate: a job was killed from outside, most likely because the memory" in run.stderr
    assert not list((project / ".snakemake/locks").glob("*"))
