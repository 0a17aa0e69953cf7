"""Other explanations of what looks active, and a response of the instrument that no model has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activenoise.analysis.checks import FEWEST, fit_test
from activenoise.analysis.comparison import Setup, Tracks, all_records, centred, records_of
from activenoise.analysis.facts import ComparisonFacts, DriftRival
from activenoise.analysis.judgement import misfits
from activenoise.analysis.tracks import track_records
from activenoise.inference.comparison import Comparison, probabilities
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.record import Record, drift_prior
from activenoise.physics.priors import Axis

STRIDES = (2, 4, 8, 16, 32)
LONGEST = 1 << 17  # points; a longer record is thinned for its drift and its bands

_MOST_TRACKS = 8  # of a table, in which a stride is searched


def drift_of_all(
    tracks: Tracks,
    dt: float,
    stride: int,
    found: ComparisonFacts,
    setup: Setup,
    sampler: Sampler,
) -> DriftRival:
    """A passive tracer on a drifting instrument, a random walk, beside the four models, all tracks
    with shared parameters. Of a long record the ratio to the passive tracer at rest is taken from
    every n-th point."""
    records = all_records(tracks, dt)
    thin = -(-max(len(r.positions) for r in records) // LONGEST)
    thinned = [Record(r.positions[::thin], r.dt * thin) for r in records]
    prior = setup.prior(thinned, stride * thin)
    still = _passive(thinned, prior, setup, sampler, setup.seed)
    drifting = _drifting(thinned, prior, setup, sampler, setup.seed)
    gain = drifting.log_evidence - still.log_evidence
    error = float(np.hypot(drifting.error, still.error))
    return _beside(found, gain, error, _reach(drifting, records), setup)


def drift_of_each(
    members: Mapping[str, Comparison],
    tracks: Tracks,
    dt: float,
    prior: Mapping[str, Axis],
    found: ComparisonFacts,
    setup: Setup,
    sampler: Sampler,
) -> DriftRival:
    """`drift_of_all` if each track has parameters, and a drift, of its own. members: the models'
    comparison for each track under this prior."""
    gains, errors, reaches = [], [], []
    for i, (track, member) in enumerate(members.items()):
        records = track_records(tracks[track], dt)
        drifting = _drifting(records, prior, setup, sampler, setup.seed + 1 + i)
        still = member.posteriors["Passive"]
        gains.append(drifting.log_evidence - still.log_evidence)
        errors += [drifting.error, still.error]
        reaches.append(_reach(drifting, records))
    reach = float(np.median(reaches))
    return _beside(found, sum(gains), float(np.linalg.norm(errors)), reach, setup)


def _passive(
    records: Sequence[Record],
    prior: Mapping[str, Axis],
    setup: Setup,
    sampler: Sampler,
    seed: int,
) -> Posterior:
    return posterior("Passive", records, prior, setup.choices.baseline, seed, sampler)


def _drifting(
    records: Sequence[Record],
    prior: Mapping[str, Axis],
    setup: Setup,
    sampler: Sampler,
    seed: int,
) -> Posterior:
    """A passive tracer on an instrument whose drift by the end is comparable to the motion."""
    return _passive(records, {**prior, "drift": drift_prior(records)}, setup, sampler, seed)


def _reach(drifting: Posterior, records: Sequence[Record]) -> float:
    """What the walk makes by the end of the longest record, over the rms of all; median."""
    duration = max(len(r.positions) * r.dt for r in records)
    walked = np.sqrt(2 * duration * np.median(drifting.parameters["drift"]))
    return float(walked / np.sqrt(np.mean([np.nanvar(r.positions) for r in records])))


def _beside(
    found: ComparisonFacts, gain: float, error: float, reach: float, setup: Setup
) -> DriftRival:
    """The rival beside the four models. gain: its log evidence over that of the passive tracer at
    rest, nats."""
    log_z = {name: model.log_evidence for name, model in found.models.items()}
    odds = setup.choices.odds
    own = log_z["Passive"] + gain
    chances = probabilities({**log_z, "drift": own}, {**odds, "drift": odds.get("Passive", 1.0)})
    return DriftRival(chances["drift"], own, error, reach)


def has_room_for_strides(tracks: Tracks) -> bool:
    """Whether a track keeps 200 points at the least stride."""
    return bool(_long_enough(tracks, STRIDES[0]))


def _long_enough(tracks: Tracks, stride: int) -> list[str]:
    """Tracks that keep at least 200 points in every coordinate at this stride."""
    return [
        track
        for track, parts in tracks.items()
        if all(np.isfinite(x[::stride]).sum() >= FEWEST for x in parts.values())
    ]


def fitting_stride(tracks: Tracks, dt: float, setup: Setup, sampler: Sampler) -> int:
    """A stride at which an AOUP, the most yielding of the models, fits; 1 if there is none. tracks:
    with shared parameters; the longest that keep enough points are used.

    At the least such stride a short propulsion may stand in for what is left of the instrument's
    response: the next one is taken, if it fits as well.
    """
    fitting: list[int] = []
    choices = setup.choices
    for stride in STRIDES:
        chosen = _long_enough(tracks, stride)[:_MOST_TRACKS]
        if not chosen:
            break
        thinned = {track: thin(tracks[track], stride) for track in chosen}
        records = all_records(thinned, dt * stride)
        p = posterior(
            "AOUP", records, setup.prior(records, stride), choices.baseline, setup.seed, sampler
        )
        tests = [
            fit_test([(p, some)], choices.baseline, choices.free)
            for some in records_of(thinned, dt * stride).values()
        ]
        if any(map(misfits, tests)):
            fitting.clear()
        else:
            fitting.append(stride)
        if len(fitting) == 2:
            break
    return fitting[-1] if fitting else 1


def thin(parts: Mapping[str, np.ndarray], stride: int) -> dict[str, np.ndarray]:
    """Every stride-th point of a track, about its mean."""
    return {name: centred(x[::stride]) for name, x in parts.items()}
