"""Networks that read a track frame by frame: the LSTM, the paper's feedforward net, regressors.

The LSTM returns its output at every frame, so that one network gives an answer at every duration:

    frames -> standardised -> LSTM -> (its output, joined with the frame) -> dense -> dense
           -> output of the frame -> head

with one of the heads
* `sum`: the answer is the sum of the outputs so far. A log-likelihood ratio is additive over time,
  so this generalises to longer tracks than it was trained on. For frames that are sums themselves.
* `state`: the answer is the output of the frame. For frames that summarise the track so far.
* `last`: the paper's own, dense layers on the last state of the LSTM and nothing else.

A classifier answers with one number, the logit of class 1. A regressor answers with the posterior
mean and the log of the posterior standard deviation of each target.

Written with Keras, on the backend that the environment variable KERAS_BACKEND names. A network is
saved as one `.keras` file, which holds the description of its frames too; `trained` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from activenoise.learning import recurrence
from activenoise.learning.frames import FrameSpec
from activenoise.learning.trained import BOUND, Network

HEADS = ("sum", "state", "last")
_FORGET_BIASES = (0.0, 4.0)  # of the units at the start: memories of 2 to 56 frames


@keras.saving.register_keras_serializable(package="activenoise")
class Standardise(keras.layers.Layer):
    """Shifts and scales each channel to the mean 0 and standard deviation 1 of the training frames.

    `about` describes the network (`Network` reads it) and is saved with the layer.
    """

    def __init__(self, about: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.about = about

    def build(self, shape: tuple[int | None, ...]) -> None:
        def weight(name: str, value: str) -> Any:
            return self.add_weight(shape=shape[-1:], initializer=value, trainable=False, name=name)

        self.shift, self.scale = weight("shift", "zeros"), weight("scale", "ones")

    def call(self, inputs: Any) -> Any:
        return ops.clip((inputs - self.shift) / self.scale, -BOUND, BOUND)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "about": self.about}


@keras.saving.register_keras_serializable(package="activenoise")
class RunningSum(keras.layers.Layer):
    """Sum over the frames so far: (n, frames, k) -> (n, frames, k)."""

    def call(self, inputs: Any) -> Any:
        return ops.cumsum(inputs, axis=1)


@keras.saving.register_keras_serializable(package="activenoise")
class ForgetBias(keras.initializers.Initializer):
    """LSTM biases 0, but those of the forget gates spread evenly over [low, high]: memories of
    1/(1 - sigmoid(bias)) frames at the start."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        units = shape[0] // 4  # gates in the order input, forget, cell, output
        bias = np.zeros(shape)
        bias[units : 2 * units] = np.linspace(self.low, self.high, units)
        return ops.convert_to_tensor(bias, dtype=dtype)

    def get_config(self) -> dict[str, float]:
        return {"low": self.low, "high": self.high}


@keras.saving.register_keras_serializable(package="activenoise")
def quadratic(x: Any) -> Any:
    """Activation x^2/2: a log-likelihood ratio of Gaussian models is a quadratic form."""
    return 0.5 * ops.square(x)


@keras.saving.register_keras_serializable(package="activenoise")
class TargetUnits(keras.layers.Layer):
    """From standardised targets to the targets' own units: means and log sds, (..., 2 k)."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.shift, self.scale = (
            self.add_weight(shape=(shape[-1] // 2,), initializer=value, trainable=False, name=name)
            for name, value in (("shift", "zeros"), ("scale", "ones"))
        )

    def call(self, inputs: Any) -> Any:
        mean, log_sd = ops.split(inputs, 2, axis=-1)
        return ops.concatenate(
            [self.shift + self.scale * mean, ops.log(self.scale) + log_sd], axis=-1
        )


@keras.saving.register_keras_serializable(package="activenoise")
class LSTM(keras.layers.LSTM):
    """keras.layers.LSTM with its own activations and no dropout. On TensorFlow without a GPU, and
    from the state zero, the loop over the frames and its gradient are compiled (`recurrence`):
    the same numbers to rounding in half the time. The inputs are data there: no gradient goes on
    to what made them."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        compiled = keras.backend.backend() == "tensorflow" and initial_state is mask is None
        if not compiled or _has_gpu():  # Keras takes cuDNN there
            return super().call(sequences, initial_state, mask, training)
        cell = self.cell
        outputs, last_cell = _recurrence(sequences, cell.kernel, cell.recurrent_kernel, cell.bias)
        result = outputs if self.return_sequences else outputs[:, -1]
        return [result, outputs[:, -1], last_cell] if self.return_state else result


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _recurrence(x: Any, kernel: Any, recurrent: Any, bias: Any) -> tuple[Any, Any]:
    """Outputs of an LSTM at every frame and its cells at the last, as operations of TensorFlow."""
    import tensorflow as tf

    def operation(function: Any, tensors: Sequence[Any], like: Sequence[Any]) -> list[Any]:
        found = tf.numpy_function(function, tensors, [t.dtype for t in like], stateful=False)
        for tensor, shape in zip(found, [t.shape for t in like], strict=True):
            tensor.set_shape(shape)
        return found

    x = tf.stop_gradient(x)

    @tf.custom_gradient
    def run(*weights: Any) -> Any:
        states = tf.TensorSpec((*x.shape[:2], recurrent.shape[0]), x.dtype)
        hidden, cells = operation(recurrence.outputs, [x, *weights], [states, states])

        def gradient(of_hidden: Any, of_last_cell: Any) -> list[Any]:
            given = [of_hidden, of_last_cell, x, hidden, cells, *weights]
            return operation(recurrence.slopes, given, weights)

        return (hidden, cells[:, -1]), gradient

    return run(*(tf.convert_to_tensor(value) for value in (kernel, recurrent, bias)))


