"""The angle filter against exact references and identities of probability."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import multivariate_normal

from activenoise.likelihood.angle import angle_log_likelihood, angles_needed
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.simulation.tracks import simulate

# kappa (1/s), D (length^2/s), D_a, tau_a (s) and dt (s)
CHECKED = (1.0, 1.0, 20.0, 3.0, 0.1)
GRANULE = (157.0, 7e-4, 6.3e-3, 0.33, 6.4e-4)
SHARP = (50.0, 1e-6, 1e-2, 0.8, 6.4e-4)  # corner of the granule prior: narrow angle densities


class Reference:
    """Exact density of a sampled RBP: the law of a step given its first angle, and of that with
    the last, from characteristic functions (Feynman-Kac) in n_modes cosine modes.

    Nothing is shared with the filter, and nothing is approximate in dt.
    """

    def __init__(self, kappa, D, D_a, tau_a, dt, n_modes=40):
        self.kappa, self.D, self.speed, self.dt = kappa, D, np.sqrt(2 * D_a / tau_a), dt
        modes = np.arange(n_modes)
        self.decay = modes**2 / tau_a
        self.cosine = np.zeros((n_modes, n_modes))  # multiplies a cosine series by cos(theta)
        for k in range(n_modes - 1):
            self.cosine[k + 1, k] += 0.5
            self.cosine[k, k + 1] += 0.5
        self.cosine[1, 0] = 1.0
        noise = -D / kappa * np.expm1(-2 * kappa * dt)
        self.u, self.step_weights = self._frequencies(self.speed * dt, noise)

    @cached_property
    def steps(self):
        return [self._propagate(u) for u in self.u]

    @staticmethod
    def _frequencies(reach, variance):
        spacing = np.pi / (reach + 8.5 * np.sqrt(variance))
        u = np.arange(0.0, 7.5 / np.sqrt(variance) + spacing, spacing)
        weights = np.exp(-0.5 * variance * u**2) * spacing / np.pi
        weights[0] /= 2
        return u, weights

    def _propagate(self, u, n_slices=8):
        """Ordered exponential over a step, fourth-order Magnus."""
        h = self.dt / n_slices
        result = np.eye(len(self.decay), dtype=complex)
        for i in range(n_slices):
            a, b = (
                -np.diag(self.decay)
                + 1j * u * self.speed * np.exp(-self.kappa * (self.dt - (i + c) * h)) * self.cosine
                for c in (0.5 - np.sqrt(3) / 6, 0.5 + np.sqrt(3) / 6)
            )
            result = expm(h / 2 * (a + b) + np.sqrt(3) / 12 * h * h * (b @ a - a @ b)) @ result
        return result

    def start(self, x, n_slices=500):
        """Cosine modes of p(x_0, theta) on the half circle, (n_modes, n_tracks)."""
        q, weights = self._frequencies(self.speed / self.kappa, self.D / self.kappa)
        past = np.log(max(q[-1] * self.speed / self.kappa, 1.0) * 1e10) / self.kappa
        values, vectors = np.linalg.eig(self.cosine)
        inverse = np.linalg.inv(vectors)

        def characteristic(n):
            phi = np.zeros((len(self.decay), len(q)), complex)
            phi[0] = 1 / np.pi
            h = past / n
            half_turn = np.exp(-self.decay * h / 2)[:, None]
            for i in range(n):
                ago = past - (i + 1) * h
                fading = np.exp(-self.kappa * ago) * -np.expm1(-self.kappa * h)
                phase = np.exp(1j * np.outer(values, q * self.speed / self.kappa * fading))
                phi = half_turn * (vectors @ (phase * (inverse @ (half_turn * phi))))
            return phi

        phi = (4 * characteristic(2 * n_slices) - characteristic(n_slices)) / 3
        return (phi @ (np.exp(-1j * np.outer(q, x)) * weights[:, None])).real

    def log_density(self, tracks, at):
        p = self.start(tracks[:, 0])
        value = np.log(np.pi * p[0])
        values = [value]
        for i in range(1, tracks.shape[1]):
            y = tracks[:, i] - np.exp(-self.kappa * self.dt) * tracks[:, i - 1]
            wave = np.exp(-1j * np.outer(self.u, y)) * self.step_weights[:, None]
            p = p / (np.pi * p[0])
            p = sum(((step @ p) * w).real for step, w in zip(self.steps, wave, strict=True))
            value = value + np.log(np.pi * p[0])
            values.append(value)
        return np.array(values).T[:, np.asarray(at) - 1]


def rbp_tracks(parameters, n_steps, n_tracks, seed, model=RBP):
    *values, dt = parameters
    options = {"substep": 0.02} if model is RBP else {}
    tracks = simulate(model(*values), n_steps, dt, seed, n_tracks, **options)
    return tracks.astype(np.float64), dt


@pytest.mark.parametrize(
    ("parameters", "error"),
    [(CHECKED, 1.5e-3), (GRANULE, 2e-5), pytest.param(SHARP, 2e-4, marks=pytest.mark.slow)],
)
def test_equals_the_exact_density(parameters, error):
    at = [1, 2, 3, 4, 40]
    tracks, dt = rbp_tracks(parameters, 40, 40, seed=1)
    exact = Reference(*parameters).log_density(tracks, at)
    values = angle_log_likelihood(RBP(*parameters[:4]), tracks, dt, at)
    np.testing.assert_allclose(values[:, 0], exact[:, 0], atol=2e-6)
    np.testing.assert_allclose(values[:, 1:4], exact[:, 1:4], atol=error / 4)
    np.testing.assert_allclose(values[:, 4], exact[:, 4], atol=error)


@pytest.mark.parametrize(
    ("ratio", "dt"),
    [
        pytest.param(1.0, 0.2, marks=pytest.mark.slow), (5.0, 0.2), (5.0, 0.08), (20.0, 0.04),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_error_in_dt_is_as_stated(ratio, dt):
    parameters = (0.5, 1.0, ratio, 1.0, dt)
    stated = 0.012 * ratio**1.25 * dt**2.7 * np.sqrt(50)
    for model, factor in ((RBP, 1.5), (AOUP, 4.0)):
        tracks, _ = rbp_tracks(parameters, 50, 60, seed=2, model=model)
        exact = Reference(*parameters).log_density(tracks, [50])[:, 0]
        error = angle_log_likelihood(RBP(*parameters[:4]), tracks, dt) - exact
        assert np.sqrt(np.mean(error**2)) < factor * stated


@pytest.mark.parametrize("model", [RBP(1.0, 1.0, 5.0, 0.4), RBP(2.0, 0.5, 20.0, 2.0)])
def test_is_a_density_with_the_model_s_covariance(model):
    dt, sigma = 0.1, np.sqrt(model.autocorrelation(0.0))
    x = np.linspace(-7 * sigma, 7 * sigma, 281)
    dx = x[1] - x[0]
    p = np.exp(angle_log_likelihood(model, x[:, None], dt))
    assert p.sum() * dx == pytest.approx(1, abs=1e-7)
    assert (p * x**2).sum() * dx == pytest.approx(sigma**2, rel=1e-6)
    first, second = (grid.ravel() for grid in np.meshgrid(x, x))
    pairs = np.column_stack([first, second])
    p = np.exp(angle_log_likelihood(model, pairs, dt))
    assert p.sum() * dx**2 == pytest.approx(1, abs=1e-6)
    covariance = (p * first * second).sum() * dx**2
    assert covariance == pytest.approx(model.autocorrelation(dt), rel=1e-5)
    assert (p * second**2).sum() * dx**2 == pytest.approx(sigma**2, rel=1e-4)


def test_weak_propulsion_is_gaussian():
    lags = 0.05 * np.arange(30)
    differences = []
    for D_a in (0.0, 0.02, 0.04):
        model = RBP(2.0, 1.0, D_a, 0.5)
        tracks = simulate(AOUP(2.0, 1.0, D_a, 0.5), 30, 0.05, seed=3, n_tracks=50)
        covariance = model.autocorrelation(np.abs(lags[:, None] - lags))
        normal = multivariate_normal(np.zeros(30), covariance).logpdf(tracks.astype(float))
        differences.append(np.std(angle_log_likelihood(model, tracks, 0.05) - normal))
    assert differences[0] < 1e-5
    # Non-Gaussian statistics begin with the fourth cumulant, quadratic in D_a.
    assert differences[1] < 3e-4
    assert differences[2] / differences[1] == pytest.approx(4, rel=0.25)


def test_no_propulsion_is_passive():
    tracks = simulate(Passive(1.0, 1.0), 300, 0.1, seed=4, n_tracks=20)
    values = angle_log_likelihood(RBP(1.0, 1.0, 0.0, 1.0), tracks, 0.1)
    expected = log_likelihood(Passive(1.0, 1.0), tracks.astype(float), 0.1)
    np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("jump", [30.0, 3000.0])
def test_a_jump_counts_in_full_and_for_its_track_alone(jump):
    """Also where it is far beyond what single precision could weigh."""
    tracks = simulate(Passive(1.0, 1.0), 60, 0.1, seed=12, n_tracks=5).astype(np.float64)
    still = angle_log_likelihood(RBP(1.0, 1.0, 5.0, 1.0), tracks, 0.1)
    tracks[2, 30:] += jump
    expected = log_likelihood(Passive(1.0, 1.0), tracks, 0.1)
    passive = angle_log_likelihood(RBP(1.0, 1.0, 0.0, 1.0), tracks, 0.1)
    np.testing.assert_allclose(passive, expected, rtol=1e-5, atol=1e-4)
    values = angle_log_likelihood(RBP(1.0, 1.0, 5.0, 1.0), tracks, 0.1)
    np.testing.assert_array_equal(np.delete(values, 2), np.delete(still, 2))
    assert np.isfinite(values[2])


def test_a_start_outside_the_reach():
    """Three thermal widths beyond the reach v0/kappa the filter's own start is still exact."""
    for parameters in (CHECKED, GRANULE):
        kappa, D, D_a, tau_a, _ = parameters
        x = np.sqrt(2 * D_a / tau_a) / kappa + 3 * np.sqrt(D / kappa)
        exact = np.log(np.pi * Reference(*parameters).start(np.array([x]))[0])
        value = angle_log_likelihood(RBP(*parameters[:4]), np.array([[x]]), parameters[4])
        np.testing.assert_allclose(value, exact, atol=1e-4)


