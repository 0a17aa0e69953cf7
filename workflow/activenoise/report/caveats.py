"""What the answer to a record rests on, in sentences, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log

from activenoise.analysis.facts import CirculationFacts, Facts, NotTested
from activenoise.analysis.judgement import (
    THRESHOLDS,
    Reading,
    basis,
    disagreement,
    has_double,
    stated,
)
from activenoise.parameters import DRIVES, FRACTIONS, TWINS
from activenoise.report.artefact_words import artefact_sentences
from activenoise.report.phrases import THIN, faults, listed, number, ordinal, percent

_KIND_WORDS = {
    "exact": "The positions were taken as exact. If the instrument averages, filters, drifts or "
    "adds noise, its effect can look like activity: name the instrument.",
    "camera": "The instrument was taken as a camera: localisation noise and motion blur are among "
    "the unknowns.",
    "detector": "The instrument was taken as a detector: noise and a first-order low-pass are "
    "among the unknowns.",
    "unknown": "The instrument was not named, so noise, motion blur and a low-pass were all among "
    "the unknowns. Naming it makes the answer sharper.",
}


def caveats(facts: Facts, found: Reading, parameter_words: Mapping[str, str]) -> Iterator[str]:
    """The caveats of a reading. parameter_words: what each parameter is."""
    fits = found not in ("no model", "active, not described")
    yield from artefact_sentences(facts.artefacts)
    yield from _agreement(facts)
    yield from _circulation(facts)
    yield from _witness(facts)
    yield _distinguishable(facts, fits)
    if fits and has_double(facts):
        yield _double(facts)
    if facts.full_rate is not None:
        yield (
            f"At the full rate: {faults(facts.full_rate.fit)} All numbers here are from every "
            f"{ordinal(facts.record.analysed_stride)} point."
        )
    yield from _drift(facts, found)
    yield from _tones(facts)
    yield from _mechanism(facts, found)
    yield _KIND_WORDS[facts.instrument]
    yield _priors(facts)
    yield from _leaning(facts, parameter_words)
    yield from _trends(facts, parameter_words)
    if not disagreement(facts):
        yield from _bands(facts)
    if fits:
        yield from _sampling(facts)
    yield from _not_tested(facts)
    yield from _gaps(facts)


def _agreement(facts: Facts) -> Iterator[str]:
    """Whether the tracks of a table are of one kind."""
    favoured = facts.comparison.favoured
    found = facts.tracks.own_over_shared.get(favoured)
    if found is None:
        return
    size = f"{abs(found.value):.0f} ± {found.error:.1f} nats"
    where = f"under {favoured}, over the {facts.tracks.n_alone} tracks analysed one by one"
    differ = disagreement(facts)
    if differ is None:
        yield (
            "Whether the tracks share their parameters is not decided: the log Bayes factor for "
            f"parameters of each track's own is {found.value:.1f} ± {found.error:.1f} nats "
            f"({where}). The analysis assumes that they share them."
        )
    elif differ:
        yield (
            "The tracks do not share their parameters: a log Bayes factor of "
            f"{size} favours parameters of each track's own ({where}). So the answer assumes one "
            "model for all tracks, each with its own parameters. The figures and parameters below "
            "assume shared parameters and describe no single track. Analyse groups of one kind "
            "separately."
        )
    else:
        yield (
            f"The tracks agree: a log Bayes factor of {size} favours shared parameters over "
            f"parameters of each track's own ({where})."
        )


def _circulation(facts: Facts) -> Iterator[str]:
    for pair, test in facts.circulation.items():
        if not isinstance(test, CirculationFacts):
            yield f"Circulation of {pair} could not be tested: {test}."
        elif test.p_reversible < THRESHOLDS.circulation:
            yield (
                f"The coordinates {pair} circulate, at {test.rate:.3g} ± {test.rate_error:.2g} "
                f"rad/s (chance {number(test.p_reversible, 2)} at equilibrium). This alone speaks "
                "against equilibrium, whatever the models say."
            )
        else:
            yield (
                f"The coordinates {pair} show no circulation (chance {test.p_reversible:.2g} at "
                "equilibrium). Circulation would prove activity; without it the motion may still "
                "be active."
            )


def _witness(facts: Facts) -> Iterator[str]:
    """What the displacements say without a model."""
    seen = facts.witness
    if seen is None:
        return
    chance = f"chance {number(seen.p_equilibrium, 2)} at equilibrium"
    if seen.p_equilibrium >= THRESHOLDS.circulation:
        yield (
            "Without any model: displacements that do not overlap show nothing that a medium at "
            f"equilibrium could not do ({chance}). Weak activity escapes this test, and so may "
            "activity in a tight trap."
        )
        return
    where = f"over {seen.span:.3g} s, {seen.gap:.3g} s apart"
    what = (
        f"displacements {where}, go the same way (correlation {seen.correlation.value:.2g} ± "
        f"{seen.correlation.error:.1g}; {chance})"
        if seen.kind == "persistence"
        else f"displacements {where}, recoil as in no mixture of decaying exponentials with "
        f"positive weights ({chance})"
    )
    yield (
        f"Without any model: {what}. No medium at equilibrium does this, linear or not, if inertia "
        "plays no role. A drift or flow that changes with time does it, and so do vibrations, "
        "interpolated points and an instrument of longer memory."
    )


def _distinguishable(facts: Facts, fits: bool) -> str:
    p, weight = stated(facts).distinguishable, facts.double.p_negative_weight
    if not fits:
        return (
            "Where no model fits, the record does not say whether one coordinate could tell "
            "activity from equilibrium."
        )
    if facts.free:
        return (
            f"The motion is active with probability {percent(p)}. For a free tracer this is also "
            "the probability that no overdamped medium at equilibrium has its law: persistent "
            "propulsion of any strength makes the tracer spread faster than in proportion to time, "
            "which no such medium does. A flow or a drift of the stage does it too."
        )
    reason = (
        "Activity shows in one coordinate if C(t) has an exponential of negative weight, which no "
        f"medium at equilibrium has; {percent(weight)} of the active parameters have one."
    )
    if p > THRESHOLDS.likely:
        return f"The record tells activity from equilibrium (probability {percent(p)}). {reason}"
    if p < THRESHOLDS.unlikely:
        return (
            "One coordinate does not tell activity from equilibrium here: the probability that the "
            f"motion is active and differs from every medium at equilibrium is {percent(p)}. "
            f"{reason}"
        )
    return (
        "Whether the motion is active in a way that no medium at equilibrium could imitate is not "
        f"decided (probability {percent(p)}). {reason}"
    )


def _double(facts: Facts) -> str:
    at = facts.double
    return (
        f"The active parameters (κτₐ = {at.kappa_tau_a:.2g}, Dₐ/D = {at.ratio:.2g}) have an exact "
        "double at equilibrium: both exponentials of C(t) have positive weight, and a bead in a "
        "viscoelastic medium has the same law. “Active” then means only that the tracer is not a "
        "passive bead with a single relaxation. How the two explanations share the probability "
        "depends on the priors."
    )


def _drift(facts: Facts, found: Reading) -> Iterator[str]:
    """What is known of an instrument that moves slowly."""
    said = stated(facts)
    if said.instrument > THRESHOLDS.unlikely:
        yield (
            "The slow part may come from the instrument (a drift or a jump of the stage, a "
            "wandering focus) or from the tracer's surroundings; the record cannot tell which. A "
            "longer record can, or a second bead beside the first."
        )
    elif found == "active" and not any(item.question == "drift" for item in facts.not_tested):
        yield (
            "An instrument that moves slowly does not explain the record: thermal noise with a "
            "random walk of the instrument, or with a slow motion of it that relaxes, has "
            f"probability {percent(said.instrument)}."
        )


def _tones(facts: Facts) -> Iterator[str]:
    for where, tones in facts.tones.by_name.items():
        lines = [
            f"{tone.frequency:.6g} Hz (amplitude {100 * tone.amplitude:.2g}{THIN}% of the root "
            "mean square)"
            for tone in sorted(tones, key=lambda tone: -tone.amplitude)
        ]
        yield (
            f"{'A tone was' if len(tones) == 1 else 'Tones were'} found in {where} and removed "
            f"before the analysis: {listed(lines)}. Mains hum, a power supply or a vibration "
            "leaves such a line, and so does a periodic drive; the motion of these models does not."
        )


_IN_MEDIUM = {
    "AOUP": "the liquid simple",
    "ViscoelasticAOUP": "the medium has one more relaxation",
    "PowerLawAOUP": "the medium has many relaxations",
}


def _mechanism(facts: Facts, found: Reading) -> Iterator[str]:
    if found not in ("active", "active or viscoelastic", "undecided"):
        return
    comparison = basis(facts)
    for twin, medium in _IN_MEDIUM.items():
        asked = [name for name, of in TWINS.items() if of == twin and name in comparison.models]
        counted = [name for name in asked if comparison.models[name].counted]
        for name in (name for name in asked if name not in counted):
            yield (
                f"Whether the speed of the propulsion is constant ({name}) was not found out: too "
                "few draws of its posterior count, and it has no part in the probabilities."
            )
        total = comparison.p(twin, *counted)
        if counted and total > 0.01:
            shares = [f"{DRIVES[n]} ({percent(comparison.p(n) / total)})" for n in counted]
            yield (
                f"If the motion is active and {medium}, its mechanism is {' or '.join(shares)} "
                "rather than AOUP."
            )


def _priors(facts: Facts) -> str:
    odds, least = facts.settings.prior_odds, facts.settings.least_share
    found = basis(facts)
    factor = stated(facts).bayes_factor
    said = (
        f"Before the record, active motion had probability {percent(found.p_prior)}"
        f"{' by the prior odds that you gave' if odds else ''}. The Bayes factor of activity is "
        f"{number(factor, 2)}: with other prior odds, multiply those by it. The parameters have "
        "the priors that are listed below"
    )
    if facts.settings.given:
        said += f", of which you gave {listed(facts.settings.given)}"
    if not least:
        return f"{said}."
    motion = "the long-time diffusivity" if facts.free else "the motion"
    return (
        f"{said}. An active or viscoelastic part of less than {100 * least:g}{THIN}% of {motion} "
        "counts as none."
    )


_EDGE = 0.08  # part of a prior's range at either end


def _leaning(facts: Facts, parameter_words: Mapping[str, str]) -> Iterator[str]:
    """Parameters of the favoured model that sit at an end of their prior."""
    ends = []
    for name in facts.favoured.unknown:
        row, prior = facts.favoured.parameters.get(name), facts.prior.get(name)
        if row is None or prior is None or name in FRACTIONS:
            continue
        low, high, median = prior.low, prior.high, row.median
        if prior.log:
            low, high, median = log(low), log(high), log(median)
        where = (median - low) / (high - low)
        if where < _EDGE or where > 1 - _EDGE:
            end = "lower" if where < _EDGE else "upper"
            limit = prior.low if where < _EDGE else prior.high
            ends.append(f"{parameter_words[name]} at the {end} end ({limit:.2g})")
    if ends:
        yield (
            f"The posterior leans on its prior: {listed(ends)}. The true value may lie beyond; "
            "give a wider prior to see what changes."
        )


def _trends(facts: Facts, parameter_words: Mapping[str, str]) -> Iterator[str]:
    changing = [
        parameter_words[name]
        for name, test in facts.pieces.trends.items()
        if test.p_constant < THRESHOLDS.trend
    ]
    if changing:
        where = f"track {facts.pieces.track}" if facts.several else "the record"
        yield (
            f"Not constant along {where}: {listed(changing)}. The models assume that parameters "
            "are constant."
        )


def _bands(facts: Facts) -> Iterator[str]:
    names = {
        "autocorrelation": "autocorrelation",
        "displacement": "mean square displacement",
        "spectrum": "power spectrum",
        "increments": "covariance of the increments",
        "increment_spectrum": "power spectrum of the increments",
    }
    for coordinate, inside in facts.bands.inside.items():
        for key, part in inside.items():
            if part < THRESHOLDS.band:
                yield (
                    f"Only {100 * part:.0f}{THIN}% of the {names[key]} of {coordinate} lies inside "
                    f"the 95{THIN}% band of the favoured model."
                )


def _sampling(facts: Facts) -> Iterator[str]:
    doubtful = [
        name
        for name, model in basis(facts).models.items()
        if model.probability > 0.01
        and name not in TWINS
        and (model.pareto_k > THRESHOLDS.pareto_k or model.effective < THRESHOLDS.effective)
    ]
    if doubtful:
        yield (
            f"The numerical uncertainty of {listed(doubtful)} is itself uncertain, because few "
            "draws are effective: take probabilities within a factor of two."
        )


def _not_tested(facts: Facts) -> Iterator[str]:
    """Questions that were not put to the record and could have mattered."""
    what = "these tracks" if facts.several else "this record"
    words = {
        NotTested("tones", "short"): "tones such as mains hum (that takes 512 points in a row)",
        NotTested("kurtosis", "short"): "whether the positions are normally distributed, as in a "
        "harmonic trap (that takes a track of 200 points)",
        NotTested("stride", "short"): "whether every 2nd, 4th ... point fits better (that takes a "
        "track of 400 points)",
        NotTested("circulation", "free"): "circulation of the coordinates (a free tracer has no "
        "centre to circulate about)",
        NotTested("coordinates", "long"): "each coordinate by itself (the table is too long)",
        NotTested(
            "witness", "short"
        ): "displacements that do not overlap (that takes 16 tracks, or about 200 points)",
        NotTested("pieces", "short"): "whether parameters change with time (that takes a track of "
        "400 points)",
    }
    found = [words[item] for item in facts.not_tested if item in words]
    if found:
        yield f"Not tested for {what}: {'; '.join(found)}."
    for item in facts.not_tested:
        if item.question == "common motion":
            yield (
                "Whether the tracks move together, as on a drifting stage, was not tested: the "
                "file does not say which points are of the same frame."
            )
        elif item.question == "drift" and item.reason == "exact":
            yield (
                "An instrument that moves slowly is not among the models, because the positions "
                "were taken as exact."
            )
        elif item.question == "drift" and item.reason == "given":
            yield (
                "An instrument that moves slowly is not a model of its own, because its drift is "
                "part of every model by the priors that you gave."
            )


def _gaps(facts: Facts) -> Iterator[str]:
    record = facts.record
    for name, values in record.coordinates.items():
        if values.missing:
            share = values.missing / record.n_points
            yield (
                f"{values.missing} points of {name} are missing ({percent(share)}). They are left "
                "out, not filled in."
            )
    if facts.several:
        yield from _table(facts)
    elif record.n_read < record.n_points:
        yield f"This is a quick look: only the first {record.n_read} points were read."
    if facts.tracks.left_out:
        yield (
            f"{facts.tracks.left_out} tracks were left out, because they have a single point, "
            "never move, or have two positions in one frame."
        )


def _table(facts: Facts) -> Iterator[str]:
    """Which tracks of a table were read, and for what."""
    tracks = facts.tracks
    if tracks.n_read < tracks.n_tracks:
        yield (
            f"The joint analysis reads {tracks.n_read} of {tracks.n_tracks} tracks, the longest, "
            f"with {facts.record.n_read} points in all."
        )
    if 0 < tracks.n_alone < tracks.n_read:
        yield (
            f"The {tracks.n_alone} longest tracks of at least {tracks.fewest} points were also "
            "analysed one by one; the others count in the joint analysis alone."
        )
    if 0 < facts.tones.n_tracks < tracks.n_read:
        yield (
            f"Tones such as mains hum were looked for in the {facts.tones.n_tracks} tracks of at "
            "least 512 points."
        )
