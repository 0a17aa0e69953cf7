"""Fits of the log-loss against duration, published curves, and the duration that a level needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from activenoise.studies.durations import (
    FIT_COLUMNS,
    duration_row,
    excess_over,
    fit_decay,
    fit_rows,
    fits,
    published_log_loss,
)


def test_the_decay_is_found_within_its_errors():
    rng = np.random.default_rng(1)
    t = np.linspace(1, 400, 14)
    error = np.full(14, 2e-3)
    pulls = []
    for _ in range(200):
        fit = fit_decay(t, 0.69 * np.exp(-0.007 * t) + rng.normal(0, error), error)
        pulls.append([
            (fit.a.value - 0.69) / fit.a.standard_error,
            (fit.b.value + 0.007) / fit.b.standard_error,
        ])  # fmt: skip
    assert np.allclose(np.std(pulls, axis=0), 1, atol=0.2)
    assert np.allclose(np.mean(pulls, axis=0), 0, atol=0.25)


def test_two_points_make_no_fit():
    assert fit_decay(np.array([1.0, 2.0]), np.array([0.6, 0.5]), np.full(2, 0.01)) is None


def scores(**methods):
    """A table of scores of methods, each with a rate of decay (1/s) and its durations (s)."""
    rows = [
        {"method": method, "duration": t, "log_loss": 0.69 * np.exp(-rate * t), "excess": 0.1 / t}
        | {"standard_error": 1e-3, "accuracy_0": 1 - 0.5 / t, "accuracy_1": 1 - 0.3 / t}
        for method, (rate, durations) in methods.items()
        for t in durations
    ]
    return pd.DataFrame(rows)


def test_exact_decays_are_fitted_exactly_and_short_curves_are_not():
    table = scores(optimum=(0.02, [1, 10, 50, 100]), lstm=(0.01, [1, 10]))
    found = fits(table, ["optimum", "lstm"])
    assert list(found) == ["optimum"]
    assert found["optimum"]([0, 100]) == pytest.approx([0.69, 0.69 * np.exp(-2)], rel=1e-6)
    (row,) = fit_rows(found, table)
    assert (row["method"], row["points"]) == ("optimum", 4)
    assert tuple(row) == FIT_COLUMNS
    assert row["b"] == pytest.approx(-0.02)
    assert row["reduced_chi2"] < 1e-6


def published():
    rows = [("optimum", 1, 0.6, 0.03), ("optimum", 5, 0.4, 0.03), ("optimum", 9, 0.2, 0.03),
            ("lstm", 5, 0.5, 0.04), ("lstm", 1, 0.61, 0.04), ("lstm", 7, 0.4, 0.04)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["method", "duration", "value", "uncertainty"])
    return table.assign(quantity="log_loss", study="benchmark", pair="Passive-AOUP")


def test_the_published_excess_is_over_the_published_optimum_at_the_same_duration():
    gap = excess_over(published(), "lstm")
    assert gap["duration"].tolist() == [1, 5]
    assert gap["value"].to_numpy() == pytest.approx([0.01, 0.1])
    assert gap["uncertainty"].to_numpy() == pytest.approx(0.05)
    assert excess_over(published(), "feedforward").empty


def test_published_values_of_another_pair_or_beyond_our_durations_are_left_out():
    assert len(published_log_loss(published(), "benchmark", "Passive-AOUP", 7)) == 5
    assert published_log_loss(published(), "granule", "Passive-AOUP", 7).empty
    assert published_log_loss(published(), "benchmark", "AOUP-RBP", 7).empty


def test_the_duration_needed_lies_between_those_around_the_level():
    table = scores(optimum=(0.1, [1, 1.5, 2, 4, 8]), lstm=(0.1, [2, 4]))
    about = ("mechanism_2", "AOUP-RBP", 2.0)
    row = duration_row(table, *about, "lstm")
    # The mean accuracy is 1 - 0.4/t: 0.8 at 2 s, 0.9 at 4 s.
    assert row["duration_90"] == pytest.approx(4)
    assert 1.5 < row["duration_75"] < 2
    assert row["largest_excess"] == pytest.approx(0.05)
    assert "largest_excess" not in duration_row(table, *about, None)
    short = duration_row(scores(optimum=(0.1, [1, 1.2])), *about, None)
    assert np.isnan(short["duration_90"])
