"""The page of one record: a verdict that can be read, mailed and printed, in one file.

Everything is inside: no scripts, no addresses. What it says is the content of verdict.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from activenoise import page_figures
from activenoise.judgement import THRESHOLDS, Facts, misfits
from activenoise.plotting import FloatArray, unit_name
from activenoise.words import MODEL_WORDS, PARAMETER_WORDS, ordinal, percent

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_READING_WORDS = {
    "no model": "No model fits",
    "thermal": "Thermal",
    "equilibrium": "Thermal",
    "active": "Active",
    "active or viscoelastic": "Active or viscoelastic",
    "undecided": "Undecided",
}


def render(
    verdict: Mapping[str, Any],
    positions: FloatArray,
    arrays: Mapping[str, FloatArray],
    template: str,
) -> str:
    """The page as HTML. verdict: content of verdict.json; positions: (n_points, n_coordinates);
    arrays: those of `findings`."""
    facts = verdict["findings"]
    unit = verdict["unit"]
    coordinates = dict(zip(facts["record"]["coordinates"], positions.T, strict=True))
    favoured = facts["models"][facts["favoured"]]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "ordinal": ordinal,
        "misfit_words": _misfit_words,
    }
    draws = {name: arrays[f"posterior/{facts['favoured']}/{name}"] for name in favoured["unknown"]}
    figures = {
        "record": page_figures.record(coordinates, facts["record"]["dt"], unit),
        "histogram": page_figures.histogram(coordinates, unit),
        "bands": {name: page_figures.bands(arrays, name, unit) for name in coordinates},
        "corner": page_figures.corner(draws, unit),
        "segments": page_figures.segments(facts["segments"], unit)
        if len(facts["segments"]["pieces"]) > 1
        else None,
    }
    return environment.from_string(template).render(
        verdict=verdict,
        facts=facts,
        words=verdict["words"],
        label=_READING_WORDS[verdict["words"]["reading"]],
        unit=unit_name(unit),
        figures=figures,
        favoured=favoured,
        model_words=MODEL_WORDS,
        parameter_words=PARAMETER_WORDS,
        units={name: page_figures.parameter_unit(name, unit) for name in PARAMETER_WORDS},
        limits=THRESHOLDS,
    )


def number(value: float, digits: int = 3) -> str:
    """A number for people: 157, 0.0063, 1.28 × 10⁻⁵."""
    text = f"{value:.{digits}g}"
    if "e" in text or (value and not 1e-3 <= abs(value) < 1e5):
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPTS)}".replace("-", "−")
    return text.replace("-", "−")


def _misfit_words(test: Facts) -> str:
    words = {"fast": "correlated", "slow": "drifts", "normal": "not normal"}
    return ", ".join(words[kind] for kind in misfits(test)) or "fits"
