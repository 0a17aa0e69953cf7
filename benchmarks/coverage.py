"""Are the posteriors right? Records of the four models with noise and motion blur, parameters drawn
from the prior, analysed with the same prior.

    python benchmarks/coverage.py [records, default 200] [points, default 1000] [first seed]

Prints how often the central 68 and 95 % intervals of the true model's parameters hold the truth,
the reliability of P(active) and of the models' probabilities, and a chi-square test of the ranks of
the truth among the draws (simulation-based calibration); each with its binomial standard error.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise import simulation, state_space
from activenoise.importance import Sampler
from activenoise.models import RBP
from activenoise.posterior import OFF, Coordinates, Record, verdict
from activenoise.priors import Axis

DT = 0.05
PRIOR = {
    "kappa": Axis(0.2, 5.0, log=True),
    "D": Axis(0.1, 2.0, log=True),
    "active_share": Axis(0.05, 0.95),
    "element_share": Axis(0.05, 0.95),
    "tau_a": Axis(0.5, 5.0, log=True),
    "tau_m": Axis(0.5, 5.0, log=True),
    **OFF,
    "noise": Axis(0.0, 0.2),
    "exposure": Axis(0.0, 1.0),
}
MODELS = ("Passive", "Viscoelastic", "AOUP", "RBP")
SUBSTEPS = 40
SAMPLER = Sampler(draws=512, final=1024, wanted=500)


def draw(name: str, n_points: int, seed: int) -> tuple[dict[str, float], np.ndarray]:
    """Parameters from the prior, and a record."""
    coordinates = Coordinates("AOUP" if name == "RBP" else name, PRIOR)
    rng = np.random.default_rng(seed)
    z = ndtri(rng.random((1, len(coordinates.names))))
    truth = {key: float(value[0]) for key, value in coordinates.parameters(z).items()}
    model, instrument = coordinates.build(z, "zero")
    if name != "RBP":
        return truth, state_space.simulate(model, instrument, n_points, DT, seed)
    # The exposure of each point ends at it: its last part of finely simulated positions.
    angle = RBP(*(truth[n] for n in ("kappa", "D", "D_a", "tau_a")))
    fine = simulation.simulate(angle, n_points * SUBSTEPS, DT / SUBSTEPS, seed, n_tracks=1)[0]
    exposed = max(round(truth["exposure"] * SUBSTEPS), 1)
    positions = fine.reshape(n_points, SUBSTEPS)[:, -exposed:].mean(axis=1, dtype=np.float64)
    return truth, positions + truth["noise"] * rng.standard_normal(n_points)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    n_points = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    ranks: dict[str, list[float]] = {}
    chances, classes, poor = [], [], 0
    start = time.perf_counter()
    for seed in range(first, first + count):
        name = MODELS[seed % 4]
        truth, positions = draw(name, n_points, seed)
        answer = verdict([Record(positions, DT)], PRIOR, seed=seed, sampler=SAMPLER)
        chances.append([answer.probability[model] for model in MODELS])
        classes.append(MODELS.index(name))
        poor += any(p.pareto_k > 0.7 for p in answer.posteriors.values())
        posterior = answer.posteriors[name]
        for parameter in posterior.unknown:
            below = np.mean(posterior.parameters[parameter] < truth[parameter])
            ranks.setdefault(parameter, []).append(float(below))
    seconds = time.perf_counter() - start
    print(f"{count} records of {n_points} points, {seconds:.0f} s; Pareto k > 0.7 in {poor}")
    everything = np.concatenate(list(ranks.values()))
    for parameter, values in [*ranks.items(), ("all", everything)]:
        r = np.asarray(values)
        line = f"  {parameter:14s} n {len(r):4d}"
        for level in (0.68, 0.95):
            held = np.mean(np.abs(r - 0.5) < level / 2)
            error = np.sqrt(level * (1 - level) / len(r))
            line += f"   {level:.2f}: {held:.3f} ({(held - level) / error:+.1f} s.e.)"
        counts, _ = np.histogram(r, bins=10, range=(0, 1))
        statistic = np.sum((counts - len(r) / 10) ** 2) / (len(r) / 10)
        print(f"{line}   ranks uniform: p = {chi2.sf(statistic, 9):.3f}")
    p, c = np.asarray(chances), np.asarray(classes)
    print(
        f"  mean log-loss of the models {-np.mean(np.log(p[np.arange(len(c)), c])):.3f} "
        "(log 4: 1.386)"
    )
    active = p[:, 2] + p[:, 3]
    for label, chance, true in (
        ("P(active)", active, c >= 2),
        ("every model", p.ravel(), np.eye(4)[c].ravel() > 0),
    ):
        for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
            inside = (chance >= low) & (chance < high)
            if inside.sum():
                mean, seen = chance[inside].mean(), true[inside].mean()
                error = np.sqrt(np.sum(chance[inside] * (1 - chance[inside]))) / inside.sum()
                print(
                    f"  {label:12s} said {mean:.3f}, was {seen:.3f} +- {error:.3f}"
                    f"  (n {inside.sum()}, {(seen - mean) / max(error, 1e-9):+.1f} s.e.)"
                )


if __name__ == "__main__":
    main()
