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
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from activenoise import __version__
from activenoise.analysis.bands import Band, ensemble_bands, predictive_bands
from activenoise.analysis.checks import drawn
from activenoise.analysis.circulation import circulations
from activenoise.analysis.comparison import (
    Setup,
    Tracks,
    all_records,
    centred,
    compared,
    double,
    posterior_facts,
)
from activenoise.analysis.facts import (
    Bands,
    CirculationFacts,
    ComparisonFacts,
    CoordinateFacts,
    DriftRival,
    Facts,
    NotTested,
    PriorRange,
    RecordFacts,
    Rivals,
    Settings,
    ToneFacts,
    Tones,
    TrackRow,
    TracksFacts,
    WithError,
)
from activenoise.analysis.judgement import all_misfits, differ, reading_of
from activenoise.analysis.pieces import FEWEST as FEWEST_OF_PIECE
from activenoise.analysis.pieces import pieces_of
from activenoise.analysis.rivals import (
    LONGEST,
    drift_of_all,
    drift_of_each,
    fitting_stride,
    has_room_for_strides,
    thin,
)
from activenoise.analysis.tones import FEWEST_POINTS, take_off
from activenoise.analysis.tracks import (
    FEWEST,
    each_its_own,
    fitting,
    longest_first,
    observed,
    one_by_one,
    own_analysis,
    own_over_shared,
)
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.comparison import Comparison
from activenoise.inference.importance import Sampler
from activenoise.inference.record import Kind
from activenoise.likelihood.scatter import compressed
from activenoise.physics.instrument import Instrument
from activenoise.physics.priors import Axis

MOST = 1 << 19  # points, over all coordinates, that the joint analysis reads, of the longest tracks

_LONG_TABLE = 1 << 15  # points; beyond them the sampler is frugal, and no coordinate is by itself
_SEARCHES = 3  # for tones


