"""What disturbs a record at single points: jumps, outliers and kicks (Chen and Liu, J. Am. Stat.
Assoc. 88, 284, 1993).

A jump shifts all positions after it, as a knock at the stage does. An outlier is one wrong
position. A kick moves the tracer, which then relaxes as it always does. Under a linear model each
has a pattern in the innovations e: the response of the whitening filter to a step, to a single
point, or one innovation. With w the pattern of a disturbance at point j, less what an unknown
baseline takes of it,

    size = (w e)/(w w),   gain = (w e)^2/(w w),

and the gain, twice a log likelihood ratio, is chi squared with one degree of freedom at a point
where nothing happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from scipy.signal import fftconvolve
from scipy.stats import chi2

from activenoise.arrays import FloatArray
from activenoise.likelihood.kalman import innovation_rows
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel

_CHANCE, _ROUGH_CHANCE = 1e-6, 0.01  # that a disturbance is found anywhere
MOST = 8  # jumps, or kicks, of one record: what jumps more often is no record with a few jumps
_MOST_OUTLIERS = 0.05  # part of the points
_OTHERS = (
    4.5  # standard errors: where there is an outlier that is beyond chance, others are less so
)
_SETTLING = 2048  # points, in which a filter has settled
_LEAST = 1e-3  # of a pattern that the baseline leaves, or it cannot be told from it
_LAST = 0.99  # of a kick's gain counts: what a jump or an outlier explains as well is no kick
_APART = 3  # points between outliers that are found at the same time

Kind = Literal["jump", "outlier", "kick"]


class Disturbance(NamedTuple):
    """point: its number, of a jump that of the first after it. size, error: length (a kick's in
    standard deviations of the innovations). gain: twice the log likelihood ratio."""

    point: int
    size: float
    error: float
    gain: float


@dataclass(frozen=True)
class Disturbed:
    """A record with what was found in it. cleaned: positions (n_points,), length, less the jumps
    and NaN at the outliers. innovations: standardised, (n_points,), less what the kicks make."""

    cleaned: FloatArray
    innovations: FloatArray
    jumps: list[Disturbance] = field(default_factory=list)
    outliers: list[Disturbance] = field(default_factory=list)
    kicks: list[Disturbance] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many disturbances there are."""
        return len(self.jumps) + len(self.outliers) + len(self.kicks)


def disturbances(
    model: LinearModel,
    instrument: Instrument,
    positions: FloatArray,
    dt: float,
    n_all: int,
    rough: bool = False,
) -> Disturbed | None:
    """The disturbances of a record under ONE linear model; None where there are more than a few.

    positions: (n_points,), length, dt (s) apart, NaN where missing; with an unknown baseline.
    n_all: points that are searched in all, with a chance of 1e-6 that anything is found where
    nothing happened. rough: under a model that is fitted to the disturbances too, which hides them
    and makes of a jump a kick that is slow to relax: with a chance of 0.01, and no kicks. The
    largest disturbance is taken out first; the sizes of all jumps are fitted together.
    """
    limit = float(chi2.isf((_ROUGH_CHANCE if rough else _CHANCE) / (3 * n_all), 1))
    search = _Search(model, instrument, np.array(positions), dt, kicks=not rough)
    if not search.take_all(limit):
        return None
    while search.exchange():
        if not search.take_all(limit):
            return None
    while search.outliers and search.take_outliers(_OTHERS**2):
        if len(search.outliers) > _MOST_OUTLIERS * len(positions):
            return None
    return search.result()


