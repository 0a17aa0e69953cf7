"""Distances from the training's tracks: calibrated inside, small fractions outside, no unit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from activenoise.files import read_tree, write_arrays
from activenoise.learning.domain import (
    Domain,
    domain_arrays,
    familiarity,
    read_domains,
    statistics,
)
from activenoise.physics.priors import parse_prior
from activenoise.simulation.recorded import draw, simulate_recorded

PRIOR = parse_prior(
    {
        "kappa": {"log_uniform": [0.002, 0.5]},
        "tau_a": {"log_uniform": [10, 200]},
        "active_share": {"uniform": [0.05, 1]},
        "noise": {"uniform": [0, 0.7]},
        "exposure": {"uniform": [0, 1]},
    }
)
N = 4000


def tracks(count: int, seed: int) -> np.ndarray:
    """As many of either model."""
    parts = []
    for own, name in enumerate(("Passive", "AOUP"), start=100 * seed):
        model, instrument, _ = draw(PRIOR, name, own, count)
        parts.append(simulate_recorded(model, instrument, N, 1.0, own))
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.of(tracks(1000, 1))


def test_statistics_of_a_random_walk():
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.standard_normal((400, 2049)), axis=1)  # a random walk
    values = statistics(x).mean(axis=0)
    *displacements, kurtosis, _, _ = values
    octaves = np.arange(1, 9)  # up to a lag of an eighth of the track
    np.testing.assert_allclose(displacements, octaves * np.log(2), atol=0.15)
    assert kurtosis == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(statistics(3e-6 * x - 5.0), statistics(x), rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_new_tracks_of_the_same_kind_are_as_far_out_as_the_old(domain):
    farther = domain.farther(domain.distance(tracks(500, 2)))
    assert kstest(farther, "uniform").pvalue > 1e-3


def test_what_was_never_simulated_is_far_out(domain):
    inside = tracks(4, 3)[5].astype(np.float64)
    inside /= inside.std()
    assert familiarity({N: domain}, inside)["farther"] > 0.01
    rng = np.random.default_rng(3)
    steps = np.diff(inside).std()
    jumps = np.cumsum(60 * steps * (rng.random(N) < 0.004) * rng.choice([-1, 1], N))
    drift = np.linspace(0, 30, N)
    wave = 10 * steps * np.sin(np.arange(N))
    for record in (inside + jumps, inside + drift, inside + wave):
        assert familiarity({N: domain}, record)["farther"] < 0.01


def test_a_long_record_is_read_in_pieces(domain):
    long = np.concatenate(list(tracks(2, 4)))
    found = familiarity({N: domain, 250: domain, 5000: domain}, long)
    assert (found["n_points"], found["pieces"]) == (N, 4)
    pieces = [familiarity({N: domain}, part) for part in long.reshape(4, N)]
    assert found["distance"] == pytest.approx(max(piece["distance"] for piece in pieces), rel=1e-9)
    assert found["farther"] == min(1.0, 4 * min(piece["farther"] for piece in pieces))
    # A little shorter than the training's tracks is no shorter.
    assert familiarity({N: domain, 250: domain}, long[: N - 20])["n_points"] == N
    with pytest.raises(ValueError, match="100 points are fewer"):
        familiarity({N: domain}, long[:100])


def test_files_keep_domains(domain, tmp_path):
    other = Domain.of(tracks(40, 5)[:, :250])
    write_arrays(tmp_path / "domain.h5", **domain_arrays([other, domain]))
    back = read_domains(read_tree(tmp_path / "domain.h5"))
    assert list(back) == [250, N]
    some = tracks(3, 6)
    np.testing.assert_array_equal(back[N].distance(some), domain.distance(some))
