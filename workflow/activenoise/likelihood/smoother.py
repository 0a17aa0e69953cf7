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
from activenoise.likelihood.kalman import carry_covariance, check_record, gain, regressors
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP
from activenoise.physics.system import LinearModel, discretise, multiply

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
def _advance(rows, first, last, F, G, Q, S, R, mean, P, means, covs, d, s, K, PG, FP):
    """Filter the points first to last from the law mean, P of the state before, in place. Fills
    the laws after each point, innovations (of variance s) and gains; s = 0 at a missing point.
    PG (k,), FP (k, k): work space."""
    c, k = len(rows), len(G)
    for t in range(first, last):
        i = t - first
        s[i] = 0.0
        for a in range(k):
            K[i, a] = 0.0
        seen = not np.isnan(rows[0, t])
        if seen:
            s[i] = gain(F, G, S, R, P, PG, K[i])
        for o in range(c):
            d[i, o] = 0.0
            if seen:
                d[i, o] = rows[o, t]
                for a in range(k):
                    d[i, o] -= G[a] * mean[o, a]
            for a in range(k):
                means[i, o, a] = K[i, a] * d[i, o]
                for b in range(k):
                    means[i, o, a] += F[a, b] * mean[o, b]
            for a in range(k):
                mean[o, a] = means[i, o, a]
        carry_covariance(F, Q, P, FP)
        for a in range(k):
            for b in range(a + 1):
                value = 0.5 * (P[a, b] + P[b, a]) - s[i] * K[i, a] * K[i, b]
                P[a, b] = P[b, a] = covs[i, a, b] = covs[i, b, a] = value


@njit(cache=True)
def _smooth(rows, F, G, Q, S, R, P0, pick):
    """Smoothed x and v of each row, their covariances, and products of the innovations; shapes as
    in `_combined`."""
    c, n, k = len(rows), rows.shape[1], len(G)
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    start_mean, start_cov = np.zeros((n_blocks, c, k)), np.zeros((n_blocks, k, k))
    means, covs = np.zeros((_BLOCK, c, k)), np.zeros((_BLOCK, k, k))
    d, s, K = np.zeros((_BLOCK, c)), np.zeros(_BLOCK), np.zeros((_BLOCK, k))
    mean, P, PG = np.zeros((c, k)), np.zeros((k, k)), np.zeros(k)
    left, L, X, Y = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    state, spread, products = np.zeros((c, n, 2)), np.zeros((n, 4)), np.zeros((c, c))
    r, N, fresh = np.zeros((c, k)), np.zeros((k, k)), np.zeros(k)
    _copy(P0, P)
    # Forward over the blocks, whose starts are kept, and then back over them.
    for step in range(2 * n_blocks):
        back = step >= n_blocks
        b = 2 * n_blocks - 1 - step if back else step
        first, last = b * _BLOCK, min((b + 1) * _BLOCK, n)
        if back:
            _copy(start_mean[b], mean)
            _copy(start_cov[b], P)
        else:
            _copy(mean, start_mean[b])
            _copy(P, start_cov[b])
        _advance(rows, first, last, F, G, Q, S, R, mean, P, means, covs, d, s, K, PG, X)
        if not back:
            continue
        for t in range(last - 1, first - 1, -1):
            i = t - first
            P_now, before = covs[i], covs[i - 1] if i else start_cov[b]
            for o in range(c):
                for a in range(k):
                    place = means[i, o, a]
                    for e in range(k):
                        place += P_now[a, e] * r[o, e]
                    for p in range(2):
                        state[o, t, p] += pick[p, a] * place
            for a in range(k):
                for e in range(k):
                    left[a, e] = 1.0 if a == e else 0.0
                    L[a, e] = F[a, e] - K[i, a] * G[e]
                    for f in range(k):
                        left[a, e] -= N[a, f] * P_now[f, e]
            multiply(P_now, left, X)
            spread[t, 0], spread[t, 1] = _picked(pick, 1, X, 1), _picked(pick, 0, X, 1)
            for a in range(k):
                for e in range(k):
                    X[a, e] = 0.0
                    for f in range(k):
                        X[a, e] += before[a, f] * L[e, f]
            multiply(X, left, Y)
            spread[t, 2], spread[t, 3] = _picked(pick, 1, Y, 0), _picked(pick, 0, Y, 1)
            multiply(N, L, X)
            weight = 1.0 / s[i] if s[i] > 0.0 else 0.0
            for a in range(k):
                for e in range(a + 1):
                    N[a, e] = G[a] * G[e] * weight
                    for f in range(k):
                        N[a, e] += 0.5 * (L[f, a] * X[f, e] + L[f, e] * X[f, a])
                    N[e, a] = N[a, e]
            for o in range(c):
                for a in range(k):
                    fresh[a] = G[a] * d[i, o] * weight
                    for e in range(k):
                        fresh[a] += L[e, a] * r[o, e]
                for a in range(k):
                    r[o, a] = fresh[a]
                for e in range(c):
                    products[o, e] += d[i, o] * d[i, e] * weight
    return state, spread, products


@njit(cache=True)
def _copy(matrix, into):
    for a in range(matrix.shape[0]):
        for b in range(matrix.shape[1]):
            into[a, b] = matrix[a, b]


@njit(cache=True)
def _picked(pick, row, matrix, column):
    """Entry (row, column) of pick matrix pick'."""
    total = 0.0
    for a in range(len(matrix)):
        for b in range(len(matrix)):
            total += pick[row, a] * matrix[a, b] * pick[column, b]
    return total
