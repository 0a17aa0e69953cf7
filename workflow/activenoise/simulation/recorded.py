"""Recorded tracks: what instruments make of tracers, simulated, a model and an instrument each,
drawn from a study's prior.

Passive and AOUP seen through an instrument are the linear system of `physics.system`. In its
innovations form a recorded point is

    y_n = G m + sqrt(s) xi,   m <- F m + K sqrt(s) xi,

with the filter's own gains K and variance s, which depend on no record: it has the exact law of
the recorded points (noise, exposure and low-pass included) and costs one normal a point.

Trap and instrument are linear in what drives them, so independent drives are recorded apart and
added. A drift is a free passive tracer seen through the same instrument, at 0 one interval before
the first point, as the likelihood has it. RBP and RTP are a passive tracer and the motion that the
propulsion alone makes in the same trap. That motion is smooth, but for the flips of RTP: it is
simulated at an eighth of the interval, and low-pass and exposure act on parabolas between. The
recorded mean square step of RBP is then off by 1e-4 of itself at most at kappa dt = 0.3 and
tau_a = 5 dt, by 4e-4 at 1 and 2 dt.

Track i depends on (seed, i) and on its own parameters alone, as in `simulation.tracks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.parameters import LOWEST_CORNER, MEASURED, PARAMETERS
from activenoise.physics.gains import END, MATH, SCALE, F, G, K, advance_gains
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, MODELS, RBP, RTP, Passive
from activenoise.physics.priors import Prior
from activenoise.physics.scale_free import in_units_of_step
from activenoise.physics.shares import active_diffusivity
from activenoise.physics.system import discretise, packed
from activenoise.simulation.normals import LANES, fill_normals, open_streams
from activenoise.simulation.tracks import simulate
from activenoise.threads import in_threads

_CHUNK = 64
_FINE = 8  # positions of RBP an interval
_BLOCK = 256  # tracks of RBP whose fine positions are kept at a time
_NO_NOISE = float(np.finfo(np.float64).tiny)  # D of the propelled part of RBP; a model's is not 0
_THERMAL, _DRIFT = 0x9E3779B9, 0x7F4A7C15  # make seeds of their own for parts of a track
_FORGOTTEN = 10.0  # relaxation times of a low-pass before the first point of an RBP track
# Rows of the kernel's work space, behind those of the gains: state, next state, innovation.
_M, _NEXT, _D, _ROWS = END, END + 3, END + 6, END + 7


class Drawn(NamedTuple):
    """Models and instruments of some tracks, and all that was drawn by name, each (n_tracks,)."""

    model: Passive | AOUP | RBP | RTP
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


def simulate_recorded(
    model: Passive | AOUP | RBP | RTP,
    instrument: Instrument,
    n_steps: int,
    dt: float,
    seed: int,
    first: int = 0,
) -> NDArray[np.float32]:
    """Recorded points of tracers at equilibrium, float32 (n_tracks, n_steps), in the unit of D.

    model, instrument: batches that broadcast to (n_tracks,); any baseline is left at 0. A drift is
    at 0 one interval before the first point. n_steps: points a track, dt (s) apart. seed: below
    2^64. first: index of the first track, so that shards of one data set are simulated apart.
    ValueError for a free tracer, and for RBP or RTP behind a corner below `LOWEST_CORNER`/dt.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps = {n_steps} must be at least 1")
    if np.any(np.asarray(model.kappa) == 0):
        raise ValueError("a free tracer (kappa = 0) has no stationary recorded tracks")
    values = instrument.parameters
    (n,) = np.broadcast_shapes((1,), model.shape, *(value.shape for value in values.values()))
    values = {name: np.broadcast_to(value, (n,)) for name, value in values.items()}
    drift = values.pop("drift")
    if isinstance(model, RBP | RTP):
        tracks = _simulate_propelled(model, values, n_steps, dt, seed, first)
        thermal = Passive(model.kappa, model.D)
        tracks += _simulate_linear(thermal, values, n_steps, dt, seed ^ _THERMAL, first)
    else:
        tracks = _simulate_linear(model, values, n_steps, dt, seed, first)
    if np.any(drift > 0):
        noiseless = {**values, "noise": np.zeros(n)}
        walks = _simulate_linear(Passive(0.0, 1.0), noiseless, n_steps, dt, seed ^ _DRIFT, first)
        tracks += np.sqrt(drift, dtype=np.float32)[:, None] * walks
    return tracks


def _simulate_linear(
    model: Passive | AOUP,
    values: Mapping[str, Any],
    n_steps: int,
    dt: float,
    seed: int,
    first: int,
) -> NDArray[np.float32]:
    """Recorded points of linear tracers, through an instrument of these parameters."""
    rows = packed(discretise(model, Instrument(**values), dt))
    tracks = np.empty((rows.shape[1], n_steps), np.float32)
    groups = (len(tracks) + LANES - 1) // LANES
    in_threads(_simulate, groups, np.uint64(seed), first, rows, tracks)
    return tracks


