"""Are the posteriors right? Records of the grid of media and drives with noise and motion blur,
parameters drawn from the prior, analysed with the same prior.

    python benchmarks/coverage.py [records, default 208] [points, default 1000] [first seed]
                                  [processes, default 1] [exposure | noise | energy]

Prints how often the central 68 and 95 % intervals of the true model's parameters hold the truth,
for all records and by model; whether the ranks of the truth among the draws are uniform
(simulation-based calibration), that of its log likelihood among them too: a chi-square test of
each, and for all of them the chance of the extreme of the empirical distributions, held against a
simultaneous band (gamma of Sailynoja, Burkner, Vehtari, Stat. Comput. 32, 32, 2022); and the
reliability of P(active) and of the models' probabilities, with binomial standard errors. With
"exposure" the analysis leaves out the blur, with "noise" it takes twice the noise: what the tests
of the ranks must then find. With "energy" the records are those of the driven linear models, the
true model alone is fitted, and the dissipation is all that is ranked: a second a record.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before Numba is loaded: the processes share the cores
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom, chi2

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.arrays import FloatArray
from activenoise.inference.comparison import compare_models, usual_odds
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import joint_log_likelihood, posterior
from activenoise.inference.record import OFF, Coordinates, Record, elements_of
from activenoise.parameters import ACTIVE, PARAMETERS, TWINS
from activenoise.physics.energy import dissipation
from activenoise.physics.models import MODELS, RBP, RTP
from activenoise.physics.priors import Axis
from activenoise.simulation.recorded import simulate_recorded
from activenoise.simulation.records import simulate_records
from benchmarks.harness import in_processes

DT = 0.05
PRIOR = {
    "kappa": Axis(0.2, 5.0, log=True),
    "D": Axis(0.1, 2.0, log=True),
    "active_share": Axis(0.05, 0.95),
    "element_share": Axis(0.05, 0.95),
    "tau_a": Axis(0.5, 5.0, log=True),
    "tau_m": Axis(0.5, 5.0, log=True),
    "medium_strength": Axis(0.5, 20.0, log=True),
    "alpha": Axis(0.3, 0.9),
    "tau_min": Axis(DT, DT),
    "tau_max": Axis(50.0, 50.0),
    **OFF,
    "noise": Axis(0.0, 0.2),
    "exposure": Axis(0.0, 1.0),
}
ASKED = (
    "Passive", "Viscoelastic", "PowerLaw", "AOUP", "ViscoelasticAOUP", "PowerLawAOUP", "RBP", "RTP",
)  # fmt: skip
DRIVEN = ("AOUP", "ViscoelasticAOUP", "PowerLawAOUP")
ODDS = {name: 1 / usual for name, usual in usual_odds(ASKED).items()}  # all equally likely
LEVELS = 500  # draws among which the log likelihood of the truth is ranked
SAMPLER = Sampler(draws=512, final=1024, wanted=500)


class Outcome(NamedTuple):
    """One record. ranks: of the truth among the draws of each parameter of the true model, 0 to 1.
    effective, pareto_k: of each model's posterior."""

    model: str
    ranks: dict[str, float]
    probability: dict[str, float]
    effective: dict[str, float]
    pareto_k: dict[str, float]


def draw(name: str, n_points: int, seed: int) -> tuple[dict[str, float], FloatArray, FloatArray]:
    """Parameters from the prior, their coordinates (1, d), and a record."""
    coordinates = Coordinates(TWINS.get(name, name), PRIOR)
    rng = np.random.default_rng([seed, 1])  # another stream than the noise of the record
    z = ndtri(rng.random((1, len(coordinates.names))))
    truth = {key: float(value[0]) for key, value in coordinates.parameters(z).items()}
    model, instrument = coordinates.build(z, "zero")
    if name not in TWINS:
        return truth, z, simulate_records(model, instrument, n_points, DT, seed)
    turning = MODELS[name](**{key: truth[key] for key in PARAMETERS[name]})
    assert isinstance(turning, RBP | RTP)
    return truth, z, simulate_recorded(turning, instrument, n_points, DT, seed)[0].astype(float)


def assumed(mutation: str, noise: float) -> dict[str, Axis]:
    """The prior of the analysis: that of the records, or a wrong one. noise: of the record."""
    if mutation == "exposure":
        return {**PRIOR, "exposure": OFF["exposure"]}
    if mutation == "noise":
        return {**PRIOR, "noise": Axis(2 * noise, 2 * noise)}
    return PRIOR


def outcome(seed: int, n_points: int, mutation: str = "") -> Outcome:
    """Model, parameters and record of this seed, and what the verdict says of them."""
    name = ASKED[seed % len(ASKED)]
    truth, z, positions = draw(name, n_points, seed)
    records, prior = [Record(positions, DT)], assumed(mutation, truth["noise"])
    answer = compare_models(records, prior, seed=seed, sampler=SAMPLER, odds=ODDS, models=ASKED)
    posterior = answer.posteriors[name]
    ranks = {n: float(np.mean(posterior.parameters[n] < truth[n])) for n in posterior.unknown}
    if name not in TWINS and not mutation:  # their likelihood is dear
        log_p = joint_log_likelihood(Coordinates(name, prior), records, "constant")
        drawn = log_p(posterior.sample.equal(LEVELS, seed))
        ranks["log likelihood"] = float(np.mean(drawn < log_p(z)))
    return Outcome(
        name,
        ranks,
        {n: answer.probability[n] for n in ASKED},
        {n: p.effective for n, p in answer.posteriors.items()},
        {n: p.pareto_k for n, p in answer.posteriors.items()},
    )


