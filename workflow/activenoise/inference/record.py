"""Priors of the parameters of records, those of the instrument among them, and their coordinates.

Every parameter is fixed or has a prior, uniform in it or in its logarithm. For active and
viscoelastic components the natural one is the SHARE of the motion that they make, uniform
from `LEAST_SHARE` to 1:

    active_share  = a/(D + a), a = D_a/(1 + kappa tau_a): the part of C(0) that is active
                    (for a free tracer, of the long-time diffusivity);
    element_share = strength/(1 + strength): the part of the slow friction that is the element's.

It has no scale, and little of it is spent on components that no record would show: with a prior
uniform in log D_a over many decades most "active" tracers would be passive to the eye, and
P(active) of a passive record would stay near 1/2. "Active" thus means: at least LEAST_SHARE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.special import ndtr

from activenoise.arrays import FloatArray
from activenoise.parameters import MEASURED, PARAMETERS, SHARES, Range, parameter_range
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.models import AOUP, Passive, Viscoelastic
from activenoise.physics.priors import Axis
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.shares import active_diffusivity, active_share

COORDINATES = {
    model: tuple(SHARES.get(name, name) for name in PARAMETERS[model])
    for model in ("Passive", "Viscoelastic", "AOUP")
}
OFF = {name: Axis(*parameter_range(name, "off")) for name in MEASURED}
LEAST_SHARE = 0.05  # of the motion that a component makes by default
FASTEST = 1e-3  # s, the shortest relaxation of an active or viscoelastic component by default
_DRIFT_REACH = (0.03, 10.0)  # rms of the record
Kind = Literal["exact", "camera", "detector", "unknown"]


class Record(NamedTuple):
    """positions: (n_points,), length, NaN where missing. dt: s."""

    positions: FloatArray
    dt: float


def default_prior(
    records: Sequence[Record], kind: Kind = "unknown", free: bool = False
) -> dict[str, Axis]:
    """Priors for records about which nothing is known, in units of their own dt and rms step.

    kind: "exact" positions; a "camera" with localisation noise and motion blur; a "detector" with
    noise and a first-order low-pass; "unknown": noise, blur and low-pass. free: no trap.
    Every axis can be replaced (`chosen_prior`); one of no width fixes its parameter.
    """
    dt = min(record.dt for record in records)
    duration = max(len(record.positions) * record.dt for record in records)
    steps = np.concatenate([np.diff(record.positions) for record in records])
    square = float(np.nanmean(steps**2))
    if not square > 0:
        raise ValueError("the record never moves, or no two of its points are neighbours")
    slowest = duration / 10
    # What an instrument leaves between neighbours is hard to tell from a component of a few points.
    # Nothing in a cell is known to push for less than a millisecond; the inertia of water does.
    fastest = max(2 * dt if kind == "exact" else 10 * dt, FASTEST)
    fastest = min(fastest, slowest / 10)
    scale = square / (2 * dt)
    prior = {
        "kappa": Axis(0.0, 0.0) if free else Axis(0.5 / duration, 2 / dt, log=True),
        "D": Axis(1e-2 * scale, 1e2 * scale, log=True),
        "active_share": Axis(LEAST_SHARE, 1.0),
        "tau_a": Axis(fastest, slowest, log=True),
        "element_share": Axis(LEAST_SHARE, 1.0),
        "tau_m": Axis(fastest, slowest, log=True),
        **OFF,
    }
    if kind != "exact":
        prior["noise"] = Axis(0.0, float(np.sqrt(square / 2)))
    if kind in ("camera", "unknown"):
        prior["exposure"] = Axis(0.0, 1.0)
    if kind in ("detector", "unknown"):
        prior["corner"] = Axis(0.02 / dt, 2 / dt, log=True)
    if kind == "detector":
        prior["relaxed"] = Axis(0.0, 1.0)
    return prior


def chosen_prior(
    records: Sequence[Record],
    kind: Kind = "unknown",
    free: bool = False,
    given: Mapping[str, Range] | None = None,
) -> dict[str, Axis]:
    """`default_prior` with the axes of `given` in place of its own: low, high and whether uniform
    in the logarithm, by parameter; D_a or strength take the place of the share."""
    prior = default_prior(records, kind, free)
    for name, axis in (given or {}).items():
        prior.pop(SHARES.get(name, name), None)
        prior[name] = Axis(*axis)
    return prior


def drift_prior(records: Sequence[Record]) -> Axis:
    """Of the diffusivity of a drift, a random walk that by the end of the records makes between
    0.03 and 10 times their root mean square, uniform in the logarithm."""
    duration = max(len(record.positions) * record.dt for record in records)
    square = float(np.mean([np.nanvar(record.positions) for record in records]))
    least, most = (reach**2 * square / (2 * duration) for reach in _DRIFT_REACH)
    return Axis(least, most, log=True)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The unknown parameters of one model as coordinates whose prior is a standard normal.

    names: of the unknown, in order. A coordinate z stands for the parameter at the prior's
    cumulative probability Phi(z). A prior of `step`, the rms step of the record, takes the place of
    D's, and makes noise and drift parts of it (`scale_free.in_units_of_step`; points are 1 s
    apart).
    """

    model_name: str
    prior: Mapping[str, Axis]

    @property
    def _axes(self) -> dict[str, Axis]:
        names = list(COORDINATES[self.model_name])
        for parameter, share in SHARES.items():
            if share in names and parameter in self.prior:
                names[names.index(share)] = parameter
        if "step" in self.prior:
            names[names.index("D")] = "step"
        missing = [name for name in names if name not in self.prior]
        if missing:
            raise ValueError(f"{self.model_name}: no prior for {', '.join(missing)}")
        measurement = {name: self.prior.get(name, OFF[name]) for name in MEASURED}
        return {**{name: self.prior[name] for name in names}, **measurement}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, axis in self._axes.items() if not axis.fixed)

    def parameters(self, z: FloatArray) -> dict[str, FloatArray]:
        """Every parameter of model and instrument at coordinates z (m, d), by name, each (m,)."""
        values: dict[str, FloatArray] = {}
        column = 0
        for name, axis in self._axes.items():
            if axis.fixed:
                values[name] = np.full(len(z), axis.low)
            else:
                # Away from the ends, where a share of 1 would be an infinite D_a.
                u = np.clip(ndtr(z[:, column]), 1e-12, 1 - 1e-12)
                values[name] = axis.quantile(u)
                column += 1
        if "step" in values:
            values = in_units_of_step(self.model_name, values)
        elif "active_share" in values:
            values["D_a"] = active_diffusivity(
                *(values[n] for n in ("active_share", "kappa", "D", "tau_a"))
            )
        elif "D_a" in values:
            values["active_share"] = active_share(
                *(values[n] for n in ("kappa", "D", "D_a", "tau_a"))
            )
        if "element_share" in values:
            values["strength"] = values["element_share"] / (1 - values["element_share"])
        elif "strength" in values:
            values["element_share"] = values["strength"] / (1 + values["strength"])
        return values

    def build(
        self, z: FloatArray, baseline: Baseline
    ) -> tuple[Passive | Viscoelastic | AOUP, Instrument]:
        """Models and instruments, each a batch of m."""
        values = self.parameters(z)
        return linear_model(self.model_name, values), instrument_of(values, baseline)


def linear_model(
    model_name: str, values: Mapping[str, FloatArray]
) -> Passive | Viscoelastic | AOUP:
    """The model of this name with these parameters; RBP as the AOUP that has its covariance."""
    kappa, D = values["kappa"], values["D"]
    if model_name == "Passive":
        return Passive(kappa, D)
    if model_name == "Viscoelastic":
        return Viscoelastic(kappa, D, values["strength"], values["tau_m"])
    return AOUP(kappa, D, values["D_a"], values["tau_a"])


def instrument_of(values: Mapping[str, FloatArray], baseline: Baseline = "zero") -> Instrument:
    """The instrument with these parameters."""
    measured: dict[str, Any] = {name: values[name] for name in MEASURED}
    return Instrument(**measured, baseline=baseline)
