"""What no linear process has is named, and linear processes have none of it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import CAMERA, DT, MODELS, clean_records

from activenoise.analysis.artefacts.form import form_of, still_of
from activenoise.physics.models import Passive
from activenoise.simulation.records import simulate_records


def double_well(height: float, n: int, seed: int) -> np.ndarray:
    """A passive bead at equilibrium in U/kT = height ((x/0.3)^2 - 1)^2, by Euler's method at a
    twentieth of the interval, with a little noise."""
    rng = np.random.default_rng(seed)
    fine, D, b, dt = 20, 0.1, 0.3, 0.02
    kicks = np.sqrt(2 * D * dt / fine) * rng.standard_normal((n, fine))
    x, v = np.empty(n), b
    for i in range(n):
        for kick in kicks[i]:
            v += kick - 4 * D * height * v / b**2 * ((v / b) ** 2 - 1) * dt / fine
        x[i] = v
    return x + 0.005 * rng.standard_normal(n)


@pytest.mark.parametrize("height", [1.0, 2.0])
def test_a_double_well_is_bent_and_has_two_humps(height):
    found = form_of([double_well(height, 3000, 1)], free=False)
    assert "bent" in found.named
    assert found.humps == 2
    assert found.kurtosis < -0.5


def test_a_diffusivity_that_switches_is_clustered():
    rng = np.random.default_rng(2)
    fast = np.cumsum(rng.random(3000) < 0.02) % 2
    x = np.cumsum(np.where(fast, 0.2, 0.1) * rng.standard_normal(3000))
    found = form_of([x], free=True)
    assert found.named == ["clustered"]


def test_the_tracks_of_a_table_are_seen_together():
    x = double_well(1.0, 6000, 3)
    found = form_of([*x.reshape(6, 1000)], free=False)
    assert "bent" in found.named


@pytest.mark.slow
def test_linear_processes_are_none_of_it():
    """200 records, free and trapped, some with gaps; nor does any of them stand still."""
    for i, x in enumerate(clean_records(200)):
        if i % 4 == 0:
            x[100:120] = np.nan
        free = bool(np.all(MODELS[i % len(MODELS)].parameters["kappa"] == 0))
        assert form_of([x], free) is None, i
        assert still_of({"": {"x": x}}) is None, i


def test_white_positions_stand_still():
    """As often as chance lets them; whether in one record or in many short tracks."""
    rng = np.random.default_rng(4)
    records = [{"": {"x": rng.standard_normal(2000)}} for _ in range(50)]
    tables = [
        {str(i): {"x": x} for i, x in enumerate(rng.standard_normal((50, 60)))} for _ in range(50)
    ]
    assert sum(still_of(one) is not None for one in records) >= 47
    assert sum(still_of(one) is not None for one in tables) >= 47
    found = still_of(records[0])
    assert found.noise["x"] == pytest.approx(1, rel=0.1)


def test_a_weak_motion_under_the_noise_does_not_stand_still():
    x = simulate_records(Passive(2.0, 0.1), CAMERA, 4000, DT, 5)
    noisy = x + 2 * x.std() * np.random.default_rng(6).standard_normal(4000)
    assert still_of({"": {"x": noisy}}) is None
