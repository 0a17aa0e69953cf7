"""The answers of a trained network, computed without TensorFlow from the file that Keras wrote.

A network of this project is a chain of few layers: a recurrence, which is compiled, and products of
matrices. So its answers come faster, and the first of them seconds earlier. Networks are built and
trained in `networks` and `training`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import Float32Array
from activenoise.learning import recurrence
from activenoise.learning.frames import FrameSpec, frames
from activenoise.logs import DamagedError

BOUND = 12.0  # standardised inputs beyond it are cut: the tails of fourth powers are long
_HELD = 1 << 19  # frames of all tracks that are held at once

Weights = Sequence[Float32Array]


class Network:
    """A network and what it takes to use it.

    forward: frames (n_tracks, n_frames, n_channels) -> answers (n_tracks, n_frames, n_outputs).
    about: frames, task, names, dt, unit, head, trained_to. path: the file that holds it.
    """

    def __init__(
        self,
        forward: Callable[[Float32Array], Float32Array],
        about: dict[str, Any],
        path: str | Path | None = None,
    ) -> None:
        self._forward = forward
        self._path = path
        self.about = about
        self.frames = FrameSpec.from_dict(about["frames"])

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """The network in a .keras file. DamagedError where it cannot be read, or has diverged."""
        try:
            graph = _Graph(path)
            network = Network(graph, graph.about, path)
        except (OSError, ValueError, KeyError, TypeError, StopIteration, BadZipFile) as error:
            if not Path(path).exists():
                raise
            raise DamagedError(f"{path}: damaged; delete it and run again") from error
        if not graph.finite:
            raise _diverged(path, "a weight is not finite")
        return network

    @property
    def task(self) -> str:
        """`classify` or `estimate`."""
        return self.about["task"]

    @property
    def names(self) -> list[str]:
        """The two classes, or the parameters whose logarithms are estimated."""
        return self.about["names"]

    @property
    def trained_to(self) -> int:
        """Points of the longest tracks that it was trained on; 0 before training."""
        return self.about["trained_to"]

    def predict(self, tracks: Float32Array, at: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Answers at prefixes of the tracks, float64 (n_tracks, len(at), n_outputs), without the
        last axis for a classifier, whose answer is the logit of its second class.

        tracks: (n_tracks, n_points) at interval dt. at: prefix lengths in points; None: the
        whole tracks, and no axis for it. A prefix is read up to its last whole frame. DamagedError
        where an answer of a network from a file is not finite.
        """
        tracks = np.asarray(tracks)
        index = self._frame_index([tracks.shape[1]] if at is None else at, tracks.shape[1])
        n_frames = int(index.max() + 1)
        parts = [
            self._answers(frames(tracks[rows, : n_frames * self.frames.points], self.frames), index)
            for rows in _blocks(len(tracks), n_frames)
        ]
        result = np.concatenate(parts)
        if self._path is not None and not np.isfinite(result).all():
            raise _diverged(self._path, "an answer is not finite")
        return result[:, 0] if at is None else result

    def predict_frames(self, inputs: Float32Array, at: Sequence[int]) -> NDArray[np.float64]:
        """Answers at prefixes, as of `predict`, from frames (n_tracks, n_frames, n_channels)."""
        index = self._frame_index(at, inputs.shape[1] * self.frames.points)
        blocks = _blocks(*inputs.shape[:2])
        return np.concatenate([self._answers(inputs[rows], index) for rows in blocks])

    def _frame_index(self, at: Sequence[int], n_points: int) -> NDArray[np.int64]:
        """The last whole frame of each prefix."""
        lengths = np.asarray(at, np.int64)
        if lengths.min() < self.frames.points or lengths.max() > n_points:
            raise ValueError(
                f"prefix lengths {lengths.min()} ... {lengths.max()} must lie in"
                f" {self.frames.points} (one frame) ... {n_points}"
            )
        return lengths // self.frames.points - 1

    def _answers(self, inputs: Float32Array, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """At some frames, without the last axis for a classifier."""
        answers = self._forward(inputs)[:, index].astype(np.float64)
        return answers[..., 0] if self.task == "classify" else answers


def _diverged(path: str | Path, fault: str) -> DamagedError:
    return DamagedError(
        f"{path}: its training diverged ({fault}); delete it and run again with a smaller"
        " training.learning_rate"
    )


def _blocks(n_tracks: int, n_frames: int) -> Iterator[slice]:
    step = max(1, _HELD // n_frames)
    return (slice(start, start + step) for start in range(0, n_tracks, step))


# ---- the layers, each from its settings and weights and the outputs of the layers before


def _standardise(_: Mapping[str, Any], weights: Weights, x: Float32Array) -> Float32Array:
    shift, scale = weights
    return np.clip((x - shift) / scale, -BOUND, BOUND)


def _lstm(_: Mapping[str, Any], weights: Weights, x: Float32Array) -> Float32Array:
    return recurrence.outputs(x, *weights)[0]


def _dense(settings: Mapping[str, Any], weights: Weights, x: Float32Array) -> Float32Array:
    kernel, *bias = weights
    y = x @ kernel
    if bias:
        y += bias[0]
    activation = settings["activation"]
    name = activation if isinstance(activation, str) else activation["config"].split(">")[-1]
    return _ACTIVATIONS[name](y)


def _target_units(_: Mapping[str, Any], weights: Weights, x: Float32Array) -> Float32Array:
    shift, scale = weights
    mean, log_sd = np.split(x, 2, axis=-1)
    return np.concatenate([shift + scale * mean, np.log(scale) + log_sd], axis=-1)


_ACTIVATIONS: dict[str, Callable[[Float32Array], Float32Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "quadratic": lambda x: np.float32(0.5) * x * x,
}
_LAYERS: dict[str, Callable[..., Float32Array]] = {
    "Standardise": _standardise,
    "LSTM": _lstm,
    "Dense": _dense,
    "Concatenate": lambda _settings, _weights, *inputs: np.concatenate(inputs, axis=-1),
    "Add": lambda _settings, _weights, a, b: a + b,
    "RunningSum": lambda _settings, _weights, x: np.cumsum(x, axis=1),
    "TargetUnits": _target_units,
}


class _Graph:
    """The layers of a .keras file, called in their order: a layer comes after its inputs."""

    def __init__(self, path: str | Path) -> None:
        with ZipFile(path) as parts:
            config = json.loads(parts.read("config.json"))["config"]
            weights = BytesIO(parts.read("model.weights.h5"))
        first, *layers = config["layers"]
        self._input, self._output = first["name"], config["output_layers"][0]
        self._calls: list[tuple[str, Callable[..., Float32Array], list[str]]] = []
        self.finite = True
        of_a_kind: Counter[str] = Counter()
        with h5py.File(weights) as file:
            for layer in layers:
                kind, settings = layer["class_name"], layer["config"]
                number = f"_{of_a_kind[kind]}" if of_a_kind[kind] else ""
                of_a_kind[kind] += 1
                held = _arrays(file[f"layers/{_file_name(kind)}{number}"])
                if kind == "Standardise":
                    self.about: dict[str, Any] = settings["about"]
                self.finite &= all(bool(np.isfinite(weight).all()) for weight in held)
                self._calls.append((layer["name"], _bound(kind, settings, held), _inputs(layer)))

    def __call__(self, inputs: Float32Array) -> Float32Array:
        values = {self._input: inputs}
        for name, layer, sources in self._calls:
            values[name] = layer(*(values[source] for source in sources))
        return values[self._output]


def _bound(kind: str, settings: Mapping[str, Any], weights: Weights) -> Callable[..., Float32Array]:
    layer = _LAYERS[kind]
    return lambda *inputs: layer(settings, weights, *inputs)


def _arrays(group: h5py.Group) -> list[Float32Array]:
    """The weights of a layer, in the order in which Keras wrote them; those of an LSTM are its
    cell's."""
    held = group.get("cell", group)["vars"]
    return [held[str(k)][:] for k in range(len(held))]


def _file_name(kind: str) -> str:
    """Keras' name of a kind of layer in a file of weights: `TargetUnits` is `target_units`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()


def _inputs(layer: Mapping[str, Any]) -> list[str]:
    """Names of the layers that a layer reads."""
    argument = layer["inbound_nodes"][0]["args"][0]
    tensors = argument if isinstance(argument, list) else [argument]
    return [tensor["config"]["keras_history"][0] for tensor in tensors]
