"""Likelihood of a rotational Brownian or a run-and-tumble particle seen through an instrument.

Given the path of its angle a rotational Brownian particle is linear: over one interval with the
angle theta at its middle the velocity v0 cos(theta) is taken as constant, and the state z (x, and
the detector's lag or the drift where there are such) and the recorded point are

    z' = F z + B v0 cos(theta) + w,   y = G z + g v0 cos(theta) + e.

Each angle of a half circle, theta_i = pi (i + 1/2)/M, carries a probability and a normal of z
(a Rao-Blackwellised filter on a grid). A point updates each by Kalman's formulas; then the angle
diffuses, and each angle's new mixture of normals is replaced by the normal of its mean and
covariance. With exact positions and no detector nothing is replaced: z is then known.

In a medium with relaxations its modes (`physics.media`) take the place of x in z.

A run-and-tumble particle has four such cells in place of the angles (`cells`): the signs at the
start and at the end of the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from activenoise.arrays import FloatArray
from activenoise.likelihood.cells import angles_needed, cells_of
from activenoise.likelihood.kalman import check_record
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP
from activenoise.physics.system import LinearModel, continuous, over_interval
from activenoise.threads import in_threads

_FLAT = 1e7  # variance of a baseline's prior over that of a record
_LOG_2PI = float(np.log(2 * np.pi))
_MATH = {"contract", "nsz", "arcp", "reassoc"}


def rbp_log_likelihood(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    n_angles: int | None = None,
    from_zero: bool = False,
    lengths: Sequence[int] | None = None,
) -> FloatArray:
    """Log density of a record under each of m models, nats, (m,).

    model: an `RBP`, or in any medium the linear model of the same covariance, an `AOUP` or a driven
    `Tracer`. model, instrument: batches that broadcast to m models. positions: (n_points,), or
    (m, n_points) with a record for each model, length, dt (s) apart, NaN where there is none.
    n_angles: of the half circle, by default enough for exact positions. from_zero: a free tracer or
    a drift was at 0 one interval before the first point. TypeError for a model without propulsion.
    lengths: positions are independent records of so many points, one after the other, and the
    density is that of all.

    A baseline that is "constant" is one more part of the state, or the place of a free tracer,
    with a normal prior of a width that no record sees, in place of the flat one; the velocity of
    a "linear" one is another. That is for free tracers: the filter's normals forget the centre of a
    trap, an error of 0.04 nats at 12 points and of one at 200 (D_a/D = 40, dt/tau_a = 0.05).

    Error, root mean square at D_a/D = 20 and dt/tau_a = 0.03: 0.2 nats over 400 exact positions
    against the angle filter, and within the 0.05 nats of many particles over 60 noisy ones
    (tests/likelihood); it falls with D_a/D, and at weak propulsion it is nothing.
    """
    system = prepared(model, instrument, positions, dt, from_zero, lengths, True, n_angles)
    return _log_likelihood(*system)


def rtp_log_likelihood(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool = False,
    lengths: Sequence[int] | None = None,
) -> FloatArray:
    """Log density of a record under each of m run-and-tumble particles, nats, (m,).

    Arguments are those of `rbp_log_likelihood`; model: an `RTP`, or in any medium the linear model
    of the same covariance.
    """
    return _log_likelihood(*prepared(model, instrument, positions, dt, from_zero, lengths, False))


def rbp_scores(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool = False,
) -> FloatArray:
    """Normal scores of a record under ONE RBP, (n_points,), NaN where a point is missing.

    A point y_n, given those before it, has the cumulative probability

        u_n = sum over the angles of p_i Phi((y_n - mu_i)/sqrt(s_i)),

    and Phi^-1(u_n) are independent standard normals if the model is right, as the innovations of a
    linear model are (Rosenblatt, Ann. Math. Stat. 23, 470, 1952). As many points as an unknown
    baseline has coefficients have none. Arguments and the error are those of `rbp_log_likelihood`.
    """
    system = prepared(model, instrument, positions, dt, from_zero, None, True)
    return _scores(*system, instrument.unknowns)


def rtp_scores(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool = False,
) -> FloatArray:
    """Normal scores of a record under ONE RTP, as of `rbp_scores`."""
    system = prepared(model, instrument, positions, dt, from_zero, None, False)
    return _scores(*system, instrument.unknowns)


# By the drive of a model.
LOG_LIKELIHOODS: dict[str, Callable[..., FloatArray]] = {
    "RBP": rbp_log_likelihood,
    "RTP": rtp_log_likelihood,
}
SCORES: dict[str, Callable[..., FloatArray]] = {"RBP": rbp_scores, "RTP": rtp_scores}


def many_log_likelihoods(
    drive: str, model: LinearModel, instrument: Instrument, dt: float
) -> Callable[[FloatArray], FloatArray]:
    """The log density, nats, of n records for each of m models, (m, n), as a function of the
    records (m, n, n_points), length; of fewer rows, for the first models. drive: "RBP" or "RTP";
    the tracers are trapped, and the zero of each record is known. The equations are discretised
    once."""
    nothing = np.zeros((1, 1))
    one, _ = prepared(model, instrument, nothing, dt, True, None, drive == "RBP")

    def log_likelihoods(records: FloatArray) -> FloatArray:
        m, n, n_points = records.shape
        repeated = {
            name: np.repeat(getattr(one, name)[:m], n, axis=0) for name in Switching._fields[3:]
        }
        own = {"records": records.reshape(-1, n_points), "which": np.arange(m * n)}
        system = one._replace(**own, ends=np.array([n_points]), **repeated)
        return _log_likelihood(system, np.zeros(m * n)).reshape(m, n)

    return log_likelihoods


class Switching(NamedTuple):
    """Records and the switching system of m models, as in the module's text, of k states.

    records (n_records, n_points); which (m,): that of each model; ends: of the independent records
    in a row. F (m, k, k), B (m, k), G (m, k), g (m,), B and g times the speed. Q (m, 2, k, k), S
    (m, 2, k), R (m, 2): of what drives the rest, and of the solvent's noise on the tracer. noise
    (m,): its variance. slope (m, k) times the velocity over the speed, and start (m, k, k): mean
    and covariance of the state at the start. turn: dt/tau_a, ratio: D_a/D, angles: 0 for the signs
    of an RTP, (m,) each.
    """

    records: FloatArray
    which: NDArray[np.int64]
    ends: NDArray[np.int64]
    F: FloatArray
    B: FloatArray
    G: FloatArray
    g: FloatArray
    Q: FloatArray
    S: FloatArray
    R: FloatArray
    noise: FloatArray
    slope: FloatArray
    start: FloatArray
    turn: FloatArray
    ratio: FloatArray
    angles: NDArray[np.int64]


def _log_likelihood(system: Switching, flat: FloatArray) -> FloatArray:
    result = np.empty(len(flat))
    in_threads(_run, len(result), *system, result, np.empty((0, 0)), np.empty((0, 0, 0)))
    return result + flat


def _scores(system: Switching, flat: FloatArray, unknowns: int) -> FloatArray:
    if len(flat) != 1:
        raise ValueError(f"scores are those of one model, not of {len(flat)}")
    scores = np.full((1, system.records.shape[1]), np.nan)
    _run(0, 1, *system, np.empty(1), scores, np.empty((0, 0, 0)))
    tails = np.clip(np.abs(scores[0]), 1e-300, None)
    scores = np.where(scores[0] >= 0, ndtri(tails), -ndtri(tails))
    scores[np.flatnonzero(np.isfinite(scores))[:unknowns]] = np.nan
    return scores


def filtered_cells(system: Switching, angles: int) -> FloatArray:
    """The law after each point of ONE record under ONE model: of each cell of the interval that
    ends there its probability and the mean and covariance (upper triangle) of z, (n_points, rows,
    cells). angles: 0 for the four cells of an RTP."""
    k = system.F.shape[1]
    kept = np.empty((system.records.shape[1], 1 + k + k * (k + 1) // 2, angles or 4))
    _run(0, 1, *system, np.empty(1), np.empty((0, 0)), kept)
    return kept


def prepared(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    dt: float,
    from_zero: bool,
    lengths: Sequence[int] | None,
    turns: bool,
    n_angles: int | None = None,
) -> tuple[Switching, FloatArray]:
    """The system of some records, and what the prior of the baseline takes off the log density,
    (m,). turns: the propulsion is that of an RBP, and otherwise that of an RTP."""
    if not isinstance(model, AOUP | Tracer) or model.D_a is None or model.tau_a is None:
        raise TypeError(f"{type(model).__name__} has no propulsion whose direction could turn")
    records, ends = _levelled(model, instrument, positions, from_zero, lengths)
    A, W, W_solvent, h, P, v, zero = _linear_part(model, instrument, dt)
    m, k, _ = A.shape
    seen = instrument.parameters
    noise, exposure = (np.broadcast_to(seen[n], (m,)) for n in ("noise", "exposure"))
    # The velocity is a constant of the interval: it drives and is not driven.
    A[:, v, :] = 0.0
    W[:, v, :] = W[:, :, v] = 0.0
    F, G, *solvent = over_interval(A, W_solvent, h, exposure, dt)
    others = over_interval(A, W - W_solvent, h, exposure, dt)[2:]
    Q, S, R = (np.stack(pair, axis=1) for pair in zip(others, solvent, strict=True))
    rest = [i for i in range(k) if i != v]
    part = np.ix_(range(m), rest, rest)
    D, D_a, tau_a = (np.broadcast_to(value, (m,)) for value in (model.D, model.D_a, model.tau_a))
    speed = np.sqrt((2 if turns else 1) * D_a / tau_a)
    slope = np.zeros((m, k - 1))
    moving = P[:, v, v] > 0
    slope[moving] = P[moving][:, rest, v] / P[moving, v, v][:, None]
    start = P[part] - slope[:, :, None] * slope[:, None, :] * P[:, v, v][:, None, None]
    flat = np.zeros(m)
    if instrument.unknowns:
        spread = np.einsum("mi,mij,mj->m", G[:, rest], P[part], G[:, rest]) + R.sum(axis=1)
        spread += noise**2
        width = _FLAT * (spread + float(np.nanmax(records) - np.nanmin(records)) ** 2)
        flat = _widened(
            start, rest.index(zero), h[:, zero], width, ends, steady=instrument.unknowns == 2
        )
    angles = np.full(m, n_angles or 0)
    if turns and n_angles is None:
        angles = angles_needed(D, D_a, tau_a, dt)
    if len(records) not in (1, m):
        raise ValueError(f"{len(records)} records do not match {m} models")
    which = np.minimum(np.arange(m), len(records) - 1)
    system = (
        records, which, ends, F[part], F[:, rest, v] * speed[:, None], G[:, rest], G[:, v] * speed,
        Q[:, :, rest][..., rest], S[..., rest], R, noise**2, slope * speed[:, None], start,
        dt / tau_a, D_a / D, angles,
    )  # fmt: skip
    # Of one layout, since the kernel is compiled for each.
    return Switching(*map(np.ascontiguousarray, system)), flat


class _LinearPart(NamedTuple):
    """The linear model of the same covariance, as of `system.continuous`, with one more state for
    the steady velocity of a linear baseline. W_solvent: the part of W that is the solvent's noise
    on the tracer. v, zero: the states that are the drive and the baseline."""

    A: FloatArray
    W: FloatArray
    W_solvent: FloatArray
    h: FloatArray
    P: FloatArray
    v: int
    zero: int


def _linear_part(model: LinearModel, instrument: Instrument, dt: float) -> _LinearPart:
    unknowns = instrument.unknowns
    free = bool(np.all(np.asarray(model.kappa) == 0))
    motion = model.langevin()
    v = motion.drift.shape[-1] - 1
    A, W, h, P = continuous(model, instrument, drifting=unknowns > 0 and not free)
    m, k, _ = A.shape
    pushed = np.zeros((m, k))  # what the solvent's noise pushes
    pushed[:, :v] = motion.signal[..., :v]
    if np.any(np.isfinite(instrument.parameters["corner"])):
        pushed[:, v + 1] = -1.0
    D = np.broadcast_to(model.D, (m,))
    W_solvent = 2 * D[:, None, None] * pushed[:, :, None] * pushed[:, None, :]
    zero = 0 if free else k - 1
    if unknowns == 2:
        # In lengths an interval; it does not pass the detector either.
        A, W, W_solvent, P = (np.pad(a, ((0, 0), (0, 1), (0, 1))) for a in (A, W, W_solvent, P))
        A[:, zero, -1] = 1 / dt / h[:, zero]
        h = np.pad(h, ((0, 0), (0, 1)))
    return _LinearPart(A, W, W_solvent, h, P, v, zero)


def _levelled(
    model: LinearModel,
    instrument: Instrument,
    positions: ArrayLike,
    from_zero: bool,
    lengths: Sequence[int] | None,
) -> tuple[FloatArray, np.ndarray]:
    """Checked records (n_records, n_points), from their first point on if the baseline is unknown,
    and the ends of the independent records in them."""
    records = np.array(
        [check_record(row, instrument, model, from_zero) for row in np.atleast_2d(positions)]
    )
    ends = np.cumsum([records.shape[1]] if lengths is None else lengths)
    if ends[-1] != records.shape[1]:
        raise ValueError(f"lengths that sum to {ends[-1]} must sum to {records.shape[1]} points")
    if instrument.unknowns:
        for piece in np.split(records, ends[:-1], axis=1):
            piece -= np.array([row[np.isfinite(row)][0] for row in piece])[:, None]
    return records, ends


def _widened(
    start: FloatArray,
    zero: int,
    signal: FloatArray,
    width: FloatArray,
    ends: np.ndarray,
    steady: bool,
) -> FloatArray:
    """Give an unknown baseline its prior in the covariance `start`, in place: of variance `width`,
    10^3.5 times what the record can be off by. What this prior takes off the log density, (m,).
    signal: of the state `zero`, (m,). steady: the last state is a steady velocity."""
    start[:, zero, zero] += width / signal**2
    flat = 0.5 * len(ends) * np.log(2 * np.pi * width)
    if steady:
        # The flat prior is of the coefficient of a line from -1 to 1.
        spans = np.diff(ends, prepend=0) - 1
        start[:, -1, -1] = width / spans.max()
        flat += 0.5 * len(ends) * np.log(2 * np.pi * start[:, -1, -1])
        flat += np.sum(np.log(spans / 2))
    return flat


@njit(cache=True, nogil=True, fastmath=_MATH)
def _run(
    start_at, stop_at, records, which, ends, F, B, G, g, Q, S, R, noise, slope, start, turn, ratio,
    angles, result, scores, kept,
):  # fmt: skip
    nothing = np.empty(0)
    for i in range(start_at, stop_at):
        mean, opening, scale, half, T = cells_of(angles[i], turn[i], ratio[i])
        result[i] = 0.0
        for j in range(len(ends)):
            first = ends[j - 1] if j else 0
            own = scores[i, first : ends[j]] if len(scores) else nothing
            result[i] += _filter_record(
                records[which[i], first : ends[j]], F[i], B[i], G[i], g[i], Q[i], S[i], R[i],
                noise[i], slope[i], start[i], mean, opening, scale, half, T, own, kept,
            )  # fmt: skip


@njit(cache=True, inline="always")
def _filter_record(
    record, F, B, G, g, Q, S, R, noise, slope, start, mean, opening, scale, half, T, scores, kept
):
    """Log density of a record; fills scores (n_points,), where not empty, with the cumulative
    probability of each point, or less that of what is above it, whichever is smaller, and kept
    (n_points, rows, cells), where not empty, with the law after each point: of each cell of the
    interval that ends there its probability and the mean and covariance (upper triangle) of z.

    Q, S, R: of what drives the rest, and of the solvent's noise on the tracer, two of each.
    mean, opening, scale, half, T: the cells, as of `cells.cells_of`.
    """
    k, m = len(G), len(T)
    # p, then means, then covariances (upper triangle) of the angles; then the same, mixed.
    size = 1 + k + k * (k + 1) // 2
    cells, mixed = np.zeros((size, m)), np.zeros((size, m))
    entry = np.empty((k, k), np.int64)  # the row of a covariance
    row = 1 + k
    for a in range(k):
        for b in range(a, k):
            entry[a, b] = entry[b, a] = row
            for i in range(m):
                cells[row, i] = start[a, b]
            row += 1
        for i in range(m):
            cells[1 + a, i] = slope[a] * opening[i]
    for i in range(m):
        cells[0, i] = 1.0 / m
    _mix(half, cells, mixed, k)
    h, gain, fresh, FC = np.zeros((k, m)), np.zeros((k, m)), np.zeros((k, m)), np.zeros((k, m))
    s, d, log_p = np.ones(m), np.zeros(m), np.zeros(m)
    value = 0.0
    for t in range(len(record)):
        seen = not np.isnan(record[t])
        if seen:
            for i in range(m):
                s[i] = R[0] + R[1] * scale[i] + noise
                d[i] = record[t] - g * mean[i]
            for a in range(k):
                for i in range(m):
                    h[a, i] = 0.0
                for b in range(k):
                    _add(h[a], G[b], cells[entry[a, b]])
                for i in range(m):
                    s[i] += G[a] * h[a, i]
                    d[i] -= G[a] * cells[1 + a, i]
            for i in range(m):
                log_p[i] = -0.5 * (_LOG_2PI + np.log(s[i]) + d[i] * d[i] / s[i])
            if len(scores):
                below, above = 0.0, 0.0
                for i in range(m):
                    u = d[i] / np.sqrt(2.0 * s[i])
                    below += 0.5 * cells[0, i] * math.erfc(-u)
                    above += 0.5 * cells[0, i] * math.erfc(u)
                scores[t] = below if below < above else -above
            highest, total = log_p[0], 0.0
            for i in range(1, m):
                highest = max(highest, log_p[i])
            for i in range(m):
                cells[0, i] *= np.exp(log_p[i] - highest)
                total += cells[0, i]
            for i in range(m):
                cells[0, i] /= total
            value += highest + np.log(total)
            for a in range(k):
                for i in range(m):
                    gain[a, i] = S[0, a] + S[1, a] * scale[i]
                for b in range(k):
                    _add(gain[a], F[a, b], h[b])
                for i in range(m):
                    gain[a, i] /= s[i]
        for a in range(k):
            for i in range(m):
                fresh[a, i] = B[a] * mean[i] + gain[a, i] * d[i] if seen else B[a] * mean[i]
            for b in range(k):
                _add(fresh[a], F[a, b], cells[1 + b])
        for a in range(k):
            for i in range(m):
                cells[1 + a, i] = fresh[a, i]
            for b in range(k):
                for i in range(m):
                    FC[b, i] = 0.0
            for e in range(k):
                for b in range(k):
                    _add(FC[b], F[a, e], cells[entry[e, b]])
            for b in range(a, k):
                target = mixed[entry[a, b]]
                for i in range(m):
                    target[i] = Q[0, a, b] + Q[1, a, b] * scale[i]
                if seen:
                    for i in range(m):
                        target[i] -= gain[a, i] * gain[b, i] * s[i]
                for e in range(k):
                    _add(target, F[b, e], FC[e])
        for row in range(1 + k, size):
            for i in range(m):
                cells[row, i] = mixed[row, i]
        if len(kept):
            for row in range(size):
                for i in range(m):
                    kept[t, row, i] = cells[row, i]
        _mix(T, cells, mixed, k)
    return value


@njit(cache=True, fastmath=_MATH, inline="always")
def _add(total, factor, values):
    """total += factor values, where most factors of a medium's modes are 0."""
    if factor != 0.0:
        for i in range(len(total)):
            total[i] += factor * values[i]


