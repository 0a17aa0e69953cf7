"""The integral over a scale D of the evidence, in closed form or by quadrature.

At known other parameters the likelihood of D is (2 pi D)^{-n/2} exp[-(log_det + q/D)/2], so the
integral over l = log D is that of exp(-a l - q e^{-l}/2), an incomplete gamma function: the
complete one where the range of the prior holds all of it, an expansion about a normal density where
it cuts it, and a sum of Gauss-Legendre nodes where that does not converge.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray

_NEGLIGIBLE = 36.0  # nats below the peak, where an integrand over log D is left out
_LEAST_SHAPE = 10.0  # of the gamma function's argument, for the complete one
# The expansion about a normal density: terms, the least a, and how far from the peak a range may
# begin. The series has singularities at |z| = sqrt(4 pi).
_TERMS, _LEAST_NORMAL, _FARTHEST = 14, 50.0, 0.8


def whole_scale(a: float) -> tuple[float, float, float, float, float]:
    """Of f(l) = exp(-a l - q e^{-l}/2) over all l, whose peak is at log(q/(2a)): its integral over
    f(peak), Gamma(a) e^a a^-a; the mean of l less the peak, and the variance of l (log a less the
    digamma, and the trigamma function); how far below and above the peak f falls below e^-36.
    All 0 for small a, where the last two are too rough."""
    if a < _LEAST_SHAPE:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    # Asymptotic series; from a = 10 on their first neglected terms are below 1e-9.
    i, square = 1 / a, 1 / a**2
    log_integral = 0.5 * np.log(2 * np.pi * i) + i / 12 * (1 - square / 30 * (1 - 2 * square / 7))
    shift = i / 2 + square / 12 * (1 - square / 10 * (1 - 10 * square / 21))
    variance = i + square / 2 + i * square / 6 * (1 - square / 5 * (1 - 5 * square / 7))
    width = 8.5 * i**0.5
    return float(np.exp(log_integral)), shift, variance, width, width + 18 * i


def _normal_series() -> FloatArray:
    """Of y with z^2/2 = y + e^{-y} - 1, z of the sign of y: the coefficients of z^0, z^1, ... in
    dy/dz, y dy/dz and y^2 dy/dz, (3, _TERMS).

    y = z^2/2 - v, where v(-z) is the series v - log(1 + v) = z^2/2 of Stirling's formula (Temme,
    SIAM J. Math. Anal. 10, 757, 1979)."""
    v = np.zeros(_TERMS + 1)
    v[1] = 1.0
    for n in range(2, _TERMS + 1):
        inner = sum(k * v[k] * v[n + 1 - k] for k in range(2, n))
        v[n] = (v[n - 1] - inner) / (n + 1)
    y = -v * (-1.0) ** np.arange(_TERMS + 1)
    y[2] += 0.5
    powers = [y, np.convolve(y, y)[: _TERMS + 1], np.convolve(np.convolve(y, y), y)[: _TERMS + 1]]
    return np.array([np.polynomial.polynomial.polyder(p) / k for k, p in enumerate(powers, 1)])


_NORMAL = _normal_series()


@njit(cache=True)
def _as_normal(y):
    """z of the sign of y with z^2/2 = y + e^{-y} - 1, which rounding may leave below 0."""
    return math.copysign(math.sqrt(2.0 * max(y + math.expm1(-y), 0.0)), y)


@njit(cache=True)
def _near_normal(a, first, last, cut_first, cut_last, least):
    """The log of the largest value of exp[-a (y + e^{-y} - 1)] over y from `first` to `last`, and
    the integrals of f, f y and f y^2 there, where f is that function over its largest value: 0
    where the log is below `least`. An end that is not cut is as good as infinite. Not a number
    where the range begins too far out."""
    root = math.sqrt(0.5 * a)
    start, stop, at_start, at_stop = 0.0, 0.0, 0.0, 0.0
    if cut_first:
        start = _as_normal(first)
        at_start = math.exp(-0.5 * a * start * start)
    if cut_last:
        stop = _as_normal(last)
        at_stop = math.exp(-0.5 * a * stop * stop)
    # How far out the mode is: 0 where the range holds the peak.
    out = start if cut_first and start > 0 else (-stop if cut_last and stop < 0 else 0.0)
    if out > _FARTHEST or 0.5 * a * out * out > _NEGLIGIBLE:
        return math.nan, 0.0, 0.0, 0.0
    largest = -0.5 * a * out * out
    if largest < least:
        return largest, 0.0, 0.0, 0.0
    # Tails, of one side each, so that no digits are lost to the other.
    if cut_last and stop < 0:
        area = math.erfc(-root * stop) - (math.erfc(-root * start) if cut_first else 0.0)
    elif cut_first and start > 0:
        area = math.erfc(root * start) - (math.erfc(root * stop) if cut_last else 0.0)
    else:
        area = 2.0
        area -= math.erfc(-root * start) if cut_first else 0.0
        area -= math.erfc(root * stop) if cut_last else 0.0
    # Integrals of z^k exp(-a z^2/2) by parts, two by two.
    even, odd = 0.5 * math.sqrt(math.pi) / root * area, (at_start - at_stop) / a
    total, m1, m2 = 0.0, 0.0, 0.0
    for k in range(0, _TERMS, 2):
        total += _NORMAL[0, k] * even + _NORMAL[0, k + 1] * odd
        m1 += _NORMAL[1, k] * even + _NORMAL[1, k + 1] * odd
        m2 += _NORMAL[2, k] * even + _NORMAL[2, k + 1] * odd
        at_start *= start
        at_stop *= stop
        even = (at_start - at_stop + (k + 1) * even) / a
        at_start *= start
        at_stop *= stop
        odd = (at_start - at_stop + (k + 2) * odd) / a
    factor = math.exp(-largest)  # of a range that is all but empty rounding may leave less than 0
    return largest, factor * max(total, 0.0), factor * m1, factor * m2


@njit(cache=True)
def scale_range(q, a, low, high):
    """Mode of exp(-a l - q e^{-l}/2) over l in [low, high] and the part of that range which holds
    all but e^-36 of its integral: it is log-concave with its peak at log(q/(2a))."""
    peak = np.log(0.5 * q / a) if a > 0 else high
    mode = min(max(peak, low), high)
    curvature = 0.5 * q * np.exp(-mode)
    width = 8.5 / np.sqrt(curvature + 1e-300)
    if mode > peak:  # cut below: at least an exponential fall from `low`
        return mode, low, min(high, mode + min(36.0 / (a - curvature), width + 18.0 / a))
    if mode < peak:  # cut above: falls faster than exponentially to the left
        return mode, max(low, mode - min(36.0 / (curvature - a), width)), high
    if a <= 0:
        return mode, low, high
    return mode, max(low, mode - width), min(high, mode + width + 18.0 / a)


@njit(cache=True)
def scale_quantile(q, a, low, high, quantile):
    """The l = log D below which lies the fraction `quantile` of exp(-a l - q e^{-l}/2)."""
    mode, left, right = scale_range(q, a, low, high)
    top = -a * mode - 0.5 * q * np.exp(-mode)
    n = 200
    step = (right - left) / n
    cumulative = np.empty(n + 1)
    cumulative[0] = 0.0
    before = np.exp(-a * left - 0.5 * q * np.exp(-left) - top)
    for i in range(n):
        l = left + (i + 1) * step
        f = np.exp(-a * l - 0.5 * q * np.exp(-l) - top)
        cumulative[i + 1] = cumulative[i] + 0.5 * (before + f)
        before = f
    wanted = quantile * cumulative[n]
    i = min(max(np.searchsorted(cumulative, wanted) - 1, 0), n - 1)
    part = (wanted - cumulative[i]) / (cumulative[i + 1] - cumulative[i])
    return left + (i + part) * step


@njit(cache=True)
def integrate_scale(q, a, low, high, whole, u, w, negligible):
    """The integral over l = log D in [low, high] of exp(-a l - q e^{-l}/2), as
    exp(top) * (1, l, l^2 moments): whole (see `whole_scale`) where the range does not cut it, and
    where it does by `_near_normal` or, for small a or a range far from the peak, by Gauss-Legendre
    over the range of `scale_range`.
    Nothing is computed (total 0) where the integral cannot reach e^(negligible - 36).
    """
    if high <= low:
        return 0.0, 0.0, 0.0, 0.0
    if whole[0] > 0.0:
        peak = np.log(0.5 * q / a)
        top = -a * (peak + 1.0)
        # Of most nodes this is all: the range cannot hold more, and its logarithm is below it.
        if top + (high - low) < negligible - _NEGLIGIBLE:
            return 0.0, 0.0, 0.0, 0.0
        cut_low, cut_high = low > peak - whole[3], high < peak + whole[4]
        if not (cut_low or cut_high):
            mean = peak + whole[1]
            return top, whole[0], whole[0] * mean, whole[0] * (mean * mean + whole[2])
        if a > _LEAST_NORMAL:
            least = negligible - _NEGLIGIBLE - top - np.log(high - low)
            largest, total, m1, m2 = _near_normal(
                a, low - peak, high - peak, cut_low, cut_high, least
            )
            if largest <= 0.0:
                m2 += peak * (2.0 * m1 + peak * total)
                return top + largest, total, m1 + peak * total, m2
    mode, left, right = scale_range(q, a, low, high)
    top = -a * mode - 0.5 * q * np.exp(-mode)
    if top + np.log(high - low) < negligible - _NEGLIGIBLE:
        return 0.0, 0.0, 0.0, 0.0
    total, m1, m2 = 0.0, 0.0, 0.0
    # A few points leave a lopsided integrand, which wants nodes of its own on either side.
    middle = mode if a < _LEAST_SHAPE else right
    for start, stop in ((left, middle), (middle, right)):
        half = 0.5 * (stop - start)
        if half <= 0.0:
            continue
        for i in range(len(u)):
            log_d = start + half * (u[i] + 1.0)
            f = half * w[i] * np.exp(-a * log_d - 0.5 * q * np.exp(-log_d) - top)
            total += f
            m1 += f * log_d
            m2 += f * log_d * log_d
    return top, total, m1, m2
