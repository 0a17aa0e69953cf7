"""Everything that the four models say of one record: facts for the verdict and its page.

The facts are plain numbers, lists and names, so that they can be kept as JSON and put into words
without numerics; what a figure draws (draws of the posteriors, predictive bands) comes beside them
as arrays. Lengths in the record's unit, times in s, evidences in nats.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, NamedTuple, get_args

import numpy as np
from scipy.stats import chi2

from activenoise import __version__
from activenoise.analysis.checks import (
    N_LAGS,
    Band,
    circulation,
    find_tones,
    goodness,
    predictive_bands,
    shape,
)
from activenoise.analysis.judgement import all_misfits, misfits, reading
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.comparison import (
    Comparison,
    compare_models,
    negative_weight,
    probabilities,
)
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.record import (
    Kind,
    Record,
    chosen_prior,
    drift_prior,
    instrument_of,
    linear_model,
)
from activenoise.likelihood import kalman
from activenoise.likelihood.scatter import compressed
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.priors import Axis
from activenoise.physics.system import LinearModel
from activenoise.physics.tones import fit_tones, waveform

KINDS: tuple[str, ...] = get_args(Kind)
_CANDIDATES = 64  # draws among which the best is sought, whose innovations are tested
_STEP = 997  # from draw to draw, coprime to their number: equal draws are neighbours
_FEWEST = 200  # points of a piece of the record, and of a thinned one
_LONG = 1 << 17  # points; the bands of a longer record are those of a thinned one
_PIECE = 1 << 14  # points of a piece, which is thinned to about so many
_SEARCHES = 3  # for tones
_STRIDES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Effort:
    """How much is computed. sampler: of the whole record; frugal: of one beyond _LONG points;
    brief: of its pieces and of single coordinates. segments: pieces at most. bands: simulated
    records behind the bands, on n_at lags. draws: of each posterior, kept for figures. longest:
    points that are read, or None for all. members: tracks of a table that are analysed one by one.
    """

    sampler: Sampler = field(default_factory=Sampler)
    frugal: Sampler = field(
        default_factory=lambda: Sampler(draws=512, wanted=300, final=768, batches=4, attempts=2)
    )
    brief: Sampler = field(
        default_factory=lambda: Sampler(draws=512, wanted=200, final=512, batches=4, attempts=2)
    )
    segments: int = 8
    bands: int = 32
    n_at: int = 20
    draws: int = 2000
    longest: int | None = None
    members: int = 48


_HASTY = Sampler(draws=256, wanted=50, final=256, batches=2, attempts=2, rounds=25)
EFFORTS = {
    "full": Effort(),
    "quick": Effort(
        _HASTY, _HASTY, _HASTY, segments=2, bands=12, n_at=12, draws=200, longest=2048, members=3
    ),
}


@dataclass(frozen=True)
class Question:
    """What is asked of records: the kind of instrument, the user's choices, the seed."""

    kind: Kind
    choices: Choices
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"instrument {self.kind!r} must be one of {', '.join(KINDS)}")

    def prior(self, records: Sequence[Record], stride: int = 1) -> dict[str, Axis]:
        """The priors of records that are every stride-th point."""
        given = dict(self.choices.priors)
        if "exposure" in given:  # a part of the longer interval
            low, high, log = given["exposure"]
            given["exposure"] = Axis(low / stride, high / stride, log)
        return chosen_prior(records, self.kind, self.choices.free, given)

    def verdict(
        self,
        records: Sequence[Record],
        prior: Mapping[str, Axis],
        sampler: Sampler,
        seed: int | None = None,
    ) -> Comparison:
        c = self.choices
        return compare_models(
            records, prior, c.baseline, self.seed if seed is None else seed, sampler, c.odds
        )


class Findings(NamedTuple):
    """facts: JSON-able. arrays: by name, "posterior/AOUP/kappa" and "bands/x/spectrum/data"."""

    facts: dict[str, Any]
    arrays: dict[str, FloatArray]


