"""What counts: the thresholds by which the facts of a record become a reading, all in one place.

Works on typed facts and needs no numerics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Literal, NamedTuple

from activenoise.analysis.facts import ComparisonFacts, DriftRival, Facts, FitTest, Model

Reading = Literal[
    "no model",
    "thermal",
    "equilibrium",
    "active",
    "active or viscoelastic",
    "drift",
    "slow",
    "shape",
    "undecided",
]
ACTIVE: tuple[Model, ...] = ("AOUP", "RBP")


@dataclass(frozen=True)
class Thresholds:
    """likely, unlikely: probabilities that settle a question; probable: that make an answer the
    most likely one by far.

    A misfit matters where it is both certain and large. autocorrelation: of the innovations at one
    lag; distance: of their distribution from the normal's; each also beyond so many standard errors
    (`errors`), or beyond `distance_errors`/sqrt(n), the Kolmogorov-Smirnov distance of p = 0.001.
    kurtosis: of the positions, also beyond `errors`.
    slow: chance of the correlations of 200 block means, which are so few that what they show
    matters. trend, circulation: chances. agreement: log Bayes factor, nats, beyond which tracks
    share their parameters or do not. band: part of a statistic inside its 95 % band.
    familiar: fraction of a network's training tracks that must be farther out than a record.
    pareto_k, effective: of the importance sampling, beyond and below which its errors are not to be
    trusted.
    """

    likely: float = 0.95
    unlikely: float = 0.05
    probable: float = 0.8
    autocorrelation: float = 0.05
    errors: float = 4.5
    distance: float = 0.02
    distance_errors: float = 1.95
    kurtosis: float = 0.1
    slow: float = 1e-4
    trend: float = 1e-3
    circulation: float = 0.01
    agreement: float = 3.0
    band: float = 0.5
    familiar: float = 0.01
    pareto_k: float = 0.7
    effective: float = 100.0


THRESHOLDS = Thresholds()


def misfits(test: FitTest, limits: Thresholds = THRESHOLDS) -> dict[str, float]:
    """What is wrong with the innovations of one coordinate, by kind, with its size: "fast" (the
    largest autocorrelation), "normal" (distance), "shape" (excess kurtosis of the positions),
    "slow" (chance of the blocks). Empty: it fits.

    The innovations of RBP are its normal scores; its positions are not normal.
    """
    found: dict[str, float] = {}
    largest = max(test.autocorrelation, key=abs)
    root = sqrt(test.n_points)
    if abs(largest) > max(limits.autocorrelation, limits.errors / root):
        found["fast"] = largest
    if test.distance > max(limits.distance, limits.distance_errors / root):
        found["normal"] = test.distance
    tails = None if test.model == "RBP" else test.positions
    if tails and abs(tails.value) > max(limits.kurtosis, limits.errors * tails.error):
        found["shape"] = tails.value
    if test.p_slow < limits.slow:
        found["slow"] = test.p_slow
    return found


def all_misfits(
    fit: Mapping[str, FitTest], limits: Thresholds = THRESHOLDS
) -> dict[str, dict[str, float]]:
    """`misfits` by coordinate, of those that have any."""
    found = {name: misfits(test, limits) for name, test in fit.items()}
    return {name: kinds for name, kinds in found.items() if kinds}


def disagreement(facts: Facts, limits: Thresholds = THRESHOLDS) -> bool | None:
    """Whether the tracks of a table have parameters of their own; None where that is not decided,
    or there are fewer than two to compare."""
    found = facts.tracks.own_over_shared.get(facts.comparison.favoured)
    return None if found is None else differ(found.value, found.error, limits)


def differ(value: float, error: float, limits: Thresholds = THRESHOLDS) -> bool | None:
    """Whether a log Bayes factor (nats) decides for parameters of each track's own; None where it
    decides nothing."""
    return None if abs(value) < limits.agreement + 2 * error else value > 0


def basis(facts: Facts) -> ComparisonFacts:
    """The comparison that a reading rests on: where the tracks of a table have parameters of their
    own, the one in which each has its own."""
    return facts.own if facts.own is not None and disagreement(facts) else facts.comparison


def reading(facts: Facts, limits: Thresholds = THRESHOLDS) -> Reading:
    """Which reading of the record its facts favour."""
    return reading_of(basis(facts), facts.free, facts.rivals.drift, limits)


def reading_of(
    found: ComparisonFacts,
    free: bool,
    drift: DriftRival | None,
    limits: Thresholds = THRESHOLDS,
) -> Reading:
    """Which reading a comparison favours. drift: None where this rival was not tested, which
    speaks neither for nor against it.

    "active" needs a negative weight of C(t): without one a viscoelastic bead at equilibrium has the
    same law, and how the two share the probability is the priors' doing. A free tracer has no such
    double: its record tells the two apart or does not. "drift": thermal noise on an instrument that
    drifts explains the record better; "slow": it does as well. "shape": the positions are not
    Gaussian, but their correlations are those of equilibrium. Both RBP and a trap that is not
    harmonic produce this, so the record does not decide.
    """
    if all_misfits(found.fit, limits):
        return "no model"
    passive = found.p("Passive")
    if passive > limits.likely:
        return "thermal"
    excluded = passive < limits.unlikely
    if excluded and drift is not None and drift.probability >= limits.unlikely:
        return "drift" if drift.probability > limits.likely else "slow"
    if free:
        if found.p_active < limits.unlikely:
            return "equilibrium"
        return "active" if found.p_distinguishable > limits.likely else "undecided"
    if excluded and _among_gaussian(found, "Passive") >= limits.unlikely:
        return "shape"
    if not excluded:
        return "equilibrium" if found.p_active < limits.unlikely else "undecided"
    if found.p_distinguishable > limits.likely:
        return "active"
    at_equilibrium = sum(_among_gaussian(found, model) for model in ("Passive", "Viscoelastic"))
    only_rbp = found.p("RBP") > limits.likely and at_equilibrium >= limits.unlikely
    return "shape" if only_rbp else "active or viscoelastic"


def _among_gaussian(found: ComparisonFacts, model: str) -> float:
    """Probability of a model without RBP, at equal odds: by the covariance alone."""
    log_z = {name: m.log_evidence for name, m in found.models.items() if name != "RBP"}
    return 1 / sum(exp(min(value - log_z[model], 700.0)) for value in log_z.values())


class Stated(NamedTuple):
    """The probabilities that a reading states, which add up to 1: of thermal noise in a simple
    liquid, in a viscoelastic medium, and on a drifting instrument (None where that was not
    tested), and of active motion, with the numerical errors of the first and the last.
    distinguishable: of activity that differs from every medium at equilibrium."""

    models: dict[str, float]
    active: float
    active_error: float
    thermal_error: float
    distinguishable: float
    drift: float | None

    @property
    def equilibrium(self) -> float:
        """Of thermal noise in a medium at equilibrium, seen by an instrument at rest."""
        return self.models["Passive"] + self.models["Viscoelastic"]


def stated(facts: Facts) -> Stated:
    """The probabilities that the reading of these facts states."""
    found, drift = basis(facts), facts.rivals.drift
    rest = 1.0 if drift is None else 1.0 - drift.probability
    return Stated(
        models={name: rest * model.probability for name, model in found.models.items()},
        active=rest * found.p_active,
        active_error=rest * found.p_active_error,
        thermal_error=rest * found.models["Passive"].probability_error,
        distinguishable=rest * found.p_distinguishable,
        drift=None if drift is None else drift.probability,
    )


def has_double(facts: Facts) -> bool:
    """Whether the active reading, if it is alive, has kappa tau_a > 1 and two positive weights: an
    exact double at equilibrium."""
    alive = basis(facts).p("Passive") <= THRESHOLDS.likely
    return alive and facts.double.kappa_tau_a > 1 and facts.double.p_negative_weight < 0.5


def is_familiar(answers: Mapping[str, Any], task: str, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether a record is like what the network of this task was trained on (true where it was not
    looked at). answers: of a network, as in ready.json or network.json."""
    found = answers.get("familiar", {}).get(task)
    return found is None or found["farther"] >= limits.familiar
