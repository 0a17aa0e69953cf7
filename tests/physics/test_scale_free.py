"""The unit-free form of a model: the rms step of what is recorded is the unit of length."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.parameters import REGISTRY
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import MODELS
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.system import mean_square_displacement

SEEN = ("noise", "exposure", "corner", "relaxed", "drift")


def drawn(n: int = 20) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    low = {"kappa": 0.002, "tau_a": 10, "active_share": 0.05, "noise": 0, "exposure": 0}
    high = {"kappa": 0.5, "tau_a": 200, "active_share": 0.95, "noise": 0.5, "exposure": 1}
    low |= {"corner": 0.05, "relaxed": 0, "drift": 0}
    high |= {"corner": 2, "relaxed": 1, "drift": 0.4}
    return {name: rng.uniform(low[name], high[name], n) for name in low}


def recorded_step(model_name: str, values: dict[str, np.ndarray], **without: float) -> np.ndarray:
    """Mean square step of what is recorded, by the theory of the linear system."""
    names = ("kappa", "D") if model_name == "Passive" else ("kappa", "D", "D_a", "tau_a")
    instrument = Instrument(**({name: values[name] for name in SEEN} | without))
    return mean_square_displacement(
        MODELS[model_name](*(values[n] for n in names)), instrument, 1.0
    )


@pytest.mark.parametrize("model_name", ["Passive", "AOUP"])
def test_the_recorded_step_is_1_with_the_given_parts_of_noise_and_drift(model_name):
    given = drawn()
    found = in_units_of_step(model_name, given)
    np.testing.assert_allclose(recorded_step(model_name, found), 1.0, rtol=1e-9)
    without_noise = recorded_step(model_name, found, noise=0.0)
    np.testing.assert_allclose(1 - without_noise, 2 * given["noise"] ** 2, rtol=1e-7)
    without_drift = recorded_step(model_name, found, drift=0.0)
    np.testing.assert_allclose(1 - without_drift, given["drift"], rtol=1e-7)


def test_another_step_is_another_unit_of_length():
    """Every parameter scales as its unit has powers of a length."""
    values = drawn()
    one, other = (in_units_of_step("AOUP", {**values, "step": np.full(20, s)}) for s in (1, 3e-3))
    for name, value in one.items():
        expected = value * 3e-3 ** REGISTRY[name].powers[0]
        np.testing.assert_allclose(other[name], expected, rtol=1e-12, err_msg=name)
