"""Records in sums of squares: the same likelihood as each of them, at a fraction of the number."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood import kalman
from activenoise.likelihood.scatter import compressed
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive, Viscoelastic

DT = 0.05


def records(seed: int = 0) -> list[np.ndarray]:
    """400 of 2 to 6 points, some with a gap, and a long one; of no model in particular."""
    rng = np.random.default_rng(seed)
    made = [np.cumsum(rng.normal(size=rng.integers(2, 7))) + 50 for _ in range(400)]
    for x in made[::3]:
        if len(x) > 3:
            x[2] = np.nan
    return [*made, np.cumsum(rng.normal(size=80))]


@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize("kappa", [0.0, 1.5])
def test_the_weighted_sum_is_that_of_all_records(baseline, kappa):
    values = np.array([0.5, 4.0])
    instrument = Instrument(noise=0.3, exposure=0.5, baseline=baseline)
    least = 4 if baseline == "linear" else 2  # points that a line leaves something of
    made = [x for x in records() if np.isfinite(x).sum() >= least]
    ensemble = compressed(made, DT)
    assert len(ensemble.records) < 50 < len(made)
    assert ensemble.weights.sum() == pytest.approx(len(made))
    for model in (
        Passive(kappa, values),
        AOUP(kappa, values, 3.0, 0.4),
        Viscoelastic(kappa, values, 2.0, 0.3),
    ):
        each = kalman.log_likelihoods(model, instrument, made, DT)
        found = kalman.log_likelihoods(model, instrument, ensemble.records, DT)
        np.testing.assert_allclose(ensemble.weights @ found, np.sum(each, axis=0), atol=1e-6)


def test_a_known_zero_is_kept():
    made = [x - 50 for x in records()[:300] if len(x) == 4 and np.isfinite(x).all()]
    ensemble = compressed(made, DT, shifted=False)
    assert len(ensemble.records) == 5 < len(made)
    model = AOUP(1.0, np.array([1.0, 9.0]), 2.0, 0.3)
    each = [kalman.log_likelihood(model, Instrument(), x, DT) for x in made]
    found = kalman.log_likelihoods(model, Instrument(), ensemble.records, DT)
    np.testing.assert_allclose(ensemble.weights @ found, np.sum(each, axis=0), rtol=1e-9)


def test_few_records_stay_as_they_are():
    made = [np.arange(5.0), np.arange(5.0) ** 2]
    ensemble = compressed(made, DT)
    assert all(a is b for a, b in zip(ensemble.records, made, strict=True))
    np.testing.assert_array_equal(ensemble.weights, 1.0)
