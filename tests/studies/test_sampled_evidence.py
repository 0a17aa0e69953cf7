"""Sampled evidences of a study's tracks against sums over a grid, and free of the unit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from activenoise.inference.importance import Sampler
from activenoise.likelihood import kalman
from activenoise.physics import system
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.priors import Axis, Prior, parse_prior
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.studies.sampled_evidence import by_segment, evidences

TAU_A, SHARE, EXPOSURE = 20.0, 0.6, 0.5
PRIOR = parse_prior(
    {
        "kappa": {"log_uniform": [0.01, 0.5]},
        "tau_a": TAU_A,
        "active_share": SHARE,
        "exposure": EXPOSURE,
    }
)
CAREFUL = Sampler(draws=512, final=2048, wanted=1500)


@pytest.fixture(scope="module")
def track() -> np.ndarray:
    model, instrument, _ = draw(PRIOR, "AOUP", 2, 1)
    return simulate_recorded(model, instrument, 200, 1.0, 2)[0].astype(np.float64)


def summed(model_name: str, track: np.ndarray, count: int = 60) -> tuple[float, float]:
    """Log evidence and posterior mean of log D by a midpoint rule over log kappa and log step."""
    own = np.sqrt(np.mean(np.diff(track) ** 2))
    u = (np.arange(count) + 0.5) / count
    kappa, step = np.meshgrid(0.01 * 50**u, 0.1 * own * 100**u, indexing="ij")
    kappa, step = kappa.ravel(), step.ravel()
    one = np.ones_like(kappa)
    seen = Instrument(exposure=EXPOSURE, baseline="constant")
    model: Passive | AOUP = Passive(kappa, one)
    if model_name == "AOUP":
        ratio = SHARE / (1 - SHARE) * (1 + kappa * TAU_A)
        model = AOUP(kappa, one, ratio, TAU_A)
    covariance = system.autocovariance(model, Instrument(exposure=EXPOSURE), [0, 1], 1.0)
    D = step**2 / (2 * (covariance[:, 0] - covariance[:, 1]))
    scaled: Passive | AOUP = Passive(kappa, D)
    if model_name == "AOUP":
        scaled = AOUP(kappa, D, ratio * D, TAU_A)
    values = kalman.log_likelihood(scaled, seen, track, 1.0)
    weight = np.exp(values - logsumexp(values))
    return float(logsumexp(values) - 2 * np.log(count)), float(weight @ np.log(D))


def test_evidence_and_moments_are_those_of_a_grid(track):
    found = evidences(PRIOR, track, 1.0, [80, 200], ["D", "kappa"], sampler=CAREFUL)
    assert found.log_evidence.shape == (2, 3)
    assert np.all(np.isnan(found.log_evidence[:, 2]))
    for k, n in enumerate((80, 200)):
        for column, name in enumerate(("Passive", "AOUP")):
            expected, log_d = summed(name, track[:n])
            error = found.error[k, column]
            assert error < 0.05
            assert abs(found.log_evidence[k, column] - expected) < 4 * error + 0.01
        assert abs(found.mean[k, 0] - log_d) < 5 * found.mean_error[k, 0] + 0.01


@pytest.mark.parametrize("more", [{}, {"drift": Axis(0.0, 0.3)}], ids=["still", "drifting"])
def test_the_unit_does_not_matter(track, more):
    prior = Prior({**PRIOR.axes, **more})
    one, other = (
        evidences(prior, scale * track + zero, 1.0, [200], ["kappa"])
        for scale, zero in ((1.0, 0.0), (1e-6, 3e-5))
    )
    ratios = [np.diff(found.log_evidence[0])[0] for found in (one, other)]
    assert ratios[0] == pytest.approx(ratios[1], abs=1e-3)
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-3)


def test_a_drift_of_unknown_strength():
    """Its zero is known, one interval before the first point."""
    dt, count = 0.2, 60
    values = {"kappa": {"uniform": [0.2, 2]}, "D": 0.5, "D_a": 1.0, "tau_a": 2.0, "noise": 0.1}
    prior = parse_prior({**values, "drift": {"log_uniform": [0.01, 1]}})
    u = (np.arange(count) + 0.5) / count
    kappa, drift = (a.ravel() for a in np.meshgrid(0.2 + 1.8 * u, 0.01 * 100**u))
    model, instrument, _ = draw(prior, "AOUP", 3, 1)
    track = simulate_recorded(model, instrument, 150, dt, 3)[0].astype(np.float64)
    found = evidences(prior, track, dt, [150], ["kappa"], sampler=CAREFUL)
    seen = Instrument(noise=0.1, drift=drift)
    for column, each in enumerate((Passive(kappa, 0.5), AOUP(kappa, 0.5, 1.0, 2.0))):
        sums = kalman.log_likelihood(each, seen, track, dt, from_zero=True)
        expected = logsumexp(sums) - 2 * np.log(count)
        error = found.error[0, column]
        assert error < 0.05
        assert abs(found.log_evidence[0, column] - expected) < 4 * error + 0.01


@pytest.mark.parametrize("more", [{}, {"corner": 3.0, "drift": {"uniform": [0, 0.2]}}])
def test_the_mechanism_of_strong_propulsion_is_told(more):
    """Seen through noise and blur, through a low-pass and on a drift too, RBP's own tracks speak
    for it, and AOUP's against; whether the zero is known or not."""
    values = {"kappa": {"uniform": [0.8, 1.2]}, "D": 1.0, "D_a": 80.0, "tau_a": 3.0}
    prior = parse_prior({**values, "noise": 0.1, "exposure": 0.5, **more})
    told = []
    for name, sign in (("RBP", 1), ("AOUP", -1)):
        model, instrument, _ = draw(prior, name, 1, 4)
        tracks = simulate_recorded(model, instrument, 400, 0.1, 1)
        for k, track in enumerate(tracks):
            found = evidences(prior, track, 0.1, [400], [], k, mechanism=True)
            told.append(sign * (found.log_evidence[0, 2] - found.log_evidence[0, 1]))
            assert 0 < found.error[0, 2] < 1
            if k == 0:
                whole = next(
                    a for a in by_segment(prior, track, 0.1, [400]) if a.quantity == "p_rbp"
                )
                assert (whole.value > 0.5) == (sign > 0)
    assert np.mean(told) > 1


def test_where_nothing_is_unknown_there_is_nothing_to_sample(track):
    known = parse_prior({"kappa": 0.1, "D": 0.4, "D_a": 0.4, "tau_a": 20, "noise": 0.1})
    with pytest.raises(ValueError, match="no parameter is unknown"):
        evidences(known, track, 1.0, [200], [])
