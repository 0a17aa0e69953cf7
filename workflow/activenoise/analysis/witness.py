"""A witness of activity that needs no model: displacements that do not overlap and go the same way.

At equilibrium without inertia C(t), or of a free tracer -MSD(t)/2, is a mixture of decaying
exponentials with positive weights, in every medium, linear or not (docs/physics.md). Displacements
over two intervals that do not overlap then have

    <d(0, s) d(u, u + s)> = -sum over rates of weight * exp(-rate (u - s)) (1 - exp(-rate s))^2 <= 0

for u >= s, and so has every mean of them over u whose weights make a polynomial in exp(-rate s)
that is nowhere negative between 0 and 1. Two kinds of weights are used: positive ones, which see
motion that persists, and (y - a)^2 times a positive polynomial, which see a relaxation of negative
weight behind the recoil of a trap. A gap between the intervals keeps the instrument out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from activenoise.analysis.facts import WithError, WitnessFacts
from activenoise.arrays import FloatArray

FEWEST_UNITS = 16
_BLOCKS = 64  # into which all tracks together are cut, if they are long
_SHORTEST = 6  # points of a block, of those that a gap and one more take
_MOST_UNITS = 512  # tracks beyond them are taken together at random
_FLIPS = 4999
_SYMMETRIC = 2 * np.exp(3) / 9  # Pinelis's constant: Ann. Statist. 22, 357 (1994)
_SCALES = (1, 4, 16)  # lags over which a mean is taken, in spans
_RECOIL = 0.9  # exp(-rate span) of the trap whose recoil the second kind of weights is blind to


class _Laid(NamedTuple):
    """Every coordinate of every track, a series, end to end: x, in rms steps, and the series and
    unit of each point, (n_points,). length: steps of the track of each unit, (n_units,). block:
    length of a unit at most, points."""

    x: FloatArray
    series: NDArray[np.int64]
    unit: NDArray[np.int64]
    length: FloatArray
    block: float


class _Mean(NamedTuple):
    """A weighted mean over lags of the products of displacements over `span` points. parts: what
    each unit contributes, in number of pairs; they add up to 0 or less at equilibrium. scale: what
    the sum would be if all these displacements were equal."""

    span: int
    persistence: bool
    parts: FloatArray
    scale: float


def witness(
    tracks: Sequence[FloatArray], dt: float, memory: int = 1, seed: int = 0
) -> WitnessFacts:
    """Test of tracks for displacements that no overdamped medium at equilibrium makes.

    tracks: positions (n_points,) or (n_points, n_coordinates), NaN where missing, dt (s) apart.
        The mean velocity of each is taken off, and the bias that this makes is put back.
    memory: points over which the instrument correlates steps, at least 1: 1 for exact positions and
        for noise and motion blur. It is the gap between the displacements.
    seed: of the random signs.

    Nothing else is assumed of the motion: not its parameters, a normal law or a constant
    diffusivity. Tracks, or blocks of long ones, are independent units. At the border of equilibrium
    the contribution of each has a mean of 0, and its sign is drawn at random: p_equilibrium is the
    chance that the largest z over all spans and both kinds of weights is then as large. ValueError,
    in one line, where there are fewer than 16 units.

    Time is proportional to the number of points: 0.1 s for 20 000 points of two coordinates.
    """
    if memory < 1:
        raise ValueError(f"memory = {memory} must be at least 1 point")
    laid = _laid_out(tracks, memory)
    means = _means(laid, memory)
    if not means:
        raise ValueError(_too_few(len(laid.length)))
    units = _units(np.stack([mean.parts for mean in means], axis=1), seed)
    norms = np.sqrt(np.sum(units**2, axis=0))
    z = units.sum(axis=0) / norms
    best = int(np.argmax(z))
    found = means[best]
    return WitnessFacts(
        p_equilibrium=_chance(units / norms, float(z[best]), seed),
        z=float(z[best]),
        kind="persistence" if found.persistence else "relaxation",
        span=found.span * dt,
        gap=memory * dt,
        correlation=WithError(
            float(found.parts.sum() / found.scale), float(norms[best] / found.scale)
        ),
        n_units=int(np.count_nonzero(units[:, best])),
    )


def instrument_memory(response: FloatArray, dt: float, stride: int = 1) -> int:
    """Points over which an instrument correlates steps: what `witness` needs to know of it.

    response: times (s) in which a low-pass may fall to 1/e, 0 without one; after eight times their
    median what is left is e^-8, below what a million points show. stride: of the points at which a
    model fits, above 1 where the response is not that of the model. What correlates there by less
    than 0.05, and so unseen, does so by less than 1e-5 four strides on.
    """
    return max(int(np.ceil(8 * np.median(response) / dt)), 4 * stride if stride > 1 else 1)


def _too_few(n_units: int) -> str:
    return (
        f"tracks and blocks are {n_units} independent pieces of motion; at least {FEWEST_UNITS} "
        "are needed"
    )


def _laid_out(tracks: Sequence[FloatArray], memory: int) -> _Laid:
    """The tracks end to end, long ones in blocks of a length that makes some 64 of all."""
    observed = [x for x in (_trimmed(track) for track in tracks) if len(x) > 1]
    if not observed:
        raise ValueError(_too_few(0))
    n_coordinates = observed[0].shape[1]
    squares = np.concatenate([np.diff(x, axis=0) ** 2 for x in observed])
    total, count = np.nansum(squares, axis=0), np.isfinite(squares).sum(axis=0)
    if not np.all(total > 0):
        raise ValueError("a coordinate never moves, or no two of its points are neighbours")
    rms = np.sqrt(total / count)
    lengths = np.array([len(x) for x in observed])
    block = max(lengths.sum() / _BLOCKS, _SHORTEST * (memory + 1))
    blocks = np.maximum(lengths // block, 1).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(blocks)[:-1]])
    unit = [
        start + np.arange(n) * count // n
        for start, n, count in zip(first, lengths, blocks, strict=True)
    ]
    return _Laid(
        x=np.concatenate([(x / rms).T.ravel() for x in observed]),
        series=np.repeat(np.arange(len(observed) * n_coordinates), lengths.repeat(n_coordinates)),
        unit=np.concatenate([np.tile(part, n_coordinates) for part in unit]),
        length=np.repeat(lengths - 1.0, blocks),
        block=float(block),
    )


def _trimmed(track: FloatArray) -> FloatArray:
    """A track (n_points, n_coordinates) from its first to its last whole observation, less the
    first."""
    x = np.asarray(track, np.float64)
    x = x[:, None] if x.ndim == 1 else x
    seen = np.flatnonzero(np.all(np.isfinite(x), axis=1))
    if len(seen) < 2:
        return x[:0]
    return x[seen[0] : seen[-1] + 1] - x[seen[0]]


def _means(laid: _Laid, memory: int) -> list[_Mean]:
    """All means of enough units, from a span of one point to that of a block."""
    found, span = [], 1
    while _extent(1, span, memory) <= laid.block:
        found += _means_of_span(laid, span, memory)
        span *= 2
    return found


def _extent(n_lags: int, span: int, memory: int) -> float:
    """Points over which a mean over so many lags mostly reaches."""
    return memory + (n_lags / 2 + 1) * span


def _weights(n_lags: int) -> list[tuple[FloatArray, bool]]:
    """Weights of the lags, and whether all are positive."""
    persistence = np.exp(-4 * np.arange(n_lags) / n_lags)
    if n_lags < 3:
        return [(persistence, True)]
    n = np.arange(n_lags - 2)
    relaxation = np.convolve([_RECOIL**2, -2 * _RECOIL, 1.0], (n + 1) * 0.6**n)
    return [(persistence, True), (relaxation, False)]


def _means_of_span(laid: _Laid, span: int, memory: int) -> list[_Mean]:
    """The means of displacements over one span, those of each series less their own mean."""
    reaches = {n_lags: memory + (n_lags + 1) * span for n_lags in _SCALES}
    used = [
        n_lags
        for n_lags, reach in reaches.items()
        if _extent(n_lags, span, memory) <= laid.block
        and np.count_nonzero(laid.length >= 2 * reach) >= FEWEST_UNITS
    ]
    if not used:
        return []
    laid = _without_velocity(laid, span)
    at = [_products(laid, span, memory + lag * span, span) for lag in range(1, used[-1] + 1)]
    sums, pairs = (np.stack(rows, axis=1) for rows in zip(*at, strict=True))
    means = sums / np.maximum(pairs, 1)
    square, n_square = _products(laid, span, 0, span)
    found = []
    for n_lags in used:
        held = laid.length >= 2 * reaches[n_lags]
        n = np.where(held, pairs[:, :n_lags].min(axis=1), 0)
        if np.count_nonzero(n) < FEWEST_UNITS:
            continue
        scale = n.sum() * square.sum() / n_square.sum()
        for weights, persistence in _weights(n_lags):
            mean = means[:, :n_lags]
            if persistence:
                mean = mean + _put_back(laid, span, memory, n_lags)
            parts = np.where(n > 0, n * (mean @ weights), 0.0)
            found.append(_Mean(span, persistence, parts, float(scale * np.abs(weights).sum())))
    return found


def _without_velocity(laid: _Laid, span: int) -> _Laid:
    """Every series less the mean velocity of its displacements over `span` points."""
    x, series = laid.x, laid.series
    steps = x[span:] - x[:-span]
    held = np.isfinite(steps) & (series[span:] == series[:-span])
    n_series = int(series[-1]) + 1
    count = np.bincount(series[span:][held], minlength=n_series)
    total = np.bincount(series[span:][held], steps[held], n_series)
    velocity = total / np.maximum(count, 1) / span
    return laid._replace(x=x - velocity[series] * np.arange(len(x)))


def _put_back(laid: _Laid, span: int, memory: int, n_lags: int) -> FloatArray:
    """What taking off the mean velocity takes from the mean products of a free tracer at each lag,
    (n_units, n_lags).

    Of a track of M spans (all beginnings) that is s^2/M in 2 D dt, and for its ends
    2 t(s) (1/M - 1/(M - k)) / M at a lag of k points, with t(s) = (s + 1) s (s - 1)/6. 2 D dt is
    measured by the mean of a displacement times the one that encloses it by the memory at either
    side, from which noise and blur drop out; this mean has lost velocity too.
    """
    s, h = span, span + 2 * memory
    longest = memory + s * (n_lags + 1)
    # Shorter tracks are not used.
    m = np.maximum(laid.length, 2 * longest)[:, None] + 1 - s
    t, inner = (r * (r * r - 1) / 6 for r in (s, max(s - memory, 0)))
    within = m - 2 * memory
    lost = h * (s - 2 * inner / s / within) + s * h - 2 * t / within - h * (s - 2 * t / s / m)
    sums, pairs = _products(laid, span, -memory, h)
    diffusion = (sums / np.maximum(pairs, 1))[:, None] / (s - lost / m)
    k = memory + s * np.arange(1, n_lags + 1)
    return diffusion * (s * s + 2 * t * (1 / m - 1 / (m - k))) / m


def _products(
    laid: _Laid, span: int, offset: int, other: int
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Products of displacements over `span` points with those over `other` points that begin
    `offset` points later: their sums and their number in each unit. A displacement begins at every
    point, or sixteen times in a long span."""
    x, step = laid.x, max(span // 16, 1)
    low, high = min(offset, 0), max(offset + other, span)
    begin = np.arange(-low, len(x) - high, step)
    if not begin.size:
        return np.zeros(len(laid.length)), np.zeros(len(laid.length), np.int64)

    def at(shift: int) -> slice:
        return slice(begin[0] + shift, begin[-1] + shift + 1, step)

    products = (x[at(span)] - x[at(0)]) * (x[at(offset + other)] - x[at(offset)])
    held = np.isfinite(products) & (laid.series[at(low)] == laid.series[at(high)])
    unit, n_units = laid.unit[at(0)][held], len(laid.length)
    sums = np.bincount(unit, products[held], n_units).astype(np.float64)
    return sums, np.bincount(unit, minlength=n_units)


def _units(parts: FloatArray, seed: int) -> FloatArray:
    """The contributions (n_units, n_means) of 512 units at most: beyond, of random groups."""
    if len(parts) <= _MOST_UNITS:
        return parts
    order = np.random.default_rng([seed, 1]).permutation(len(parts))
    return np.add.reduceat(parts[order], np.arange(_MOST_UNITS) * len(parts) // _MOST_UNITS)


def _chance(standardised: FloatArray, largest: float, seed: int) -> float:
    """Chance of so large a largest z if the sign of every unit is random, (n_units, n_means).

    By random signs; far out by Pinelis's bound of it for any size of the units, for each mean.
    """
    signs = np.random.default_rng([seed, 2]).choice([-1.0, 1.0], (_FLIPS, len(standardised)))
    as_large = np.count_nonzero(np.max(signs @ standardised, axis=1) >= largest)
    bound = _SYMMETRIC * standardised.shape[1] * norm.sf(largest)
    return float(min((1 + as_large) / (1 + _FLIPS), bound))
