"""The evidence of a study's models for its tracks, exact but for a stated numerical error.

By quadrature where the tracks are the tracer's own positions; by adaptive importance sampling,
track by track, where they are seen through an instrument or have no unit of length.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from activenoise import files
from activenoise.arrays import FloatArray, TrackArray
from activenoise.inference.evidence import log_evidence, posterior_moments
from activenoise.inference.importance import Reach, Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.quadrature import refined
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.inference.rbp_posterior import rbp_posterior
from activenoise.inference.record import Coordinates, Record
from activenoise.likelihood import path_integral
from activenoise.likelihood.positions import log_likelihood
from activenoise.parameters import PARAMETERS, STUDIED, pair_models
from activenoise.physics.instrument import Baseline
from activenoise.physics.models import AOUP
from activenoise.physics.priors import Axis, Prior
from activenoise.studies.evidence import TrackEvidence, joined

# For many tracks: errors of about 0.1 nats, which cost the optimum 0.002 nats of log-loss.
BRIEF = Sampler(draws=256, wanted=80, final=256, batches=3, attempts=2, rounds=25)
RBP_BRIEF = Reach(draws=32, wanted=1.0, most=64)  # one round, however few draws are effective
_STEP_RANGE = 10.0  # either way of the track's own, of a scale-free track's rms step
_BLOCK, _FEW = 500, 10  # tracks at a time, by quadrature and by sampling
_SEED_STRIDE = 1000  # between the seeds of two tracks, whose prefixes take those between

log = logging.getLogger(__name__)


def needed_models(pairs: Iterable[str]) -> tuple[str, ...]:
    """The models whose evidence tracks need that take part in these pairs, such as Passive-AOUP.
    AOUP is always among them: it has the moments, and RBP is computed from its posterior."""
    asked = {"AOUP"}.union(*(pair_models(pair) for pair in pairs))
    return tuple(name for name in STUDIED if name in asked)


def study_evidence(
    prior: Prior,
    data: files.DataSet,
    at: Sequence[int],
    pairs: Sequence[str],
    targets: Sequence[str] = (),
    nodes: Mapping[str, int] | None = None,
    n_check: int = 0,
    seed: int = 0,
) -> TrackEvidence:
    """Evidence of the models of `pairs` for the test tracks of one model.

    at: lengths of the prefixes, in points. targets: parameters that have moments, beside the
    unknown ones of AOUP. nodes: of the quadrature, which is repeated with twice as many on the
    first n_check tracks. seed: of the sampling.
    """
    models, points = needed_models(pairs), np.asarray(at)
    unknown = [n for n in PARAMETERS["AOUP"] if n in prior.axes and not prior.axes[n].fixed]
    names = tuple(dict.fromkeys((*targets, *unknown)))
    dt, parts = data.dt, []
    for rows in data.blocks(_BLOCK if prior.bare else _FEW):
        seeds = [seed + _SEED_STRIDE * i for i in range(rows.start, rows.stop)]
        parts.append(exact_evidence(prior, data[rows], dt, points, models, names, nodes, seeds))
        log.info("%s: %d of %d tracks", data.model_name, rows.stop, len(data))
    found = replace(joined(parts), truth=_truth(data, names))
    if not n_check or not prior.bare or prior.fixed:
        return found
    fine = exact_evidence(prior, data[:n_check], dt, points, models, names, refined(nodes))
    return replace(found, refined=fine.log_evidence, refined_mean=fine.mean)


def _truth(data: files.DataSet, names: Sequence[str]) -> FloatArray:
    """Logarithms of the true values, (n_tracks, n_names); nan for parameters the model lacks."""
    absent = np.full(len(data), np.nan)
    columns = [np.log(data.parameters.get(name, absent)) for name in names]
    return np.stack(columns, axis=1) if columns else np.empty((len(data), 0))


def exact_evidence(
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: NDArray[np.int64],
    models: Sequence[str],
    names: Sequence[str] = (),
    nodes: Mapping[str, int] | None = None,
    seeds: Sequence[int] | None = None,
    baseline: Baseline = "zero",
) -> TrackEvidence:
    """Evidence of `models` (AOUP among them) for tracks (n_tracks, n_points), dt (s) apart.

    at: lengths of the prefixes, in points. names: parameters that have moments. nodes: of the
    quadrature; seeds: of the sampling, one a track. baseline: what the sampling knows of the zero
    of a track; nothing ("constant") where there is no unit. The quadrature takes 0 for known.
    """
    if prior.bare:
        found = _by_quadrature(prior, tracks, dt, at, models, names, nodes)
    else:
        seeds = range(len(tracks)) if seeds is None else seeds
        zero = baseline if "D" in prior.axes else "constant"
        found = _by_sampling(prior, tracks, dt, at, models, names, seeds, zero)
    return TrackEvidence(
        models=tuple(models),
        points=at,
        names=tuple(names),
        truth=np.full((len(tracks), len(names)), np.nan),
        refined=np.empty((0, len(at), len(models))),
        refined_mean=np.empty((0, len(at), len(names))),
        **found,
    )


def _by_quadrature(
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: NDArray[np.int64],
    models: Sequence[str],
    names: Sequence[str],
    nodes: Mapping[str, int] | None,
) -> dict[str, FloatArray]:
    """The arrays of a TrackEvidence that quadrature gives, or for known parameters the filter."""

    def last(arrays: list[FloatArray]) -> FloatArray:
        shape = (len(arrays), len(tracks), len(at))
        return np.moveaxis(np.reshape(arrays, shape), 0, -1)

    error = np.zeros((len(tracks), len(at), len(models)))
    none = np.zeros((len(tracks), len(at), len(names)))
    if prior.fixed:
        single = [prior.single(name) for name in models]
        found = {
            "log_evidence": last([log_likelihood(m, tracks, dt, at) for m in single]),
            "given_first": last([log_likelihood(m, tracks, dt, at, True) for m in single]),
        }
        active = prior.single("AOUP")
        if "Passive" in models and isinstance(active, AOUP):
            found["path_integral"] = path_integral.log_likelihood_ratio(active, tracks, dt, at)
        return {**found, "error": error, "mean": none, "sd": none, "mean_error": none}
    if "RBP" in models:
        rbp = rbp_evidence(prior, tracks, dt, at, nodes)
        aoup, values = rbp.reference, {"RBP": rbp.log_evidence}
        error[..., models.index("RBP")] = rbp.error
    else:
        aoup, values = posterior_moments("AOUP", prior, tracks, dt, at, nodes), {}
    values["AOUP"] = aoup.log_evidence
    if "Passive" in models:
        values["Passive"] = log_evidence("Passive", prior, tracks, dt, at, nodes)
    return {
        "log_evidence": last([values[name] for name in models]),
        "error": error,
        "mean": last([aoup.mean[name] for name in names]),
        "sd": last([aoup.sd[name] for name in names]),
        "mean_error": none,
    }


def _by_sampling(
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: NDArray[np.int64],
    models: Sequence[str],
    names: Sequence[str],
    seeds: Sequence[int],
    baseline: Baseline,
) -> dict[str, FloatArray]:
    """The arrays of a TrackEvidence that sampling gives."""
    rows = []
    for track, seed in zip(tracks, seeds, strict=True):
        for k, n in enumerate(at):
            found = sampled_posteriors(prior, track[:n], dt, models, seed + k, baseline)
            error = {name: p.error for name, p in found.items()}
            if "RBP" in error:
                error["RBP"] = float(np.sqrt(max(error["RBP"] ** 2 - error["AOUP"] ** 2, 0.0)))
            logs = [np.log(found["AOUP"].parameters[name]) for name in names]
            sd = np.array([values.std() for values in logs])
            rows.append(
                {
                    "log_evidence": [found[name].log_evidence for name in models],
                    "error": [error[name] for name in models],
                    "mean": [values.mean() for values in logs],
                    "sd": sd,
                    "mean_error": sd / np.sqrt(found["AOUP"].effective),
                }
            )
    return {
        name: np.reshape([row[name] for row in rows], (len(tracks), len(at), len(rows[0][name])))
        for name in rows[0]
    }


def sampled_posteriors(
    prior: Prior,
    track: TrackArray,
    dt: float,
    models: Sequence[str],
    seed: int,
    baseline: Baseline = "constant",
    sampler: Sampler = BRIEF,
    reach: Reach | None = RBP_BRIEF,
) -> dict[str, Posterior]:
    """Posterior of each of `models` (AOUP among them) for one track (n_points,), dt (s) apart.

    baseline: what is known of the track's zero. sampler, reach: how far the linear models and RBP
    go; without a reach RBP takes what the sampler implies.
    """
    record = [Record(np.asarray(track, np.float64), dt)]
    axes = _study_axes(prior, record[0].positions)
    found = {}
    for name in models:
        if name != "RBP":
            if not Coordinates(name, axes).names:
                raise ValueError(f"{name}: no parameter is unknown; sampling needs one")
            found[name] = posterior(name, record, axes, baseline, seed, sampler)
    if "RBP" in models:
        found["RBP"] = rbp_posterior(found["AOUP"], record, axes, baseline, seed, reach)
    return found


def _study_axes(prior: Prior, track: FloatArray) -> dict[str, Axis]:
    """The priors of a study's track. Without a unit of length, the rms step's prior is uniform in
    the logarithm, a decade either way of the track's own rms step, for all models: no network that
    does not know the unit can know more."""
    axes: Mapping[str, Axis] = prior.axes
    if "D" in axes:
        return dict(axes)
    step = float(np.sqrt(np.mean(np.diff(track) ** 2)))
    return {**axes, "step": Axis(step / _STEP_RANGE, step * _STEP_RANGE, log=True)}
