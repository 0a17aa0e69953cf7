"""The verdict on real PASSIVE beads at their full rate, whose answer is known.

    python benchmarks/real_records.py [folder of the records that are not shipped]

The folder (or the environment variable ACTIVENOISE_RECORDS) may hold trapped_bead_water_camera.txt.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "workflow"))

from activenoise.inference.comparison import Comparison, compare_models  # noqa: E402
from activenoise.inference.record import Kind, Record, default_prior  # noqa: E402

MICROMETRES_PER_VOLT = 7.2537


def bead() -> Record:
    volts = np.load(ROOT / "data/tracks/trapped_bead_water_78kHz.npz")["arr_0"]
    return Record((volts - volts.mean()) * MICROMETRES_PER_VOLT, 1 / 78125)


def camera(folder: Path) -> Record:
    metres = np.genfromtxt(folder / "trapped_bead_water_camera.txt", skip_header=1)[:, 0]
    return Record((metres - metres.mean()) * 1e6, 6.8966e-3)


def report(name: str, answer: Comparison, seconds: float) -> None:
    chances = "  ".join(f"{model} {p:.4f}" for model, p in answer.probability.items())
    print(f"{name}: {chances}  ({seconds:.0f} s)")
    print(
        f"  P(active) {answer.p_active:.4f} +- {answer.numerical_error:.4f}, "
        f"P(distinguishable) {answer.p_distinguishable:.4f}"
    )
    for model, p in answer.posteriors.items():
        print(
            f"  {model:13s} log evidence {p.log_evidence:.2f} +- {p.error:.3f}, "
            f"{p.effective:.0f} draws, k {p.pareto_k:.2f}, {p.likelihoods} likelihoods"
        )
    for parameter, row in answer.posteriors["Passive"].summary().items():
        print(
            f"    {parameter:10s} {row['median']:.4g}, 95 % {row['low95']:.4g} ... "
            f"{row['high95']:.4g}"
        )


def main() -> None:
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ACTIVENOISE_RECORDS", "")
    records: dict[str, tuple[Record, Kind]] = {"78 kHz bead": (bead(), "detector")}
    if folder:
        records["camera bead"] = (camera(Path(folder)), "camera")
    for name, (record, kind) in records.items():
        kinds: tuple[Kind, Kind] = (kind, "unknown")
        for assumed in kinds:
            start = time.perf_counter()
            answer = compare_models([record], default_prior([record], assumed))
            report(f"{name}, {assumed}", answer, time.perf_counter() - start)


if __name__ == "__main__":
    main()
