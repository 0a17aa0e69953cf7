"""The reading of a record in plain words: a sentence, and the caveats that belong to it.

Works on typed facts and needs no numerics. Every number that decides is a threshold of
`judgement`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from activenoise.analysis.facts import Facts
from activenoise.analysis.judgement import (
    THRESHOLDS,
    Reading,
    Stated,
    basis,
    disagreement,
    is_familiar,
    reading,
    stated,
)
from activenoise.parameters import REGISTRY
from activenoise.report.caveats import caveats
from activenoise.report.phrases import faults, listed, ordinal, percent, with_error

MODEL_WORDS = {
    "Passive": "thermal noise in a trap, in a liquid of one friction",
    "Viscoelastic": "thermal noise in a viscoelastic medium at equilibrium",
    "AOUP": "thermal noise and propulsion that varies smoothly (AOUP)",
    "RBP": "thermal noise and propulsion of constant speed along a turning direction (RBP)",
}
_FREE_MODEL_WORDS = {
    **MODEL_WORDS,
    "Passive": "thermal noise in a liquid of one friction, without a trap",
}


class Words(NamedTuple):
    """reading: one of `judgement.Reading`. fits: whether a model describes the record. sentence:
    the answer. caveats: what it rests on, the weightiest first."""

    reading: Reading
    fits: bool
    sentence: str
    caveats: list[str]


def in_words(facts: Facts) -> Words:
    """The reading of a record in words."""
    found = reading(facts)
    return Words(
        found,
        found != "no model",
        _sentence(facts, found),
        list(caveats(facts, found, parameter_words(facts))),
    )


def model_words(facts: Facts) -> dict[str, str]:
    """What moves the tracer, by model."""
    return _FREE_MODEL_WORDS if facts.free else MODEL_WORDS


def parameter_words(facts: Facts) -> dict[str, str]:
    """What a parameter is, by name."""
    return {name: row.words_of(facts.free) for name, row in REGISTRY.items()}


def _sentence(facts: Facts, found: Reading) -> str:
    if found == "no model":
        return (
            f"No model here describes {_this(facts)}, so no probability of activity is given. "
            + faults(basis(facts).fit)
        )
    said = _SENTENCES[found](facts, stated(facts))
    if facts.several:
        said = f"{_tracks(facts)}. {said}"
    if facts.full_rate is not None:
        said += (
            f" This rests on every {ordinal(facts.record.analysed_stride)} point: at the full rate "
            "the response of the instrument shows, which no model here has."
        )
    return said


def _tracks(facts: Facts) -> str:
    tracks = facts.tracks
    if disagreement(facts):
        return f"{tracks.n_alone} tracks, each with parameters of its own"
    if tracks.n_read == 1:
        return f"The longest of {tracks.n_tracks} tracks"
    return f"{tracks.n_read} tracks, taken together"


def _this(facts: Facts) -> str:
    if not facts.several:
        return "this record"
    own = ", even with parameters of its own for each" if disagreement(facts) else ""
    return f"these tracks{own or ', taken together'}"


def _thermal(facts: Facts, p: Stated) -> str:
    chance = with_error(p.models["Passive"], p.thermal_error)
    return f"Thermal noise alone moves the tracer (probability {chance})."


def _equilibrium(facts: Facts, p: Stated) -> str:
    chance = with_error(p.equilibrium, p.active_error)
    both = f"Thermal noise alone moves the tracer (probability {chance})"
    viscoelastic = percent(p.models["Viscoelastic"])
    if p.models["Viscoelastic"] > THRESHOLDS.likely:
        return f"{both}, in a viscoelastic medium ({viscoelastic})."
    return (
        f"{both}. Whether its surroundings are a simple liquid ({percent(p.models['Passive'])}) or "
        f"viscoelastic ({viscoelastic}) is not decided."
    )


def _active(facts: Facts, p: Stated) -> str:
    return (
        f"The tracer moves actively (probability {with_error(p.active, p.active_error)}), and in a "
        "way that no medium at equilibrium could imitate (probability "
        f"{percent(p.distinguishable)})."
    )


def _active_or_viscoelastic(facts: Facts, p: Stated) -> str:
    return (
        "Thermal noise in a simple liquid does not explain the record (probability "
        f"{with_error(p.models['Passive'], p.thermal_error)}). Active motion has probability "
        f"{with_error(p.active, p.active_error)} and a viscoelastic medium at equilibrium "
        f"{percent(p.models['Viscoelastic'])}, but one coordinate cannot tell the two apart: their "
        "shares depend on the priors."
    )


def _drifting(facts: Facts, p: Stated) -> str:
    return (
        "Thermal noise alone moves the tracer, and the instrument drifts (probability "
        f"{percent(p.drift or 0.0)}). {_walk(facts)}"
    )


def _slow(facts: Facts, p: Stated) -> str:
    chances = {
        "active motion": p.active,
        "thermal noise in a viscoelastic medium": p.models["Viscoelastic"],
        "thermal noise and an instrument that drifts": p.drift or 0.0,
    }
    possible = [
        f"{what} ({percent(chance)})"
        for what, chance in sorted(chances.items(), key=lambda item: -item[1])
    ]
    return f"Not decided. Possible explanations are {listed(possible)}. {_walk(facts)}"


def _walk(facts: Facts) -> str:
    reach = 0.0 if facts.rivals.drift is None else facts.rivals.drift.reach
    return (
        "The drift, a random walk, would by the end have gone about "
        f"{reach:.1g} times as far as the root mean square of the motion."
    )


def _shape(facts: Facts, p: Stated) -> str:
    return (
        "Not decided. The positions are not normally distributed, but their correlations are those "
        "of thermal noise at equilibrium. Propulsion of constant speed produces this (RBP, "
        f"{percent(p.models['RBP'])}), and so does a trap that is not harmonic, or several states."
    )


def _undecided(facts: Facts, p: Stated) -> str:
    simple, viscoelastic = percent(p.models["Passive"]), percent(p.models["Viscoelastic"])
    active = with_error(p.active, p.active_error)
    if p.equilibrium > THRESHOLDS.probable:
        return (
            f"Most likely thermal noise alone ({percent(p.equilibrium)}): in a simple liquid "
            f"{simple}, in a viscoelastic one {viscoelastic}. Active motion: {active}."
        )
    return (
        f"Not decided: thermal noise alone has probability {percent(p.equilibrium)} (in a simple "
        f"liquid {simple}, in a viscoelastic one {viscoelastic}), active motion {active}."
    )


_SENTENCES: dict[Reading, Callable[[Facts, Stated], str]] = {
    "thermal": _thermal,
    "equilibrium": _equilibrium,
    "active": _active,
    "active or viscoelastic": _active_or_viscoelastic,
    "drift": _drifting,
    "slow": _slow,
    "shape": _shape,
    "undecided": _undecided,
}


def ready_remarks(answer: Mapping[str, Any], dt: float) -> list[str]:
    """What to know of the ready networks' answer for a coordinate before it is believed. dt: of the
    record, s."""
    if "too_short" in answer:
        return [
            f"Too short for the ready networks: {answer['n_points']} points without a gap; they "
            f"need {answer['too_short']}."
        ]
    remarks = []
    for task, found in answer["familiar"].items():
        if not is_familiar(answer, task):
            remarks.append(
                "The record is outside of what the networks were trained on (for "
                f"{TASK_WORDS[task]}, {percent(found['farther'])} of the tracks there are farther "
                "out), so their answers are not given."
            )
            break
    names = {"kappa": "κ", "tau_a": "τₐ"}
    outside = [names[name] for name, inside in answer["in_range"].items() if not inside]
    if outside:
        remarks.append(
            f"By the exact posterior {' and '.join(outside)} of the record, in units of "
            f"{answer['stride'] * dt:.3g} s, "
            f"{'lies' if len(outside) == 1 else 'lie'} outside of the range that they were trained "
            "for."
        )
    if answer["pieces"] > 1:
        remarks.append(
            f"Read in {answer['pieces']} pieces, over which the answers are averaged: they were "
            f"trained on at most {answer['trained_to']} points."
        )
    return remarks


TASK_WORDS = {
    "Passive-AOUP": "the question of activity",
    "AOUP-RBP": "the question of the mechanism",
    "estimates": "the parameters",
}
