"""Doublings of the Riccati equation for many small systems, eight side by side.

A step from A, B and the change D so far (Anderson, Int. J. Control 28, 295, 1978) is

    [X, Y] = (1 + B D)^-1 [A, B A'],   D <- D + A' D X,   B <- B + A Y,   A <- A X,

after which D is the change over twice as many points. The matrices have a few rows: a library's
call for each of them would cost more than its numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.vectors import (
    WIDTH_64,
    chosen,
    fused,
    larger,
    load,
    splat,
    store,
)

_DOUBLINGS = 33  # 2^33 points: what has not settled by then never will
_EPS = float(np.finfo(float).eps)


def settled_change(
    A: FloatArray, B: FloatArray, D: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The change of m covariances until they settle, and whether they do, (m,).

    A, B, D, the change of one point: (m, k, k).
    """
    m, k, _ = A.shape
    a, b, d = (_by_lanes(matrices) for matrices in (A, B, D))
    settles = np.zeros(len(a) * WIDTH_64, np.bool_)
    _double_all(k, a, b, d, settles)
    return d.transpose(0, 2, 1).reshape(-1, k, k)[:m], settles[:m]


def _by_lanes(matrices: FloatArray) -> FloatArray:
    """(m, k, k) as (groups, k k, WIDTH_64); the last group is filled up with its last matrix."""
    flat = matrices.reshape(len(matrices), -1)
    full = np.pad(flat, ((0, -len(flat) % WIDTH_64), (0, 0)), mode="edge")
    return np.ascontiguousarray(full.reshape(-1, WIDTH_64, flat.shape[1]).transpose(0, 2, 1))


@njit(cache=True, nogil=True)
def _double_all(k, a, b, d, settles):
    system = np.empty((3 * k * k, WIDTH_64))
    products = np.empty((k * k, WIDTH_64))
    size = np.empty((2, WIDTH_64))
    for group in range(len(a)):
        first = group * WIDTH_64
        for _ in range(_DOUBLINGS):
            _solve(k, a[group], b[group], d[group], system)
            _advance(k, a[group], b[group], d[group], system, products, size)
            settled = True
            for j in range(WIDTH_64):
                settles[first + j] = not size[0, j] > _EPS * size[1, j]
                settled = settled and settles[first + j]
            if settled:
                break


@njit(cache=True)
def _solve(k, a, b, d, system):
    """Solve (1 + B D) [X, Y] = [A, B A'] in the rows of `system`, 3 k numbers each, of which X and
    Y take the last 2 k."""
    width = 3 * k
    zero, one = splat(0.0), splat(1.0)
    for r in range(k):
        for c in range(k):
            left = one if r == c else zero
            right = zero
            for l in range(k):
                of_b = load(b, r * k + l)
                left = fused(of_b, load(d, l * k + c), left)
                right = fused(of_b, load(a, c * k + l), right)
            store(system, r * width + c, left)
            store(system, r * width + k + c, load(a, r * k + c))
            store(system, r * width + 2 * k + c, right)
    for c in range(k):
        for r in range(c + 1, k):  # the largest number of the column comes to the top
            top, other = load(system, c * width + c), load(system, r * width + c)
            size_top, size_other = larger(top, zero - top), larger(other, zero - other)
            for q in range(c, width):
                upper, lower = load(system, c * width + q), load(system, r * width + q)
                store(system, c * width + q, chosen(size_other, size_top, lower, upper))
                store(system, r * width + q, chosen(size_other, size_top, upper, lower))
        inverse = one / load(system, c * width + c)
        for q in range(c + 1, width):
            store(system, c * width + q, load(system, c * width + q) * inverse)
        for r in range(k):
            if r == c:
                continue
            factor = zero - load(system, r * width + c)
            for q in range(c + 1, width):
                row = r * width + q
                store(system, row, fused(factor, load(system, c * width + q), load(system, row)))


@njit(cache=True)
def _advance(k, a, b, d, system, products, size):
    """The step, from X and Y; size: of the largest entries of what D gains, and of D."""
    width = 3 * k
    zero, half = splat(0.0), splat(0.5)
    for r in range(k):
        for c in range(k):
            total = zero
            for l in range(k):
                total = fused(load(d, r * k + l), load(system, l * width + k + c), total)
            store(products, r * k + c, total)  # D X
    largest, largest_of_d = zero, zero
    for r in range(k):
        for c in range(r + 1):
            here, there = zero, zero
            for l in range(k):
                here = fused(load(a, l * k + r), load(products, l * k + c), here)
                there = fused(load(a, l * k + c), load(products, l * k + r), there)
            more = half * (here + there)
            held = load(d, r * k + c) + more
            store(d, r * k + c, held)
            store(d, c * k + r, held)
            largest = larger(largest, larger(more, zero - more))
            largest_of_d = larger(largest_of_d, larger(held, zero - held))
    store(size, 0, largest)
    store(size, 1, largest_of_d)
    for r in range(k):
        for c in range(k):
            of_a, of_b = zero, load(b, r * k + c)
            for l in range(k):
                factor = load(a, r * k + l)
                of_a = fused(factor, load(system, l * width + k + c), of_a)
                of_b = fused(factor, load(system, l * width + 2 * k + c), of_b)
            store(products, r * k + c, of_a)
            store(b, r * k + c, of_b)
    for row in range(k * k):
        store(a, row, load(products, row))
