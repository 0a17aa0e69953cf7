"""The likelihood by sums over lags, against dense normals and against the filter of one model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from activenoise.likelihood import kalman
from activenoise.likelihood.long_records import LongRecord, log_densities
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer, power_law
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.system import LinearModel, autocovariance, discretise
from activenoise.simulation.records import simulate_records

DT = 0.1
INSTRUMENTS = {
    "exact": {},
    "camera": {"noise": 0.05, "exposure": 0.7},
    "blurred": {"exposure": 1.0},
    "detector": {"noise": 0.01, "corner": 3.0, "relaxed": 0.3},
    "wandering": {"noise": 0.02, "drift": 0.1, "drift_time": 300.0, "corner": 2.0},
}


def around(m: int, *centres: float) -> list[np.ndarray]:
    """m values within a factor of about 3 of each centre."""
    rng = np.random.default_rng(len(centres))
    return [centre * np.exp(rng.uniform(-1, 1, m)) for centre in centres]


def models(m: int, free: bool = False) -> dict[str, LinearModel]:
    kappa, D, D_a, tau_a = around(m, 0.0 if free else 1.0, 1.0, 2.0, 1.0)
    medium = power_law(np.linspace(0.3, 0.9, m), around(m, 3.0)[0], 0.1, 200.0)
    return {
        "Passive": Passive(kappa, D),
        "AOUP": AOUP(kappa, D, D_a, tau_a),
        "PowerLawAOUP": Tracer(kappa, D, medium, D_a, tau_a),
    }


def summed(x: np.ndarray, unknowns: int) -> LongRecord:
    return LongRecord(np.concatenate([x[None], kalman.regressors(len(x), unknowns)]))


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("n", [50, 150])
def test_density_is_the_dense_normals(name, n):
    """Also of a record shorter than the memory of the filter: nothing rests on its length."""
    instrument = Instrument(**INSTRUMENTS[name])
    x = np.random.default_rng(2).normal(size=n).cumsum() * 0.3
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    for model in models(4).values():
        C = autocovariance(model, instrument, np.arange(n), DT)
        dense = [multivariate_normal(cov=row[lag]).logpdf(x) for row in C]
        found = log_densities(discretise(model, instrument, DT), [summed(x, 0)])[0]
        np.testing.assert_allclose(found, dense, rtol=0, atol=1e-7)


def member(model: LinearModel, which: slice) -> LinearModel:
    if not isinstance(model, Tracer):
        return model[which]
    elements = type(model.elements)(*(part[which] for part in model.elements))
    return Tracer(
        model.kappa[which], model.D[which], elements, model.D_a[which], model.tau_a[which]
    )


def one_by_one(model: LinearModel, instrument: Instrument, x: np.ndarray) -> np.ndarray:
    """The log densities by the filter of one model."""
    alone = [member(model, slice(i, i + 1)) for i in range(model.shape[0])]
    return np.concatenate([kalman.log_likelihood(one, instrument, x, DT) for one in alone])


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("baseline", ["constant", "linear"])
@pytest.mark.parametrize("free", [False, True])
def test_long_records_as_by_the_filter(name, baseline, free):
    instrument = Instrument(**INSTRUMENTS[name], baseline=baseline)
    x = simulate_records(AOUP(0.0 if free else 1.0, 1.0, 2.0, 1.0), instrument, 20_000, DT, seed=3)
    for model in models(3, free).values():
        found = log_densities(
            discretise(model, instrument, DT), [summed(x - x.mean(), instrument.unknowns)]
        )[0]
        np.testing.assert_allclose(found, one_by_one(model, instrument, x), rtol=0, atol=2e-5)


@pytest.mark.parametrize("kappa", [1e-4, 1e-7, 1e-9])
def test_start_far_wider_than_an_innovation(kappa):
    """A trap so weak that the positions of the tracer are anywhere is no trap: with an unknown
    zero, the density becomes that of a free tracer."""
    instrument = Instrument(noise=0.02, baseline="constant")
    x = simulate_records(AOUP(0.0, 1.0, 2.0, 1.0), instrument, 5000, DT, seed=6)
    _, D, D_a, tau_a = around(60, 1.0, 1.0, 2.0, 1.0)
    weak = AOUP(np.full(60, kappa), D, D_a, tau_a)
    found = kalman.log_likelihood(weak, instrument, x, DT)
    np.testing.assert_allclose(found, one_by_one(weak, instrument, x), rtol=0, atol=1e-4)
    if kappa == 1e-9:
        free = kalman.log_likelihood(AOUP(np.zeros(60), D, D_a, tau_a), instrument, x, DT)
        np.testing.assert_allclose(found, free, rtol=0, atol=1e-3)


def test_many_models_and_records_are_each_their_own():
    """More models than one group, two records of unlike lengths."""
    instrument = Instrument(noise=0.3, baseline="constant")
    model = models(150)["AOUP"]
    records = [
        simulate_records(AOUP(1.0, 1.0, 2.0, 1.0), instrument, n, DT, seed=n) for n in (4096, 5000)
    ]
    together = kalman.log_likelihoods(model, instrument, records, DT)
    alone = np.array([kalman.log_likelihood(model, instrument, x, DT) for x in records])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_allclose(
        together,
        [one_by_one(model, instrument, x) for x in records],
        rtol=0, atol=1e-6,
    )  # fmt: skip


def test_zero_of_the_record_does_not_matter():
    """A stage's position of a metre beside motion of a micrometre leaves the density as it is."""
    instrument = Instrument(noise=0.01, baseline="constant")
    x = simulate_records(AOUP(1.0, 1.0, 2.0, 1.0), instrument, 5000, DT, seed=4)
    model = models(60)["AOUP"]
    np.testing.assert_allclose(
        kalman.log_likelihood(model, instrument, x + 1e6, DT),
        kalman.log_likelihood(model, instrument, x, DT),
        rtol=0, atol=1e-4,
    )  # fmt: skip


