"""Conditions compared: each track by itself under one prior for all, then the hierarchy.

A track's record gives a likelihood of each quantity (`inference.hierarchy`). Its posterior is that
of AOUP and Passive in a simple liquid, at even odds: the passive tracer counts as a driven one
whose active share lies below the least of the prior, uniform in the logarithm down to
`_FAINTEST`. A track without a sign of propulsion so has a likelihood of D_a, of the share and of
the dissipation that is flat towards zero: a limit. What is divided out is the prior of a quantity
given kappa, D and tau_a, which follows from that of the share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from activenoise.analysis.artefacts.facts import ArtefactFacts
from activenoise.analysis.artefacts.removal import without_artefacts
from activenoise.analysis.comparison import Tracks, all_records
from activenoise.analysis.condition_facts import (
    QUANTITIES,
    ComparedFacts,
    ConditionFacts,
    Contrast,
    Interval,
    Kind,
    Pooled,
    QuantityFacts,
    TrackFacts,
)
from activenoise.analysis.setup import EFFORTS, Setup, setup_for
from activenoise.analysis.tracks import FEWEST, longest_first, observed
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.comparison import Comparison, counts, probabilities
from activenoise.inference.hierarchy import Density, Fit, Grid, Hierarchy, Part, track_likelihood
from activenoise.inference.record import Kind as Instrument
from activenoise.parameters import ACTIVE
from activenoise.physics.priors import Axis
from activenoise.physics.shares import active_diffusivity, active_share, dissipation

MODELS = ("Passive", "Viscoelastic", "AOUP", "ViscoelasticAOUP")
MOST_TRACKS = 20  # of a cell that are analysed, the longest
_FAINTEST = 1e-3  # active share that is told from none by no record
_LARGEST = 0.995  # active share, above which draws of D_a are few
_DRAWS = 1000
_BEYOND = float(np.log(3))
_UNSURE = 0.025  # probability of no propulsion, from which a track gives a limit
Values = dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell's tracks by name, each with its coordinates. starts: of its tracks, as of `Record`;
    empty where they have no common clock. files: by track."""

    tracks: Tracks
    starts: Mapping[str, int]
    files: Mapping[str, str]


Conditions = Mapping[str, Mapping[str, Cell]]


def compare_conditions(
    conditions: Conditions,
    dt: float,
    unit: str,
    kind: Instrument = "unknown",
    effort: str = "quick",
    seed: int = 0,
    choices: Choices | None = None,
    progress: Callable[[str], object] | None = None,
) -> ComparedFacts:
    """The facts of an experiment. conditions: cells by condition and name, the control first.

    dt: s. kind, effort, choices: as of `analysis.record.analyse`; the effort is that of each track.
    progress: called with what is done next.
    """
    say = progress or (lambda text: None)
    n_tracks = sum(len(cell.tracks) for cells in conditions.values() for cell in cells.values())
    setup = setup_for(n_tracks, kind, choices or Choices(), effort, seed)
    setup = replace(setup, effort=replace(EFFORTS[effort], longest=None))
    cleaned: dict[tuple[str, str], Tracks] = {}
    artefacts: dict[str, dict[str, ArtefactFacts]] = {}
    for condition, cells in conditions.items():
        for name, cell in cells.items():
            say(f"artefacts of {condition} {name}")
            cleaned[condition, name], removed = _chosen(cell, dt, setup)
            if removed != ArtefactFacts():
                artefacts.setdefault(condition, {})[name] = removed
    every = {
        f"{where}{track}": parts
        for where, tracks in cleaned.items()
        for track, parts in tracks.items()
    }
    if not every:
        raise ValueError(f"no track has {FEWEST} points or more")
    prior = setup.prior(all_records(every, dt))
    found: dict[tuple[str, str], dict[str, Comparison]] = {}
    done = 0
    for where, tracks in cleaned.items():
        found[where] = {}
        for track, parts in tracks.items():
            done += 1
            say(f"track {done} of {len(every)}")
            records = all_records({track: parts}, dt)
            sampler = setup.effort.brief
            found[where][track] = setup.compare(records, prior, sampler, MODELS, done)
    say("hierarchy")
    return replace(facts_of(conditions, found, prior, setup, dt, unit), artefacts=artefacts)


def _chosen(cell: Cell, dt: float, setup: Setup) -> tuple[Tracks, ArtefactFacts]:
    """The longest tracks of a cell without what is no motion of the tracer, and what that was."""
    enough = {
        t: x for t, x in cell.tracks.items() if observed(x) >= max(FEWEST, setup.unknowns + 1)
    }
    if not enough:
        return {}, ArtefactFacts()
    some = {track: enough[track] for track in longest_first(enough)[:MOST_TRACKS]}
    starts = {t: cell.starts[t] for t in some} if cell.starts else None
    return without_artefacts(some, dt, setup, starts)


# ---- one track


