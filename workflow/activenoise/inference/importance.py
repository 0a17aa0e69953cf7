"""Adaptive importance sampling: evidence and draws where the prior is a standard normal.

Draws from a proposal q have weights w = prior x likelihood / q: their mean is the evidence, without
bias whatever q is, and its error is known from their spread. q starts as the prior. While the
effective number of draws is small, the weights are tempered, w^beta with the largest beta that
keeps a part of the draws effective, and q becomes a mixture of Student t's fitted to the tempered
draws (population Monte Carlo, Cappe et al., Stat. Comput. 18, 447, 2008): a bridge from prior to
posterior in which separate modes shrink together. The last draws, from the last q alone, give the
result: draws that q was fitted to would make it too sure of itself (an evidence 3 to 15 % low where
they were reused). Many likelihoods are wanted at a time, which is what the filter is fast at, and
none of it needs gradients; nested samplers of the usual libraries take several times as many.

A target whose likelihood is dear and near to that of one which has been sampled starts from that
one's draws instead (`sample_beside`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from activenoise.arrays import FloatArray
from activenoise.inference.mixture import Mixture

LogLikelihood = Callable[[FloatArray], FloatArray]
_KEPT = 0.25  # of the draws that a fit is made to, where no sampler says so
_MOST_MOVED = 4  # extra coordinates that a fit takes in
_SHARE = 0.2  # of the final draws beside a near posterior that come from it, not from the mixture
_FIRST, _LEAST = 1.3, 32  # times the wanted draws are tried first of a near posterior, or so many
_LOOK = 16  # draws of a near posterior that tell a hopeless target
_SLACK = 10.0  # nats by which the evidence of a hopeless target may be too low: what few draws miss
_UNTOLD = 2  # estimates of the evidence that say nothing of how it rises
_NEAR = 0.3  # the power of the weights beyond which the adaptation is near its end
_POOLED = 8  # rounds near the end that a fit is made to, beside the last
_TRUSTED = 0.7  # Pareto shapes below
_FEW = 20.0  # effective draws, below which the result is tried for _STUBBORN times as often
_STUBBORN = 3


@dataclass(frozen=True)
class Sampler:
    """Settings. draws: a round of adaptation. kept: the part of them that tempering keeps alive.
    enough: the part that must be effective, untempered, to end the adaptation; patience: or so many
    rounds near the end without a better proposal, of which the best is taken. wanted: effective
    draws in the result. final: draws a batch of it. batches, rounds: at most so many. attempts: how
    often the proposal is fitted anew to the result's own draws where those do not suffice."""

    draws: int = 1024
    kept: float = 0.25
    enough: float = 0.12
    patience: int = 3
    wanted: float = 500.0
    final: int = 2048
    batches: int = 3
    attempts: int = 3
    rounds: int = 60


class Sample(NamedTuple):
    """Weighted draws of a posterior, and the evidence that their weights give.

    log_evidence and its standard error, nats. draws (n, d) with log weights (n,), normalised.
    effective: their effective number. pareto_k: shape of the tail of the weights, below 0.7 if
    the error can be trusted (Vehtari et al., arXiv 1507.02646). likelihoods: how many were taken.
    hopeless: the evidence is so low that no more draws could make it matter (`Reach`); it is then
    an estimate by few draws.
    """

    log_evidence: float
    error: float
    draws: FloatArray
    log_weights: FloatArray
    effective: float
    pareto_k: float
    likelihoods: int
    hopeless: bool = False

    def equal(self, count: int, seed: int = 0) -> FloatArray:
        """Draws of equal weight, (count, d), by systematic resampling."""
        u = (np.random.default_rng(seed).random() + np.arange(count)) / count
        cumulative = np.cumsum(np.exp(self.log_weights))
        return self.draws[np.searchsorted(cumulative / cumulative[-1], u)]


