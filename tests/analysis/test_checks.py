"""Innovations, predictive bands and circulation on records whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.checks import (
    circulation,
    ensemble_bands,
    goodness,
    predictive_bands,
    shape,
)
from activenoise.likelihood import kalman
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.records import simulate_records

DT = 0.05
AOUP_MODEL = AOUP(2.0, 0.3, 1.0, 0.6)
INSTRUMENT = Instrument(noise=0.05, exposure=0.6, baseline="constant")


def left(model, instrument, record):
    return kalman.innovations(model, instrument, record, DT).standardised


def test_the_right_model_passes_as_often_as_it_should():
    chances = []
    for seed in range(60):
        record = simulate_records(AOUP_MODEL, INSTRUMENT, 3000, DT, seed=seed)
        record[100:120] = np.nan
        g = goodness(left(AOUP_MODEL, INSTRUMENT, record))
        chances.append((g.p_white, g.p_slow, g.p_normal))
        assert g.n_points == 2980
    # Uniform chances: their mean is 1/2 within 3 standard errors.
    assert np.all(np.abs(np.mean(chances, axis=0) - 0.5) < 3 / np.sqrt(12 * 60))


def test_the_kurtosis_of_normal_positions_has_its_error():
    """Whatever their memory; and that of a trap that is twice as stiff half of the time is seen."""
    records = [simulate_records(AOUP_MODEL, INSTRUMENT, 4000, DT, seed=s) for s in range(100)]
    for record in records:
        record[700:800] = np.nan
    scores = np.array([np.divide(*shape(record)) for record in records])
    assert abs(scores.mean()) < 0.4  # small samples are a little flat
    assert abs(scores.std() - 1) < 4 / np.sqrt(2 * len(scores))
    loose, stiff = (
        simulate_records(Passive(kappa, 0.5), INSTRUMENT, 8000, DT, seed=1) for kappa in (2.0, 5.0)
    )
    kurtosis, error = shape(np.concatenate([loose, stiff]))
    assert kurtosis > 4.5 * error


@pytest.mark.parametrize(
    ("model", "instrument"),
    [
        (Passive(2.0, 0.5), INSTRUMENT),  # no propulsion
        (AOUP_MODEL, Instrument(noise=0.05, baseline="constant")),  # no blur
        (AOUP_MODEL, Instrument(noise=0.12, exposure=0.6, baseline="constant")),  # too much noise
    ],
)
def test_wrong_models_fail(model, instrument):
    record = simulate_records(AOUP_MODEL, INSTRUMENT, 20_000, DT, seed=7)
    g = goodness(left(model, instrument, record))
    assert g.p_white < 1e-4


def test_drift_shows_in_the_slow_test():
    n = 20_000
    model = Passive(20.0, 0.3)
    instrument = Instrument(baseline="constant")
    record = simulate_records(model, Instrument(), n, DT, seed=2)
    assert goodness(left(model, instrument, record)).p_slow > 1e-3
    wandering = record + 0.01 * np.sin(np.linspace(0, 12, n))
    assert goodness(left(model, instrument, wandering)).p_slow < 1e-4


def test_outliers_are_not_normal():
    record = simulate_records(AOUP_MODEL, INSTRUMENT, 5000, DT, seed=3)
    record[::500] += 2.0
    assert goodness(left(AOUP_MODEL, INSTRUMENT, record)).p_normal < 1e-6


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


def gyrator(n, dt, twist, seed):
    """Two coordinates in a trap with a rotating force of strength `twist`, by Euler's scheme."""
    rng = np.random.default_rng(seed)
    z = np.zeros((n, 2))
    kicks = rng.normal(size=(n, 2)) * np.sqrt(2 * dt)
    for t in range(1, n):
        x, y = z[t - 1]
        z[t] = z[t - 1] + dt * np.array([-x - twist * y, -y + twist * x]) + kicks[t]
    return z[:, 0], z[:, 1]


def test_circulation_is_found_where_there_is_some():
    x, y = gyrator(20_000, 0.05, 0.5, 1)
    c = circulation(x, y, 0.05)
    assert c.p_reversible < 0.01
    # The mean angular velocity of this process is the twist.
    assert abs(c.rate - 0.5) < 4 * c.rate_error
    x[1000:1100] = np.nan
    assert circulation(x, y, 0.05).p_reversible < 0.01


def test_no_circulation_is_found_where_there_is_none():
    chances = []
    for seed in range(30):
        record = simulate_records(AOUP_MODEL, INSTRUMENT, 4000, DT, seed, n_records=2)
        chances.append(circulation(record[0], 0.5 * record[0] + record[1], DT).p_reversible)
    assert abs(np.mean(chances) - 0.5) < 3.5 / np.sqrt(12 * 30)


def test_records_too_short_are_named():
    with pytest.raises(ValueError, match="too few"):
        goodness(np.zeros(10))
    with pytest.raises(ValueError, match="correlation times"):
        circulation(np.linspace(0, 1, 100), np.linspace(0, 1, 100), 0.1)
    with pytest.raises(ValueError, match="alike"):
        circulation(np.zeros(5), np.zeros(6), 0.1)


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


def test_a_lag_with_few_pairs_counts_for_less():
    """Every autocorrelation has the same standard error, however the gaps lie."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        z = rng.normal(size=(50, 27))
        z[:, 7:] = np.nan  # pieces of seven points
        z[0, :25] = rng.normal(size=25)
        found.append(goodness(z.ravel()).autocorrelation * np.sqrt(50 * 7 + 18))
    spread = np.std(found, axis=0)
    # 200 of them: their standard deviation is known to 5 %.
    np.testing.assert_allclose(spread, 1.0, atol=0.25)
