"""Kalman filters of many models side by side over one record, for systems of many states whose
transition is sparse: the modes of a medium, the drive, the instrument's lag and drift.

Sorted by what they depend on, the states have an upper triangular transition F with few entries
off its diagonal. A point then costs operations in proportion to the number of states, also before
the gains have settled, which the slow modes of a medium take most of a record for: from a
stationary start the covariance changes by a matrix of low rank, P_{t+1} - P_t = L M L', and with
g = L' G' and k = F P G' + S

    s <- s + g' M g,   k <- k + F L M g,   L <- F L - (k/s) g',   M <- M + M g g' M/s_before

(Morf, Sidhu, Kailath, IEEE Trans. Autom. Control 19, 315, 1974). A record with gaps takes the
equations of `kalman`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.lanes import FIRST_LOOK, distance_left, marginal
from activenoise.physics.system import Discrete
from activenoise.threads import in_threads

# Models side by side. The kernels are told their number: where it is known as they are compiled,
# loops over it are unrolled to scalar code, a third as fast.
_LANES = 32
_STILL = 1e-13  # relative change of the variance a point, below which it is kept
_LOOK = 32  # points between looks at it
# As in `lanes`, but a medium's slow modes settle over a good part of the record: the gains are
# kept once what is left of them matters to less than 1e-9 nats a point.
_SETTLED = 1e-10
_SETTLED_GAIN = 1e-5
_NO_RANK = 1e-9  # of the largest eigenvalue: what is below is rounding
_TOGETHER = 8  # variances whose product one logarithm is taken of
_MATH = {"contract", "nsz", "arcp", "reassoc"}


@dataclass(frozen=True, eq=False)
class Modes:
    """A system of m models whose states are sorted by what they depend on, laid out for the
    kernels, models last.

    f: (k, m), the diagonal of F; off: (n, m), its other entries, at the rows and columns `pairs`,
    (n, 2). G, S: (k, m); Q, P: (k, k, m); R: (1, m), as in `Discrete`.
    """

    f: FloatArray
    off: FloatArray
    pairs: NDArray[np.int64]
    G: FloatArray
    Q: FloatArray
    S: FloatArray
    R: FloatArray
    P: FloatArray
    sorted: Discrete

    @cached_property
    def steady(self) -> tuple[FloatArray, ...]:
        """Where the filter of a record without gaps starts: s (1, m), k (k, m), L (rank, k, m),
        M (rank, m), and the unit of the variances (1, m)."""
        F, G, Q, S, R, P = self.sorted
        PG = np.einsum("mij,mj->mi", P, G)
        s = R + np.einsum("mi,mi->m", G, PG)
        k = np.einsum("mij,mj->mi", F, PG) + S
        outer = k[:, :, None] * k[:, None, :] / s[:, None, None]
        size = np.sqrt(np.diagonal(P + Q, axis1=1, axis2=2))
        L, M = _low_rank(
            F @ P @ np.swapaxes(F, 1, 2) + Q - outer - P, np.where(size > 0, size, 1.0)
        )
        unit = R + np.einsum("mi,mij,mj->m", G, Q, G)
        return s[None], _lanes(k), _lanes(np.swapaxes(L, 1, 2)), _lanes(M), unit[None]


def in_modes(system: Discrete) -> Modes | None:
    """The system with its states sorted; None if no order makes every transition upper
    triangular."""
    order = _order(system.F)
    if order is None:
        return None
    pick = np.ix_(np.arange(len(system.R)), order, order)
    F, Q, P = system.F[pick], system.Q[pick], system.P[pick]
    G, S, R = system.G[:, order], system.S[:, order], system.R
    pairs = np.argwhere(np.any(F != 0, axis=0) & ~np.eye(len(order), dtype=bool))
    return Modes(
        _lanes(np.diagonal(F, axis1=1, axis2=2)), _lanes(F[:, pairs[:, 0], pairs[:, 1]]), pairs,
        _lanes(G), _lanes(Q), _lanes(S), _lanes(R[:, None]), _lanes(P), Discrete(F, G, Q, S, R, P),
    )  # fmt: skip


def filter_modes(record: FloatArray, base: FloatArray, modes: Modes, values: FloatArray) -> None:
    """Fill values (m,) with the log densities of a record (n_points,), NaN where missing, under
    the m models of a system, baseline functions (unknowns, n_points) integrated out."""
    parts = (record, base, modes.f, modes.off, modes.pairs, modes.G)
    groups = (len(values) + _LANES - 1) // _LANES
    if np.isnan(record).any():
        start = (modes.Q, modes.S, modes.R, modes.P)
        in_threads(_filter_all, groups, *parts, *start, _LANES, values)
    else:
        in_threads(_filter_steady, groups, *parts, *modes.steady, _LANES, values)


def _low_rank(change: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Symmetric matrices (m, k, k) as L M L', L: (m, k, r), M: (m, r) on the diagonal.

    scale: of each state, (m, k).
    """
    level, vectors = np.linalg.eigh(change / scale[:, :, None] / scale[:, None, :])
    by_size = np.argsort(-np.abs(level), axis=1)
    level = np.take_along_axis(level, by_size, 1)
    vectors = np.take_along_axis(vectors, by_size[:, None, :], 2) * scale[:, :, None]
    rank = max(int(np.sum(np.any(np.abs(level) > _NO_RANK * np.abs(level[:, :1]), axis=0))), 1)
    return vectors[:, :, :rank], level[:, :rank]


