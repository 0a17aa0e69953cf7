"""Positions that prefer places a fixed distance apart, as those of trackers do that pull the centre
of a spot towards the centre of a pixel or its edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import f as fisher

from activenoise.analysis.artefacts.facts import Locking
from activenoise.arrays import ComplexArray, FloatArray

_PERIODS = 0.5  # rms steps: the shortest period that is looked for
_BINS = 8  # a shortest period
_CERTAIN = 1e-6  # chance, over all periods
_STRONG = 0.05  # modulus of the mean phase factor: the density varies by a tenth
_FORGOTTEN = 4.0  # times the time in which the tracer diffuses a period: a block of phases
_BLOCKS = 16  # at least
_CELLS = 3.5  # effective number of periods visited: hops between two places prefer two
_HARMONICS = 3
_CANDIDATES = 5


def locked(tracks: Sequence[FloatArray], grid: float) -> Locking | None:
    """The period (length) that the positions (n_points,) of all tracks prefer, None for none.

    grid: of their rounding (length), 0 for none. Where a tracer is does not depend on the camera,
    so that the mean of exp(2 pi i x/p) is 0 for every p that it moves far beyond. Means over blocks
    in which it crosses p many times are nearly independent: Hotelling's test of their mean, for the
    periods where the mean of all positions is largest, times the number of periods.
    """
    tracks = [x[np.isfinite(x)] for x in tracks]
    x = np.concatenate(tracks)
    step = float(np.sqrt(np.mean(np.concatenate([np.diff(one) for one in tracks]) ** 2)))
    shortest = max(_PERIODS * step, 4 * grid)
    longest = max(float(one.std()) for one in tracks)
    if not longest > shortest > 0:
        return None
    width = shortest / _BINS
    n_bins = int(np.ceil(np.ptp(x) / width)) + 1
    if n_bins > 64 * len(x):  # jumps far beyond the motion
        return None
    counts = np.bincount(((x - x.min()) / width).astype(int), minlength=n_bins)
    size = 4 * n_bins  # a quarter of a resolved frequency
    frequency = np.fft.rfftfreq(size, width)
    inside = (frequency > 1 / longest) & (frequency < 1 / shortest)
    power = np.where(inside, np.abs(np.fft.rfft(counts, size)), 0.0)
    for place in np.argsort(power)[::-1][:_CANDIDATES]:
        if power[place] < _STRONG * len(x):
            return None
        period = 1 / float(frequency[place])
        if _visited(x, period) < _CELLS:
            continue
        p = _chance(tracks, period, step) * inside.sum()
        if p < _CERTAIN:
            strength = float(np.abs(_mean_phase(x, period, 1)))
            return Locking(period, strength, period / step, float(p))
    return None


def unlocked(x: FloatArray, everything: FloatArray, period: float) -> FloatArray:
    """Positions x (n_points,) moved so that those of `everything` would prefer no phase of the
    period: by the cumulative distribution of the phase, from its first harmonics."""
    moved = x.copy()
    for k in range(1, _HARMONICS + 1):
        mean = _mean_phase(everything, period, k)
        moved += period / (np.pi * k) * np.imag(np.conj(mean) * np.exp(2j * np.pi * k * x / period))
    return moved


def _mean_phase(x: FloatArray, period: float, harmonic: int) -> complex:
    return complex(np.nanmean(np.exp(2j * np.pi * harmonic * x / period)))


def _visited(x: FloatArray, period: float) -> float:
    """Effective number of periods, cut where the positions are rarest, that hold positions."""
    rarest = np.angle(_mean_phase(x, period, 1)) / (2 * np.pi) + 0.5
    _, counts = np.unique(np.floor(x / period - rarest), return_counts=True)
    return float(counts.sum() ** 2 / np.sum(counts.astype(float) ** 2))


def _chance(tracks: Sequence[FloatArray], period: float, step: float) -> float:
    """That the means over blocks are as far from 0 if the true one is 0; 1 for too few blocks."""
    block = max(int(_FORGOTTEN * (period / step) ** 2), 10)
    phases: list[ComplexArray] = []
    for x in tracks:
        whole = len(x) // block * block
        u = np.exp(2j * np.pi * x[:whole] / period)
        phases.append(u.reshape(-1, block).mean(axis=1))
    u = np.concatenate(phases)
    n = len(u)
    if n < _BLOCKS:
        return 1.0
    both = np.column_stack([u.real, u.imag])
    mean = both.mean(axis=0)
    square = n * mean @ np.linalg.solve(np.cov(both.T), mean)
    return float(fisher.sf(square * (n - 2) / (2 * (n - 1)), 2, n - 2))
