"""Numbers with or without a unit, as people write them: 5nm, 0.01um^2/s, 50/s, 8kHz."""

from __future__ import annotations

import re

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
