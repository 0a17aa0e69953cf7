"""Records of one model seen through an instrument, with any number of states.

All records share one stream of doubles. `recorded` simulates batches of tracks of three states or
fewer, each with parameters and a stream of its own, many side by side in vector instructions: the
same innovations form, but other random numbers and another kernel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP
from activenoise.physics.system import LinearModel, continuous, discretise, over_interval

_PARTS = 8  # of the exposure, and of the rest of an interval


def simulate_records(
    model: LinearModel,
    instrument: Instrument,
    n_points: int,
    dt: float,
    seed: int,
    n_records: int | None = None,
) -> FloatArray:
    """Records of ONE model, (n_records, n_points) or (n_points,), length, with the exact law.

    dt in s. In the innovations form, y = G m + sqrt(s) xi, a point costs one normal. A baseline is
    left at 0. ValueError for a batch of models.
    """
    system = discretise(model, instrument, dt)
    if len(system.R) != 1:
        raise ValueError(f"one model is simulated at a time, not {len(system.R)}")
    rng = np.random.Generator(np.random.PCG64(seed))
    records = rng.standard_normal((n_records or 1, n_points))
    _simulate(records, *(part[0] for part in system))
    return records if n_records else records[0]


@njit(cache=True)
def _simulate(records, F, G, Q, S, R, P):
    """Turn standard normals (n_records, n_points) into records, in place."""
    k = len(G)
    means, fresh = np.zeros((len(records), k)), np.zeros(k)
    P, K = P.copy(), np.zeros(k)
    for t in range(records.shape[1]):
        PG = P @ G
        s = R + G @ PG
        K = (F @ PG + S) / s
        P = F @ P @ F.T + Q
        for a in range(k):
            for b in range(k):
                P[a, b] -= K[a] * K[b] * s
        for i in range(len(records)):
            e = records[i, t] * np.sqrt(s)
            records[i, t] = e
            for a in range(k):
                records[i, t] += G[a] * means[i, a]
                fresh[a] = K[a] * e
                for b in range(k):
                    fresh[a] += F[a, b] * means[i, b]
            for a in range(k):
                means[i, a] = fresh[a]


def simulate_rotational(
    model: AOUP | Tracer, instrument: Instrument, n_points: int, dt: float, seed: int
) -> FloatArray:
    """A record of ONE rotational Brownian particle in any medium, (n_points,), length.

    model: an `RBP`, or the linear model of the same covariance. dt in s. A baseline is left at 0.
    The record is exact given the velocity, which is constant over each of `_PARTS` parts of the
    exposure and of the rest of an interval. It begins with the right covariance, and ten
    persistence times before its first point.
    """
    A, W, h, P = continuous(model, instrument)
    v = model.langevin().drift.shape[-1] - 1
    k = A.shape[1]
    # The last state is the integral of the signal over the exposure.
    A, W = (np.pad(a, ((0, 0), (0, 1), (0, 1))) for a in (A, W))
    A[:, k, :k] = h
    A[:, v, :] = W[:, v, :] = W[:, :, v] = 0.0
    exposure, noise = (float(np.ravel(instrument.parameters[n])[0]) for n in ("exposure", "noise"))
    tau_a, D_a = (float(np.ravel(np.asarray(value))[0]) for value in (model.tau_a, model.D_a))
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi)
    speed = np.sqrt(2 * D_a / tau_a)
    slope = P[0, :, v] / P[0, v, v]
    z = np.zeros(k + 1)
    z[:k] = slope * speed * np.cos(angle)
    z[:k] += _root(P[0] - np.outer(slope, slope) * P[0, v, v]) @ rng.standard_normal(k)
    steps = []
    for length in ((1 - exposure) * dt / _PARTS, exposure * dt / _PARTS):
        F, _, Q, _, _ = over_interval(A, W, np.zeros((1, k + 1)), np.zeros(1), length)
        steps += [(F[0], _root(Q[0]), np.sqrt(2 * length / tau_a))] * _PARTS
    waiting = int(np.ceil(10 * tau_a / dt))
    record = np.empty(waiting + n_points)
    for t in range(len(record)):
        z[k] = 0.0
        for i, (F_part, root, turn) in enumerate(steps):
            if i == _PARTS:
                z[k] = 0.0
            turned = angle + turn * rng.standard_normal()
            z[v] = speed * 0.5 * (np.cos(angle) + np.cos(turned))
            z = F_part @ z + root @ rng.standard_normal(k + 1)
            angle = turned
        record[t] = z[k] / (exposure * dt) if exposure > 0 else h[0] @ z[:k]
    return record[waiting:] + noise * rng.standard_normal(n_points)


def _root(covariance: FloatArray) -> FloatArray:
    """A matrix whose product with its transpose is a covariance, which may be singular."""
    levels, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(levels, 0.0)))