def findings(
    coordinates: Mapping[str, FloatArray],
    dt: float,
    kind: Kind = "unknown",
    effort: Effort | str = "full",
    seed: int = 0,
    choices: Choices | None = None,
) -> Findings:
    """Analyse one record. coordinates: positions (n_points,) by name, on one grid of times, NaN
    where missing; several share their parameters. dt: s. kind: of instrument, `default_prior`.

    Tones in the innovations are taken off first: "tones". Where the innovations correlate over a
    few points, which is a response of the instrument that no model here has, every 2nd, 4th ...
    point is tried until a model fits; the facts are then those of the thinned record, and
    "full_rate" says how the full one failed.
    """
    question = Question(kind, choices or Choices(), seed)
    free = question.choices.free
    if not coordinates:
        raise ValueError("a record needs a coordinate")
    chosen = EFFORTS[effort] if isinstance(effort, str) else effort
    clock = Clock()
    whole = {name: np.asarray(x, np.float64) for name, x in coordinates.items()}
    parts = {name: centred(x[: chosen.longest]) for name, x in whole.items()}
    read = len(next(iter(parts.values())))
    sampler = chosen.sampler if read <= _LONG else chosen.frugal
    facts, answer, parts = _compared_without_tones(parts, dt, question, sampler)
    clock.lap("models")
    stride = 1
    if any("fast" in kinds for kinds in all_misfits(facts["fit"]).values()):
        stride = _fitting_stride(parts, dt, question, chosen.brief)
        clock.lap("search of a stride")
    if stride > 1:
        full_rate = facts
        parts = {name: centred(x[::stride]) for name, x in parts.items()}
        dt = dt * stride
        facts, answer = compared(_each_alone(parts, dt), question, sampler, stride)
        facts["full_rate"] = full_rate
        facts["tones"] = full_rate.pop("tones")
        clock.lap("models of the thinned record")
    records = [Record(x, dt) for x in parts.values()]
    prior = question.prior(records, stride)
    facts = {
        "record": _record_facts(whole, dt / stride, read) | {"analysed_stride": stride},
        **facts_of_models(answer, question, prior),
        **facts,
    }
    if len(records) > 1:
        facts["each"] = {
            name: compared({name: [Record(x, dt)]}, question, chosen.brief, stride)[0]
            for name, x in parts.items()
        }
        if not free:  # no zero of a free tracer to circulate about
            facts["circulation"] = _circulations(parts, dt, seed)
        clock.lap("coordinates")
    if (
        reading(facts) in ("active", "active or viscoelastic")
        and kind != "exact"
        and "drift" not in question.choices.priors
    ):
        facts["with_drift"] = _with_drift(records, stride, question, answer, chosen.brief)
        clock.lap("a drift")
    favoured = answer.posteriors[facts["favoured"]]
    arrays: dict[str, FloatArray] = {}
    facts["bands"] = {}
    facts["bands_stride"] = thin = -(-len(records[0].positions) // _LONG)
    for name, record in zip(parts, records, strict=True):
        bands = predictive_bands(
            lambda i: drawn(favoured, i, question.choices.baseline, thin),
            record.positions[::thin],
            dt * thin,
            chosen.bands,
            seed,
            chosen.n_at,
            free,
        )
        facts["bands"][name] = {key: band.inside for key, band in bands.items()}
        arrays |= band_arrays(name, bands)
    clock.lap("bands")
    # RBP's pieces would cost much and have AOUP's parameters.
    model = "AOUP" if favoured.model_name == "RBP" else favoured.model_name
    facts["segments"] = _segments(model, records, prior, chosen, question)
    clock.lap("segments")
    facts |= closing(question, prior, chosen, clock)
    return Findings(facts, arrays | draws_kept(answer, chosen))


def closing(
    question: Question, prior: Mapping[str, Axis], effort: Effort, clock: Clock
) -> dict[str, Any]:
    """Settings, versions and seconds."""
    c = question.choices
    share = prior.get("active_share")
    return {
        "settings": {
            "baseline": c.baseline, "seed": question.seed,
            "least_share": share.low if share else None, "prior_odds": dict(c.odds) or "equal",
            "given": list(c.priors), **asdict(effort),
        },
        "versions": {
            "activenoise": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "numba")},
        },
        "seconds": clock.laps,
    }  # fmt: skip


def facts_of_models(
    answer: Comparison, question: Question, prior: Mapping[str, Axis]
) -> dict[str, Any]:
    """What the four models say, under which priors."""
    return {
        "instrument": question.kind,
        "trap": question.choices.trap,
        "prior": _prior_facts(prior),
        "fixed": _fixed_facts(prior, question.choices),
        "models": {n: _model_facts(answer, n) for n in answer.posteriors},
        "double": _double(answer.posteriors["AOUP"]),
    }


