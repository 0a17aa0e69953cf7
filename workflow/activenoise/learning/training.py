"""Training of a network on simulated tracks.

The loss is taken at EVERY frame, with weight 1/(n + n0) at n points, so that one training serves
every duration. A worker thread makes the next batches while the network learns from this one.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from activenoise.arrays import Float32Array
from activenoise.learning.batches import Source
from activenoise.learning.frames import frames
from activenoise.learning.networks import TrainableNetwork
from activenoise.learning.soap import SOAP
from activenoise.logs import DamagedError


class DivergedError(DamagedError):
    """A training whose loss is no longer finite, in one line: where, and what to change."""


@dataclass(frozen=True)
class Stage:
    """A part of a training: `steps` batches of tracks of `points` points."""

    points: int
    steps: int


@dataclass(frozen=True)
class Settings:
    """How to train.

    stages: in order, usually short tracks first. batch: tracks a step. optimizer: `adam` or `soap`,
    which takes fewer steps where labels have no noise. learning_rate: its peak, reached after a
    warm-up and followed by a cosine to 1 % of it. offset: n0 of the weights
    1/(n + n0), in points. average: fraction of the steps, at the end, over which the weights are
    averaged. augment: any of `flip` (x -> -x) and `reverse` (time, for models that are reversible).
    keep_frames: keep the frames of tracks of the longest stage in memory for when the tracks come
    again, augmented as they were; for frames that take longer to compute than to learn from.
    """

    stages: Sequence[Stage]
    batch: int = 128
    optimizer: str = "adam"
    learning_rate: float = 1e-2
    offset: float = 25.0
    average: float = 0.0
    augment: Sequence[str] = field(default_factory=tuple)
    keep_frames: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from the config's, some of which (`tracks`, `labels`) are the source's."""
        stages = [s if isinstance(s, Stage) else Stage(**s) for s in values["stages"]]
        own = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        return cls(**{**own, "stages": stages})

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


@dataclass(frozen=True)
class Validation:
    """Held-out tracks (n_tracks, n_points), their targets, and the prefix lengths to score."""

    tracks: Float32Array
    targets: Float32Array
    at: Sequence[int]


_Inputs = tuple[Float32Array, Float32Array]
_LINES = 20  # of the log, and rows of the history
_OPTIMIZERS = {"adam": keras.optimizers.Adam, "soap": SOAP}
# Of either. A training is a few thousand steps of stages that differ in their gradients: its memory
# of their squares, 1/(1 - beta_2), is 100 steps and not the usual 1000.
_BETA_2 = 0.99
# Gradients of rare tracks far out are cut at this norm. Over the first steps, while it knows the
# size of the gradients from a few of them alone, the learning rate rises: 2 % of all steps.
_CLIP_NORM, _WARM_UP = 1.0, 0.02
_EVERY = 5  # steps from one set of weights to the next in the average over the last steps


class _MeanWeights:
    """The running mean of a model's weights over the last part of its training."""

    def __init__(self, model: keras.Model, settings: Settings) -> None:
        self._model, self._steps = model, settings.steps
        self._first = settings.steps - round(settings.average * settings.steps)
        self._mean: list[NDArray[np.float64]] = []
        self._count = 0

    def after(self, step: int) -> None:
        """Take the weights of a step in; the last step leaves the mean in the model."""
        if step > self._first and (step % _EVERY == 0 or step == self._steps):
            weights = self._model.get_weights()
            self._count += 1
            if not self._mean:
                self._mean = [w.astype(np.float64) for w in weights]
            for mean, w in zip(self._mean, weights, strict=True):
                mean += (w - mean) / self._count
        if step == self._steps and self._mean:
            self._model.set_weights(self._mean)


def train(
    network: TrainableNetwork,
    source: Source,
    validation: Validation,
    settings: Settings,
    seed: int = 0,
    log: logging.Logger | None = None,
) -> list[dict[str, float]]:
    """Train the network in place. Returns the history: step, points, loss, seconds and the
    validation loss at each prefix length (`validation[n]`, nats; for a regressor the root mean
    square error of each target, `rmse[name, n]`), about 20 rows.

    The same seed, source and machine give the same weights. DivergedError where the loss or a
    validation score is no longer finite.
    """
    log = log or logging.getLogger(__name__)
    keras.utils.set_random_seed(seed)
    batches = _ahead(_batches(network, source, settings, np.random.default_rng(seed)))
    model, history = network.model, []
    mean, lines = _MeanWeights(model, settings), _line_steps(settings.steps)
    losses: list[float] = []
    step, begun = 0, time.perf_counter()
    try:
        network.standardise(*next(batches))
        model.compile(
            optimizer=_OPTIMIZERS[settings.optimizer](
                _schedule(settings), beta_2=_BETA_2, clipnorm=_CLIP_NORM
            ),
            loss=FrameLoss(network.task, network.frames.points, settings.offset),
        )
        held_out = frames(validation.tracks, network.frames)
        for stage in settings.stages:
            for _ in range(stage.steps):
                model.reset_metrics()
                losses.append(float(model.train_on_batch(*next(batches))))
                step += 1
                _check_finite("loss", losses[-1], step, settings)
                mean.after(step)
                if step not in lines:
                    continue
                row = {"step": step, "points": stage.points, "loss": float(np.mean(losses))}
                scores = validation_scores(network, held_out, validation)
                for name, value in scores.items():
                    _check_finite(name, value, step, settings)
                row |= {"seconds": time.perf_counter() - begun, **scores}
                losses.clear()
                history.append(row)
                log.info(_line(row, settings.steps))
    finally:
        batches.close()
    network.about["trained_to"] = int(max(stage.points for stage in settings.stages))
    return history


