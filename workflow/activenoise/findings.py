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

from activenoise import __version__, state_space
from activenoise.goodness import circulation, goodness, predictive_bands
from activenoise.importance import Sampler
from activenoise.instrument import Instrument
from activenoise.judgement import all_misfits, misfits
from activenoise.models import FloatArray
from activenoise.posterior import (
    LEAST_SHARE,
    MEASUREMENT,
    Kind,
    Posterior,
    Record,
    Verdict,
    default_prior,
    linear_model,
    negative_weight,
    posterior,
    verdict,
)
from activenoise.priors import Axis
from activenoise.state_space import LinearModel

KINDS: tuple[str, ...] = get_args(Kind)
_CANDIDATES = 64  # draws among which the best is sought, whose innovations are tested
_STEP = 997  # from draw to draw, coprime to their number: equal draws are neighbours
_FEWEST = 200  # points of a piece of the record, and of a thinned one
_LONG = 1 << 17  # points; the bands of a longer record are those of a thinned one
_PIECE = 1 << 14  # points of a piece, which is thinned to about so many
_STRIDES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Effort:
    """How much is computed. sampler: of the whole record; frugal: of one beyond _LONG points;
    brief: of its pieces and of single coordinates. segments: pieces at most. bands: simulated
    records behind the bands, on n_at lags. draws: of each posterior, kept for figures. longest:
    points that are read, or None for all.
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


_HASTY = Sampler(draws=256, wanted=50, final=256, batches=2, attempts=2, rounds=25)
EFFORTS = {
    "full": Effort(),
    "quick": Effort(_HASTY, _HASTY, _HASTY, segments=2, bands=12, n_at=12, draws=200, longest=2048),
}


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
) -> Findings:
    """Analyse one record. coordinates: positions (n_points,) by name, on one grid of times, NaN
    where missing; several share their parameters. dt: s. kind: of instrument, `default_prior`.

    Where the innovations correlate over a few points, which is a response of the instrument that
    no model here has, every 2nd, 4th ... point is tried until a model fits; the facts are then
    those of the thinned record, and "full_rate" says how the full one failed.
    """
    if kind not in KINDS:
        raise ValueError(f"instrument {kind!r} must be one of {', '.join(KINDS)}")
    if not coordinates:
        raise ValueError("a record needs a coordinate")
    chosen = EFFORTS[effort] if isinstance(effort, str) else effort
    clock = _Clock()
    whole = {name: np.asarray(x, np.float64) for name, x in coordinates.items()}
    parts = {name: _centred(x[: chosen.longest]) for name, x in whole.items()}
    read = len(next(iter(parts.values())))
    sampler = chosen.sampler if read <= _LONG else chosen.frugal
    facts, answer = _compared(parts, dt, kind, sampler, seed)
    clock.lap("models")
    stride = 1
    if any("fast" in kinds for kinds in all_misfits(facts["fit"]).values()):
        stride = _fitting_stride(parts, dt, kind, chosen.brief, seed)
        clock.lap("search of a stride")
    if stride > 1:
        full_rate = facts
        parts = {name: _centred(x[::stride]) for name, x in parts.items()}
        dt = dt * stride
        facts, answer = _compared(parts, dt, kind, sampler, seed)
        facts["full_rate"] = full_rate
        clock.lap("models of the thinned record")
    records = [Record(x, dt) for x in parts.values()]
    prior = default_prior(records, kind)
    facts = {
        "record": _record_facts(whole, dt / stride, read) | {"analysed_stride": stride},
        "instrument": kind,
        "prior": _prior_facts(prior),
        **facts,
        "models": {n: _model_facts(answer, n) for n in answer.posteriors},
        "double": _double(answer.posteriors["AOUP"]),
    }
    if len(records) > 1:
        facts["each"] = {
            name: _compared({name: x}, dt, kind, chosen.brief, seed)[0] for name, x in parts.items()
        }
        facts["circulation"] = _circulations(parts, dt, seed)
        clock.lap("coordinates")
    favoured = answer.posteriors[facts["favoured"]]
    arrays: dict[str, FloatArray] = {}
    facts["bands"] = {}
    facts["bands_stride"] = thin = -(-len(records[0].positions) // _LONG)
    for name, record in zip(parts, records, strict=True):
        bands = predictive_bands(
            lambda i: _drawn(favoured, i, thin),
            record.positions[::thin],
            dt * thin,
            chosen.bands,
            seed,
            chosen.n_at,
        )
        facts["bands"][name] = {key: band.inside for key, band in bands.items()}
        for key, band in bands.items():
            for part in ("at", "data", "quantiles"):
                arrays[f"bands/{name}/{key}/{part}"] = getattr(band, part)
    clock.lap("bands")
    # RBP's pieces would cost much and have AOUP's parameters.
    model = "AOUP" if favoured.model_name == "RBP" else favoured.model_name
    facts["segments"] = _segments(model, records, prior, chosen, seed)
    clock.lap("segments")
    for name, p in answer.posteriors.items():
        for parameter in p.summary():
            values = p.parameters[parameter]
            arrays[f"posterior/{name}/{parameter}"] = values[:: max(len(values) // chosen.draws, 1)]
    facts["settings"] = {
        "baseline": "constant", "seed": seed, "least_share": LEAST_SHARE, "prior_odds": "equal",
        **asdict(chosen),
    }  # fmt: skip
    facts["versions"] = {
        "activenoise": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
    facts["seconds"] = clock.laps
    return Findings(facts, arrays)


def _centred(x: FloatArray) -> FloatArray:
    return x - np.nanmean(x)


def _compared(
    parts: Mapping[str, FloatArray], dt: float, kind: Kind, sampler: Sampler, seed: int
) -> tuple[dict[str, Any], Verdict]:
    """The probabilities of the models, and how well the favoured one and the AOUP fit."""
    records = [Record(x, dt) for x in parts.values()]
    answer = verdict(records, default_prior(records, kind), seed=seed, sampler=sampler)
    favoured = max(answer.probability, key=lambda name: answer.probability[name])
    tested = {"favoured": favoured, "active": "AOUP"}
    facts = {
        "probability": answer.probability,
        "p_active": answer.p_active,
        "p_distinguishable": answer.p_distinguishable,
        "numerical_error": answer.numerical_error,
        "errors": _errors(answer),
        "favoured": favoured,
        "fit": {
            who: {n: _tests(answer.posteriors[model], Record(x, dt)) for n, x in parts.items()}
            for who, model in tested.items()
        },
    }
    return facts, answer


def _errors(answer: Verdict) -> dict[str, float]:
    """Numerical error of each probability: dp_k = sum over j of p_k (1{j = k} - p_j) d ln Z_j."""
    found = {}
    for name, p in answer.probability.items():
        parts = [
            p * ((other == name) - q) * answer.posteriors[other].error
            for other, q in answer.probability.items()
        ]
        found[name] = float(np.linalg.norm(parts))
    return found


def _fitting_stride(
    parts: Mapping[str, FloatArray], dt: float, kind: Kind, sampler: Sampler, seed: int
) -> int:
    """A stride at which an AOUP, the most yielding of the models, fits; 1 if there is none.

    At the least such stride a short propulsion may stand in for what is left of the instrument's
    response: the next one is taken, if it fits as well.
    """
    fitting: list[int] = []
    for stride in _STRIDES:
        records = [Record(_centred(x[::stride]), dt * stride) for x in parts.values()]
        if any(np.isfinite(r.positions).sum() < _FEWEST for r in records):
            break
        p = posterior("AOUP", records, default_prior(records, kind), seed=seed, sampler=sampler)
        if any(misfits(_tests(p, record)) for record in records):
            fitting.clear()
        else:
            fitting.append(stride)
        if len(fitting) == 2:
            break
    return fitting[-1] if fitting else 1


class _Clock:
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


def _model_facts(answer: Verdict, name: str) -> dict[str, Any]:
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


def _drawn(p: Posterior, i: int, stride: int = 1) -> tuple[LinearModel, Instrument]:
    """Model and instrument of one draw, for every stride-th point; RBP as the AOUP that has its
    covariance."""
    values = {name: v[_STEP * i % len(v)] for name, v in p.parameters.items()}
    measured: dict[str, Any] = {name: values[name] for name in MEASUREMENT}
    measured["exposure"] = measured["exposure"] / stride  # a part of the longer interval
    instrument = Instrument(**measured, baseline="constant")
    return linear_model(p.model_name, values), instrument


def _tests(p: Posterior, record: Record) -> dict[str, Any]:
    """Tests of the innovations at the likeliest of some draws."""

    def level(i: int) -> float:
        model, instrument = _drawn(p, i)
        found = state_space.log_likelihood(model, instrument, record.positions, record.dt)
        return float(found[0])

    model, instrument = _drawn(p, max(range(_CANDIDATES), key=level))
    left = state_space.innovations(model, instrument, record.positions, record.dt)
    tests = goodness(left.standardised)
    facts = tests._asdict()
    facts["autocorrelation"] = np.round(tests.autocorrelation, 6).tolist()
    return {"model": p.model_name, **facts}


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
    model: str, records: Sequence[Record], prior: Mapping[str, Axis], effort: Effort, seed: int
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
        p = posterior(model, part, prior, "constant", seed + k, effort.brief, effort.draws)
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
