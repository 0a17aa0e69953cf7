"""Evidence under a study whose tracks are seen through an instrument, or have no unit: of its
tracks, and of records.

What `evidence` does by quadrature where the tracer's own positions are known and few parameters are
not, `posterior` does here by adaptive importance sampling, track by track.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.importance import Reach, Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.rbp_posterior import rbp_posterior
from activenoise.inference.record import Coordinates, Record
from activenoise.physics.instrument import Baseline
from activenoise.physics.priors import Axis, Prior
from activenoise.studies.scoring import probability
from activenoise.studies.segments import Answer, cut

MODELS = ("Passive", "AOUP")
# Small, for many tracks: errors of about 0.1 nats, which cost the optimum 0.002 nats of log-loss.
BRIEF = Sampler(draws=256, wanted=80, final=256, batches=3, attempts=2, rounds=25)
_RBP_SAMPLES = 32
_STEP_RANGE = 10.0  # either way of the track's own, of a scale-free track's rms step


class Evidences(NamedTuple):
    """Of one track at some lengths: log_evidence and its standard error, nats, (n_lengths, 3), of
    Passive, AOUP and RBP (nan where it was not asked for; its error is that of its ratio to the
    AOUP's); mean, sd and standard error of the mean of the log of each parameter under
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
    mechanism: bool = False,
) -> Evidences:
    """Evidence of Passive and AOUP, and moments of log parameters `names`, for prefixes of a track.

    In a scale-free study the zero is unknown too (a flat prior); in others it is known.
    mechanism: of RBP as well, which takes a millisecond a point.
    """
    rows = []
    baseline: Baseline = "zero" if "D" in prior.axes else "constant"
    for k, n in enumerate(lengths):
        part = np.asarray(track[:n], np.float64)
        found = [_one(model, prior, part, dt, seed + k, sampler, baseline) for model in MODELS]
        ratio, ratio_error = np.nan, np.nan
        if mechanism:
            record = [Record(part, dt)]
            axes, reach = study_axes(prior, part), _at_once(_RBP_SAMPLES)
            rbp = rbp_posterior(found[1], record, axes, baseline, seed + k, reach)
            ratio = rbp.log_evidence - found[1].log_evidence
            ratio_error = float(np.sqrt(max(rbp.error**2 - found[1].error ** 2, 0.0)))
        logs = [np.log(found[1].parameters[name]) for name in names]
        sd = np.array([values.std() for values in logs])
        rows.append(
            (
                [*(p.log_evidence for p in found), found[1].log_evidence + ratio],
                [*(p.error for p in found), ratio_error],
                [values.mean() for values in logs],
                sd,
                sd / np.sqrt(found[1].effective),
            )
        )
    return Evidences(*(np.array(column) for column in zip(*rows, strict=True)))


def whole_record(prior: Prior, positions: FloatArray, dt: float, seed: int = 0) -> dict[str, Any]:
    """The same facts of a record (n_points,) as `verdict.whole_record` has, its zero unknown;
    numerical_error is the Monte Carlo's throughout."""
    found = _three(prior, positions, dt, seed, Sampler())
    values = {name: p.log_evidence for name, p in found.items()}
    return {
        "log_evidence": values,
        "numerical_error": {name: p.error for name, p in found.items()},
        "p_active": float(probability(values["AOUP"] - values["Passive"])),
        "p_rbp": float(probability(values["RBP"] - values["AOUP"])),
        "posterior": {
            name: {
                key: {"mean": float(np.log(v).mean()), "sd": float(np.log(v).std())}
                for key, v in p.parameters.items()
                if np.all(v > 0) and np.any(v != v[0])
            }
            for name, p in found.items()
            if name in MODELS
        },
    }


def by_segment(
    prior: Prior, positions: FloatArray, dt: float, lengths: Sequence[int], seed: int = 0
) -> Iterator[Answer]:
    """The same answers as `verdict.by_segment` has, of segments of so many points."""
    for n in lengths:
        for i, track in enumerate(cut(positions, n)):
            found = _three(prior, track, dt, seed + i, BRIEF, 32)
            values = {name: p.log_evidence for name, p in found.items()}
            place = (n * dt, i * n * dt)
            active = probability(values["AOUP"] - values["Passive"])
            yield Answer(*place, "p_active", float(active), np.nan)
            yield Answer(
                *place, "p_rbp", float(probability(values["RBP"] - values["AOUP"])), np.nan
            )
            for name in ("D", "D_a"):
                if name not in prior.axes or prior.axes[name].fixed:
                    continue
                logs = np.log(found["AOUP"].parameters[name])
                yield Answer(*place, f"log {name}", float(logs.mean()), float(logs.std()))


def _three(
    prior: Prior,
    track: FloatArray,
    dt: float,
    seed: int,
    sampler: Sampler,
    n_samples: int | None = None,
) -> dict[str, Posterior]:
    """Posteriors of Passive, AOUP and RBP for a record of unknown zero."""
    record = np.asarray(track, np.float64)
    found = {name: _one(name, prior, record, dt, seed, sampler, "constant") for name in MODELS}
    reach = None if n_samples is None else _at_once(n_samples)
    axes = study_axes(prior, record)
    found["RBP"] = rbp_posterior(found["AOUP"], [Record(record, dt)], axes, "constant", seed, reach)
    return found


def _at_once(n_samples: int) -> Reach:
    """So many draws of AOUP's posterior and no more, however few are effective."""
    return Reach(n_samples, 1.0, 2 * n_samples)


def _one(
    model: str,
    prior: Prior,
    track: FloatArray,
    dt: float,
    seed: int,
    sampler: Sampler,
    baseline: Baseline,
) -> Posterior:
    axes = study_axes(prior, track)
    if not Coordinates(model, axes).names:
        raise ValueError(f"{model}: no parameter is unknown; sampling needs one")
    return posterior(model, [Record(track, dt)], axes, baseline, seed, sampler)