@dataclass(frozen=True)
class Effort:
    """How much is computed. sampler: of the whole record; frugal: of a long one; brief: of its
    pieces, single coordinates, single tracks and rivals. segments: pieces at most. bands: simulated
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


class Analysis(NamedTuple):
    """facts: typed, JSON by `facts.to_json`. arrays: by name, "posterior/AOUP/kappa" (draws) and
    "bands/x/spectrum/data" (also "at" and "quantiles")."""

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
    progress: Callable[[str], object] | None = None,
) -> Analysis:
    """The facts of a record, and the arrays that its figures draw.

    tracks: positions (n_points,) by track and coordinate, points dt (s) apart, NaN where missing.
        All coordinates of a track are on one grid of times, and every track has the same
        coordinates. All share their parameters; whether several tracks do is tested.
    kind: of instrument: "exact", "camera", "detector" or "unknown" (`inference.default_prior`).
    effort: "full", "quick" or an `Effort`. seed: of all random numbers.
    choices: the user's trap, priors, baseline and prior odds; the usual ones without it.
    left_out: tracks of the file that are not among these, for the facts alone.
    progress: called with the name of each stage as it starts.

    Tones in the innovations are taken off first. Where the innovations correlate over a few points,
    which is a response of the instrument that no model here has, every 2nd, 4th ... point is tried
    until a model fits; the facts are then those of the thinned record, and `full_rate` has how all
    points fared. Where the record looks active, a drifting instrument is tested as a rival. Facts
    that were not established are in `not_tested`, with the reason. ValueError, in one line, where
    the positions cannot be analysed.
    """
    setup = Setup(kind, choices or Choices(), seed)
    chosen = EFFORTS[effort] if isinstance(effort, str) else effort
    stages = _Stages(progress)
    whole = _checked(tracks)
    read = _read(whole, setup, chosen)
    sampler = _sampler(read, dt, chosen)
    with stages.stage("models"):
        found, answer, cleaned, tones = _without_tones(read, dt, setup, sampler)
    at = _with_members(_Compared(cleaned, dt, 1, found, answer), setup, chosen, stages)
    full_rate = None
    if _is_fast(at.decisive) and has_room_for_strides(at.tracks):
        with stages.stage("search of a stride"):
            alike = at.tracks if at.shared else dict([next(iter(at.tracks.items()))])
            stride = fitting_stride(alike, dt, setup, chosen.brief)
        if stride > 1:
            full_rate, at = at.decisive, _thinned(at, stride, setup, chosen, sampler, stages)
    facts, arrays = _facts(at, whole, read, setup, chosen, stages)
    facts = replace(
        facts,
        full_rate=full_rate,
        tones=Tones(_searched(read), tones),
        not_tested=_not_tested(at, facts, read, setup, chosen),
        tracks=replace(facts.tracks, left_out=left_out),
        seconds=stages.seconds,
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


@dataclass(frozen=True)
class _Compared:
    """The models compared for tracks, every stride-th point, dt (s) apart: with shared parameters
    (found, answer), of each track by itself (members), and with own parameters (own)."""

    tracks: Tracks
    dt: float
    stride: int
    found: ComparisonFacts
    answer: Comparison
    members: Mapping[str, Comparison] = field(default_factory=dict)
    own: ComparisonFacts | None = None
    own_over_shared: dict[str, WithError] = field(default_factory=dict)

    @property
    def shared(self) -> bool:
        """Whether the tracks may share their parameters."""
        ratio = self.own_over_shared.get(self.found.favoured)
        return ratio is None or not differ(ratio.value, ratio.error)

    @property
    def decisive(self) -> ComparisonFacts:
        """The comparison on which the reading rests."""
        return self.found if self.own is None or self.shared else self.own

    def prior(self, setup: Setup) -> dict[str, Axis]:
        """The prior of all tracks."""
        return setup.prior(all_records(self.tracks, self.dt), self.stride)


def _checked(tracks: Tracks) -> dict[str, dict[str, FloatArray]]:
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


def _read(whole: Tracks, setup: Setup, effort: Effort) -> dict[str, dict[str, FloatArray]]:
    """The tracks of the joint analysis, longest first, about their means: those that have more
    points than the baseline takes up and together fit into the points that are read."""
    unknowns = Instrument(baseline=setup.choices.baseline).unknowns
    enough = [track for track in longest_first(whole) if observed(whole[track]) > unknowns]
    if not enough:
        raise ValueError(
            f"no track has more than {unknowns} points, which a {setup.choices.baseline} baseline "
            "takes up"
        )
    names = fitting(enough, whole, effort.longest or MOST)
    most = effort.longest if len(names) == 1 else None
    return {track: {name: centred(x[:most]) for name, x in whole[track].items()} for track in names}


def _sampler(tracks: Tracks, dt: float, effort: Effort) -> Sampler:
    """The sampler of the joint comparison: frugal where the likelihood is dear."""
    if len(tracks) == 1:
        (parts,) = tracks.values()
        return effort.sampler if len(next(iter(parts.values()))) <= LONGEST else effort.frugal
    several = compressed([record.positions for record in all_records(tracks, dt)], dt)
    size = sum(len(x) for x in several.records)
    return effort.sampler if size <= _LONG_TABLE else effort.frugal


def _without_tones(
    tracks: Tracks, dt: float, setup: Setup, sampler: Sampler
) -> tuple[ComparisonFacts, Comparison, Tracks, list[ToneFacts]]:
    """The comparison after the tones are taken off, the tracks without them, and the tones. A
    strong tone hides others: the models are compared and tones searched again until none is
    left."""
    cleaned: Tracks = tracks
    frequencies: dict[tuple[str, str], list[float]] = {}
    tones: list[ToneFacts] = []
    for attempt in range(_SEARCHES):
        found, answer = compared(cleaned, dt, setup, sampler)
        left = {
            (track, name): more
            for name, test in found.fit_aoup.items()
            for track, more in test.tones.items()
        }
        if attempt + 1 == _SEARCHES or not left:
            break
        for where, more in left.items():
            frequencies.setdefault(where, []).extend(more)
        cleaned, tones = take_off(tracks, dt, frequencies)
    return found, answer, cleaned, tones


def _with_members(at: _Compared, setup: Setup, effort: Effort, stages: _Stages) -> _Compared:
    """The same comparison with that of several tracks one by one, and whether they agree."""
    if len(at.tracks) == 1:
        return at
    prior = at.prior(setup)
    with stages.stage("tracks one by one"):
        members = one_by_one(at.tracks, at.dt, prior, setup, effort.brief, effort.members)
    if len(members) < 2:
        return replace(at, members=members)
    with stages.stage("whether they agree"):
        together = at.answer
        if len(members) < len(at.tracks):
            records = [
                record
                for track in members
                for record in all_records({track: at.tracks[track]}, at.dt)
            ]
            together = setup.compare(records, prior, effort.brief)
        return replace(
            at,
            members=members,
            own=each_its_own(members, at.tracks, at.dt, setup),
            own_over_shared=own_over_shared(together, members),
        )


def _is_fast(found: ComparisonFacts) -> bool:
    """Whether the innovations correlate over a few points."""
    return any("fast" in kinds for kinds in all_misfits(found.fit).values())


def _thinned(
    at: _Compared, stride: int, setup: Setup, effort: Effort, sampler: Sampler, stages: _Stages
) -> _Compared:
    """The comparison for every stride-th point, of the tracks that keep enough of them."""
    unknowns = Instrument(baseline=setup.choices.baseline).unknowns
    thinned = {track: thin(parts, stride) for track, parts in at.tracks.items()}
    tracks = {track: parts for track, parts in thinned.items() if observed(parts) > unknowns}
    dt = at.dt * stride
    with stages.stage("models of the thinned record"):
        found, answer = compared(tracks, dt, setup, sampler, stride)
    return _with_members(_Compared(tracks, dt, stride, found, answer), setup, effort, stages)


def _facts(
    at: _Compared, whole: Tracks, read: Tracks, setup: Setup, effort: Effort, stages: _Stages
) -> tuple[Facts, dict[str, FloatArray]]:
    """The facts but for those of the pipeline itself, and the arrays."""
    c, prior = setup.choices, at.prior(setup)
    with stages.stage("coordinates"):
        each = _each(at, setup, effort)
        circulation = _circulation(at, setup)
    with stages.stage("rivals"):
        drift = _drift(at, prior, setup, effort)
    with stages.stage("bands"):
        bands, arrays = _bands(at, setup, effort)
    # RBP's pieces would cost much and have AOUP's parameters.
    favoured = at.found.favoured
    linear = "AOUP" if favoured == "RBP" else favoured
    with stages.stage("pieces"):
        track = next(iter(at.tracks))
        pieces = pieces_of(
            linear, track, at.tracks[track], at.dt, prior, setup, effort.brief,
            (effort.segments, effort.draws),
        )  # fmt: skip
    posteriors = at.answer.posteriors
    facts = Facts(
        record=_record_facts(whole, read, at.dt / at.stride, at.stride),
        instrument=setup.kind,
        trap=c.trap,
        prior={
            name: PriorRange(axis.low, axis.high, axis.log)
            for name, axis in prior.items()
            if not axis.fixed
        },
        fixed={
            name: prior[name].low if np.isfinite(prior[name].low) else "off"
            for name in c.priors
            if prior[name].fixed
        },
        comparison=at.found,
        posteriors={name: posterior_facts(p) for name, p in posteriors.items()},
        double=double(posteriors["AOUP"]),
        own=at.own,
        each=each,
        full_rate=None,
        rivals=Rivals(drift),
        tones=Tones(0, []),
        circulation=circulation,
        bands=bands,
        pieces=pieces,
        tracks=_tracks_facts(at, whole, len(read), linear),
        not_tested=[],
        settings=_settings(prior, setup, effort),
        versions=_versions(),
        seconds={},
    )
    return facts, arrays | _draws(at.answer, effort)


def _each(at: _Compared, setup: Setup, effort: Effort) -> dict[str, ComparisonFacts]:
    """The comparison for each of several coordinates by itself."""
    names = list(next(iter(at.tracks.values())))
    if len(names) < 2 or _too_long_for_each(at):
        return {}
    return {
        name: compared(
            {track: {name: parts[name]} for track, parts in at.tracks.items()},
            at.dt, setup, effort.brief, at.stride,
        )[0]
        for name in names
    }  # fmt: skip


def _too_long_for_each(at: _Compared) -> bool:
    points = sum(len(x) for parts in at.tracks.values() for x in parts.values())
    return len(at.tracks) > 1 and points > _LONG_TABLE


def _circulation(at: _Compared, setup: Setup) -> dict[str, CirculationFacts | str]:
    """Circulation of each pair of coordinates; of several tracks in those that were analysed by
    themselves. A free tracer has no centre to circulate about."""
    if setup.choices.free:
        return {}
    tracks = {t: p for t, p in at.tracks.items() if t in at.members} or at.tracks
    return circulations(tracks, at.dt, setup.seed)


def _drift(
    at: _Compared, prior: Mapping[str, Axis], setup: Setup, effort: Effort
) -> DriftRival | None:
    """A drifting instrument as a rival of activity, where the record looks active."""
    if _why_no_drift(at, setup) is not None:
        return None
    if at.shared or at.own is None:
        return drift_of_all(at.tracks, at.dt, at.stride, at.found, setup, effort.brief)
    return drift_of_each(at.members, at.tracks, at.dt, prior, at.own, setup, effort.brief)


def _why_no_drift(at: _Compared, setup: Setup) -> NotTested | None:
    active = reading_of(at.decisive, setup.choices.free, None) in (
        "active", "active or viscoelastic",
    )  # fmt: skip
    if not active:
        return NotTested("drift", "not needed")
    if setup.kind == "exact":
        return NotTested("drift", "exact")
    return NotTested("drift", "given") if "drift" in setup.choices.priors else None


def _bands(at: _Compared, setup: Setup, effort: Effort) -> tuple[Bands, dict[str, FloatArray]]:
    """How much of each statistic lies inside the bands of the favoured model, and the bands."""
    favoured, baseline = at.answer.posteriors[at.found.favoured], setup.choices.baseline
    one = len(at.tracks) == 1
    n = max(len(x) for parts in at.tracks.values() for x in parts.values())
    step = -(-n // LONGEST) if one else 1
    settings = (effort.bands, setup.seed, effort.n_at, setup.choices.free)
    inside: dict[str, dict[str, float]] = {}
    arrays: dict[str, FloatArray] = {}
    for name in next(iter(at.tracks.values())):
        records = [parts[name] for parts in at.tracks.values()]

        def build(i: int) -> tuple:
            return drawn(favoured, i, baseline, step)

        if one:
            bands = predictive_bands(build, records[0][::step], at.dt * step, *settings)
        else:
            bands = ensemble_bands(build, records, at.dt, *settings)
        inside[name] = {key: band.inside for key, band in bands.items()}
        arrays |= _band_arrays(name, bands)
    return Bands(step, inside), arrays


def _band_arrays(coordinate: str, bands: Mapping[str, Band]) -> dict[str, FloatArray]:
    return {
        f"bands/{coordinate}/{key}/{part}": getattr(band, part)
        for key, band in bands.items()
        for part in ("at", "data", "quantiles")
    }


def _draws(answer: Comparison, effort: Effort) -> dict[str, FloatArray]:
    """Draws of each posterior, by "posterior/AOUP/kappa"."""
    kept = {}
    for name, p in answer.posteriors.items():
        for parameter in p.summary():
            values = p.parameters[parameter]
            kept[f"posterior/{name}/{parameter}"] = values[:: max(len(values) // effort.draws, 1)]
    return kept


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


def _tracks_facts(at: _Compared, whole: Tracks, n_read: int, model: str) -> TracksFacts:
    members: Mapping[str, Comparison] = at.members
    if len(whole) == 1:
        # The row of a single record is under the model that is favoured, RBP too.
        members, model = dict.fromkeys(whole, at.answer), at.found.favoured
    rows = []
    for track in longest_first(whole):
        own = members.get(track)
        alone = None if own is None else own_analysis(own, model)
        n = observed(whole[track])
        rows.append(TrackRow(track, n, alone))
    return TracksFacts(
        n_tracks=len(whole), left_out=0, n_read=n_read, n_alone=len(members), fewest=FEWEST,
        rows=rows, own_over_shared=at.own_over_shared,
    )  # fmt: skip


def _searched(read: Tracks) -> int:
    """In how many tracks tones were looked for."""
    return sum(len(next(iter(parts.values()))) >= FEWEST_POINTS for parts in read.values())


def _not_tested(
    at: _Compared, facts: Facts, read: Tracks, setup: Setup, effort: Effort
) -> list[NotTested]:
    """The questions that were not put to this record, and why."""
    found = []
    drift, free = _why_no_drift(at, setup), setup.choices.free
    if drift is not None:
        found.append(drift)
    if not _searched(read):
        found.append(NotTested("tones", "short"))
    if any(test.positions is None for test in facts.comparison.fit.values()):
        found.append(NotTested("kurtosis", "free" if free else "short"))
    if at.stride == 1 and _is_fast(at.decisive) and not has_room_for_strides(at.tracks):
        found.append(NotTested("stride", "short"))
    several = len(facts.record.coordinates) > 1
    if several and free:
        found.append(NotTested("circulation", "free"))
    if several and _too_long_for_each(at):
        found.append(NotTested("coordinates", "long"))
    longest = max(len(x) for parts in at.tracks.values() for x in parts.values())
    if longest < 2 * FEWEST_OF_PIECE and effort.segments > 1:
        found.append(NotTested("pieces", "short"))
    return found


def _settings(prior: Mapping[str, Axis], setup: Setup, effort: Effort) -> Settings:
    c = setup.choices
    share = prior.get("active_share")
    return Settings(
        baseline=c.baseline,
        seed=setup.seed,
        least_share=share.low if share else None,
        prior_odds=dict(c.odds),
        given=list(c.priors),
        effort=asdict(effort),
    )


def _versions() -> dict[str, str]:
    return {
        "activenoise": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
