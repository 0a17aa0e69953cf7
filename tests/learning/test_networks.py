"""Networks: their heads, their files, and a tiny training against the exact optimum."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
from numpy.typing import NDArray

from activenoise.learning.frames import FrameSpec, frames, rms_increment
from activenoise.learning.networks import LSTM, Network, build_feedforward, build_lstm
from activenoise.learning.training import FrameLoss, Settings, Stage, Validation, train
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.tracks import simulate

DT = 0.05
MODELS = (Passive(1.0, 1.0), AOUP(1.0, 1.0, 5.0, 1.0))
CLASSES = ["Passive", "AOUP"]
KNOWN = FrameSpec("statistics", 1, 10, rms_increment(MODELS[0], DT), (3.0, 10.0, 30.0))
UNKNOWN = FrameSpec("statistics", 1, 10, 0.0, (3.0, 10.0, 30.0))
AT = [20, 50, 200]
Array = NDArray[np.float32]


class Simulated:
    """Fresh tracks of the two models, in equal parts, or of the second alone with two targets."""

    def __init__(self, seed: int, estimate: bool = False) -> None:
        self.seed, self.first, self.estimate = seed, 0, estimate

    def batch(self, n_tracks: int, n_points: int) -> tuple[Array, Array]:
        first = self.first
        self.first += n_tracks
        if self.estimate:
            scale = np.exp(np.random.default_rng(first).uniform(-1, 1, n_tracks))
            model = AOUP(1.0, scale, 5.0 * scale, 1.0)
            tracks = simulate(model, n_points, DT, self.seed, first=first)
            return tracks, np.log(np.stack([model.D, model.D_a], 1)).astype(np.float32)
        parts = [
            simulate(model, n_points, DT, self.seed + c, n_tracks // 2, first)
            for c, model in enumerate(MODELS)
        ]
        return np.concatenate(parts), np.repeat(np.float32([0, 1]), n_tracks // 2)


@pytest.fixture(scope="module")
def validation() -> Validation:
    tracks, targets = Simulated(1000).batch(2000, 200)
    return Validation(tracks, targets, AT)


def small(head: str = "sum", spec: FrameSpec = KNOWN, seed: int = 0) -> Network:
    return build_lstm(spec, DT, "classify", CLASSES, head, units=8, dense=(8, 8), seed=seed)


def settings(steps: int, **changes: object) -> Settings:
    stages = [Stage(50, steps // 2), Stage(200, steps // 2)]
    return Settings.from_dict({"stages": stages, "batch": 64, "average": 0.25, **changes})


@pytest.mark.parametrize("head", ["sum", "state", "last"])
@pytest.mark.parametrize("spec", [KNOWN, UNKNOWN], ids=["known", "unknown"])
def test_answers_are_causal(head: str, spec: FrameSpec, validation: Validation) -> None:
    """The answer at a prefix is that of the track cut there."""
    network, tracks = small(head, spec), validation.tracks[:8]
    answers = network.predict(tracks, AT)
    assert answers.shape == (8, 3)
    for i, n in enumerate(AT):
        np.testing.assert_allclose(network.predict(tracks[:, :n]), answers[:, i], atol=1e-5)
    # A prefix is read up to its last whole frame.
    assert np.array_equal(network.predict(tracks, [58]), network.predict(tracks, [50]))


def test_lstm_is_keras_lstm() -> None:
    """Outputs, states, and gradients in the inputs and in every weight."""
    keras = pytest.importorskip("keras")
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend: the layer is Keras' own there")
    random = np.random.default_rng(5)
    x = tf.constant(random.standard_normal((4, 7, 3)), tf.float32)
    weights = tf.constant(random.standard_normal((4, 7, 5)), tf.float32)
    found = []
    for kind in (LSTM, keras.layers.LSTM):
        layer = kind(5, return_sequences=True, return_state=True)
        layer.build(x.shape)
        drawn = np.random.default_rng(6)
        layer.set_weights([drawn.standard_normal(w.shape) for w in layer.get_weights()])
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, hidden, cell = layer(x)
            value = tf.reduce_sum(weights * outputs) + tf.reduce_sum(cell**2)
        gradients = tape.gradient(value, [x, *layer.trainable_weights])
        found.append([t.numpy() for t in (outputs, hidden, cell, *gradients)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-6 * np.abs(theirs).max())


def test_sum_head(validation: Validation) -> None:
    """The answers of the head `sum` are the running sums of the outputs of the frames."""
    import keras

    network = small("sum")
    inner = keras.Model(network.model.input, network.model.layers[-1].input)
    block = frames(validation.tracks[:8], KNOWN)
    network.standardise(block, validation.targets[:8])
    outputs = keras.ops.convert_to_numpy(inner(block))[..., 0]
    every = network.predict(validation.tracks[:8], range(10, 201, 10))
    assert np.std(outputs) > 0
    np.testing.assert_allclose(every, np.cumsum(outputs, axis=1), atol=1e-4)


@pytest.mark.parametrize("task", ["classify", "estimate"])
@pytest.mark.parametrize("kind", ["lstm", "feedforward"])
def test_one_file_holds_everything(
    task: str, kind: str, tmp_path: Path, validation: Validation
) -> None:
    names = CLASSES if task == "classify" else ["D", "D_a"]
    if kind == "lstm":
        network = build_lstm(UNKNOWN, DT, task, names, "state", 4, (4,), activation="quadratic")
    else:
        spec = FrameSpec("positions", 1, 200, scale=1.0)
        network = build_feedforward(spec, DT, task, names, dense=(8, 4))
    tracks, at = validation.tracks[:8], [200]
    network.standardise(frames(tracks, network.frames), np.ones((8, 2), np.float32) * [1, 2])
    network.about["trained_to"] = 200
    network.save(tmp_path / "network.keras")
    loaded = Network.load(tmp_path / "network.keras")
    assert loaded.about == network.about
    assert loaded.frames == network.frames
    assert (loaded.task, loaded.names, loaded.dt, loaded.trained_to) == (task, names, DT, 200)
    answers = loaded.predict(tracks, at)
    assert answers.shape == ((8, 1) if task == "classify" else (8, 1, 4))
    assert np.array_equal(answers, network.predict(tracks, at))


def test_prediction_does_not_depend_on_the_batch(
    validation: Validation, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small()
    whole = network.predict(validation.tracks[:30], AT)
    monkeypatch.setattr("activenoise.learning.networks._BATCH", 7)
    np.testing.assert_allclose(network.predict(validation.tracks[:30], AT), whole, atol=1e-5)


def test_wrong_prefixes_and_settings(validation: Validation) -> None:
    network = small()
    for at in ([5], [201]):
        with pytest.raises(ValueError, match="prefix lengths"):
            network.predict(validation.tracks[:2], at)
    with pytest.raises(ValueError, match="head"):
        small("middle")
    with pytest.raises(ValueError, match="task"):
        build_lstm(KNOWN, DT, "guess", CLASSES)
    given = settings(10, augment=["flip"])
    assert Settings.from_dict(given.to_dict()) == given


def test_loss_at_every_frame() -> None:
    """Weights 1/(n + n0), against the sum written out."""
    logits = np.array([[[0.5], [-1.0], [2.0]], [[0.1], [0.2], [0.3]]], np.float32)
    labels = np.array([[1.0], [0.0]], np.float32)
    weight = 1 / (10 * np.arange(1, 4) + 25)
    each = np.logaddexp(0, (1 - 2 * labels) * logits[..., 0])
    expected = np.mean(each @ weight) / weight.sum()
    every = float(FrameLoss("classify", 10, 25.0, True)(labels, logits))
    assert every == pytest.approx(expected, rel=1e-5)
    last = float(FrameLoss("classify", 10, 25.0, False)(labels, logits))
    assert last == pytest.approx(np.mean(each[:, -1]), rel=1e-5)


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


def test_feedforward_trains_and_stops_early(validation: Validation) -> None:
    spec = FrameSpec("positions", 4, 50, scale=1.0)
    network = build_feedforward(spec, DT, "classify", CLASSES, dense=(32, 16))
    stop = Settings([Stage(200, 400)], batch=64, learning_rate=3e-3, every_frame=False, patience=2)
    held_out = Validation(validation.tracks, validation.targets, [200])
    history = train(network, Simulated(1), held_out, stop, seed=1)
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


def test_a_network_of_invariant_frames_knows_neither_unit_nor_zero() -> None:
    spec = FrameSpec("statistics", 1, 25, memories=(1.0, 4.0, 16.0), invariant=True)
    network = small("state", spec)
    tracks = simulate(MODELS[1], 200, DT, 5, 40)
    network.standardise(frames(tracks, spec), np.zeros((1, 1), np.float32))
    before = network.predict(tracks, [25, 100, 200])
    for a, b in ((1e-3, 0.0), (500.0, -3000.0)):
        after = network.predict(
            (a * tracks.astype(np.float64) + b).astype(np.float32), [25, 100, 200]
        )
        assert np.max(np.abs(after - before)) < 0.02 * np.std(before)
