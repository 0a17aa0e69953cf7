"""What every parameter is, and how a prior of it is written. Needs no numerics.

`REGISTRY` has one row a parameter. Whatever lists parameters, checks their values, prints their
units or names them in figures and sentences, reads it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Part = Literal["model", "share", "instrument", "scale", "reading"]


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    part: "model", of the equations of motion; "share", a form of one of those that has no scale;
    "instrument", of what an `Instrument` makes of the positions; "scale", the unit of a scale-free
    record; "reading", what follows from the others where a fit is read as an RBP.
    symbol: for figures, in Matplotlib's mathtext. powers: of length and time (s) in the unit.
    values: a key of `_NEED`. words: for people, of a trapped tracer; free_words: of a free one,
    where they differ. off: the value at which a part of the instrument does nothing.
    """

    name: str
    part: Part
    symbol: str
    powers: tuple[int, int]
    values: str
    words: str
    free_words: str = ""
    off: float | None = None

    @property
    def may_vanish(self) -> bool:
        return self.values[0] == "["

    @property
    def need(self) -> str:
        """What a value must be, for messages."""
        return _NEED[self.values]

    def contains(self, value: Any) -> Any:
        """Whether a number is a value of the parameter; of an array, which of its numbers are."""
        top = 1.0 if "1" in self.values else math.inf
        low = value >= 0 if self.may_vanish else value > 0
        return low & (value <= top if self.values[-1] == "]" else value < top)

    def unit(self, length: str) -> str:
        """The unit as it is printed, lengths in the unit `length`; empty for a pure number."""
        if self.name == "corner":
            return "Hz"
        powers = zip((length, "s"), self.powers, strict=True)
        return " ".join(f"{unit}{_SUPERSCRIPTS[n]}" for unit, n in powers if n)

    def words_of(self, free: bool) -> str:
        """What the parameter is, of a free or of a trapped tracer."""
        return (free and self.free_words) or self.words


_SUPERSCRIPTS = {-2: "⁻²", -1: "⁻¹", 1: "", 2: "²"}
_NEED = {
    "(0, ∞)": "must be positive and finite",
    "(0, ∞]": "must be positive",
    "[0, ∞)": "must be finite, not negative",
    "[0, 1]": "must lie in 0 ... 1",
}
_ROWS = (
    # A free tracer is one of kappa = 0.
    Parameter("kappa", "model", "κ", (0, -1), "[0, ∞)", "relaxation rate κ in the trap"),
    Parameter("D", "model", "$D$", (2, -1), "(0, ∞)", "thermal diffusivity D"),
    Parameter("active_share", "share", "active share", (0, 0), "[0, 1]",
              "active share of the motion", "active share of the long-time diffusivity"),
    Parameter("D_a", "model", r"$D_{\mathrm{a}}$", (2, -1), "[0, ∞)", "active diffusivity Dₐ"),
    Parameter("tau_a", "model", r"$\tau_{\mathrm{a}}$", (0, 1), "(0, ∞)",
              "persistence time τₐ of the propulsion"),
    Parameter("element_share", "share", "element's share", (0, 0), "[0, 1]",
              "share of the friction that relaxes"),
    Parameter("strength", "model", "strength", (0, 0), "[0, ∞)",
              "strength of the viscoelastic element"),
    Parameter("medium_strength", "model", "strength of the medium", (0, 0), "[0, ∞)",
              "friction of the power-law medium over the solvent's"),
    Parameter("alpha", "model", "α", (0, 0), "[0, 1]", "exponent α of the power-law medium"),
    Parameter("tau_min", "model", r"$\tau_{\mathrm{min}}$", (0, 1), "(0, ∞)",
              "shortest relaxation time of the power-law medium"),
    Parameter("tau_max", "model", r"$\tau_{\mathrm{max}}$", (0, 1), "(0, ∞)",
              "longest relaxation time of the power-law medium"),
    Parameter("tau_m", "model", r"$\tau_{\mathrm{m}}$", (0, 1), "(0, ∞)",
              "relaxation time τₘ of the medium"),
    Parameter("noise", "instrument", "noise", (1, 0), "[0, ∞)", "localisation noise", off=0.0),
    Parameter("exposure", "instrument", "exposure", (0, 0), "[0, 1]",
              "exposure, as a part of the interval", off=0.0),
    Parameter("corner", "instrument", "corner", (0, -1), "(0, ∞]",
              "corner frequency of the detector", off=math.inf),
    Parameter("relaxed", "instrument", "relaxed", (0, 0), "[0, 1]",
              "part of the signal that passes the detector at once", off=0.0),
    Parameter("drift", "instrument", "drift", (2, -1), "[0, ∞)",
              "diffusivity of the drift", off=0.0),
    Parameter("drift_time", "instrument", r"$\tau_{\mathrm{drift}}$", (0, 1), "(0, ∞]",
              "time over which the drift relaxes", off=math.inf),
    Parameter("step", "scale", "step", (1, 0), "(0, ∞)", "root mean square step"),
    Parameter("D_rot", "reading", r"$D_{\mathrm{rot}}$", (0, -1), "(0, ∞)",
              "rotational diffusivity"),
    Parameter("D_a_prime", "reading", r"$D_{\mathrm{a}}'$", (2, -2), "[0, ∞)",
              "active diffusivity over τₐ"),
    Parameter("v0", "reading", "$v_0$", (1, -1), "[0, ∞)", "speed of the propulsion"),
)  # fmt: skip
REGISTRY = {row.name: row for row in _ROWS}
# The parameters that may have a prior; shares, and those of the instrument.
WITH_PRIOR = tuple(n for n, row in REGISTRY.items() if row.part not in ("scale", "reading"))
MEASURED = tuple(n for n, row in REGISTRY.items() if row.part == "instrument")
FRACTIONS = frozenset(n for n, row in REGISTRY.items() if row.values == "[0, 1]")
# Two forms of one parameter: where one of a pair has a prior, the other follows.
SHARES = {"D_a": "active_share", "strength": "element_share"}

