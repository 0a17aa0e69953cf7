"""Evidence and posterior of the rotational Brownian particle (RBP) and the run-and-tumble particle
(RTP) for records, in any medium.

The AOUP in the same medium is their Gaussian twin: equal parameters give equal covariances. The
posterior of either is found by importance sampling from the twin's (`posterior`), seen through any
instrument (`switching`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from activenoise.arrays import FloatArray
from activenoise.inference.importance import Reach, Sampler, sample_beside
from activenoise.inference.posterior import (
    Posterior,
    checked,
    drawn_posterior,
    joint_log_likelihood,
)
from activenoise.inference.record import (
    Coordinates,
    Record,
    default_prior,
    instrument_of,
    linear_model,
)
from activenoise.likelihood import kalman
from activenoise.likelihood.switching import LOG_LIKELIHOODS, many_log_likelihoods
from activenoise.parameters import DRIVES, MEDIA, TWINS
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.priors import Axis

_RBP_POINTS = 1 << 14  # a longer record is thinned to about so many for its mechanism
_RBP_STEP = 0.1  # but not beyond this part of tau_a
FASTEST = 3.0  # intervals; what turns faster is normal within one, and counts as AOUP
# Baselines of so many coefficients in all are drawn; of more, those of records of up to so many
# points are summed over nodes, so many for a constant and for each coefficient of a line.
_RBP_DRAWN, _RBP_SHORT, _RBP_NODES = 8, 1 << 9, (33, 15)
_RBP_SUMMED = 1e-4  # nats by which a sum over fewer nodes may differ
_RBP_SPAN = 5.0  # of the nodes, in standard deviations of AOUP's law of the baseline
_RBP_ROUND, _RBP_DRAWS = 1 << 20, (64, 256)  # points of a round of likelihoods; how many, at least
_RBP_TABLE, _RBP_FEW = 1 << 14, 32  # points of a long table, and draws of a round of it
COST = {"Simple": 1, "Maxwell": 2, "PowerLaw": 6}  # of a point
_BASELINES, _WIDEN = 64, 0.1  # baselines of a round, and what widens the second, in sd of the twin
_RBP_ROUNDS, _RBP_WANTED = 10, 200.0  # and at most. Rounds at most, and effective draws wanted


def rbp_posterior(
    twin: Posterior,
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    reach: Reach | None = None,
    n_draws: int = 4000,
    drive: str = "RBP",
) -> Posterior:
    """Evidence and posterior of the rotational Brownian particle, from those of its Gaussian twin,
    which are for the same records, prior and baseline.

    twin: of the AOUP in one of the media. At equal parameters the RBP has its covariance, and its
    prior, so

        p(y | RBP)/p(y | twin) = < p(y | theta, b, RBP)/p(y | theta, b, twin) >

    over the twin's posterior of the parameters theta and of the coefficients b of the baseline,
    which are normal given theta. Of many short records both densities are integrated over b
    instead, and of a free tracer, whose filter forgets where it began. Where few of its draws are
    effective, `importance.sample_beside` moves to where RBP's posterior is. The ratio is about
    memory of the length of tau_a: a record that is much finer is thinned for it, and of a
    propulsion that turns within three intervals the ratio is taken as 1. drive: "RTP" for the
    run-and-tumble particle in place of the RBP.
    """
    records = checked(records)
    (name,) = (n for n, of in TWINS.items() if of == twin.model_name and DRIVES[n] == drive)
    coordinates = Coordinates(twin.model_name, default_prior(records) if prior is None else prior)
    reach = reach or default_reach(records, Sampler(), twin.model_name)
    ratio = _Ratio(name, coordinates, records, baseline)
    likelihood = joint_log_likelihood(coordinates, records, baseline)
    found = sample_beside(twin.sample, likelihood, ratio, ratio.drawn, seed, reach)
    return drawn_posterior(name, coordinates, found, n_draws, seed)


class _Ratio:
    """log p(y | RBP) - log p(y | twin) of all records together, (m,), at coordinates (m, d + drawn)
    of the sampler: those of the parameters, and `drawn` of the baselines."""

    def __init__(
        self, name: str, coordinates: Coordinates, records: Sequence[Record], baseline: Baseline
    ) -> None:
        unknowns = Instrument(baseline=baseline).unknowns
        free = coordinates.prior["kappa"] == Axis(0.0, 0.0)
        many = free or unknowns * len(records) > _RBP_DRAWN
        longest = _RBP_SHORT if many else 0
        self._name, self._coordinates, self._baseline = name, coordinates, baseline
        self._short = [r for r in records if len(r.positions) <= longest]
        self._long = [r for r in records if len(r.positions) > longest]
        self._unknowns = 0 if free else unknowns
        self._slow = FASTEST * max(r.dt for r in records)
        self.drawn = self._unknowns * len(self._long)

    def __call__(self, z: FloatArray) -> FloatArray:
        d = len(self._coordinates.names)
        found = self._coordinates.parameters(z[:, :d])
        slow = found["tau_a"] >= self._slow
        ratio = np.zeros(len(z))
        if slow.any():
            shifts = z[slow, d:].reshape(int(slow.sum()), len(self._long), self._unknowns)
            parameters = {key: values[slow] for key, values in found.items()}
            ratio[slow] = self._of_slow(parameters, shifts)
        return ratio

    def _of_slow(self, parameters: Mapping[str, FloatArray], shifts: FloatArray) -> FloatArray:
        """That of propulsion which does not turn within an interval. shifts: (m, records,
        unknowns)."""
        name, baseline = self._name, self._baseline
        ratio = np.zeros(len(shifts))
        for dt in dict.fromkeys(r.dt for r in self._short):
            same = [r.positions for r in self._short if r.dt == dt]
            way = _log_ratio_summed if self._unknowns else _log_ratio_integrated
            ratio += way(name, parameters, same, dt, baseline)
        for i, record in enumerate(self._long):
            ratio += _log_ratio(name, parameters, record, shifts[:, i], baseline)
        return ratio


def default_reach(records: Sequence[Record], sampler: Sampler, twin: str = "AOUP") -> Reach:
    """How many draws RBP's posterior takes beside linear ones of this sampler. Its likelihoods are
    dear, so the number falls with the number of points and with what a point costs in the medium of
    the twin. Of a long table of short records, whose baselines are summed over nodes, so few
    effective draws are wanted that they tell the evidence to a fifth."""
    points = sum(min(len(record.positions), _RBP_POINTS) for record in records)
    if len(records) > _RBP_DRAWN and points > _RBP_TABLE:
        return Reach(_RBP_FEW, min(0.75 * _RBP_FEW, sampler.wanted), _RBP_ROUNDS * _RBP_FEW)
    draws = int(np.clip(_RBP_ROUND // (COST[MEDIA[twin]] * points), *_RBP_DRAWS))
    return Reach(draws, min(_RBP_WANTED, 2.0 * draws, sampler.wanted), _RBP_ROUNDS * draws)


def _log_ratio_integrated(
    name: str,
    parameters: Mapping[str, FloatArray],
    positions: Sequence[FloatArray],
    dt: float,
    baseline: Baseline,
) -> FloatArray:
    """log p(y | RBP) - log p(y | twin) of all records of free tracers together, at m sets of
    parameters, (m,). The filter integrates over the tracer's place."""
    model, instrument = linear_model(name, parameters), instrument_of(parameters, baseline)
    gaussian = kalman.log_likelihoods(model, instrument, positions, dt).sum(axis=0)
    mechanism = LOG_LIKELIHOODS[DRIVES[name]](
        model, instrument, np.concatenate(positions), dt, lengths=[len(x) for x in positions]
    )
    return mechanism - gaussian


