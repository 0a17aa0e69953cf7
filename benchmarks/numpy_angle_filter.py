"""The filter on an RBP's hidden angle in plain NumPy: what `activenoise.angle_filter` computes,
written for reading and vectorised over tracks.

p(theta | past) lives on theta_i = pi (i + 1/2)/M. A step multiplies it by the density of the
observed displacement given the angle, sums, and lets the angle diffuse (docs/physics.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from activenoise.physics.models import RBP

Array = NDArray[np.float64]


def angle_log_likelihood(model: RBP, tracks: Array, dt: float, n_angles: int) -> Array:
    """Log density of positions under one stationary RBP, in nats, (n_tracks,).

    tracks: (n_tracks, n_steps), dt (s) apart. n_angles: points of the half circle.
    """
    step, linear = model.sampled_angle(dt), model.sampled(dt)
    kappa, D, tau_a = (float(model.parameters[name]) for name in ("kappa", "D", "tau_a"))
    modes = np.arange(n_angles)
    theta = np.pi * (modes + 0.5) / n_angles
    cosines = np.cos(np.outer(modes, theta))
    # Orthogonal on the grid: sum_i cos(k theta_i) cos(l theta_i) = M/2, or M at k = l = 0.
    norm = np.where(modes == 0, 1.0, 2.0) / n_angles
    diffusion = (cosines.T * (norm * np.exp(-(modes**2) * step.turn))) @ cosines

    thermal = -D / kappa * np.expm1(-2 * kappa * dt)
    mean = step.drift * np.cos(theta)
    variance = thermal - 2 * (thermal - step.noise) * np.sin(theta) ** 2
    variance = np.maximum(variance, 0.05 * thermal)

    sigma = np.sqrt(linear.p_xx)
    z = tracks[:, 0] / sigma
    series = _stationary_series(model, z, n_angles)
    value = -0.5 * (z**2 + np.log(2 * np.pi)) - np.log(sigma) + np.log(series[:, 0])
    # The first angle is that of point 0: about half a step's turn leads to the first midpoint.
    rate = kappa + 1 / tau_a
    turn = 0.5 * (step.turn + np.log(-np.expm1(-rate * dt) / (rate * linear.coupling)))
    p = (series * np.exp(-(modes**2) * turn)) @ cosines / (n_angles * series[:, :1])

    for before, after in zip(tracks.T[:-1], tracks.T[1:], strict=True):
        y = after - (1 - step.loss_x) * before
        p = np.maximum(p, 1e-12)
        p *= np.exp(-0.5 * (y[:, None] - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
        total = p.sum(axis=1)
        value += np.log(total)
        p = (p / total[:, None]) @ diffusion
    return value


def _stationary_series(model: RBP, z: Array, n_modes: int) -> Array:
    """Cosine modes of p(x_0, theta) over the normal density of x_0, (n_tracks, n_modes).

    z: x_0/sqrt(C(0)). The recursion is that of `activenoise.angle_filter`, with coefficients times
    sqrt(n!) and Hermite polynomials over it, so that both stay in range.
    """
    kappa, D, tau_a = (float(model.parameters[name]) for name in ("kappa", "D", "tau_a"))
    variance = float(model.autocorrelation(0.0))
    coupling = float(model.speed) / (kappa * np.sqrt(variance))
    active = 1 - D / (kappa * variance)
    damping = np.arange(n_modes) ** 2 / (kappa * tau_a)
    modes, modes_before = np.zeros(n_modes), np.zeros(n_modes)
    modes[0] = 1.0
    hermite, hermite_before = np.ones_like(z), np.zeros_like(z)
    series = np.outer(hermite, modes)
    small, n = 0, 0
    while small < 2:
        n += 1
        drive = np.zeros(n_modes)
        drive[:-1] += 0.5 * modes[1:]
        drive[1:] += 0.5 * modes[:-1]
        drive[1] += 0.5 * modes[0]  # cos(theta) times the constant mode is one whole cosine
        new = np.sqrt(n) * coupling * drive - np.sqrt(n * (n - 1)) * active * modes_before
        new /= n + damping
        modes, modes_before = new, modes
        hermite, hermite_before = (
            (z * hermite - np.sqrt(n - 1) * hermite_before) / np.sqrt(n),
            hermite,
        )
        series += np.outer(hermite, modes)
        small = small + 1 if np.max(np.abs(modes)) < 1e-10 else 0
    return series
