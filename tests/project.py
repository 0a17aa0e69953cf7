"""Copies of the project for tests that run the workflow."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_project(folder: Path) -> Path:
    """Copies the repository, without results, into a folder."""
    for name in ("workflow", "config", "data", "envs", "profiles"):
        shutil.copytree(
            ROOT / name, folder / name, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("*.pyc"),  # what Numba compiled saves minutes
        )  # fmt: skip
    shutil.copy(ROOT / "Snakefile", folder)
    return folder
