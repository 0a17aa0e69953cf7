"""Evidence of a study's tracks: sampled against sums over a grid and free of the unit, and by
quadrature from a data set."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from activenoise.files import DataSet
from activenoise.inference.evidence import log_evidence
from activenoise.inference.importance import Sampler
from activenoise.inference.quadrature import refined
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.likelihood import kalman, path_integral
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics import system
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.priors import Axis, Prior, parse_prior
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.simulation.shards import write_shard
from activenoise.simulation.tracks import simulate
from activenoise.studies.exact import (
    exact_evidence,
    needed_models,
    sampled_posteriors,
    study_evidence,
)

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
TWO, THREE = ("Passive", "AOUP"), ("Passive", "AOUP", "RBP")


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
    for n in (80, 200):
        found = sampled_posteriors(PRIOR, track[:n], 1.0, TWO, seed=n, sampler=CAREFUL)
        for name, each in found.items():
            expected, log_d = summed(name, track[:n])
            assert each.error < 0.05
            assert abs(each.log_evidence - expected) < 4 * each.error + 0.01
        draws = np.log(each.parameters["D"])
        assert abs(draws.mean() - log_d) < 5 * draws.std() / np.sqrt(each.effective) + 0.01


def test_prefixes_are_sampled_each_for_itself(track):
    """The result holds what was sampled for each prefix, and AOUP's moments with their error."""
    found = exact_evidence(PRIOR, track[None], 1.0, np.array([80, 200]), TWO, ["D", "kappa"])
    assert found.log_evidence.shape == found.error.shape == (1, 2, 2)
    assert found.mean.shape == found.mean_error.shape == (1, 2, 2)
    for k, n in enumerate((80, 200)):
        for column, name in enumerate(TWO):
            expected, log_d = summed(name, track[:n])
            error = found.error[0, k, column]
            assert error < 0.3
            assert abs(found.log_evidence[0, k, column] - expected) < 4 * error + 0.01
        assert abs(found.mean[0, k, 0] - log_d) < 5 * found.mean_error[0, k, 0] + 0.01


@pytest.mark.parametrize("more", [{}, {"drift": Axis(0.0, 0.3)}], ids=["still", "drifting"])
def test_the_unit_does_not_matter(track, more):
    prior = Prior({**PRIOR.axes, **more})
    one, other = (
        exact_evidence(prior, (scale * track + zero)[None], 1.0, np.array([200]), TWO, ["kappa"])
        for scale, zero in ((1.0, 0.0), (1e-6, 3e-5))
    )
    ratios = [found.log_odds(TWO)[0, 0] for found in (one, other)]
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
    found = sampled_posteriors(prior, track, dt, TWO, 0, "zero", CAREFUL)
    seen = Instrument(noise=0.1, drift=drift)
    for name, each in (("Passive", Passive(kappa, 0.5)), ("AOUP", AOUP(kappa, 0.5, 1.0, 2.0))):
        sums = kalman.log_likelihood(each, seen, track, dt, from_zero=True)
        expected = logsumexp(sums) - 2 * np.log(count)
        assert found[name].error < 0.05
        assert abs(found[name].log_evidence - expected) < 4 * found[name].error + 0.01


@pytest.mark.parametrize("more", [{}, {"corner": 3.0, "drift": {"uniform": [0, 0.2]}}])
def test_the_mechanism_of_strong_propulsion_is_found(more):
    """Through noise and blur, and through a low-pass on a drift too, RBP's own tracks speak for
    RBP and AOUP's against it."""
    values = {"kappa": {"uniform": [0.8, 1.2]}, "D": 1.0, "D_a": 80.0, "tau_a": 3.0}
    prior = parse_prior({**values, "noise": 0.1, "exposure": 0.5, **more})
    odds = []
    for name, sign in (("RBP", 1), ("AOUP", -1)):
        model, instrument, _ = draw(prior, name, 1, 4)
        tracks = simulate_recorded(model, instrument, 400, 0.1, 1)
        found = exact_evidence(prior, tracks, 0.1, np.array([400]), THREE[1:])
        odds.extend(sign * found.log_odds(("AOUP", "RBP"))[:, 0])
        assert np.all((found.error[..., 1] > 0) & (found.error[..., 1] < 1))
    assert np.mean(odds) > 1


def test_where_nothing_is_unknown_there_is_nothing_to_sample(track):
    known = parse_prior({"kappa": 0.1, "D": 0.4, "D_a": 0.4, "tau_a": 20, "noise": 0.1})
    with pytest.raises(ValueError, match="no parameter is unknown"):
        exact_evidence(known, track[None], 1.0, np.array([200]), TWO)


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
COARSE = {"kappa": 5, "tau_a": 4, "ratio": 16, "samples": 8}


@pytest.mark.parametrize(
    ("pairs", "models"),
    [
        (["Passive-AOUP"], TWO),
        (["AOUP-RBP"], ("AOUP", "RBP")),
        (["AOUP-RBP", "Passive-AOUP"], THREE),
        (["Passive-RBP"], THREE),  # RBP is computed from AOUP's posterior
        ([], ("AOUP",)),
    ],
)
def test_models_that_a_class_of_tracks_needs(pairs, models):
    assert needed_models(pairs) == models


