"""Evidence and posterior moments of Passive and AOUP by quadrature over the prior.

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
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.inference.scale import integrate_scale, whole_scale
from activenoise.likelihood.positions import FilterBank
from activenoise.parameters import PARAMETERS
from activenoise.physics.models import MODELS
from activenoise.physics.priors import Axis, Prior
from activenoise.threads import in_threads

# Nodes an axis where the config is silent. For priors of one decade (six in r) the evidence of a
# track is right to 0.005 nats at 500 points and 0.05 at 5000, and the log-loss of many tracks to
# 5e-4; `refined` nodes show how well. `samples` are the draws of `rbp_evidence` for each track.
DEFAULT_NODES = {"kappa": 14, "tau_a": 8, "ratio": 96, "D": 64, "D_a": 64, "samples": 32}
QUANTITIES = ("kappa", "D", "D_a", "tau_a")
_LOG_2PI = float(np.log(2 * np.pi))
_D_NODES, _D_WEIGHTS = np.polynomial.legendre.leggauss(24)


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
    """Evidence of one model and moments of its posterior, arrays (n_tracks, len(at)).

    log_evidence: log p(x | model), nats. mean, sd: of the log of each parameter under the
    posterior, by name.
    """

    log_evidence: FloatArray
    mean: dict[str, FloatArray]
    sd: dict[str, FloatArray]


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
    track: TrackArray,
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


def evaluate(grid: Grid, tracks: TrackArray, dt: float, at: NDArray[np.int64]) -> Evidence:
    """Evidence and posterior moments over a grid of nodes, streaming over groups of nodes."""
    job = Job(grid, tracks, dt, at)
    return job.evidence(job.summed(job.parts()))


class Sums(NamedTuple):
    """Sums over the nodes: exp(peak) * mass is the evidence, and exp(peak) * moments those of each
    quantity's logarithm and of its square. peak, mass (n_tracks, n_at); moments (n_tracks, n_at,
    2, n_quantities), those of one track side by side in memory."""

    peak: FloatArray
    mass: FloatArray
    moments: FloatArray


class Part(NamedTuple):
    """What a job finds at a group of nodes. squares (n_nodes, n_tracks, n_at) and log_det (n_nodes,
    n_at) of the filters, log_weight and range low to high of log D (n_nodes,), logs of the
    quantities (n_quantities, n_nodes); log_mass: the evidence that each node adds for each track,
    nats, as `Job.summed` finds it, -inf where it is negligible, (n_nodes, n_tracks, n_at)."""

    squares: FloatArray
    log_det: FloatArray
    log_weight: FloatArray
    logs: FloatArray
    low: FloatArray
    high: FloatArray
    log_mass: FloatArray


class Job:
    """A grid made ready for data: tracks in units of their rms step, so that squares neither
    overflow nor vanish in single precision, and the filter bank of the nodes in those units."""

    def __init__(self, grid: Grid, tracks: TrackArray, dt: float, at: NDArray[np.int64]) -> None:
        step = np.square(np.diff(tracks[:64], axis=1), dtype=np.float64)
        unit = float(np.sqrt(np.mean(step))) if step.size else float(np.abs(tracks).max())
        if not unit > 0:
            raise ValueError("the tracks do not move: they have no likelihood")
        self.grid, self.dt = grid, dt
        scaled = np.divide(tracks, unit, dtype=tracks.dtype)
        self.tracks: TrackArray = scaled
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
        self.whole = np.array([whole_scale(0.5 * n - grid.power - 1) for n in at]).T

    def summed(self, parts: Iterable[Part]) -> Sums:
        """The sums over all nodes, from the groups of `parts`, whose log_mass it fills."""
        shape, grid = (len(self.tracks), len(self.bank.at)), self.grid
        moments = np.zeros((*shape, 2, len(QUANTITIES)))
        sums = Sums(np.full(shape, -np.inf), np.zeros(shape), moments)
        fixed = (self.bank.at, grid.scale, grid.power, self.whole, _D_NODES, _D_WEIGHTS)
        for part in parts:
            in_threads(_accumulate, len(sums.mass), *part, *fixed, *sums)
        return sums

    def evidence(self, sums: Sums) -> Evidence:
        """Evidence and moments in the units of the tracks."""
        mean, sd = {}, {}
        for i, name in enumerate(QUANTITIES):
            if name in self.grid.parameters:
                first, second = np.moveaxis(sums.moments[..., i], -1, 0)
                m = first / sums.mass
                known = np.isneginf(m)  # D_a = 0
                square = np.where(known, 0.0, second / sums.mass)
                variance = square - np.where(known, 0.0, m) ** 2
                sd[name] = np.sqrt(np.maximum(variance, 0))
                mean[name] = m + (2 * self.log_unit if name in ("D", "D_a") else 0.0)
        return Evidence(sums.peak + np.log(sums.mass) + self.log_scale, mean, sd)

    def parts(self) -> Iterator[Part]:
        """The groups of nodes, each filtered when it is asked for."""
        grid, unit_squared = self.grid, np.exp(2 * self.log_unit)
        ones = np.ones(len(grid))
        with np.errstate(divide="ignore"):  # a known D_a may be 0
            logs = np.log([self.parameters.get(name, ones) for name in QUANTITIES])
        for group, found in self.bank.quadratics(self.tracks):
            yield Part(
                found.squares,
                found.log_det,
                grid.log_weight[group],
                np.ascontiguousarray(logs[:, group]),
                np.log(grid.low[group] / unit_squared),
                np.log(grid.high[group] / unit_squared),
                np.empty_like(found.squares),
            )


@njit(cache=True, nogil=True)
def _accumulate(
    start, stop, squares, log_det, log_weight, logs, low, high, log_mass,
    at, scale, power, whole, u, w, peak, mass, moments,
):  # fmt: skip
    """Add a group of nodes to the running sums exp(peak) * (mass, first and second moments)."""
    n_nodes, _, n_at = squares.shape
    for k in range(n_nodes):  # outside: the squares of a node lie together
        for t in range(start, stop):
            for c in range(n_at):
                n = at[c]
                base = log_weight[k] - 0.5 * (log_det[k, c] + n * _LOG_2PI)
                q = squares[k, t, c]
                if not scale:
                    top, total, m1, m2 = base - 0.5 * q, 1.0, 0.0, 0.0
                else:
                    a = 0.5 * n - power - 1.0
                    top, total, m1, m2 = integrate_scale(
                        q, a, low[k], high[k], whole[:, c], u, w, peak[t, c] - base
                    )
                    top += base
                share = np.exp(min(top - peak[t, c], 0.0)) * total
                log_mass[k, t, c] = -np.inf
                if share == 0.0:
                    continue
                log_mass[k, t, c] = top + np.log(total)
                if top > peak[t, c]:
                    factor = np.exp(peak[t, c] - top)
                    peak[t, c] = top
                    mass[t, c] *= factor
                    moments[t, c] *= factor
                scaled = share / total
                mass[t, c] += share
                for p in range(4):
                    value = logs[p, k]
                    first, second = value * share, value * value * share
                    if scale and (p == 1 or p == 2):
                        # log D, and log D_a = log r + log D
                        first += scaled * m1
                        second += scaled * (2 * value * m1 + m2)
                    moments[t, c, 0, p] += first
                    moments[t, c, 1, p] += second
