"""Likelihood of a track when the parameters are known only by their prior, and the posterior.

    p(x | model) = integral p(x | parameters, model) p(parameters) d(parameters).

D is a scale: for given (kappa, tau_a, r = D_a/D) the filter run at D = 1 yields the sum of
squares q and the log determinant, and

    p(x | D) = (2 pi D)^{-n/2} exp[-(log_det + q/D)/2]

at every D. So the integral over D is one-dimensional, an incomplete gamma function: the complete
one where the prior's range holds all of it, a sum of Gauss-Legendre nodes where it cuts it. Only
the remaining parameters need nodes. With D_a = r D the prior measure is
p_D(D) p_Da(r D) D dD dr, a power of D over the range of D in which r D is allowed; it has corners
where that range starts or stops being cut, and the quadrature over log r is split there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.positions import (
    FilterBank,
    Prefixes,
    Quadratic,
    Tracks,
    check_tracks,
    log_likelihood,
)
from activenoise.parameters import PARAMETERS
from activenoise.physics.models import MODELS, RBP
from activenoise.physics.priors import Axis, Prior

# Nodes an axis where the config is silent. For priors of one decade (six in r) the evidence of a
# track is right to 0.005 nats at 500 points and 0.05 at 5000, and the log-loss of many tracks to
# 5e-4; `refined` nodes tell how well. `samples` are the draws a track of `rbp_evidence`.
DEFAULT_NODES = {"kappa": 14, "tau_a": 8, "ratio": 96, "D": 64, "D_a": 64, "samples": 32}
QUANTITIES = ("kappa", "D", "D_a", "tau_a")

_LOG_2PI = float(np.log(2 * np.pi))
_D_NODES, _D_WEIGHTS = np.polynomial.legendre.leggauss(24)
_NEGLIGIBLE = 36.0  # nats below the peak, where an integrand over log D is left out
_LEAST_SHAPE = 10.0  # of the gamma function's argument, for the complete one
_KEPT_BYTES = 400e6  # of the filter's sums, which are computed again where they would be more


@dataclass(frozen=True)
class Grid:
    """Quadrature nodes of a prior, with D integrated analytically where it is a free scale.

    parameters: of the models at the nodes (D = 1 where it is a scale), each (n_nodes,).
    log_weight: log of quadrature weight times prior, (n_nodes,).
    low, high: range of D at each node, (n_nodes,); power: the prior is D^power there.
    """

    model_name: str
    parameters: dict[str, FloatArray]
    log_weight: FloatArray
    low: FloatArray
    high: FloatArray
    power: float
    scale: bool

    def __len__(self) -> int:
        return len(self.log_weight)


def refined(nodes: Mapping[str, int] | None = None) -> dict[str, int]:
    """Twice the nodes on every axis: what the result changes by is its numerical error."""
    return {axis: 2 * count for axis, count in {**DEFAULT_NODES, **(nodes or {})}.items()}


def quadrature(model_name: str, prior: Prior, nodes: Mapping[str, int] | None = None) -> Grid:
    """The nodes over the prior of Passive or AOUP. nodes: number an axis, keys of DEFAULT_NODES
    (`ratio` is D_a/D)."""
    count = {**DEFAULT_NODES, **(nodes or {})}
    axes = prior.axes
    if model_name == "Passive":
        names = ["kappa"]
        count["kappa"] *= 4  # without other parameters the posterior of kappa is narrow
        scale = not axes["D"].fixed
    else:
        names = ["kappa", "tau_a"]
        scale = not (axes["D"].fixed or axes["D_a"].fixed)
    if not scale:
        names += ["D"] if model_name == "Passive" else ["D", "D_a"]
    columns = [axes[name].nodes(count[name]) for name in names]
    power = -1.0 if axes["D"].log else 0.0
    if scale and model_name != "Passive":
        names.append("ratio")
        columns.append(_ratio_nodes(axes["D"], axes["D_a"], count["ratio"]))
        power += 0.0 if axes["D_a"].log else 1.0
    values = np.meshgrid(*(c[0] for c in columns), indexing="ij")
    weights = np.meshgrid(*(c[1] for c in columns), indexing="ij")
    parameters = {name: v.ravel() for name, v in zip(names, values, strict=True)}
    log_weight = np.sum([np.log(w.ravel()) for w in weights], axis=0)
    n_nodes = len(log_weight)
    low, high = np.full(n_nodes, axes["D"].low), np.full(n_nodes, axes["D"].high)
    if scale:
        log_weight = log_weight - np.log(
            np.log(axes["D"].high / axes["D"].low)
            if axes["D"].log
            else axes["D"].high - axes["D"].low
        )
        parameters["D"] = np.ones(n_nodes)
        if model_name != "Passive":
            ratio = parameters.pop("ratio")
            low = np.maximum(low, axes["D_a"].low / ratio)
            high = np.minimum(high, axes["D_a"].high / ratio)
            parameters["D_a"] = ratio
    return Grid(model_name, parameters, log_weight, low, high, power, scale)


def _ratio_nodes(diffusion: Axis, active: Axis, count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes in r = D_a/D and weights such that sum w f(r) D^... is the integral over p_Da.

    The measure is p_Da(r D) D dr: D^0 dr/r for a log-uniform D_a, D^1 dr for a uniform one.
    Panels of log r between the corners get nodes by the prior mass they hold and their width.
    """
    floor = max(active.low, 1e-6 * active.high)  # a uniform prior has no mass to speak of below
    corners = np.unique(
        np.log(
            [
                floor / diffusion.high,
                floor / diffusion.low,
                active.high / diffusion.high,
                active.high / diffusion.low,
            ]
        )
    )
    widths = np.diff(corners)
    shares = np.maximum(np.round(count * widths / widths.sum()).astype(int), 4)
    log_r, weight = [], []
    for a, width, n in zip(corners[:-1], widths, shares, strict=True):
        u, w = np.polynomial.legendre.leggauss(int(n))
        log_r.append(a + 0.5 * width * (u + 1))
        weight.append(0.5 * width * w)
    ratio, weights = np.exp(np.concatenate(log_r)), np.concatenate(weight)
    if active.log:
        return ratio, weights / np.log(active.high / active.low)
    return ratio, weights * ratio / (active.high - active.low)


