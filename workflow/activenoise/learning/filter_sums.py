"""Running sums of squares of a track and of its exponential filters, at the ends of its frames.

With the coarse track x_0 (its start), x_1, x_2 ..., d_t = x_t - x_{t-1} and a = exp(-1/m) for each
memory m, the filters are the past increments and the low-passed track,

    E_t = a E_{t-1} + d_t,  E_0 = 0,        L_t = a L_{t-1} + (1 - a) x_t,  L_0 given.

Tracks run side by side, in double precision. Only E_t^2 and a^t E_t are added up point by point:
the rest follows at the ends of the frames from

    L_t = x_t - a E_t - a^t (x_0 - L_0),
    sum L_t^2 = sum x_t^2 - sum (x_t - L_t)^2 / a - a (L_n^2 - L_0^2)/(1 - a),
    2 a sum d_t E_{t-1} = sum E_t^2 - a^2 sum E_{t-1}^2 - sum d_t^2,

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
_DD, _XX, _SUM, _END, _X4 = 0, 1, 2, 3, 4
_E, _EE, _LOW, _LL, _E4, _L4, _CROSS = 0, 1, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class FilterSums:
    """Sums from the start of each of LANES tracks to the end of each frame.

    totals (rows, n_frames, LANES): sums of d^2, x^2 and x, then x_t and, with fourth powers, the
    sum of x^4. filters (rows, n_frames, n_memories, LANES): E_t, the sum of E^2, L_t, the sum of
    L^2 and, with fourth powers, the sums of E^4 and L^4. memories (n_memories, 1): m.
    first, low_first (LANES,): x_0 and L_0.
    """

    totals: FloatArray
    filters: FloatArray
    memories: FloatArray
    first: FloatArray
    low_first: FloatArray

    def products(self) -> FloatArray:
        """Sums of d_t E_{t-1}, (n_frames, n_memories, LANES)."""
        end, squares = self.filters[:2]
        loss = -np.expm1(-2.0 / self.memories)
        twice = loss * squares + (1.0 - loss) * end**2 - self.totals[0][:, np.newaxis]
        return 0.5 * np.exp(1.0 / self.memories) * twice


def filter_sums(
    tracks: NDArray[np.float32],
    stride: int,
    size: int,
    memories: tuple[float, ...],
    quartic: bool = False,
    centred: bool = False,
    settled: bool = False,
) -> FilterSums:
    """Sums of at most LANES tracks (n_tracks, n_points) at the ends of frames of `size` coarse
    points, memories in coarse points.

    quartic: add the fourth powers. centred: positions count from x_0. settled: L_0 is x_0 and not
    0. Where there are fewer tracks, the last of them fills the other lanes, so that the numbers of
    a track never depend on how many there are.
    """
    n_frames = tracks.shape[1] // (stride * size)
    used = tracks[:, stride - 1 : n_frames * size * stride : stride]
    lanes = np.minimum(np.arange(LANES), len(tracks) - 1)
    points = np.ascontiguousarray(used[lanes].T if len(tracks) < LANES else used.T)
    first = tracks[lanes, 0].astype(np.float64)
    zero = first if centred else np.zeros(LANES)
    first = first - zero
    low_first = first if settled else np.zeros(LANES)
    each = np.array(memories)
    totals = np.empty((5 if quartic else 4, n_frames, LANES))
    filters = np.empty((6 if quartic else 4, n_frames, len(each), LANES))
    _add_up(points, size, each, zero, first, low_first, quartic, totals, filters)
    return FilterSums(totals, filters, each[:, np.newaxis], first, low_first)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_up(points, size, memories, zero, first, low_first, quartic, totals, filters):
    """Fill totals and filters as of `FilterSums` from points (n_points, LANES).

    Arrays of the inner loops have one axis, so that the compiler knows the distances between rows.
    """
    n_memories = len(memories)
    x, d = np.empty((_BLOCK + 1) * LANES), np.empty(_BLOCK * LANES)
    of_track, of_filter = np.zeros(5 * LANES), np.zeros((n_memories, 7 * LANES))
    above, weights = np.empty(LANES), np.ones(n_memories)
    for j in range(LANES):
        x[j] = first[j]
        above[j] = first[j] - low_first[j]
        for k in range(n_memories):
            of_filter[k, _LOW * LANES + j] = low_first[j]
    for frame in range(totals.shape[1]):
        for start in range(0, size, _BLOCK):
            n = min(_BLOCK, size - start)
            for i in range(n):
                for j in range(LANES):
                    x[(i + 1) * LANES + j] = points[frame * size + start + i, j] - zero[j]
            _add_positions(x, n, quartic, d, of_track)
            for k in range(n_memories):
                decay = np.exp(-1.0 / memories[k])
                weights[k] = _add_filter(x, d, n, decay, weights[k], quartic, of_filter[k])
            for j in range(LANES):
                x[j] = x[n * LANES + j]
        for k in range(n_memories):
            t = (frame + 1) * size
            _low_squares(of_track, low_first, above, t, memories[k], of_filter[k])
            for a in range(len(filters)):
                for j in range(LANES):
                    filters[a, frame, k, j] = of_filter[k, a * LANES + j]
        for a in range(len(totals)):
            for j in range(LANES):
                totals[a, frame, j] = of_track[a * LANES + j]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_positions(x, n, quartic, d, w):
    """Increments d of a block of n points, which follow one before it, and sums over them."""
    for i in range(n):
        for j in range(LANES):
            end = x[(i + 1) * LANES + j]
            step = end - x[i * LANES + j]
            d[i * LANES + j] = step
            w[_DD * LANES + j] += step * step
            w[_XX * LANES + j] += end * end
            w[_SUM * LANES + j] += end
            w[_END * LANES + j] = end
            if quartic:
                w[_X4 * LANES + j] += end * end * (end * end)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_filter(x, d, n, decay, weight, quartic, w):
    """Sums of one filter over a block of n points. weight: a^t before it; returns that behind."""
    whole = n // _ROUND
    for i in range(whole):
        points = slice(i * _ROUND * LANES, (i + 1) * _ROUND * LANES)
        if quartic:
            _add_fourths(x[LANES:][points], d[points], _ROUND, decay, w)
        _add_squares(d[points], _ROUND, decay, weight, w)
        weight *= decay**_ROUND
    for i in range(whole * _ROUND, n):
        points = slice(i * LANES, (i + 1) * LANES)
        if quartic:
            _add_fourths(x[LANES:][points], d[points], 1, decay, w)
        _add_squares(d[points], 1, decay, weight, w)
        weight *= decay
    return weight if weight > _NEGLIGIBLE else 0.0


@njit(cache=True, inline="always")
def _add_squares(d, n, decay, weight, w):
    """Move E over n points, which is a literal, and add up E_t^2 and a^t E_t."""
    for j in range(LANES):
        e, squares, cross = w[_E * LANES + j], w[_EE * LANES + j], w[_CROSS * LANES + j]
        left = weight
        for i in range(n):
            e = decay * e + d[i * LANES + j]
            left *= decay
            squares += e * e
            cross += left * e
        w[_E * LANES + j] = e
        w[_EE * LANES + j] = squares
        w[_CROSS * LANES + j] = cross


@njit(cache=True, inline="always")
def _add_fourths(x, d, n, decay, w):
    """Move L over n points, which is a literal, from before E moves, and add up E_t^4 and L_t^4."""
    for j in range(LANES):
        e, low = w[_E * LANES + j], w[_LOW * LANES + j]
        fourths, low_fourths = w[_E4 * LANES + j], w[_L4 * LANES + j]
        for i in range(n):
            e = decay * e + d[i * LANES + j]
            low = x[i * LANES + j] + decay * (low - x[i * LANES + j])
            fourths += e * e * (e * e)
            low_fourths += low * low * (low * low)
        w[_LOW * LANES + j] = low
        w[_E4 * LANES + j] = fourths
        w[_L4 * LANES + j] = low_fourths


@njit(cache=True, nogil=True)
def _low_squares(of_track, low_first, above, t, memory, w):
    """Low-passed track and its sum of squares, t points behind the start."""
    decay, loss = np.exp(-1.0 / memory), -np.expm1(-1.0 / memory)
    left = np.exp(-t / memory)
    odd = decay * np.expm1(-2.0 * t / memory) / np.expm1(-2.0 / memory)  # sum of a^(2 t - 1)
    for j in range(LANES):
        e, squares, cross = w[_E * LANES + j], w[_EE * LANES + j], w[_CROSS * LANES + j]
        low = of_track[_END * LANES + j] - decay * e - left * above[j]
        high = decay * squares + above[j] * (2.0 * cross + odd * above[j])
        change = (low * low - low_first[j] * low_first[j]) * decay / loss
        w[_LOW * LANES + j] = low
        w[_LL * LANES + j] = of_track[_XX * LANES + j] - high - change
