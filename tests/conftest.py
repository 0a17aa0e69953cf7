"""What the tests of the whole workflow share: copies of the project, and Snakemake run in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.project import copy_project, jobs

SMOKE = ("--configfile", "config/smoke.yaml")
# Workers side by side have a core each; threads of one that wait for those of another burn time.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("NUMBA", "OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{name}_NUM_THREADS", "1")

# Whole analyses, which take many seconds: whoever reads one of them is slow.
ANALYSES = {"active", "alike", "unlike", "structure", "verdict"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Marks every test that starts Snakemake through the fixture below, and users of `ANALYSES`.

    The longest modules come first, so that workers end together: the run of the whole smoke study,
    what else starts Snakemake, then the modules with the most slow tests.
    """
    for item in items:
        if "snakemake" in item.fixturenames:
            item.add_marker("workflow")
        if ANALYSES & set(item.fixturenames):
            item.add_marker("slow")
    first = {item.path for item in items if item.get_closest_marker("workflow")}
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(
        key=lambda item: (
            item.path.stem != "test_smoke", item.path not in first, -slow[item.path]
        )
    )  # fmt: skip


@pytest.fixture(scope="session", name="copy_project")
def copies() -> Callable[[Path], Path]:
    """Copies the repository, without results, into a folder."""
    return copy_project


@pytest.fixture(scope="session")
def snakemake() -> Callable[..., subprocess.CompletedProcess]:
    """Runs Snakemake in a project, on the smoke config or with another overlay, or none."""

    def run(
        project: Path, *arguments: str, overlay: tuple[str, ...] = SMOKE
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *overlay],
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def planned(snakemake) -> Callable[..., dict[str, int]]:
    """Rules and numbers of jobs that Snakemake plans for a project."""

    def plan(project: Path, *arguments: str) -> dict[str, int]:
        run = snakemake(project, "-n", *arguments)
        assert run.returncode == 0, run.stderr[-2000:]
        return jobs(run.stdout + run.stderr)

    return plan


@pytest.fixture(scope="session")
def edit() -> Callable[..., None]:
    """Changes a YAML file of a project's config by a function of its content."""

    def change_file(
        project: Path, change: Callable[[dict[str, Any]], object], name: str = "config.yaml"
    ) -> None:
        path = project / "config" / name
        # By way of JSON: what YAML anchors share is to be changed in one place alone.
        config = json.loads(json.dumps(yaml.safe_load(path.read_text())))
        change(config)
        path.write_text(yaml.safe_dump(config, sort_keys=False))

    return change_file
