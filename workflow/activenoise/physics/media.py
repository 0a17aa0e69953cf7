"""A tracer in a medium with several relaxation times, at equilibrium or driven.

Beside the solvent (friction gamma) and the trap k, Maxwell elements tie the tracer to the
laboratory: element i is a spring k_i and a dashpot gamma_i in series, and y_i is where they meet.
With kappa = k/gamma, D = kT/gamma, s_i = gamma_i/gamma and tau_i = gamma_i/k_i,

    dx   = [-kappa x - sum_i (s_i/tau_i) (x - y_i) + v] dt + sqrt(2 D) dW,
    dy_i = (x - y_i)/tau_i dt + sqrt(2 D/s_i) dW_i,

each dashpot with its own thermal noise (fluctuation-dissipation), and v the drive: none, or an
Ornstein-Uhlenbeck propulsion, tau_a dv = -v dt + sqrt(2 D_a) dW.

In the coordinates x and sqrt(s_i) y_i the relaxation is a symmetric matrix and the noise is 2 D
times the identity. Its eigenvectors are therefore INDEPENDENT Ornstein-Uhlenbeck processes eta_j
of rates lambda_j, and x = sum_j u_j eta_j with u_j the first component of eigenvector j: without
a drive C(t) = sum_j u_j^2 (D/lambda_j) exp(-lambda_j t), completely monotone, with C(0) = D/kappa
in every medium (equipartition). The drive enters each eta_j with the factor u_j.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from activenoise.arrays import FloatArray
from activenoise.physics.models import Langevin

_EQUAL = 1e-8  # part of a rate within which another one is the same
_WEAK_TRAP = 1e-7  # relaxations within a lag of a tracer that counts as free
_A_DECADE = 1.6  # elements of a power law in each decade of relaxation times


class Elements(NamedTuple):
    """Maxwell elements: friction over the solvent's and relaxation time (s), (*batch, K) each."""

    strength: FloatArray
    tau: FloatArray


def power_law(alpha: ArrayLike, strength: ArrayLike, tau_min: float, tau_max: float) -> Elements:
    """Elements of a medium without a time scale of its own between tau_min and tau_max (s).

    Relaxation times are spaced evenly in their logarithm and k_i is in proportion to
    tau_i^-alpha, so that the mean square displacement of a free tracer grows as t^alpha there.
    alpha: 0 to 1; strength: friction of all elements over the solvent's; (*batch,) each.
    """
    alpha, strength = (np.asarray(value, np.float64)[..., None] for value in (alpha, strength))
    count = max(int(np.ceil(_A_DECADE * np.log10(tau_max / tau_min))) + 1, 2)
    tau = np.geomspace(tau_min, tau_max, count)
    parts = (tau / tau_max) ** (1 - alpha)
    shares = strength * parts / parts.sum(axis=-1, keepdims=True)
    return Elements(shares, np.broadcast_to(tau, shares.shape))


