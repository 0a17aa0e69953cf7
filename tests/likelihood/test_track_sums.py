"""Sums over lags against the filters that run point by point."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood.positions import FilterBank, log_likelihood
from activenoise.likelihood.track_sums import TrackSums, settled
from activenoise.physics.models import AOUP, Passive, SampledProcess
from activenoise.simulation.tracks import simulate

AT = np.array([1, 2, 3, 64, 66, 255, 1000])


def spread(count: int, seed: int) -> tuple[np.ndarray, ...]:
    """kappa, D, D_a and tau_a over many orders of magnitude, each kappa several times."""
    rng = np.random.default_rng(seed)
    kappa = np.repeat(np.exp(rng.uniform(-7, 3, -(-count // 4))), 4)[:count]
    return kappa, *np.exp(rng.uniform([[-6], [-6], [-6]], [[3], [6], [5]], (3, count)))


def process(model: AOUP | Passive, dt: float) -> SampledProcess:
    fields = (np.broadcast_to(np.asarray(f, float), model.shape) for f in model.sampled(dt))
    return SampledProcess(*fields)


@pytest.mark.parametrize("given_first", [False, True])
@pytest.mark.parametrize("kind", [AOUP, Passive])
def test_the_filters_that_run_point_by_point(
    kind: type[AOUP] | type[Passive], given_first: bool
) -> None:
    kappa, D, D_a, tau_a = spread(300, 1)
    models = process(AOUP(kappa, D, D_a, tau_a) if kind is AOUP else Passive(kappa, D), 0.1)
    tracks = simulate(AOUP(1.0, 1.0, 10.0, 3.0), AT[-1], 0.1, 2, 20).astype(np.float64)
    expected = FilterBank(models, AT, given_first).run(tracks)
    squares, log_det = TrackSums(tracks, AT).quadratic(settled(models), given_first)
    np.testing.assert_allclose(squares, expected.squares, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(log_det, expected.log_det, rtol=1e-9, atol=1e-9)


def test_a_bank_takes_them_where_tracks_and_models_are_many() -> None:
    """Groups of a bank are whole and in order, and single precision of the tracks is enough."""
    tracks = simulate(AOUP(1.0, 1.0, 10.0, 3.0), AT[-1], 0.1, 2, 20)
    for count in (40, 700):
        kappa, D, D_a, tau_a = spread(count, 4)
        models = AOUP(kappa, D, D_a, tau_a)
        bank = FilterBank(models.sampled(0.1), AT)
        parts = list(bank.quadratics(tracks))
        whole = np.arange(count)
        np.testing.assert_array_equal(np.concatenate([whole[group] for group, _ in parts]), whole)
        squares = np.concatenate([part.squares for _, part in parts])
        log_det = np.concatenate([part.log_det for _, part in parts])
        found = bank.log_density(squares, log_det)
        for i in range(0, count, 37):
            one = AOUP(kappa[i], D[i], D_a[i], tau_a[i])
            expected = log_likelihood(one, tracks.astype(np.float64), 0.1, AT)
            np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-3)


def test_a_start_that_knows_more_counts() -> None:
    """Without the correction for the start the sums are another: what a mutation would leave."""
    models = process(AOUP(*spread(8, 5)), 0.1)
    tracks = simulate(AOUP(1.0, 1.0, 10.0, 3.0), 300, 0.1, 2, 20).astype(np.float64)
    sums, filters = TrackSums(tracks, np.array([300])), settled(models)
    whole, _ = sums.quadratic(filters, False)
    cut, _ = sums.quadratic(filters._replace(excess=np.zeros(8)), False)
    assert np.abs(whole - cut).max() > 0.1
