"""Evidence and posterior of an RBP in a medium with relaxations, beside its Gaussian twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from activenoise.inference.comparison import compare_models
from activenoise.inference.importance import Reach, Sampler
from activenoise.inference.posterior import posterior
from activenoise.inference.rbp_posterior import rbp_posterior
from activenoise.inference.record import OFF, Coordinates, Record
from activenoise.likelihood import kalman
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Elements, Tracer
from activenoise.physics.models import Passive
from activenoise.physics.priors import Axis
from activenoise.simulation.records import simulate_records, simulate_rotational

DT = 0.1
QUICK = Sampler(draws=256, wanted=60, final=256, batches=2, attempts=2)
REACH = Reach(64, 50.0, 500)
PRIOR = {
    "kappa": Axis(0.5, 2.0, log=True), "D": Axis(0.05, 0.2, log=True),
    "active_share": Axis(0.3, 1.0), "tau_a": Axis(1.0, 8.0, log=True),
    "element_share": Axis(0.3, 0.9), "tau_m": Axis(0.3, 3.0, log=True),
    **OFF, "noise": Axis(0.0, 0.1), "exposure": Axis(0.3, 0.3),
}  # fmt: skip
CELLS = ("Passive", "Viscoelastic", "AOUP", "RBP", "ViscoelasticAOUP", "ViscoelasticRBP")


def tracer(kappa=1.0, D=0.1, strength=2.0, tau_m=1.0, D_a=20.0, tau_a=4.0):
    one = (np.array([float(v)]) for v in (kappa, D, strength, tau_m, D_a, tau_a))
    kappa, D, strength, tau_m, D_a, tau_a = one
    return Tracer(kappa, D, Elements(strength[:, None], tau_m[:, None]), D_a, tau_a)


def gain(record):
    """Log evidence of ViscoelasticRBP over its twin's, and its posterior."""
    records = [Record(record, DT)]
    twin = posterior("ViscoelasticAOUP", records, PRIOR, sampler=QUICK)
    rbp = rbp_posterior(twin, records, PRIOR, reach=REACH)
    return rbp.log_evidence - twin.log_evidence, rbp


@pytest.mark.slow
def test_a_slow_strong_propulsion_of_constant_speed_is_told_from_its_twin(monkeypatch):
    monkeypatch.setattr("activenoise.inference.rbp_posterior._RBP_DRAWS", (64, 64))
    instrument = Instrument(noise=0.05, exposure=0.3)
    record = simulate_rotational(tracer(), instrument, 600, DT, seed=2)
    record[100:110] = np.nan
    answer = compare_models([Record(record, DT)], PRIOR, sampler=QUICK, models=CELLS)
    p = answer.probability
    assert p["ViscoelasticRBP"] > 10 * p["ViscoelasticAOUP"]
    assert p["ViscoelasticRBP"] + p["RBP"] > 0.9
    summary = answer.posteriors["ViscoelasticRBP"].summary()
    for name, true in (("D_a", 20.0), ("tau_a", 4.0)):
        assert summary[name]["low95"] < true < summary[name]["high95"]
    twins = simulate_records(tracer(), instrument, 600, DT, seed=4)
    assert gain(twins)[0] < -3


def test_a_propulsion_that_turns_fast_is_its_twin():
    """The two differ little in 200 points, and by nothing in what they say of the parameters."""
    record = simulate_rotational(tracer(D_a=0.3, tau_a=1.0), Instrument(), 200, DT, seed=1)
    ratio, rbp = gain(record)
    assert abs(ratio) < 0.5
    assert rbp.effective > 40


def test_a_passive_record_leaves_the_rbp_in_a_medium_out():
    """And so leaves prior odds and probabilities as they are without it."""
    record = simulate_records(Passive(1.0, 0.1), Instrument(noise=0.05), 200, DT, seed=1)
    records = [Record(record, DT)]
    sifted = compare_models(records, PRIOR, sampler=QUICK, models=CELLS)
    bare = compare_models(records, PRIOR, sampler=QUICK, models=CELLS[:-1])
    assert sifted.probability == bare.probability


@pytest.mark.slow
def test_intervals_hold_the_truth():
    """Parameters drawn from the prior, 300 points each: the ranks of the truth are uniform to two
    moments, and 95 % intervals hold it."""
    coordinates = Coordinates("ViscoelasticAOUP", PRIOR)
    ranks = []
    for seed in range(6):
        z = ndtri(np.random.default_rng([seed, 1]).random((1, len(coordinates.names))))
        truth = coordinates.parameters(z)
        model, instrument = coordinates.build(z, "zero")
        _, rbp = gain(simulate_rotational(model, instrument, 300, DT, seed))
        ranks.append([np.mean(rbp.parameters[n] < truth[n]) - 0.5 for n in coordinates.names])
    mean = np.mean(ranks, axis=1)
    assert abs(mean.mean()) < 3 * mean.std(ddof=1) / np.sqrt(len(mean)) + 0.02
    assert np.mean(np.abs(ranks) < 0.475) > 0.85
    assert 0.04 < np.mean(np.square(ranks)) < 0.13


def test_a_rotational_record_has_the_covariance_of_its_twin():
    """The likelihood of the twin has its mean there: sum of squared innovations of 1 a point."""
    instrument = Instrument(noise=0.05, exposure=0.3, corner=2.0)
    record = simulate_rotational(tracer(tau_a=0.5), instrument, 4000, DT, seed=5)
    left = kalman.innovations(tracer(tau_a=0.5), instrument, record, DT).standardised
    lags = [np.mean(left[k:] * left[:-k]) for k in (1, 2, 5)]
    assert abs(np.mean(left**2) - 1) < 0.1
    assert np.max(np.abs(lags)) < 0.06
