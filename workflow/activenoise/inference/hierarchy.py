"""Tracks in cells in conditions: the posterior of one quantity, by quadrature on a grid.

The logarithm q of a quantity has the mean m of its condition, c ~ N(m, cells^2) in a cell and
t ~ N(c, tracks^2) in a track; a track's record gives the likelihood of t (`track_likelihood`), of
any shape. Both spreads are shared by the conditions. Priors: half-normal of scale `SPREAD` for each
spread, uniform for the first condition's mean, and for the difference of a mean from it a Cauchy
distribution of scale `RATIO`, as is usual in Bayes factors for differences (Rouder et al., Psychon.
Bull. Rev. 16, 225, 2009). All integrals are sums over the grid, so that no likelihood has to be
normal. Bayes factors are direct: both hypotheses share every prior but that of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.special import logsumexp, ndtr

from activenoise.arrays import FloatArray

SPREAD = 1.0  # of both spreads' half-normal priors, in logarithms
RATIO = float(np.log(2))  # half of the prior of a difference is between 1/2 and 2
_LOWEST, _HIGHEST = 0.03, 3.0  # spreads that are integrated over
# An interval whose end has at most so many times the density of the grid's end is open there.
_FLAT = 2.0
_SMALLEST = 1e-300


@dataclass(frozen=True, eq=False)
class Grid:
    """Places of a logarithm, evenly spaced, (n,). inner: at which a condition's mean may be.
    bounded: whether the quantity ends where the inner ones do, as a share does at 1."""

    points: FloatArray
    inner: NDArray[np.bool_]
    bounded: bool = False

    @classmethod
    def over(
        cls, low: float, high: float, bounded: bool = False, n: int = 448, margin: float = 3.0
    ) -> Grid:
        """n places from low - margin to high + margin; a mean may be between low and high."""
        points = np.linspace(low - margin, high + margin, n)
        return cls(points, (points >= low) & (points <= high), bounded)

    @property
    def step(self) -> float:
        return float(self.points[1] - self.points[0])


class Part(NamedTuple):
    """A part of a track's posterior, such as of one model: its probability, draws (m,) of q, and of
    each draw 1 over the prior density of q given the track's other parameters."""

    probability: float
    draws: FloatArray
    over_prior: FloatArray


def track_likelihood(grid: Grid, parts: Sequence[Part], flat_below: float = -np.inf) -> FloatArray:
    """The likelihood (n,) of a track's q, up to a factor: its posterior with the prior divided out.

    flat_below: where the quantity is too small to be seen, so that the likelihood below is that at
    this place.
    """
    likelihood = np.zeros(len(grid.points))
    for part in parts:
        width = max(_bandwidth(part.draws), grid.step)
        places = np.round((part.draws - grid.points[0]) / grid.step).astype(np.int64)
        places = np.clip(places, 0, len(grid.points) - 1)
        weights = part.probability * part.over_prior / len(part.draws)
        counts = np.bincount(places, weights, len(grid.points))
        likelihood += gaussian_filter1d(counts, width / grid.step, mode="constant", truncate=8)
    place = min(int(np.searchsorted(grid.points, flat_below)), len(grid.points) - 1)
    likelihood[:place] = likelihood[place]
    return likelihood / likelihood.max()


def _bandwidth(draws: FloatArray) -> float:
    """Silverman's rule of thumb for the different ones of resampled draws."""
    low, high = np.quantile(draws, [0.25, 0.75])
    width = min(float(draws.std()), float(high - low) / 1.34)
    return 0.9 * width * len(np.unique(draws)) ** -0.2


