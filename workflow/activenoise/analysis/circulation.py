"""Circulation of two coordinates, which proves activity and which one coordinate cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from activenoise.analysis.facts import CirculationFacts
from activenoise.arrays import FloatArray

_BLOCKS = 200  # of one track, at most
_FEWEST_BLOCKS = 8


def circulation(
    tracks: Sequence[tuple[FloatArray, FloatArray]],
    dt: float,
    n_lags: int = 20,
    n_surrogates: int = 400,
    seed: int = 0,
) -> CirculationFacts:
    """Test of two coordinates for circulation, over one track or several.

    In a reversible stationary state <x(0) y(t)> = <y(0) x(t)>, so the antisymmetric part of the
    cross-correlation is 0. Its error comes from the tracks themselves: each is cut in blocks much
    longer than the correlation of x and y, and the sign of each block's contribution is drawn at
    random, which under reversibility (x, y run backwards has the same law) leaves its law
    unchanged. A track too short for two blocks is one block.

    tracks: x and y of each, (n_points,), length, NaN where missing, dt (s) apart. ValueError where
    there are fewer than 8 blocks; one track must be 16 correlation times long.
    """
    centred = [_centred(x, y) for x, y in tracks]
    lengths = [_correlation_length(x) + _correlation_length(y) for x, y in centred]
    counts = [
        max(min(len(x) // (2 * length), _BLOCKS), 1)
        for (x, _), length in zip(centred, lengths, strict=True)
    ]
    if sum(counts) < _FEWEST_BLOCKS:
        raise ValueError(_too_short(centred, lengths))
    lags = np.unique(np.geomspace(1, max(2 * max(lengths), 2), n_lags).astype(np.int64))
    parts = [_blocks(x, y, n, lags) for (x, y), n in zip(centred, counts, strict=True)]
    sums, pairs = (np.concatenate(rows) for rows in zip(*parts, strict=True))
    held = pairs.sum(axis=0) > 0
    lags, sums, total = lags[held], sums[:, held], pairs.sum(axis=0)[held]
    value = sums.sum(axis=0) / total
    error = np.sqrt(np.sum(sums**2, axis=0)) / total
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (n_surrogates, len(sums)))
    scale = np.where(error > 0, error, np.inf)
    highest = np.max(np.abs(signs @ sums / total / scale), axis=1)
    statistic = float(np.max(np.abs(value) / scale))
    square = np.nanmean(np.concatenate([x**2 + y**2 for x, y in centred]))
    scaled = 2 / (square * lags[0] * dt)
    return CirculationFacts(
        statistic=statistic,
        p_reversible=float((1 + np.sum(highest >= statistic)) / (1 + n_surrogates)),
        rate=float(scaled * value[0]),
        rate_error=float(scaled * error[0]),
    )


def circulations(
    tracks: Mapping[str, Mapping[str, FloatArray]], dt: float, seed: int
) -> dict[str, CirculationFacts | str]:
    """Circulation of each pair of coordinates, or why it cannot be tested. tracks: positions
    (n_points,) by track and coordinate, dt (s) apart."""
    found: dict[str, CirculationFacts | str] = {}
    names = list(next(iter(tracks.values())))
    for first, second in combinations(names, 2):
        try:
            found[f"{first}, {second}"] = circulation(
                [(parts[first], parts[second]) for parts in tracks.values()], dt, seed=seed
            )
        except ValueError as reason:
            found[f"{first}, {second}"] = str(reason)
    return found


def _centred(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"x of shape {x.shape} and y of shape {y.shape} must be (n_points,) alike")
    return x - np.nanmean(x), y - np.nanmean(y)


def _too_short(tracks: Sequence[tuple[FloatArray, FloatArray]], lengths: Sequence[int]) -> str:
    n = sum(len(x) for x, _ in tracks)
    times = sum(len(x) / length for (x, _), length in zip(tracks, lengths, strict=True))
    return f"{n} points are {times:.1f} correlation times; at least 16 are needed"


def _blocks(
    x: FloatArray, y: FloatArray, n_blocks: int, lags: np.ndarray
) -> tuple[FloatArray, FloatArray]:
    """Sums of [x(0) y(t) - y(0) x(t)]/2 over each block of a track, and numbers of pairs, each
    (n_blocks, n_lags)."""
    size = len(x) // n_blocks
    sums, pairs = np.zeros((n_blocks, len(lags))), np.zeros((n_blocks, len(lags)))
    for i, k in enumerate(lags):
        if k >= len(x):
            break
        products = 0.5 * (x[:-k] * y[k:] - y[:-k] * x[k:])
        held = np.isfinite(products)
        block = np.minimum(np.arange(len(products)) // size, n_blocks - 1)
        sums[:, i] = np.bincount(block[held], products[held], n_blocks)
        pairs[:, i] = np.bincount(block[held], minlength=n_blocks)
    return sums, pairs


def _correlation_length(x: FloatArray) -> int:
    """Points in which the autocorrelation falls to 1/e."""
    filled = np.where(np.isfinite(x), x, 0.0)
    spectrum = np.abs(np.fft.rfft(filled, 2 * len(x))) ** 2
    covariance = np.fft.irfft(spectrum)[: len(x)]
    below = np.flatnonzero(covariance < covariance[0] / np.e)
    return int(below[0]) if below.size else len(x)