@dataclass(frozen=True)
class Evidence:
    """Result of `evaluate`, arrays (n_tracks, len(at)).

    log_evidence: log p(x | model), nats. mean, sd: of the log of each parameter under the
    posterior, by name.
    """

    log_evidence: FloatArray
    mean: dict[str, FloatArray]
    sd: dict[str, FloatArray]


def log_evidence(
    model_name: str,
    prior: Prior,
    tracks: Tracks,
    dt: float,
    at: Prefixes | None = None,
    nodes: Mapping[str, int] | None = None,
) -> FloatArray:
    """Log density of the positions, marginalised over the prior, in nats.

    tracks (n_tracks, n_steps), dt in s; at: prefix lengths; nodes: number an axis.
    Returns (n_tracks,) or (n_tracks, len(at)). RBP goes by `rbp_evidence`.
    """
    tracks, at_array, squeeze = check_tracks(tracks, at)
    if prior.fixed:
        values = log_likelihood(prior.single(model_name), tracks, dt, at_array)
    elif model_name == "RBP":
        values = rbp_evidence(prior, tracks, dt, at_array, nodes).log_evidence
    else:
        values = evaluate(quadrature(model_name, prior, nodes), tracks, dt, at_array).log_evidence
    return values[:, 0] if squeeze else values


def log_likelihood_ratio(
    pair: tuple[str, str],
    prior: Prior,
    tracks: Tracks,
    dt: float,
    at: NDArray[np.int64],
    nodes: Mapping[str, int] | None = None,
    given_first: bool = False,
) -> FloatArray:
    """Log odds of class 1 over class 0 (names of two models) at equal priors, (n_tracks, len(at)):
    the answer of the optimal classifier. given_first: condition on the first point (fixed
    parameters only)."""
    if prior.fixed:
        values = {
            name: log_likelihood(prior.single(name), tracks, dt, at, given_first) for name in pair
        }
    elif given_first:
        raise ValueError("conditioning on the first point needs fixed parameters")
    elif set(pair) == {"AOUP", "RBP"}:
        sampled = rbp_evidence(prior, tracks, dt, at, nodes)
        values = {"AOUP": sampled.reference, "RBP": sampled.log_evidence}
    else:
        values = {name: log_evidence(name, prior, tracks, dt, at, nodes) for name in pair}
    return values[pair[1]] - values[pair[0]]


