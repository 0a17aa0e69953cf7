"""The verdict on a simulated twin of the paper's record: 655 076 points at 78 125 Hz of an AOUP at
the published fit. Prints the posterior of the models and of the parameters, time and memory."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.inference.comparison import compare_models
from activenoise.inference.record import Kind, Record, default_prior
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from activenoise.simulation.records import simulate_records


def main() -> None:
    model, dt = AOUP(157.0, 7e-4, 6.3e-3, 0.33), 1.28e-5
    positions = simulate_records(model, Instrument(), 655_076, dt, seed=1)
    record = Record(positions, dt)
    kinds: list[Kind] = [kind for kind in get_args(Kind) if kind in sys.argv[1:]] or ["detector"]
    for kind in kinds:
        start = time.perf_counter()
        answer = compare_models([record], default_prior([record], kind))
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{kind}: {seconds:.0f} s, {memory:.2f} GB at most")
        for name, p in answer.posteriors.items():
            print(
                f"  {name:13s} P {answer.probability[name]:.4f}, log evidence "
                f"{p.log_evidence:.2f} +- {p.error:.3f}, {p.effective:.0f} draws, "
                f"k {p.pareto_k:.2f}, {p.likelihoods} likelihoods"
            )
        print(
            f"  P(active) {answer.p_active:.3f} +- {answer.numerical_error:.3f}, "
            f"P(distinguishable) {answer.p_distinguishable:.3f}"
        )
        for parameter, row in answer.posteriors["AOUP"].summary().items():
            print(
                f"    {parameter:12s} {row['median']:.4g}, 95 % {row['low95']:.4g} ... "
                f"{row['high95']:.4g}"
            )
        print(f"    kappa tau_a {np.median(product(answer.posteriors['AOUP'].parameters)):.3g}")


def product(parameters: dict[str, np.ndarray]) -> np.ndarray:
    return parameters["kappa"] * parameters["tau_a"]


if __name__ == "__main__":
    main()
