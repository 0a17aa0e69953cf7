"""Media with several relaxation times: equipartition, monotone C(t), the driven tracer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from activenoise.inference.comparison import negative_weight, usual_odds
from activenoise.parameters import ACTIVE, RECORD_MODELS
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import (
    Elements,
    Tracer,
    active_variance,
    displacement_share,
    power_law,
)
from activenoise.physics.models import AOUP, Passive, Viscoelastic
from activenoise.physics.system import mean_square_displacement

M = 24


def tracer(driven: bool, free: bool = False, seed: int = 0) -> Tracer:
    rng = np.random.default_rng(seed)

    def spread(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), M))

    elements = power_law(rng.uniform(0.1, 0.9, M), spread(0.1, 100), 0.01, 30.0)
    kappa = np.zeros(M) if free else spread(0.1, 30)
    drive = (spread(0.1, 10), spread(0.02, 5)) if driven else ()
    return Tracer(kappa, spread(0.1, 10), elements, *drive)


def first_principles(one: Tracer, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Drift and noise matrices of (x, y_1 ..., v) written down from the equations of motion."""
    s, tau = one.elements.strength[i], one.elements.tau[i]
    k = len(s)
    A, W = np.zeros((k + 2, k + 2)), np.zeros((k + 2, k + 2))
    A[0, 0] = -one.kappa[i] - np.sum(s / tau)
    A[0, 1 : k + 1] = s / tau
    A[0, k + 1] = 1.0
    for j in range(k):
        A[j + 1, 0], A[j + 1, j + 1] = 1 / tau[j], -1 / tau[j]
        W[j + 1, j + 1] = 2 * one.D[i] / s[j]
    W[0, 0] = 2 * one.D[i]
    A[k + 1, k + 1] = -1.0 if one.tau_a is None else -1 / one.tau_a[i]
    W[k + 1, k + 1] = 0.0 if one.D_a is None else 2 * one.D_a[i] / one.tau_a[i] ** 2
    return A, W


@pytest.mark.parametrize("driven", [False, True])
def test_autocorrelation_is_that_of_the_equations_of_motion(driven):
    one = tracer(driven)
    rates, weights = one.weights()
    for i in range(0, M, 5):
        A, W = first_principles(one, i)
        P = solve_continuous_lyapunov(A, -W)
        for lag in (0.0, 0.05, 1.0, 8.0):
            assert np.sum(weights[i] * np.exp(-rates[i] * lag)) == pytest.approx(
                (expm(A * lag) @ P)[0, 0], rel=1e-8
            )


def test_equipartition_and_complete_monotonicity_without_a_drive():
    one = tracer(driven=False)
    rates, weights = one.weights()
    assert np.all(rates > 0)
    assert np.all(weights >= 0)
    np.testing.assert_allclose(weights.sum(axis=1), one.D / one.kappa, rtol=1e-10)


def test_stationary_covariance_solves_lyapunovs_equation():
    motion = tracer(driven=True).langevin()
    flow = motion.drift @ motion.covariance
    np.testing.assert_allclose(
        flow + np.swapaxes(flow, 1, 2) + motion.noise, 0, atol=1e-10 * np.abs(motion.noise).max()
    )


def test_one_element_is_the_viscoelastic_bead():
    kappa, D, s, tau = np.array([0.5, 3.0]), np.array([1.0, 2.0]), np.array([3.0, 0.2]), 2.0
    elements = Elements(s[:, None], np.full((2, 1), tau))
    lags = np.array([0.0, 0.3, 2.0])
    rates, weights = Tracer(kappa, D, elements).weights()
    np.testing.assert_allclose(
        np.einsum("mj,mjt->mt", weights, np.exp(-rates[:, :, None] * lags)),
        Viscoelastic(kappa, D, s, np.full(2, tau)).autocorrelation(lags),
        rtol=1e-10,
    )


def test_weak_elements_leave_the_simple_liquid():
    kappa, tau_a = np.array([0.3, 4.0]), np.array([1.0, 0.1])
    elements = Elements(np.full((2, 3), 1e-12), np.tile([0.1, 1.0, 10.0], (2, 1)))
    np.testing.assert_allclose(
        active_variance(kappa, elements, tau_a), 1 / (kappa * (1 + kappa * tau_a)), rtol=1e-9
    )


