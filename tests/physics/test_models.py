"""Each model's faces against one another: C(t), the spectrum, and the sampled process."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm

from activenoise.physics.models import AOUP, RBP, RTP, Passive, Viscoelastic

getcontext().prec = 60

MODELS = [
    Passive(1.3, 0.7),
    AOUP(0.1, 0.2, 0.1, 0.5),
    AOUP(2.0, 0.4, 1.5, 0.5),  # kappa tau_a = 1
    AOUP(2.0, 0.4, 1.5, 0.5 * (1 + 1e-12)),
    RBP(1.0, 1.0, 20.0, 3.0),
    RTP(1.0, 1.0, 20.0, 3.0),
    Viscoelastic(2.0, 0.4, 1.5, 0.7),
    Viscoelastic(2.0, 0.4, 1e-3, 0.5),
]

# kappa tau_a, from slow to fast propulsion, and through 1
PRODUCTS = [1e-3, 0.1, 0.9, 1 - 1e-9, 1 - 1e-12, 1.0, 1 + 1e-12, 1 + 1e-6, 1.1, 10.0, 1e3]


def closed_form(kappa, D, D_a, tau_a, t):
    """The paper's C(t) in 60 digits."""
    kappa, D, D_a, tau_a, t = map(Decimal, (kappa, D, D_a, tau_a, t))
    thermal = D / kappa * (-kappa * t).exp()
    bracket = (-kappa * t).exp() / kappa - tau_a * (-t / tau_a).exp()
    return float(thermal + D_a / (1 - (kappa * tau_a) ** 2) * bracket)


@pytest.mark.parametrize("model", MODELS)
def test_autocorrelation_is_the_inverse_transform_of_the_spectrum(model):
    def folded(f):
        return 2 * float(model.spectrum(f))

    variance, _ = quad(folded, 0, np.inf, epsabs=0, epsrel=1e-10, limit=500)
    assert model.autocorrelation(0.0) == pytest.approx(variance, rel=1e-8)
    for t in (0.05, 0.5, 2.0):
        value, _ = quad(folded, 0, np.inf, weight="cos", wvar=2 * np.pi * t, epsabs=1e-10)
        assert model.autocorrelation(t) == pytest.approx(value, abs=1e-7 * variance)
    lags = np.array([0.05, 0.5, 2.0])
    np.testing.assert_array_equal(model.autocorrelation(-lags), model.autocorrelation(lags))


@pytest.mark.parametrize("product", [p for p in PRODUCTS if p != 1.0])
def test_autocorrelation_is_the_papers_formula(product):
    kappa, D, D_a = 1.7, 1e-3, 2.0
    tau_a = product / kappa
    lags = np.array([0.0, 1e-5, 0.1, 1.0, 5.0])
    values = AOUP(kappa, D, D_a, tau_a).autocorrelation(lags)
    exact = [closed_form(kappa, D, D_a, tau_a, t) for t in lags]
    np.testing.assert_allclose(values, exact, rtol=1e-13)


def test_autocorrelation_passes_smoothly_through_equal_rates():
    kappa, D, D_a, lags = 1.7, 0.3, 2.0, np.linspace(0, 5, 11)

    def at(product):
        return AOUP(kappa, D, D_a, product / kappa).autocorrelation(lags)

    # A double pole: the integrals of the paper's formula at tau_a = 1/kappa.
    limit = (D / kappa + D_a / (2 * kappa) * (1 + kappa * lags)) * np.exp(-kappa * lags)
    np.testing.assert_allclose(at(1.0), limit, rtol=1e-14)
    for shift in (1e-15, 1e-12):
        np.testing.assert_allclose(at(1 + shift), limit, rtol=10 * shift + 1e-14)
        np.testing.assert_allclose(at(1 - shift), limit, rtol=10 * shift + 1e-14)
    slope = (at(1 + 1e-3) - at(1 - 1e-3)) / 2e-3
    for shift in (1e-6, 1e-8):
        np.testing.assert_allclose((at(1 + shift) - limit) / shift, slope, atol=1e-5)


def transition(process):
    return np.array([[1 - process.loss_x, process.coupling], [0, 1 - process.loss_v]])


def noise(process):
    return np.array([[process.q_xx, process.q_xv], [process.q_xv, process.q_vv]])


def stationary(process):
    return np.array([[process.p_xx, process.p_xv], [process.p_xv, process.p_vv]])


def van_loan(kappa, D, D_a, tau_a, dt):
    """Transition and noise of dx = (v - kappa x) dt + ..., from the exponential of one matrix.

    Where dt is long the law of a short step is doubled until it is long enough.
    """
    doublings = max(0, int(np.ceil(np.log2(dt * max(kappa, 1 / tau_a)))))
    step = dt / 2**doublings
    # In units of the step and of the larger noise every block is of order one.
    drift = np.array([[-kappa * step, 1.0], [0.0, -step / tau_a]])
    strength = np.array([2 * D * step, 2 * D_a / tau_a**2 * step**3])
    unit = strength.max()
    block = np.block([[-drift, np.diag(strength / unit)], [np.zeros((2, 2)), drift.T]])
    power = expm(block)
    f = power[2:, 2:].T
    q = unit * f @ power[:2, 2:]
    for _ in range(doublings):
        q = q + f @ q @ f.T
        f = f @ f
    velocity = np.diag([1.0, 1 / step])
    return velocity @ f @ np.linalg.inv(velocity), velocity @ q @ velocity


