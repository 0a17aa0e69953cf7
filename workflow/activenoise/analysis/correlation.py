"""Empirical autocorrelation of a track and its fit by generalised least squares.

The estimate is C^(k) = 1/(N - k) sum_{i < N-k} y_i y_{i+k} with y = x - mean(x). For a Gaussian
process whose autocorrelation is a sum of exponentials, C(m) = sum_a w_a r_a^|m| (every model
here), its mean and its covariance have closed forms, and both enter the fit:

* E[C^(k)] = C(k) - 2 <m_i>_{i < N-k} + V: subtracting the mean takes off about V, the variance
  of the mean, at every lag (`_expected`);
* Cov[C^(k), C^(l)] is the Isserlis sum over all pairs of products (`_covariance`). Neighbouring
  points of C^ are almost perfectly correlated: an unweighted fit has errors that mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import least_squares

from activenoise.arrays import FloatArray
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import twin_diffusivity

IntArray = NDArray[np.int64]

_N_LAGS = 50
_GLS_ROUNDS = 2
_APART = 3e-3  # |ln(kappa tau_a)| below which the two exponentials are moved apart, see `_modes`
_SLOWEST = 4.0  # relaxations per record of the slowest mode in `_covariance`
_MIN_POINTS = 50


class Estimate(NamedTuple):
    """A number and its standard error, in the same unit."""

    value: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class Fit:
    """A model fitted to the empirical autocorrelation of one track.

    model: the fitted Passive or AOUP (units: the track's length, s).
    standard_errors: by parameter name. covariance: (p, p), in the order of `model.parameters`;
        linear propagation from the logarithms, in which the fit is made.
    lags: s, (n,); correlation: C^ there, length^2; correlation_errors: its standard errors
        under the fitted model; expected: E[C^] under it, bias of the mean included.
    reduced_chi2: of the n correlated points over n - p; 1 +- sqrt(2/(n - p)) if the model holds.
    unresolved: parameters that the data do not fix within a factor e (D_a and tau_a of a
        passive track). passive: for AOUP, the Passive fit at the same lags.
    """

    model: Passive | AOUP
    standard_errors: dict[str, float]
    covariance: FloatArray
    lags: FloatArray
    correlation: FloatArray
    correlation_errors: FloatArray
    expected: FloatArray
    reduced_chi2: float
    n_points: int
    dt: float
    unresolved: tuple[str, ...]
    passive: Fit | None = None

    def __getitem__(self, name: str) -> Estimate:
        """A parameter by name."""
        return Estimate(float(self.model.parameters[name]), self.standard_errors[name])

    def as_rbp(self) -> dict[str, Estimate]:
        """The same C(t) read as a rotational Brownian particle.

        D_rot = 1/tau_a (1/s), v0 = sqrt(2 D_a/tau_a) (length/s) and the paper's
        D_a' = v0^2/2 = D_a/tau_a (length^2/s^2), called D_a_prime.
        """
        if not isinstance(self.model, AOUP):
            raise ValueError("a Passive fit has no propulsion to read as RBP")
        D_a, tau_a = _values(self.model)[2:]
        # Gradients in (ln D_a, ln tau_a) are (0, -1), (1/2, -1/2), (1, -1).
        scale = np.array([D_a, tau_a])
        log_cov = self.covariance[2:, 2:] / np.outer(scale, scale)
        readings = {
            "D_rot": (1 / tau_a, np.array([0.0, -1.0])),
            "v0": (np.sqrt(2 * D_a / tau_a), np.array([0.5, -0.5])),
            "D_a_prime": (D_a / tau_a, np.array([1.0, -1.0])),
        }
        return {
            name: Estimate(float(value), float(value * np.sqrt(max(g @ log_cov @ g, 0.0))))
            for name, (value, g) in readings.items()
        }


def autocorrelation(positions: ArrayLike, max_lag: int) -> FloatArray:
    """C^(k) for k = 0 ... max_lag POINTS, float64 (max_lag + 1,), length^2, by FFT.

    The mean is removed and the sum divided by N - k: the estimate is low by about the variance
    of the mean, V = (1/N) sum_m C(m), at every lag (relative: 2 relaxation times / duration).
    """
    y = _centred(positions)
    n = len(y)
    if not 0 <= max_lag < n:
        raise ValueError(f"max_lag = {max_lag} must be from 0 to {n - 1} for {n} points")
    spectrum = rfft(y, next_fast_len(n + max_lag, real=True))
    sums = irfft(spectrum.real**2 + spectrum.imag**2, next_fast_len(n + max_lag, real=True))
    return sums[: max_lag + 1] / (n - np.arange(max_lag + 1))


def diffusion_from_increments(positions: ArrayLike, dt: float) -> Estimate:
    """D = <dx^2>/(2 dt), length^2/s: the paper's short-time estimate.

    Its expectation is [C(0) - C(dt)]/dt, which is D only for kappa dt << 1: low by the fraction
    kappa dt/2 in a trap, high by localisation noise. The standard error counts the correlation
    of successive increments (Isserlis, first 20 lags) but not that bias.
    """
    x = np.asarray(positions, np.float64)
    steps = np.diff(x)
    n = len(steps)
    if n < 2:
        raise ValueError(f"{len(x)} positions are too few for a mean square increment")
    reach = min(20, n - 1)
    c = np.array([steps[: n - h] @ steps[h:] / (n - h) for h in range(reach + 1)])
    variance = 2 / n * (c[0] ** 2 + 2 * np.sum(c[1:] ** 2))
    return Estimate(float(c[0] / (2 * dt)), float(np.sqrt(variance) / (2 * dt)))


def twin(model: Passive | AOUP) -> AOUP | None:
    """The other parameters with exactly the same autocorrelation, or None where there are none.

    model: an AOUP; a Passive model has no twin. Trap and propulsion trade places
    (`physics.shares.twin_diffusivity`). For kappa tau_a < 1 there always is one. For kappa tau_a
    > 1 there is one exactly where the weight of e^{-kappa t} in C(t) is negative, so that no
    equilibrium (viscoelastic) bead has this law either.
    """
    if not isinstance(model, AOUP):
        return None
    kappa, D, D_a, tau_a = _values(model)
    other = twin_diffusivity(kappa, D, D_a, tau_a)
    return AOUP(1 / tau_a, D, other, 1 / kappa) if other >= 0 else None


def fit_autocorrelation(
    positions: ArrayLike,
    dt: float,
    lags: ArrayLike | None = None,
    model: type[Passive] | type[AOUP] = AOUP,
    slow_trap: bool = False,
) -> Fit:
    """Fit C(t) of `model` to the empirical autocorrelation of one track, points dt (s) apart.

    lags: s, multiples of dt; default about 50, log-spaced from 0 to where C has fallen to 1 %
        (by a first, spectral fit of AOUP), at most an eighth of the record.
    slow_trap: C(t) cannot tell an AOUP from its `twin`. The default reads the faster of its two
        relaxations as the trap, kappa tau_a >= 1, which is always possible; True reads the
        slower, where that is possible.

    Start values: Whittle likelihood of the binned periodogram. Then generalised least squares
    with the exact covariance under the current fit, in the logarithms of the parameters. Where
    a parameter is not fixed by the data its error is large and its name in `unresolved`.
    """
    if model not in (Passive, AOUP):
        raise ValueError(f"model {model.__name__} must be Passive or AOUP (RBP has AOUP's C(t))")
    y = _centred(positions)
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt = {dt!r} must be a positive time in s")
    first = _whittle(y, dt, AOUP)
    k = _default_lags(first, len(y), dt) if lags is None else _in_points(lags, dt, len(y))
    data = autocorrelation(y, int(k.max()))[k]
    passive = _least_squares(_whittle(y, dt, Passive), k, data, len(y), dt)
    if model is Passive:
        return passive
    fit = _least_squares(first, k, data, len(y), dt)
    kappa, D, _, tau_a = _values(fit.model)
    other = twin(fit.model)
    if (kappa * tau_a < 1) != slow_trap and other is not None:
        other = replace(other, D_a=max(_values(other)[2], 1e-6 * D))
        fit = _least_squares(other, k, data, len(y), dt)
    return replace(fit, passive=passive)


# --- the exact law of the estimate ---------------------------------------------------------------


class _Modes(NamedTuple):
    """C(m) = sum_a weight_a exp(-rate_a m), m in points; both (n_modes,)."""

    weight: FloatArray
    rate: FloatArray

    def at(self, k: ArrayLike) -> FloatArray:
        """C at k points."""
        return np.exp(-np.multiply.outer(k, self.rate)) @ self.weight


def _modes(model: Passive | AOUP, dt: float) -> _Modes:
    """The exponentials of a model.

    At kappa tau_a = 1 the weights are infinite and opposite. Within 0.3 % of it kappa is moved
    0.3 % away: these modes serve the small bias, the weights and the start values, where that
    is harmless. The fitted curve itself is the model's own autocorrelation.
    """
    if not isinstance(model, AOUP):
        kappa, D = _values(model)
        return _Modes(np.array([D / kappa]), np.array([kappa * dt]))
    kappa, D, D_a, tau_a = _values(model)
    if abs(np.log(kappa * tau_a)) < _APART:
        kappa = np.exp(np.copysign(_APART, np.log(kappa * tau_a))) / tau_a
    share = D_a / (1 - (kappa * tau_a) ** 2)
    return _Modes(
        np.array([(D + share) / kappa, -share * tau_a]), np.array([kappa * dt, dt / tau_a])
    )


def _expected(model: Passive | AOUP, k: IntArray, n: int, dt: float) -> FloatArray:
    """E[C^(k)] of n points, (n_lags,): C(k) - 2 <m_i>_{i < n-k} + V.

    m_i = Cov(x_i, mean) = [G(i) + G(n-1-i) - C(0)]/n with G(j) = sum_{m <= j} C(m), so the means
    of m_i are differences of H(j) = G(0) + ... + G(j-1).
    """
    w, rate = _modes(model, dt)
    loss, r = -np.expm1(-rate), np.exp(-rate)

    def h(j: ArrayLike) -> FloatArray:
        j = np.asarray(j, np.float64)
        gone = -np.expm1(-np.multiply.outer(j, rate))
        return (np.multiply.outer(j, np.ones_like(r)) - r * gone / loss) @ (w / loss)

    c0 = w.sum()
    mean_m = (h(n - k) + h(n) - h(k) - (n - k) * c0) / (n * (n - k))
    variance_of_mean = (2 * h(n) - n * c0) / n**2
    return model.autocorrelation(k * dt) - 2 * mean_m + variance_of_mean


def _covariance(model: Passive | AOUP, k: IntArray, n: int, dt: float) -> FloatArray:
    """Cov[C^(k), C^(l)] of n points of a Gaussian process, (n_lags, n_lags).

    (n-k)(n-l) Cov = sum_{i < n-k, j < n-l} [C(i-j) C(i+k-j-l) + C(i+k-j) C(i-j-l)]. Counting
    the pairs with equal i - j turns this, for k >= l, into

        (n-k) R(k-l) - T(k-l) + (n-k-l) R(k+l) - T(k+l) + E(k, l),

    R(h) = sum_m C(m) C(m+h), T the same weighted by the distance of m from [-h, 0], and E the
    pairs at the ends. All are exact but for C beyond the length n of the record; a relaxation
    that takes longer than n/4 is counted as one of n/4. The mean takes 2 V^2 off, to leading
    order in V.
    """
    w, rate = _modes(model, dt)
    rate = np.maximum(rate, _SLOWEST / n)
    pair = np.outer(w, w)
    r_a, r_b = np.exp(-rate)[:, None], np.exp(-rate)[None, :]
    total = rate[:, None] + rate[None, :]
    q, loss = np.exp(-total), -np.expm1(-total)
    equal = r_a == r_b
    gap = np.where(equal, 1.0, r_a - r_b)

    def inside(m: FloatArray) -> FloatArray:
        """sum_{i < m} r_a^i r_b^(m-1-i), (*m.shape, n_modes, n_modes)."""
        m = m[..., None, None]
        powers = np.exp(-m * rate[:, None]), np.exp(-m * rate[None, :])
        same = m * np.exp(-np.maximum(m - 1, 0) * rate[:, None])
        return np.where(equal, same, (powers[0] - powers[1]) / gap)

    def tails(h: FloatArray) -> FloatArray:
        h = h[..., None, None]
        return (np.exp(-h * rate[:, None]) + np.exp(-h * rate[None, :])) * q / loss

    def r_sum(h: FloatArray) -> FloatArray:
        return np.einsum("...ab,ab", inside(h + 1) + tails(h), pair)

    def t_sum(h: FloatArray) -> FloatArray:
        return np.einsum("...ab,ab", tails(h) / loss, pair)

    points = k.astype(np.float64)
    late, early = np.maximum.outer(points, points), np.minimum.outer(points, points)
    apart, along = late - early, late + early
    ends = inside(points)
    sums = (n - late) * r_sum(apart) - t_sum(apart) + (n - along) * r_sum(along) - t_sum(along)
    sums += np.einsum("kab,lab,ab->kl", ends, ends, pair * r_a * r_b)
    covariance = sums / np.outer(n - points, n - points)
    # V^2 overtakes the variance itself in records of a few relaxation times, where no
    # expansion holds; half is left there.
    mean_term = 2 * _mean_variance(w, rate, n) ** 2
    return covariance - min(mean_term, 0.5 * float(np.min(np.diag(covariance))))


def _mean_variance(w: FloatArray, rate: FloatArray, n: int) -> float:
    """Variance of the mean of n points, (1/n) sum_m (1 - |m|/n) C(m), length^2."""
    loss = -np.expm1(-rate)
    r = np.exp(-rate)
    return float(np.sum(w * ((1 + r) / loss + 2 * r * np.expm1(-n * rate) / (n * loss**2)))) / n


# --- start values --------------------------------------------------------------------------------


def _sampled_spectrum(modes: _Modes, phase: FloatArray) -> FloatArray:
    """sum_m C(m) exp(i m phase): the spectrum of the sampled process, aliases included."""
    half = np.sin(phase / 2)[:, None] ** 2
    loss, r = -np.expm1(-modes.rate), np.exp(-modes.rate)
    return (loss * (1 + r) / (loss**2 + 4 * r * half)) @ modes.weight


def _whittle(y: FloatArray, dt: float, kind: type[Passive] | type[AOUP]) -> Passive | AOUP:
    """Whittle estimate from the periodogram in about 150 log-spaced bins.

    The mean of n periodogram values is a gamma variable of mean S and shape n; its deviance is
    minimised from the best of a grid of (kappa, tau_a), at which S is linear in D and D_a.
    """
    n = len(y)
    spectrum = rfft(y)[1 : (n - 1) // 2 + 1]
    power = (spectrum.real**2 + spectrum.imag**2) / n
    edges = np.unique(np.geomspace(1, len(power) + 1, 150).astype(int)) - 1
    count = np.diff(edges).astype(np.float64)
    power = np.add.reduceat(power, edges[:-1]) / count
    phase = 2 * np.pi * (0.5 * (edges[:-1] + edges[1:] - 1) + 1) / n

    def residuals(theta: FloatArray) -> FloatArray:
        ratio = power / _sampled_spectrum(_modes(_model(kind, theta), dt), phase)
        excess = ratio - 1 - np.log(ratio)
        return np.sign(ratio - 1) * np.sqrt(2 * count * np.maximum(excess, 0.0))

    starts = []
    rates = np.geomspace(2 / n, 1.0, 12) / dt
    for kappa in rates:
        passive = _sampled_spectrum(_modes(Passive(kappa, 1.0), dt), phase)
        if kind is Passive:
            D = np.sum(count * power / passive) / np.sum(count)
            starts.append(np.log([kappa, D]))
            continue
        for slow in rates[rates < kappa]:
            both = _sampled_spectrum(_modes(AOUP(kappa, 1.0, 1.0, 1 / slow), dt), phase)
            basis = np.stack([passive, both - passive], axis=1)
            level = basis.sum(axis=1)
            for _ in range(2):  # reweighted least squares
                weight = np.sqrt(count) / level
                D, D_a = np.linalg.lstsq(basis * weight[:, None], power * weight)[0]
                D = max(D, 1e-3 * float(np.min(power / passive)))
                D_a = max(D_a, 1e-3 * D)
                level = basis @ [D, D_a]
            starts.append(np.log([kappa, D, D_a, 1 / slow]))
    starts.sort(key=lambda theta: float(np.sum(residuals(theta) ** 2)))
    low, high = _bounds(kind, starts[0], n, dt)
    fits = [
        least_squares(residuals, np.clip(theta, low + 1e-6, high - 1e-6), bounds=(low, high))
        for theta in starts[:3]
    ]
    return _model(kind, min(fits, key=lambda fit: fit.cost).x)


# --- the fit -------------------------------------------------------------------------------------


def _model(kind: type[Passive] | type[AOUP], theta: FloatArray) -> Passive | AOUP:
    """The model whose parameters have the logarithms theta, (p,)."""
    return kind(*np.exp(theta))


def _values(model: Passive | AOUP) -> FloatArray:
    """Its parameters, (p,)."""
    return np.array([float(value) for value in model.parameters.values()])


def _bounds(
    kind: type[Passive] | type[AOUP], near: FloatArray, n: int, dt: float
) -> tuple[FloatArray, FloatArray]:
    """The box of theta: relaxations from a tenth of dt to ten records, D and D_a far around D."""
    low, high = [np.log(0.1 / (n * dt)), near[1] - 12], [np.log(10 / dt), near[1] + 12]
    if kind is AOUP:
        low += [near[1] - 14, -high[0]]
        high += [near[1] + 25, -low[0]]
    return np.array(low), np.array(high)


def _default_lags(start: Passive | AOUP, n: int, dt: float) -> IntArray:
    """0 and log-spaced points up to where C has fallen to 1 % of C(0)."""
    cap = max(n // 8, 5)
    k = np.unique(np.geomspace(1, cap, 400).astype(np.int64))
    c = start.autocorrelation(k * dt)
    small = np.flatnonzero(c < 0.01 * float(start.autocorrelation(0.0)))
    last = max(int(k[small[0]]) if small.size else cap, min(20, cap))
    return np.unique(np.r_[0, np.round(np.geomspace(1, last, _N_LAGS))].astype(np.int64))


def _least_squares(start: Passive | AOUP, k: IntArray, data: FloatArray, n: int, dt: float) -> Fit:
    """Generalised least squares on C^ at k points, weights from the fit of the round before."""
    kind = type(start)
    theta = np.log(_values(start))
    low, high = _bounds(kind, theta, n, dt)
    theta = np.clip(theta, low + 1e-9, high - 1e-9)
    if len(k) <= len(theta):
        raise ValueError(f"{len(k)} lags cannot fix {len(theta)} parameters; give more")
    for _ in range(_GLS_ROUNDS):
        covariance = _covariance(_model(kind, theta), k, n, dt)
        whiten = _whitener(covariance)
        result = least_squares(
            lambda t, whiten=whiten: whiten(data - _expected(_model(kind, t), k, n, dt)),
            theta,
            jac="3-point",
            bounds=(low, high),
            x_scale="jac",
        )
        theta = result.x
    model = _model(kind, theta)
    covariance = _covariance(model, k, n, dt)
    log_covariance = _inverse(result.jac.T @ result.jac)
    log_errors = np.sqrt(np.diag(log_covariance))
    names, values = list(model.parameters), _values(model)
    return Fit(
        model=model,
        standard_errors=dict(zip(names, (values * log_errors).tolist(), strict=True)),
        covariance=log_covariance * np.outer(values, values),
        lags=np.asarray(k * dt, np.float64),
        correlation=data,
        correlation_errors=np.sqrt(np.diag(covariance)),
        expected=_expected(model, k, n, dt),
        reduced_chi2=float(2 * result.cost / (len(k) - len(theta))),
        n_points=n,
        dt=dt,
        unresolved=tuple(name for name, s in zip(names, log_errors, strict=True) if s > 1),
    )


def _whitener(covariance: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """The map of residuals to independent unit normals.

    Residuals are first turned into differences of successive lags: C(0) - C(dt) holds D and is
    known a thousand times better than C(0), and survives rounding only as a difference.
    """
    steps = np.diff(covariance, axis=0, prepend=0.0)
    steps = np.diff(steps, axis=1, prepend=0.0)
    scale = np.sqrt(np.maximum(np.diag(steps), 1e-14 * covariance[0, 0]))
    correlation = steps / np.outer(scale, scale)
    ridge = max(1e-9, 1e-9 - 2 * float(np.linalg.eigvalsh(correlation)[0]))
    factor = cholesky(correlation + ridge * np.eye(len(scale)), lower=True)

    def whiten(residual: FloatArray) -> FloatArray:
        return solve_triangular(factor, np.diff(residual, prepend=0.0) / scale, lower=True)

    return whiten


def _inverse(information: FloatArray) -> FloatArray:
    """Inverse of a positive semi-definite matrix; directions without information get a huge
    variance (a factor e^1e4) instead of an infinite one."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-8))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    inverse = (vectors / np.maximum(values, 1e-12)) @ vectors.T
    return inverse / np.outer(scale, scale)


def _centred(positions: ArrayLike) -> FloatArray:
    x = np.asarray(positions, np.float64)
    if x.ndim != 1 or len(x) < _MIN_POINTS:
        raise ValueError(f"positions of shape {x.shape} must be one track of {_MIN_POINTS} points")
    if not np.all(np.isfinite(x)) or np.ptp(x) == 0:
        raise ValueError("positions must be finite and not all equal")
    return x - x.mean()


def _in_points(lags: ArrayLike, dt: float, n: int) -> IntArray:
    """Lags in s as whole points, (n_lags,), increasing."""
    points = np.asarray(lags, np.float64) / dt
    k = np.round(points).astype(np.int64)
    if k.ndim != 1 or not k.size or np.any(np.abs(points - k) > 0.01):
        raise ValueError(f"lags must be one row of multiples of dt = {dt:g} s")
    if k[0] < 0 or np.any(np.diff(k) <= 0) or k[-1] >= n:
        raise ValueError(f"lags must increase from 0 or more to less than {n * dt:g} s")
    return k
