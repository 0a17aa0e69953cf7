"""Simulated tracks against the moments of their models, and their independence of company."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import kstest

from activenoise.parameters import PARAMETERS
from activenoise.physics.models import AOUP, MODELS, RBP, RTP, Passive
from activenoise.simulation.tracks import simulate

# Model and dt: the benchmark, fast and slow sampling, kappa tau_a = 1, strong propulsion
CASES = [
    (Passive(0.1, 0.2), 0.01),
    (Passive(3.0, 0.5), 1.0),
    (AOUP(0.1, 0.2, 0.1, 0.5), 0.01),
    (AOUP(157.0, 7e-4, 6.3e-3, 0.33), 1.28e-5),
    (AOUP(2.0, 0.4, 1.5, 0.5), 0.3),
    (AOUP(1.0, 0.1, 5.0, 0.05), 0.1),
    (RBP(1.0, 1.0, 20.0, 3.0), 0.1),
    (RBP(2.0, 0.4, 1.5, 0.5), 0.3),
    (RBP(157.0, 7e-4, 6.3e-3, 0.33), 6.4e-4),
    (RTP(1.0, 1.0, 20.0, 3.0), 0.1),
    (RTP(2.0, 0.4, 1.5, 0.1), 0.3),
]
N_TRACKS = 20_000


def agree(samples, expected, n_errors=4.0):
    """Whether means over axis 0 lie within so many standard errors of what is expected."""
    error = samples.std(axis=0) / np.sqrt(len(samples))
    return np.all(np.abs(samples.mean(axis=0) - expected) < n_errors * error)


@pytest.mark.parametrize(("model", "dt"), CASES)
def test_autocorrelation_from_the_first_point_on(model, dt):
    x = simulate(model, 90, dt, seed=1, n_tracks=N_TRACKS).astype(np.float64)
    lags = np.array([0, 1, 2, 5, 20, 59])
    expected = model.autocorrelation(lags * dt)
    for start in (0, 1, 30):  # stationary from the first point
        assert agree(x[:, [start]], 0.0)
        assert agree(x[:, [start]] * x[:, start + lags], expected)
    # Increments show the small scales that C(t) hides.
    steps = np.diff(x, axis=1)[:, [0, 1, 40]] ** 2
    assert agree(steps, 2 * (expected[0] - expected[1]))


def test_aoup_and_passive_are_gaussian():
    for model, dt in CASES[:6:2]:
        x = simulate(model, 40, dt, seed=2, n_tracks=N_TRACKS)
        for values in (x[:, 0], x[:, -1], x[:, -1] - x[:, 0]):
            z = values.astype(np.float64)
            z /= np.sqrt(np.mean(z**2))
            assert kstest(z, "norm").pvalue > 1e-3


def stationary_moments(model):
    """<x^2> and <x^4> of RBP, by the moment equations of z = x - (thermal part):

    (n kappa + k^2/tau_a) <z^n cos k theta> = n v0/2 <z^{n-1} [cos (k-1) theta + cos (k+1) theta]>.
    """
    kappa, tau_a, speed = model.kappa, model.tau_a, model.speed
    moments = np.eye(1, 6)[0]  # n = 0: <cos k theta>
    even = []
    for n in range(1, 5):
        neighbours = np.append(moments[1:], 0.0) + np.append(moments[1], moments[:-1])
        k = np.arange(6)
        moments = n * speed / 2 * neighbours / (n * kappa + k**2 / tau_a)
        even.append(moments[0])
    thermal = model.D / model.kappa
    return thermal + even[1], 3 * thermal**2 + 6 * thermal * even[1] + even[3]


def driven_moments(model, t):
    """<u^2> and <u^4> of u = x(t) - e^{-kappa t} x(0) of RBP, by the same equations in time."""
    n_modes, speed = 6, model.speed
    size = 5 * n_modes
    generator = np.zeros((size, size))
    for n in range(5):
        for k in range(n_modes):
            row = n * n_modes + k
            generator[row, row] = -n * model.kappa - k**2 / model.tau_a
            for neighbour in (abs(k - 1), k + 1):
                if n and neighbour < n_modes:
                    generator[row, (n - 1) * n_modes + neighbour] += n * speed / 2
    even = expm(generator * t)[:, 0].reshape(5, n_modes)[:, 0]
    thermal = -model.D / model.kappa * np.expm1(-2 * model.kappa * t)
    return thermal + even[2], 3 * thermal**2 + 6 * thermal * even[2] + even[4]


@pytest.mark.parametrize(
    ("model", "dt"),
    [
        (RBP(1.0, 1.0, 20.0, 3.0), 0.1),
        (RBP(1.0, 0.01, 2.0, 5.0), 0.5),  # bimodal
        (RBP(2.0, 0.05, 1.5, 0.5), 0.3),
        (RBP(20.0, 0.2, 5.0, 0.01), 0.004),
    ],
)
def test_rbp_has_the_fourth_moments_of_its_angle(model, dt):
    x = simulate(model, 31, dt, seed=3, n_tracks=4 * N_TRACKS).astype(np.float64)
    second, fourth = stationary_moments(model)
    assert second == pytest.approx(model.autocorrelation(0.0), rel=1e-12)
    assert fourth / second**2 < 2.9  # not normal
    assert agree(x[:, [0, 1, 30]] ** 4, fourth)
    for lag in (1, 5, 30):
        u = x[:, lag] - np.exp(-model.kappa * lag * dt) * x[:, 0]
        second, fourth = driven_moments(model, lag * dt)
        assert agree(np.column_stack([u**2, u**4]), [second, fourth])


def varied(model, n):
    """A batch of different models, some of which need many substeps of the angle."""
    rng = np.random.default_rng(4)
    return MODELS[model](**{p: np.exp(rng.uniform(-3, 3, n)) for p in PARAMETERS[model]})


@pytest.mark.parametrize("model", list(MODELS))
def test_a_track_is_the_same_in_any_company(model):
    models = varied(model, 200)
    together = simulate(models, 100, 0.05, seed=5)
    edges = [0, 1, 8, 45, 77, 200]
    apart = [simulate(models[a:b], 100, 0.05, seed=5, first=a) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(together, np.concatenate(apart))
    np.testing.assert_array_equal(together[:50], simulate(models[:50], 100, 0.05, seed=5))
    single = simulate(models[3], 100, 0.05, seed=5, n_tracks=5)
    np.testing.assert_array_equal(single[3], together[3])
    assert not np.any(together == simulate(models, 100, 0.05, seed=6))


def test_a_longer_track_begins_with_the_shorter():
    for model, dt in (CASES[2], CASES[6]):
        short = simulate(model, 70, dt, seed=7, n_tracks=40)
        long = simulate(model, 300, dt, seed=7, n_tracks=40)
        np.testing.assert_array_equal(short, long[:, :70])


DIGEST = """
import hashlib, numpy as np
from activenoise.physics.models import *
from activenoise.simulation.tracks import simulate
kappa, tau_a = np.linspace(0.5, 2.0, 500), np.geomspace(0.05, 5.0, 500)
for model in Passive(kappa, 1.0), AOUP(kappa, 1.0, 2.0, tau_a), RBP(kappa, 1.0, 2.0, tau_a):
    print(hashlib.sha256(simulate(model, 200, 0.05, seed=8).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_threads_change_no_byte():
    path = os.pathsep.join(sys.path)
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "3")
    }
    assert len(digests) == 1
    assert len(set(digests.pop().split())) == 3