def quantities(values: Mapping[str, FloatArray], share: FloatArray, tau_a: FloatArray) -> Values:
    """Logarithms of the compared quantities of tracers of kappa and D with this active share."""
    kappa, D = values["kappa"], values["D"]
    D_a = active_diffusivity(share, kappa, D, tau_a)
    power = dissipation(kappa, D, D_a, tau_a)
    return dict(zip(QUANTITIES, map(np.log, (D, D_a, share, power)), strict=True))


class Extended:
    """The prior of the active share, continued to tracers that seem passive, and posteriors."""

    def __init__(self, prior: Mapping[str, Axis], seed: int) -> None:
        share = prior.get("active_share")
        if share is None or share.fixed or share.log:
            raise ValueError("a comparison needs a uniform prior of active_share, and none of D_a")
        self._rng = np.random.default_rng(seed)
        self._tau_a, self._share = prior["tau_a"], share
        self._least = max(share.low, 2 * _FAINTEST)
        # Below it the likelihood of D is that at the end of its prior.
        self.least_D = float(np.log(prior["D"].low)) + 0.5

    def parts(self, found: Comparison) -> dict[str, list[Part]]:
        """By quantity the parts of a track's posterior, passive and driven.

        Given kappa, D and tau_a the logarithms of D_a and of the dissipation have the density
        p(s) s (1 - s) of the share s, that of the share p(s) s.
        """
        p = {name: found.posteriors[name] for name in ("Passive", "AOUP")}
        log_z = np.array([one.log_evidence for one in p.values()])
        weight = np.exp(log_z - log_z.max())
        faint, driven = (_thinned(one.parameters) for one in p.values())
        n = len(faint["D"])
        small = _FAINTEST * (self._least / _FAINTEST) ** self._rng.random(n)
        tau_a = self._tau_a.quantile(self._rng.random(n))
        large = active_share(*(driven[name] for name in ("kappa", "D", "D_a", "tau_a")))
        large = np.clip(large, _FAINTEST, _LARGEST)
        both = (
            (quantities(faint, small, tau_a), small, np.full(n, np.log(self._least / _FAINTEST))),
            (quantities(driven, large, driven["tau_a"]), large, self._share.width / large),
        )
        parts: dict[str, list[Part]] = {name: [] for name in QUANTITIES}
        for w, (values, share, over) in zip((weight / weight.sum()).tolist(), both, strict=True):
            own = {"D": np.ones(len(share)), "active_share": over}
            for name in QUANTITIES:
                parts[name].append(Part(w, values[name], own.get(name, over / (1 - share))))
        return parts


