"""Run-and-tumble among the models of a record: what it adds, and what it leaves as it was."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.inference.comparison import compare_models, usual_odds
from activenoise.inference.importance import Sampler
from activenoise.inference.rbp_posterior import rbp_baselines
from activenoise.inference.record import OFF, Record, instrument_of, linear_model
from activenoise.likelihood.kalman import regressors
from activenoise.likelihood.switching import rtp_log_likelihood
from activenoise.parameters import ACTIVE, EQUILIBRIUM, RECORD_MODELS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RTP, Passive
from activenoise.physics.priors import Axis
from activenoise.simulation.recorded import simulate_recorded
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

DT = 0.1
INSTRUMENT = Instrument(noise=0.05, exposure=0.3)
QUICK = Sampler(draws=256, wanted=60, final=256, batches=2, attempts=2)
PRIOR = {
    "kappa": Axis(0.3, 3.0, log=True), "D": Axis(0.03, 3.0, log=True),
    "active_share": Axis(0.05, 1.0), "tau_a": Axis(0.5, 10.0, log=True),
    "element_share": Axis(0.3, 0.9), "tau_m": Axis(0.3, 3.0, log=True),
    **OFF, "noise": Axis(0.0, 0.2), "exposure": Axis(0.3, 0.3),
}  # fmt: skip
FOUR = ("Passive", "AOUP", "RBP", "RTP")


def compared(x, models=FOUR):
    return compare_models(
        [Record(np.asarray(x, np.float64), DT)], PRIOR, sampler=QUICK, models=models
    )


def test_one_more_mechanism_takes_nothing_from_equilibrium():
    """The drives of a medium share what the medium has among the active models."""
    fewer = tuple(name for name in RECORD_MODELS if name != "RTP")
    with_it, without = usual_odds(RECORD_MODELS), usual_odds(fewer)
    for names in (EQUILIBRIUM, ("Drift", "Wander"), ("ViscoelasticAOUP", "PowerLawRBP")):
        assert [with_it[name] for name in names] == [without[name] for name in names]
    assert with_it["AOUP"] == with_it["RBP"] == with_it["RTP"]
    total = sum(with_it[name] for name in ACTIVE)
    assert total == pytest.approx(sum(without[name] for name in ACTIVE if name in without))


@pytest.mark.slow
def test_a_strong_run_and_tumble_is_active_and_named():
    one = RTP(*(np.array([v]) for v in (1.0, 0.3, 20.0, 3.0)))
    answer = compared(simulate_recorded(one, INSTRUMENT, 400, DT, seed=2)[0])
    assert answer.p_active > 0.99
    assert answer.probability["RTP"] > 0.9
    summary = answer.posteriors["RTP"].summary()
    for name, true in (("D_a", 20.0), ("tau_a", 3.0)):
        assert summary[name]["low95"] < true < summary[name]["high95"]


@pytest.mark.parametrize(
    "model", [Passive(1.0, 0.3), AOUP(1.0, 0.3, 6.0, 3.0)], ids=["passive", "AOUP"]
)
def test_other_records_keep_their_probability_of_activity(model):
    record = simulate_records(model, INSTRUMENT, 400, DT, seed=3)
    with_it, without = compared(record), compared(record, FOUR[:3])
    error = np.hypot(with_it.numerical_error, without.numerical_error)
    assert abs(with_it.p_active - without.p_active) < 3 * error + 0.03
    assert with_it.probability["RTP"] < 0.6


@pytest.mark.parametrize("baseline", ["constant", "linear"])
def test_draws_of_a_baseline_have_its_law(baseline):
    """Moments against a sum over a grid, within the error of ten sets of draws."""
    values = {
        **{name: np.array([axis.low]) for name, axis in OFF.items()},
        "noise": np.array([0.1]),
    }
    values |= {"kappa": np.ones(1), "D": np.ones(1), "D_a": np.full(1, 20.0), "tau_a": np.ones(1)}
    x = simulate(RTP(1.0, 1.0, 20.0, 1.0), 100, DT, seed=4).astype(np.float64) + 3
    unknowns = instrument_of(values, baseline).unknowns
    nodes = np.stack(np.meshgrid(*[np.linspace(-8, 8, 81)] * unknowns), axis=-1)
    nodes = nodes.reshape(-1, unknowns) + 3 * np.eye(unknowns)[0]
    repeated = {name: np.repeat(v, len(nodes)) for name, v in values.items()}
    log_p = rtp_log_likelihood(
        linear_model("RTP", repeated), instrument_of(repeated),
        x - nodes @ regressors(len(x), unknowns), DT,
    )  # fmt: skip
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = p @ nodes
    square = p @ (nodes - mean) ** 2
    drawn = np.array(
        [rbp_baselines("RTP", values, Record(x, DT), baseline, 64, seed) for seed in range(10)]
    )
    for moment, truth in ((drawn, mean), ((drawn - mean) ** 2, square)):
        found = moment.mean(axis=1)
        error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
        assert np.all(np.abs(found.mean(axis=0) - truth) < 4 * error)
