"""The propulsion in time: its conditional law given a whole record (fixed-interval smoother).

With the predicted state a_n, P_n of `kalman` (of z_n given the points up to n) and its innovations
d_n, variances s_n and gains K_n, and L_n = F - K_n G, the smoothed state is (de Jong, J. Am. Stat.
Assoc. 84, 1085, 1989)

    z_n = a_n + P_n r_n,                      Cov(z_n) = P_n - P_n N_n P_n,
    r_{n-1} = G d_n/s_n + L_n' r_n,           N_{n-1} = G G'/s_n + L_n' N_n L_n,
    Cov(z_{n-1}, z_n) = P_{n-1} L_n' (1 - N_n P_n),

from r = 0, N = 0 at the end; at a missing point L = F and nothing is added. No covariance is
inverted, so that exact positions do no harm. An unknown baseline is linear in the record: the same
smoother runs over its regressors, and its coefficients have the normal law of least squares.

The states of a block of points are kept; those at the starts of blocks are found first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from activenoise.arrays import FloatArray
from activenoise.likelihood.kalman import check_record, regressors
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP
from activenoise.physics.system import LinearModel, discretise

_BLOCK = 256  # points whose states are kept


class Propulsion(NamedTuple):
    """mean, sd: of the propulsion v at each point given the whole record, length/s. power: expected
    heat rate of the interval that ends there, kT/s (NaN at the first point). (n_points,) each."""

    mean: FloatArray
    sd: FloatArray
    power: FloatArray


def propulsion(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool = False,
) -> Propulsion:
    """The propulsion along a record under ONE driven linear model, exactly.

    Arguments are those of `kalman.log_likelihood`. The power is that of the propulsion against the
    solvent's friction, E[(v_{n-1} + v_n)/2 (x_n - x_{n-1})]/(D dt) given the record: its mean is
    the dissipation up to the order of dt/tau_a, by which the motion within an interval is missed.
    For an RBP or another drive of the same covariance the mean is the best linear estimate, and sd
    its root mean square error. TypeError for a model without propulsion.
    """
    if not isinstance(model, AOUP | Tracer) or model.D_a is None:
        raise TypeError(f"{type(model).__name__} has no propulsion")
    record = check_record(positions, instrument, model, from_zero)
    system = discretise(model, instrument, dt)
    if len(system.R) != 1:
        raise ValueError(f"the propulsion is that of one model, not of {len(system.R)}")
    motion = model.langevin()
    pick = np.zeros((2, system.F.shape[1]))  # x and v
    n_motion = motion.drift.shape[-1]
    pick[0, :n_motion] = np.reshape(motion.signal, (-1, n_motion))[0]
    pick[1, n_motion - 1] = 1.0
    base = regressors(len(record), instrument.unknowns)
    rows = np.concatenate([record[None], base])
    state, spread, products = _smooth(rows, *(part[0] for part in system), pick)
    return _combined(state, spread, products, float(np.ravel(model.D)[0]) * dt)


def _combined(
    state: FloatArray, spread: FloatArray, products: FloatArray, per_interval: float
) -> Propulsion:
    """state: (1 + unknowns, n_points, 2), x and v from the record and from each regressor. spread:
    (n_points, 4), covariances vv and xv at a point, of the v before with x, and of the x before
    with v. products: of standardised innovations, (1 + unknowns, 1 + unknowns)."""
    found, spread = state[0], spread.copy()
    if len(products) > 1:
        covariance = np.linalg.inv(products[1:, 1:])
        found = found - np.einsum("c,cni->ni", covariance @ products[1:, 0], state[1:])
        x, v = np.moveaxis(state[1:], 2, 0)
        spread[:, 0] += np.einsum("cn,cd,dn->n", v, covariance, v)
        spread[:, 1] += np.einsum("cn,cd,dn->n", x, covariance, v)
        spread[1:, 2] += np.einsum("cn,cd,dn->n", v[:, :-1], covariance, x[:, 1:])
        spread[1:, 3] += np.einsum("cn,cd,dn->n", x[:, :-1], covariance, v[:, 1:])
    x, v = found.T
    work = np.full(len(x), np.nan)
    own = spread[1:, 1] - spread[:-1, 1] + spread[1:, 2] - spread[1:, 3]
    work[1:] = 0.5 * ((v[1:] + v[:-1]) * (x[1:] - x[:-1]) + own)
    return Propulsion(v, np.sqrt(np.maximum(spread[:, 0], 0.0)), work / per_interval)


@njit(cache=True)
def _advance(rows, first, last, F, G, Q, S, R, mean, P, means, covs, d, s, K):
    """Filter the points first to last from the law mean, P of the state before, in place. Fills
    the laws after each point, innovations (of variance s) and gains; s = 0 at a missing point."""
    c = len(rows)
    for t in range(first, last):
        i = t - first
        if np.isnan(rows[0, t]):
            s[i] = 0.0
            P[:] = F @ P @ F.T + Q
            for o in range(c):
                mean[o] = F @ mean[o]
        else:
            PG = P @ G
            s[i] = R + G @ PG
            K[i] = (F @ PG + S) / s[i]
            P[:] = F @ P @ F.T + Q - s[i] * np.outer(K[i], K[i])
            for o in range(c):
                d[i, o] = rows[o, t] - G @ mean[o]
                mean[o] = F @ mean[o] + K[i] * d[i, o]
        P[:] = 0.5 * (P + P.T)
        means[i], covs[i] = mean, P


@njit(cache=True)
def _smooth(rows, F, G, Q, S, R, P0, pick):
    """Smoothed x and v of each row, their covariances, and products of the innovations; shapes as
    in `_combined`."""
    c, n, k = len(rows), rows.shape[1], len(G)
    n_blocks = -(-n // _BLOCK)
    start_mean, start_cov = np.zeros((n_blocks, c, k)), np.zeros((n_blocks, k, k))
    means, covs = np.zeros((_BLOCK, c, k)), np.zeros((_BLOCK, k, k))
    d, s, K = np.zeros((_BLOCK, c)), np.zeros(_BLOCK), np.zeros((_BLOCK, k))
    mean, P = np.zeros((c, k)), P0.copy()
    for b in range(n_blocks):
        start_mean[b], start_cov[b] = mean, P
        _advance(
            rows, b * _BLOCK, min((b + 1) * _BLOCK, n), F, G, Q, S, R, mean, P, means, covs, d, s, K
        )
    state, spread, products = np.zeros((c, n, 2)), np.zeros((n, 4)), np.zeros((c, c))
    r, N, identity = np.zeros((c, k)), np.zeros((k, k)), np.eye(k)
    for b in range(n_blocks - 1, -1, -1):
        first = b * _BLOCK
        last = min(first + _BLOCK, n)
        mean, P = start_mean[b].copy(), start_cov[b].copy()
        _advance(rows, first, last, F, G, Q, S, R, mean, P, means, covs, d, s, K)
        for t in range(last - 1, first - 1, -1):
            i = t - first
            P = covs[i]
            for o in range(c):
                state[o, t] = pick @ (means[i, o] + P @ r[o])
            left = identity - N @ P
            V = pick @ (P @ left) @ pick.T
            spread[t, 0], spread[t, 1] = V[1, 1], V[0, 1]
            before = covs[i - 1] if i else start_cov[b]
            L = F - np.outer(K[i], G) if s[i] > 0.0 else F.copy()
            across = pick @ (before @ L.T @ left) @ pick.T
            spread[t, 2], spread[t, 3] = across[1, 0], across[0, 1]
            N = L.T @ N @ L
            for o in range(c):
                r[o] = L.T @ r[o]
            if s[i] > 0.0:
                N += np.outer(G, G) / s[i]
                for o in range(c):
                    r[o] += G * (d[i, o] / s[i])
                    for e in range(c):
                        products[o, e] += d[i, o] * d[i, e] / s[i]
            N = 0.5 * (N + N.T)
    return state, spread, products
