"""Everything that the four models say of a table of many tracks: of all with shared parameters, of
the longest one by one, and whether they agree.

The joint analysis costs what the tracks' scatter matrices do (`ensembles`), so that thousands of
short tracks are no more than a few long ones. The facts have the form of `findings`, with "tracks"
for what is said of each; lengths in the records' unit, times in s, evidences in nats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.analysis.checks import ensemble_bands
from activenoise.analysis.judgement import parameter_columns
from activenoise.analysis.record import (
    EFFORTS,
    Clock,
    Effort,
    Findings,
    Question,
    band_arrays,
    centred,
    closing,
    compared,
    drawn,
    draws_kept,
    errors_of,
    facts_of_models,
    tests_together,
)
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.comparison import Comparison, negative_weight, probabilities
from activenoise.inference.record import Kind, Record
from activenoise.likelihood.scatter import compressed
from activenoise.physics.instrument import Instrument

FEWEST = 10  # points of a track that is analysed by itself
MOST = 1 << 19  # points, over all coordinates, that the joint analysis reads, of the longest tracks
_LONG = 1 << 15  # points; beyond them the sampler is frugal, and no coordinate is by itself

Coordinates = Mapping[str, FloatArray]


def table_findings(
    tracks: Mapping[str, Coordinates],
    dt: float,
    kind: Kind = "unknown",
    effort: Effort | str = "full",
    seed: int = 0,
    choices: Choices | None = None,
    left_out: int = 0,
) -> Findings:
    """Analyse a table. tracks: by name, each its positions (n_points,) by coordinate, NaN where
    missing, every track with the same coordinates. dt: s. left_out: tracks of the table that are
    not among these. The rest as in `findings`.

    Every coordinate of every track is a record of the joint likelihood, with a zero of its own.
    """
    question = Question(kind, choices or Choices(), seed)
    chosen = EFFORTS[effort] if isinstance(effort, str) else effort
    clock = Clock()
    whole = {
        track: {name: np.asarray(x, np.float64) for name, x in parts.items()}
        for track, parts in tracks.items()
    }
    names = list(next(iter(whole.values())))
    longest_first = sorted(whole, key=lambda track: -observed(whole[track]))
    # A baseline leaves nothing of a track of no more points than it has coefficients.
    unknowns = Instrument(baseline=question.choices.baseline).unknowns
    long_enough = [track for track in longest_first if observed(whole[track]) > unknowns]
    if not long_enough:
        raise ValueError(
            f"no track has more than {unknowns} points, which a {question.choices.baseline} "
            "baseline takes up"
        )
    read = _read(long_enough, whole, chosen.longest)
    records = {track: [Record(centred(whole[track][name]), dt) for name in names] for track in read}
    by_coordinate = {name: [records[track][i] for track in read] for i, name in enumerate(names)}
    points = sum(len(record.positions) for some in records.values() for record in some)
    several = compressed([record.positions for some in records.values() for record in some], dt)
    size = sum(len(x) for x in several.records)
    sampler = chosen.sampler if size <= _LONG else chosen.frugal
    facts, answer = compared(by_coordinate, question, sampler)
    prior = question.prior([record for some in records.values() for record in some])
    clock.lap("models")
    facts = {
        "record": _record_facts(whole, read, names, dt),
        **facts_of_models(answer, question, prior),
        **facts,
    }
    if len(names) > 1 and points <= _LONG:
        facts["each"] = {
            name: compared({name: some}, question, chosen.brief)[0]
            for name, some in by_coordinate.items()
        }
        clock.lap("coordinates")
    alone = [track for track in read if observed(whole[track]) >= FEWEST][: chosen.members]
    members = {
        track: question.verdict(records[track], prior, chosen.brief, seed + 1 + i)
        for i, track in enumerate(alone)
    }
    clock.lap("tracks one by one")
    model = "AOUP" if facts["favoured"] == "RBP" else facts["favoured"]
    facts["tracks"] = {
        "n_tracks": len(whole), "left_out": left_out, "n_read": len(read),
        "n_alone": len(alone), "fewest": FEWEST,
        "rows": [
            _row(track, whole[track], members.get(track), model) for track in longest_first
        ],
    }  # fmt: skip
    if len(alone) > 1:
        together = (
            answer
            if len(alone) == len(read)
            else question.verdict(
                [record for track in alone for record in records[track]], prior, chosen.brief
            )
        )
        facts["tracks"]["own_over_shared"] = _own_over_shared(together, members)
        facts["own"] = _each_its_own(members, records, names, question)
        clock.lap("whether they agree")
    favoured = answer.posteriors[facts["favoured"]]
    arrays: dict[str, FloatArray] = {}
    facts["bands"], facts["bands_stride"] = {}, 1
    for name, some in by_coordinate.items():
        bands = ensemble_bands(
            lambda i: drawn(favoured, i, question.choices.baseline),
            [record.positions for record in some],
            dt,
            chosen.bands,
            seed,
            chosen.n_at,
            question.choices.free,
        )
        facts["bands"][name] = {key: band.inside for key, band in bands.items()}
        arrays |= band_arrays(name, bands)
    clock.lap("bands")
    facts["segments"] = {"model": favoured.model_name, "pieces": [], "drift": {}}
    facts |= closing(question, prior, chosen, clock)
    return Findings(facts, arrays | draws_kept(answer, chosen))


def observed(parts: Coordinates) -> int:
    """Points at which every coordinate is there."""
    return int(np.count_nonzero(np.all([np.isfinite(x) for x in parts.values()], axis=0)))


def _read(
    longest_first: Sequence[str], whole: Mapping[str, Coordinates], longest: int | None
) -> list[str]:
    """The tracks, longest first, that fit into the points that are read; at least one."""
    points = np.cumsum([sum(len(x) for x in whole[track].values()) for track in longest_first])
    most = MOST if longest is None else longest
    return list(longest_first[: max(int(np.searchsorted(points, most, "right")), 1)])


def _record_facts(
    whole: Mapping[str, Coordinates], read: Sequence[str], names: Sequence[str], dt: float
) -> dict[str, Any]:
    """As of one record: points of all tracks, duration of the longest."""

    def size(tracks: Sequence[str]) -> int:
        return sum(len(whole[track][names[0]]) for track in tracks)

    def numbers(name: str) -> dict[str, Any]:
        parts = [parts[name] for parts in whole.values()]
        offsets = np.concatenate([centred(x) for x in parts])
        steps = np.concatenate([np.diff(x) for x in parts])
        return {
            "missing": int(np.count_nonzero(np.isnan(offsets))),
            "mean": 0.0,
            "rms": float(np.sqrt(np.nanmean(offsets**2))),
            "rms_step": float(np.sqrt(np.nanmean(steps**2))),
        }

    return {
        "n_points": size(list(whole)),
        "n_read": size(read),
        "dt": dt,
        "duration": dt * max(len(parts[names[0]]) for parts in whole.values()),
        "coordinates": {name: numbers(name) for name in names},
        "analysed_stride": 1,
    }


def _row(track: str, parts: Coordinates, own: Comparison | None, model: str) -> dict[str, Any]:
    """What is said of one track. Means and standard deviations are under `model`, which is that of
    the table, so that tracks can be compared; of D_a and tau_a under AOUP."""
    row: dict[str, Any] = {
        "track": track, "n_points": observed(parts), "coordinates": ",".join(parts)
    }  # fmt: skip
    if own is None:
        return row
    row |= {f"p_{name.lower()}": p for name, p in own.probability.items()}
    row |= {"p_active": own.p_active, "p_distinguishable": own.p_distinguishable, "model": model}
    active = own.posteriors["AOUP"].summary()
    return row | parameter_columns(own.posteriors[model].summary(), active)


def _own_over_shared(together: Comparison, members: Mapping[str, Comparison]) -> dict[str, Any]:
    """By model, log Bayes factor of parameters of each track's own, each drawn from the prior, over
    shared ones: sum of the tracks' log evidences less that of all of them."""
    found = {}
    for name, joint in together.posteriors.items():
        value, error = _summed(members, name)
        found[name] = {
            "value": value - joint.log_evidence, "error": float(np.hypot(error, joint.error))
        }  # fmt: skip
    return found


