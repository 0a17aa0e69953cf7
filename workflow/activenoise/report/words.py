"""The reading of a record in plain words: a sentence, and the caveats that belong to it.

Works on typed facts and needs no numerics. Every number that decides is a threshold of
`judgement`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from activenoise.analysis.facts import ActivePart, Facts
from activenoise.analysis.judgement import (
    THRESHOLDS,
    Reading,
    Stated,
    basis,
    disagreement,
    is_familiar,
    reading,
    stated,
    witnessed,
)
from activenoise.parameters import REGISTRY, TWINS
from activenoise.report.caveats import caveats
from activenoise.report.phrases import THIN, faults, ordinal, percent, with_error

MODEL_WORDS = {
    "Passive": "thermal noise in a trap, in a liquid of one friction",
    "Viscoelastic": "thermal noise in a medium that relaxes once more (one Maxwell element)",
    "PowerLaw": "thermal noise in a medium with many relaxation times (a power law)",
    "Drift": "thermal noise as in Passive, on an instrument that drifts as a random walk",
    "Wander": "thermal noise as in Passive, on an instrument that moves slowly about its place",
    "AOUP": "thermal noise and propulsion that varies smoothly (AOUP)",
    "RBP": "thermal noise and propulsion of constant speed along a turning direction (RBP)",
    "RTP": "thermal noise and propulsion of constant speed that flips its sign (RTP)",
    "ViscoelasticAOUP": "the medium of Viscoelastic and the propulsion of AOUP",
    "ViscoelasticRBP": "the medium of Viscoelastic and the propulsion of RBP",
    "PowerLawAOUP": "the medium of PowerLaw and the propulsion of AOUP",
    "PowerLawRBP": "the medium of PowerLaw and the propulsion of RBP",
}
_FREE_MODEL_WORDS = {
    **MODEL_WORDS,
    "Passive": "thermal noise in a liquid of one friction, without a trap",
}


# Readings of a record that no model describes.
UNDESCRIBED: tuple[Reading, ...] = ("no model", "active, not described")


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
        found not in UNDESCRIBED,
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
    said = _SENTENCES[found](facts, stated(facts))
    if facts.several and found not in ("no model", "active, not described"):
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


def _no_model(facts: Facts, p: Stated) -> str:
    return (
        f"No model here describes {_this(facts)}, so no probability of activity is given. "
        + faults(basis(facts).fit)
    )


def _active_not_described(facts: Facts, p: Stated) -> str:
    said = "The tracer moves actively, but no model here describes how. "
    test = facts.witness
    if test is not None and witnessed(facts):
        chance = percent(test.p_equilibrium)
        said += (
            "Displacements that do not overlap go the same way, which they do at equilibrium in no "
            f"medium (chance {chance}). "
        )
    else:
        said += (
            f"Every model with propulsion explains {_this(facts)} better than every model without "
            "it, and with a law that no medium at equilibrium has. "
        )
    return (said + faults(basis(facts).fit)).rstrip()


def grade(p: float) -> str:
    """How sure an answer of this probability is, at the start of a sentence."""
    if p > THRESHOLDS.certain:
        return "Almost certainly"
    return "Very likely" if p > THRESHOLDS.likely else "Likely"


def _media(p: Stated) -> str:
    """How thermal noise alone is divided between the media, and an instrument that moves."""
    names = {
        "Passive": "in a simple liquid",
        "Viscoelastic": "in a medium with one more relaxation",
        "PowerLaw": "in a medium with many",
    }
    slow = f", with an instrument that moves slowly {percent(p.instrument)}"
    media = (f"{words} {percent(p.models.get(name, 0.0))}" for name, words in names.items())
    return ", ".join(media) + (slow if p.instrument > 0.005 else "")


def _whole(facts: Facts) -> str:
    return "the long-time diffusivity" if facts.free else "the variance"


def _limit(facts: Facts) -> str:
    """How large an active part can be, as a sentence; nothing where it was fixed."""
    part = basis(facts).part
    if part is None:
        return ""
    return (
        f" An active part that persists for {part.persistence:.2g} s or longer, and that thermal "
        f"noise could not imitate, makes at most {_share(_least_limit(facts, part))} of "
        f"{_displacements(part)} (95{THIN}%)."
    )


def active_part(facts: Facts, active: bool) -> tuple[str, str] | None:
    """The active share as a number of the page's head, and of what: its 95 % interval if the
    reading is active, and otherwise the limit; None where it was fixed."""
    part = basis(facts).part
    if part is None:
        return None
    if active:
        return f"{_share(part.low95)} to {_share(part.high95)}", _whole(facts)
    return f"at most {_share(_least_limit(facts, part))}", _displacements(part)


def _least_limit(facts: Facts, part: ActivePart) -> float:
    """The limit of the active part; less than the least share that counts is none."""
    return max(part.limit95, facts.settings.least_share or 0.0)


def _displacements(part: ActivePart) -> str:
    return f"the mean square displacement over {part.lag:.2g} s"


def _share(value: float) -> str:
    """An active share; below the least one that counts it is not known."""
    return f"{100 * max(value, 0.01):.2g}{THIN}%"


def _thermal(facts: Facts, p: Stated) -> str:
    chance = with_error(1 - p.active, p.active_error)
    return (
        f"{grade(1 - p.active)} thermal noise alone moves the tracer (probability {chance}): "
        f"{_media(p)}.{_limit(facts)}"
    )


def _drifting(facts: Facts, p: Stated) -> str:
    chance = with_error(1 - p.active, p.active_error)
    return (
        f"{grade(1 - p.active)} thermal noise alone moves the tracer (probability {chance}), and "
        f"the instrument moves slowly ({percent(p.instrument)}). {_slow_motion(facts)}"
        f"{_limit(facts)}"
    )


def _slow_motion(facts: Facts) -> str:
    """What the instrument's slow motion does, under the likelier of its models."""
    walks = basis(facts).p("Drift") >= basis(facts).p("Wander")
    found = facts.posteriors["Drift" if walks else "Wander"].parameters
    rms = max(values.rms for values in facts.record.coordinates.values())
    if walks:
        reach = (2 * found["drift"].median * facts.record.duration) ** 0.5 / rms
        return (
            f"Its drift, a random walk, goes about {reach:.1g} times as far as the root mean "
            "square of the record by the end."
        )
    time = found["drift_time"].median
    size = (found["drift"].median * time) ** 0.5 / rms
    return (
        f"It moves by about {size:.1g} times the root mean square of the record, and forgets "
        f"its place within {time:.2g} s."
    )


