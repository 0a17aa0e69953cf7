"""Training: its loss, and tiny trainings against the exact optimum."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.learning.small import (
    AT,
    CLASSES,
    DT,
    KNOWN,
    MODELS,
    UNKNOWN,
    Array,
    Simulated,
    settings,
    small,
)
from tests.mistakes.config import BASE, SCHEMA
from tests.mistakes.results import Named, run_script, shard

from activenoise.config.plan import Plan
from activenoise.config.schema import resolve
from activenoise.learning.frames import FrameSpec, frames
from activenoise.learning.networks import build_feedforward, build_lstm
from activenoise.learning.training import (
    DivergedError,
    FrameLoss,
    Settings,
    Stage,
    Validation,
    train,
)
from activenoise.likelihood.positions import log_likelihood


def test_loss_at_every_frame() -> None:
    """Weights 1/(n + n0), against the sum written out."""
    logits = np.array([[[0.5], [-1.0], [2.0]], [[0.1], [0.2], [0.3]]], np.float32)
    weight = 1 / (10 * np.arange(1, 4) + 25)
    drawn = np.array([[[1.0]], [[0.0]]], np.float32)
    exact = np.array([[[0.9], [0.8], [0.3]], [[0.5], [0.0], [1.0]]], np.float32)
    for labels in (drawn, exact):
        ones, zeros = np.logaddexp(0, -logits), np.logaddexp(0, logits)
        each = (labels * ones + (1 - labels) * zeros)[..., 0]
        expected = np.mean(each @ weight) / weight.sum()
        found = float(FrameLoss("classify", 10, 25.0)(labels, logits))
        assert found == pytest.approx(expected, rel=1e-5)


class Broken(Simulated):
    """Tracks that are not numbers from the eleventh batch on."""

    def batch(self, n_tracks: int, n_points: int) -> tuple[Array, Array]:
        tracks, targets = super().batch(n_tracks, n_points)
        return (tracks if self.first < 256 + 10 * n_tracks else np.nan * tracks), targets


@pytest.mark.slow
def test_a_training_that_diverges_stops_in_one_line(validation: Validation) -> None:
    few = Validation(validation.tracks[:8].copy(), validation.targets[:8], AT)
    said = r"^the training diverged: loss is nan at step 1\d of 40; choose training.learning_rate"
    with pytest.raises(DivergedError, match=rf"{said} below 0.01$"):
        train(small(), Broken(1), few, settings(40))
    few.tracks[0] = np.nan
    said = r"^the training diverged: validation\[20\] is nan at step 2 of 40"
    with pytest.raises(DivergedError, match=said):
        train(small(), Simulated(1), few, settings(40))


@pytest.mark.slow
def test_a_training_that_diverges_leaves_nothing(tmp_path: Path) -> None:
    """The script stops with a line that names the network, and writes neither of its files."""
    plan = Plan(resolve(BASE, SCHEMA), {})
    which = ("benchmark", "Passive-AOUP", "lstm")
    nothing = np.full((256, 500), np.nan, np.float32)
    shards = {
        f"{split}_{k}": [
            str(shard(tmp_path / f"{split}-{k}.h5", positions=nothing, index=np.arange(256)))
        ]
        for split in ("train", "check")
        for k in range(2)
    }
    params = Named(
        network=plan.network_settings(*which), training=plan.training_settings(*which),
        parameters=plan.studies["benchmark"]["parameters"], dt=0.01, task="classify",
        names=CLASSES, seed=1, made=None, backend=os.environ.get("KERAS_BACKEND", "tensorflow"),
    )  # fmt: skip
    output = Named(network=str(tmp_path / "out/lstm.keras"), history=str(tmp_path / "out/lstm.csv"))
    with pytest.raises(DivergedError, match=r"out/lstm.keras: the training diverged: loss is nan"):
        run_script("train", input=Named(shards), output=output, params=params)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_training_is_reproducible(validation: Validation) -> None:
    trained = []
    for _ in range(2):
        network = small(seed=3)
        train(network, Simulated(1), validation, settings(12, augment=["flip", "reverse"]), seed=5)
        trained.append(network.model.get_weights())
    for one, other in zip(*trained, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("head", "spec", "near"), [("sum", KNOWN, 0.03), ("state", UNKNOWN, 0.1)], ids=["sum", "state"]
)
@pytest.mark.slow
def test_classifier_against_the_optimum(
    head: str, spec: FrameSpec, near: float, validation: Validation
) -> None:
    """A tiny training comes near the exact log-loss, nats, and not below it."""
    network = small(head, spec)
    history = train(network, Simulated(1), validation, settings(300), seed=1)
    assert history[-1]["step"] == 300
    assert network.trained_to == 200
    tracks, targets = Simulated(2000).batch(4000, 200)
    ratio = log_likelihood(MODELS[1], tracks, DT, AT) - log_likelihood(MODELS[0], tracks, DT, AT)
    sign = (1 - 2 * targets)[:, None]
    difference = np.logaddexp(0, sign * network.predict(tracks, AT)) - np.logaddexp(0, sign * ratio)
    excess, error = difference.mean(0), difference.std(0) / np.sqrt(len(tracks))
    assert np.all(excess > -3 * error)
    assert np.all(excess < near)
    chance = np.log(2) - np.mean(np.logaddexp(0, sign * ratio), axis=0)
    assert chance[-1] > 0.2


@pytest.mark.slow
def test_regressor() -> None:
    """Estimates of log D and log D_a beat the prior's spread, and their own spread is honest."""
    network = build_lstm(UNKNOWN, DT, "estimate", ["D", "D_a"], "state", units=8, dense=(8, 8))
    source = Simulated(1, estimate=True)
    tracks, targets = Simulated(9, estimate=True).batch(1000, 200)
    train(network, source, Validation(tracks, targets, AT), settings(300), seed=1)
    answers = network.predict(tracks, AT)
    mean, sd = answers[..., :2], np.exp(answers[..., 2:])
    z = (targets[:, None] - mean) / sd
    rmse = np.sqrt(np.mean((mean - targets[:, None]) ** 2, axis=0))
    assert np.all(rmse[-1] < 0.5 * targets.std(axis=0))
    assert np.all(np.abs(z.std(axis=0) - 1) < 0.25)