class Hierarchy:
    """The kernels of all spreads on a grid. with_cells: without it tracks are independent draws of
    their condition, whatever their cells."""

    def __init__(self, grid: Grid, with_cells: bool = True, n_nodes: int = 20) -> None:
        self.grid, self.with_cells = grid, with_cells
        spreads = np.geomspace(_LOWEST, _HIGHEST, n_nodes)
        density = spreads * np.exp(-0.5 * (spreads / SPREAD) ** 2)  # in the logarithm
        self.tracks, self._track_prior = spreads, np.log(density / density.sum())
        self.cells = spreads if with_cells else np.zeros(1)
        self._cell_prior = self._track_prior if with_cells else np.zeros(1)
        self._kernels = np.array([self._kernel(spread) for spread in spreads])
        difference = grid.points[None, :] - grid.points[:, None]
        cauchy = 1 / (1 + (difference / RATIO) ** 2)
        self.cauchy = cauchy / cauchy.sum(axis=1, keepdims=True)

    def _kernel(self, spread: float) -> FloatArray:
        """Probability of each place (columns) about a mean at each (rows)."""
        n = len(self.grid.points)
        edges = (np.arange(1 - n, n + 1) - 0.5) * self.grid.step / spread
        places = np.arange(n)[None, :] - np.arange(n)[:, None] + n - 1
        kernel = np.diff(ndtr(edges))[places]
        return kernel / kernel.sum(axis=1, keepdims=True)

    def fit(self, conditions: Sequence[Sequence[FloatArray]]) -> Fit:
        """What conditions say of their means. conditions: for each the likelihoods of its cells,
        each (n_tracks, n) on the grid."""
        if not self.with_cells:
            conditions = [[np.concatenate(list(cells))] for cells in conditions]
        cells = [np.array([self._cell(cell) for cell in cells]) for cells in conditions]
        means = np.array([self._condition(parts) for parts in cells])
        return Fit(self, cells, means)

    def _cell(self, tracks: FloatArray) -> FloatArray:
        """Log likelihood of a cell's mean for each spread of its tracks, (n_nodes, n)."""
        found = np.maximum(self._kernels @ tracks.T, _SMALLEST)  # (n_nodes, n, n_tracks)
        return np.log(found).sum(axis=2)

    def _condition(self, cells: FloatArray) -> FloatArray:
        """Log likelihood of a condition's mean, (tracks' spread, cells' spread, n). cells:
        (n_cells, n_nodes, n)."""
        if not self.with_cells:
            return cells.sum(axis=0)[:, None]
        most = cells.max(axis=2, keepdims=True)
        scaled = np.exp(cells - most)
        found = np.empty((len(self.tracks), len(self.cells), len(self.grid.points)))
        for i, kernel in enumerate(self._kernels):
            means = np.log(np.maximum(scaled @ kernel.T, _SMALLEST)) + most
            found[:, i] = means.sum(axis=0)
        return found

    def prior(self) -> FloatArray:
        """Log prior of the spreads, (tracks' spread, cells' spread)."""
        return self._track_prior[:, None] + self._cell_prior[None, :]