def _no_sign(facts: Facts, p: Stated) -> str:
    passive = with_error(1 - p.active, p.active_error)
    return (
        f"No sign of activity. Thermal noise alone explains {_this(facts)} "
        f"(probability {passive}): {_media(p)}.{_limit(facts)}"
    )


def _active(facts: Facts, p: Stated) -> str:
    return (
        f"{grade(p.distinguishable)} the tracer moves actively (probability "
        f"{with_error(p.active, p.active_error)}), in a way that no medium at equilibrium could "
        f"imitate ({percent(p.distinguishable)}).{_size(facts)}"
    )


def _size(facts: Facts) -> str:
    part = basis(facts).part
    if part is None:
        return ""
    return (
        f" The active part makes {_share(part.low95)} to {_share(part.high95)} of "
        f"{_whole(facts)} (95{THIN}%)."
    )


def _active_or_viscoelastic(facts: Facts, p: Stated) -> str:
    return (
        "Not decided between activity and a viscoelastic medium. Active motion has probability "
        f"{with_error(p.active, p.active_error)} and equilibrium {percent(p.equilibrium)}, but a "
        "medium at equilibrium can have the same law: their shares depend on the priors."
    )


def _shape(facts: Facts, p: Stated) -> str:
    return (
        "Not decided. The positions are not normally distributed, but their correlations are those "
        "of thermal noise at equilibrium. Propulsion of constant speed produces this (RBP or RTP, "
        f"{percent(basis(facts).p(*TWINS))}), and so does a trap that is not harmonic, or "
        "several states."
    )


def _still(facts: Facts, p: Stated) -> str:
    return (
        "Nothing moves that the instrument resolves. The positions are white, as localisation "
        "noise alone makes them, or a trap that relaxes within an interval: there is no sign of "
        "activity, and of the tracer's motion nothing is known."
    )


def _slow_noise(facts: Facts, p: Stated) -> str:
    exponents = ", ".join(f"{n.exponent:.2f}" for n in facts.artefacts.slow_noise.values())
    return (
        f"Not decided. The positions have the spectrum of 1/f noise (exponent {exponents}) beside "
        "white noise, as the slow noise of an instrument does. A tracer that moves in many ways at "
        "once, actively or not, can have it too; a second tracer that cannot move, recorded in the "
        "same way, tells."
    )


def _undecided(facts: Facts, p: Stated) -> str:
    slow = f", of which an instrument that moves slowly makes {percent(p.instrument)}"
    if p.active > THRESHOLDS.probable:
        return (
            f"Not decided, though active motion is {grade(p.distinguishable).lower()} (probability "
            f"{with_error(p.active, p.active_error)}, {percent(p.distinguishable)} in a way that "
            "no medium at equilibrium could imitate): to be called active it must be almost "
            "certain."
        )
    return (
        f"Not decided: thermal noise alone has probability {percent(1 - p.active)}"
        f"{slow if p.instrument > 0.05 else ''}, active motion "
        f"{with_error(p.active, p.active_error)}.{_limit(facts)}"
    )


_SENTENCES: dict[Reading, Callable[[Facts, Stated], str]] = {
    "no model": _no_model,
    "active, not described": _active_not_described,
    "thermal": _thermal,
    "drift": _drifting,
    "no sign": _no_sign,
    "active": _active,
    "active or viscoelastic": _active_or_viscoelastic,
    "shape": _shape,
    "still": _still,
    "slow noise": _slow_noise,
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
