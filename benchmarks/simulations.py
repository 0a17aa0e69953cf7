"""Simulation of AOUP tracks against andi-datasets' fractional Brownian motion, and against drawing
the normals alone.

Both packages return positions of one coordinate. andi-datasets draws a track at a time: at
alpha = 1 by one NumPy normal a point, else by the method of Davies and Harte, an FFT a track.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from andi_datasets.models_phenom import models_phenom
from andi_datasets.models_theory import models_theory
from numba import njit

from activenoise.physics.models import AOUP
from activenoise.simulation.normals import LANES, fill_normals, open_streams
from activenoise.simulation.tracks import simulate
from benchmarks.harness import Row, compare

MODEL, DT = AOUP(kappa=0.1, D=0.2, D_a=0.1, tau_a=0.5), 0.01
TOPIC = "Simulation"
OURS, NORMALS = "activenoise, AOUP", "activenoise, its normals alone"


@njit
def draw_normals(seed: int, n_tracks: int, n_steps: int) -> float:
    """The normals of `simulate`, drawn into a buffer that stays in cache; returns their sum."""
    state = np.empty((4, LANES), np.uint32)
    bits_a = np.empty(LANES, np.uint32)
    bits_b = np.empty(LANES, np.uint32)
    scratch = np.empty(LANES, np.float32)
    normals = np.empty((64, LANES), np.float32)
    total = 0.0
    for row in range(0, n_tracks, LANES):
        open_streams(np.uint64(seed), row + np.arange(LANES), state)
        for _ in range(0, n_steps, len(normals)):
            fill_normals(state, bits_a, bits_b, scratch, normals)
            total += normals[0, 0]
    return total


def phenomenological(alpha: float, n_tracks: int, n_steps: int) -> list[np.ndarray]:
    """fBm positions by `models_phenom.disp_fbm`, its displacements summed."""
    models = models_phenom()
    return [np.cumsum(models.disp_fbm(alpha, 1.0, n_steps)) for _ in range(n_tracks)]


def theoretical(alpha: float, n_tracks: int, n_steps: int) -> list[np.ndarray]:
    """fBm positions by `models_theory.fbm`."""
    models = models_theory()
    return [models.fbm(n_steps, alpha) for _ in range(n_tracks)]


def measure(n_tracks: int = 2000, n_steps: int = 800) -> list[Row]:
    """Same number of tracks and points for all, on one core."""
    rng = np.random.default_rng(1)
    single = np.empty((n_tracks, n_steps), np.float32)
    double = np.empty((n_tracks, n_steps), np.float64)
    programs: dict[str, Callable[[], object]] = {
        OURS: lambda: simulate(MODEL, n_steps, DT, seed=1, n_tracks=n_tracks),
        NORMALS: lambda: draw_normals(1, n_tracks, n_steps),
        "NumPy, standard_normal, float32": lambda: rng.standard_normal(
            dtype=np.float32, out=single
        ),
        "NumPy, standard_normal, float64": lambda: rng.standard_normal(out=double),
    }
    targets = {}
    for alpha, target in ((1.0, 3.0), (0.7, 8.0)):
        for label, draw in (("phenom", phenomenological), ("theory", theoretical)):
            name = f"andi-datasets, fBm, alpha = {alpha:g}, models_{label}"
            programs[name] = partial(draw, alpha, n_tracks, n_steps)
            targets[name] = target
    work = f"{n_tracks} tracks of {n_steps} points"
    return compare(TOPIC, work, programs, single.size, 9, targets)
