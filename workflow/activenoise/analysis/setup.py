"""What an analysis assumes about a record, and how much it computes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from activenoise.analysis.facts import Reason
from activenoise.config.choices import Choices
from activenoise.inference.comparison import Comparison, compare_models
from activenoise.inference.importance import Sampler
from activenoise.inference.posterior import Posterior, posterior
from activenoise.inference.record import Kind, Record, chosen_prior
from activenoise.parameters import INSTRUMENTAL, MEDIA, RECORD_MODELS, TWINS, Range
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.priors import Axis

KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Effort:
    """How much is computed. sampler: of the whole record; frugal: of a long one; brief: of its
    pieces, single coordinates, single tracks and rivals. segments: pieces at most. bands: simulated
    records behind the bands, on n_at lags. draws: of each posterior, kept for figures. longest:
    points that are read, or None for all. members: tracks of a table that are analysed one by one.
    mechanism: whether RBP is asked about in a medium with relaxations too.
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
    mechanism: bool = True


# Its evidence takes minutes and is often not found (docs/physics.md): asked with odds alone.
_UNASKED = {"PowerLawRBP": 0.0}
_HASTY = Sampler(draws=256, wanted=50, final=256, batches=2, attempts=2, rounds=25)
EFFORTS = {
    "full": Effort(),
    "quick": Effort(
        _HASTY,
        _HASTY,
        _HASTY,
        segments=2,
        bands=12,
        n_at=12,
        draws=200,
        longest=2048,
        members=3,
        mechanism=False,
    ),
}


def effort_of(effort: Effort | str) -> Effort:
    """An effort by its name, or as it is."""
    if isinstance(effort, str) and effort not in EFFORTS:
        raise ValueError(f"effort {effort!r} must be one of {', '.join(EFFORTS)}")
    return EFFORTS[effort] if isinstance(effort, str) else effort


@dataclass(frozen=True)
class Setup:
    """Kind of instrument, the user's choices, the effort, the seed of all random numbers, and the
    kind of zero that every coordinate has."""

    kind: Kind
    choices: Choices
    effort: Effort
    seed: int
    baseline: Baseline = "constant"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"instrument {self.kind!r} must be one of {', '.join(KINDS)}")

    @property
    def unknowns(self) -> int:
        """How many coefficients the baseline of each coordinate has."""
        return Instrument(baseline=self.baseline).unknowns

    @property
    def why_no_drift(self) -> Reason | None:
        """Why an instrument that moves slowly is not among the models; None where it is."""
        if self.choices.free:
            return "free"
        if self.kind == "exact":
            return "exact"
        return "given" if "drift" in self.choices.priors else None

    def prior(self, records: Sequence[Record], stride: int = 1) -> dict[str, Axis]:
        """The priors of records that are every stride-th point."""
        given = dict(self.choices.priors)
        if "exposure" in given:  # a part of the longer interval
            low, high, log = given["exposure"]
            given["exposure"] = Range(low / stride, high / stride, log)
        return chosen_prior(records, self.kind, self.choices.free, given)

    def compare(
        self,
        records: Sequence[Record],
        prior: Mapping[str, Axis],
        sampler: Sampler,
        models: Collection[str] | None = None,
        more: int = 0,
        starts: Mapping[str, Posterior] | None = None,
    ) -> Comparison:
        """The models side by side for records that share their parameters. models: all that have a
        chance without it. more: added to the seed. starts: as of `compare_models`."""
        odds, still = self.choices.odds, self.why_no_drift is not None
        used = [
            name
            for name in models or RECORD_MODELS
            if odds.get(name, _UNASKED.get(name, 1.0)) > 0
            and not (still and name in INSTRUMENTAL)
            and (self.effort.mechanism or name not in TWINS or MEDIA[name] == "Simple")
        ]
        seed, sift = self.seed + more, models is None
        return compare_models(
            records, prior, self.baseline, seed, sampler, odds, used, sift, starts
        )

    def posterior(
        self,
        model: str,
        records: Sequence[Record],
        prior: Mapping[str, Axis],
        more: int = 0,
        n_draws: int = 4000,
        near: Posterior | None = None,
    ) -> Posterior:
        """The posterior of one linear model, by the brief sampler. near: as of `posterior`."""
        baseline, seed = self.baseline, self.seed + more
        return posterior(model, records, prior, baseline, seed, self.effort.brief, n_draws, near)


def setup_for(
    n_tracks: int, kind: Kind, choices: Choices, effort: Effort | str = "full", seed: int = 0
) -> Setup:
    """The setup of a record of so many tracks. A free tracer alone may be carried by a steady flow
    or a straight drift, which no single track tells from propulsion: its velocity is unknown too,
    unless the user says otherwise. Of several tracks the common motion tells."""
    usual: Baseline = "linear" if choices.free and n_tracks == 1 else "constant"
    return Setup(kind, choices, effort_of(effort), seed, choices.baseline or usual)
