"""The random streams: standard normal, independent, and known by (seed, index) alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from activenoise.simulation.normals import LANES, fill_normals, open_streams


def draw(seed, streams, n):
    """n normals of each of LANES streams, (n, LANES)."""
    state = np.empty((4, LANES), np.uint32)
    open_streams(np.uint64(seed), np.asarray(streams, np.int64), state)
    bits = np.empty((2, LANES), np.uint32)
    out = np.empty((n, LANES), np.float32)
    fill_normals(state, bits[0], bits[1], np.empty(LANES, np.float32), out)
    return out


@pytest.fixture(scope="module")
def sample():
    return draw(1, np.arange(LANES), 2**16).astype(np.float64)


def test_moments_are_those_of_a_standard_normal(sample):
    # Variances of z^k: 1, 2, 15, 96.
    for power, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        moment = np.mean(sample**power)
        assert abs(moment - expected) < 4 * np.sqrt(variance / sample.size)


def test_distribution_is_normal(sample):
    assert kstest(sample.ravel(), norm.cdf).pvalue > 0.01
    for row in sample[:4]:  # many streams at one place, not one stream at many
        assert kstest(row, norm.cdf).pvalue > 1e-3
    assert kstest(draw(7, np.arange(LANES), 2)[0], norm.cdf).pvalue > 1e-3


def test_tails_are_as_heavy_as_they_should_be_and_bounded(sample):
    for z in (3.0, 4.0, 4.5):
        expected = 2 * norm.sf(z) * sample.size
        assert abs(np.sum(np.abs(sample) > z) - expected) < 4 * np.sqrt(expected)
    # 32 bits go into a radius: sqrt(-2 ln 2^-33) = 6.76 is the farthest.
    assert np.all(np.isfinite(sample))
    assert 4.9 < np.abs(sample).max() < 6.77


@pytest.mark.parametrize("power", [1, 2])
def test_streams_are_independent_of_one_another(sample, power):
    values = sample**power
    values = (values - values.mean(0)) / values.std(0)
    correlation = values.T @ values / len(values)
    off = correlation[np.triu_indices(LANES, 1)] * np.sqrt(len(values))
    assert np.abs(off).max() < 4.5  # of 496
    assert abs(np.mean(off**2) - 1) < 4 * np.sqrt(2 / off.size)


@pytest.mark.parametrize("power", [1, 2])
def test_a_stream_has_no_memory(sample, power):
    values = sample**power - (power == 2)
    variance = 1 if power == 1 else 2
    for lag in (1, 2, 3, 4, 31, 32, 33, 64, 128, 1000):
        product = values[lag:] * values[:-lag] / variance
        assert abs(product.mean()) < 4.5 * product.std() / np.sqrt(product.size)


def test_a_stream_depends_on_seed_and_index_alone():
    first = draw(5, np.arange(LANES), 64)
    scattered = np.arange(LANES)[::-1] * 3
    np.testing.assert_array_equal(draw(5, np.arange(7, 7 + LANES), 64)[:, :-7], first[:, 7:])
    np.testing.assert_array_equal(draw(5, scattered, 64)[:, -5:], first[:, 12::-3])
    # Part by part or at once.
    np.testing.assert_array_equal(draw(5, np.arange(LANES), 32), first[:32])


def test_seeds_and_indices_give_different_streams():
    seeds = [0, 1, 2, 2**32, 2**63, 2**64 - 1]
    indices = [*range(LANES - 4), 2**31, 2**32, 2**40, 2**62]
    starts = np.array([draw(seed, indices, 2) for seed in seeds])
    assert len(np.unique(starts[:, 0].ravel())) == len(seeds) * LANES