@pytest.mark.parametrize("share", [0.1, 1, 10])  # of D, which makes the reach less or more sharp
def test_a_start_far_outside_the_reach(share):
    """Beyond what the series of the start can sum the density falls as the thermal noise does."""
    kappa, D, D_a, tau_a = 248.6, 1.03e-6 * share, 2.83e-3, 0.228
    width, reach = np.sqrt(D / kappa), np.sqrt(2 * D_a / tau_a) / kappa
    beyond = np.linspace(3, 60, 400)
    x = (reach + beyond * width)[:, None]
    values = angle_log_likelihood(RBP(kappa, D, D_a, tau_a), x, 6.4e-4)
    assert np.all(np.diff(values) < 0)
    fall = (beyond**2 - beyond[0] ** 2) / 2
    np.testing.assert_allclose(values[0] - values, fall, rtol=0.03, atol=1.0)


def test_a_track_outside_the_reach_of_one_model_and_just_inside_of_another():
    """The likelihood of an AOUP track hardly changes from one stiffness to the next."""
    tracks = simulate(AOUP(102.0, 1.0e-6, 1.6e-3, 0.4), 800, 6.4e-4, seed=1, n_tracks=40)
    stiffness = np.linspace(100, 250, 60)
    models = RBP(*np.broadcast_arrays(np.tile(stiffness, (40, 1)), 1.03e-6, 2.83e-3, 0.228))
    values = angle_log_likelihood(models, tracks, 6.4e-4)
    # Smooth in the stiffness: no step is far from those beside it.
    steps = np.diff(values, axis=1)
    bends = np.abs(np.diff(steps, axis=1)).max(axis=1)
    assert np.all(bends < 0.5 * np.ptp(values, axis=1) / 10)