class Sampled(NamedTuple):
    """A Monte Carlo evidence, arrays (n_tracks, len(at)), in nats.

    log_evidence: of RBP. reference: of AOUP under the same prior. error: standard error of their
    difference from the finite number of samples.
    """

    log_evidence: FloatArray
    reference: FloatArray
    error: FloatArray


def rbp_evidence(
    prior: Prior,
    tracks: Tracks,
    dt: float,
    at: NDArray[np.int64],
    nodes: Mapping[str, int] | None = None,
) -> Sampled:
    """Log density of the positions under RBP, marginalised over the prior.

    RBP and AOUP share prior and covariance, so the AOUP posterior is the proposal:
    p(x | RBP) = p(x | AOUP) E[ p(x | parameters, RBP)/p(x | parameters, AOUP) ] with the mean over
    p(parameters | x, AOUP), of which nodes["samples"] are drawn systematically a track and prefix.
    """
    n_samples = {**DEFAULT_NODES, **(nodes or {})}["samples"]
    grid = quadrature("AOUP", prior, nodes)
    job = _Job(grid, tracks, dt, at)
    shape = (len(tracks), len(at))
    peak, mass = np.full(shape, -np.inf), np.zeros(shape)
    moments = np.zeros((len(QUANTITIES), *shape)), np.zeros((len(QUANTITIES), *shape))
    passes: list[Iterable[tuple[object, ...]]] = [job.parts(), job.parts()]
    if len(grid) * mass.nbytes <= _KEPT_BYTES:
        passes = [list(passes[0])] * 2
    for part in passes[0]:
        _accumulate(*part, peak, mass, *moments)
    # One offset a track and prefix; any fixed sequence that fills (0, 1) evenly will do.
    offset = ((np.arange(mass.size) + 0.5) * 0.7548776662466927 % 1.0).reshape(shape)
    running, drawn = np.zeros(shape), np.zeros(shape, np.int64)
    samples = np.empty((*shape, n_samples, len(QUANTITIES)))
    log_densities = np.empty((*shape, n_samples))
    for part in passes[1]:
        # The last sample must not be lost to rounding of the total.
        _draw(*part, peak, mass * (1 - 1e-12), offset, running, drawn, samples, log_densities)
    reference = peak + np.log(mass) + job.log_scale
    ratio, error = np.empty(shape), np.empty(shape)
    for c, n in enumerate(at):
        kappa, D, D_a, tau_a = np.exp(np.moveaxis(samples[:, c], -1, 0))
        model = RBP(kappa=kappa, D=D, D_a=D_a, tau_a=tau_a)
        llr = angle_log_likelihood(model, job.tracks[:, :n], dt) - log_densities[:, c]
        top = np.max(llr, axis=1, keepdims=True)
        weight = np.exp(llr - top)
        mean = np.mean(weight, axis=1)
        ratio[:, c] = top[:, 0] + np.log(mean)
        error[:, c] = np.std(weight, axis=1, ddof=1) / mean / np.sqrt(n_samples)
    return Sampled(reference + ratio, reference, error)


def posterior_moments(
    model_name: str,
    prior: Prior,
    tracks: Tracks,
    dt: float,
    at: Prefixes | None = None,
    nodes: Mapping[str, int] | None = None,
) -> Evidence:
    """Posterior mean and sd of log kappa, log D, log D_a, log tau_a, arrays (n_tracks, len(at)):
    the Bayes estimates, whose mean square error no estimator can beat on average over the prior."""
    tracks, at_array, _ = check_tracks(tracks, at)
    return evaluate(quadrature(model_name, prior, nodes), tracks, dt, at_array)


def _log_width(axis: Axis) -> float:
    """Extent of an axis in the logarithm, of which one that starts at 0 has a finite part."""
    return float(np.log(axis.high / max(axis.low, 1e-12 * axis.high)))


class Focused(NamedTuple):
    """A prior cut down to where the posterior of one record is, and the log of the prior mass that
    the cut range holds."""

    prior: Prior
    log_mass: float


