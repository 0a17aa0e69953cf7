"""The propulsion in time over posterior draws."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.drive import drive_columns, drive_of, driven_model
from activenoise.inference.importance import Sample
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import OFF
from activenoise.likelihood.smoother import propulsion
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, RTP
from activenoise.simulation.tracks import simulate

DT = 0.05
TRACK = {"x": np.random.default_rng(4).normal(size=300).cumsum()}


def posterior(model: str, D_a: np.ndarray) -> Posterior:
    n = len(D_a)
    values = {name: np.full(n, axis.low) for name, axis in OFF.items()}
    values |= {"kappa": np.full(n, 1.0), "D": np.full(n, 0.5), "tau_a": np.full(n, 0.4)}
    values |= {"D_a": D_a, "noise": np.full(n, 0.1)}
    known = Sample(0.0, 0.0, np.empty((1, 0)), np.zeros(1), float(n), 0.0, likelihoods=1)
    return Posterior(model, known, values, ("D_a",))


def test_draws_that_agree_give_the_band_of_one_model():
    facts, arrays = drive_of(posterior("AOUP", np.full(40, 2.0)), "a", TRACK, DT, "constant")
    one = propulsion(AOUP(1.0, 0.5, 2.0, 0.4), Instrument(0.1, baseline="constant"), TRACK["x"], DT)
    np.testing.assert_allclose(arrays["drive/x/mean"], one.mean)
    np.testing.assert_allclose(arrays["drive/x/sd"], one.sd)
    assert (facts.model, facts.track, facts.sampled) == ("AOUP", "a", False)
    assert facts.mean_power["x"] == pytest.approx(np.nanmean(one.power))
    assert set(drive_columns(arrays)) == {"x_mean", "x_sd", "x_power"}


def test_the_band_has_the_variance_between_draws():
    spread = np.exp(np.random.default_rng(5).normal(size=40))
    _, wide = drive_of(posterior("AOUP", 2 * spread), "", TRACK, DT, "constant")
    each = []
    for D_a in 2 * spread[(np.arange(8) * 5 + 2.5).astype(int)]:
        model = AOUP(1.0, 0.5, D_a, 0.4)
        each.append(propulsion(model, Instrument(0.1, baseline="constant"), TRACK["x"], DT))
    within = np.mean([one.sd**2 for one in each], axis=0)
    between = np.var([one.mean for one in each], axis=0, ddof=1)
    np.testing.assert_allclose(wide["drive/x/sd"] ** 2, within + between)


@pytest.mark.parametrize("drive", [RBP, RTP])
@pytest.mark.slow
def test_a_direction_is_sampled_about_any_baseline(drive):
    """At weak propulsion about an unknown baseline all is normal again."""
    x = {"x": simulate(drive(1.0, 0.5, 0.05, 0.4), 300, DT, seed=2).astype(np.float64) + 7}
    linear = drive_of(posterior("AOUP", np.full(8, 0.05)), "", x, DT, "constant")[1]
    facts, found = drive_of(posterior(drive.__name__, np.full(8, 0.05)), "", x, DT, "constant")
    assert facts.sampled
    sd = linear["drive/x/sd"]
    away = (found["drive/x/mean"] - linear["drive/x/mean"]) / sd
    assert np.sqrt(np.mean(away**2)) < 0.13  # of 128 paths
    assert np.mean(found["drive/x/sd"] / sd) == pytest.approx(1, abs=0.03)
    again = drive_of(posterior(drive.__name__, np.full(8, 0.05)), "", x, DT, "constant")[1]
    np.testing.assert_array_equal(found["drive/x/mean"], again["drive/x/mean"])


def test_a_long_track_and_a_fast_turn_have_the_linear_estimate():
    long = {"x": np.random.default_rng(1).normal(size=9000)}
    linear = drive_of(posterior("AOUP", np.full(8, 2.0)), "", long, DT, "constant")[1]
    facts, found = drive_of(posterior("RBP", np.full(8, 2.0)), "", long, DT, "constant")
    assert not facts.sampled
    np.testing.assert_array_equal(found["drive/x/mean"], linear["drive/x/mean"])
    # 0.4 s are two intervals.
    linear = drive_of(posterior("AOUP", np.full(8, 2.0)), "", TRACK, 0.2, "constant")[1]
    found = drive_of(posterior("RTP", np.full(8, 2.0)), "", TRACK, 0.2, "constant")[1]
    np.testing.assert_allclose(found["drive/x/mean"], linear["drive/x/mean"])


def test_the_likeliest_driven_model_is_taken():
    assert driven_model({"Passive": 0.9, "AOUP": 0.04, "PowerLawAOUP": 0.06}) == "PowerLawAOUP"
    assert driven_model({"Passive": 1.0, "AOUP": 0.0}) is None
