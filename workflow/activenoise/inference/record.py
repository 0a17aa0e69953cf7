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
from scipy.special import ndtr, ndtri

from activenoise.arrays import FloatArray
from activenoise.parameters import (
    MEASURED,
    MEDIA,
    PARAMETERS,
    SHARES,
    TWINS,
    Range,
    parameter_range,
)
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.media import Elements, Tracer, active_variance, power_law
from activenoise.physics.models import AOUP, Passive, Viscoelastic
from activenoise.physics.priors import Axis
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.shares import active_diffusivity, active_share
from activenoise.physics.system import LinearModel

# The cells of the grid of media and drives that are linear.
LINEAR = ("Passive", "Viscoelastic", "PowerLaw", "AOUP", "ViscoelasticAOUP", "PowerLawAOUP")
COORDINATES = {
    model: tuple(SHARES.get(name, name) for name in PARAMETERS[model]) for model in LINEAR
}
OFF = {name: Axis(*parameter_range(name, "off")) for name in MEASURED}
LEAST_SHARE = 0.05  # of the motion that a component makes by default
FASTEST = 1e-3  # s, the shortest relaxation of an active or viscoelastic component by default
_DRIFT_REACH = (0.03, 10.0)  # rms of the record
_EXPONENTS = (0.05, 0.95)  # of a power-law medium; at 1 it is a simple liquid
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
    # A detector's response is known less well than a camera's, and is hard to tell from a component
    # of a few points. Nothing in a cell is known to push for less than a millisecond; the inertia
    # of water does.
    fastest = max(dt if kind in ("exact", "camera") else 10 * dt, FASTEST)
    fastest = min(fastest, slowest / 10)
    scale = square / (2 * dt)
    prior = {
        "kappa": Axis(0.0, 0.0) if free else Axis(0.5 / duration, 2 / dt, log=True),
        "D": Axis(1e-2 * scale, 1e2 * scale, log=True),
        "active_share": Axis(LEAST_SHARE, 1.0),
        "tau_a": Axis(fastest, slowest, log=True),
        "element_share": Axis(LEAST_SHARE, 1.0),
        "tau_m": Axis(fastest, slowest, log=True),
        "medium_strength": Axis(LEAST_SHARE, max(duration / dt, 10.0), log=True),
        "alpha": Axis(*_EXPONENTS),
        "tau_min": Axis(dt, dt),
        "tau_max": Axis(duration, duration),
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


def drift_prior(records: Sequence[Record]) -> dict[str, Axis]:
    """Of the diffusivity of a drift, a random walk that by the end of the records makes between
    0.03 and 10 times their root mean square, uniform in the logarithm."""
    duration = max(len(record.positions) * record.dt for record in records)
    square = _mean_square(records)
    least, most = (reach**2 * square / (2 * duration) for reach in _DRIFT_REACH)
    return {"drift": Axis(least, most, log=True)}


def wander_prior(records: Sequence[Record], prior: Mapping[str, Axis]) -> dict[str, Axis]:
    """Of a slow motion of the instrument that relaxes: its time, between the shortest one of a
    component of the tracer and the duration of the records, and a diffusivity that makes its root
    mean square between 0.03 times that of the records (at the longest time) and theirs (at the
    shortest), uniform in the logarithm."""
    duration = max(len(record.positions) * record.dt for record in records)
    shortest = max(prior["tau_m"].low, 10 * min(record.dt for record in records))
    square = _mean_square(records)
    time = Axis(min(shortest, duration / 10), duration, log=True)
    least = _DRIFT_REACH[0] ** 2 * square / time.high
    return {"drift": Axis(least, square / time.low, log=True), "drift_time": time}


def _mean_square(records: Sequence[Record]) -> float:
    return float(np.mean([np.nanvar(record.positions) for record in records]))


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
        if "element_share" in values:
            values["strength"] = values["element_share"] / (1 - values["element_share"])
        elif "strength" in values:
            values["element_share"] = values["strength"] / (1 + values["strength"])
        if "step" in values:
            values = in_units_of_step(self.model_name, values)
        elif "tau_a" in values and MEDIA[self.model_name] == "Simple":
            if "active_share" in values:
                values["D_a"] = active_diffusivity(
                    *(values[n] for n in ("active_share", "kappa", "D", "tau_a"))
                )
            else:
                values["active_share"] = active_share(
                    *(values[n] for n in ("kappa", "D", "D_a", "tau_a"))
                )
        elif "tau_a" in values:
            of_one = _active_part(self.model_name, values)
            if "active_share" in values:
                share = values["active_share"]
                values["D_a"] = share / (1 - share) / of_one
            else:
                active = values["D_a"] * of_one
                values["active_share"] = active / (1 + active)
        return values

    def near(self, parameters: Mapping[str, FloatArray]) -> tuple[list[int], FloatArray]:
        """Where in this prior draws lie that were made under another, parameters by name, each
        (m,): the columns of those that are unknown here, and their coordinates (m, columns)."""
        axes = [axis for axis in self._axes.items() if not axis[1].fixed]
        columns = [column for column, (name, _) in enumerate(axes) if name in parameters]
        inside = [axes[c][1].cumulative(parameters[axes[c][0]]) for c in columns]
        return columns, ndtri(np.clip(inside, 1e-6, 1 - 1e-6)).T

    def build(self, z: FloatArray, baseline: Baseline) -> tuple[LinearModel, Instrument]:
        """Models and instruments, each a batch of m."""
        values = self.parameters(z)
        return linear_model(self.model_name, values), instrument_of(values, baseline)


def linear_model(model_name: str, values: Mapping[str, FloatArray]) -> LinearModel:
    """The model of this name with these parameters; an RBP as the AOUP of its covariance."""
    model_name = TWINS.get(model_name, model_name)
    kappa, D = values["kappa"], values["D"]
    if model_name == "Passive":
        return Passive(kappa, D)
    if model_name == "Viscoelastic":
        return Viscoelastic(kappa, D, values["strength"], values["tau_m"])
    if model_name == "AOUP":
        return AOUP(kappa, D, values["D_a"], values["tau_a"])
    kappa, D = np.atleast_1d(kappa), np.atleast_1d(D)
    drive = [np.atleast_1d(values[name]) for name in ("D_a", "tau_a") if name in values]
    return Tracer(kappa, D, elements_of(model_name, values), *drive)


def elements_of(model_name: str, values: Mapping[str, FloatArray]) -> Elements:
    """The Maxwell elements of the medium of a model, (m, K); none of a simple liquid."""
    if MEDIA[model_name] == "Simple":
        none = np.empty((np.size(values["kappa"]), 0))
        return Elements(none, none)
    if MEDIA[model_name] == "PowerLaw":
        ends = (float(np.min(values["tau_min"])), float(np.max(values["tau_max"])))
        strength, alpha = (np.atleast_1d(values[n]) for n in ("medium_strength", "alpha"))
        return power_law(alpha, strength, *ends)
    return Elements(*(np.atleast_1d(values[name])[:, None] for name in ("strength", "tau_m")))


def _active_part(model_name: str, values: Mapping[str, FloatArray]) -> FloatArray:
    """What a drive of D_a = 1 adds to C(0) in a medium of Maxwell elements, over the thermal part
    of it; of a free tracer, to the diffusivity at long times."""
    kappa, D, tau_a = (values[name] for name in ("kappa", "D", "tau_a"))
    elements = elements_of(model_name, values)
    free = kappa == 0
    friction = 1 + elements.strength.sum(axis=1)
    part = active_variance(np.where(free, 1.0, kappa), elements, tau_a)
    return np.where(free, 1 / (D * friction), kappa / D * part)


def instrument_of(values: Mapping[str, FloatArray], baseline: Baseline = "zero") -> Instrument:
    """The instrument with these parameters."""
    measured: dict[str, Any] = {name: values[name] for name in MEASURED}
    return Instrument(**measured, baseline=baseline)
