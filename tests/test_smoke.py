"""The whole graph on the smoke config, as `make smoke` runs it, in a copy of the repository."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import activenoise


@pytest.fixture(scope="module")
def project(tmp_path_factory, copy_project, snakemake) -> Path:
    """A copy in which every target has been made, with one bad record among the good ones."""
    project = copy_project(tmp_path_factory.mktemp("smoke"))
    with (project / "data/tracks.tsv").open("a") as sheet:
        sheet.write("lost\tdata/tracks/lost.csv\t1.28e-5\tum\t\t1\t16\tbead\t\n")
    for targets in ((), ("results/smoke/ready/made.json",)):  # the latter is for `make ready` alone
        run = snakemake(project, *targets)
        assert run.returncode == 0, run.stderr[-4000:]
        if not targets:
            assert re.search(r"\n\d+ % of the work is done, about .* left\n", run.stderr)
    return project


def test_the_ready_networks_are_scored(project: Path) -> None:
    made = json.loads((project / "results/smoke/ready/made.json").read_text())
    assert set(made["settings"]["networks"]) == {"Passive-AOUP", "estimates"}
    for name in ("log_loss", "relative_entropy", "rmse", "rmse_ratio"):
        assert np.isfinite(made[name]["value"]).all()
        assert np.all(np.array(made[name]["standard_error"]) > 0)


def test_everything_is_made(project: Path) -> None:
    results = project / "results/smoke"
    for number in range(1, 6):
        for kind in ("pdf", "png"):
            assert (results / f"figures/figure{number}.{kind}").stat().st_size > 5000
    for study in ("benchmark", "granule", "mechanism", "bead", "ready"):
        header, *rows = (results / study / "scores.csv").read_text().splitlines()
        assert header.startswith("study,pair,method,duration,n_points,log_loss,standard_error")
        assert len(rows) >= 4
    tables = [path for path in results.rglob("*.csv") if "tracks" not in path.parts]
    assert not [path for path in tables if not path.read_text().splitlines()[0]]
    assert len((results / "published.csv").read_text().splitlines()) > 10


def test_every_record_has_a_verdict_or_an_error(project: Path) -> None:
    results = project / "results/smoke"
    for track in ("trapped_bead", "paper_twin"):
        verdict = json.loads((results / f"tracks/{track}/verdict.json").read_text())
        assert 0 <= verdict["exact"]["p_active"] <= 1
        assert 0 <= verdict["network"]["p_active"] <= 1
        assert verdict["synthetic"] == (track == "paper_twin")
        page = (results / f"tracks/{track}/verdict.html").read_text(encoding="utf-8")
        assert "Networks and study" in page
        assert "Ready networks" in page
        ready = verdict["ready"]["coordinates"]["x"]
        assert 0 <= ready["p_active"] <= 1
        assert set(ready["estimates"]) == {"kappa", "D", "active_share"}
        assert 0 < ready["familiar"]["estimates"]["farther"] <= 1
        assert 0 < verdict["network"]["familiar"]["Passive-AOUP"]["farther"] <= 1
        models = verdict["findings"]["comparison"]["models"].values()
        assert sum(model["probability"] for model in models) == pytest.approx(1)
    lost = (results / "tracks/verdicts.csv").read_text().splitlines()[-1]
    assert lost.startswith("lost,")
    assert "lost.csv" in lost


def test_python_has_the_numbers_of_the_workflow(project: Path) -> None:
    found = activenoise.verdict(
        project / "data/tracks/trapped_bead_water_78kHz.npz", dt=1.28e-5, unit="um", scale=7.2537,
        instrument="detector", effort="quick", name="trapped_bead",
    )  # fmt: skip
    facts = json.loads((project / "results/smoke/tracks/trapped_bead/findings.json").read_text())
    assert found.facts.comparison.p_active == pytest.approx(facts["comparison"]["p_active"])
    posterior = facts["posteriors"]["AOUP"]["parameters"]
    median = found.facts.posteriors["AOUP"].parameters["D_a"].median
    assert median == pytest.approx(posterior["D_a"]["median"])


def test_a_second_run_has_nothing_to_do(project: Path, planned) -> None:
    assert planned(project) == {}


def lstm(config: dict, study: str, task: str) -> dict:
    return config["studies"][study]["pairs"][task]["lstm"]


COSTLY = {
    "train",
    "simulate",
    "simulate_training",
    "simulate_validation",
    "evidence",
    "optimum",
    "bayes",
    "predict",
}

# The exact part of a study of three models, two pairs and estimates.
EXACT = {"evidence": 3, "optimum": 2, "bayes": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # A network alone, not its neighbours in the study.
        (lambda c: lstm(c, "granule", "AOUP-RBP").update(units=8), {"train": 1, "predict": 1}),
        # Longer training tracks are other files: nothing else of the study is trained again.
        (
            lambda c: lstm(c, "granule", "AOUP-RBP")["training"].update(
                stages=[{"duration": 0.64, "steps": 30}]
            ),
            {"simulate_training": 2, "simulate_validation": 2, "train": 1, "predict": 1},
        ),
        # Durations are scored; no LSTM is trained for them.
        (
            lambda c: c["studies"]["granule"].update(durations=[0.128, 0.256, 0.512]),
            {**EXACT, "predict": 3},
        ),
        # A prior changes everything of its study.
        (
            lambda c: c["studies"]["granule"].update(
                parameters={"kappa": {"uniform": [60, 250]}}
            ),
            {"simulate": 3, "simulate_training": 3, "simulate_validation": 3, "train": 3}
            | {**EXACT, "predict": 3},
        ),
        (
            lambda c: c["studies"]["granule"]["tracks"].update(test=180),
            {"simulate": 3, **EXACT, "predict": 3},
        ),
    ],
    ids=["network", "stage", "durations", "prior", "tracks"],
)  # fmt: skip
def test_an_edit_reruns_what_depends_on_it(project: Path, planned, edit, change, expected) -> None:
    path = project / "config/smoke.yaml"
    before = path.read_text()
    edit(project, change, "smoke.yaml")
    plan = planned(project)
    path.write_text(before)
    assert {rule: count for rule, count in plan.items() if rule in COSTLY} == expected
    assert plan["scores"] == 1
    assert plan["figure"] >= 1
