"""Tones in a record: mains hum, a power supply or a vibration, which no model here has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import median_filter
from scipy.optimize import minimize_scalar

from activenoise.analysis.facts import ToneFacts
from activenoise.arrays import FloatArray
from activenoise.physics.tones import fit_tones, waveform

FEWEST_POINTS = 512  # in which tones are looked for

_CHANCE = 1e-6  # that white innovations show a tone anywhere
_WINDOW = 101  # frequencies over whose median a line must stand out, here 1/T apart
_WIDTH = 3  # frequencies on either side that belong to a line
_FEWEST_PERIODS = 20  # what is slower counts as drift
_MOST = 8


def find_tones(innovations: FloatArray, dt: float) -> list[float]:
    """Frequencies (Hz) of the tones in standardised innovations (n_points,), dt (s) apart, NaN
    where missing; the strongest first, at most 8, none in fewer than 512 points.

    White noise has exponentially distributed power at each frequency k/T, so that the largest of m
    exceeds t times the mean with a chance of about m exp(-t) (Fisher, Proc. R. Soc. A 125, 54,
    1929). The mean is that of the neighbours, by their median, so that what is broad is no tone.
    """
    n = len(innovations)
    if n < FEWEST_POINTS:
        return []
    z = np.nan_to_num(innovations - np.nanmean(innovations))
    power = np.abs(np.fft.rfft(z)[1 : (n + 1) // 2]) ** 2  # without the zero and half the rate
    level = median_filter(power, _WINDOW, mode="reflect") / np.log(2)
    excess = np.divide(power, level, out=np.zeros_like(power), where=level > 0)
    excess[: _FEWEST_PERIODS - 1] = 0.0
    found: list[float] = []
    while len(found) < _MOST:
        k = int(np.argmax(excess))
        if len(power) * np.exp(-excess[k]) > _CHANCE:
            break
        found.append(_line(z, k + 1) / dt)
        excess[max(k - _WIDTH, 0) : k + _WIDTH + 1] = 0.0
    return found


def _line(z: FloatArray, k: int) -> float:
    """Where the power is largest about k/n, in cycles a point."""
    at = np.arange(len(z))
    best = minimize_scalar(
        lambda f: -abs(np.exp(-2j * np.pi * f / len(z) * at) @ z),
        bounds=(k - 1, k + 1), method="bounded", options={"xatol": 1e-3},
    )  # fmt: skip
    return float(best.x) / len(z)


def take_off(
    positions: Mapping[str, Mapping[str, FloatArray]],
    dt: float,
    frequencies: Mapping[tuple[str, str], list[float]],
) -> tuple[dict[str, dict[str, FloatArray]], list[ToneFacts]]:
    """Positions less their tones, about their means, and the fitted tones.

    positions: (n_points,) by track and coordinate, dt (s) apart. frequencies: Hz, by track and
    coordinate.
    """
    cleaned = {track: dict(parts) for track, parts in positions.items()}
    found: list[ToneFacts] = []
    for (track, coordinate), which in frequencies.items():
        x = positions[track][coordinate]
        fitted = fit_tones(x, dt, which)
        rest = x - waveform(fitted, len(x), dt)
        cleaned[track][coordinate] = rest - np.nanmean(rest)
        found += [
            ToneFacts(track, coordinate, *tone, float(np.hypot(*tone[1:]) / np.nanstd(x)))
            for tone in fitted
        ]
    return cleaned, found