class _Search:
    """The state of a search: what was found so far, and the innovations that are left."""

    def __init__(
        self,
        model: LinearModel,
        instrument: Instrument,
        positions: FloatArray,
        dt: float,
        kicks: bool,
    ) -> None:
        self._weight_of_kicks = _LAST if kicks else 0.0
        self._system = model, instrument, dt
        self._positions = positions
        self._steps: list[int] = []
        self._kicks: list[int] = []
        self.outliers: dict[int, Disturbance] = {}
        self._response = self._step_response()
        self._fit()

    def _rows(self, positions: FloatArray) -> FloatArray:
        model, instrument, dt = self._system
        return innovation_rows(model, instrument, positions, dt)

    def _step_response(self) -> FloatArray:
        """What the settled filter makes of a unit step, (n_points,)."""
        n = len(self._positions)
        before = min(n, _SETTLING)
        return self._rows(np.concatenate([np.zeros(before), np.ones(n)]))[0, before:]

    def _pattern(self, step: int) -> FloatArray:
        """The innovations of a unit step at a point, with the gaps of this record."""
        unit = np.where(np.arange(len(self._positions)) < step, 0.0, 1.0)
        unit[np.isnan(self._positions)] = np.nan
        return self._rows(unit)[0]

    def _fit(self) -> None:
        """Fit baseline, jumps and kicks together."""
        rows = self._rows(self._positions)
        self._seen = np.isfinite(rows[0])
        kicks = np.zeros((len(self._kicks), rows.shape[1]))
        kicks[np.arange(len(kicks)), self._kicks] = 1.0
        steps = [self._pattern(step) for step in self._steps]
        columns = np.concatenate([rows[1:], *(p[None] for p in steps), kicks])[:, self._seen]
        self._baseline = np.where(self._seen, rows[1:], 0.0)
        information = np.linalg.pinv(columns @ columns.T)
        sizes = information @ (columns @ rows[0, self._seen])
        self._sizes = sizes[len(rows) - 1 :]
        self._errors = np.sqrt(np.diagonal(information))[len(rows) - 1 :]
        left = np.full(rows.shape[1], np.nan)
        left[self._seen] = rows[0, self._seen] - sizes @ columns
        self.innovations = left
        # Of a track that moves more than the others of its table, all innovations are large.
        self._scale = max(float(np.median(np.abs(left[self._seen]))) / 0.6745, 1.0)

    def _gains(self, pattern: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Size and gain of a disturbance of this pattern at every point, (n_points,) each."""
        e = np.where(self._seen, self.innovations, 0.0) / self._scale
        seen = self._seen.astype(np.float64)

        def along(values: FloatArray, kernel: FloatArray) -> FloatArray:
            return fftconvolve(values, kernel[::-1])[len(kernel) - 1 :]

        whole = along(seen, pattern**2)
        taken = np.array([along(row, pattern) for row in self._baseline])
        if len(taken):
            inverse = np.linalg.inv(self._baseline @ self._baseline.T)
            left = whole - np.einsum("in,ij,jn->n", taken, inverse, taken)
        else:
            left = whole
        usable = (left > _LEAST * pattern[0] ** 2) & self._seen
        left = np.where(usable, left, np.inf)
        product = along(e, pattern)
        return product / left, product**2 / left

    def _all(self) -> dict[Kind, tuple[FloatArray, FloatArray]]:
        e = np.where(self._seen, self.innovations, 0.0) / self._scale
        response = self._response
        return {
            "jump": self._gains(response),
            "outlier": self._gains(np.diff(response, prepend=0.0)),
            "kick": (e, e**2),
        }

    def largest(self, limit: float) -> tuple[Kind, int] | None:
        """The kind and the point of the disturbance of the largest gain, if that is beyond the
        limit. What a jump explains as well as a kick counts as a jump."""
        found = {kind: gain for kind, (_, gain) in self._all().items()}
        at = {kind: int(np.argmax(gain)) for kind, gain in found.items()}
        kind = max(
            found,
            key=lambda kind: (
                found[kind][at[kind]] * (self._weight_of_kicks if kind == "kick" else 1.0)
            ),
        )
        return (kind, at[kind]) if found[kind][at[kind]] > limit else None

    def take(self, kind: Kind, index: int, limit: float) -> bool:
        """Take out a disturbance, and with an outlier all that are beyond the limit; False where
        there are too many of its kind."""
        if kind == "outlier":
            self.take_outliers(limit)
            return len(self.outliers) <= _MOST_OUTLIERS * len(self._positions)
        kept = self._steps if kind == "jump" else self._kicks
        if index in kept or len(kept) == MOST:
            return False
        kept.append(index)
        self._fit()
        return True

    def take_all(self, limit: float) -> bool:
        """Take out one disturbance after the other; False where there are too many."""
        while (found := self.largest(limit)) is not None:
            if not self.take(*found, limit):
                return False
        return True

    def exchange(self) -> bool:
        """Make jumps of all kicks if they explain the record better so, as where it jumps and soon
        jumps back: alone, a shift of all that follows explains neither. Whether it was done."""
        kept = self._steps, self._kicks
        if not self._kicks or len(self._steps) + len(self._kicks) > MOST:
            return False
        before = float(np.nansum(self.innovations**2))
        self._steps, self._kicks = sorted({*self._steps, *self._kicks}), []
        self._fit()
        if float(np.nansum(self.innovations**2)) < before:
            return True
        self._steps, self._kicks = kept
        self._fit()
        return False

    def take_outliers(self, limit: float) -> bool:
        """Take out all outliers beyond a limit that is not that of a single one; whether there
        were any."""
        found = self._all()
        size, gain = found["outlier"]
        other = np.maximum(found["jump"][1], self._weight_of_kicks * found["kick"][1])
        candidates = np.flatnonzero((gain > limit) & (gain >= other))
        order = candidates[np.argsort(-gain[candidates])]
        chosen: list[int] = []
        for index in order:
            if all(abs(index - other) > _APART for other in chosen):
                chosen.append(int(index))
        if chosen:
            self._leave_out(np.array(chosen), size, gain)
        return bool(chosen)

    def _leave_out(self, at: np.ndarray, size: FloatArray, gain: FloatArray) -> None:
        for i in at:
            shift = float(size[i] * self._scale)
            error = abs(shift) / float(np.sqrt(gain[i]))
            self.outliers[int(i)] = Disturbance(int(i), shift, error, float(gain[i]))
        self._positions[at] = np.nan
        self._fit()

    def result(self) -> Disturbed:
        """What was found, in the order of time, and the record without it."""
        fitted = [
            Disturbance(i, float(size), float(error), float((size / error) ** 2))
            for i, size, error in zip(
                [*self._steps, *self._kicks], self._sizes, self._errors * self._scale, strict=True
            )
        ]
        jumps, kicks = fitted[: len(self._steps)], fitted[len(self._steps) :]
        cleaned = self._positions.copy()
        for jump in jumps:
            cleaned[jump.point :] -= jump.size
        return Disturbed(
            cleaned,
            self.innovations,
            sorted(jumps),
            [self.outliers[i] for i in sorted(self.outliers)],
            sorted(kicks),
        )
