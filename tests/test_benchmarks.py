"""The benchmarks: their NumPy angle filter is the library's, and their page can be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks import coverage, injection, numpy_angle_filter, scaling, training_steps, trainings
from benchmarks.harness import Row
from benchmarks.report import BEGIN, END, SCALING, generated, write_csv, write_page

from activenoise.likelihood.angle import angle_log_likelihood, angles_needed
from activenoise.physics.models import RBP
from activenoise.simulation.tracks import simulate

PAGE = Path(__file__).parents[1] / "benchmarks" / "README.md"


@pytest.mark.parametrize(
    ("model", "dt"),
    [
        (RBP(kappa=1.0, D=1.0, D_a=20.0, tau_a=3.0), 0.1),
        (RBP(kappa=157.0, D=7e-4, D_a=6.3e-3, tau_a=0.33), 6.4e-4),
        (RBP(kappa=0.1, D=0.2, D_a=0.1, tau_a=0.5), 0.01),
    ],
)
def test_numpy_angle_filter_is_the_library_s(model, dt):
    """To the single precision of the library's filter, 1e-4 nats at 200 points."""
    tracks = simulate(model, 200, dt, seed=5, n_tracks=50).astype(np.float64)
    plain = numpy_angle_filter.angle_log_likelihood(
        model, tracks, dt, int(angles_needed(model, dt))
    )
    np.testing.assert_allclose(plain, angle_log_likelihood(model, tracks, dt), atol=1e-4, rtol=0)


def tables(text):
    """The Markdown tables of a text, each a list of rows of cells."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    return [[[c.strip() for c in line[1:-1].split("|")] for line in block] for block in blocks]


def test_generated_tables_parse():
    found = tables(generated(PAGE.read_text(encoding="utf-8")))
    assert len(found) >= 8
    for table in found:
        assert len({len(row) for row in table}) == 1
        assert set(table[1]) == {"---"}
    setting = dict(found[0][2:])
    assert {"date", "machine", "packages"} <= setting.keys()
    timed = [table for table in found if "ns a point" in table[0]]
    assert len(timed) == 7
    for table in timed:
        assert all(float(row[table[0].index("ns a point")]) > 0 for row in table[2:])


def test_every_kernel_has_its_exponent_for_each_kind_of_work():
    growth, whole = tables(generated(PAGE.read_text(encoding="utf-8"), SCALING))
    found = {(row[0], row[1]) for row in growth[2:]}
    assert {(sweep.kernel, sweep.against) for sweep in scaling.sweeps()} <= found
    assert len(whole) == 4
    for row in growth[2:]:
        sizes, seconds = (np.array(row[k].split(", "), float) for k in (2, 3))
        course = scaling.Course(row[0], row[1], sizes, seconds)
        assert course.exponent == pytest.approx(float(row[4]), abs=0.02)


def test_exponents_are_those_of_the_work():
    course = scaling.Course("kernel", "points", (10, 100, 1000), [3e-3, 3e-2, 3e-1])
    assert course.exponent == pytest.approx(1)

    def spin(n):
        return lambda: [None for _ in range(n)]

    timed = scaling.measure(scaling.Sweep("loop", "points", (10_000, 1_000_000), spin), repeats=5)
    assert 0.5 < timed.exponent < 1.5


@pytest.mark.parametrize(
    ("made", "shape"),
    [
        (lambda: scaling.positions(3, 50), (3,)),
        (lambda: scaling.record(200, 4), (4,)),
        (lambda: scaling.angles(3, 20), (3,)),
    ],
)
def test_programs_whose_time_is_measured_give_log_likelihoods(made, shape):
    values = np.squeeze(made()())
    assert values.shape == shape
    assert np.isfinite(values).all()


def test_the_calibration_that_is_timed_finds_the_trap():
    """The rate of the trap that the study's analysis of the bead gives, 4127 per s."""
    corner = scaling.corner_of_trap(scaling.bead().positions, scaling.bead().dt)
    assert 2 * np.pi * corner == pytest.approx(4127, rel=0.05)


def test_page_and_csv_are_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(page, "new")
    assert generated(page.read_text()) == "new"
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
    with pytest.raises(ValueError, match="once each"):
        generated("no markers")
    write_csv(tmp_path / "rows.csv", [Row("topic", "work", "program", 1, 1000, 1e-6)])
    header, line = (tmp_path / "rows.csv").read_text().splitlines()
    assert dict(zip(header.split(","), line.split(","), strict=True))["ns_per_point"] == "1"


