"""What counts: the thresholds by which the facts of a record become a verdict, all in one place.

Works on the facts of `findings` (plain numbers by name) and needs no numerics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Literal

from activenoise.parameters import WITH_PRIOR

Facts = Mapping[str, Any]
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


@dataclass(frozen=True)
class Thresholds:
    """likely, unlikely: probabilities that settle a question.

    A misfit matters where it is both certain and large. autocorrelation: of the innovations at one
    lag; distance: of their distribution from the normal's; each also beyond so many standard errors
    (`errors`), or beyond `distance_errors`/sqrt(n), the Kolmogorov-Smirnov distance of p = 0.001.
    kurtosis: of the positions, also beyond `errors`.
    slow: chance of the correlations of 200 block means, which are so few that what they show
    matters. drift, circulation: chances. agreement: log Bayes factor, nats, beyond which tracks
    share their parameters or do not. band: part of a statistic inside its 95 % band.
    familiar: fraction of a network's training tracks that must be farther out than a record.
    pareto_k, effective: of the importance sampling, beyond and below which its errors are not to be
    trusted.
    """

    likely: float = 0.95
    unlikely: float = 0.05
    autocorrelation: float = 0.05
    errors: float = 4.5
    distance: float = 0.02
    distance_errors: float = 1.95
    kurtosis: float = 0.1
    slow: float = 1e-4
    drift: float = 1e-3
    circulation: float = 0.01
    agreement: float = 3.0
    band: float = 0.5
    familiar: float = 0.01
    pareto_k: float = 0.7
    effective: float = 100.0


THRESHOLDS = Thresholds()


def misfits(test: Facts, limits: Thresholds = THRESHOLDS) -> dict[str, float]:
    """What is wrong with the innovations of one coordinate, by kind, with its size: "fast" (the
    largest autocorrelation), "normal" (distance), "shape" (excess kurtosis of the positions),
    "slow" (chance of the blocks). Empty: it fits.

    RBP is tested by the innovations of the AOUP that has its covariance, which are not normal, nor
    are its positions.
    """
    n = test["n_points"]
    found: dict[str, float] = {}
    largest = max(test["autocorrelation"], key=abs)
    if abs(largest) > max(limits.autocorrelation, limits.errors / sqrt(n)):
        found["fast"] = largest
    if test["model"] != "RBP" and test["distance"] > max(
        limits.distance, limits.distance_errors / sqrt(n)
    ):
        found["normal"] = test["distance"]
    kurtosis, error = test.get("kurtosis", 0.0), test.get("kurtosis_error", 0.0)
    if test["model"] != "RBP" and abs(kurtosis) > max(limits.kurtosis, limits.errors * error):
        found["shape"] = kurtosis
    if test["p_slow"] < limits.slow:
        found["slow"] = test["p_slow"]
    return found


def all_misfits(fit: Facts, limits: Thresholds = THRESHOLDS) -> dict[str, dict[str, float]]:
    """`misfits` of the favoured model by coordinate, of those that have any."""
    found = {name: misfits(test, limits) for name, test in fit["favoured"].items()}
    return {name: kinds for name, kinds in found.items() if kinds}


def reading(facts: Facts, limits: Thresholds = THRESHOLDS) -> Reading:
    """Which reading of the record its facts favour.

    "active" needs a negative weight of C(t): without one a viscoelastic bead at equilibrium has the
    same law, and how the two share the probability is the priors' doing. A free tracer has no such
    double: its record tells the two apart or does not. "drift": thermal noise on an
    instrument that drifts explains it better; "slow": it does as well. "shape": RBP alone excludes
    thermal noise, whose covariance it has; a trap that is not harmonic changes the rest.
    """
    if all_misfits(facts["fit"], limits):
        return "no model"
    passive = facts["probability"]["Passive"]
    if passive > limits.likely:
        return "thermal"
    drifting = facts.get("with_drift", {"probability": 0.0})["probability"]
    if passive < limits.unlikely <= drifting:
        return "drift" if drifting > limits.likely else "slow"
    if passive < limits.unlikely <= _passive_among_gaussian(facts) and facts["trap"] != "free":
        return "shape"
    if facts["trap"] == "free":
        if facts["p_active"] < limits.unlikely:
            return "equilibrium"
        return "active" if facts["p_distinguishable"] > limits.likely else "undecided"
    if passive < limits.unlikely:
        settled = facts["p_distinguishable"] > limits.likely
        return "active" if settled else "active or viscoelastic"
    if facts["p_active"] < limits.unlikely:
        return "equilibrium"
    return "undecided"


def _passive_among_gaussian(facts: Facts) -> float:
    """Probability of Passive without RBP, at equal odds: by the covariance alone."""
    log_z = {name: model["log_evidence"] for name, model in facts["models"].items()}
    others = [min(log_z[name] - log_z["Passive"], 700.0) for name in ("Viscoelastic", "AOUP")]
    return 1 / (1 + sum(map(exp, others)))


def is_familiar(answers: Facts, task: str, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether a record is like what the network of this task was trained on (true where it was not
    looked at)."""
    found = answers.get("familiar", {}).get(task)
    return found is None or found["farther"] >= limits.familiar


