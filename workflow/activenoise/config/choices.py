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

from activenoise.parameters import (
    MEASURED,
    RECORD_MODELS,
    SHARES,
    TWINS,
    WITH_PRIOR,
    Range,
    is_off,
    parameter_range,
    shown,
)  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """priors: by parameter, those that take the place of the default ones. odds: by model,
    factors on the usual prior odds, 1 where not given. baseline: of the record's zero, "constant"
    or "linear" in time; None leaves it to the record (`analysis.setup`)."""

    trap: str = "trapped"
    priors: Mapping[str, Range] = field(default_factory=dict)
    baseline: Literal["constant", "linear"] | None = None
    odds: Mapping[str, float] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        return self.trap == "free"


def choices(trap: str, settings: Mapping[str, Any]) -> Choices:
    """The choices of a record, from the sheet and from the config's form of priors, baseline and
    odds. ValueError in one line: the key, its value and what would be right."""
    given = settings.get("priors", {})
    priors = {name: _prior(name, spec) for name, spec in given.items()}
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
        if name not in RECORD_MODELS:
            raise ValueError(f"odds.{name} is no model; they are {', '.join(RECORD_MODELS)}")
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"odds.{name} = {value:g}: must be a number of 0 or more")
    if not any(odds.get(name, 1.0) for name in RECORD_MODELS if name not in TWINS):
        raise ValueError("odds: a model other than RBP and RTP must have odds above 0")
    return Choices(trap, priors, settings.get("baseline"), odds)


def _prior(name: str, spec: Any) -> Range:
    """The prior of one parameter of a record, which has all parameters of every model."""
    if is_off(spec) and name in WITH_PRIOR and name not in MEASURED:
        hint = "; say trap: free in the sheet (TRAP=free)" if name == "kappa" else ""
        raise ValueError(
            f"priors.{name} = {shown(spec)}: only a part of the instrument can be off{hint}"
        )
    try:
        return parameter_range(name, spec)
    except ValueError as error:
        raise ValueError(f"priors.{error}") from None


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
    return both | {"baseline": own.get("baseline") or config.get("baseline")}


def priors_of_text(text: str) -> dict[str, Any]:
    """Priors as the config takes them, from "exposure=1 noise=uniform:0:0.02 corner=off"."""
    found: dict[str, Any] = {}
    for word in re.split(r"[\s,]+", text.strip()):
        if not word:
            continue
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ValueError(f"priors: {word!r} must be parameter=value, as noise=0.02")
        if name in found:
            raise ValueError(f"priors: {name} is there twice")
        _prior(name, value)
        found[name] = value
    return found