@pytest.mark.parametrize("D", [0.3, 1e-14])  # the second shows the active part of q_xx alone
@pytest.mark.parametrize("product", PRODUCTS)
def test_sampled_form_is_the_matrix_exponential(product, D):
    kappa, D_a = 1.7, 2.0
    tau_a = product / kappa
    fast, slow = sorted([1 / kappa, tau_a])
    for dt in (1e-5 * fast, 1e-3 * fast, 0.1 * fast, fast, slow, 5 * slow):
        process = AOUP(kappa, D, D_a, tau_a).sampled(dt)
        f, q = van_loan(kappa, D, D_a, tau_a, dt)
        np.testing.assert_allclose(transition(process), f, rtol=1e-11, atol=1e-15 * min(dt, 1))
        np.testing.assert_allclose(noise(process), q, rtol=1e-10)
        assert process.loss_x == pytest.approx(-np.expm1(-kappa * dt), rel=1e-15)
        assert process.loss_v == pytest.approx(-np.expm1(-dt / tau_a), rel=1e-15)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("dt", [1e-5, 0.01, 1.0, 20.0])
def test_sampled_form_is_stationary_with_the_models_autocorrelation(product, dt):
    model = AOUP(1.7, 0.3, 2.0, product / 1.7)
    process = model.sampled(dt)
    f, q, p = transition(process), noise(process), stationary(process)
    np.testing.assert_allclose(f @ p @ f.T + q, p, rtol=1e-12)
    assert p[0, 0] == pytest.approx(model.autocorrelation(0.0), rel=1e-14)
    for k in (1, 2, 10):
        covariance = (np.linalg.matrix_power(f, k) @ p)[0, 0]
        expected = model.autocorrelation(k * dt)
        np.testing.assert_allclose(covariance, expected, rtol=1e-11, atol=1e-14 * p[0, 0])


def test_passive_is_aoup_without_propulsion():
    passive, still = Passive(1.3, 0.7), AOUP(1.3, 0.7, 0.0, 2.0)
    t = np.linspace(0, 3, 7)
    np.testing.assert_allclose(passive.autocorrelation(t), still.autocorrelation(t), rtol=1e-15)
    np.testing.assert_allclose(passive.spectrum(t), still.spectrum(t), rtol=1e-15)
    a, b = passive.sampled(0.1), still.sampled(0.1)
    assert (a.loss_x, a.q_xx, a.p_xx) == (b.loss_x, b.q_xx, b.p_xx)
    assert a.q_vv == a.p_vv == b.q_vv == b.p_vv == 0


@pytest.mark.parametrize(
    ("model", "dt"),
    [
        (RBP(1.0, 1.0, 20.0, 3.0), 0.1),
        (RBP(2.0, 0.5, 4.0, 0.5), 0.2),
        (RBP(157.0, 7e-4, 6.3e-3, 0.33), 6.4e-4),
        (RBP(157.0, 7e-4, 6.3e-3, 0.33), 1.28e-5),
    ],
)
def test_angle_process_has_the_exact_autocovariance(model, dt):
    process = model.sampled_angle(dt)
    keep, turned = 1 - process.loss_x, np.exp(-process.turn)
    # x' = keep x + drift c' + noise with <c_n c_m> = turned^|n - m|/2: its stationary covariances.
    x_c = 0.5 * process.drift / (1 - keep * turned)
    x_next_c = turned * x_c
    variance = process.noise + 0.5 * process.drift**2 + 2 * keep * process.drift * x_next_c
    covariance = variance / -np.expm1(2 * np.log1p(-process.loss_x))
    assert covariance == pytest.approx(model.autocorrelation(0.0), rel=1e-9)
    for k in range(1, 30):
        covariance = keep * covariance + process.drift * turned**k * x_c
        assert covariance == pytest.approx(model.autocorrelation(k * dt), rel=1e-9)


def test_angle_process_refuses_a_coarse_interval():
    with pytest.raises(ValueError, match="too coarse"):
        RBP(1.0, 0.01, 20.0, 1.0).sampled_angle(0.5)


def test_rbp_speed_gives_the_velocity_variance():
    model = RBP(1.0, 1.0, 20.0, 3.0)
    assert model.speed**2 / 2 == pytest.approx(AOUP(1.0, 1.0, 20.0, 3.0).sampled(1.0).p_vv)


