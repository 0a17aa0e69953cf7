"""What the field's usual tests say of a record: three numbers, each easy to compute.

* The exponent of the mean square displacement, MSD(t) ~ t^alpha. Above 1 the motion is called
  directed, below 1 confined or subdiffusive.
* The maximum of omega^2 S(omega) over its value at the highest frequencies. In a simple liquid
  omega^2 S rises to 2 D, so a maximum before is taken for a drive.
* The mean back relaxation (Muenker, Knotz, Krueger, Betz, Nat. Mater. 23, 1283, 2024)

      MBR(tau, t) = -< [x(t0 + t) - x(t0)]/[x(t0) - x(t0 - tau)] >,

  over displacements longer than a cutoff. Of a confined tracer it tends to 1/2 for long t if the
  motion is reversible in time. Of any Gaussian process it is

      MBR = [MSD(tau) + MSD(t) - MSD(t + tau)]/[2 MSD(tau)],

  whose limit is 1/2 too: it cannot see an AOUP.

None of the three knows of noise, blur, a medium with memory, or its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import welch

from activenoise.analysis.bands import Build
from activenoise.analysis.facts import Expected, UsualTest, UsualTests
from activenoise.arrays import FloatArray
from activenoise.simulation.records import simulate_records

FEWEST_POINTS = 200
MOST_POINTS = 1 << 14  # a longer track is thinned
_CUTOFF = 1.0  # of displacements, in their rms: shorter ones make the ratio's variance infinite
_DECADE = 10  # lags over which the exponent is fitted
_LAGS = 24  # over which the limit of the back relaxation is averaged


def displacement_exponent(x: FloatArray, lag: int = 1) -> float:
    """Slope of log MSD against log t over ten lags from `lag` points on, by least squares.

    x: (n_points,), NaN where missing.
    """
    lags = np.unique(np.round(lag * np.geomspace(1, _DECADE, 12)).astype(np.int64))
    lags = lags[lags < len(x)]
    msd = np.array([np.nanmean((x[k:] - x[:-k]) ** 2) for k in lags])
    return float(np.polyfit(np.log(lags), np.log(msd), 1)[0])


def spectral_bump(x: FloatArray) -> float:
    """Maximum of omega^2 S(omega) over its mean in the highest octave, 1 if it only rises.

    omega is that of the points, 2 (1 - cos(2 pi f dt)) for omega^2 dt^2: the power of increments.
    x: (n_points,), gaps bridged by lines.
    """
    seen = np.isfinite(x)
    bridged = np.interp(np.arange(len(x)), np.flatnonzero(seen), x[seen])
    size = int(2 ** np.floor(np.log2(max(len(x) // 8, 8))))
    power = welch(np.diff(bridged), nperseg=min(size, len(x) - 1), detrend="constant")[1][1:]
    # A maximum of single frequencies would be one of noise: means over half octaves.
    edges = np.unique(np.round(np.geomspace(1, len(power) + 1, 2 * int(np.log2(size)))).astype(int))
    means = [power[a - 1 : b - 1].mean() for a, b in pairwise(edges)]
    return float(max(means) / power[len(power) // 2 :].mean())


def back_relaxation(x: FloatArray, before: int, after: ArrayLike) -> FloatArray:
    """Mean back relaxation at the lags `after` (points) of displacements over `before` points.

    x: (n_points,), NaN where missing. NaN at a lag without pairs.
    """
    lags: NDArray[np.int64] = np.atleast_1d(np.asarray(after, np.int64))
    first = x[before:] - x[:-before]
    long = np.abs(first) > _CUTOFF * np.sqrt(np.nanmean(first**2))
    found = np.full(len(lags), np.nan)
    for i, lag in enumerate(lags):
        if before + lag < len(x):
            chosen = long[:-lag]
            ratio = (x[before + lag :] - x[before:-lag])[chosen] / first[:-lag][chosen]
            ratio = ratio[np.isfinite(ratio)]
            found[i] = -ratio.mean() if len(ratio) else np.nan
    return found


def back_relaxation_of_gaussian(before: ArrayLike, after: ArrayLike, both: ArrayLike) -> FloatArray:
    """Mean back relaxation of a Gaussian process from its mean square displacements over tau, t and
    t + tau."""
    first = np.asarray(before, np.float64)
    return np.asarray((first + np.asarray(after) - np.asarray(both)) / (2 * first))


def lasting_back_relaxation(x: FloatArray) -> float:
    """Mean back relaxation at long times: its mean over lags from an eighth to a half of the track,
    of displacements over a thirty-second of it. x: (n_points,), NaN where missing."""
    n = len(x)
    lags = np.unique(np.linspace(n // 8, n // 2, _LAGS).astype(np.int64))
    return float(np.nanmean(back_relaxation(x, max(n // 32, 1), lags)))


USUAL: Mapping[str, Callable[[FloatArray], float]] = {
    "exponent": displacement_exponent,
    "bump": spectral_bump,
    "back_relaxation": lasting_back_relaxation,
}


def usual_tests(
    track: str,
    parts: Mapping[str, FloatArray],
    dt: float,
    builds: Mapping[str, Build],
    n_records: int,
    seed: int,
) -> UsualTests | None:
    """The usual tests of a track, and what each of some models expects; None if it is too short.

    parts: positions (n_points,) by coordinate, dt (s) apart, NaN where missing. builds: by name of
    a model, what gives model and instrument of its i-th posterior draw. Simulated records have the
    gaps of the track.
    """
    if any(np.isfinite(x).sum() < FEWEST_POINTS for x in parts.values()):
        return None
    n = len(next(iter(parts.values())))
    simulated = {
        name: [simulate_records(*build(i), n, dt, seed=seed + i) for i in range(n_records)]
        for name, build in builds.items()
    }
    found: dict[str, dict[str, UsualTest]] = {}
    for coordinate, x in parts.items():
        missing = ~np.isfinite(x)
        found[coordinate] = {}
        for name, test in USUAL.items():
            expected = {}
            for model, records in simulated.items():
                values = [test(np.where(missing, np.nan, record)) for record in records]
                low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
                expected[model] = Expected(float(low), float(median), float(high))
            found[coordinate][name] = UsualTest(test(x), expected)
    return UsualTests(track, n, found)
