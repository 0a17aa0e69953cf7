"""The analysis of a record: one pipeline from positions to facts.

A record is tracks by name, each with coordinates by name; a single track is a table of one. Every
coordinate of every track is a record of the joint likelihood, with a zero of its own; the cost of
many short tracks is that of their scatter matrices (`likelihood.scatter`), so that thousands of
them are no more than a few long ones. The facts are plain typed numbers (`facts`); what a figure
draws (draws of the posteriors, predictive bands) comes beside them as arrays. Lengths are in the
record's unit, times in s, evidences in nats.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from activenoise import __version__
from activenoise.analysis.artefacts.facts import ArtefactFacts
from activenoise.analysis.artefacts.removal import without_artefacts
from activenoise.analysis.bands import band_arrays, ensemble_bands, predictive_bands
from activenoise.analysis.checks import drawn, fit_test
from activenoise.analysis.circulation import circulations
from activenoise.analysis.comparison import (
    Tracks,
    alive,
    all_records,
    centred,
    compared,
    double,
    linear_name,
    posterior_facts,
    records_of,
)
from activenoise.analysis.drive import drive_of, driven_model
from activenoise.analysis.energy import energy_facts
from activenoise.analysis.facts import (
    Bands,
    CirculationFacts,
    ComparisonFacts,
    CoordinateFacts,
    DriveFacts,
    Facts,
    NotTested,
    Pieces,
    PriorRange,
    Question,
    Reason,
    RecordFacts,
    Settings,
    ToneFacts,
    Tones,
    UsualTests,
    WitnessFacts,
)
from activenoise.analysis.judgement import THRESHOLDS, all_misfits
from activenoise.analysis.pieces import FEWEST as FEWEST_OF_PIECE
from activenoise.analysis.pieces import pieces_of
from activenoise.analysis.rivals import LONGEST, every, fitting_stride, long_enough
from activenoise.analysis.setup import Effort, Setup, setup_for
from activenoise.analysis.tones import FEWEST_POINTS, take_off
from activenoise.analysis.tracks import Compared, observed, one_by_one, tracks_facts
from activenoise.analysis.usual_tests import MOST_POINTS, usual_tests
from activenoise.analysis.witness import instrument_memory, witness
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.comparison import Comparison
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import Kind
from activenoise.likelihood.scatter import compressed
from activenoise.parameters import ACTIVE, EQUILIBRIUM
from activenoise.physics.priors import Axis

_LONG_TABLE = 1 << 15  # points; beyond them the sampler is frugal, and no coordinate is by itself
_SEARCHES = 3  # for tones


class Analysis(NamedTuple):
    """facts: typed, JSON by `stored.to_json`. arrays: by name, "posterior/AOUP/kappa" (draws),
    "bands/x/spectrum/data" (also "at" and "quantiles") and "drive/x/mean" (also "sd", "power")."""

    facts: Facts
    arrays: dict[str, FloatArray]


def analyse(
    tracks: Tracks,
    dt: float,
    kind: Kind = "unknown",
    effort: Effort | str = "full",
    seed: int = 0,
    choices: Choices | None = None,
    left_out: int = 0,
    starts: Mapping[str, int] | None = None,
    progress: Callable[[str], object] | None = None,
) -> Analysis:
    """The facts of a record, and the arrays that its figures draw.

    tracks: positions (n_points,) by track and coordinate, points dt (s) apart, NaN where missing.
        All coordinates of a track are on one grid of times, and every track has the same
        coordinates. All share their parameters; whether several tracks do is tested.
    kind: of instrument: "exact", "camera", "detector" or "unknown" (`inference.record`).
    effort: "full", "quick" or an `Effort`. seed: of all random numbers.
    choices: the user's trap, priors, baseline and prior odds; the usual ones without it.
    left_out: tracks of the file that are not among these, for the facts alone.
    starts: the frame of the first point of each track, on one clock for all; None if that is not
        known, or the tracks are not of one movie.
    progress: called with the name of each stage as it starts.

    What is no motion of the tracer is found and taken off first (`artefacts.removal`), and then the
    tones in the innovations. Where the innovations correlate over a few points,
    which is a response of the instrument that no model here has, every 2nd, 4th ... point is tried
    until a model fits; the facts are then those of the thinned record, and `full_rate` has how all
    points fared. Facts that were not established are in `not_tested`, with the reason. ValueError,
    in one line, where the positions cannot be analysed.
    """
    setup = setup_for(len(tracks), kind, choices or Choices(), effort, seed)
    stages = _Stages(progress)
    whole = _checked(tracks, dt)
    with stages.stage("artefacts"):
        read, artefacts = without_artefacts(whole, dt, setup, starts)
    sampler = _sampler(read, dt, setup.effort)
    with stages.stage("tones"):
        cleaned, tones, near = _without_tones(read, dt, setup)
    with stages.stage("models"):
        found, answer = compared(cleaned, dt, setup, sampler, starts=near)
    at = _one_by_one(Compared(cleaned, dt, 1, found, answer), setup, stages)
    at, full_rate = _at_fitting_stride(at, artefacts, setup, sampler, stages)
    with stages.stage("witness"):
        seen = _witness(Compared(cleaned, dt, 1, found, answer), at.stride, seed)
    parts, arrays = _parts(at, setup, stages)
    facts = Facts(
        record=_record_facts(whole, read, dt, at.stride),
        full_rate=full_rate,
        artefacts=artefacts,
        tones=Tones(_searched(read), tones),
        tracks=tracks_facts(at, whole, len(read), left_out),
        witness=seen,
        not_tested=list(_not_tested(at, read, seen, setup, artefacts, starts is not None)),
        versions=_versions(),
        seconds=stages.seconds,
        **parts,
    )
    return Analysis(facts, arrays)


class _Stages:
    """Seconds taken by each stage, which `progress` hears of as it starts."""

    def __init__(self, progress: Callable[[str], object] | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self._progress is not None:
            self._progress(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)


def _checked(tracks: Tracks, dt: float) -> dict[str, dict[str, FloatArray]]:
    """Positions as float64; ValueError where they or dt cannot be those of a record."""
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt = {dt!r} must be a positive time in s")
    whole = {
        track: {name: np.asarray(x, np.float64) for name, x in parts.items()}
        for track, parts in tracks.items()
    }
    if not whole or not all(whole.values()):
        raise ValueError("a record needs a coordinate")
    names = list(next(iter(whole.values())))
    for track, parts in whole.items():
        if list(parts) != names:
            raise ValueError(
                f"track {track} has the coordinates {', '.join(parts)}; the first has "
                f"{', '.join(names)}"
            )
        if len({len(x) for x in parts.values()}) > 1:
            raise ValueError(f"track {track}: its coordinates differ in their number of points")
    return whole


def _sampler(tracks: Tracks, dt: float, effort: Effort) -> Sampler:
    """The sampler of the joint comparison: frugal where the likelihood is dear."""
    records = [record.positions for record in all_records(tracks, dt)]
    if len(tracks) == 1:
        return effort.sampler if len(records[0]) <= LONGEST else effort.frugal
    size = sum(len(x) for x in compressed(records, dt).records)
    return effort.sampler if size <= _LONG_TABLE else effort.frugal


def _without_tones(
    tracks: Tracks, dt: float, setup: Setup
) -> tuple[Tracks, list[ToneFacts], dict[str, Posterior]]:
    """The tracks without their tones, and the tones: those in the innovations of the AOUP, whose
    spectrum is the most yielding of the simple ones, and the AOUP's last posterior. A strong tone
    hides others: they are searched again until none is left."""
    cleaned: Tracks = tracks
    near: dict[str, Posterior] = {}
    frequencies: dict[tuple[str, str], list[float]] = {}
    tones: list[ToneFacts] = []
    for _ in range(_SEARCHES if _searched(tracks) else 0):
        records = all_records(cleaned, dt)
        near["AOUP"] = p = setup.posterior(
            "AOUP", records, setup.prior(records), near=near.get("AOUP")
        )
        found = 0
        for name, some in records_of(cleaned, dt).items():
            test = fit_test([(p, some)], setup.baseline, setup.choices.free)
            for track, more in test.tones.items():
                frequencies.setdefault((track, name), []).extend(more)
                found += len(more)
        if not found:
            break
        cleaned, tones = take_off(tracks, dt, frequencies)
    return cleaned, tones, near


def _one_by_one(at: Compared, setup: Setup, stages: _Stages) -> Compared:
    """The comparison with that of each of several tracks."""
    if len(at.tracks) == 1:
        return at
    with stages.stage("tracks one by one"):
        return one_by_one(at, setup)


def _is_fast(found: ComparisonFacts) -> bool:
    """Whether the innovations correlate over a few points."""
    return any("fast" in kinds for kinds in all_misfits(found.fit).values())


def _at_fitting_stride(
    at: Compared, artefacts: ArtefactFacts, setup: Setup, sampler: Sampler, stages: _Stages
) -> tuple[Compared, ComparisonFacts | None]:
    """The comparison, thinned until a model fits where the innovations correlate over a few points,
    and what all points said where that was done."""
    # A wrong form would be thinned away, not explained.
    if not _is_fast(at.decisive) or not long_enough(at.tracks) or artefacts.shape:
        return at, None
    with stages.stage("search of a stride"):
        stride = fitting_stride(at, setup)
    if stride == 1:
        return at, None
    with stages.stage("models of the thinned record"):
        thinned = _thinned(at, stride, setup, sampler)
    return _one_by_one(thinned, setup, stages), at.decisive


def _thinned(at: Compared, stride: int, setup: Setup, sampler: Sampler) -> Compared:
    """The comparison for every stride-th point, of the tracks that keep enough of them."""
    thinned = {track: every(parts, stride) for track, parts in at.tracks.items()}
    tracks = {track: x for track, x in thinned.items() if observed(x) > setup.unknowns}
    # The full record is no place to start from: no model fitted it.
    found, answer = compared(tracks, at.dt * stride, setup, sampler, stride)
    return Compared(tracks, at.dt * stride, stride, found, answer)


def _parts(
    at: Compared, setup: Setup, stages: _Stages
) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """The facts of the compared tracks by field, and the arrays."""
    c, prior, posteriors = setup.choices, at.prior(setup), at.answer.posteriors
    with stages.stage("coordinates"):
        each, circulation = _each(at, setup), _circulation(at, setup)
    with stages.stage("bands"):
        bands, arrays = _bands(at, setup)
    with stages.stage("usual tests"):
        usual = _usual(at, setup)
    with stages.stage("pieces"):
        pieces = _pieces(at, setup)
    with stages.stage("drive"):
        drive, along = _drive(at, setup)
    found = at.decisive
    p = {name: model.probability for name, model in found.models.items()}
    facts = {
        "instrument": setup.kind,
        "trap": c.trap,
        "prior": {n: PriorRange(a.low, a.high, a.log) for n, a in prior.items() if not a.fixed},
        "fixed": {
            name: prior[name].low if np.isfinite(prior[name].low) else "off"
            for name in c.priors
            if prior[name].fixed
        },
        "comparison": at.found,
        "posteriors": {name: posterior_facts(p) for name, p in posteriors.items()},
        "double": double(posteriors["AOUP"]),
        "own": at.own,
        "energy": energy_facts(p, at.posteriors, found.p_distinguishable, at.dt, at.dt * at.span),
        "drive": drive,
        "each": each,
        "circulation": circulation,
        "bands": bands,
        "usual": usual,
        "pieces": pieces,
        "settings": _settings(prior, setup),
    }
    return facts, arrays | along | _draws(at.answer, setup.effort)


def _each(at: Compared, setup: Setup) -> dict[str, ComparisonFacts]:
    """The comparison for each of several coordinates by itself."""
    names = list(next(iter(at.tracks.values())))
    if len(names) < 2 or _too_long_for_each(at):
        return {}
    apart = {
        name: {track: {name: parts[name]} for track, parts in at.tracks.items()} for name in names
    }
    brief = setup.effort.brief
    models, near = alive(at.found), at.answer.posteriors
    return {
        name: compared(x, at.dt, setup, brief, at.stride, models, near)[0]
        for name, x in apart.items()
    }


def _too_long_for_each(at: Compared) -> bool:
    points = sum(len(x) for parts in at.tracks.values() for x in parts.values())
    return len(at.tracks) > 1 and points > _LONG_TABLE


def _circulation(at: Compared, setup: Setup) -> dict[str, CirculationFacts | str]:
    """Circulation of each pair of coordinates; of several tracks in those that were analysed by
    themselves. A free tracer has no centre to circulate about."""
    if setup.choices.free:
        return {}
    tracks = {t: parts for t, parts in at.tracks.items() if t in at.members} or at.tracks
    return circulations(tracks, at.dt, setup.seed)


def _witness(at: Compared, stride: int, seed: int) -> WitnessFacts | None:
    """The test that needs no model, of all points; None where they are too few. Between the
    displacements is a gap: the response of the low-pass that the favoured model has at the full
    rate, or what the stride says of a response that no model has."""
    corner = at.answer.posteriors[at.found.favoured].parameters["corner"]
    stride = max(stride, 2 if _is_fast(at.found) else 1)  # no stride may fit, or the track be short
    memory = instrument_memory(1 / (2 * np.pi * corner), at.dt, stride)
    together = [np.stack(list(parts.values()), axis=1) for parts in at.tracks.values()]
    try:
        return witness(together, at.dt, memory, seed)
    except ValueError:
        return None


def _bands(at: Compared, setup: Setup) -> tuple[Bands, dict[str, FloatArray]]:
    """How much of each statistic lies inside the bands of the favoured model, and the bands."""
    favoured, effort = at.answer.posteriors[at.found.favoured], setup.effort
    records = {
        name: [parts[name] for parts in at.tracks.values()]
        for name in next(iter(at.tracks.values()))
    }
    one = len(at.tracks) == 1
    step = -(-at.span // LONGEST) if one else 1
    build = lambda i: drawn(favoured, i, setup.baseline, step)  # noqa: E731
    how = (effort.bands, setup.seed, effort.n_at, setup.choices.free)
    inside: dict[str, dict[str, float]] = {}
    arrays: dict[str, FloatArray] = {}
    for name, some in records.items():
        if one:
            bands = predictive_bands(build, some[0][::step], at.dt * step, *how)
        else:
            bands = ensemble_bands(build, some, at.dt, *how)
        inside[name] = {key: band.inside for key, band in bands.items()}
        arrays |= band_arrays(name, bands)
    return Bands(step, inside), arrays


def _usual(at: Compared, setup: Setup) -> UsualTests | None:
    """What the usual tests say of the longest track, and what the likeliest model of equilibrium
    and of a drive expect of them."""
    track, parts = at.longest
    step = -(-len(next(iter(parts.values()))) // MOST_POINTS)
    probable = {name: m.probability for name, m in at.decisive.models.items()}
    names = [
        max(some, key=lambda name: probable[name])
        for kinds in (EQUILIBRIUM, ACTIVE)
        if (some := [name for name in kinds if name in probable and name in at.posteriors])
    ]
    builds = {
        name: partial(drawn, at.posteriors[name][0], baseline=setup.baseline, stride=step)
        for name in names
    }
    return usual_tests(
        track, every(parts, step), at.dt * step, builds, setup.effort.bands, setup.seed
    )


def _pieces(at: Compared, setup: Setup) -> Pieces:
    """The longest track in pieces."""
    model = linear_name(at.found.favoured)
    return pieces_of(model, *at.longest, at.dt, at.prior(setup), setup)


def _drive(at: Compared, setup: Setup) -> tuple[DriveFacts | None, dict[str, FloatArray]]:
    """The propulsion along the longest track, unless activity is excluded."""
    found = at.decisive
    name = driven_model({name: model.probability for name, model in found.models.items()})
    if name is None or found.p_active < THRESHOLDS.unlikely:
        return None, {}
    posterior = at.posteriors[name][0]  # of all tracks, or of the longest
    return drive_of(posterior, *at.longest, at.dt, setup.baseline, setup.seed)


def _draws(answer: Comparison, effort: Effort) -> dict[str, FloatArray]:
    """Draws of each posterior, by "posterior/AOUP/kappa"."""
    return {
        f"posterior/{name}/{parameter}": values[:: max(len(values) // effort.draws, 1)]
        for name, p in answer.posteriors.items()
        for parameter, values in p.varying.items()
    }


def _record_facts(whole: Tracks, read: Tracks, dt: float, stride: int) -> RecordFacts:
    names = list(next(iter(whole.values())))

    def numbers(name: str) -> CoordinateFacts:
        parts = [track[name] for track in whole.values()]
        offsets = np.concatenate([centred(x) for x in parts])
        steps = np.concatenate([np.diff(x) for x in parts])
        return CoordinateFacts(
            missing=int(np.count_nonzero(np.isnan(offsets))),
            mean=float(np.nanmean(parts[0])) if len(parts) == 1 else 0.0,
            rms=float(np.sqrt(np.nanmean(offsets**2))),
            rms_step=float(np.sqrt(np.nanmean(steps**2))),
        )

    def points(tracks: Tracks) -> list[int]:
        return [len(parts[names[0]]) for parts in tracks.values()]

    return RecordFacts(
        n_points=sum(points(whole)),
        n_read=sum(points(read)),
        dt=dt,
        duration=dt * max(points(whole)),
        analysed_stride=stride,
        coordinates={name: numbers(name) for name in names},
    )


def _searched(read: Tracks) -> int:
    """In how many tracks tones were looked for."""
    return sum(len(next(iter(parts.values()))) >= FEWEST_POINTS for parts in read.values())


def _not_tested(
    at: Compared,
    read: Tracks,
    seen: WitnessFacts | None,
    setup: Setup,
    artefacts: ArtefactFacts,
    timed: bool,
) -> Iterator[NotTested]:
    """The questions that were not put to this record, and why."""
    free = setup.choices.free
    several = len(next(iter(at.tracks.values()))) > 1
    untested = any(test.positions is None for test in at.found.fit.values())
    stuck: Reason | None = None
    if at.stride == 1 and _is_fast(at.decisive):
        if not long_enough(at.tracks):
            stuck = "short"
        elif artefacts.shape:
            stuck = "shape"
    cut = setup.effort.segments > 1
    reasons: tuple[tuple[Question, Reason | None], ...] = (
        ("drift", setup.why_no_drift),
        ("common motion", "no clock" if len(read) > 1 and not timed else None),
        ("tones", None if _searched(read) else "short"),
        ("kurtosis", ("free" if free else "short") if untested else None),
        ("stride", stuck),
        ("circulation", "free" if several and free else None),
        ("coordinates", "long" if several and _too_long_for_each(at) else None),
        ("witness", "short" if seen is None else None),
        ("pieces", "short" if cut and at.span < 2 * FEWEST_OF_PIECE else None),
    )
    for question, reason in reasons:
        if reason is not None:
            yield NotTested(question, reason)


def _settings(prior: Mapping[str, Axis], setup: Setup) -> Settings:
    c = setup.choices
    share = prior.get("active_share")
    return Settings(
        baseline=setup.baseline,
        seed=setup.seed,
        least_share=share.low if share else None,
        prior_odds=dict(c.odds),
        given=list(c.priors),
        effort=asdict(setup.effort),
    )


def _versions() -> dict[str, str]:
    return {
        "activenoise": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
