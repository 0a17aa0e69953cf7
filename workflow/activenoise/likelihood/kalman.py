"""Exact likelihood of a linear model seen through an instrument (`physics.system`).

The Kalman filter in the predicted state m, P is

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

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.lanes import (
    FIRST_LOOK,
    SETTLED,
    SETTLED_GAIN,
    distance_left,
    filter_lanes,
    marginal,
)
from activenoise.likelihood.long_records import LongRecord, log_densities, settled_variance
from activenoise.likelihood.modes import filter_modes, in_modes
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import Discrete, LinearModel, discretise, multiply, packed
from activenoise.threads import in_threads

_FAST_STATES = 3  # up to so many states the filter is one loop over registers
# From so many points, and from so many of them times models, sums over lags cost less than filters.
_LONG, _WORK = 1 << 12, 1 << 18
_HOPELESS = 1e5  # nats below the best model of a call
_ENTRIES = np.array([[0, 1, 3], [1, 2, 4], [3, 4, 5]])  # of a matrix in sums of products


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
    A system that is too ill-conditioned for double precision gives -inf, and a model of a long
    record that is more than 10^5 nats below another of the call may give an upper bound.
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
    is_long = [_is_long(x, len(system.R)) for x in checked]
    long, short = (np.flatnonzero(np.equal(is_long, which)) for which in (True, False))
    if len(short):
        values[short] = _filtered(system, [checked[i] for i in short], instrument.unknowns)
    if len(long):
        values[long] = log_densities(
            system, [_summed(checked[i].tobytes(), instrument.unknowns) for i in long]
        )
    for i in long:
        left = np.isnan(values[i])
        if left.any():
            best = np.max(values[i], initial=-np.inf, where=~left)
            values[i, left] = _of_rest(_of(system, left), checked[i], instrument.unknowns, best)
    return values


def _of(system: Discrete, models: NDArray[np.bool_]) -> Discrete:
    return Discrete(*(part[models] for part in system))


def _of_rest(system: Discrete, record: FloatArray, unknowns: int, best: float) -> FloatArray:
    """Log densities of a long record under models to which sums over lags do not apply, (m,). Of
    most, the first eighth tells that they are hopeless beside the best of the others: these get
    what they would have if from there on every point were where it was expected."""
    n = len(record) // 8
    with np.errstate(invalid="ignore"):  # of what never settles
        rest = -0.5 * (len(record) - n) * np.log(2 * np.pi * settled_variance(system))
    most, bounded = np.full(len(rest), np.inf), np.isfinite(rest) & np.isfinite(best)
    if bounded.any():
        first = _filtered(_of(system, bounded), [record[:n]], unknowns)[0]
        most[bounded] = first + rest[bounded]
    possible = ~(most < best - _HOPELESS)
    if possible.any():
        most[possible] = _filtered(_of(system, possible), [record], unknowns)[0]
    return most


def _is_long(record: FloatArray, m: int) -> bool:
    n = len(record)
    return m > 1 and n >= _LONG and n * m >= _WORK and not np.isnan(record).any()


@lru_cache(maxsize=64)
def _summed(record: bytes, unknowns: int) -> LongRecord:
    """The sums of a record, which is the same for hundreds of calls with other models."""
    positions = np.frombuffer(record)
    # With an unknown constant the density does not depend on the zero, and rounding does.
    positions = positions - positions.mean() if unknowns else positions
    return LongRecord(np.concatenate([positions[None], regressors(len(positions), unknowns)]))


def _filtered(system: Discrete, records: Sequence[FloatArray], unknowns: int) -> FloatArray:
    """Log densities of records by the filter, (n_records, m)."""
    values = np.empty((len(records), len(system.R)))
    side_by_side = system.F.shape[1] <= _FAST_STATES and unknowns <= 1 and values.shape[1] > 1
    rows = packed(system) if side_by_side else np.empty((0, 0))
    modes = None if side_by_side or values.shape[1] == 1 else in_modes(system)
    for record, own in zip(records, values, strict=True):
        base = regressors(len(record), unknowns)
        if side_by_side:
            filter_lanes(record, unknowns, rows, own)
        elif modes is not None:
            filter_modes(record, base, modes, own)
        else:
            sums = np.empty((len(own), 6))
            in_threads(
                _filter_each, len(own), record, base, *system, own, sums, np.empty((0, 0, 0))
            )
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
    rows = innovation_rows(model, instrument, positions, dt)
    seen = np.isfinite(rows[0])
    baseline = np.linalg.lstsq(rows[1:, seen].T, rows[0, seen], rcond=None)[0]
    information = rows[1:, seen] @ rows[1:, seen].T
    return Innovations(rows[0] - baseline @ rows[1:], baseline, information)


def baselines(
    model: LinearModel, instrument: Instrument, positions: ArrayLike, dt: float
) -> tuple[FloatArray, FloatArray]:
    """Mean (m, unknowns) and inverse covariance (m, unknowns, unknowns) of the coefficients of a
    record's baseline, which are normal given the parameters of each of m models."""
    return next(baselines_of_each(model, instrument, [positions], dt))


