"""What counts: the thresholds by which the facts of a record become a reading, all in one place.

Works on typed facts and needs no numerics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, Literal, NamedTuple

from activenoise.analysis.facts import ComparisonFacts, Facts, FitTest
from activenoise.parameters import ACTIVE, EQUILIBRIUM, INSTRUMENTAL, TWINS

Reading = Literal[
    "no model",
    "active, not described",
    "thermal",
    "drift",
    "no sign",
    "active",
    "active or viscoelastic",
    "shape",
    "still",
    "slow noise",
    "undecided",
]


@dataclass(frozen=True)
class Thresholds:
    """certain, likely, probable: probabilities above which an answer is almost certain, very likely
    and likely; unlikely: 1 - likely. factor: a Bayes factor between 1/factor and factor decides
    nothing. small: an active share below it is small enough to be called no sign of activity;
    minor: where the record speaks against activity, however little, a share below it is.
    agreement_of_models: log Bayes factor, nats, by which the driven models must beat all others if
    a record that none describes is to be called active; witness: chance of the test without a
    model below which it is called so too.

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

    certain: float = 0.99
    likely: float = 0.95
    unlikely: float = 0.05
    probable: float = 0.8
    factor: float = 3.0
    small: float = 1 / 3
    minor: float = 1 / 2
    agreement_of_models: float = 10.0
    witness: float = 1e-4
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

    The innovations of RBP and RTP are their normal scores; their positions are not normal.
    """
    found: dict[str, float] = {}
    largest = max(test.autocorrelation, key=abs)
    root = sqrt(test.n_points)
    if abs(largest) > max(limits.autocorrelation, limits.errors / root):
        found["fast"] = largest
    if test.distance > max(limits.distance, limits.distance_errors / root):
        found["normal"] = test.distance
    tails = None if test.model in TWINS else test.positions
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
    """Which reading of the record its facts favour.

    "thermal": a medium at equilibrium; "drift": a passive tracer on an instrument that moves
    slowly. "active" needs a negative weight of C(t): without one a bead in a viscoelastic medium
    at equilibrium has the same law, and how the two share the probability is the priors' doing
    ("active or viscoelastic"). It must be almost certain: of a hundred passive records one or two
    look very likely active by chance. "no sign": activity is not needed, and how large it can be is
    known, or the record speaks against it. "shape": the positions are not Gaussian, but their
    correlations are those of equilibrium. RBP, RTP and a trap that is not harmonic produce this, so
    the record does not decide. "active, not described": no model fits, but all agree on activity,
    or the test without a model shows activity that the models do not have. "still": the positions
    are white. "slow noise": their spectrum is that of 1/f noise, which instruments have.
    """
    found = basis(facts)
    if facts.artefacts.still is not None:
        return "still"
    seen = witnessed(facts, limits)
    if all_misfits(found.fit, limits):
        sure = seen or (_models_agree(found, limits) and not facts.artefacts.shape)
        return "active, not described" if sure else "no model"
    said = stated(facts)
    if seen and not said.distinguishable > limits.probable:
        return "active, not described"
    if facts.artefacts.slow_noise and said.models["Passive"] < limits.probable:
        return "slow noise"
    if said.equilibrium + said.instrument > limits.probable:
        return "drift" if said.instrument > said.equilibrium else "thermal"
    if _only_by_shape(found, limits) or (facts.artefacts.shape and said.active > limits.probable):
        return "shape"
    if said.distinguishable > (limits.probable if seen else limits.certain):
        return "active"
    if said.distinguishable > limits.likely:
        return "undecided"
    excluded = found.p("Passive", *INSTRUMENTAL) < limits.unlikely and not facts.free
    against = said.bayes_factor < 1 / limits.factor
    if said.active > limits.likely or (excluded and not against):
        return "active or viscoelastic"
    limit = 1.0 if found.part is None else found.part.limit95
    small = limit < (limits.minor if said.bayes_factor < 1 else limits.small)
    if against or (small and said.bayes_factor < limits.factor):
        return "no sign"
    return "undecided"


_GAUSSIAN_ACTIVE = tuple(name for name in ACTIVE if name not in TWINS)


def _driven_over_still(found: ComparisonFacts) -> float:
    """Log evidence of the best driven Gaussian model over that of the best one at equilibrium,
    nats: what the correlations alone say."""
    log_z = {name: model.log_evidence for name, model in found.models.items()}
    best, still = (
        max(log_z[name] for name in group if name in log_z)
        for group in (_GAUSSIAN_ACTIVE, EQUILIBRIUM + INSTRUMENTAL)
    )
    return best - still


def witnessed(facts: Facts, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether displacements go the same way that at equilibrium never do (`analysis.witness`). Not
    where there is a vibration, which does that too: its tones are taken off, but not what wanders
    about them."""
    test = facts.witness
    return test is not None and test.p_equilibrium < limits.witness and not facts.tones.found


