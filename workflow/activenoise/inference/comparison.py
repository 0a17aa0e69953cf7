"""Comparison of the models of the grid for records that share their parameters.

A model is a MEDIUM (a simple liquid, one Maxwell element, a power law) with a DRIVE (none, AOUP,
RBP, and in a simple liquid RTP), seen through the instrument. Two more are a passive tracer in a
simple liquid on an instrument that moves slowly: "Drift", a random walk, and "Wander", one that
relaxes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.rbp_posterior import default_reach, rbp_posterior
from activenoise.inference.record import (
    LINEAR,
    Record,
    default_prior,
    drift_prior,
    elements_of,
    wander_prior,
)
from activenoise.parameters import (
    ACTIVE,
    DRIVES,
    EQUILIBRIUM,
    INSTRUMENTAL,
    MEDIA,
    RECORD_MODELS,
    TWINS,
)
from activenoise.physics.instrument import Baseline
from activenoise.physics.media import Tracer, displacement_share
from activenoise.physics.priors import Axis
from activenoise.physics.shares import twin_diffusivity

# The model whose posterior the search of a dearer one starts from.
_NEAR = {
    "Viscoelastic": "Passive",
    "PowerLaw": "Passive",
    "Drift": "Passive",
    "Wander": "Passive",
    "ViscoelasticAOUP": "AOUP",
    "PowerLawAOUP": "AOUP",
}
# Nats by which a model is hopeless beside another, and by which it is noticeably better.
_HOPELESS, _NOTICEABLE = 7.0, 1.0
_EXCLUDED = float(np.log(1e4))  # nats below the best model, at which an RBP or RTP is excluded
_FEW_RECORDS = 3  # of more, an RBP in a medium with relaxations takes too long
# With another seed an evidence differs by about so many times the error that the weights of its
# draws show: of what their proposal never reaches they show nothing.
BETWEEN_SEEDS = 2.0
# Draws of a collapsed importance sampling say nothing of an evidence.
_FEWEST_DRAWS = 10.0


class Comparison(NamedTuple):
    """Posteriors of the models by name, and the probability of each.

    probability: of each model, at the usual prior odds or those that were given; 0 of a model
    whose evidence could not be found. p_active: of the driven models together. p_distinguishable:
    that the tracer is active AND its C(t) has a negative weight, which no overdamped medium at
    equilibrium has. numerical_error: standard error of p_active, from the errors of the evidences.
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
    models: Collection[str] = RECORD_MODELS,
    sift: bool = True,
    starts: Mapping[str, Posterior] | None = None,
) -> Comparison:
    """Posterior over the models of the grid for records with shared parameters.

    odds: factors by which prior odds of models differ from the usual ones (`usual_odds`), 1 where
    not given. A model of factor 0 gets probability 0. models: those that are compared; Passive and
    AOUP always are, since the searches of others start there, and so is the twin of an RBP. sift:
    leave out an RBP in a medium with relaxations, which is dear, where it can hardly matter
    (`_matters`), and search no longer for the evidence of any RBP or RTP that is hopeless
    (`importance.sample_beside`). starts: posteriors of models, by name, for records that these are
    like, from which the searches start where their evidence is known.
    """
    prior = default_prior(records) if prior is None else prior
    starts = {name: p for name, p in (starts or {}).items() if counts(p)}
    posteriors: dict[str, Posterior] = {}
    wanted = {*models, "Passive", "AOUP", *(TWINS[name] for name in models if name in TWINS)}
    for name in (name for name in LINEAR if name in wanted):
        near = starts.get(name) or posteriors.get(_NEAR.get(name, ""))
        posteriors[name] = posterior(name, records, prior, baseline, seed, sampler, near=near)
    slow = {"Drift": drift_prior(records), "Wander": wander_prior(records, prior)}
    for name in (name for name in slow if name in models):
        own, near = {**prior, **slow[name]}, starts.get(name) or posteriors[_NEAR[name]]
        posteriors[name] = posterior("Passive", records, own, baseline, seed, sampler, near=near)
    for name in (name for name in TWINS if name in models):
        relaxing = MEDIA[name] != "Simple"
        if sift and relaxing and not (len(records) <= _FEW_RECORDS and _matters(name, posteriors)):
            continue
        twin = posteriors[TWINS[name]]
        reach = default_reach(records, sampler or Sampler(), twin.model_name)
        if sift:
            reach = replace(reach, matters=_least_that_matters(name, posteriors, odds))
        drive = DRIVES[name]
        posteriors[name] = rbp_posterior(twin, records, prior, baseline, seed, reach, drive=drive)
    counted = [name for name, p in posteriors.items() if counts(p)]
    evidence = {name: p.log_evidence for name, p in posteriors.items()}
    probability = probabilities(evidence, odds, counted)
    p_active, error = active_probability(probability, {n: p.error for n, p in posteriors.items()})
    return Comparison(
        posteriors=posteriors,
        probability=probability,
        p_active=p_active,
        p_distinguishable=sum(
            p * float(np.mean(negative_weight(name, posteriors[name].parameters)))
            for name, p in probability.items()
            if name in ACTIVE and p > 0
        ),
        numerical_error=error,
    )


