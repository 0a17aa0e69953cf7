"""Posterior-predictive bands: in which range a record of a model has its statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.signal import welch

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel
from activenoise.simulation.records import simulate_records

Build = Callable[[int], tuple[LinearModel, Instrument]]


class Band(NamedTuple):
    """A statistic of a record against what records of the posterior have. at: lags or frequencies;
    data, and the 2.5, 16, 50, 84 and 97.5 % quantiles of simulated records (5, n); inside: the
    part of `at` where the data lie in the central 95 %."""

    at: FloatArray
    data: FloatArray
    quantiles: FloatArray

    @property
    def inside(self) -> float:
        low, high = self.quantiles[0], self.quantiles[-1]
        return float(np.mean((self.data >= low) & (self.data <= high)))


def predictive_bands(
    build: Callable[[int], tuple[LinearModel, Instrument]],
    positions: FloatArray,
    dt: float,
    n_records: int = 100,
    seed: int = 0,
    n_at: int = 40,
    free: bool = False,
) -> Mapping[str, Band]:
    """Posterior-predictive bands of the autocorrelation (length^2; lags in s), the mean square
    displacement (length^2; lags in s) and the power spectrum (two-sided, length^2 s; Hz). For a
    free tracer, which has no autocorrelation, of the mean square displacement and of the power
    spectrum of the increments over dt (two-sided, length^2/s: 2 D for Brownian motion).

    build: model and instrument of posterior draw i. Records are simulated with the data's gaps,
    their mean is taken off as the data's is, and all go through the same estimators.
    """
    positions = np.asarray(positions, np.float64)
    missing = ~np.isfinite(positions)
    n = len(positions)
    lags = np.unique(np.geomspace(1, max(n // 4, 2), n_at).astype(np.int64))
    data = _statistics(positions, lags, dt, free)
    simulated: list[dict[str, FloatArray]] = []
    for i in range(n_records):
        model, instrument = build(i)
        record = simulate_records(model, instrument, n, dt, seed=seed + i)
        record[missing] = np.nan
        simulated.append(_statistics(record, lags, dt, free))
    return {
        name: Band(
            at,
            data[name],
            np.quantile([s[name] for s in simulated], [0.025, 0.16, 0.5, 0.84, 0.975], axis=0),
        )
        for name, at in (
            ("autocorrelation", np.append(0.0, lags * dt)),
            ("displacement", np.asarray(lags * dt, np.float64)),
            ("spectrum", _frequencies(n, dt)),
            ("increment_spectrum", _frequencies(n - 1, dt)),
        )
        if name in data
    }


def ensemble_bands(
    build: Callable[[int], tuple[LinearModel, Instrument]],
    records: Sequence[FloatArray],
    dt: float,
    n_sets: int = 100,
    seed: int = 0,
    n_at: int = 20,
    free: bool = False,
) -> Mapping[str, Band]:
    """The same for many records of one law, (n_points,) each, together: bands of the mean square
    displacement and of the covariance of increments (length^2; lags in s), and for trapped tracers
    of the autocorrelation, each record's mean taken off."""
    # Rows of one array, NaN behind the end; the long ones apart from the short ones.
    ordered = sorted(records, key=len, reverse=True)
    blocks: list[FloatArray] = []
    while ordered:
        count = max(_BLOCK // len(ordered[0]), 1)
        block = np.full((min(count, len(ordered)), len(ordered[0])), np.nan)
        for row, record in zip(block, ordered, strict=False):
            row[: len(record)] = record
        blocks.append(block)
        ordered = ordered[count:]
    tried = np.unique(np.geomspace(1, blocks[0].shape[1] - 1, n_at).astype(np.int64))
    pairs = np.array([_count(blocks, k) for k in tried])
    lags = tried[pairs >= min(_PAIRS, pairs[0])]
    near = np.arange(min(int(lags[-1]), _NEAR))
    data = _ensemble_statistics(blocks, lags, near, free)
    simulated: list[dict[str, FloatArray]] = []
    for i in range(n_sets):
        model, instrument = build(i)
        drawn = []
        for j, block in enumerate(blocks):
            fresh = simulate_records(
                model, instrument, block.shape[1], dt, seed + n_sets * j + i, len(block)
            )
            drawn.append(np.where(np.isfinite(block), fresh, np.nan))
        simulated.append(_ensemble_statistics(drawn, lags, near, free))
    at = {
        "displacement": np.asarray(lags * dt, np.float64),
        "increments": np.asarray(near * dt, np.float64),
    }
    at["autocorrelation"] = np.append(0.0, at["displacement"])
    return {
        name: Band(
            at[name],
            values,
            np.quantile([s[name] for s in simulated], [0.025, 0.16, 0.5, 0.84, 0.975], axis=0),
        )
        for name, values in data.items()
    }


_BLOCK = 1 << 19  # points of a block of records
_PAIRS = 30  # of points at the longest lag
_NEAR = 12  # lags of the increments


def _count(blocks: Sequence[FloatArray], lag: int) -> int:
    return sum(int(np.isfinite(b[:, lag:] + b[:, : b.shape[1] - lag]).sum()) for b in blocks)


def _ensemble_statistics(
    blocks: Sequence[FloatArray], lags: np.ndarray, near: np.ndarray, free: bool
) -> dict[str, FloatArray]:
    def mean_product(series: Sequence[FloatArray], lag: int) -> float:
        products = [s[:, lag:] * s[:, : s.shape[1] - lag] for s in series]
        return _mean(products)

    steps = [np.diff(block, axis=1) for block in blocks]
    found = {
        "displacement": np.array(
            [_mean([(b[:, k:] - b[:, : b.shape[1] - k]) ** 2 for b in blocks]) for k in lags]
        ),
        "increments": np.array([mean_product(steps, int(k)) for k in near]),
    }
    if not free:
        about = [block - np.nanmean(block, axis=1, keepdims=True) for block in blocks]
        found["autocorrelation"] = np.array([mean_product(about, int(k)) for k in (0, *lags)])
    return found


def _mean(parts: Sequence[FloatArray]) -> float:
    """Mean over what is there of several arrays; NaN of nothing."""
    count = sum(int(np.isfinite(part).sum()) for part in parts)
    return sum(float(np.nansum(part)) for part in parts) / count if count else np.nan


_BINS_PER_DECADE = 8


def _frequencies(n: int, dt: float) -> FloatArray:
    """Centres of the spectrum's bins, Hz."""
    size = _segment(n)
    f = np.asarray(np.fft.rfftfreq(size, dt)[1:], np.float64)
    return np.array([f[a:b].mean() for a, b in _bins(f)])


def _segment(n: int) -> int:
    return int(2 ** np.floor(np.log2(max(n // 8, 8))))


def _bins(f: FloatArray) -> list[tuple[int, int]]:
    decades = np.log10(f[-1] / f[0])
    cuts = np.geomspace(f[0], f[-1] * (1 + 1e-9), int(_BINS_PER_DECADE * decades) + 2)
    edges = np.unique(np.searchsorted(f, cuts))
    edges[-1] = len(f)
    return [(int(a), int(b)) for a, b in pairwise(edges) if b > a]


def _statistics(
    positions: FloatArray, lags: np.ndarray, dt: float, free: bool
) -> dict[str, FloatArray]:
    y = positions - np.nanmean(positions)
    covariance = [np.nanmean(y**2)] + [np.nanmean(y[k:] * y[:-k]) for k in lags]
    displacement = [np.nanmean((y[k:] - y[:-k]) ** 2) for k in lags]
    # A gap is bridged by a line in the data and in the simulated records alike.
    seen = np.isfinite(y)
    bridged = np.interp(np.arange(len(y)), np.flatnonzero(seen), y[seen])
    if free:
        velocity = np.diff(bridged) / dt
        return {
            "displacement": np.array(displacement),
            "increment_spectrum": _binned_spectrum(velocity, dt, "constant"),
        }
    return {
        "autocorrelation": np.array(covariance),
        "displacement": np.array(displacement),
        "spectrum": _binned_spectrum(bridged, dt, "linear"),
    }


def _binned_spectrum(series: FloatArray, dt: float, detrend: str) -> FloatArray:
    f, power = welch(series, 1 / dt, nperseg=_segment(len(series)), detrend=detrend)
    power = 0.5 * power[1:]
    return np.array([power[a:b].mean() for a, b in _bins(f[1:])])


def band_arrays(coordinate: str, bands: Mapping[str, Band]) -> dict[str, FloatArray]:
    """The arrays of bands, by "bands/x/spectrum/data"."""
    return {
        f"bands/{coordinate}/{key}/{part}": getattr(band, part)
        for key, band in bands.items()
        for part in ("at", "data", "quantiles")
    }
