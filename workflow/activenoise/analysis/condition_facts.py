"""What a comparison of conditions found, in plain typed numbers. Lengths in the records' unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from activenoise.analysis.artefacts.facts import ArtefactFacts

Kind = Literal["value", "at most", "at least", "not measured"]
QUANTITIES = ("D", "D_a", "active_share", "dissipation")


@dataclass(frozen=True)
class Interval:
    """Median and the ends of the central 95 %. kind: "at most" and "at least" where the records
    bound a quantity on one side alone: high95 or low95 is the limit then, and the rest is the
    prior's; "not measured" where they bound neither."""

    median: float
    low95: float
    high95: float
    kind: Kind = "value"


@dataclass(frozen=True)
class Contrast:
    """A condition against the control. ratio: of the two conditions' means (medians of the
    quantity). log_bayes_factor: of different means over one mean, nats."""

    ratio: Interval
    log_bayes_factor: float


@dataclass(frozen=True)
class Pooled:
    """One quantity by one unit of independence. means: by condition. contrasts: by condition but
    the control. spread_cells, spread_tracks: standard deviations of the logarithm, of cells of a
    condition (None where the track is the unit) and of tracks."""

    means: dict[str, Interval]
    contrasts: dict[str, Contrast]
    spread_cells: Interval | None
    spread_tracks: Interval


@dataclass(frozen=True)
class QuantityFacts:
    """One quantity. by_cell: with the cell as the unit, None where a condition has one cell.
    by_track: with the track as the unit. cells: each cell's mean, by condition and cell."""

    by_cell: Pooled | None
    by_track: Pooled
    cells: dict[str, dict[str, Interval]]


@dataclass(frozen=True)
class TrackFacts:
    """One track. quantities: posterior of each by itself, empty if it was not analysed, as p_active
    is None then: the probability that it is driven."""

    condition: str
    cell: str
    file: str
    track: str
    n_points: int
    p_active: float | None
    quantities: dict[str, Interval]


@dataclass(frozen=True)
class ConditionFacts:
    """One condition. p_active: that its tracks are driven, if all are of one model and each has
    parameters of its own. mean_p_active: of its tracks."""

    n_cells: int
    n_tracks: int
    n_analysed: int
    p_active: float
    mean_p_active: float


@dataclass(frozen=True)
class ComparedFacts:
    """All that a comparison found. conditions: by name, the control first. viscoelastic: log Bayes
    factor, nats, of a medium with one relaxation over a simple liquid, of all tracks together. dt:
    s. artefacts: by condition and cell, of those where something was found that is no motion of the
    tracer."""

    conditions: dict[str, ConditionFacts]
    quantities: dict[str, QuantityFacts]
    tracks: list[TrackFacts]
    viscoelastic: float
    dt: float
    unit: str
    artefacts: dict[str, dict[str, ArtefactFacts]] = field(default_factory=dict)

    @property
    def control(self) -> str:
        """The condition that the others are compared with."""
        return next(iter(self.conditions))
