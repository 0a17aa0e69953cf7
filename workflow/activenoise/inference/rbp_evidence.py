"""Evidence of the rotational Brownian particle (RBP) for many tracks of known zero.

AOUP is its Gaussian twin: equal parameters give equal covariances. Quadrature (`quadrature`) gives
AOUP's posterior of each track. RBP's likelihood, by the filter on the angle (`angle`), is averaged
over draws from it. Records with an instrument or an unknown baseline go by `rbp_posterior`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.inference.quadrature import DEFAULT_NODES, QUANTITIES, Evidence, Job, quadrature
from activenoise.inference.scale import scale_quantile
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.physics.models import RBP
from activenoise.physics.priors import Prior
from activenoise.threads import in_threads

_TRACKS = 256  # at a time: the filter's sums at all nodes are read twice, and so kept
_LOG_2PI = float(np.log(2 * np.pi))


class Sampled(NamedTuple):
    """A Monte Carlo evidence, arrays (n_tracks, len(at)), in nats.

    log_evidence: of RBP. reference: evidence and moments of AOUP under the same prior. error:
    standard error of the difference of the log evidences, from the finite number of samples.
    """

    log_evidence: FloatArray
    reference: Evidence
    error: FloatArray


def rbp_evidence(
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: NDArray[np.int64],
    nodes: Mapping[str, int] | None = None,
) -> Sampled:
    """Log density of the positions under RBP, marginalised over the prior.

    RBP and AOUP share prior and covariance, so the AOUP posterior is the proposal:
    p(x | RBP) = p(x | AOUP) E[ p(x | parameters, RBP)/p(x | parameters, AOUP) ] with the mean over
    p(parameters | x, AOUP), of which nodes["samples"] are drawn systematically a track and prefix.
    """
    n_samples = {**DEFAULT_NODES, **(nodes or {})}["samples"]
    grid = quadrature("AOUP", prior, nodes)
    # One offset a track and prefix; any fixed sequence that fills (0, 1) evenly will do.
    shape = (len(tracks), len(at))
    count = np.arange(len(tracks) * len(at), dtype=np.float64)
    offset: FloatArray = ((count + 0.5) * 0.7548776662466927 % 1.0).reshape(shape)
    parts = [
        _sampled(Job(grid, tracks[i : i + _TRACKS], dt, at), offset[i : i + _TRACKS], n_samples)
        for i in range(0, len(tracks), _TRACKS)
    ]
    return Sampled(
        np.concatenate([part.log_evidence for part in parts]),
        _joined([part.reference for part in parts]),
        np.concatenate([part.error for part in parts]),
    )


def _joined(parts: Sequence[Evidence]) -> Evidence:
    """The evidence of the tracks of several parts, one after the other."""
    mean, sd = (
        {name: np.concatenate([getattr(part, moment)[name] for part in parts]) for name in names}
        for moment, names in (("mean", parts[0].mean), ("sd", parts[0].sd))
    )
    return Evidence(np.concatenate([part.log_evidence for part in parts]), mean, sd)


def _sampled(job: Job, offset: FloatArray, n_samples: int) -> Sampled:
    """RBP's evidence for the tracks of a job. offset: of the systematic draws, (n_tracks, n_at)."""
    shape = offset.shape
    parts = list(job.parts())
    sums = job.summed(parts)
    running, drawn = np.zeros(shape), np.zeros(shape, np.int64)
    samples = np.empty((*shape, n_samples, len(QUANTITIES)))
    log_densities = np.empty((*shape, n_samples))
    total = sums.mass * (1 - 1e-9)  # so that rounding does not lose the last sample
    for part in parts:
        in_threads(
            _draw, len(running), part.squares, part.log_det, part.logs, part.low, part.high,
            part.log_mass, job.bank.at, job.grid.scale, job.grid.power, sums.peak, total, offset,
            running, drawn, samples, log_densities,
        )  # fmt: skip
    reference = job.evidence(sums)
    ratio, error = np.empty(shape), np.empty(shape)
    for c, n in enumerate(job.bank.at):
        kappa, D, D_a, tau_a = np.exp(np.moveaxis(samples[:, c], -1, 0))
        model = RBP(kappa=kappa, D=D, D_a=D_a, tau_a=tau_a)
        llr = angle_log_likelihood(model, job.tracks[:, :n], job.dt) - log_densities[:, c]
        top = np.max(llr, axis=1, keepdims=True)
        weight = np.exp(llr - top)
        mean = np.mean(weight, axis=1)
        ratio[:, c] = top[:, 0] + np.log(mean)
        error[:, c] = np.std(weight, axis=1, ddof=1) / mean / np.sqrt(n_samples)
    return Sampled(reference.log_evidence + ratio, reference, error)


@njit(cache=True, nogil=True)
def _draw(
    start, stop, squares, log_det, logs, low, high, log_mass, at, scale, power, peak, mass,
    offset, running, drawn, samples, log_densities,
):  # fmt: skip
    """Systematic sampling of the posterior: as the running sum of the nodes' mass passes
    (i + offset)/n_samples of the total, the node becomes sample i (D drawn given the node)."""
    n_nodes, _, n_at = squares.shape
    n_samples = samples.shape[2]
    for k in range(n_nodes):
        for t in range(start, stop):
            for c in range(n_at):
                if log_mass[k, t, c] == -np.inf:
                    continue
                running[t, c] += np.exp(log_mass[k, t, c] - peak[t, c])
                n, q = at[c], squares[k, t, c]
                while drawn[t, c] < n_samples and (
                    running[t, c] >= (drawn[t, c] + offset[t, c]) / n_samples * mass[t, c]
                ):
                    i = drawn[t, c]
                    for p in range(4):
                        samples[t, c, i, p] = logs[p, k]
                    log_density = -0.5 * (log_det[k, c] + n * _LOG_2PI + q)
                    if scale:
                        quantile = (offset[t, c] + i * 0.6180339887498949) % 1.0
                        a = 0.5 * n - power - 1.0
                        log_d = scale_quantile(q, a, low[k], high[k], quantile)
                        samples[t, c, i, 1] += log_d
                        samples[t, c, i, 2] += log_d
                        log_density = -0.5 * (
                            log_det[k, c] + n * (_LOG_2PI + log_d) + q * np.exp(-log_d)
                        )
                    log_densities[t, c, i] = log_density
                    drawn[t, c] += 1
