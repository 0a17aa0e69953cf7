"""The smoothed propulsion of RBP and RTP against many simulated paths of the drive, against the
linear smoother where propulsion is weak, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood.smoother import propulsion
from activenoise.likelihood.switching_smoother import sampled_propulsion
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Elements, Tracer
from activenoise.physics.models import AOUP, Passive

KAPPA, D, D_A, TAU = 1.0, 1.0, 20.0, 1.0
TWIN, DT, SUBSTEPS = AOUP(KAPPA, D, D_A, TAU), 0.1, 12


def driven(drive: str, n: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Velocities, and the motion that they alone make in the trap, at the points of `count` tracks
    at equilibrium, (count, n) each."""
    rng, h = np.random.default_rng(seed), DT / SUBSTEPS
    theta, sign = rng.uniform(0, 2 * np.pi, count), rng.choice([-1.0, 1.0], count)
    keep, response = np.exp(-KAPPA * h), np.zeros(count)

    def velocity():
        return (
            np.sqrt(2 * D_A / TAU) * np.cos(theta) if drive == "RBP" else sign * np.sqrt(D_A / TAU)
        )

    v, moved, warm = np.empty((n, count)), np.empty((n, count)), int(4 / KAPPA / DT)
    now = velocity()
    for t in range(-warm, n):
        for _ in range(SUBSTEPS):
            theta = theta + np.sqrt(2 * h / TAU) * rng.normal(size=count)
            sign = np.where(rng.random(count) < -0.5 * np.expm1(-h / TAU), -sign, sign)
            before, now = now, velocity()
            response = keep * response + 0.5 * (before + now) * (1 - keep) / KAPPA
        if t >= 0:
            v[t], moved[t] = now, response
    return v.T, moved.T


def thermal(n: int) -> np.ndarray:
    return D / KAPPA * np.exp(-KAPPA * DT * np.abs(np.subtract.outer(np.arange(n), np.arange(n))))


def simulated(drive: str, n: int, count: int, noise: float, seed: int):
    """Velocities, places and recorded points, (count, n) each."""
    v, x = driven(drive, n, count, seed)
    rng = np.random.default_rng([seed, 1])
    x = x + rng.normal(size=x.shape) @ np.linalg.cholesky(thermal(n)).T
    return v, x, x + noise * rng.normal(size=x.shape)


def by_paths(drive: str, record: np.ndarray, noise: float, count: int, seed: int):
    """Mean and mean square of v and the mean power given a record, (3, n), and standard errors:
    paths of the drive, weighted by the normal density of the record given each."""
    n = len(record)
    there = np.isfinite(record)
    v, moved = driven(drive, n, count, seed)
    K = thermal(n)
    spread = K[np.ix_(there, there)] + noise**2 * np.eye(there.sum())
    left = (record - moved)[:, there]
    pulled = np.linalg.solve(spread, left.T).T
    log_w = -0.5 * np.sum(left * pulled, axis=1)
    w = np.exp(log_w - log_w.max())
    w /= w.sum()
    x = moved + pulled @ K[there]
    work = np.full_like(v, np.nan)
    work[:, 1:] = 0.5 * (v[:, 1:] + v[:, :-1]) * np.diff(x, axis=1) / (D * DT)
    values = np.stack([v, v**2, work])
    means = np.einsum("p,apn->an", w, values)
    errors = np.sqrt(np.einsum("p,apn->an", w**2, (values - means[:, None]) ** 2))
    return means, errors


@pytest.mark.parametrize("drive", ["RBP", "RTP"])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_it_is_the_mean_over_many_weighted_paths(drive, noise):
    """But for the start, whose normals stand for a stationary law that is not normal."""
    _, _, records = simulated(drive, 8, 2, noise, seed=2)
    records[:, 4] = np.nan
    for record in records:
        (mean, square, power), errors = by_paths(drive, record, noise, 20_000, seed=5)
        found = sampled_propulsion(drive, TWIN, Instrument(noise=noise), record, DT, 800, seed=1)
        sd = np.sqrt(np.maximum(square - mean**2, 0))
        tolerance = 4 * errors[0] + (4 / np.sqrt(800) + 0.05) * sd
        tolerance[0] += 0.1 * sd[0]
        assert np.all(np.abs(found.mean - mean) < tolerance)
        np.testing.assert_allclose(
            found.mean**2 + found.sd**2, square, rtol=0.05, atol=0.05 * D_A / TAU
        )
        assert np.isnan(found.power[0])
        assert np.all(np.abs(found.power - power)[2:] < 4 * errors[2, 2:] + 1.5)


