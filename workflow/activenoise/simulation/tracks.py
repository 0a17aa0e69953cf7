"""Exact simulation of tracks, Numba-JIT, with one random stream per track.

Passive and AOUP tracks are drawn from the innovations form of the sampled process (Kalman):
with v_hat = E[v_n | x_0 ... x_n],

    x_{n+1} = (1 - loss_x) x_n + coupling v_hat + sqrt(S_n) xi_n,
    v_hat'  = (1 - loss_v) v_hat + K_n sqrt(S_n) xi_n,

which has the exact joint law of the positions and costs one normal a point, although the hidden
velocity is never drawn. RBP tracks draw the angle as well (`_rbp_group`). RTP tracks are Passive
ones and the motion between the flips of the propulsion (`tumbles`).

Track i depends on (seed, i) and on its own parameters alone.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.physics.models import AOUP, RBP, RTP, Model, Passive, SampledProcess
from activenoise.simulation.normals import LANES, fill_normals, open_streams, sine
from activenoise.simulation.tumbles import add_tumbles
from activenoise.threads import in_threads

_CHUNK = 64

# Rows of the linear kernel's work space: a SampledProcess, then the filter and the state.
_LOSS_X, _G, _LOSS_V, _Q_XX, _Q_XV, _Q_VV, _P_XX, _P_XV, _P_VV = range(9)
_VARIANCE, _SCALE, _X, _V = range(9, 13)
_TURNS, _COSINE, _X_RBP = range(14, 17)  # rows of the RBP kernel's, behind its plan
_GAIN = _P_VV  # the start is over when the first gain is written

# An RBP angle is advanced in substeps of at most this fraction of tau_a. The linear statistics
# are exact at any value; the error is in the higher cumulants and falls as its square.
RBP_SUBSTEP = 0.05
_BURN_IN = 5.0  # relaxation times 1/kappa before the first point of an RBP track
_MAX_BURN_STEPS = 2048


def simulate(
    model: Model,
    n_steps: int,
    dt: float,
    seed: int,
    n_tracks: int | None = None,
    first: int = 0,
    substep: float = RBP_SUBSTEP,
) -> NDArray[np.float32]:
    """Positions of stationary tracks, float32 (n_tracks, n_steps), in the length unit of D.

    model: one model for all tracks, or a batch of shape (n_tracks,), one model a track.
    n_tracks: without it, one model makes one track, (n_steps,), and a batch one track a model.
    n_steps: points a track, dt (s) apart; the first is already stationary.
    seed: any integer below 2^64. first: index of the first track, so that shards of one data
    set are simulated apart: rows are the tracks first, first + 1, ... of that seed.
    substep: RBP only, the largest step of the angle in units of tau_a.

    Passive, AOUP and RTP have the exact law of the sampled process. RBP has its exact
    autocorrelation (within 1e-4 of C(0), from the length of the burn-in) and its higher cumulants
    to second order in `substep`.
    """
    if n_tracks is None:
        if not model.shape:
            return simulate(model, n_steps, dt, seed, 1, first, substep)[0]
        n_tracks = len(model)
    if model.shape not in ((), (n_tracks,)):
        raise ValueError(f"a batch of {model.shape} models cannot make {n_tracks} tracks")
    if n_steps < 1:
        raise ValueError(f"n_steps = {n_steps} must be at least 1")
    if isinstance(model, RTP):
        tracks = simulate(Passive(model.kappa, model.D), n_steps, dt, seed, n_tracks, first)
        plan = _rows((model.kappa, model.speed, model.tau_a), n_tracks)
        in_threads(add_tumbles, n_tracks, np.uint64(seed), first, plan, dt, tracks)
        return tracks
    tracks = np.empty((n_tracks, n_steps), np.float32)
    if isinstance(model, RBP):
        plan = _rows(_rbp_plan(model, dt, substep), n_tracks)
        order, starts = _alike(plan[:2])
        in_threads(
            _simulate_rbp, len(starts) - 1, np.uint64(seed), first, plan, order, starts, tracks
        )
    else:
        process = model.sampled(dt)
        one = model.shape == ()
        in_threads(
            _simulate_linear, (n_tracks + LANES - 1) // LANES, np.uint64(seed), first,
            _rows(process, n_tracks), one, tracks,
        )  # fmt: skip
    return tracks


def _rows(columns: tuple[ArrayLike, ...], n_tracks: int) -> NDArray[np.float64]:
    """Parameters as one contiguous array (len(columns), n_tracks)."""
    return np.array([np.broadcast_to(column, (n_tracks,)) for column in columns], np.float64)


def _alike(counts: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tracks in an order in which equal columns of `counts` are neighbours, and where to cut that
    order into groups of at most LANES equal tracks: a group draws the same numbers side by side,
    so what a track gets must not depend on its company."""
    order = np.lexsort(counts)
    changes = np.flatnonzero(np.any(np.diff(counts[:, order], axis=1), axis=0)) + 1
    edges = np.concatenate([[0], changes, [len(order)]])
    starts = [np.arange(a, b, LANES) for a, b in pairwise(edges)]
    return order, np.concatenate([*starts, [len(order)]])


