"""No false alarm where there is none, in exact expectation and in records; activity is found."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from activenoise.analysis import witness as module
from activenoise.analysis.witness import instrument_memory, witness
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.records import simulate_records

CAMERA = Instrument(noise=0.5, exposure=1.0)
FREE, TRAPPED = Passive(0.0, 1.0), Passive(0.05, 1.0)


def made(model, n_points, seed=1, n_records=2, instrument=CAMERA):
    """One track of n_records coordinates, (n_points, n_records), points 1 s apart."""
    return simulate_records(model, instrument, n_points, 1.0, seed, n_records).T


def tracks_of(model, n_tracks, n_points, seed=1, instrument=CAMERA):
    """Tracks of two coordinates."""
    x = made(model, n_points, seed, 2 * n_tracks, instrument)
    return [x[:, 2 * i : 2 * i + 2] for i in range(n_tracks)]


def largest_z(tracks, memory):
    """The largest z with any gap, even none."""
    means = module._means(module._laid_out(tracks, memory), memory)
    parts = np.stack([mean.parts for mean in means], axis=1)
    return np.max(parts.sum(axis=0) / np.sqrt(np.sum(parts**2, axis=0)))


def expected(monkeypatch, covariance, memory):
    """Exact mean of every statistic, over its scale, for a track with this covariance. They are
    quadratic, so the mean is the sum over the columns of a root of the covariance, taken as the
    coordinates of one track."""
    monkeypatch.setattr(module, "FEWEST_UNITS", 1)
    n = len(covariance)
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(n))
    unit, series = np.zeros(n * n, np.int64), np.repeat(np.arange(n), n)
    laid = module._Laid(root.T.ravel(), series, unit, np.array([n - 1.0]), 1e9)
    return {
        (mean.span, mean.persistence, i): mean.parts[0] / mean.scale
        for i, mean in enumerate(module._means(laid, memory))
    }


@pytest.mark.parametrize(("n_points", "memory"), [(20, 1), (100, 1), (100, 4)])
def test_no_mixture_of_exponentials_has_a_positive_mean(monkeypatch, n_points, memory):
    """Means are linear in C(t), so that it is enough to look at every rate by itself. The taking
    off and putting back of the velocity is part of it."""
    t = np.arange(n_points)
    lag = np.abs(t[:, None] - t)
    for rate in np.geomspace(0.01 / n_points, 5.0, 12):
        for where, mean in expected(monkeypatch, np.exp(-rate * lag), memory).items():
            assert mean < 1e-5, (rate, where)


def test_free_motion_has_a_mean_of_zero_after_its_velocity_is_put_back(monkeypatch):
    t = np.arange(100)
    brownian = 1.0 + np.minimum(t[:, None], t)
    drawn = expected(monkeypatch, brownian, 1)
    assert {span for span, _, _ in drawn} == {1, 2, 4, 8, 16}
    for (_, persistence, _), mean in drawn.items():
        if persistence:
            assert abs(mean) < 1e-7
        else:
            assert mean <= 0
    monkeypatch.setattr(module, "_put_back", lambda *_: 0.0)
    assert all(m < -1e-3 for (_, p, _), m in expected(monkeypatch, brownian, 1).items() if p)


@pytest.mark.parametrize("weights", [w for n in module._SCALES for w in module._weights(n)])
def test_weights_are_polynomials_that_are_nowhere_negative(weights):
    values, positive = weights
    y = np.linspace(0, 1, 1001)
    assert np.polynomial.Polynomial(values)(y).min() >= -1e-12
    assert positive == bool(np.all(values > 0))


@pytest.mark.parametrize(
    ("model", "n_tracks", "n_points"),
    [(FREE, 1, 1000), (TRAPPED, 1, 1000), (FREE, 40, 20), (FREE, 20, 60)],
)
@pytest.mark.slow
def test_false_alarms_are_as_rare_as_stated(model, n_tracks, n_points):
    n = 150
    chances = np.array(
        [witness(tracks_of(model, n_tracks, n_points, s), 1.0).p_equilibrium for s in range(n)]
    )
    for level in (0.05, 0.2):
        assert np.mean(chances <= level) < level + 3 * np.sqrt(level * (1 - level) / n)
    if model is FREE:  # the border of equilibrium: the level is not wasted either
        assert np.mean(chances <= 0.2) > 0.2 - 3 * np.sqrt(0.2 * 0.8 / n)


def test_persistence_is_found():
    found = witness([made(AOUP(0.0, 1.0, 2.0, 20.0), 8000)], 0.1)
    assert found.kind == "persistence"
    assert found.p_equilibrium < 1e-4
    assert found.gap == pytest.approx(0.1)
    assert found.correlation.value > 4 * found.correlation.error > 0
    assert found.z == pytest.approx(found.correlation.value / found.correlation.error)
    assert found.n_units == 64
    short = tracks_of(AOUP(0.0, 1.0, 1.0, 5.0), 150, 40)
    assert witness(short, 1.0).p_equilibrium < 1e-4


def test_a_relaxation_of_negative_weight_is_found_where_nothing_persists():
    """kappa tau_a = 0.3 and D_a/D below kappa tau_a (1 + kappa tau_a): C'' is above 0 throughout,
    but C is no mixture of exponentials with positive weights."""
    found = witness([made(AOUP(0.06, 1.0, 0.35, 5.0), 120_000, 3, 2, Instrument())], 1.0)
    assert found.kind == "relaxation"
    assert found.p_equilibrium < 0.01


def test_a_flow_is_no_activity_however_fast():
    chances = []
    for seed in range(40):
        tracks = tracks_of(FREE, 40, 30, seed)
        rng = np.random.default_rng(seed)
        moved = [x + np.arange(30)[:, None] * rng.normal(3.0, 1.0, 2) for x in tracks]
        still, flowing = witness(tracks, 1.0), witness(moved, 1.0)
        chances.append(flowing.p_equilibrium)
        # The mean step, and so the share of each coordinate, differs; the products do not.
        assert abs(flowing.z - still.z) < 1.0
    assert np.mean(np.array(chances) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_blur_without_a_gap_would_be_a_false_alarm():
    x = [made(FREE, 20_000, 1, 1, Instrument(exposure=1.0))]
    assert largest_z(x, 0) > 7
    assert largest_z(x, 1) < 3.5
    with pytest.raises(ValueError, match="at least 1 point"):
        witness(x, 1.0, memory=0)


def test_a_low_pass_needs_a_gap_beyond_its_memory():
    x = [made(Passive(0.02, 1.0), 40_000, 1, 1, Instrument(corner=0.08))]
    assert witness(x, 1.0, memory=1).p_equilibrium < 1e-4
    assert witness(x, 1.0, memory=16).p_equilibrium > 0.05


def test_the_gap_goes_beyond_the_memory_of_the_instrument():
    assert instrument_memory(np.zeros(5), 0.01) == 1
    assert instrument_memory(np.zeros(5), 0.01, stride=4) == 16
    # The detector of the shipped bead in water: 7.9 kHz at 78 kHz.
    assert instrument_memory(np.full(5, 1 / (2 * np.pi * 7936.5)), 1.28e-5) == 13


def test_the_shipped_bead_in_water_is_passive_beyond_its_detector():
    path = Path(__file__).parents[2] / "data/tracks/trapped_bead_water_78kHz.npz"
    bead, dt = np.load(path)["arr_0"], 1.28e-5
    for memory in (13, 16, 32):
        assert witness([bead], dt, memory).p_equilibrium > 0.05
    assert witness([bead], dt, 1).p_equilibrium < 1e-4


def test_gaps_are_left_out():
    rng = np.random.default_rng(3)
    active, passive = made(AOUP(0.0, 1.0, 1.0, 20.0), 20_000), made(TRAPPED, 20_000)
    for x in (active, passive):
        x[rng.random(len(x)) < 0.2] = np.nan
        x[5000:5100] = np.nan
        x[:3] = np.nan
    assert witness([active], 1.0).p_equilibrium < 1e-4
    assert witness([passive], 1.0).p_equilibrium > 0.05
    # A coordinate that is missing by itself is left out by itself.
    active[7000:7100, 0] = np.nan
    assert witness([active], 1.0).p_equilibrium < 1e-4


def test_the_answer_depends_on_no_unit_and_on_its_seed_alone():
    x = made(AOUP(0.0, 1.0, 0.3, 20.0), 4000)
    found = witness([x], 1.0, seed=2)
    assert witness([x], 1.0, seed=2) == found
    scaled = witness([1e-6 * x + np.array([5e-6, 0.0])], 1.0, seed=2)
    assert scaled.z == pytest.approx(found.z)
    assert scaled.p_equilibrium == pytest.approx(found.p_equilibrium)
    assert witness([x[:, 0]], 1.0) == witness([x[:, :1]], 1.0)


def test_many_tracks_are_taken_together_at_random():
    tracks = tracks_of(FREE, 1200, 12)
    assert witness(tracks, 1.0).n_units == 512


def test_chances_fall_without_end():
    active = AOUP(0.0, 1.0, 20.0, 20.0)
    chances = [witness([made(active, n)], 1.0).p_equilibrium for n in (1000, 4000, 16_000)]
    assert all(later < earlier for earlier, later in pairwise(chances))
    assert chances[-1] < 1e-8


def test_what_cannot_be_tested_is_named():
    with pytest.raises(ValueError, match="at least 16"):
        witness([made(FREE, 90)], 1.0)
    with pytest.raises(ValueError, match="at least 16"):
        witness(tracks_of(FREE, 10, 12), 1.0)
    with pytest.raises(ValueError, match="at least 16"):
        witness([np.full((50, 1), np.nan)], 1.0)
    with pytest.raises(ValueError, match="never moves"):
        witness([np.zeros(1000)], 1.0)
    with pytest.raises(ValueError, match="neighbours"):
        witness([np.where(np.arange(1000) % 2, np.nan, np.arange(1000.0))], 1.0)
