"""Exact likelihood of many recorded tracks, each under a model and an instrument of its own.

The filter of `kalman` with the tracks side by side: a lane has its own track and system, and once
the gains of all lanes have settled, a point costs a few products. It is the inverse of
`simulation.recorded`, which makes such tracks: the start is stationary.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray, TrackArray
from activenoise.likelihood.lanes import marginal
from activenoise.likelihood.positions import Prefixes, check_tracks
from activenoise.physics.gains import END, MATH, SCALE, F, G, K, advance_gains
from activenoise.threads import in_threads

_LANES, _CHUNK = 32, 64
# Rows of the work space, behind those of the gains: 1/s and log s, the state of the track and that
# of a constant, their innovations, and the sums of log s and of products of innovations over s.
_INVERSE, _LOG, _M, _N, _D, _E = END, END + 1, END + 2, END + 5, END + 8, END + 9
_LOGS, _DD, _DE, _EE, _ROWS = END + 10, END + 11, END + 12, END + 13, END + 14


def log_likelihood(
    systems: FloatArray,
    tracks: TrackArray,
    at: Prefixes | None = None,
    known_zero: bool = True,
) -> FloatArray:
    """Log density of each recorded track under a system of its own, nats, float64 (n_tracks,), or
    (n_tracks, len(at)).

    systems: (28, n_tracks), of up to three states (`system.packed`). tracks: (n_tracks, n_points),
    float32 or float64, filtered in double precision. at: increasing prefix lengths, in points;
    without it whole tracks. known_zero: whether the tracks' zero is the trap's; otherwise it is
    marginalised with a flat prior, as free tracers and drifts that walk need. ValueError where
    systems and tracks do not match.
    """
    tracks, at_array, squeeze = check_tracks(tracks, at)
    if systems.shape[1] != len(tracks):
        raise ValueError(f"{systems.shape[1]} systems do not match {len(tracks)} tracks")
    values = np.empty((len(tracks), len(at_array)))
    groups = -(-len(tracks) // _LANES)
    in_threads(_filter, groups, tracks, systems, at_array, known_zero, values)
    return values[:, 0] if squeeze else values


@njit(cache=True, nogil=True)
def _filter(start, stop, tracks, systems, at, known_zero, values):
    for group in range(start, stop):
        _filter_group(tracks, group * _LANES, systems, at, known_zero, values)


@njit(cache=True, fastmath=MATH)
def _filter_group(tracks, row, systems, at, known_zero, values):
    """Filter tracks row ... row + _LANES - 1 side by side."""
    n_lanes = min(_LANES, len(tracks) - row)
    lanes = row + np.minimum(np.arange(_LANES), n_lanes - 1)  # those beyond the last repeat it
    w = np.zeros((_ROWS, _LANES))
    for k in range(len(systems)):
        for j in range(_LANES):
            w[k, j] = systems[k, lanes[j]]
    x = np.empty((_CHUNK, _LANES))
    products = np.empty(3)
    resting = np.zeros(_LANES, np.bool_)
    settled = False
    done = 0
    for checkpoint in range(len(at)):
        while done < at[checkpoint]:
            n = min(_CHUNK, at[checkpoint] - done)
            for j in range(_LANES):
                for i in range(n):
                    x[i, j] = tracks[lanes[j], done + i]
            for i in range(n):
                if not settled:
                    settled = advance_gains(w, resting)
                    for j in range(_LANES):
                        w[_INVERSE, j] = 1.0 / w[SCALE, j] ** 2
                        w[_LOG, j] = -np.log(w[_INVERSE, j])
                for j in range(_LANES):
                    w[_D, j] = x[i, j]
                    w[_LOGS, j] += w[_LOG, j]
                _advance_state(w, _M, _D)
                if known_zero:
                    for j in range(_LANES):
                        w[_DD, j] += w[_D, j] * w[_D, j] * w[_INVERSE, j]
                else:
                    for j in range(_LANES):
                        w[_E, j] = 1.0
                    _advance_state(w, _N, _E)
                    for j in range(_LANES):
                        d, e, inverse = w[_D, j], w[_E, j], w[_INVERSE, j]
                        w[_DD, j] += d * d * inverse
                        w[_DE, j] += d * e * inverse
                        w[_EE, j] += e * e * inverse
            done += n
        for j in range(n_lanes):
            products[0], products[1], products[2] = w[_DD, j], w[_DE, j], w[_EE, j]
            unknowns = 0 if known_zero else 1
            values[row + j, checkpoint] = marginal(products, w[_LOGS, j], done, unknowns)


@njit(cache=True, inline="always")
def _advance_state(w, m, d):
    """Turn a point in row d into its innovation, and rows m ... m + 2 into the next state."""
    for j in range(_LANES):
        a, b, c = w[m, j], w[m + 1, j], w[m + 2, j]
        e = w[d, j] - w[G, j] * a - w[G + 1, j] * b - w[G + 2, j] * c
        w[d, j] = e
        x = w[K, j] * e + w[F, j] * a + w[F + 1, j] * b + w[F + 2, j] * c
        y = w[K + 1, j] * e + w[F + 3, j] * a + w[F + 4, j] * b + w[F + 5, j] * c
        z = w[K + 2, j] * e + w[F + 6, j] * a + w[F + 7, j] * b + w[F + 8, j] * c
        w[m, j], w[m + 1, j], w[m + 2, j] = x, y, z
