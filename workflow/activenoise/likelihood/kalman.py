"""Exact likelihood of a linear model seen through an instrument.

The tracer (x, v), the detector's lag u = l - x - b and the drift b form one linear state z,
dz = A z dt + dW, with q = x + b + (1 - relaxed) u the signal. Over one interval dt, exposure
included, this is exactly

    y_n = G z_{n-1} + e_n,   z_n = F z_{n-1} + w_n,   Cov(w, e) = [[Q, S], [S', R]],

where F and Q come from Van Loan's matrix exponential on a short step and doublings of that step
(sums of positive terms, so nothing cancels however stiff A is), and the integral of the signal
over the exposure is one more row of it. The Kalman filter in the predicted state m, P is

    d = y - G m,   s = G P G' + R,   K = (F P G' + S)/s,
    m <- F m + K d,   P <- F P F' + Q - K s K',

without the terms in d at a missing point, and log p(y) = -1/2 sum [log(2 pi s) + d^2/s]. The
gains do not depend on the data; once P has settled they are kept until the next gap.

The start is stationary. What has no stationary law (x of a free tracer, the drift) starts at 0
and needs an unknown baseline: its flat prior makes it the density GIVEN the first point.
The baseline enters linearly, so innovations of the regressors 1 and t under the same gains give
its marginal by least squares: with standardised innovations d_y of the record and D of the
regressors, H = D'D,

    log p(y) = -1/2 [d_y'd_y - d_y'D H^-1 D'd_y + log det H + (N - k) log(2 pi)] - 1/2 sum log s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Passive, Viscoelastic

LinearModel = Passive | AOUP | Viscoelastic

_LANES = 32  # models side by side; 16 is half as fast (unrolled, and then not vectorised)
_FAST_STATES = 3  # up to so many states the filter is one loop over registers
# The gains are kept when s and they are estimated to be this near their limits, over s and over
# sqrt(P/s). Errors of gains matter to second order. Looked at after n, 2 n, 4 n ... points behind
# the start or a gap: with the last two changes c and c', what is left is about c' min(1, c'/c).
_SETTLED = 1e-13
_SETTLED_GAIN = 1e-8
_FIRST_LOOK = 32  # the first n
_FLAT = 1e-13  # the same for the innovations of a constant, over _STRETCH points
_STRETCH = 1024
_TERMS = 14  # of the exponential series, for steps of norm below 1/2
_LOG_2PI = float(np.log(2 * np.pi))


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
    models. States: x, v where the model has one, the lag u of a low-pass, the drift."""

    A: FloatArray
    W: FloatArray
    h: FloatArray
    P: FloatArray


def continuous(model: LinearModel, instrument: Instrument, drifting: bool = False) -> Continuous:
    """The equations of motion with the instrument's states, for m models. drifting: with a drift,
    the last of the states, also where its diffusivity is 0."""
    values = instrument.parameters
    (m,) = np.broadcast_shapes((1,), model.shape, *(v.shape for v in values.values()))
    corner, relaxed, drift = (
        np.broadcast_to(values[name], (m,)) for name in ("corner", "relaxed", "drift")
    )
    motion = [np.broadcast_to(a, (m, 2, 2)) for a in model.langevin()]
    n = 1 if isinstance(model, Passive) else 2
    finite = np.isfinite(corner)
    u = n if np.any(finite) else None
    b = (n + (u is not None)) if drifting or np.any(drift > 0) else None
    k = n + (u is not None) + (b is not None)
    A, W, P = (np.zeros((m, k, k)) for _ in range(3))
    for big, small in zip((A, W, P), motion, strict=True):
        big[:, :n, :n] = small[:, :n, :n]
    h = np.zeros((m, k))
    h[:, 0] = 1.0
    if b is not None:
        W[:, b, b] = 2 * drift
        h[:, b] = 1.0
    if u is not None:
        # An infinite corner beside finite ones: no lag enters the signal, whatever its rate.
        rate = 2 * np.pi * np.where(finite, corner, 1.0)
        h[:, u] = np.where(finite, 1 - relaxed, 0.0)
        A[:, u, :n] = -A[:, 0, :n]
        A[:, u, u] = -rate
        W[:, u, :n] = W[:, :n, u] = -W[:, 0, :n]
        W[:, u, u] = W[:, 0, 0] + 2 * drift
        if b is not None:
            W[:, u, b] = W[:, b, u] = -2 * drift
        _add_lag(A, W, P, n, u, rate, free=np.broadcast_to(np.asarray(model.kappa) == 0, (m,)))
    return Continuous(A, W, h, P)


