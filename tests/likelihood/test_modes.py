"""The filter of many states against dense normals and against the filter of one model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from activenoise.likelihood import kalman
from activenoise.likelihood.modes import filter_modes, in_modes
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer, power_law
from activenoise.physics.system import autocovariance, discretise

DT = 0.1
INSTRUMENTS = {
    "camera": {"noise": 0.05, "exposure": 0.7},
    "detector": {"noise": 0.05, "corner": 3.0, "relaxed": 0.3},
    "wandering": {"noise": 0.02, "drift": 0.1, "drift_time": 3.0, "corner": 2.0},
}


def tracers(m: int, driven: bool, free: bool = False) -> Tracer:
    rng = np.random.default_rng(1)
    elements = power_law(rng.uniform(0.2, 0.9, m), np.exp(rng.uniform(-1, 4, m)), 0.1, 20.0)
    kappa = np.zeros(m) if free else np.exp(rng.uniform(-1, 2, m))
    drive = (np.exp(rng.uniform(-1, 1, m)), np.exp(rng.uniform(-3, 1, m))) if driven else ()
    return Tracer(kappa, np.exp(rng.uniform(-1, 1, m)), elements, *drive)


def walk(n: int, gaps: bool) -> np.ndarray:
    x = np.random.default_rng(5).normal(size=n).cumsum() * 0.1
    if gaps:
        x[n // 6 : n // 6 + 7], x[n // 2] = np.nan, np.nan
    return x


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("driven", [False, True])
def test_density_is_the_dense_normals(name, driven):
    model, instrument = tracers(5, driven), Instrument(**INSTRUMENTS[name])
    n = 120
    x = walk(n, gaps=False)
    C = autocovariance(model, instrument, np.arange(n), DT)
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    dense = [multivariate_normal(cov=row[lag], allow_singular=False).logpdf(x) for row in C]
    np.testing.assert_allclose(
        kalman.log_likelihood(model, instrument, x, DT), dense, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("baseline", ["constant", "linear"])
def test_side_by_side_as_one_by_one(gaps, free, baseline):
    model = tracers(20, driven=True, free=free)
    x = walk(600, gaps)
    for parts in INSTRUMENTS.values():
        instrument = Instrument(**parts, baseline=baseline)
        system = discretise(model, instrument, DT)
        modes = in_modes(system)
        assert modes is not None
        base = kalman.regressors(len(x), instrument.unknowns)
        values = np.empty(20)
        filter_modes(x, base, modes, values)
        alone = [
            kalman.log_likelihood(
                Tracer(model.kappa[i : i + 1], model.D[i : i + 1],
                       type(model.elements)(*(part[i : i + 1] for part in model.elements)),
                       model.D_a[i : i + 1], model.tau_a[i : i + 1]),
                instrument, x, DT,
            )[0]
            for i in range(20)
        ]  # fmt: skip
        np.testing.assert_allclose(values, alone, rtol=0, atol=1e-5)


def test_a_drift_that_relaxes_slowly_is_a_random_walk():
    model = tracers(4, driven=False)
    x = walk(300, gaps=False)
    same = {"noise": 0.02, "drift": 0.05, "baseline": "constant"}
    walking = kalman.log_likelihood(model, Instrument(**same), x, DT)
    slow = kalman.log_likelihood(model, Instrument(**same, drift_time=1e5), x, DT)
    np.testing.assert_allclose(slow, walking, atol=0.02)
    fast = kalman.log_likelihood(model, Instrument(**same, drift_time=1.0), x, DT)
    assert np.all(np.abs(fast - walking) > 0.1)
