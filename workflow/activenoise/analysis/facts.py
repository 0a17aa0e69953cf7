"""The facts of a record, or of a table of tracks: what the analysis found, in plain typed numbers.

This is the contract between the analysis and everything that reads it: judgement, tables, words
and the page. The parts are frozen; `analysis.stored` makes plain JSON of them and reads it back.
Lengths are in the record's unit, times in s, evidences in nats. No numerics here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from activenoise.analysis.artefacts.facts import ArtefactFacts

Question = Literal[
    "drift", "tones", "kurtosis", "stride", "circulation", "pieces", "coordinates", "common motion",
    "witness",
]  # fmt: skip
Reason = Literal["exact", "given", "not needed", "free", "short", "long", "no clock", "shape"]


@dataclass(frozen=True)
class WithError:
    """A number and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class CoordinateFacts:
    """One coordinate of the record. missing: points. mean, rms about it, and rms_step: length; of
    several tracks the rms is about each track's own mean, and mean is 0."""

    missing: int
    mean: float
    rms: float
    rms_step: float


@dataclass(frozen=True)
class RecordFacts:
    """The record. n_points, and n_read of them, in each coordinate. dt, duration (of the longest
    track): s. Every analysed_stride-th point was analysed."""

    n_points: int
    n_read: int
    dt: float
    duration: float
    analysed_stride: int
    coordinates: dict[str, CoordinateFacts]


@dataclass(frozen=True)
class PriorRange:
    """Range of an unknown parameter, uniform in it or in its logarithm."""

    low: float
    high: float
    log: bool


@dataclass(frozen=True)
class Goodness:
    """Tests of standardised innovations z.

    autocorrelation: of z at lags 1 ... n_lags, each of standard error 1/sqrt(n_points): at a lag
    that gaps leave fewer pairs of points it counts for less. ljung_box, p_white: sum of their
    squares, weighted, and its chance if z is white. slow, p_slow: the same for means of z over
    blocks, which a slow misfit shifts together. variance: of z. skewness, excess_kurtosis, and
    p_normal: from both (Jarque-Bera). distance: largest difference of z's cumulative distribution
    from the normal's.
    """

    n_points: int
    autocorrelation: list[float]
    ljung_box: float
    p_white: float
    slow: float
    p_slow: float
    variance: float
    skewness: float
    excess_kurtosis: float
    p_normal: float
    distance: float


@dataclass(frozen=True)
class FitTest(Goodness):
    """Tests of one model in one coordinate. positions: excess kurtosis of the positions, None where
    it was not tested. tones: frequencies (Hz) of the tones that are left, by track."""

    model: str
    positions: WithError | None
    tones: dict[str, list[float]]


@dataclass(frozen=True)
class ModelFacts:
    """One of the compared models. log_evidence with its error: nats. effective: draws that count.
    pareto_k: below 0.7, or the errors are not to be trusted. counted: whether its evidence was
    found; a model whose importance sampling collapsed counts for nothing."""

    probability: float
    probability_error: float
    log_evidence: float
    log_evidence_error: float
    effective: float
    pareto_k: float
    counted: bool


@dataclass(frozen=True)
class ActivePart:
    """Active share of the variance (of a free tracer, of the long-time diffusivity). low95, median,
    high95: if it is active. limit95: over all models, of the active part of the mean square
    displacement over `lag` (s) that no equilibrium could imitate and that persists for longer than
    `persistence` (s)."""

    low95: float
    median: float
    high95: float
    limit95: float
    persistence: float
    lag: float


@dataclass(frozen=True)
class ComparisonFacts:
    """The models side by side, at the prior odds.

    p_active: of the driven models together, p_prior of it before the record. p_distinguishable:
    that the motion is active and has a law that no medium at equilibrium has. part: its size.
    fit, fit_aoup: tests of the favoured model and of the AOUP by coordinate.
    """

    models: dict[str, ModelFacts]
    favoured: str
    p_active: float
    p_active_error: float
    p_prior: float
    p_distinguishable: float
    part: ActivePart | None
    fit: dict[str, FitTest]
    fit_aoup: dict[str, FitTest]

    def p(self, *models: str) -> float:
        """Probability of these models together; 0 of one that was not compared."""
        return sum(self.models[name].probability for name in models if name in self.models)

    def log_evidence(self, model: str) -> float:
        """Log evidence of a model, nats."""
        return self.models[model].log_evidence


@dataclass(frozen=True)
class Summary:
    """Posterior of one parameter: moments, and the ends of the central 68 and 95 % intervals.
    mean_log, sd_log: of its logarithm, where it is positive throughout."""

    mean: float
    sd: float
    median: float
    low95: float
    low68: float
    high68: float
    high95: float
    mean_log: float | None = None
    sd_log: float | None = None


