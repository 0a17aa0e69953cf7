"""The filter with an instrument against dense normals, whose covariance comes from C(t) by
integrals over the detector's response and the exposure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, toeplitz
from scipy.stats import multivariate_normal

from activenoise.likelihood import kalman, positions
from activenoise.physics import system
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Passive, Viscoelastic
from activenoise.simulation.records import simulate_records

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
N = 30
GAPS = [3, 4, 5, 20]

MODELS = [
    Passive(1.3, 0.7),
    AOUP(1.0, 0.5, 0.8, 1.0),
    AOUP(1.0, 0.2, 2.0, 20.0),
    Viscoelastic(1.2, 0.5, 2.0, 3.0),
]
INTERVALS = [1e-5, 1e-2, 1.0]


def panel(low, high):
    return low + (high - low) * 0.5 * (NODES + 1), 0.5 * (high - low) * WEIGHTS


def detected(function, corner, relaxed):
    """A covariance (or mean square displacement) behind the detector: folded with the response's
    own autocorrelation, relaxed^2 delta(s) + b exp(-omega |s|)."""
    if np.isinf(corner):
        return function
    omega = 2 * np.pi * corner
    b = omega * (1 - relaxed) * (relaxed + 0.5 * (1 - relaxed))

    edges = np.arange(0, 42, 3) / omega

    def folded(t):
        # Panels that meet where exp(-omega |s|) and the function of |t - s| have their corners.
        ahead = np.union1d(edges, [t]) if 0 < t < edges[-1] else edges
        cuts = np.concatenate([-edges[:0:-1], ahead])
        s, w = panel(cuts[:-1, None], cuts[1:, None])
        values = b * np.exp(-omega * np.abs(s)) * function(np.abs(t - s))
        return relaxed**2 * function(np.array([t]))[0] + np.sum(w * values)

    return lambda times: np.array([folded(abs(t)) for t in np.ravel(times)]).reshape(
        np.shape(times)
    )


def exposed(function, t, length, stiff):
    """The same averaged over two exposures t apart."""
    if length == 0:
        return function(np.array([t]))[0]
    # Panels that crowd at the ends, where a fast detector leaves a thin layer.
    crowd = np.array([0, 1e-3, 1e-2, 0.1, 0.3] if stiff else [0])
    half = np.concatenate([crowd, 0.5 * np.ones(1), 1 - crowd[::-1]]) * length
    cuts = np.concatenate([-half[:0:-1], half])
    s, w = panel(cuts[:-1, None], cuts[1:, None])
    return float(np.sum(w * (1 - np.abs(s) / length) / length * function(np.abs(t + s))))


def lags(function, instrument, dt, n=N):
    values = instrument.parameters
    seen = detected(function, float(values["corner"]), float(values["relaxed"]))
    length = float(values["exposure"]) * dt
    stiff = 50 < float(values["corner"]) * length < np.inf
    return np.array([exposed(seen, k * dt, length, stiff) for k in range(n)])


def dense(model, instrument, record, dt):
    """Log density with a zero that is known."""
    row = lags(model.autocorrelation, instrument, dt)
    row[0] += float(instrument.noise) ** 2
    kept = np.isfinite(record)
    covariance = toeplitz(row)[np.ix_(kept, kept)]
    return multivariate_normal(np.zeros(kept.sum()), covariance).logpdf(record[kept])


def displacement(model, drift):
    """Mean square displacement of a tracer, trapped or free, with its drift."""
    kappa, D = float(model.kappa), float(model.D)

    def of(t):
        t = np.asarray(t, float)
        if kappa > 0:
            msd = 2 * (model.autocorrelation(0.0) - model.autocorrelation(t))
        elif isinstance(model, AOUP):
            tau, D_a = float(model.tau_a), float(model.D_a)
            msd = 2 * D * t + 2 * D_a * (t + tau * np.expm1(-t / tau))
        elif isinstance(model, Viscoelastic):
            s, tau = float(model.strength), float(model.tau_m)
            rate = (1 + s) / tau
            msd = 2 * D / (1 + s) * (t - s / rate * np.expm1(-rate * t))
        else:
            msd = 2 * D * t
        return msd + 2 * drift * t

    return of


def dense_increments(model, instrument, record, dt):
    """Log density given the first point, where the zero is not known: that of increments."""
    row = lags(displacement(model, float(instrument.drift)), instrument, dt)
    row = row - row[0] + np.where(np.arange(N) > 0, 2 * float(instrument.noise) ** 2, 0.0)
    kept = np.flatnonzero(np.isfinite(record))
    first, rest = kept[0], kept[1:]
    covariance = 0.5 * (
        row[rest - first][:, None] + row[rest - first] - row[np.abs(rest[:, None] - rest)]
    )
    steps = record[rest] - record[first]
    value = multivariate_normal(np.zeros(len(rest)), covariance).logpdf(steps)
    if instrument.baseline == "linear":
        line = (rest - first) * 2 / (N - 1)
        weight = np.linalg.solve(covariance, line)
        value += 0.5 * (weight @ steps) ** 2 / (weight @ line)
        value -= 0.5 * np.log(weight @ line / (2 * np.pi))
    return value


def record_for(dt, seed):
    """Positions of no model in particular: a likelihood must be right off its peak too."""
    x = np.cumsum(np.random.default_rng(seed).normal(size=N)) * np.sqrt(dt) * 1.3 + 0.3
    x[GAPS] = np.nan
    return x


INSTRUMENTS = {
    "bare": {},
    "noise": {"noise": 0.4},
    "blur": {"exposure": 0.7},
    "full exposure": {"exposure": 1.0, "noise": 0.1},
    "low-pass": {"corner": 0.3},
    "low-pass, part of it": {"corner": 0.15, "relaxed": 0.4, "noise": 0.05},
    "all": {"noise": 0.2, "exposure": 0.5, "corner": 0.2, "relaxed": 0.2},
    "stiff": {"corner": 300.0, "relaxed": 0.1, "exposure": 0.2},
}


def instrument_for(name, dt, **more):
    """Noise in units of a step, the corner in units of 1/dt."""
    values = dict(INSTRUMENTS[name])
    if "noise" in values:
        values["noise"] *= np.sqrt(dt)
    if "corner" in values:
        values["corner"] /= dt
    return Instrument(**values, **more)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "stiff" else n for n in INSTRUMENTS],
)
@pytest.mark.parametrize("dt", INTERVALS)
@pytest.mark.slow
def test_likelihood_is_the_dense_normals(name, dt):
    instrument = instrument_for(name, dt)
    for seed, model in enumerate(MODELS):
        record = record_for(dt, seed)
        value = kalman.log_likelihood(model, instrument, record, dt)
        assert value[0] == pytest.approx(dense(model, instrument, record, dt), abs=1e-6)


@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize("name", ["bare", pytest.param("all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_unknown_baseline_drift_and_free_tracers(name, baseline, drift):
    dt = 0.05
    instrument = instrument_for(name, dt, baseline=baseline, drift=drift)
    free = [
        Passive(0.0, 0.7),
        AOUP(0.0, 0.2, 2.0, 0.6),
        Viscoelastic(0.0, 0.5, 2.0, 0.3),
    ]
    for seed, model in enumerate([*MODELS, *free]):
        record = record_for(dt, seed)
        value = kalman.log_likelihood(model, instrument, record, dt)
        expected = dense_increments(model, instrument, record, dt)
        assert value[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("name", ["bare", "all"])
@pytest.mark.slow
def test_mean_square_displacement_of_what_is_recorded(name, stride):
    dt = 0.05
    instrument = instrument_for(name, dt, drift=0.02)
    for model in [*MODELS, Passive(0.0, 0.7), AOUP(0.0, 0.2, 2.0, 0.6)]:
        row = lags(displacement(model, 0.02), instrument, dt)
        expected = row[stride] - row[0] + 2 * float(instrument.noise) ** 2
        found = system.mean_square_displacement(model, instrument, dt, stride)
        np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_discretisation_is_van_loans():
    """F and Q of a low-passed AOUP, from one matrix exponential of the whole interval."""
    kappa, D, D_a, tau_a, dt, corner = 2.0, 0.3, 1.1, 0.4, 0.05, 7.0
    found = system.discretise(AOUP(kappa, D, D_a, tau_a), Instrument(corner=corner), dt)
    omega = 2 * np.pi * corner
    A = np.array([[-kappa, 1, 0], [0, -1 / tau_a, 0], [kappa, -1, -omega]])
    B = np.array([[np.sqrt(2 * D), 0], [0, np.sqrt(2 * D_a) / tau_a], [-np.sqrt(2 * D), 0]])
    big = expm(np.block([[-A, B @ B.T], [np.zeros((3, 3)), A.T]]) * dt)
    np.testing.assert_allclose(found.F[0], big[3:, 3:].T, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.Q[0], big[3:, 3:].T @ big[:3, 3:], rtol=1e-10, atol=1e-15)
    # The start is stationary.
    P, F = found.P[0], found.F[0]
    np.testing.assert_allclose(F @ P @ F.T + found.Q[0], P, rtol=1e-12)


@pytest.mark.parametrize("baseline", ["zero", "constant"])
def test_models_side_by_side_are_those_alone(baseline):
    rng = np.random.default_rng(5)
    m, n, dt = 40, 6000, 0.01
    model = AOUP(*np.exp(rng.normal(0, 1, (4, m))))
    instrument = Instrument(
        noise=0.05 * np.exp(rng.normal(0, 1, m)),
        exposure=rng.uniform(size=m) * (rng.uniform(size=m) > 0.3),
        corner=np.where(rng.uniform(size=m) > 0.3, rng.uniform(5, 100, m), np.inf),
        relaxed=rng.uniform(size=m),
        baseline=baseline,
    )
    record = np.cumsum(rng.normal(size=n)) * 0.1
    record[[0, 17, 18, 3000]] = np.nan
    together = kalman.log_likelihood(model, instrument, record, dt)
    for i in range(0, m, 3):
        values = {k: np.broadcast_to(v, m)[i] for k, v in instrument.parameters.items()}
        one = Instrument(**values, baseline=baseline)
        alone = kalman.log_likelihood(model[i], one, record, dt)[0]
        assert together[i] == pytest.approx(alone, rel=1e-11, abs=1e-6)


@pytest.mark.slow
def test_kept_gains_change_nothing(monkeypatch):
    """A slow propulsion and a record of another law: the hardest to settle."""
    n, dt = 60_000, 1e-3
    model = AOUP(5.0, 1.0, 3.0, np.full(2, 0.5))
    instrument = Instrument(noise=0.01, exposure=0.4, baseline="constant")
    record = np.cumsum(np.random.default_rng(3).normal(size=n)) * 0.03
    kept = kalman.log_likelihood(model, instrument, record, dt)
    found = system.discretise(model[0], instrument, dt)
    rows = np.empty((2, n))
    base = kalman.regressors(n, 1)
    # The covariance recursion all the way, in plain NumPy.
    F, G, Q, S, R, P = (part[0] for part in found)
    mean, log_s = np.zeros((2, len(G))), 0.0
    for t in range(n):
        s = R + G @ P @ G
        K = (F @ P @ G + S) / s
        P = F @ P @ F.T + Q - np.outer(K, K) * s
        d = np.array([record[t], base[0, t]]) - mean @ G
        mean = mean @ F.T + np.outer(d, K)
        rows[:, t] = d / np.sqrt(s)
        log_s += np.log(s)
    y, one = rows
    value = y @ y - (y @ one) ** 2 / (one @ one) + np.log(one @ one) + log_s
    value = -0.5 * (value + (n - 1) * np.log(2 * np.pi))
    np.testing.assert_allclose(kept, value, atol=1e-5)


def test_innovations_are_white_and_standard_on_the_models_own_records():
    model = AOUP(2.0, 0.3, 1.0, 0.6)
    instrument = Instrument(noise=0.05, exposure=0.6, corner=8.0, relaxed=0.2, baseline="constant")
    record = simulate_records(model, instrument, 20_000, 0.05, seed=4) + 7.0
    record[500:600] = np.nan
    z = kalman.innovations(model, instrument, record, 0.05).standardised
    assert np.isnan(z[500:600]).all()
    z = z[np.isfinite(z)]
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / len(z))
    for lag in (1, 2, 10):
        assert abs(np.mean(z[lag:] * z[:-lag])) < 4 / np.sqrt(len(z))


def test_the_baseline_is_that_of_generalised_least_squares():
    """Its coefficients and the inverse of their covariance, from the dense covariance matrix."""
    model = AOUP(2.0, 0.3, 1.0, 0.6)
    measured = {"noise": 0.05, "exposure": 0.6}
    record = simulate_records(model, Instrument(**measured), 200, 0.05, seed=4) + 7.0
    row = system.autocovariance(model, Instrument(**measured), np.arange(200), 0.05)[0]
    base = kalman.regressors(200, 2)
    weighted = np.linalg.solve(toeplitz(row), base.T)
    found = kalman.innovations(model, Instrument(**measured, baseline="linear"), record, 0.05)
    np.testing.assert_allclose(found.information, base @ weighted, rtol=1e-6, atol=1e-9)
    expected = np.linalg.solve(base @ weighted, weighted.T @ record)
    np.testing.assert_allclose(found.baseline, expected, rtol=1e-6)


@pytest.mark.parametrize("baseline", ["constant", "linear"])
def test_baselines_of_many_models_are_those_of_each(baseline):
    kappa, tau_a = np.array([0.7, 2.0, 5.0]), np.array([0.2, 0.6, 1.0])
    measured = {"noise": 0.05, "exposure": 0.6, "baseline": baseline}
    record = simulate_records(AOUP(2.0, 0.3, 1.0, 0.6), Instrument(), 200, 0.05, seed=4) + 7.0
    record[50:60] = np.nan
    models = AOUP(kappa, 0.3, 1.0, tau_a)
    fitted, information = kalman.baselines(models, Instrument(**measured), record, 0.05)
    for i in range(3):
        model = AOUP(kappa[i], 0.3, 1.0, tau_a[i])
        one = kalman.innovations(model, Instrument(**measured), record, 0.05)
        np.testing.assert_allclose(fitted[i], one.baseline, rtol=1e-9)
        np.testing.assert_allclose(information[i], one.information, rtol=1e-9)


def test_autocovariance_is_that_of_what_is_recorded():
    model = Viscoelastic(2.0, 0.3, 3.0, 0.8)
    instrument = Instrument(noise=0.05, exposure=0.6, corner=8.0, relaxed=0.2)
    row = lags(model.autocorrelation, instrument, 0.05, 4)
    row[0] += 0.05**2
    found = system.autocovariance(model, instrument, np.arange(4), 0.05)[0]
    np.testing.assert_allclose(found, row, rtol=1e-9)


def test_bare_instrument_agrees_with_the_fast_path():
    model = AOUP(1.0, 0.2, 2.0, 0.5)
    record = simulate_records(model, Instrument(), 5000, 0.01, seed=2)
    fast = positions.log_likelihood(model, record[None], 0.01)[0]
    assert kalman.log_likelihood(model, Instrument(), record, 0.01)[0] == pytest.approx(
        fast, abs=1e-6
    )


def test_records_that_cannot_be_used_are_named():
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        kalman.log_likelihood(MODELS[0], Instrument(), np.zeros((2, 3)), 0.1)
    with pytest.raises(ValueError, match="too few"):
        kalman.log_likelihood(
            MODELS[0], Instrument(baseline="linear"), np.array([1.0, np.nan, 2.0]), 0.1
        )
    with pytest.raises(ValueError, match="baseline"):
        kalman.log_likelihood(Passive(0.0, 1.0), Instrument(), np.zeros(5), 0.1)
    with pytest.raises(TypeError, match="RBP"):
        system.discretise(RBP(1.0, 1.0, 1.0, 1.0), Instrument(), 0.1)


@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize("model", [AOUP(1.0, 0.3, 2.0, 0.5), AOUP(0.0, 0.3, 2.0, 0.5)])
def test_recursive_innovations_of_a_short_record_are_white_and_see_no_baseline(model, baseline):
    """They are a linear map W of the record: W C W' is the identity, C from dense covariances, and
    W leaves nothing of the baseline's functions."""
    n, dt = 7, 0.1
    instrument = Instrument(noise=0.2, exposure=0.5, baseline=baseline)
    row = lags(displacement(model, 0.0), instrument, dt, n)
    row = row - row[0] + np.where(np.arange(n) > 0, 2 * 0.2**2, 0.0)
    points = np.arange(n)
    # A covariance of which only differences matter.
    covariance = 0.5 * (row[points][:, None] + row[points] - row[np.abs(points[:, None] - points)])
    W = np.array([kalman.recursive_innovations(model, instrument, e, dt) for e in np.eye(n)]).T
    k = instrument.unknowns
    assert np.isnan(W[:k]).all()
    W = W[k:]
    np.testing.assert_allclose(W @ covariance @ W.T, np.eye(n - k), atol=1e-8)
    base = kalman.regressors(n, k)
    np.testing.assert_allclose(W @ base.T, 0, atol=1e-8)


def test_recursive_innovations_pass_over_what_is_missing():
    instrument = Instrument(noise=0.1, baseline="constant")
    x = record_for(0.1, 3)
    found = kalman.recursive_innovations(Passive(0.0, 1.0), instrument, x, 0.1)
    assert np.isnan(found).sum() == np.isnan(x).sum() + 1
    shifted = kalman.recursive_innovations(Passive(0.0, 1.0), instrument, x + 9.0, 0.1)
    np.testing.assert_allclose(found, shifted, atol=1e-9)