@pytest.mark.slow
def test_feedforward_trains(validation: Validation) -> None:
    spec = FrameSpec("positions", 4, 50, scale=1.0)
    network = build_feedforward(spec, DT, "classify", CLASSES, dense=(32, 16))
    few = Settings([Stage(200, 200)], batch=64, learning_rate=3e-3)
    held_out = Validation(validation.tracks, validation.targets, [200])
    history = train(network, Simulated(1), held_out, few, seed=1)
    assert min(row["validation[200]"] for row in history) < np.log(2)
    assert network.predict(validation.tracks, [200]).shape == (2000, 1)


class Repeated:
    """The same four batches of whole tracks, again and again."""

    def __init__(self) -> None:
        source = Simulated(2)
        self.kept = [source.batch(64, 200) for _ in range(4)]
        self.taken = 0

    def batch(self, n_tracks: int, n_points: int) -> tuple[Array, Array]:
        tracks, targets = self.kept[self.taken % 4]
        self.taken += 1
        return tracks[:, :n_points], targets


@pytest.mark.slow
def test_kept_frames_train_alike(validation: Validation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of tracks that come again are not computed again; the training is the same."""
    read: list[int] = []

    def counted(tracks: Array, spec: FrameSpec) -> Array:
        read.append(len(tracks))
        return frames(tracks, spec)

    monkeypatch.setattr("activenoise.learning.training.frames", counted)
    weights, counts = [], []
    for keep in (False, True):
        network, few = small(), settings(40, augment=[], keep_frames=keep)
        train(
            network,
            Repeated(),
            Validation(validation.tracks[:64], validation.targets[:64], AT),
            few,
        )
        weights.append(network.model.get_weights())
        counts.append(read.count(64))
        read.clear()
    # 20 short batches, 20 long ones or 4 of them, the sample for the scales, and the validation.
    assert counts == [20 + 20 + 2, 20 + 4 + 1]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
