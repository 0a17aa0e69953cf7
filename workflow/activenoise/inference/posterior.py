"""Evidence and posterior of one linear model for one record, or for several that share their
parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.inference.importance import LogLikelihood, Sample, Sampler, sample
from activenoise.inference.mixture import Mixture
from activenoise.inference.record import COORDINATES, Coordinates, Record, default_prior
from activenoise.likelihood import kalman
from activenoise.likelihood.scatter import compressed
from activenoise.parameters import FRACTIONS
from activenoise.physics.instrument import Baseline
from activenoise.physics.priors import Axis

_STARTED = 1000  # draws of another model's posterior that a search starts from
_LONG = 1 << 12  # points beyond which the likelihood of a model of many states is dear
_MANY_STATES = ("PowerLaw", "ViscoelasticAOUP", "PowerLawAOUP")
_SHORT = 1 << 14  # points of the records that lead to the posterior of long ones


class Posterior(NamedTuple):
    """What the records say of one model.

    sample: weighted draws in the coordinates of the prior. Its evidence, with the Monte Carlo error
    (nats, to be trusted for pareto_k < 0.7), and its counts are properties.
    parameters: draws of equal weight of every parameter, by name, each (n_draws,).
    unknown: names of those that were not fixed.
    """

    model_name: str
    sample: Sample
    parameters: dict[str, FloatArray]
    unknown: tuple[str, ...]

    @property
    def log_evidence(self) -> float:
        return self.sample.log_evidence

    @property
    def error(self) -> float:
        return self.sample.error

    @property
    def effective(self) -> float:
        return self.sample.effective

    @property
    def pareto_k(self) -> float:
        return self.sample.pareto_k

    @property
    def likelihoods(self) -> int:
        return self.sample.likelihoods

    @property
    def varying(self) -> dict[str, FloatArray]:
        """The draws of the parameters that are not the same in all of them, by name."""
        return {name: v for name, v in self.parameters.items() if np.any(v != v[0])}

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean, sd, and the ends of the central 68 and 95 % intervals of each parameter that
        varies; mean_log and sd_log beside them where it is positive throughout."""
        table = {}
        for name, values in self.varying.items():
            ends = np.quantile(values, [0.025, 0.16, 0.84, 0.975])
            row = {"mean": values.mean(), "sd": values.std(), "median": np.median(values)}
            row |= dict(zip(("low95", "low68", "high68", "high95"), ends, strict=True))
            if np.all(values > 0):
                row |= {"mean_log": np.log(values).mean(), "sd_log": np.log(values).std()}
            table[name] = {key: float(value) for key, value in row.items()}
        return table

    def correlations(self) -> tuple[tuple[str, ...], FloatArray]:
        """Names and correlation matrix of the logarithms of the parameters that vary (of the
        parameters themselves for shares, exposure and relaxed)."""
        names = tuple(self.varying)
        columns = [v if n in FRACTIONS else np.log(v) for n, v in self.varying.items()]
        return names, np.corrcoef(columns) if len(names) > 1 else np.ones((len(names),) * 2)


def posterior(
    model_name: str,
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    sampler: Sampler | None = None,
    n_draws: int = 4000,
    near: Posterior | None = None,
) -> Posterior:
    """Evidence and posterior of a linear model for records with shared parameters.

    prior: by parameter (`default_prior` without it); D_a or strength may be given in place of
    active_share or element_share. baseline: of each record, marginalised; "zero" is known, and a
    free tracer or a drift was there one interval before the first point. near: the posterior of a
    model with some of the same parameters, from which the search starts.
    """
    if model_name not in COORDINATES:
        raise ValueError(f"model {model_name!r} must be one of {', '.join(COORDINATES)}")
    records = checked(records)
    coordinates = Coordinates(model_name, default_prior(records) if prior is None else prior)
    stages = [joint_log_likelihood(coordinates, records, baseline)]
    points = sum(len(r.positions) for r in records)
    if near is None and points > 2 * _SHORT:
        part = _SHORT // len(records)
        short = [Record(r.positions[:part], r.dt) for r in records]
        if all(np.isfinite(r.positions).sum() > part // 2 for r in short):
            stages.insert(0, joint_log_likelihood(coordinates, short, baseline))
    if not coordinates.names:  # all is known: the evidence is the likelihood
        z = np.empty((1, 0))
        value = float(stages[-1](z)[0])
        known = Sample(value, 0.0, z, np.zeros(1), float(n_draws), 0.0, likelihoods=1)
        return drawn_posterior(model_name, coordinates, known, n_draws, seed)
    start = None if near is None else _start(near, coordinates, seed)
    sampler = sampler or Sampler()
    if start is not None and points > _LONG and model_name in _MANY_STATES:
        sampler = _fewer_draws(sampler)
    found = sample(stages, len(coordinates.names), seed, sampler, start)
    return drawn_posterior(model_name, coordinates, found, n_draws, seed)


def _fewer_draws(sampler: Sampler) -> Sampler:
    """A sampler for a dear likelihood whose search starts near its end: its evidence is known to a
    tenth, which is less than the priors of the media are worth."""
    fewer = {"draws": 256, "final": 512, "wanted": 150.0, "attempts": 2}
    return replace(
        sampler, **{name: min(getattr(sampler, name), most) for name, most in fewer.items()}
    )


def _start(near: Posterior, coordinates: Coordinates, seed: int) -> Mixture | None:
    """A first proposal from the draws of the parameters that `near` shares with the model."""
    every = max(len(next(iter(near.parameters.values()))) // _STARTED, 1)
    unknown = {name: near.parameters[name][::every] for name in near.unknown}
    columns, draws = coordinates.near(unknown)
    if not columns:
        return None
    fitted = Mixture.fit(draws, np.full(len(draws), 1 / len(draws)), np.random.default_rng(seed))
    return fitted.lifted(columns, len(coordinates.names))


def checked(records: Sequence[Record]) -> list[Record]:
    """The records with positions in double precision."""
    return [Record(np.asarray(r.positions, np.float64), float(r.dt)) for r in records]


def drawn_posterior(
    model_name: str, coordinates: Coordinates, found: Sample, n_draws: int, seed: int
) -> Posterior:
    """The posterior that a sample describes, with n_draws draws of equal weight."""
    parameters = coordinates.parameters(found.equal(n_draws, seed))
    return Posterior(model_name, found, parameters, coordinates.names)


def joint_log_likelihood(
    coordinates: Coordinates, records: Sequence[Record], baseline: Baseline
) -> LogLikelihood:
    """The log likelihood (m,) of all records together, as a function of coordinates (m, d)."""
    ensembles = [
        compressed([r.positions for r in records if r.dt == dt], dt, baseline != "zero")
        for dt in dict.fromkeys(r.dt for r in records)
    ]
    known = baseline == "zero"

    def log_likelihood(z: FloatArray) -> FloatArray:
        model, instrument = coordinates.build(z, baseline)
        return np.sum(
            [
                e.weights @ kalman.log_likelihoods(model, instrument, e.records, e.dt, known)
                for e in ensembles
            ],
            axis=0,
        )

    return log_likelihood