@dataclass(frozen=True)
class Correlations:
    """Correlation matrix of the parameters, in the order of names."""

    names: list[str]
    matrix: list[list[float]]


@dataclass(frozen=True)
class PosteriorFacts:
    """Posterior of one model. likelihoods: how many it took. unknown: names of the parameters that
    were not fixed. parameters: of all that vary."""

    likelihoods: int
    unknown: list[str]
    parameters: dict[str, Summary]
    correlations: Correlations


@dataclass(frozen=True)
class Double:
    """Where AOUP's posterior sits: chance that an exponential of C(t) has a negative weight, and
    medians of kappa tau_a and of D_a/D."""

    p_negative_weight: float
    kappa_tau_a: float
    ratio: float


@dataclass(frozen=True)
class Energy:
    """What the drive of one model costs, or that of all driven ones, if the tracer is driven.

    probability: of the model. dissipation: power that the drive feeds into the motion, kT/s.
    temperature: effective over that of the bath, kappa C(0)/D (of a free tracer, of the
    diffusivities at long times). share: active, as in `ActivePart`. force: root mean square of the
    active force, kT/length. D: length^2/s. stiffness: of the trap, kT/length^2, None of a free
    tracer. curve: effective energy over kT at the frequencies of `EnergyFacts`: "median" and the
    ends "low95", "low68", "high68", "high95" of its intervals.
    """

    probability: float
    dissipation: Summary
    temperature: Summary
    share: Summary
    force: Summary
    D: Summary
    stiffness: Summary | None
    curve: dict[str, list[float]]


@dataclass(frozen=True)
class EnergyFacts:
    """Energies under every driven model that has a probability, and averaged over them by it.

    frequencies: Hz, of the curves, from one over the duration to half of the sampling rate.
    limit95: what the dissipation (kT/s) does not exceed with probability 95 % over all models,
    in which those at equilibrium have none. p_double: if the tracer is driven, that a medium at
    equilibrium has the same C(t); the energies are then no facts about the tracer.
    """

    frequencies: list[float]
    models: dict[str, Energy]
    driven: Energy
    limit95: float
    p_double: float


@dataclass(frozen=True)
class DriveFacts:
    """The propulsion in time (`analysis.drive`): of this track, under this driven model, from so
    many draws of its posterior. sampled: with the angles or signs of its direction; otherwise it is
    the best linear estimate, which under an AOUP is exact. mean_power: kT/s, mean over the track of
    what the propulsion feeds into the motion, by coordinate."""

    model: str
    track: str
    n_draws: int
    sampled: bool
    mean_power: dict[str, float]


@dataclass(frozen=True)
class ToneFacts:
    """A sinusoid that was taken off: cosine cos(2 pi frequency t) + sine sin(2 pi frequency t),
    t = 0 at the first point of the track. frequency: Hz; amplitude: over the rms."""

    track: str
    coordinate: str
    frequency: float
    cosine: float
    sine: float
    amplitude: float


@dataclass(frozen=True)
class Tones:
    """n_tracks: in so many tracks tones were looked for. found: those that were taken off."""

    n_tracks: int
    found: list[ToneFacts]

    @property
    def by_name(self) -> dict[str, list[ToneFacts]]:
        """The tones of each coordinate, "x", and of several tracks "x of track"."""
        tones: dict[str, list[ToneFacts]] = {}
        for tone in self.found:
            where = f"{tone.coordinate} of {tone.track}" if tone.track else tone.coordinate
            tones.setdefault(where, []).append(tone)
        return tones


@dataclass(frozen=True)
class CirculationFacts:
    """Test of two coordinates for circulation. statistic: largest |z|; p_reversible: its chance if
    the motion is reversible. rate: mean angular velocity, rad/s, with its error."""

    statistic: float
    p_reversible: float
    rate: float
    rate_error: float


@dataclass(frozen=True)
class WitnessFacts:
    """The largest z of displacements that do not overlap (`witness`). p_equilibrium: its chance.
    span, gap: of the displacements and between them, s. correlation: weighted mean over lags.
    n_units: independent tracks and blocks."""

    p_equilibrium: float
    z: float
    kind: Literal["persistence", "relaxation"]
    span: float
    gap: float
    correlation: WithError
    n_units: int


@dataclass(frozen=True)
class Bands:
    """inside: by coordinate and statistic, the part of it inside the model's central 95 %. stride:
    of the points that were compared."""

    stride: int
    inside: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Piece:
    """A piece of the record by itself. start, end: s. effective: draws that count."""

    start: float
    end: float
    effective: float
    parameters: dict[str, Summary]


