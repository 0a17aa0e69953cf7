"""1/f noise of an instrument is told from relaxations."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import clean_records

from activenoise.analysis.artefacts.pink import slow_noise


def immobile(n: int, seed: int) -> np.ndarray:
    """An immobile bead with white noise and 1/f noise of variance 1 each."""
    rng = np.random.default_rng(seed)
    f = np.fft.rfftfreq(n)
    f[0] = f[1]
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) / np.sqrt(f), n)
    return x / x.std() + rng.standard_normal(n)


@pytest.mark.slow
def test_an_immobile_bead_under_1_over_f_noise_is_found():
    found = [slow_noise([immobile(4000, seed)]) for seed in range(6)]
    assert sum(one is not None for one in found) >= 5
    exponents = [one.exponent for one in found if one is not None]
    assert np.mean(exponents) == pytest.approx(1, abs=0.1)
    x = immobile(4000, 1)
    x[100:120] = np.nan
    assert slow_noise([x]).part == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_relaxations_are_not_1_over_f():
    assert [i for i, x in enumerate(clean_records(14)) if slow_noise([x]) is not None] == []
    assert slow_noise([np.random.default_rng(1).standard_normal(4000)]) is None


def test_short_tracks_say_nothing():
    assert slow_noise([*immobile(4000, 2).reshape(20, 200)]) is None