def baselines_of_each(
    model: LinearModel, instrument: Instrument, records: Sequence[ArrayLike], dt: float
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """`baselines` of each of several records: the equations are discretised once."""
    system = discretise(model, instrument, dt)
    m = len(system.R)
    for positions in records:
        record = check_record(positions, instrument, model)
        base = regressors(len(record), instrument.unknowns)
        sums = np.empty((m, 6))
        in_threads(_filter_each, m, record, base, *system, np.empty(m), sums, np.empty((0, 0, 0)))
        products = sums[:, _ENTRIES[: len(base) + 1, : len(base) + 1]]
        information = products[:, 1:, 1:]
        coefficients = np.linalg.solve(information, products[:, 1:, :1])[:, :, 0]
        yield np.asarray(coefficients, np.float64), information


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
    return next(recursive_innovations_of_each(model, instrument, [positions], dt))


def recursive_innovations_of_each(
    model: LinearModel, instrument: Instrument, records: Sequence[ArrayLike], dt: float
) -> Iterator[FloatArray]:
    """`recursive_innovations` of each of several records: the equations are discretised once."""
    system = discretise(model, instrument, dt)
    for positions in records:
        record = check_record(positions, instrument, model)
        yield _recursive(_innovation_rows(system, record, instrument.unknowns))


def _recursive(rows: FloatArray) -> FloatArray:
    """What each point leaves of the baseline that the points before it say, from the innovations of
    the record and of its regressors."""
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


def innovation_rows(
    model: LinearModel, instrument: Instrument, positions: ArrayLike, dt: float
) -> FloatArray:
    """Innovations of a record and of each regressor of its baseline over sqrt(s), under ONE model,
    (1 + unknowns, n_points), NaN where a point is missing."""
    record = check_record(positions, instrument, model)
    return _innovation_rows(discretise(model, instrument, dt), record, instrument.unknowns)


def _innovation_rows(system: Discrete, record: FloatArray, unknowns: int) -> FloatArray:
    if len(system.R) != 1:
        raise ValueError(f"innovations are those of one model, not of {len(system.R)}")
    base = regressors(len(record), unknowns)
    rows = np.empty((1, len(base) + 1, len(record)))
    _filter_each(0, 1, record, base, *system, np.empty(1), np.empty((1, 6)), rows)
    return rows[0]


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
        and (np.any(np.asarray(model.kappa) == 0) or np.any(instrument.walks))
    ):
        raise ValueError(
            "a free tracer (kappa = 0) or a drift has no zero: "
            'baseline = "zero" must be "constant" or "linear"'
        )
    return record


