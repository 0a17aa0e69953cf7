"""Recorded tracks: what instruments make of tracers, simulated, a model and an instrument each,
drawn from a study's prior.

Passive and AOUP seen through an instrument are the linear system of `state_space`. In its
innovations form a recorded point is

    y_n = G m + sqrt(s) xi,   m <- F m + K sqrt(s) xi,

with the filter's own gains K and variance s, which depend on no record: it has the exact law of
the recorded points (noise, exposure and low-pass included) and costs one normal a point.

RBP is no linear system. Its positions are simulated at a fraction delta of the interval, and the
exposure averages the lines between them and the Brownian bridges about these: the integral of a
bridge over the last part p of its step is a normal of variance 2 D delta^3 (p^3/3 - p^4/4). What
that neglects is of relative order (kappa delta)^2/12. An RBP with a low-pass is not simulated.

Track i depends on (seed, i) and on its own parameters alone, as in `simulation`.

A scale-free study has no unit of length of its own: its points are 1 s apart, the noise is a
fraction nu of the rms step of the RECORDED track, and D follows from the rest, so that this step
is 1. With m the mean square step of the tracer at D = 1, seen by the instrument without noise,

    1 = D m + 2 nu^2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from activenoise.instrument import Instrument
from activenoise.models import AOUP, MODELS, RBP, FloatArray, Passive, active_diffusivity
from activenoise.normals import LANES, fill_normals, open_streams
from activenoise.parameters import MEASURED, PARAMETERS
from activenoise.priors import Prior
from activenoise.simulation import simulate
from activenoise.state_space import UPPER, autocovariance, discretise, packed

_CHUNK = 64
_FINE = 8  # positions of RBP an interval
_BLOCK = 256  # tracks of RBP whose fine positions are kept at a time
_OTHER = 0x9E3779B9  # makes the seed of an RBP's noise another than that of its motion
_SETTLED = 1e-12  # change of the covariance in a step, relative, below which its gains are kept
# Rows of the kernel's work space: the system, then gains, state, F P and P G.
_F, _G, _Q, _S, _R, _P = 0, 9, 12, 18, 21, 22
_K, _SCALE, _M, _NEXT, _FP, _H, _D = 28, 31, 32, 35, 38, 47, 50
_ROWS = 51
_MATH = {"contract", "nsz", "arcp", "reassoc"}


class Drawn(NamedTuple):
    """Models and instruments of some tracks, and all that was drawn by name, each (n_tracks,)."""

    model: Passive | AOUP | RBP
    instrument: Instrument
    parameters: dict[str, FloatArray]


def draw(prior: Prior, model_name: str, seed: int, n_tracks: int, first: int = 0) -> Drawn:
    """Models and instruments of the tracks first ... first + n_tracks - 1 of a study. What track i
    gets depends on (seed, i) and the names of the parameters alone."""
    wanted = [*PARAMETERS[model_name], *MEASURED]
    if "D_a" in wanted and "active_share" in prior.axes:
        wanted[wanted.index("D_a")] = "active_share"
    names = [name for name in wanted if name in prior.axes]
    values = prior.values(names, seed, n_tracks, first)
    if "D" not in values:
        values = in_units_of_step(model_name, values)
        del values["step"]
    elif "active_share" in values:
        values["D_a"] = active_diffusivity(
            *(values[name] for name in ("active_share", "kappa", "D", "tau_a"))
        )
    model = MODELS[model_name](**{name: values[name] for name in PARAMETERS[model_name]})
    measured: dict[str, Any] = {name: values[name] for name in MEASURED if name in values}
    assert isinstance(model, Passive | AOUP)
    return Drawn(model, Instrument(**measured), values)


def in_units_of_step(model_name: str, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The parameters of scale-free tracks with D, D_a and the noise in units of length.

    values: kappa (1/interval), and tau_a (intervals) and active_share of an AOUP; those of the
    instrument, the noise in units of the rms step; `step`, the rms step (1 without it).
    """
    found = {name: np.asarray(value, np.float64) for name, value in values.items()}
    found.setdefault("step", np.ones_like(found["kappa"]))
    one = np.ones_like(found["kappa"])
    model: Passive | AOUP = Passive(found["kappa"], one)
    ratio = None
    if model_name != "Passive":
        ratio = active_diffusivity(found["active_share"], found["kappa"], one, found["tau_a"])
        model = AOUP(found["kappa"], one, ratio, found["tau_a"])
    seen: dict[str, Any] = {n: found[n] for n in MEASURED if n in found and n != "noise"}
    start, after = autocovariance(model, Instrument(**seen), [0, 1], 1.0).T
    noise = found.get("noise", np.zeros_like(one))
    found["D"] = found["step"] ** 2 * (1 - 2 * noise**2) / (2 * (start - after))
    if ratio is not None:
        found["D_a"] = ratio * found["D"]
    if "noise" in found:
        found["noise"] = noise * found["step"]
    return found


