"""Adaptive importance sampling on targets whose evidence and moments are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp, ndtr

from activenoise.inference.importance import Reach, Sampler, sample, sample_beside
from activenoise.inference.mixture import Mixture


def normal_target(mean, sd):
    """A normal likelihood of independent coordinates, its evidence, and its posterior's moments."""
    mean, sd = np.asarray(mean, float), np.asarray(sd, float)

    def log_likelihood(z):
        return -0.5 * np.sum(((z - mean) / sd) ** 2 + np.log(2 * np.pi * sd**2), axis=1)

    total = 1 + sd**2
    evidence = -0.5 * np.sum(mean**2 / total + np.log(2 * np.pi * total))
    return log_likelihood, evidence, mean / total, np.sqrt(sd**2 / total)


def test_narrow_normal():
    target, evidence, mean, sd = normal_target([1.0, -2.0, 0.3, 0, 2.5], [1e-3, 0.01, 1, 10, 1e-2])
    answer = sample([target], 5, 0, Sampler())
    assert abs(answer.log_evidence - evidence) < 4 * answer.error < 0.2
    assert answer.pareto_k < 0.7
    draws = answer.equal(4000)
    np.testing.assert_allclose((draws.mean(0) - mean) / sd, 0, atol=4 / np.sqrt(answer.effective))
    np.testing.assert_allclose(draws.std(0) / sd, 1, atol=0.15)


def test_two_modes_and_a_plateau():
    """Modes 200 of their widths apart, of weights 1 : 3; a coordinate that may be anywhere below
    -1; one that does not matter."""
    first, z_1, _, _ = normal_target([1.0, 1.0], [0.01, 0.01])
    second, z_2, _, _ = normal_target([-1.0, -1.0], [0.01, 0.01])

    def target(z):
        pair = np.array([first(z[:, :2]), second(z[:, :2]) + np.log(3)])
        return logsumexp(pair, axis=0) + np.where(z[:, 2] < -1, 0.0, -1e4)

    answer = sample([target], 4, 1, Sampler())
    expected = np.logaddexp(z_1, z_2 + np.log(3)) + np.log(ndtr(-1))
    assert abs(answer.log_evidence - expected) < 4 * answer.error < 0.3
    right = np.mean(answer.equal(4000)[:, 0] > 0)
    assert abs(right - 0.25) < 4 * np.sqrt(0.25 * 0.75 / answer.effective)


def test_curved_ridge_has_the_evidence_of_quadrature():
    def target(z):
        return -0.5 * ((z[:, 1] - z[:, 0] ** 2) / 0.02) ** 2

    grid = np.linspace(-6, 6, 4001)
    x, y = grid[:, None], np.linspace(-1, 30, 60_001)[None]
    rows = [
        np.exp(-0.5 * ((y - u**2) / 0.02) ** 2 - 0.5 * u**2 - 0.5 * y**2).sum() for u in x[::8, 0]
    ]
    integral = np.sum(rows) * (grid[8] - grid[0]) * (y[0, 1] - y[0, 0]) / (2 * np.pi)
    answer = sample([target], 2, 0, Sampler())
    assert abs(answer.log_evidence - np.log(integral)) < 4 * answer.error < 0.3


def test_a_cheaper_stage_leads_there_and_changes_nothing():
    cheap, _, _, _ = normal_target([1.0, 0.5], [0.1, 0.1])
    target, evidence, _, _ = normal_target([1.05, 0.52], [0.003, 0.003])
    answer = sample([cheap, target], 2, 0, Sampler())
    assert abs(answer.log_evidence - evidence) < 4 * answer.error < 0.2


