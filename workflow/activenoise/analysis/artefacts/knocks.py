"""Jumps and outliers of a record are looked for under linear models, and taken off where a model
with a few of them explains the record better than every model without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln
from scipy.stats import norm

from activenoise.analysis.artefacts.disturbances import Disturbance, Disturbed, disturbances
from activenoise.analysis.artefacts.facts import Disturbances, JumpFacts, Outliers
from activenoise.analysis.checks import N_LAGS, goodness, likeliest
from activenoise.analysis.comparison import Tracks, all_records
from activenoise.analysis.judgement import THRESHOLDS
from activenoise.analysis.setup import Setup

FEWEST_POINTS = 100  # of a track in which they are looked for

_MODELS = ("Passive", "AOUP")  # with disturbances: the stiffest and the most yielding
_ROUNDS = 3  # of a fit of the model and a search under it
_MOST_TRACKS = 200
_PAIRS = 0.02  # kicks for each outlier: pairs of outliers side by side look like kicks

Where = tuple[str, str]


@dataclass(frozen=True)
class _Hypothesis:
    """One model with its disturbances by track and coordinate. log_evidence: with what it costs to
    say where they are and how large, nats. normal: whether its innovations are."""

    model: str
    found: Mapping[Where, Disturbed]
    log_evidence: float
    normal: bool


def without_disturbances(
    tracks: Tracks, dt: float, setup: Setup
) -> tuple[dict[str, dict[str, np.ndarray]], Disturbances | None]:
    """Tracks without jumps and outliers, and what was found; None where there are none.

    tracks: positions (n_points,) by track and coordinate, about their means, dt (s) apart. A model
    with disturbances must have more evidence than every linear model without, by the log odds that
    settle a question, and leave normal innovations. A slow propulsion or a drift takes more jumps
    than pay for themselves, and motion with heavy tails leaves what is not normal.
    """
    same = {track: dict(parts) for track, parts in tracks.items()}
    searched = [t for t, parts in tracks.items() if _observed(parts) >= FEWEST_POINTS]
    chosen = {track: same[track] for track in searched[:_MOST_TRACKS]}
    if not chosen:
        return same, None
    hypotheses = []
    for model in _MODELS:
        found = _hypothesis(model, chosen, dt, setup)
        if found is None:
            continue
        if not found.found:  # nothing disturbs this model
            break
        hypotheses.append(found)
    if not hypotheses:
        return same, None
    best = max(hypotheses, key=lambda one: one.log_evidence)
    log_odds = best.log_evidence - _undisturbed(chosen, dt, setup)
    if log_odds < THRESHOLDS.agreement:
        return same, None
    if best.normal:
        for (track, name), one in best.found.items():
            same[track][name] = one.cleaned - np.nanmean(one.cleaned)
    return same, _facts(best, dt, log_odds)


def _observed(parts: Mapping[str, np.ndarray]) -> int:
    return min(int(np.isfinite(x).sum()) for x in parts.values())


def _undisturbed(tracks: Tracks, dt: float, setup: Setup) -> float:
    """Log evidence of the best linear model as the record is."""
    records = all_records(tracks, dt)
    prior = setup.prior(records)
    models = ("Passive", "Viscoelastic", "AOUP")
    return max(setup.posterior(model, records, prior).log_evidence for model in models)


def _hypothesis(model: str, tracks: Tracks, dt: float, setup: Setup) -> _Hypothesis | None:
    """A model with the disturbances that are found under it, fitted in turns; None where a record
    has more than a few of them."""
    cleaned = {track: dict(parts) for track, parts in tracks.items()}
    prior = setup.prior(all_records(tracks, dt))
    n_all = sum(len(x) for parts in tracks.values() for x in parts.values())
    baseline, number = setup.baseline, 0
    for attempt in range(_ROUNDS):
        p = setup.posterior(model, all_records(cleaned, dt), prior)
        one, instrument = likeliest(p, all_records(cleaned, dt), baseline)
        found: dict[Where, Disturbed] = {}
        innovations = []
        for track, parts in tracks.items():
            for name, x in parts.items():
                what = disturbances(one, instrument, x, dt, n_all, rough=not attempt)
                if what is None:
                    return None
                innovations.append(what.innovations)
                cleaned[track][name] = what.cleaned
                if what.number:
                    found[track, name] = what
        if not found or (attempt and sum(w.number for w in found.values()) == number):
            break
        number = sum(what.number for what in found.values())
    if not found:
        return _Hypothesis(model, {}, p.log_evidence, True)
    p = setup.posterior(model, all_records(cleaned, dt), prior)
    worth = sum(_worth(what) for what in found.values())
    return _Hypothesis(model, found, p.log_evidence + worth, _normal(found, innovations))


def _worth(found: Disturbed) -> float:
    """What the disturbances of one record add to the log evidence of the record without them: where
    each of them is, anywhere alike; how large, as a normal of the width of the record (jumps) or
    of their own (outliers); and what is left of the likelihood of an outlier."""
    n, total = len(found.cleaned), 0.0
    reach = float(np.nanstd(found.cleaned))
    for jump in found.jumps:
        total += norm.logpdf(jump.size, 0, np.hypot(jump.error, max(reach, abs(jump.size))))
        total += 0.5 * np.log(2 * np.pi) + np.log(jump.error) - np.log(n)
    if found.outliers:
        sizes, errors = np.array([(o.size, o.error) for o in found.outliers]).T
        width = np.sqrt(np.mean(sizes**2) + errors**2)
        total += norm.logpdf(sizes, 0, width).sum() - 0.5 * np.log(n)
        total += betaln(len(sizes) + 1, n - len(sizes) + 1)
    return float(total)


def _normal(found: Mapping[Where, Disturbed], innovations: Sequence[np.ndarray]) -> bool:
    """Whether innovations are as normal as those of a model that fits, without a kick that is not
    a pair of outliers beside each other."""
    kicks = sum(len(what.kicks) for what in found.values())
    if kicks > _PAIRS * sum(len(what.outliers) for what in found.values()):
        return False
    z = np.concatenate([one / max(float(np.nanstd(one)), 1.0) for one in innovations])
    test = goodness(z, min(N_LAGS, len(z) // 4))
    limit = max(THRESHOLDS.distance, THRESHOLDS.distance_errors / np.sqrt(test.n_points))
    return test.distance <= limit and test.p_slow > THRESHOLDS.slow


def _facts(best: _Hypothesis, dt: float, log_odds: float) -> Disturbances:
    rms = {where: float(np.nanstd(what.cleaned)) for where, what in best.found.items()}
    outliers: dict[Where, list[Disturbance]] = {
        where: what.outliers for where, what in best.found.items() if what.outliers
    }
    return Disturbances(
        model=best.model,
        jumps=[
            JumpFacts(*where, jump.point * dt, jump.size, jump.error, abs(jump.size) / rms[where])
            for where, what in best.found.items()
            for jump in what.jumps
        ],
        outliers=Outliers(
            sum(len(some) for some in outliers.values()),
            len({track for track, _ in outliers}),
            max(abs(one.size) / rms[where] for where, some in outliers.items() for one in some),
        )
        if outliers
        else None,
        n_kicks=sum(len(what.kicks) for what in best.found.values()),
        log_odds=log_odds,
        taken_off=best.normal,
    )
