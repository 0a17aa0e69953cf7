"""The evidence against brute-force quadrature, Monte Carlo and importance sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from activenoise.inference.evidence import log_evidence, posterior_moments
from activenoise.inference.quadrature import (
    _D_NODES,
    _D_WEIGHTS,
    evaluate,
    focus,
    quadrature,
    refined,
)
from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.inference.scale import integrate_scale, whole_scale
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.positions import log_likelihood
from activenoise.parameters import PARAMETERS
from activenoise.physics.models import AOUP, MODELS, RBP
from activenoise.physics.priors import Prior, parse_prior
from activenoise.simulation.tracks import simulate

DT = 0.1
WIDE = parse_prior(
    {
        "kappa": {"uniform": [0.3, 2.0]},
        "D": {"log_uniform": [0.1, 3.0]},
        "D_a": {"uniform": [0.05, 8.0]},
        "tau_a": {"log_uniform": [0.2, 4.0]},
    }
)
DIFFUSIVITIES = [{"uniform": [0.1, 2.0]}, {"log_uniform": [0.1, 2.0]}]
ACTIVITIES = [
    {"uniform": [0.05, 4.0]},
    {"log_uniform": [0.05, 4.0]},
    {"log_uniform": [0.3, 0.6]},  # cuts the range of D at most ratios
    {"uniform": [0.0, 20.0]},
]


@pytest.fixture(scope="module")
def tracks():
    model = AOUP(np.array([0.6, 1.0, 1.5]), np.array([0.2, 0.6, 1.0]), 1.5, 1.0)
    return simulate(model, 30, DT, seed=1).astype(np.float64)


def at_each(model, tracks, at=None):
    """Log likelihood of every track under every model of a batch, (n_models, n_tracks, ...)."""
    n = len(model)
    return np.stack(
        [log_likelihood(model, np.broadcast_to(x, (n, len(x))), DT, at) for x in tracks], axis=1
    )


def log_mean_exp(values, log_weights=0.0):
    top = values.max(axis=0)
    return top + np.log(np.mean(np.exp(values - top + log_weights), axis=0))


@pytest.mark.parametrize("activity", ACTIVITIES, ids=str)
@pytest.mark.parametrize("diffusivity", DIFFUSIVITIES, ids=str)
def test_integral_over_the_scale_is_the_double_integral(tracks, diffusivity, activity):
    prior = parse_prior({"kappa": 0.9, "D": diffusivity, "D_a": activity, "tau_a": 0.7})
    values, weights = zip(*(prior.axes[n].nodes(60) for n in ("D", "D_a")), strict=True)
    D, D_a = (v.ravel() for v in np.meshgrid(*values, indexing="ij"))
    weight = np.outer(*weights).ravel()
    expected = log_mean_exp(
        at_each(AOUP(0.9, D, D_a, 0.7), tracks, [5, 30]),
        np.log(weight * len(weight))[:, None, None],
    )
    found = log_evidence("AOUP", prior, tracks, DT, [5, 30], {"ratio": 200})
    np.testing.assert_allclose(found, expected, atol=1e-4)
    usual = log_evidence("AOUP", prior, tracks, DT, [5, 30])
    np.testing.assert_allclose(usual, expected, atol=2e-3)


@pytest.mark.parametrize(
    "fixed", [{"D": 0.6}, {"D_a": 1.0}, {"D_a": 0}, {"D": 0.6, "D_a": 1.0}, {"kappa": 1.0}]
)
def test_some_parameters_fixed(tracks, fixed):
    ranges = {"kappa": {"uniform": [0.5, 1.5]}, "D": DIFFUSIVITIES[0], "D_a": ACTIVITIES[1]}
    prior = parse_prior({**ranges, "tau_a": 0.7, **fixed})
    for name in ("Passive", "AOUP"):
        axes = [prior.axes[p].nodes(30) for p in PARAMETERS[name]]
        values = [v.ravel() for v in np.meshgrid(*(a[0] for a in axes), indexing="ij")]
        weight = np.prod(np.meshgrid(*(a[1] for a in axes), indexing="ij"), axis=0).ravel()
        expected = log_mean_exp(
            at_each(MODELS[name](*values), tracks), np.log(weight * len(weight))[:, None]
        )
        found = log_evidence(name, prior, tracks, DT)
        np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("name", ["Passive", "AOUP"])
@pytest.mark.slow
def test_evidence_and_moments_are_averages_over_prior_draws(tracks, name):
    models = WIDE.draw(name, seed=2, n_tracks=150_000)
    at = [8, 30]
    values = at_each(models, tracks, at)
    weight = np.exp(values - values.max(axis=0))
    mean = weight.mean(axis=0)
    error = weight.std(axis=0) / mean / np.sqrt(len(weight))
    assert np.all(error < 0.03)
    expected = log_mean_exp(values)
    result = posterior_moments(name, WIDE, tracks, DT, at)
    assert np.all(np.abs(result.log_evidence - expected) < 4 * error + 1e-3)
    np.testing.assert_array_equal(result.log_evidence, log_evidence(name, WIDE, tracks, DT, at))
    assert set(result.mean) == set(PARAMETERS[name])
    for parameter, draws in models.parameters.items():
        logs = np.log(draws)[:, None, None]
        first = (weight * logs).mean(0) / mean
        spread = logs - first
        sd = np.sqrt((weight * spread**2).mean(0) / mean)
        scale = mean * np.sqrt(len(weight))
        # Standard errors of self-normalised importance sampling.
        first_error = np.std(weight * spread, axis=0) / scale
        sd_error = np.std(weight * (spread**2 - sd**2), axis=0) / scale / (2 * sd)
        assert np.all(np.abs(result.mean[parameter] - first) < 4 * first_error + 1e-3)
        assert np.all(np.abs(result.sd[parameter] - sd) < 4 * sd_error + 1e-3)


CUTS = {
    "nowhere": (-np.inf, np.inf),
    "below": (-0.5, np.inf),
    "above": (-np.inf, 0.3),
    "on both sides": (-1, 2),
    "narrowly": (0.1, 0.101),
    "at the peak": (0, np.inf),
    "above the peak": (3, 4),
    "below the peak": (-4, -3),
    "far above the peak": (6, np.inf),
    "far below the peak": (-np.inf, -6),
    "beyond the series": (12, 13),
}


@pytest.mark.parametrize("a", [3.0, 10.0, 24.5, 60.0, 400.0, 2499.5])
@pytest.mark.parametrize("cut", CUTS)
def test_integral_over_log_d_is_quads(a, cut):
    """Whole, cut by the range of D, and beside its peak: integral, mean and variance."""
    q = 0.7 * a
    peak, width = np.log(0.5 * q / a), 1 / np.sqrt(a)
    low, high = (np.clip(peak + width * x, -30, 30) for x in CUTS[cut])
    top, *found = integrate_scale(
        q, a, low, high, np.array(whole_scale(a)), _D_NODES, _D_WEIGHTS, -np.inf
    )

    def moment(k):
        left, right = max(low, peak - 40 * width), min(high, peak + 60 * width)
        return quad(
            lambda l: l**k * np.exp(-a * l - q / 2 * np.exp(-l) - top), left, right,
            points=[min(max(peak, left), right)], epsabs=0, epsrel=1e-11, limit=200,
        )[0]  # fmt: skip

    total, first, second = (moment(k) for k in range(3))
    mean, variance = first / total, second / total - (first / total) ** 2
    assert found[0] == pytest.approx(total, rel=1e-8)
    assert found[1] / found[0] == pytest.approx(mean, abs=1e-8 * width)
    assert found[2] / found[0] - (found[1] / found[0]) ** 2 == pytest.approx(variance, rel=1e-5)


def test_what_cannot_matter_is_not_integrated():
    """Where nothing within e^-36 of what is there already can come, the integral is 0; a bound that
    is just lower leaves it as it is."""
    a, q = 400.0, 280.0
    peak, width = np.log(0.5 * q / a), 1 / np.sqrt(a)
    fixed = np.array(whole_scale(a)), _D_NODES, _D_WEIGHTS
    for low, high in ((-30.0, 30.0), (peak + 4 * width, 3.0), (-3.0, peak - 12 * width)):
        top, total, *_ = integrate_scale(q, a, low, high, *fixed, -np.inf)
        most = top + np.log(high - low) + 36
        assert integrate_scale(q, a, low, high, *fixed, top - 1)[1] == total > 0
        assert integrate_scale(q, a, low, high, *fixed, most + high - low)[1] == 0


@pytest.mark.parametrize("fixed", [{}, {"D": 0.5}])
@pytest.mark.parametrize("name", ["Passive", "AOUP"])
def test_unit_of_length_changes_the_density_alone(tracks, name, fixed):
    def in_units(unit):
        spec = {
            "kappa": {"uniform": [0.3, 2.0]},
            "D": {"uniform": [0.1 * unit**2, 3 * unit**2]},
            "D_a": {"log_uniform": [0.05 * unit**2, 8 * unit**2]},
            "tau_a": {"log_uniform": [0.2, 4.0]},
        }
        prior = parse_prior({**spec, **{n: v * unit**2 for n, v in fixed.items()}})
        return posterior_moments(name, prior, tracks * unit, DT, [10, 30], {"ratio": 24, "D": 8})

    plain, scaled = in_units(1.0), in_units(1e-4)
    density = plain.log_evidence - np.array([10, 30]) * np.log(1e-4)
    np.testing.assert_allclose(scaled.log_evidence, density, rtol=1e-9)
    for parameter in plain.mean:
        shift = 2 * np.log(1e-4) if parameter in ("D", "D_a") else 0.0
        expected = plain.mean[parameter] + shift
        np.testing.assert_allclose(scaled.mean[parameter], expected, atol=1e-8)
        np.testing.assert_allclose(scaled.sd[parameter], plain.sd[parameter], atol=1e-6)


GRANULE = parse_prior(
    {
        "kappa": {"uniform": [50, 250]},
        "D": {"uniform": [1e-6, 2e-3]},
        "D_a": {"uniform": [1e-6, 1e-2]},
        "tau_a": {"uniform": [0.05, 0.8]},
    }
)


@pytest.mark.parametrize("name", ["Passive", "AOUP"])
@pytest.mark.slow
def test_twice_the_nodes_change_little(name):
    x = simulate(GRANULE.draw("AOUP", 3, 24), 500, 6.4e-4, seed=3)
    coarse = log_evidence(name, GRANULE, x, 6.4e-4, [100, 500])
    nodes = {**refined(), "tau_a": 8} if name == "AOUP" else refined()
    fine = log_evidence(name, GRANULE, x, 6.4e-4, [100, 500], nodes)
    assert np.sqrt(np.mean((coarse - fine) ** 2)) < 0.005
    np.testing.assert_allclose((coarse - fine).mean(axis=0), 0, atol=1e-3)
    assert refined({"kappa": 5})["kappa"] == 10


@pytest.mark.parametrize("name", ["Passive", "AOUP"])
@pytest.mark.parametrize("fixed", [{}, {"kappa": 1.0}, {"D": 0.6}])
def test_focus_keeps_the_evidence(name, fixed):
    track = simulate(AOUP(1.0, 0.6, 1.5, 1.0), 200, DT, seed=4, n_tracks=1).astype(np.float64)
    prior = Prior({**WIDE.axes, **parse_prior(fixed).axes})
    focused = focus(name, prior, track, DT)
    plain = posterior_moments(name, prior, track, DT, nodes={"kappa": 28, "tau_a": 16})
    narrow = posterior_moments(name, focused.prior, track, DT)
    value = narrow.log_evidence + focused.log_mass
    np.testing.assert_allclose(value, plain.log_evidence, atol=5e-3)
    for parameter, mean in narrow.mean.items():
        np.testing.assert_allclose(mean, plain.mean[parameter], atol=0.02)
    assert focused.log_mass <= 0


@pytest.mark.slow
def test_focus_finds_a_posterior_between_the_nodes():
    """40 000 points leave a posterior far narrower than the nodes of the whole prior, and so
    nearly normal that Laplace's method knows its evidence and moments."""
    prior = parse_prior(
        {
            "kappa": {"uniform": [1, 20]},
            "D": {"log_uniform": [0.1, 3]},
            "D_a": {"uniform": [0.05, 20]},
            "tau_a": {"log_uniform": [0.2, 20]},
        }
    )
    truth, dt = np.array([5.0, 0.6, 6.0, 2.0]), 0.05
    track = simulate(AOUP(*truth), 40_000, dt, seed=5, n_tracks=1).astype(np.float64)

    def log_density(logs):
        return log_likelihood(AOUP(*np.exp(logs)), track, dt)[0]

    best = minimize(lambda v: -log_density(v), np.log(truth), method="Nelder-Mead", tol=1e-5)
    h = 0.01 * np.eye(4)
    hessian = np.empty((4, 4))
    for i, a in enumerate(h):
        for j, b in enumerate(h):
            signed = [s * t * log_density(best.x + s * a + t * b) for s in (1, -1) for t in (1, -1)]
            hessian[i, j] = -sum(signed) / (4 * 0.01**2)
    axes = zip(PARAMETERS["AOUP"], best.x, strict=True)
    # Of the logarithms v, which are uniform themselves or have a density of exp(v)/width.
    log_prior = sum((not prior.axes[n].log) * v - np.log(prior.axes[n].width) for n, v in axes)
    laplace = log_prior - best.fun + 2 * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(hessian)[1]

    focused = focus("AOUP", prior, track, dt, {"kappa": 8, "ratio": 32})
    fine = {"kappa": 20, "tau_a": 14, "ratio": 96}
    result = posterior_moments("AOUP", focused.prior, track, dt, nodes=fine)
    assert focused.log_mass < -5
    assert result.log_evidence[0, 0] + focused.log_mass == pytest.approx(laplace, abs=0.1)
    sds = np.sqrt(np.diag(np.linalg.inv(hessian)))
    for parameter, mode, sd in zip(PARAMETERS["AOUP"], best.x, sds, strict=True):
        assert abs(result.mean[parameter][0, 0] - mode) < 0.3 * sd
        assert result.sd[parameter][0, 0] == pytest.approx(sd, rel=0.1)