CAMERA = Instrument(noise=0.1, exposure=0.5, baseline="constant")
WEAK = {
    "RTP": ("RTP", AOUP(1.0, 1.0, 0.05, 1.0), CAMERA),
    "RBP": ("RBP", AOUP(1.0, 1.0, 0.05, 1.0), CAMERA),
    "free RBP on a line": ("RBP", AOUP(0.0, 1.0, 0.05, 1.0), Instrument(0.1, baseline="linear")),
    "free RTP on a line": ("RTP", AOUP(0.0, 1.0, 0.05, 1.0), Instrument(0.1, baseline="linear")),
    "RBP in a Maxwell medium": (
        "RBP",
        Tracer(np.ones(1), np.ones(1), Elements(np.full((1, 1), 3.0), np.full((1, 1), 0.4)),
               np.full(1, 0.05), np.ones(1)),
        CAMERA,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WEAK)
@pytest.mark.slow
def test_weak_propulsion_has_the_linear_smoother(case):
    """At small D_a only the covariance is left, which an AOUP shares: through noise, blur, a gap
    and a baseline, means agree within the error of 400 paths, and so does the power."""
    drive, model, instrument = WEAK[case]
    steps, errors = np.random.default_rng(3).normal(size=(2, 200))
    record = 0.3 * steps.cumsum() + 0.1 * errors
    if instrument.baseline == "linear":
        record += np.linspace(0, 50, 200)
    record[40:50] = np.nan
    linear = propulsion(model, instrument, record, DT)
    found = sampled_propulsion(drive, model, instrument, record, DT, 400, seed=1)
    # What is not normal is of second order in the signal.
    signal = np.mean(linear.mean**2 / linear.sd**2)
    away = np.sqrt(np.mean((found.mean - linear.mean) ** 2 / linear.sd**2))
    assert away < 1.2 / np.sqrt(400) + 2 * signal
    np.testing.assert_allclose(found.sd, linear.sd, rtol=0.15)
    spread = np.nanstd(linear.power)
    assert np.nanmean(found.power) == pytest.approx(np.nanmean(linear.power), abs=0.1 * spread)
    assert np.nanstd(found.power - linear.power) < spread


@pytest.mark.slow
@pytest.mark.parametrize("drive", ["RBP", "RTP"])
def test_it_is_nearer_to_the_truth_than_the_linear_estimate_and_knows_how_near(drive):
    seen = Instrument(noise=0.1)
    v, x, records = simulated(drive, 200, 25, 0.1, seed=7)
    records[:, 60:70] = np.nan
    found = [sampled_propulsion(drive, TWIN, seen, y, DT, 50, seed=1) for y in records]
    mean, sd, power = (np.array(values) for values in zip(*found, strict=True))
    linear = np.array([propulsion(TWIN, seen, y, DT).mean for y in records])
    squares = (v - mean) ** 2
    gain = np.sqrt(np.mean(squares) / np.mean((v - linear) ** 2))
    assert gain < {"RBP": 0.98, "RTP": 0.8}[drive]
    # The error is what sd says; records are independent.
    excess = np.mean(squares - sd**2, axis=1)
    assert abs(excess.mean()) < 3 * excess.std(ddof=1) / np.sqrt(len(excess))
    work = 0.5 * (v[:, 1:] + v[:, :-1]) * np.diff(x, axis=1) / (D * DT)
    away = np.mean(power[:, 1:] - work, axis=1)
    assert abs(away.mean()) < 3 * away.std(ddof=1) / np.sqrt(len(away))
    # Points that are 2 tau_a apart. A propulsion of two values is inside more often than a normal.
    z = (np.abs(v - mean) / np.maximum(sd, 1e-9))[:, 10::20]
    for limit, part in ((0.99446, 0.68), (1.95996, 0.95)):
        error = np.sqrt(part * (1 - part) / z.size)
        assert np.mean(z < limit) > part - 3 * error
        assert drive == "RTP" or np.mean(z < limit) < part + 3 * error


@pytest.mark.parametrize("drive", ["RBP", "RTP"])
def test_an_outlier_leaves_all_finite(drive):
    record = simulated(drive, 60, 1, 0.0, seed=3)[2][0]
    record[30] += 1000
    strong = AOUP(1.0, 0.01, 20.0, 3.0)
    found = sampled_propulsion(drive, strong, Instrument(), record, 0.02, 8, seed=1)
    assert np.all(np.isfinite(found.mean) & np.isfinite(found.sd))
    assert np.all(np.abs(found.mean) <= 1.001 * np.sqrt(2 * 20 / 3))
    assert np.all(np.isfinite(found.power[1:]))


def test_one_driven_model_is_wanted():
    record = np.zeros(5)
    with pytest.raises(TypeError, match="Passive has no propulsion"):
        sampled_propulsion("RBP", Passive(1.0, 1.0), Instrument(), record, DT, 4, 1)
    two = AOUP(np.ones(2), np.ones(2), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="one model, not of 2"):
        sampled_propulsion("RTP", two, Instrument(), record, DT, 4, 1)