def _summed(members: Mapping[str, Comparison], model: str) -> tuple[float, float]:
    """Log evidence of one model for all tracks, each with its own parameters, and its error."""
    own = [member.posteriors[model] for member in members.values()]
    error = float(np.linalg.norm([p.error for p in own]))
    return sum(p.log_evidence for p in own), error


def _each_its_own(
    members: Mapping[str, Comparison],
    records: Mapping[str, Sequence[Record]],
    names: Sequence[str],
    question: Question,
) -> dict[str, Any]:
    """The facts of `compared` if all tracks are of one model and each has parameters of its own.

    p_distinguishable: with the share of the tracks' posterior draws that no medium at equilibrium
    has the law of.
    """
    models = list(next(iter(members.values())).posteriors)
    sums = {model: _summed(members, model) for model in models}
    probability = probabilities({m: value for m, (value, _) in sums.items()}, question.choices.odds)
    errors = errors_of(probability, {model: error for model, (_, error) in sums.items()})
    active = [model for model in models if model in ("AOUP", "RBP")]
    told = {
        model: np.mean([negative_weight(m.posteriors[model].parameters) for m in members.values()])
        for model in active
    }
    favoured = max(models, key=lambda model: probability[model])
    tested = {"favoured": favoured, "active": "AOUP"}
    return {
        "probability": probability,
        "p_active": sum(probability[model] for model in active),
        "p_distinguishable": float(sum(probability[m] * told[m] for m in active)),
        "numerical_error": float(np.linalg.norm([errors[model] for model in active])),
        "errors": errors,
        "favoured": favoured,
        "fit": {
            who: {
                name: tests_together(
                    [(m.posteriors[model], records[t][i : i + 1]) for t, m in members.items()],
                    question,
                )
                for i, name in enumerate(names)
            }
            for who, model in tested.items()
        },
        "models": {
            model: {
                "probability": probability[model],
                "log_evidence": sums[model][0],
                "error": sums[model][1],
                "effective": min(m.posteriors[model].effective for m in members.values()),
                "pareto_k": max(m.posteriors[model].pareto_k for m in members.values()),
            }
            for model in models
        },
    }
