"""Units of length and time as programs write them, in a column's name or a file's attributes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from activenoise.reading.errors import RecordError

_LENGTHS = {
    "m": {"meter", "meters", "metre", "metres"},
    "mm": {"millimeter", "millimeters", "millimetre", "millimetres"},
    "um": {"micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres",
           "µm", "μm", "\\u00b5m"},
    "nm": {"nanometer", "nanometers", "nanometre", "nanometres"},
    "pixel": {"px", "pixels"},
    "V": {"volt", "volts"},
}  # fmt: skip
_METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_UNIT_BEHIND = re.compile(r"(?P<base>.*?)[\s_]*(?:\[(?P<a>\D[^\]]*)\]|\((?P<b>\D[^)]*)\))\s*")
_UNIT_SUFFIX = re.compile(r"(?P<base>.+)[_ ](?P<unit>[^\W_]+)")


def length_unit(text: str) -> str:
    """A length unit by its usual name: um for micron, pixel for px; any other as it is."""
    text = text.strip()
    for unit, others in _LENGTHS.items():
        if text == unit or text.lower() in others:
            return unit
    return text


def length_ratio(unit: str, other: str) -> float | None:
    """Units `unit` in one `other`, e.g. 0.001 for (um, nm), where both are metric."""
    if (a := _METRES.get(length_unit(unit))) and (b := _METRES.get(length_unit(other))):
        return float(f"{b / a:.12g}")
    return None


def metres(unit: str) -> float:
    """Metres in one of a unit of length. ValueError in one line where that is not known."""
    if unit not in _METRES:
        raise ValueError(
            f"forces in pN need lengths in {', '.join(_METRES)}, not in {unit}; give scale and "
            "unit, or leave the temperature out"
        )
    return _METRES[unit]


def seconds(text: str) -> float | None:
    """Seconds in a time unit; None for one that is not known, e.g. frame."""
    return _SECONDS.get(text.strip().lower())


def is_unit(text: str) -> bool:
    """Whether a text is a unit of length or time."""
    return seconds(text) is not None or length_unit(text) in _LENGTHS


def base_and_unit(name: str) -> tuple[str, str | None]:
    """A column's name without its unit, in small letters without separators, and the unit."""
    name, unit = name.strip().strip('"'), None
    if match := _UNIT_BEHIND.fullmatch(name):
        name, unit = match["base"], (match["a"] or match["b"] or "").strip() or None
    elif (match := _UNIT_SUFFIX.fullmatch(name)) and (
        is_unit(match["unit"]) and match["unit"] != "d"
    ):
        name, unit = match["base"], match["unit"]
    return re.sub(r"[\s_.#°º№-]+", "", name.lower()), unit


class Stated(NamedTuple):
    """What a file states of itself: the interval dt (s) and the length unit, or None for each."""

    dt: float | None
    unit: str | None


def stated(path: Path, attributes: Mapping[str, Any]) -> Stated:
    """dt and unit among a file's attributes. RecordError for a dt that is no positive number."""
    dt = None
    if (given := attributes.get("dt")) is not None:
        try:
            dt = float(given.item() if hasattr(given, "item") else given)
        except (TypeError, ValueError):
            dt = math.nan
        if not (math.isfinite(dt) and dt > 0):
            raise RecordError(
                f"{path}: its attribute dt is {given}; it must be a positive time in s"
            )
    unit = attributes.get("unit")
    unit = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else unit
    return Stated(dt, length_unit(str(unit)) if unit is not None else None)