@pytest.mark.parametrize(("shift", "moves"), [(0.02, False), (0.4, True)])
@pytest.mark.slow
def test_a_target_beside_another(shift, moves):
    """Likelihoods of sd 0.1 about means that lie `shift` apart in each of three coordinates, and an
    extra coordinate that only the target's knows: the evidence, without bias over 20 seeds, and
    the moments."""
    near_target, *_ = normal_target([0.5, -0.5, 0.0], [0.1, 0.1, 0.1])
    moved = [0.5 + shift, -0.5 + shift, shift, 1.0]
    target, evidence, mean, sd = normal_target(moved, [0.1, 0.1, 0.1, 0.5])
    near = sample([near_target], 3, 0, Sampler())
    answers = [
        sample_beside(
            near,
            near_target,
            lambda z: target(z) - near_target(z[:, :3]),
            1,
            seed,
            Reach(draws=256, wanted=200, most=2560),
        )
        for seed in range(20)
    ]
    assert all((a.likelihoods > 1000) == moves for a in answers)
    assert all(a.likelihoods <= 2560 and a.effective > 100 for a in answers)
    miss = np.exp([a.log_evidence - evidence for a in answers]) - 1
    stated = np.sqrt(np.mean([a.error**2 for a in answers]))
    assert abs(miss.mean()) < 4 * miss.std() / np.sqrt(20) + 3 * near.error
    # The stated error does not know that the numbers of draws of either proposal are fixed.
    assert 0.2 * stated < np.sqrt(np.mean(miss**2)) < 1.5 * stated
    draws = np.concatenate([a.equal(500) for a in answers])
    np.testing.assert_allclose((draws.mean(0) - mean) / sd, 0, atol=0.15)
    np.testing.assert_allclose(draws.std(0) / sd, 1, atol=0.1)


@pytest.mark.parametrize("shift", [0.02, 0.4, 1.0])
@pytest.mark.slow
def test_a_hopeless_target_beside_another_ends_early(shift):
    """Likelihoods of sd 0.1 about means that lie up to ten of them apart in three coordinates: a
    target whose evidence matters is never given up, and has the evidence that it has where none is;
    one that is exp(-100) times as likely is, for less work and without an evidence that matters."""
    near_target, *_ = normal_target([0.5, -0.5, 0.0], [0.1, 0.1, 0.1])
    target, evidence, *_ = normal_target([0.5 + shift, shift - 0.5, shift], [0.1, 0.1, 0.1])
    near = sample([near_target], 3, 0, Sampler())

    def beside(level, seed, matters):
        return sample_beside(
            near,
            near_target,
            lambda z: level + target(z) - near_target(z),
            0,
            seed,
            Reach(256, 200, 2560, matters),
        )

    matters = evidence - np.log(1e4)
    for seed in range(4):
        alive = beside(0.0, seed, matters)
        assert not alive.hopeless
        assert alive.log_evidence == beside(0.0, seed, -np.inf).log_evidence
        given_up = beside(-100.0, seed, matters)
        assert given_up.hopeless
        assert given_up.log_evidence < matters - 10
        assert given_up.likelihoods <= alive.likelihoods


def test_impossible_regions_are_allowed():
    target, evidence, _, _ = normal_target([0.5, 0.5], [0.1, 0.1])

    def partly(z):
        return np.where(z[:, 0] > -1, target(z), np.nan)

    answer = sample([partly], 2, 0, Sampler())
    assert abs(answer.log_evidence - evidence) < 4 * answer.error < 0.2


def test_a_mixture_of_draws_that_are_all_the_same():
    """As of a search that collapsed: the components that nothing parts are left out."""
    z = np.tile([0.3, -1.0], (100, 1))
    mixture = Mixture.fit(z, np.full(100, 0.01), np.random.default_rng(0))
    np.testing.assert_allclose(mixture.means, z[: len(mixture.means)])
    assert np.isfinite(mixture.log_density(z)).all()


def test_mixture_density_is_normalised_and_is_that_of_its_draws():
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(5, 0.3, (500, 2))])
    mixture = Mixture.fit(z, np.full(1000, 1e-3), rng)
    draws = mixture.draw(rng, 40_000)
    other = Mixture(np.ones(1), np.full((1, 2), 2.5), 4 * np.eye(2)[None], 3.0)
    ratio = np.exp(other.log_density(draws) - mixture.log_density(draws))
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(len(ratio))
    assert mixture.log_density(z).mean() > -3.2


@pytest.mark.parametrize("seed", [0, 1])
def test_answers_are_reproducible(seed):
    target, *_ = normal_target([0.5, 0.5], [0.1, 0.1])
    a, b = (sample([target], 2, seed, Sampler(draws=256, final=512)) for _ in range(2))
    assert a.log_evidence == b.log_evidence
