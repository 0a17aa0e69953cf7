"""Shares of the motion that active and viscoelastic components make.

A share has no scale: `active_share` = a/(D + a), a = D_a/(1 + kappa tau_a), is the active part of
C(0) (for a free tracer, of the long-time diffusivity).
"""

from __future__ import annotations

from activenoise.arrays import FloatArray


def active_diffusivity(
    share: FloatArray, kappa: FloatArray, D: FloatArray, tau_a: FloatArray
) -> FloatArray:
    """D_a of an active tracer of whose C(0) the part `share`, a/(D + a) with
    a = D_a/(1 + kappa tau_a), is active."""
    return share / (1 - share) * D * (1 + kappa * tau_a)


def active_share(
    kappa: FloatArray, D: FloatArray, D_a: FloatArray, tau_a: FloatArray
) -> FloatArray:
    """The part of C(0) that is active: the inverse of `active_diffusivity`."""
    active = D_a / (1 + kappa * tau_a)
    return active / (D + active)


def twin_diffusivity(
    kappa: FloatArray, D: FloatArray, D_a: FloatArray, tau_a: FloatArray
) -> FloatArray:
    """D_a' (length^2/s) of the tracer with the same C(t) in which trap and propulsion trade places:
    kappa' = 1/tau_a, tau_a' = 1/kappa, D' = D. Negative where there is none (docs/physics.md,
    "Twins")."""
    return (D + D_a) / (kappa * tau_a) ** 2 - D


def dissipation(kappa: FloatArray, D: FloatArray, D_a: FloatArray, tau_a: FloatArray) -> FloatArray:
    """Power that the propulsion feeds into the motion of a tracer in a simple liquid, kT/s:
    <v dx/dt>/D = D_a/(D tau_a (1 + kappa tau_a)). A lower bound on what the motors burn."""
    return D_a / (D * tau_a * (1 + kappa * tau_a))


def double_diffusivity(kappa: FloatArray, D: FloatArray, tau_a: FloatArray) -> FloatArray:
    """D_a of the active tracer with exactly the C(t) of a PASSIVE one in a trap of rate 1/tau_a,
    D ((kappa tau_a)^2 - 1). An active tracer of at most this D_a has the C(t) of a medium at
    equilibrium; none has, where it is negative."""
    return D * ((kappa * tau_a) ** 2 - 1)