def simulate_recorded(
    model: Passive | AOUP | RBP,
    instrument: Instrument,
    n_steps: int,
    dt: float,
    seed: int,
    first: int = 0,
) -> NDArray[np.float32]:
    """Recorded points of stationary tracks, float32 (n_tracks, n_steps), in the length unit of D.

    model, instrument: batches that broadcast to (n_tracks,); without drift, and any baseline is
    left at 0. n_steps: points a track, dt (s) apart. seed: below 2^64. first: index of the first
    track, so that shards of one data set are simulated apart.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps = {n_steps} must be at least 1")
    if np.any(np.asarray(model.kappa) == 0) or np.any(instrument.parameters["drift"] > 0):
        raise ValueError("a free tracer (kappa = 0) or a drift has no stationary recorded tracks")
    if isinstance(model, RBP):
        return _simulate_rbp(model, instrument, n_steps, dt, seed, first)
    rows = packed(discretise(model, instrument, dt))
    tracks = np.empty((rows.shape[1], n_steps), np.float32)
    _simulate(np.uint64(seed), first, rows, tracks)
    return tracks


def _simulate_rbp(
    model: RBP, instrument: Instrument, n_steps: int, dt: float, seed: int, first: int
) -> NDArray[np.float32]:
    values = instrument.parameters
    if np.any(np.isfinite(values["corner"])):
        raise ValueError("RBP with a low-pass (corner) is not simulated")
    (n_tracks,) = np.broadcast_shapes((1,), model.shape, *(v.shape for v in values.values()))
    names = ("kappa", "D", "D_a", "tau_a")
    each = RBP(*(np.broadcast_to(model.parameters[name], (n_tracks,)) for name in names))
    noise, exposure = (np.broadcast_to(values[n], (n_tracks,)) for n in ("noise", "exposure"))
    tracks = np.empty((n_tracks, n_steps), np.float32)
    for start in range(0, n_tracks, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n_tracks))
        part = each[rows]
        assert isinstance(part, RBP)
        fine = simulate(part, n_steps * _FINE + 1, dt / _FINE, seed, first=first + start)
        bridge = np.sqrt(2 * np.asarray(part.D) * dt / _FINE)
        constants = np.ascontiguousarray([noise[rows], exposure[rows], bridge])
        _record(np.uint64(seed ^ _OTHER), first + start, fine, constants, tracks[rows])
    return tracks


@njit(cache=True, parallel=True)
def _record(seed, first, fine, constants, tracks):
    for group in prange((tracks.shape[0] + LANES - 1) // LANES):
        _record_group(seed, first, group * LANES, fine, constants, tracks)


@njit(cache=True)
def _record_group(seed, first, row, fine, constants, tracks):
    """Average tracks row ... row + LANES - 1 over the exposure, and add noise."""
    n_tracks, n_steps = tracks.shape
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((2, LANES), np.float32)
    open_streams(seed, first + row + np.arange(LANES), state)
    for n in range(n_steps):
        fill_normals(state, bits_a, bits_b, scratch, normals)
        at = (n + 1) * _FINE
        for j in range(min(LANES, n_tracks - row)):
            x = fine[row + j]
            noise, exposure, bridge = constants[:, row + j]
            length = exposure * _FINE
            whole = int(length)
            p = length - whole
            value = float(x[at])
            if length > 0.0:
                value = 0.0
                for k in range(whole):
                    value += 0.5 * (float(x[at - k]) + float(x[at - k - 1]))
                if p > 0.0:
                    end, before = float(x[at - whole]), float(x[at - whole - 1])
                    value += p * end + 0.5 * p * p * (before - end)
                variance = whole / 12.0 + p**3 / 3.0 - p**4 / 4.0
                value = (value + bridge * np.sqrt(variance) * normals[0, j]) / length
            tracks[row + j, n] = value + noise * normals[1, j]


@njit(cache=True, parallel=True)
def _simulate(seed, first, systems, tracks):
    for group in prange((tracks.shape[0] + LANES - 1) // LANES):
        _simulate_group(seed, first, group * LANES, systems, tracks)


@njit(cache=True, fastmath=_MATH)
def _simulate_group(seed, first, row, systems, tracks):
    """Simulate tracks row ... row + LANES - 1 side by side."""
    n_tracks, n_steps = tracks.shape
    n_lanes = min(LANES, n_tracks - row)
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((_CHUNK, LANES), np.float32)
    open_streams(seed, first + row + np.arange(LANES), state)

    # One array of all lane variables: the compiler then sees that they do not overlap. Lanes beyond
    # the last track repeat it and are not written.
    w = np.zeros((_ROWS, LANES))
    for k in range(len(systems)):
        for j in range(LANES):
            w[k, j] = systems[k, row + min(j, n_lanes - 1)]

    resting = np.zeros(LANES, np.bool_)
    settled = False
    for start in range(0, n_steps, _CHUNK):
        n = min(_CHUNK, n_steps - start)
        fill_normals(state, bits_a, bits_b, scratch, normals)
        for i in range(n):
            if not settled:
                settled = _advance_gains(w, resting)
            for j in range(LANES):
                e = w[_SCALE, j] * np.float64(normals[i, j])
                a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
                normals[i, j] = e + w[_G, j] * a + w[_G + 1, j] * b + w[_G + 2, j] * c
                w[_D, j] = e
            for k in range(3):
                f = _F + 3 * k
                for j in range(LANES):
                    total = w[f, j] * w[_M, j] + w[f + 1, j] * w[_M + 1, j]
                    w[_NEXT + k, j] = w[_K + k, j] * w[_D, j] + total + w[f + 2, j] * w[_M + 2, j]
            for k in range(3):
                for j in range(LANES):
                    w[_M + k, j] = w[_NEXT + k, j]
        for j in range(n_lanes):
            for i in range(n):
                tracks[row + j, start + i] = normals[i, j]


@njit(cache=True, fastmath=_MATH)
def _advance_gains(w, resting):
    """s, K and the next P of the lanes that are not resting; whether all are. A lane rests when its
    P has settled, however long its neighbours take, so that company changes nothing."""
    for j in range(LANES):
        if resting[j]:
            continue
        g0, g1, g2 = w[_G, j], w[_G + 1, j], w[_G + 2, j]
        w[_H, j] = w[_P, j] * g0 + w[_P + 1, j] * g1 + w[_P + 2, j] * g2
        w[_H + 1, j] = w[_P + 1, j] * g0 + w[_P + 3, j] * g1 + w[_P + 4, j] * g2
        w[_H + 2, j] = w[_P + 2, j] * g0 + w[_P + 4, j] * g1 + w[_P + 5, j] * g2
        s = w[_R, j] + g0 * w[_H, j] + g1 * w[_H + 1, j] + g2 * w[_H + 2, j]
        for a in range(3):
            f = _F + 3 * a
            h = w[f, j] * w[_H, j] + w[f + 1, j] * w[_H + 1, j] + w[f + 2, j] * w[_H + 2, j]
            w[_K + a, j] = (w[_S + a, j] + h) / s
            u, v, z = w[f, j], w[f + 1, j], w[f + 2, j]
            w[_FP + 3 * a, j] = u * w[_P, j] + v * w[_P + 1, j] + z * w[_P + 2, j]
            w[_FP + 3 * a + 1, j] = u * w[_P + 1, j] + v * w[_P + 3, j] + z * w[_P + 4, j]
            w[_FP + 3 * a + 2, j] = u * w[_P + 2, j] + v * w[_P + 4, j] + z * w[_P + 5, j]
        moved = False
        for entry in range(6):
            a, b = UPPER[entry]
            f = _F + 3 * b
            p = w[_Q + entry, j] - w[_K + a, j] * w[_K + b, j] * s
            for c in range(3):
                p += w[_FP + 3 * a + c, j] * w[f + c, j]
            if a == b:
                p = max(p, 0.0)
                moved = moved or abs(p - w[_P + entry, j]) > _SETTLED * (p + w[_Q + entry, j])
            w[_P + entry, j] = p
        w[_SCALE, j] = np.sqrt(s)
        resting[j] = not moved
    return np.all(resting)
