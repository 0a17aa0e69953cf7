"""Copies of the project for tests that run the workflow."""

from __future__ import annotations

import re
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


def jobs(printed: str) -> dict[str, int]:
    """Rules and numbers of jobs in the table that Snakemake prints before it runs them."""
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", printed, re.S | re.M)
    if table is None:
        assert "Nothing to be done" in printed
        return {}
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table[1], re.M)}
