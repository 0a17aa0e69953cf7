"""Exact labels: the probability of the second class given a track so far and its own parameters.

A simulated track comes with more than the class c that was drawn for it: with the parameters theta
of its own, those of its instrument among them, and so with

    l_n = P(c = 1 | x_1 ... x_n, theta) = p_1/(p_0 + p_1),   p_c = p(x_1 ... x_n | c, theta),

classes being equally likely. E[c | x_1 ... x_n] = E[l_n | x_1 ... x_n] by the tower property, so
the log-loss against l_n has the same minimum as that against c, the posterior of a network that
does not know theta, and hardly any noise of the label is left: what remains is that of theta.

A network of a scale-free study does not know the zero of a track either. There p_c is the density
of the track up to a constant, which a drift that walks has too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import Float32Array, FloatArray
from activenoise.files import DataSet
from activenoise.likelihood import positions, recorded
from activenoise.parameters import MEASURED, PARAMETERS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, MODELS, Model, Passive
from activenoise.physics.priors import Prior, parse_prior
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.shares import active_diffusivity
from activenoise.physics.system import discretise, mean_square_displacement, packed
from activenoise.studies.scoring import probability

_OPTICS = ("exposure", "corner", "relaxed")  # what an instrument makes of a step of the tracer


class ExactLabels:
    """Labels of the tracks of two data sets, one a class.

    parameters: of the study, in config form. What a class does not have, such as D_a of passive
    tracks, is drawn from its prior: that is the same whichever class was drawn. points: of a
    frame, at whose ends labels are wanted. Through an instrument both models must be linear.
    """

    def __init__(
        self,
        data_sets: Sequence[DataSet],
        parameters: Mapping[str, Any],
        points: int,
        seed: int = 0,
    ) -> None:
        prior = parse_prior(parameters)
        self._names = [data_set.model_name for data_set in data_sets]
        self._dt, self._points, self._prior = data_sets[0].dt, points, prior
        self._values = []
        for data_set in data_sets:
            lacking = [name for name in prior.axes if name not in data_set.parameters]
            drawn = prior.values(lacking, seed, len(data_set))
            self._values.append({**data_set.parameters, **drawn})
        self._systems: dict[str, list[FloatArray]] = {}
        if not prior.bare:
            self._systems = {
                name: [
                    _systems(name, values, own, prior, self._dt)
                    for own, values in zip(self._names, self._values, strict=True)
                ]
                for name in self._names
            }

    def __call__(self, rows: slice, tracks: Float32Array) -> Float32Array:
        """Labels (n_tracks, n_frames, 1) of windows of the tracks `rows` of each class in turn,
        (n_tracks, n_points), mirrored or not, and reversed or not."""
        at = np.arange(self._points, tracks.shape[1] + 1, self._points)
        if self._prior.bare:
            first, second = (
                positions.log_likelihood(self._model(name, rows), tracks, self._dt, at)
                for name in self._names
            )
        else:
            first, second = (
                recorded.log_likelihood(
                    np.concatenate([each[:, rows] for each in self._systems[name]], axis=1),
                    tracks,
                    at,
                    known_zero="D" in self._prior.axes,
                )
                for name in self._names
            )
        return probability(second - first).astype(np.float32)[..., np.newaxis]

    def _model(self, name: str, rows: slice) -> Model:
        """One model where all parameters are known, or else one a track."""
        if self._prior.fixed:
            return self._prior.single(name)
        return MODELS[name](
            **{
                parameter: np.concatenate([values[parameter][rows] for values in self._values])
                for parameter in PARAMETERS[name]
            }
        )


def _systems(
    name: str, values: Mapping[str, FloatArray], own: str, prior: Prior, dt: float
) -> FloatArray:
    """The systems (28, n_tracks) of a model for tracks that were drawn from the model `own`, seen
    through their instruments; values: all that was drawn for them."""
    optics: dict[str, Any] = {n: values[n] for n in _OPTICS if n in values}
    measured: dict[str, Any] = {n: values[n] for n in MEASURED if n in values}
    if "D" not in prior.axes:
        # The tracer's part of the rms step, which noise and drift leave, is that of either model.
        drawn = _linear(own, values)
        step = np.sqrt(mean_square_displacement(drawn, Instrument(**optics), dt))
        shares = {n: values[n] for n in ("kappa", "tau_a", "active_share")}
        values = in_units_of_step(name, {**shares, **optics, "step": step})
    elif "active_share" in prior.axes:
        share = (values[n] for n in ("active_share", "kappa", "D", "tau_a"))
        values = {**values, "D_a": active_diffusivity(*share)}
    return packed(discretise(_linear(name, values), Instrument(**measured), dt))


def _linear(name: str, values: Mapping[str, FloatArray]) -> Passive | AOUP:
    model = MODELS[name](**{parameter: values[parameter] for parameter in PARAMETERS[name]})
    assert isinstance(model, Passive | AOUP)
    return model
