"""Records of one linear model seen through an instrument, with any number of states.

All records share one stream of doubles. `recorded` simulates batches of tracks of three states or
fewer, each with parameters and a stream of its own, many side by side in vector instructions: the
same innovations form, but other random numbers and another kernel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel, discretise


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