def focus(
    model_name: str,
    prior: Prior,
    track: Tracks,
    dt: float,
    nodes: Mapping[str, int] | None = None,
    rounds: int = 12,
) -> Focused:
    """Narrow the prior's ranges round by round to 8 posterior standard deviations of one record,
    (1, n_steps): a long record leaves so narrow a posterior that nodes over the whole prior would
    miss it. A round never narrows an axis below the four nodes nearest to the posterior's mean."""
    count = {**DEFAULT_NODES, **(nodes or {})}
    at = np.array([track.shape[1]])
    axes = dict(prior.axes)
    for _ in range(rounds):
        result = evaluate(quadrature(model_name, Prior(axes), nodes), track, dt, at)
        before = dict(axes)
        for name, mean in result.mean.items():
            axis = axes[name]
            if axis.fixed:
                continue
            # Nodes of the ratio are spread over the ranges of D and D_a together.
            n = count["ratio" if name == "D_a" else name]
            spacing = _log_width(axis) / n * (2 if name != "D" else 0)
            reach = max(8 * float(result.sd[name][0, 0]), spacing, 1e-6)
            centre = float(mean[0, 0])
            axes[name] = axis.narrowed(np.exp(centre - reach), np.exp(centre + reach))
        free = [name for name in axes if not axes[name].fixed]
        if all(_log_width(axes[n]) > 0.9 * _log_width(before[n]) for n in free):
            break
    narrowed = Prior(axes)
    log_mass = sum(
        np.log(axes[n].width / prior.axes[n].width)
        for n in PARAMETERS[model_name]
        if not prior.axes[n].fixed
    )
    return Focused(narrowed, float(log_mass))


def evaluate(grid: Grid, tracks: Tracks, dt: float, at: NDArray[np.int64]) -> Evidence:
    """Evidence and posterior moments over a grid of nodes, streaming over groups of nodes."""
    job = _Job(grid, tracks, dt, at)
    shape = (len(tracks), len(at))
    peak, mass = np.full(shape, -np.inf), np.zeros(shape)
    first, second = np.zeros((len(QUANTITIES), *shape)), np.zeros((len(QUANTITIES), *shape))
    for part in job.parts():
        _accumulate(*part, peak, mass, first, second)
    mean, sd = {}, {}
    for i, name in enumerate(QUANTITIES):
        if name in grid.parameters:
            m = first[i] / mass
            known = np.isneginf(m)  # D_a = 0
            variance = np.where(known, 0.0, second[i] / mass) - np.where(known, 0.0, m) ** 2
            sd[name] = np.sqrt(np.maximum(variance, 0))
            mean[name] = m + (2 * job.log_unit if name in ("D", "D_a") else 0.0)
    return Evidence(peak + np.log(mass) + job.log_scale, mean, sd)


class _Job:
    """A grid made ready for data: tracks in units of their rms step, so that squares neither
    overflow nor vanish in single precision, and the filter bank of the nodes in those units."""

    def __init__(self, grid: Grid, tracks: Tracks, dt: float, at: NDArray[np.int64]) -> None:
        step = np.square(np.diff(tracks[:64], axis=1), dtype=np.float64)
        unit = float(np.sqrt(np.mean(step))) if step.size else float(np.abs(tracks).max())
        if not unit > 0:
            raise ValueError("the tracks do not move: they have no likelihood")
        self.grid = grid
        scaled = np.divide(tracks, unit, dtype=tracks.dtype)
        self.tracks: Tracks = scaled
        self.log_unit = np.log(unit)
        parameters = dict(grid.parameters)
        if not grid.scale:
            for name in {"D", "D_a"} & parameters.keys():
                parameters[name] = parameters[name] / unit**2
        self.parameters = parameters
        self.bank = FilterBank(MODELS[grid.model_name](**parameters).sampled(dt), at)
        self.log_scale = -at * self.log_unit
        if grid.scale:
            self.log_scale = self.log_scale + 2 * self.log_unit * (grid.power + 1)
        self.whole = np.array([_whole_scale(0.5 * n - grid.power - 1) for n in at]).T

    def parts(self) -> Iterator[tuple[object, ...]]:
        """The arguments that `_accumulate` and `_draw` share, group by group of nodes."""
        grid, unit_squared = self.grid, np.exp(2 * self.log_unit)
        ones = np.ones(len(grid))
        with np.errstate(divide="ignore"):  # a known D_a may be 0
            logs = np.log([self.parameters.get(name, ones) for name in QUANTITIES])
        for group in self.bank.groups():
            part: Quadratic = self.bank.run(self.tracks, group)
            yield (
                part.squares, part.log_det, self.bank.at, grid.log_weight[group],
                np.ascontiguousarray(logs[:, group]), grid.scale,
                np.log(grid.low[group] / unit_squared), np.log(grid.high[group] / unit_squared),
                grid.power, self.whole, _D_NODES, _D_WEIGHTS,
            )  # fmt: skip


