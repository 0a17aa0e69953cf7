"""The models of a tracer in a harmonic trap, as exact stochastic processes.

One coordinate x(t) of an overdamped tracer in a trap of rate kappa obeys

    dx/dt = -kappa x + sqrt(2 D) xi(t) + v(t),

with white thermal noise xi and a propulsion velocity v:

* `Passive`: v = 0.
* `AOUP`, the active Ornstein-Uhlenbeck particle:
  tau_a dv/dt = -v + sqrt(2 D_a) zeta(t).
* `RBP`, the rotational Brownian particle: v = v0 cos(theta), where the angle diffuses
  with D_rot = 1/tau_a and v0 = sqrt(2 D_a / tau_a).
* `RTP`, the run-and-tumble particle: v = +-sqrt(D_a/tau_a), whose sign flips at random
  times, 1/(2 tau_a) a second.

* `Viscoelastic`: v is the pull of a Maxwell element at EQUILIBRIUM with the bead, the honest
  rival of AOUP: a passive bead whose surroundings relax once more.

For all active models <v(t) v(t')> = (D_a/tau_a) exp(-|t - t'|/tau_a), so D_a is the
long-time active diffusivity of each, and at equal parameters AOUP, RBP and RTP have the
same autocorrelation: only statistics that are not Gaussian tell them apart.

Symbols and units: kappa in 1/s, D and D_a in length^2/s, tau_a and dt in s.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from activenoise.arrays import FloatArray
from activenoise.parameters import REGISTRY

# Gauss-Legendre nodes on [0, 1] for the noise integrals near kappa tau_a = 1. With 64 of
# them exp(-z u) is integrated to rounding error for every z up to 80, the largest met here.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
_POSITION = np.array([1.0, 0.0])  # of (x, v)


class SampledProcess(NamedTuple):
    """The linear-Gaussian process (x, v) seen at a fixed interval dt, without discretisation error.

        x' = (1 - loss_x) x + coupling v + w_x
        v' = (1 - loss_v) v + w_v,   Cov(w) = [[q_xx, q_xv], [q_xv, q_vv]],

    with stationary covariance [[p_xx, p_xv], [p_xv, p_vv]]. The losses 1 - exp(-kappa dt) and
    1 - exp(-dt/tau_a) are kept instead of the decays because they keep their digits as dt -> 0.
    Every field has the shape of the model's batch. A passive tracer has v = 0 throughout.
    """

    loss_x: FloatArray
    coupling: FloatArray
    loss_v: FloatArray
    q_xx: FloatArray
    q_xv: FloatArray
    q_vv: FloatArray
    p_xx: FloatArray
    p_xv: FloatArray
    p_vv: FloatArray


class Langevin(NamedTuple):
    """Linear equations of motion dz = drift z dt + dW, Cov(dW) = noise dt, of k states z.

    drift, noise, and the stationary covariance of z: (*batch, k, k); the position is signal z,
    signal: (*batch, k). Of a free tracer (kappa = 0) the first state has no stationary law: its
    covariance is that of displacements from where it was when the others became stationary, so
    that its row and column are 0.
    """

    drift: FloatArray
    noise: FloatArray
    covariance: FloatArray
    signal: FloatArray


class AngleProcess(NamedTuple):
    """The rotational Brownian particle seen at an interval dt, in the midpoint form

        x' = (1 - loss_x) x + drift cos(theta_mid) + sqrt(noise) xi,

    where successive midpoint angles differ by a normal of variance 2 turn. `drift` and `noise`
    are such that the autocorrelation of the sampled x is EXACTLY the model's at every lag; what
    is approximate, to second order in dt/tau_a, are the higher cumulants.
    Every field has the shape of the model's batch.
    """

    loss_x: FloatArray
    drift: FloatArray
    turn: FloatArray
    noise: FloatArray


@dataclass(frozen=True, eq=False)
class _Trapped:
    """A tracer in a trap: parameters are scalars or arrays that broadcast to one batch shape."""

    kappa: ArrayLike
    D: ArrayLike

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        values = [np.asarray(getattr(self, name), dtype=np.float64) for name in names]
        for name, value in zip(names, values, strict=True):
            right = REGISTRY[name].contains(value)
            if not np.all(right):
                wrong, need = value[~right].flat[0], REGISTRY[name].need
                raise ValueError(f"{type(self).__name__}: {name} = {wrong:g} {need}")
        try:
            values = [np.array(value) for value in np.broadcast_arrays(*values)]
        except ValueError:
            shapes = ", ".join(f"{n} {v.shape}" for n, v in zip(names, values, strict=True))
            raise ValueError(f"{type(self).__name__}: shapes do not broadcast: {shapes}") from None
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch, () for a single model."""
        return np.shape(self.kappa)

    @property
    def parameters(self) -> dict[str, FloatArray]:
        """Parameters by name, each of shape `shape`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _require_trap(self) -> None:
        if np.any(np.asarray(self.kappa) == 0):
            raise ValueError(
                f"{type(self).__name__}: kappa = 0 is a free tracer, which has no stationary law; "
                "use kalman, which conditions on the first point"
            )

    def __getitem__(self, index: Any) -> _Trapped:
        """The models of the batch that `index` selects."""
        return type(self)(**{name: value[index] for name, value in self.parameters.items()})

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"a single {type(self).__name__} has no length")
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class Passive(_Trapped):
    """Thermal noise alone: an Ornstein-Uhlenbeck process. kappa in 1/s, D in length^2/s."""

    def langevin(self) -> Langevin:
        """Equations of motion, with v = 0."""
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        zero = np.zeros_like(kappa)
        variance = np.where(kappa > 0, D / np.where(kappa > 0, kappa, 1.0), 0.0)
        return Langevin(
            drift=_matrix(-kappa, zero, zero, zero),
            noise=_matrix(2 * D, zero, zero, zero),
            covariance=_matrix(variance, zero, zero, zero),
            signal=_POSITION,
        )

    def autocorrelation(self, lags: ArrayLike) -> FloatArray:
        """C(t) = (D/kappa) exp(-kappa t), length^2, shape (*batch, *lags.shape); lags in s."""
        self._require_trap()
        kappa, D, t = _against(lags, self.kappa, self.D)
        return D / kappa * np.exp(-kappa * np.abs(t))

    def spectrum(self, frequencies: ArrayLike) -> FloatArray:
        """Two-sided power spectral density 2 D / (kappa^2 + omega^2), length^2 s.

        frequencies in Hz (omega = 2 pi f); integrated over all f it gives C(0).
        """
        kappa, D, f = _against(frequencies, self.kappa, self.D)
        return 2 * D / (kappa**2 + (2 * np.pi * f) ** 2)

    def sampled(self, dt: ArrayLike) -> SampledProcess:
        """The process at interval dt (s), one for all models or one each."""
        self._require_trap()
        dt = _interval(dt)
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        zero = np.zeros_like(kappa)
        return SampledProcess(
            loss_x=-np.expm1(-kappa * dt),
            coupling=zero,
            loss_v=zero + 1.0,
            q_xx=-D / kappa * np.expm1(-2 * kappa * dt),
            q_xv=zero,
            q_vv=zero,
            p_xx=D / kappa,
            p_xv=zero,
            p_vv=zero,
        )


@dataclass(frozen=True, eq=False)
class AOUP(_Trapped):
    """Thermal noise and Ornstein-Uhlenbeck propulsion.

    kappa in 1/s, D and D_a in length^2/s, tau_a in s.
    """

    D_a: ArrayLike
    tau_a: ArrayLike

    def langevin(self) -> Langevin:
        """Equations of motion of (x, v)."""
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        D_a, tau_a = np.asarray(self.D_a), np.asarray(self.tau_a)
        zero = np.zeros_like(kappa)
        trapped = kappa > 0
        p_xv = np.where(trapped, D_a / (1 + kappa * tau_a), 0.0)
        p_xx = np.where(trapped, (D + p_xv) / np.where(trapped, kappa, 1.0), 0.0)
        return Langevin(
            drift=_matrix(-kappa, zero + 1.0, zero, -1 / tau_a),
            noise=_matrix(2 * D, zero, zero, 2 * D_a / tau_a**2),
            covariance=_matrix(p_xx, p_xv, p_xv, D_a / tau_a),
            signal=_POSITION,
        )

    def autocorrelation(self, lags: ArrayLike) -> FloatArray:
        """C(t), length^2, shape (*batch, *lags.shape); lags in s.

        The paper's C(t) = (D/kappa) e^{-kappa t} + D_a/(1 - kappa^2 tau_a^2) [e^{-kappa t}/kappa
        - tau_a e^{-t/tau_a}] written as C(0) e^{-kappa t} + <x v> g(t), where g(t) is the response
        integral of `_response`, so that kappa tau_a = 1 is an ordinary point.
        """
        self._require_trap()
        kappa, D, D_a, tau_a, t = _against(lags, self.kappa, self.D, self.D_a, self.tau_a)
        t = np.abs(t)
        p_xv = D_a / (1 + kappa * tau_a)
        return (D + p_xv) / kappa * np.exp(-kappa * t) + p_xv * _response(kappa, 1 / tau_a, t)

    def spectrum(self, frequencies: ArrayLike) -> FloatArray:
        """Two-sided power spectral density, length^2 s; frequencies in Hz.

        S = [2 D + 2 D_a / (1 + omega^2 tau_a^2)] / (kappa^2 + omega^2).
        """
        kappa, D, D_a, tau_a, f = _against(frequencies, self.kappa, self.D, self.D_a, self.tau_a)
        omega = 2 * np.pi * f
        return (2 * D + 2 * D_a / (1 + (omega * tau_a) ** 2)) / (kappa**2 + omega**2)

    def sampled(self, dt: ArrayLike) -> SampledProcess:
        """The process (x, v) at interval dt (s), one for all models or one each, in closed form and
        stable at every kappa tau_a."""
        self._require_trap()
        dt = _interval(dt)
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        D_a, tau_a = np.asarray(self.D_a), np.asarray(self.tau_a)
        rate = 1 / tau_a
        hh, hv = _noise_integrals(kappa, rate, dt)
        strength = 2 * D_a * rate**2
        p_xv = D_a / (1 + kappa * tau_a)
        return SampledProcess(
            loss_x=-np.expm1(-kappa * dt),
            coupling=_response(kappa, rate, dt),
            loss_v=-np.expm1(-rate * dt),
            q_xx=-D / kappa * np.expm1(-2 * kappa * dt) + strength * hh,
            q_xv=strength * hv,
            q_vv=-D_a * rate * np.expm1(-2 * rate * dt),
            p_xx=(D + p_xv) / kappa,
            p_xv=p_xv,
            p_vv=D_a * rate,
        )


@dataclass(frozen=True, eq=False)
class RBP(AOUP):
    """Thermal noise and propulsion v0 cos(theta) along a diffusing direction.

    The parameters are those of AOUP: v0 = sqrt(2 D_a/tau_a), D_rot = 1/tau_a. Autocorrelation
    and spectrum are AOUP's. (The paper's own D_a' = v0^2/2 = D_a/tau_a has other units.)
    """

    @property
    def speed(self) -> FloatArray:
        """Propulsion speed v0 = sqrt(2 D_a/tau_a), length/s."""
        return np.sqrt(2 * np.asarray(self.D_a) / np.asarray(self.tau_a))

    def sampled_angle(self, dt: float) -> AngleProcess:
        """The midpoint form at interval dt (s); see `AngleProcess`.

        For y_n = x_n - (1 - loss_x) x_{n-1} every covariance between different steps is that of
        AOUP, (g h/b) (D_a/tau_a) b^|n-m| with g the response integral, h its mirror image and
        b = exp(-dt/tau_a): so drift = v0 sqrt(g h/b), and the noise is what is left of Var(y_n).

        Raises ValueError where nothing is left: dt is then too coarse for this form.
        """
        linear = self.sampled(dt)
        kappa, tau_a = np.asarray(self.kappa), np.asarray(self.tau_a)
        total_rate = kappa + 1 / tau_a
        mirror = -np.expm1(-total_rate * dt) / total_rate
        gain = linear.coupling * mirror * np.exp(dt / tau_a)
        variance = linear.coupling**2 * linear.p_vv + linear.q_xx
        noise = variance - gain * linear.p_vv
        if np.any(noise <= 0):
            worst = float(np.max(dt / tau_a))
            strongest = float(np.max(np.asarray(self.D_a) / np.asarray(self.D)))
            raise ValueError(
                f"RBP: dt = {dt:g} s is too coarse for the angle filter "
                f"(dt/tau_a up to {worst:.3g}, D_a/D up to {strongest:.3g}); sample more often"
            )
        return AngleProcess(
            loss_x=linear.loss_x,
            drift=self.speed * np.sqrt(gain),
            turn=dt / tau_a,
            noise=noise,
        )


@dataclass(frozen=True, eq=False)
class RTP(AOUP):
    """Thermal noise and run-and-tumble propulsion: v = +-speed, whose sign flips at the rate
    1/(2 tau_a), so that it is remembered for tau_a.

    The parameters are those of AOUP, and autocorrelation and spectrum are AOUP's.
    """

    @property
    def speed(self) -> FloatArray:
        """Propulsion speed sqrt(D_a/tau_a), length/s."""
        return np.sqrt(np.asarray(self.D_a) / np.asarray(self.tau_a))


@dataclass(frozen=True, eq=False)
class Viscoelastic(_Trapped):
    """A bead at equilibrium with one more relaxation: a Maxwell element beside the trap.

    A spring k_1 and a dashpot gamma_1 in series tie the bead to the laboratory. With the solvent's
    friction gamma, and y where spring and dashpot meet,

        gamma dx/dt = -k x - k_1 (x - y) + sqrt(2 kT gamma) xi,
        gamma_1 dy/dt = k_1 (x - y) + sqrt(2 kT gamma_1) eta,

    each friction with its own thermal noise (fluctuation-dissipation). Parameters: kappa =
    k/gamma (1/s), D = kT/gamma (length^2/s), `strength` = gamma_1/gamma (the element's friction
    over the solvent's; 0 is `Passive`) and `tau_m` = gamma_1/k_1 (s), the element's relaxation
    time. C(0) = D/kappa by equipartition, and C(t) has two exponentials of POSITIVE weight. A
    free bead (kappa = 0) diffuses with D at first and with D/(1 + strength) in the end.
    """

    strength: ArrayLike
    tau_m: ArrayLike

    def langevin(self) -> Langevin:
        """Equations of motion of (x, v), v = (strength/tau_m) (y - x) the element's pull.

            dv/dt = kappa (s/tau) x - (1 + s)/tau v - (s/tau) sqrt(2 D) xi + sqrt(2 D s)/tau eta

        with s = strength, tau = tau_m. At equilibrium x and the element's extension y - x are
        independent, so <x v> = 0 and <v v> = D s/tau.
        """
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        s, tau = np.asarray(self.strength), np.asarray(self.tau_m)
        zero = np.zeros_like(kappa)
        p_xx = np.where(kappa > 0, D / np.where(kappa > 0, kappa, 1.0), 0.0)
        return Langevin(
            drift=_matrix(-kappa, zero + 1.0, kappa * s / tau, -(1 + s) / tau),
            noise=_matrix(2 * D, -2 * D * s / tau, -2 * D * s / tau, 2 * D * s * (1 + s) / tau**2),
            covariance=_matrix(p_xx, zero, zero, D * s / tau),
            signal=_POSITION,
        )

    def relaxations(self) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Rates (1/s) and weights (length^2) of the two exponentials of C(t), slow then fast.

        The rates solve lambda^2 - (kappa + (1 + s)/tau) lambda + kappa/tau = 0 and enclose kappa,
        so the weights (D/kappa) (fast - kappa)/(fast - slow) and (D/kappa) (kappa - slow)/(fast
        - slow) are positive.
        """
        self._require_trap()
        kappa, D = np.asarray(self.kappa), np.asarray(self.D)
        s, tau = np.asarray(self.strength), np.asarray(self.tau_m)
        product = kappa * s / tau
        half = 0.5 * ((1 + s) / tau - kappa)
        root = np.maximum(np.sqrt(half**2 + product), 1e-150)
        # fast - kappa = root + half and kappa - slow = root - half, without cancellation.
        larger = root + np.abs(half)
        smaller = product / larger
        above = np.where(half >= 0, larger, smaller)
        below = np.where(half >= 0, smaller, larger)
        fast = kappa + above
        slow = kappa / tau / fast
        # Equal rates (s = 0, kappa tau = 1) share one exponential: any split is right.
        share = np.where(above + below > 0, above / np.maximum(above + below, 1e-300), 0.5)
        return (slow, fast), (D / kappa * share, D / kappa * (1 - share))

    def autocorrelation(self, lags: ArrayLike) -> FloatArray:
        """C(t), length^2, shape (*batch, *lags.shape); lags in s."""
        (slow, fast), (a, b) = self.relaxations()
        slow, fast, a, b, t = _against(lags, slow, fast, a, b)
        return a * np.exp(-slow * np.abs(t)) + b * np.exp(-fast * np.abs(t))

    def spectrum(self, frequencies: ArrayLike) -> FloatArray:
        """Two-sided power spectral density, length^2 s; frequencies in Hz.

        S = 2 D Re(1 + s/(1 + i omega tau)) / |kappa + i omega (1 + s/(1 + i omega tau))|^2:
        the fluctuation-dissipation theorem for the friction gamma (1 + s/(1 + i omega tau)).
        """
        kappa, D, s, tau, f = _against(frequencies, self.kappa, self.D, self.strength, self.tau_m)
        omega = 2 * np.pi * f
        friction = 1 + s / (1 + 1j * omega * tau)
        return 2 * D * friction.real / np.abs(kappa + 1j * omega * friction) ** 2

    def sampled(self, dt: ArrayLike) -> SampledProcess:
        """The process at interval dt (s), one for all models or one each.

        x is the sum of two independent Ornstein-Uhlenbeck processes, one a relaxation, and the
        v of this form is (fast - slow) times the slow one.
        """
        dt = _interval(dt)
        (slow, fast), (a, b) = self.relaxations()
        gap = fast - slow
        q_slow = -a * np.expm1(-2 * slow * dt)
        return SampledProcess(
            loss_x=-np.expm1(-fast * dt),
            coupling=_response(fast, slow, dt),
            loss_v=-np.expm1(-slow * dt),
            q_xx=q_slow - b * np.expm1(-2 * fast * dt),
            q_xv=gap * q_slow,
            q_vv=gap**2 * q_slow,
            p_xx=a + b,
            p_xv=gap * a,
            p_vv=gap**2 * a,
        )


Model = Passive | Viscoelastic | AOUP | RBP | RTP
MODELS: dict[str, type[Passive] | type[Viscoelastic] | type[AOUP]] = {
    model.__name__: model for model in (Passive, Viscoelastic, AOUP, RBP, RTP)
}


def _matrix(xx: FloatArray, xv: FloatArray, vx: FloatArray, vv: FloatArray) -> FloatArray:
    """Matrices [[xx, xv], [vx, vv]], (*batch, 2, 2)."""
    return np.stack([np.stack([xx, xv], -1), np.stack([vx, vv], -1)], -2)


def _interval(dt: ArrayLike) -> FloatArray:
    interval = np.asarray(dt, dtype=np.float64)
    if not np.all(np.isfinite(interval) & (interval > 0)):
        raise ValueError(f"dt = {dt!r} must be a positive time in s")
    return interval


def _against(argument: ArrayLike, *parameters: ArrayLike) -> tuple[FloatArray, ...]:
    """Parameters with axes appended so that they broadcast against `argument`, then `argument`."""
    argument = np.asarray(argument, dtype=np.float64)
    tail = (1,) * argument.ndim
    return (*(np.reshape(p, np.shape(p) + tail) for p in parameters), argument)


def _mean_decay(z: FloatArray) -> FloatArray:
    """(1 - exp(-z))/z, the mean of exp(-z u) over u in [0, 1], for z >= 0."""
    z = np.asarray(z, dtype=np.float64)
    return np.where(z > 0, -np.expm1(-z) / np.where(z > 0, z, 1.0), 1.0)


def _response(kappa: FloatArray, rate: FloatArray, t: FloatArray) -> FloatArray:
    """g(t) = integral over s in [0, t] of exp(-kappa (t - s)) exp(-rate s), in s.

    (e^{-kappa t} - e^{-rate t})/(rate - kappa) without the cancellation at rate = kappa.
    """
    return t * np.exp(-np.minimum(kappa, rate) * t) * _mean_decay(np.abs(kappa - rate) * t)


def _noise_integrals(
    kappa: FloatArray, rate: FloatArray, dt: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The integrals over s in [0, dt] of g(s)^2 and of g(s) exp(-rate s).

    Far from kappa = rate they are divided differences of (1 - e^{-z})/z; near it these cancel
    (to all digits at equality), and the smooth integrand is summed by Gauss-Legendre instead.
    """
    kappa, rate, dt = np.broadcast_arrays(kappa, rate, dt)
    near = np.abs(kappa - rate) * dt < 1.0
    gap = np.where(near, 1.0, rate - kappa)

    def integral(decay: FloatArray) -> FloatArray:
        return dt * _mean_decay(decay * dt)

    hh = (integral(2 * kappa) - 2 * integral(kappa + rate) + integral(2 * rate)) / gap**2
    hv = (integral(kappa + rate) - integral(2 * rate)) / gap
    if np.any(near):
        k, r = kappa[near][..., None], rate[near][..., None]
        upper = np.minimum(dt[near][..., None], 40.0 / np.minimum(k, r))
        s = upper * _NODES
        g = _response(k, r, s)
        hh, hv = np.array(hh), np.array(hv)
        hh[near] = np.sum(upper * _WEIGHTS * g**2, axis=-1)
        hv[near] = np.sum(upper * _WEIGHTS * g * np.exp(-r * s), axis=-1)
    return hh, hv
