"""Exact labels: the probability of the second class given a track so far and its own parameters.

A simulated track comes with more than the class c that was drawn for it: with the parameters theta
of its own, and so with

    l_n = P(c = 1 | x_1 ... x_n, theta) = p_1/(p_0 + p_1),   p_c = p(x_1 ... x_n | c, theta),

classes being equally likely. E[c | x_1 ... x_n] = E[l_n | x_1 ... x_n] by the tower property, so
the log-loss against l_n has the same minimum as that against c, the posterior of a network that
does not know theta, and hardly any noise of the label is left: what remains is that of theta.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.files import DataSet
from activenoise.learning.batches import Array
from activenoise.likelihood.positions import log_likelihood
from activenoise.parameters import PARAMETERS
from activenoise.physics.models import MODELS, Model
from activenoise.physics.priors import parse_prior
from activenoise.studies.scoring import probability


class ExactLabels:
    """Labels of the tracks of two data sets, one a class, of exact positions.

    parameters: of the study, in config form. What a class does not have, such as D_a of passive
    tracks, is drawn from its prior: that is the same whichever class was drawn. points: of a
    frame, at whose ends labels are wanted.
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
        wanted = sorted({name for model in self._names for name in PARAMETERS[model]})
        self._values = []
        for data_set in data_sets:
            lacking = [name for name in wanted if name not in data_set.parameters]
            drawn = prior.values(lacking, seed, len(data_set))
            self._values.append({**data_set.parameters, **drawn})

    def __call__(self, rows: slice, tracks: Array) -> Array:
        """Labels (n_tracks, n_frames, 1) of windows of the tracks `rows` of each class in turn,
        (n_tracks, n_points), mirrored or not, and reversed or not."""
        at = np.arange(self._points, tracks.shape[1] + 1, self._points)
        first, second = (
            log_likelihood(self._model(name, rows), tracks, self._dt, at) for name in self._names
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
