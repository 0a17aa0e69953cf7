"""The filter of `switching`, for eight models side by side.

Every number of a filter's state is a vector of eight, one for each model: of each cell the
probability, the mean of the state and its covariance (upper triangle). Models of a group have
equally many cells.

Sums over cells are of numbers of one sign, so that also a cell of a negligible probability keeps
its mean and covariance; differences of mirrored angles, half the work (`angle_steps`), do not.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from activenoise.likelihood.cells import cells_of
from activenoise.likelihood.vectors import (
    WIDTH_64,
    exp,
    fused,
    larger,
    load,
    splat,
    square_root,
    store,
)

_LOG_2PI = float(np.log(2 * np.pi))
_LEAST = 1e-290  # probability of a cell
_ROWS, _COLUMNS = 3, 2  # of a block of a product that is kept in registers


@njit(cache=True)
def constant_rows(k):
    """First rows of the constants of k states: of F, Q, the covariance at the start, B, G, the
    slope at the start and S; and of the last four, which are g, the noise and the two of R."""
    square = k * k
    one = 4 * square
    return 0, square, 3 * square, one, one + k, one + 2 * k, one + 3 * k, one + 5 * k


@njit(cache=True, nogil=True)
def run(
    start, stop, groups, constants, records, which, ends, turn, ratio, angles, k, result, scores,
    kept,
):  # fmt: skip
    """Fill result (m,) with log densities, nats, of the models of groups start ... stop - 1.

    groups (n_groups, 8): the models of each; one may be repeated. constants (n_groups, n_rows, 8):
    as of `constant_rows`. records, which, ends, turn, ratio, angles: as of
    `switching_system.Switching`.

    Of the first model, where the arrays are not empty: scores (n_points,) are filled with the
    cumulative probability of each point, or less that of what is above it, whichever is smaller;
    and kept (n_points, 1 + k + k (k + 1)/2, cells) with the law after each point, of each cell of
    the interval that ends there.
    """
    for group in range(start, stop):
        models = groups[group]
        m = angles[models[0]] or 4  # an RTP has no angles, and four cells
        cells, changes = _cells(models, turn, ratio, angles, m)
        sums = _filter(
            constants[group], cells, changes, records, which[models], ends, k, m, scores, kept
        )
        for lane in range(WIDTH_64):
            result[models[lane]] = sums[lane]


@njit(cache=True)
def _cells(models, turn, ratio, angles, m):
    """Rows of the mean velocity of each cell, of that at the start and of the noise's scale, (3 m,
    8); and of how probabilities change at the start and from one interval to the next, each [to,
    from], (2 m^2, 8)."""
    rows, changes = np.empty((3 * m, WIDTH_64)), np.empty((2 * m * m, WIDTH_64))
    for lane in range(WIDTH_64):
        own = models[lane]
        mean, opening, scale, half, T = cells_of(angles[own], turn[own], ratio[own])
        rows[:m, lane], rows[m : 2 * m, lane], rows[2 * m :, lane] = mean, opening, scale
        for j in range(m):
            for i in range(m):
                changes[j * m + i, lane] = half[i, j]
                changes[m * m + j * m + i, lane] = T[i, j]
    return rows, changes


@njit(cache=True)
def _filter(c, cells, changes, records, which, ends, k, m, scores, kept):
    """Log densities, (8,). c: constants; records[which[j]] is that of the model in lane j."""
    F, _, _, _, G, _, _, _ = constant_rows(k)
    size = 1 + k + k * (k + 1) // 2
    n_rows = _ROWS * (-(-size // _ROWS))  # those behind the last stay 0
    x, mixed = np.zeros((n_rows * m, WIDTH_64)), np.zeros((n_rows * m, WIDTH_64))
    entry = np.empty((k, k), np.int64)  # first row of a covariance
    moves, sees = np.empty((k, k), np.bool_), np.empty(k, np.bool_)
    row = 1 + k
    for a in range(k):
        sees[a] = np.any(c[G + a] != 0.0)
        for b in range(k):
            moves[a, b] = np.any(c[F + k * a + b] != 0.0)
            if b >= a:
                entry[a, b] = entry[b, a] = row * m
                row += 1
    h = np.empty((k * m, WIDTH_64))  # covariance of the states and the signal
    innovation, inverse = np.empty((m, WIDTH_64)), np.empty((m, WIDTH_64))
    point, value = np.empty((4, WIDTH_64)), np.zeros(WIDTH_64)
    for record in range(len(ends)):
        _start(c, cells, x, k, m, entry)
        _mix(x, mixed, changes, 0, k, m, entry)
        for t in range(ends[record - 1] if record else 0, ends[record]):
            for lane in range(WIDTH_64):
                y = records[which[lane], t]
                point[0, lane] = 0.0 if np.isnan(y) else y
                point[1, lane] = 0.0 if np.isnan(y) else 1.0
            _innovate(c, cells, x, k, m, entry, sees, point, h, innovation, inverse)
            if len(scores) and point[1, 0] == 1.0:
                scores[t] = _tail(x, innovation, inverse, m)
            _weigh(x, m, point, innovation, inverse, value)
            _advance(c, cells, x, k, m, entry, moves, h, innovation, inverse)
            if len(kept):
                for row in range(size):
                    for i in range(m):
                        kept[t, row, i] = x[row * m + i, 0]
            _mix(x, mixed, changes, m * m, k, m, entry)
    return value


@njit(cache=True)
def _start(c, cells, x, k, m, entry):
    """The law before the first interval: equal probabilities, and the state given the cell."""
    _, _, first, _, _, slope, _, _ = constant_rows(k)
    for i in range(m):
        x[i] = 1.0 / m
        for a in range(k):
            x[(1 + a) * m + i] = c[slope + a] * cells[m + i]
            for b in range(a, k):
                x[entry[a, b] + i] = c[first + k * a + b]


@njit(cache=True)
def _innovate(c, cells, x, k, m, entry, sees, point, h, innovation, inverse):
    """Of each cell the innovation of a point, 1 over its variance, both 0 where the point is
    missing, and the covariance h of state and signal. point: rows of the position and of 1 where
    there is one; the third is filled with the largest exponent of the cells' densities."""
    _, _, _, _, G, _, _, rest = constant_rows(k)
    y, seen = load(point, 0), load(point, 1)
    highest = splat(-1e300)
    for i in range(m):
        s = fused(load(c, rest + 3), load(cells, 2 * m + i), load(c, rest + 2))
        s = s + load(c, rest + 1)
        d = y - load(c, rest) * load(cells, i)
        for a in range(k):
            own = splat(0.0)
            for b in range(k):
                if sees[b]:
                    own = fused(load(c, G + b), load(x, entry[a, b] + i), own)
            store(h, a * m + i, own)
            if sees[a]:
                s = fused(load(c, G + a), own, s)
                d = d - load(c, G + a) * load(x, (1 + a) * m + i)
        d = d * seen
        store(innovation, i, d)
        store(inverse, i, seen / s)
        highest = larger(highest, splat(-0.5) * d * d * (seen / s))
    store(point, 2, highest)


