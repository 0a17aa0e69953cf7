"""A linear model seen through an instrument, as a system that is discrete in time, exactly.

The tracer (x, v), the detector's lag u = l - x - b and the drift b form one linear state z,
dz = A z dt + dW, with q = x + b + (1 - relaxed) u the signal. Over one interval dt, exposure
included, this is exactly

    y_n = G z_{n-1} + e_n,   z_n = F z_{n-1} + w_n,   Cov(w, e) = [[Q, S], [S', R]],

where F and Q come from Van Loan's matrix exponential on a short step and doublings of that step
(sums of positive terms, so nothing cancels however stiff A is), and the integral of the signal
over the exposure is one more row of it (Van Loan, IEEE Trans. Autom. Control 23, 395, 1978).

The start is stationary. What has no stationary law (x of a free tracer, the drift) starts at 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP, RBP, RTP, Passive, Viscoelastic
from activenoise.threads import in_threads

LinearModel = Passive | AOUP | Viscoelastic | Tracer
_TERMS = 14  # of the exponential series, for steps of norm below 1/2
_GROUP = 64  # models that a thread takes at a time


class Discrete(NamedTuple):
    """The record as a discrete linear system of k states, for m models.

    F (m, k, k), G (m, k), Q (m, k, k), S (m, k), R (m,) as in the module's text, and P (m, k, k),
    the covariance of the state one interval before the first point.
    """

    F: FloatArray
    G: FloatArray
    Q: FloatArray
    S: FloatArray
    R: FloatArray
    P: FloatArray


class Continuous(NamedTuple):
    """dz = A z dt + dW, Cov(dW) = W dt, with signal h z and covariance P at the start; arrays of m
    models. States: those of the model (`Langevin`), the lag u of a low-pass, the drift."""

    A: FloatArray
    W: FloatArray
    h: FloatArray
    P: FloatArray


def continuous(model: LinearModel, instrument: Instrument, drifting: bool = False) -> Continuous:
    """The equations of motion with the instrument's states, for m models. drifting: with a drift,
    the last of the states, also where its diffusivity is 0."""
    values = instrument.parameters
    (m,) = np.broadcast_shapes((1,), model.shape, *(v.shape for v in values.values()))
    corner, relaxed, drift, drift_time = (
        np.broadcast_to(values[name], (m,)) for name in ("corner", "relaxed", "drift", "drift_time")
    )
    motion = model.langevin()
    n = 1 if isinstance(model, Passive) else motion.drift.shape[-1]
    finite = np.isfinite(corner)
    b = n + bool(np.any(finite)) if drifting or np.any(drift > 0) else None
    u = n if np.any(finite) else None
    k = n + (u is not None) + (b is not None)
    A, W, P = (np.zeros((m, k, k)) for _ in range(3))
    for big, small in zip((A, W, P), motion[:3], strict=True):
        big[:, :n, :n] = small[..., :n, :n]
    h, moving = np.zeros((m, k)), np.zeros((m, k), bool)
    h[:, :n] = motion.signal[..., :n]
    moving[:, 0] = np.asarray(model.kappa) == 0
    if b is not None:
        bound = np.isfinite(drift_time)
        A[:, b, b] = -1 / drift_time
        W[:, b, b] = 2 * drift
        P[:, b, b] = np.where(bound, drift * np.where(bound, drift_time, 0.0), 0.0)
        h[:, b], moving[:, b] = 1.0, ~bound
    if u is not None:
        # An infinite corner beside finite ones: no lag enters the signal, whatever its rate.
        rate = 2 * np.pi * np.where(finite, corner, 1.0)
        A[:, u] = -np.einsum("mi,mij->mj", h, A)
        A[:, u, u] = -rate
        W[:, u] = W[:, :, u] = -np.einsum("mi,mij->mj", h, W)
        W[:, u, u] = -np.einsum("mi,mi->m", h, W[:, u])
        h[:, u] = np.where(finite, 1 - relaxed, 0.0)
        _add_lag(A, W, P, u, moving)
    return Continuous(A, W, h, P)


def discretise(model: LinearModel, instrument: Instrument, dt: float) -> Discrete:
    """The sampled system, exact. model and instrument broadcast to m models; dt in s."""
    if isinstance(model, RBP | RTP):
        raise TypeError(f"{type(model).__name__} is not linear; use likelihood.switching")
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt = {dt!r} must be a positive time in s")
    A, W, h, P = continuous(model, instrument)
    noise, exposure = (
        np.broadcast_to(instrument.parameters[name], (len(A),)) for name in ("noise", "exposure")
    )
    F, G, Q, S, R = over_interval(A, W, h, exposure, dt)
    return Discrete(F, G, Q, S, R + noise**2, P)


def _add_lag(A: FloatArray, W: FloatArray, P: FloatArray, u: int, moving: NDArray) -> None:
    """Fill the stationary covariance of the lag u: A P + P A' + W = 0, row by row.

    moving: (m, k), states that are not stationary; their displacements start at 0 and so do their
    covariances.
    """
    rest = [i for i in range(A.shape[1]) if i != u]
    a, still = A[:, u, rest], ~moving[:, rest]
    own = A[np.ix_(range(len(A)), rest, rest)]
    left = own + A[:, u, u][:, None, None] * np.eye(len(rest))
    left = np.where(still[:, :, None] & still[:, None, :], left, np.eye(len(rest)))
    right = -(np.einsum("mij,mj->mi", P[np.ix_(range(len(P)), rest, rest)], a) + W[:, u, rest])
    cross = np.linalg.solve(left, np.where(still, right, 0.0)[..., None])[..., 0]
    P[:, u, rest] = P[:, rest, u] = cross
    P[:, u, u] = -(2 * np.einsum("mi,mi->m", a, cross) + W[:, u, u]) / (2 * A[:, u, u])


def over_interval(
    A: FloatArray, W: FloatArray, h: FloatArray, exposure: FloatArray, dt: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """F, G, Q, S, R (without noise) of one interval that ends with the exposure."""
    m, k, _ = A.shape
    F, Q = _propagate(A, W, (1 - exposure) * dt)
    blurred = exposure > 0
    # One more row integrates the signal over the exposure; its mean is what is recorded.
    A_all, W_all = np.zeros((m, k + 1, k + 1)), np.zeros((m, k + 1, k + 1))
    A_all[:, :k, :k], W_all[:, :k, :k] = A, W
    length = np.where(blurred, exposure * dt, 1.0)
    A_all[:, k, :k] = h / length[:, None]
    F_all, Q_all = _propagate(A_all, W_all, exposure * dt)
    # What is recorded, from the state where the exposure starts, or from that at the point.
    seen = np.where(blurred[:, None], F_all[:, k, :k], h)
    exposed, spread = F_all[:, :k, :k], Q_all[:, :k, :k]
    tail = np.where(blurred[:, None], Q_all[:, :k, k], 0.0)
    own = np.where(blurred, Q_all[:, k, k], 0.0)
    G = np.einsum("mi,mij->mj", seen, F)
    S = np.einsum("mij,mjl,ml->mi", exposed, Q, seen) + tail
    R = np.einsum("mi,mij,mj->m", seen, Q, seen) + own
    Q = exposed @ Q @ np.swapaxes(exposed, 1, 2) + spread
    return exposed @ F, G, Q, S, R


def _propagate(A: FloatArray, W: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """exp(A t) and the covariance integral of exp(A s) W exp(A' s) over s in [0, t]."""
    norm = np.abs(A).sum(axis=2).max(axis=1) * t
    doublings = np.ceil(np.log2(np.maximum(norm, 0.5) / 0.5)).astype(np.int64)
    step = t / 2.0**doublings
    F, Q = np.empty_like(A), np.empty_like(A)
    groups = (len(A) + _GROUP - 1) // _GROUP
    in_threads(_van_loan, groups, A, W, step, doublings, F, Q)
    return F, Q


@njit(cache=True, nogil=True)
def _van_loan(start, stop, A, W, step, doublings, F, Q):
    """Series of the step, then doublings: F <- F F, Q <- Q + F Q F', of groups of models."""
    m, k, _ = A.shape
    term, product, derivative = np.empty((k, k)), np.empty((k, k)), np.empty((k, k))
    for i in range(start * _GROUP, min(stop * _GROUP, m)):
        f, q = F[i], Q[i]
        for a in range(k):
            for b in range(k):
                f[a, b] = term[a, b] = 1.0 if a == b else 0.0
        for j in range(1, _TERMS + 1):
            multiply(term, A[i], product)
            for a in range(k):
                for b in range(k):
                    term[a, b] = product[a, b] * (step[i] / j)
                    f[a, b] += term[a, b]
        # Q(h) = sum of h^j/j! times the derivatives W, A W + W A', ... of the integrand.
        factor = step[i]
        for a in range(k):
            for b in range(k):
                derivative[a, b] = W[i, a, b]
                q[a, b] = derivative[a, b] * factor
        for j in range(2, _TERMS + 3):
            multiply(A[i], derivative, product)
            factor *= step[i] / j
            for a in range(k):
                for b in range(k):
                    derivative[a, b] = product[a, b] + product[b, a]
                    q[a, b] += derivative[a, b] * factor
        for _ in range(doublings[i]):
            multiply(f, q, term)
            for a in range(k):
                for b in range(k):
                    total = 0.0
                    for l in range(k):
                        total += term[a, l] * f[b, l]
                    q[a, b] += total
            multiply(f, f, product)
            for a in range(k):
                for b in range(k):
                    f[a, b] = product[a, b]
        for a in range(k):
            for b in range(a + 1):
                q[a, b] = q[b, a] = 0.5 * (q[a, b] + q[b, a])


@njit(cache=True)
def multiply(a, b, out):
    """out = a b, of a few rows, for which a library's call would cost more than the product."""
    for i in range(len(a)):
        for j in range(len(a)):
            total = 0.0
            for l in range(len(a)):
                total += a[i, l] * b[l, j]
            out[i, j] = total


def autocovariance(
    model: LinearModel, instrument: Instrument, lags: ArrayLike, dt: float
) -> FloatArray:
    """Covariance of recorded points, length^2, (m, n_lags). lags: whole numbers of intervals.

    Only of what is stationary: a trapped tracer without a drift that walks away.
    """
    if np.any(np.asarray(model.kappa) == 0) or np.any(instrument.walks):
        raise ValueError("a free tracer (kappa = 0) or a drift has no autocovariance")
    system = discretise(model, instrument, dt)
    wanted = np.asarray(lags, np.int64)
    GP = np.einsum("mi,mij->mj", system.G, system.P)
    values = np.empty((len(system.R), len(wanted)))
    values[:, wanted == 0] = (np.einsum("mi,mi->m", GP, system.G) + system.R)[:, None]
    # Cov(y_n, y_n-k) = G F^(k-1) Cov(z_n-k, y_n-k).
    start = np.einsum("mij,mj->mi", system.F, GP) + system.S
    for k in np.unique(wanted[wanted > 0]):
        power = np.linalg.matrix_power(system.F, int(k) - 1)
        value = np.einsum("mi,mij,mj->m", system.G, power, start)
        values[:, wanted == k] = value[:, None]
    return values


def spectral_density(
    model: LinearModel, instrument: Instrument, angles: ArrayLike, dt: float
) -> FloatArray:
    """Spectral density of the recorded points, length^2, (m, n_angles): the sum over all lags k of
    C_k exp(-i k angle), aliasing and instrument included. angles: 2 pi f dt, 0 < angle <= pi.

        f = H Q H* + 2 Re(H S) + R,   H = G (e^{i angle} - F)^-1,

    which for a free tracer or a drift that walks is the limit of weak traps, finite at angle > 0.
    """
    system = discretise(model, instrument, dt)
    m, k = system.G.shape
    turn = np.exp(1j * np.asarray(angles, np.float64))
    left = turn[:, None, None] * np.eye(k) - np.swapaxes(system.F, 1, 2)[:, None]
    right = np.broadcast_to(system.G[:, None, :, None], (m, len(turn), k, 1))
    H = np.linalg.solve(left, right)[..., 0]
    power = np.einsum("moi,mij,moj->mo", H, system.Q, H.conj()).real
    return power + 2 * np.einsum("moi,mi->mo", H, system.S).real + system.R[:, None]


def mean_square_displacement(
    model: LinearModel, instrument: Instrument, dt: float, stride: int = 1
) -> FloatArray:
    """Mean square of y_{n + stride} - y_n, length^2, (m,), noise included.

    Of free tracers and drifts too, whose displacements are stationary where positions are not.
    """
    F, G, Q, S, R, P = discretise(model, instrument, dt)
    total, reach = R.copy(), G
    for _ in range(stride - 1):
        total += np.einsum("mi,mij,mj->m", reach, Q, reach)
        reach = np.einsum("mi,mij->mj", reach, F)
    # The first interval makes y_n too.
    total += np.einsum("mi,mij,mj->m", reach, Q, reach) + R - 2 * np.einsum("mi,mi->m", reach, S)
    from_start = np.einsum("mi,mij->mj", reach, F) - G
    return total + np.einsum("mi,mij,mj->m", from_start, P, from_start)


UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def packed(system: Discrete) -> FloatArray:
    """The systems as rows of numbers for kernels of up to three states, (28, m): F, G, Q, S, R, P,
    smaller ones padded with zeros, Q and P by their entries `UPPER`."""
    m, k, _ = system.F.shape
    F, Q, P = (np.zeros((m, 3, 3)) for _ in range(3))
    G, S = np.zeros((m, 3)), np.zeros((m, 3))
    for big, small in zip((F, Q, P), (system.F, system.Q, system.P), strict=True):
        big[:, :k, :k] = small
    G[:, :k], S[:, :k] = system.G, system.S
    upper = tuple(np.array(UPPER).T)
    parts = [F.reshape(m, 9), G, Q[:, *upper], S, system.R[:, None], P[:, *upper]]
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T)
