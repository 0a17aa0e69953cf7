"""The cells of the switching filter: the states of a drive over one interval, and their changes.

Given its cell the drive is a constant velocity over the interval, and `switching` filters the
tracer by Kalman's formulas. What the velocity fluctuates about that constant is a scale of the
solvent's noise.

An RBP has a cell for each of M angles of a half circle at the middle of the interval. The mean
velocity over the interval fluctuates less than that at its middle: the scale is
1 - (D_a/D) (dt/tau_a)^2 sin^2(theta)/3.

An RTP has one for each pair of signs at the ends of the interval. With u = dt/(2 tau_a) the mean J
of the sign between them has

    <J> = +-tanh(u)/u,   <J^2> = tanh(u)/u          (equal signs),
    <J> = 0,             <J^2> = (coth(u) - 1/u)/u  (opposite signs),

so that the velocity is v0 <J> and the scale 1 + (<J^2> - <J>^2) (D_a/D) u.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.arrays import FloatArray

_RESOLUTION, _FEWEST_ANGLES, _MOST_ANGLES = 4.5, 16, 64
_LEAST_NOISE = 0.05  # floor of the noise's scale


def angles_needed(D: FloatArray, D_a: FloatArray, tau_a: FloatArray, dt: float) -> np.ndarray:
    """4.5 over the width of the angle's density in the steady state of a filter on exact positions:
    its variance p solves p^2 + 2 turn p = 2 turn noise/drift^2, turn = dt/tau_a."""
    turn = dt / tau_a
    target = 2 * turn * D * tau_a / np.maximum(D_a * dt, 1e-300)
    variance = target / (turn + np.sqrt(turn**2 + target))
    needed = np.clip(_RESOLUTION / np.sqrt(variance), _FEWEST_ANGLES, _MOST_ANGLES)
    return (8 * np.ceil(needed / 8)).astype(np.int64)


@njit(cache=True)
def cells_of(angles, turn, ratio):
    """The cells of an RBP with so many angles, or with 0 of an RTP."""
    return angle_cells(angles, turn, ratio) if angles > 0 else sign_cells(turn, ratio)


@njit(cache=True)
def angle_cells(m, turn, ratio):
    """The cells of an RBP: mean velocity over v0, that at the start of the record, scale
    of the solvent's noise, (m,) each, and how the probabilities change from the start to the first
    interval, and from one interval to the next, (m, m). turn: dt/tau_a. ratio: D_a/D."""
    cosine = np.cos(np.pi * (np.arange(m) + 0.5) / m)
    scale = np.maximum(1.0 - ratio * turn**2 / 3 * (1.0 - cosine**2), _LEAST_NOISE)
    return cosine, cosine, scale, _diffusion(m, 0.5 * turn), _diffusion(m, turn)


@njit(cache=True)
def sign_cells(turn, ratio):
    """The cells of an RTP, as of `angle_cells`: the signs at the ends are ++, +-, -+ and --."""
    u = 0.5 * turn
    same = np.tanh(u) / u
    # coth(u) - 1/u cancels where flips are rare.
    opposite = (1 / np.tanh(u) - 1 / u) / u if u > 0.03 else 1 / 3 - u**2 / 45
    spread = np.array([same * (1 - same), opposite, opposite, same * (1 - same)])
    opening, half, T = np.array([1.0, 1.0, -1.0, -1.0]), np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        for end in range(2):
            for sign, matrix in ((i // 2, half), (i % 2, T)):
                matrix[i, 2 * sign + end] = 0.5 * (1 + np.exp(-turn) * (1 - 2 * abs(sign - end)))
    mean = np.array([same, 0.0, 0.0, -same])
    return mean, opening, 1 + spread * ratio * u, half, T


def ends_of(angles: int, turn: float) -> tuple[FloatArray, FloatArray]:
    """Mean and mean square of the velocity over v0 at the end of an interval: given its cell and
    the next one, (2, m, m), and given its cell alone, (2, m). Arguments as of `cells_of`."""
    if angles == 0:
        signs = np.array([[1.0, -1.0, 1.0, -1.0], np.ones(4)])
        return np.repeat(signs[:, :, None], 4, axis=2), signs
    # Half an interval lies between the angle at a middle and that at the end.
    half = _diffusion(angles, 0.5 * turn)
    cosine = np.cos(np.pi * (np.arange(angles) + 0.5) / angles)
    powers = np.stack([cosine, cosine**2])
    given_both = (half * powers[:, None]) @ half / np.maximum(half @ half, 1e-290)
    return given_both, powers @ half.T


@njit(cache=True)
def _diffusion(m, turn):
    """Probability of angle j after diffusing for `turn` from angle i, on cosine modes below m.

    Mode l decays by exp(-l^2 turn). Where the grid does not resolve the step that kernel rings
    below 0, and a walk between neighbours is taken: rates 4 m^2/pi^2 sin^2(pi l/2 m), times what
    makes mode 1, the covariance of the velocity, exact. It is positive and conserves probability.
    """
    T = _kernel(m, np.exp(-turn * np.arange(m) ** 2))
    if T.min() < -1e-9:
        walk = np.sin(np.pi * np.arange(m) / (2 * m)) ** 2
        T = _kernel(m, np.exp(-turn * walk / walk[1]))
    return np.maximum(T, 0.0)


@njit(cache=True)
def _kernel(m, decay):
    cosines = np.empty((m, m))
    for l in range(m):
        cosines[l] = np.cos(np.pi * l * (np.arange(m) + 0.5) / m)
    T = np.full((m, m), 1.0 / m)
    for l in range(1, m):
        for i in range(m):
            for j in range(m):
                T[i, j] += 2.0 / m * decay[l] * cosines[l, i] * cosines[l, j]
    return T