# Parameters of each model by name.
PARAMETERS = {
    "Passive": ("kappa", "D"),
    "Viscoelastic": ("kappa", "D", "strength", "tau_m"),
    "AOUP": ("kappa", "D", "D_a", "tau_a"),
    "PowerLaw": ("kappa", "D", "medium_strength", "alpha", "tau_min", "tau_max"),
    "ViscoelasticAOUP": ("kappa", "D", "strength", "tau_m", "D_a", "tau_a"),
    "PowerLawAOUP": (
        "kappa", "D", "medium_strength", "alpha", "tau_min", "tau_max", "D_a", "tau_a",
    ),
}  # fmt: skip
# The models whose propulsion is not Gaussian, and the linear model of the same covariance.
TWINS = {
    "RBP": "AOUP",
    "RTP": "AOUP",
    "ViscoelasticRBP": "ViscoelasticAOUP",
    "PowerLawRBP": "PowerLawAOUP",
}
PARAMETERS |= {name: PARAMETERS[twin] for name, twin in TWINS.items()}
DRIVES = {name: name[-3:] for name in TWINS}  # RBP or RTP
# The models of records: the medium of each. "Drift" and "Wander" are Passive on an instrument that
# moves slowly, as a random walk or one that relaxes.
MEDIA = {
    "Passive": "Simple",
    "Viscoelastic": "Maxwell",
    "PowerLaw": "PowerLaw",
    "AOUP": "Simple",
    "RBP": "Simple",
    "RTP": "Simple",
    "ViscoelasticAOUP": "Maxwell",
    "ViscoelasticRBP": "Maxwell",
    "PowerLawAOUP": "PowerLaw",
    "PowerLawRBP": "PowerLaw",
}
EQUILIBRIUM = ("Passive", "Viscoelastic", "PowerLaw")
INSTRUMENTAL = ("Drift", "Wander")
ACTIVE = (
    "AOUP", "RBP", "RTP", "ViscoelasticAOUP", "ViscoelasticRBP", "PowerLawAOUP", "PowerLawRBP",
)  # fmt: skip
RECORD_MODELS = (*EQUILIBRIUM, *INSTRUMENTAL, *ACTIVE)
# Models that a study may compare; a viscoelastic bead is a reading of records, with its own priors.
STUDIED = ("Passive", "AOUP", "RBP", "RTP")
# What an AOUP is made of, in either form: what networks may estimate.
TARGETS = ("kappa", "D", "D_a", "tau_a", "active_share")
TRAPS = ("trapped", "free")
# Lowest corner, in 1/interval, of a low-pass on RBP or RTP: what it remembers is simulated too.
LOWEST_CORNER = 1e-3