def power_of(name: str, values: Mapping[str, FloatArray]) -> FloatArray:
    """Dissipation (kT/s) of a driven model at each set of parameters."""
    kappa, D, D_a, tau_a = (np.atleast_1d(values[n]) for n in ("kappa", "D", "D_a", "tau_a"))
    return dissipation(kappa, D, elements_of(name, values), D_a, tau_a)


def energy_rank(seed: int, n_points: int) -> Outcome:
    """The rank of the true dissipation of the record of this seed under its own model."""
    name = DRIVEN[seed % len(DRIVEN)]
    truth, _, positions = draw(name, n_points, seed)
    own = posterior(name, [Record(positions, DT)], PRIOR, seed=seed, sampler=SAMPLER)
    true = power_of(name, {key: np.array([value]) for key, value in truth.items()})
    rank = float(np.mean(power_of(name, own.parameters) < true))
    return Outcome(name, {"dissipation": rank}, {}, {name: own.effective}, {name: own.pareto_k})


def outcomes(
    seeds: Sequence[int], n_points: int, processes: int, mutation: str = ""
) -> list[Outcome]:
    return in_processes(outcome, [(seed, n_points, mutation) for seed in seeds], processes)


def log_gamma(ranks: FloatArray) -> float:
    """The smallest two-sided binomial chance of the empirical distribution of ranks (n,), 0 to 1,
    at any of 99 places, if they are uniform; its logarithm."""
    at = np.linspace(0.01, 0.99, 99)
    below = (ranks[:, None] <= at).sum(axis=0)
    n = len(ranks)
    least = np.minimum(binom.cdf(below, n, at), binom.sf(below - 1, n, at))
    return float(np.log(2 * least.min()))


def p_simultaneous(ranks: FloatArray, seed: int = 0) -> float:
    """Chance of as extreme a `log_gamma` if the ranks are uniform, from 2000 such sets."""
    rng = np.random.default_rng(seed)
    seen = log_gamma(ranks)
    drawn = [log_gamma(u) for u in rng.random((2000, len(ranks)))]
    return (1 + sum(value <= seen for value in drawn)) / 2001


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
        band = f", in the band: p = {p_simultaneous(r):.4f}" if parameter != "all" else ""
        print(f"{line}   ranks uniform: p = {chi2.sf(statistic, 9):.3f}{band}")


def print_reliability(results: Sequence[Outcome]) -> None:
    p = np.array([[result.probability[name] for name in ASKED] for result in results])
    c = np.array([ASKED.index(result.model) for result in results])
    loss = -np.mean(np.log(p[np.arange(len(c)), c]))
    print(f"mean log-loss of the models {loss:.3f} (log {len(ASKED)}: {np.log(len(ASKED)):.3f})")
    # Of models that are equally likely, as they are here.
    driven = np.array([name in ACTIVE for name in ASKED])
    active = p[:, driven].sum(axis=1)
    for label, chance, true in (
        ("P(active)", active, driven[c]),
        ("every model", p.ravel(), np.eye(len(ASKED))[c].ravel() > 0),
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
    mutation = sys.argv[-1] if sys.argv[-1] in ("exposure", "noise") else ""
    energies = sys.argv[-1] == "energy"
    words = (mutation, "energy")
    given = [int(argument) for argument in sys.argv[1:] if argument not in words]
    count, n_points, first, processes = [*given, *(208, 1000, 0, 1)[len(given) :]]
    start = time.perf_counter()
    seeds = range(first, first + count)
    if energies:
        ranked = in_processes(energy_rank, [(seed, n_points) for seed in seeds], processes)
        print(f"{count} records of {n_points} points: {time.perf_counter() - start:.0f} s")
        for title, names in (("all records", DRIVEN), *((name, (name,)) for name in DRIVEN)):
            print_coverage(title, [one for one in ranked if one.model in names])
        return
    results = outcomes(seeds, n_points, processes, mutation)
    print(
        f"{count} records of {n_points} points, seeds from {first}: "
        f"{time.perf_counter() - start:.0f} s in {processes} processes"
    )
    for name in ASKED:
        poor = sum(result.pareto_k[name] > 0.7 for result in results)
        print(
            f"  {name:14s} effective draws (least, 10 %, median) "
            f"{spread(result.effective[name] for result in results)}; Pareto k > 0.7 in {poor}"
        )
    print_coverage("all records", results)
    for name in ASKED:
        print_coverage(name, [result for result in results if result.model == name])
    print_reliability(results)


if __name__ == "__main__":
    main()
