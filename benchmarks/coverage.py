"""Are the posteriors right? Records of the four models with noise and motion blur, parameters drawn
from the prior, analysed with the same prior.

    python benchmarks/coverage.py [records, default 200] [points, default 1000] [first seed]
                                  [processes, default 1]

Prints how often the central 68 and 95 % intervals of the true model's parameters hold the truth,
for all records and by model, a chi-square test of the ranks of the truth among the draws
(simulation-based calibration: they are uniform), and the reliability of P(active) and of the
models' probabilities; each with its binomial standard error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before Numba is loaded: the processes share the cores
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.inference.comparison import compare_models
from activenoise.inference.importance import Sampler
from activenoise.inference.record import OFF, Coordinates, Record
from activenoise.physics.priors import Axis
from activenoise.simulation.records import simulate_records

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
SUBSTEPS = 8  # of the exposure and of the rest of an interval; the angle turns by 0.16 at most
SAMPLER = Sampler(draws=512, final=1024, wanted=500)


class Outcome(NamedTuple):
    """One record. ranks: of the truth among the draws of each parameter of the true model, 0 to 1.
    effective, pareto_k: of each model's posterior."""

    model: str
    ranks: dict[str, float]
    probability: dict[str, float]
    effective: dict[str, float]
    pareto_k: dict[str, float]


def draw(name: str, n_points: int, seed: int) -> tuple[dict[str, float], np.ndarray]:
    """Parameters from the prior, and a record."""
    coordinates = Coordinates("AOUP" if name == "RBP" else name, PRIOR)
    rng = np.random.default_rng([seed, 1])  # another stream than the noise of the record
    z = ndtri(rng.random((1, len(coordinates.names))))
    truth = {key: float(value[0]) for key, value in coordinates.parameters(z).items()}
    model, instrument = coordinates.build(z, "zero")
    if name != "RBP":
        return truth, simulate_records(model, instrument, n_points, DT, seed)
    return truth, rotational_record(truth, n_points, rng)


def rotational_record(
    truth: dict[str, float], n_points: int, rng: np.random.Generator
) -> np.ndarray:
    """A record of an RBP, exact given the velocity, which is constant over each of 2 SUBSTEPS parts
    of an interval: over time h, with a = exp(-kappa h), g = (1 - a)/kappa and velocity v,

        x' = a x + g v + w,   integral of x = g x + (h - g)/kappa v + u,
        Var w = D (1 - a^2)/kappa,   Cov(w, u) = D g^2,   Var u = D (2 h - 2 g - kappa g^2)/kappa^2.
    """
    kappa, D, tau_a = truth["kappa"], truth["D"], truth["tau_a"]
    waiting = int(np.ceil(8 / (kappa * DT)))  # until the start is forgotten
    total = waiting + n_points
    parts = np.repeat([(1 - truth["exposure"]) * DT, truth["exposure"] * DT], SUBSTEPS) / SUBSTEPS
    turns = rng.standard_normal((total, 2 * SUBSTEPS)) * np.sqrt(2 * parts / tau_a)
    cosine = np.cos(rng.uniform(0, 2 * np.pi) + np.append(0.0, np.cumsum(turns)))
    v = np.sqrt(2 * truth["D_a"] / tau_a) * 0.5 * (cosine[1:] + cosine[:-1])
    a, g = np.exp(-kappa * parts), -np.expm1(-kappa * parts) / kappa
    slow = np.where(kappa * parts > 1e-3, (parts - g) / kappa, parts**2 / 2 - kappa * parts**3 / 6)
    var_w, cov = D * g * (1 + a), D * g**2
    exact = (2 * parts - 2 * g - kappa * g**2) / kappa**2
    var_u = D * np.where(kappa * parts > 1e-3, exact, 2 / 3 * parts**3 - kappa * parts**4 / 2)
    first, second = rng.standard_normal((2, total, 2 * SUBSTEPS))
    slope = np.divide(cov, var_w, out=np.zeros_like(cov), where=var_w > 0)
    w = np.sqrt(var_w) * first
    u = slope * w + np.sqrt(np.maximum(var_u - slope * cov, 0)) * second
    v = v.reshape(total, 2 * SUBSTEPS)
    pushed, held = (g * v + w).tolist(), (slow * v + u).tolist()
    x, blurred = 0.0, np.empty(total)
    keep, mean = a.tolist(), g.tolist()
    exposed = truth["exposure"] * DT
    for t in range(total):
        area = 0.0
        for k in range(2 * SUBSTEPS):
            if k >= SUBSTEPS:
                area += mean[k] * x + held[t][k]
            x = keep[k] * x + pushed[t][k]
        blurred[t] = area / exposed if exposed > 0 else x
    return blurred[waiting:] + truth["noise"] * rng.standard_normal(n_points)


def outcome(seed: int, n_points: int) -> Outcome:
    """Model, parameters and record of this seed, and what the verdict says of them."""
    name = MODELS[seed % 4]
    truth, positions = draw(name, n_points, seed)
    answer = compare_models([Record(positions, DT)], PRIOR, seed=seed, sampler=SAMPLER)
    posterior = answer.posteriors[name]
    ranks = {n: float(np.mean(posterior.parameters[n] < truth[n])) for n in posterior.unknown}
    return Outcome(
        name,
        ranks,
        {n: answer.probability[n] for n in MODELS},
        {n: p.effective for n, p in answer.posteriors.items()},
        {n: p.pareto_k for n, p in answer.posteriors.items()},
    )


def outcomes(seeds: Sequence[int], n_points: int, processes: int) -> list[Outcome]:
    lengths = [n_points] * len(seeds)
    if processes == 1:
        return list(map(outcome, seeds, lengths))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(outcome, seeds, lengths))


def print_coverage(title: str, results: Sequence[Outcome]) -> None:
    ranks: dict[str, list[float]] = {}
    for result in results:
        for parameter, rank in result.ranks.items():
            ranks.setdefault(parameter, []).append(rank)
    print(title)
    everything = [r for values in ranks.values() for r in values]
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


def print_reliability(results: Sequence[Outcome]) -> None:
    p = np.array([[result.probability[name] for name in MODELS] for result in results])
    c = np.array([MODELS.index(result.model) for result in results])
    loss = -np.mean(np.log(p[np.arange(len(c)), c]))
    print(f"mean log-loss of the models {loss:.3f} (log 4: 1.386)")
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


def spread(values: Iterable[float]) -> str:
    """Smallest value, tenth percentile and median."""
    low, tenth, middle = np.quantile(list(values), [0, 0.1, 0.5])
    return f"{low:.0f}, {tenth:.0f}, {middle:.0f}"


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    count, n_points, first, processes = [*given, *(200, 1000, 0, 1)[len(given) :]]
    start = time.perf_counter()
    results = outcomes(range(first, first + count), n_points, processes)
    print(
        f"{count} records of {n_points} points, seeds from {first}: "
        f"{time.perf_counter() - start:.0f} s in {processes} processes"
    )
    for name in MODELS:
        poor = sum(result.pareto_k[name] > 0.7 for result in results)
        print(
            f"  {name:14s} effective draws (least, 10 %, median) "
            f"{spread(result.effective[name] for result in results)}; Pareto k > 0.7 in {poor}"
        )
    print_coverage("all records", results)
    for name in MODELS:
        print_coverage(name, [result for result in results if result.model == name])
    print_reliability(results)


if __name__ == "__main__":
    main()
