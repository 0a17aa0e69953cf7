"""Predictive bands hold records of their own law and not those of another."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.bands import ensemble_bands, predictive_bands
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.records import simulate_records

DT = 0.05
AOUP_MODEL = AOUP(2.0, 0.3, 1.0, 0.6)
INSTRUMENT = Instrument(noise=0.05, exposure=0.6, baseline="constant")


@pytest.mark.slow
def test_bands_hold_the_right_models_record_and_not_anothers():
    record = simulate_records(AOUP_MODEL, INSTRUMENT, 8000, DT, seed=11)
    record[300:340] = np.nan
    bands = predictive_bands(lambda i: (AOUP_MODEL, INSTRUMENT), record, DT, n_records=60)
    for band in bands.values():
        assert band.data.shape == band.at.shape == band.quantiles.shape[1:]
        assert band.inside > 0.6
    slower = Passive(2.0, 0.3)
    bands = predictive_bands(lambda i: (slower, INSTRUMENT), record, DT, n_records=60)
    assert bands["spectrum"].inside < 0.5
    # Two-sided: the passive model's spectrum where neither noise nor detrending matters.
    middle = bands["spectrum"].quantiles[2][1:5]
    expected = slower.spectrum(bands["spectrum"].at[1:5])
    np.testing.assert_allclose(middle, expected, rtol=0.25)


def test_bands_of_many_short_records_hold_records_of_the_same_law():
    model, noise = Passive(0.0, 0.5), 0.1
    instrument = Instrument(noise=noise, baseline="constant")
    rng = np.random.default_rng(0)
    made = simulate_records(model, instrument, 30, DT, seed=4, n_records=600)
    records = [x[: rng.integers(2, 31)] + 5.0 for x in made]
    records[0][1:-1] = np.nan
    bands = ensemble_bands(lambda i: (model, instrument), records, DT, 60, 1, 12, free=True)
    assert set(bands) == {"displacement", "increments"}
    steps = bands["increments"]
    # 2 D dt + 2 noise^2, and -noise^2 between neighbours; some 9000 steps.
    assert steps.data[0] == pytest.approx(2 * 0.5 * DT + 2 * noise**2, rel=0.05)
    assert steps.data[1] == pytest.approx(-(noise**2), abs=0.0025)
    np.testing.assert_allclose(
        bands["displacement"].quantiles[2],
        2 * 0.5 * bands["displacement"].at + 2 * noise**2,
        rtol=0.1,
    )
    for band in bands.values():
        assert band.inside > 0.6
    # Another law is outside.
    other = ensemble_bands(lambda i: (Passive(0.0, 1.0), instrument), records, DT, 60, 1, 12, True)
    assert other["displacement"].inside < 0.2
    trapped = ensemble_bands(lambda i: (Passive(2.0, 0.5), instrument), records, DT, 10, 1, 12)
    assert set(trapped) == {"displacement", "increments", "autocorrelation"}


def test_a_free_tracer_has_a_spectrum_of_increments():
    """Level, at 2 D, without noise; no autocorrelation."""
    model, instrument = Passive(0.0, 0.7), Instrument(baseline="constant")
    record = simulate_records(model, instrument, 20_000, DT, seed=3)
    bands = predictive_bands(lambda i: (model, instrument), record, DT, 30, free=True)
    assert set(bands) == {"displacement", "increment_spectrum"}
    spectrum = bands["increment_spectrum"]
    np.testing.assert_allclose(spectrum.quantiles[2][2:], 2 * 0.7, rtol=0.1)
    assert spectrum.inside > 0.7
    assert len(spectrum.at) == len(spectrum.data)
