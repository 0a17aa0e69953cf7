"""Records without an artefact, of every kind of motion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Passive, Viscoelastic
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

DT = 0.01
CAMERA = Instrument(noise=0.01, exposure=0.5, baseline="constant")
MODELS = (
    Passive(5.0, 0.1),
    Passive(0.0, 0.1),
    AOUP(5.0, 0.1, 2.0, 0.15),
    AOUP(5.0, 0.1, 0.5, 1.0),
    AOUP(0.0, 0.1, 0.5, 0.3),
    Viscoelastic(5.0, 0.1, 2.0, 0.5),
    RBP(5.0, 0.1, 2.0, 0.15),
)


def clean_records(n_records: int, n_points: int = 1000) -> Iterator[FloatArray]:
    """Records (n_points,), DT (s) apart, of one model after the other."""
    for i in range(n_records):
        model = MODELS[i % len(MODELS)]
        if isinstance(model, RBP):
            x = simulate(model, n_points, DT, seed=i, n_tracks=1)[0].astype(np.float64)
            noise = np.random.default_rng(i).standard_normal(n_points)
            yield x + 0.01 * noise
        else:
            yield simulate_records(model, CAMERA, n_points, DT, seed=i)
