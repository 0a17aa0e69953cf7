"""The tracks of a table: those that are read, each by itself, and whether they share parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from activenoise.analysis.comparison import (
    Tracks,
    alive,
    all_records,
    centred,
    comparison_facts,
    linear_name,
    records_of,
    summary,
)
from activenoise.analysis.facts import (
    ComparisonFacts,
    OwnAnalysis,
    Summary,
    TrackRow,
    TracksFacts,
    WithError,
)
from activenoise.analysis.judgement import differ
from activenoise.analysis.setup import Setup
from activenoise.arrays import FloatArray
from activenoise.inference.comparison import Comparison, counts, negative_weight, probabilities
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import Record
from activenoise.parameters import ACTIVE, WITH_PRIOR
from activenoise.physics.priors import Axis

FEWEST = 10  # points of a track that is analysed by itself
MOST = 1 << 19  # points, over all coordinates, that the joint analysis reads, of the longest tracks

_ROW_PARAMETERS = [name for name in WITH_PRIOR if name not in ("active_share", "strength")]


@dataclass(frozen=True)
class Compared:
    """The models compared for tracks, longest first, every stride-th point, dt (s) apart: with
    shared parameters (found, answer), of each track by itself (members), and with own parameters
    (own)."""

    tracks: Tracks
    dt: float
    stride: int
    found: ComparisonFacts
    answer: Comparison
    members: Mapping[str, Comparison] = field(default_factory=dict)
    own: ComparisonFacts | None = None
    own_over_shared: dict[str, WithError] = field(default_factory=dict)

    @property
    def decisive(self) -> ComparisonFacts:
        """The comparison on which the reading rests."""
        ratio = self.own_over_shared.get(self.found.favoured)
        if self.own is None or ratio is None or not differ(ratio.value, ratio.error):
            return self.found
        return self.own

    @property
    def shared(self) -> bool:
        """Whether the tracks may share their parameters."""
        return self.decisive is self.found

    @property
    def posteriors(self) -> dict[str, list[Posterior]]:
        """The posteriors of the decisive comparison by model, of all tracks or one of each."""
        if self.shared:
            return {name: [p] for name, p in self.answer.posteriors.items()}
        return {
            name: [member.posteriors[name] for member in self.members.values()]
            for name in next(iter(self.members.values())).posteriors
        }

    def prior(self, setup: Setup) -> dict[str, Axis]:
        """The prior of all tracks."""
        return setup.prior(all_records(self.tracks, self.dt), self.stride)

    @property
    def longest(self) -> tuple[str, Mapping[str, FloatArray]]:
        """The name and the coordinates of the longest track."""
        return next(iter(self.tracks.items()))

    @property
    def span(self) -> int:
        """Points of the longest track, missing ones too."""
        return max(len(x) for parts in self.tracks.values() for x in parts.values())

    def records(self, track: str) -> list[Record]:
        """The coordinates of one track as records."""
        return all_records({track: self.tracks[track]}, self.dt)


def observed(parts: Mapping[str, FloatArray]) -> int:
    """Points of a track at which every coordinate is there."""
    return int(np.count_nonzero(np.all([np.isfinite(x) for x in parts.values()], axis=0)))


def longest_first(tracks: Tracks) -> list[str]:
    """Names of the tracks by their observed points, the most first."""
    return sorted(tracks, key=lambda track: -observed(tracks[track]))


def read_tracks(whole: Tracks, setup: Setup) -> dict[str, dict[str, FloatArray]]:
    """The tracks of the joint analysis, longest first, about their means: those that have more
    points than the baseline takes up and together fit into the points that are read. At least one
    is read, as far as these go."""
    enough = [track for track in longest_first(whole) if observed(whole[track]) > setup.unknowns]
    if not enough:
        raise ValueError(
            f"no track has more than {setup.unknowns} points, which a {setup.baseline} "
            "baseline takes up"
        )
    longest = setup.effort.longest
    points = np.cumsum([sum(len(x) for x in whole[track].values()) for track in enough])
    names = enough[: max(int(np.searchsorted(points, longest or MOST, "right")), 1)]
    most = longest if len(names) == 1 else None
    return {track: {name: centred(x[:most]) for name, x in whole[track].items()} for track in names}


def one_by_one(at: Compared, setup: Setup) -> Compared:
    """The comparison with that of each of the longest tracks under the priors of the whole table,
    and, of two or more, whether they agree."""
    prior, effort, models = at.prior(setup), setup.effort, alive(at.found)
    chosen = [track for track in at.tracks if observed(at.tracks[track]) >= FEWEST]
    members = {
        track: setup.compare(at.records(track), prior, effort.brief, models, 1 + i)
        for i, track in enumerate(chosen[: effort.members])
    }
    if len(members) < 2:
        return replace(at, members=members)
    together = at.answer
    if len(members) < len(at.tracks):
        records = [record for track in members for record in at.records(track)]
        together = setup.compare(records, prior, effort.brief, models)
    own, ratios = _each_its_own(members, at, setup), {}
    for name in next(iter(members.values())).posteriors:
        joint = together.posteriors[name]
        value, error = _summed(members, name)
        ratios[name] = WithError(value - joint.log_evidence, float(np.hypot(error, joint.error)))
    return replace(at, members=members, own=own, own_over_shared=ratios)


def _summed(members: Mapping[str, Comparison], model: str) -> tuple[float, float]:
    """Log evidence of one model for all tracks, each with its own parameters, and its error."""
    own = [member.posteriors[model] for member in members.values()]
    return sum(p.log_evidence for p in own), float(np.linalg.norm([p.error for p in own]))


def _each_its_own(members: Mapping[str, Comparison], at: Compared, setup: Setup) -> ComparisonFacts:
    """The comparison if all tracks are of one model and each has parameters of its own.

    p_distinguishable: with the share of the tracks' posterior draws whose law no medium at
    equilibrium has.
    """
    models = list(next(iter(members.values())).posteriors)
    posteriors = {model: [m.posteriors[model] for m in members.values()] for model in models}
    sums = {model: _summed(members, model) for model in models}
    counted = [model for model in models if all(map(counts, posteriors[model]))]
    evidence = {model: value for model, (value, _) in sums.items()}
    probability = probabilities(evidence, setup.choices.odds, counted)
    distinguishable = sum(
        probability[model]
        * float(np.mean([negative_weight(model, p.parameters) for p in posteriors[model]]))
        for model in ACTIVE
        if probability.get(model, 0.0) > 0
    )
    parts = {
        name: [(m.posteriors, {track: some[track]}) for track, m in members.items()]
        for name, some in records_of(at.tracks, at.dt).items()
    }
    errors = {model: error for model, (_, error) in sums.items()}
    return comparison_facts(probability, errors, posteriors, parts, distinguishable, setup)


def tracks_facts(at: Compared, whole: Tracks, n_read: int, left_out: int) -> TracksFacts:
    """What was found of each track. Means and standard deviations of a table are under one linear
    model, so that tracks can be compared; those of a single record under the favoured one."""
    model, members = at.found.favoured, at.members
    if len(whole) == 1:
        members = dict.fromkeys(whole, at.answer)
    else:
        model = linear_name(model)
    rows = [
        TrackRow(
            track,
            observed(whole[track]),
            _own_analysis(members[track], model) if track in members else None,
        )
        for track in longest_first(whole)
    ]
    return TracksFacts(
        len(whole), left_out, n_read, len(members), FEWEST, rows, at.own_over_shared
    )  # fmt: skip


def _own_analysis(own: Comparison, model: str) -> OwnAnalysis:
    found = summary(own.posteriors[model])
    active = summary(own.posteriors["AOUP"])
    sources: dict[str, dict[str, Summary]] = {"D_a": active, "tau_a": active}
    parameters = {
        name: WithError(row.mean, row.sd)
        for name in _ROW_PARAMETERS
        if (row := sources.get(name, found).get(name)) is not None
    }
    return OwnAnalysis(own.probability, own.p_active, own.p_distinguishable, model, parameters)
