"""The whole graph on the smoke config, as `make smoke` runs it, in a copy of the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def snakemake(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "2", *arguments),
            *("--configfile", "config/smoke.yaml"),
        ],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which every target has been made, with one bad record among the good ones."""
    project = tmp_path_factory.mktemp("smoke")
    for name in ("workflow", "config", "data", "envs", "profiles"):
        shutil.copytree(
            ROOT / name,
            project / name,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(ROOT / "Snakefile", project)
    with (project / "data/tracks.tsv").open("a") as sheet:
        sheet.write("lost\tdata/tracks/lost.csv\t1.28e-5\tum\t\t1\t16\tbead\t\n")
    run = snakemake(project)
    assert run.returncode == 0, run.stderr[-4000:]
    return project / "results/smoke"


def test_everything_is_made(project: Path) -> None:
    for number in range(1, 6):
        for kind in ("pdf", "png"):
            assert (project / f"figures/figure{number}.{kind}").stat().st_size > 5000
    for study in ("benchmark", "granule", "mechanism", "bead"):
        header, *rows = (project / study / "scores.csv").read_text().splitlines()
        assert header.startswith("study,pair,method,duration,n_points,log_loss,standard_error")
        assert len(rows) >= 4
    assert len((project / "published.csv").read_text().splitlines()) > 10


def test_every_record_has_a_verdict_or_an_error(project: Path) -> None:
    for track in ("trapped_bead", "paper_twin"):
        verdict = json.loads((project / f"tracks/{track}/verdict.json").read_text())
        assert 0 <= verdict["exact"]["p_active"] <= 1
        assert 0 <= verdict["network"]["p_active"] <= 1
        assert verdict["synthetic"] == (track == "paper_twin")
    lost = (project / "tracks/verdicts.csv").read_text().splitlines()[-1]
    assert lost.startswith("lost,")
    assert "lost.csv" in lost


def test_training_tracks_are_gone(project: Path) -> None:
    assert not list(project.glob("*/tracks/train/*.h5"))


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    run = snakemake(project.parents[1], "-n")
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout + run.stderr
