"""Evidence of each model of a study, marginalised over the prior of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from activenoise.arrays import FloatArray, TrackArray
from activenoise.inference.quadrature import Evidence, evaluate, quadrature
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.likelihood.positions import Prefixes, check_tracks, log_likelihood
from activenoise.physics.priors import Prior


def log_evidence(
    model_name: str,
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: Prefixes | None = None,
    nodes: Mapping[str, int] | None = None,
) -> FloatArray:
    """Log density of the positions, marginalised over the prior, in nats.

    tracks: (n_tracks, n_steps), dt (s) apart. at: prefix lengths, in points. nodes: number on each
    axis of the quadrature. Returns (n_tracks,), or (n_tracks, len(at)) if `at` is given. RBP's is
    sampled (`rbp_evidence`). ValueError for RTP unless its parameters are known.
    """
    tracks, at_array, squeeze = check_tracks(tracks, at)
    if prior.fixed:
        values = log_likelihood(prior.single(model_name), tracks, dt, at_array)
    elif model_name == "RTP":
        raise ValueError("RTP: tracks have its evidence at known parameters alone; fix all of them")
    elif model_name == "RBP":
        values = rbp_evidence(prior, tracks, dt, at_array, nodes).log_evidence
    else:
        values = evaluate(quadrature(model_name, prior, nodes), tracks, dt, at_array).log_evidence
    return values[:, 0] if squeeze else values


def posterior_moments(
    model_name: str,
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: Prefixes | None = None,
    nodes: Mapping[str, int] | None = None,
) -> Evidence:
    """Posterior mean and sd of log kappa, log D, log D_a, log tau_a, arrays (n_tracks, len(at)):
    the Bayes estimates, whose mean square error no estimator can beat on average over the prior."""
    tracks, at_array, _ = check_tracks(tracks, at)
    return evaluate(quadrature(model_name, prior, nodes), tracks, dt, at_array)
