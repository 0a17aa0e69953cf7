"""Other explanations of what looks active, and a response of the instrument that no model has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activenoise.analysis.checks import FEWEST, fit_test
from activenoise.analysis.comparison import Tracks, all_records, centred, records_of
from activenoise.analysis.facts import DriftRival
from activenoise.analysis.judgement import misfits
from activenoise.analysis.setup import Setup
from activenoise.analysis.tracks import Compared
from activenoise.arrays import FloatArray
from activenoise.inference.comparison import probabilities
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import Record, drift_prior
from activenoise.physics.priors import Axis

STRIDES = (2, 4, 8, 16, 32)
LONGEST = 1 << 17  # points; a longer record is thinned for its drift and its bands

_MOST_TRACKS = 8  # of a table, in which a stride is searched


def drift_rival(at: Compared, setup: Setup) -> DriftRival:
    """A passive tracer on a drifting instrument, a random walk, beside the four models: with shared
    parameters of all tracks, or, where the tracks differ, with parameters and a drift of its own
    for each."""
    found = at.decisive
    gain, error, reach = _gain_of_all(at, setup) if at.shared else _gain_of_each(at, setup)
    log_z = {name: model.log_evidence for name, model in found.models.items()}
    odds = setup.choices.odds
    own = log_z["Passive"] + gain
    chances = probabilities({**log_z, "drift": own}, {**odds, "drift": odds.get("Passive", 1.0)})
    return DriftRival(chances["drift"], own, error, reach)


def _gain_of_all(at: Compared, setup: Setup) -> tuple[float, float, float]:
    """Log evidence of a passive tracer on a drifting instrument over that of one at rest, its
    error, and the reach of the drift. Of a long record every n-th point is taken."""
    records = all_records(at.tracks, at.dt)
    step = -(-max(len(r.positions) for r in records) // LONGEST)
    thinned = [Record(r.positions[::step], r.dt * step) for r in records]
    prior = setup.prior(thinned, at.stride * step)
    drifting = _drifting(thinned, prior, setup)
    still = setup.posterior("Passive", thinned, prior)
    gain = drifting.log_evidence - still.log_evidence
    return gain, float(np.hypot(drifting.error, still.error)), _reach(drifting, records)


def _gain_of_each(at: Compared, setup: Setup) -> tuple[float, float, float]:
    """`_gain_of_all` if each track has parameters, and a drift, of its own."""
    prior = at.prior(setup)
    gains, errors, reaches = [], [], []
    for i, (track, member) in enumerate(at.members.items()):
        records, still = at.records(track), member.posteriors["Passive"]
        drifting = _drifting(records, prior, setup, 1 + i)
        gains.append(drifting.log_evidence - still.log_evidence)
        errors += [drifting.error, still.error]
        reaches.append(_reach(drifting, records))
    return sum(gains), float(np.linalg.norm(errors)), float(np.median(reaches))


def _drifting(
    records: Sequence[Record], prior: Mapping[str, Axis], setup: Setup, more: int = 0
) -> Posterior:
    """A passive tracer on an instrument whose drift by the end is comparable to the motion."""
    return setup.posterior("Passive", records, {**prior, "drift": drift_prior(records)}, more)


def _reach(drifting: Posterior, records: Sequence[Record]) -> float:
    """What the walk makes by the end of the longest record, over the rms of all; median."""
    duration = max(len(r.positions) * r.dt for r in records)
    walked = np.sqrt(2 * duration * np.median(drifting.parameters["drift"]))
    return float(walked / np.sqrt(np.mean([np.nanvar(r.positions) for r in records])))


def long_enough(tracks: Tracks, stride: int = STRIDES[0]) -> list[str]:
    """Tracks that keep at least 200 points in every coordinate at this stride."""
    return [
        track
        for track, parts in tracks.items()
        if all(np.isfinite(x[::stride]).sum() >= FEWEST for x in parts.values())
    ]


def fitting_stride(at: Compared, setup: Setup) -> int:
    """A stride at which an AOUP, the most yielding of the models, fits; 1 if there is none. Of a
    table the longest tracks are used that keep enough points; only one if they differ.

    At the least such stride a short propulsion may stand in for what is left of the instrument's
    response: the next one is taken, if it fits as well.
    """
    fitting: list[int] = []
    choices = setup.choices
    for stride in STRIDES:
        chosen = long_enough(at.tracks, stride)[: _MOST_TRACKS if at.shared else 1]
        if not chosen:
            break
        thinned = {track: every(at.tracks[track], stride) for track in chosen}
        records = all_records(thinned, at.dt * stride)
        p = setup.posterior("AOUP", records, setup.prior(records, stride))
        tests = [
            fit_test([(p, some)], choices.baseline, choices.free)
            for some in records_of(thinned, at.dt * stride).values()
        ]
        if any(map(misfits, tests)):
            fitting.clear()
        else:
            fitting.append(stride)
        if len(fitting) == 2:
            break
    return fitting[-1] if fitting else 1


def every(parts: Mapping[str, FloatArray], stride: int) -> dict[str, FloatArray]:
    """Every stride-th point of a track, about its mean."""
    return {name: centred(x[::stride]) for name, x in parts.items()}