def test_quadrature_gives_each_models_evidence():
    tracks = simulate(FREE.draw("AOUP", 1, 20), AT[-1], DT, seed=1)
    found = exact_evidence(FREE, tracks, DT, AT, THREE, ["tau_a", "D"], COARSE)
    for k, name in enumerate(THREE):
        expected = log_evidence(name, FREE, tracks, DT, AT, COARSE)
        np.testing.assert_allclose(found.log_evidence[..., k], expected, rtol=1e-9)
    np.testing.assert_array_equal(found.error[..., :2], 0)
    mechanism = rbp_evidence(FREE, tracks, DT, AT, COARSE)
    np.testing.assert_allclose(found.error[..., 2], mechanism.error, rtol=1e-9)
    # The same numbers where RBP, whose evidence AOUP's comes with, is not needed.
    alone = exact_evidence(FREE, tracks, DT, AT, TWO, ["tau_a", "D"], COARSE)
    np.testing.assert_allclose(alone.log_evidence, found.log_evidence[..., :2], rtol=1e-12)
    np.testing.assert_allclose(alone.mean, found.mean, rtol=1e-12)
    assert alone.given_first is None
    assert alone.path_integral is None


def test_known_parameters_have_plain_likelihoods():
    tracks = simulate(KNOWN.single("AOUP"), AT[-1], DT, seed=1, n_tracks=20)
    found = exact_evidence(KNOWN, tracks, DT, AT, THREE)
    for k, name in enumerate(THREE):
        model = KNOWN.single(name)
        for values, given in ((found.log_evidence, False), (found.given_first, True)):
            expected = log_likelihood(model, tracks, DT, AT, given_first=given)
            np.testing.assert_allclose(values[..., k], expected, rtol=1e-12)
    expected = path_integral.log_likelihood_ratio(KNOWN.single("AOUP"), tracks, DT, AT)
    np.testing.assert_array_equal(found.path_integral, expected)
    assert not found.error.any()


def data_set(folder, model, prior, count):
    path = folder / f"{model}.h5"
    write_shard(
        path, model, prior, int(AT[-1]), DT, 7, range(count), study="s", split="test", unit="um"
    )
    return DataSet([path])


def test_a_study_by_quadrature(tmp_path):
    """Evidence of a data set with the true values, and of its first tracks with twice the nodes."""
    data = data_set(tmp_path, "Passive", FREE, 30)
    found = study_evidence(FREE, data, AT, ["Passive-AOUP"], ["D_a", "D"], COARSE, n_check=12)
    assert found.models == TWO
    assert found.names == ("D_a", "D", "kappa", "tau_a")
    expected = exact_evidence(FREE, data[:], DT, AT, TWO, found.names, COARSE)
    np.testing.assert_allclose(found.log_evidence, expected.log_evidence, rtol=1e-12)
    fine = exact_evidence(FREE, data[:12], DT, AT, TWO, found.names, refined(COARSE))
    np.testing.assert_allclose(found.refined, fine.log_evidence, rtol=1e-12)
    np.testing.assert_allclose(found.refined_mean, fine.mean, rtol=1e-12)
    assert np.all(np.isnan(found.truth[:, [0, 3]]))  # a passive tracer has no propulsion
    np.testing.assert_allclose(np.exp(found.truth[:, 1]), data.parameters["D"])
    known = study_evidence(KNOWN, data, AT, ["Passive-AOUP"], n_check=12)
    assert known.n_checked == 0


def test_a_study_by_sampling(tmp_path):
    """Seeds belong to tracks, not to blocks of them; nothing is computed twice."""
    prior = parse_prior({"kappa": {"uniform": [0.5, 2]}, "D": 1.0, "D_a": 5.0, "tau_a": 2.0,
                         "noise": 0.1})  # fmt: skip
    data = data_set(tmp_path, "AOUP", prior, 11)
    found = study_evidence(prior, data, [20], ["Passive-AOUP"], ["kappa"], n_check=5, seed=3)
    assert found.n_checked == 0
    assert found.log_evidence.shape == (11, 1, 2)
    last = exact_evidence(prior, data[10:], DT, np.array([20]), TWO, ["kappa"], seeds=[10_003])
    np.testing.assert_array_equal(found.log_evidence[10:], last.log_evidence)
    np.testing.assert_allclose(np.exp(found.truth[:, 0]), data.parameters["kappa"])


@pytest.mark.slow
def test_estimates_are_calibrated():
    """Errors of the posterior means are 0 on average and as large as the posterior says, within
    four standard errors, where tracks are drawn from the prior."""
    n = 1500
    models = FREE.draw("AOUP", seed=3, n_tracks=n)
    tracks = simulate(models, AT[-1], DT, seed=4)
    found = exact_evidence(FREE, tracks, DT, AT, ("AOUP",), tuple(FREE.axes))
    for k, name in enumerate(found.names):
        error = np.log(getattr(models, name))[:, None] - found.mean[..., k]
        z = error / np.sqrt(np.mean(error**2, axis=0) / n)
        assert np.all(np.abs(z.sum(axis=0)) / n < 4)
        excess = error**2 - found.sd[..., k] ** 2
        assert np.all(np.abs(excess.mean(axis=0)) < 4 * excess.std(axis=0) / np.sqrt(n))
