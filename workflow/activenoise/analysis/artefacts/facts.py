"""What was found in a record that is no motion of the tracer, in plain typed numbers; a part of
`analysis.facts`. Lengths are in the record's unit, times in s. No numerics here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FilledGaps:
    """Points that a program filled in. n_points of them, in n_tracks, at most `longest` in a row;
    `held` of them are where the point before is, the others on the line between their neighbours.
    by_chance: at most about so many would stand there by chance."""

    n_points: int
    n_tracks: int
    longest: int
    held: int
    by_chance: float


@dataclass(frozen=True)
class JumpFacts:
    """A shift of all later positions of one track. time: s after its first point, of the first
    point after the jump. size, error: length. over_rms: the size over the rms of what is left."""

    track: str
    coordinate: str
    time: float
    size: float
    error: float
    over_rms: float


@dataclass(frozen=True)
class Outliers:
    """Single wrong positions: n_points in n_tracks. largest: over the rms of what is left."""

    n_points: int
    n_tracks: int
    largest: float


@dataclass(frozen=True)
class Disturbances:
    """Jumps, outliers and kicks (of the tracer itself, of which there are n_kicks) under one linear
    model. log_odds: of this model with them over the best one without, nats. taken_off: whether
    jumps and outliers were, because what is left is normal; otherwise they are only named."""

    model: str
    jumps: list[JumpFacts]
    outliers: Outliers | None
    n_kicks: int
    log_odds: float
    taken_off: bool


@dataclass(frozen=True)
class CommonMotion:
    """What the tracks of a movie move together. n_tracks: of the test. window: s, over which it is
    seen best. share: of the mean square displacement over the window. score: standard deviations
    of chance. velocity, error: the mean velocity by coordinate, length/s.

    by_frame: the mean step of each frame was taken off; otherwise the mean velocity, because few
    frames have two tracks. reference: a track that is left out with it, "" if none.
    """

    n_tracks: int
    window: float
    share: float
    score: float
    velocity: dict[str, float]
    error: dict[str, float]
    by_frame: bool
    reference: str


@dataclass(frozen=True)
class ShapeFacts:
    """How one coordinate is no linear process, whatever its correlations. kurtosis: excess, of the
    positions of a trapped tracer, with its error (0 and 0 where it was not tested); humps: of their
    distribution. p_linear: chance that the mean step is no more bent than linear in the position.
    clustering, p_constant: largest autocorrelation of the squares of what is left of a linear
    process, and the chance of all if its noise is constant. named: which of them are certain and
    large: "positions", "bent", "clustered"."""

    kurtosis: float
    error: float
    humps: int
    p_linear: float
    clustering: float
    p_constant: float
    named: list[str]


@dataclass(frozen=True)
class Rounding:
    """Positions on a grid of step `grid` (length), so many times the rms step."""

    grid: float
    over_step: float


@dataclass(frozen=True)
class Locking:
    """Positions that prefer places a `period` (length) apart, so many times the rms step, as those
    locked to pixels do. strength: modulus of the mean of exp(2 pi i x/period), half the relative
    amplitude of their density. by_chance: the chance of it, over all periods."""

    period: float
    strength: float
    over_step: float
    by_chance: float


@dataclass(frozen=True)
class StillFacts:
    """White positions: nothing moves that the instrument resolves. noise: rms, length, by
    coordinate. memory, error: correlation of neighbours."""

    noise: dict[str, float]
    memory: float
    error: float


@dataclass(frozen=True)
class SlowNoise:
    """1/f^exponent noise beside white noise explains the spectrum of the positions. part: of the
    variance. over_one, over_two: log odds over white noise with one relaxation and with two, nats,
    by Bayes' information criterion."""

    exponent: float
    part: float
    over_one: float
    over_two: float


@dataclass(frozen=True)
class ArtefactFacts:
    """What was found that is no motion of the tracer, before the models were compared; None for
    each that was not there. `facts.not_tested` names what could not be looked for. shape, rounding,
    slow_noise: by coordinate, of those where there is something to name; none is taken off.
    locking: by coordinate, taken off."""

    gaps: FilledGaps | None = None
    common: CommonMotion | None = None
    disturbances: Disturbances | None = None
    shape: dict[str, ShapeFacts] = field(default_factory=dict)
    rounding: dict[str, Rounding] = field(default_factory=dict)
    still: StillFacts | None = None
    slow_noise: dict[str, SlowNoise] = field(default_factory=dict)
    locking: dict[str, Locking] = field(default_factory=dict)
