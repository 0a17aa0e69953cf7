"""Evidence and posterior of one record, or of several that share their parameters, with the
instrument's parameters among the unknown.

Every parameter is fixed or has a prior, uniform in it or in its logarithm. For active and
viscoelastic components the natural one is the SHARE of the motion that they make, uniform
from `LEAST_SHARE` to 1:

    active_share  = a/(D + a), a = D_a/(1 + kappa tau_a): the part of C(0) that is active
                    (for a free tracer, of the long-time diffusivity);
    element_share = strength/(1 + strength): the part of the slow friction that is the element's.

It has no scale, and little of it is spent on components that no record would show: with a prior
uniform in log D_a over many decades most "active" tracers would be passive to the eye, and
P(active) of a passive record would stay near 1/2. "Active" thus means: at least LEAST_SHARE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.special import logsumexp, ndtr

from activenoise.arrays import FloatArray
from activenoise.inference.importance import (
    Answer,
    LogLikelihood,
    Reach,
    Sampler,
    sample,
    sample_beside,
)
from activenoise.likelihood import kalman
from activenoise.likelihood.scatter import compressed
from activenoise.likelihood.switching import rbp_log_likelihood
from activenoise.parameters import MEASURED, SHARES, Range
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.models import (
    AOUP,
    RBP,
    Passive,
    Viscoelastic,
    active_diffusivity,
    active_share,
)
from activenoise.physics.priors import Axis
from activenoise.simulation.recorded import in_units_of_step

LINEAR = ("Passive", "Viscoelastic", "AOUP")
COORDINATES = {
    "Passive": ("kappa", "D"),
    "Viscoelastic": ("kappa", "D", "element_share", "tau_m"),
    "AOUP": ("kappa", "D", "active_share", "tau_a"),
}
OFF = {
    "noise": Axis(0.0, 0.0),
    "exposure": Axis(0.0, 0.0),
    "corner": Axis(np.inf, np.inf),
    "relaxed": Axis(0.0, 0.0),
    "drift": Axis(0.0, 0.0),
}
LEAST_SHARE = 0.05  # of the motion that a component makes by default
FASTEST = 1e-3  # s, the shortest relaxation of an active or viscoelastic component by default
_DRIFT_REACH = (0.03, 10.0)  # rms of the record
_SHORT = 1 << 14  # points of the records that lead to the posterior of long ones

Kind = Literal["exact", "camera", "detector", "unknown"]


class Record(NamedTuple):
    """positions: (n_points,), length, NaN where missing. dt: s."""

    positions: FloatArray
    dt: float


def default_prior(
    records: Sequence[Record], kind: Kind = "unknown", free: bool = False
) -> dict[str, Axis]:
    """Priors for records about which nothing is known, in units of their own dt and rms step.

    kind: "exact" positions; a "camera" with localisation noise and motion blur; a "detector" with
    noise and a first-order low-pass; "unknown": noise, blur and low-pass. free: no trap.
    Every axis can be replaced (`chosen_prior`); one of no width fixes its parameter.
    """
    dt = min(record.dt for record in records)
    duration = max(len(record.positions) * record.dt for record in records)
    steps = np.concatenate([np.diff(record.positions) for record in records])
    square = float(np.nanmean(steps**2))
    if not square > 0:
        raise ValueError("the record never moves, or no two of its points are neighbours")
    slowest = duration / 10
    # What an instrument leaves between neighbours is hard to tell from a component of a few points.
    # Nothing in a cell is known to push for less than a millisecond; the inertia of water does.
    fastest = max(2 * dt if kind == "exact" else 10 * dt, FASTEST)
    fastest = min(fastest, slowest / 10)
    scale = square / (2 * dt)
    prior = {
        "kappa": Axis(0.0, 0.0) if free else Axis(0.5 / duration, 2 / dt, log=True),
        "D": Axis(1e-2 * scale, 1e2 * scale, log=True),
        "active_share": Axis(LEAST_SHARE, 1.0),
        "tau_a": Axis(fastest, slowest, log=True),
        "element_share": Axis(LEAST_SHARE, 1.0),
        "tau_m": Axis(fastest, slowest, log=True),
        **OFF,
    }
    if kind != "exact":
        prior["noise"] = Axis(0.0, float(np.sqrt(square / 2)))
    if kind in ("camera", "unknown"):
        prior["exposure"] = Axis(0.0, 1.0)
    if kind in ("detector", "unknown"):
        prior["corner"] = Axis(0.02 / dt, 2 / dt, log=True)
    if kind == "detector":
        prior["relaxed"] = Axis(0.0, 1.0)
    return prior


def chosen_prior(
    records: Sequence[Record],
    kind: Kind = "unknown",
    free: bool = False,
    given: Mapping[str, Range] | None = None,
) -> dict[str, Axis]:
    """`default_prior` with the axes of `given` in place of its own: low, high and whether uniform
    in the logarithm, by parameter; D_a or strength take the place of the share."""
    prior = default_prior(records, kind, free)
    for name, axis in (given or {}).items():
        prior.pop(SHARES.get(name, name), None)
        prior[name] = Axis(*axis)
    return prior


def drift_prior(records: Sequence[Record]) -> Axis:
    """Of the diffusivity of a drift, a random walk that by the end of the records makes between
    0.03 and 10 times their root mean square, uniform in the logarithm."""
    duration = max(len(record.positions) * record.dt for record in records)
    square = float(np.mean([np.nanvar(record.positions) for record in records]))
    least, most = (reach**2 * square / (2 * duration) for reach in _DRIFT_REACH)
    return Axis(least, most, log=True)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The unknown parameters of one model as coordinates whose prior is a standard normal.

    names: of the unknown, in order. A coordinate z stands for the parameter at the prior's
    cumulative probability Phi(z). A prior of `step`, the rms step of the record, takes the place of
    D's, and makes noise and drift parts of it (`recording.in_units_of_step`; points are 1 s
    apart).
    """

    model_name: str
    prior: Mapping[str, Axis]

    @property
    def _axes(self) -> dict[str, Axis]:
        names = list(COORDINATES[self.model_name])
        for parameter, share in SHARES.items():
            if share in names and parameter in self.prior:
                names[names.index(share)] = parameter
        if "step" in self.prior:
            names[names.index("D")] = "step"
        missing = [name for name in names if name not in self.prior]
        if missing:
            raise ValueError(f"{self.model_name}: no prior for {', '.join(missing)}")
        measurement = {name: self.prior.get(name, OFF[name]) for name in MEASURED}
        return {**{name: self.prior[name] for name in names}, **measurement}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, axis in self._axes.items() if not axis.fixed)

    def parameters(self, z: FloatArray) -> dict[str, FloatArray]:
        """Every parameter of model and instrument at coordinates z (m, d), by name, each (m,)."""
        values: dict[str, FloatArray] = {}
        column = 0
        for name, axis in self._axes.items():
            if axis.fixed:
                values[name] = np.full(len(z), axis.low)
            else:
                # Away from the ends, where a share of 1 would be an infinite D_a.
                u = np.clip(ndtr(z[:, column]), 1e-12, 1 - 1e-12)
                values[name] = axis.quantile(u)
                column += 1
        if "step" in values:
            values = in_units_of_step(self.model_name, values)
        elif "active_share" in values:
            values["D_a"] = active_diffusivity(
                *(values[n] for n in ("active_share", "kappa", "D", "tau_a"))
            )
        elif "D_a" in values:
            values["active_share"] = active_share(
                *(values[n] for n in ("kappa", "D", "D_a", "tau_a"))
            )
        if "element_share" in values:
            values["strength"] = values["element_share"] / (1 - values["element_share"])
        elif "strength" in values:
            values["element_share"] = values["strength"] / (1 + values["strength"])
        return values

    def build(
        self, z: FloatArray, baseline: Baseline
    ) -> tuple[Passive | Viscoelastic | AOUP, Instrument]:
        """Models and instruments, each a batch of m."""
        values = self.parameters(z)
        return linear_model(self.model_name, values), instrument_of(values, baseline)


