"""From the settings of the config to an untrained network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import Float32Array
from activenoise.files import DataSet
from activenoise.learning.angle_bank import AngleBank
from activenoise.learning.exact_labels import ExactLabels
from activenoise.learning.exact_moments import ExactMoments
from activenoise.learning.frames import FrameSpec, rms_increment
from activenoise.learning.networks import TrainableNetwork, build_feedforward, build_lstm
from activenoise.physics.priors import Prior, parse_prior
from activenoise.physics.system import mean_square_displacement
from activenoise.simulation.recorded import draw


def build(
    settings: Mapping[str, Any],
    parameters: Mapping[str, Any],
    dt: float,
    task: str,
    names: Sequence[str],
    seed: int,
) -> TrainableNetwork:
    """A network by its settings (schema: $defs/network) for tracks at interval dt (s).

    parameters: the study's, in config form. Where all are fixed, frames are in units of the rms
    increment; where not, in units of the track's own, and a bank of angle filters is laid over the
    prior; where they have no D (a scale-free study), frames are invariant. task: `classify` or
    `estimate`.
    """
    prior = parse_prior(parameters)
    about = dict(settings["frames"])
    if settings["kind"] == "feedforward":
        about["size"] = settings["points"] // about["stride"]
    scale = _known_scale(prior, dt, about["stride"]) if prior.fixed else 0.0
    bank = None
    if about.pop("angle_bank", False):
        bank = AngleBank.over(prior, dt * about["stride"], about["size"])
    spec = FrameSpec(scale=scale, bank=bank, invariant="D" not in prior.axes, **about)
    dense = settings["dense"]
    if settings["kind"] == "feedforward":
        return build_feedforward(spec, dt, task, names, dense, seed)
    return build_lstm(
        spec,
        dt,
        task,
        names,
        head=settings["head"],
        units=settings["units"],
        dense=dense,
        activation=settings["activation"],
        seed=seed,
    )


def exact_labels(
    data_sets: Sequence[DataSet],
    parameters: Mapping[str, Any],
    targets: Sequence[str] | None,
    points: int,
    seed: int,
) -> Callable[[slice, Float32Array], Float32Array]:
    """What a network learns from in place of the drawn classes, or of the drawn values of `targets`
    of the only data set. parameters: the study's, in config form; points: of a frame."""
    if targets:
        return ExactMoments(data_sets[0], parameters, targets, points)
    return ExactLabels(data_sets, parameters, points, seed)


def _known_scale(prior: Prior, dt: float, stride: int) -> float:
    """Rms increment over `stride` points of the recorded tracks of an AOUP that is known."""
    if prior.bare:
        return rms_increment(prior.single("AOUP"), dt, stride)
    model, instrument, _ = draw(prior, "AOUP", 0, 1)
    return float(np.sqrt(mean_square_displacement(model, instrument, dt, stride)[0]))