def discretise(model: LinearModel, instrument: Instrument, dt: float) -> Discrete:
    """The sampled system, exact. model and instrument broadcast to m models; dt in s."""
    if isinstance(model, RBP):
        raise TypeError("RBP is not linear; use rbp_filter")
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt = {dt!r} must be a positive time in s")
    A, W, h, P = continuous(model, instrument)
    noise, exposure = (
        np.broadcast_to(instrument.parameters[name], (len(A),)) for name in ("noise", "exposure")
    )
    F, G, Q, S, R = over_interval(A, W, h, exposure, dt)
    return Discrete(F, G, Q, S, R + noise**2, P)


def _add_lag(
    A: FloatArray, W: FloatArray, P: FloatArray, n: int, u: int, rate: FloatArray, free: NDArray
) -> None:
    """Fill the stationary covariance of the lag u: A P + P A' + W = 0, row by row.

    A free tracer's x is not stationary; its displacements start at 0 and so do their covariances.
    """
    a = A[:, u, :n]
    right = -(np.einsum("mij,mj->mi", P[:, :n, :n], a) + W[:, u, :n])
    left = A[:, :n, :n] - rate[:, None, None] * np.eye(n)
    left[free, 0, :] = 0.0
    left[free, :, 0] = 0.0
    left[free, 0, 0] = 1.0
    right[free, 0] = 0.0
    cross = np.linalg.solve(left, right[..., None])[..., 0]
    P[:, u, :n] = P[:, :n, u] = cross
    P[:, u, u] = (2 * np.einsum("mi,mi->m", a, cross) + W[:, u, u]) / (2 * rate)


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
    _van_loan(A, W, step, doublings, F, Q)
    return F, Q


@njit(cache=True)
def _van_loan(A, W, step, doublings, F, Q):
    """Series of the step, then doublings: F <- F F, Q <- Q + F Q F'."""
    m, k, _ = A.shape
    term, product, derivative = np.empty((k, k)), np.empty((k, k)), np.empty((k, k))
    for i in range(m):
        f, q = F[i], Q[i]
        f[:], term[:] = 0.0, 0.0
        for a in range(k):
            f[a, a] = term[a, a] = 1.0
        for j in range(1, _TERMS + 1):
            _multiply(term, A[i], product)
            term[:] = product * (step[i] / j)
            f += term
        # Q(h) = sum of h^j/j! times the derivatives W, A W + W A', ... of the integrand.
        derivative[:] = W[i]
        q[:] = derivative * step[i]
        factor = step[i]
        for j in range(2, _TERMS + 3):
            _multiply(A[i], derivative, product)
            derivative[:] = product + product.T
            factor *= step[i] / j
            q += derivative * factor
        for _ in range(doublings[i]):
            _multiply(f, q, term)
            _multiply(term, f.T, product)
            q += product
            _multiply(f, f, product)
            f[:] = product
        term[:] = 0.5 * (q + q.T)
        q[:] = term


@njit(cache=True)
def _multiply(a, b, out):
    """out = a b, of a few rows, for which a library's call would cost more than the product."""
    for i in range(len(a)):
        for j in range(len(a)):
            total = 0.0
            for l in range(len(a)):
                total += a[i, l] * b[l, j]
            out[i, j] = total