@njit(cache=True, parallel=True)
def _accumulate(
    squares, log_det, at, log_weight, logs, scale, low, high, power, whole, u, w,
    peak, mass, first, second,
):  # fmt: skip
    """Add a group of nodes to the running sums exp(peak) * (mass, first, second moments)."""
    n_nodes, n_tracks, n_at = squares.shape
    for t in prange(n_tracks):
        for c in range(n_at):
            n = at[c]
            for k in range(n_nodes):
                base = log_weight[k] - 0.5 * (log_det[k, c] + n * _LOG_2PI)
                q = squares[k, t, c]
                if not scale:
                    top, total, m1, m2 = base - 0.5 * q, 1.0, 0.0, 0.0
                else:
                    a = 0.5 * n - power - 1.0
                    top, total, m1, m2 = _integrate_scale(
                        q, a, low[k], high[k], whole[:, c], u, w, peak[t, c] - base
                    )
                    top += base
                if total == 0.0:
                    continue
                if top > peak[t, c]:
                    factor = np.exp(peak[t, c] - top)
                    peak[t, c] = top
                    mass[t, c] *= factor
                    for p in range(4):
                        first[p, t, c] *= factor
                        second[p, t, c] *= factor
                share = np.exp(top - peak[t, c])
                mass[t, c] += share * total
                for p in range(4):
                    value = logs[p, k]
                    if scale and (p == 1 or p == 2):
                        # log D, and log D_a = log r + log D
                        first[p, t, c] += share * (value * total + m1)
                        second[p, t, c] += share * (value * value * total + 2 * value * m1 + m2)
                    else:
                        first[p, t, c] += share * value * total
                        second[p, t, c] += share * value * value * total


@njit(cache=True, parallel=True)
def _draw(
    squares, log_det, at, log_weight, logs, scale, low, high, power, whole, u, w,
    peak, mass, offset, running, drawn, samples, log_densities,
):  # fmt: skip
    """Systematic sampling of the posterior: as the running sum of the nodes' mass passes
    (i + offset)/n_samples of the total, the node becomes sample i (D drawn given the node)."""
    n_nodes, n_tracks, n_at = squares.shape
    n_samples = samples.shape[2]
    for t in prange(n_tracks):
        for c in range(n_at):
            n = at[c]
            for k in range(n_nodes):
                base = log_weight[k] - 0.5 * (log_det[k, c] + n * _LOG_2PI)
                q = squares[k, t, c]
                top, total = base - 0.5 * q, 1.0
                a = 0.5 * n - power - 1.0
                if scale:
                    top, total, _, _ = _integrate_scale(
                        q, a, low[k], high[k], whole[:, c], u, w, peak[t, c] - base
                    )
                    top += base
                if total == 0.0:
                    continue
                running[t, c] += np.exp(top - peak[t, c]) * total
                while drawn[t, c] < n_samples and (
                    running[t, c] >= (drawn[t, c] + offset[t, c]) / n_samples * mass[t, c]
                ):
                    i = drawn[t, c]
                    for p in range(4):
                        samples[t, c, i, p] = logs[p, k]
                    log_density = -0.5 * (log_det[k, c] + n * _LOG_2PI + q)
                    if scale:
                        quantile = (offset[t, c] + i * 0.6180339887498949) % 1.0
                        log_d = _scale_quantile(q, a, low[k], high[k], quantile)
                        samples[t, c, i, 1] += log_d
                        samples[t, c, i, 2] += log_d
                        log_density = -0.5 * (
                            log_det[k, c] + n * (_LOG_2PI + log_d) + q * np.exp(-log_d)
                        )
                    log_densities[t, c, i] = log_density
                    drawn[t, c] += 1


