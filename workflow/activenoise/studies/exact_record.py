"""What the exact likelihoods say of one record: which model, and which parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.evidence import log_evidence, log_likelihood_ratio, posterior_moments
from activenoise.inference.quadrature import evaluate, focus, quadrature, refined
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.physics.priors import Prior
from activenoise.studies.scoring import probability
from activenoise.studies.segments import Answer, cut


def whole_record(
    prior: Prior, positions: FloatArray, dt: float, nodes: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Exact evidence of the three models for a record (n_points,), dt (s) apart, and posteriors.

    p_active: P(AOUP rather than Passive), p_rbp: P(RBP rather than AOUP), each at equal prior odds.
    numerical_error: of each log evidence, nats: its change when the nodes are doubled, or the
    Monte Carlo error for RBP. posterior: mean and sd of the LOG of each parameter of each model.
    """
    track = (positions - positions.mean())[None]
    at = np.array([track.shape[1]])
    values, errors, posterior = {}, {}, {}
    for name in ("Passive", "AOUP"):
        fine = refined(nodes)
        narrow, narrow_fine = (
            focus(name, prior, track, dt, nodes),
            focus(name, prior, track, dt, fine),
        )
        coarse = evaluate(quadrature(name, narrow.prior, nodes), track, dt, at)
        result = evaluate(quadrature(name, narrow_fine.prior, fine), track, dt, at)
        values[name] = float(result.log_evidence[0, 0]) + narrow_fine.log_mass
        errors[name] = abs(values[name] - float(coarse.log_evidence[0, 0]) - narrow.log_mass)
        posterior[name] = {
            key: {"mean": float(mean[0, 0]), "sd": float(result.sd[key][0, 0])}
            for key, mean in result.mean.items()
        }
    sampled = rbp_evidence(narrow.prior, track, dt, at, {**(nodes or {}), "samples": 256})
    values["RBP"] = values["AOUP"] + float((sampled.log_evidence - sampled.reference)[0, 0])
    errors["RBP"] = float(sampled.error[0, 0])
    return {
        "log_evidence": values,
        "numerical_error": errors,
        "p_active": float(probability(values["AOUP"] - values["Passive"])),
        "p_rbp": float(probability(values["RBP"] - values["AOUP"])),
        "posterior": posterior,
    }


def by_segment(
    prior: Prior,
    positions: FloatArray,
    dt: float,
    lengths: Sequence[int],
    nodes: Mapping[str, int] | None = None,
) -> Iterator[Answer]:
    """p_active, p_rbp, and posterior mean and sd of log D and log D_a, of segments of so many
    points."""
    for n in lengths:
        tracks = cut(positions, n)
        if not len(tracks):
            continue
        at = np.array([n])
        moments = posterior_moments("AOUP", prior, tracks, dt, at, nodes)
        active = moments.log_evidence - log_evidence("Passive", prior, tracks, dt, at, nodes)
        mechanism = log_likelihood_ratio(("AOUP", "RBP"), prior, tracks, dt, at, nodes)
        for i in range(len(tracks)):
            place = (n * dt, i * n * dt)
            yield Answer(*place, "p_active", float(probability(active[i, 0])), np.nan)
            yield Answer(*place, "p_rbp", float(probability(mechanism[i, 0])), np.nan)
            for name in ("D", "D_a"):
                if name in moments.mean:
                    mean, sd = moments.mean[name][i, 0], moments.sd[name][i, 0]
                    yield Answer(*place, f"log {name}", float(mean), float(sd))