def log_likelihood(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool = False,
) -> FloatArray:
    """Log density of a record under each of m models, nats, (m,).

    model, instrument: batches that broadcast to m models. positions: (n_points,), length, dt (s)
    apart, NaN where there is none. With an unknown baseline the density is marginal (flat prior).
    from_zero: a free tracer or a drift with a known zero was there one interval before the start.
    A system that is too ill-conditioned for double precision gives -inf.
    """
    (values,) = log_likelihoods(model, instrument, [positions], dt, from_zero)
    return values


def log_likelihoods(
    model: LinearModel,
    instrument: Instrument,
    records: Sequence[ArrayLike],
    dt: float,
    from_zero: bool = False,
) -> FloatArray:
    """`log_likelihood` of each of several records, (n_records, m), each with a baseline of its
    own: the equations are discretised once."""
    checked = [check_record(x, instrument, model, from_zero) for x in records]
    system = discretise(model, instrument, dt)
    values = np.empty((len(checked), len(system.R)))
    side_by_side = (
        system.F.shape[1] <= _FAST_STATES and instrument.unknowns <= 1 and values.shape[1] > 1
    )
    rows = packed(system) if side_by_side else np.empty((0, 0))
    for record, own in zip(checked, values, strict=True):
        if side_by_side:
            _run_lanes(record, instrument.unknowns, rows, own)
        else:
            _run_each(record, regressors(len(record), instrument.unknowns), *system, own)
    return values


class Innovations(NamedTuple):
    """What one model leaves of a record.

    standardised: (n_points,), of mean 0 and variance 1 and white if the model is right, NaN where
    a point is missing. baseline: coefficients of 1 and of a line from -1 to 1, length.
    information: inverse of their covariance, (unknowns, unknowns).
    """

    standardised: FloatArray
    baseline: FloatArray
    information: FloatArray


def innovations(
    model: LinearModel, instrument: Instrument, positions: ArrayLike, dt: float
) -> Innovations:
    """Standardised innovations of a record under ONE model, its baseline taken out."""
    rows = _innovation_rows(model, instrument, positions, dt)
    seen = np.isfinite(rows[0])
    baseline = np.linalg.lstsq(rows[1:, seen].T, rows[0, seen], rcond=None)[0]
    information = rows[1:, seen] @ rows[1:, seen].T
    return Innovations(rows[0] - baseline @ rows[1:], baseline, information)


def recursive_innovations(
    model: LinearModel, instrument: Instrument, positions: ArrayLike, dt: float
) -> FloatArray:
    """Standardised innovations of a record under ONE model, each of what the points BEFORE it say
    of the baseline too (recursive residuals: Brown, Durbin, Evans, J. R. Stat. Soc. B 37, 149,
    1975), (n_points,).

    Independent standard normals however short the record is, where those of `innovations` are
    bound to a baseline that was fitted to all of them. As many points as the baseline has
    coefficients have none: NaN there, and where a point is missing.
    """
    rows = _innovation_rows(model, instrument, positions, dt)
    result = np.full(rows.shape[1], np.nan)
    seen = np.flatnonzero(np.isfinite(rows[0]))
    d, D = rows[0, seen], rows[1:, seen]
    k = len(D)
    if k == 0:
        result[seen] = d
        return result
    information = np.cumsum(D[:, None, :] * D[None, :, :], axis=2)
    projected = np.cumsum(D * d, axis=1)
    before = slice(k - 1, -1)  # what is known after k points, k + 1, ...
    H = np.moveaxis(information[:, :, before], 2, 0)
    known = np.linalg.solve(H, projected[:, before].T[:, :, None])[:, :, 0]
    gain = np.linalg.solve(H, D[:, k:].T[:, :, None])[:, :, 0]
    variance = 1 + np.einsum("nk,kn->n", gain, D[:, k:])
    result[seen[k:]] = (d[k:] - np.einsum("nk,kn->n", known, D[:, k:])) / np.sqrt(variance)
    return result