def _lanes(part: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.moveaxis(part, 0, -1))


def _order(F: FloatArray) -> NDArray[np.int64] | None:
    """States so that each depends only on itself and on later ones; None if there is no such
    order."""
    depends = np.any(F != 0, axis=0) & ~np.eye(F.shape[1], dtype=bool)
    order = np.argsort(-depends.sum(axis=1), kind="stable")
    return order if not np.any(np.tril(depends[np.ix_(order, order)])) else None


@njit(cache=True, nogil=True, fastmath=_MATH)
def _filter_all(start, stop, record, base, f, off, pairs, G, Q, S, R, P, lanes, values):
    for group in range(start, stop):
        _filter_group(record, base, f, off, pairs, G, Q, S, R, P, group * lanes, lanes, values)


@njit(cache=True, inline="always")
def _filter_group(record, base, f_all, off_all, pairs, G_all, Q_all, S_all, R_all, P_all, first,
                  lanes, values):  # fmt: skip
    """Filter the record with models first ... first + lanes - 1 side by side."""
    k, n, c = len(f_all), len(record), len(base) + 1
    n_lanes = min(lanes, len(values) - first)
    f, off, G = np.empty((k, lanes)), np.empty((len(off_all), lanes)), np.empty((k, lanes))
    S, R = np.empty((k, lanes)), np.empty((1, lanes))
    Q, P, T = np.empty((k, k, lanes)), np.empty((k, k, lanes)), np.empty((k, k, lanes))
    _take(f_all, first, n_lanes, f)
    _take(off_all, first, n_lanes, off)
    _take(G_all, first, n_lanes, G)
    _take(S_all, first, n_lanes, S)
    _take(R_all, first, n_lanes, R)
    for a in range(k):
        _take(Q_all[a], first, n_lanes, Q[a])
        _take(P_all[a], first, n_lanes, P[a])
    K, s, inverse = np.zeros((k, lanes)), np.ones(lanes), np.ones(lanes)
    unit = np.empty(lanes)  # of the variances, so that products of them stay in range
    for j in range(lanes):
        unit[j] = R[0, j]
        for a in range(k):
            unit[j] += G[a, j] ** 2 * Q[a, a, j]
    means, d = np.zeros((c, k, lanes)), np.zeros((c, lanes))
    held = np.zeros((k + 1, 2, lanes))
    products = np.zeros((c * (c + 1) // 2, lanes))
    product, log_s = np.ones(lanes), np.zeros(lanes)
    settled = False
    count, since, look = 0, 0, FIRST_LOOK
    for t in range(n):
        if np.isnan(record[t]):
            settled, since, look = False, 0, FIRST_LOOK
            _propagate(f, off, pairs, Q, P, T)
            for o in range(c):
                _carry(means[o], f, off, pairs)
            continue
        if not settled:
            _gains(f, off, pairs, G, Q, S, R[0], P, T, K, s)
            for j in range(lanes):
                inverse[j] = 1.0 / s[j]
            since += 1
            if since == look:
                settled = _has_settled(s, K, P, Q, held) and look > 2 * FIRST_LOOK
                look *= 2
        count += 1
        _multiply_up(s, unit, product, log_s, count)
        _innovate(record, base, t, f, off, pairs, G, K, inverse, means, d, products)
    _write(products, product, log_s, unit, count, c - 1, values[first : first + n_lanes])


@njit(cache=True, fastmath=_MATH)
def _multiply_up(s, unit, product, log_s, count):
    """One more variance, of `count` of them, in the sum of their logarithms."""
    for j in range(len(s)):
        product[j] *= s[j] / unit[j]
    if count % _TOGETHER == 0:
        for j in range(len(s)):
            log_s[j] += np.log(product[j])
            product[j] = 1.0


@njit(cache=True, fastmath=_MATH)
def _innovate(record, base, t, f, off, pairs, G, K, inverse, means, d, products):
    """Innovations of the record and of the baseline at point t, their products over s, and the
    means after the update."""
    row = 0
    for o in range(len(means)):
        value = record[t] if o == 0 else base[o - 1, t]
        for j in range(d.shape[1]):
            d[o, j] = value
        for a in range(len(f)):
            for j in range(d.shape[1]):
                d[o, j] -= G[a, j] * means[o, a, j]
        _advance(means[o], f, off, pairs, K, d[o])
        for b in range(o + 1):
            for j in range(d.shape[1]):
                products[row, j] += d[o, j] * d[b, j] * inverse[j]
            row += 1


@njit(cache=True)
def _write(products, product, log_s, unit, count, unknowns, values):
    """The log densities of the lanes that are wanted."""
    sums = np.zeros(6)
    for j in range(len(values)):
        for row in range(len(products)):
            sums[row] = products[row, j]
        whole = log_s[j] + np.log(product[j]) + count * np.log(unit[j])
        values[j] = marginal(sums, whole, count, unknowns)


@njit(cache=True, nogil=True, fastmath=_MATH)
def _filter_steady(start, stop, record, base, f, off, pairs, G, s, k, L, M, unit, lanes, values):
    for group in range(start, stop):
        _steady_group(
            record, base, f, off, pairs, G, s, k, L, M, unit, group * lanes, lanes, values
        )


@njit(cache=True)
def _take(part, first, n_lanes, rows):
    """Fill rows (rows, lanes) with the lanes of one group, the last one repeated where there are
    fewer."""
    for j in range(rows.shape[1]):
        for a in range(len(part)):
            rows[a, j] = part[a, first + min(j, n_lanes - 1)]


@njit(cache=True, inline="always")
def _steady_group(record, base, f_all, off_all, pairs, G_all, s_all, k_all, L_all, M_all, unit_all,
                  first, lanes, values):  # fmt: skip
    """`_filter_group` of a record without gaps, by the changes of its covariance."""
    n_states, n, c, rank = len(f_all), len(record), len(base) + 1, len(L_all)
    n_lanes = min(lanes, len(values) - first)
    f, G = np.empty((n_states, lanes)), np.empty((n_states, lanes))
    k = np.empty((n_states, lanes))
    off, kept = np.empty((len(off_all), lanes)), np.empty((2, lanes))
    s, unit = kept[0], kept[1]
    L, M = np.empty((rank, n_states, lanes)), np.zeros((rank, rank, lanes))
    _take(f_all, first, n_lanes, f)
    _take(off_all, first, n_lanes, off)
    _take(G_all, first, n_lanes, G)
    _take(k_all, first, n_lanes, k)
    _take(s_all, first, n_lanes, kept[:1])
    _take(unit_all, first, n_lanes, kept[1:])
    for r in range(rank):
        _take(L_all[r], first, n_lanes, L[r])
        _take(M_all[r : r + 1], first, n_lanes, M[r, r : r + 1])
    g, Mg, more = np.zeros((rank, lanes)), np.zeros((rank, lanes)), np.zeros(lanes)
    inverse, K = np.empty(lanes), np.zeros((n_states, lanes))
    for j in range(lanes):
        inverse[j] = 1.0 / s[j]
        for a in range(n_states):
            K[a, j] = k[a, j] * inverse[j]
    means, d = np.zeros((c, n_states, lanes)), np.zeros((c, lanes))
    products = np.zeros((c * (c + 1) // 2, lanes))
    product, log_s = np.ones(lanes), np.zeros(lanes)
    settled = False
    for t in range(n):
        _multiply_up(s, unit, product, log_s, t + 1)
        _innovate(record, base, t, f, off, pairs, G, K, inverse, means, d, products)
        if settled:
            continue
        for j in range(lanes):
            more[j] = 0.0
        for r in range(rank):
            for j in range(lanes):
                g[r, j] = 0.0
            for a in range(n_states):
                for j in range(lanes):
                    g[r, j] += G[a, j] * L[r, a, j]
        for r in range(rank):
            for j in range(lanes):
                Mg[r, j] = 0.0
            for q in range(rank):
                for j in range(lanes):
                    Mg[r, j] += M[r, q, j] * g[q, j]
            for j in range(lanes):
                more[j] += g[r, j] * Mg[r, j]
            _carry(L[r], f, off, pairs)
        for r in range(rank):
            for q in range(rank):
                for j in range(lanes):
                    M[r, q, j] += Mg[r, j] * Mg[q, j] * inverse[j]
            for a in range(n_states):
                for j in range(lanes):
                    k[a, j] += L[r, a, j] * Mg[r, j]
        for j in range(lanes):
            s[j] += more[j]
            inverse[j] = 1.0 / s[j]
        for a in range(n_states):
            for j in range(lanes):
                K[a, j] = k[a, j] * inverse[j]
        for r in range(rank):
            for a in range(n_states):
                for j in range(lanes):
                    L[r, a, j] -= K[a, j] * g[r, j]
        if t % _LOOK == 0:
            largest = 0.0
            for r in range(rank):
                for j in range(lanes):
                    largest = max(largest, abs(M[r, r, j]) * g[r, j] ** 2 * inverse[j])
            settled = largest < _STILL
    _write(products, product, log_s, unit, n, c - 1, values[first : first + n_lanes])


@njit(cache=True, fastmath=_MATH)
def _advance(mean, f, off, pairs, K, d):
    """mean <- F mean + K d. Each state depends on later ones alone, which are still the old
    ones."""
    p = 0
    for a in range(len(mean)):
        for j in range(mean.shape[1]):
            mean[a, j] = f[a, j] * mean[a, j] + K[a, j] * d[j]
        while p < len(pairs) and pairs[p, 0] == a:
            b = pairs[p, 1]
            for j in range(mean.shape[1]):
                mean[a, j] += off[p, j] * mean[b, j]
            p += 1


@njit(cache=True, fastmath=_MATH)
def _carry(mean, f, off, pairs):
    """mean <- F mean, as `_advance`."""
    p = 0
    for a in range(len(mean)):
        for j in range(mean.shape[1]):
            mean[a, j] *= f[a, j]
        while p < len(pairs) and pairs[p, 0] == a:
            b = pairs[p, 1]
            for j in range(mean.shape[1]):
                mean[a, j] += off[p, j] * mean[b, j]
            p += 1


@njit(cache=True, fastmath=_MATH)
def _propagate(f, off, pairs, Q, P, T):
    """P <- F P F' + Q, by way of T = F P."""
    k = len(f)
    for b in range(k):
        for a in range(k):
            for j in range(P.shape[2]):
                T[b, a, j] = P[a, b, j] * f[a, j]
        for p in range(len(pairs)):
            a, e = pairs[p, 0], pairs[p, 1]
            for j in range(P.shape[2]):
                T[b, a, j] += off[p, j] * P[e, b, j]
    # T[b, a] is now (F P)_ab; P'_ab = sum over e of (F P)_ae F_be + Q_ab for b >= a.
    for a in range(k):
        for b in range(a, k):
            for j in range(P.shape[2]):
                P[a, b, j] = Q[a, b, j] + T[b, a, j] * f[b, j]
    for p in range(len(pairs)):
        b, e = pairs[p, 0], pairs[p, 1]
        for a in range(b + 1):
            for j in range(P.shape[2]):
                P[a, b, j] += T[e, a, j] * off[p, j]
    for a in range(k):
        for b in range(a + 1, k):
            for j in range(P.shape[2]):
                P[b, a, j] = P[a, b, j]


@njit(cache=True, fastmath=_MATH)
def _gains(f, off, pairs, G, Q, S, R, P, T, K, s):
    """Variance s of the innovation, the gain K, and the covariance P after the update."""
    k = len(f)
    for j in range(len(s)):
        s[j] = R[j]
    for a in range(k):
        for j in range(len(s)):
            K[a, j] = 0.0
        for b in range(k):
            for j in range(len(s)):
                K[a, j] += P[a, b, j] * G[b, j]
        for j in range(len(s)):
            s[j] += G[a, j] * K[a, j]
    _carry(K, f, off, pairs)
    for a in range(k):
        for j in range(len(s)):
            K[a, j] = (K[a, j] + S[a, j]) / s[j]
    _propagate(f, off, pairs, Q, P, T)
    for a in range(k):
        for b in range(k):
            for j in range(len(s)):
                P[a, b, j] -= K[a, j] * K[b, j] * s[j]


@njit(cache=True)
def _has_settled(s, K, P, Q, held):
    """Whether s and the gains have settled in all lanes; remembers them for the next look."""
    k = len(K)
    settled = True
    for j in range(len(s)):
        left = distance_left(s[j], held[k, :, j])
        settled = settled and left <= _SETTLED * s[j]
        for a in range(k):
            reach = np.sqrt(max(P[a, a, j] + Q[a, a, j], 0.0) / s[j])
            left = distance_left(K[a, j], held[a, :, j])
            settled = settled and left <= _SETTLED_GAIN * reach
    return settled
