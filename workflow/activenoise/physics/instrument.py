"""What an instrument makes of a tracer's positions before they are a record.

    recorded_n = baseline(t_n) + (1/E) integral over [t_n - E, t_n] of q(t) dt + noise xi_n,
    E = exposure dt,   q = relaxed (x + b) + (1 - relaxed) l,   dl/dt = 2 pi corner (x + b - l),

with x the tracer and b a drift. Each of these leaves memory in the record of a passive tracer,
which a comparison of models without an instrument takes for activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.parameters import MEASURED, REGISTRY

Baseline = Literal["zero", "constant", "linear"]


@dataclass(frozen=True, eq=False)
class Instrument:
    """A measurement; everything is off by default. Numbers are scalars or arrays of one shape.

    noise: standard deviation of the localisation noise, length, white.
    exposure: fraction of dt, 0 to 1, over which the position is averaged (motion blur). The
        average ENDS at the time of the point.
    corner: corner frequency (Hz) of a first-order low-pass, infinite without one. `relaxed`: the
        fraction alpha of the signal that passes at once, so that the power is multiplied by
        alpha^2 + (1 - alpha^2)/(1 + (f/corner)^2), the diode of lumicks.pylake's calibrations.
    drift: diffusivity (length^2/s) of a slow motion of the instrument, added to the position:
        a random walk, or with a finite `drift_time` (s) one that relaxes, an Ornstein-Uhlenbeck
        process of variance drift x drift_time.
    baseline: the zero of the record. "zero": at the centre of the trap. "constant": unknown, and
        "linear": unknown with an unknown velocity; these are marginalised with a flat prior.
    """

    noise: ArrayLike = 0.0
    exposure: ArrayLike = 0.0
    corner: ArrayLike = np.inf
    relaxed: ArrayLike = 0.0
    drift: ArrayLike = 0.0
    drift_time: ArrayLike = np.inf
    baseline: Baseline = "zero"

    def __post_init__(self) -> None:
        for name, value in self.parameters.items():
            right = REGISTRY[name].contains(value)
            if not np.all(right):
                wrong = value[~right].flat[0]
                raise ValueError(f"Instrument: {name} = {wrong:g} {REGISTRY[name].need}")
        if self.baseline not in get_args(Baseline):
            raise ValueError(
                f"Instrument: baseline = {self.baseline!r} must be one of "
                f"{', '.join(get_args(Baseline))}"
            )

    @property
    def parameters(self) -> dict[str, FloatArray]:
        """The numbers by name."""
        return {name: np.asarray(getattr(self, name), np.float64) for name in MEASURED}

    @property
    def walks(self) -> NDArray[np.bool_]:
        """Whether the drift has no place that it returns to."""
        drift, time = self.parameters["drift"], self.parameters["drift_time"]
        return (drift > 0) & ~np.isfinite(time)

    @property
    def unknowns(self) -> int:
        """How many coefficients the baseline has."""
        return get_args(Baseline).index(self.baseline)