def _innovation_rows(
    model: LinearModel, instrument: Instrument, positions: ArrayLike, dt: float
) -> FloatArray:
    """Innovations of the record and of each regressor over sqrt(s), (1 + unknowns, n_points)."""
    record = check_record(positions, instrument, model)
    system = discretise(model, instrument, dt)
    if len(system.R) != 1:
        raise ValueError(f"innovations are those of one model, not of {len(system.R)}")
    base = regressors(len(record), instrument.unknowns)
    rows = np.empty((len(base) + 1, len(record)))
    _filter_one(record, base, *(part[0] for part in system), rows)
    return rows


def autocovariance(
    model: LinearModel, instrument: Instrument, lags: ArrayLike, dt: float
) -> FloatArray:
    """Covariance of recorded points, length^2, (m, n_lags). lags: whole numbers of intervals.

    Only of what is stationary: a trapped tracer without drift.
    """
    if np.any(np.asarray(model.kappa) == 0) or np.any(instrument.parameters["drift"] > 0):
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


def simulate(
    model: LinearModel,
    instrument: Instrument,
    n_points: int,
    dt: float,
    seed: int,
    n_records: int | None = None,
) -> FloatArray:
    """Records of ONE model, (n_records, n_points) or (n_points,), length, with the exact law.

    In the innovations form: y = G m + sqrt(s) xi, so it costs one normal a point. A baseline is
    left at 0.
    """
    system = discretise(model, instrument, dt)
    if len(system.R) != 1:
        raise ValueError(f"one model is simulated at a time, not {len(system.R)}")
    rng = np.random.Generator(np.random.PCG64(seed))
    records = rng.standard_normal((n_records or 1, n_points))
    _simulate(records, *(part[0] for part in system))
    return records if n_records else records[0]


@njit(cache=True)
def _simulate(records, F, G, Q, S, R, P):
    """Turn standard normals (n_records, n_points) into records, in place."""
    k = len(G)
    means, fresh = np.zeros((len(records), k)), np.zeros(k)
    P, K = P.copy(), np.zeros(k)
    for t in range(records.shape[1]):
        PG = P @ G
        s = R + G @ PG
        K = (F @ PG + S) / s
        P = F @ P @ F.T + Q
        for a in range(k):
            for b in range(k):
                P[a, b] -= K[a] * K[b] * s
        for i in range(len(records)):
            e = records[i, t] * np.sqrt(s)
            records[i, t] = e
            for a in range(k):
                records[i, t] += G[a] * means[i, a]
                fresh[a] = K[a] * e
                for b in range(k):
                    fresh[a] += F[a, b] * means[i, b]
            for a in range(k):
                means[i, a] = fresh[a]


def check_record(
    positions: ArrayLike, instrument: Instrument, model: LinearModel, from_zero: bool = False
) -> FloatArray:
    """Positions as float64 (n_points,). ValueError where they cannot be used with this model."""
    record = np.ascontiguousarray(positions, np.float64)
    if record.ndim != 1 or np.isinf(record).any():
        raise ValueError(f"positions of shape {record.shape} must be (n_points,), finite or NaN")
    if np.isfinite(record).sum() <= instrument.unknowns:
        raise ValueError(
            f"{np.isfinite(record).sum()} points are too few for a {instrument.baseline} baseline"
        )
    if (
        instrument.unknowns == 0
        and not from_zero
        and (np.any(np.asarray(model.kappa) == 0) or np.any(instrument.parameters["drift"] > 0))
    ):
        raise ValueError(
            "a free tracer (kappa = 0) or a drift has no zero: "
            'baseline = "zero" must be "constant" or "linear"'
        )
    return record


