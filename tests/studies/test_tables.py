"""Rows of the tables against the scores that they hold."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.files import write_arrays
from activenoise.studies.scoring import excess, log_loss, rmse, rmse_ratio
from activenoise.studies.tables import COLUMNS, estimate_rows, score_rows, score_tables, seed_rows

SHIFT, POINTS = 1.3, np.array([50, 100])


@pytest.fixture(scope="module")
def bound() -> dict[str, np.ndarray]:
    """Exact answers to tracks of two normal classes, at two durations."""
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 500)
    z = rng.normal(size=(1000, 2)) + SHIFT * labels[:, None]
    zero = np.zeros(2)
    return {
        "logits": SHIFT * (z - SHIFT / 2), "labels": labels, "points": POINTS,
        "quadrature_change": zero, "quadrature_change_standard_error": zero,
    }  # fmt: skip


@pytest.fixture(scope="module")
def network(bound) -> dict[str, np.ndarray]:
    """Answers of a network of two seeds, for the longer duration alone."""
    rng = np.random.default_rng(2)
    logits = 1.4 * bound["logits"][:, 1:] + 0.3 * rng.normal(size=(1000, 1))
    return {
        "logits": logits, "logits_seed2": 1.2 * logits, "labels": bound["labels"],
        "points": POINTS[1:],
    }  # fmt: skip


def test_rows_of_seeds_average_to_the_row_of_the_network(bound, network):
    (row,) = score_rows({"method": "lstm"}, network, bound, 0.5)
    each = seed_rows({"method": "lstm"}, network, bound, 0.5)
    assert [r["seed"] for r in each] == [1, 2]
    assert row["seeds"] == 2
    assert row["duration"] == each[0]["duration"] == 50
    for name in ("log_loss", "excess"):
        assert row[name] == pytest.approx(np.mean([r[name] for r in each]))
    assert row["excess_spread"] == pytest.approx(
        abs(each[0]["excess"] - each[1]["excess"]) / 2**0.5
    )
    assert seed_rows({"method": "optimum"}, bound, bound, 0.5) == []


def test_a_study_has_four_tables(tmp_path, bound, network):
    """Other exact answers are methods too; a network is compared at the durations it has."""
    given = {
        **bound,
        "optimum_given_start": 0.9 * bound["logits"],
        "path_integral": bound["logits"],
    }
    write_arrays(tmp_path / "optimum.h5", **given)
    write_arrays(tmp_path / "lstm.h5", **network)
    files = {name: str(tmp_path / f"{name}.h5") for name in ("optimum", "lstm")}
    tables = score_tables("study", {"Passive-AOUP": files}, dt=0.5)
    found = {(row["method"], row["duration"]): row for row in tables.scores}
    exact = ("optimum", "optimum_given_start", "path_integral")
    assert set(found) == {(m, d) for m in exact for d in (25.0, 50.0)} | {("lstm", 50.0)}
    loss = log_loss(bound["logits"], bound["labels"]).value
    assert [found["optimum", d]["log_loss"] for d in (25, 50)] == pytest.approx(list(loss))
    assert found["optimum", 25]["excess"] == 0
    worse = np.stack([network["logits"], network["logits_seed2"]], axis=2)
    expected = excess(worse, bound["logits"][:, 1:], bound["labels"])
    assert found["lstm", 50]["excess"] == pytest.approx(expected.value[0])
    assert {row["seed"] for row in tables.seeds} == {1, 2}
    assert {(row["study"], row["pair"]) for row in tables.checks} == {("study", "Passive-AOUP")}
    assert tables.checks[0]["path_integral_difference"] == pytest.approx(
        0.1 * np.sqrt(np.mean(bound["logits"][:, 0] ** 2))
    )
    for name, rows in tables._asdict().items():  # as in a table without rows
        assert set(COLUMNS[name]) <= rows[0].keys()
    assert list(tables.seeds[0]) == list(COLUMNS["seeds"])
    for method, duration in found:
        rows = [r for r in tables.calibration if (r["method"], r["duration"]) == (method, duration)]
        assert sum(row["count"] for row in rows) == 1000


def test_estimates_stand_beside_those_of_bayes(tmp_path):
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(400, 2))
    best = truth[:, None] + 0.1 * rng.normal(size=(400, 1, 2))
    worse = best + 0.2 * rng.normal(size=best.shape)
    paths = {}
    for name, mean in (("bayes", best), ("lstm", worse)):
        paths[name] = str(tmp_path / f"{name}.h5")
        write_arrays(paths[name], mean=mean, truth=truth, points=[100])
    rows = estimate_rows("study", ["D", "D_a"], paths, paths["bayes"], dt=0.5)
    assert [(row["method"], row["target"]) for row in rows] == [
        (method, f"log {target}") for method in paths for target in ("D", "D_a")
    ]
    for k, row in enumerate(rows[2:]):
        assert row["duration"] == 50
        assert row["rmse"] == pytest.approx(rmse(worse[:, 0], truth).value[k])
        ratio = rmse_ratio(worse[:, 0], best[:, 0], truth)
        assert row["ratio"] == pytest.approx(ratio.value[k])
        assert row["ratio_standard_error"] == pytest.approx(ratio.standard_error[k])
        assert row["prior_spread"] == pytest.approx(np.std(truth[:, k]))
    assert rows[0]["ratio"] == 1