def linear_model(
    model_name: str, values: Mapping[str, FloatArray]
) -> Passive | Viscoelastic | AOUP:
    """The model of this name with these parameters; RBP as the AOUP that has its covariance."""
    kappa, D = values["kappa"], values["D"]
    if model_name == "Passive":
        return Passive(kappa, D)
    if model_name == "Viscoelastic":
        return Viscoelastic(kappa, D, values["strength"], values["tau_m"])
    return AOUP(kappa, D, values["D_a"], values["tau_a"])


def instrument_of(values: Mapping[str, FloatArray], baseline: Baseline = "zero") -> Instrument:
    """The instrument with these parameters."""
    measured: dict[str, Any] = {name: values[name] for name in MEASURED}
    return Instrument(**measured, baseline=baseline)


class Posterior(NamedTuple):
    """What the records say of one model.

    answer: the sampler's, in the coordinates of the prior; its evidence, with the Monte Carlo's
    error (nats, to be trusted for pareto_k < 0.7), and counts are properties.
    parameters: draws of equal weight of every parameter, by name, each (n_draws,).
    unknown: names of those that were not fixed.
    """

    model_name: str
    answer: Answer
    parameters: dict[str, FloatArray]
    unknown: tuple[str, ...]

    @property
    def log_evidence(self) -> float:
        return self.answer.log_evidence

    @property
    def error(self) -> float:
        return self.answer.error

    @property
    def effective(self) -> float:
        return self.answer.effective

    @property
    def pareto_k(self) -> float:
        return self.answer.pareto_k

    @property
    def likelihoods(self) -> int:
        return self.answer.likelihoods

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean, sd, and the ends of the central 68 and 95 % intervals of each parameter that is
        not fixed; mean_log and sd_log beside them where it is positive throughout."""
        table = {}
        for name, values in self.parameters.items():
            if np.all(values == values[0]):
                continue
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
        plain = {"active_share", "element_share", "exposure", "relaxed"}
        names = tuple(n for n, v in self.parameters.items() if np.any(v != v[0]))
        columns = [v if n in plain else np.log(v) for n, v in self.parameters.items() if n in names]
        return names, np.corrcoef(columns) if len(names) > 1 else np.ones((len(names),) * 2)


def posterior(
    model_name: str,
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    sampler: Sampler | None = None,
    n_draws: int = 4000,
) -> Posterior:
    """Evidence and posterior of a linear model for records with shared parameters.

    prior: by parameter (`default_prior` without it); D_a or strength may be given in place of
    active_share or element_share. baseline: of each record, marginalised; "zero" is known, and a
    free tracer or a drift was there one interval before the first point.
    """
    if model_name not in COORDINATES:
        raise ValueError(f"model {model_name!r} must be one of {', '.join(COORDINATES)}")
    records = _checked(records)
    coordinates = Coordinates(model_name, default_prior(records) if prior is None else prior)
    stages = [_target(coordinates, records, baseline)]
    if sum(len(r.positions) for r in records) > 2 * _SHORT:
        part = _SHORT // len(records)
        short = [Record(r.positions[:part], r.dt) for r in records]
        if all(np.isfinite(r.positions).sum() > part // 2 for r in short):
            stages.insert(0, _target(coordinates, short, baseline))
    if not coordinates.names:  # all is known: the evidence is the likelihood
        z = np.empty((1, 0))
        value = float(stages[-1](z)[0])
        known = Answer(value, 0.0, z, np.zeros(1), float(n_draws), 0.0, likelihoods=1)
        return _posterior(model_name, coordinates, known, n_draws, seed)
    answer = sample(stages, len(coordinates.names), seed, sampler or Sampler())
    return _posterior(model_name, coordinates, answer, n_draws, seed)


def _checked(records: Sequence[Record]) -> list[Record]:
    return [Record(np.asarray(r.positions, np.float64), float(r.dt)) for r in records]


def _posterior(
    model_name: str, coordinates: Coordinates, answer: Answer, n_draws: int, seed: int
) -> Posterior:
    parameters = coordinates.parameters(answer.equal(n_draws, seed))
    return Posterior(model_name, answer, parameters, coordinates.names)


def _target(
    coordinates: Coordinates, records: Sequence[Record], baseline: Baseline
) -> LogLikelihood:
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


_RBP_POINTS = 1 << 14  # a longer record is thinned to about so many for its mechanism
_RBP_STEP = 0.1  # but not beyond this part of tau_a
# Baselines of so many coefficients in all are drawn; of more, those of records of up to so many
# points are summed over nodes, so many for a constant and for each coefficient of a line.
_RBP_DRAWN, _RBP_SHORT, _RBP_NODES = 8, 1 << 9, (33, 15)
_RBP_SPAN = 5.0  # of the nodes, in standard deviations of AOUP's law of the baseline
_RBP_ROUND, _RBP_DRAWS = 1 << 20, (64, 256)  # points of a round of likelihoods; how many, at least
_RBP_ROUNDS, _RBP_WANTED = 10, 200.0  # and at most. Rounds at most, and effective draws wanted


def rbp_posterior(
    aoup: Posterior,
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    reach: Reach | None = None,
    n_draws: int = 4000,
) -> Posterior:
    """Evidence and posterior of the rotational Brownian particle, from those of its Gaussian twin,
    which are for the same records, prior and baseline.

    At equal parameters RBP has AOUP's covariance, and its prior, so

        p(y | RBP)/p(y | AOUP) = < p(y | theta, b, RBP)/p(y | theta, b, AOUP) >

    over AOUP's posterior of the parameters theta and of the coefficients b of the baseline, which
    are normal given theta. Of many short records both densities are integrated over b instead, and
    of a free tracer, whose filter forgets where it began. Where few of its draws are effective,
    `importance.sample_beside` moves to where RBP's posterior is. The ratio is about memory of the
    length of tau_a: a record that is much finer is thinned for it.
    """
    records = _checked(records)
    coordinates = Coordinates("AOUP", default_prior(records) if prior is None else prior)
    reach = reach or default_reach(records, Sampler())
    d, unknowns = len(coordinates.names), Instrument(baseline=baseline).unknowns
    free = coordinates.prior["kappa"] == Axis(0.0, 0.0)
    many = free or unknowns * len(records) > _RBP_DRAWN
    longest = _RBP_SHORT if many else 0
    short = [r for r in records if len(r.positions) <= longest]
    long = [r for r in records if len(r.positions) > longest]
    if free:
        unknowns = 0

    def log_ratio(z: FloatArray) -> FloatArray:
        parameters = coordinates.parameters(z[:, :d])
        shifts = z[:, d:].reshape(len(z), len(long), unknowns)
        ratio = np.zeros(len(z))
        for dt in dict.fromkeys(r.dt for r in short):
            same = [r.positions for r in short if r.dt == dt]
            way = _log_ratio_integrated if unknowns == 0 else _log_ratio_summed
            ratio += way(parameters, same, dt, baseline)
        for i, record in enumerate(long):
            ratio += _log_ratio(parameters, record, shifts[:, i], baseline)
        return ratio

    answer = sample_beside(
        aoup.answer,
        _target(coordinates, records, baseline),
        log_ratio,
        unknowns * len(long),
        seed,
        reach,
    )
    return _posterior("RBP", coordinates, answer, n_draws, seed)


def default_reach(records: Sequence[Record], sampler: Sampler) -> Reach:
    """How far RBP's posterior goes beside linear ones by this sampler: its likelihoods are dear."""
    points = sum(min(len(record.positions), _RBP_POINTS) for record in records)
    draws = int(np.clip(_RBP_ROUND // points, *_RBP_DRAWS))
    return Reach(draws, min(_RBP_WANTED, 2.0 * draws, sampler.wanted), _RBP_ROUNDS * draws)


def _log_ratio_integrated(
    parameters: Mapping[str, FloatArray],
    positions: Sequence[FloatArray],
    dt: float,
    baseline: Baseline,
) -> FloatArray:
    """log p(y | RBP) - log p(y | AOUP) of all of these records at m sets of parameters, (m,), the
    place of a free tracer integrated out by the filter."""
    instrument = instrument_of(parameters, baseline)
    gaussian = kalman.log_likelihoods(
        linear_model("AOUP", parameters), instrument, positions, dt
    ).sum(axis=0)
    mechanism = rbp_log_likelihood(
        _rotational(parameters), instrument, np.concatenate(positions), dt,
        lengths=[len(x) for x in positions],
    )  # fmt: skip
    return mechanism - gaussian


def _log_ratio_summed(
    parameters: Mapping[str, FloatArray],
    positions: Sequence[FloatArray],
    dt: float,
    baseline: Baseline,
) -> FloatArray:
    """The same of trapped tracers, summed over nodes of each record's baseline."""
    aoup, marginal = linear_model("AOUP", parameters), instrument_of(parameters, baseline)
    ratio = -kalman.log_likelihoods(aoup, marginal, positions, dt).sum(axis=0)
    u, step = np.linspace(-_RBP_SPAN, _RBP_SPAN, _RBP_NODES[marginal.unknowns - 1], retstep=True)
    nodes = np.stack(np.meshgrid(*[u] * marginal.unknowns), axis=-1).reshape(-1, marginal.unknowns)
    repeated = {name: np.repeat(v, len(nodes)) for name, v in parameters.items()}
    for x in positions:
        base = kalman.regressors(len(x), marginal.unknowns)
        levelled, log_cell = np.empty((len(ratio), len(nodes), len(x))), np.empty(len(ratio))
        for i in range(len(ratio)):
            fitted, factor = _baseline(parameters, i, Record(x, dt), baseline)
            levelled[i] = x - (fitted + np.linalg.solve(factor.T, nodes.T).T) @ base
            log_cell[i] = nodes.shape[1] * np.log(step) - np.log(np.diagonal(factor)).sum()
        log_p = rbp_log_likelihood(
            _rotational(repeated), instrument_of(repeated), levelled.reshape(-1, len(x)), dt,
            from_zero=True,
        )  # fmt: skip
        ratio += logsumexp(log_p.reshape(len(ratio), -1), axis=1) + log_cell
    return ratio


def _baseline(
    parameters: Mapping[str, FloatArray], i: int, record: Record, baseline: Baseline
) -> tuple[FloatArray, FloatArray]:
    """Mean of AOUP's normal law of the coefficients of the baseline at the i-th set of parameters,
    and the Cholesky factor of the inverse of its covariance."""
    one = {name: v[i] for name, v in parameters.items()}
    left = kalman.innovations(linear_model("AOUP", one), instrument_of(one, baseline), *record)
    return left.baseline, np.asarray(np.linalg.cholesky(left.information), np.float64)


def _log_ratio(
    parameters: Mapping[str, FloatArray], record: Record, shifts: FloatArray, baseline: Baseline
) -> FloatArray:
    """The same of one record, at baselines that are `shifts` (m, unknowns) from AOUP's, in units of
    the square root of their covariance; integrated out where there are no shifts."""
    most = np.maximum((_RBP_STEP * parameters["tau_a"] / record.dt).astype(np.int64), 1)
    strides = np.minimum(max(-(-len(record.positions) // _RBP_POINTS), 1), most)
    ratio = np.empty(len(strides))
    for stride in np.unique(strides):
        chosen = strides == stride
        values = {name: v[chosen] for name, v in parameters.items()}
        values["exposure"] = values["exposure"] / stride  # a part of the longer interval now
        thinned = Record(record.positions[::stride], record.dt * stride)
        ratio[chosen] = _log_ratio_thinned(values, thinned, shifts[chosen], baseline)
    return ratio


def _log_ratio_thinned(
    parameters: Mapping[str, FloatArray], record: Record, shifts: FloatArray, baseline: Baseline
) -> FloatArray:
    aoup, rbp = linear_model("AOUP", parameters), _rotational(parameters)
    instrument = instrument_of(parameters, baseline)
    gaussian = kalman.log_likelihood(aoup, instrument, *record, from_zero=True)
    if not shifts.shape[1]:
        return rbp_log_likelihood(rbp, instrument, *record, from_zero=True) - gaussian
    base = kalman.regressors(len(record.positions), shifts.shape[1])
    levelled = np.tile(record.positions, (len(shifts), 1))
    for i, shift in enumerate(shifts):
        fitted, factor = _baseline(parameters, i, record, baseline)
        levelled[i] -= (fitted + np.linalg.solve(factor.T, shift)) @ base
        # From the marginal density to that at this baseline, whose law is normal.
        gaussian[i] += np.log(np.diagonal(factor)).sum()
        gaussian[i] -= 0.5 * (shift @ shift + len(shift) * np.log(2 * np.pi))
    level = instrument_of(parameters)
    return rbp_log_likelihood(rbp, level, levelled, record.dt, from_zero=True) - gaussian


def _rotational(parameters: Mapping[str, FloatArray]) -> RBP:
    return RBP(*(parameters[name] for name in ("kappa", "D", "D_a", "tau_a")))


class Verdict(NamedTuple):
    """The four models, at equal prior odds or those that were given.

    probability: of each model. p_active: of AOUP and RBP together. p_distinguishable: that the
    tracer is active AND its C(t) has a negative weight, which no overdamped medium at equilibrium
    has.
    numerical_error: of p_active, from the errors of the evidences.
    """

    posteriors: dict[str, Posterior]
    probability: dict[str, float]
    p_active: float
    p_distinguishable: float
    numerical_error: float


def verdict(
    records: Sequence[Record],
    prior: Mapping[str, Axis] | None = None,
    baseline: Baseline = "constant",
    seed: int = 0,
    sampler: Sampler | None = None,
    odds: Mapping[str, float] | None = None,
) -> Verdict:
    """Posterior over Passive, Viscoelastic, AOUP and RBP for records with shared parameters.

    odds: prior ones, 1 where not given, of any sum; a model of odds 0 has no say.
    """
    posteriors = {name: posterior(name, records, prior, baseline, seed, sampler) for name in LINEAR}
    reach = default_reach(records, sampler or Sampler())
    posteriors["RBP"] = rbp_posterior(posteriors["AOUP"], records, prior, baseline, seed, reach)
    probability = probabilities({name: p.log_evidence for name, p in posteriors.items()}, odds)
    active = [name for name in posteriors if name in ("AOUP", "RBP")]
    p_active = sum(probability[name] for name in active)
    # d p_active = sum over models of p (1{active} - p_active) d log Z
    spread = [probability[n] * ((n in active) - p_active) * posteriors[n].error for n in posteriors]
    return Verdict(
        posteriors=posteriors,
        probability=probability,
        p_active=p_active,
        p_distinguishable=sum(
            probability[n] * float(np.mean(negative_weight(posteriors[n].parameters)))
            for n in active
        ),
        numerical_error=float(np.linalg.norm(spread)),
    )


def probabilities(
    log_evidence: Mapping[str, float], odds: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Posterior probability of each model. odds: as in `verdict`."""
    log_z = np.array(list(log_evidence.values()))
    p = np.array([1.0 if odds is None else odds.get(name, 1.0) for name in log_evidence])
    p *= np.exp(log_z - log_z[p > 0].max())
    p /= p.sum()
    return dict(zip(log_evidence, p.tolist(), strict=True))


def negative_weight(parameters: Mapping[str, FloatArray]) -> np.ndarray:
    """Whether no overdamped medium at equilibrium has the law of an active tracer.

    In a trap: C(t) has an exponential of negative weight: kappa tau_a < 1 with any propulsion, or
    D (kappa^2 tau_a^2 - 1) < D_a beyond. Free, any propulsion will do: at equilibrium the velocity
    is anticorrelated at all times, so that the mean square displacement bends down, and
    persistence bends it up.
    """
    kappa, D, D_a, tau_a = (np.asarray(parameters[n]) for n in ("kappa", "D", "D_a", "tau_a"))
    return (D_a > 0) & (D * ((kappa * tau_a) ** 2 - 1) < D_a)
