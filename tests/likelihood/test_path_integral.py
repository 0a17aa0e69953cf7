"""The paper's path integral against a dense operator and, as dt -> 0, against the filter."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood.path_integral import log_likelihood_ratio
from activenoise.likelihood.positions import FilterBank, log_likelihood
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.tracks import simulate
from activenoise.studies.scoring import log_loss

MODEL = AOUP(0.7, 0.5, 0.9, 0.6)


def increments(model, tracks, dt):
    """dY = dx + kappa x dt of every step."""
    return np.diff(tracks) + 0.5 * model.kappa * dt * (tracks[:, 1:] + tracks[:, :-1])


@pytest.mark.parametrize("model", [MODEL, AOUP(0.7, 0.5, 0.01, 3.0), AOUP(0.7, 0.1, 0.5, 0.3)])
def test_is_the_dense_inverse_of_the_covariance(model):
    """The operator delta + c exp(-|t - t'|/tau_a) as a matrix on two grids finer than the track,
    its determinant and inverse, extrapolated to no step (second order)."""
    dt, n = 0.05, 40
    tracks = simulate(model, n + 1, dt, seed=1, n_tracks=6).astype(np.float64)
    strength = model.D_a / (2 * model.D * model.tau_a)
    y = increments(model, tracks, dt)
    values = []
    for fine in (9, 27):  # odd: the midpoints of the steps are points of the finer grid
        m, h = n * fine, dt / fine
        t = (np.arange(m) + 0.5) * h
        active = strength * h * np.exp(-np.abs(t[:, None] - t) / model.tau_a)
        operator = np.eye(m) + active
        gamma = np.linalg.solve(operator, active) / h
        middle = slice(fine // 2, None, fine)
        quadratic = np.einsum("ti,ij,tj->t", y, gamma[middle, middle], y)
        log_det = np.linalg.slogdet(operator)[1]
        values.append(-0.5 * log_det + quadratic / (4 * model.D))
    limit = values[1] + (values[1] - values[0]) / (9 - 1)
    np.testing.assert_allclose(log_likelihood_ratio(model, tracks, dt), limit, atol=2e-4)


def filter_ratio(model, tracks, dt, at):
    """The filter's ratio given x(0), with a velocity that is independent of x(0)."""
    values = []
    for which in (Passive(model.kappa, model.D), model):
        start = which.sampled(dt)._replace(p_xv=np.zeros(()))
        bank = FilterBank(start, np.asarray(at), given_first=True)
        values.append(bank.log_density(*bank.run(tracks))[0])
    return values[1] - values[0]


@pytest.mark.parametrize("model", [MODEL, AOUP(2.0, 1.0, 2.0, 0.5)])
def test_is_the_limit_of_the_filter(model):
    finest = 2**-9
    tracks = simulate(model, 8 * 512 + 1, finest, seed=2, n_tracks=100).astype(np.float64)
    at_times = np.array([0.5, 2.0, 8.0])
    differences = []
    for stride in (32, 8, 2):
        dt = stride * finest
        at = np.round(at_times / dt).astype(int) + 1
        coarse = np.ascontiguousarray(tracks[:, ::stride])
        exact = filter_ratio(model, coarse, dt, at)
        difference = log_likelihood_ratio(model, coarse, dt, at) - exact
        differences.append(np.sqrt(np.mean(difference**2, axis=0)))
    # At least first order (four times finer, four times closer), down to a little of the ratio.
    assert np.all(differences[1] < differences[0] / 4)
    assert np.all(differences[2] < differences[1] / 4)
    assert np.all(differences[2] < 2e-3 * np.std(exact, axis=0))


def test_filter_with_an_independent_velocity_is_the_dense_normal_of_increments():
    """The reference of the test above, itself against a dense normal."""
    dt, n = 0.1, 30
    tracks = simulate(MODEL, n + 1, dt, seed=3, n_tracks=5).astype(np.float64)
    process = MODEL.sampled(dt)
    y = tracks[:, 1:] - (1 - process.loss_x) * tracks[:, :-1]
    # y = coupling v + w_x, so <y_i y_j> from <v v> and the noise that made the later v.
    keep = 1 - process.loss_v
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    cross = process.coupling**2 * process.p_vv * keep + process.coupling * process.q_xv
    covariance = np.where(lag > 0, cross * keep ** np.maximum(lag - 1, 0), 0.0)
    np.fill_diagonal(covariance, process.coupling**2 * process.p_vv + process.q_xx)
    thermal = Passive(MODEL.kappa, MODEL.D).sampled(dt).q_xx

    def log_density(c):
        quadratic = np.einsum("ti,ti->t", y, np.linalg.solve(c, y.T).T)
        return -0.5 * (np.linalg.slogdet(c)[1] + quadratic)

    expected = log_density(covariance) - log_density(thermal * np.eye(n))
    np.testing.assert_allclose(filter_ratio(MODEL, tracks, dt, [n + 1])[:, 0], expected, atol=1e-9)


@pytest.mark.slow
def test_optimum_of_the_benchmark_agrees_with_the_filter():
    passive, active, dt = Passive(0.1, 0.2), AOUP(0.1, 0.2, 0.1, 0.5), 0.01
    at = [100, 1000, 5000]
    labels = np.repeat([0, 1], 300)
    tracks = np.concatenate([simulate(m, 5000, dt, 4, 300) for m in (passive, active)])
    exact = log_likelihood(active, tracks, dt, at, given_first=True)
    exact -= log_likelihood(passive, tracks, dt, at, given_first=True)
    values = log_likelihood_ratio(active, tracks, dt, at)
    # The filter knows that v and x(0) are correlated, the path integral does not.
    difference = log_loss(values, labels).value - log_loss(exact, labels).value
    assert np.all(np.abs(difference) < 1e-3)


def test_no_propulsion_has_no_ratio_and_long_paths_do_not_overflow():
    still = AOUP(0.7, 0.5, 0.0, 0.6)
    tracks = simulate(MODEL, 50_000, 0.05, seed=5, n_tracks=3)
    np.testing.assert_allclose(log_likelihood_ratio(still, tracks, 0.05), 0, atol=1e-12)
    values = log_likelihood_ratio(MODEL, tracks, 0.05, [1, 10, 50_000])
    assert np.all(np.isfinite(values))
    np.testing.assert_allclose(values[:, 0], 0, atol=1e-12)
    assert np.all(values[:, -1] > 100)


def test_a_model_a_track():
    tracks = simulate(MODEL, 100, 0.05, seed=6, n_tracks=3)
    models = AOUP(np.array([0.5, 0.7, 1.0]), 0.5, 0.9, 0.6)
    values = log_likelihood_ratio(models, tracks, 0.05)
    singles = [log_likelihood_ratio(models[i], tracks[i : i + 1], 0.05)[0] for i in range(3)]
    np.testing.assert_allclose(values, singles, rtol=1e-12)
    with pytest.raises(ValueError, match="do not match"):
        log_likelihood_ratio(models, tracks[:2], 0.05)
