"""The form of a motion beyond its correlations: what no linear process has.

Of a linear process with Gaussian noise the positions are normal, and what is left of a position
when the best linear prediction from those before it is taken off is independent of all of them. A
trap that is not harmonic, a tracer that hops between places, and a diffusivity that changes break
this; so does propulsion at constant speed. So do not drift, noise, blur and a detector, which are
linear.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from activenoise.analysis.artefacts.facts import ShapeFacts, StillFacts
from activenoise.analysis.checks import N_LAGS, goodness, pooled_shape
from activenoise.analysis.comparison import Tracks
from activenoise.analysis.judgement import THRESHOLDS
from activenoise.arrays import FloatArray

FEWEST = 400  # points of all tracks

_CHANCE = 1e-6
_LARGE = 0.05  # autocorrelation of the squares that matters
_ORDER = 8  # points from which the next is predicted
_TAILS = 4.0  # standard deviations, beyond which what is left is cut: an outlier is no cluster
_MEMORY = 0.1  # correlation of neighbours, below which nothing is seen to move
_LAGS = (1, 2, 4, 8)
_SURE = 3.5  # standard errors
_LONG, _STILL = 200, 1e-3  # points of a track whose slow motion is tested, and its chance


def form_of(tracks: Sequence[FloatArray], free: bool) -> ShapeFacts | None:
    """How the positions (n_points,) of tracks in one coordinate, NaN where missing, are no linear
    process; None where nothing is both certain and large."""
    left, before = _left(tracks)
    if len(left) < FEWEST:
        return None
    tails = None if free else pooled_shape(tracks)
    kurtosis, error = tails or (0.0, 0.0)
    p_linear, bend = _bent(left, before)
    clustering, p_constant = _clustered(left)
    named = []
    if tails and abs(kurtosis) > max(THRESHOLDS.kurtosis, THRESHOLDS.errors * error):
        named.append("positions")
    if not free and p_linear < _CHANCE and bend > _LARGE:
        named.append("bent")
    if p_constant < _CHANCE and clustering > _LARGE:
        named.append("clustered")
    if not named:
        return None
    humps = 1 if free else _humps(tracks)
    return ShapeFacts(kurtosis, error, humps, p_linear, clustering, p_constant, named)


def _left(tracks: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """What is left of positions that are predicted from the 8 before them by least squares, over
    its standard deviation, and the position before each, in standard deviations; those of one track
    after the other, (n,) each, of points with no gap before them."""
    rows = []
    for x in tracks:
        if len(x) > _ORDER:
            rows.append(np.lib.stride_tricks.sliding_window_view(x - np.nanmean(x), _ORDER + 1))
    if not rows:
        return np.empty(0), np.empty(0)
    windows = np.concatenate(rows)
    windows = windows[np.all(np.isfinite(windows), axis=1)]
    if len(windows) < FEWEST:
        return np.empty(0), np.empty(0)
    past, now = windows[:, :-1], windows[:, -1]
    left = now - past @ np.linalg.lstsq(past, now)[0]
    before = past[:, -1]
    return left / left.std(), before / before.std()


def _bent(left: FloatArray, before: FloatArray) -> tuple[float, float]:
    """Chance that what is left does not depend on the square and the cube of the position before,
    as Hermite polynomials, and the larger of the two correlations. Their errors are those of what
    is left times the polynomial, which outliers do not make small."""
    statistic, largest = 0.0, 0.0
    x = np.clip(before, -_TAILS, _TAILS)
    for polynomial in (x**2 - 1, x**3 - 3 * x):
        values = polynomial - polynomial.mean()
        values = values - x * (values @ x) / (x @ x)
        products = left * values
        statistic += float(products.sum() ** 2 / (products @ products))
        largest = max(largest, abs(float(np.mean(products) / values.std())))
    return float(chi2.sf(statistic, 2)), largest


def _clustered(left: FloatArray) -> tuple[float, float]:
    """Largest autocorrelation of the squares of what is left over 20 lags, and the chance of all of
    them (McLeod and Li, J. Time Ser. Anal. 4, 269, 1983)."""
    squares = np.clip(left, -_TAILS, _TAILS) ** 2
    test = goodness(squares, N_LAGS)
    return float(max(test.autocorrelation)), test.p_white


def _humps(tracks: Sequence[FloatArray]) -> int:
    """Maxima of the smoothed distribution of the positions that stand out by a tenth."""
    x = np.concatenate([one[np.isfinite(one)] - np.nanmean(one) for one in tracks])
    x = x / x.std()
    density = np.histogram(x, np.arange(-3.5, 3.51, 0.1))[0].astype(np.float64)
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2.5) ** 2)
    density = np.convolve(density, kernel, "same") / density.sum()
    humps, low, high, rising = 0, 0.0, 0.0, True
    for value in [*density, 0.0]:
        if rising:
            high = max(high, value)
            if value < 0.9 * high:
                humps, low, rising = humps + 1, value, False
        else:
            low = min(low, value)
            if value > low / 0.9 and value > 0.02 * density.max():
                high, rising = value, True
    return humps


def still_of(tracks: Tracks) -> StillFacts | None:
    """Whether the positions of all tracks are white about their means, so that nothing moves which
    the instrument resolves; None where something does. A trap that relaxes within an interval
    leaves white positions too."""
    names = list(next(iter(tracks.values())))
    found = {lag: _memory(tracks, lag) for lag in _LAGS}
    memory, error = found[1]
    if not error or abs(memory) + 2 * error > _MEMORY:
        return None
    if any(abs(value) > _SURE * spread for value, spread in found.values() if spread):
        return None
    long = [x for parts in tracks.values() for x in parts.values() if len(x) >= _LONG]
    if any(goodness((x - np.nanmean(x)) / np.nanstd(x)).p_slow < _STILL for x in long):
        return None
    noise = {
        name: float(np.sqrt(np.mean([np.nanvar(parts[name]) for parts in tracks.values()])))
        for name in names
    }
    return StillFacts(noise, memory, error)


def _memory(tracks: Tracks, lag: int) -> tuple[float, float]:
    """Correlation of positions `lag` apart and its error if they are white, 0 and 0 where there are
    few: 1 less the ratio of von Neumann, which their means do not bias however short the tracks."""
    steps, squares, pairs = 0.0, 0.0, 0
    for parts in tracks.values():
        for x in parts.values():
            d = x[lag:] - x[:-lag]
            seen = np.isfinite(d)
            if seen.sum() > 1:
                pairs += int(seen.sum())
                steps += float(np.sum(d[seen] ** 2))
                squares += 2 * int(seen.sum()) * float(np.nanvar(x, ddof=1))
    if pairs < FEWEST or not squares:
        return 0.0, 0.0
    return 1 - steps / squares, float(1 / np.sqrt(pairs))
