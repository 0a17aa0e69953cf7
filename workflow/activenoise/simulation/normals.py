"""Reproducible standard normals for Numba kernels: one stream per track, many tracks at once.

A stream is a xoshiro128++ generator (Blackman, Vigna, ACM Trans. Math. Softw. 47, 36, 2021)
whose 128-bit state is splitmix64 of (seed, stream index), so that a stream depends on nothing
else. Pairs of its 32-bit outputs become pairs of normals by the Box-Muller transform. All of it
is branch-free arithmetic over LANES streams side by side, which the compiler turns into vector
instructions. Single precision: the largest normal that can occur is 6.7.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LANES = 32

_U32 = np.uint32
_U64 = np.uint64
_F32 = np.float32


@njit(cache=True, inline="always")
def _splitmix(z):
    """Output function of splitmix64 at counter z."""
    z = (z ^ (z >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _U64(27))) * _U64(0x94D049BB133111EB)
    return z ^ (z >> _U64(31))


@njit(cache=True)
def open_streams(seed, streams, state):
    """Fill state (4, LANES) uint32 with the generators of `streams`, LANES indices."""
    golden = _U64(0x9E3779B97F4A7C15)
    for lane in range(LANES):
        key = _splitmix(_U64(seed) + golden) ^ (_U64(streams[lane]) * golden)
        low = _splitmix(key + golden)
        high = _splitmix(key + golden + golden)
        state[0, lane] = _U32(low & _U64(0xFFFFFFFF))
        state[1, lane] = _U32(low >> _U64(32))
        state[2, lane] = _U32(high & _U64(0xFFFFFFFF))
        state[3, lane] = _U32(high >> _U64(32)) | _U32(1)  # the all-zero state is forbidden


@njit(cache=True, inline="always")
def _next(state, out):
    """One xoshiro128++ output a lane."""
    for j in range(LANES):
        s0, s1, s2, s3 = state[0, j], state[1, j], state[2, j], state[3, j]
        total = _U32(s0 + s3)
        out[j] = _U32(_U32(_U32(total << _U32(7)) | _U32(total >> _U32(25))) + s0)
        t = _U32(s1 << _U32(9))
        s2 = s2 ^ s0
        s3 = s3 ^ s1
        s1 = s1 ^ s2
        s0 = s0 ^ s3
        s2 = s2 ^ t
        s3 = _U32(_U32(s3 << _U32(11)) | _U32(s3 >> _U32(21)))
        state[0, j], state[1, j], state[2, j], state[3, j] = s0, s1, s2, s3


@njit(cache=True, inline="always")
def sine(t):
    """sin t in single precision for |t| <= pi/2, by its series to t^11 (error below 6e-8)."""
    w = t * t
    s = _F32(-2.5052108e-8)
    s = s * w + _F32(2.7557319e-6)
    s = s * w - _F32(1.9841270e-4)
    s = s * w + _F32(8.3333333e-3)
    s = s * w - _F32(1.6666667e-1)
    s = s * w + _F32(1.0)
    return s * t


@njit(cache=True, fastmath=True)
def fill_normals(state, radius_bits, angle_bits, scratch, out):
    """Fill out (n, LANES) float32, n even, with standard normals of each lane's stream.

    radius_bits, angle_bits: uint32 (LANES,); scratch: float32 (LANES,). All three are work space.
    """
    scratch_bits = scratch.view(np.uint32)
    for i in range(0, out.shape[0], 2):
        _next(state, radius_bits)
        _next(state, angle_bits)
        # u in (0, 1], then ln u from its binary exponent and a polynomial in the mantissa
        # (Cephes logf: relative error 1e-7).
        for j in range(LANES):
            scratch[j] = (_F32(radius_bits[j]) + _F32(0.5)) * _F32(2.0**-32)
        for j in range(LANES):
            bits = scratch_bits[j]
            radius_bits[j] = bits >> _U32(23)
            scratch_bits[j] = (bits & _U32(0x007FFFFF)) | _U32(0x3F000000)
        for j in range(LANES):
            m = scratch[j]  # in [1/2, 1)
            small = m < _F32(0.70710678)
            exponent = (
                _F32(np.int32(radius_bits[j])) - _F32(126.0) - (_F32(1.0) if small else _F32(0.0))
            )
            m = (m + m - _F32(1.0)) if small else (m - _F32(1.0))
            z = m * m
            p = _F32(7.0376836292e-2)
            p = p * m - _F32(1.1514610310e-1)
            p = p * m + _F32(1.1676998740e-1)
            p = p * m - _F32(1.2420140846e-1)
            p = p * m + _F32(1.4249322787e-1)
            p = p * m - _F32(1.6668057665e-1)
            p = p * m + _F32(2.0000714765e-1)
            p = p * m - _F32(2.4999993993e-1)
            p = p * m + _F32(3.3333331174e-1)
            log = p * m * z - _F32(0.5) * z + m + exponent * _F32(0.69314718056)
            radius = np.sqrt(max(_F32(-2.0) * log, _F32(0.0)))
            # Angle 2 pi y, y in [-1/2, 1/2), folded to t = |y| - 1/4 in [-1/4, 1/4]:
            # cos 2 pi y = -sin 2 pi t, sin 2 pi y = sign(y) cos 2 pi t.
            y = _F32(np.int32(angle_bits[j])) * _F32(2.0**-32)
            t = (abs(y) - _F32(0.25)) * _F32(6.283185307)
            w = t * t
            s = sine(t)
            c = _F32(2.0876757e-9)
            c = c * w - _F32(2.7557319e-7)
            c = c * w + _F32(2.4801587e-5)
            c = c * w - _F32(1.3888889e-3)
            c = c * w + _F32(4.1666667e-2)
            c = c * w - _F32(0.5)
            c = c * w + _F32(1.0)
            out[i, j] = -radius * s
            out[i + 1, j] = radius * (c if y >= _F32(0.0) else -c)
