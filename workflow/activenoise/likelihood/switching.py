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

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from activenoise.arrays import FloatArray
from activenoise.likelihood import switching_filter
from activenoise.likelihood.switching_system import Switching, prepared
from activenoise.likelihood.vectors import WIDTH_64
from activenoise.physics.instrument import Instrument
from activenoise.physics.system import LinearModel
from activenoise.threads import in_threads


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
    n_angles: of the half circle, an even number, by default enough for exact positions. from_zero:
    a free tracer or a drift was at 0 one interval before the first point. TypeError for a model
    without propulsion, ValueError for an odd number of angles.
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


def _log_likelihood(system: Switching, flat: FloatArray) -> FloatArray:
    return _run(system, np.empty(0), np.empty((0, 0, 0))) + flat


def _scores(system: Switching, flat: FloatArray, unknowns: int) -> FloatArray:
    if len(flat) != 1:
        raise ValueError(f"scores are those of one model, not of {len(flat)}")
    scores = np.full(system.records.shape[1], np.nan)
    _run(system, scores, np.empty((0, 0, 0)))
    tails = np.clip(np.abs(scores), 1e-300, None)
    scores = np.where(scores >= 0, ndtri(tails), -ndtri(tails))
    scores[np.flatnonzero(np.isfinite(scores))[:unknowns]] = np.nan
    return scores


def filtered_cells(system: Switching, angles: int) -> FloatArray:
    """The law after each point of ONE record under ONE model: of each cell of the interval that
    ends there its probability and the mean and covariance (upper triangle) of z, (n_points, rows,
    cells). angles: 0 for the four cells of an RTP."""
    k = system.F.shape[1]
    kept = np.empty((system.records.shape[1], 1 + k + k * (k + 1) // 2, angles or 4))
    _run(system, np.empty(0), kept)
    return kept


def _run(system: Switching, scores: FloatArray, kept: FloatArray) -> FloatArray:
    """Log densities, (m,), less what the prior of a baseline takes; fills scores and kept."""
    m, k, _ = system.F.shape
    groups = _groups(system.angles)
    parts = (
        system.F, system.Q, system.start, system.B, system.G, system.slope, system.S, system.g,
        system.noise, system.R,
    )  # fmt: skip
    constants = np.concatenate([part.reshape(m, -1) for part in parts], axis=1)
    result = np.empty(m)
    in_threads(
        switching_filter.run, len(groups), groups,
        np.ascontiguousarray(constants[groups].transpose(0, 2, 1)), system.records, system.which,
        system.ends, system.turn, system.ratio, system.angles, k, result, scores, kept,
    )  # fmt: skip
    return result


def _groups(angles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Models side by side, (n_groups, 8), equally many angles in each; the last fills up."""
    groups = []
    for count in np.unique(angles):
        models = np.flatnonzero(angles == count)
        models = np.append(models, np.repeat(models[-1], -len(models) % WIDTH_64))
        groups.append(models.reshape(-1, WIDTH_64))
    return np.concatenate(groups)
