"""The tracks of a table by themselves: what each says, and whether they share their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activenoise.analysis.comparison import (
    Setup,
    Tracks,
    comparison_facts,
    records_of,
    summary,
)
from activenoise.analysis.facts import (
    ComparisonFacts,
    OwnAnalysis,
    Summary,
    WithError,
)
from activenoise.arrays import FloatArray
from activenoise.inference.comparison import Comparison, negative_weight, probabilities
from activenoise.inference.importance import Sampler
from activenoise.inference.record import Record
from activenoise.parameters import WITH_PRIOR
from activenoise.physics.priors import Axis

FEWEST = 10  # points of a track that is analysed by itself

_ROW_PARAMETERS = [name for name in WITH_PRIOR if name not in ("active_share", "strength")]


def observed(parts: Mapping[str, FloatArray]) -> int:
    """Points of a track at which every coordinate is there."""
    return int(np.count_nonzero(np.all([np.isfinite(x) for x in parts.values()], axis=0)))


def track_records(parts: Mapping[str, FloatArray], dt: float) -> list[Record]:
    """The coordinates of one track as records."""
    return [Record(x, dt) for x in parts.values()]


def one_by_one(
    tracks: Tracks, dt: float, prior: Mapping[str, Axis], setup: Setup, sampler: Sampler, most: int
) -> dict[str, Comparison]:
    """The comparison of the models for each of the first `most` tracks that have at least 10
    points, under the priors of the whole table."""
    chosen = [track for track, parts in tracks.items() if observed(parts) >= FEWEST][:most]
    return {
        track: setup.compare(track_records(tracks[track], dt), prior, sampler, setup.seed + 1 + i)
        for i, track in enumerate(chosen)
    }


def own_over_shared(
    together: Comparison, members: Mapping[str, Comparison]
) -> dict[str, WithError]:
    """By model, log Bayes factor of parameters of each track's own, each drawn from the prior, over
    shared ones: sum of the tracks' log evidences less that of all of them."""
    found = {}
    for name, joint in together.posteriors.items():
        value, error = _summed(members, name)
        found[name] = WithError(value - joint.log_evidence, float(np.hypot(error, joint.error)))
    return found


def _summed(members: Mapping[str, Comparison], model: str) -> tuple[float, float]:
    """Log evidence of one model for all tracks, each with its own parameters, and its error."""
    own = [member.posteriors[model] for member in members.values()]
    error = float(np.linalg.norm([p.error for p in own]))
    return sum(p.log_evidence for p in own), error


def each_its_own(
    members: Mapping[str, Comparison], tracks: Tracks, dt: float, setup: Setup
) -> ComparisonFacts:
    """The comparison if all tracks are of one model and each has parameters of its own.

    p_distinguishable: with the share of the tracks' posterior draws whose law no medium at
    equilibrium has.
    """
    models = list(next(iter(members.values())).posteriors)
    sums = {model: _summed(members, model) for model in models}
    probability = probabilities({m: value for m, (value, _) in sums.items()}, setup.choices.odds)
    weights = {
        model: float(
            np.mean([negative_weight(m.posteriors[model].parameters) for m in members.values()])
        )
        for model in models
        if model in ("AOUP", "RBP")
    }
    return comparison_facts(
        probability,
        {model: error for model, (_, error) in sums.items()},
        {model: [m.posteriors[model] for m in members.values()] for model in models},
        {
            name: [(m.posteriors, {track: some[track]}) for track, m in members.items()]
            for name, some in records_of(tracks, dt).items()
        },
        float(sum(probability[model] * weight for model, weight in weights.items())),
        setup.choices,
    )


def own_analysis(own: Comparison, model: str) -> OwnAnalysis:
    """What the comparison for one track says. Means and standard deviations are under `model`, that
    of the whole table, so that tracks can be compared; of D_a and tau_a under AOUP."""
    return OwnAnalysis(
        probability=own.probability,
        p_active=own.p_active,
        p_distinguishable=own.p_distinguishable,
        model=model,
        parameters=row_parameters(
            summary(own.posteriors[model]), summary(own.posteriors["AOUP"])
        ),
    )  # fmt: skip


def row_parameters(
    found: Mapping[str, Summary], active: Mapping[str, Summary]
) -> dict[str, WithError]:
    """Mean and standard deviation of each parameter, from its summary under a model; of D_a and
    tau_a from that under the AOUP (active)."""
    columns = {}
    for name in _ROW_PARAMETERS:
        values = active if name in ("D_a", "tau_a") else found
        if name in values:
            columns[name] = WithError(values[name].mean, values[name].sd)
    return columns


def longest_first(tracks: Tracks) -> list[str]:
    """Names of the tracks by their observed points, the most first."""
    return sorted(tracks, key=lambda track: -observed(tracks[track]))


def fitting(names: Sequence[str], tracks: Tracks, most: int) -> list[str]:
    """The first tracks that together have at most so many points over all coordinates; at least
    one."""
    points = np.cumsum([sum(len(x) for x in tracks[track].values()) for track in names])
    return list(names[: max(int(np.searchsorted(points, most, "right")), 1)])
