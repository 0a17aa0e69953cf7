"""The hierarchy of tracks, cells and conditions: calibrated, and sure of no more than it saw."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.conditions import (
    ERROR,
    Analyst,
    Truth,
    covered,
    experiments,
    from_prior,
    likelihoods,
)

from activenoise.inference.hierarchy import Grid, Hierarchy, Part, track_likelihood


@pytest.fixture(scope="module")
def analyst():
    return Analyst(Grid.over(-2.5, 2.5, n=80, margin=2.0), n_nodes=6)


@pytest.mark.slow
def test_the_interval_covers_where_cells_vary_and_the_naive_one_does_not(analyst):
    """Of 200 experiments without an effect, 95 % within 3 standard errors of a binomial; with the
    track as the unit far fewer."""
    cell, track = covered(list(experiments(analyst, 0.0, 200, 4, 5, seed=4)), 0.0)
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200) < cell
    assert track < 0.85


@pytest.mark.slow
def test_an_effect_is_recovered(analyst):
    found = list(experiments(analyst, np.log(0.3), 40, 4, 5, seed=5))
    medians = [one.by_cell[1] for one in found]
    spread = np.std(medians) / np.sqrt(len(medians))
    assert abs(np.mean(medians) - np.log(0.3)) < 4 * spread + 0.1
    assert covered(found, np.log(0.3))[0] > 0.85


@pytest.mark.slow
def test_the_bayes_factor_is_one(analyst):
    """With the truth drawn from the priors, the mean of 1/B is 1 under "different", and that of B
    under "same" up to a limit is the chance of such a B under "different": within 4 errors."""
    same, other = (np.exp(from_prior(analyst, d, 200, 3, 3, seed=6)) for d in (False, True))
    inverse = 1 / other
    assert abs(inverse.mean() - 1) < 4 * inverse.std() / np.sqrt(len(inverse))
    small = np.where(same < 10, same, 0.0)
    chance = np.mean(other < 10)
    error = np.hypot(small.std(), np.sqrt(chance * (1 - chance))) / np.sqrt(len(same))
    assert abs(small.mean() - chance) < 4 * error


def test_without_spread_the_difference_is_that_of_normal_means():
    """Many tracks of one law, by the track: the difference has the variance of two means."""
    grid = Grid.over(-2.0, 2.0, n=512, margin=1.0)
    data = likelihoods(grid, Truth(0.0, 0.3, 0.0, 0.25), 1, 60, np.random.default_rng(1))
    difference, _ = Hierarchy(grid, with_cells=False).fit(data).contrast(1)
    low, median, high = difference.quantile([0.025, 0.5, 0.975])
    error = np.sqrt(2 * (0.25**2 + ERROR**2) / 60)
    assert abs(median - 0.3) < 3 * error
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.25)


def test_what_was_not_seen_is_a_limit_and_changes_nothing(analyst):
    """Flat likelihoods leave the Bayes factor at 1, and no ratio; likelihoods that end above are a
    limit, whose place hardly depends on how far down the grid goes."""
    grid = analyst.grid
    flat = [np.ones((3, len(grid.points)))] * 3
    fit = analyst.by_cell.fit([flat, flat])
    difference, factor = fit.contrast(1)
    assert abs(factor) < 0.05
    assert (difference.low_open, difference.high_open) == (True, True)
    limits = []
    for low in (-3.0, -6.0):
        wide = Grid.over(low, 1.5, n=192, margin=2.0)
        below = [np.tile(1 / (1 + np.exp(12 * (wide.points + 1))), (3, 1))] * 3
        mean = Hierarchy(wide, n_nodes=8).fit([below, below]).mean(0)
        assert (mean.low_open, mean.high_open) == (True, False)
        limits.append(mean.ends[1])
    assert limits[0] == pytest.approx(limits[1], abs=0.2)


def test_the_prior_is_divided_out():
    """A posterior equal to its prior, which rises as a square, has a flat likelihood."""
    q = -4 + 5 * np.random.default_rng(2).power(3, 40_000)
    over_prior = ((q + 4) / 5) ** -2
    grid = Grid.over(-4.0, 1.0, n=200)
    found = track_likelihood(grid, [Part(1.0, q, over_prior)])
    middle = (grid.points > -2.5) & (grid.points < 0.5)
    assert found[middle].min() > 0.8 * found[middle].max()


def test_more_conditions_share_the_spreads(analyst):
    """A third condition with many cells narrows what is known of the spread of cells."""
    rng = np.random.default_rng(3)
    two = likelihoods(analyst.grid, Truth(0.0, 0.0, 0.1, 0.1), 2, 3, rng)
    third = likelihoods(analyst.grid, Truth(0.0, 0.0, 0.1, 0.1), 12, 3, rng)[0]
    fits = analyst.by_cell.fit(two), analyst.by_cell.fit([*two, third])
    widths = [np.ptp(fit.contrast(1)[0].quantile([0.025, 0.975])) for fit in fits]
    assert widths[1] < widths[0]
