"""The filter with an instrument: one long record of a bead under many AOUP models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np

from activenoise.likelihood.kalman import log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from benchmarks.harness import Row, compare

TOPIC = "Log likelihood with an instrument"
N_STEPS, DT, N_MODELS = 655_076, 1.28e-5, 32
INSTRUMENT = Instrument(noise=1e-5, exposure=0.2, corner=2e4, relaxed=0.3, baseline="constant")


def measure() -> list[Row]:
    """All models in one call, by sums over lags, of a record that is known from an earlier call and
    of one that is new, and by the filters, which a missing point needs."""
    models = AOUP(157.0, 7e-4, 6.3e-3, np.full(N_MODELS, 0.33))
    steps = np.random.default_rng(0).normal(size=N_STEPS)
    record = np.cumsum(steps) * np.sqrt(2 * 7e-4 * DT)
    gapped = record.copy()
    gapped[N_STEPS // 2] = np.nan
    shifts = count(1)
    of = partial(log_likelihood, models, INSTRUMENT)
    programs: dict[str, Callable[[], object]] = {
        "activenoise, sums over lags, known record": partial(of, record, DT),
        "activenoise, sums over lags, new record": lambda: of(record + 1e-3 * next(shifts), DT),
        "activenoise, filters, a point missing": partial(of, gapped, DT),
    }
    work = f"{N_MODELS} models, one record of {N_STEPS} points"
    return compare(TOPIC, work, programs, N_MODELS * N_STEPS, repeats=5)