def sample(
    stages: Sequence[LogLikelihood],
    n_dims: int,
    seed: int,
    sampler: Sampler,
    start: Mixture | None = None,
) -> Sample:
    """Evidence of the last of `stages` and draws from its posterior.

    stages: log likelihoods of coordinates (m, n_dims), each (m,), whose prior is a standard
    normal; those before the last are cheaper ones, such as of a part of the data, that lead there.
    start: the first proposal, the prior without it.
    """
    rng = np.random.default_rng(seed)
    proposal = start or Mixture.prior(n_dims)
    taken = 0
    for stage in stages:
        rounds: list[tuple[FloatArray, FloatArray, Mixture]] = []
        best, best_share, waited = proposal, 0.0, 0
        for _ in range(sampler.rounds):
            z = proposal.draw(rng, sampler.draws)
            target = _finite(stage(z)) + _log_normal(z)
            taken += len(z)
            log_w = target - proposal.log_density(z)
            share = _effective(log_w) / len(z)
            beta = _temper(log_w, sampler.kept)
            waited += beta > _NEAR
            if share > best_share:
                best, best_share, waited = proposal, share, 0
            if share >= sampler.enough or waited > sampler.patience:
                break
            # Near the end rounds are pooled, each draw weighted against all their proposals.
            earlier = rounds[-_POOLED:] if beta > _NEAR else []
            rounds = [*earlier, (z, target, proposal)]
            z = np.concatenate([r[0] for r in rounds])
            target = np.concatenate([r[1] for r in rounds])
            mixed = _mixed([r[2].log_density(z) for r in rounds], [len(r[0]) for r in rounds])
            proposal = Mixture.fit(z, _tempered(target - mixed, sampler.kept), rng)
        proposal = best
    for attempt in range(1, sampler.attempts * _STUBBORN + 1):
        z, log_w = np.empty((0, n_dims)), np.empty(0)
        for _ in range(sampler.batches):
            more = proposal.draw(rng, sampler.final)
            target = _finite(stages[-1](more)) + _log_normal(more)
            z = np.concatenate([z, more])
            log_w = np.concatenate([log_w, target - proposal.log_density(more)])
            taken += len(more)
            if _effective(log_w) >= sampler.wanted:
                break
        enough = attempt >= sampler.attempts and _effective(log_w) >= min(_FEW, sampler.wanted)
        if enough or _suffices(log_w, sampler.wanted):
            break
        proposal = Mixture.fit(z, _tempered(log_w, sampler.kept), rng)
    return _sample_of(z, log_w, taken)


@dataclass(frozen=True)
class Reach:
    """How far `sample_beside` goes. draws: a round. wanted: effective draws in the result. most:
    likelihoods in all. matters: the log evidence (nats) below which a target does not matter."""

    draws: int
    wanted: float
    most: int
    matters: float = -np.inf


def sample_beside(
    near: Sample,
    near_log_likelihood: LogLikelihood,
    log_ratio: LogLikelihood,
    n_extra: int,
    seed: int,
    reach: Reach,
) -> Sample:
    """Evidence and draws of a target by way of a near one of the same prior, which is `near`.

    log_ratio: the target's log likelihood over the near one's, the dear part, (m,), at coordinates
    (m, d + n_extra): those of the near target, and standard normals that its likelihood ignores.

    The proposal is the near posterior, whose density its evidence makes known. A few of its draws
    tell how many are needed. If those are too many, mixtures are fitted to all draws so far, round
    by round, each draw weighted against all their proposals; fresh draws then give the result,
    _SHARE of them from the near posterior and the rest from the last mixture, in which extra
    coordinates beyond _MOST_MOVED stay standard normals. The error is that of both evidences.

    It ends early where the target is hopeless: where its log evidence would stay below
    `reach.matters`, by _SLACK, even if it rose in every round that is left as it did in the last.
    """
    source = _Source(near, near_log_likelihood, log_ratio, n_extra, seed, reach.most)
    moved = near.draws.shape[1] + (n_extra if n_extra <= _MOST_MOVED else 0)
    pool, suffices, hopeless = _near_alone(source, reach)
    log_w = pool.target - pool.log_near
    if suffices or hopeless:
        return _sample_of(pool.z, log_w, source.spent, near.error, hopeless)

    proposals: list[Mixture] = []
    n_near = len(pool.z)
    reached = [_log_mean(log_w)]
    while True:
        kept = _KEPT * reach.draws / len(pool.z)
        proposals.append(Mixture.fit(pool.z[:, :moved], _tempered(log_w, kept), source.rng))
        if _effective(log_w) >= reach.wanted or source.spent >= 0.6 * reach.most:
            break
        pool = pool.joined(source.drawn((0, reach.draws), proposals[-1]))
        log_w = pool.target - pool.mixed(proposals, [n_near, *[reach.draws] * len(proposals)])
        reached.append(_log_mean(log_w))
        if _is_hopeless(reached, (reach.most - source.spent) / reach.draws, reach):
            return _sample_of(pool.z, log_w, source.spent, near.error, hopeless=True)
    from_near = int(_SHARE * reach.draws)
    counts = (from_near, reach.draws - from_near)
    fresh = source.drawn(counts, proposals[-1])
    while True:
        log_w = fresh.target - fresh.mixed(proposals[-1:], counts)
        if _suffices(log_w, reach.wanted) or source.spent + reach.draws > reach.most:
            hopeless = _log_mean(log_w) + _SLACK < reach.matters
            return _sample_of(fresh.z, log_w, source.spent, near.error, hopeless)
        fresh = fresh.joined(source.drawn(counts, proposals[-1]))


