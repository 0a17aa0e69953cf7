"""The models side by side for tracks that share their parameters, as facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from activenoise.analysis.checks import fit_test
from activenoise.analysis.facts import (
    ActivePart,
    ComparisonFacts,
    Correlations,
    Double,
    ModelFacts,
    PosteriorFacts,
    Summary,
)
from activenoise.analysis.setup import Setup
from activenoise.arrays import FloatArray
from activenoise.inference.comparison import (
    Comparison,
    active_probability,
    counts,
    needed_share,
    negative_weight,
    prior_odds,
    probability_error,
)
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import Record
from activenoise.parameters import ACTIVE, EQUILIBRIUM, MEDIA, TWINS

_PERSISTENT = 3.0  # intervals within which propulsion is too like thermal noise to be limited
_DISPLACEMENTS = 32  # that do not overlap, whose mean square is known to a quarter
_ALIVE = 0.02  # probability by the whole record of a model that is compared for its parts
# Positions (n_points,) by track and coordinate; every track has the same coordinates.
Tracks = Mapping[str, Mapping[str, FloatArray]]


def centred(x: FloatArray) -> FloatArray:
    """Positions less their mean."""
    return x - np.nanmean(x)


def records_of(tracks: Tracks, dt: float) -> dict[str, dict[str, Record]]:
    """Records by coordinate and track."""
    names = next(iter(tracks.values()))
    return {
        name: {track: Record(parts[name], dt) for track, parts in tracks.items()} for name in names
    }


def all_records(tracks: Tracks, dt: float) -> list[Record]:
    """Every coordinate of every track as a record, coordinate by coordinate."""
    return [record for some in records_of(tracks, dt).values() for record in some.values()]


def compared(
    tracks: Tracks,
    dt: float,
    setup: Setup,
    sampler: Sampler,
    stride: int = 1,
    models: Collection[str] | None = None,
    starts: Mapping[str, Posterior] | None = None,
) -> tuple[ComparisonFacts, Comparison]:
    """The probabilities of the models for tracks with shared parameters, and how well the favoured
    one and the AOUP fit. tracks: about their means, every stride-th point, dt (s) apart. starts: as
    of `compare_models`."""
    records = all_records(tracks, dt)
    prior = setup.prior(records, stride)
    answer = setup.compare(records, prior, sampler, models, starts=starts)
    found = comparison_facts(
        answer.probability,
        {name: p.error for name, p in answer.posteriors.items()},
        {name: [p] for name, p in answer.posteriors.items()},
        {name: [(answer.posteriors, some)] for name, some in records_of(tracks, dt).items()},
        answer.p_distinguishable,
        setup,
    )
    return found, answer


def comparison_facts(
    probability: Mapping[str, float],
    errors: Mapping[str, float],
    posteriors: Mapping[str, Sequence[Posterior]],
    parts: Mapping[str, Sequence[tuple[Mapping[str, Posterior], Mapping[str, Record]]]],
    p_distinguishable: float,
    setup: Setup,
) -> ComparisonFacts:
    """The facts of a comparison. errors: of the log evidences, by model. posteriors: by model, of
    all tracks together, or one of each. parts: by coordinate, the posteriors by model and the
    records by track that belong together."""
    favoured = max(probability, key=lambda name: probability[name])
    records = [r for of in parts.values() for _, some in of for r in some.values()]
    persistence = _PERSISTENT * max(record.dt for record in records)
    lag = max(known_lag(records), persistence)
    p_active, p_active_error = active_probability(probability, errors)
    fits = (
        {
            name: fit_test([(p[who], some) for p, some in of], setup.baseline, setup.choices.free)
            for name, of in parts.items()
        }
        for who in (favoured, "AOUP")
    )
    return ComparisonFacts(
        models={
            name: ModelFacts(
                probability=p,
                probability_error=probability_error({name}, probability, errors),
                counted=all(counts(q) for q in posteriors[name]),
                log_evidence=sum(q.log_evidence for q in posteriors[name]),
                log_evidence_error=errors[name],
                effective=min(q.effective for q in posteriors[name]),
                pareto_k=max(q.pareto_k for q in posteriors[name]),
            )
            for name, p in probability.items()
        },
        favoured=favoured,
        p_active=p_active,
        p_active_error=p_active_error,
        p_prior=_prior_active(posteriors, setup),
        p_distinguishable=p_distinguishable,
        part=active_part(probability, posteriors, persistence, lag),
        **dict(zip(("fit", "fit_aoup"), fits, strict=True)),
    )


def known_lag(records: Sequence[Record]) -> float:
    """The longest lag (s) over which these records hold so many displacements that their mean
    square is known to a quarter, sqrt(2/32); at most half of the longest record."""
    whole = sum(np.isfinite(record.positions).sum() * record.dt for record in records)
    longest = max(len(record.positions) * record.dt for record in records)
    return float(min(whole / _DISPLACEMENTS, longest / 2))


def _prior_active(posteriors: Mapping[str, Sequence[Posterior]], setup: Setup) -> float:
    """The prior probability of activity among the models that count."""
    counted = [name for name, some in posteriors.items() if all(map(counts, some))]
    odds = prior_odds(counted, setup.choices.odds)
    return sum(odds[name] for name in odds if name in ACTIVE) / sum(odds.values())


def active_part(
    probability: Mapping[str, float],
    posteriors: Mapping[str, Sequence[Posterior]],
    persistence: float,
    lag: float,
) -> ActivePart | None:
    """The active share of the motion, averaged over the driven models; None where it is fixed.
    persistence, lag: s, of the limit (`needed_share`)."""
    shares, needed, weights = [], [], []
    for name, p in probability.items():
        if name not in ACTIVE or not p > 0:
            continue
        for one in posteriors[name]:
            values = one.parameters["active_share"]
            shares.append(values)
            needed.append(needed_share(name, one.parameters, persistence, lag))
            weights.append(np.full(len(values), p / len(posteriors[name]) / len(values)))
    if not shares:
        return None
    weight = np.concatenate(weights)
    low, median, high = np.quantile(
        np.concatenate(shares), [0.025, 0.5, 0.975], weights=weight, method="inverted_cdf"
    )
    at_rest = sum(probability.values()) - weight.sum()
    limit = np.quantile(
        np.append(np.concatenate(needed), 0.0),
        0.95,
        weights=np.append(weight, max(at_rest, 0.0)),
        method="inverted_cdf",
    )
    return ActivePart(float(low), float(median), float(high), float(limit), persistence, lag)


def alive(found: ComparisonFacts) -> list[str]:
    """The models that are worth a comparison of a part of the record: those that the whole leaves a
    chance, those at equilibrium in the same media, so that no medium is asked about with propulsion
    alone, the twin of an RBP, and the two that every other one is near to."""
    likely = [name for name, model in found.models.items() if model.probability > _ALIVE]
    media = {MEDIA[name] for name in likely if name in ACTIVE}
    twins = [TWINS[name] for name in likely if name in TWINS]
    return [
        name
        for name in found.models
        if name in (*likely, *twins, "Passive", "AOUP")
        or (name in EQUILIBRIUM and MEDIA[name] in media)
    ]


def linear_name(model: str) -> str:
    """The linear model that stands for a model where RBP would cost much: its twin has the same
    parameters, and an instrument that moves slowly is a matter of the whole record."""
    return {**TWINS, "Drift": "Passive", "Wander": "Passive"}.get(model, model)


def summary(p: Posterior) -> dict[str, Summary]:
    """The posterior of each parameter that varies, in numbers."""
    return {name: Summary(**row) for name, row in p.summary().items()}


def posterior_facts(p: Posterior) -> PosteriorFacts:
    """A posterior in numbers."""
    names, matrix = p.correlations()
    return PosteriorFacts(
        likelihoods=p.likelihoods,
        unknown=list(p.unknown),
        parameters=summary(p),
        correlations=Correlations(list(names), np.round(matrix, 4).tolist()),
    )


def double(aoup: Posterior) -> Double:
    """Whether an equilibrium bead has the law of the posterior's AOUP."""
    values = aoup.parameters
    return Double(
        p_negative_weight=float(np.mean(negative_weight("AOUP", values))),
        kappa_tau_a=float(np.median(values["kappa"] * values["tau_a"])),
        ratio=float(np.median(values["D_a"] / values["D"])),
    )
