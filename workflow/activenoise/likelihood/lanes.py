"""Kalman filters of many models side by side over one record, for systems of up to three states.

The gains do not depend on the data; once the covariance has settled they are kept until the next
gap. One array holds all variables of the lanes, so that the compiler sees that they do not overlap.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray
from activenoise.physics.system import UPPER
from activenoise.threads import in_threads

_LANES = 32  # models side by side; 16 is half as fast (unrolled, and then not vectorised)
# The gains are kept when s and they are estimated to be this near their limits, over s and over
# sqrt(P/s). Errors of gains matter to second order. Looked at after n, 2 n, 4 n ... points behind
# the start or a gap: with the last two changes c and c', what is left is about c' min(1, c'/c).
SETTLED = 1e-13
SETTLED_GAIN = 1e-8
FIRST_LOOK = 32  # the first n
_FLAT = 1e-13  # the same for the innovations of a constant, over _STRETCH points
_STRETCH = 1024
_LOG_2PI = float(np.log(2 * np.pi))
# Rows of the register filter: three states, those that are not there are 0.
_F, _G, _Q, _S, _R, _P, _K = 0, 9, 12, 18, 21, 22, 28
_VAR, _UNIT, _LOG, _PROD, _HELD = 31, 32, 33, 34, 35
_M, _N, _D, _E, _DD, _DE, _EE, _SUM = 43, 46, 49, 50, 51, 52, 53, 54
_INVERSE, _H, _A = 55, 56, 59
_ROWS = 68
_MATH = {"contract", "nsz", "arcp", "reassoc"}


def filter_lanes(
    record: FloatArray, unknowns: int, systems: FloatArray, values: FloatArray
) -> None:
    """Fill values (m,) with the log densities of a record (n_points,), NaN where missing, under
    the m models of `system.packed`, a constant integrated out where unknowns = 1."""
    groups = (len(values) + _LANES - 1) // _LANES
    in_threads(_filter_groups, groups, record, unknowns, systems, values)


@njit(cache=True, nogil=True)
def _filter_groups(start, stop, record, unknowns, systems, values):
    for group in range(start, stop):
        _filter_group(record, unknowns, systems, group * _LANES, values)


@njit(cache=True, inline="always")
def _filter_group(record, unknowns, systems, first, values):
    """Filter the record with models first ... first + _LANES - 1 side by side."""
    n = len(record)
    n_lanes = min(_LANES, len(values) - first)
    w, before = np.zeros((_ROWS, _LANES)), np.empty(_LANES)
    for j in range(_LANES):
        for a in range(len(systems)):
            w[a, j] = systems[a, first + min(j, n_lanes - 1)]
        w[_UNIT, j] = w[_R, j]  # of the variances, so that products of them stay in range
        for a in range(3):
            w[_UNIT, j] += w[_G + a, j] ** 2 * (w[_Q + (0, 3, 5)[a], j])
        w[_PROD, j] = 1.0
        w[_UNIT, j] = w[_UNIT, j] if w[_UNIT, j] > 0.0 else 1.0

    settled, flat = False, False
    count, since, look = 0, 0, FIRST_LOOK
    i = int(np.int64(0))  # a literal 0 would have the filters compiled for it too
    while i < n:
        if np.isnan(record[i]):
            _predict(w)
            settled, flat = False, False
            since, look = 0, FIRST_LOOK
            i += 1
            continue
        stop = i + 1
        most = min(n, i + (_STRETCH if settled else look - since))
        while stop < most and not np.isnan(record[stop]):
            stop += 1
        if not settled:
            _transient(record, i, stop, w)
            since += stop - i
            if since == look:
                settled = _has_settled(w) and look > 2 * FIRST_LOOK
                look *= 2
        elif flat or unknowns == 0:
            _settled(record, i, stop, w)
            for j in range(_LANES):
                w[_DE, j] += w[_SUM, j] * w[_E, j] / w[_VAR, j]
                w[_EE, j] += (stop - i) * w[_E, j] ** 2 / w[_VAR, j]
                w[_LOG, j] += (stop - i) * np.log(w[_VAR, j] / w[_UNIT, j])
        else:
            for j in range(_LANES):
                before[j] = w[_E, j]
            _settled_pair(record, i, stop, w)
            flat = stop - i == _STRETCH
            for j in range(_LANES):
                w[_LOG, j] += (stop - i) * np.log(w[_VAR, j] / w[_UNIT, j])
                flat = flat and abs(w[_E, j] - before[j]) <= _FLAT
        count += stop - i
        i = stop

    products = np.empty(3)
    for j in range(n_lanes):
        products[0], products[1], products[2] = w[_DD, j], w[_DE, j], w[_EE, j]
        log_s = w[_LOG, j] + count * np.log(w[_UNIT, j])
        values[first + j] = marginal(products, log_s, count, unknowns)


@njit(cache=True)
def _has_settled(w):
    """Whether s and the gains have settled; remembers them for the next look."""
    settled = True
    for j in range(_LANES):
        s = w[_VAR, j]
        left = distance_left(s, w[_HELD : _HELD + 2, j])
        settled = settled and left <= SETTLED * s
        for a in range(3):
            unit = np.sqrt((w[_P + (0, 3, 5)[a], j] + w[_Q + (0, 3, 5)[a], j]) / s)
            left = distance_left(w[_K + a, j], w[_HELD + 2 + 2 * a : _HELD + 4 + 2 * a, j])
            settled = settled and left <= SETTLED_GAIN * unit
    return settled


@njit(cache=True)
def distance_left(value, held):
    """How far a value is from its limit. held: the value and its change at the last look."""
    change = abs(value - held[0])
    left = change * min(1.0, change / held[1]) if held[1] > 0.0 else change
    held[0], held[1] = value, change
    return left


@njit(cache=True)
def _predict(w):
    """Means and covariance over one interval whose point is missing."""
    for j in range(_LANES):
        w[_VAR, j] = 0.0  # nothing is learned
    for row in range(3):
        _product_row(w, row)
    for row in range(6):
        a, b = UPPER[row]
        _covariance(w, row, a, b)
    for first in (_M, _N):
        for j in range(_LANES):
            x, y, z = w[first, j], w[first + 1, j], w[first + 2, j]
            for row in range(3):
                f = _F + 3 * row
                w[first + row, j] = w[f, j] * x + w[f + 1, j] * y + w[f + 2, j] * z


@njit(cache=True, inline="always")
def _product_row(w, row):
    """Row `row` of F P."""
    for j in range(_LANES):
        a, b, c = w[_F + 3 * row, j], w[_F + 3 * row + 1, j], w[_F + 3 * row + 2, j]
        w[_A + 3 * row, j] = a * w[_P, j] + b * w[_P + 1, j] + c * w[_P + 2, j]
        w[_A + 3 * row + 1, j] = a * w[_P + 1, j] + b * w[_P + 3, j] + c * w[_P + 4, j]
        w[_A + 3 * row + 2, j] = a * w[_P + 2, j] + b * w[_P + 4, j] + c * w[_P + 5, j]


@njit(cache=True, inline="always")
def _covariance(w, entry, row, column):
    """An entry of F P F' + Q - K s K', with F P in the rows _A."""
    for j in range(_LANES):
        a, b, c = w[_A + 3 * row, j], w[_A + 3 * row + 1, j], w[_A + 3 * row + 2, j]
        d, e, f = w[_F + 3 * column, j], w[_F + 3 * column + 1, j], w[_F + 3 * column + 2, j]
        fall = w[_K + row, j] * w[_K + column, j] * w[_VAR, j]
        w[_P + entry, j] = a * d + b * e + c * f + w[_Q + entry, j] - fall


@njit(cache=True, fastmath=_MATH)
def _transient(record, start, stop, all_rows):
    """Filter with gains that still change: covariance, means of the record and of a constant, and
    the sums of products of their innovations over s."""
    # A fresh array: the compiler knows that it overlaps with nothing.
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for t in range(start, stop):
        x = record[t]
        # Several short loops: one long one is not vectorised.
        for j in range(_LANES):
            g0, g1, g2 = w[_G, j], w[_G + 1, j], w[_G + 2, j]
            h0 = w[_P, j] * g0 + w[_P + 1, j] * g1 + w[_P + 2, j] * g2
            h1 = w[_P + 1, j] * g0 + w[_P + 3, j] * g1 + w[_P + 4, j] * g2
            h2 = w[_P + 2, j] * g0 + w[_P + 4, j] * g1 + w[_P + 5, j] * g2
            s = w[_R, j] + g0 * h0 + g1 * h1 + g2 * h2
            w[_VAR, j] = s
            w[_INVERSE, j] = 1.0 / s
            w[_H, j] = h0
            w[_H + 1, j] = h1
            w[_H + 2, j] = h2
        for j in range(_LANES):
            h0, h1, h2, inverse = w[_H, j], w[_H + 1, j], w[_H + 2, j], w[_INVERSE, j]
            k0 = w[_S, j] + w[_F, j] * h0 + w[_F + 1, j] * h1 + w[_F + 2, j] * h2
            k1 = w[_S + 1, j] + w[_F + 3, j] * h0 + w[_F + 4, j] * h1 + w[_F + 5, j] * h2
            k2 = w[_S + 2, j] + w[_F + 6, j] * h0 + w[_F + 7, j] * h1 + w[_F + 8, j] * h2
            w[_K, j] = k0 * inverse
            w[_K + 1, j] = k1 * inverse
            w[_K + 2, j] = k2 * inverse
        _product_row(w, 0)
        _product_row(w, 1)
        _product_row(w, 2)
        _covariance(w, 0, 0, 0)
        _covariance(w, 1, 0, 1)
        _covariance(w, 2, 0, 2)
        _covariance(w, 3, 1, 1)
        _covariance(w, 4, 1, 2)
        _covariance(w, 5, 2, 2)
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_D, j] = d
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            a, b, c = w[_N, j], w[_N + 1, j], w[_N + 2, j]
            e = 1.0 - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_E, j] = e
            w[_N, j] = w[_K, j] * e + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_N + 1, j] = w[_K + 1, j] * e + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_N + 2, j] = w[_K + 2, j] * e + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            d, e, inverse = w[_D, j], w[_E, j], w[_INVERSE, j]
            w[_DD, j] += d * d * inverse
            w[_DE, j] += d * e * inverse
            w[_EE, j] += e * e * inverse
        for j in range(_LANES):
            w[_PROD, j] *= w[_VAR, j] / w[_UNIT, j]
        # Logarithms of products of a few variances, not of each.
        if t % 4 == 0 or t == stop - 1:
            for j in range(_LANES):
                w[_LOG, j] += np.log(w[_PROD, j])
                w[_PROD, j] = 1.0
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True, fastmath=_MATH)
def _settled(record, start, stop, all_rows):
    """Filter with kept gains: the record's mean, the sum of its innovations in row _SUM, and
    that of their squares over s."""
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for j in range(_LANES):
        w[_SUM, j] = 0.0
        w[_D, j] = 0.0
    for t in range(start, stop):
        x = record[t]
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
            w[_D, j] += d * d
            w[_SUM, j] += d
    for j in range(_LANES):
        w[_DD, j] += w[_D, j] / w[_VAR, j]
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True, fastmath=_MATH)
def _settled_pair(record, start, stop, all_rows):
    """Filter with kept gains: means of the record and of a constant."""
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for t in range(start, stop):
        x = record[t]
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_D, j] = d
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            a, b, c = w[_N, j], w[_N + 1, j], w[_N + 2, j]
            e = 1.0 - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_E, j] = e
            w[_N, j] = w[_K, j] * e + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_N + 1, j] = w[_K + 1, j] * e + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_N + 2, j] = w[_K + 2, j] * e + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            d, e, inverse = w[_D, j], w[_E, j], w[_INVERSE, j]
            w[_DD, j] += d * d * inverse
            w[_DE, j] += d * e * inverse
            w[_EE, j] += e * e * inverse
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True)
def marginal(products, log_s, count, unknowns):
    """Log density from the sums of products of standardised innovations, 00, 10, 11, 20, 21, 22
    (0 the record), with the baseline's coefficients integrated over a flat prior."""
    squares, log_det = products[0], 0.0
    if unknowns == 1:
        squares -= products[1] ** 2 / products[2]
        log_det = np.log(products[2])
    elif unknowns == 2:
        det = products[2] * products[5] - products[4] ** 2
        squares -= (
            products[5] * products[1] ** 2
            - 2 * products[4] * products[1] * products[3]
            + products[2] * products[3] ** 2
        ) / det
        log_det = np.log(det)
    value = -0.5 * (squares + log_det + log_s + (count - unknowns) * _LOG_2PI)
    return value if np.isfinite(value) else -np.inf