@njit(cache=True, nogil=True)
def _simulate_linear(start, stop, seed, first, process, one, tracks):
    for group in range(start, stop):
        _linear_group(seed, first, group * LANES, process, one, tracks)


@njit(cache=True, fastmath=True)
def _linear_group(seed, first, row, process, one, tracks):
    """Simulate tracks row ... row + LANES - 1 side by side. one: all have the same model."""
    n_tracks, n_steps = tracks.shape
    n_lanes = min(LANES, n_tracks - row)
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((_CHUNK, LANES), np.float32)
    open_streams(seed, first + row + np.arange(LANES), state)

    # All lane variables are rows of one array: the compiler then sees that they do not overlap.
    # Lanes beyond the last track repeat it and are not written.
    w = np.empty((13, LANES))
    for k in range(9):
        for j in range(LANES):
            w[k, j] = process[k, row + min(j, n_lanes - 1)]
    for j in range(LANES):
        w[_VARIANCE, j] = w[_P_VV, j] - w[_P_XV, j] ** 2 / w[_P_XX, j]
        w[_X, j] = 0.0
        w[_V, j] = 0.0

    settled = False
    for start in range(0, n_steps, _CHUNK):
        n = min(_CHUNK, n_steps - start)
        fill_normals(state, bits_a, bits_b, scratch, normals)
        if start == 0:
            for j in range(LANES):
                w[_X, j] = np.sqrt(w[_P_XX, j]) * normals[0, j]
                w[_V, j] = w[_P_XV, j] / w[_P_XX, j] * w[_X, j]
                normals[0, j] = w[_X, j]
        for i in range(1 if start == 0 else 0, n):
            if not settled:
                change = 0.0
                # Square roots and divisions cost several times the rest of the step.
                for j in range(1 if one else LANES):
                    g, b, variance = w[_G, j], 1.0 - w[_LOSS_V, j], w[_VARIANCE, j]
                    s = g * g * variance + w[_Q_XX, j]
                    k = b * g * variance + w[_Q_XV, j]
                    new = b * b * variance + w[_Q_VV, j] - k * k / s
                    moved = abs(new - variance) - 1e-13 * variance
                    # A settled lane rests, however long its neighbours take.
                    w[_VARIANCE, j] = new if moved > 0.0 else variance
                    change = max(change, moved)
                    w[_SCALE, j] = np.sqrt(s)
                    w[_GAIN, j] = k / np.sqrt(s)
                settled = change <= 0.0
                if one:
                    for j in range(1, LANES):
                        w[_SCALE, j] = w[_SCALE, 0]
                        w[_GAIN, j] = w[_GAIN, 0]
            for j in range(LANES):
                xi = np.float64(normals[i, j])
                x, v = w[_X, j], w[_V, j]
                x = x + (w[_G, j] * v - w[_LOSS_X, j] * x + w[_SCALE, j] * xi)
                w[_V, j] = v + (w[_GAIN, j] * xi - w[_LOSS_V, j] * v)
                w[_X, j] = x
                normals[i, j] = x
        for j in range(n_lanes):
            for i in range(n):
                tracks[row + j, start + i] = normals[i, j]