def _whole_scale(a: float) -> tuple[float, float, float, float, float]:
    """Of f(l) = exp(-a l - q e^{-l}/2) over all l, whose peak is at log(q/(2a)): its integral over
    f(peak), Gamma(a) e^a a^-a; the mean of l less the peak, and the variance of l (log a less the
    digamma, and the trigamma function); how far below and above the peak f falls below e^-36.
    All 0 for small a, where the last two are too rough."""
    if a < _LEAST_SHAPE:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    # Asymptotic series; from a = 10 on their first neglected terms are below 1e-9.
    i, square = 1 / a, 1 / a**2
    log_integral = 0.5 * np.log(2 * np.pi * i) + i / 12 * (1 - square / 30 * (1 - 2 * square / 7))
    shift = i / 2 + square / 12 * (1 - square / 10 * (1 - 10 * square / 21))
    variance = i + square / 2 + i * square / 6 * (1 - square / 5 * (1 - 5 * square / 7))
    width = 8.5 * i**0.5
    return float(np.exp(log_integral)), shift, variance, width, width + 18 * i


@njit(cache=True)
def _scale_range(q, a, low, high):
    """Mode of exp(-a l - q e^{-l}/2) over l in [low, high] and the part of that range which holds
    all but e^-36 of its integral: it is log-concave with its peak at log(q/(2a))."""
    peak = np.log(0.5 * q / a) if a > 0 else high
    mode = min(max(peak, low), high)
    curvature = 0.5 * q * np.exp(-mode)
    width = 8.5 / np.sqrt(curvature + 1e-300)
    if mode > peak:  # cut below: at least an exponential fall from `low`
        return mode, low, min(high, mode + min(36.0 / (a - curvature), width + 18.0 / a))
    if mode < peak:  # cut above: falls faster than exponentially to the left
        return mode, max(low, mode - min(36.0 / (curvature - a), width)), high
    if a <= 0:
        return mode, low, high
    return mode, max(low, mode - width), min(high, mode + width + 18.0 / a)


@njit(cache=True)
def _scale_quantile(q, a, low, high, quantile):
    """The l = log D below which lies the fraction `quantile` of exp(-a l - q e^{-l}/2)."""
    mode, left, right = _scale_range(q, a, low, high)
    top = -a * mode - 0.5 * q * np.exp(-mode)
    n = 200
    step = (right - left) / n
    cumulative = np.empty(n + 1)
    cumulative[0] = 0.0
    before = np.exp(-a * left - 0.5 * q * np.exp(-left) - top)
    for i in range(n):
        l = left + (i + 1) * step
        f = np.exp(-a * l - 0.5 * q * np.exp(-l) - top)
        cumulative[i + 1] = cumulative[i] + 0.5 * (before + f)
        before = f
    wanted = quantile * cumulative[n]
    i = min(max(np.searchsorted(cumulative, wanted) - 1, 0), n - 1)
    part = (wanted - cumulative[i]) / (cumulative[i + 1] - cumulative[i])
    return left + (i + part) * step


@njit(cache=True)
def _integrate_scale(q, a, low, high, whole, u, w, negligible):
    """The integral over l = log D in [low, high] of exp(-a l - q e^{-l}/2), as
    exp(top) * (1, l, l^2 moments): whole (see `_whole_scale`) where the range does not cut it,
    by Gauss-Legendre over the range of `_scale_range` where it does.
    Nothing is computed (total 0) where the integral cannot reach e^(negligible - 36).
    """
    if high <= low:
        return 0.0, 0.0, 0.0, 0.0
    if whole[0] > 0.0:
        peak = np.log(0.5 * q / a)
        if low < peak - whole[3] and peak + whole[4] < high:
            top = -a * (peak + 1.0)
            if top < negligible - _NEGLIGIBLE:
                return 0.0, 0.0, 0.0, 0.0
            mean = peak + whole[1]
            return top, whole[0], whole[0] * mean, whole[0] * (mean * mean + whole[2])
    mode, left, right = _scale_range(q, a, low, high)
    top = -a * mode - 0.5 * q * np.exp(-mode)
    if top + np.log(high - low) < negligible - _NEGLIGIBLE:
        return 0.0, 0.0, 0.0, 0.0
    total, m1, m2 = 0.0, 0.0, 0.0
    # A few points leave a lopsided integrand, which wants nodes of its own on either side.
    middle = mode if a < _LEAST_SHAPE else right
    for start, stop in ((left, middle), (middle, right)):
        half = 0.5 * (stop - start)
        if half <= 0.0:
            continue
        for i in range(len(u)):
            log_d = start + half * (u[i] + 1.0)
            f = half * w[i] * np.exp(-a * log_d - 0.5 * q * np.exp(-log_d) - top)
            total += f
            m1 += f * log_d
            m2 += f * log_d * log_d
    return top, total, m1, m2
