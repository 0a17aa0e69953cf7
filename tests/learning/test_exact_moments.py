"""Exact labels of estimators: against dense normals, calibrated, and learnt from like values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.special import logsumexp
from tests.learning.test_exact_labels import DT, FRAME, POINTS, TRACKS, UNKNOWN

from activenoise.files import DataSet
from activenoise.learning.batches import Batches
from activenoise.learning.exact_moments import ExactMoments
from activenoise.learning.training import FrameLoss
from activenoise.physics.models import AOUP
from activenoise.physics.priors import parse_prior
from activenoise.simulation.shards import write_shard

TARGETS = ["D", "D_a", "kappa"]
UNIFORM = UNKNOWN | {"D": {"uniform": [0.02, 2]}, "D_a": {"uniform": [0.1, 20]}}


def tracks_of(folder: Path, parameters: dict) -> DataSet:
    path = folder / "AOUP-0.h5"
    prior = parse_prior(parameters)
    write_shard(
        path, "AOUP", prior, POINTS, DT, 7, range(TRACKS), study="s", split="train", unit="um"
    )
    return DataSet([path])


def dense(x: np.ndarray, own: dict[str, float], parameters: dict) -> tuple[float, float]:
    """Mean and variance of log D by the normal density of the whole track, of covariance D C, on a
    grid of D, at the track's own kappa, tau_a and D_a/D."""
    lags = DT * np.arange(len(x))
    d, d_a = (next(iter(parameters[name].items())) for name in ("D", "D_a"))
    ratio = own["D_a"] / own["D"]
    logs = np.linspace(np.log(d[1][0]), np.log(d[1][1]), 1500)
    inside = (np.exp(logs) * ratio >= d_a[1][0]) & (np.exp(logs) * ratio <= d_a[1][1])
    logs = logs[inside]
    covariance = toeplitz(AOUP(own["kappa"], 1.0, ratio, own["tau_a"]).autocorrelation(lags))
    density = -0.5 * (len(x) * logs + x @ np.linalg.solve(covariance, x) * np.exp(-logs))
    # What is uniform in D or D_a has the density e^l over l.
    density += logs * ((d[0] == "uniform") + (d_a[0] == "uniform"))
    weight = np.exp(density - logsumexp(density))
    mean = weight @ logs
    return mean, weight @ (logs - mean) ** 2


@pytest.mark.parametrize("parameters", [UNKNOWN, UNIFORM], ids=["log-uniform", "uniform"])
def test_moments_are_those_of_dense_normals(parameters: dict, tmp_path: Path) -> None:
    """Within the steps of the grid, at priors that cut the posterior and that do not."""
    tracks = tracks_of(tmp_path, parameters)
    exact = ExactMoments(tracks, parameters, TARGETS, FRAME)
    rows = slice(3, 9)
    found = exact(rows, tracks[rows])
    for i, row in enumerate(range(rows.start, rows.stop)):
        own = {name: float(values[row]) for name, values in tracks.parameters.items()}
        for k in (0, POINTS // FRAME - 1):
            x = tracks[row : row + 1][0, : (k + 1) * FRAME].astype(float)
            mean, variance = dense(x, own, parameters)
            log_ratio = np.log(own["D_a"] / own["D"])
            expected = [mean, mean + log_ratio, np.log(own["kappa"]), variance, variance, 0]
            np.testing.assert_allclose(found[i, k], expected, rtol=0.02, atol=2e-3)


def test_moments_are_calibrated(tmp_path: Path) -> None:
    """E[(y - m) f] = 0 for functions f of what m knows, and E[(y - m)^2] = E[v], within 4 standard
    errors, of tracks as they are and reversed."""
    tracks = tracks_of(tmp_path, UNKNOWN)
    exact = ExactMoments(tracks, UNKNOWN, TARGETS, FRAME)
    batches = Batches([tracks], TARGETS, labels=exact)
    x, labels = batches.batch(TRACKS, POINTS)
    truth = tracks.log_parameters(TARGETS)
    for seen in (x, x[:, ::-1]):
        found = labels(seen).astype(float)
        assert found.shape == (TRACKS, POINTS // FRAME, 6)
        missed, variance = truth[:, None, :2] - found[..., :2], found[..., 3:5]
        for f in (1.0, found[..., :2], np.abs(seen[:, FRAME - 1, None, None])):
            products = missed * f
            error = products.std(axis=0) / np.sqrt(TRACKS)
            assert np.all(np.abs(products.mean(axis=0)) < 4 * error)
        excess = missed**2 - variance
        assert np.all(np.abs(excess.mean(axis=0)) < 4 * excess.std(axis=0) / np.sqrt(TRACKS))
        # Nearly all that a track leaves open about D at known other parameters goes with n.
        assert np.all(np.diff(variance.mean(axis=0), axis=0) < 0)


def test_the_loss_of_moments_is_the_mean_loss_of_values() -> None:
    """Against the mean over values with that mean and variance."""
    random = np.random.default_rng(1)
    answers = random.normal(size=(4, 3, 4)).astype(np.float32)
    mean, sd = random.normal(size=(4, 3, 2)), random.uniform(0.1, 1, (4, 3, 2))
    loss = FrameLoss("estimate", 10, 25.0)
    moments = np.concatenate([mean, sd**2], axis=-1).astype(np.float32)
    # Two values a standard deviation either way have that mean and variance.
    values = [float(loss((mean + sign * sd).astype(np.float32), answers)) for sign in (-1, 1)]
    assert float(loss(moments, answers)) == pytest.approx(np.mean(values), rel=1e-5)
