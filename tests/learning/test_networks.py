"""Networks: their heads, their files, and what they read of a track."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.learning.small import AT, CLASSES, DT, KNOWN, MODELS, UNKNOWN, small

from activenoise.learning.frames import FrameSpec, frames
from activenoise.learning.networks import LSTM, build_feedforward, build_lstm
from activenoise.learning.trained import Network
from activenoise.learning.training import Validation
from activenoise.logs import DamagedError
from activenoise.simulation.tracks import simulate


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


@pytest.mark.parametrize(
    ("n_tracks", "n_frames", "n_inputs", "units"),
    [(4, 7, 3, 5), (6, 40, 11, 20), (1, 1, 1, 32)],
)
def test_lstm_is_keras_lstm(n_tracks: int, n_frames: int, n_inputs: int, units: int) -> None:
    """Outputs, states, and gradients in every weight, of sizes that fill the compiled loops and of
    others. No gradient in the inputs, which are data, is given, rather than a wrong one."""
    keras = pytest.importorskip("keras")
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend: the layer is Keras' own there")
    random = np.random.default_rng(5)
    x = tf.constant(random.standard_normal((n_tracks, n_frames, n_inputs)), tf.float32)
    weights = tf.constant(random.standard_normal((n_tracks, n_frames, units)), tf.float32)
    found = []
    for kind in (LSTM, keras.layers.LSTM):
        layer = kind(units, return_sequences=True, return_state=True)
        layer.build(x.shape)
        drawn = np.random.default_rng(6)
        layer.set_weights([drawn.standard_normal(w.shape) for w in layer.get_weights()])
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, hidden, cell = layer(x)
            value = tf.reduce_sum(weights * outputs) + tf.reduce_sum(cell**2)
        of_x, *gradients = tape.gradient(value, [x, *layer.trainable_weights])
        assert (of_x is None) == (kind is LSTM)
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
    assert (loaded.task, loaded.names, loaded.trained_to) == (task, names, 200)
    answers = loaded.predict(tracks, at)
    assert answers.shape == ((8, 1) if task == "classify" else (8, 1, 4))
    # NumPy's sums are those of TensorFlow to rounding.
    assert np.std(answers) > 1e-3
    np.testing.assert_allclose(answers, network.predict(tracks, at), rtol=2e-5, atol=2e-5)


def test_a_damaged_network_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "network.keras"
    small().save(path)
    whole = path.read_bytes()
    for wrong in (whole[: len(whole) // 2], b"no network", b""):
        path.write_bytes(wrong)
        with pytest.raises(DamagedError, match=r"network.keras: damaged; delete it and run again$"):
            Network.load(path)


def test_a_network_that_diverged_is_one_line(tmp_path: Path, validation: Validation) -> None:
    """Weights that are not numbers, and weights so large that the answers are none."""
    path = tmp_path / "network.keras"
    for value, fault in ((np.nan, "a weight is not finite"), (3e38, "an answer is not finite")):
        network = small()
        network.model.layers[-3].set_weights(
            [np.full_like(w, value) for w in network.model.layers[-3].get_weights()]
        )
        network.save(path)
        said = rf"network.keras: its training diverged \({fault}\); delete it and run again with a"
        with pytest.raises(DamagedError, match=said):
            Network.load(path).predict(validation.tracks[:2])


def test_prediction_does_not_depend_on_the_batch(
    validation: Validation, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small()
    whole = network.predict(validation.tracks[:30], AT)
    monkeypatch.setattr("activenoise.learning.trained._HELD", 70)
    np.testing.assert_allclose(network.predict(validation.tracks[:30], AT), whole, atol=1e-5)


def test_wrong_prefixes_heads_and_tasks(validation: Validation) -> None:
    network = small()
    for at in ([5], [201]):
        with pytest.raises(ValueError, match="prefix lengths"):
            network.predict(validation.tracks[:2], at)
    with pytest.raises(ValueError, match="head"):
        small("middle")
    with pytest.raises(ValueError, match="task"):
        build_lstm(KNOWN, DT, "guess", CLASSES)


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