def _matters(rbp: str, posteriors: Mapping[str, Posterior]) -> bool:
    """Whether an RBP in a medium with relaxations can matter beside the other models.

    Its covariance is its twin's: where the best linear model is exp(`_HOPELESS`) times as likely as
    the twin, the RBP is hopeless. Where the medium does not improve on the simple liquid, nor an
    RBP on the AOUP there, an RBP in the medium tells nothing new.
    """
    z = {name: p.log_evidence for name, p in posteriors.items()}
    twin = z[TWINS[rbp]]
    alive = twin > max(value for name, value in z.items() if name not in TWINS) - _HOPELESS
    return alive and max(twin, z.get("RBP", -np.inf)) > z["AOUP"] + _NOTICEABLE


def _least_that_matters(
    name: str, posteriors: Mapping[str, Posterior], odds: Mapping[str, float] | None
) -> float:
    """Log evidence at which a model would be exp(-`_EXCLUDED`) times as likely as the likeliest of
    those whose posteriors are there."""
    own = prior_odds([*posteriors, name], odds)
    others = [
        p.log_evidence + np.log(own[other])
        for other, p in posteriors.items()
        if own[other] > 0 and counts(p)
    ]
    if not others or not own[name] > 0:
        return -np.inf
    return float(max(others) - np.log(own[name]) - _EXCLUDED)


def counts(p: Posterior) -> bool:
    """Whether the evidence of a posterior is known: where it rests on more than a few draws, or is
    so low that these tell enough."""
    return p.effective >= _FEWEST_DRAWS or p.sample.hopeless


def usual_odds(names: Collection[str]) -> dict[str, float]:
    """Prior odds of these models: equilibrium and activity are equally likely, in either all media
    are, and the drives in one medium; an instrument that moves slowly counts as one more medium at
    equilibrium."""
    odds: dict[str, float] = {}
    for group in (EQUILIBRIUM + INSTRUMENTAL, ACTIVE):
        kinds: dict[str, list[str]] = {}
        for name in group:
            if name in names:
                kinds.setdefault(MEDIA.get(name, "instrument"), []).append(name)
        for members in kinds.values():
            odds |= dict.fromkeys(members, 1 / len(kinds) / len(members))
    return odds