@pytest.fixture(scope="module")
def ratios():
    """log p(RBP) - log p(AOUP) of AOUP tracks and of RBP tracks at CHECKED, N = 25, 50, 100."""
    *values, dt = CHECKED
    at = [25, 50, 100]
    result = []
    for model in (AOUP, RBP):
        tracks, _ = rbp_tracks(CHECKED, 100, 1500, seed=5, model=model)
        rbp = angle_log_likelihood(RBP(*values), tracks, dt, at)
        result.append(rbp - log_likelihood(AOUP(*values), tracks, dt, at))
    return result


def test_likelihood_ratios_average_to_one(ratios):
    for ratio in (np.exp(ratios[0]), np.exp(-ratios[1])):
        mean, error = ratio.mean(0), ratio.std(0) / np.sqrt(len(ratio))
        assert np.all(np.abs(mean - 1) < 3 * error)


def test_bayes_log_loss_of_aoup_against_rbp(ratios):
    loss = 0.5 * (np.logaddexp(0, ratios[0]).mean(0) + np.logaddexp(0, -ratios[1]).mean(0))
    np.testing.assert_allclose(loss, [0.651, 0.627, 0.572], atol=0.02)


def test_probabilities_are_calibrated(ratios):
    p = 1 / (1 + np.exp(-np.concatenate(ratios)[:, 2]))
    true = np.repeat([0.0, 1.0], 1500)
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (p >= low) & (p < low + 0.25)
        error = np.sqrt((p * (1 - p))[inside].sum()) / inside.sum()
        assert abs(np.mean(true[inside] - p[inside])) < 3.5 * error


