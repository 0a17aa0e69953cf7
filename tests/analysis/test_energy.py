"""Energies from posterior draws: over each driven model, over all of them, and over all models."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import coverage

from activenoise.analysis.energy import energy_facts
from activenoise.inference.importance import Sample
from activenoise.inference.posterior import Posterior
from activenoise.physics.shares import active_share, dissipation

N = 2000


def posterior(model: str, D_a: float) -> Posterior:
    """Draws about kappa 2, D 0.4, tau_a 0.3."""
    rng = np.random.default_rng(len(model))
    centre = {"kappa": 2.0, "D": 0.4, "D_a": D_a, "tau_a": 0.3}
    values = {name: v * np.exp(0.1 * rng.normal(size=N)) for name, v in centre.items()}
    if model == "ViscoelasticAOUP":
        values |= {"strength": np.full(N, 3.0), "tau_m": np.full(N, 2.0)}
    values["active_share"] = active_share(*(values[n] for n in centre))  # of a simple liquid
    known = Sample(0.0, 0.0, np.empty((1, 0)), np.zeros(1), float(N), 0.0, likelihoods=1)
    return Posterior(model, known, values, tuple(centre))


AOUP, STRONG = posterior("AOUP", 1.0), posterior("RBP", 3.0)
IN_A_MEDIUM = posterior("ViscoelasticAOUP", 1.0)


def found(probability, posteriors, p_distinguishable=0.5):
    some = {name: [p] for name, p in posteriors.items()}
    return energy_facts(probability, some, p_distinguishable, 0.02, 40.0)


def test_one_model_has_the_quantiles_of_its_draws():
    facts = found({"Passive": 0.2, "AOUP": 0.8}, {"AOUP": AOUP})
    values = dissipation(*(AOUP.parameters[n] for n in ("kappa", "D", "D_a", "tau_a")))
    row = facts.models["AOUP"].dissipation
    expected = np.quantile(values, [0.025, 0.16, 0.5, 0.84, 0.975])
    ends = (row.low95, row.low68, row.median, row.high68, row.high95)
    np.testing.assert_allclose(ends, expected, rtol=1e-2)
    assert row.mean == pytest.approx(values.mean())
    assert row.sd_log == pytest.approx(np.log(values).std())
    assert facts.driven.dissipation.median == row.median
    assert facts.driven.temperature.median == pytest.approx(
        1 / (1 - facts.driven.share.median), rel=1e-3
    )


def test_all_driven_models_are_averaged_by_their_probabilities():
    facts = found({"Passive": 0.6, "AOUP": 0.3, "RBP": 0.1}, {"AOUP": AOUP, "RBP": STRONG})
    means = {name: row.dissipation.mean for name, row in facts.models.items()}
    expected = 0.75 * means["AOUP"] + 0.25 * means["RBP"]
    assert facts.driven.dissipation.mean == pytest.approx(expected)
    assert facts.driven.probability == pytest.approx(0.4)


def test_the_limit_counts_models_at_equilibrium_as_nothing():
    sure = found({"Passive": 0.97, "AOUP": 0.03}, {"AOUP": AOUP})
    assert sure.limit95 == 0.0
    open_ = found({"Passive": 0.5, "AOUP": 0.5}, {"AOUP": AOUP})
    values = dissipation(*(AOUP.parameters[n] for n in ("kappa", "D", "D_a", "tau_a")))
    assert open_.limit95 == pytest.approx(np.quantile(values, 0.9), rel=5e-3)


def test_the_double_is_what_activity_does_not_distinguish():
    facts = found({"Passive": 0.2, "AOUP": 0.8}, {"AOUP": AOUP}, p_distinguishable=0.2)
    assert facts.p_double == pytest.approx(0.75)


def test_without_a_driven_model_there_is_nothing():
    assert found({"Passive": 1.0, "AOUP": 0.0}, {"AOUP": AOUP}) is None


def test_a_medium_that_relaxes_takes_part_of_the_drive_s_energy():
    """The effective energy falls at low frequencies, where the medium's friction is larger."""
    facts = found(
        {"AOUP": 0.5, "ViscoelasticAOUP": 0.5}, {"AOUP": AOUP, "ViscoelasticAOUP": IN_A_MEDIUM}
    )
    curves = {name: np.array(row.curve["median"]) for name, row in facts.models.items()}
    assert curves["ViscoelasticAOUP"][0] < 0.5 * curves["AOUP"][0]
    np.testing.assert_allclose(curves["ViscoelasticAOUP"][-1], curves["AOUP"][-1], rtol=0.02)
    assert np.all(np.array(facts.driven.curve["low95"]) >= 1)
    bare, relaxing = (row.dissipation.median for row in facts.models.values())
    assert relaxing < bare


@pytest.mark.slow
def test_intervals_of_the_dissipation_hold_the_truth():
    """Records of the prior with noise and blur, seeds that no choice was made on."""
    ranks = np.array(
        [coverage.energy_rank(seed, 300).ranks["dissipation"] for seed in range(9000, 9060, 3)]
    )
    for part in (0.68, 0.95):
        error = np.sqrt(part * (1 - part) / len(ranks))
        assert abs(np.mean(np.abs(ranks - 0.5) < part / 2) - part) < 2.5 * error
