"""The switching system of a rotational Brownian or run-and-tumble particle and its instrument.

Given the cell of the drive (`cells`) over an interval, tracer, detector and baseline are linear:
here they are discretised, for the filter of `switching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.cells import angles_needed
from activenoise.likelihood.kalman import check_record
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP
from activenoise.physics.system import LinearModel, continuous, over_interval

_FLAT = 1e7  # variance of a baseline's prior over that of a record


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
    if n_angles is not None and (n_angles < 2 or n_angles % 2):
        raise ValueError(f"{n_angles} angles must be an even number of them")
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
