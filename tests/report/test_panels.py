"""What the panels of the figures compute; how they look is for eyes."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.physics.models import AOUP
from activenoise.report import record_panels as panels
from activenoise.report.panels import GRID, KERNEL, density


@pytest.mark.parametrize("a", [0.3, 1.0, 20.0])
def test_densities_keep_their_mass_at_the_edges(a):
    values = np.random.default_rng(2).beta(a, 0.3, 5000)
    mass = np.trapezoid(density(values, GRID, KERNEL), GRID)
    assert mass == pytest.approx(1, abs=0.01)


def test_the_envelope_draws_the_extremes():
    x = np.random.default_rng(3).normal(size=100_000)
    index, values = panels.envelope(x, 500)
    assert len(index) <= 1000
    assert np.all(np.diff(index) >= 0)
    assert np.array_equal(x[index.astype(int)], values)
    assert {x.min(), x.max()} <= set(values)


def test_short_tracks_are_drawn_whole():
    x = np.arange(10.0)
    assert np.array_equal(panels.envelope(x)[1], x)


def test_the_fitted_curve_goes_through_its_own_points():
    values = {"kappa": 157.0, "D": 7e-4, "D_a": 6.3e-3, "tau_a": 0.33}
    fit = {"AOUP": {name: {"value": value} for name, value in values.items()}}
    lags = np.array([0.0, 1e-3, 1e-2, 0.1])
    expected = AOUP(**values).autocorrelation(lags) - 1e-7 * (1 + lags)
    assert np.allclose(panels.fitted_curve("AOUP", fit, lags, expected, lags), expected, rtol=1e-12)


def test_synthetic_records_are_called_so():
    assert "SYNTHETIC" in panels.record_title({"track": "paper_twin", "synthetic": True})
    assert "SYNTHETIC" not in panels.record_title({"track": "bead", "synthetic": False})
