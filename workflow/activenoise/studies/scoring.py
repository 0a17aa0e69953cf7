"""How good a classifier or an estimator is, with standard errors.

A classifier answers with a logit, its log odds for class 1 at equal priors; the exact optimum's
logit is the log likelihood ratio. The log-loss is the mean of -log P(true class), in nats, over as
many tracks of either class; ln 2 is chance.

Logits have the shape (n_tracks, n_durations), or (n_tracks, n_durations, n_seeds) for a network
trained from several seeds: a score is then the mean over the seeds, and its standard error that of
the finite number of tracks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

Labels = NDArray[np.integer]


class Estimate(NamedTuple):
    """A mean and its standard error, arrays of one shape."""

    value: FloatArray
    standard_error: FloatArray


def probability(logits: FloatArray | float) -> FloatArray:
    """P(class 1) of log odds, without overflow."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(logits)))


def losses(logits: FloatArray, labels: Labels) -> FloatArray:
    """-log P(true class) of every track, nats; logits (n_tracks, ...), labels (n_tracks,)."""
    sign = np.where(labels == 1, -1.0, 1.0).reshape(-1, *(1,) * (np.ndim(logits) - 1))
    return np.logaddexp(0.0, sign * logits)


def _over_seeds(values: FloatArray) -> FloatArray:
    """(n_tracks, n_durations): the mean over seeds, where there are several."""
    return values.mean(axis=2) if np.ndim(values) == 3 else values


def class_mean(values: FloatArray, labels: Labels) -> Estimate:
    """Mean of the two class means, (...), of values (n_tracks, ...); the standard error is that of
    a stratified sample."""
    groups = [values[labels == c] for c in (0, 1)]
    mean = 0.5 * sum(np.mean(g, axis=0) for g in groups)
    variance = 0.25 * sum(np.var(g, axis=0, ddof=1) / len(g) for g in groups)
    return Estimate(mean, np.sqrt(variance))


def log_loss(logits: FloatArray, labels: Labels) -> Estimate:
    """Log-loss and its standard error, nats, (n_durations,)."""
    return class_mean(_over_seeds(losses(logits, labels)), labels)


def excess(logits: FloatArray, optimum: FloatArray, labels: Labels) -> Estimate:
    """Log-loss above the optimum's (n_tracks, n_durations) on the same tracks, with the standard
    error of the paired difference, nats."""
    return class_mean(_over_seeds(losses(logits, labels)) - losses(optimum, labels), labels)


def divergence(logits: FloatArray, reference: FloatArray, labels: Labels) -> Estimate:
    """What the log-loss of `logits` is above that of `reference` if the reference is right, nats:
    the relative entropy of its answers to these. The labels, which make most of the noise of
    `excess`, are averaged over exactly."""
    p = probability(reference)
    per_track = (1 - p) * (np.logaddexp(0.0, logits) - np.logaddexp(0.0, reference))
    per_track += p * (np.logaddexp(0.0, -logits) - np.logaddexp(0.0, -reference))
    return class_mean(per_track, labels)


def noise_excess(logits: FloatArray, variance: FloatArray, labels: Labels) -> Estimate:
    """What unbiased noise of this variance in exact log odds adds to the log-loss, nats,
    (n_durations,): E[p (1 - p)] variance / 2 to second order, since p (1 - p) is the curvature of
    the expected loss. logits, variance (n_tracks, n_durations)."""
    p = probability(logits)
    return class_mean(0.5 * p * (1 - p) * variance, labels)


def excess_spread(logits: FloatArray, labels: Labels) -> FloatArray:
    """Standard deviation over the seeds of the log-loss, and so of the excess, nats,
    (n_durations,); nan for one seed."""
    if logits.ndim < 3 or logits.shape[2] < 2:
        return np.full(logits.shape[1], np.nan)
    return np.std(class_mean(losses(logits, labels), labels).value, axis=-1, ddof=1)


def accuracy(logits: FloatArray, labels: Labels, label: int) -> Estimate:
    """Fraction of the tracks of class `label` that are called right at P = 1/2, (n_durations,)."""
    right = _over_seeds(np.asarray((logits[labels == label] > 0) == bool(label), np.float64))
    return Estimate(np.mean(right, axis=0), np.std(right, axis=0) / np.sqrt(len(right)))


