"""Comparison of the four models for records that share their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.rbp_posterior import default_reach, rbp_posterior
from activenoise.inference.record import Record
from activenoise.physics.instrument import Baseline
from activenoise.physics.priors import Axis

LINEAR = ("Passive", "Viscoelastic", "AOUP")
ACTIVE = ("AOUP", "RBP")


class Comparison(NamedTuple):
    """Posteriors of the four models, and the probability of each.

    probability: of each model, at equal prior odds or those that were given. p_active: of AOUP and
    RBP together. p_distinguishable: that the tracer is active AND its C(t) has a negative weight,
    which no overdamped medium at equilibrium has. numerical_error: standard error of p_active, from
    the errors of the evidences.
    """

    posteriors: dict[str, Posterior]
    probability: dict[str, float]
    p_active: float
    p_distinguishable: float
    numerical_error: float


def compare_models(
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    sampler: Sampler | None = None,
    odds: Mapping[str, float] | None = None,
) -> Comparison:
    """Posterior over Passive, Viscoelastic, AOUP and RBP for records with shared parameters.

    odds: prior odds of the models, 1 where not given, of any sum. A model of odds 0 gets
    probability 0.
    """
    posteriors = {name: posterior(name, records, prior, baseline, seed, sampler) for name in LINEAR}
    reach = default_reach(records, sampler or Sampler())
    posteriors["RBP"] = rbp_posterior(posteriors["AOUP"], records, prior, baseline, seed, reach)
    probability = probabilities({name: p.log_evidence for name, p in posteriors.items()}, odds)
    p_active, error = active_probability(probability, {n: p.error for n, p in posteriors.items()})
    return Comparison(
        posteriors=posteriors,
        probability=probability,
        p_active=p_active,
        p_distinguishable=sum(
            probability[n] * float(np.mean(negative_weight(posteriors[n].parameters)))
            for n in ACTIVE
        ),
        numerical_error=error,
    )


def probabilities(
    log_evidence: Mapping[str, float], odds: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Posterior probability of each model. odds: as in `compare_models`."""
    log_z = np.array(list(log_evidence.values()))
    p = np.array([1.0 if odds is None else odds.get(name, 1.0) for name in log_evidence])
    p *= np.exp(log_z - log_z[p > 0].max())
    p /= p.sum()
    return dict(zip(log_evidence, p.tolist(), strict=True))


def active_probability(
    probability: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[float, float]:
    """Probability of the active models together, and its standard error from those of the log
    evidences, by model: d p_active = sum over models of p (1{active} - p_active) d log Z."""
    p_active = sum(probability[name] for name in ACTIVE)
    spread = [p * ((name in ACTIVE) - p_active) * errors[name] for name, p in probability.items()]
    return p_active, float(np.linalg.norm(spread))


def negative_weight(parameters: Mapping[str, FloatArray]) -> np.ndarray:
    """Whether no overdamped medium at equilibrium has the law of an active tracer, by draw.

    In a trap this holds if C(t) has an exponential of negative weight: with any propulsion if
    kappa tau_a < 1, and otherwise if D (kappa^2 tau_a^2 - 1) < D_a. A free tracer needs any
    propulsion: at equilibrium the velocity is anticorrelated at all times, so that the mean square
    displacement bends down, and persistence bends it up.
    """
    kappa, D, D_a, tau_a = (np.asarray(parameters[n]) for n in ("kappa", "D", "D_a", "tau_a"))
    return (D_a > 0) & (D * ((kappa * tau_a) ** 2 - 1) < D_a)
