"""Tones: found where there are some and only there, and taken off as they are."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.tones import find_tones
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.tones import Tone, fit_tones, waveform
from activenoise.simulation.records import simulate_records

DT = 1e-3


def test_noise_has_no_tones():
    rng = np.random.default_rng(1)
    assert not any(find_tones(rng.standard_normal(2000), DT) for _ in range(500))


@pytest.mark.parametrize("period", [0.02, 0.3])
def test_colour_is_no_tone(period):
    """An AOUP's own velocity, whose spectrum is anything but flat."""
    model = AOUP(1 / period, 0.1, 5.0, period)
    x = simulate_records(model, Instrument(), 20_000, DT, seed=2)
    assert not find_tones(np.diff(x), DT)


def test_tones_are_found_within_the_bound_of_their_frequency():
    """Standard error of a frequency in white noise: sqrt(6/(n S))/(pi T), S = a^2/2 over the
    variance (Rife and Boorstyn, IEEE Trans. Inf. Theory 20, 591, 1974). Missing points count as
    none."""
    n, amplitude = 20_000, 0.15
    rng = np.random.default_rng(3)
    at = DT * np.arange(n)
    z = rng.standard_normal(n) + amplitude * np.sin(2 * np.pi * 50.0213 * at + 1)
    z += 2 * amplitude * np.cos(2 * np.pi * 123.456 * at)
    z[rng.integers(n, size=n // 20)] = np.nan
    found = find_tones(z, DT)
    assert len(found) == 2
    for frequency, true, a in zip(found, (123.456, 50.0213), (2, 1), strict=True):
        power = (a * amplitude) ** 2 / 2
        error = np.sqrt(6 / (0.95 * n * power)) / (np.pi * n * DT)
        assert abs(frequency - true) < 4 * error


def test_fitted_tones_are_those_that_were_put_in():
    """In a record whose spectrum is red, with gaps; standard errors by those of the white part."""
    n = 20_000
    noise = simulate_records(Passive(100.0, 0.1), Instrument(), n, DT, seed=4)
    given = [Tone(50.02, 0.01, -0.02), Tone(211.0, 0.004, 0.003)]
    x = noise + waveform(given, n, DT)
    x[500:900] = np.nan
    fitted = fit_tones(x, DT, [tone.frequency for tone in given])
    assert np.allclose(waveform(given, n, DT) - waveform(fitted, n, DT), 0, atol=0.002)
    for tone, true in zip(fitted, given, strict=True):
        w = 2 * np.pi * true.frequency
        spectrum = 2 * 0.1 / (100.0**2 + w**2)  # of x, two-sided
        error = np.sqrt(2 * spectrum / (n * DT))
        assert abs(tone.cosine - true.cosine) < 4 * error
        assert abs(tone.sine - true.sine) < 4 * error
