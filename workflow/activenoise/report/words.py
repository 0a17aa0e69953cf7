"""The verdict on a record in plain words: sentences, and the caveats that belong to them.

Works on the facts of `findings` and needs no numerics. Every number that decides is a threshold of
`judgement`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from activenoise.analysis.judgement import (
    THRESHOLDS,
    Facts,
    Reading,
    all_misfits,
    basis,
    disagreement,
    has_double,
    is_familiar,
    reading,
)
from activenoise.parameters import REGISTRY

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
_KIND_WORDS = {
    "exact": "The positions were taken as exact. Where the instrument averages, filters, drifts or "
    "adds noise, that can pass for activity: name the instrument.",
    "camera": "The instrument was taken as a camera: localisation noise and motion blur are among "
    "the unknowns.",
    "detector": "The instrument was taken as a detector: noise and a first-order low-pass are "
    "among the unknowns.",
    "unknown": "The instrument was not named, so noise, motion blur and a low-pass were all "
    "allowed for. Naming it makes the answer sharper.",
}


_THIN = "\u202f"  # the space before %, where no line breaks


class Words(NamedTuple):
    """reading: one of `judgement.Reading`. fits: whether a model describes the record. sentence:
    the verdict. caveats: what it rests on, the weightiest first."""

    reading: Reading
    fits: bool
    sentence: str
    caveats: list[str]


def in_words(facts: Facts) -> Words:
    """The verdict on a record in words."""
    facts = basis(facts)
    found = reading(facts)
    return Words(found, found != "no model", _sentence(facts, found), list(_caveats(facts, found)))


def model_words(facts: Facts) -> dict[str, str]:
    """What moves the tracer, by model."""
    return _FREE_MODEL_WORDS if facts["trap"] == "free" else MODEL_WORDS


def parameter_words(facts: Facts) -> dict[str, str]:
    """What a parameter is, by name."""
    return {name: row.words_of(facts["trap"] == "free") for name, row in REGISTRY.items()}


def percent(p: float) -> str:
    """A probability as people read it, on one line; never 0 or 100 %."""
    if p < 0.001:
        return f"less than 0.1{_THIN}%"
    if p > 0.999:
        return f"more than 99.9{_THIN}%"
    return f"{100 * p:.1f}{_THIN}%" if p < 0.1 or p > 0.9 else f"{100 * p:.0f}{_THIN}%"


def _with_error(p: float, error: float) -> str:
    """A probability and, where it can be seen, its numerical uncertainty."""
    if error < 0.0005 or not 0.001 < p < 0.999:
        return percent(p)
    return f"{percent(p)} (± {100 * error:.1f} numerically)"


def _sentence(facts: Facts, found: Reading) -> str:
    p, error = facts["probability"], facts["numerical_error"]
    thermal, active = p["Passive"], facts["p_active"]
    own_error = facts["errors"]["Passive"]
    opening = ""
    if "tracks" in facts:
        tracks = facts["tracks"]
        opening = (
            f"{tracks['n_alone']} tracks of a table, each with parameters of its own. "
            if disagreement(facts)
            else f"{tracks['n_read']} tracks taken together. "
        )
    if "full_rate" in facts:
        stride = facts["record"]["analysed_stride"]
        opening = (
            "No model here describes the record at its full rate, where the instrument's own "
            f"response shows; every {ordinal(stride)} point fits, and this is what they say. "
        )
    if found == "no model":
        return (
            f"No model here describes {_this(facts)}, so no probability of activity is given. "
            + _faults(facts["fit"])
        )
    if found == "thermal":
        return (
            f"{opening}Moved by thermal noise alone: probability {_with_error(thermal, own_error)}."
        )
    if found == "equilibrium" and p["Viscoelastic"] > THRESHOLDS.likely:
        return (
            f"{opening}Moved by thermal noise alone: probability {_with_error(1 - active, error)}, "
            f"and in a viscoelastic medium ({percent(p['Viscoelastic'])})."
        )
    if found == "equilibrium":
        return (
            f"{opening}Moved by thermal noise alone: probability {_with_error(1 - active, error)}. "
            f"Whether the surroundings are simple ({percent(thermal)}) or viscoelastic "
            f"({percent(p['Viscoelastic'])}) is not decided."
        )
    if found == "active":
        return (
            f"{opening}Moved actively: probability {_with_error(active, error)}, and "
            f"{percent(facts['p_distinguishable'])} that no medium at equilibrium could look so."
        )
    if found == "active or viscoelastic":
        return (
            f"{opening}Moved actively or in a viscoelastic medium; one coordinate cannot tell "
            "which. Thermal noise in a simple liquid has probability "
            f"{_with_error(thermal, own_error)}."
        )
    if found in ("drift", "slow"):
        drift = facts["with_drift"]
        walk = (
            "an instrument that drifts as a random walk (by the end about "
            f"{drift['reach']:.1g} times the root mean square)"
        )
        chance = f"probability {percent(drift['probability'])} beside the four models at rest"
        if found == "drift":
            return f"{opening}Moved by thermal noise alone, seen by {walk}: {chance}."
        return (
            f"{opening}Not decided by {_this(facts)}: a medium, propulsion or {walk} and thermal "
            f"noise alone explain it. The last has {chance}."
        )
    if found == "shape":
        return (
            f"{opening}Not decided by {_this(facts)}: what speaks against thermal noise in a "
            "harmonic trap is how the positions are distributed, not how they are correlated. "
            f"Propulsion of constant speed (RBP, {percent(p['RBP'])}) does that, and a trap "
            "that is not harmonic too."
        )
    return (
        f"{opening}Not decided by {_this(facts)}: thermal noise alone has probability "
        f"{percent(thermal)}, a viscoelastic medium {percent(p['Viscoelastic'])}, active motion "
        f"{_with_error(active, error)}."
    )


def _this(facts: Facts) -> str:
    if "tracks" not in facts:
        return "this record"
    if disagreement(facts):
        return "these tracks, even with parameters of its own for each"
    return "these tracks, taken together"


def ready_remarks(answer: Facts, dt: float) -> list[str]:
    """What to know of the ready networks' answer for a coordinate before it is believed. dt: of the
    record, s."""
    if "too_short" in answer:
        return [
            f"Too short for the ready networks: {answer['n_points']} points without a gap; they "
            f"need {answer['too_short']}."
        ]
    told = []
    for task, found in answer["familiar"].items():
        if not is_familiar(answer, task):
            told.append(
                "The record is outside of what the networks were trained on (for "
                f"{TASK_WORDS[task]}, {percent(found['farther'])} of the tracks there are farther "
                "out), so their answers are not given."
            )
            break
    names = {"kappa": "κ", "tau_a": "τₐ"}
    outside = [names[name] for name, inside in answer["in_range"].items() if not inside]
    if outside:
        told.append(
            f"By the exact posterior {' and '.join(outside)} of the record, in units of "
            f"{answer['stride'] * dt:.3g} s, "
            f"{'lies' if len(outside) == 1 else 'lie'} outside of the range that they were trained "
            "for."
        )
    if answer["pieces"] > 1:
        told.append(
            f"Read in {answer['pieces']} pieces, over which the answers are averaged: they were "
            f"trained on at most {answer['trained_to']} points."
        )
    return told


TASK_WORDS = {
    "Passive-AOUP": "the question of activity",
    "AOUP-RBP": "the question of the mechanism",
    "estimates": "the parameters",
}


def ordinal(n: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def _faults(fit: Facts) -> str:
    """What is wrong with the fit, in a sentence or more."""
    told = []
    several = len(fit["favoured"]) > 1
    for name, kinds in all_misfits(fit).items():
        where = f" of {name}" if several else ""
        if "fast" in kinds:
            told.append(
                f"What the best one leaves over{where} is correlated from point to point (by up to "
                f"{kinds['fast']:.2f}; it should be 0): an instrument or a motion that is not in "
                "the models."
            )
        if "slow" in kinds:
            told.append(
                f"What the best one leaves over{where} varies slowly, as drift does (chance "
                f"{_power(kinds['slow'])} if it should not)."
            )
        if "normal" in kinds:
            told.append(
                f"What the best one leaves over{where} is not normally distributed (its "
                f"distribution is off by {kinds['normal']:.3f}): jumps, outliers, a trap that is "
                "not harmonic or a motion of several states."
            )
        if "shape" in kinds:
            told.append(
                f"The positions{where} are not normally distributed (excess kurtosis "
                f"{kinds['shape']:.2f}), as those of these models are: a trap that is not harmonic "
                "or does not stay as it is, or several states."
            )
    return " ".join(told)


def _power(p: float) -> str:
    return "below 10⁻⁶" if p < 1e-6 else f"{p:.1g}"


def _caveats(facts: Facts, found: Reading) -> Iterator[str]:
    yield from _agreement(facts)
    yield from _circulation(facts)
    yield _distinguishable(facts, found)
    if found != "no model" and not disagreement(facts):
        yield from _active_part(facts)
    if has_double(facts) and found != "no model":
        double = facts["double"]
        yield (
            f"At κτₐ = {double['kappa_tau_a']:.2g} and Dₐ/D = {double['ratio']:.2g}, where the "
            "active reading sits, it has an exact double at equilibrium: both exponentials of C(t) "
            "have positive weight, and a bead in a viscoelastic medium has the same law. “Active” "
            "then only means: not a passive bead of a single relaxation. How the two share the "
            "probability is a matter of the priors."
        )
    if "full_rate" in facts:
        stride = facts["record"]["analysed_stride"]
        yield (
            f"At the full rate: {_faults(facts['full_rate']['fit'])} All numbers here are from "
            f"every {ordinal(stride)} point."
        )
    yield from _with_drift(facts, found)
    yield from _tones(facts)
    yield from _mechanism(facts, found)
    yield _KIND_WORDS[facts["instrument"]]
    yield _priors(facts)
    yield from _drift(facts)
    if not disagreement(facts):
        yield from _bands(facts)
    if found != "no model":
        yield from _sampling(facts)
    yield from _gaps(facts)


def _priors(facts: Facts) -> str:
    settings = facts["settings"]
    odds, least = settings["prior_odds"], settings["least_share"]
    if odds == "equal":
        told = "The four models have equal prior odds, "
    else:
        listed = ", ".join(f"{name} {odds.get(name, 1):g}" for name in MODEL_WORDS)
        told = f"The models have the prior odds that you gave ({listed}), "
    told += "and their parameters the priors that are listed below"
    if settings["given"]:
        told += f", of which you gave {', '.join(settings['given'])}"
    if not least:
        return told + "."
    motion = "the long-time diffusivity" if facts["trap"] == "free" else "the motion"
    return (
        f"{told}; an active or viscoelastic part of less than {100 * least:g}{_THIN}% of {motion} "
        "counts as none."
    )


def _agreement(facts: Facts) -> Iterator[str]:
    """Whether the tracks of a table are of one kind."""
    tracks = facts.get("tracks")
    if tracks is None or "own_over_shared" not in tracks:
        return
    found = tracks["own_over_shared"][facts["favoured"]]
    size = f"{abs(found['value']):.0f} ± {found['error']:.1f} nats"
    about = f"under {facts['favoured']}, of the {tracks['n_alone']} tracks analysed one by one"
    differ = disagreement(facts)
    if differ is None:
        yield (
            "Whether the tracks share their parameters or have each its own is not decided (log "
            f"Bayes factor {found['value']:.1f} ± {found['error']:.1f} nats for each its own, "
            f"{about}). They were taken as shared."
        )
    elif differ:
        yield (
            "The tracks do not share their parameters: each its own is favoured by a log Bayes "
            f"factor of {size} over the same for all ({about}). So the verdict lets each have its "
            "own, and takes them as of one model; figures and parameters below are of all tracks "
            "with shared parameters, which they do not have. Better are groups of one kind."
        )
    else:
        yield (
            "The tracks agree: the same parameters for all are favoured by a log Bayes factor of "
            f"{size} over each its own ({about})."
        )


def _distinguishable(facts: Facts, found: Reading) -> str:
    p, weight = facts["p_distinguishable"], facts["double"]["p_negative_weight"]
    if facts["trap"] == "free" and found != "no model":
        return (
            f"That the motion is active has probability {percent(p)}. For a free tracer this is "
            "also the probability that no overdamped medium at equilibrium has its law: persistent "
            "propulsion of any strength makes it spread faster than in proportion to time, which "
            "no such medium does. A flow, or a drift of the stage, does it too."
        )
    reason = (
        "That needs an exponential of negative weight in C(t), which no medium at equilibrium has; "
        f"of the active readings {percent(weight)} have one."
    )
    if found == "no model":
        return (
            "Whether activity could be told from equilibrium in one coordinate cannot be said "
            "where no model fits."
        )
    if p > THRESHOLDS.likely:
        return f"Activity is told from equilibrium (probability {percent(p)}). {reason}"
    if p < THRESHOLDS.unlikely:
        return (
            f"One coordinate does not tell activity from equilibrium here (probability "
            f"{percent(p)} that the motion is active and differs from every medium at "
            f"equilibrium). {reason}"
        )
    return (
        "Whether the motion is active in a way that no medium at equilibrium could imitate is not "
        f"decided (probability {percent(p)}). {reason}"
    )


def _active_part(facts: Facts) -> Iterator[str]:
    """How large it is or can be: an answer also where the odds of the models give none."""
    share = facts["models"]["AOUP"]["parameters"].get("active_share")
    if share is None:
        return
    whole = "the long-time diffusivity" if facts["trap"] == "free" else "the variance in the trap"
    low, high = (f"{100 * share[end]:.2g}" for end in ("low95", "high95"))
    sure = facts["p_active"] > THRESHOLDS.likely
    part = "The active part" if sure else "An active part, if there is one,"
    yield f"{part} makes {low} to {high}{_THIN}% of {whole} (95{_THIN}% interval under AOUP)."


def _circulation(facts: Facts) -> Iterator[str]:
    for pair, test in facts.get("circulation", {}).items():
        if "error" in test:
            yield f"Circulation of {pair} could not be tested: {test['error']}."
        elif test["p_reversible"] < THRESHOLDS.circulation:
            yield (
                f"The coordinates {pair} circulate, at {test['rate']:.3g} ± "
                f"{test['rate_error']:.2g} rad/s (chance {test['p_reversible']:.2g} at "
                "equilibrium): this alone speaks against equilibrium, whatever the models say."
            )
        else:
            yield (
                f"The coordinates {pair} show no circulation (chance {test['p_reversible']:.2g} at "
                "equilibrium), which would have been proof of activity; its absence is none of "
                "equilibrium."
            )


def _with_drift(facts: Facts, found: Reading) -> Iterator[str]:
    """Whether the verdict outlasts a drift."""
    if "with_drift" not in facts or found == "no model":
        return
    if found in ("drift", "slow"):
        yield (
            "What is slow may be the instrument (a drift or a jump of the stage, a wandering "
            "focus) or the tracer's surroundings: the record cannot tell. A longer one can, or "
            "a second bead beside the first."
        )
    else:
        yield (
            "A drift of the instrument does not explain it: thermal noise alone and a random walk "
            f"have probability {percent(facts['with_drift']['probability'])} beside the four "
            "models at rest."
        )


def _tones(facts: Facts) -> Iterator[str]:
    for coordinate, tones in facts.get("tones", {}).items():
        listed = ", ".join(
            f"{tone['frequency']:.6g} Hz (amplitude {100 * tone['amplitude']:.2g}{_THIN}% of the "
            "root mean square)"
            for tone in sorted(tones, key=lambda tone: -tone["amplitude"])
        )
        yield (
            f"{'A tone was' if len(tones) == 1 else 'Tones were'} found in {coordinate} and taken "
            f"off before the analysis: {listed}. Mains hum, a power supply or a vibration leaves "
            "such a line, and no motion of these models; a periodic drive does too."
        )


def _mechanism(facts: Facts, found: Reading) -> Iterator[str]:
    if found in ("no model", "thermal", "equilibrium"):
        return
    if facts["p_active"] > 0.01:
        share = facts["probability"]["RBP"] / facts["p_active"]
        yield (
            "If the motion is active, its mechanism is RBP rather than AOUP with probability "
            f"{percent(share)}."
        )


def _drift(facts: Facts) -> Iterator[str]:
    moving = [
        name
        for name, test in facts["segments"]["drift"].items()
        if test["p_constant"] < THRESHOLDS.drift
    ]
    if moving:
        names = ", ".join(parameter_words(facts)[name] for name in moving)
        yield f"Not constant along the record: {names}. The models take them as constant."


def _bands(facts: Facts) -> Iterator[str]:
    names = {
        "autocorrelation": "autocorrelation",
        "displacement": "mean square displacement",
        "spectrum": "power spectrum",
        "increments": "covariance of the increments",
        "increment_spectrum": "power spectrum of the increments",
    }
    for coordinate, inside in facts["bands"].items():
        for key, part in inside.items():
            if part < THRESHOLDS.band:
                yield (
                    f"The {names[key]} of {coordinate} lies inside what the favoured model "
                    f"predicts (95 % band) in only {100 * part:.0f} % of its range."
                )


def _sampling(facts: Facts) -> Iterator[str]:
    limits = THRESHOLDS
    doubtful = [
        name
        for name, model in facts["models"].items()
        if model["probability"] > 0.01
        and name != "RBP"
        and (model["pareto_k"] > limits.pareto_k or model["effective"] < limits.effective)
    ]
    if doubtful:
        yield (
            f"The numerical uncertainty of {', '.join(doubtful)} is itself uncertain (few "
            "effective draws): take probabilities within a factor of two."
        )


def _gaps(facts: Facts) -> Iterator[str]:
    record = facts["record"]
    for name, values in record["coordinates"].items():
        if values["missing"]:
            share = values["missing"] / record["n_points"]
            yield (
                f"{values['missing']} points of {name} are missing ({percent(share)}); they are "
                "left out, not filled in."
            )
    if "tracks" in facts:
        yield from _table(facts["tracks"])
    elif record["n_read"] < record["n_points"]:
        yield f"A quick look: only the first {record['n_read']} points were read."


def _table(tracks: Facts) -> Iterator[str]:
    """What was left out of a table, and where."""
    if tracks["left_out"]:
        yield (f"{tracks['left_out']} tracks of a single point, or that never move, were left out.")
    if tracks["n_read"] < tracks["n_tracks"]:
        yield (
            f"The joint analysis reads the {tracks['n_read']} longest of {tracks['n_tracks']} "
            "tracks."
        )
    if tracks["n_alone"] < tracks["n_read"]:
        yield (
            f"One by one were analysed the {tracks['n_alone']} longest tracks of at least "
            f"{tracks['fewest']} points; the others count in the joint analysis alone."
        )
