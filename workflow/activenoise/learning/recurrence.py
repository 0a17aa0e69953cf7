"""The recurrence of an LSTM and its gradient, compiled: units side by side, four tracks at a time.

    i, f, o = sigmoid(.), g = tanh(.) of the sums [x_t, h_(t-1), 1] W
    c_t = f c_(t-1) + i g,   h_t = o tanh(c_t)

(Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates in the order of
Keras: input, forget, cell, output.) The networks here have few units, and a framework spends most
of a training step between one small operation and the next.

The gradient keeps outputs and cells alone and computes the gates again, which costs less than to
write them down and to read them back. The state before the first frame is zero. The inputs are data
of which no weight makes anything: slopes in them are not computed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import Float32Array
from activenoise.likelihood.vectors import (
    ROUND,
    WIDTH,
    add_products,
    fused,
    larger,
    load,
    splat,
    store,
    times_exp2,
)

_F32 = np.float32
_TRACKS = 4  # that are computed at once
_CHUNK = 64  # rows of two factors that stay in the nearest cache


def outputs(
    x: Float32Array, kernel: Float32Array, recurrent: Float32Array, bias: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Outputs h and cells c at every frame, each (n_tracks, n_frames, units).

    x: inputs (n_tracks, n_frames, n_inputs). kernel (n_inputs, 4 units), recurrent (units, 4 units)
    and bias (4 units): the weights of `keras.layers.LSTM`.
    """
    weights = _stacked(kernel, recurrent, bias)
    groups = _padded(x, (_TRACKS, 1, 1))
    hidden = np.empty((*groups.shape[:2], weights.shape[2]), _F32)
    cells = np.empty_like(hidden)
    _forward(groups, _by_blocks(weights), hidden, cells)
    own = np.s_[: len(x), :, : len(recurrent)]
    return hidden[own], cells[own]