def draws_kept(answer: Comparison, effort: Effort) -> dict[str, FloatArray]:
    """Draws of each posterior, by "posterior/AOUP/kappa"."""
    kept = {}
    for name, p in answer.posteriors.items():
        for parameter in p.summary():
            values = p.parameters[parameter]
            step = max(len(values) // effort.draws, 1)
            kept[f"posterior/{name}/{parameter}"] = values[::step]
    return kept


def band_arrays(coordinate: str, bands: Mapping[str, Band]) -> dict[str, FloatArray]:
    """The arrays of bands, by "bands/x/spectrum/data"."""
    return {
        f"bands/{coordinate}/{key}/{part}": getattr(band, part)
        for key, band in bands.items()
        for part in ("at", "data", "quantiles")
    }


def _each_alone(parts: Mapping[str, FloatArray], dt: float) -> dict[str, list[Record]]:
    return {name: [Record(x, dt)] for name, x in parts.items()}


def _compared_without_tones(
    parts: Mapping[str, FloatArray], dt: float, question: Question, sampler: Sampler
) -> tuple[dict[str, Any], Comparison, dict[str, FloatArray]]:
    """What `compared` has, and the parts, after the tones are taken off: "tones" has those of each
    coordinate, with their amplitude as a part of its rms. A strong one hides others: it is
    compared and searched again until none is left."""
    cleaned = dict(parts)
    frequencies: dict[str, list[float]] = {name: [] for name in parts}
    tones: dict[str, list[dict[str, float]]] = {}
    for attempt in range(_SEARCHES):
        facts, answer = compared(_each_alone(cleaned, dt), question, sampler)
        found = {name: test["tones"] for name, test in facts["fit"]["active"].items()}
        if attempt + 1 == _SEARCHES or not any(found.values()):
            break
        for name, more in found.items():
            if more:
                frequencies[name] += more
                fitted = fit_tones(parts[name], dt, frequencies[name])
                cleaned[name] = centred(parts[name] - waveform(fitted, len(parts[name]), dt))
                rms = np.nanstd(parts[name])
                tones[name] = [
                    {**tone._asdict(), "amplitude": float(np.hypot(*tone[1:]) / rms)}
                    for tone in fitted
                ]
    return facts | {"tones": tones}, answer, cleaned


def centred(x: FloatArray) -> FloatArray:
    """Positions less their mean."""
    return x - np.nanmean(x)


def compared(
    parts: Mapping[str, Sequence[Record]], question: Question, sampler: Sampler, stride: int = 1
) -> tuple[dict[str, Any], Comparison]:
    """The probabilities of the models, and how well the favoured one and the AOUP fit. parts: the
    records of each coordinate."""
    records = [record for some in parts.values() for record in some]
    answer = question.verdict(records, question.prior(records, stride), sampler)
    favoured = max(answer.probability, key=lambda name: answer.probability[name])
    tested = {"favoured": favoured, "active": "AOUP"}
    facts = {
        "probability": answer.probability,
        "p_active": answer.p_active,
        "p_distinguishable": answer.p_distinguishable,
        "numerical_error": answer.numerical_error,
        "errors": errors_of(
            answer.probability, {name: p.error for name, p in answer.posteriors.items()}
        ),
        "favoured": favoured,
        "fit": {
            who: {
                name: _tests(answer.posteriors[model], some, question)
                for name, some in parts.items()
            }
            for who, model in tested.items()
        },
    }
    return facts, answer


def errors_of(probability: Mapping[str, float], errors: Mapping[str, float]) -> dict[str, float]:
    """Numerical error of each probability, from those of the log evidences:
    dp_k = sum over j of p_k (1{j = k} - p_j) d ln Z_j."""
    return {
        name: float(
            np.linalg.norm(
                [p * ((other == name) - q) * errors[other] for other, q in probability.items()]
            )
        )
        for name, p in probability.items()
    }


def _with_drift(
    records: Sequence[Record],
    stride: int,
    question: Question,
    answer: Comparison,
    sampler: Sampler,
) -> dict[str, Any]:
    """A passive tracer on an instrument that drifts, a random walk, beside the four models.

    probability: of this fifth one, at the prior odds of Passive. reach: what the walk makes by the
    end, as a part of the record's rms, median. The ratio of the two passive ones is taken from
    every so-manieth point of a long record.
    """
    thin = -(-len(records[0].positions) // _LONG)
    thinned = [Record(r.positions[::thin], r.dt * thin) for r in records]
    prior = question.prior(thinned, stride * thin)
    c = question.choices
    drifting, still = (
        posterior("Passive", thinned, axes, c.baseline, question.seed, sampler)
        for axes in ({**prior, "drift": drift_prior(thinned)}, prior)
    )
    log_z = {name: p.log_evidence for name, p in answer.posteriors.items()}
    gain = drifting.log_evidence - still.log_evidence
    chances = probabilities(
        {**log_z, "drift": log_z["Passive"] + gain}, {**c.odds, "drift": c.odds.get("Passive", 1.0)}
    )
    duration = max(len(r.positions) * r.dt for r in records)
    walked = np.sqrt(2 * duration * np.median(drifting.parameters["drift"]))
    rms = np.sqrt(np.mean([np.nanvar(r.positions) for r in records]))
    return {
        "probability": chances["drift"],
        "log_evidence": log_z["Passive"] + gain,
        "error": float(np.hypot(drifting.error, still.error)),
        "reach": float(walked / rms),
    }


def _fitting_stride(
    parts: Mapping[str, FloatArray], dt: float, question: Question, sampler: Sampler
) -> int:
    """A stride at which an AOUP, the most yielding of the models, fits; 1 if there is none.

    At the least such stride a short propulsion may stand in for what is left of the instrument's
    response: the next one is taken, if it fits as well.
    """
    fitting: list[int] = []
    for stride in _STRIDES:
        records = [Record(centred(x[::stride]), dt * stride) for x in parts.values()]
        if any(np.isfinite(r.positions).sum() < _FEWEST for r in records):
            break
        p = posterior(
            "AOUP", records, question.prior(records, stride), question.choices.baseline,
            question.seed, sampler,
        )  # fmt: skip
        if any(misfits(_tests(p, [record], question)) for record in records):
            fitting.clear()
        else:
            fitting.append(stride)
        if len(fitting) == 2:
            break
    return fitting[-1] if fitting else 1


class Clock:
    """Seconds taken by each part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _record_facts(coordinates: Mapping[str, FloatArray], dt: float, read: int) -> dict[str, Any]:
    n = len(next(iter(coordinates.values())))
    return {
        "n_points": n,
        "n_read": read,
        "dt": dt,
        "duration": n * dt,
        "coordinates": {
            name: {
                "missing": int(np.count_nonzero(np.isnan(x))),
                "mean": float(np.nanmean(x)),
                "rms": float(np.nanstd(x)),
                "rms_step": float(np.sqrt(np.nanmean(np.diff(x) ** 2))),
            }
            for name, x in coordinates.items()
        },
    }


def _prior_facts(prior: Mapping[str, Axis]) -> dict[str, Any]:
    return {
        name: {"low": axis.low, "high": axis.high, "log": axis.log}
        for name, axis in prior.items()
        if not axis.fixed
    }


def _fixed_facts(prior: Mapping[str, Axis], choices: Choices) -> dict[str, float | str]:
    """Parameters that the user fixed or turned off."""
    return {
        name: prior[name].low if np.isfinite(prior[name].low) else "off"
        for name in choices.priors
        if prior[name].fixed
    }


def _model_facts(answer: Comparison, name: str) -> dict[str, Any]:
    p = answer.posteriors[name]
    names, matrix = p.correlations()
    return {
        "probability": answer.probability[name],
        "log_evidence": p.log_evidence,
        "error": p.error,
        "effective": p.effective,
        "pareto_k": p.pareto_k,
        "likelihoods": p.likelihoods,
        "unknown": list(p.unknown),
        "parameters": p.summary(),
        "correlations": {"names": list(names), "matrix": np.round(matrix, 4).tolist()},
    }


def _double(aoup: Posterior) -> dict[str, float]:
    """Whether an equilibrium bead has the law of the posterior's AOUP: the chance of a negative
    weight in C(t), and where the posterior sits."""
    values = aoup.parameters
    return {
        "p_negative_weight": float(np.mean(negative_weight(values))),
        "kappa_tau_a": float(np.median(values["kappa"] * values["tau_a"])),
        "ratio": float(np.median(values["D_a"] / values["D"])),
    }


def drawn(
    p: Posterior, i: int, baseline: Baseline, stride: int = 1
) -> tuple[LinearModel, Instrument]:
    """Model and instrument of one draw, for every stride-th point; RBP as the AOUP that has its
    covariance."""
    values = {name: v[_STEP * i % len(v)] for name, v in p.parameters.items()}
    return _built(p, values, baseline, stride)


def _built(
    p: Posterior, values: Mapping[str, Any], baseline: Baseline, stride: int = 1
) -> tuple[LinearModel, Instrument]:
    longer = {**values, "exposure": values["exposure"] / stride}  # a part of the longer interval
    return linear_model(p.model_name, values), instrument_of(longer, baseline)


def _tests(p: Posterior, records: Sequence[Record], question: Question) -> dict[str, Any]:
    """Tests of the innovations of records, at the likeliest of some draws."""
    baseline, dt = question.choices.baseline, records[0].dt
    if len(records) > 1:
        return tests_together([(p, records)], question)
    model, instrument = _likeliest(p, records, baseline)
    x = records[0].positions
    z = kalman.innovations(model, instrument, x, dt).standardised
    facts = _test_facts(p.model_name, z) | {"tones": find_tones(z, dt)}
    if not question.choices.free:
        facts["kurtosis"], facts["kurtosis_error"] = shape(x)
    return facts


def tests_together(
    parts: Sequence[tuple[Posterior, Sequence[Record]]], question: Question
) -> dict[str, Any]:
    """The same of many records, each part under its own posterior of one model: one behind the
    other, with a gap between them that no lag bridges."""
    baseline = question.choices.baseline
    z = []
    for p, records in parts:
        model, instrument = _likeliest(p, records, baseline)
        for record in records:
            if np.isfinite(record.positions).sum() > instrument.unknowns:
                z.append(
                    kalman.recursive_innovations(model, instrument, record.positions, record.dt)
                )
                z.append(np.full(N_LAGS, np.nan))
    return _test_facts(parts[0][0].model_name, np.concatenate(z))


def _likeliest(
    p: Posterior, records: Sequence[Record], baseline: Baseline
) -> tuple[LinearModel, Instrument]:
    which = _STEP * np.arange(_CANDIDATES) % len(p.parameters["D"])
    ensemble = compressed([record.positions for record in records], records[0].dt)
    levels = ensemble.weights @ kalman.log_likelihoods(
        *_built(p, {name: v[which] for name, v in p.parameters.items()}, baseline),
        ensemble.records, ensemble.dt,
    )  # fmt: skip
    return drawn(p, int(np.argmax(levels)), baseline)


def _test_facts(model_name: str, z: FloatArray) -> dict[str, Any]:
    tests = goodness(z, min(N_LAGS, int(np.isfinite(z).sum()) // 3))
    facts = tests._asdict()
    facts["autocorrelation"] = np.round(tests.autocorrelation, 6).tolist()
    return {"model": model_name, **facts}


def _circulations(parts: Mapping[str, FloatArray], dt: float, seed: int) -> dict[str, Any]:
    """Circulation of each pair of coordinates, or why it cannot be tested."""
    names = list(parts)
    found: dict[str, Any] = {}
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            try:
                test = circulation(parts[first], parts[second], dt, seed=seed)
            except ValueError as reason:
                found[f"{first}, {second}"] = {"error": str(reason)}
                continue
            found[f"{first}, {second}"] = {
                "statistic": test.statistic,
                "p_reversible": test.p_reversible,
                "rate": test.rate,
                "rate_error": test.rate_error,
            }
    return found


def _segments(
    model: str,
    records: Sequence[Record],
    prior: Mapping[str, Axis],
    effort: Effort,
    question: Question,
) -> dict[str, Any]:
    """The record in pieces, each with a posterior of one linear model under the prior of the whole.

    drift: of each parameter, chi2 of the pieces' mean logarithms about their weighted mean, and
    its chance if the parameter is one number.
    """
    n = len(records[0].positions)
    count = min(effort.segments, n // _FEWEST)
    facts: dict[str, Any] = {"model": model, "pieces": [], "drift": {}}
    if count < 2:
        return facts
    edges = np.linspace(0, n, count + 1).astype(int)
    for k in range(count):
        thin = -(-(edges[k + 1] - edges[k]) // _PIECE)
        part = [Record(r.positions[edges[k] : edges[k + 1] : thin], r.dt * thin) for r in records]
        if any(np.isfinite(r.positions).sum() < _FEWEST // 2 for r in part):
            continue
        p = posterior(
            model, part, prior, question.choices.baseline, question.seed + k, effort.brief,
            effort.draws,
        )  # fmt: skip
        facts["pieces"].append(
            {
                "start": float(edges[k] * records[0].dt),
                "end": float(edges[k + 1] * records[0].dt),
                "effective": p.effective,
                "parameters": p.summary(),
            }
        )
    pieces = facts["pieces"]
    if len(pieces) < 2:
        return facts
    for name in pieces[0]["parameters"]:
        rows = [piece["parameters"][name] for piece in pieces if name in piece["parameters"]]
        if len(rows) == len(pieces) and all("mean_log" in row for row in rows):
            value = np.array([row["mean_log"] for row in rows])
            weight = np.array([row["sd_log"] for row in rows]) ** -2.0
            spread = float(np.sum(weight * (value - np.average(value, weights=weight)) ** 2))
            p_constant = float(chi2.sf(spread, len(rows) - 1))
            facts["drift"][name] = {"chi2": spread, "p_constant": p_constant}
    return facts
