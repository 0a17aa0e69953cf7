"""Records of one linear model against its covariance and its law of diffusion."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive, Viscoelastic
from activenoise.physics.system import autocovariance
from activenoise.simulation.records import simulate_records


def test_records_have_the_covariance_of_the_linear_system():
    model = Viscoelastic(2.0, 0.3, 3.0, 0.8)
    instrument = Instrument(noise=0.05, exposure=0.6, corner=8.0, relaxed=0.2)
    expected = autocovariance(model, instrument, np.arange(4), 0.05)[0]
    records = simulate_records(model, instrument, 40, 0.05, seed=1, n_records=20_000)
    for lag in range(4):
        products = records[:, 5] * records[:, 5 + lag]
        error = products.std() / np.sqrt(len(products))
        assert abs(products.mean() - expected[lag]) < 4 * error


def test_a_free_tracer_diffuses_as_it_should():
    model, instrument = Passive(0.0, 0.4), Instrument(noise=0.1)
    records = simulate_records(model, instrument, 30, 0.5, seed=2, n_records=20_000)
    for lag in (1, 7, 20):
        squares = (records[:, 25] - records[:, 25 - lag]) ** 2
        error = squares.std() / np.sqrt(len(squares))
        assert abs(squares.mean() - (2 * 0.4 * 0.5 * lag + 2 * 0.1**2)) < 4 * error


def test_one_record_is_the_first_of_many_and_a_batch_is_refused():
    model = Passive(1.0, 1.0)
    one = simulate_records(model, Instrument(), 20, 0.1, seed=3)
    np.testing.assert_array_equal(one, simulate_records(model, Instrument(), 20, 0.1, 3, 1)[0])
    with pytest.raises(ValueError, match="one model is simulated at a time, not 2"):
        simulate_records(Passive(np.ones(2), 1.0), Instrument(), 20, 0.1, seed=3)