def regressors(n_points: int, unknowns: int) -> FloatArray:
    """The baseline's functions of time, (unknowns, n_points): 1, and a line from -1 to 1."""
    return np.stack([np.ones(n_points), np.linspace(-1, 1, n_points)])[:unknowns]


@njit(cache=True, nogil=True)
def _filter_each(start, stop, record, base, F, G, Q, S, R, P, values, sums, rows):
    for i in range(start, stop):
        own = rows[i] if len(rows) else np.empty((0, 0))
        _filter_one(
            record, base, F[i], G[i], Q[i], S[i], R[i], P[i], values[i : i + 1], sums[i], own
        )


@njit(cache=True, inline="always")
def _filter_one(record, base, F, G, Q, S, R, P_start, value, products, rows):
    """Filter with one model of any size and any baseline. Fills value (1,) with the log density,
    products (6,) with the sums of products of the innovations of record and regressors over
    sqrt(s), as of `lanes.marginal`, and rows (1 + unknowns, n_points), where not empty, with the
    innovations themselves."""
    k, n, c = len(G), len(record), len(base) + 1
    P, FP, PG = np.empty((k, k)), np.empty((k, k)), np.empty(k)
    mean, fresh = np.zeros((c, k)), np.zeros(k)
    d = np.zeros(c)
    K, held = np.zeros(k), np.zeros((k + 1, 2))
    s, log_s, log_sum, scale = 1.0, 0.0, 0.0, 1.0
    unit = R  # of s: sums of many equal logarithms keep their digits near 0
    for a in range(k):
        for b in range(k):
            P[a, b] = P_start[a, b]
            unit += G[a] * Q[a, b] * G[b]
    unit = unit if unit > 0.0 else 1.0
    for row in range(6):
        products[row] = 0.0
    settled = False
    count, since, look = 0, 0, FIRST_LOOK
    for t in range(n):
        missing = np.isnan(record[t])
        if missing:
            settled, since, look = False, 0, FIRST_LOOK
            carry_covariance(F, Q, P, FP)
            for o in range(c):
                for a in range(k):
                    fresh[a] = 0.0
                    for b in range(k):
                        fresh[a] += F[a, b] * mean[o, b]
                for a in range(k):
                    mean[o, a] = fresh[a]
                if len(rows):
                    rows[o, t] = np.nan
            continue
        if not settled:
            s = gain(F, G, S, R, P, PG, K)
            carry_covariance(F, Q, P, FP)
            for a in range(k):
                for b in range(k):
                    P[a, b] -= K[a] * K[b] * s
            log_s, scale = np.log(s / unit), 1.0 / np.sqrt(s)
            since += 1
            if since == look:
                settled = distance_left(s, held[k]) <= SETTLED * s and look > 2 * FIRST_LOOK
                for a in range(k):
                    reach = np.sqrt((P[a, a] + Q[a, a]) / s)
                    settled = distance_left(K[a], held[a]) <= SETTLED_GAIN * reach and settled
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
    value[0] = marginal(products, log_sum + count * np.log(unit), count, c - 1)


@njit(cache=True)
def gain(F, G, S, R, P, PG, K):
    """Fill PG (k,) with P G' and K (k,) with the gain; the variance s of the innovation."""
    k = len(G)
    s = R
    for a in range(k):
        PG[a] = 0.0
        for b in range(k):
            PG[a] += P[a, b] * G[b]
        s += G[a] * PG[a]
    for a in range(k):
        K[a] = S[a]
        for b in range(k):
            K[a] += F[a, b] * PG[b]
        K[a] /= s
    return s


@njit(cache=True)
def carry_covariance(F, Q, P, FP):
    """P <- F P F' + Q in place, by way of FP = F P, (k, k) each."""
    multiply(F, P, FP)
    for a in range(len(F)):
        for b in range(len(F)):
            P[a, b] = Q[a, b]
            for c in range(len(F)):
                P[a, b] += FP[a, c] * F[b, c]
