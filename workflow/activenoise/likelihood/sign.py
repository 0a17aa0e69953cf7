"""Likelihood of a sampled run-and-tumble particle (RTP), by a filter on the sign of its propulsion.

Given the path of the sign the particle's step is normal:

    y_n = x_n - (1 - loss_x) x_{n-1} ~ N(drift J_n, thermal),   drift = v0 (1 - loss_x)/kappa,
    thermal = (D/kappa) (1 - e^{-2 kappa dt}),

with J_n in [-1, 1] the mean of the sign over the interval, weighted by exp(-kappa (t_n - t)). The
filter carries the probabilities of the sign at a point. A step multiplies them by the densities of
y_n together with the sign at the end, given that at the start, and their sum is the predictive
density of x_n.

J = 2 A - 1, A the weighted part of the interval in which the sign is as at its start. Without a
flip A = 1. Otherwise its law, for either sign at the end, is replaced by the `_NODES` points and
weights of the Gauss quadrature with its moments. These obey, with c counting the flips (none, odd,
even) at the rate r = 1/(2 tau_a),

    d<A^k; c>/dt = -(k kappa + r) <A^k; c> + k [c is not odd] <A^{k-1}; c> + r <A^k; flipping to c>,

and are summed as a power series of positive terms, so that they keep their digits however rare the
flips are. Nothing is approximate in dt but the moments of order 2 `_NODES` and above.

The start is the stationary law. The active part of x_0 is v0 z/kappa, and z, given a positive sign,
has the density (1 - z)^{b-1} (1 + z)^b on [-1, 1], b = 1/(2 kappa tau_a), since no current flows;
its thermal part is normal. Points and weights are those of Gauss and Jacobi.

Error, root mean square over 40 points of tracks of the model, against the exact density
(Feynman-Kac): below 1e-6 nats at dt/tau_a = 0.03 up to D_a/D = 80; at dt/tau_a = 0.3 it is 6e-6
nats at D_a/D = 20 and 0.01 at 100.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.physics.models import RTP
from activenoise.threads import in_threads

_NODES = 6  # of the law of J after a flip, for either sign at the end
_START_NODES = 24  # at least, of the stationary law; more where propulsion reaches far
_PER_WIDTH = 4  # more for each thermal width that it reaches
_MOST_START_NODES = 400
_LOG_2PI = float(np.log(2 * np.pi))


class _Plan(NamedTuple):
    """Constants of m filters. loss_x, scale (1/the thermal standard deviation), log_scale: (m,).
    steps: drift J in units of the thermal standard deviation, and log_weights: first without a
    flip, then of odd, then of even numbers of flips, (m, 1 + 2 nodes). start: places of x_0 of a
    positive sign, start_weights, (m, nodes); start_width: (m,), length."""

    loss_x: FloatArray
    scale: FloatArray
    steps: FloatArray
    log_weights: FloatArray
    start: FloatArray
    start_weights: FloatArray
    start_width: FloatArray


def sign_log_likelihood(
    model: RTP, tracks: ArrayLike, dt: float, at: NDArray[np.int64], given_first: bool = False
) -> FloatArray:
    """Log density of sampled positions under the stationary RTP, in nats, (n_tracks, len(at)).

    model: one model, or one a track, shape (n_tracks,). tracks: (n_tracks, n_steps), in the length
    unit of the model, dt (s) apart. at: increasing prefix lengths, in points. given_first: leave
    out the density of the first point (condition on it).
    """
    tracks = np.ascontiguousarray(tracks)
    if not np.all(np.isfinite(tracks)):
        raise ValueError(f"tracks of shape {tracks.shape} must be finite")
    if model.shape not in ((), (len(tracks),)):
        raise ValueError(f"{model.shape} models do not match {len(tracks)} tracks")
    plan = _plan(model, dt)
    values = np.empty((len(tracks), len(at)))
    in_threads(_filter, len(tracks), tracks, plan, at, given_first, values)
    return values


def _plan(model: RTP, dt: float) -> _Plan:
    kappa, D, tau_a, speed = (
        np.ravel(value) for value in (model.kappa, model.D, model.tau_a, model.speed)
    )
    loss_x = -np.expm1(-kappa * dt)
    scale = 1 / np.sqrt(-D / kappa * np.expm1(-2 * kappa * dt))
    weights, places = _flip_nodes(kappa * dt, 0.5 * dt / tau_a)
    drift = speed * loss_x / kappa * scale
    reach, width = speed / kappa, np.sqrt(D / kappa)
    wanted = _START_NODES + _PER_WIDTH * float(np.max(reach / width))
    z, start_weights = _stationary_nodes(0.5 / (kappa * tau_a), int(min(wanted, _MOST_START_NODES)))
    return _Plan(
        loss_x=loss_x,
        scale=scale,
        steps=drift[:, None] * places,
        log_weights=np.log(weights) + np.log(scale)[:, None] - 0.5 * _LOG_2PI,
        start=reach[:, None] * z,
        start_weights=start_weights,
        start_width=width,
    )


def _flip_nodes(kappa: FloatArray, rate: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights and places J of the law of J given the sign at the start, (m, 1 + 2 `_NODES`): no
    flip, odd and even numbers of flips. kappa and the rate of flips, (m,), are those an interval.
    """
    order = 2 * _NODES
    k = np.arange(order)
    stays = np.array([1.0, 0.0, 1.0])[:, None]  # signs as at the start: none, odd, even
    shift = rate + (order - 1) * kappa  # makes every term of the series positive
    r = rate[:, None, None]
    own = (order - 1 - k) * kappa[:, None, None]
    term = np.zeros((len(kappa), 3, order))
    term[:, 0, 0] = 1.0
    moments = term.copy()
    most = float(np.max(shift))
    for j in range(1, int(most + 12 * np.sqrt(most) + 40)):
        new = own * term
        new[:, :, 1:] += stays * k[1:] * term[:, :, :-1]
        new[:, 1] += r[:, 0] * (term[:, 0] + term[:, 2])
        new[:, 2] += r[:, 0] * term[:, 1]
        term = new / j
        moments += term
    moments *= np.exp(-shift)[:, None, None]
    moments /= (-np.expm1(-kappa) / kappa)[:, None, None] ** k
    flipped = moments[:, 1:]
    total = flipped[..., 0]
    hankel = np.add.outer(np.arange(_NODES), np.arange(_NODES))
    scaled = flipped / total[..., None]
    root = np.linalg.cholesky(scaled[..., hankel])
    half = np.linalg.solve(root, scaled[..., hankel + 1])
    matrix = np.linalg.solve(root, np.swapaxes(half, -1, -2))
    A, vectors = np.linalg.eigh(0.5 * (matrix + np.swapaxes(matrix, -1, -2)))
    weights = total[..., None] * vectors[..., 0, :] ** 2
    m = len(kappa)
    return (
        np.concatenate([np.exp(-rate)[:, None], weights.reshape(m, -1)], axis=1),
        np.concatenate([np.ones((m, 1)), 2 * A.reshape(m, -1) - 1], axis=1),
    )


