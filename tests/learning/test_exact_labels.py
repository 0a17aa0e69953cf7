"""Exact labels: calibrated on the drawn classes, of the tracks as a network gets them, exact
positions or through an instrument."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from activenoise.files import DataSet
from activenoise.learning.batches import Batches
from activenoise.learning.exact_labels import ExactLabels
from activenoise.likelihood.kalman import log_likelihood as kalman
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.instrument import Instrument
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
# Through an instrument, with a unit, and of a scale-free study, with and without a drift.
CAMERA = {"noise": {"uniform": [0, 0.3]}, "exposure": {"uniform": [0, 1]}}
RECORDED = {**UNKNOWN, **CAMERA}
SHARES = {**RECORDED, "active_share": {"uniform": [0.05, 0.9]}, "corner": 8}
del SHARES["D_a"]
FREE = {
    "kappa": {"log_uniform": [0.01, 0.5]},
    "tau_a": {"log_uniform": [5, 50]},
    "active_share": {"uniform": [0.3, 1]},
    **CAMERA,
}
DRIFTING = {**FREE, "drift": {"uniform": [0, 0.2]}}


def data_sets(folder: Path, parameters: dict, pair: str = "Passive-AOUP") -> list[DataSet]:
    sets = []
    for seed, model in enumerate(pair.split("-"), start=7):
        path = folder / f"{model}-0.h5"
        prior = parse_prior(parameters)
        write_shard(
            path, model, prior, POINTS, DT if "D" in parameters else 1.0, seed, range(TRACKS),
            study="s", split="train", unit="um",
        )  # fmt: skip
        sets.append(DataSet([path]))
    return sets


@pytest.mark.parametrize(
    ("parameters", "pair"),
    [
        (KNOWN, "Passive-AOUP"),
        (UNKNOWN, "Passive-AOUP"),
        (UNKNOWN | {"D": 0.2}, "AOUP-RBP"),
        (RECORDED, "Passive-AOUP"),
        (SHARES, "AOUP-Passive"),
        (FREE, "Passive-AOUP"),
        (DRIFTING, "Passive-AOUP"),
    ],
    ids=["known", "unknown", "mechanism", "recorded", "shares", "free", "drifting"],
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


@pytest.mark.parametrize(
    "parameters", [RECORDED, FREE, DRIFTING], ids=["recorded", "free", "drift"]
)
def test_labels_through_an_instrument_are_likelihood_ratios(
    parameters: dict, tmp_path: Path
) -> None:
    """Those of the track's own model, of the one that it would have had under the other class, and
    of its own instrument. Reversing a whole track changes nothing, for these models have no arrow
    of time; without a unit of length a shift changes nothing either."""
    sets = data_sets(tmp_path, parameters)
    exact = ExactLabels(sets, parameters, FRAME)
    rows = slice(30, 40)
    tracks = np.concatenate([one[rows, 17:77] for one in sets])
    found = exact(rows, tracks)[..., 0]
    assert found.shape == (20, 3)
    np.testing.assert_allclose(exact(rows, -tracks)[..., 0], found, atol=1e-6)
    backward = exact(rows, tracks[:, ::-1])[..., 0]
    assert np.abs(backward - found)[:, :-1].max() > 0.05
    np.testing.assert_allclose(backward[:, -1], found[:, -1], atol=1e-6)
    if parameters is not RECORDED:
        np.testing.assert_allclose(exact(rows, tracks + 50)[..., 0], found, atol=1e-4)
    known = exact_parameters(sets[1], parameters)
    for row in (30, 39):
        own = {name: float(values[row]) for name, values in known.items()}
        instrument = Instrument(
            **{n: own[n] for n in ("noise", "exposure", "drift") if n in own},
            baseline="zero" if "D" in parameters else "constant",
        )
        active = AOUP(*(own[name] for name in ("kappa", "D", "D_a", "tau_a")))
        passive = Passive(own["kappa"], own["D_passive"])
        track = tracks[10 + row - 30].astype(float)
        one, other = (kalman(m, instrument, track, sets[1].dt)[0] for m in (active, passive))
        assert found[10 + row - 30, -1] == pytest.approx(1 / (1 + np.exp(other - one)), abs=1e-6)


def exact_parameters(data_set: DataSet, parameters: dict) -> dict[str, np.ndarray]:
    """The parameters of AOUP tracks, and the D of a passive tracer whose recorded steps are as
    large: all of it with a unit of length, and in a scale-free study what makes the mean square
    step 1 beside noise and drift."""
    known = dict(data_set.parameters)
    if "D" in parameters:
        return known | {"D_passive": known["D"]}
    n = len(data_set)
    kappa, exposure = known["kappa"], known["exposure"]
    drift = known.get("drift", np.zeros(n))
    walk = 2 * drift * (1 - exposure / 3)
    # C(0) - C(1) of an OU process of D = 1 that is averaged over the end of each interval.
    lag = np.where(exposure > 0, exposure, 1e-9)
    same = 2 * (np.expm1(-kappa * lag) + kappa * lag) / (kappa * lag) ** 2
    apart = 2 * (np.cosh(kappa * lag) - 1) / (kappa * lag) ** 2 * np.exp(-kappa)
    step = 2 * (same - apart) / kappa
    return known | {"D_passive": (1 - 2 * known["noise"] ** 2 - walk) / step}
