"""Is a passive tracer called active? Simulated passive records of four kinds of instrument, whose
noise, blur and low-pass are drawn anew for each, under the default priors.

    python benchmarks/passive_records.py [records of each row, default 10] [points, default 8000]

Prints P(active) and P(distinguishable), mean and largest, for traps whose corner frequency is 1/50,
1/200 and 1/2000 of the sampling rate.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.inference.comparison import compare_models
from activenoise.inference.importance import Sampler
from activenoise.inference.record import Kind, Record, default_prior
from activenoise.parameters import TWINS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive
from activenoise.simulation.records import simulate_records

DT, D = 1e-3, 1.0
CORNERS = (50, 200, 2000)
SAMPLER = Sampler(draws=512, final=1024, wanted=300)


def instrument(kind: Kind, rng: np.random.Generator) -> Instrument:
    step = np.sqrt(2 * D * DT)
    noise, exposure = rng.uniform(0, 0.5) * step, rng.uniform()
    corner, relaxed = 10 ** rng.uniform(-1.2, 0) / DT, rng.uniform(0, 0.6)
    if kind == "exact":
        return Instrument()
    if kind == "camera":
        return Instrument(noise=noise, exposure=exposure)
    if kind == "detector":
        return Instrument(noise=noise, corner=corner, relaxed=relaxed)
    return Instrument(noise=noise, exposure=exposure, corner=corner)


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    count, n_points = [*given, *(10, 8000)[len(given) :]]
    print(f"{count} records of {n_points} points a row: mean, largest")
    kinds: tuple[Kind, ...] = get_args(Kind)
    for kind in kinds:
        for corner in CORNERS:
            rows = []
            for seed in range(count):
                rng = np.random.default_rng([seed, corner, kinds.index(kind)])
                model = Passive(2 * np.pi / (corner * DT), D)
                x = simulate_records(model, instrument(kind, rng), n_points, DT, seed)
                records = [Record(x - x.mean(), DT)]
                prior = default_prior(records, kind)
                answer = compare_models(records, prior, seed=seed, sampler=SAMPLER)
                linear = [p for name, p in answer.posteriors.items() if name not in TWINS]
                worst = max(p.pareto_k for p in linear)
                rows.append((answer.p_active, answer.p_distinguishable, worst > 0.7))
            active, shown, poor = np.array(rows, float).T
            print(
                f"  {kind:9s} 1/{corner:<5d} P(active) {active.mean():.3f}, {active.max():.3f}  "
                f"P(distinguishable) {shown.mean():.3f}, {shown.max():.3f}  "
                f"Pareto k > 0.7 in {poor.sum():.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