def regressors(n_points: int, unknowns: int) -> FloatArray:
    """The baseline's functions of time, (unknowns, n_points): 1, and a line from -1 to 1."""
    return np.stack([np.ones(n_points), np.linspace(-1, 1, n_points)])[:unknowns]


# Rows of the register filter: three states, those that are not there are 0.
_F, _G, _Q, _S, _R, _P, _K = 0, 9, 12, 18, 21, 22, 28
_VAR, _UNIT, _LOG, _PROD, _HELD = 31, 32, 33, 34, 35
_M, _N, _D, _E, _DD, _DE, _EE, _SUM = 43, 46, 49, 50, 51, 52, 53, 54
_INVERSE, _H, _A = 55, 56, 59
_ROWS = 68
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


@njit(cache=True, parallel=True)
def _run_lanes(record, unknowns, systems, values):
    for group in prange((len(values) + _LANES - 1) // _LANES):
        _filter_lanes(record, unknowns, systems, group * _LANES, values)


@njit(cache=True)
def _filter_lanes(record, unknowns, systems, first, values):
    """Filter the record with models first ... first + _LANES - 1 side by side."""
    n = len(record)
    n_lanes = min(_LANES, len(values) - first)
    w = np.zeros((_ROWS, _LANES))
    for j in range(_LANES):
        for a in range(len(systems)):
            w[a, j] = systems[a, first + min(j, n_lanes - 1)]
        w[_UNIT, j] = w[_R, j]  # of the variances, so that products of them stay in range
        for a in range(3):
            w[_UNIT, j] += w[_G + a, j] ** 2 * (w[_Q + (0, 3, 5)[a], j])
        w[_PROD, j] = 1.0
        w[_UNIT, j] = w[_UNIT, j] if w[_UNIT, j] > 0.0 else 1.0

    settled, flat = False, False
    count, since, look = 0, 0, _FIRST_LOOK
    i = 0
    while i < n:
        if np.isnan(record[i]):
            _predict(w)
            settled, flat = False, False
            since, look = 0, _FIRST_LOOK
            i += 1
            continue
        stop = i + 1
        most = min(n, i + (_STRETCH if settled else look - since))
        while stop < most and not np.isnan(record[stop]):
            stop += 1
        if not settled:
            _transient(record, i, stop, w)
            since += stop - i
            if since == look:
                settled = _has_settled(w) and look > 2 * _FIRST_LOOK
                look *= 2
        elif flat or unknowns == 0:
            _settled(record, i, stop, w)
            for j in range(_LANES):
                w[_DE, j] += w[_SUM, j] * w[_E, j] / w[_VAR, j]
                w[_EE, j] += (stop - i) * w[_E, j] ** 2 / w[_VAR, j]
                w[_LOG, j] += (stop - i) * np.log(w[_VAR, j] / w[_UNIT, j])
        else:
            before = w[_E].copy()
            _settled_pair(record, i, stop, w)
            for j in range(_LANES):
                w[_LOG, j] += (stop - i) * np.log(w[_VAR, j] / w[_UNIT, j])
            flat = stop - i == _STRETCH and np.max(np.abs(w[_E] - before)) <= _FLAT
        count += stop - i
        i = stop

    products = np.empty(3)
    for j in range(n_lanes):
        products[0], products[1], products[2] = w[_DD, j], w[_DE, j], w[_EE, j]
        log_s = w[_LOG, j] + count * np.log(w[_UNIT, j])
        values[first + j] = _marginal(products, log_s, count, unknowns)


@njit(cache=True)
def _has_settled(w):
    """Whether s and the gains have settled; remembers them for the next look."""
    settled = True
    for j in range(_LANES):
        s = w[_VAR, j]
        left = _left(s, w[_HELD : _HELD + 2, j])
        settled = settled and left <= _SETTLED * s
        for a in range(3):
            unit = np.sqrt((w[_P + (0, 3, 5)[a], j] + w[_Q + (0, 3, 5)[a], j]) / s)
            left = _left(w[_K + a, j], w[_HELD + 2 + 2 * a : _HELD + 4 + 2 * a, j])
            settled = settled and left <= _SETTLED_GAIN * unit
    return settled


@njit(cache=True)
def _left(value, held):
    """How far a value is from its limit. held: the value and its change at the last look."""
    change = abs(value - held[0])
    left = change * min(1.0, change / held[1]) if held[1] > 0.0 else change
    held[0], held[1] = value, change
    return left


_MATH = {"contract", "nsz", "arcp", "reassoc"}


@njit(cache=True)
def _predict(w):
    """Means and covariance over one interval whose point is missing."""
    F, P = np.empty((3, 3)), np.empty((3, 3))
    for j in range(_LANES):
        for a in range(3):
            for b in range(3):
                F[a, b] = w[_F + 3 * a + b, j]
        for row in range(6):
            a, b = UPPER[row]
            P[a, b] = P[b, a] = w[_P + row, j]
        P = F @ P @ F.T
        for row in range(6):
            a, b = UPPER[row]
            w[_P + row, j] = P[a, b] + w[_Q + row, j]
        w[_M : _M + 3, j] = F @ w[_M : _M + 3, j].copy()
        w[_N : _N + 3, j] = F @ w[_N : _N + 3, j].copy()


@njit(cache=True, inline="always")
def _product_row(w, row):
    """Row `row` of F P."""
    for j in range(_LANES):
        a, b, c = w[_F + 3 * row, j], w[_F + 3 * row + 1, j], w[_F + 3 * row + 2, j]
        w[_A + 3 * row, j] = a * w[_P, j] + b * w[_P + 1, j] + c * w[_P + 2, j]
        w[_A + 3 * row + 1, j] = a * w[_P + 1, j] + b * w[_P + 3, j] + c * w[_P + 4, j]
        w[_A + 3 * row + 2, j] = a * w[_P + 2, j] + b * w[_P + 4, j] + c * w[_P + 5, j]


@njit(cache=True, inline="always")
def _covariance(w, entry, row, column):
    """An entry of F P F' + Q - K s K', with F P in the rows _A."""
    for j in range(_LANES):
        a, b, c = w[_A + 3 * row, j], w[_A + 3 * row + 1, j], w[_A + 3 * row + 2, j]
        d, e, f = w[_F + 3 * column, j], w[_F + 3 * column + 1, j], w[_F + 3 * column + 2, j]
        fall = w[_K + row, j] * w[_K + column, j] * w[_VAR, j]
        w[_P + entry, j] = a * d + b * e + c * f + w[_Q + entry, j] - fall


@njit(cache=True, fastmath=_MATH)
def _transient(record, start, stop, all_rows):
    """Filter with gains that still change: covariance, means of the record and of a constant, and
    the sums of products of their innovations over s."""
    # A fresh array: the compiler knows that it overlaps with nothing.
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for t in range(start, stop):
        x = record[t]
        # Several short loops: one long one is not vectorised.
        for j in range(_LANES):
            g0, g1, g2 = w[_G, j], w[_G + 1, j], w[_G + 2, j]
            h0 = w[_P, j] * g0 + w[_P + 1, j] * g1 + w[_P + 2, j] * g2
            h1 = w[_P + 1, j] * g0 + w[_P + 3, j] * g1 + w[_P + 4, j] * g2
            h2 = w[_P + 2, j] * g0 + w[_P + 4, j] * g1 + w[_P + 5, j] * g2
            s = w[_R, j] + g0 * h0 + g1 * h1 + g2 * h2
            w[_VAR, j] = s
            w[_INVERSE, j] = 1.0 / s
            w[_H, j] = h0
            w[_H + 1, j] = h1
            w[_H + 2, j] = h2
        for j in range(_LANES):
            h0, h1, h2, inverse = w[_H, j], w[_H + 1, j], w[_H + 2, j], w[_INVERSE, j]
            k0 = w[_S, j] + w[_F, j] * h0 + w[_F + 1, j] * h1 + w[_F + 2, j] * h2
            k1 = w[_S + 1, j] + w[_F + 3, j] * h0 + w[_F + 4, j] * h1 + w[_F + 5, j] * h2
            k2 = w[_S + 2, j] + w[_F + 6, j] * h0 + w[_F + 7, j] * h1 + w[_F + 8, j] * h2
            w[_K, j] = k0 * inverse
            w[_K + 1, j] = k1 * inverse
            w[_K + 2, j] = k2 * inverse
        _product_row(w, 0)
        _product_row(w, 1)
        _product_row(w, 2)
        _covariance(w, 0, 0, 0)
        _covariance(w, 1, 0, 1)
        _covariance(w, 2, 0, 2)
        _covariance(w, 3, 1, 1)
        _covariance(w, 4, 1, 2)
        _covariance(w, 5, 2, 2)
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_D, j] = d
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            a, b, c = w[_N, j], w[_N + 1, j], w[_N + 2, j]
            e = 1.0 - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_E, j] = e
            w[_N, j] = w[_K, j] * e + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_N + 1, j] = w[_K + 1, j] * e + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_N + 2, j] = w[_K + 2, j] * e + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            d, e, inverse = w[_D, j], w[_E, j], w[_INVERSE, j]
            w[_DD, j] += d * d * inverse
            w[_DE, j] += d * e * inverse
            w[_EE, j] += e * e * inverse
        for j in range(_LANES):
            w[_PROD, j] *= w[_VAR, j] / w[_UNIT, j]
        # Logarithms of products of a few variances, not of each.
        if t % 4 == 0 or t == stop - 1:
            for j in range(_LANES):
                w[_LOG, j] += np.log(w[_PROD, j])
                w[_PROD, j] = 1.0
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True, fastmath=_MATH)
def _settled(record, start, stop, all_rows):
    """Filter with kept gains: the record's mean, the sum of its innovations in row _SUM, and
    that of their squares over s."""
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for j in range(_LANES):
        w[_SUM, j] = 0.0
        w[_D, j] = 0.0
    for t in range(start, stop):
        x = record[t]
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
            w[_D, j] += d * d
            w[_SUM, j] += d
    for j in range(_LANES):
        w[_DD, j] += w[_D, j] / w[_VAR, j]
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True, fastmath=_MATH)
def _settled_pair(record, start, stop, all_rows):
    """Filter with kept gains: means of the record and of a constant."""
    w = np.empty((_ROWS, _LANES))
    for a in range(_ROWS):
        for j in range(_LANES):
            w[a, j] = all_rows[a, j]
    for t in range(start, stop):
        x = record[t]
        for j in range(_LANES):
            a, b, c = w[_M, j], w[_M + 1, j], w[_M + 2, j]
            d = x - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_D, j] = d
            w[_M, j] = w[_K, j] * d + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_M + 1, j] = w[_K + 1, j] * d + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_M + 2, j] = w[_K + 2, j] * d + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            a, b, c = w[_N, j], w[_N + 1, j], w[_N + 2, j]
            e = 1.0 - w[_G, j] * a - w[_G + 1, j] * b - w[_G + 2, j] * c
            w[_E, j] = e
            w[_N, j] = w[_K, j] * e + w[_F, j] * a + w[_F + 1, j] * b + w[_F + 2, j] * c
            w[_N + 1, j] = w[_K + 1, j] * e + w[_F + 3, j] * a + w[_F + 4, j] * b + w[_F + 5, j] * c
            w[_N + 2, j] = w[_K + 2, j] * e + w[_F + 6, j] * a + w[_F + 7, j] * b + w[_F + 8, j] * c
        for j in range(_LANES):
            d, e, inverse = w[_D, j], w[_E, j], w[_INVERSE, j]
            w[_DD, j] += d * d * inverse
            w[_DE, j] += d * e * inverse
            w[_EE, j] += e * e * inverse
    for a in range(_ROWS):
        for j in range(_LANES):
            all_rows[a, j] = w[a, j]


