"""Dissipation and effective energy against the covariance of the equations of motion, and against
the fluctuation-dissipation theorem."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from activenoise.physics.bath import Bath, water_viscosity
from activenoise.physics.energy import dissipation, effective_energy, rms_force
from activenoise.physics.media import Elements, power_law
from activenoise.physics.shares import dissipation as of_a_simple_liquid

NONE = Elements(np.empty((1, 0)), np.empty((1, 0)))
ONE = Elements(np.array([[3.0]]), np.array([[2.0]]))
MANY = power_law(np.array([0.4]), np.array([8.0]), 0.05, 50.0)


def values(*numbers: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([number]) for number in numbers)


def motion(kappa, D, elements, D_a, tau_a):
    """dz = A z dt + dW, Cov(dW) = Q dt of z = (x, v, y_1, ...), as media-and-drives writes it."""
    strength, tau = (part[0] for part in elements)
    A, Q = np.zeros((2, 2 + len(tau), 2 + len(tau)))
    A[0, 0], A[0, 1], A[1, 1] = -kappa - np.sum(strength / tau), 1.0, -1 / tau_a
    Q[0, 0], Q[1, 1] = 2 * D, 2 * D_a / tau_a**2
    for i, (s, t) in enumerate(zip(strength, tau, strict=True), start=2):
        A[0, i], A[i, 0], A[i, i] = s / t, 1 / t, -1 / t
        Q[i, i] = 2 * D / s
    return A, Q


@pytest.mark.parametrize("elements", [NONE, ONE, MANY], ids=["simple", "Maxwell", "power law"])
@pytest.mark.parametrize("numbers", [(1.0, 1.0, 2.0, 0.3), (0.2, 0.05, 0.4, 6.0)])
def test_the_dissipation_is_the_mean_power_of_the_drive(elements, numbers):
    kappa, D, D_a, tau_a = numbers
    A, Q = motion(kappa, D, elements, D_a, tau_a)
    P = solve_continuous_lyapunov(A, -Q)
    power = (A[0] @ P)[1] / D  # <v dx/dt>
    k, d, a, t = values(kappa, D, D_a, tau_a)
    np.testing.assert_allclose(dissipation(k, d, elements, a, t), power, rtol=1e-9)


def test_published_examples():
    """The thesis's example (4.912 by its network), one Maxwell element, and the paper's granule at
    its own fit."""
    one = dissipation(*values(0.1, 0.2), NONE, *values(0.2, 0.2))
    two = dissipation(*values(1.0, 1.0), ONE, *values(2.0, 0.3))
    bare = dissipation(*values(1.0, 1.0), NONE, *values(2.0, 0.3))
    granule = dissipation(*values(157.0, 7e-4), NONE, *values(6.3e-3, 0.33))
    np.testing.assert_allclose([one[0], two[0], bare[0]], [4.902, 3.942, 5.128], atol=5e-4)
    np.testing.assert_allclose(granule, 0.516, atol=6e-4)


def test_a_free_tracer_dissipates_more_than_a_trapped_one():
    """What the trap does not turn back; in a simple liquid D_a/(D tau_a)."""
    D, D_a, tau_a = values(0.5, 1.5, 2.0)
    for elements in (NONE, ONE, MANY):
        free, weak = (dissipation(k, D, elements, D_a, tau_a) for k in values(0.0, 1e-7))
        np.testing.assert_allclose(free, weak, rtol=1e-5)
        assert free > dissipation(np.ones(1), D, elements, D_a, tau_a)
    np.testing.assert_allclose(
        dissipation(np.zeros(1), D, NONE, D_a, tau_a),
        of_a_simple_liquid(np.zeros(1), D, D_a, tau_a),
    )


@pytest.mark.parametrize("elements", [NONE, ONE, MANY], ids=["simple", "Maxwell", "power law"])
@pytest.mark.parametrize("kappa", [0.4, 30.0])
def test_the_effective_energy_is_the_spectrum_over_the_response(elements, kappa):
    """Spectrum of x from the noises, response of x to a force from the same equations of motion:
    E/kT = omega S/(2 D Im chi), with the force over the solvent's friction."""
    D, D_a, tau_a = 0.3, 0.7, 1.1
    A, Q = motion(kappa, D, elements, D_a, tau_a)
    frequencies = np.geomspace(1e-3, 30, 9)
    pushed = np.zeros(len(A))
    pushed[0] = 1.0
    expected = []
    for omega in 2 * np.pi * frequencies:
        H = np.linalg.inv(1j * omega * np.eye(len(A)) - A)
        spectrum = (H @ Q @ H.conj().T)[0, 0].real
        response = -(H @ pushed)[0].imag
        expected.append(omega * spectrum / (2 * D * response))
    found = effective_energy(frequencies, *values(D), elements, *values(D_a, tau_a))
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


def test_nothing_driven_is_at_the_temperature_of_the_bath():
    frequencies = np.geomspace(1e-3, 1e3, 5)
    assert np.all(effective_energy(frequencies, *values(1.0), ONE, *values(0.0, 1.0)) == 1.0)
    assert dissipation(*values(1.0, 1.0), ONE, *values(0.0, 1.0)) == 0.0


def test_the_force_moves_the_tracer_at_its_speed_against_the_solvent():
    """At D = 0.43 um^2/s and 310 K a speed of 1 um/s takes kT/D: 0.01 pN."""
    (force,) = rms_force(*values(0.43, 0.5, 0.5))
    assert force * Bath(310.0).kT * 1e18 == pytest.approx(0.01, rel=0.01)  # kT/um to pN


@pytest.mark.parametrize(
    ("celsius", "millipascal_seconds"), [(0, 1.792), (20, 1.0016), (37, 0.6913), (80, 0.3544)]
)
def test_viscosity_of_water(celsius, millipascal_seconds):
    """IAPWS 2008, at 0.1 MPa."""
    found = 1e3 * water_viscosity(celsius + 273.15)
    assert found == pytest.approx(millipascal_seconds, rel=2e-3)


def test_a_bead_in_water():
    """A sphere of 0.5 um radius at 20 C: 0.429 um^2/s; and back to its radius."""
    bath = Bath(293.15, radius=0.5e-6)
    assert bath.diffusivity == pytest.approx(0.4287e-12, rel=2e-3)
    assert bath.radius_of(bath.diffusivity) == pytest.approx(0.5e-6)
    assert Bath(293.15, viscosity=1e-3).diffusivity is None
