"""Steps of filters on a hidden angle of a half circle, 16 filters side by side.

One step weighs the probability p of each of M angles by exp2(level - (y sharp -+ shift)^2), of an
angle of the first half of them and of its mirror image about pi/2, and diffuses. Diffusion keeps
sums and differences of mirrored angles apart: two symmetric matrices of size M/2 act on them.

Rows of a filter's work space, an array (n_rows, 16) of float32 with one filter a column (`Rows`):
the matrices, packed by `pack`; p; sums and differences; shift, sharp, level; what `steps` carries
on (`carry`); and behind it whatever the caller keeps there.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.likelihood.vectors import (
    ROUND,
    exponent,
    fused,
    larger,
    load,
    splat,
    store,
    times_exp2,
)

_F32 = np.float32
_BLOCK = 4


@njit(cache=True)
def rows(half):
    """First rows: of the even and the odd matrix, of p, of its sums and differences, of shift,
    sharp and level, of what is carried on, and of the rest. half: M/2, a multiple of 4."""
    n_blocks = half // _BLOCK
    packed = _BLOCK * _BLOCK * n_blocks * (n_blocks + 1) // 2
    p = 2 * packed
    q = p + 2 * half
    shift = q + 2 * half
    carry = shift + 3 * half
    return 0, packed, p, q, shift, shift + half, shift + 2 * half, carry, carry + 4


@njit(cache=True)
def packed_row(i, k):
    """Row of the entry (i, k) of a symmetric matrix, of which the blocks of 4 x 4 on and below
    the diagonal are stored."""
    block, other = i // _BLOCK, k // _BLOCK
    before = block * (block + 1) // 2 + other
    return _BLOCK * _BLOCK * before + _BLOCK * (i % _BLOCK) + k % _BLOCK


@njit(cache=True)
def steps(w, half, data, n, floor):
    """Carry the filters over the n points in rows data ... of w.

    Carried on, from row `carry`: the sum of p (at the start 1 for probabilities), and a power L of
    2 (0): the filter's probabilities are p 2^L, so L log(2) + log(sum p) is the log likelihood.
    L is a whole number, and exact while it is below 2^24. Then constants: the furthest mean,
    shift/sharp of the first angle, and sharp there, so that the largest weight is known without a
    look at each: no other angle may have a smaller sharp. floor: least p, of their sum.

    A point may be 1000/sharp beyond the furthest mean, not more.
    """
    _, odd, p, q, shift, sharp, level, carry, _ = rows(half)
    total, powers = load(w, carry), load(w, carry + 1)
    reach, outer = load(w, carry + 2), load(w, carry + 3)
    zero, unit = splat(_F32(0)), splat(ROUND)
    for t in range(data, data + n):
        y = load(w, t)
        beyond = larger(larger(y, zero - y) - reach, zero) * outer
        # Whole numbers: of the largest exponent, and of the scale of p.
        peak = (zero - beyond * beyond + unit) - unit
        scale = exponent(total)
        powers = powers + (peak + scale)
        whole = unit - (peak + scale)
        least = peak - splat(_F32(60))
        least_p = total * splat(floor)
        total = zero
        for i in range(half):
            d, s, g = load(w, shift + i), load(w, sharp + i), load(w, level + i)
            near, far = fused(y, s, zero - d), fused(y, s, d)
            u = times_exp2(load(w, p + i), larger(g - near * near, least), whole)
            v = times_exp2(load(w, p + half + i), larger(g - far * far, least), whole)
            store(w, q + i, u + v)
            store(w, q + half + i, u - v)
            total = total + (u + v)
        _multiply(w, 0, q, p, half)
        _multiply(w, odd, q + half, p + half, half)
        for i in range(half):
            u, v = load(w, p + i), load(w, p + half + i)
            store(w, p + i, larger(u + v, least_p))
            store(w, p + half + i, larger(u - v, least_p))
    store(w, carry, total)
    store(w, carry + 1, powers)


@njit(cache=True, forceinline=True)
def _multiply(w, matrix, x, out, half):
    """Fill rows out ... out + half - 1 with the product of a packed matrix and rows x ... ."""
    for i in range(0, half, _BLOCK):
        x0, x1, x2, x3 = _load_four(w, x + i)
        u0 = u1 = u2 = u3 = splat(_F32(0))
        for k in range(0, i, _BLOCK):
            # Each entry is read once, for its own row and for that of its mirror image.
            y, v = _load_four(w, x + k), _load_four(w, out + k)
            u0, v = _row(w, matrix, u0, x0, y, v)
            u1, v = _row(w, matrix + 4, u1, x1, y, v)
            u2, v = _row(w, matrix + 8, u2, x2, y, v)
            u3, v = _row(w, matrix + 12, u3, x3, y, v)
            _store_four(w, out + k, v)
            matrix += _BLOCK * _BLOCK
        y = x0, x1, x2, x3
        u0 = _dot(w, matrix, u0, y)
        u1 = _dot(w, matrix + 4, u1, y)
        u2 = _dot(w, matrix + 8, u2, y)
        u3 = _dot(w, matrix + 12, u3, y)
        _store_four(w, out + i, (u0, u1, u2, u3))
        matrix += _BLOCK * _BLOCK


@njit(cache=True, forceinline=True)
def _row(w, entries, u, x, y, v):
    """u + sum_k b_k y_k and v + b x, for the four entries b of a row of a block."""
    b0, b1, b2, b3 = _load_four(w, entries)
    u = u + b0 * y[0] + b1 * y[1] + b2 * y[2] + b3 * y[3]
    return u, (v[0] + b0 * x, v[1] + b1 * x, v[2] + b2 * x, v[3] + b3 * x)


@njit(cache=True, forceinline=True)
def _dot(w, entries, u, y):
    b0, b1, b2, b3 = _load_four(w, entries)
    return u + b0 * y[0] + b1 * y[1] + b2 * y[2] + b3 * y[3]


@njit(cache=True, forceinline=True)
def _load_four(w, row):
    return load(w, row), load(w, row + 1), load(w, row + 2), load(w, row + 3)


@njit(cache=True, forceinline=True)
def _store_four(w, row, values):
    store(w, row, values[0])
    store(w, row + 1, values[1])
    store(w, row + 2, values[2])
    store(w, row + 3, values[3])
