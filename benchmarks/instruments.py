"""The filter with an instrument: one long record of a bead under many AOUP models."""

from __future__ import annotations

from functools import partial

import numpy as np

from activenoise.likelihood.kalman import log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from benchmarks.harness import Row, compare

TOPIC = "Log likelihood with an instrument"
N_STEPS, DT, N_MODELS = 655_076, 1.28e-5, 32
INSTRUMENT = Instrument(noise=1e-5, exposure=0.2, corner=2e4, relaxed=0.3, baseline="constant")


def measure() -> list[Row]:
    """All models in one call; at 20 ms a model the analysis of such a record stays interactive."""
    models = AOUP(157.0, 7e-4, 6.3e-3, np.full(N_MODELS, 0.33))
    steps = np.random.default_rng(0).normal(size=N_STEPS)
    record = np.cumsum(steps) * np.sqrt(2 * 7e-4 * DT)
    programs = {"activenoise, float64": partial(log_likelihood, models, INSTRUMENT, record, DT)}
    work = f"{N_MODELS} models, one record of {N_STEPS} points"
    return compare(TOPIC, work, programs, N_MODELS * N_STEPS, repeats=5)
