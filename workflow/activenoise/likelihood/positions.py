"""Exact likelihood of a sampled track under a linear model (Passive, AOUP), by a Kalman filter.

The positions are observed without error, so the filter is a scalar recursion on
v_hat_n = E[v_n | x_0 ... x_n] (notation of `models.SampledProcess`):

    e_{n+1} = x_{n+1} - (1 - loss_x) x_n - coupling v_hat_n,      Var = S_{n+1},
    v_hat_{n+1} = (1 - loss_v) v_hat_n + K_{n+1} e_{n+1},

and log p(x) = -1/2 sum_n [log(2 pi S_n) + e_n^2/S_n], with e_0 = x_0, S_0 = C(0). The gains K_n
and variances S_n do not depend on the data: one sequence serves every track, and the recursion
runs over many tracks side by side. RBP goes to the filter on its angle (`angle`), RTP to that on
its sign (`sign`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.sign import sign_log_likelihood
from activenoise.likelihood.track_sums import Settled, TrackSums, settled
from activenoise.physics.models import RBP, RTP, Model, SampledProcess
from activenoise.threads import in_threads

Prefixes = Sequence[int] | NDArray[np.int64]

_BLOCK = 64  # tracks side by side: each is in a memory page of its own, and 64 are kept at hand
_FEW = 16  # up to so many tracks, one model runs alone, and models of a bank side by side:
_LANES = 32  # so many of them
_CHUNK = 64  # points that stay in cache while a group of models passes over them
_TILE = 8  # points and tracks that are turned at a time from rows into columns
_GROUP = 32  # models whose gain sequences are held at once
_MANY, _SUMS_GROUP = 256, 256  # from so many models on sums over lags cost less: so many at once
_LOG_2PI = float(np.log(2 * np.pi))


def log_likelihood(
    model: Model,
    tracks: TrackArray,
    dt: float,
    at: Prefixes | None = None,
    given_first: bool = False,
) -> FloatArray:
    """Log density of sampled positions under the stationary model, in nats.

    model: one model, or one a track, shape (n_tracks,). tracks: (n_tracks, n_steps), or one track
    (n_steps,), in the length unit of the model, dt (s) apart. at: increasing prefix lengths, in
    points; without it the whole track. given_first: leave out the density of the first point
    (condition on it). Returns float64 (n_tracks,), or (n_tracks, len(at)); for one track, a scalar
    or (len(at),).

    float32 tracks are filtered in single precision (error of a log likelihood ratio about
    1e-4 nats at 5000 points), float64 tracks in double.
    """
    alone = np.ndim(tracks) == 1
    tracks, at_array, squeeze = check_tracks(np.asarray(tracks)[None] if alone else tracks, at)
    if isinstance(model, RBP):
        values = angle_log_likelihood(model, tracks, dt, at_array, given_first=given_first)
    elif isinstance(model, RTP):
        values = sign_log_likelihood(model, tracks, dt, at_array, given_first)
    elif model.shape == () and len(tracks) > _FEW:
        bank = FilterBank(model.sampled(dt), at_array, given_first)
        values = bank.log_density(*bank.run(tracks))[0]
    elif model.shape in ((), (len(tracks),)):
        squares, log_det = matched_quadratic(model.sampled(dt), tracks, at_array, given_first)
        values = -0.5 * ((at_array - given_first) * _LOG_2PI + log_det + squares)
    else:
        raise ValueError(f"{model.shape} models do not match {len(tracks)} tracks")
    values = values[0] if alone else values
    return values[..., 0] if squeeze else values


def check_tracks(
    tracks: ArrayLike, at: Prefixes | None
) -> tuple[TrackArray, NDArray[np.int64], bool]:
    """Tracks as a contiguous float array (n_tracks, n_steps), prefix lengths, and whether `at`
    was left out. ValueError on a wrong shape or wrong prefix lengths."""
    tracks = np.asarray(tracks)
    if tracks.dtype != np.float32:
        tracks = np.asarray(tracks, np.float64)
    if tracks.ndim != 2 or tracks.shape[1] < 1:
        raise ValueError(f"tracks of shape {tracks.shape} must be (n_tracks, n_steps)")
    at_array = np.asarray([tracks.shape[1]] if at is None else at, np.int64)
    if at_array.size == 0 or at_array[0] < 1 or at_array[-1] > tracks.shape[1]:
        raise ValueError(f"prefix lengths {at_array} must lie in 1 ... {tracks.shape[1]}")
    if np.any(np.diff(at_array) <= 0):
        raise ValueError(f"prefix lengths {at_array} must increase")
    return np.ascontiguousarray(tracks), at_array, at is None


class Quadratic(NamedTuple):
    """What the filter makes of the data: the likelihood needs these two numbers a model.

    squares: sum of e_n^2/S_n, float64 (n_models, n_tracks, len(at)).
    log_det: sum of log S_n, float64 (n_models, len(at)).
    """

    squares: FloatArray
    log_det: FloatArray


class FilterBank:
    """Kalman filters of many linear models, each run over many tracks.

    process: sampled models, fields of shape () or (n_models,). Memory is that of the result and
    of a fixed number of gain sequences: it does not grow with models or tracks otherwise.
    """

    def __init__(
        self, process: SampledProcess, at: NDArray[np.int64], given_first: bool = False
    ) -> None:
        self.models = np.array([np.atleast_1d(np.asarray(f, np.float64)) for f in process])
        self.at = at
        self.given_first = given_first

    def __len__(self) -> int:
        return self.models.shape[1]

    def groups(self, size: int = _GROUP) -> list[slice]:
        """Slices that cut the bank into groups of at most `size` models."""
        return [slice(i, min(i + size, len(self))) for i in range(0, len(self), size)]

    def run(self, tracks: TrackArray, members: slice = slice(None)) -> Quadratic:
        """Filter every track with every model of `members`."""
        models = np.ascontiguousarray(self.models[:, members])
        n_models, n_steps = models.shape[1], int(self.at[-1])
        squares = np.empty((n_models, len(tracks), len(self.at)))
        log_det = np.empty((n_models, len(self.at)))
        if len(tracks) <= _FEW:
            jobs = (n_models + _LANES - 1) // _LANES * len(tracks)
            in_threads(_run_few, jobs, tracks, models, self.at, self.given_first, squares, log_det)
            return Quadratic(squares, log_det)
        for i in range(0, n_models, _GROUP):
            group = slice(i, min(i + _GROUP, n_models))
            part = np.ascontiguousarray(models[:, group])
            gains, weights = (np.empty((part.shape[1], n_steps), tracks.dtype) for _ in range(2))
            start = np.empty(part.shape[1])
            in_threads(_fill_gains, part.shape[1], part, gains, weights, start)
            log_det[group] = -2 * np.array(
                [_prefix_log_sums(w, self.at, self.given_first) for w in weights]
            )
            in_threads(
                _run_bank, (len(tracks) + _BLOCK - 1) // _BLOCK, tracks, part, gains, weights,
                start, self.at, self.given_first, squares[group],
            )  # fmt: skip
        return Quadratic(squares, log_det)

    def quadratics(self, tracks: TrackArray) -> Iterator[tuple[slice, Quadratic]]:
        """What `run` gives for one group of models after the other, and the groups: by sums over
        lags, in double precision, where tracks and models are many (`track_sums`)."""
        if len(tracks) <= _FEW or len(self) < _MANY:
            for group in self.groups():
                yield group, self.run(tracks, group)
            return
        sums, models = TrackSums(tracks, self.at), settled(SampledProcess(*self.models))
        for group in self.groups(_SUMS_GROUP):
            own = Settled(*(field[group] for field in models))
            yield group, Quadratic(*sums.quadratic(own, self.given_first))

    def log_density(self, squares: FloatArray, log_det: FloatArray) -> FloatArray:
        """Log density in nats, (n_models, n_tracks, len(at))."""
        n = self.at - self.given_first
        return -0.5 * (n * _LOG_2PI + log_det[:, None, :] + squares)


def _prefix_log_sums(weights: TrackArray, at: NDArray[np.int64], given_first: bool) -> FloatArray:
    logs = np.log(weights, dtype=np.float64)
    if given_first:
        logs[0] = 0.0
    return np.add.reduceat(logs, np.concatenate([[0], at[:-1]])).cumsum() if len(at) else logs


@njit(cache=True, nogil=True)
def _fill_gains(first, last, models, gains, weights, start):
    """Fill the gain K_n and the weight S_n^-1/2 of models first ... last - 1 and every step, and
    the coefficient of v_hat_0 on x_0."""
    for m in range(first, last):
        _, coupling, loss_v, q_xx, q_xv, q_vv, p_xx, p_xv, p_vv = models[:, m]
        b = 1.0 - loss_v
        variance = p_vv - p_xv * p_xv / p_xx
        start[m] = p_xv / p_xx
        gains[m, 0] = start[m]
        weights[m, 0] = 1.0 / np.sqrt(p_xx)
        settled = False
        for i in range(1, gains.shape[1]):
            if settled:
                gains[m, i] = gains[m, i - 1]
                weights[m, i] = weights[m, i - 1]
                continue
            s = coupling * coupling * variance + q_xx
            k = (b * coupling * variance + q_xv) / s
            new = b * b * variance + q_vv - k * k * s
            settled = abs(new - variance) <= 1e-14 * variance
            variance = new
            gains[m, i] = k
            weights[m, i] = 1.0 / np.sqrt(s)


@njit(cache=True, nogil=True)
def _run_bank(first, last, tracks, models, gains, weights, start, at, given_first, squares):
    for block in range(first, last):
        _filter_block(
            tracks, block * _BLOCK, models, gains, weights, start, at, given_first, squares
        )


@njit(cache=True, fastmath=True)
def _filter_block(tracks, row, models, gains, weights, start, at, given_first, squares):
    """Filter tracks row ... row + _BLOCK - 1 with every model; fills squares[:, rows, :]."""
    kind = tracks.dtype.type
    n_models = models.shape[1]
    n_lanes = min(_BLOCK, tracks.shape[0] - row)
    x = np.zeros((_CHUNK + 1, _BLOCK), tracks.dtype)  # row 0: the point before the chunk
    velocity = np.zeros((n_models, _BLOCK), tracks.dtype)
    total = np.zeros((n_models, _BLOCK))
    # Rows: v_hat, sum of squares over the chunk. One array, so that rows cannot overlap.
    w = np.zeros((2, _BLOCK), tracks.dtype)
    done = 0
    for checkpoint in range(len(at)):
        while done < at[checkpoint]:
            n = min(_CHUNK, at[checkpoint] - done)
            for j in range(n_lanes):
                if done > 0:
                    x[0, j] = tracks[row + j, done - 1]
            _across(tracks, row, n_lanes, done, n, x)
            for m in range(n_models):
                loss_x, coupling, loss_v = (
                    kind(models[0, m]),
                    kind(models[1, m]),
                    kind(models[2, m]),
                )
                first = 0
                if done == 0:
                    first = 1
                    for j in range(_BLOCK):
                        w[0, j] = kind(start[m]) * x[1, j]
                        z = kind(0.0) if given_first else weights[m, 0] * x[1, j]
                        w[1, j] = z * z
                else:
                    for j in range(_BLOCK):
                        w[0, j] = velocity[m, j]
                        w[1, j] = kind(0.0)
                for i in range(first, n):
                    gain, weight = gains[m, done + i], weights[m, done + i]
                    for j in range(_BLOCK):
                        v = w[0, j]
                        # The increment is exact in floating point where x hardly moves.
                        e = (x[i + 1, j] - x[i, j]) + (loss_x * x[i, j] - coupling * v)
                        z = weight * e
                        w[1, j] += z * z
                        w[0, j] = v + (gain * e - loss_v * v)
                for j in range(_BLOCK):
                    velocity[m, j] = w[0, j]
                    total[m, j] += w[1, j]
            done += n
        for m in range(n_models):
            for j in range(n_lanes):
                squares[m, row + j, checkpoint] = total[m, j]


@njit(cache=True)
def _across(tracks, row, n_lanes, start, n, x):
    """Copy points start ... start + n - 1 of tracks row ... row + n_lanes - 1 into rows 1 ... n
    of x, one column a track.

    Square tiles: a copy track by track would touch a new cache line at every point, four times
    slower, and cost more than the filter of one model.
    """
    i_whole, j_whole = n - n % _TILE, n_lanes - n_lanes % _TILE
    for i0 in range(0, i_whole, _TILE):
        for j0 in range(0, j_whole, _TILE):
            for j in range(_TILE):
                for i in range(_TILE):
                    x[i0 + i + 1, j0 + j] = tracks[row + j0 + j, start + i0 + i]
    for j in range(n_lanes):
        for i in range(i_whole if j < j_whole else 0, n):
            x[i + 1, j] = tracks[row + j, start + i]


@njit(cache=True, nogil=True)
def _run_few(first, last, tracks, models, at, given_first, squares, log_det):
    for job in range(first, last):
        _filter_track(
            tracks, job % tracks.shape[0], models, job // tracks.shape[0] * _LANES, at, given_first,
            squares, log_det,
        )  # fmt: skip


# Rows of the work space of `_filter_track`: a SampledProcess, then the filter.
_LOSS_X, _G, _LOSS_V, _Q_XX, _Q_XV, _Q_VV, _P_XX, _P_XV, _P_VV = range(9)
_VARIANCE, _S, _GAIN, _VELOCITY, _SQUARES, _PRODUCT, _LOG = range(9, 16)


@njit(cache=True, fastmath=True)
def _filter_track(tracks, row, models, first, at, given_first, squares, log_det):
    """Filter one track with models first ... first + _LANES - 1, in double precision."""
    n_lanes = min(_LANES, models.shape[1] - first)
    w = np.empty((16, _LANES))
    for k in range(9):
        for j in range(_LANES):
            w[k, j] = models[k, first + min(j, n_lanes - 1)]
    x = np.float64(tracks[row, 0])
    for j in range(_LANES):
        w[_VARIANCE, j] = w[_P_VV, j] - w[_P_XV, j] ** 2 / w[_P_XX, j]
        w[_VELOCITY, j] = w[_P_XV, j] / w[_P_XX, j] * x
        w[_SQUARES, j] = 0.0 if given_first else x * x / w[_P_XX, j]
        w[_LOG, j] = 0.0 if given_first else np.log(w[_P_XX, j])
        w[_PRODUCT, j] = 1.0
    settled = False
    checkpoint = 0
    for i in range(at[-1]):
        if i > 0:
            before, x = x, np.float64(tracks[row, i])
            if not settled:
                change = 0.0
                for j in range(_LANES):
                    g, b, variance = w[_G, j], 1.0 - w[_LOSS_V, j], w[_VARIANCE, j]
                    s = g * g * variance + w[_Q_XX, j]
                    k = (b * g * variance + w[_Q_XV, j]) / s
                    new = b * b * variance + w[_Q_VV, j] - k * k * s
                    change = max(change, abs(new - variance) - 1e-14 * variance)
                    w[_VARIANCE, j] = new
                    w[_S, j] = s
                    w[_GAIN, j] = k
                settled = change <= 0.0
            for j in range(_LANES):
                v = w[_VELOCITY, j]
                e = (x - before) + (w[_LOSS_X, j] * before - w[_G, j] * v)
                w[_SQUARES, j] += e * e / w[_S, j]
                w[_PRODUCT, j] *= w[_S, j]
                w[_VELOCITY, j] = v + (w[_GAIN, j] * e - w[_LOSS_V, j] * v)
        # Logarithms of products of a few variances, not of each.
        if i % 8 == 0 or i + 1 == at[checkpoint]:
            for j in range(_LANES):
                w[_LOG, j] += np.log(w[_PRODUCT, j])
                w[_PRODUCT, j] = 1.0
        if i + 1 == at[checkpoint]:
            for j in range(n_lanes):
                squares[first + j, row, checkpoint] = w[_SQUARES, j]
                log_det[first + j, checkpoint] = w[_LOG, j]
            checkpoint += 1


def matched_quadratic(
    process: SampledProcess, tracks: TrackArray, at: NDArray[np.int64], given_first: bool = False
) -> Quadratic:
    """Filter each track with a model of its own. process: fields of shape () or (n_tracks,);
    tracks: (n_tracks, n_steps); at: increasing prefix lengths. Both numbers of the result are
    float64 (n_tracks, len(at))."""
    models = np.array([np.broadcast_to(field, len(tracks)) for field in process])
    found = Quadratic(*np.empty((2, len(tracks), len(at))))
    in_threads(_run_matched, len(tracks), tracks, models, at, given_first, *found)
    return found


@njit(cache=True, nogil=True)
def _run_matched(first, last, tracks, models, at, given_first, squares, log_det):
    for row in range(first, last):
        loss_x, coupling, loss_v, q_xx, q_xv, q_vv, p_xx, p_xv, p_vv = models[:, row]
        b = 1.0 - loss_v
        variance = p_vv - p_xv * p_xv / p_xx
        before = np.float64(tracks[row, 0])
        v = p_xv / p_xx * before
        total = 0.0 if given_first else before * before / p_xx
        logs = 0.0 if given_first else np.log(p_xx)
        settled = False
        s, k, log_s = 1.0, 0.0, 0.0
        checkpoint = 0
        for i in range(tracks.shape[1]):
            if i > 0:
                if not settled:
                    s = coupling * coupling * variance + q_xx
                    k = (b * coupling * variance + q_xv) / s
                    new = b * b * variance + q_vv - k * k * s
                    settled = abs(new - variance) <= 1e-14 * variance
                    variance = new
                    log_s = np.log(s)
                x = np.float64(tracks[row, i])
                e = (x - before) + (loss_x * before - coupling * v)
                total += e * e / s
                logs += log_s
                v += k * e - loss_v * v
                before = x
            if i + 1 == at[checkpoint]:
                squares[row, checkpoint] = total
                log_det[row, checkpoint] = logs
                checkpoint += 1
                if checkpoint == len(at):
                    break