def mean_probability(logits: FloatArray, labels: Labels, label: int) -> Estimate:
    """Mean P(class 1) over the tracks of class `label`, (n_durations,)."""
    p = _over_seeds(probability(logits[labels == label]))
    return Estimate(np.mean(p, axis=0), np.std(p, axis=0, ddof=1) / np.sqrt(len(p)))


class Reliability(NamedTuple):
    """A calibration curve: arrays (n_bins,) for the bins that hold tracks.

    predicted: mean P(class 1) in the bin; observed: fraction of class 1, with its standard error;
    count: tracks in the bin.
    """

    predicted: FloatArray
    observed: FloatArray
    standard_error: FloatArray
    count: NDArray[np.int64]  # type: ignore[assignment]  # hides tuple.count


def reliability(logits: FloatArray, labels: Labels, n_bins: int = 10) -> Reliability:
    """Calibration of P(class 1) in equal bins of P; logits and labels (n_tracks,)."""
    p = probability(logits)
    which = np.minimum((p * n_bins).astype(int), n_bins - 1)
    count = np.bincount(which, minlength=n_bins)
    held = count > 0
    n = count[held]
    predicted = np.bincount(which, p, n_bins)[held] / n
    observed = np.bincount(which, labels, n_bins)[held] / n
    error = np.sqrt(np.bincount(which, p * (1 - p), n_bins)[held]) / n
    return Reliability(predicted, observed, error, n)


def mean_exponential(llr: FloatArray, labels: Labels) -> Estimate:
    """E[exp(LLR)] over the tracks of class 0, which is 1 for an exact likelihood ratio."""
    values = np.exp(llr[labels == 0])
    return Estimate(np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(len(values)))


def surprise(llr: FloatArray, labels: Labels) -> FloatArray:
    """The largest probability with which any track can have so large a loss as the worst one here
    has, if the likelihood ratio is exact, (n_durations,).

    E[exp(LLR)] over class 0 and E[exp(-LLR)] over class 1 are at most 1, so by Markov's inequality
    P(loss > x) <= 1/(e^x - 1), and of n tracks n times as much."""
    worst = np.max(losses(llr, labels), axis=0)
    with np.errstate(over="ignore"):
        return np.minimum(1.0, len(llr) / np.expm1(worst))


def needed(durations: FloatArray, values: FloatArray, level: float) -> float:
    """The duration from which on `values` (rising, but for noise) stay at `level` or above, linear
    in the logarithm of the duration between the two around it; nan where they never do."""
    below = np.flatnonzero(values < level)
    i = int(below[-1]) if below.size else -1
    if i < 0:
        return float(durations[0])
    if i == len(values) - 1:
        return float("nan")
    share = (level - values[i]) / (values[i + 1] - values[i])
    return float(durations[i] * (durations[i + 1] / durations[i]) ** share)


def exchange(llr: FloatArray, labels: Labels) -> Estimate:
    """Mean P(1) over the tracks of class 0 less mean P(0) over those of class 1, which is 0 for an
    exact likelihood ratio: both are the integral of p0 p1/(p0 + p1). Unlike E[exp(LLR)] it has no
    heavy tail."""
    first, second = (
        mean_probability(sign * llr, labels, label) for sign, label in ((1, 0), (-1, 1))
    )
    error = np.hypot(first.standard_error, second.standard_error)
    return Estimate(first.value - second.value, error)


def rmse(estimates: FloatArray, truth: FloatArray) -> Estimate:
    """Root mean square error over tracks (axis 0) and its standard error (delta method)."""
    squares = (estimates - truth) ** 2
    value = np.sqrt(np.mean(squares, axis=0))
    error = np.std(squares, axis=0, ddof=1) / np.sqrt(len(squares)) / (2 * value)
    return Estimate(value, error)


def rmse_ratio(estimates: FloatArray, reference: FloatArray, truth: FloatArray) -> Estimate:
    """RMSE of `estimates` over that of `reference` on the same tracks, with the standard error of
    the paired ratio (delta method)."""
    a, b = (estimates - truth) ** 2, (reference - truth) ** 2
    value = np.sqrt(np.mean(a, axis=0) / np.mean(b, axis=0))
    influence = 0.5 * value * (a / np.mean(a, axis=0) - b / np.mean(b, axis=0))
    return Estimate(value, np.std(influence, axis=0, ddof=1) / np.sqrt(len(a)))
