"""Evidence of tracks under a study whose tracks are seen through an instrument, or have no unit.

What `evidence` does by quadrature where the tracer's own positions are known and few parameters are
not, `posterior` does here by adaptive importance sampling, track by track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from activenoise.importance import Sampler
from activenoise.models import FloatArray
from activenoise.posterior import Coordinates, Posterior, Record, posterior
from activenoise.priors import Axis, Prior

MODELS = ("Passive", "AOUP")
# Small, for many tracks: errors of about 0.1 nats, which cost the optimum 0.002 nats of log-loss.
BRIEF = Sampler(draws=256, wanted=80, final=256, batches=3, attempts=2, rounds=25)
_STEP_RANGE = 10.0  # either way of the track's own, of a scale-free track's rms step


class Evidences(NamedTuple):
    """Of one track at some lengths: log_evidence and its standard error, nats, (n_lengths, 2), of
    Passive and AOUP; mean, sd and standard error of the mean of the log of each parameter under
    AOUP, (n_lengths, n_names)."""

    log_evidence: FloatArray
    error: FloatArray
    mean: FloatArray
    sd: FloatArray
    mean_error: FloatArray


def study_axes(prior: Prior, track: FloatArray) -> dict[str, Axis]:
    """Priors for `posterior` of a study's track. Without a unit of length, that of its rms step is
    uniform in the logarithm, a decade either way of the track's own: what a network that does not
    know the unit can know, the same for all models."""
    axes: Mapping[str, Axis] = prior.axes
    if "D" in axes:
        return dict(axes)
    step = float(np.sqrt(np.mean(np.diff(track) ** 2)))
    return {**axes, "step": Axis(step / _STEP_RANGE, step * _STEP_RANGE, log=True)}


def evidences(
    prior: Prior,
    track: FloatArray,
    dt: float,
    lengths: Sequence[int],
    names: Sequence[str],
    seed: int = 0,
    sampler: Sampler = BRIEF,
) -> Evidences:
    """Evidence of both models and moments of log parameters `names`, for prefixes of one track.

    In a scale-free study the zero is unknown too (a flat prior); in others it is known.
    """
    rows = []
    for k, n in enumerate(lengths):
        part = np.asarray(track[:n], np.float64)
        found = [_one(model, prior, part, dt, seed + k, sampler) for model in MODELS]
        logs = [np.log(found[1].parameters[name]) for name in names]
        sd = np.array([values.std() for values in logs])
        rows.append(
            (
                [p.log_evidence for p in found],
                [p.error for p in found],
                [values.mean() for values in logs],
                sd,
                sd / np.sqrt(found[1].effective),
            )
        )
    return Evidences(*(np.array(column) for column in zip(*rows, strict=True)))


def _one(
    model: str, prior: Prior, track: FloatArray, dt: float, seed: int, sampler: Sampler
) -> Posterior:
    axes = study_axes(prior, track)
    baseline = "constant" if "step" in axes else "zero"
    if not Coordinates(model, axes).names:
        raise ValueError(f"{model}: no parameter is unknown; sampling needs one")
    return posterior(model, [Record(track, dt)], axes, baseline, seed, sampler)