@dataclass(frozen=True, eq=False)
class Tracer:
    """A tracer in a medium of Maxwell elements, for m sets of parameters.

    kappa (1/s, 0 for a free tracer) and D (length^2/s): (m,). elements: (m, K). D_a (length^2/s)
    and tau_a (s): (m,) of an Ornstein-Uhlenbeck propulsion, None without a drive.
    """

    kappa: FloatArray
    D: FloatArray
    elements: Elements
    D_a: FloatArray | None = None
    tau_a: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.kappa)

    def modes(self) -> tuple[FloatArray, FloatArray]:
        """Rates lambda_j (1/s), from the slowest, and the parts u_j of x, (m, K + 1) each."""
        strength, tau = self.elements
        m, count = tau.shape
        matrix = np.zeros((m, count + 1, count + 1))
        matrix[:, 0, 0] = self.kappa + np.sum(strength / tau, axis=1)
        matrix[:, 0, 1:] = matrix[:, 1:, 0] = -np.sqrt(strength) / tau
        which = np.arange(1, count + 1)
        matrix[:, which, which] = 1 / tau
        rates, vectors = np.linalg.eigh(matrix)
        rates[:, 0] = np.where(self.kappa > 0, np.maximum(rates[:, 0], 1e-300), 0.0)
        return rates, vectors[:, 0, :]

    def langevin(self) -> Langevin:
        """Equations of motion of the modes eta_j, from the slowest, and of v where it is driven."""
        rates, u = self.modes()
        m, n = rates.shape
        k = n + (self.tau_a is not None)
        drift, noise, covariance = (np.zeros((m, k, k)) for _ in range(3))
        signal = np.zeros((m, k))
        signal[:, :n] = u
        which = np.arange(n)
        drift[:, which, which] = -rates
        noise[:, which, which] = 2 * self.D[:, None]
        still = rates > 0
        covariance[:, which, which] = np.where(
            still, self.D[:, None] / np.where(still, rates, 1.0), 0.0
        )
        if self.D_a is not None and self.tau_a is not None:
            power, with_v, between = _driven(rates, u, self.tau_a)
            drift[:, :n, n] = u
            drift[:, n, n] = -1 / self.tau_a
            noise[:, n, n] = 2 * self.D_a / self.tau_a**2
            covariance[:, n, n] = self.D_a * power
            covariance[:, :n, n] = covariance[:, n, :n] = self.D_a[:, None] * with_v
            covariance[:, :n, :n] += self.D_a[:, None, None] * between
        return Langevin(drift, noise, covariance, signal)

    def weights(self) -> tuple[FloatArray, FloatArray]:
        """Rates (1/s) and weights (length^2) of the exponentials of C(t), (m, n) each, of a
        trapped tracer. Without a drive all weights are positive."""
        drift, _, covariance, signal = self.langevin()
        n = self.elements.tau.shape[1] + 1
        rates = -np.diagonal(drift, axis1=1, axis2=2)
        start = np.einsum("mi,mij->mj", signal, covariance)  # <x z_j>
        weights = signal * start
        if self.tau_a is not None:
            # v decays by itself; eta_j relaxes to what v leaves: u_j/(lambda_j - 1/tau_a) of it.
            # An equal rate, which would give t exp(-t), is taken a little apart.
            own = rates[:, n:]
            equal = (np.abs(rates[:, :n] - own) < _EQUAL * own).any(axis=1)
            rates[equal, n] *= 1 + 2 * _EQUAL
            gap = rates[:, :n] - rates[:, n:]
            passed = signal[:, :n] * signal[:, :n] / gap * start[:, n:]
            weights[:, :n] -= passed
            weights[:, n] = passed.sum(axis=1)
        return rates, weights


def active_variance(kappa: FloatArray, elements: Elements, tau_a: FloatArray) -> FloatArray:
    """Variance of x (length^2) that a propulsion of D_a = 1 adds in a trap, (m,): in a simple
    liquid 1/(kappa (1 + kappa tau_a))."""
    rates, u = Tracer(kappa, np.ones_like(kappa), elements).modes()
    _, _, between = _driven(rates, u, tau_a)
    return np.einsum("mi,mij,mj->m", u, between, u)


def displacement_share(tracer: Tracer, lag: float) -> FloatArray:
    """The active part of the mean square displacement over `lag` (s) of driven tracers, (m,).

    2 (C(0) - C(lag)) with the drive and without it; a free tracer is one in a trap so weak that
    within the lag it makes a difference of a few millionths.
    """
    kappa = np.maximum(tracer.kappa, _WEAK_TRAP / lag)
    still = Tracer(kappa, tracer.D, tracer.elements)
    whole, thermal = (
        np.sum(weights * -np.expm1(-rates * lag), axis=1)
        for rates, weights in (replace(tracer, kappa=kappa).weights(), still.weights())
    )
    return 1 - thermal / whole


def _driven(
    rates: FloatArray, u: FloatArray, tau_a: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Stationary <v v> (m,), <eta_j v> (m, n) and <eta_j eta_k> (m, n, n) of a drive of D_a = 1.

    A mode that has no stationary law (rate 0) has none of them.
    """
    power = 1 / tau_a
    still = rates > 0
    with_v = np.where(still, u * power[:, None] / (rates + power[:, None]), 0.0)
    total = rates[:, :, None] + rates[:, None, :]
    pairs = u[:, :, None] * with_v[:, None, :] + u[:, None, :] * with_v[:, :, None]
    both = still[:, :, None] & still[:, None, :]
    return power, with_v, np.where(both, pairs / np.where(both, total, 1.0), 0.0)