def test_tracks_are_float32_of_the_shape_asked_for():
    x = simulate(AOUP(1.0, 1.0, 1.0, 1.0), 5, 0.1, seed=2**64 - 1, n_tracks=3)
    assert x.dtype == np.float32
    assert x.shape == (3, 5)
    assert simulate(Passive(np.ones(2), 1.0), 1, 0.1, seed=0).shape == (2, 1)


@pytest.mark.parametrize("model", [Passive(1.0, 1.0), RBP(1.0, 1.0, 1.0, 1.0)])
def test_one_model_makes_one_track_unless_told_how_many(model):
    x = simulate(model, 50, 0.1, seed=3)
    assert x.shape == (50,)
    np.testing.assert_array_equal(x, simulate(model, 50, 0.1, seed=3, n_tracks=4)[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_steps": 0, "n_tracks": 1}, "n_steps = 0"),
        ({"n_steps": 5, "n_tracks": 3, "model": RBP(np.ones(2), 1.0, 1.0, 1.0)}, "cannot make 3"),
        ({"n_steps": 5, "n_tracks": 3, "substep": 0.0}, "substep = 0"),
        ({"n_steps": 5, "n_tracks": 3, "dt": -1.0}, "dt = -1"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    arguments = {"model": RBP(1.0, 1.0, 1.0, 1.0), "dt": 0.1, "seed": 0, **options}
    with pytest.raises(ValueError, match=message):
        simulate(**arguments)