def _thinned(values: Mapping[str, FloatArray]) -> Values:
    return {name: x[:: max(len(x) // _DRAWS, 1)] for name, x in values.items()}


# ---- all tracks


Parts = dict[str, list[Part]]


def facts_of(
    conditions: Conditions,
    found: Mapping[tuple[str, str], Mapping[str, Comparison]],
    prior: Mapping[str, Axis],
    setup: Setup,
    dt: float,
    unit: str,
) -> ComparedFacts:
    """The facts of conditions whose tracks have been compared under one prior. found: by condition
    and cell, then by track."""
    extended = Extended(prior, setup.seed)
    parts = {
        (where, track): extended.parts(answer)
        for where, answers in found.items()
        for track, answer in answers.items()
    }
    analysed = {
        condition: {
            cell: [parts[(condition, cell), track] for track in found[condition, cell]]
            for cell in cells
            if found[condition, cell]
        }
        for condition, cells in conditions.items()
    }
    if empty := [name for name, cells in analysed.items() if not cells]:
        raise ValueError(f"condition {empty[0]}: no track has {FEWEST} points or more")
    each = {name: _quantity(name, extended.least_D, analysed) for name in QUANTITIES}
    return ComparedFacts(
        conditions={
            name: _condition(cells, [found[name, cell] for cell in cells], setup)
            for name, cells in conditions.items()
        },
        quantities=each,
        tracks=[
            _track(condition, cell, track, conditions, found, parts)
            for condition, cells in conditions.items()
            for cell in cells
            for track in longest_first(cells[cell].tracks)
        ],
        viscoelastic=_viscoelastic(found),
        dt=dt,
        unit=unit,
    )


def _grid(name: str, tracks: Sequence[Sequence[Part]]) -> Grid:
    """A grid over what the tracks can have, a factor of 3 on either side; a share ends at 1."""
    ends = [np.quantile(part.draws, [0.01, 0.99]) for parts in tracks for part in parts]
    low, high = float(np.min(ends)) - _BEYOND, float(np.max(ends)) + _BEYOND
    share = name == "active_share"
    return Grid.over(low, 0.0 if share else high, bounded=share)


def _quantity(
    name: str, least_D: float, conditions: Mapping[str, Mapping[str, Sequence[Parts]]]
) -> QuantityFacts:
    """One quantity. conditions: by condition and cell, of each track the parts of its posterior."""
    every = [t[name] for cells in conditions.values() for some in cells.values() for t in some]
    grid = _grid(name, every)

    def likelihood(track: Parts) -> FloatArray:
        faint = least_D if name == "D" else float(np.median(track[name][0].draws))
        return track_likelihood(grid, track[name], faint)

    likelihoods = [
        [np.array([likelihood(track) for track in tracks]) for tracks in cells.values()]
        for cells in conditions.values()
    ]
    alone = Hierarchy(grid, with_cells=False)
    by_track, by_cell = alone.fit(likelihoods), None
    if min(map(len, likelihoods)) > 1:
        by_cell = Hierarchy(grid).fit(likelihoods)
    names = list(conditions)
    return QuantityFacts(
        by_cell=None if by_cell is None else _pooled(by_cell, names, with_cells=True),
        by_track=_pooled(by_track, names, with_cells=False),
        cells={
            condition: {
                cell: interval(by_cell.cell(i, j) if by_cell else alone.fit([[tracks]]).mean(0))
                for j, (cell, tracks) in enumerate(zip(cells, likelihoods[i], strict=True))
            }
            for i, (condition, cells) in enumerate(conditions.items())
        },
    )


def _pooled(fit: Fit, names: Sequence[str], with_cells: bool) -> Pooled:
    contrasts = {}
    for i, name in enumerate(names[1:], start=1):
        difference, factor = fit.contrast(i)
        contrasts[name] = Contrast(interval(difference), factor)
    return Pooled(
        means={name: interval(fit.mean(i)) for i, name in enumerate(names)},
        contrasts=contrasts,
        spread_cells=_spread(fit, "cells") if with_cells else None,
        spread_tracks=_spread(fit, "tracks"),
    )


def interval(density: Density) -> Interval:
    """The quantity of which a density of logarithms is."""
    low, high = np.exp(density.ends).tolist()
    median = float(np.exp(density.quantile([0.5])[0]))
    kinds: dict[tuple[bool, bool], Kind] = {
        (False, False): "value",
        (True, False): "at most",
        (False, True): "at least",
        (True, True): "not measured",
    }
    return Interval(median, low, high, kinds[density.low_open, density.high_open])


def _spread(fit: Fit, of: str) -> Interval:
    low, median, high = fit.spread(of).quantile([0.025, 0.5, 0.975]).tolist()
    return Interval(median, low, high)


def _condition(
    cells: Mapping[str, Cell], found: Sequence[Mapping[str, Comparison]], setup: Setup
) -> ConditionFacts:
    answers = [answer for some in found for answer in some.values()]
    counted = [m for m in MODELS if all(counts(answer.posteriors[m]) for answer in answers)]
    sums = {m: sum(answer.posteriors[m].log_evidence for answer in answers) for m in MODELS}
    probability = probabilities(sums, setup.choices.odds, counted or None)
    return ConditionFacts(
        n_cells=len(cells),
        n_tracks=sum(len(cell.tracks) for cell in cells.values()),
        n_analysed=len(answers),
        p_active=sum(p for name, p in probability.items() if name in ACTIVE),
        mean_p_active=float(np.mean([answer.p_active for answer in answers])),
    )


def _viscoelastic(found: Mapping[tuple[str, str], Mapping[str, Comparison]]) -> float:
    """Log Bayes factor of one relaxation of the medium over none, each track driven or not."""
    total = 0.0
    for answers in found.values():
        for p in (answer.posteriors for answer in answers.values()):
            z = {name: p[name].log_evidence for name in MODELS}
            total += np.logaddexp(z["Viscoelastic"], z["ViscoelasticAOUP"])
            total -= np.logaddexp(z["Passive"], z["AOUP"])
    return float(total)


def _track(
    condition: str,
    cell: str,
    track: str,
    conditions: Conditions,
    found: Mapping[tuple[str, str], Mapping[str, Comparison]],
    parts: Mapping[tuple[tuple[str, str], str], Parts],
) -> TrackFacts:
    of = conditions[condition][cell]
    answer = found[condition, cell].get(track)
    own: dict[str, Interval] = {}
    if answer is not None:
        own = {name: _alone(parts[(condition, cell), track][name], name) for name in QUANTITIES}
    return TrackFacts(
        condition=condition,
        cell=cell,
        file=of.files[track],
        track=track,
        n_points=observed(of.tracks[track]),
        p_active=None if answer is None else answer.p_active,
        quantities=own,
    )


def _alone(parts: Sequence[Part], name: str) -> Interval:
    """A track's own posterior of a quantity; a limit where the track may well be passive."""
    values = np.concatenate([part.draws for part in parts])
    weights = np.concatenate([np.full(len(p.draws), p.probability / len(p.draws)) for p in parts])
    low, median, high = np.exp(
        np.quantile(values, [0.025, 0.5, 0.975], weights=weights, method="inverted_cdf")
    ).tolist()
    at_most = name != "D" and parts[0].probability > _UNSURE
    return Interval(median, low, high, "at most" if at_most else "value")