def _near_alone(source: _Source, reach: Reach) -> tuple[_Weighed, bool, bool]:
    """Draws of the near posterior, whether they suffice, and whether the target is hopeless: as
    many as are needed, or reach.draws of them where those would be too many; few where it is
    hopeless.

    If the logarithms of the weights are normal, that of their mean is their mean plus half their
    variance. The whole variance is added, for that of a few draws is uncertain.
    """
    first = min(max(int(_FIRST * reach.wanted), _LEAST), reach.draws)
    pool = source.drawn((min(_LOOK, first), 0))
    log_w = pool.target - pool.log_near
    if np.isfinite(log_w).all() and log_w.mean() + log_w.var() + _SLACK < reach.matters:
        return pool, False, True
    if first > _LOOK:
        pool = pool.joined(source.drawn((first - _LOOK, 0)))
    for most in (reach.draws, int(0.6 * reach.most)):
        log_w = pool.target - pool.log_near
        if _suffices(log_w, reach.wanted):
            break
        needed = int(_FIRST * reach.wanted / max(_effective(log_w), 1.0) * len(pool.z))
        more = (needed if needed <= most else reach.draws) - len(pool.z)
        if more > 0:
            pool = pool.joined(source.drawn((more, 0)))
    return pool, _suffices(pool.target - pool.log_near, reach.wanted), False


def _is_hopeless(reached: Sequence[float], left: float, reach: Reach) -> bool:
    """Whether a log evidence, `reached` after each round, would stay below reach.matters if it rose
    in each of the `left` rounds as it did in the last; the first fit of a mixture, to few effective
    draws, says nothing of that."""
    if len(reached) <= _UNTOLD:
        return False
    rise = max(reached[-1] - reached[-2], 0.0)
    return reached[-1] + left * rise + _SLACK < reach.matters


class _Source:
    """Draws of `sample_beside`, weighed: `spent` so far. most: the draws that may be asked for."""

    def __init__(
        self,
        near: Sample,
        near_log_likelihood: LogLikelihood,
        log_ratio: LogLikelihood,
        n_extra: int,
        seed: int,
        most: int,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.spent = 0
        self._near_log_likelihood, self._log_ratio = near_log_likelihood, log_ratio
        self._log_evidence, self._d = near.log_evidence, near.draws.shape[1]
        self._n = self._d + n_extra
        self._stock = self.rng.permutation(near.equal(most, seed))
        self._used = 0

    def drawn(self, counts: tuple[int, int], mixture: Mixture | None = None) -> _Weighed:
        """So many draws of the near posterior, and so many of the mixture, or of a normal."""
        of_near, of_mixture = counts
        z = self.rng.standard_normal((of_near + of_mixture, self._n))
        z[:of_near, : self._d] = self._stock[self._used : self._used + of_near]
        if mixture is not None:
            z[of_near:, : mixture.means.shape[1]] = mixture.draw(self.rng, of_mixture)
        self._used, self.spent = self._used + of_near, self.spent + len(z)
        level = _finite(self._near_log_likelihood(z[:, : self._d])) + _log_normal(z)
        target = level + _finite(self._log_ratio(z))
        return _Weighed(z, target, level - self._log_evidence)


class _Weighed(NamedTuple):
    """Draws (n, d) with the log of the target and of the near posterior's density, (n,) each."""

    z: FloatArray
    target: FloatArray
    log_near: FloatArray

    def joined(self, other: _Weighed) -> _Weighed:
        return _Weighed(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def mixed(self, proposals: Sequence[Mixture], counts: Sequence[int]) -> FloatArray:
        """Log density of the mixture of the near posterior and of `proposals`, of which such parts
        were drawn. The mixtures leave the last coordinates standard normals."""
        moved = proposals[0].means.shape[1]
        left = _log_normal(self.z[:, moved:])
        densities = [q.log_density(self.z[:, :moved]) + left for q in proposals]
        return _mixed([self.log_near, *densities], counts)


def _log_normal(z: FloatArray) -> FloatArray:
    return -0.5 * np.sum(z**2, axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi)


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), -np.inf, values)


