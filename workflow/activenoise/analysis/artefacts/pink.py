"""1/f noise: slow noise of an instrument that has no time of its own.

The electronics, the air and the focus of a microscope wander at all times alike, with a spectrum
that rises towards low frequencies as 1/f and has no plateau. Two or three relaxations imitate it
over some decades, and a comparison of models takes them for propulsion or for a medium.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from activenoise.analysis.artefacts.facts import SlowNoise
from activenoise.arrays import FloatArray

FEWEST = 512  # points of a track whose spectrum is looked at

_MISSING = 0.05  # part of a track that may be missing and is interpolated
_BINS = 60  # of frequencies, equal in their logarithm
_EXPONENTS = (0.7, 1.4)  # of what counts as 1/f
_ODDS = 3.0  # nats over noise and one relaxation


def slow_noise(tracks: Sequence[FloatArray]) -> SlowNoise | None:
    """White noise with 1/f^a noise as an explanation of positions (n_points,), NaN where missing;
    None where relaxations explain the spectrum better.

    Whittle's likelihood of the spectrum under A/f^a + B is compared, by Bayes' information
    criterion (Schwarz, Ann. Stat. 6, 461, 1978), with that of white noise and one relaxation, which
    it must exceed by 3 nats, and with that of white noise and two, which must not be above it.
    """
    spectrum = _spectrum(tracks)
    if spectrum is None:
        return None
    f, power, count = spectrum
    penalty = 0.5 * np.log(count.sum())

    def level(
        law: Callable[[FloatArray], FloatArray], starts: Sequence[Sequence[float]]
    ) -> tuple[float, FloatArray]:
        def loss(parameters: FloatArray) -> float:
            s = law(np.clip(parameters, -30.0, 30.0))
            return float(np.sum(count * (np.log(s) + power / s)))

        best = min((_least(loss, start) for start in starts), key=lambda one: one[0])
        return -best[0] - penalty * len(best[1]), best[1]

    def relaxing(a: float, rate: float) -> FloatArray:
        decay = np.exp(-np.exp(rate))
        return np.exp(a) * (1 - decay) ** 2 / (1 + decay**2 - 2 * decay * np.cos(2 * np.pi * f))

    def exponent(p: float) -> float:
        low, high = _EXPONENTS
        return low + (high - low) / (1 + np.exp(-p))

    top = float(np.log(power[0]))
    floor = float(np.log(power[-1]))
    wander, at = level(
        lambda p: np.exp(p[0]) * f ** -exponent(p[1]) + np.exp(p[2]),
        [[top + np.log(f[0]), 0.0, floor]],
    )
    one, _ = level(
        lambda p: relaxing(p[0], p[1]) + np.exp(p[2]),
        [[top, rate, floor] for rate in (-5.0, -2.5, 0.0)],
    )
    if wander < one + _ODDS:
        return None
    rates = ((-6.0, -3.0), (-5.0, -1.0), (-3.0, 0.0))
    two, _ = level(
        lambda p: relaxing(p[0], p[1]) + relaxing(p[2], p[3]) + np.exp(p[4]),
        [[top, slow, top - 2, fast, floor] for slow, fast in rates],
    )
    if wander < two:
        return None
    white = float(np.exp(at[2]))
    total = float(np.sum(power * count) / np.sum(count))
    return SlowNoise(
        float(exponent(float(at[1]))), max(1 - white / total, 0.0), wander - one, wander - two
    )


def _least(loss: Callable[[FloatArray], float], start: Sequence[float]) -> tuple[float, FloatArray]:
    options = {"maxiter": 2000, "fatol": 1e-3, "xatol": 1e-3}
    found = minimize(loss, np.array(start), method="Nelder-Mead", options=options)
    return float(found.fun), np.asarray(found.x, np.float64)


def _spectrum(
    tracks: Sequence[FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Frequencies in cycles a point, mean power and number of the spectra of all long tracks,
    binned, (n_bins,) each."""
    at, power = [], []
    for x in tracks:
        seen = np.isfinite(x)
        if len(x) < FEWEST or seen.mean() < 1 - _MISSING:
            continue
        whole = np.interp(np.arange(len(x)), np.flatnonzero(seen), x[seen])
        half = (len(x) - 1) // 2
        at.append(np.arange(1, half + 1) / len(x))
        power.append(np.abs(np.fft.rfft(whole - whole.mean())[1 : half + 1]) ** 2 / len(x))
    if not at:
        return None
    f, each = np.concatenate(at), np.concatenate(power)
    edges = np.geomspace(f.min() * 0.999, f.max() * 1.001, _BINS + 1)
    which = np.digitize(f, edges) - 1
    count = np.bincount(which, minlength=_BINS).astype(np.float64)
    held = count > 0
    means = [np.bincount(which, weights=w, minlength=_BINS)[held] / count[held] for w in (f, each)]
    return means[0], means[1], count[held]