@njit(cache=True, fastmath=_MATH)
def _mix(T, cells, mixed, k):
    """Diffuse the angle; each angle's mixture becomes the normal of its mean and covariance."""
    size, m = cells.shape
    # Moments about one common point, so that covariances keep their digits.
    centres = np.empty(k)
    for a in range(k):
        centre = 0.0
        for i in range(m):
            centre += cells[0, i] * cells[1 + a, i]
        centres[a] = centre
    for i in range(m):
        p = cells[0, i]
        row = 1 + k
        for a in range(k):
            cells[1 + a, i] -= centres[a]
        for a in range(k):
            for b in range(a, k):
                cells[row, i] = p * (cells[row, i] + cells[1 + a, i] * cells[1 + b, i])
                row += 1
        for a in range(k):
            cells[1 + a, i] *= p
    for row in range(size):
        for j in range(m):
            mixed[row, j] = 0.0
        for i in range(m):
            value = cells[row, i]
            for j in range(m):
                mixed[row, j] += value * T[i, j]
    for j in range(m):
        p = max(mixed[0, j], 1e-290)
        cells[0, j] = p
        row = 1 + k
        for a in range(k):
            mixed[1 + a, j] /= p
        for a in range(k):
            for b in range(a, k):
                cells[row, j] = mixed[row, j] / p - mixed[1 + a, j] * mixed[1 + b, j]
                row += 1
        for a in range(k):
            cells[1 + a, j] = mixed[1 + a, j] + centres[a]