def _effective(log_w: FloatArray) -> float:
    """(sum w)^2 / sum w^2."""
    highest = log_w.max()
    if not np.isfinite(highest):
        return 0.0
    w = np.exp(log_w - highest)
    return float(w.sum() ** 2 / np.sum(w**2))


def _suffices(log_w: FloatArray, wanted: float) -> bool:
    """Whether so many draws are effective, and the tail of the weights can be trusted."""
    return _effective(log_w) >= wanted and _pareto_k(log_w) < _TRUSTED


def _mixed(log_densities: Sequence[FloatArray], counts: Sequence[int]) -> FloatArray:
    """Log density of the mixture of several proposals, of which so many draws each were taken."""
    weights = np.asarray(counts, float)[:, None] / np.sum(counts)
    return np.asarray(logsumexp(log_densities, axis=0, b=weights))


def _sample_of(
    z: FloatArray,
    log_w: FloatArray,
    likelihoods: int,
    more_error: float = 0.0,
    hopeless: bool = False,
) -> Sample:
    """The sample of draws z with log weights log_w, whose normalisation has an error of its own."""
    log_evidence = _log_mean(log_w)
    relative = np.exp(log_w - log_evidence)
    return Sample(
        log_evidence=log_evidence,
        error=float(np.hypot(relative.std() / np.sqrt(len(relative)), more_error)),
        draws=z,
        log_weights=log_w - logsumexp(log_w),
        effective=_effective(log_w),
        pareto_k=_pareto_k(log_w),
        likelihoods=likelihoods,
        hopeless=hopeless,
    )


def _log_mean(log_w: FloatArray) -> float:
    """log of the mean of the weights."""
    return float(logsumexp(log_w) - np.log(len(log_w)))


def _tempered(log_w: FloatArray, share: float) -> FloatArray:
    """Normalised weights to the power that keeps `share` of the draws effective."""
    log_w = _temper(log_w, share) * log_w
    return np.exp(log_w - logsumexp(log_w))


def _temper(log_w: FloatArray, share: float) -> float:
    """The largest power of the weights, up to 1, that keeps `share` of the draws effective."""
    if _effective(log_w) >= share * len(log_w):
        return 1.0
    low, high = -30.0, 0.0  # of the logarithm of the power
    for _ in range(30):
        middle = 0.5 * (low + high)
        if _effective(np.exp(middle) * log_w) >= share * len(log_w):
            low = middle
        else:
            high = middle
    return float(np.exp(low))


def _pareto_k(log_w: FloatArray) -> float:
    """Shape of the generalised Pareto law of the largest weights, min(n/5, 3 sqrt n) of them: the
    posterior mean of Zhang and Stephens (Technometrics 51, 316, 2009), shrunk towards 1/2 by ten
    observations (Vehtari et al., arXiv 1507.02646)."""
    count = int(min(len(log_w) / 5, 3 * np.sqrt(len(log_w))))
    top = np.sort(np.exp(log_w - log_w.max()))[-count - 1 :]
    if top[-1] == top[0]:  # equal weights have no tail
        return 0.0
    x = top[1:] - top[0]
    x = x[x > 0]
    n, grid = len(x), 30 + int(np.sqrt(len(x)))
    quarter = x[max(int(n / 4 + 0.5) - 1, 0)]
    theta = (1 - np.sqrt(grid / (np.arange(grid) + 0.5))) / (3 * quarter) + 1 / x[-1]
    shape = np.log1p(-theta[:, None] * x).mean(axis=1)
    level = n * (np.log(-theta / shape) - shape - 1)
    weights = np.exp(level - level.max())
    mean = float(weights @ theta / weights.sum())
    return float((n * np.log1p(-mean * x).mean() + 5) / (n + 10))
