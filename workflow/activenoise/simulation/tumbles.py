"""Exact motion of run-and-tumble propulsion in a trap, Numba-JIT, with random streams of its own
for each track.

Between two flips of its sign a propulsion +-v0 moves the tracer deterministically,

    a(t + h) = a(t) e^{-kappa h} +- v0 (1 - e^{-kappa h})/kappa,

and the times between flips are exponential. Since the trap is linear this motion and the thermal
one are independent and add up: nothing is approximate but the start, from which so many relaxation
times pass before the first point that e^{-20} of it is left.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.simulation.normals import LANES, fill_normals, open_streams

_BURN_IN = 20.0  # relaxation times 1/kappa before the first point
_SALT = np.uint64(0xD1B54A32D192ED03)  # makes these streams others than those of the thermal motion


@njit(cache=True, nogil=True)
def add_tumbles(start, stop, seed, first, plan, dt, tracks):
    """Add the motion by propulsion to the rows start ... stop - 1 of tracks (n_tracks, n_steps),
    dt (s) apart, in place.

    plan: kappa (1/s), speed (length/s) and tau_a (s) of every track, (3, n_tracks). seed: uint64.
    Rows are the tracks first, first + 1, ... of that seed.
    """
    for i in range(start, stop):
        _add_to_one(seed, first + i, plan[0, i], plan[1, i], plan[2, i], dt, tracks[i])


@njit(cache=True)
def _add_to_one(seed, index, kappa, speed, tau_a, dt, track):
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((2, LANES), np.float32)
    # The lanes are all of one track: they are drawn side by side and used one after the other.
    open_streams(seed ^ _SALT, index * LANES + np.arange(LANES), state)
    fill_normals(state, bits_a, bits_b, scratch, normals)
    velocity = speed if normals[0, 0] > 0.0 else -speed
    used = 1
    a, wait = 0.0, -1.0  # wait: until the next flip; none is drawn yet
    for i in range(len(track)):
        left = dt if i > 0 else _BURN_IN / kappa
        while True:
            if wait < 0.0:
                if used == LANES:
                    fill_normals(state, bits_a, bits_b, scratch, normals)
                    used = 0
                # Half the square of the radius of two normals is exponential; flips come every
                # 2 tau_a.
                p, q = np.float64(normals[0, used]), np.float64(normals[1, used])
                wait = tau_a * (p * p + q * q)
                used += 1
            step = min(wait, left)
            lost = -np.expm1(-kappa * step)
            a += (velocity / kappa - a) * lost
            left -= step
            wait -= step
            if left <= 0.0:
                break
            velocity, wait = -velocity, -1.0
        track[i] += a
