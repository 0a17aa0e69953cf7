"""The page of one record, or of a table of tracks: a verdict that can be read, mailed and printed,
in one file. Everything is inside: no scripts, no addresses. What it says is the content of
verdict.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from activenoise.analysis.facts import Facts, FitTest, OwnAnalysis, TrackRow
from activenoise.analysis.judgement import (
    THRESHOLDS,
    Reading,
    basis,
    energy_void,
    is_familiar,
    misfits,
    stated,
)
from activenoise.analysis.stored import from_json
from activenoise.arrays import FloatArray
from activenoise.parameters import MEASURED, REGISTRY, TWINS
from activenoise.report import energy, energy_figures, page_figures
from activenoise.report.phrases import number, ordinal, percent
from activenoise.report.style import unit_name
from activenoise.report.words import (
    TASK_WORDS,
    active_part,
    model_words,
    parameter_words,
    ready_remarks,
)

# The models by medium (rows) and drive (columns).
GRID = (
    ("simple liquid", ("Passive", "AOUP", "RBP", "RTP")),
    ("one Maxwell element", ("Viscoelastic", "ViscoelasticAOUP", "ViscoelasticRBP", "")),
    ("power law", ("PowerLaw", "PowerLawAOUP", "PowerLawRBP", "")),
)
_READING_WORDS: dict[Reading, str] = {
    "no model": "No model fits",
    "active, not described": "Active; no model describes how",
    "thermal": "Thermal",
    "drift": "Thermal, with an instrument that moves slowly",
    "no sign": "No sign of activity",
    "active": "Active",
    "active or viscoelastic": "Not decided: active or viscoelastic",
    "shape": "Not decided: constant speed or an anharmonic trap",
    "still": "Nothing moves",
    "slow noise": "Not decided: 1/f noise of the instrument",
    "undecided": "Not decided",
}

# The usual tests: name, what it is, and how its value is read.
USUAL_WORDS = (
    (
        "exponent",
        "exponent of the mean square displacement, over 1 to 10 intervals",
        "1: free diffusion; above: called directed; below: called confined",
    ),
    (
        "bump",
        "maximum of ω²S(ω), over its value at high frequencies",
        "1 in a simple liquid without an instrument; above: called active",
    ),
    (
        "back_relaxation",
        "mean back relaxation at long times",
        "1/2 in a trap, 0 if free: called reversible. No Gaussian propulsion in a trap changes it",
    ),
)


def render(
    verdict: Mapping[str, Any],
    tracks: Sequence[FloatArray],
    arrays: Mapping[str, FloatArray],
    template: str,
) -> str:
    """The page as HTML. verdict: content of verdict.json; tracks: positions
    (n_points, n_coordinates) of the record, or of each track; arrays: those of `analyse`.
    FactsError, in one line, where another version made the verdict."""
    facts = from_json(verdict["findings"], f"{verdict['track']}/verdict.json")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "ordinal": ordinal,
        "misfit_words": _misfit_words,
        "hundredths": _hundredths,
        "exp": exp,
    }
    unit = verdict["unit"]
    along = _along(verdict)
    said = stated(facts)
    return environment.from_string(template).render(
        verdict=verdict,
        facts=facts,
        basis=basis(facts),
        energy=_energy(facts, verdict),
        stated=said,
        words=verdict["words"],
        label=_READING_WORDS[verdict["words"]["reading"]],
        grid=GRID,
        twins=TWINS,
        hopeless="RBP" in said.models and not set(TWINS) <= set(said.models),
        compared=[name for name in model_words(facts) if name in facts.comparison.models],
        unit=unit_name(unit),
        figures=_figures(facts, tracks, arrays, unit, along),
        model_words=model_words(facts),
        parameter_words=parameter_words(facts),
        units={name: page_figures.parameter_unit(name, unit) for name in REGISTRY},
        members=_members(facts),
        limits=THRESHOLDS,
        beside=any(along.values()),
        is_familiar=is_familiar,
        task_words=TASK_WORDS,
        instrument_parts=[n for n in MEASURED if n in verdict.get("parameters", {})],
        ready_remarks=ready_remarks,
        exact_pair=_active_against_passive(facts),
        part=active_part(facts, verdict["words"]["reading"] == "active"),
        usual_words=USUAL_WORDS,
        usual_models=_usual_models(facts),
    )


def _usual_models(facts: Facts) -> list[str]:
    """The models whose expectations stand beside the usual tests."""
    if facts.usual is None:
        return []
    return list(next(iter(facts.usual.coordinates.values()))["exponent"].expected)


def _figures(
    facts: Facts,
    tracks: Sequence[FloatArray],
    arrays: Mapping[str, FloatArray],
    unit: str,
    along: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """SVG by what it shows; None for what this record or table has not. along: by `_along`."""
    names, dt = list(facts.record.coordinates), facts.record.dt
    # Positions of a free tracer have no law of their own: its steps have. A gap parts two tracks.
    parts = [np.diff(x, axis=0) if facts.free else x for x in tracks]
    if len(tracks) > 1 and not facts.free:
        parts = [x - np.nanmean(x, axis=0) for x in parts]
    together = dict(zip(names, np.concatenate(parts).T, strict=True))
    draws = favoured_draws(facts, arrays)
    alone = _analysed_alone(facts)
    diffusivity = facts.favoured.parameters.get("D")
    drawn = {
        "record": page_figures.record_or_tracks(tracks, names, dt, unit),
        "histogram": page_figures.histogram(together, unit),
        "corner": page_figures.corner(draws, unit) if draws else None,
        "pieces": page_figures.pieces(facts.pieces, unit, along) if facts.pieces.trends else None,
        "energy": facts.energy and energy_figures.effective_energy(facts.energy),
        "members": page_figures.members(alone, diffusivity, unit)
        if len(alone) > 1 and diffusivity is not None
        else None,
    }
    svg = page_figures.svg
    bands = {
        name: {
            key: svg(page_figures.band(arrays, name, key, unit))
            for key in page_figures.band_names(arrays, name)
        }
        for name in names
    }
    step = dt * facts.record.analysed_stride
    drives = {
        name: svg(energy_figures.drive(arrays, name, step, unit)) for name in names if facts.drive
    }
    found = {name: each and svg(each) for name, each in drawn.items()}
    return found | {"bands": bands, "drives": drives}


def favoured_draws(facts: Facts, arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Draws of the unknown parameters of the favoured model, by name; of none that has collapsed
    onto one value, which has nothing to show."""
    prefix = f"posterior/{facts.comparison.favoured}/"
    names = facts.favoured.unknown
    return {name: arrays[prefix + name] for name in names if prefix + name in arrays}


