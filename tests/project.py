"""Copies of the project for tests that run the workflow."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_project(folder: Path) -> Path:
    """Copies the repository, without results, into a folder. What Numba compiles, which takes
    minutes, is shared: it knows a file by its time and size."""
    for name in ("workflow", "config", "data", "envs", "profiles"):
        shutil.copytree(
            ROOT / name, folder / name, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
    for module in sorted((ROOT / "workflow" / "activenoise").rglob("*.py")):
        shared = module.parent / "__pycache__"
        shared.mkdir(exist_ok=True)
        own = folder / shared.relative_to(ROOT)
        if not own.exists():
            own.symlink_to(shared)
    shutil.copy(ROOT / "Snakefile", folder)
    return folder
