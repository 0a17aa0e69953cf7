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
