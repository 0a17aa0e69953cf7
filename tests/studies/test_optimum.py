"""The exact answers of a pair, put together from likelihoods and evidences."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.inference.evidence import log_likelihood_ratio
from activenoise.physics.priors import parse_prior
from activenoise.simulation.tracks import simulate
from activenoise.studies.optimum import exact_answers

DT, AT = 0.1, np.array([50, 200])
FREE = parse_prior(
    {
        "kappa": {"log_uniform": [0.5, 2.0]},
        "D": {"log_uniform": [0.1, 10.0]},
        "D_a": {"log_uniform": [0.1, 100.0]},
        "tau_a": {"log_uniform": [0.5, 5.0]},
    }
)
KNOWN = parse_prior({"kappa": 1.0, "D": 1.0, "D_a": 5.0, "tau_a": 2.0})
PASSIVE_AOUP, AOUP_RBP = ("Passive", "AOUP"), ("AOUP", "RBP")


@pytest.mark.parametrize(
    ("pair", "prior", "others"),
    [
        (PASSIVE_AOUP, KNOWN, {"optimum_given_start", "path_integral"}),
        (AOUP_RBP, KNOWN, {"optimum_given_start"}),
        (PASSIVE_AOUP, FREE, {f"{m}_{n}" for m in ("mean", "sd") for n in FREE.axes}),
        (AOUP_RBP, FREE, set()),
    ],
)
def test_the_odds_and_what_comes_with_them(pair, prior, others):
    tracks = simulate(KNOWN.single("AOUP"), AT[-1], DT, seed=1, n_tracks=20)
    found = exact_answers(pair, prior, tracks, DT, AT)
    assert set(found) == {"logits"} | others
    assert all(values.shape == (20, 2) for values in found.values())
    expected = log_likelihood_ratio(pair, prior, tracks, DT, AT)
    np.testing.assert_allclose(found["logits"], expected, rtol=1e-9, atol=1e-9)


def test_estimates_are_calibrated():
    """Errors of the posterior means are 0 on average and as large as the posterior says, within
    four standard errors, where tracks are drawn from the prior."""
    n = 1500
    models = FREE.draw("AOUP", seed=3, n_tracks=n)
    tracks = simulate(models, AT[-1], DT, seed=4)
    found = exact_answers(PASSIVE_AOUP, FREE, tracks, DT, AT)
    for name in FREE.axes:
        error = np.log(getattr(models, name))[:, None] - found[f"mean_{name}"]
        z = error / np.sqrt(np.mean(error**2, axis=0) / n)
        assert np.all(np.abs(z.sum(axis=0)) / n < 4)
        excess = error**2 - found[f"sd_{name}"] ** 2
        assert np.all(np.abs(excess.mean(axis=0)) < 4 * excess.std(axis=0) / np.sqrt(n))
