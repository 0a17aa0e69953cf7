"""What a planned experiment finds, against exact likelihoods and the benchmark's optimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import toeplitz

from activenoise.inference.power import (
    Design,
    detection,
    frequencies,
    known_odds,
    least_D_a,
    needed_points,
    power_of,
    powers,
    precision,
)
from activenoise.likelihood.positions import FilterBank, log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.system import autocovariance, spectral_density
from activenoise.simulation.tracks import simulate

BENCHMARK = Design(AOUP(0.1, 0.2, 0.1, 0.5), Instrument(), 0.01)
CAMERA = Instrument(noise=0.05, exposure=0.8, baseline="constant")


def test_every_frequency_counts_once():
    for n in (16, 97, 5000, 10**8):
        angles, weights = frequencies(n)
        assert weights.sum() == (n - 1) // 2
        assert np.all(np.diff(angles) > 0)
        assert 0 < angles[0] <= angles[-1] < np.pi


def test_the_errors_are_those_of_the_exact_covariance_of_the_record():
    """Information of a normal record, tr(C^-1 dC C^-1 dC)/2, with its zero taken out."""
    n, design = 600, Design(AOUP(2.0, 0.2, 0.6, 0.4), CAMERA, 0.05)
    names = ["kappa", "D", "D_a", "tau_a", "noise"]
    values = np.array([*design.values.values(), 0.05])
    # Increments do not see the zero.
    steps = np.diff(np.eye(n), axis=0)

    def covariance(logs):
        at = dict(zip(names, np.exp(logs), strict=True))
        noise = at.pop("noise")
        row = autocovariance(AOUP(**at), replace(CAMERA, noise=noise), np.arange(n), 0.05)[0]
        return steps @ toeplitz(row) @ steps.T

    inverse = np.linalg.inv(covariance(np.log(values)))
    slopes = []
    for k in range(5):
        shift = 1e-3 * np.eye(5)[k]
        change = covariance(np.log(values) + shift) - covariance(np.log(values) - shift)
        slopes.append(inverse @ change / 2e-3)
    information = [[0.5 * np.sum(a * b.T) for a in slopes] for b in slopes]
    sd = np.sqrt(np.diag(np.linalg.inv(information)))
    found = precision(design, n)
    assert found.D_a == pytest.approx(sd[2], rel=0.1)
    assert found.tau_a == pytest.approx(sd[3], rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("duration", "few", "many"), [(25, 1000, 4000), (100, 800, 1500), (400, 80, 300)]
)
def test_the_ceiling_is_the_optimum_of_the_benchmark(duration, few, many):
    """The optimum by the filter of the studies, on tracks of its own."""
    n = 100 * duration
    odds = known_odds(BENCHMARK, [n], few, seed=100)[..., 0]
    active, passive = BENCHMARK.model, Passive(0.1, 0.2)
    other = []
    for k, truth in enumerate((passive, active)):
        tracks = simulate(truth, n, 0.01, seed=20 + k, n_tracks=many)
        ratio = log_likelihood(active, tracks, 0.01) - log_likelihood(passive, tracks, 0.01)
        other.append(ratio > 0)
    right = [np.mean(odds[0] < 0), np.mean(odds[1] > 0)]
    optimum = [1 - np.mean(other[0]), np.mean(other[1])]
    rate = np.clip(optimum, 0.01, 0.99)
    error = 0.5 * np.sqrt(np.sum(rate * (1 - rate)) * (1 / few + 1 / many))
    assert abs(np.mean(right) - np.mean(optimum)) < 2 * error


def test_knowing_the_parameters_helps():
    design = Design(AOUP(1.0, 0.2, 0.4, 0.5), Instrument(), 0.05)
    known = power_of(known_odds(design, [400], 300, seed=1))[0]
    assert known > detection(design, 400).power + 0.1


@pytest.mark.slow
def test_the_power_is_that_of_the_exact_likelihood_ratio():
    """Maximised over kappa, D, D_a and tau_a on a grid, with a threshold from passive tracks."""
    n = 2000
    design = Design(AOUP(0.1, 0.2, 0.1, 0.5), Instrument(), 0.05)
    kappa = 0.1 * np.geomspace(0.08, 12, 15)
    size, statistics = np.geomspace(0.02, 8, 9), []
    nulls = Passive(kappa, np.ones(15))
    mesh = np.meshgrid(kappa, size, np.geomspace(0.1, 0.05 * n / 3, 8))
    alternatives = AOUP(mesh[0].ravel(), np.ones(mesh[0].size), mesh[1].ravel(), mesh[2].ravel())
    for k, truth in enumerate((Passive(0.1, 0.2), design.model)):
        tracks = simulate(truth, n, 0.05, seed=30 + k, n_tracks=200)
        best = [_profiled(models, tracks, 0.05) for models in (nulls, alternatives)]
        statistics.append(np.maximum(best[1] - best[0], 0))
    threshold = np.quantile(statistics[0], 0.95)
    assert np.mean(statistics[1] > threshold) == pytest.approx(detection(design, n).power, abs=0.12)


def _profiled(models, tracks, dt):
    """Log density of each track, the largest over models and over the scale of each."""
    n = tracks.shape[1]
    squares, log_det = FilterBank(models.sampled(dt), np.array([n])).run(tracks)
    return (-0.5 * (n * np.log(squares / n) + log_det[:, None]))[..., 0].max(axis=0)


def test_more_of_everything_finds_more():
    design = Design(AOUP(1.0, 0.2, 0.2, 0.5), CAMERA, 0.05)
    found = [p.power for p in powers(design, 1000, [1, 3, 10])]
    assert found == sorted(found)
    assert found[0] < 0.6 < found[2]
    longer = [detection(design, n).power for n in (200, 2000, 20_000)]
    assert longer == sorted(longer)
    # Tracks add up: what K is worth of one is worth k of k.
    one, three = powers(design, 1000, [1, 3])
    assert three.divergence == pytest.approx(3 * one.divergence)
    errors = [precision(replace(design, n_tracks=k), 1000).D_a for k in (1, 4)]
    assert errors[0] == pytest.approx(2 * errors[1])


def test_least_and_needed_agree():
    design = Design(AOUP(0.0, 0.2, 0.4, 0.5), Instrument(), 0.05)
    least = least_D_a(design, 1000)
    assert detection(design.with_D_a(least), 1000).power == pytest.approx(0.8, abs=0.02)
    assert needed_points(design.with_D_a(least)) == pytest.approx(1000, rel=0.05)


def test_the_passive_double_is_never_found():
    """kappa tau_a = 2 and D_a = 3 D: the law of a passive tracer in a trap of rate 1/tau_a."""
    design = Design(AOUP(2.0, 0.1, 0.3, 1.0), Instrument(), 0.1)
    found = detection(design, 100_000)
    assert found.divergence < 1e-3
    assert found.power < 0.1
    assert found.nearest["kappa"] == pytest.approx(1.0, rel=0.01)
    assert detection(design.with_D_a(3.0), 100_000).power > 0.99


def test_the_spectrum_of_the_record_is_the_sum_over_its_lags():
    instrument = Instrument(noise=0.05, exposure=0.8, corner=6.0, relaxed=0.3)
    model, dt, lags = AOUP(2.0, 0.2, 0.6, 0.4), 0.05, np.arange(1, 800)
    angles = np.array([0.05, 0.4, 2.0, 3.1])
    C0, C = np.split(autocovariance(model, instrument, np.arange(800), dt)[0], [1])
    summed = C0 + 2 * np.cos(np.outer(angles, lags)) @ C
    np.testing.assert_allclose(
        spectral_density(model, instrument, angles, dt)[0], summed, rtol=1e-8
    )
