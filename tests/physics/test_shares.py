"""The active share against the autocorrelation of the model, and its inverse."""

from __future__ import annotations

import numpy as np

from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import active_diffusivity, active_share


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