def test_mean_square_displacement_of_a_free_tracer_grows_as_the_power():
    """In the middle decades of elements over 8 decades the slope is alpha to a few percent."""
    alpha = np.array([0.4, 0.6, 0.8])
    elements = power_law(alpha, 3 * 1e8 ** (1 - alpha), 1e-4, 1e4)
    rates, u = Tracer(np.zeros(3), np.ones(3), elements).modes()
    t = np.geomspace(0.1, 10.0, 20)
    slow = u[:, 1:, None] ** 2 / rates[:, 1:, None] * -np.expm1(-rates[:, 1:, None] * t)
    msd = 2 * (u[:, :1] ** 2 * t + slow.sum(axis=1))
    slopes = np.polynomial.polynomial.polyfit(np.log(t), np.log(msd).T, 1)[1]
    np.testing.assert_allclose(slopes, alpha, atol=0.04)


@pytest.mark.parametrize("free", [False, True])
def test_the_share_of_displacements_is_what_is_missing_without_the_drive(free):
    one = tracer(driven=True, free=free)
    still = Tracer(one.kappa, one.D, one.elements)
    for lag in (0.05, 2.0, 60.0):
        both = [mean_square_displacement(each, Instrument(), lag) for each in (still, one)]
        np.testing.assert_allclose(
            displacement_share(one, lag), 1 - both[0] / both[1], rtol=1e-5, atol=1e-7
        )


def test_the_share_of_displacements_where_trap_and_propulsion_are_equally_fast():
    one, none = np.ones(1), np.empty((1, 0))
    lag = 0.8
    driven = Tracer(one, one, Elements(none, none), 2 * one, one)
    lags = [0.0, lag]
    still = Passive(1.0, 1.0).autocorrelation(lags)
    # C(t) = exp(-t) (D + D_a (1 + t)/2) where kappa tau_a = 1 (here both are 1).
    whole = np.exp(-np.array(lags)) * (2 + np.array(lags))
    expected = 1 - (still[0] - still[1]) / (whole[0] - whole[1])
    assert displacement_share(driven, lag)[0] == pytest.approx(float(expected), rel=1e-6)


def test_negative_weight_agrees_with_the_simple_liquid_where_the_medium_is_one():
    rng = np.random.default_rng(3)
    n = 200
    kappa, D, D_a, tau_a = (np.exp(rng.uniform(-2, 2, n)) for _ in range(4))
    bare = {"kappa": kappa, "D": D, "D_a": D_a, "tau_a": tau_a}
    weak = {**bare, "strength": np.full(n, 1e-9), "tau_m": np.full(n, 0.37)}
    with_element = negative_weight("ViscoelasticAOUP", weak)
    assert np.mean(with_element == negative_weight("AOUP", bare)) > 0.98


def test_a_strong_propulsion_in_a_medium_has_a_negative_weight_and_none_has_without_it():
    n = 50
    medium = {"kappa": np.full(n, 2.0), "D": np.ones(n), "strength": np.full(n, 3.0)}
    medium |= {"tau_m": np.full(n, 2.0), "tau_a": np.full(n, 0.1)}
    assert negative_weight("ViscoelasticAOUP", {**medium, "D_a": np.full(n, 5.0)}).all()


def test_usual_odds_make_activity_and_equilibrium_equally_likely():
    for names in (RECORD_MODELS, [n for n in RECORD_MODELS if n not in ("RBP", "Drift", "Wander")]):
        odds = usual_odds(names)
        active = sum(value for name, value in odds.items() if name in ACTIVE)
        assert set(odds) == set(names)
        assert active == pytest.approx(sum(odds.values()) - active)


def test_free_aoup_in_no_medium_is_the_bare_one():
    one = Tracer(
        np.zeros(1), np.ones(1), Elements(np.full((1, 1), 1e-14), np.ones((1, 1))),
        np.array([2.0]), np.array([0.5]),
    ).langevin()  # fmt: skip
    bare = AOUP(0.0, 1.0, 2.0, 0.5).langevin()
    v = -1
    assert one.covariance[0, v, v] == pytest.approx(bare.covariance[1, 1])
    assert abs(one.signal[0, 0]) == pytest.approx(1.0)