def _simulate_propelled(
    model: RBP | RTP,
    values: Mapping[str, FloatArray],
    n_steps: int,
    dt: float,
    seed: int,
    first: int,
) -> NDArray[np.float32]:
    """What is recorded, without noise, of the motion that propulsion alone makes."""
    corner = values["corner"]
    if np.any(corner * dt < LOWEST_CORNER):
        raise ValueError(
            f"corner = {corner.min():g} Hz is too low for {type(model).__name__} at points {dt:g} s"
            f" apart; must be at least {LOWEST_CORNER / dt:g}"
        )
    filtered = np.isfinite(corner)
    rate = 2 * np.pi * np.where(filtered, corner, 1.0) * dt  # per interval
    before = np.where(filtered, np.ceil(_FORGOTTEN / rate), 0.0)
    slow = np.where(filtered, 1 - values["relaxed"], 0.0)
    constants = np.stack([before, values["exposure"] * _FINE, rate / _FINE, slow], axis=1)
    kappa, D_a, tau_a = (
        np.broadcast_to(model.parameters[name], corner.shape) for name in ("kappa", "D_a", "tau_a")
    )
    tracks = np.empty((len(corner), n_steps), np.float32)
    for start in range(0, len(tracks), _BLOCK):
        rows = slice(start, start + _BLOCK)
        part = type(model)(kappa[rows], _NO_NOISE, D_a[rows], tau_a[rows])
        n_fine = (n_steps + int(before[rows].max())) * _FINE + 3
        fine = simulate(part, n_fine, dt / _FINE, seed, first=first + start)
        in_threads(_record, len(fine), fine, constants[rows], tracks[rows])
    return tracks


@njit(cache=True, nogil=True)
def _record(first, last, fine, constants, tracks):
    for i in range(first, last):
        _record_one(fine[i], constants[i], tracks[i])


@njit(cache=True)
def _record_one(x, constants, recorded):
    """Blur and low-pass of a smooth path through x, _FINE steps an interval. constants: intervals
    that are not recorded, before the others; exposure and rate of the low-pass in steps; the part
    of the signal that does not pass it at once.

    The path from x_k to x_k+1 is a parabola, whose second derivative is the mean of those at its
    ends. How far the low-pass is behind, w = x - l, obeys dw/dt = dx/dt - rate w, and the signal is
    x - slow w. The integral of w over a time is the change of l over the rate.
    """
    before, exposure, rate, slow = constants
    behind = np.zeros(len(x))
    if slow > 0.0:
        kept, follow, bend = _lag_response(rate, 1.0)
        for k in range(1, len(x) - 2):
            step = float(x[k + 1]) - float(x[k])
            behind[k + 1] = kept * behind[k] + follow * step + bend * _second_derivative(x, k)
    whole = int(exposure)
    part = exposure - whole
    kept, follow, bend = _lag_response(rate, 1.0 - part)
    for n in range(len(recorded)):
        end = (int(before) + n + 1) * _FINE + 1
        value = float(x[end]) - slow * behind[end]
        if exposure > 0.0:
            total = 0.0
            for k in range(end - whole, end):
                total += 0.5 * (float(x[k]) + float(x[k + 1])) - _second_derivative(x, k) / 12.0
            opened, lag = float(x[end - whole]), behind[end - whole]
            if part > 0.0:
                k = end - whole - 1
                step, curve = opened - float(x[k]), _second_derivative(x, k)
                total += part * (opened - part * (0.5 * step + curve * (0.25 - part / 6.0)))
                opened -= part * (step + 0.5 * curve * (1.0 - part))
                lag = kept * behind[k] + follow * step + bend * curve
            passed = (float(x[end]) - behind[end]) - (opened - lag)
            value = (total - slow * passed / rate) / exposure
        recorded[n] = value


@njit(cache=True, inline="always")
def _second_derivative(x, k):
    return 0.5 * (float(x[k + 2]) - float(x[k + 1]) - float(x[k]) + float(x[k - 1]))


@njit(cache=True)
def _lag_response(rate, t):
    """What is left after t of w = 1, and what of it a slope of 1 makes, and one of s - 1/2."""
    kept = np.exp(-rate * t)
    follow = -np.expm1(-rate * t) / rate
    return kept, follow, (t - follow) / rate - 0.5 * follow


@njit(cache=True, nogil=True)
def _simulate(start, stop, seed, first, systems, tracks):
    for group in range(start, stop):
        _simulate_group(seed, first, group * LANES, systems, tracks)


@njit(cache=True, fastmath=MATH)
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
                settled = advance_gains(w, resting)
            for j in range(LANES):
                e = w[SCALE, j] * np.float64(normals[i, j])
                a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
                normals[i, j] = e + w[G, j] * a + w[G + 1, j] * b + w[G + 2, j] * c
                w[_D, j] = e
            for k in range(3):
                f = F + 3 * k
                for j in range(LANES):
                    total = w[f, j] * w[_M, j] + w[f + 1, j] * w[_M + 1, j]
                    w[_NEXT + k, j] = w[K + k, j] * w[_D, j] + total + w[f + 2, j] * w[_M + 2, j]
            for k in range(3):
                for j in range(LANES):
                    w[_M + k, j] = w[_NEXT + k, j]
        for j in range(n_lanes):
            for i in range(n):
                tracks[row + j, start + i] = normals[i, j]
