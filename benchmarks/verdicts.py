"""How often is the verdict right? Simulated records of known truth, x and y as a camera gives them,
each of parameters of its own, with localisation noise and motion blur, under the default priors.

    python benchmarks/verdicts.py [records of each kind, default 50] [processes, default 1]
                                  [a part of the kind's name]

Prints for each kind how often each reading was given, how many were called active ("active or
viscoelastic" is no such call), the median upper limit of the active part, and how often it was
above the true one. Of passive records none may be called active.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before Numba is loaded: the processes share the cores
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.analysis.judgement import reading
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.config.choices import Choices
from activenoise.inference.comparison import needed_share
from activenoise.inference.record import OFF, instrument_of, linear_model
from activenoise.parameters import ACTIVE
from activenoise.physics.shares import active_diffusivity
from activenoise.simulation.records import simulate_records
from benchmarks.harness import in_processes

DT, D = 0.01, 1.0
CALLED_ACTIVE = ("active", "active, not described")
EFFORT = replace(EFFORTS["quick"], longest=None, segments=1, bands=2)


class Kind(NamedTuple):
    """model: in the library. n_points: of a record. values: its parameters, drawn by a generator.
    A rate kappa of 0 is a free tracer."""

    model: str
    n_points: int
    values: Callable[[np.random.Generator], dict[str, float]]


def trap(rng: np.random.Generator) -> float:
    """A rate that relaxes within 5 to 100 intervals."""
    return float(1 / (DT * 10 ** rng.uniform(np.log10(5), 2)))


def power_law(rng: np.random.Generator, kappa: float) -> dict[str, float]:
    """A medium of exponent 0.3 to 0.9, whose slow friction is 2 to 50 times the fast one."""
    return {
        "kappa": kappa, "alpha": rng.uniform(0.3, 0.9),
        "medium_strength": 10 ** rng.uniform(0.3, 1.7), "tau_min": DT, "tau_max": 20.0,
    }  # fmt: skip


def driven(rng: np.random.Generator, share: float, product: float) -> dict[str, float]:
    """A trap, and a propulsion of this share and kappa tau_a."""
    kappa = trap(rng)
    tau_a = product / kappa
    D_a = float(active_diffusivity(*np.array([share, kappa, D, tau_a])))
    return {"kappa": kappa, "tau_a": tau_a, "D_a": D_a}


KINDS = {
    "passive, trapped": Kind("Passive", 2000, lambda rng: {"kappa": trap(rng)}),
    "passive, free": Kind("Passive", 2000, lambda _: {"kappa": 0.0}),
    "passive, power law, trapped": Kind("PowerLaw", 2000, lambda rng: power_law(rng, trap(rng))),
    "passive, power law, free": Kind("PowerLaw", 2000, lambda rng: power_law(rng, 0.0)),
    "AOUP, share 0.3, kappa tau_a 0.5": Kind("AOUP", 5000, lambda rng: driven(rng, 0.3, 0.5)),
    "AOUP, share 0.5, in a Maxwell medium": Kind(
        "ViscoelasticAOUP", 5000,
        lambda rng: {**driven(rng, 0.5, 0.3), "strength": 2.0, "tau_m": 0.2},
    ),
}  # fmt: skip


class Outcome(NamedTuple):
    """truth: the active part that `limit` is the limit of."""

    reading: str
    p_active: float
    limit: float
    truth: float


def outcome(name: str, seed: int) -> Outcome:
    """The verdict on one record of a kind."""
    kind, rng = KINDS[name], np.random.default_rng([seed, list(KINDS).index(name)])
    values = {"D": D, **{n: axis.low for n, axis in OFF.items()}, **kind.values(rng)}
    step = np.sqrt(2 * D * DT)
    values |= {"noise": rng.uniform(0, 0.5) * step, "exposure": rng.uniform(0.1, 1.0)}
    arrays = {key: np.array([float(value)]) for key, value in values.items()}
    free = values["kappa"] == 0
    instrument = instrument_of(arrays, "constant" if free else "zero")
    model = linear_model(kind.model, arrays)
    record = {
        axis: simulate_records(model, instrument, kind.n_points, DT, 2 * seed + i)
        for i, axis in enumerate("xy")
    }
    choices = Choices(trap="free" if free else "trapped")
    facts = analyse({"": record}, DT, "camera", EFFORT, seed, choices).facts
    part = facts.comparison.part
    assert part is not None  # no share is fixed
    driven = kind.model in ACTIVE
    truth = needed_share(kind.model, arrays, part.persistence, part.lag)[0] if driven else 0.0
    return Outcome(reading(facts), facts.comparison.p_active, part.limit95, float(truth))


def main() -> None:
    texts = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    given = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    count, processes = [*given, *(50, 1)[len(given) :]]
    for name in KINDS:
        if texts and texts[0] not in name:
            continue
        results = in_processes(outcome, [(name, seed) for seed in range(count)], processes)
        readings = Counter(result.reading for result in results)
        called = sum(readings[one] for one in CALLED_ACTIVE)
        limit = np.median([result.limit for result in results])
        told = ", ".join(f"{one} {number}" for one, number in readings.most_common())
        holds = sum(result.limit >= result.truth for result in results)
        print(
            f"{name}: called active {called} of {count}; {told}; limit {limit:.2f}, "
            f"above the truth in {holds}"
        )


if __name__ == "__main__":
    main()
