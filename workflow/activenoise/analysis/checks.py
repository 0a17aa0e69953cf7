"""Does a model fit a record at all? Innovations that should be white, normal and without tones,
bands in which a record of the posterior should lie, and the circulation of two coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter
from scipy.optimize import minimize_scalar
from scipy.signal import welch
from scipy.stats import chi2, kstest, kurtosis, norm, skew

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel
from activenoise.simulation.records import simulate_records

N_LAGS = 20

_TONE_CHANCE = 1e-6  # that white innovations show a tone anywhere
_TONE_WINDOW = 101  # frequencies over whose median a line must stand out, here 1/T apart
_TONE_WIDTH = 3  # frequencies on either side that belong to a line
_FEWEST_PERIODS = 20  # slower is drift
_MOST_TONES = 8
_FEWEST_POINTS = 512


class Goodness(NamedTuple):
    """Of standardised innovations z of one record.

    autocorrelation: of z at lags 1 ... n_lags, each of standard error 1/sqrt(n_points): at a lag
    that gaps leave fewer pairs of points it counts for less.
    ljung_box, p_white: sum of their squares, weighted, and its chance if z is white.
    slow, p_slow: the same for means of z over blocks, which a slow misfit shifts together.
    variance: of z. skewness, excess_kurtosis, and p_normal: from both (Jarque-Bera).
    distance: largest difference of z's cumulative distribution from the normal's.
    """

    n_points: int
    autocorrelation: FloatArray
    ljung_box: float
    p_white: float
    slow: float
    p_slow: float
    variance: float
    skewness: float
    excess_kurtosis: float
    p_normal: float
    distance: float


def goodness(standardised: FloatArray, n_lags: int = N_LAGS, n_blocks: int = 200) -> Goodness:
    """Tests of whiteness and normality. standardised: innovations (n_points,), NaN where missing.

    The fitted parameters use up a few of the degrees of freedom, which makes the chances a
    little too large: a model that fails, fails. A long record finds misfits of no consequence:
    read the autocorrelations beside the chances.
    """
    z = np.asarray(standardised, np.float64)
    seen = np.isfinite(z)
    n = int(seen.sum())
    if n <= 2 * n_lags:
        raise ValueError(f"{n} innovations are too few for {n_lags} lags")
    r, q, pairs = _ljung_box(z, n_lags)
    # Means over blocks that hold at least a few points, so that slow correlation is seen.
    size = max(len(z) // n_blocks, 1)
    whole = z[: len(z) // size * size].reshape(-1, size)
    counts = np.isfinite(whole).sum(axis=1)
    blocks = np.full(len(whole), np.nan)
    held = counts > 0
    blocks[held] = np.nansum(whole[held], axis=1) / np.sqrt(counts[held])
    slow_lags = max(min(n_lags, int(held.sum()) // 4), 1)
    _, slow, _ = _ljung_box(blocks, slow_lags)
    values = z[seen]
    s, k = float(skew(values)), float(kurtosis(values))
    return Goodness(
        n_points=n,
        autocorrelation=r * np.sqrt(pairs / n),
        ljung_box=q,
        p_white=float(chi2.sf(q, n_lags)),
        slow=slow,
        p_slow=float(chi2.sf(slow, slow_lags)),
        variance=float(values.var()),
        skewness=s,
        excess_kurtosis=k,
        p_normal=float(chi2.sf(n / 6 * (s**2 + k**2 / 4), 2)),
        distance=float(kstest(values, norm.cdf).statistic),
    )


def _ljung_box(z: FloatArray, n_lags: int) -> tuple[FloatArray, float, FloatArray]:
    """Autocorrelations of a series with gaps; sum of n r^2 (n + 2)/n: Ljung and Box's statistic
    (Biometrika 65, 297, 1978), each lag with the number of its own pairs; these numbers."""
    centred = z - np.nanmean(z)
    variance = np.nanmean(centred**2)
    r, pairs = np.zeros(n_lags), np.zeros(n_lags)
    for lag in range(1, n_lags + 1):
        products = centred[lag:] * centred[:-lag]
        pairs[lag - 1] = np.isfinite(products).sum()
        if pairs[lag - 1]:
            r[lag - 1] = np.nansum(products) / pairs[lag - 1] / variance
    return r, float(np.sum(pairs * r**2)), pairs


def find_tones(innovations: FloatArray, dt: float) -> list[float]:
    """Frequencies (Hz) of the tones in standardised innovations (n_points,), dt (s) apart, NaN
    where missing; the strongest first, at most 8, none in fewer than 512 points.

    White noise has exponentially distributed power at each frequency k/T, so that the largest of m
    exceeds t times the mean with a chance of about m exp(-t) (Fisher, Proc. R. Soc. A 125, 54,
    1929). The mean is that of the neighbours, by their median, so that what is broad is no tone.
    """
    n = len(innovations)
    if n < _FEWEST_POINTS:
        return []
    z = np.nan_to_num(innovations - np.nanmean(innovations))
    power = np.abs(np.fft.rfft(z)[1 : (n + 1) // 2]) ** 2  # without the zero and half the rate
    level = median_filter(power, _TONE_WINDOW, mode="reflect") / np.log(2)
    excess = np.divide(power, level, out=np.zeros_like(power), where=level > 0)
    excess[: _FEWEST_PERIODS - 1] = 0.0
    found: list[float] = []
    while len(found) < _MOST_TONES:
        k = int(np.argmax(excess))
        if len(power) * np.exp(-excess[k]) > _TONE_CHANCE:
            break
        found.append(_line(z, k + 1) / dt)
        excess[max(k - _TONE_WIDTH, 0) : k + _TONE_WIDTH + 1] = 0.0
    return found


def _line(z: FloatArray, k: int) -> float:
    """Where the power is largest about k/n, in cycles a point."""
    at = np.arange(len(z))
    best = minimize_scalar(
        lambda f: -abs(np.exp(-2j * np.pi * f / len(z) * at) @ z),
        bounds=(k - 1, k + 1), method="bounded", options={"xatol": 1e-3},
    )  # fmt: skip
    return float(best.x) / len(z)


def shape(positions: FloatArray) -> tuple[float, float]:
    """Excess kurtosis of positions (n_points,), NaN where missing, and its standard error if they
    are a stationary Gaussian process: its variance is then 24/n times the sum of the fourth powers
    of the autocorrelation over all lags (Lomnicki, Metrika 4, 37, 1961), here the record's own.
    """
    seen = np.isfinite(positions)
    x = np.where(seen, positions - np.mean(positions[seen]), 0.0)
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    correlation = np.fft.irfft(power)[: len(x)]
    total = 1 + 2 * np.sum((correlation[1:] / correlation[0]) ** 4)
    return float(kurtosis(x[seen])), float(np.sqrt(24 * total / seen.sum()))


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


class Circulation(NamedTuple):
    """Irreversibility of two coordinates. lags: s. antisymmetric: [C_xy(t) - C_yx(t)]/2, length^2,
    with standard_error under reversibility, at each lag. statistic: the largest |z| over the lags;
    p_reversible: its chance if the motion is reversible. rate: mean angular velocity, rad/s, of the
    area swept about the mean, and its standard error."""

    lags: FloatArray
    antisymmetric: FloatArray
    standard_error: FloatArray
    statistic: float
    p_reversible: float
    rate: float
    rate_error: float


def circulation(
    x: FloatArray,
    y: FloatArray,
    dt: float,
    n_lags: int = 20,
    n_surrogates: int = 400,
    seed: int = 0,
) -> Circulation:
    """Test two coordinates for circulation, which one coordinate cannot show.

    In a reversible stationary state <x(0) y(t)> = <y(0) x(t)>, so the antisymmetric part of the
    cross-correlation is 0. Its error comes from the record itself: x and y are cut in blocks much
    longer than their correlation, and the sign of each block's contribution is drawn at random,
    which under reversibility (x, y run backwards has the same law) leaves its law unchanged.
    x, y: (n_points,), length, NaN where missing; at least 16 correlation times long.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"x of shape {x.shape} and y of shape {y.shape} must be (n_points,) alike")
    x, y = x - np.nanmean(x), y - np.nanmean(y)
    length = _correlation_length(x) + _correlation_length(y)
    n_blocks = min(len(x) // (2 * length), 200)
    if n_blocks < 8:
        raise ValueError(
            f"{len(x)} points are {len(x) / length:.1f} correlation times; at least 16 are needed"
        )
    lags = np.unique(np.geomspace(1, max(2 * length, 2), n_lags).astype(np.int64))
    size = len(x) // n_blocks
    sums, counts = np.zeros((n_blocks, len(lags))), np.zeros((n_blocks, len(lags)))
    for i, k in enumerate(lags):
        products = 0.5 * (x[:-k] * y[k:] - y[:-k] * x[k:])
        held = np.isfinite(products)
        block = np.minimum(np.arange(len(products)) // size, n_blocks - 1)
        sums[:, i] = np.bincount(block[held], products[held], n_blocks)
        counts[:, i] = np.bincount(block[held], minlength=n_blocks)
    total = counts.sum(axis=0)
    value = sums.sum(axis=0) / total
    error = np.sqrt(np.sum(sums**2, axis=0)) / total
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (n_surrogates, n_blocks))
    scale = np.where(error > 0, error, np.inf)
    highest = np.max(np.abs(signs @ sums / total / scale), axis=1)
    statistic = float(np.max(np.abs(value) / scale))
    square = np.nanmean(x**2 + y**2)
    return Circulation(
        lags=np.asarray(lags * dt, np.float64),
        antisymmetric=value,
        standard_error=error,
        statistic=statistic,
        p_reversible=float((1 + np.sum(highest >= statistic)) / (1 + n_surrogates)),
        rate=float(2 * value[0] / (square * lags[0] * dt)),
        rate_error=float(2 * error[0] / (square * lags[0] * dt)),
    )


def _correlation_length(x: FloatArray) -> int:
    """Points in which the autocorrelation falls to 1/e."""
    filled = np.where(np.isfinite(x), x, 0.0)
    spectrum = np.abs(np.fft.rfft(filled, 2 * len(x))) ** 2
    covariance = np.fft.irfft(spectrum)[: len(x)]
    below = np.flatnonzero(covariance < covariance[0] / np.e)
    return int(below[0]) if below.size else len(x)