def _check_finite(name: str, value: float, step: int, settings: Settings) -> None:
    """DivergedError for a loss or a score that is infinite or not a number."""
    if not np.isfinite(value):
        raise DivergedError(
            f"the training diverged: {name} is {value} at step {step} of {settings.steps}; choose"
            f" training.learning_rate below {settings.learning_rate:g}"
        )


def validation_scores(
    network: TrainableNetwork, inputs: Float32Array, validation: Validation
) -> dict[str, float]:
    """Mean log-loss at each prefix length (nats), or root mean square error of each target.
    inputs: the frames of the validation's tracks."""
    answers = network.predict_frames(inputs, validation.at)
    scores = {}
    for i, n in enumerate(validation.at):
        if network.task == "classify":
            sign = 1 - 2 * validation.targets
            scores[f"validation[{n}]"] = float(np.mean(np.logaddexp(0, sign * answers[:, i])))
        else:
            for k, name in enumerate(network.names):
                error = answers[:, i, k] - validation.targets[:, k]
                scores[f"rmse[{name}, {n}]"] = float(np.sqrt(np.mean(error**2)))
    return scores


class FrameLoss(keras.losses.Loss):
    """Mean over tracks of the loss at the frames, weighted by 1/(n + offset) at n points.

    Targets (n_tracks, n_frames, k), or (n_tracks, 1, k) where all frames share them. Classifier:
    log-loss of the logit against a class or its probability, nats. Regressor: minus the log density
    of the target under the normal of the predicted mean and log sd, whose minimum is at the
    posterior's moments; or its mean over targets of which means and then variances are given.
    """

    def __init__(self, task: str, points: int, offset: float) -> None:
        super().__init__(name="frame_loss", reduction=None)
        self._task, self._points, self._offset = task, points, offset

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # The number of frames is not known where a graph serves every length.
        n = self._points * ops.cumsum(ops.ones_like(y_pred[:1, :, 0]), axis=1)
        weight = 1 / (n + self._offset)
        weight = weight / ops.sum(weight)
        if self._task == "classify":
            loss = ops.softplus(y_pred) - y_true * y_pred
        else:
            mean, log_sd = ops.split(y_pred, 2, axis=-1)
            truth, variance = y_true, 0.0
            if y_true.shape[-1] == y_pred.shape[-1]:
                truth, variance = ops.split(y_true, 2, axis=-1)
            loss = log_sd + 0.5 * (ops.square(truth - mean) + variance) * ops.exp(-2 * log_sd)
        return ops.mean(ops.sum(ops.mean(loss, axis=-1) * weight, axis=-1))


def _batches(
    network: TrainableNetwork, source: Source, settings: Settings, random: np.random.Generator
) -> Iterator[_Inputs]:
    """Frames (n_tracks, n_frames, n_channels) and targets (as of `FrameLoss`): first a larger batch
    of the longest tracks, for the standardisation, then one batch a step."""
    longest = max(stage.points for stage in settings.stages)
    sizes = [(max(256, settings.batch), longest)]
    for stage in settings.stages:
        sizes += [(settings.batch, stage.points)] * stage.steps
    kept: dict[bytes, _Inputs] = {}
    for n_tracks, n_points in sizes:
        tracks, targets = source.batch(n_tracks, n_points)
        # The same tracks come again together, and are known by their last points.
        key = tracks[:, -1].tobytes() if settings.keep_frames and n_points == longest else b""
        if key in kept:
            yield kept[key]
            continue
        if "reverse" in settings.augment and random.random() < 0.5:
            tracks = tracks[:, ::-1]
        if "flip" in settings.augment:
            tracks = tracks * random.choice(np.array([-1, 1], np.float32), (len(tracks), 1))
        if callable(targets):
            labels = targets(tracks)
        else:
            labels = np.asarray(targets, np.float32).reshape(len(tracks), 1, -1)
        item = frames(tracks, network.frames), labels
        if key:
            kept[key] = item
        yield item


def _ahead(items: Iterator[_Inputs], n: int = 4) -> Generator[_Inputs, None, None]:
    """The items in order, made in a thread of their own, n of them before they are asked for."""
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, items, None) for _ in range(n))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, items, None))
            yield item


def _schedule(settings: Settings) -> Any:
    warm = max(1, round(_WARM_UP * settings.steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, settings.steps - warm), alpha=0.01,
        warmup_target=settings.learning_rate, warmup_steps=warm,
    )  # fmt: skip


def _line_steps(steps: int) -> set[int]:
    return {round(steps * k / _LINES) for k in range(1, _LINES + 1)} - {0}


def _line(row: Mapping[str, float], steps: int) -> str:
    left = row["seconds"] / row["step"] * (steps - row["step"])
    scores = " ".join(f"{name} {value:.4f}" for name, value in row.items() if "[" in name)
    return (
        f"step {row['step']}/{steps}  points {row['points']}  loss {row['loss']:.4f}"
        f"  {scores}  {row['seconds']:.0f} s, {left:.0f} s left"
    )