def _energy(facts: Facts, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The energies in sentences and rows: over all driven models, and by model."""
    found, unit = energy.in_json(facts), unit_name(verdict["unit"])
    found |= {"is_void": bool(energy_void(facts)), "law": energy.law(facts)}
    in_newtons = verdict.get("energy", {}).get("physical")
    found["physical"] = list(energy.physical_words(in_newtons, unit)) if in_newtons else []
    if facts.energy is not None:
        found["driven"] = list(energy.rows(facts.energy.driven, facts, unit))
        found["models"] = {
            name: list(energy.rows(row, facts, unit)) for name, row in facts.energy.models.items()
        }
    return found


def _along(verdict: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The ready networks' answers for the pieces of each coordinate, without those for pieces that
    are too short or unlike the training."""
    answers = verdict.get("ready", {}).get("coordinates", {})
    tasks = {"p_active": "Passive-AOUP", "estimates": "estimates"}
    return {
        name: [
            {
                key: value
                for key, value in piece.items()
                if key not in tasks or is_familiar(piece, tasks[key])
            }
            for piece in answer.get("along", [])
            if "too_short" not in piece
        ]
        for name, answer in answers.items()
    }


def _analysed_alone(facts: Facts) -> list[tuple[TrackRow, OwnAnalysis]]:
    """The tracks of a table that were analysed by themselves, the longest first."""
    rows = facts.tracks.rows if facts.several else []
    return [(row, row.alone) for row in rows if row.alone is not None]


_MOST_ROWS = 48


def _members(facts: Facts) -> list[tuple[TrackRow, OwnAnalysis]]:
    """The tracks that the page lists."""
    return _analysed_alone(facts)[:_MOST_ROWS]


def _active_against_passive(facts: Facts) -> float:
    """P(AOUP) where Passive is the only other model, at equal odds."""
    ratio = facts.comparison.log_evidence("Passive") - facts.comparison.log_evidence("AOUP")
    return 1 / (1 + exp(min(ratio, 700.0)))


def _hundredths(p: float) -> str:
    """`percent` for the narrow column of a table, without its sign."""
    text = percent(p).replace("less than ", "< ").replace("more than ", "> ")
    return text.removesuffix("%").rstrip()


def _misfit_words(test: FitTest) -> str:
    words = {
        "fast": "correlated",
        "slow": "varies slowly",
        "normal": "not normal",
        "shape": "not Gaussian",
    }
    return ", ".join(words[kind] for kind in misfits(test)) or "fits"
