"""Exact labels: calibrated on the drawn classes, of the tracks as a network gets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from activenoise.files import DataSet
from activenoise.learning.batches import Batches
from activenoise.learning.exact_labels import ExactLabels
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.priors import parse_prior
from activenoise.simulation.shards import write_shard

DT, POINTS, TRACKS, FRAME = 0.05, 120, 2000, 20
KNOWN = {"kappa": 1.0, "D": 1.0, "D_a": 5.0, "tau_a": 1.0}
UNKNOWN = {
    "kappa": {"log_uniform": [0.5, 2]},
    "D": {"log_uniform": [0.5, 2]},
    "D_a": {"log_uniform": [1, 20]},
    "tau_a": {"uniform": [0.5, 2]},
}


def data_sets(folder: Path, parameters: dict, pair: str = "Passive-AOUP") -> list[DataSet]:
    sets = []
    for seed, model in enumerate(pair.split("-"), start=7):
        path = folder / f"{model}-0.h5"
        prior = parse_prior(parameters)
        write_shard(
            path, model, prior, POINTS, DT, seed, range(TRACKS), study="s", split="train", unit="um"
        )
        sets.append(DataSet([path]))
    return sets


@pytest.mark.parametrize(
    ("parameters", "pair"),
    [(KNOWN, "Passive-AOUP"), (UNKNOWN, "Passive-AOUP"), (UNKNOWN | {"D": 0.2}, "AOUP-RBP")],
    ids=["known", "unknown", "mechanism"],
)
def test_labels_are_calibrated(parameters: dict, pair: str, tmp_path: Path) -> None:
    """E[(c - l_n) f] = 0 for any function f of what l_n knows, such as the first frame, within 4
    standard errors; and the classes are told apart the better, the longer the track."""
    sets = data_sets(tmp_path, parameters, pair)
    exact = ExactLabels(sets, parameters, FRAME)
    tracks, labels = Batches(sets, labels=exact).batch(2 * TRACKS, POINTS)
    found = labels(tracks)[..., 0].astype(float)
    assert found.shape == (2 * TRACKS, POINTS // FRAME)
    missed = np.repeat([0.0, 1.0], TRACKS)[:, None] - found
    beginning = tracks[:, :FRAME]
    step = np.abs(np.diff(beginning, axis=1)).mean(axis=1)
    for f in (1.0, found, step[:, None], np.abs(beginning[:, -1:]) > 1):
        products = missed * f
        error = products.std(axis=0) / np.sqrt(len(tracks))
        assert np.all(np.abs(products.mean(axis=0)) < 4 * error)
    assert np.all(np.diff((missed**2).mean(axis=0)) < 0)


def test_labels_are_those_of_the_track_that_the_network_gets(tmp_path: Path) -> None:
    """A reversed track has labels of its own, a mirrored one the same; each is the likelihood ratio
    of its own parameters."""
    sets = data_sets(tmp_path, UNKNOWN)
    exact = ExactLabels(sets, UNKNOWN, FRAME)
    rows = slice(30, 40)
    tracks = np.concatenate([one[rows] for one in sets])
    found = exact(rows, tracks)[..., 0]
    np.testing.assert_allclose(exact(rows, -tracks)[..., 0], found, atol=1e-6)
    backward = exact(rows, tracks[:, ::-1])[..., 0]
    assert np.abs(backward - found)[:, :-1].max() > 0.05
    np.testing.assert_allclose(backward[:, -1], found[:, -1], atol=2e-4)  # both are reversible
    values = sets[1].parameters
    for row in (30, 39):
        own = [float(values[name][row]) for name in ("kappa", "D", "D_a", "tau_a")]
        track = sets[1][row : row + 1][0].astype(float)
        ratio = log_likelihood(AOUP(*own), track, DT) - log_likelihood(Passive(*own[:2]), track, DT)
        assert found[10 + row - 30, -1] == pytest.approx(1 / (1 + np.exp(-ratio)), abs=2e-4)
