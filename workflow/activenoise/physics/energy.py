"""What the drive of a tracer costs, in a medium of Maxwell elements (`physics.media`), over kT.

v is the active force over the solvent's friction gamma = kT/D. With the modes of the medium (rates
lambda_j, parts u_j of x) and Gamma(omega) = 1 + sum_i s_i/(1 + i omega tau_i), the friction over
the solvent's,

    dissipation          <v dx/dt>/D = D_a/(D tau_a) sum_j u_j^2/(1 + lambda_j tau_a),
    effective energy/kT  1 + D_a/D / [(1 + omega^2 tau_a^2) Re Gamma(omega)],
    rms force/kT         sqrt(D_a/tau_a)/D.

The effective energy is the power spectrum over what the fluctuation-dissipation theorem makes of
the response, 2 kT Im chi/omega; the trap is in both and drops out. All depend on the covariance
of v alone, which every drive of the same D_a and tau_a has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from activenoise.arrays import FloatArray
from activenoise.physics.media import Elements, Tracer


def dissipation(
    kappa: FloatArray, D: FloatArray, elements: Elements, D_a: FloatArray, tau_a: FloatArray
) -> FloatArray:
    """Power that the drive feeds into the motion, kT/s, (m,). kappa = 0 is a free tracer."""
    rates, u = Tracer(kappa, D, elements).modes()
    return D_a / (D * tau_a) * np.sum(u**2 / (1 + rates * tau_a[:, None]), axis=1)


def effective_energy(
    frequencies: ArrayLike, D: FloatArray, elements: Elements, D_a: FloatArray, tau_a: FloatArray
) -> FloatArray:
    """Effective energy over kT at frequencies (Hz), (m, n_frequencies): 1 at equilibrium."""
    square = (2 * np.pi * np.asarray(frequencies, np.float64)) ** 2
    strength, tau = elements
    friction = np.ones((len(D), square.size))
    for s, t in zip(strength.T, tau.T, strict=True):
        friction += s[:, None] / (1 + square * t[:, None] ** 2)
    return 1 + (D_a / D)[:, None] / ((1 + square * tau_a[:, None] ** 2) * friction)


def rms_force(D: FloatArray, D_a: FloatArray, tau_a: FloatArray) -> FloatArray:
    """Root mean square of the active force, kT/length, (m,)."""
    return np.sqrt(D_a / tau_a) / D
