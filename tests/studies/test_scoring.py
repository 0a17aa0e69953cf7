"""Scores and their standard errors against resampling, quadrature and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from activenoise.studies.scoring import (
    accuracy,
    class_mean,
    divergence,
    excess,
    excess_spread,
    exchange,
    log_loss,
    losses,
    mean_exponential,
    mean_probability,
    noise_excess,
    probability,
    reliability,
    rmse,
    rmse_ratio,
    surprise,
)

SHIFT = 1.3  # two unit normals this far apart: LLR = SHIFT (z - SHIFT/2)


@pytest.fixture(scope="module")
def gaussian():
    """Exact log likelihood ratios of two normal classes, an imperfect classifier, and labels; the
    classes differ in number."""
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], [3000, 2000])
    z = rng.normal(size=5000) + SHIFT * labels
    llr = SHIFT * (z - SHIFT / 2)
    worse = 1.4 * llr + 0.3 * rng.normal(size=5000)
    return llr, worse, labels


def resampled(statistic, *arrays, strata=None, n=1000):
    """Standard deviation of a statistic over bootstrap samples, within strata."""
    rng = np.random.default_rng(2)
    groups = (
        [np.arange(len(arrays[0]))]
        if strata is None
        else [np.flatnonzero(strata == c) for c in np.unique(strata)]
    )
    values = []
    for _ in range(n):
        chosen = np.concatenate([rng.choice(g, len(g)) for g in groups])
        values.append(statistic(*(a[chosen] for a in arrays)))
    return np.std(values)


def test_log_loss_is_the_expected_one(gaussian):
    llr, _, labels = gaussian

    def integrand(z):
        return norm.pdf(z) * np.logaddexp(0, SHIFT * (z - SHIFT / 2))

    exact, _ = quad(integrand, -12, 12)
    loss = log_loss(llr, labels)
    assert abs(loss.value - exact) < 3 * loss.standard_error
    for label in (0, 1):
        called = accuracy(llr, labels, label)
        assert abs(called.value - norm.cdf(SHIFT / 2)) < 3 * called.standard_error
    # With exact odds, p averages to P(class 1) over both classes.
    p = [mean_probability(llr, labels, label) for label in (0, 1)]
    error = np.hypot(p[0].standard_error, p[1].standard_error)
    assert abs(p[0].value + p[1].value - 1) < 3 * error


@pytest.mark.slow
def test_standard_errors_are_those_of_resampling(gaussian):
    llr, worse, labels = gaussian
    cases = [
        (lambda x, y: log_loss(x, y), (llr, labels)),
        (lambda x, o, y: excess(x, o, y), (worse, llr, labels)),
        (lambda x, y: mean_exponential(x, y), (0.3 * llr, labels)),
        (lambda x, y: accuracy(x, y, 1), (llr, labels)),
        (lambda x, y: mean_probability(x, y, 0), (llr, labels)),
    ]
    for score, arrays in cases:
        spread = resampled(lambda *a, score=score: score(*a).value, *arrays, strata=labels)
        assert score(*arrays).standard_error == pytest.approx(spread, rel=0.1)


def test_standard_errors_of_rmse_are_those_of_resampling():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=2000)
    reference = truth + rng.standard_t(8, size=2000)
    estimates = reference + 0.3 * rng.normal(size=2000)
    single = rmse(estimates, truth)
    assert single.value == pytest.approx(np.sqrt(8 / 6 + 0.09), abs=4 * single.standard_error)
    spread = resampled(lambda e, t: rmse(e, t).value, estimates, truth)
    assert single.standard_error == pytest.approx(spread, rel=0.1)
    paired = rmse_ratio(estimates, reference, truth)
    assert paired.value == pytest.approx(single.value / rmse(reference, truth).value)
    spread = resampled(lambda e, r, t: rmse_ratio(e, r, t).value, estimates, reference, truth)
    assert paired.standard_error == pytest.approx(spread, rel=0.1)
    assert paired.standard_error < 0.5 * single.standard_error  # pairing pays


def test_excess_is_the_difference_and_its_error_that_of_pairs(gaussian):
    llr, worse, labels = gaussian
    paired = excess(worse, llr, labels)
    difference = log_loss(worse, labels).value - log_loss(llr, labels).value
    assert paired.value == pytest.approx(difference)
    assert 0 < paired.standard_error < 0.5 * log_loss(llr, labels).standard_error
    same = excess(llr, llr, labels)
    assert (same.value, same.standard_error) == (0, 0)


def test_classes_weigh_the_same(gaussian):
    _, _, labels = gaussian
    assert class_mean(labels.astype(float), labels).value == 0.5


def test_reliability_of_calibrated_and_overconfident_answers():
    rng = np.random.default_rng(4)
    logits = 2 * rng.normal(size=40_000)
    labels = (rng.uniform(size=40_000) < probability(logits)).astype(int)
    curve = reliability(logits, labels)
    assert curve.count.sum() == 40_000
    z = (curve.observed - curve.predicted) / curve.standard_error
    assert np.all(np.abs(z) < 4)
    assert np.sum(z**2) < 30  # of 10 bins
    assert np.all(np.diff(curve.predicted) > 0)
    sure = reliability(3 * logits, labels)
    assert np.any(np.abs(sure.observed - sure.predicted) > 10 * sure.standard_error)


def test_empty_bins_are_left_out():
    curve = reliability(np.array([-9.0, 9.0, 800.0]), np.array([0, 1, 1]))
    np.testing.assert_array_equal(curve.count, [1, 2])
    np.testing.assert_array_equal(curve.observed, [0, 1])


def test_exact_ratios_average_to_one(gaussian):
    llr, _, labels = gaussian
    mean = mean_exponential(llr, labels)
    assert abs(mean.value - 1) < 3 * mean.standard_error


def test_extreme_logits_do_not_overflow():
    logits = np.array([-800.0, 0.0, 800.0])
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_array_equal(probability(logits), [0, 0.5, 1])
        found = losses(logits, np.array([1, 1, 1]))
    np.testing.assert_allclose(found, [800, np.log(2), 0])


def test_durations_are_scored_apart(gaussian):
    llr, worse, labels = gaussian
    both = np.column_stack([llr, worse])
    together = log_loss(both, labels)
    for i, logits in enumerate((llr, worse)):
        alone = log_loss(logits, labels)
        assert together.value[i] == pytest.approx(alone.value)
        assert together.standard_error[i] == pytest.approx(alone.standard_error)
        for label in (0, 1):
            expected = accuracy(logits, labels, label).value
            assert accuracy(both, labels, label).value[i] == expected


def test_divergence_is_the_excess_with_less_noise(gaussian):
    llr, worse, labels = gaussian
    expected, noisy = divergence(worse, llr, labels), excess(worse, llr, labels)
    # llr is exact, so both estimate one number; classes of one size make the labels' average exact.
    error = np.hypot(expected.standard_error, noisy.standard_error)
    assert abs(expected.value - noisy.value) < 3 * error
    assert expected.standard_error < 0.5 * noisy.standard_error
    assert divergence(llr, llr, labels).value == 0
    assert divergence(llr + 1e-3, llr, labels).value > 0


def test_noise_costs_half_its_variance_times_the_curvature(gaussian):
    llr, _, labels = gaussian
    variance = np.full_like(llr, 0.2)
    noise = np.sqrt(variance) * np.random.default_rng(7).normal(size=(400, len(llr)))
    added = class_mean((losses(llr[:, None] + noise.T, labels).mean(axis=1)), labels).value
    found = noise_excess(llr, variance, labels)
    assert added - log_loss(llr, labels).value == pytest.approx(found.value, rel=0.1)
    assert 0 < found.standard_error < 0.02 * found.value


def test_answers_may_be_exchanged_between_classes(gaussian):
    llr, _, labels = gaussian
    exact = exchange(llr, labels)
    assert abs(exact.value) < 3 * exact.standard_error
    shifted = exchange(llr + 0.3, labels)
    assert abs(shifted.value) > 10 * shifted.standard_error


def test_scores_of_several_seeds_are_their_mean(gaussian):
    llr, worse, labels = gaussian
    rng = np.random.default_rng(6)
    seeds = np.stack([worse + 0.3 * rng.normal(size=len(worse)) for _ in range(3)], axis=1)
    stacked = seeds[:, None, :]  # one duration
    together = excess(stacked, llr[:, None], labels)
    apart = [excess(seeds[:, k], llr, labels) for k in range(3)]
    assert together.value[0] == pytest.approx(np.mean([a.value for a in apart]))
    # The seeds' noise is independent, what they share is not: between one seed's and a third of it.
    ratio = together.standard_error[0] / np.mean([a.standard_error for a in apart])
    assert 3**-0.5 < ratio < 1
    spread = excess_spread(stacked, labels)
    assert spread[0] == pytest.approx(np.std([a.value for a in apart], ddof=1))
    assert np.isnan(excess_spread(stacked[..., :1], labels)[0])
    for label in (0, 1):
        right = [accuracy(seeds[:, k], labels, label).value for k in range(3)]
        assert accuracy(stacked, labels, label).value[0] == pytest.approx(np.mean(right))


def test_a_wrong_ratio_of_one_track_is_too_surprising():
    """Of an exact ratio a surprise below p is rarer than p, as near as two normals can come to the
    bound: far apart, so that their ratio has a heavy tail. One track of 5 000 that is wrong by 20
    nats, which adds 0.004 to the log-loss, is found; one that is right by as much more is not."""
    rng = np.random.default_rng(4)
    shift, labels = 4.0, np.tile([0, 1], 50)
    z = rng.normal(size=(100, 4000)) + shift * labels[:, None]
    found = surprise(shift * (z - shift / 2), labels)
    for p in (0.9, 0.3, 0.1):
        rate = np.mean(found < p)
        assert rate <= p + 3 * np.sqrt(p / len(found))
        assert rate > 0.05 * p
    labels = np.repeat([0, 1], 2500)
    llr = SHIFT * (rng.normal(size=5000) + SHIFT * labels - SHIFT / 2)
    wrong = np.column_stack([llr, llr, llr])
    wrong[0, 1] += 20.0
    wrong[0, 2] -= 20.0
    exact, worse, better = surprise(wrong, labels)
    assert exact == better > 0.01
    assert worse < 1e-3
    assert np.diff(log_loss(wrong[:, :2], labels).value)[0] < 0.005
