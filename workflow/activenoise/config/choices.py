"""What a user may choose about the verdict on a record: trap or none, priors, the kind of baseline,
the prior odds of the models.

Snakemake reads this module too, before any rule's environment exists: it needs no numerics.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from activenoise.parameters import MEASURED, SHARES, Range

VERDICT_MODELS = ("Passive", "Viscoelastic", "AOUP", "RBP")
PARAMETERS = ("kappa", "D", "active_share", "D_a", "tau_a", "element_share", "strength", "tau_m")
_FRACTIONS = {"active_share", "element_share", "exposure", "relaxed"}
_FORM = "a number, uniform:low:high or log_uniform:low:high"


@dataclass(frozen=True)
class Choices:
    """priors: by parameter, those that take the place of the default ones. odds: by model, 1 where
    not given. baseline: of the record's zero, "constant" or "linear" in time."""

    trap: str = "trapped"
    priors: Mapping[str, Range] = field(default_factory=dict)
    baseline: Literal["constant", "linear"] = "constant"
    odds: Mapping[str, float] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        return self.trap == "free"


def choices(trap: str, settings: Mapping[str, Any]) -> Choices:
    """The choices of a record, from the sheet and from the config's form of priors, baseline and
    odds. ValueError in one line: the key, its value and what would be right."""
    given = settings.get("priors", {})
    priors = {name: axis_range(name, spec) for name, spec in given.items()}
    for parameter, share in SHARES.items():
        if parameter in priors and share in priors:
            raise ValueError(
                f"priors: {parameter} and {share} are two forms of the same parameter; give one"
            )
    if trap == "free" and "kappa" in priors:
        raise ValueError(
            f"priors.kappa = {given['kappa']}: a free tracer has no trap; leave kappa out"
        )
    odds = {name: float(value) for name, value in settings.get("odds", {}).items()}
    for name, value in odds.items():
        if name not in VERDICT_MODELS:
            raise ValueError(f"odds.{name} is no model; they are {', '.join(VERDICT_MODELS)}")
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"odds.{name} = {value:g}: must be a number of 0 or more")
    if not any(odds.get(name, 1.0) for name in VERDICT_MODELS[:-1]):
        raise ValueError("odds: a model other than RBP must have odds above 0")
    return Choices(trap, priors, settings.get("baseline") or "constant", odds)


def merged(config: Mapping[str, Any], track: str, trap: str) -> dict[str, Any]:
    """Priors, baseline and odds of a track, from `verdict` of the config: those for all records
    (without a free tracer's kappa), with those of the track over them."""
    own = config.get("records", {}).get(track, {})
    both: dict[str, Any] = {
        name: {**config.get(name, {}), **own.get(name, {})} for name in ("priors", "odds")
    }
    if trap == "free" and "kappa" not in own.get("priors", {}):
        both["priors"].pop("kappa", None)
    for parameter, share in SHARES.items():
        # The track's form of a parameter replaces the general one in either form.
        for name, other in ((parameter, share), (share, parameter)):
            if name in own.get("priors", {}) and other not in own["priors"]:
                both["priors"].pop(other, None)
    return both | {"baseline": own.get("baseline") or config.get("baseline") or "constant"}


def axis_range(name: str, spec: Any) -> Range:
    """The prior of one parameter from its config form: a number, {uniform: [low, high]} or
    {log_uniform: [low, high]}; for a part of the measurement also None or "off"."""
    if name not in PARAMETERS + MEASURED:
        raise ValueError(
            f"priors.{name} is not known; the parameters are {', '.join(PARAMETERS + MEASURED)}"
        )
    where = f"priors.{name} = {_shown(spec)}"
    if spec in (None, "off") or (spec == 0 and not isinstance(spec, Mapping)):
        if name not in MEASURED:
            hint = "; say trap: free in the sheet (TRAP=free)" if name == "kappa" else ""
            raise ValueError(f"{where}: only a part of the measurement can be off{hint}")
        return (math.inf, math.inf, False) if name == "corner" else (0.0, 0.0, False)
    log = False
    if isinstance(spec, Mapping):
        ((kind, ends),) = spec.items()
        log = kind == "log_uniform"
        low, high = (float(end) for end in ends)
        if not low < high:
            raise ValueError(f"{where}: the range is reversed or empty; low < high")
        if log and not low > 0:
            raise ValueError(f"{where}: a log-uniform range cannot start at 0")
    else:
        low = high = float(spec)
    if low < 0 or not math.isfinite(high):
        raise ValueError(f"{where}: must be finite, and not negative")
    if name in _FRACTIONS and high > 1:
        raise ValueError(f"{where}: must be at most 1")
    if low == high == 1 and name in ("active_share", "element_share"):
        raise ValueError(f"{where}: must be below 1, where nothing thermal is left")
    return low, high, log


def _shown(spec: Any) -> str:
    if not isinstance(spec, Mapping):
        return "off" if spec is False else str(spec)
    return "; ".join(f"{kind}: [{', '.join(map(str, ends))}]" for kind, ends in spec.items())


def priors_of_text(text: str) -> dict[str, Any]:
    """Priors in the config's form, from "exposure=1 noise=uniform:0:0.02 corner=off"."""
    found: dict[str, Any] = {}
    for word in re.split(r"[\s,]+", text.strip()):
        if not word:
            continue
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ValueError(f"priors: {word!r} must be parameter=value, as noise=0.02")
        if name in found:
            raise ValueError(f"priors: {name} is there twice")
        kind, *ends = value.split(":")
        try:
            if value == "off":
                found[name] = "off"
            elif kind in ("uniform", "log_uniform") and len(ends) == 2:
                found[name] = {kind: [float(end) for end in ends]}
            else:
                found[name] = float(value)
        except ValueError:
            raise ValueError(f"priors: {name} = {value} must be {_FORM}") from None
        axis_range(name, found[name])
    return found