def test_filter_that_never_settles_is_told_apart():
    """Of a free tracer on a drift that walks, the two are never told apart: their covariance
    grows for ever, and the filter has to do it."""
    instrument = Instrument(noise=0.02, drift=0.05, baseline="constant")
    x = simulate_records(AOUP(0.0, 1.0, 2.0, 1.0), instrument, 4200, DT, seed=5)
    model = models(70, free=True)["AOUP"]
    assert np.isnan(log_densities(discretise(model, instrument, DT), [summed(x, 1)])).all()
    np.testing.assert_allclose(
        kalman.log_likelihood(model, instrument, x, DT), one_by_one(model, instrument, x), atol=1e-5
    )


@pytest.mark.parametrize("kappa", [1.0, 0.0])
@pytest.mark.parametrize("drift", [0.0, 0.05])
def test_a_hopeless_model_is_given_up_early(kappa, drift):
    """What sums over lags cannot do is left to the filter; but a model far below the best of the
    others gets an upper bound from the first eighth, and no other model does."""
    instrument = Instrument(noise=0.02, drift=drift, baseline="constant")
    x = simulate_records(AOUP(kappa, 1.0, 2.0, 1.0), instrument, 16_000, DT, seed=5)
    size = np.array([1.0, 1.2, 0.5, 0.02, 1e-3, 1e-4])
    model = AOUP(np.full(6, kappa), size, 2 * size, np.ones(6))
    exact = one_by_one(model, instrument, x)
    system = discretise(model, instrument, DT)
    best = exact.max()
    found = kalman._of_rest(system, x, 1, best)
    np.testing.assert_allclose(found[:3], exact[:3], atol=1e-4)
    given_up = found > exact + 1
    assert given_up.any() == (drift == 0)  # a drift that walks explains any record
    assert np.all(found[given_up] < best - 1e5)
    np.testing.assert_allclose(found[~given_up], exact[~given_up], rtol=1e-9)
