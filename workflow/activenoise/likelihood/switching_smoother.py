"""The propulsion of an RBP or RTP in time, given a whole record: a smoother over hidden states.

The law of the cells c_n (`cells`) given the record is sampled backward in time (a Rao-Blackwellised
backward-simulation smoother: Lindsten, Bunch, Sarkka, Schon, Godsill, IEEE J. Sel. Top. Signal
Process. 10, 353, 2016). The filter of `switching` gives, after point n, the probability p_i of each
cell and the normal N(m_i, C_i) of the state z. Along a path of the later cells the later points
have, as a function of z at point n, a density exp(w'z - z'O z/2), so that cell i has the weight

    p_i T[i, c_{n+1}] integral N(z; m_i, C_i) exp(w'z - z'O z/2) dz.

One cell is drawn, and O and w are carried back over its interval, the noise of z given that of y:

    H = (1 + Q~ O)^-1,  O <- A'O H A + G G'/R,  w <- A'(H'w - O H b) + G (y - g v_c)/R,
    A = F - K G,  b = B v_c + K (y - g v_c),  K = S/R,  Q~ = Q - S S'/R.

Only R is divided by, so that exact positions do no harm; at a missing point K = 0 and 1/R = 0. The
means are summed over the cells with their weights before one of them is drawn.

Beyond the filter's own error (a cell's mixture of normals is replaced by one) there is that of a
finite number of paths: at most 1/sqrt(n_paths) of the standard deviation.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from activenoise.likelihood.cells import cells_of, ends_of
from activenoise.likelihood.smoother import Propulsion
from activenoise.likelihood.switching import filtered_cells
from activenoise.likelihood.switching_system import prepared
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel
from activenoise.threads import in_threads

_NEGLIGIBLE = 1e-20  # probability of a cell, over the largest, before the later points are known


def sampled_propulsion(
    drive: str,
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    n_paths: int,
    seed: int,
    from_zero: bool = False,
) -> Propulsion:
    """The propulsion along a record under ONE driven model, from n_paths paths of its cells.

    drive: "RBP" or "RTP". The other arguments are those of `switching.rbp_log_likelihood`. The
    power is that of `smoother.propulsion`.
    """
    system, flat = prepared(model, instrument, positions, dt, from_zero, None, drive == "RBP")
    if len(flat) != 1:
        raise ValueError(f"the propulsion is that of one model, not of {len(flat)}")
    record = system.records[0]
    linear = tuple(part[0] for part in system[3:11])
    turn, ratio, angles = float(system.turn[0]), float(system.ratio[0]), int(system.angles[0])
    mean, _, scale, _, T = cells_of(angles, turn, ratio)
    k = len(linear[0])
    kept = filtered_cells(system, angles)
    motion = model.langevin()
    n_motion = motion.drift.shape[-1] - 1  # without v
    place = np.zeros(k)
    place[:n_motion] = np.reshape(motion.signal, (-1, n_motion + 1))[0, :-1]
    # The line of a baseline is a motion of the place of a free tracer, and none of the tracer.
    line = instrument.unknowns == 2 and bool(np.all(np.asarray(model.kappa) == 0))
    drawn = np.random.default_rng(seed).random((n_paths, len(record)))
    moments = np.empty((n_paths, 3, len(record)))
    after, last = ends_of(angles, turn)
    in_threads(
        _sample, n_paths, record, kept, linear, mean, scale, T, after, last, place, line, drawn,
        moments,
    )  # fmt: skip
    D = float(np.ravel(model.D)[0])
    speed = np.sqrt((2 if angles else 1) * ratio * D * turn / dt)
    first, square, power = moments.mean(axis=0)
    within = square - (moments[:, 0] ** 2).mean(axis=0)
    sd = np.sqrt(np.maximum(within + moments[:, 0].var(axis=0, ddof=1), 0.0))
    return Propulsion(speed * first, speed * sd, speed * power / (D * dt))


@njit(cache=True, nogil=True)
def _sample(
    start, stop, record, kept, linear, mean, scale, T, after, last, place, line, drawn, moments
):
    for path in range(start, stop):
        _sample_path(
            record, kept, *linear, mean, scale, T, after, last, place, line, drawn[path],
            moments[path],
        )  # fmt: skip


@njit(cache=True)
def _sample_path(
    record, kept, F, B, G, g, Q, S, R, noise, mean, scale, T, after, last, place, line, drawn,
    moments,
):  # fmt: skip
    """Fill moments (3, n_points): given the later cells of one path, the mean and mean square of
    v/v0 at each point, and the mean of (v before + v after)/2 dx over v0 of the interval before it.

    drawn: (n_points,), uniform. after, last: as of `cells.ends_of`.
    """
    n, k, m = len(record), len(G), len(T)
    O, w = np.zeros((k, k)), np.zeros(k)  # of the points after t
    row, shift = np.zeros(k), 0.0  # the next displacement is row z + shift
    C, A, W, H = np.empty((k, k)), np.empty((k, k)), np.empty((k, k)), np.empty((k, k))
    spread, slope, b, c, x = (
        np.empty((k, k)),
        np.empty(k),
        np.empty(k),
        np.empty(k),
        np.empty((k, 1)),
    )
    weights, moved = np.zeros(m), np.zeros(m)
    later, ending = 0, 0.0
    moments[2, 0] = np.nan
    for t in range(n - 1, -1, -1):
        largest = 0.0
        for i in range(m):
            weights[i] = kept[t, 0, i] * (T[i, later] if t < n - 1 else 1.0)
            largest = max(largest, weights[i])
        if largest == 0.0:  # After an outlier a cell may have been left that none leads to.
            for i in range(m):
                weights[i] = kept[t, 0, i]
                largest = max(largest, weights[i])
        highest = -np.inf
        for i in range(m):
            p = weights[i] / largest
            weights[i] = -np.inf
            if p > _NEGLIGIBLE:
                weights[i] = np.log(p) + _log_weight(kept[t], i, O, w, C, W, slope, x)
                highest = max(highest, weights[i])
                moved[i] = shift
                for a in range(k):
                    moved[i] += row[a] * x[a, 0]
        total = 0.0
        for i in range(m):
            weights[i] = np.exp(weights[i] - highest)
            total += weights[i]
        first, second, power, below, cell = 0.0, 0.0, 0.0, 0.0, -1
        for i in range(m):
            weights[i] /= total
            end = after[0, i, later] if t < n - 1 else last[0, i]
            first += weights[i] * end
            second += weights[i] * (after[1, i, later] if t < n - 1 else last[1, i])
            power += weights[i] * 0.5 * (end + ending) * moved[i]
            below += weights[i]
            if cell < 0 and (below > drawn[t] or i == m - 1):
                cell = i
        moments[0, t], moments[1, t] = first, second
        if t < n - 1:
            moments[2, t + 1] = power
        ending = after[0, cell, later] if t < n - 1 else last[0, cell]
        shift = _carry_back(
            record[t], mean[cell], scale[cell], F, B, G, g, Q, S, R, noise, place, line, O, w, row,
            A, W, H, spread, b, c,
        )  # fmt: skip
        later = cell


@njit(cache=True)
def _log_weight(cells, i, O, w, C, W, slope, x):
    """Logarithm of the integral of N(z; m_i, C_i) exp(w'z - z'O z/2), but for a constant that all
    cells share, and the mean of z under that integrand, in x (k, 1). C, W (k, k), slope (k,): work
    space."""
    k = len(w)
    entry = 1 + k
    for a in range(k):
        for e in range(a, k):
            C[a, e] = C[e, a] = cells[entry, i]
            entry += 1
    # About the mean of the middle cell, so that places far from 0 keep their digits.
    middle = cells.shape[1] // 2
    value = 0.0
    for a in range(k):
        x[a, 0] = w[a]  # the slope at the mean of the cell
        level = w[a]
        for e in range(k):
            x[a, 0] -= O[a, e] * cells[1 + e, i]
            level -= O[a, e] * cells[1 + e, middle]
        value += 0.5 * (level + x[a, 0]) * (cells[1 + a, i] - cells[1 + a, middle])
    if k == 1:
        width = 1.0 + C[0, 0] * O[0, 0]
        value += 0.5 * (x[0, 0] ** 2 * C[0, 0] / width - np.log(width))
        x[0, 0] = cells[1, i] + C[0, 0] * x[0, 0] / width
        return value
    for a in range(k):
        slope[a] = x[a, 0]
    for a in range(k):
        x[a, 0] = 0.0
        for e in range(k):
            x[a, 0] += C[a, e] * slope[e]
            W[a, e] = 1.0 if a == e else 0.0
            for f in range(k):
                W[a, e] += C[a, f] * O[f, e]
    value -= 0.5 * np.log(_solve(W, x))
    for a in range(k):
        value += 0.5 * slope[a] * x[a, 0]
        x[a, 0] += cells[1 + a, i]
    return value


@njit(cache=True)
def _carry_back(
    y, v, s, F, B, G, g, Q, S, R, noise, place, line, O, w, row, A, W, H, spread, b, c
):  # fmt: skip
    """Carry O and w from the end of an interval, where y was recorded, to its start, in place. The
    displacement over the interval, given the later points and the state z at its start, is row z
    plus what is returned; row is filled. v, s: velocity over v0 in the cell, and scale of the
    solvent's noise. A, W, H, spread (k, k), b, c (k,): work space."""
    k = len(G)
    seen = not np.isnan(y)
    per = 1.0 / (R[0] + s * R[1] + noise) if seen else 0.0
    d = y - g * v if seen else 0.0
    for a in range(k):
        gain = (S[0, a] + s * S[1, a]) * per
        b[a] = B[a] * v + gain * d
        for e in range(k):
            A[a, e] = F[a, e] - gain * G[e]
            spread[a, e] = Q[0, a, e] + s * Q[1, a, e] - gain * (S[0, e] + s * S[1, e])
    for a in range(k):
        for e in range(k):
            W[a, e] = H[a, e] = 1.0 if a == e else 0.0
            for f in range(k):
                W[a, e] += spread[a, f] * O[f, e]
    _solve(W, H)
    shift = 0.0
    for a in range(k):
        row[a] = -place[a] - (1.0 if line and a == k - 1 else 0.0)
        c[a] = 0.0
        for e in range(k):
            c[a] += place[e] * H[e, a]
    for a in range(k):
        pulled = b[a]
        for e in range(k):
            pulled += spread[a, e] * w[e]
            row[e] += c[a] * A[a, e]
        shift += c[a] * pulled
    for a in range(k):
        for e in range(a, k):
            W[a, e] = 0.0
            for f in range(k):
                W[a, e] += 0.5 * (O[a, f] * H[f, e] + O[e, f] * H[f, a])
            W[e, a] = W[a, e]
    for a in range(k):
        c[a] = 0.0
        for e in range(k):
            c[a] += H[e, a] * w[e] - W[a, e] * b[e]
    for a in range(k):
        w[a] = G[a] * d * per
        for e in range(k):
            w[a] += A[e, a] * c[e]
    for a in range(k):
        for e in range(k):
            H[a, e] = 0.0
            for f in range(k):
                H[a, e] += W[a, f] * A[f, e]
    for a in range(k):
        for e in range(a, k):
            O[a, e] = G[a] * G[e] * per
            for f in range(k):
                O[a, e] += A[f, a] * H[f, e]
            O[e, a] = O[a, e]
    return shift


@njit(cache=True)
def _solve(W, x):
    """Turn x (k, columns) into W^-1 x, in place, and W into its factors; |det W|."""
    k = len(W)
    size = 1.0
    for a in range(k):
        best = a
        for e in range(a + 1, k):
            if abs(W[e, a]) > abs(W[best, a]):
                best = e
        if best != a:
            for c in range(k):
                W[a, c], W[best, c] = W[best, c], W[a, c]
            for c in range(x.shape[1]):
                x[a, c], x[best, c] = x[best, c], x[a, c]
        size *= abs(W[a, a])
        for e in range(a + 1, k):
            factor = W[e, a] / W[a, a]
            for c in range(a + 1, k):
                W[e, c] -= factor * W[a, c]
            for c in range(x.shape[1]):
                x[e, c] -= factor * x[a, c]
    for a in range(k - 1, -1, -1):
        for c in range(x.shape[1]):
            for e in range(a + 1, k):
                x[a, c] -= W[a, e] * x[e, c]
            x[a, c] /= W[a, a]
    return size