@pytest.mark.parametrize("parameters", [CHECKED, GRANULE, SHARP])
def test_grid_is_fine_enough(parameters):
    tracks, dt = rbp_tracks(parameters, 1000, 20, seed=6)
    model = RBP(*parameters[:4])
    chosen = angle_log_likelihood(model, tracks, dt)
    fine = angle_log_likelihood(model, tracks, dt, n_angles=96)
    np.testing.assert_allclose(chosen, fine, atol=3e-4)


def test_grid_is_fine_enough_over_the_granule_prior():
    rng = np.random.default_rng(7)
    n = 100
    model = RBP(
        kappa=rng.uniform(50, 250, n),
        D=10 ** rng.uniform(-6, np.log10(2e-3), n),
        D_a=rng.uniform(1e-6, 1e-2, n),
        tau_a=rng.uniform(0.05, 0.8, n),
    )
    assert len(np.unique(angles_needed(model, 6.4e-4))) > 1
    tracks = simulate(model, 1000, 6.4e-4, seed=8)
    chosen = angle_log_likelihood(model, tracks, 6.4e-4)
    fine = angle_log_likelihood(model, tracks, 6.4e-4, n_angles=128)
    np.testing.assert_allclose(chosen, fine, atol=5e-4)


def test_batches_prefixes_and_precisions_agree():
    tracks = simulate(RBP(*CHECKED[:4]), 150, 0.1, seed=9, n_tracks=37)
    model = RBP(np.linspace(0.8, 1.2, 37), 1.0, np.linspace(1, 300, 37), 3.0)
    at = [1, 7, 64, 65, 150]
    values = angle_log_likelihood(model, tracks, 0.1, at)
    assert values.shape == (37, 5)
    singles = [angle_log_likelihood(model[i], tracks[i : i + 1], 0.1, at)[0] for i in range(37)]
    np.testing.assert_array_equal(values, singles)
    for column, n in zip(values.T, at, strict=True):
        # Logarithms of products are taken at other points: rounding only.
        alone = angle_log_likelihood(model, tracks[:, :n], 0.1)
        np.testing.assert_allclose(column, alone, rtol=1e-12)
    doubles = angle_log_likelihood(model, tracks.astype(np.float64), 0.1, at)
    np.testing.assert_array_equal(values, doubles)
    given = angle_log_likelihood(model, tracks, 0.1, at, given_first=True)
    np.testing.assert_allclose(given, values - values[:, :1], atol=1e-10)


def test_many_models_a_track():
    tracks = simulate(RBP(*CHECKED[:4]), 60, 0.1, seed=10, n_tracks=9)
    kappa = np.random.default_rng(11).uniform(0.5, 2, (9, 5))
    values = angle_log_likelihood(RBP(kappa, 1.0, 20.0, 3.0), tracks, 0.1, [30, 60])
    assert values.shape == (9, 5, 2)
    for j in range(5):
        column = angle_log_likelihood(RBP(kappa[:, j], 1.0, 20.0, 3.0), tracks, 0.1, [30, 60])
        np.testing.assert_array_equal(values[:, j], column)
    assert angle_log_likelihood(RBP(kappa, 1.0, 20.0, 3.0), tracks, 0.1).shape == (9, 5)


def test_wrong_arguments_are_refused():
    model, tracks = RBP(*CHECKED[:4]), np.zeros((3, 10))
    with pytest.raises(ValueError, match="prefix lengths"):
        angle_log_likelihood(model, tracks, 0.1, at=[5, 11])
    with pytest.raises(ValueError, match="do not match"):
        angle_log_likelihood(RBP(np.ones(2), 1.0, 1.0, 1.0), tracks, 0.1)
    with pytest.raises(ValueError, match="multiple of 8"):
        angle_log_likelihood(model, tracks, 0.1, n_angles=20)
    with pytest.raises(ValueError, match="finite"):
        angle_log_likelihood(model, tracks * np.nan, 0.1)
