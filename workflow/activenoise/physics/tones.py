"""Tones in a record: sinusoids that last, as mains hum, a power supply or a vibration leave them.

A tone is no noise: its line in the spectrum is as narrow as the record is long. Models of noise
take a strong one for an oscillation of the medium or for propulsion, so it is looked for in the
innovations (`analysis.tones.find_tones`), fitted and taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from activenoise.arrays import FloatArray


class Sinusoid(Protocol):
    """What has the numbers of a `Tone`."""

    @property
    def frequency(self) -> float: ...
    @property
    def cosine(self) -> float: ...
    @property
    def sine(self) -> float: ...


class Tone(NamedTuple):
    """cosine cos(2 pi frequency t) + sine sin(2 pi frequency t), t = 0 at the first point.
    frequency: Hz; cosine, sine: in the unit of the positions."""

    frequency: float
    cosine: float
    sine: float


def fit_tones(positions: FloatArray, dt: float, frequencies: Sequence[float]) -> list[Tone]:
    """The tones of these frequencies in positions (n_points,), NaN where missing, by least squares
    of the increments, whose spectrum is flatter than that of the positions."""
    turns = _turns(len(positions), dt, frequencies)
    steps = np.diff(positions)
    seen = np.isfinite(steps)
    columns = np.concatenate([np.diff(np.cos(turns)), np.diff(np.sin(turns))])
    weights, *_ = np.linalg.lstsq(columns[:, seen].T, steps[seen])
    cosines, sines = np.split(weights, 2)
    return [Tone(*map(float, row)) for row in zip(frequencies, cosines, sines, strict=True)]


def waveform(tones: Sequence[Sinusoid], n_points: int, dt: float) -> FloatArray:
    """The sum of tones at the points of a record, (n_points,)."""
    turns = _turns(n_points, dt, [tone.frequency for tone in tones])
    total = np.zeros(n_points)
    for tone, turn in zip(tones, turns, strict=True):
        total += tone.cosine * np.cos(turn) + tone.sine * np.sin(turn)
    return total


def _turns(n_points: int, dt: float, frequencies: Sequence[float]) -> FloatArray:
    return 2 * np.pi * dt * np.outer(frequencies, np.arange(n_points))
