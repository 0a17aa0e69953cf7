"""Sums over k of l^k z_k of long sequences z, for many l at a cost that hardly grows with their
length.

Over a block that is as long as all before it, l^k is smooth where l is near 1 and nothing
elsewhere: a polynomial through a few nodes, for which z has weights.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

Numbers = NDArray[Any]  # real where all of them are, complex otherwise

_HEAD = 64  # points of a sequence by themselves
_NODES = 24  # of each block behind them, which leave an error of 4^-24 in exp(-x)
_ANGLES = np.pi * (np.arange(_NODES) + 0.5) / _NODES
_NODES_AT = (1 - np.cos(_ANGLES)) / 2  # Chebyshev's, in 0 ... 1
_PIECE = 1 << 15  # points of a block at a time, to spare memory
_SHORT = 1 << 12  # points of a block whose polynomials are kept
_FAST = 0.55  # an l of this size is nothing to the power _HEAD
_NOTHING = 1e-5  # and this one surely
_DECAY = 0.7  # least -Re(log l)/|log l| of a slower one, for which so few nodes are enough


class PowerSums:
    """The sums of sequences of n points, for any l with |l| < 1 that is `smooth`: products of
    `powers` of l and `weights` of a sequence, both (..., p)."""

    def __init__(self, n: int) -> None:
        self._n, self._starts, start = n, list[int](), _HEAD
        while start < n:
            self._starts.append(start)
            start *= 2
        at = [start * (1 + _NODES_AT) for start in self._starts]
        self._at = np.concatenate([np.empty(0), *at])

    def weights(self, z: FloatArray) -> FloatArray:
        """Of sequences (q, n): their first points, and what falls to the nodes behind them."""
        parts = [z[:, :_HEAD]]
        for start in self._starts:
            block = np.zeros((len(z), _NODES))
            for first in range(start, min(2 * start, self._n), _PIECE):
                part = z[:, first : min(first + _PIECE, 2 * start)]
                polynomials = _kept if part.shape[1] <= _SHORT else _polynomials
                block += part @ polynomials(start, first, part.shape[1])
            parts.append(block)
        return np.concatenate(parts, axis=1)

    def powers(self, l: Numbers) -> Numbers:
        """Of any l: those of the first points and of the nodes."""
        head = np.repeat(l[..., None], min(self._n, _HEAD), axis=-1)
        head[..., 0] = 1.0
        slow = _logarithms(np.where(np.abs(l) > _FAST, l, _NOTHING))
        return np.concatenate([np.cumprod(head, axis=-1), np.exp(slow[..., None] * self._at)], -1)


def smooth(l: Numbers) -> NDArray[np.bool_]:
    """Whether powers of l, |l| < 1, are nothing or vary so slowly that the nodes are enough."""
    logs = np.log(l.astype(complex))
    return (np.abs(l) <= _FAST) | (-logs.real >= _DECAY * np.abs(logs))


def _polynomials(start: int, first: int, count: int) -> FloatArray:
    """Lagrange's polynomials of the nodes of the block from `start` on at points first, first + 1,
    ..., in their barycentric form, (count, _NODES)."""
    apart = ((first + np.arange(count)) / start - 1)[:, None] - _NODES_AT
    apart[apart == 0] = np.finfo(float).tiny
    shares = np.sin(_ANGLES) * (-1.0) ** np.arange(_NODES) / apart
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


_kept = lru_cache(maxsize=64)(_polynomials)  # for many tracks, block after block


def _logarithms(l: Numbers) -> Numbers:
    """log l, real where every l is real and positive."""
    logs = np.log(l.astype(complex))
    return logs if logs.imag.any() else logs.real
