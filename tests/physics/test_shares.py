"""The active share against the autocorrelation of the model, and its inverse."""

from __future__ import annotations

import numpy as np

from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import (
    active_diffusivity,
    active_share,
    dissipation,
    double_diffusivity,
)


def test_the_share_is_the_active_part_of_the_variance():
    kappa, D, tau_a = np.array([[0.3, 1.0, 20.0], [0.5, 2.0, 1e-3], [0.1, 1.0, 40.0]])
    share = np.array([0.0, 0.4, 0.95])
    D_a = active_diffusivity(share, kappa, D, tau_a)
    whole = AOUP(kappa, D, D_a, tau_a).autocorrelation(0.0)
    np.testing.assert_allclose(
        1 - Passive(kappa, D).autocorrelation(0.0) / whole, share, atol=1e-12
    )
    np.testing.assert_allclose(active_share(kappa, D, D_a, tau_a), share, rtol=1e-12)


def test_of_a_free_tracer_it_is_the_active_part_of_the_long_time_diffusivity():
    D, D_a = np.array(0.5), active_diffusivity(np.array(0.25), np.array(0.0), np.array(0.5), 3.0)
    assert D_a / (D + D_a) == 0.25


def test_the_dissipation_is_that_of_the_thesis():
    """4.902 kT/s, where the thesis has 4.912 for its network."""
    kappa, other = np.array(0.1), np.array(0.2)
    assert abs(dissipation(kappa, other, other, other) - 4.902) < 1e-3


def test_the_double_has_the_law_of_a_passive_tracer():
    kappa, D, tau_a = np.array(3.0), np.array(0.5), np.array(0.7)
    lags = np.linspace(0, 3, 7)
    active = AOUP(kappa, D, double_diffusivity(kappa, D, tau_a), tau_a).autocorrelation(lags)
    passive = active[0] * np.exp(-lags / tau_a)
    np.testing.assert_allclose(active, passive, rtol=1e-12)