@pytest.mark.slow
def test_rbp_evidence_is_the_average_over_prior_draws():
    prior = parse_prior(
        {
            "kappa": {"uniform": [0.7, 1.5]},
            "D": {"uniform": [0.5, 2.0]},
            "D_a": {"log_uniform": [2.0, 20.0]},
            "tau_a": {"uniform": [1.0, 4.0]},
        }
    )
    at = np.array([10, 25])
    x = simulate(prior.draw("RBP", 6, 4), 25, DT, seed=6)
    draws = prior.draw("RBP", 7, 8000)
    spread = RBP(**{n: np.broadcast_to(v, (4, 8000)) for n, v in draws.parameters.items()})
    values = np.moveaxis(angle_log_likelihood(spread, x, DT, at), 1, 0)
    expected = log_mean_exp(values)
    weight = np.exp(values - values.max(axis=0))
    error = weight.std(axis=0) / weight.mean(axis=0) / np.sqrt(len(weight))
    result = rbp_evidence(prior, x, DT, at, {"samples": 1000})
    assert np.all(error < 0.06)
    assert np.all(result.error < 0.03)
    difference = result.log_evidence - expected
    assert np.all(np.abs(difference) < 4 * np.hypot(error, result.error))
    reference = log_evidence("AOUP", prior, x, DT, at)
    np.testing.assert_allclose(result.reference.log_evidence, reference, atol=1e-9)


