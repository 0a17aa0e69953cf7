"""What the exact likelihoods say of one record: which model, and which parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.importance import Sampler
from activenoise.inference.quadrature import evaluate, focus, quadrature, refined
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.physics.priors import Prior
from activenoise.studies.exact import exact_evidence, sampled_posteriors
from activenoise.studies.scoring import probability
from activenoise.studies.segments import IndexedAnswer, SegmentAnswer, segment_answers

_MODELS = ("Passive", "AOUP", "RBP")
_RBP_SAMPLES = 256  # for a whole record; tracks have fewer


def whole_record(
    prior: Prior,
    positions: FloatArray,
    dt: float,
    nodes: Mapping[str, int] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Exact evidence of the three models for a record (n_points,), dt (s) apart, and posteriors.

    p_active: P(AOUP rather than Passive), p_rbp: P(RBP rather than AOUP), each at equal prior odds.
    numerical_error: of each log evidence, nats: by quadrature its change when the nodes are
    doubled, by sampling and for RBP its Monte Carlo error. posterior: mean and sd of the LOG of
    each parameter of each model. nodes: of the quadrature; seed: of the sampling.
    """
    if prior.bare:
        found = _by_quadrature(prior, positions, dt, nodes)
    else:
        found = _by_sampling(prior, positions, dt, seed)
    values = found["log_evidence"]
    return found | {
        "p_active": float(probability(values["AOUP"] - values["Passive"])),
        "p_rbp": float(probability(values["RBP"] - values["AOUP"])),
    }


def _by_quadrature(
    prior: Prior, positions: FloatArray, dt: float, nodes: Mapping[str, int] | None
) -> dict[str, Any]:
    """The record's mean is taken for its zero; nodes fill the part of the prior that counts."""
    track = (positions - positions.mean())[None]
    at = np.array([track.shape[1]])
    values, errors, posterior = {}, {}, {}
    for name in ("Passive", "AOUP"):
        fine = refined(nodes)
        narrow, narrow_fine = (focus(name, prior, track, dt, each) for each in (nodes, fine))
        coarse = evaluate(quadrature(name, narrow.prior, nodes), track, dt, at)
        result = evaluate(quadrature(name, narrow_fine.prior, fine), track, dt, at)
        values[name] = float(result.log_evidence[0, 0]) + narrow_fine.log_mass
        errors[name] = abs(values[name] - float(coarse.log_evidence[0, 0]) - narrow.log_mass)
        posterior[name] = {
            key: {"mean": float(mean[0, 0]), "sd": float(result.sd[key][0, 0])}
            for key, mean in result.mean.items()
        }
    # The range that AOUP's posterior fills, the last of the loop, is RBP's too.
    rbp = rbp_evidence(narrow.prior, track, dt, at, {**(nodes or {}), "samples": _RBP_SAMPLES})
    ratio = rbp.log_evidence - rbp.reference.log_evidence
    values["RBP"] = values["AOUP"] + float(ratio[0, 0])
    errors["RBP"] = float(rbp.error[0, 0])
    return {"log_evidence": values, "numerical_error": errors, "posterior": posterior}


def _by_sampling(prior: Prior, positions: FloatArray, dt: float, seed: int) -> dict[str, Any]:
    """The record's zero is unknown, with a flat prior."""
    found = sampled_posteriors(prior, positions, dt, _MODELS, seed, sampler=Sampler(), reach=None)
    posterior = {
        name: {
            key: {"mean": float(np.log(v).mean()), "sd": float(np.log(v).std())}
            for key, v in found[name].varying.items()
            if np.all(v > 0)
        }
        for name in ("Passive", "AOUP")
    }
    return {
        "log_evidence": {name: p.log_evidence for name, p in found.items()},
        "numerical_error": {name: p.error for name, p in found.items()},
        "posterior": posterior,
    }


def by_segment(
    prior: Prior,
    positions: FloatArray,
    dt: float,
    lengths: Sequence[int],
    nodes: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Iterator[SegmentAnswer]:
    """p_active, p_rbp, and posterior mean and sd of log D and log D_a where they are unknown, of
    the segments of each length (in points) of a record (n_points,), dt (s) apart."""
    names = [n for n in ("D", "D_a") if n in prior.axes and not prior.axes[n].fixed]

    def answer(segments: FloatArray) -> Iterator[IndexedAnswer]:
        at, seeds = np.array([segments.shape[1]]), range(seed, seed + len(segments))
        found = exact_evidence(prior, segments, dt, at, _MODELS, names, nodes, seeds, "constant")
        active = probability(found.log_odds(("Passive", "AOUP")))[:, 0]
        mechanism = probability(found.log_odds(("AOUP", "RBP")))[:, 0]
        for i in range(len(segments)):
            yield i, "p_active", float(active[i]), np.nan
            yield i, "p_rbp", float(mechanism[i]), np.nan
            for k, name in enumerate(names):
                yield i, f"log {name}", float(found.mean[i, 0, k]), float(found.sd[i, 0, k])

    return segment_answers(positions, dt, lengths, answer)
