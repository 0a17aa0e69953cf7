"""The filter on the sign of a run-and-tumble particle against an exact density that shares nothing
with it, and against identities of probability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from tests.likelihood.test_angle import Reference

from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP, RBP, RTP, Passive
from activenoise.simulation.tracks import simulate

# kappa (1/s), D (length^2/s), D_a, tau_a (s) and dt (s)
CHECKED = (1.0, 1.0, 20.0, 3.0, 0.1)
STRONG = (1.0, 1.0, 80.0, 3.0, 0.1)
GRANULE = (157.0, 7e-4, 6.3e-3, 0.33, 6.4e-4)
COARSE = (1.0, 1.0, 20.0, 1.0, 0.3)  # several flips within an interval do occur


class SignReference(Reference):
    """The exact density of a sampled RTP: two modes, the whole and the mean sign, in place of the
    cosine modes of the angle."""

    def __init__(self, kappa, D, D_a, tau_a, dt):
        self.kappa, self.D, self.speed, self.dt = kappa, D, np.sqrt(D_a / tau_a), dt
        self.decay = np.array([0.0, 1 / tau_a])
        self.cosine = np.array([[0.0, 1.0], [1.0, 0.0]])  # multiplies by the sign
        noise = -D / kappa * np.expm1(-2 * kappa * dt)
        self.u, self.step_weights = self._frequencies(self.speed * dt, noise)
        self.steps = np.array([self._propagate(u) for u in self.u])


def rtp_tracks(parameters, n_steps, n_tracks, seed, model=RTP):
    *values, dt = parameters
    return simulate(model(*values), n_steps, dt, seed, n_tracks).astype(np.float64), dt


@pytest.mark.parametrize("parameters", [CHECKED, STRONG, GRANULE, COARSE])
@pytest.mark.parametrize("model", [RTP, AOUP])
def test_equals_the_exact_density(parameters, model):
    at = [1, 2, 3, 40]
    tracks, dt = rtp_tracks(parameters, 40, 20, 1, model)
    exact = SignReference(*parameters).log_density(tracks, at)
    values = log_likelihood(RTP(*parameters[:4]), tracks, dt, at)
    np.testing.assert_allclose(values, exact, atol=1e-4)


def test_no_propulsion_is_passive():
    tracks = simulate(Passive(1.0, 1.0), 300, 0.1, seed=4, n_tracks=20).astype(float)
    values = log_likelihood(RTP(1.0, 1.0, 0.0, 1.0), tracks, 0.1)
    np.testing.assert_allclose(values, log_likelihood(Passive(1.0, 1.0), tracks, 0.1), atol=1e-9)


def test_fast_flips_are_a_gaussian_drive():
    """Of many flips within an interval and a relaxation time only the covariance is left."""
    parameters = (1.0, 1.0, 1.0, 0.002, 0.1)
    tracks, dt = rtp_tracks(parameters, 100, 20, 6, AOUP)
    differences = log_likelihood(RTP(*parameters[:4]), tracks, dt) - log_likelihood(
        AOUP(*parameters[:4]), tracks, dt
    )
    assert np.sqrt(np.mean(differences**2)) < 0.1


def test_mirrored_tracks_are_as_likely():
    tracks, dt = rtp_tracks(CHECKED, 200, 20, 7)
    model = RTP(*CHECKED[:4])
    values = log_likelihood(model, tracks, dt)
    np.testing.assert_allclose(log_likelihood(model, -tracks, dt), values, atol=1e-9)


def test_batches_and_prefixes_agree():
    tracks, dt = rtp_tracks(CHECKED, 90, 11, 9)
    model = RTP(np.linspace(0.8, 1.2, 11), 1.0, np.linspace(1, 300, 11), 3.0)
    at = [1, 7, 64, 90]
    values = log_likelihood(model, tracks, dt, at)
    singles = [log_likelihood(model[i], tracks[i], dt, at) for i in range(11)]
    np.testing.assert_allclose(values, singles, rtol=1e-9)
    for column, n in zip(values.T, at, strict=True):
        np.testing.assert_allclose(column, log_likelihood(model, tracks[:, :n], dt), rtol=1e-12)
    given = log_likelihood(model, tracks, dt, at, given_first=True)
    np.testing.assert_allclose(given, values - values[:, :1], atol=1e-9)
    with pytest.raises(ValueError, match="do not match"):
        log_likelihood(RTP(np.ones(2), 1.0, 1.0, 1.0), tracks, dt)
    with pytest.raises(ValueError, match="finite"):
        log_likelihood(RTP(*CHECKED[:4]), tracks * np.nan, dt)


@pytest.fixture(scope="module")
def odds():
    """log p(RTP) - log p(rival) of the rival's tracks and of RTP's, N = 25, 50, 100, by rival."""
    *values, dt = CHECKED
    found = {}
    for rival in (AOUP, RBP):
        found[rival] = []
        for seed, model in enumerate((rival, RTP)):
            tracks, _ = rtp_tracks(CHECKED, 100, 1500, 20 + seed, model)
            rtp, other = (
                log_likelihood(m(*values), tracks, dt, [25, 50, 100]) for m in (RTP, rival)
            )
            found[rival].append(rtp - other)
    return found


@pytest.mark.parametrize("rival", [AOUP, RBP])
def test_likelihood_ratios_average_to_one(odds, rival):
    for ratio in (np.exp(odds[rival][0]), np.exp(-odds[rival][1])):
        mean, error = ratio.mean(0), ratio.std(0) / np.sqrt(len(ratio))
        assert np.all(np.abs(mean - 1) < 4 * error)


@pytest.mark.parametrize("rival", [AOUP, RBP])
def test_longer_tracks_are_told_better(odds, rival):
    other, rtp = odds[rival]
    right = 0.5 * (np.mean(other < 0, axis=0) + np.mean(rtp > 0, axis=0))
    assert np.all(np.diff(right) > 0)
    assert right[0] > 0.52
    p = expit(np.concatenate(odds[rival])[:, -1])
    true = np.repeat([0.0, 1.0], 1500)
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (p >= low) & (p < low + 0.25)
        error = np.sqrt((p * (1 - p))[inside].sum()) / inside.sum()
        assert abs(np.mean(true[inside] - p[inside])) < 3.5 * error