@njit(cache=True)
def _weigh(x, m, point, innovation, inverse, value):
    """Weigh each cell with its density of a point, and add the logarithm of their mean to value."""
    one, seen, highest = splat(1.0), load(point, 1), load(point, 2)
    total = splat(0.0)
    for i in range(m):
        d, inverse_s = load(innovation, i), load(inverse, i)
        exponent = splat(-0.5) * d * d * inverse_s - highest
        root = square_root(inverse_s + (one - seen))
        p = load(x, i) * root * exp(larger(exponent, splat(-690.0)))
        store(x, i, p)
        total = total + p
    store(point, 3, total)
    share = one / total
    for i in range(m):
        store(x, i, load(x, i) * share)
    for lane in range(WIDTH_64):
        value[lane] += point[2, lane] + np.log(point[3, lane]) - 0.5 * _LOG_2PI * point[1, lane]


@njit(cache=True)
def _advance(c, cells, x, k, m, entry, moves, h, innovation, inverse):
    """Carry mean and covariance of each cell over an interval, given the point at its end."""
    F, Q, _, B, _, _, S, _ = constant_rows(k)
    size = 1 + k + k * (k + 1) // 2
    gain, fresh = np.empty((k, WIDTH_64)), np.empty((size, WIDTH_64))
    FC = np.empty((k, WIDTH_64))
    for i in range(m):
        mean, scale = load(cells, i), load(cells, 2 * m + i)
        inverse_s = load(inverse, i)
        push = inverse_s * load(innovation, i)
        for a in range(k):
            own = fused(load(c, S + k + a), scale, load(c, S + a))
            moved = load(c, B + a) * mean
            for b in range(k):
                if moves[a, b]:
                    step = load(c, F + k * a + b)
                    own = fused(step, load(h, b * m + i), own)
                    moved = fused(step, load(x, (1 + b) * m + i), moved)
            store(gain, a, own)
            store(fresh, 1 + a, fused(own, push, moved))
        row = 1 + k
        for a in range(k):
            for b in range(k):
                own = splat(0.0)
                for e in range(k):
                    if moves[a, e]:
                        own = fused(load(c, F + k * a + e), load(x, entry[e, b] + i), own)
                store(FC, b, own)
            shrunk = splat(0.0) - load(gain, a) * inverse_s
            for b in range(a, k):
                q = Q + k * a + b
                own = fused(load(c, q + k * k), scale, load(c, q))
                own = fused(shrunk, load(gain, b), own)
                for e in range(k):
                    if moves[b, e]:
                        own = fused(load(c, F + k * b + e), load(FC, e), own)
                store(fresh, row, own)
                row += 1
        for row in range(1, size):
            store(x, row * m + i, load(fresh, row))


