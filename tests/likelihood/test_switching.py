"""The filter on angle and state against the exact angle filter, against the linear filter where
the angle carries no information, and against many particles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from activenoise.likelihood import kalman
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.switching import rbp_log_likelihood, rtp_log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

MODEL = RBP(1.0, 1.0, 20.0, 3.0)
DT = 0.1


@pytest.fixture(scope="module")
def tracks():
    return simulate(MODEL, 400, DT, seed=3, n_tracks=20).astype(np.float64)


def test_exact_positions_give_the_angle_filter(tracks):
    exact = angle_log_likelihood(MODEL, tracks, DT)
    values = [rbp_log_likelihood(MODEL, Instrument(), x, DT)[0] for x in tracks]
    difference = values - exact
    # 400 points; an AOUP is 50 nats away.
    assert np.sqrt(np.mean(difference**2)) < 0.3
    assert abs(difference.mean()) < 0.1


def test_little_noise_changes_little(tracks):
    bare = [rbp_log_likelihood(MODEL, Instrument(), x, DT)[0] for x in tracks[:5]]
    noisy = [rbp_log_likelihood(MODEL, Instrument(noise=1e-4), x, DT)[0] for x in tracks[:5]]
    np.testing.assert_allclose(noisy, bare, atol=0.02)


def test_weak_propulsion_is_gaussian():
    """At small D_a only the covariance is left, which an AOUP shares."""
    parameters = (1.0, 1.0, 0.05, 1.0)
    instrument = Instrument(noise=0.1, exposure=0.5, corner=5.0, relaxed=0.2)
    record = simulate_records(AOUP(*parameters), instrument, 300, 0.05, seed=1)
    record[40:50] = np.nan
    value = rbp_log_likelihood(RBP(*parameters), instrument, record, 0.05)[0]
    gaussian = kalman.log_likelihood(AOUP(*parameters), instrument, record, 0.05)[0]
    assert value == pytest.approx(gaussian, abs=0.02)


def particles(model, noise, record, dt, count, seed):
    """Log density by a bootstrap filter on (x, theta), each step in ten, resampled every point."""
    rng = np.random.default_rng(seed)
    kappa, D, tau = float(model.kappa), float(model.D), float(model.tau_a)
    v0, substeps = float(model.speed), 10
    h = dt / substeps
    theta = rng.uniform(0, 2 * np.pi, count)
    x = np.zeros(count)
    keep = np.exp(-kappa * h)
    spread = np.sqrt(D / kappa * (1 - keep**2))

    def advance(x, theta):
        turned = theta + np.sqrt(2 * h / tau) * rng.normal(size=count)
        speed = v0 * np.cos(0.5 * (theta + turned))
        return keep * x + speed * (1 - keep) / kappa + spread * rng.normal(size=count), turned

    for _ in range(int(6 / kappa / h)):
        x, theta = advance(x, theta)
    value = 0.0
    for t, y in enumerate(record):
        if t:
            for _ in range(substeps):
                x, theta = advance(x, theta)
        log_w = -0.5 * ((y - x) / noise) ** 2 - np.log(noise) - 0.5 * np.log(2 * np.pi)
        top = log_w.max()
        w = np.exp(log_w - top)
        value += top + np.log(w.mean())
        u = (rng.random() + np.arange(count)) / count
        chosen = np.minimum(np.searchsorted(np.cumsum(w) / w.sum(), u), count - 1)
        x, theta = x[chosen], theta[chosen]
    return value


@pytest.mark.slow
def test_noisy_records_against_particles():
    """Noise as large as a step and a strong propulsion, 60 points: the merging of normals costs
    less than 0.05 nats a record; an AOUP differs by more."""
    noise = 0.4
    rng = np.random.default_rng(0)
    tracks = simulate(MODEL, 60, DT, seed=8, n_tracks=3) + noise * rng.normal(size=(3, 60))
    for i, record in enumerate(tracks.astype(np.float64)):
        runs = [particles(MODEL, noise, record, DT, 8000, 10 * i + r) for r in range(4)]
        error = np.std(runs) / np.sqrt(len(runs))
        value = rbp_log_likelihood(MODEL, Instrument(noise=noise), record, DT)[0]
        assert abs(value - np.mean(runs)) < 0.05 + 4 * error


def test_angles_that_hardly_turn_in_a_step():
    """A fine record of a slow angle: the walk on the grid conserves probability, and at weak
    propulsion the Gaussian density is still met."""
    parameters = (1.0, 1.0, 0.3, 30.0)
    record = simulate_records(AOUP(*parameters), Instrument(noise=0.01), 2000, 0.03, seed=1)
    gaussian = kalman.log_likelihood(AOUP(*parameters), Instrument(noise=0.01), record, 0.03)
    for n_angles in (24, 48):
        value = rbp_log_likelihood(
            RBP(*parameters), Instrument(noise=0.01), record, 0.03, n_angles=n_angles
        )
        assert value == pytest.approx(gaussian, abs=0.1)


@pytest.mark.slow
def test_an_unknown_baseline_is_integrated_out():
    """Against a sum over baselines, each with the zero known."""
    instrument = {"noise": 0.2, "exposure": 0.4}
    record = simulate(MODEL, 12, DT, seed=5, n_tracks=1)[0].astype(np.float64) + 40.0
    value = rbp_log_likelihood(MODEL, Instrument(**instrument, baseline="constant"), record, DT)[0]
    shifts = np.linspace(-40, 40, 1601)
    each = [
        rbp_log_likelihood(MODEL, Instrument(**instrument), record - record[0] - b, DT)[0]
        for b in shifts
    ]
    expected = logsumexp(each) + np.log(shifts[1] - shifts[0])
    # The merging of normals is not the same in the two: 12 points with a hardly known angle.
    assert value == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize("kappa", [0.0, 1.0])
def test_weak_propulsion_and_an_unknown_baseline_are_gaussian(kappa, baseline):
    parameters = (kappa, 1.0, 0.05, 1.0)
    instrument = Instrument(noise=0.1, exposure=0.5, corner=5.0, relaxed=0.2, baseline=baseline)
    records = simulate_records(AOUP(*parameters), instrument, 15, 0.05, seed=1, n_records=20)
    records[3, 4:6] = np.nan
    gaussian = kalman.log_likelihoods(AOUP(*parameters), instrument, list(records), 0.05)
    value = rbp_log_likelihood(
        RBP(*parameters), instrument, records.ravel() + 1e3, 0.05, lengths=[15] * 20
    )
    assert value[0] == pytest.approx(gaussian.sum(), abs=0.02)


def test_records_one_after_the_other_are_independent():
    instrument = Instrument(noise=0.1, baseline="constant")
    model = RBP(0.0, np.array([0.5, 1.0]), 20.0, 1.0)
    parts = [np.cumsum(np.random.default_rng(s).normal(size=4 + s)) for s in range(5)]
    each = [rbp_log_likelihood(model, instrument, part, DT) for part in parts]
    together = rbp_log_likelihood(
        model, instrument, np.concatenate(parts), DT, lengths=[len(part) for part in parts]
    )
    np.testing.assert_allclose(together, np.sum(each, axis=0), atol=1e-4)
    with pytest.raises(ValueError, match="must sum to 30 points"):
        rbp_log_likelihood(model, instrument, np.concatenate(parts), DT, lengths=[3])


@pytest.mark.parametrize("log_likelihood", [rbp_log_likelihood, rtp_log_likelihood])
def test_models_side_by_side_are_each_as_alone(log_likelihood):
    """Thirteen models, of different numbers of angles, on records with gaps of their own."""
    rng = np.random.default_rng(8)
    m = 13
    parameters = np.array([1.0, 1.0, 20.0, 1.0])[:, None] * np.exp(rng.normal(size=(4, m)))
    noise, exposure = np.exp(rng.normal(size=m)) / 10, rng.uniform(0.1, 0.9, m)
    records = simulate(MODEL, 60, DT, seed=4, n_tracks=m).astype(np.float64)
    records[rng.random(records.shape) < 0.2] = np.nan
    together = log_likelihood(RBP(*parameters), Instrument(noise, exposure), records, DT)
    for i in range(m):
        instrument = Instrument(noise[i], exposure[i])
        alone = log_likelihood(RBP(*parameters[:, i]), instrument, records[i], DT)
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-12)


def test_an_odd_number_of_angles():
    with pytest.raises(ValueError, match="9 angles must be an even number"):
        rbp_log_likelihood(MODEL, Instrument(), np.zeros(5), DT, n_angles=9)
