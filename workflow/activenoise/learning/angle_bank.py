"""A small bank of angle filters: what tells RBP from AOUP where the parameters are unknown.

The bank is a fixed grid of nodes (memory tau, ratio r = D_a/D), in coarse points, over the prior
of a study. A track is cut into blocks of b points, short against tau. For a trap rate k a point
and S the sum of the positions x_{t-1} in the block, its displacement Delta without the trap is

    y = Delta + (1 - e^{-k}) S = sqrt(2 D b) [g u + noise],    g^2 = r b/tau (times G^2),

with unit normal noise and the propulsion u in units of v0: cos(theta) with theta diffusing for
RBP, an Ornstein-Uhlenbeck process of variance 1/2 for AOUP. G and a slightly smaller noise make
the covariances those of propulsion averaged over blocks, as `angle_filter` does for points.

* AOUP: one scalar Kalman filter a node and trap rate of a short list. D is a free scale: the
  likelihood is (sum of squares)^{-n/2} / sqrt(det), and it weighs the nodes and trap rates.
* RBP: one filter of the angle a node, on a half circle of few angles (it is even), at the mean
  trap rate and the D of the node's Kalman filters. Whenever the number of frames has grown by a
  quarter of itself, all blocks are read again with the trap rate and D that are known by then,
  for early guesses are poor: five times the work, and still causal.

The summaries of a frame are the log odds of RBP over AOUP of the mixture over the nodes, and the
means that say where in the grid each of the two sees the track. They are no optimum: the grid is
coarse, and trap rate and D are put in, not integrated out. (The optimum is `evidence`.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood import angle_steps
from activenoise.likelihood.vectors import WIDTH, larger, load, splat, store
from activenoise.physics.priors import Axis, Prior

_GROUPS = 2  # of nodes whose filters run side by side
_LANES = _GROUPS * WIDTH  # nodes
_MEMORIES, _RATIOS, _RATES = 4, 8, 9
_ANGLES = 8  # on the half circle
_AGAIN = 1.25  # frames from one reading to the next
_PER_MEMORY = 3.0  # blocks in the shortest memory, at least
_EDGE = 6.0  # power of the fall of the weight outside the range of D_a
_LEAST_NOISE = 0.1  # floor of the variance of the noise

_F32 = np.float32
_FLOOR = _F32(1e-9)  # of the probability of an angle
_LOG_2 = float(np.log(2.0))
_MOST = _F32(1e3)  # displacement of a block in units of the noise
_CHUNK = 64  # blocks that the angle filters read at a time
_TINY = 1e-30


@dataclass(frozen=True)
class AngleBank:
    """Nodes of a bank. Times are in coarse points.

    block: points a block. rates: trap rates. memories, ratios: of the nodes, a grid of both;
    log_weight: log prior mass of each memory. active: range of D_a, length^2 a coarse point,
    and whether its prior is uniform in the logarithm.
    """

    block: int
    rates: tuple[float, ...]
    memories: tuple[float, ...]
    ratios: tuple[float, ...]
    log_weight: tuple[float, ...]
    active: tuple[float, float, bool]

    def __post_init__(self) -> None:
        for name in ("rates", "memories", "ratios", "log_weight", "active"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.memories) * len(self.ratios) != _LANES:
            raise ValueError(
                f"{len(self.memories)} memories and {len(self.ratios)} ratios must make"
                f" {_LANES} nodes"
            )
        if self.block < 1:
            raise ValueError(f"block = {self.block} must be at least 1")

    @classmethod
    def over(cls, prior: Prior, dt: float, size: int) -> AngleBank:
        """The bank over a prior for coarse points dt (s) apart and frames of `size` of them.

        Trap rates and memories are evenly spread in the logarithm. Ratios run from 0.4 times the
        prior's median, below which the mechanism does not show, to its 99.8 % quantile.
        """
        kappa, tau_a, active = (prior.axes[name] for name in ("kappa", "tau_a", "D_a"))
        rates, _ = _cells(kappa, _RATES)
        memories, mass = _cells(tau_a, _MEMORIES)
        models = prior.draw("AOUP", 0, 4096)
        ratio = np.asarray(models.parameters["D_a"]) / np.asarray(models.parameters["D"])
        longest = max(1, int(tau_a.low / dt / _PER_MEMORY))
        return cls(
            block=max(b for b in range(1, min(longest, size) + 1) if size % b == 0),
            rates=tuple(float(k) for k in rates * dt),
            memories=tuple(float(m) for m in memories / dt),
            ratios=tuple(
                float(r)
                for r in np.geomspace(
                    0.4 * np.median(ratio), np.quantile(ratio, 0.998) * 1.0001, _RATIOS
                )
            ),
            log_weight=tuple(float(w) for w in np.log(mass)),
            active=(active.low * dt, active.high * dt, active.log),
        )

    @property
    def channels(self) -> list[str]:
        """Names of the summaries, in order."""
        means = [f"{q} by {m}" for m in ("AOUP", "RBP") for q in ("log memory", "log ratio")]
        return ["bank odds", "asinh bank odds", *means, "bank log rate", "bank sd log speed"]


def bank_summaries(
    tracks: NDArray[np.float32], bank: AngleBank, stride: int, size: int
) -> FloatArray:
    """Summaries (n_tracks, n_frames, len(bank.channels)) of every stride-th point of tracks
    (n_tracks, n_points), of all frames of `size` coarse points up to each."""
    n_frames = tracks.shape[1] // (stride * size)
    constants, log_det = _plan(bank, n_frames * size // bank.block)
    per_node = np.empty((4, len(tracks), n_frames, _LANES))
    losses = -np.expm1(-np.array(bank.rates))
    _read(tracks, stride, size, bank.block, losses, constants, log_det, per_node)
    log_weight, odds, loss, noise = per_node
    memory = np.repeat(np.log(bank.memories), len(bank.ratios))
    ratio = np.tile(np.log(bank.ratios), len(bank.memories))
    # The noise of the sampled process is 2 D (1 - k) a point, to first order in k.
    log_active = ratio + np.log(0.5 * noise * (1 + loss) + _TINY)
    low, high, log = bank.active
    log_weight += np.repeat(bank.log_weight, len(bank.ratios))
    log_weight += 0.0 if log else log_active
    log_weight -= np.logaddexp(0, _EDGE * (log_active - np.log(high)))
    if low > 0:
        log_weight -= np.logaddexp(0, _EDGE * (np.log(low) - log_active))

    def mixture(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
        top = logs.max(axis=-1, keepdims=True)
        weight = np.exp(logs - top)
        total = weight.sum(axis=-1, keepdims=True)
        return (top + np.log(total))[..., 0], weight / total

    of_aoup, weight = mixture(log_weight)
    of_rbp, rbp_weight = mixture(log_weight + odds)
    speed = ratio - memory
    variance = weight @ speed**2 - (weight @ speed) ** 2
    llr = of_rbp - of_aoup
    return np.stack(
        [
            llr, np.arcsinh(llr), weight @ memory, weight @ ratio, rbp_weight @ memory,
            rbp_weight @ ratio, np.log(np.sum(weight * loss, axis=-1)),
            np.sqrt(np.maximum(variance, 0)),
        ],
        axis=-1,
    )  # fmt: skip


def _cells(axis: Axis, count: int) -> tuple[FloatArray, FloatArray]:
    """Centres of cells that are even in the logarithm, and the prior mass of each."""
    if axis.fixed:
        return np.full(count, axis.low), np.full(count, 1 / count)
    edges = np.geomspace(axis.low, axis.high, count + 1)
    mass = np.full(count, 1 / count) if axis.log else np.diff(edges) / axis.width
    return np.sqrt(edges[1:] * edges[:-1]), mass


@lru_cache(maxsize=16)
def _plan(bank: AngleBank, n_blocks: int) -> tuple[NDArray[np.float32], FloatArray]:
    """Constants of the filters, one lane a node, in single precision: rows of `angle_steps`, then
    from `_DRIFT` on those of the Kalman filters; and the log determinant of these up to each block,
    (n_blocks, _LANES)."""
    half = _ANGLES // 2
    tau = np.repeat(bank.memories, len(bank.ratios))
    ratio = np.tile(bank.ratios, len(bank.memories))
    beta = bank.block / tau
    drift = np.sqrt(ratio * beta) * np.sinh(beta / 2) / (beta / 2)
    # Variance of propulsion averaged over a block, less what its covariances account for.
    excess = ratio * beta * (beta - 1 + np.exp(-beta)) / beta**2 - 0.5 * drift**2
    excess = np.maximum(excess, -0.45)
    theta = np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    modes = np.arange(_ANGLES)
    cosines = np.cos(np.outer(theta, modes))
    # Diffusion by the discrete Laplacian of the grid: no probability gets negative.
    rates = (2 - 2 * np.cos(modes * np.pi / _ANGLES)) * (_ANGLES / np.pi) ** 2
    weights = np.where(modes > 0, 2, 1)[:, None] / _ANGLES * np.exp(-np.outer(rates, beta))
    step = np.einsum("il,ji,ki->jkl", weights, cosines, cosines)
    near, far = step[:half, :half], step[:half, ::-1][:, :half]
    cosine = np.cos(theta[:half])[:, None]
    variance = np.maximum(1 + 2 * excess * (1 - cosine**2), _LEAST_NOISE)
    sharp = np.sqrt(0.5 / np.log(2) / variance)

    decay = np.exp(-beta)
    gains, precisions, log_det = (np.empty((n_blocks, _LANES)) for _ in range(3))
    spread, total = np.full(_LANES, 0.5), np.zeros(_LANES)
    for t in range(n_blocks):
        predicted = decay**2 * spread + 0.5 * (1 - decay**2)
        v = 1 + excess + drift**2 * predicted
        gains[t] = predicted * drift / v
        spread = predicted - gains[t] * drift * predicted
        precisions[t] = 1 / v
        total = total + np.log(v)
        log_det[t] = total
    rows = [
        (0.5 * (near + far)).reshape(-1, _LANES),
        (0.5 * (near - far)).reshape(-1, _LANES),
        np.zeros((2 * _ANGLES, _LANES)),
        drift * cosine * sharp,
        sharp,
        -0.5 * np.log2(variance),
        np.zeros((2, _LANES)),
        drift[None] * cosine[0],
        sharp[:1],
        drift[None],
        decay[None],
        gains,
        precisions,
    ]
    return np.concatenate(rows).astype(np.float32), log_det


_HALF = _ANGLES // 2
# Rows of the constants: a block of 4 angles is a matrix, which is packed as it is.
_, _, _P, _, _, _, _, _CARRY, _DRIFT = angle_steps.rows.py_func(_HALF)
_DECAY, _GAIN = _DRIFT + 1, _DRIFT + 2  # then a gain and a precision for each block
# Rows of the work space, behind the constants; then for each rate the state of the Kalman filter,
# and for each the sum of squares.
_LOSS, _SCALE, _U, _GAUSS, _DATA = range(5)
_KALMAN = _DATA + _CHUNK


@njit(cache=True, nogil=True, error_model="numpy")
def _read(tracks, stride, size, block, losses, constants, log_det, per_node):
    """Fill per_node, (4, n_tracks, n_frames, _LANES): log weight by the Kalman filters, log odds
    by the angle filters, loss 1 - e^{-k} a point and noise of a point, in length units squared."""
    n_rates, base, n_blocks = len(losses), len(constants), len(log_det)
    w = np.zeros((_GROUPS, base + _KALMAN + 2 * n_rates, WIDTH), np.float32)
    for n in range(_LANES):
        for row in range(base):
            w[n // WIDTH, row, n % WIDTH] = constants[row, n]
    squares = base + _KALMAN + n_rates
    steps = np.empty((n_blocks, 2), np.float32)
    odds = np.empty(_LANES)
    fine = np.empty(n_rates)
    y = np.empty(n_rates, np.float32)
    logs = np.empty(n_rates)
    for row in range(tracks.shape[0]):
        w[:, base + _KALMAN :] = _F32(0)
        fine[:] = 0.0
        before = np.float64(tracks[row, 0])
        first = before
        dd = 0.0
        for i in range(size):
            x = np.float64(tracks[row, (i + 1) * stride - 1])
            dd += (x - first) ** 2
            first = x
        unit = 1.0 / np.sqrt(block * dd / size + _TINY)
        t, done, again = 0, 0, 1
        for frame in range(per_node.shape[2]):
            for _ in range(size // block):
                start, s, ss, ds, dd = before, 0.0, 0.0, 0.0, 0.0
                for i in range(block):
                    x = np.float64(tracks[row, (t * block + i + 1) * stride - 1])
                    d = x - before
                    s += before
                    ss += before * before
                    ds += d * before
                    dd += d * d
                    before = x
                moved, s = (before - start) * unit, s * unit
                # Sums of squares in units of the noise of a block, of which each point has 1/b.
                of_point = block * unit * unit
                for j in range(n_rates):
                    k = losses[j]
                    y[j] = moved + k * s
                    fine[j] += of_point * (dd + 2 * k * ds + k * k * ss) - (moved + k * s) ** 2
                for g in range(_GROUPS):
                    _kalman(w[g], base, n_blocks, t, y)
                steps[t, 0], steps[t, 1] = moved, s
                t += 1
            if done > 0:
                _angles(w, base, n_blocks, steps, done, t, odds)
            points = t * block
            for n in range(_LANES):
                own = w[n // WIDTH, :, n % WIDTH]
                top = -np.inf
                for j in range(n_rates):
                    logs[j] = -0.5 * points * np.log(fine[j] + own[squares + j] + _TINY)
                    top = max(top, logs[j])
                mass, loss, noise = 0.0, 0.0, 0.0
                for j in range(n_rates):
                    share = np.exp(logs[j] - top)
                    mass += share
                    loss += share * losses[j]
                    noise += share * (fine[j] + own[squares + j])
                loss, noise = loss / mass, noise / mass / points
                own[base + _LOSS] = loss
                own[base + _SCALE] = 1.0 / np.sqrt(noise + _TINY)
                per_node[0, row, frame, n] = top + np.log(mass) - 0.5 * log_det[t - 1, n]
                per_node[2, row, frame, n] = loss
                per_node[3, row, frame, n] = noise / (unit * unit * block)
            if frame + 1 == again:
                again = int(np.ceil(_AGAIN * again))
                odds[:] = 0.0
                w[:, _P : _P + _ANGLES] = _F32(1.0 / _ANGLES)
                w[:, _CARRY] = _F32(1)
                w[:, base + _U] = _F32(0)
                _angles(w, base, n_blocks, steps, 0, t, odds)
            done = t
            for n in range(_LANES):
                total = np.log(np.float64(w[n // WIDTH, _CARRY, n % WIDTH]))
                per_node[1, row, frame, n] = odds[n] + total + 0.5 * log_det[t - 1, n]


@njit(cache=True, nogil=True)
def _kalman(w, base, n_blocks, t, y):
    """Carry the Kalman filters of all trap rates over a block, whose displacements are y (n_rates)
    without the trap. w: the work space of WIDTH nodes."""
    drift, decay = load(w, _DRIFT), load(w, _DECAY)
    gain, precision = load(w, _GAIN + t), load(w, _GAIN + n_blocks + t)
    state = base + _KALMAN
    squares = state + len(y)
    for j in range(len(y)):
        u = decay * load(w, state + j)
        miss = splat(y[j]) - drift * u
        store(w, squares + j, load(w, squares + j) + miss * miss * precision)
        store(w, state + j, u + gain * miss)


@njit(cache=True, nogil=True)
def _angles(w, base, n_blocks, steps, start, end, odds):
    """Carry the angle filters over the blocks start ... end - 1, and the Kalman filter of each at
    the same trap rate and noise; add the log odds, but for the determinant and the logarithm of
    the sum of the probabilities."""
    for g in range(_GROUPS):
        own = w[g]
        for first in range(start, end, _CHUNK):
            n = min(_CHUNK, end - first)
            _innovations(own, base, n_blocks, steps, first, n)
            angle_steps.steps(own, _HALF, base + _DATA, n, _FLOOR)
            for j in range(WIDTH):
                powers = _LOG_2 * np.float64(own[_CARRY + 1, j])
                odds[g * WIDTH + j] += powers + own[base + _GAUSS, j]
                own[_CARRY + 1, j] = _F32(0)


@njit(cache=True, nogil=True)
def _innovations(w, base, n_blocks, steps, first, n):
    """Rows from base + _DATA: displacements of n blocks without the trap, in units of the noise.
    Row base + _GAUSS: half the sum of the squared innovations of the Kalman filter over their
    variances."""
    loss, scale, u = load(w, base + _LOSS), load(w, base + _SCALE), load(w, base + _U)
    drift, decay = load(w, _DRIFT), load(w, _DECAY)
    zero, most = splat(_F32(0)), splat(_MOST)
    total = zero
    for t in range(first, first + n):
        y = (splat(steps[t, 0]) + loss * splat(steps[t, 1])) * scale
        y = larger(zero - larger(zero - y, zero - most), zero - most)
        store(w, base + _DATA + t - first, y)
        u = decay * u
        miss = y - drift * u
        total = total + splat(_F32(0.5)) * miss * miss * load(w, _GAIN + n_blocks + t)
        u = u + load(w, _GAIN + t) * miss
    store(w, base + _U, u)
    store(w, base + _GAUSS, total)