@njit(cache=True)
def _tail(x, innovation, inverse, m):
    """Of the first model: the probability below a point, or less that above it, the smaller."""
    below, above = 0.0, 0.0
    for i in range(m):
        u = innovation[i, 0] * np.sqrt(0.5 * inverse[i, 0])
        below += 0.5 * x[i, 0] * math.erfc(-u)
        above += 0.5 * x[i, 0] * math.erfc(u)
    return below if below < above else -above


@njit(cache=True)
def _mix(x, mixed, changes, first, k, m, entry):
    """Go to the next interval; each cell's mixture becomes the normal of its mean and
    covariance. first: row of the change of the probabilities."""
    # Moments about one common point, so that covariances keep their digits.
    centres = np.empty((k, WIDTH_64))
    for a in range(k):
        centre = splat(0.0)
        for i in range(m):
            centre = fused(load(x, i), load(x, (1 + a) * m + i), centre)
        store(centres, a, centre)
    for i in range(m):
        p = load(x, i)
        for a in range(k):
            store(x, (1 + a) * m + i, load(x, (1 + a) * m + i) - load(centres, a))
        for a in range(k):
            own = load(x, (1 + a) * m + i)
            for b in range(a, k):
                at = entry[a, b] + i
                store(x, at, p * fused(own, load(x, (1 + b) * m + i), load(x, at)))
        for a in range(k):
            store(x, (1 + a) * m + i, p * load(x, (1 + a) * m + i))
    for row in range(0, len(x) // m, _ROWS):
        for j in range(0, m, _COLUMNS):
            own = _products(changes, first + j * m, x, row * m, m)
            for r in range(_ROWS):
                store(mixed, (row + r) * m + j, own[2 * r])
                store(mixed, (row + r) * m + j + 1, own[2 * r + 1])
    for j in range(m):
        p = larger(load(mixed, j), splat(_LEAST))
        store(x, j, p)
        p = splat(1.0) / p
        for a in range(k):
            store(x, (1 + a) * m + j, load(mixed, (1 + a) * m + j) * p)
        for a in range(k):
            own = load(x, (1 + a) * m + j)
            for b in range(a, k):
                at = entry[a, b] + j
                store(x, at, load(mixed, at) * p - own * load(x, (1 + b) * m + j))
        for a in range(k):
            store(x, (1 + a) * m + j, load(x, (1 + a) * m + j) + load(centres, a))


@njit(cache=True, forceinline=True)
def _products(changes, first, x, at, m):
    """Sums over i of two rows of a matrix times each of three rows of m vectors."""
    a = b = c = d = e = f = splat(0.0)
    for i in range(m):
        left, right = load(changes, first + i), load(changes, first + m + i)
        y = load(x, at + i)
        a, b = fused(left, y, a), fused(right, y, b)
        y = load(x, at + m + i)
        c, d = fused(left, y, c), fused(right, y, d)
        y = load(x, at + 2 * m + i)
        e, f = fused(left, y, e), fused(right, y, f)
    return a, b, c, d, e, f
