"""Run-and-tumble among the models of a record: what it adds, and what it leaves as it was."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.inference.comparison import compare_models, usual_odds
from activenoise.inference.importance import Sampler
from activenoise.inference.record import OFF, Record
from activenoise.parameters import ACTIVE, EQUILIBRIUM, RECORD_MODELS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RTP, Passive
from activenoise.physics.priors import Axis
from activenoise.simulation.recorded import simulate_recorded
from activenoise.simulation.records import simulate_records

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