@dataclass(frozen=True, eq=False)
class Density:
    """A distribution over places (n,), probability (n,). prior: (n,), up to a factor, uniform
    without it. low_open, high_open: the likelihood does not end on this side, so that the
    distribution says nothing but a limit."""

    places: FloatArray
    probability: FloatArray
    prior: FloatArray | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the central 95 %. Opposite an open side, where they would be the prior's, the
        place beyond which the likelihood is below exp(-1.92) of its highest, which holds for 95 %
        of a normal one, whatever the range of the prior."""
        low, high = self.quantile([0.025, 0.975]).tolist()
        likelihood = self.probability if self.prior is None else self.probability / self.prior
        near = self.places[likelihood > likelihood.max() * np.exp(-1.92)]
        if self.low_open and not self.high_open:
            high = float(near[-1])
        if self.high_open and not self.low_open:
            low = float(near[0])
        return low, high

    def quantile(self, levels: Sequence[float]) -> FloatArray:
        """The places below which these parts of the probability are."""
        cumulative = np.cumsum(self.probability)
        middle = (cumulative - 0.5 * self.probability) / cumulative[-1]
        return np.interp(levels, middle, self.places)


class Fit:
    """What conditions say of one quantity; the first is the control.

    log_means: (n_conditions, tracks' spread, cells' spread, n), the log likelihood of each mean.
    """

    def __init__(
        self, hierarchy: Hierarchy, cells: Sequence[FloatArray], log_means: FloatArray
    ) -> None:
        self._of, self._cells, self._log_means = hierarchy, cells, log_means
        inner = hierarchy.grid.inner
        self._each = logsumexp(log_means[..., inner], axis=-1) - np.log(inner.sum())
        log_spread = hierarchy.prior() + self._each.sum(axis=0)
        self._spread = np.exp(log_spread - log_spread.max())
        self._spread /= self._spread.sum()

    def mean(self, condition: int) -> Density:
        """A condition's mean, whatever the others are."""
        inner = self._of.grid.inner
        level = self._log_means[condition][..., inner] - self._each[condition][..., None]
        p = np.sum(self._spread[..., None] * np.exp(level), axis=(0, 1))
        return self._density(p)

    def cell(self, condition: int, cell: int) -> Density:
        """A cell's mean by the tracks of the cell alone, given the spread of tracks."""
        level = self._cells[condition][cell][..., self._of.grid.inner]
        level = level - logsumexp(level, axis=-1, keepdims=True)
        return self._density(self._spread.sum(axis=1) @ np.exp(level))

    def _density(self, p: FloatArray) -> Density:
        """A mean's distribution (n_inner,), with the sides on which its interval is the prior's."""
        grid = self._of.grid
        p = p / p.sum()
        found = Density(grid.points[grid.inner], p)
        low, high = np.searchsorted(found.places, found.quantile([0.025, 0.975]))
        high_open = not grid.bounded and p[min(high, len(p) - 1)] < _FLAT * p[-1]
        return replace(found, low_open=bool(p[low] < _FLAT * p[0]), high_open=bool(high_open))

    def spread(self, of: str) -> Density:
        """The spread of "cells" in a condition or of "tracks" in a cell."""
        if of == "tracks":
            return Density(self._of.tracks, self._spread.sum(axis=1))
        return Density(self._of.cells, self._spread.sum(axis=0))

    def contrast(self, condition: int, control: int = 0) -> tuple[Density, float]:
        """The difference of a condition's mean from the control's, and the log Bayes factor (nats)
        of different means over one."""
        joint, grid = self._joint(control, condition), self._of.grid
        different = np.where(grid.inner[:, None], joint * self._of.cauchy, 0.0)
        same = np.where(grid.inner, np.diagonal(joint), 0.0)
        n = len(grid.points)
        places = grid.step * np.arange(1 - n, n, dtype=np.float64)
        # Sums along the diagonals: rows of 2 n, read as rows of 2 n - 1, move by one place each.
        shifted = np.pad(different[:, ::-1], ((0, 0), (0, n))).ravel()[: n * (2 * n - 1)]
        p = shifted.reshape(n, 2 * n - 1).sum(axis=0)[::-1]
        first, second = self.mean(control), self.mean(condition)
        low = second.low_open or first.high_open
        high = second.high_open or first.low_open
        factor = float(np.log(different.sum()) - np.log(max(same.sum(), _SMALLEST)))
        prior = 1 / (1 + (places / RATIO) ** 2)
        return Density(places, p / p.sum(), prior, low, high), factor

    def _joint(self, a: int, b: int) -> FloatArray:
        """Likelihood (n, n) of two means, up to a factor."""
        others = [k for k in range(len(self._each)) if k not in (a, b)]
        weight = self._of.prior() + sum(self._each[k] for k in others)
        first, second = (self._log_means[k] for k in (a, b))
        scale = weight + first.max(axis=-1) + second.max(axis=-1)
        w = np.exp(scale - scale.max())
        kept = w > 1e-12
        a_level, b_level = (x[kept] - x[kept].max(axis=-1, keepdims=True) for x in (first, second))
        return np.asarray((w[kept, None] * np.exp(a_level)).T @ np.exp(b_level))
