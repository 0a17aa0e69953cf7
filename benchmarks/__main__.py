"""Measure everything, print it, and write benchmarks/README.md and results/benchmarks.csv."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numba
from threadpoolctl import threadpool_limits

from benchmarks import (
    angle_filters,
    bank,
    instruments,
    likelihoods,
    limits,
    report,
    simulations,
    training_steps,
)
from benchmarks.harness import processor

ROOT = Path(__file__).resolve().parents[1]
TOPICS = (likelihoods, instruments, simulations, angle_filters, bank, training_steps)
PACKAGES = (
    "numpy", "numba", "celerite2", "statsmodels", "andi-datasets", "stochastic", "keras", "jax",
)  # fmt: skip


def versions() -> Iterator[str]:
    """Names and versions of the packages; JAX is not made for every machine."""
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def main() -> None:
    """One thread for all but the rows that say two."""
    load = f"{os.getloadavg()[0]:.1f}"
    numba.set_num_threads(1)
    with threadpool_limits(limits=1, user_api="blas"):
        rows = [row for topic in TOPICS for row in topic.measure()]
        machine = limits.machine(rows)
    memory = bank.memory()
    setting = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "load before": load,
        "Python": platform.python_version(),
        "packages": ", ".join(versions()),
    }
    text = report.render(rows, memory, machine, limits.fractions(rows, machine), setting)
    print(text)
    report.write_page(ROOT / "benchmarks" / "README.md", text)
    report.write_csv(ROOT / "results" / "benchmarks.csv", rows)


if __name__ == "__main__":
    main()
