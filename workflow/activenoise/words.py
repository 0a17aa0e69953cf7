"""The verdict on a record in plain words: sentences, and the caveats that belong to them.

Works on the facts of `findings` and needs no numerics. Every number that decides is a threshold of
`judgement`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from activenoise.judgement import (
    THRESHOLDS,
    Facts,
    Reading,
    all_misfits,
    has_double,
    reading,
)

MODEL_WORDS = {
    "Passive": "thermal noise in a trap, in a liquid of one friction",
    "Viscoelastic": "thermal noise in a viscoelastic medium at equilibrium",
    "AOUP": "thermal noise and propulsion that varies smoothly (AOUP)",
    "RBP": "thermal noise and propulsion of constant speed along a turning direction (RBP)",
}
PARAMETER_WORDS = {
    "kappa": "relaxation rate κ in the trap",
    "D": "thermal diffusivity D",
    "D_a": "active diffusivity Dₐ",
    "tau_a": "persistence time τₐ of the propulsion",
    "active_share": "active share of the motion",
    "element_share": "share of the friction that relaxes",
    "strength": "strength of the viscoelastic element",
    "tau_m": "relaxation time τₘ of the medium",
    "noise": "localisation noise",
    "exposure": "exposure, as a part of the interval",
    "corner": "corner frequency of the detector",
    "relaxed": "part of the signal that passes the detector at once",
    "drift": "diffusivity of the drift",
}
_KIND_WORDS = {
    "exact": "The positions were taken as exact. Where the instrument averages, filters or adds "
    "noise, that can pass for activity: name the instrument.",
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
    found = reading(facts)
    return Words(found, found != "no model", _sentence(facts, found), list(_caveats(facts, found)))


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
    if "full_rate" in facts:
        stride = facts["record"]["analysed_stride"]
        opening = (
            "No model here describes the record at its full rate, where the instrument's own "
            f"response shows; every {ordinal(stride)} point fits, and this is what they say. "
        )
    if found == "no model":
        return (
            "No model here describes this record, so no probability of activity is given. "
            + _faults(facts["fit"])
        )
    if found == "thermal":
        return (
            f"{opening}Moved by thermal noise alone: probability {_with_error(thermal, own_error)}."
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
    return (
        f"{opening}Not decided by this record: thermal noise alone has probability "
        f"{percent(thermal)}, a viscoelastic medium {percent(p['Viscoelastic'])}, active motion "
        f"{_with_error(active, error)}."
    )


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
                f"distribution is off by {kinds['normal']:.3f}): jumps, outliers or a trap that is "
                "not harmonic."
            )
    return " ".join(told)


def _power(p: float) -> str:
    return "below 10⁻⁶" if p < 1e-6 else f"{p:.1g}"


def _caveats(facts: Facts, found: Reading) -> Iterator[str]:
    yield from _circulation(facts)
    yield _distinguishable(facts, found)
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
    yield from _mechanism(facts, found)
    yield _KIND_WORDS[facts["instrument"]]
    least = f"{100 * facts['settings']['least_share']:g}{_THIN}%"
    yield (
        "The four models have equal prior odds, and their parameters the priors that are listed "
        f"below; an active or viscoelastic part of less than {least} of the motion counts as none."
    )
    yield from _drift(facts)
    yield from _bands(facts)
    if found != "no model":
        yield from _sampling(facts)
    yield from _gaps(facts)


def _distinguishable(facts: Facts, found: Reading) -> str:
    p, weight = facts["p_distinguishable"], facts["double"]["p_negative_weight"]
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
        names = ", ".join(PARAMETER_WORDS[name] for name in moving)
        yield f"Not constant along the record: {names}. The models take them as constant."


def _bands(facts: Facts) -> Iterator[str]:
    names = {
        "autocorrelation": "autocorrelation",
        "displacement": "mean square displacement",
        "spectrum": "power spectrum",
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
    if record["n_read"] < record["n_points"]:
        yield f"A quick look: only the first {record['n_read']} points were read."