def _models_agree(found: ComparisonFacts, limits: Thresholds) -> bool:
    """Whether a driven Gaussian model beats every model at equilibrium by many nats, with a law
    that no medium at equilibrium has."""
    return (
        _driven_over_still(found) > limits.agreement_of_models
        and found.p_distinguishable > limits.likely * found.p_active
    )


def _only_by_shape(found: ComparisonFacts, limits: Thresholds) -> bool:
    """Whether RBP and RTP alone, whose positions are not normal, make the record look active."""
    by_rbp = found.p(*TWINS) > limits.factor * found.p(*_GAUSSIAN_ACTIVE)
    return by_rbp and _driven_over_still(found) < log(limits.factor)


class Stated(NamedTuple):
    """The probabilities that a reading states. equilibrium: of thermal noise in any medium, seen by
    an instrument at rest; instrument: of thermal noise and an instrument that moves slowly; active:
    of activity, with its numerical error: these three add up to 1. models: of each model.
    distinguishable: of activity that differs from every medium at equilibrium. bayes_factor: of
    activity against everything else."""

    models: dict[str, float]
    equilibrium: float
    instrument: float
    active: float
    active_error: float
    distinguishable: float
    bayes_factor: float


def stated(facts: Facts) -> Stated:
    """The probabilities that the reading of these facts states."""
    found = basis(facts)
    prior = found.p_prior
    passive = found.p(*EQUILIBRIUM, *INSTRUMENTAL)
    return Stated(
        models={name: model.probability for name, model in found.models.items()},
        equilibrium=found.p(*EQUILIBRIUM),
        instrument=found.p(*INSTRUMENTAL),
        active=found.p_active,
        active_error=found.p_active_error,
        distinguishable=found.p_distinguishable,
        bayes_factor=found.p_active / max(passive, 1e-300) * (1 - prior) / prior if prior else 0.0,
    )


def has_double(facts: Facts) -> bool:
    """Whether the active reading, if it is alive, has kappa tau_a > 1 and two positive weights: an
    exact double at equilibrium."""
    alive = basis(facts).p_active > THRESHOLDS.unlikely
    return alive and facts.double.kappa_tau_a > 1 and facts.double.p_negative_weight < 0.5


Void = Literal["no model", "no activity", "double", "shape", "instrument"]


def energy_void(facts: Facts, limits: Thresholds = THRESHOLDS) -> list[Void]:
    """Why the energies of a drive (`facts.energy`) are no facts about the tracer; empty where they
    may be. "double": a medium at equilibrium with the same C(t) is more likely than not, if the
    tracer is driven. "shape", "instrument": the reading names another cause."""
    found = reading(facts, limits)
    why: list[Void] = []
    if found in ("no model", "active, not described"):
        why.append("no model")
    if found in ("thermal", "no sign") or stated(facts).active < limits.unlikely:
        why.append("no activity")
    if facts.energy is not None and facts.energy.p_double > 0.5:
        why.append("double")
    if found == "shape":
        why.append("shape")
    if found in ("still", "slow noise", "drift"):
        why.append("instrument")
    return why


def is_familiar(answers: Mapping[str, Any], task: str, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether a record is like what the network of this task was trained on (true where it was not
    looked at). answers: of a network, as in ready.json or network.json."""
    found = answers.get("familiar", {}).get(task)
    return found is None or found["farther"] >= limits.familiar
