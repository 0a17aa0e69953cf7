"""Two folders of results compared by what they say, without times and pictures."""

from __future__ import annotations

import csv
import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from activenoise.files import read_tree

TIMES = ("second", "rss", "jobs")  # of two runs they differ
# Folders and files that differ between any two runs.
UNLIKE = {"benchmarks", "logs", "origin.json", "times.csv"}
# Kernels that Numba has just compiled round otherwise than those from its cache: by up to 1e-12.
ROUNDING = 1e-6


def content(path: Path) -> Any:
    """What a result says, without times; None for figures and pages, which must be there alone."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as file:
            return without_times(list(csv.DictReader(file)))
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".h5":
        return {name: np.asarray(values).tolist() for name, values in read_tree(path).items()}
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as parts, tempfile.TemporaryDirectory() as folder:
            return content(Path(parts.extract("model.weights.h5", folder)))
    return None


def without_times(value: Any) -> Any:
    """A value without what differs between any two runs."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not any(name in k for name in TIMES)}
        return {k: without_times(v) for k, v in kept.items()}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal, numbers to a relative `ROUNDING`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if one == other:
        return True
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        return False
    return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=1e-12) or (a != a and b != b)


def results_in(folder: Path) -> set[Path]:
    """The files of a folder of results, relative to it, without logs and benchmarks."""
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in files if not UNLIKE & set(path.parts)}


def differences(reference: Path, results: Path, part: bool = False) -> list[str]:
    """What a folder of results lacks, has beyond the reference, or says otherwise, a line each.

    part: the folder need not hold all that the reference holds.
    """
    expected, found = results_in(reference), results_in(results)
    wrong = [] if part else [f"{path}: missing" for path in sorted(expected - found)]
    wrong += [f"{path}: left behind" for path in sorted(found - expected)]
    for path in sorted(expected & found):
        if not alike(content(reference / path), content(results / path)):
            wrong.append(f"{path}: not as in the reference")
    return wrong