def test_an_injected_propulsion_has_its_share_of_the_variance():
    """Within 4 standard errors, whose correlation time is that of the slower exponential."""
    bead = next(injection.beads())
    x = injection.response(bead, 0.4, 1.5e-3, 200_000, seed=1)
    expected = bead.D / bead.kappa * 0.4 / 0.6  # the low-pass takes 1e-3 of it
    independent = 200_000 * bead.dt / (2 * 1.5e-3)
    assert abs(x.var() / expected - 1) < 4 * np.sqrt(2 / independent) + 2e-3
    assert not injection.response(bead, 0.0, 1.5e-3, 10, seed=1).any()


@pytest.mark.slow
def test_propulsion_is_found_in_the_noise_of_a_real_bead():
    bead = next(injection.beads())
    assert injection.outcome(bead, 0, 0.0, 5e-3, seed=2).p_active < 0.2
    driven = injection.outcome(bead, 0, 0.7, 5e-3, seed=2)
    assert driven.p_active > 0.6  # a viscoelastic medium has a law as near
    assert driven.reading in injection.FOUND
    assert driven.held["D_a", 95]
    assert driven.held["tau_a", 95]


@pytest.mark.slow
def test_the_band_of_the_ranks_holds_uniform_ones_and_finds_others():
    rng = np.random.default_rng(3)
    assert coverage.p_simultaneous(rng.random(200)) > 0.01
    assert coverage.p_simultaneous(rng.beta(0.6, 0.6, 200)) < 0.01  # too sure of itself
    assert coverage.p_simultaneous(rng.beta(2, 2, 200)) < 0.01  # not sure enough
    assert coverage.p_simultaneous(rng.beta(1.4, 1, 200)) < 0.01  # biased


def test_the_time_of_a_training_goes_into_steps_waiting_and_all_else():
    """Two stages of three steps, the first of which compiles for 9 s more."""
    steps = [(0, 10), (10.5, 11.5), (12, 13), (15, 26), (26, 28), (28, 30)]
    times = trainings.stage_times(
        trainings.course(steps, [(-2, -1), (13, 14.5)]),
        [{"points": 40, "steps": 3}, {"points": 80, "steps": 3}],
        points=10,
    )
    assert times["compilation_seconds"] == 9 + 9
    assert times["validation_seconds"] == 1.5
    assert times["waited_seconds"] == 0.5 + 0.5 + 0.5
    assert times["seconds"] == 30 - 18
    assert [stage["frames"] for stage in times["stages"]] == [4, 8]
    assert [stage["step_milliseconds"] for stage in times["stages"]] == [1e3, 2e3]


@pytest.mark.slow
def test_a_training_of_the_study_is_timed_and_scored(tmp_path, capsys):
    name = "benchmark/Passive-AOUP/lstm"
    out, keep = tmp_path / "out.json", tmp_path / "networks"
    trainings.main([name, "--quick", "--test", "100", "--keep", str(keep), "--out", str(out)])
    (row,) = json.loads(out.read_text())
    assert (keep / f"{name}.keras").exists()
    assert [stage["steps"] for stage in row["stages"]] == [20, 20]
    assert row["seconds"] > row["waited_seconds"] + row["validation_seconds"] > 0
    scores = {score["duration"]: score for score in row["scores"]}
    assert list(scores) == [1, 5, 25]
    # Hardly trained, it loses against the optimum, but for the noise of 200 tracks.
    assert scores[25]["excess"] > -3 * scores[25]["standard_error"]
    assert row["largest_excess"] in row["scores"]
    assert name in capsys.readouterr().out
    with pytest.raises(SystemExit, match="must be one of benchmark/Passive-AOUP/lstm, "):
        trainings.main(["benchmark/Passive-AOUP/other", "--quick"])


@pytest.mark.slow
def test_the_programs_of_a_training_step_train_the_same_network():
    """From the same weights they have the same loss, to single precision."""
    first, *others = training_steps.measure(batch=16, frames=10, units=8, repeats=1)
    assert first.program == "activenoise, LSTM on TensorFlow"
    assert others[0].program == "keras.layers.LSTM on TensorFlow"
    assert all(float(row.difference.split()[0]) < 1e-5 for row in others)
    assert all(row.points == 16 * 10 and row.seconds > 0 for row in (first, *others))