def ready_columns(answer: Facts) -> dict[str, float]:
    """What the table of verdicts has of the ready networks' answer for a coordinate: no probability
    of a record that is unlike their training."""
    task = "Passive-AOUP"
    if "too_short" in answer:
        return {}
    found = {"ready_farther": answer["familiar"][task]["farther"]}
    if is_familiar(answer, task):
        found["p_active_ready"] = answer["p_active"]
    return found


def has_double(facts: Facts) -> bool:
    """Whether the active reading, if it is alive, has kappa tau_a > 1 and two positive weights: an
    exact double at equilibrium."""
    double = facts["double"]
    alive = facts["probability"]["Passive"] <= THRESHOLDS.likely
    return alive and double["kappa_tau_a"] > 1 and double["p_negative_weight"] < 0.5


def disagreement(facts: Facts, limits: Thresholds = THRESHOLDS) -> bool | None:
    """Whether the tracks of a table have parameters of their own; None where that is not decided,
    or there is but one."""
    found = facts.get("tracks", {}).get("own_over_shared")
    if found is None:
        return None
    value, error = (found[facts["favoured"]][key] for key in ("value", "error"))
    return None if abs(value) < limits.agreement + 2 * error else value > 0


_ROW_PARAMETERS = [name for name in WITH_PRIOR if name not in ("active_share", "strength")]


def basis(facts: Facts) -> Facts:
    """The facts that a verdict rests on: of a table whose tracks have parameters of their own,
    those that let them."""
    return {**facts, **facts["own"]} if disagreement(facts) else facts


def rows_of_tracks(name: str, facts: Facts) -> list[dict[str, Any]]:
    """A row for each track of a table, or the one of a record of this name: probabilities of the
    models; mean and standard deviation of the parameters, of one record under the favoured model
    (D_a and tau_a under AOUP)."""
    if "tracks" in facts:
        return [dict(row) for row in facts["tracks"]["rows"]]
    row = {
        "track": name, "n_points": facts["record"]["n_points"],
        "coordinates": ",".join(facts["record"]["coordinates"]),
    }  # fmt: skip
    row |= {f"p_{model.lower()}": p for model, p in facts["probability"].items()}
    row |= {key: facts[key] for key in ("p_active", "p_distinguishable")}
    row["model"] = facts["favoured"]
    models = facts["models"]
    active = models["AOUP"]["parameters"]
    return [row | parameter_columns(models[facts["favoured"]]["parameters"], active)]


def parameter_columns(found: Facts, active: Facts) -> dict[str, float]:
    """Mean and standard deviation of each parameter, from its summary under a model; of D_a and
    tau_a from that under the AOUP (active)."""
    columns: dict[str, float] = {}
    for name in _ROW_PARAMETERS:
        values = active if name in ("D_a", "tau_a") else found
        if name in values:
            columns |= {name: values[name]["mean"], f"{name}_sd": values[name]["sd"]}
    return columns