def _rbp_plan(model: RBP, dt: float, substep: float) -> tuple[ArrayLike, ...]:
    """Per-track constants of the RBP kernel: of a burn-in step, of a substep and of the start."""
    if not 0 < substep <= 1:
        raise ValueError(f"substep = {substep:g} must be in (0, 1]")
    kappa, tau_a = np.asarray(model.kappa), np.asarray(model.tau_a)
    n_sub = np.ceil(dt / (substep * tau_a))
    burn_step = np.minimum(substep * tau_a, 0.1 / kappa)
    # Powers of two, so that many tracks share one.
    n_burn = np.exp2(np.ceil(np.log2(_BURN_IN / (kappa * burn_step))))
    columns: list[ArrayLike] = [n_sub, np.minimum(n_burn, _MAX_BURN_STEPS)]
    for step in (burn_step, dt / n_sub):
        p = model.sampled(step)
        # Best linear prediction of the driven displacement from the velocities at both ends;
        # what it leaves is uncorrelated with every angle and joins the noise, so that all
        # covariances are exact.
        late = np.divide(p.q_xv, p.q_vv, out=np.zeros_like(p.q_xv), where=p.q_vv > 0)
        early = p.coupling - late * (1 - p.loss_v)
        noise = np.sqrt(p.q_xx - late * p.q_xv)
        turn = np.sqrt(2 * step / tau_a) / (2 * np.pi)
        columns += [p.loss_x, model.speed * early, model.speed * late, noise, turn]
    # Start: x given theta with its exact mean and mean variance; the burn-in does the rest.
    linear: SampledProcess = AOUP(**model.parameters).sampled(dt)
    zero = np.zeros_like(linear.p_xv)
    mean = np.divide(linear.p_xv, linear.p_vv, out=zero, where=linear.p_vv > 0)
    columns += [model.speed * mean, np.sqrt(linear.p_xx - mean * linear.p_xv)]
    return tuple(columns)


@njit(cache=True, nogil=True)
def _simulate_rbp(start, stop, seed, first, plan, order, starts, tracks):
    for group in range(start, stop):
        _rbp_group(seed, first, order[starts[group] : starts[group + 1]], plan, tracks)


@njit(cache=True, fastmath=True)
def _rbp_group(seed, first, rows, plan, tracks):
    """Simulate the RBP tracks `rows`, at most LANES of equal counts of steps, side by side: a
    normal for each turn of the angle and one for each step of the position."""
    n_steps, n_lanes = tracks.shape[1], len(rows)
    lanes = np.empty(LANES, np.int64)  # those beyond the last track repeat it
    for j in range(LANES):
        lanes[j] = rows[min(j, n_lanes - 1)]
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((2, LANES), np.float32)
    open_streams(seed, first + lanes, state)

    w = np.empty((17, LANES))
    for k in range(14):
        for j in range(LANES):
            w[k, j] = plan[k, lanes[j]]
    n_sub, n_burn = int(w[0, 0]), int(w[1, 0])
    fill_normals(state, bits_a, bits_b, scratch, normals)
    for j in range(LANES):
        # The polar angle of two independent normals is uniform.
        turns = np.arctan2(normals[0, j], normals[1, j]) / (2 * np.pi)
        w[_TURNS, j] = turns
        w[_COSINE, j] = np.cos(2 * np.pi * turns)
    fill_normals(state, bits_a, bits_b, scratch, normals)
    for j in range(LANES):
        w[_X_RBP, j] = w[12, j] * w[_COSINE, j] + w[13, j] * normals[0, j]

    for _ in range(n_burn):
        fill_normals(state, bits_a, bits_b, scratch, normals)
        _rbp_step(w, 2, normals)
    for i in range(n_steps):
        if i > 0:
            for _ in range(n_sub):
                fill_normals(state, bits_a, bits_b, scratch, normals)
                _rbp_step(w, 7, normals)
        for j in range(n_lanes):
            tracks[lanes[j], i] = w[_X_RBP, j]


@njit(cache=True, fastmath=True, inline="always")
def _rbp_step(w, k, normals):
    """One step of angle and position; rows k ... k + 4 of w are the step's constants."""
    for j in range(LANES):
        turns = w[_TURNS, j] + w[k + 4, j] * normals[0, j]
        turns -= np.floor(turns + 0.5)  # in [-1/2, 1/2)
        # cos(2 pi y) = sin(2 pi (1/4 - |y|))
        turned = np.float64(sine(np.float32((0.25 - abs(turns)) * (2 * np.pi))))
        w[_X_RBP, j] += (
            w[k + 1, j] * w[_COSINE, j]
            + w[k + 2, j] * turned
            + w[k + 3, j] * normals[1, j]
            - w[k, j] * w[_X_RBP, j]
        )
        w[_TURNS, j] = turns
        w[_COSINE, j] = turned
