"""The parameters of each model by name, and their form in the config. Needs no numerics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

PARAMETERS = {
    "Passive": ("kappa", "D"),
    "Viscoelastic": ("kappa", "D", "strength", "tau_m"),
    "AOUP": ("kappa", "D", "D_a", "tau_a"),
    "RBP": ("kappa", "D", "D_a", "tau_a"),
}
# What an instrument may add to a study's tracks; all off by default (`instrument`).
MEASURED = ("noise", "exposure", "corner", "relaxed", "drift")
# Lowest corner, in 1/interval, of a low-pass on RBP: what it remembers is simulated too.
LOWEST_CORNER = 1e-3
TRAPS = ("trapped", "free")
# Two ways to say the same of a record: one of each pair has the prior.
SHARES = {"D_a": "active_share", "strength": "element_share"}
# Lowest and highest value, and whether uniform in the logarithm; no width: fixed.
Range = tuple[float, float, bool]
_MAY_VANISH = {"D_a", "active_share", "noise", "exposure", "relaxed", "drift"}
_AT_MOST_ONE = {"active_share", "exposure", "relaxed"}
# Models that a study may compare; a viscoelastic bead is a reading of records, with its own priors.
STUDIED = ("Passive", "AOUP", "RBP")


def is_bare(names: Collection[str]) -> bool:
    """Whether the parameters of a study are the models' own, and its tracks the tracer's own
    positions: none of an instrument, no other terms."""
    return {"D", "D_a"} <= set(names) and not any(name in names for name in MEASURED)


def parameter_range(name: str, spec: Any) -> tuple[float, float, bool]:
    """Range of a parameter in config form, and whether its prior is uniform in the logarithm.

    A number is a range of no width. ValueError names the parameter, its value and what is right.
    """
    log = False
    if isinstance(spec, Mapping):
        ((kind, (low, high)),) = spec.items()
        log = kind == "log_uniform"
        if not low < high:
            raise ValueError(f"{name}: range [{low:g}, {high:g}] is reversed or empty; low < high")
    else:
        low = high = spec
    if low < 0 or (low == 0 and name not in _MAY_VANISH):
        raise ValueError(f"{name}: {low:g} must be positive")
    if name in _AT_MOST_ONE and high > 1:
        raise ValueError(f"{name}: {high:g} must be at most 1")
    if name == "active_share" and low == 1:
        raise ValueError("active_share: 1 leaves no thermal motion; must be below 1")
    if low == 0 and log:
        raise ValueError(f"{name}: a log-uniform range cannot start at 0")
    return float(low), float(high), log


def pair_models(pair: str) -> tuple[str, str]:
    """Names of class 0 and class 1 of a pair such as Passive-AOUP."""
    first, second = pair.split("-")
    return first, second
