"""How surely a planned experiment will find propulsion, and how well it will measure it.

The positions are Gaussian, so that all follows from the spectral density f of the recorded points
(`physics.system.spectral_density`). At the Fourier frequencies of a record the periodogram over f
is a standard exponential variable, independently of the others (Whittle). The frequency 0 is left
out, because the zero of a record is unknown. With one term a frequency, and n_tracks of each,

    divergence of models 1 and 0    K = sum [f1/f0 - 1 - log(f1/f0)],
    information on parameters i, j  I_ij = sum (d log f/d theta_i) (d log f/d theta_j).

Ratios of f alone enter, so that a record is as good as its increments, and a weak trap or none
leaks nothing. docs/physics.md, "How long to record", has the test and its measured errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from activenoise.arrays import FloatArray
from activenoise.likelihood.kalman import log_likelihoods
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import active_diffusivity, active_share
from activenoise.physics.system import spectral_density
from activenoise.simulation.recorded import simulate_recorded

FALSE_ALARM = 0.05
WANTED = 0.8  # part of the cases in which a plan is to find its propulsion
MOST_POINTS = 1e9  # a record that nobody makes
FEWEST_POINTS = 16
_WHOLE = 48  # frequencies that are summed one by one; from there in groups,
_PER_DECADE = 60  # so many of them
_TAUS = 2  # persistence times of the test in each decade
_STEP = 1e-4  # of finite differences, in logarithms
_WEAK = 1e-3  # share of an alternative whose direction is that of D_a -> 0
_MOST_SHARE = 1e4  # a/D of the strongest propulsion that is considered
_REACH = np.log(1e4)  # of the nuisances either way of their true values
_STEPS = 60  # of the search for the nearest passive tracer, at most
_NORMALS = np.random.default_rng(5).standard_normal((20_000, 24))


@dataclass(frozen=True)
class Design:
    """An experiment: one active tracer, or n_tracks independent ones of the same parameters, whose
    positions an instrument records every dt (s). The analysis will know the instrument but for its
    localisation noise, and of the tracer only whether it is trapped (kappa > 0)."""

    model: AOUP
    instrument: Instrument
    dt: float
    n_tracks: int = 1

    @property
    def values(self) -> dict[str, float]:
        """The parameters of the tracer by name."""
        return {name: float(value) for name, value in self.model.parameters.items()}

    @property
    def share(self) -> float:
        """The active share of the motion."""
        return float(active_share(**self._arrays()))

    def with_D_a(self, D_a: float) -> Design:
        """The same experiment on a tracer of another active diffusivity."""
        return replace(self, model=AOUP(**(self.values | {"D_a": D_a})))

    def nuisances(self) -> dict[str, float]:
        """What the analysis must estimate beside the propulsion, by name."""
        names = ("kappa", "D") if self.values["kappa"] > 0 else ("D",)
        noise = float(self.instrument.parameters["noise"])
        return {name: self.values[name] for name in names} | ({"noise": noise} if noise else {})

    def log_spectrum(self, angles: FloatArray, rows: dict[str, FloatArray]) -> FloatArray:
        """Logarithms of the spectral density, (m, n_angles), for m values of some parameters;
        passive where D_a is not among them."""
        m = len(rows["D"])
        kappa = rows.get("kappa", np.zeros(m))
        known = self.instrument.parameters
        measured: dict[str, Any] = known | {"noise": rows.get("noise", known["noise"])}
        instrument = Instrument(**measured)
        if "D_a" in rows:
            model: AOUP | Passive = AOUP(kappa, rows["D"], rows["D_a"], rows["tau_a"])
        else:
            model = Passive(kappa, rows["D"])
        return np.log(spectral_density(model, instrument, angles, self.dt))

    def _arrays(self) -> dict[str, FloatArray]:
        return {name: np.asarray(value) for name, value in self.values.items()}


class Detection(NamedTuple):
    """Whether the likelihood ratio test finds the propulsion at FALSE_ALARM.

    power: probability that it does. divergence: K in nats from the nearest passive tracer, whose
    parameters are `nearest`. threshold: of twice the log likelihood ratio.
    """

    power: float
    divergence: float
    threshold: float
    nearest: dict[str, float]


class Precision(NamedTuple):
    """Expected standard deviations of logarithms, all other parameters unknown: half of the 68 %
    interval. Infinite where the record does not fix them."""

    D_a: float
    tau_a: float
    dissipation: float


def frequencies(n_points: int) -> tuple[FloatArray, FloatArray]:
    """Angles 2 pi k/n_points of a record's Fourier frequencies, 0 and the highest left out, and how
    many of them each stands for; (n,) each."""
    last = (n_points - 1) // 2
    whole = np.arange(1, min(last, _WHOLE) + 1, dtype=np.float64)
    if last <= _WHOLE:
        return 2 * np.pi * whole / n_points, np.ones(last)
    count = int(_PER_DECADE * np.log10(last / _WHOLE)) + 2
    edges = np.unique(np.round(np.geomspace(_WHOLE, last, count)))
    number = np.concatenate([whole, (edges[:-1] + 1 + edges[1:]) / 2])
    return 2 * np.pi * number / n_points, np.concatenate([np.ones(len(whole)), np.diff(edges)])


def detection(design: Design, n_points: int) -> Detection:
    """The power of the test at n_points a track."""
    return powers(design, n_points, [design.n_tracks])[0]


def powers(design: Design, n_points: int, n_tracks: list[int]) -> list[Detection]:
    """The power of the test for several numbers of tracks, which share what is expensive.

    Twice the log likelihood ratio, maximised over kappa, D, noise, D_a >= 0 and tau_a, is the
    square of max(0, Z + mean), the largest over tau_a, where Z is normal with the correlations of
    the directions in which propulsions of different tau_a change log f beside the nuisances, at
    the passive tracer that is nearest to the truth. In the direction of the truth the mean is
    sqrt(2 K n_tracks).
    """
    angles, weights = frequencies(n_points)
    given = {name: np.array([value]) for name, value in design.values.items()}
    truth = design.log_spectrum(angles, given | _noise(design))[0]
    near = _nearest(design, angles, weights, truth)
    divergence = max(float(weights @ _distance(truth - near.log_f)), 0.0)
    directions = [*_directions(design, angles, near, n_points), np.expm1(truth - near.log_f)]
    rows = np.array(directions) * np.sqrt(weights)
    basis = np.linalg.qr((near.slopes * np.sqrt(weights)).T)[0]
    beside = rows - (rows @ basis) @ basis.T
    length, whole = np.linalg.norm(beside, axis=1), np.linalg.norm(rows, axis=1)
    # A direction that the nuisances imitate, as at kappa tau_a = 1, is no alternative.
    seen = length > 1e-3 * np.maximum(whole, 1e-12)
    seen[-1] = True
    unit = beside[seen] / np.maximum(length[seen], 1e-300)[:, None]
    correlation = unit @ unit.T
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    Z = _NORMALS[:, : len(root)] @ root.T
    others = Z[:, :-1] if len(root) > 1 else Z
    threshold = float(np.quantile(np.maximum(others, 0.0).max(axis=1), 1 - FALSE_ALARM))
    found = []
    for n in n_tracks:
        mean = np.sqrt(2 * divergence * n) * correlation[-1]
        power = float(np.mean((Z + mean).max(axis=1) > threshold))
        found.append(Detection(power, n * divergence, threshold**2, near.values))
    return found


class _Null(NamedTuple):
    """A passive tracer: parameters, log f and its slopes in the logarithms of the nuisances."""

    values: dict[str, float]
    log_f: FloatArray
    slopes: FloatArray


def _noise(design: Design) -> dict[str, FloatArray]:
    noise = np.atleast_1d(design.instrument.parameters["noise"])
    return {"noise": noise} if np.any(noise > 0) else {}


def _distance(log_ratio: FloatArray) -> FloatArray:
    return np.expm1(log_ratio) - log_ratio


def _slopes(
    design: Design, angles: FloatArray, values: dict[str, float]
) -> tuple[FloatArray, FloatArray]:
    """log f, (n,), and its derivatives in the logarithms of these parameters, (p, n)."""
    p = len(values)
    shifts = np.exp(_STEP * np.concatenate([np.zeros((1, p)), np.eye(p), -np.eye(p)]))
    rows = {name: value * shifts[:, i] for i, (name, value) in enumerate(values.items())}
    log_f = design.log_spectrum(angles, rows)
    return log_f[0], (log_f[1 : p + 1] - log_f[p + 1 :]) / (2 * _STEP)


def _nearest(design: Design, angles: FloatArray, weights: FloatArray, truth: FloatArray) -> _Null:
    """The passive tracer of least divergence from the truth, by damped Gauss-Newton steps."""
    start = design.nuisances()
    start["D"] *= 1 / (1 - design.share)
    names, logs = list(start), np.log(list(start.values()))
    low, high = logs - _REACH, logs + _REACH
    if "kappa" in names:  # a trap that is not felt within the record is none
        slowest = np.log(0.02 * angles[0] / design.dt)
        low[names.index("kappa")] = min(slowest, logs[names.index("kappa")])

    def passive(logs: FloatArray) -> tuple[_Null, float]:
        values = dict(zip(names, np.exp(logs).tolist(), strict=True))
        null = _Null(values, *_slopes(design, angles, values))
        return null, float(weights @ _distance(truth - null.log_f))

    best, total = passive(logs)
    damping = 1e-3
    for _ in range(_STEPS):
        push = best.slopes @ (weights * np.expm1(truth - best.log_f))
        curve = (best.slopes * weights) @ best.slopes.T
        curve += np.diag(damping * np.diag(curve) + 1e-12)
        step = np.clip(np.linalg.solve(curve, push), -1.5, 1.5)
        tried = np.clip(logs + step, low, high)
        null, found = passive(tried)
        gain = total - found
        if gain > 0:
            logs, best, total, damping = tried, null, found, damping / 10
        else:
            damping *= 10
        if abs(gain) <= 1e-6 * total + 1e-7:
            break
    return best


def _directions(design: Design, angles: FloatArray, near: _Null, n_points: int) -> FloatArray:
    """How a weak propulsion of each tau_a changes log f, (n_taus, n_angles): tau_a from two
    intervals, or the true one if that is shorter, to a third of the record."""
    low, high = min(2 * design.dt, design.values["tau_a"]), n_points * design.dt / 3
    count = min(max(int(_TAUS * np.log10(high / low)) + 1, 2), _NORMALS.shape[1] - 1)
    taus = np.geomspace(low, high, count)
    rows = {name: np.full(count, value) for name, value in near.values.items()}
    kappa, D = rows.get("kappa", np.zeros(count)), rows["D"]
    weak = {"D_a": active_diffusivity(np.full(count, _WEAK), kappa, D, taus), "tau_a": taus}
    return (design.log_spectrum(angles, rows | weak) - near.log_f) / _WEAK


def precision(design: Design, n_points: int) -> Precision:
    """Expected standard deviations from the inverse of the information on all unknowns."""
    angles, weights = frequencies(n_points)
    known = design.values
    unknown = design.nuisances() | {"D_a": known["D_a"], "tau_a": known["tau_a"]}
    _, slopes = _slopes(design, angles, unknown)
    information = design.n_tracks * (slopes * weights) @ slopes.T
    scale = np.sqrt(np.diag(information))
    if not np.all(scale > 0) or np.linalg.cond(information / np.outer(scale, scale)) > 1e12:
        return Precision(np.inf, np.inf, np.inf)
    covariance = np.linalg.inv(information / np.outer(scale, scale)) / np.outer(scale, scale)
    names = list(unknown)
    turns = known["kappa"] * known["tau_a"] / (1 + known["kappa"] * known["tau_a"])
    # Of log D_a - log D - log tau_a - log(1 + kappa tau_a).
    slope = {"kappa": -turns, "D": -1.0, "D_a": 1.0, "tau_a": -1.0 - turns, "noise": 0.0}
    gradient = np.array([slope[name] for name in names])
    sd = np.sqrt(np.diag(covariance))
    total = float(np.sqrt(gradient @ covariance @ gradient))
    return Precision(float(sd[names.index("D_a")]), float(sd[names.index("tau_a")]), total)


def least_D_a(design: Design, n_points: int) -> float:
    """The least active diffusivity that is found in a fraction WANTED of the cases, length^2/s; nan
    where there is none."""
    known = design.values
    unit = known["D"] * (1 + known["kappa"] * known["tau_a"])

    def short(log_share: float) -> float:
        return detection(design.with_D_a(unit * np.exp(log_share)), n_points).power - WANTED

    # K grows as D_a^2 at first, and more slowly later: from there the least is sought upwards.
    first = detection(design.with_D_a(unit * _WEAK), n_points).divergence
    start = np.clip(_WEAK / np.sqrt(max(first, 1e-300)), 1e-6, _MOST_SHARE)
    low = float(np.log(start))
    if short(low) > 0:
        return float(unit * start)
    for log_share in np.arange(low + 0.5, np.log(_MOST_SHARE), 0.5):
        if short(float(log_share)) > 0:
            return float(unit * np.exp(brentq(short, low, log_share, xtol=0.01)))
        low = float(log_share)
    return np.nan


def needed_points(design: Design) -> float:
    """Points a track at which the propulsion is found in a fraction WANTED of the cases; infinite
    above MOST_POINTS."""

    def short(log_points: float) -> float:
        return detection(design, round(np.exp(log_points))).power - WANTED

    low, high = np.log(FEWEST_POINTS), np.log(MOST_POINTS)
    if short(high) < 0:
        return np.inf
    while high - low > 0.01 and short(low) < 0:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if short(middle) >= 0 else (middle, high)
    return float(np.ceil(np.exp(high)))


def known_odds(design: Design, points: list[int], n_experiments: int, seed: int) -> FloatArray:
    """Exact log odds of active over passive, nats, (2, n_experiments, len(points)), of simulated
    experiments of which the first half is passive, when ALL parameters are known: no test can do
    better than these (Neyman and Pearson). points: increasing lengths. Trapped tracers alone."""
    known = design.values
    pair: tuple[Passive | AOUP, ...] = (Passive(known["kappa"], known["D"]), design.model)
    n = n_experiments * design.n_tracks
    found = np.empty((2, n_experiments, len(points)))
    blind = replace(design.instrument, noise=np.full(n, design.instrument.noise), baseline="zero")
    for k, truth in enumerate(pair):
        tracks = simulate_recorded(truth, blind, points[-1], design.dt, seed + k)
        for j, stop in enumerate(points):
            passive, active = (
                log_likelihoods(model, design.instrument, list(tracks[:, :stop]), design.dt)[:, 0]
                for model in pair
            )
            odds = (active - passive).reshape(n_experiments, design.n_tracks)
            found[k, :, j] = odds.sum(axis=1)
    return found


def power_of(odds: FloatArray) -> FloatArray:
    """Power at FALSE_ALARM of the test on log odds (2, n_experiments, n), (n,)."""
    thresholds: NDArray[Any] = np.quantile(odds[0], 1 - FALSE_ALARM, axis=0)
    return np.mean(odds[1] > thresholds, axis=0)
