"""Is the comparison of conditions calibrated? Experiments of cells and tracks with known ratios.

    python benchmarks/conditions.py [experiments, default 200] [cells, default 4] [tracks, 5]

Each track gives a normal likelihood of its logarithm, as its posterior over its prior would be.
Prints how often the 95 % interval of the ratio holds the truth, with the cell as the unit and with
the track as the unit, without an effect and with one; the median of the ratio's estimates over the
truth; and, where everything is drawn from the priors, the identities of a right Bayes factor B of
"different" over "same": the mean of B under "same" and of 1/B under "different" is 1. The mean of B
rests on rare large values; up to a limit c it is the chance of B < c under "different".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.arrays import FloatArray
from activenoise.inference.hierarchy import RATIO, SPREAD, Grid, Hierarchy

CELLS, TRACKS, ERROR = 0.4, 0.3, 0.2  # standard deviations of the logarithm
LIMIT = 10.0


class Truth(NamedTuple):
    """An experiment's control mean, difference of the other condition, and spreads."""

    mean: float
    difference: float
    cells: float
    tracks: float


class Answers(NamedTuple):
    """Of one experiment: the ends of the interval of the difference and its median, with the cell
    as the unit and with the track; and the log Bayes factor."""

    by_cell: FloatArray
    by_track: FloatArray
    log_factor: float


def likelihoods(
    grid: Grid, truth: Truth, n_cells: int, n_tracks: int, rng: np.random.Generator
) -> list[list[FloatArray]]:
    """Likelihoods (n_tracks, n) of each cell of the control and of the other condition."""
    found: list[list[FloatArray]] = []
    for mean in (truth.mean, truth.mean + truth.difference):
        cells = mean + truth.cells * rng.standard_normal((n_cells, 1))
        tracks = cells + truth.tracks * rng.standard_normal((n_cells, n_tracks))
        seen = tracks + ERROR * rng.standard_normal(tracks.shape)
        z = (grid.points - seen[..., None]) / ERROR
        found.append(list(np.exp(-0.5 * z**2)))
    return found


class Analyst:
    """The two analyses of an experiment on one grid."""

    def __init__(self, grid: Grid, n_nodes: int) -> None:
        self.grid = grid
        self.by_cell = Hierarchy(grid, n_nodes=n_nodes)
        self.by_track = Hierarchy(grid, with_cells=False, n_nodes=n_nodes)

    def answers(self, data: list[list[FloatArray]]) -> Answers:
        """What both find of the difference."""
        difference, factor = self.by_cell.fit(data).contrast(1)
        naive, _ = self.by_track.fit(data).contrast(1)
        levels = [0.025, 0.5, 0.975]
        return Answers(difference.quantile(levels), naive.quantile(levels), factor)


def experiments(
    analyst: Analyst, difference: float, n: int, n_cells: int, n_tracks: int, seed: int
) -> Iterator[Answers]:
    """Answers of n experiments of one difference."""
    rng = np.random.default_rng(seed)
    truth = Truth(0.0, difference, CELLS, TRACKS)
    for _ in range(n):
        yield analyst.answers(likelihoods(analyst.grid, truth, n_cells, n_tracks, rng))


def covered(found: list[Answers], difference: float) -> tuple[float, float]:
    """How often the interval holds the truth, with the cell and with the track as the unit."""
    ends = np.array([(one.by_cell, one.by_track) for one in found])
    inside = (ends[..., 0] <= difference) & (difference <= ends[..., 2])
    return tuple(inside.mean(axis=0).tolist())


def from_prior(
    analyst: Analyst, different: bool, n: int, n_cells: int, n_tracks: int, seed: int
) -> FloatArray:
    """Log Bayes factors (n,) of experiments whose truth is drawn from the priors."""
    rng = np.random.default_rng(seed)
    inner = analyst.grid.points[analyst.grid.inner]
    found: list[float] = []
    while len(found) < n:
        mean = rng.uniform(inner[0], inner[-1])
        change = RATIO * rng.standard_cauchy() if different else 0.0
        if not analyst.grid.points[0] < mean + change < analyst.grid.points[-1]:
            continue
        truth = Truth(mean, change, *(SPREAD * np.abs(rng.standard_normal(2))))
        data = likelihoods(analyst.grid, truth, n_cells, n_tracks, rng)
        found.append(analyst.by_cell.fit(data).contrast(1)[1])
    return np.array(found)


def main(n: int = 200, n_cells: int = 4, n_tracks: int = 5) -> None:
    """Print the calibration."""
    analyst = Analyst(Grid.over(-4.0, 4.0, n=256), n_nodes=14)
    print(f"{n} experiments of {n_cells} cells a condition, {n_tracks} tracks a cell")
    for ratio in (1.0, 0.5, 0.2):
        difference = float(np.log(ratio))
        found = list(experiments(analyst, difference, n, n_cells, n_tracks, seed=1))
        cell, track = covered(found, difference)
        off = np.exp(np.median([one.by_cell[1] for one in found]) - difference)
        p = 1 / (1 + np.exp(-np.array([one.log_factor for one in found])))
        print(
            f"ratio {ratio:g}: 95 % intervals hold it in {100 * cell:.1f} % (cell as the unit), "
            f"{100 * track:.1f} % (track); estimate/truth {off:.2f}; very likely different "
            f"{100 * np.mean(p > 0.95):.1f} %, very likely the same {100 * np.mean(p < 0.05):.1f} %"
        )
    same, other = (np.exp(from_prior(analyst, d, n, n_cells, n_tracks, 2)) for d in (False, True))
    for name, values, right in (
        ("mean of B under same", same, 1.0),
        ("mean of 1/B under different", 1 / other, 1.0),
        (f"mean of B under same up to {LIMIT:g}", same * (same < LIMIT), np.mean(other < LIMIT)),
    ):
        error = values.std() / np.sqrt(n)
        print(f"{name}: {values.mean():.3f} ± {error:.3f}, must be {right:.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