@njit(cache=True, parallel=True)
def _run_each(record, base, F, G, Q, S, R, P, values):
    nothing = np.empty((0, 0))
    for i in prange(len(values)):
        values[i] = _filter_one(record, base, F[i], G[i], Q[i], S[i], R[i], P[i], nothing)


@njit(cache=True)
def _filter_one(record, base, F, G, Q, S, R, P, rows):
    """Filter with one model of any size and any baseline. Fills rows (1 + unknowns, n_points),
    where not empty, with the innovations of record and regressors over sqrt(s)."""
    k, n, c = len(G), len(record), len(base) + 1
    P = P.copy()
    mean, fresh = np.zeros((c, k)), np.zeros(k)
    d = np.zeros(c)
    products = np.zeros(6)
    K, held = np.zeros(k), np.zeros((k + 1, 2))
    s, log_s, log_sum, scale = 1.0, 0.0, 0.0, 1.0
    unit = R + G @ Q @ G  # of s: sums of many equal logarithms keep their digits near 0
    unit = unit if unit > 0.0 else 1.0
    settled = False
    count, since, look = 0, 0, _FIRST_LOOK
    for t in range(n):
        missing = np.isnan(record[t])
        if missing:
            settled, since, look = False, 0, _FIRST_LOOK
            P = F @ P @ F.T + Q
            for o in range(c):
                mean[o] = F @ mean[o]
                if len(rows):
                    rows[o, t] = np.nan
            continue
        if not settled:
            PG = P @ G
            s = R + G @ PG
            K = (F @ PG + S) / s
            P = F @ P @ F.T + Q
            for a in range(k):
                for b in range(k):
                    P[a, b] -= K[a] * K[b] * s
            log_s, scale = np.log(s / unit), 1.0 / np.sqrt(s)
            since += 1
            if since == look:
                settled = _left(s, held[k]) <= _SETTLED * s and look > 2 * _FIRST_LOOK
                for a in range(k):
                    reach = np.sqrt((P[a, a] + Q[a, a]) / s)
                    settled = _left(K[a], held[a]) <= _SETTLED_GAIN * reach and settled
                look *= 2
        count += 1
        log_sum += log_s
        row = 0
        for o in range(c):
            e = record[t] if o == 0 else base[o - 1, t]
            for a in range(k):
                e -= G[a] * mean[o, a]
            for a in range(k):
                total = K[a] * e
                for b in range(k):
                    total += F[a, b] * mean[o, b]
                fresh[a] = total
            for a in range(k):
                mean[o, a] = fresh[a]
            d[o] = e * scale
            for b in range(o + 1):
                products[row] += d[o] * d[b]
                row += 1
            if len(rows):
                rows[o, t] = d[o]
    return _marginal(products, log_sum + count * np.log(unit), count, c - 1)


@njit(cache=True)
def _marginal(products, log_s, count, unknowns):
    """Log density from the sums of products of standardised innovations, 00, 10, 11, 20, 21, 22
    (0 the record), with the baseline's coefficients integrated over a flat prior."""
    squares, log_det = products[0], 0.0
    if unknowns == 1:
        squares -= products[1] ** 2 / products[2]
        log_det = np.log(products[2])
    elif unknowns == 2:
        det = products[2] * products[5] - products[4] ** 2
        squares -= (
            products[5] * products[1] ** 2
            - 2 * products[4] * products[1] * products[3]
            + products[2] * products[3] ** 2
        ) / det
        log_det = np.log(det)
    value = -0.5 * (squares + log_det + log_s + (count - unknowns) * _LOG_2PI)
    return value if np.isfinite(value) else -np.inf
