"""Exact likelihood of many tracks under many linear models without instrument, at a cost for each
track and model that hardly grows with the track's length.

The filter of `positions` has one state, v_hat. With a = 1 - loss_x, b = 1 - loss_v, g = coupling
and the inputs u_t = x_{t+1} - a x_t, t = 0 ... N - 1, its innovations at the gain K and variance S
that it settles at are

    e_t = u_t - g v_t,    v_{t+1} = l v_t + K u_t,    l = b - K g.

From v_0 = 0, and without an end, the sum of e_t^2 is c_0 r_0 + 2 c_1 sum over k >= 1 of
l^{k-1} r_k, with r_k the sums of products of the inputs at lag k and

    c_0 = 1 + (g K)^2/(1 - l^2),    c_1 = g K [g K l/(1 - l^2) - 1].

Behind the end v rings down: less (g K B)^2/(1 - l^2), with B the sum of l^{N-1-t} u_t. A start at
v_0 adds -2 g v_0 H + (g v_0)^2 M, with M = (1 - l^2N)/(1 - l^2) and H the sum of l^t e_t from
v_0 = 0, for which F, the sum of l^t u_t, is enough:

    H = F - g K (l F - l^N B)/(1 - l^2).

And the filter starts with a variance of v that is by D larger than the settled one: with
h = H - g v_0 M (Woodbury's identity, the lemma of the determinant),

    sum of e_t^2/S - D (g h/S)^2/(1 + q)    and    N log S + log(1 + q),    q = D g^2 M/S,

are the sums of squares over variances, and of logarithms of variances, of the filter that has yet
to settle. F, B and the sum over lags are `power_sums` of sequences that are linear and quadratic in
loss_x: a track has them for its increments and its positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.likelihood.power_sums import PowerSums
from activenoise.physics.models import SampledProcess
from activenoise.threads import in_threads

_TRACKS = 64  # whose transforms are held at once


class Settled(NamedTuple):
    """The settled filter of m models, and how it starts; see the head of the module, each (m,).

    decay, decay_loss: l and 1 - l. start: of v_0, on the first position. excess: D. first: variance
    of the first position.
    """

    loss_x: FloatArray
    coupling: FloatArray
    gain: FloatArray
    variance: FloatArray
    decay: FloatArray
    decay_loss: FloatArray
    start: FloatArray
    excess: FloatArray
    first: FloatArray


def settled(process: SampledProcess) -> Settled:
    """The settled filter of models, each of whose fields is (m,)."""
    loss_x, g, loss_v, q_xx, q_xv, q_vv, p_xx, p_xv, p_vv = process
    b = 1 - loss_v
    # The variance P of v solves g^2 P^2 + beta P = gamma, and is its positive root.
    beta = q_xx * loss_v * (1 + b) - g * (g * q_vv - 2 * b * q_xv)
    gamma = np.maximum(q_vv * q_xx - q_xv**2, 0.0)
    root = np.sqrt(beta**2 + 4 * g**2 * gamma)
    with np.errstate(divide="ignore", invalid="ignore"):  # of the branch that is not taken
        of_v = np.where(beta > 0, 2 * gamma / (beta + root), (root - beta) / (2 * g**2))
    of_v = np.where(g > 0, of_v, 0.0)
    variance = g**2 * of_v + q_xx
    gain = np.where(g > 0, (b * g * of_v + q_xv) / variance, 0.0)
    loss = np.where(g > 0, loss_v + gain * g, 1.0)  # without a coupling v does not matter
    excess = np.where(g > 0, p_vv - p_xv**2 / p_xx - of_v, 0.0)
    return Settled(loss_x, g, gain, variance, 1 - loss, loss, p_xv / p_xx, excess, p_xx)


class TrackSums:
    """What the likelihood needs of tracks (n_tracks, n_points) at increasing prefix lengths."""

    def __init__(self, tracks: TrackArray, at: NDArray[np.int64]) -> None:
        self._at = at
        self._first = tracks[:, 0].astype(np.float64)
        self._prefixes = [_Prefix(tracks[:, :n]) if n > 1 else None for n in at]

    def quadratic(self, models: Settled, given_first: bool) -> tuple[FloatArray, FloatArray]:
        """Sums of squares over variances, (m, n_tracks, len(at)), and of logarithms of variances,
        (m, len(at)), of the innovations of each track under each of m models."""
        m = len(models.variance)
        squares = np.empty((m, len(self._first), len(self._at)))
        log_det = np.empty((m, len(self._at)))
        for c, (n, prefix) in enumerate(zip(self._at, self._prefixes, strict=True)):
            log_det[:, c] = 0.0 if given_first else np.log(models.first)
            squares[:, :, c] = 0.0 if given_first else self._first**2 / models.first[:, None]
            if prefix is None:
                continue
            length, raised = _ends(models, n - 1)
            log_det[:, c] += (n - 1) * np.log(models.variance) + np.log(raised)
            for members, sums in prefix.sums(models):
                own = Settled(*(field[members] for field in models))
                part = squares[members, :, c]
                in_threads(
                    _add_squares, len(part), np.array(own), length[members], raised[members], n - 1,
                    self._first, *sums, part,
                )  # fmt: skip
                squares[members, :, c] = part
        return squares, log_det


def _ends(models: Settled, n_inputs: int) -> tuple[FloatArray, FloatArray]:
    """M and 1 + q, each (m,)."""
    squared = models.decay_loss * (1 + models.decay)  # 1 - l^2
    length = (1 - models.decay ** (2 * n_inputs)) / squared
    return length, 1 + models.excess * models.coupling**2 * length / models.variance


class _Prefix:
    """The sums of tracks (n_tracks, n_points), more than one point."""

    def __init__(self, tracks: TrackArray) -> None:
        self._powers = PowerSums(tracks.shape[1] - 1)
        parts = [
            _sequences(tracks[i : i + _TRACKS].astype(np.float64), self._powers)
            for i in range(0, len(tracks), _TRACKS)
        ]
        self._squares = np.concatenate([squares for squares, _ in parts], axis=1)
        self._weights = np.concatenate([weights for _, weights in parts], axis=1)

    def sums(self, models: Settled) -> Iterator[tuple[NDArray[np.int64], tuple[FloatArray, ...]]]:
        """Models of one loss_x at a time, and r_0 (n_tracks,), F, B and the sum over lags, each
        (m, n_tracks), of the inputs."""
        steps, positions, back_steps, back_positions, *lags = self._weights
        for loss in np.unique(models.loss_x):
            members = np.flatnonzero(models.loss_x == loss)
            powers = self._powers.powers(models.decay[members])
            of_inputs = (
                steps + loss * positions,
                back_steps + loss * back_positions,
                lags[0] + loss * lags[1] + loss**2 * lags[2],
            )
            squares = self._squares[0] + loss * self._squares[1] + loss**2 * self._squares[2]
            yield members, (squares, *(powers @ weights.T for weights in of_inputs))


def _sequences(tracks: FloatArray, powers: PowerSums) -> tuple[FloatArray, FloatArray]:
    """Sums of squares of increments, of twice their products with positions and of squares of
    these, (3, n_tracks), and weights (7, n_tracks, p): of increments and positions, of both
    backwards, and of the three products at lags 1, 2, ..."""
    steps, positions = np.diff(tracks), tracks[:, :-1]
    n = steps.shape[1]
    size = 1 << (2 * n - 1).bit_length()  # with as many zeros behind it at least
    a, b = np.fft.rfft(steps, size), np.fft.rfft(positions, size)
    waves = np.abs(a) ** 2, 2 * (a.conj() * b).real, np.abs(b) ** 2
    products = np.array([np.fft.irfft(wave, size)[:, : n + 1] for wave in waves])
    products[..., n:] = 0.0
    each = [steps, positions, steps[:, ::-1], positions[:, ::-1], *products[..., 1:]]
    weights = powers.weights(np.concatenate(each))
    return products[..., 0], weights.reshape(len(each), len(tracks), -1)


@njit(cache=True, nogil=True)
def _add_squares(
    begin, end, models, length, raised, n_inputs, first_position, inputs, F, B, lags, total
):  # fmt: skip
    """Add to total (m, n_tracks), for models begin ... end - 1."""
    for m in range(begin, end):
        _, g, gain, variance, decay, decay_loss, start, excess, _ = models[:, m]
        ring = 1.0 / (decay_loss * (1.0 + decay))
        c = g * gain
        of_zero, of_lags = 1.0 + c * c * ring, 2.0 * c * (c * decay * ring - 1.0)
        before_end = decay**n_inputs
        of_shift = excess / (variance * raised[m])
        for t in range(total.shape[1]):
            v = g * start * first_position[t]
            behind = c * B[m, t]
            H = F[m, t] - c * ring * (decay * F[m, t] - before_end * B[m, t])
            squares = of_zero * inputs[t] + of_lags * lags[m, t] - behind * behind * ring
            squares += v * (v * length[m] - 2.0 * H)
            shift = g * (H - v * length[m])
            total[m, t] += (squares - of_shift * shift * shift) / variance