@dataclass(frozen=True)
class Trend:
    """chi2 of the pieces' mean logarithms about their weighted mean, and its chance if the
    parameter is constant."""

    chi2: float
    p_constant: float


@dataclass(frozen=True)
class Pieces:
    """The record, or the longest track of a table, in pieces, each under one linear model."""

    model: str
    track: str
    pieces: list[Piece]
    trends: dict[str, Trend]


@dataclass(frozen=True)
class OwnAnalysis:
    """What was found of one track by itself. parameters: mean and standard deviation under
    `model`; of D_a and tau_a under AOUP."""

    probability: dict[str, float]
    p_active: float
    p_distinguishable: float
    model: str
    parameters: dict[str, WithError]


@dataclass(frozen=True)
class TrackRow:
    """One track. n_points: at which every coordinate is there. alone: None where it was not
    analysed by itself."""

    track: str
    n_points: int
    alone: OwnAnalysis | None


@dataclass(frozen=True)
class TracksFacts:
    """The tracks, longest first. left_out: tracks of the file that are not among them. n_read: of
    the joint analysis; n_alone: analysed by themselves, of at least `fewest` points.

    own_over_shared: by model, log Bayes factor of parameters of each track's own over shared ones,
    nats; empty with fewer than two tracks.
    """

    n_tracks: int
    left_out: int
    n_read: int
    n_alone: int
    fewest: int
    rows: list[TrackRow]
    own_over_shared: dict[str, WithError]


@dataclass(frozen=True)
class NotTested:
    """A question that was not put to the record, and why."""

    question: Question
    reason: Reason


@dataclass(frozen=True)
class Settings:
    """least_share: the least active share, None where its prior is not the usual one. prior_odds:
    empty if equal. given: parameters with a prior from the user. effort: `record.Effort`."""

    baseline: str
    seed: int
    least_share: float | None
    prior_odds: dict[str, float]
    given: list[str]
    effort: dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """2.5, 50 and 97.5 % quantiles of what a model expects."""

    low95: float
    median: float
    high95: float


@dataclass(frozen=True)
class UsualTest:
    """A number by which the field often decides. expected: by model, over simulated records of its
    posterior."""

    value: float
    expected: dict[str, Expected]


@dataclass(frozen=True)
class UsualTests:
    """What the field's usual tests say of the longest track (`usual_tests`), by coordinate and name
    of the test, beside what the likeliest model of equilibrium and of a drive expect of them."""

    track: str
    n_points: int
    coordinates: dict[str, dict[str, UsualTest]]


@dataclass(frozen=True)
class Facts:
    """All that was found of a record, or of a table of tracks.

    fixed: parameters that the user fixed, or "off". comparison, posteriors, double: of all tracks
    with shared parameters. own: the comparison if each track has parameters of its own; None with
    fewer than two. energy: of the comparison that is decisive, None where no driven model has a
    probability. drive: None where activity is excluded. each: of each coordinate by itself, empty
    for one. full_rate: where every 2nd,
    4th ... point is analysed, how all points fared. circulation: by pair of coordinates, or why it
    could not be tested. witness: of all points, None where they are too few. usual: None for
    tracks that are too short. seconds: by stage.
    """

    record: RecordFacts
    instrument: str
    trap: str
    prior: dict[str, PriorRange]
    fixed: dict[str, float | str]
    comparison: ComparisonFacts
    posteriors: dict[str, PosteriorFacts]
    double: Double
    own: ComparisonFacts | None
    energy: EnergyFacts | None
    drive: DriveFacts | None
    each: dict[str, ComparisonFacts]
    full_rate: ComparisonFacts | None
    artefacts: ArtefactFacts
    tones: Tones
    circulation: dict[str, CirculationFacts | str]
    witness: WitnessFacts | None
    usual: UsualTests | None
    bands: Bands
    pieces: Pieces
    tracks: TracksFacts
    not_tested: list[NotTested]
    settings: Settings
    versions: dict[str, str]
    seconds: dict[str, float]

    @property
    def free(self) -> bool:
        """Whether the tracer is in no trap."""
        return self.trap == "free"

    @property
    def several(self) -> bool:
        """Whether there are several tracks."""
        return self.tracks.n_tracks > 1

    @property
    def favoured(self) -> PosteriorFacts:
        """Posterior of the model that is favoured with shared parameters."""
        return self.posteriors[self.comparison.favoured]

    @property
    def known_rates(self) -> dict[str, float]:
        """kappa (1/s, 0 for a free tracer) and tau_a (s), where the favoured model has them."""
        parameters = self.favoured.parameters
        names: list[str] = [name for name in ("kappa", "tau_a") if name in parameters]
        known = {name: parameters[name].median for name in names}
        return {**known, "kappa": 0.0} if self.free else known
