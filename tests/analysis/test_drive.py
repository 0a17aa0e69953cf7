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
from activenoise.physics.models import AOUP

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
    facts, arrays = drive_of(posterior("RBP", np.full(40, 2.0)), "a", TRACK, DT, "constant")
    one = propulsion(AOUP(1.0, 0.5, 2.0, 0.4), Instrument(0.1, baseline="constant"), TRACK["x"], DT)
    np.testing.assert_allclose(arrays["drive/x/mean"], one.mean)
    np.testing.assert_allclose(arrays["drive/x/sd"], one.sd)
    assert (facts.model, facts.track) == ("RBP", "a")
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


def test_the_likeliest_driven_model_is_taken():
    assert driven_model({"Passive": 0.9, "AOUP": 0.04, "PowerLawAOUP": 0.06}) == "PowerLawAOUP"
    assert driven_model({"Passive": 1.0, "AOUP": 0.0}) is None