class Range(NamedTuple):
    """A prior as it is given: lowest and highest value, and whether it is uniform in the
    logarithm. A range of no width fixes its parameter."""

    low: float
    high: float
    log: bool = False

    @property
    def fixed(self) -> bool:
        return self.low == self.high


_FORM = "a number, {uniform: [low, high]} or {log_uniform: [low, high]}"
_TEXT_FORM = "a number, uniform:low:high or log_uniform:low:high"


def is_off(spec: Any) -> bool:
    """Whether a prior in any form takes its part of the instrument out: 0, null or off, which YAML
    reads as false."""
    return spec in (None, 0, "0", "off")


def parameter_range(name: str, spec: Any) -> Range:
    """The prior of one parameter from the config, or from text.

    spec: a number, {uniform: [low, high]}, {log_uniform: [low, high]}, or for a part of the
    instrument `off`; as text, "0.1", "uniform:0:0.02", "log_uniform:1e-6:1e-3" or "off". ValueError
    in one line: name, value and what would be right.
    """
    if name not in WITH_PRIOR:
        raise ValueError(f"{name} is not known; the parameters are {', '.join(WITH_PRIOR)}")
    about, where = REGISTRY[name], f"{name} = {shown(spec)}"
    if is_off(spec) and about.off is not None:
        return Range(about.off, about.off)
    if spec is None or spec is False or spec == "off":
        raise ValueError(f"{where}: only a part of the instrument can be off")
    found = _read(spec)
    if found is None:
        form = _TEXT_FORM if isinstance(spec, str) else _FORM
        raise ValueError(f"{where}: must be {form}{', or off' if about.off is not None else ''}")
    kind, low, high = found
    if kind and not low < high:
        raise ValueError(f"{where}: the range is reversed or empty; low < high")
    if low < 0 or not about.contains(high) or (kind and math.isinf(high)):
        raise ValueError(f"{where}: {about.need}")
    if kind == "log_uniform" and low == 0:
        raise ValueError(f"{where}: a log-uniform range cannot start at 0")
    if low == 1 and about.part == "share":
        raise ValueError(f"{where}: must be below 1, where nothing thermal is left")
    return Range(low, high, kind == "log_uniform")


def study_ranges(parameters: Mapping[str, Any]) -> dict[str, Range]:
    """The priors of a study, by name. Ranges of kappa, D, tau_a and the corner start above 0, since
    its tracks have a stationary law. ValueError as of `parameter_range`."""
    known = tuple(name for name in (*TARGETS, *MEASURED) if name != "drift_time")
    for name in parameters:
        if name not in known:
            raise ValueError(
                f"{name} is not known; the parameters of a study are {', '.join(known)}"
            )
    found = {name: parameter_range(name, spec) for name, spec in parameters.items()}
    for name in ("kappa", "D", "tau_a", "corner"):
        if name in found and found[name].low == 0:
            raise ValueError(f"{name} = {shown(parameters[name])}: must be positive")
    return found


def _read(spec: Any) -> tuple[str | None, float, float] | None:
    """Kind of a prior (None of a number) and the ends of its range; None if it has no such form."""
    kind, ends = None, [spec, spec]
    if isinstance(spec, str) and ":" in spec:
        kind, *ends = spec.split(":")
    elif isinstance(spec, Mapping) and len(spec) == 1:
        ((kind, ends),) = spec.items()
    if kind not in (None, "uniform", "log_uniform") or not isinstance(ends, list | tuple):
        return None
    try:
        low, high = (float(end) for end in ends if not isinstance(end, bool))
    except (TypeError, ValueError, OverflowError):
        return None
    return kind, low, high


def shown(spec: Any) -> str:
    """A prior as a user writes it, for messages."""
    if isinstance(spec, Mapping):
        rows = (f"{kind}: {ends}" for kind, ends in spec.items())
        return f"{{{', '.join(rows)}}}"
    return "off" if spec is False or spec is None else str(spec)


def is_bare(names: Collection[str]) -> bool:
    """Whether the parameters of a study are the models' own, and its tracks the tracer's own
    positions: none of an instrument, no other terms."""
    return {"D", "D_a"} <= set(names) and not any(name in names for name in MEASURED)


def pair_models(pair: str) -> tuple[str, str]:
    """Names of class 0 and class 1 of a pair such as Passive-AOUP."""
    first, second = pair.split("-")
    return first, second
