"""Curves of cells that need no model: mean square displacement and power of the increments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.signal import welch

from activenoise.analysis.comparison import Tracks
from activenoise.arrays import FloatArray

_N_LAGS, _N_BINS = 20, 16
_FEWEST = 16  # points of a spectrum


class Curves(NamedTuple):
    """lags (s) and mean square displacement (length^2) of one coordinate; frequencies (Hz) and
    power of the increments over dt (two-sided, length^2/s: 2 D for Brownian motion)."""

    lags: FloatArray
    displacement: FloatArray
    frequencies: FloatArray
    power: FloatArray


def curves(tracks: Tracks, dt: float, n_points: int) -> Curves:
    """The curves of a cell, all coordinates and tracks together. n_points: the usual length of a
    track of the experiment, which gives the lags and frequencies. Tracks with a gap or fewer points
    are not in the spectrum; without any it is NaN."""
    series = [x for parts in tracks.values() for x in parts.values()]
    lags = np.unique(np.geomspace(1, max(n_points // 4, 2), _N_LAGS).astype(np.int64))
    segment = max(min(n_points - 1, 256), _FEWEST)
    steps = [np.diff(x) for x in series if len(x) > segment and np.all(np.isfinite(x))]
    how = {"nperseg": segment, "detrend": False, "return_onesided": False}
    each = [welch(s, 1 / dt, **how)[1] for s in steps]
    frequencies = np.fft.rfftfreq(segment, dt)[1:]
    power = (
        np.mean(each, axis=0)[1 : len(frequencies) + 1] / dt**2 if each else frequencies * np.nan
    )
    # Means over bins of equal width in the logarithm, where more than one frequency is in them.
    edges = np.geomspace(frequencies[0], frequencies[-1], _N_BINS + 1)[1:-1]
    groups = np.split(np.arange(len(frequencies)), np.searchsorted(frequencies, edges))
    return Curves(
        np.asarray(lags * dt, np.float64),
        np.array([_displacement(series, int(lag)) for lag in lags]),
        np.array([frequencies[group].mean() for group in groups if len(group)]),
        np.array([power[group].mean() for group in groups if len(group)]),
    )


def _displacement(series: Sequence[FloatArray], lag: int) -> float:
    squares = np.concatenate([(x[lag:] - x[:-lag]) ** 2 for x in series if len(x) > lag])
    known = squares[np.isfinite(squares)]
    return float(known.mean()) if known.size else np.nan
