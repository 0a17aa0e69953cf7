"""Running sums of squares of a track and of its exponential filters, at the ends of its frames.

With the coarse track x_0 (its start), x_1, x_2 ..., d_t = x_t - x_{t-1} and a = exp(-1/m) for each
memory m, the filters are the past increments and the low-passed track,

    E_t = a E_{t-1} + d_t,  E_0 = 0,        L_t = a L_{t-1} + (1 - a) x_t,  L_0 = 0.

Tracks run side by side, in double precision. Only E_t^2 and a^t E_t are added up point by point:
the rest follows at the ends of the frames from

    L_t = x_t - a E_t - a^t x_0,
    sum L_t^2 = sum x_t^2 - sum (x_t - L_t)^2 / a - a L_n^2/(1 - a),

of which the second is the sum of L_t^2 - L_{t-1}^2 = (L_t - L_{t-1})(L_t + L_{t-1}) with
L_t - L_{t-1} = (1 - a)(x_t - L_t)/a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

LANES = 32  # tracks side by side; of 16, the inner loops are unrolled and then not vectorised
_BLOCK = 64  # points of all lanes that the filters run over in turn: they stay in the fast cache
_ROUND = 4  # points between which the state of a filter stays in registers
_NEGLIGIBLE = 1e-30  # weights a^t below this are 0: denormal numbers are slow
# Rows of the totals, one number a frame, and of the filters, one a memory.
_DD, _XX, _SUM, _END, _X4, _ZERO = 0, 1, 2, 3, 4, 5
_E, _EE, _LOW, _LL, _E4, _L4, _CROSS = 0, 1, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class FilterSums:
    """Sums from the start of each of LANES tracks to the end of each frame.

    totals (rows, n_frames, LANES): sums of d^2, x^2 and x, then x_t and, with fourth powers, the
    sum of x^4. filters (rows, n_frames, n_memories, LANES): E_t, the sum of E^2, L_t, the sum of
    L^2 and, with fourth powers, the sums of E^4 and L^4. first (LANES,): x_0.
    """

    totals: FloatArray
    filters: FloatArray
    first: FloatArray


def filter_sums(
    tracks: NDArray[np.float32],
    stride: int,
    size: int,
    memories: FloatArray,
    quartic: bool = False,
    centred: bool = False,
) -> FilterSums:
    """Sums of at most LANES tracks (n_tracks, n_points) at the ends of frames of `size` coarse
    points, memories (n_memories,) in coarse points.

    quartic: add the fourth powers. centred: positions count from x_0. Where there are fewer tracks,
    the last of them fills the other lanes, so that the numbers of a track never depend on how many
    there are.
    """
    n_frames = tracks.shape[1] // (stride * size)
    used = tracks[:, stride - 1 : n_frames * size * stride : stride]
    lanes = np.minimum(np.arange(LANES), len(tracks) - 1)
    points = np.ascontiguousarray(used[lanes].T if len(tracks) < LANES else used.T)
    first = tracks[lanes, 0].astype(np.float64)
    zero = first if centred else np.zeros(LANES)
    totals = np.empty((5 if quartic else 4, n_frames, LANES))
    filters = np.empty((6 if quartic else 4, n_frames, len(memories), LANES))
    _add_up(points.reshape(-1), size, memories, zero, first - zero, quartic, totals, filters)
    return FilterSums(totals, filters, first - zero)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_up(points, size, memories, zero, first, quartic, totals, filters):
    """Fill totals and filters as of `FilterSums` from points (n_points * LANES,).

    Arrays of the inner loops have one axis, so that the compiler knows the distances between rows.
    """
    n_memories = len(memories)
    d = np.empty(_BLOCK * LANES)
    of_track, of_filter = np.zeros(6 * LANES), np.zeros((n_memories, 7 * LANES))
    weights = np.zeros(n_memories)
    for j in range(LANES):
        of_track[_END * LANES + j] = first[j]
        of_track[_ZERO * LANES + j] = zero[j]
        if first[j] != 0.0:
            weights[:] = 1.0
    for frame in range(totals.shape[1]):
        for start in range(0, size, _BLOCK):
            n = min(_BLOCK, size - start)
            begin = frame * size + start
            x = points[begin * LANES : (begin + n) * LANES]
            _add_positions(x, n, quartic, d, of_track)
            for k in range(n_memories):
                decay = np.exp(-1.0 / memories[k])
                w = of_filter[k]
                if quartic:
                    _add_fourths(x, d, n, decay, of_track, w)
                weights[k] = _add_squares(d, n, decay, weights[k], w)
        for k in range(n_memories):
            t = (frame + 1) * size
            _low_squares(of_track, first, t, memories[k], of_filter[k])
            for a in range(len(filters)):
                for j in range(LANES):
                    filters[a, frame, k, j] = of_filter[k, a * LANES + j]
        for a in range(len(totals)):
            for j in range(LANES):
                totals[a, frame, j] = of_track[a * LANES + j]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_positions(x, n, quartic, d, w):
    """Increments d of a block of n points and sums over them."""
    whole = n // _ROUND
    for i in range(whole):
        _move_positions(x[i * _ROUND * LANES :], d[i * _ROUND * LANES :], _ROUND, w)
    for i in range(whole * _ROUND, n):
        _move_positions(x[i * LANES :], d[i * LANES :], 1, w)
    if quartic:
        for i in range(n):
            for j in range(LANES):
                end = x[i * LANES + j] - w[_ZERO * LANES + j]
                w[_X4 * LANES + j] += end * end * (end * end)


@njit(cache=True, inline="always")
def _move_positions(x, d, n, w):
    """Take in n points, which is a literal."""
    for j in range(LANES):
        zero, before = w[_ZERO * LANES + j], w[_END * LANES + j]
        increments, squares, total = w[_DD * LANES + j], w[_XX * LANES + j], w[_SUM * LANES + j]
        for i in range(n):
            end = x[i * LANES + j] - zero
            step = end - before
            before = end
            d[i * LANES + j] = step
            increments += step * step
            squares += end * end
            total += end
        w[_END * LANES + j] = before
        w[_DD * LANES + j] = increments
        w[_XX * LANES + j] = squares
        w[_SUM * LANES + j] = total


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_squares(d, n, decay, weight, w):
    """Move E over a block of n points and add up E_t^2 and, where weight, the a^t before the block,
    still matters, a^t E_t. Returns the weight behind."""
    whole = n // _ROUND
    if weight > _NEGLIGIBLE:
        for i in range(whole):
            weight = _move_weighted(d[i * _ROUND * LANES :], _ROUND, decay, weight, w)
        for i in range(whole * _ROUND, n):
            weight = _move_weighted(d[i * LANES :], 1, decay, weight, w)
    else:
        for i in range(whole):
            _move_squares(d[i * _ROUND * LANES :], _ROUND, decay, w)
        for i in range(whole * _ROUND, n):
            _move_squares(d[i * LANES :], 1, decay, w)
    return weight


@njit(cache=True, inline="always")
def _move_squares(d, n, decay, w):
    """Move over n points, which is a literal."""
    for j in range(LANES):
        e, squares = w[_E * LANES + j], w[_EE * LANES + j]
        for i in range(n):
            e = decay * e + d[i * LANES + j]
            squares += e * e
        w[_E * LANES + j] = e
        w[_EE * LANES + j] = squares


@njit(cache=True, inline="always")
def _move_weighted(d, n, decay, weight, w):
    """Move over n points, which is a literal, with the weighted sum."""
    for j in range(LANES):
        e, squares, cross = w[_E * LANES + j], w[_EE * LANES + j], w[_CROSS * LANES + j]
        left = weight
        for i in range(n):
            left *= decay
            e = decay * e + d[i * LANES + j]
            squares += e * e
            cross += left * e
        w[_E * LANES + j] = e
        w[_EE * LANES + j] = squares
        w[_CROSS * LANES + j] = cross
    return weight * decay**n


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_fourths(x, d, n, decay, of_track, w):
    """Move L over a block of n points, before E moves, and add up E_t^4 and L_t^4."""
    e = np.empty(2 * LANES)  # and the zero of positions
    for j in range(LANES):
        e[j] = w[_E * LANES + j]
        e[LANES + j] = of_track[_ZERO * LANES + j]
    whole = n // _ROUND
    for i in range(whole):
        _move_fourths(x[i * _ROUND * LANES :], d[i * _ROUND * LANES :], _ROUND, decay, e, w)
    for i in range(whole * _ROUND, n):
        _move_fourths(x[i * LANES :], d[i * LANES :], 1, decay, e, w)


@njit(cache=True, inline="always")
def _move_fourths(x, d, n, decay, state, w):
    """The same over n points, which is a literal."""
    for j in range(LANES):
        e, zero, low = state[j], state[LANES + j], w[_LOW * LANES + j]
        fourths, low_fourths = w[_E4 * LANES + j], w[_L4 * LANES + j]
        for i in range(n):
            e = decay * e + d[i * LANES + j]
            low = x[i * LANES + j] - zero + decay * (low - (x[i * LANES + j] - zero))
            fourths += e * e * (e * e)
            low_fourths += low * low * (low * low)
        state[j] = e
        w[_LOW * LANES + j] = low
        w[_E4 * LANES + j] = fourths
        w[_L4 * LANES + j] = low_fourths


@njit(cache=True, nogil=True)
def _low_squares(of_track, first, t, memory, w):
    """Low-passed track and its sum of squares, t points behind the start."""
    decay, loss = np.exp(-1.0 / memory), -np.expm1(-1.0 / memory)
    left, rate = np.exp(-t / memory), decay / loss
    odd = decay * np.expm1(-2.0 * t / memory) / np.expm1(-2.0 / memory)  # sum of a^(2 t - 1)
    for j in range(LANES):
        e, squares, cross = w[_E * LANES + j], w[_EE * LANES + j], w[_CROSS * LANES + j]
        low = of_track[_END * LANES + j] - decay * e - left * first[j]
        high = decay * squares + first[j] * (2.0 * cross + odd * first[j])
        change = low * low * rate
        w[_LOW * LANES + j] = low
        w[_LL * LANES + j] = of_track[_XX * LANES + j] - high - change
