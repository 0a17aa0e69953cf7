"""The models side by side, as facts."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.comparison import known_lag
from activenoise.inference.record import Record

DT = 0.1


@pytest.mark.parametrize("n_tracks", [1, 2])
def test_over_the_known_lag_the_mean_square_displacement_is_known_to_a_quarter(n_tracks):
    rng = np.random.default_rng(1)
    n_points, repeats = 3200, 4000
    records = [Record(np.zeros(n_points), DT)] * n_tracks
    stride = round(known_lag(records) / DT)
    assert stride == n_points * n_tracks / 32
    steps = rng.standard_normal((repeats, n_tracks, n_points // stride, stride))
    mean = np.mean(steps.sum(axis=3) ** 2, axis=(1, 2))
    assert np.std(mean) / np.mean(mean) == pytest.approx(0.25, abs=0.01)


def test_the_known_lag_is_no_longer_than_half_a_track_and_gaps_do_not_count():
    short = [Record(np.zeros(30), DT)] * 100
    assert known_lag(short) == pytest.approx(1.5)
    x = np.zeros(320)
    x[::2] = np.nan
    assert known_lag([Record(x, DT)]) == pytest.approx(0.5)
