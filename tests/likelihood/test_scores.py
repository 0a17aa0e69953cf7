"""Normal scores of the filter on angle and state."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from activenoise.likelihood import kalman
from activenoise.likelihood.switching import rbp_log_likelihood, rbp_scores
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

MODEL = RBP(1.0, 1.0, 20.0, 3.0)
DT = 0.1


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_scores_of_the_right_model_are_independent_standard_normals(noise):
    tracks = simulate(MODEL, 1000, DT, seed=3, n_tracks=20).astype(np.float64)
    tracks += noise * np.random.default_rng(4).standard_normal(tracks.shape)
    z = np.array([rbp_scores(MODEL, Instrument(noise=noise), x, DT) for x in tracks])
    # 20000 scores: the filter's error shows in their distribution by less than this.
    assert kstest(z.ravel(), "norm").statistic < 0.012
    assert np.mean(z) == pytest.approx(0, abs=0.03)
    assert np.var(z) == pytest.approx(1, abs=0.03)
    assert np.mean(z[:, 1:] * z[:, :-1]) == pytest.approx(0, abs=0.03)
    assert np.mean(z[:, 1:] ** 2 * z[:, :-1] ** 2) == pytest.approx(1, abs=0.08)


def test_scores_of_weak_propulsion_are_the_innovations_of_a_linear_model():
    parameters = (1.0, 1.0, 0.02, 1.0)
    instrument = Instrument(noise=0.1, exposure=0.5)
    record = simulate_records(AOUP(*parameters), instrument, 400, 0.05, seed=1)
    record[40:50] = np.nan
    z = rbp_scores(RBP(*parameters), instrument, record, 0.05)
    linear = kalman.innovations(AOUP(*parameters), instrument, record, 0.05).standardised
    np.testing.assert_allclose(z, linear, atol=0.05)


def test_scores_of_a_switching_tracer_are_not_normal():
    """A tracer that hops between two places is no RBP, whatever its velocity."""
    rng = np.random.default_rng(5)
    hops = np.cumsum(rng.random(4000) < 0.01) % 2
    x = 3.0 * (hops - 0.5) + 0.3 * rng.standard_normal(4000)
    z = rbp_scores(RBP(1.0, 1.0, 3.0, 1.0), Instrument(noise=0.2), x, DT)
    assert kstest(z, "norm").statistic > 0.05


def test_a_baseline_costs_the_first_scores():
    free = RBP(0.0, 1.0, 5.0, 1.0)
    x = simulate(RBP(0.1, 1.0, 5.0, 1.0), 200, DT, seed=6, n_tracks=1)[0].astype(np.float64) + 40
    x[0] = np.nan
    instrument = Instrument(baseline="constant")
    z = rbp_scores(free, instrument, x, DT)
    assert np.flatnonzero(np.isnan(z)).tolist() == [0, 1]
    assert np.isfinite(rbp_log_likelihood(free, instrument, x, DT)[0])
    with pytest.raises(ValueError, match="one model"):
        rbp_scores(RBP(1.0, [1.0, 2.0], 1.0, 1.0), Instrument(), x, DT)
