"""Priors of the model parameters: each fixed, uniform or log-uniform.

`parameters` reads their forms in the config and in text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.parameters import PARAMETERS, Range, is_bare, study_ranges
from activenoise.physics.models import MODELS, Model


class Axis(Range):
    """The prior of one parameter as a distribution: uniform in it, or in its logarithm."""

    @property
    def width(self) -> float:
        """Extent in the variable in which the prior is uniform."""
        return float(np.log(self.high / self.low)) if self.log else self.high - self.low

    def quantile(self, u: FloatArray) -> FloatArray:
        """Value at cumulative probability u."""
        if self.fixed:
            return np.full_like(u, self.low)
        if self.log:
            return self.low * (self.high / self.low) ** u
        return self.low + (self.high - self.low) * u

    def cumulative(self, values: FloatArray) -> FloatArray:
        """Cumulative probability of values: 0 below the range, 1 above it. No fixed axis has it."""
        high, low, at = self.high, self.low, values
        if self.log:
            high, low, at = np.log(high), np.log(low), np.log(np.maximum(values, self.low))
        return np.clip((at - low) / (high - low), 0.0, 1.0)

    def narrowed(self, low: float, high: float) -> Axis:
        """The same kind of axis over the part of its range inside [low, high]."""
        return Axis(max(self.low, low), min(self.high, high), self.log)

    def nodes(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Gauss-Legendre nodes over the range, and their prior weights (sum 1)."""
        if self.fixed:
            return np.array([self.low]), np.ones(1)
        u, weight = np.polynomial.legendre.leggauss(count)
        return self.quantile(0.5 * (u + 1)), 0.5 * weight


@dataclass(frozen=True)
class Prior:
    """Independent priors of the parameters of one model, by name.

    Those of a study may be those of its instrument too (`MEASURED`), and active_share in place of
    D_a; and a scale-free study has no D. Its tracks are then drawn by `recording.draw`.
    """

    axes: Mapping[str, Axis]

    @property
    def fixed(self) -> bool:
        """Whether every parameter is known."""
        return all(axis.fixed for axis in self.axes.values())

    @property
    def bare(self) -> bool:
        """Whether the tracks are the tracer's own positions and the models' parameters given."""
        return is_bare(self.axes)

    def values(
        self, names: Sequence[str], seed: int, n_tracks: int, first: int = 0
    ) -> dict[str, FloatArray]:
        """Values of these parameters, each (n_tracks,). What track i gets depends on (seed, i) and
        the parameter's name alone."""
        index = np.arange(first, first + n_tracks, dtype=np.uint64)
        found = {}
        for name in names:
            # The first eight letters tell the names apart.
            salt = int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")
            found[name] = self.axes[name].quantile(_uniform(seed, salt, index))
        return found

    def draw(self, model_name: str, seed: int, n_tracks: int, first: int = 0) -> Model:
        """Models of the tracks first ... first + n_tracks - 1, shape (n_tracks,).

        The draw of track i depends on (seed, i) and the parameter's name alone.
        """
        return MODELS[model_name](**self.values(PARAMETERS[model_name], seed, n_tracks, first))

    def single(self, model_name: str) -> Model:
        """The model whose parameters are all fixed; ValueError where one is not."""
        free = [name for name in PARAMETERS[model_name] if not self.axes[name].fixed]
        if free:
            raise ValueError(f"{model_name}: {', '.join(free)} not fixed")
        return MODELS[model_name](**{n: self.axes[n].low for n in PARAMETERS[model_name]})


def parse_prior(parameters: Mapping[str, Any]) -> Prior:
    """The prior of a study, from the config. ValueError as of `parameters.study_ranges`."""
    return Prior({name: Axis(*found) for name, found in study_ranges(parameters).items()})


def _uniform(seed: int, salt: int, index: NDArray[np.uint64]) -> FloatArray:
    """Uniform numbers in (0, 1), one an index: splitmix64 of (seed, salt, index)."""
    golden = np.uint64(0x9E3779B97F4A7C15)

    def mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    key = mix(np.array([seed % 2**64], np.uint64) ^ mix(np.array([salt], np.uint64)))
    bits = mix(mix(key + golden * (index + np.uint64(1))) + golden)
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