def _stationary_nodes(b: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss points and weights, (m, count), of the density of z given a positive sign (the
    module's text), from the recurrence of its Jacobi polynomials."""
    b = b[:, None]
    n = np.arange(1, count)
    matrix = np.zeros((len(b), count, count))
    at = np.arange(count)
    matrix[:, 0, 0] = 1 / (2 * b[:, 0] + 1)
    matrix[:, n, n] = (2 * b - 1) / ((2 * n + 2 * b - 1) * (2 * n + 2 * b + 1))
    beside = np.sqrt(n * (n + 2 * b - 1)) / (2 * n + 2 * b - 1)
    matrix[:, at[1:], at[:-1]] = beside
    z, vectors = np.linalg.eigh(matrix)
    return z, vectors[:, 0] ** 2


@njit(cache=True, nogil=True)
def _filter(first, last, tracks, plan, at, given_first, values):
    for i in range(first, last):
        m = i % len(plan.loss_x)
        _filter_one(
            tracks[i], plan.loss_x[m], plan.scale[m], plan.steps[m], plan.log_weights[m],
            plan.start[m], plan.start_weights[m], plan.start_width[m], at, given_first, values[i],
        )  # fmt: skip


@njit(cache=True)
def _filter_one(
    track, loss_x, scale, steps, log_weights, start, start_weights, width, at, given_first, values
):
    nodes = (len(steps) - 1) // 2
    up, down = np.empty(len(steps)), np.empty(len(steps))  # from either sign
    x = np.float64(track[0])
    value, positive, negative = 0.0, 0.0, 0.0
    nearest = np.inf
    for k in range(len(start)):
        nearest = min(nearest, abs(x - start[k]), abs(x + start[k]))
    peak = 0.5 * (nearest / width) ** 2
    for k in range(len(start)):
        p, q = (x - start[k]) / width, (x + start[k]) / width
        positive += start_weights[k] * np.exp(peak - 0.5 * p * p)
        negative += start_weights[k] * np.exp(peak - 0.5 * q * q)
    total = positive + negative
    positive /= total
    if not given_first:
        value = np.log(0.5 * total / width) - peak - 0.5 * _LOG_2PI
    checkpoint = 0
    for t in range(at[-1]):
        if t > 0:
            before, x = x, np.float64(track[t])
            y = ((x - before) + loss_x * before) * scale
            high = -np.inf
            for k in range(len(steps)):
                p, q = y - steps[k], y + steps[k]
                up[k] = log_weights[k] - 0.5 * p * p
                down[k] = log_weights[k] - 0.5 * q * q
                high = max(high, up[k], down[k])
            for k in range(len(steps)):
                up[k] = positive * np.exp(up[k] - high)
                down[k] = (1.0 - positive) * np.exp(down[k] - high)
            # The mirror image of a step of odd flips ends in the other sign.
            stay, turn, back, rest = up[0], 0.0, 0.0, down[0]
            for k in range(1, 1 + nodes):
                turn += up[k]
                back += down[k]
            for k in range(1 + nodes, len(steps)):
                stay += up[k]
                rest += down[k]
            total = stay + back + turn + rest
            positive = (stay + back) / total
            value += high + np.log(total)
        if t + 1 == at[checkpoint]:
            values[checkpoint] = value
            checkpoint += 1
