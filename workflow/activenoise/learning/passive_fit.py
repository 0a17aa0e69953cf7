"""The recorded passive track that is nearest to a track, from mean squares of its filters.

Beyond lag 0 a passive track has the covariance A phi^k, whatever its noise and blur are: these add
w at lag 0, and w alone. With E_t = a E_{t-1} + d_t for some memories, a = exp(-1/m), and in the
long run,

    <E^2> = 2/(1 + a) [A (1 - phi)/(1 - a phi) + w],     <x^2> = A + w,

which is linear in A and w: least squares but for the rate -ln phi. What the fit leaves over is what
no passive track has, at any noise and blur.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray

_LOG_RATES = (-7.5, 1.5)  # range of the log of the rate, a point
_NODES = 16  # of the first search
_FIRST, _AGAIN = 5, 2  # rounds of parabolas, without and with a fit before
_STEP = 0.3  # of the log rate, where there is one


_TINY = 1e-30


def passive_fits(
    squares: FloatArray, x2: FloatArray, memories: FloatArray, n: FloatArray, n_tracks: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fits of the first n_tracks of tracks side by side, at the end of each frame.

    squares (n_frames, n_memories, n_lanes): sums of E^2 over the first n (n_frames,) points. x2
    (n_frames, n_lanes): <x^2>. Returns the logs of the rates a point and w, (n_frames, n_lanes),
    and the residuals (n_frames, n_memories + 1, n_lanes); those of other tracks are 0.
    """
    rates, whites = np.zeros_like(x2), np.zeros_like(x2)
    residuals = np.zeros((len(n), len(memories) + 1, x2.shape[1]))
    _fit_all(squares, x2, memories, n, n_tracks, rates, whites, residuals)
    return rates, whites, residuals


@njit(cache=True, nogil=True)
def _fit_all(squares, x2, memories, n, n_tracks, rates, whites, residuals):
    last = len(memories)
    power, left = np.empty(last + 1), np.empty(last + 1)
    for track in range(n_tracks):
        rate = np.nan
        for frame in range(len(n)):
            for k in range(last):
                power[k] = squares[frame, k, track] / n[frame] + _TINY
            power[last] = x2[frame, track]
            rate, white = passive_fit(power, memories, n[frame], rate, left)
            rates[frame, track], whites[frame, track] = rate, white
            for k in range(last + 1):
                residuals[frame, k, track] = left[k]


@njit(cache=True, nogil=True)
def passive_fit(power, memories, n, start, residuals):
    """Fit to power, (n_memories + 1,), the <E^2> and <x^2> of n points.

    start: log rate of a fit before, of fewer points, or nan. Fills residuals (n_memories + 1,):
    1 - fitted/measured, times the root of the number of independent values, about n/m. Returns the
    log of the rate a point, and w.
    """
    last = len(memories)
    terms = np.empty((3, last + 1))  # a, the fitted over the measured for w = 1, weights
    for k in range(last):
        terms[0, k] = np.exp(-1.0 / memories[k])
        terms[1, k] = 2.0 / ((1.0 + terms[0, k]) * power[k])
        terms[2, k] = n / (memories[k] + 1.0)
    terms[0, last], terms[1, last], terms[2, last] = (
        1.0,
        1.0 / power[last],
        n / (2.0 * memories[last - 1]),
    )
    low, high = _LOG_RATES
    best, step, rounds = start, _STEP, _AGAIN
    if np.isnan(start):
        least = np.inf
        step, rounds = (high - low) / (_NODES - 1), _FIRST
        for i in range(_NODES):
            value, _, _ = _at_rate(low + i * step, terms)
            if value < least:
                best, least = low + i * step, value
    else:
        least, _, _ = _at_rate(best, terms)
    for _ in range(rounds):
        before, _, _ = _at_rate(max(best - step, low), terms)
        after, _, _ = _at_rate(min(best + step, high), terms)
        bend = before - 2.0 * least + after
        move = 0.5 * (before - after) / bend if bend > 0.0 else np.sign(before - after)
        move = min(max(move, -1.0), 1.0)
        new = min(max(best + step * move, low), high)
        value, _, _ = _at_rate(new, terms)
        if value < least:
            best, least = new, value
        if abs(move) < 1.0:
            step *= 0.5
    _, amplitude, white = _at_rate(best, terms)
    phi, loss = np.exp(-np.exp(best)), -np.expm1(-np.exp(best))
    for k in range(last + 1):
        fit = terms[1, k] * (amplitude * loss / (1.0 - terms[0, k] * phi) + white)
        residuals[k] = (1.0 - fit) * np.sqrt(terms[2, k])
    return best, white


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _at_rate(log_rate, terms):
    """Sum of the squared residuals, A and w at one rate."""
    phi, loss = np.exp(-np.exp(log_rate)), -np.expm1(-np.exp(log_rate))
    one, pp, pq, qq, py, qy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(terms.shape[1]):
        q, weight = terms[1, k], terms[2, k]
        p = q * loss / (1.0 - terms[0, k] * phi)
        one += weight
        pp += weight * p * p
        pq += weight * p * q
        qq += weight * q * q
        py += weight * p
        qy += weight * q
    det = pp * qq - pq * pq
    amplitude, white = py / pp, 0.0
    if det > 1e-12 * pp * qq:
        amplitude, white = (qq * py - pq * qy) / det, (pp * qy - pq * py) / det
    return one - amplitude * py - white * qy, amplitude, white
