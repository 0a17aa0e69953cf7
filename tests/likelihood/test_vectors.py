"""Vectors as values of compiled code against the same arithmetic in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from activenoise.likelihood import vectors
from activenoise.likelihood.vectors import (
    ROUND,
    WIDTH,
    WIDTH_64,
    above,
    chosen,
    exp,
    exponent,
    fused,
    larger,
    load,
    splat,
    square_root,
    store,
    times_exp2,
)


@njit
def _arithmetic(rows, third):
    a, b = load(rows, 0), load(rows, 1)
    store(rows, 2, (a + b) * a - b / splat(third))
    store(rows, 3, larger(a, b))
    store(rows, 4, above(a, b))
    store(rows, 5, fused(a, b, b))
    store(rows, 6, square_root(a * a))
    store(rows, 7, chosen(a, b, a * b, b))


@njit
def _powers(rows, n):
    a, t = load(rows, 0), load(rows, 1)
    store(rows, 2, times_exp2(a, t, splat(ROUND + n)))
    store(rows, 3, exponent(a))


@pytest.mark.parametrize(("kind", "width"), [(np.float32, WIDTH), (np.float64, WIDTH_64)])
def test_arithmetic(kind, width):
    rows = np.zeros((8, width), kind)
    rows[:2] = np.random.default_rng(0).standard_normal((2, width))
    rows[1, 0] = rows[0, 0]
    _arithmetic(rows, kind(3))
    a, b = rows[:2].astype(np.float64)
    expected = [(a + b) * a - b / 3, np.maximum(a, b), a > b, a * b + b, np.abs(a)]
    expected.append(np.where(a > b, a * b, b))
    np.testing.assert_allclose(rows[2:], expected, atol=20 * np.finfo(kind).eps)


@pytest.mark.parametrize("n", [-100, 0, 37])
def test_powers_of_two(n):
    rng = np.random.default_rng(1)
    for _ in range(200):
        rows = np.zeros((4, WIDTH), np.float32)
        rows[0] = 2 ** rng.uniform(-20, 20, WIDTH)
        rows[1] = rng.uniform(-60, 3, WIDTH) - n  # the power is that of the sum
        _powers(rows, np.float32(n))
        a, t = rows[:2].astype(np.float64)
        np.testing.assert_allclose(rows[2], a * 2 ** (t + n), rtol=3e-7)
        np.testing.assert_array_equal(rows[3], np.floor(np.log2(a)))


@njit
def _exponential(rows):
    store(rows, 1, exp(load(rows, 0)))


def test_exponentials():
    rng = np.random.default_rng(2)
    for width in (1e-9, 1.0, 699.0):
        for _ in range(200):
            rows = np.zeros((2, WIDTH_64))
            rows[0] = rng.uniform(-width, width, WIDTH_64)
            _exponential(rows)
            np.testing.assert_allclose(rows[1], np.exp(rows[0]), rtol=1e-15)


def test_types_do_not_mix():
    with pytest.raises(Exception, match="No implementation of function"):
        njit(lambda: splat(1.0) + splat(vectors._F32(1)))()