def test_rbp_samples_give_the_evidence_of_a_known_law():
    """With D_a fixed at 0 RBP, AOUP and Passive are one law, and every sample says so."""
    prior = Prior({**WIDE.axes, **parse_prior({"D_a": 0, "tau_a": 1.0}).axes})
    x = simulate(prior.draw("Passive", 8, 6), 25, DT, seed=8)
    result = rbp_evidence(prior, x, DT, np.array([25]), {"kappa": 28})
    np.testing.assert_allclose(result.log_evidence, result.reference.log_evidence, atol=1e-3)
    passive = log_evidence("Passive", prior, x, DT, [25])
    np.testing.assert_allclose(result.reference.log_evidence, passive, atol=1e-3)


def test_of_many_tracks_the_last_have_the_evidence_that_they_have_alone():
    prior = parse_prior(
        {
            "kappa": {"uniform": [0.7, 1.5]},
            "D": {"uniform": [0.5, 2.0]},
            "D_a": {"log_uniform": [0.2, 4.0]},
            "tau_a": {"uniform": [0.5, 2.0]},
        }
    )
    nodes = {"kappa": 6, "tau_a": 6, "ratio": 32, "samples": 16}
    x = simulate(prior.draw("AOUP", 3, 600), 10, DT, seed=3)
    at = np.array([5, 10])
    together, alone = (rbp_evidence(prior, tracks, DT, at, nodes) for tracks in (x, x[-40:]))
    twins = together.reference.log_evidence[-40:], alone.reference.log_evidence
    np.testing.assert_allclose(*twins, atol=1e-4)
    for moment in ("mean", "sd"):
        given, expected = (getattr(one.reference, moment) for one in (together, alone))
        for name in given:
            np.testing.assert_allclose(given[name][-40:], expected[name], atol=1e-4)
    difference = together.log_evidence[-40:] - alone.log_evidence
    assert np.all(np.abs(difference) < 5 * np.hypot(together.error[-40:], alone.error) + 1e-4)


