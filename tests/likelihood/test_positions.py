"""The Kalman filter against dense normals, identities of probability and the known optimum."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.stats import multivariate_normal

from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.positions import FilterBank, log_likelihood
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.simulation.tracks import simulate
from activenoise.studies.scoring import log_loss

REFERENCE = Path(__file__).parents[2] / "data/published/reference_optimum.csv"

# kappa tau_a = 1, below and above it; dt from 1e-5 to 1 relaxation time
MODELS = [
    Passive(1.3, 0.7),
    AOUP(1.0, 0.5, 0.8, 1.0),
    AOUP(1.0, 0.5, 0.8, 1 + 1e-12),
    AOUP(1.0, 0.2, 2.0, 0.1),
    AOUP(1.0, 0.2, 2.0, 20.0),
]
INTERVALS = [1e-5, 1e-3, 0.1, 1.0]
AT = [1, 2, 3, 7, 40, 64]


def dense(model, tracks, dt, at=AT):
    """Log density of prefixes under the zero-mean normal with covariance C(|i - j| dt)."""
    covariance = toeplitz(model.autocorrelation(dt * np.arange(at[-1])))
    return np.column_stack(
        [multivariate_normal(np.zeros(n), covariance[:n, :n]).logpdf(tracks[:, :n]) for n in at]
    )


@pytest.fixture(
    scope="module", params=[(m, dt) for m in range(len(MODELS)) for dt in INTERVALS], ids=str
)
def case(request):
    """A model, dt, tracks of ANOTHER model (a likelihood must be right off its peak too), and
    their dense log densities."""
    number, dt = request.param
    model = MODELS[number]
    tracks = simulate(AOUP(2.0, 0.4, 1.0, 0.5), AT[-1], dt, seed=number, n_tracks=40)
    return model, dt, tracks, dense(model, tracks.astype(np.float64), dt)


@pytest.mark.slow
def test_bank_in_double_precision(case):
    model, dt, tracks, expected = case
    values = log_likelihood(model, tracks.astype(np.float64), dt, AT)
    np.testing.assert_allclose(values, expected, atol=1e-6)
    last = log_likelihood(model, tracks.astype(np.float64), dt)
    np.testing.assert_allclose(last, values[:, -1], rtol=1e-12)


def test_bank_in_single_precision(case):
    model, dt, tracks, expected = case
    values = log_likelihood(model, tracks, dt, AT)
    np.testing.assert_allclose(values, expected, atol=2e-4, rtol=2e-6)


def test_few_tracks(case):
    model, dt, tracks, expected = case
    for kind in (np.float32, np.float64):
        values = log_likelihood(model, tracks[:3].astype(kind), dt, AT)
        np.testing.assert_allclose(values, expected[:3], atol=1e-6)


def test_a_model_a_track(case):
    model, dt, tracks, expected = case
    batch = type(model)(**{n: np.full(40, v) for n, v in model.parameters.items()})
    for kind in (np.float32, np.float64):
        values = log_likelihood(batch, tracks.astype(kind), dt, AT)
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_given_the_first_point_is_the_chain_rule(case):
    model, dt, tracks, expected = case
    batch = type(model)(**{n: np.full(40, v) for n, v in model.parameters.items()})
    conditional = expected - expected[:, :1]
    for which, rows in ((model, slice(None)), (model, slice(2)), (batch, slice(None))):
        x = tracks[rows].astype(np.float64)
        values = log_likelihood(which, x, dt, AT, given_first=True)
        np.testing.assert_allclose(values, conditional[rows], atol=1e-6)
        np.testing.assert_array_equal(values[:, 0], 0)
    single = log_likelihood(model, tracks, dt, AT, given_first=True)
    np.testing.assert_allclose(single, conditional, atol=2e-4, rtol=2e-6)


@pytest.mark.parametrize("n_tracks", [1, 5, 200])  # models side by side, and tracks side by side
def test_bank_of_many_different_models(n_tracks):
    rng = np.random.default_rng(1)
    models = AOUP(*np.exp(rng.uniform(-2, 2, (4, 70))))
    tracks = simulate(AOUP(1.0, 1.0, 1.0, 1.0), 700, 0.05, 2, n_tracks).astype(np.float64)
    at = np.array([1, 255, 256, 257, 700])
    bank = FilterBank(models.sampled(0.05), at)
    values = bank.log_density(*bank.run(tracks))
    assert values.shape == (70, n_tracks, 5)
    part = bank.log_density(*bank.run(tracks, slice(30, 45)))
    np.testing.assert_allclose(part, values[30:45], rtol=1e-12)
    rows = np.arange(70) % n_tracks
    expected = log_likelihood(models, tracks[rows], 0.05, at)
    np.testing.assert_allclose(values[np.arange(70), rows], expected, rtol=1e-10, atol=1e-9)


def test_single_precision_suffices_for_long_tracks():
    active, passive, dt = AOUP(157.0, 7e-4, 6.3e-3, 0.33), Passive(157.0, 7e-4), 6.4e-4
    tracks = simulate(active, 5000, dt, seed=3, n_tracks=20)

    def ratio(x):
        return log_likelihood(active, x, dt) - log_likelihood(passive, x, dt)

    np.testing.assert_allclose(ratio(tracks), ratio(tracks.astype(np.float64)), atol=1e-3)


@pytest.mark.parametrize("model", [AOUP(1.0, 1.0, 2.0, 0.5), RBP(1.0, 1.0, 2.0, 0.5)])
@pytest.mark.slow
def test_one_track_needs_no_axis_of_its_own(model):
    x = simulate(model, 40, 0.1, seed=2)
    assert log_likelihood(model, x, 0.1).shape == ()
    for at in (None, [10, 40]):
        expected = log_likelihood(model, x[None], 0.1, at)[0]
        np.testing.assert_array_equal(log_likelihood(model, x, 0.1, at), expected)


def test_rbp_goes_to_the_angle_filter():
    model = RBP(1.0, 1.0, 20.0, 3.0)
    tracks = simulate(model, 30, 0.1, seed=4, n_tracks=5)
    for given in (False, True):
        values = log_likelihood(model, tracks, 0.1, [10, 30], given_first=given)
        expected = angle_log_likelihood(model, tracks, 0.1, [10, 30], given_first=given)
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("given_first", [False, True])
def test_likelihood_ratios_average_to_one(given_first):
    active, passive, dt = AOUP(1.0, 1.0, 0.4, 0.5), Passive(1.0, 1.0), 0.1
    at = [2, 10, 40]
    for truth, other in ((passive, active), (active, passive)):
        tracks = simulate(truth, 40, dt, seed=5, n_tracks=20_000)
        ratio = np.exp(
            log_likelihood(other, tracks, dt, at, given_first)
            - log_likelihood(truth, tracks, dt, at, given_first)
        )
        error = ratio.std(0) / np.sqrt(len(ratio))
        assert np.all(error < 0.05)
        assert np.all(np.abs(ratio.mean(0) - 1) < 4 * error)


@pytest.fixture(scope="module")
def benchmark_tracks():
    passive, active = Passive(0.1, 0.2), AOUP(0.1, 0.2, 0.1, 0.5)
    return passive, active, [simulate(m, 10_000, 0.01, 6, 2000) for m in (passive, active)]


@pytest.mark.parametrize(
    ("method", "given_first"), [("stationary_start", False), ("given_start", True)]
)
def test_optimum_of_the_benchmark(benchmark_tracks, method, given_first):
    passive, active, classes = benchmark_tracks
    durations = (1, 10, 50, 100)
    with REFERENCE.open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        known = {
            int(row["duration"]): (float(row["value"]), float(row["uncertainty"]))
            for row in rows
            if row["method"] == f"optimum_{method}"
        }
    at = [100 * t for t in durations]
    ratio = np.concatenate(
        [
            log_likelihood(active, x, 0.01, at, given_first)
            - log_likelihood(passive, x, 0.01, at, given_first)
            for x in classes
        ]
    )
    loss = log_loss(ratio, np.repeat([0, 1], 2000))
    value, uncertainty = np.array([known[t] for t in durations]).T
    error = np.hypot(loss.standard_error, uncertainty)
    assert np.all(np.abs(loss.value - value) < 3 * error)
    assert np.all(error < 0.011)


@pytest.mark.parametrize(
    ("tracks", "options", "message"),
    [
        (np.zeros((1, 1, 5)), {}, "must be"),
        (np.zeros((2, 0)), {}, "must be"),
        (np.zeros((2, 5)), {"at": [6]}, r"1 \.\.\. 5"),
        (np.zeros((2, 5)), {"at": [0, 3]}, r"1 \.\.\. 5"),
        (np.zeros((2, 5)), {"at": []}, "must lie"),
        (np.zeros((2, 5)), {"at": [3, 3]}, "must increase"),
        (np.zeros((2, 5)), {"model": Passive(np.ones(3), 1.0)}, "do not match 2 tracks"),
    ],
)
def test_wrong_arguments_are_refused(tracks, options, message):
    arguments = {"model": Passive(1.0, 1.0), "dt": 0.1, **options}
    with pytest.raises(ValueError, match=message):
        log_likelihood(tracks=tracks, **arguments)
