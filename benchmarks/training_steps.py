"""A step of training an LSTM: this project's layer and Keras' on TensorFlow, Keras on JAX, torch.

Forward and backward pass and Adam's update on one batch, as a training calls them. A backend of
Keras is chosen once a process, so every program has a process of its own, on one core, and the
turns are given through pipes: python -m benchmarks.training_steps PROGRAM. A program whose packages
neither the Python of the benchmarks nor that of the project has is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Row, compare

ROOT = Path(__file__).resolve().parents[1]
TOPIC = "Training step of an LSTM"
CHANNELS = 11
Arrays = list[NDArray[np.float32]]


class Program(NamedTuple):
    """packages: what it needs. step: gives, from inputs, targets and first weights, a function that
    makes a step and returns the loss before it."""

    packages: tuple[str, ...]
    step: Callable[[Arrays], Callable[[], float]]


def problem(batch: int, frames: int, units: int) -> Arrays:
    """Inputs (batch, frames, CHANNELS), targets (batch, frames, 1), and the weights of the LSTM
    (kernel, recurrent kernel, bias) and of a dense layer on its outputs (kernel, bias)."""
    rng = np.random.default_rng(0)
    shapes = [
        (batch, frames, CHANNELS),
        (batch, frames, 1),
        *((CHANNELS, 4 * units), (units, 4 * units), (4 * units,)),
        *((units, 1), (1,)),
    ]
    scales = [1.0, 1.0, *[units**-0.5] * 5]
    return [
        (scale * rng.standard_normal(shape)).astype(np.float32)
        for shape, scale in zip(shapes, scales, strict=True)
    ]


def keras_step(ours: bool, given: Arrays) -> Callable[[], float]:
    """With Keras, on the backend of KERAS_BACKEND; ours: the LSTM of `learning.networks`."""
    import keras

    from activenoise.learning.networks import LSTM

    inputs, targets, *weights = given
    layer = (LSTM if ours else keras.layers.LSTM)(weights[1].shape[0], return_sequences=True)
    model = keras.Sequential([keras.Input((None, CHANNELS)), layer, keras.layers.Dense(1)])
    model.set_weights(weights)
    model.compile(keras.optimizers.Adam(), "mse")
    return lambda: float(model.train_on_batch(inputs, targets))


def torch_step(given: Arrays) -> Callable[[], float]:
    """With torch.nn.LSTM, whose gates have Keras' order and whose second bias is left at 0."""
    import torch

    torch.set_num_threads(1)
    inputs, targets, kernel, recurrent, bias, *dense = map(torch.from_numpy, given)
    lstm = torch.nn.LSTM(CHANNELS, len(recurrent), batch_first=True)
    out = torch.nn.Linear(len(recurrent), 1)
    first = [kernel.T, recurrent.T, bias, torch.zeros_like(bias), dense[0].T, dense[1]]
    parameters = [*lstm.parameters(), *out.parameters()]
    with torch.no_grad():
        for parameter, value in zip(parameters, first, strict=True):
            parameter.copy_(value)
    adam = torch.optim.Adam(parameters)

    def step() -> float:
        adam.zero_grad()
        loss = torch.nn.functional.mse_loss(out(lstm(inputs)[0]), targets)
        loss.backward()
        adam.step()
        return float(loss)

    return step


PROGRAMS = {
    "activenoise, LSTM on TensorFlow": Program(("keras", "tensorflow"), partial(keras_step, True)),
    "keras.layers.LSTM on TensorFlow": Program(("keras", "tensorflow"), partial(keras_step, False)),
    "keras.layers.LSTM on JAX": Program(("keras", "jax"), partial(keras_step, False)),
    "torch.nn.LSTM": Program(("torch",), torch_step),
}


def interpreter(packages: tuple[str, ...]) -> str | None:
    """A Python that has these packages: this one, or that of the project's .venv; None: neither."""
    test = "import sys, importlib.util as u; sys.exit(None in map(u.find_spec, sys.argv[1:]))"
    for python in (sys.executable, str(ROOT / ".venv/bin/python")):
        if Path(python).exists() and not subprocess.call([python, "-c", test, *packages]):
            return python
    return None


class Elsewhere:
    """A program in a process of its own; calling it makes a step there and returns the loss."""

    def __init__(self, python: str, name: str, sizes: tuple[int, ...]) -> None:
        limits = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
        paths = [str(ROOT / "workflow"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {
            **{f"{limit}_THREADS": "1" for limit in limits},
            "PYTHONPATH": os.pathsep.join(paths),
            "KERAS_BACKEND": PROGRAMS[name].packages[-1],
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "CUDA_VISIBLE_DEVICES": "",  # a core is what is measured
            "JAX_PLATFORMS": "cpu",
        }
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.training_steps", name, *map(str, sizes)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def __call__(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def measure(batch: int = 128, frames: int = 200, units: int = 32, repeats: int = 15) -> list[Row]:
    """A row a program, the first of which is the reference; a point is a frame of a track. The
    differences are those of the first loss."""
    sizes = (batch, frames, units)
    with ExitStack() as processes:
        found: dict[str, Any] = {}
        for name, program in PROGRAMS.items():
            python = interpreter(program.packages)
            if python is not None:
                found[name] = processes.enter_context(Elsewhere(python, name, sizes))
        losses = {name: program() for name, program in found.items()}
        first = next(iter(losses), "")
        differences = {
            name: f"{abs(loss / losses[first] - 1):.0e} of the loss"
            for name, loss in losses.items()
            if name != first
        }
        work = f"{batch} tracks of {frames} frames of {CHANNELS} channels, {units} units"
        return compare(TOPIC, work, found, batch * frames, repeats, None, differences)


def serve(name: str, sizes: tuple[int, int, int]) -> None:
    """A step for every line of the standard input, its loss to the standard output."""
    if hasattr(os, "sched_setaffinity"):  # JAX has no other limit on its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    step = PROGRAMS[name].step(problem(*sizes))
    for _ in sys.stdin:
        print(step(), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
