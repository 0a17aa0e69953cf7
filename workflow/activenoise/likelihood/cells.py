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
    """The cells of an RBP with so many angles, or with 0 of an RTP: mean velocity over v0, that at
    the start of the record, scale of the solvent's noise, (m,) each, and how the probabilities
    change from the start to the first interval, and from one interval to the next, (m, m).
    turn: dt/tau_a. ratio: D_a/D."""
    m = angles if angles > 0 else 4
    cells, half, T = np.empty((3, m)), np.empty((m, m)), np.empty((m, m))
    mean, opening, scale = cells[0], cells[1], cells[2]
    if angles > 0:
        angle_cells(turn, ratio, mean, opening, scale, half, T)
    else:
        sign_cells(turn, ratio, mean, opening, scale, half, T)
    return mean, opening, scale, half, T


@njit(cache=True, inline="always")
def angle_cells(turn, ratio, mean, opening, scale, half, T):
    """Fill in the cells of an RBP, as of `cells_of`."""
    m = len(mean)
    for i in range(m):
        mean[i] = opening[i] = np.cos(np.pi * (i + 0.5) / m)
        scale[i] = max(1.0 - ratio * turn**2 / 3 * (1.0 - mean[i] ** 2), _LEAST_NOISE)
    _diffuse(0.5 * turn, half)
    _diffuse(turn, T)


@njit(cache=True, inline="always")
def sign_cells(turn, ratio, mean, opening, scale, half, T):
    """Fill in the cells of an RTP, as of `cells_of`: the signs at the ends are ++, +-, -+ and
    --."""
    u = 0.5 * turn
    same = np.tanh(u) / u
    # coth(u) - 1/u cancels where flips are rare.
    opposite = (1 / np.tanh(u) - 1 / u) / u if u > 0.03 else 1 / 3 - u**2 / 45
    for i in range(4):
        before, after = i // 2, i % 2
        opening[i] = 1.0 - 2.0 * before
        mean[i] = same * opening[i] if before == after else 0.0
        spread = same * (1 - same) if before == after else opposite
        scale[i] = 1 + spread * ratio * u
        for j in range(4):
            half[i, j] = T[i, j] = 0.0
        for end in range(2):
            half[i, 2 * before + end] = 0.5 * (1 + np.exp(-turn) * (1 - 2 * abs(before - end)))
            T[i, 2 * after + end] = 0.5 * (1 + np.exp(-turn) * (1 - 2 * abs(after - end)))


def ends_of(angles: int, turn: float) -> tuple[FloatArray, FloatArray]:
    """Mean and mean square of the velocity over v0 at the end of an interval: given its cell and
    the next one, (2, m, m), and given its cell alone, (2, m). Arguments as of `cells_of`."""
    if angles == 0:
        signs = np.array([[1.0, -1.0, 1.0, -1.0], np.ones(4)])
        return np.repeat(signs[:, :, None], 4, axis=2), signs
    # Half an interval lies between the angle at a middle and that at the end.
    half = np.empty((angles, angles))
    _diffuse(0.5 * turn, half)
    cosine = np.cos(np.pi * (np.arange(angles) + 0.5) / angles)
    powers = np.stack([cosine, cosine**2])
    given_both = (half * powers[:, None]) @ half / np.maximum(half @ half, 1e-290)
    return given_both, powers @ half.T


@njit(cache=True)
def _diffuse(turn, T):
    """Fill T (m, m) with the probability of angle j after diffusing for `turn` from angle i, on
    cosine modes below m.

    Mode l decays by exp(-l^2 turn). Where the grid does not resolve the step that kernel rings
    below 0, and a walk between neighbours is taken: rates 4 m^2/pi^2 sin^2(pi l/2 m), times what
    makes mode 1, the covariance of the velocity, exact. It is positive and conserves probability.
    """
    m = len(T)
    cosines, decay = np.empty((m, m)), np.empty(m)
    for l in range(m):
        decay[l] = np.exp(-turn * l**2)
        for i in range(m):
            cosines[l, i] = np.cos(np.pi * l * (i + 0.5) / m)
    for walks in range(2):
        if walks:
            step = np.sin(np.pi / (2 * m)) ** 2
            for l in range(m):
                decay[l] = np.exp(-turn * np.sin(np.pi * l / (2 * m)) ** 2 / step)
        lowest = np.inf
        for i in range(m):
            for j in range(m):
                T[i, j] = 1.0 / m
        for l in range(1, m):
            for i in range(m):
                for j in range(m):
                    T[i, j] += 2.0 / m * decay[l] * cosines[l, i] * cosines[l, j]
        for i in range(m):
            for j in range(m):
                lowest = min(lowest, T[i, j])
                T[i, j] = max(T[i, j], 0.0)
        if lowest >= -1e-9:
            break
