"""The smoothed propulsion against the dense conditional normal, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood.kalman import regressors
from activenoise.likelihood.smoother import propulsion
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Elements, Tracer, power_law
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import dissipation
from activenoise.physics.system import discretise
from activenoise.simulation.recorded import simulate_recorded

DT = 0.1
ONE = np.ones(1)
MODELS = {
    "simple": AOUP(0.8, 0.5, 1.5, 0.7),
    "free": AOUP(0.0, 0.5, 1.5, 0.7),
    "Maxwell": Tracer(0.8 * ONE, ONE, Elements(np.array([[3.0]]), np.array([[0.4]])), 2 * ONE, ONE),
    "power law": Tracer(
        0.8 * ONE, ONE, power_law(0.5 * ONE, 4 * ONE, DT, 20.0), 2 * ONE, 0.6 * ONE
    ),
}
INSTRUMENTS = {
    "exact": Instrument(),
    "camera": Instrument(noise=0.2, exposure=0.6, baseline="constant"),
    "detector": Instrument(noise=0.1, corner=1.5, relaxed=0.3, baseline="linear"),
    "drift": Instrument(noise=0.1, drift=0.05, baseline="constant"),
}


def picks(model) -> np.ndarray:
    """Rows that give x and v from the states of the model."""
    motion = model.langevin()
    n = motion.drift.shape[-1]
    return np.stack([np.reshape(motion.signal, (-1, n))[0], np.eye(n)[-1]])


def dense(model, instrument, record):
    """Mean and covariance of (x_n, v_n) at all points given the record, by the dense joint normal;
    an unknown baseline is projected out."""
    F, G, Q, S, R, P = (part[0] for part in discretise(model, instrument, DT))
    n, k = len(record), len(G)
    size = k + n * (k + 1)  # z_0, then w_n and e_n of every interval
    spread = np.zeros((size, size))
    spread[:k, :k] = P
    for t in range(n):
        at = k + t * (k + 1)
        spread[at : at + k, at : at + k], spread[at + k, at + k] = Q, R
        spread[at : at + k, at + k] = spread[at + k, at : at + k] = S
    z, seen, states = np.eye(k, size), np.zeros((n, size)), np.zeros((n, 2, size))
    pick = np.zeros((2, k))
    pick[:, : picks(model).shape[1]] = picks(model)
    for t in range(n):
        at = k + t * (k + 1)
        seen[t] = G @ z
        seen[t, at + k] += 1
        z = F @ z
        z[:, at : at + k] += np.eye(k)
        states[t] = pick @ z
    there = np.isfinite(record)
    base = regressors(n, instrument.unknowns)[:, there]
    keep = np.linalg.svd(base.T)[0][:, len(base) :].T if len(base) else np.eye(there.sum())
    B, X = keep @ seen[there], states.reshape(2 * n, size)
    gain = np.linalg.solve(B @ spread @ B.T, B @ spread @ X.T).T
    mean = gain @ (keep @ record[there])
    return mean.reshape(n, 2), X @ spread @ X.T - gain @ B @ spread @ X.T


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_it_is_the_dense_conditional_normal(model, instrument):
    if model == "free" and instrument == "exact":
        instrument = "camera"
    tracer, seen = MODELS[model], INSTRUMENTS[instrument]
    record = np.random.default_rng(2).normal(size=40).cumsum()
    record[[7, 8, 20]] = np.nan
    found = propulsion(tracer, seen, record, DT)
    mean, covariance = dense(tracer, seen, record)
    covariance = covariance.reshape(40, 2, 40, 2)
    sd = np.sqrt(np.einsum("nn->n", covariance[:, 1, :, 1]))
    np.testing.assert_allclose(found.mean, mean[:, 1], atol=1e-8 * np.abs(mean[:, 1]).max())
    np.testing.assert_allclose(found.sd, sd, rtol=1e-8)
    x, v = mean.T
    work = (v[1:] + v[:-1]) * (x[1:] - x[:-1])
    after = np.arange(1, 40)
    for at in (after - 1, after):  # v before, and v after, with x after less x before
        work += covariance[after, 0, at, 1] - covariance[after - 1, 0, at, 1]
    D = float(np.ravel(tracer.D)[0])
    np.testing.assert_allclose(
        found.power[1:], work / (2 * D * DT), atol=1e-7 * np.abs(work / (2 * D * DT)).max()
    )
    assert np.isnan(found.power[0])


def simulated(model, instrument, n, seed):
    """The propulsion and a record, from the discrete system."""
    F, G, Q, S, R, P = (part[0] for part in discretise(model, instrument, DT))
    k, rng = len(G), np.random.default_rng(seed)
    both = np.block([[Q, S[:, None]], [S[None], np.array([[R]])]])
    values, vectors = np.linalg.eigh(both)
    noise = rng.normal(size=(n, k + 1)) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    z = np.linalg.cholesky(P + 1e-12 * np.eye(k)) @ rng.normal(size=k)
    v, y = np.empty(n), np.empty(n)
    at = picks(model).shape[1] - 1
    for t in range(n):
        y[t] = G @ z + noise[t, k]
        z = F @ z + noise[t, :k]
        v[t] = z[at]
    return v, y


@pytest.mark.parametrize("model", ["simple", "Maxwell", "power law"])
def test_the_band_holds_the_true_propulsion(model):
    """On independent records, points 20 apart: within 3 standard errors of 68 and 95 %."""
    tracer, seen = MODELS[model], INSTRUMENTS["camera"]
    z = []
    for seed in range(40):
        v, y = simulated(tracer, seen, 200, seed)
        y[60:80] = np.nan
        found = propulsion(tracer, seen, y + 5.0, DT)
        z.append(((v - found.mean) / found.sd)[10::20])
        assert np.all(found.sd < np.sqrt(2 / 0.6))  # less than without a record
    z = np.abs(np.concatenate(z))
    for limit, part in ((0.99446, 0.68), (1.95996, 0.95)):
        assert abs(np.mean(z < limit) - part) < 3 * np.sqrt(part * (1 - part) / len(z))


def test_the_mean_power_is_the_dissipation():
    """Of 100 000 points dt = tau_a/70 apart, within the error of a mean over 1400 tau_a."""
    dt, model, seen = 0.01, MODELS["simple"], Instrument(noise=0.02, baseline="constant")
    known = Instrument(noise=np.full(1, 0.02))
    record = simulate_recorded(model, known, 100_000, dt, seed=3)[0]
    found = propulsion(model, seen, record, dt)
    (truth,) = dissipation(*(np.array([v]) for v in (0.8, 0.5, 1.5, 0.7)))
    blocks = np.nanmean(found.power.reshape(50, -1), axis=1)
    assert abs(blocks.mean() - truth) < 3 * blocks.std() / np.sqrt(50) + 0.02 * truth


def test_a_passive_tracer_has_none():
    with pytest.raises(TypeError, match="Passive has no propulsion"):
        propulsion(Passive(1.0, 1.0), Instrument(), np.zeros(5), DT)