def prior_odds(
    names: Collection[str], given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The usual prior odds of these models times the factors that are given."""
    return {name: usual * (given or {}).get(name, 1.0) for name, usual in usual_odds(names).items()}


def probabilities(
    log_evidence: Mapping[str, float],
    odds: Mapping[str, float] | None = None,
    counted: Collection[str] | None = None,
) -> dict[str, float]:
    """Posterior probability of each model. odds: as in `compare_models`. counted: the models whose
    evidence is known, all by default; the others get probability 0."""
    counted = log_evidence if counted is None else counted
    own = prior_odds(counted, odds)
    log_z = np.array(list(log_evidence.values()))
    p = np.array([own.get(name, 0.0) if name in counted else 0.0 for name in log_evidence])
    p *= np.exp(np.minimum(log_z - log_z[p > 0].max(), 0.0))
    p /= p.sum()
    return dict(zip(log_evidence, p.tolist(), strict=True))


def active_probability(
    probability: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[float, float]:
    """Probability of the active models together, and its standard error (`probability_error`)."""
    p_active = sum(p for name, p in probability.items() if name in ACTIVE)
    return p_active, probability_error(ACTIVE, probability, errors)


def probability_error(
    group: Collection[str], probability: Mapping[str, float], errors: Mapping[str, float]
) -> float:
    """Standard error of the probability P of some models together, from those of the log evidences,
    by model: dP = sum over models of p (1{in the group} - P) d log Z.

    The evidence of an RBP or RTP comes from its twin's, and errs as that does.
    """
    together = sum(p for name, p in probability.items() if name in group)
    parts: dict[str, float] = {}
    for name, p in probability.items():
        if p > 0:
            part = p * ((name in group) - together) * errors[name]
            parts[TWINS.get(name, name)] = parts.get(TWINS.get(name, name), 0.0) + part
    return BETWEEN_SEEDS * float(np.linalg.norm(list(parts.values())))


def negative_weight(model_name: str, parameters: Mapping[str, FloatArray]) -> np.ndarray:
    """Whether no overdamped medium at equilibrium has the law of an active tracer, by draw.

    In a trap this holds if C(t) has an exponential of negative weight: in a simple liquid with any
    propulsion if kappa tau_a < 1, and otherwise if D (kappa^2 tau_a^2 - 1) < D_a. A free tracer
    needs any propulsion: at equilibrium the velocity is anticorrelated at all times, so that the
    mean square displacement bends down, and persistence bends it up.
    """
    kappa, D, D_a, tau_a = (np.asarray(parameters[n]) for n in ("kappa", "D", "D_a", "tau_a"))
    simple = (D_a > 0) & (D * ((kappa * tau_a) ** 2 - 1) < D_a)
    if MEDIA[model_name] == "Simple":
        return simple
    trapped = np.atleast_1d(kappa) > 0
    elements = elements_of(model_name, parameters)
    _, weights = Tracer(np.where(trapped, kappa, 1.0), D, elements, D_a, tau_a).weights()
    return np.where(trapped, (weights < 0).any(axis=1), D_a > 0)


def needed_share(
    model_name: str, parameters: Mapping[str, FloatArray], persistence: float, lag: float
) -> FloatArray:
    """What a record can show at best of an active tracer, by draw: the active part of the mean
    square displacement over `lag` (s) of the least active tracer with the same C(t).

    0 where a medium at equilibrium has the same C(t) (no `negative_weight`), and where the
    propulsion of that tracer turns within `persistence` (s). In a simple liquid trap and propulsion
    can trade places (`physics.shares.twin_diffusivity`): the least active tracer is the one of
    kappa tau_a < 1.
    """
    seen = negative_weight(model_name, parameters)
    least = {name: np.asarray(values)[seen] for name, values in parameters.items()}
    if MEDIA[model_name] == "Simple":
        kappa, D, D_a, tau_a = (least[name] for name in ("kappa", "D", "D_a", "tau_a"))
        traded = kappa * tau_a > 1
        turning = np.where(traded, kappa, 1 / tau_a)
        least["kappa"] = np.where(traded, 1 / tau_a, kappa)
        least["D_a"] = np.where(traded, twin_diffusivity(turning, D, D_a, tau_a), D_a)
        least["tau_a"] = 1 / turning
    share = np.zeros(len(seen))
    if seen.any():
        kappa, D, D_a, tau_a = (least[name] for name in ("kappa", "D", "D_a", "tau_a"))
        tracer = Tracer(kappa, D, elements_of(model_name, least), D_a, tau_a)
        found = displacement_share(tracer, lag)
        share[seen] = np.where(least["tau_a"] >= persistence, found, 0.0)
    return share
