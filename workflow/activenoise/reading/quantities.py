"""Numbers with or without a unit, as people write them: 5nm, 0.01um^2/s, 50/s, 8kHz."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from activenoise.parameters import REGISTRY
from activenoise.reading.units import length_ratio, seconds

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf)\s*(.*?)\s*")
_POWERS = {"^2": 2, "**2": 2, "²": 2, "2": 2, "": 1}
_HERTZ = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6}


def quantity(name: str, text: str, unit: str) -> float:
    """The value of a parameter in lengths of `unit` and s. A number alone is in these units.
    ValueError in one line for what is no number, or has a unit that does not fit."""
    powers = REGISTRY[name].powers if name in REGISTRY else (0, 1)  # dt and duration are times
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError(f"{name} = {text}: must be a number, with a unit or without")
    value, behind = float(found[1]), found[2].replace(" ", "")
    if not behind:
        return value
    factor = _factor(behind, powers, unit)
    if factor is None:
        right = REGISTRY[name].unit(unit) if name in REGISTRY else "s"
        raise ValueError(f"{name} = {text}: the unit does not fit; must be {right or 'none'}")
    return value * factor


def _factor(text: str, powers: tuple[int, int], unit: str) -> float | None:
    """What one of a written unit is in lengths of `unit` and s; None where it is of another kind
    or is not known."""
    if text in _HERTZ:
        return _HERTZ[text] if powers == (0, -1) else None
    above, _, below = text.partition("/")
    factor = 1.0
    if below:
        if powers[1] != -1 or (time := seconds(below)) is None:
            return None
        factor /= time
    elif powers[1] == 1:
        return seconds(above)
    elif powers[1] != 0:
        return None
    if powers[0] == 0:
        return factor if above in ("", "1") and below else None
    for ending, power in _POWERS.items():
        length = above.removesuffix(ending)
        if power == powers[0] and (above.endswith(ending)):
            ratio = 1.0 if length == unit else length_ratio(unit, length)
            if ratio:
                return factor * ratio**power
    return None


class _Scale(NamedTuple):
    """Units of a quantity with what one of each is in SI; the unit of a number alone; least and
    greatest value that is taken, in SI and in words. zero: of the unit of a number alone, in SI."""

    units: dict[str, float]
    alone: str
    low: float
    high: float
    ends: str
    zero: float = 0.0


_SCALES = {
    "temperature": _Scale(
        dict.fromkeys(("C", "°C", "degC"), 1.0), "C", 273.15, 373.15, "0C to 100C", 273.15
    ),
    "radius": _Scale(
        {"um": 1e-6, "µm": 1e-6, "μm": 1e-6, "nm": 1e-9, "mm": 1e-3, "m": 1.0},
        "um", 1e-9, 1e-3, "1nm to 1mm",
    ),
    "viscosity": _Scale(
        {"mPas": 1e-3, "Pas": 1.0, "cP": 1e-3, "P": 0.1}, "mPas", 1e-4, 1e4, "0.1mPas to 10000Pas"
    ),
}  # fmt: skip
BATH = tuple(_SCALES)  # what may be said of the liquid around a tracer, and of the tracer in it


def bath_quantities(given: Mapping[str, str | float | None]) -> dict[str, float]:
    """What is given of the liquid around a tracer, None where it is not: temperature (K), radius
    (m), viscosity (Pa s) by name, in SI. ValueError as `bath_quantity`, and in one line for a part
    that says nothing without another."""
    found = {n: bath_quantity(n, value) for n, value in given.items() if value is not None}
    if found and "temperature" not in found:
        name = next(iter(found))
        raise ValueError(f"{name} = {given[name]}: needs a temperature too, such as 37C")
    if len(found) == 1:
        raise ValueError(
            f"temperature = {given['temperature']}: needs a radius, a viscosity or both too, "
            "against which D is checked"
        )
    return found


def bath_quantity(name: str, given: str | float) -> float:
    """A temperature (K), the radius of a tracer (m) or a viscosity (Pa s), from a number in °C, um
    or mPa s, or from text with a unit: 37C or 310K, 250nm, 0.7mPas or 0.7cP. ValueError in one
    line for what is no number, has another unit, or is out of range."""
    scale = _SCALES[name]
    found = _NUMBER.fullmatch(str(given))
    if not found:
        raise ValueError(f"{name} = {given}: must be a number, with a unit or without")
    unit = re.sub(r"[\s·*]", "", found[2]) or scale.alone
    kelvin = name == "temperature" and unit == "K"
    if unit not in scale.units and not kelvin:
        known = ", ".join([*scale.units, *(["K"] if scale.zero else [])])
        raise ValueError(f"{name} = {given}: the unit does not fit; must be one of {known}")
    value = float(found[1]) * (1.0 if kelvin else scale.units[unit])
    value += 0.0 if kelvin else scale.zero
    if not scale.low <= value <= scale.high:
        raise ValueError(
            f"{name} = {given}: must be {scale.ends}; a number alone is in {scale.alone}"
        )
    return value
