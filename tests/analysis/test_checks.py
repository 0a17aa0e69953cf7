"""Tests of innovations and of positions on records whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.checks import goodness, pooled_shape, shape
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


def test_records_too_short_are_named():
    with pytest.raises(ValueError, match="too few"):
        goodness(np.zeros(10))


def test_a_lag_with_few_pairs_counts_for_less():
    """Every autocorrelation has the same standard error, however the gaps lie."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        z = rng.normal(size=(50, 27))
        z[:, 7:] = np.nan  # pieces of seven points
        z[0, :25] = rng.normal(size=25)
        found.append(np.array(goodness(z.ravel()).autocorrelation) * np.sqrt(50 * 7 + 18))
    spread = np.std(found, axis=0)
    # 200 of them: their standard deviation is known to 5 %.
    np.testing.assert_allclose(spread, 1.0, atol=0.25)


@pytest.mark.slow
def test_the_kurtosis_of_many_tracks_has_no_bias_that_adds_up():
    """Tracks of 20 to 40 relaxation times: each is flat by a fraction of its error."""
    scores = []
    for seed in range(60):
        made = simulate_records(AOUP_MODEL, INSTRUMENT, 500, DT, seed, n_records=40)
        tracks = [x[: 250 + 6 * i] for i, x in enumerate(made)]
        value, error = pooled_shape(tracks)
        scores.append(value / error)
    assert abs(np.mean(scores)) < 0.5
    assert abs(np.std(scores) - 1) < 4 / np.sqrt(2 * len(scores))
    assert pooled_shape([np.zeros(100)] * 50) is None
