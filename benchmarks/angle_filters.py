"""The filter on an RBP's hidden angle: the library's against the same filter in plain NumPy."""

from __future__ import annotations

import numpy as np

from activenoise.likelihood.angle import angle_log_likelihood, angles_needed
from activenoise.physics.models import RBP
from activenoise.simulation.tracks import simulate
from benchmarks import numpy_angle_filter
from benchmarks.harness import Row, compare

MODEL, DT = RBP(kappa=1.0, D=1.0, D_a=20.0, tau_a=3.0), 0.1
TOPIC = "Log likelihood, one RBP model"
OURS = "activenoise"


def n_angles() -> int:
    """Points of the half circle that the library takes for MODEL."""
    return int(angles_needed(MODEL, DT))


def measure(n_tracks: int = 1000, n_steps: int = 800) -> list[Row]:
    """Same tracks and same grid of angles for both."""
    tracks = simulate(MODEL, n_steps, DT, seed=3, n_tracks=n_tracks).astype(np.float64)
    programs = {
        OURS: lambda: angle_log_likelihood(MODEL, tracks, DT),
        "plain NumPy": lambda: numpy_angle_filter.angle_log_likelihood(
            MODEL, tracks, DT, n_angles()
        ),
    }
    ours, plain = (program() for program in programs.values())
    difference = {"plain NumPy": f"{np.max(np.abs(ours - plain)):.1g} nats"}
    work = f"{n_tracks} tracks of {n_steps} points, {n_angles()} angles"
    return compare(TOPIC, work, programs, tracks.size, 9, differences=difference)