def _log_ratio_summed(
    name: str,
    parameters: Mapping[str, FloatArray],
    positions: Sequence[FloatArray],
    dt: float,
    baseline: Baseline,
) -> FloatArray:
    """log p(y | RBP) - log p(y | twin) of all records of trapped tracers together, (m,). RBP's
    density is summed over nodes of each record's baseline, as few as do for the first of the m."""
    model, marginal = linear_model(name, parameters), instrument_of(parameters, baseline)
    ratio = -kalman.log_likelihoods(model, marginal, positions, dt).sum(axis=0)
    densities = many_log_likelihoods(DRIVES[name], model, instrument_of(parameters), dt)
    fits = kalman.baselines_of_each(model, marginal, positions, dt)
    u, step = np.linspace(-_RBP_SPAN, _RBP_SPAN, _RBP_NODES[marginal.unknowns - 1], retstep=True)
    for x, (fitted, information) in zip(positions, fits, strict=True):
        factor = np.linalg.cholesky(information)
        own = _Levelled(x, kalman.regressors(len(x), marginal.unknowns), fitted, factor)
        stride = _enough(densities(own.at(u, 1))[0].reshape([len(u)] * marginal.unknowns))
        log_p = densities(own.at(u[::stride], len(ratio)))
        ratio += logsumexp(log_p, axis=1) + marginal.unknowns * np.log(stride * step)
        ratio -= _log_diagonal(factor)
    return ratio


class _Levelled(NamedTuple):
    """A record (n_points,) less baselines under m models: regressors (unknowns, n_points), and mean
    (m, unknowns) and inverse covariance, by its Cholesky factor (m, unknowns, unknowns), of their
    coefficients."""

    positions: FloatArray
    regressors: FloatArray
    fitted: FloatArray
    factor: NDArray[np.floating[Any]]

    def at(self, u: FloatArray, first: int) -> FloatArray:
        """The record under each of the first models less the baselines at all nodes, (first, nodes,
        n_points), u standard deviations from the mean."""
        unknowns = len(self.regressors)
        nodes = np.stack(np.meshgrid(*[u] * unknowns), axis=-1).reshape(-1, unknowns)
        root = self.factor[:first].transpose(0, 2, 1)
        away = np.linalg.solve(root, nodes.T[None]).transpose(0, 2, 1)
        return np.asarray(
            self.positions - (self.fitted[:first, None] + away) @ self.regressors, np.float64
        )