def test_batch_equals_its_members():
    kappa = np.array([0.5, 1.0, 2.0])
    batch = AOUP(kappa, 0.3, 1.0, np.array([1.0, 1.0, 4.0]))
    assert batch.shape == (3,)
    assert len(batch) == 3
    lags = np.linspace(0, 1, 4).reshape(2, 2)
    intervals = np.array([0.1, 0.2, 30.0])
    many = batch.sampled(intervals)
    assert batch.autocorrelation(lags).shape == (3, 2, 2)
    for i in range(3):
        single = batch[i]
        assert isinstance(single, AOUP)
        np.testing.assert_array_equal(batch.autocorrelation(lags)[i], single.autocorrelation(lags))
        for field, value in single.sampled(intervals[i])._asdict().items():
            assert getattr(many, field)[i] == pytest.approx(value, rel=1e-15)
    with pytest.raises(TypeError):
        len(batch[0])


@pytest.mark.parametrize(
    ("model", "values", "name"),
    [
        (Passive, {"kappa": -1.0, "D": 1.0}, "kappa"),
        (Passive, {"kappa": 1.0, "D": -1.0}, "D"),
        (AOUP, {"kappa": 1.0, "D": 1.0, "D_a": -0.1, "tau_a": 1.0}, "D_a"),
        (AOUP, {"kappa": 1.0, "D": 1.0, "D_a": 1.0, "tau_a": 0.0}, "tau_a"),
        (RBP, {"kappa": np.nan, "D": 1.0, "D_a": 1.0, "tau_a": 1.0}, "kappa"),
        (RBP, {"kappa": 1.0, "D": np.array([1.0, np.inf]), "D_a": 1.0, "tau_a": 1.0}, "D"),
    ],
)
def test_impossible_values_are_named(model, values, name):
    with pytest.raises(ValueError, match=f"{model.__name__}: {name} = .* must be"):
        model(**values)


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"kappa \(2,\), D \(3,\)"):
        Passive(np.ones(2), np.ones(3))


@pytest.mark.parametrize("dt", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("model", [Passive(1.0, 1.0), AOUP(1.0, 1.0, 1.0, 1.0)])
def test_impossible_intervals_are_refused(model, dt):
    with pytest.raises(ValueError, match="dt = "):
        model.sampled(dt)


@pytest.mark.parametrize(
    ("strength", "tau_m"), [(2.0, 0.7), (1e-9, 0.5), (30.0, 0.01), (0.2, 40.0)]
)
def test_viscoelastic_bead_obeys_fluctuation_dissipation(strength, tau_m):
    """Equipartition, detailed balance (a symmetric drift times covariance), positive weights."""
    model = Viscoelastic(2.0, 0.4, strength, tau_m)
    drift, noise, covariance = (np.asarray(part) for part in model.langevin()[:3])
    assert covariance[0, 0] == pytest.approx(0.4 / 2.0, rel=1e-14)
    balance = drift @ covariance
    np.testing.assert_allclose(balance + balance.T, -noise, rtol=1e-12, atol=1e-12 * noise.max())
    # The pull is odd in nothing: both x and the element are even under time reversal, in the
    # coordinates (x, y) the flux -drift P is symmetric.
    to_y = np.array([[1, 0], [1, tau_m / strength]])
    flux = to_y @ balance @ to_y.T
    np.testing.assert_allclose(flux, flux.T, atol=1e-12 * np.abs(flux).max())
    (slow, fast), (a, b) = model.relaxations()
    assert 0 < slow <= 2.0 <= fast
    assert a >= 0
    assert b >= 0
    np.testing.assert_allclose([a + b, slow * a + fast * b], [0.2, 0.4], rtol=1e-12)


def test_viscoelastic_bead_of_no_strength_is_passive():
    lags = np.linspace(0, 3, 7)
    for tau_m in (0.01, 0.5, 20.0):
        model = Viscoelastic(2.0, 0.4, 0.0, tau_m)
        np.testing.assert_allclose(
            model.autocorrelation(lags), Passive(2.0, 0.4).autocorrelation(lags), rtol=1e-12
        )


def test_an_aoup_of_positive_weights_has_a_viscoelastic_double():
    kappa, D, D_a, tau_a = 157.0, 7e-4, 6.3e-3, 0.33  # the paper's fit
    aoup = AOUP(kappa, D, D_a, tau_a)
    trap = D / aoup.autocorrelation(0.0)
    tau_m = trap * tau_a / kappa
    strength = (kappa - trap) * (trap - 1 / tau_a) * tau_a / kappa
    double = Viscoelastic(trap, D, strength, tau_m)
    lags = np.geomspace(1e-5, 2, 20)
    np.testing.assert_allclose(double.autocorrelation(lags), aoup.autocorrelation(lags), rtol=1e-12)


@pytest.mark.parametrize(
    "model", [Passive(0.0, 1.0), AOUP(0.0, 1.0, 1.0, 1.0), Viscoelastic(0.0, 1.0, 1.0, 1.0)]
)
def test_a_free_tracer_has_no_stationary_law(model):
    with pytest.raises(ValueError, match="kappa = 0 is a free tracer"):
        model.autocorrelation(1.0)
    with pytest.raises(ValueError, match="kappa = 0 is a free tracer"):
        model.sampled(0.1)