def slopes(
    of_hidden: Float32Array,
    of_last_cell: Float32Array,
    x: Float32Array,
    hidden: Float32Array,
    cells: Float32Array,
    kernel: Float32Array,
    recurrent: Float32Array,
    bias: Float32Array,
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Slopes of a loss in kernel, recurrent and bias.

    of_hidden (n_tracks, n_frames, units), of_last_cell (n_tracks, units): its slopes in the outputs
    and in the cells of the last frame. hidden, cells, x and the weights: as of `outputs`.
    """
    n_x, units = len(kernel), len(recurrent)
    weights = _stacked(kernel, recurrent, bias)
    rows, _, width = weights.shape
    flat = weights.reshape(rows, -1)
    of_weights = np.zeros_like(flat)
    of_hidden, hidden, cells = (
        _padded(values, (_TRACKS, 1, WIDTH)) for values in (of_hidden, hidden, cells)
    )
    _backward(
        of_hidden, _padded(of_last_cell, (_TRACKS, WIDTH)), _padded(x, (_TRACKS, 1, 1)), hidden,
        cells, _by_blocks(weights), np.ascontiguousarray(flat[n_x : n_x + width].T), of_weights,
    )  # fmt: skip
    own = of_weights.reshape(weights.shape)[..., :units].reshape(rows, -1)
    return own[:n_x], own[n_x : n_x + units], own[n_x + width]


def _padded(values: Float32Array, multiples: tuple[int, ...]) -> Float32Array:
    """With zeros behind, so that each length is a multiple of its number."""
    behind = [(0, -n % m) for n, m in zip(values.shape, multiples, strict=True)]
    return np.ascontiguousarray(np.pad(values, behind) if np.any(behind) else values)


def _stacked(kernel: Float32Array, recurrent: Float32Array, bias: Float32Array) -> Float32Array:
    """The weights of [x, h, 1] with units and rows filled up: (rows, 4 gates, units).

    A unit that only fills has no weights: its output and the slopes of its gates are zero.
    """
    by_gate = [w.reshape(-1, 4, len(recurrent)) for w in (kernel, recurrent, bias)]
    of_x, of_h, of_1 = (_padded(w, (1, 1, WIDTH)) for w in by_gate)
    return _padded(np.concatenate([of_x, _padded(of_h, (WIDTH, 1, 1)), of_1]), (4, 1, 1))


def _by_blocks(weights: Float32Array) -> Float32Array:
    """In the order in which the gates are summed: (blocks of units * rows * 4 gates, WIDTH)."""
    blocks = weights.reshape(len(weights), 4, -1, WIDTH).transpose(2, 0, 1, 3)
    return np.ascontiguousarray(blocks).reshape(-1, WIDTH)


@njit(cache=True, forceinline=True)
def _sigmoid(x):
    bound = splat(_F32(100.0))
    zero, one = splat(_F32(0.0)), splat(_F32(1.0))
    t = zero - larger(splat(_F32(1.44269504)) * x, zero - bound)
    return one / (one + times_exp2(one, larger(t, zero - bound), splat(ROUND)))


@njit(cache=True, forceinline=True)
def _tanh(x):
    two = splat(_F32(2.0))
    return fused(two, _sigmoid(two * x), splat(_F32(-1.0)))


@njit(cache=True, forceinline=True)
def _gates(sums, r):
    """Gates of a block of units of track r."""
    row = 4 * r
    i, f = _sigmoid(load(sums, row)), _sigmoid(load(sums, row + 1))
    return i, f, _tanh(load(sums, row + 2)), _sigmoid(load(sums, row + 3))


@njit(cache=True, nogil=True)
def _forward(x, weights, hidden, cells):
    n_tracks, n_frames, n_x = x.shape
    units = hidden.shape[2]
    blocks = units // WIDTH
    rows = len(weights) // (4 * blocks)
    h, c = hidden.reshape(-1, WIDTH), cells.reshape(-1, WIDTH)
    states = np.empty((_TRACKS, rows), _F32)
    last = np.empty((blocks * _TRACKS, WIDTH), _F32)
    sums = np.empty((4 * _TRACKS, WIDTH), _F32)
    for track in range(0, n_tracks, _TRACKS):
        states[:], states[:, n_x + units], last[:] = 0, 1, 0
        for t in range(n_frames):
            for r in range(_TRACKS):
                states[r, :n_x] = x[track + r, t]
            for j in range(blocks):
                sums[:] = 0
                add_products(rows, sums, 0, 4, weights, 4 * rows * j, 4, 4, states, 0, 1, 4, rows)
                for r in range(_TRACKS):
                    i, f, g, o = _gates(sums, r)
                    row = ((track + r) * n_frames + t) * blocks + j
                    cell = fused(f, load(last, j * _TRACKS + r), i * g)
                    store(last, j * _TRACKS + r, cell)
                    store(c, row, cell)
                    store(h, row, o * _tanh(cell))
            for r in range(_TRACKS):
                states[r, n_x : n_x + units] = hidden[track + r, t]


@njit(cache=True, nogil=True)
def _backward(of_h, of_last_cell, x, hidden, cells, weights, recurrent, total):
    """Add to total (rows, 4 units). recurrent: transposed and filled up."""
    n_tracks, n_frames, n_x = x.shape
    units = hidden.shape[2]
    blocks = units // WIDTH
    rows = len(total)
    h_slopes, c = of_h.reshape(-1, WIDTH), cells.reshape(-1, WIDTH)
    columns = recurrent.reshape(-1, WIDTH)
    # Of some tracks in turns, frame by frame: what goes into the gates, and the gates' slopes.
    states = np.zeros((_TRACKS * n_frames, rows), _F32)
    states[:, n_x + units] = 1
    own = np.empty((_TRACKS * n_frames, 4 * units), _F32)
    of_gates, of_weights = own.reshape(-1, WIDTH), total.reshape(-1, WIDTH)
    back = np.empty((_TRACKS * blocks, WIDTH), _F32)  # slopes of the outputs and cells before
    back_cells = np.empty_like(back)
    sums = np.empty((4 * _TRACKS, WIDTH), _F32)
    one = splat(_F32(1.0))
    for track in range(0, n_tracks, _TRACKS):
        back[:] = 0
        back_cells[:] = of_last_cell[track : track + _TRACKS].reshape(-1, WIDTH)
        for r in range(_TRACKS):
            states[r::_TRACKS, :n_x] = x[track + r]
            states[r, n_x : n_x + units] = 0
            states[_TRACKS + r :: _TRACKS, n_x : n_x + units] = hidden[track + r, :-1]
        for t in range(n_frames - 1, -1, -1):
            first = _TRACKS * t
            for j in range(blocks):
                sums[:] = 0
                add_products(
                    rows, sums, 0, 4, weights, 4 * rows * j, 4, 4, states, first * rows, 1, 4, rows
                )
                for r in range(_TRACKS):
                    i, f, g, o = _gates(sums, r)
                    row = ((track + r) * n_frames + t) * blocks + j
                    at = r * blocks + j
                    tanh = _tanh(load(c, row))
                    before = load(c, row - blocks) if t > 0 else splat(_F32(0.0))
                    of_output = load(h_slopes, row) + load(back, at)
                    of_cell = load(back_cells, at) + of_output * o * (one - tanh * tanh)
                    store(back_cells, at, of_cell * f)
                    row = (first + r) * 4 * blocks + j
                    store(of_gates, row, of_cell * g * i * (one - i))
                    store(of_gates, row + blocks, of_cell * before * f * (one - f))
                    store(of_gates, row + 2 * blocks, of_cell * i * (one - g * g))
                    store(of_gates, row + 3 * blocks, of_output * tanh * o * (one - o))
            back[:] = 0
            at = first * 4 * units
            for j in range(blocks):
                add_products(
                    4 * units, back, j, blocks, columns, j, blocks, 1, own, at, 1, 4, 4 * units
                )
        _add_matrices(states, own, of_weights)


@njit(cache=True)
def _add_matrices(states, own, total):
    """Add the product of the transpose of states (n, rows) and own (n, columns) to total."""
    n, rows = states.shape
    columns = own.shape[1] // WIDTH
    factors = own.reshape(-1, WIDTH)
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        for v in range(0, columns, 4):
            for k in range(0, rows, 4):
                top = k * columns + v
                row, number = start * columns + v, start * rows + k
                add_products(
                    size, total, top, columns, factors, row, columns, 4, states, number, rows, 4, 1
                )