class TrainableNetwork(Network):
    """A network as a Keras model, to be trained and saved.

    model: frames (n_tracks, n_frames, n_channels) -> answers (n_tracks, n_frames, n_outputs).
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self._input = next(layer for layer in model.layers if isinstance(layer, Standardise))
        super().__init__(
            lambda inputs: ops.convert_to_numpy(model.predict_on_batch(inputs)), self._input.about
        )

    def standardise(self, sample: NDArray[np.float32], targets: NDArray[np.float32]) -> None:
        """Set shift and scale of the inputs, and of the targets of a regressor, from a sample;
        variances of targets may stand behind them."""
        pairs = [(self._input, sample.reshape(-1, sample.shape[-1]))]
        if self.task == "estimate":
            values = targets[..., : len(self.names)]
            pairs.append((self.model.layers[-1], values.reshape(-1, len(self.names))))
        for layer, values in pairs:
            shift = values.mean(axis=0, dtype=np.float64)
            scale = values.std(axis=0, dtype=np.float64)
            layer.set_weights([shift, np.where(scale > 1e-8, scale, 1.0)])

    def save(self, path: str | Path) -> None:
        """Write one file, without what the training left behind; `path` ends in .keras."""
        keras.Model(self.model.input, self.model.output).save(path)


def n_outputs(task: str, names: Sequence[str]) -> int:
    """Numbers in an answer: one logit, or mean and log sd of each target."""
    return 1 if task == "classify" else 2 * len(names)


def build_lstm(
    spec: FrameSpec,
    dt: float,
    task: str,
    names: Sequence[str],
    head: str = "sum",
    units: int = 32,
    dense: Sequence[int] = (32, 16),
    activation: str = "relu",
    seed: int = 0,
) -> TrainableNetwork:
    """An untrained LSTM network. dt (s) of the points; task `classify` (names: class 0 and 1) or
    `estimate` (names of the parameters); head: one of HEADS; dense: widths of the hidden fully
    connected layers; activation: theirs, or `quadratic` for the first (ReLU for the others)."""
    if head not in HEADS:
        raise ValueError(f"head = {head!r} must be one of {', '.join(HEADS)}")
    init = _Seeds(seed)
    inputs = keras.Input((None, spec.n_channels))
    x = Standardise(_about(spec, dt, task, names, head))(inputs)
    states = LSTM(
        units,
        return_sequences=True,
        bias_initializer=ForgetBias(*_FORGET_BIASES),
        unit_forget_bias=False,
        kernel_initializer=init.glorot(),
        recurrent_initializer=keras.initializers.Orthogonal(seed=init.next()),
    )(x)
    joined = states if head == "last" else keras.layers.Concatenate()([states, x])
    hidden = joined
    for width in dense:
        function = quadratic if activation == "quadratic" else activation
        hidden = keras.layers.Dense(width, function, kernel_initializer=init.glorot())(hidden)
        activation = "relu" if activation == "quadratic" else activation
    width = n_outputs(task, names)
    small = keras.initializers.RandomNormal(stddev=0.02 if head == "sum" else 0.1, seed=init.next())
    answer = keras.layers.Dense(width, kernel_initializer=small)(hidden)
    if head != "last":
        # The part that is linear in the frame learns fast where frames are sufficient statistics.
        linear = keras.layers.Dense(width, use_bias=False, kernel_initializer="zeros")(x)
        answer = keras.layers.Add()([answer, linear])
    if head == "sum":
        answer = RunningSum()(answer)
    if task == "estimate":
        answer = TargetUnits()(answer)
    return TrainableNetwork(keras.Model(inputs, answer))


def build_feedforward(
    spec: FrameSpec,
    dt: float,
    task: str,
    names: Sequence[str],
    dense: Sequence[int] = (1000, 250, 125),
    seed: int = 0,
) -> TrainableNetwork:
    """The paper's feedforward net: all points of a track of one frame -> dense (ReLU) -> answer.
    It reads one duration, that of its frame."""
    init = _Seeds(seed)
    inputs = keras.Input((1, spec.n_channels))
    x = Standardise(_about(spec, dt, task, names, "feedforward"))(inputs)
    for width in dense:
        x = keras.layers.Dense(width, "relu", kernel_initializer=init.he())(x)
    answer = keras.layers.Dense(n_outputs(task, names), kernel_initializer=init.glorot())(x)
    if task == "estimate":
        answer = TargetUnits()(answer)
    return TrainableNetwork(keras.Model(inputs, answer))


def _about(
    spec: FrameSpec, dt: float, task: str, names: Sequence[str], head: str
) -> dict[str, Any]:
    if task not in ("classify", "estimate"):
        raise ValueError(f"task = {task!r} must be classify or estimate")
    return {
        "frames": spec.to_dict(),
        "dt": float(dt),
        "task": task,
        "names": list(names),
        "head": head,
        "trained_to": 0,
    }


class _Seeds:
    """A seed of its own for every initialiser."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def next(self) -> int:
        return int(self._random.integers(2**31))

    def glorot(self) -> Any:
        return keras.initializers.GlorotUniform(seed=self.next())

    def he(self) -> Any:
        return keras.initializers.HeNormal(seed=self.next())