@pytest.mark.parametrize("pair", [("Passive", "AOUP"), ("AOUP", "RBP")])
@pytest.mark.slow
def test_ratios_of_evidence_average_to_one(pair):
    prior = parse_prior(
        {
            "kappa": {"uniform": [0.7, 1.5]},
            "D": {"uniform": [0.5, 2.0]},
            "D_a": {"log_uniform": [0.2, 4.0]},
            "tau_a": {"uniform": [0.5, 2.0]},
        }
    )
    n = 1500
    x = simulate(prior.draw(pair[0], 9, n), 30, DT, seed=9)
    nodes = {"kappa": 6, "tau_a": 6, "ratio": 32, "samples": 16}
    at = np.array([10, 30])
    if pair[1] == "RBP":
        sampled = rbp_evidence(prior, x, DT, at, nodes)
        ratio = np.exp(sampled.log_evidence - sampled.reference.log_evidence)
    else:
        first, second = (log_evidence(name, prior, x, DT, at, nodes) for name in pair)
        ratio = np.exp(second - first)
    error = ratio.std(axis=0) / np.sqrt(n)
    assert np.all(error < 0.06)
    assert np.all(np.abs(ratio.mean(axis=0) - 1) < 4 * error)


def test_fixed_parameters_have_the_plain_likelihood(tracks):
    prior = parse_prior({"kappa": 1.0, "D": 0.6, "D_a": 1.5, "tau_a": 1.0})
    model = AOUP(1.0, 0.6, 1.5, 1.0)
    at = np.array([5, 30])
    expected = log_likelihood(model, tracks, DT, at)
    np.testing.assert_array_equal(log_evidence("AOUP", prior, tracks, DT, at), expected)
    np.testing.assert_array_equal(log_evidence("AOUP", prior, tracks, DT), expected[:, -1])
    grid = evaluate(quadrature("AOUP", prior), tracks, DT, at)
    np.testing.assert_allclose(grid.log_evidence, expected, rtol=1e-9)


def test_a_known_absence_of_propulsion_has_moments(tracks):
    prior = Prior({**WIDE.axes, **parse_prior({"D_a": 0}).axes})
    result = posterior_moments("AOUP", prior, tracks, DT)
    np.testing.assert_array_equal(result.mean["D_a"], -np.inf)
    np.testing.assert_array_equal(result.sd["D_a"], 0)
    assert np.all(np.isfinite(result.log_evidence))


def test_tracks_that_do_not_move_are_refused():
    with pytest.raises(ValueError, match="do not move"):
        log_evidence("AOUP", WIDE, np.zeros((2, 10)), DT)