def _enough(log_p: FloatArray) -> int:
    """The largest stride of nodes at which the sum of a density over them is what it is over all.
    log_p: at all nodes, an axis a coefficient. A smooth density is summed exactly by nodes that are
    about a standard deviation apart."""
    whole = logsumexp(log_p)
    for stride in (4, 2):
        if (len(log_p) - 1) % stride == 0:
            some = logsumexp(log_p[(slice(None, None, stride),) * log_p.ndim])
            if abs(some + log_p.ndim * np.log(stride) - whole) < _RBP_SUMMED:
                return stride
    return 1


def _log_diagonal(factor: NDArray[np.floating[Any]]) -> FloatArray:
    """Sums of the logarithms on the diagonals of m Cholesky factors, (m,)."""
    return np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)


def _log_ratio(
    name: str,
    parameters: Mapping[str, FloatArray],
    record: Record,
    shifts: FloatArray,
    baseline: Baseline,
) -> FloatArray:
    """log p(y | RBP) - log p(y | twin) of one record, (m,), thinned if it is long. The baselines
    are `shifts` (m, unknowns) from the twin's mean, in units of the square root of their
    covariance; without shifts they are integrated out."""
    most = np.maximum((_RBP_STEP * parameters["tau_a"] / record.dt).astype(np.int64), 1)
    strides = np.minimum(max(-(-len(record.positions) // _RBP_POINTS), 1), most)
    ratio = np.empty(len(strides))
    for stride in np.unique(strides):
        chosen = strides == stride
        values = {key: v[chosen] for key, v in parameters.items()}
        values["exposure"] = values["exposure"] / stride  # a part of the longer interval now
        thinned = Record(record.positions[::stride], record.dt * stride)
        ratio[chosen] = _log_ratio_thinned(name, values, thinned, shifts[chosen], baseline)
    return ratio


def _log_ratio_thinned(
    name: str,
    parameters: Mapping[str, FloatArray],
    record: Record,
    shifts: FloatArray,
    baseline: Baseline,
) -> FloatArray:
    model, instrument = linear_model(name, parameters), instrument_of(parameters, baseline)
    gaussian = kalman.log_likelihood(model, instrument, *record, from_zero=True)
    if not shifts.shape[1]:
        return LOG_LIKELIHOODS[DRIVES[name]](model, instrument, *record, from_zero=True) - gaussian
    base = kalman.regressors(len(record.positions), shifts.shape[1])
    fitted, information = kalman.baselines(model, instrument, *record)
    factor = np.linalg.cholesky(information)
    away = np.linalg.solve(factor.transpose(0, 2, 1), shifts[:, :, None])[:, :, 0]
    levelled = record.positions - (fitted + away) @ base
    # From the marginal density to that at this baseline, whose law is normal.
    gaussian += _log_diagonal(factor)
    gaussian -= 0.5 * (np.sum(shifts**2, axis=1) + shifts.shape[1] * np.log(2 * np.pi))
    level = instrument_of(parameters)
    log_p = LOG_LIKELIHOODS[DRIVES[name]](model, level, levelled, record.dt, from_zero=True)
    return log_p - gaussian


def rbp_baselines(
    name: str,
    parameters: Mapping[str, FloatArray],
    record: Record,
    baseline: Baseline,
    count: int,
    seed: int,
) -> FloatArray:
    """Draws of the coefficients of a record's baseline under one RBP or RTP in a trap, (count,
    unknowns), length; the coefficients are those of `kalman.regressors`.

    parameters: (1,) each. Importance sampling in two rounds: from the twin's law, which is normal,
    and from the normal of the first round's mean and covariance, a little wider.
    """
    twin, marginal = linear_model(name, parameters), instrument_of(parameters, baseline)
    fitted, information = kalman.baselines(twin, marginal, *record)
    root = np.linalg.inv(np.linalg.cholesky(information[0])).T
    base = kalman.regressors(len(record.positions), marginal.unknowns)
    repeated = {key: np.repeat(values, _BASELINES) for key, values in parameters.items()}
    rng, centre, width = np.random.default_rng(seed), np.zeros(len(root)), np.eye(len(root))
    for _ in range(2):
        z = rng.normal(size=(_BASELINES, len(root)))
        u = centre + z @ width.T
        log_w = 0.5 * np.sum(z**2, axis=1) + LOG_LIKELIHOODS[DRIVES[name]](
            linear_model(name, repeated), instrument_of(repeated),
            record.positions - (fitted[0] + u @ root.T) @ base, record.dt, from_zero=True,
        )  # fmt: skip
        w = np.exp(log_w - logsumexp(log_w))
        centre = w @ u
        spread = np.einsum("p,pi,pj->ij", w, u - centre, u - centre)
        width = np.linalg.cholesky(spread + _WIDEN**2 * np.eye(len(root)))
    below = np.searchsorted(np.cumsum(w), (np.arange(count) + rng.random()) / count)
    return np.asarray(fitted[0] + u[np.minimum(below, _BASELINES - 1)] @ root.T)
