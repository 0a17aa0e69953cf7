"""The filter on angle and state of an RBP in a medium with relaxations: the limits of no medium and
of weak propulsion, many particles, and the identity that every likelihood ratio obeys."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from activenoise.likelihood import kalman
from activenoise.likelihood.switching import rbp_log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Elements, Tracer, power_law
from activenoise.physics.models import RBP, Passive
from activenoise.simulation.records import simulate_records, simulate_rotational

DT = 0.1


def maxwell(kappa, D, strength, tau_m, D_a, tau_a, m=1):
    kappa, D, strength, tau_m, D_a, tau_a = (
        np.full(m, float(v)) for v in (kappa, D, strength, tau_m, D_a, tau_a)
    )
    return Tracer(kappa, D, Elements(strength[:, None], tau_m[:, None]), D_a, tau_a)


def in_power_law(kappa, D_a, tau_a):
    elements = power_law(np.array([0.5]), np.array([20.0]), DT, 400 * DT)
    return Tracer(*(np.array([float(v)]) for v in (kappa, 1.0)), elements,
                  *(np.array([float(v)]) for v in (D_a, tau_a)))  # fmt: skip


@pytest.mark.parametrize("baseline", ["zero", "constant", "linear"])
def test_without_a_medium_the_filter_is_that_of_the_simple_liquid(baseline):
    bare = RBP(1.0, 1.0, 20.0, 3.0)
    instrument = Instrument(noise=0.2, exposure=0.5, corner=5.0, relaxed=0.2, baseline=baseline)
    record = simulate_rotational(bare, instrument, 60, DT, seed=1)
    record[20:24] = np.nan
    none = maxwell(1.0, 1.0, 1e-10, 2.0, 20.0, 3.0)
    values = [rbp_log_likelihood(model, instrument, record, DT)[0] for model in (bare, none)]
    assert values[1] == pytest.approx(values[0], abs=1e-4)


@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize(
    "model",
    [
        maxwell(1.0, 1.0, 3.0, 0.7, 0.05, 1.0),
        maxwell(0.0, 1.0, 3.0, 0.7, 0.05, 1.0),
        in_power_law(0.3, 0.05, 1.0),
    ],
)
def test_weak_propulsion_in_a_medium_is_gaussian(model, baseline):
    instrument = Instrument(noise=0.1, exposure=0.5, corner=5.0, relaxed=0.2, baseline=baseline)
    records = simulate_records(model, instrument, 15, 0.05, seed=1, n_records=20)
    records[3, 4:6] = np.nan
    gaussian = kalman.log_likelihoods(model, instrument, list(records), 0.05).sum()
    value = rbp_log_likelihood(model, instrument, records.ravel() + 1e3, 0.05, lengths=[15] * 20)
    assert value[0] == pytest.approx(gaussian, abs=0.02)


def particles(values, noise, record, count, seed, parts=5):
    """Log density of a record in a Maxwell medium by `count` paths of the angle, resampled where
    few are left: given its path the state (x, y) is normal, with one covariance for all paths."""
    kappa, D, s, tau_m, D_a, tau_a = values
    h = DT / parts
    drift = np.array([[-kappa - s / tau_m, s / tau_m], [1 / tau_m, -1 / tau_m]])
    spread = np.diag([2 * D, 2 * D / s])
    stationary = solve_continuous_lyapunov(drift, -spread)
    F = expm(drift * h)
    Q = stationary - F @ stationary @ F.T
    B = np.linalg.solve(drift, (F - np.eye(2))[:, 0])
    rng = np.random.default_rng(seed)
    angle, mean = rng.uniform(0, 2 * np.pi, count), np.zeros((2, count))
    speed, P, value = np.sqrt(2 * D_a / tau_a), stationary, 0.0

    def advance(angle, mean):
        turned = angle + np.sqrt(2 * h / tau_a) * rng.standard_normal(count)
        v = speed * 0.5 * (np.cos(angle) + np.cos(turned))
        return turned, F @ mean + B[:, None] * v

    for _ in range(int(25 / h)):  # until the propelled part has forgotten its start
        angle, mean = advance(angle, mean)
    weights = np.full(count, 1 / count)
    for y in record:
        for _ in range(parts):
            angle, mean = advance(angle, mean)
            P = F @ P @ F.T + Q
        gain = P[:, 0] / (P[0, 0] + noise**2)
        left = y - mean[0]
        log_w = np.log(weights) - 0.5 * (
            left**2 / (P[0, 0] + noise**2) + np.log(2 * np.pi * (P[0, 0] + noise**2))
        )
        mean = mean + gain[:, None] * left
        P = P - np.outer(gain, P[0])
        top = log_w.max()
        weights = np.exp(log_w - top)
        value += top + np.log(weights.sum())
        weights /= weights.sum()
        if 1 / np.sum(weights**2) < count / 2:
            u = (rng.random() + np.arange(count)) / count
            chosen = np.minimum(np.searchsorted(np.cumsum(weights), u), count - 1)
            angle, mean = angle[chosen], mean[:, chosen]
            weights = np.full(count, 1 / count)
    return value


@pytest.mark.slow
@pytest.mark.parametrize("tau_m", [1.0, 4.0])
def test_a_maxwell_medium_against_particles(tau_m):
    """Strong propulsion and an element that forgets sooner or later than the angle, 100 points:
    within 0.3 nats, most of them from the start, where the Gaussian twin is off by more."""
    values, noise = (1.0, 1.0, 2.0, tau_m, 40.0, 3.0), 0.2
    model, instrument = maxwell(*values), Instrument(noise=noise)
    apart = []
    for seed in range(2):
        record = simulate_rotational(model, instrument, 100, DT, seed)
        runs = [particles(values, noise, record, 2000, r) for r in range(3)]
        value = rbp_log_likelihood(model, instrument, record, DT)[0]
        assert abs(value - np.mean(runs)) < 0.3 + 3 * np.std(runs) / np.sqrt(len(runs))
        apart.append(kalman.log_likelihood(model, instrument, record, DT)[0] - np.mean(runs))
    assert min(apart) < -1, apart


def test_the_mean_likelihood_ratio_of_the_twins_records_is_one():
    """E[p(y | RBP)/p(y | twin)] = 1 over records of the twin, through blur and noise."""
    model = maxwell(0.5, 1.0, 2.0, 1.0, 20.0, 2.0, m=1500)
    instrument = Instrument(noise=0.2, exposure=0.5)
    one = maxwell(0.5, 1.0, 2.0, 1.0, 20.0, 2.0)
    records = simulate_records(one, instrument, 12, 0.2, seed=3, n_records=1500)
    twin = kalman.log_likelihoods(one, instrument, list(records), 0.2)[:, 0]
    ratio = np.exp(rbp_log_likelihood(model, instrument, records, 0.2) - twin)
    error = ratio.std() / np.sqrt(len(ratio))
    assert ratio.std() > 0.2  # the two models differ
    assert abs(ratio.mean() - 1) < 3 * error < 0.1


def test_a_model_without_propulsion_cannot_turn():
    with pytest.raises(TypeError, match="Passive has no propulsion"):
        rbp_log_likelihood(Passive(1.0, 1.0), Instrument(), np.zeros(5), DT)
