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
from activenoise.likelihood.angle import _exp2
from activenoise.physics.priors import Axis, Prior

_LANES = 32  # nodes: filters side by side
_MEMORIES, _RATIOS, _RATES = 4, 8, 9
_ANGLES = 8  # on the half circle
_AGAIN = 1.25  # frames from one reading to the next
_PER_MEMORY = 3.0  # blocks in the shortest memory, at least
_EDGE = 6.0  # power of the fall of the weight outside the range of D_a
_LEAST_NOISE = 0.1  # floor of the variance of the noise

_F32 = np.float32
_FLOOR = _F32(1e-9)  # of the probability of an angle
_LOG_2 = _F32(np.log(2.0))
_MATH = {"contract", "nnan", "ninf", "nsz", "arcp"}  # as in `angle_filter`, for `_exp2`
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
    """Constants of the filters, one lane a node, in single precision: rows as in `_angles`; and
    the log determinant of the Kalman filters up to each block, (n_blocks, _LANES)."""
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
        drift * cosine,
        np.sqrt(0.5 / np.log(2) / variance),
        -0.5 * np.log2(variance),
        drift[None],
        decay[None],
        gains,
        precisions,
    ]
    return np.concatenate(rows).astype(np.float32), log_det


_HALF = _ANGLES // 2
# Rows of the constants.
_EVEN = 0  # diffusion of densities that are even in the mirroring of cos(theta), and odd
_ODD = _EVEN + _HALF * _HALF
_SEEN = _ODD + _HALF * _HALF
_SHARP = _SEEN + _HALF
_LEVEL = _SHARP + _HALF
_DRIFT = _LEVEL + _HALF
_DECAY = _DRIFT + 1
_GAIN = _DECAY + 1
# Rows of the work space, behind the constants.
_P = 0  # probabilities: angles 0 ... half - 1, then their mirror images
_Q = _P + _ANGLES
_E = _Q + _ANGLES  # exponents
_LOSS, _SCALE, _Y, _PEAK, _SUM, _U, _GAUSS = range(_E + _ANGLES, _E + _ANGLES + 7)
_KALMAN = _GAUSS + 1  # for each rate, the state; then for each the sum of squares


@njit(cache=True, nogil=True, fastmath=_MATH, error_model="numpy")
def _read(tracks, stride, size, block, losses, constants, log_det, per_node):
    """Fill per_node, (4, n_tracks, n_frames, _LANES): log weight by the Kalman filters, log odds
    by the angle filters, loss 1 - e^{-k} a point and noise of a point, in length units squared."""
    n_rates, base, n_blocks = len(losses), len(constants), len(log_det)
    # All single-precision rows are in one array: the compiler then sees that they do not overlap.
    w = np.zeros((base + _KALMAN + 2 * n_rates, _LANES), np.float32)
    w[:base] = constants
    precision = _GAIN + n_blocks
    state, squares = base + _KALMAN, base + _KALMAN + n_rates
    steps = np.empty((n_blocks, 2), np.float32)
    odds = np.empty(_LANES)
    fine = np.empty(n_rates)
    logs = np.empty(n_rates)
    for row in range(tracks.shape[0]):
        w[state:] = _F32(0)
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
                    y = moved + k * s
                    fine[j] += of_point * (dd + 2 * k * ds + k * k * ss) - y * y
                    y_32 = _F32(y)
                    for n in range(_LANES):
                        u = w[_DECAY, n] * w[state + j, n]
                        miss = y_32 - w[_DRIFT, n] * u
                        w[squares + j, n] += miss * miss * w[precision + t, n]
                        w[state + j, n] = u + w[_GAIN + t, n] * miss
                steps[t, 0], steps[t, 1] = moved, s
                t += 1
            if done > 0:
                _angles(w, base, precision, steps, done, t, odds)
            points = t * block
            for n in range(_LANES):
                top = -np.inf
                for j in range(n_rates):
                    logs[j] = -0.5 * points * np.log(fine[j] + w[squares + j, n] + _TINY)
                    top = max(top, logs[j])
                mass, loss, noise = 0.0, 0.0, 0.0
                for j in range(n_rates):
                    share = np.exp(logs[j] - top)
                    mass += share
                    loss += share * losses[j]
                    noise += share * (fine[j] + w[squares + j, n])
                loss, noise = loss / mass, noise / mass / points
                w[base + _LOSS, n] = loss
                w[base + _SCALE, n] = 1.0 / np.sqrt(noise + _TINY)
                per_node[0, row, frame, n] = top + np.log(mass) - 0.5 * log_det[t - 1, n]
                per_node[2, row, frame, n] = loss
                per_node[3, row, frame, n] = noise / (unit * unit * block)
            if frame + 1 == again:
                again = int(np.ceil(_AGAIN * again))
                odds[:] = 0.0
                w[base + _P : base + _P + _ANGLES] = _F32(1.0 / _ANGLES)
                w[base + _U] = _F32(0)
                _angles(w, base, precision, steps, 0, t, odds)
            done = t
            for n in range(_LANES):
                per_node[1, row, frame, n] = odds[n] + 0.5 * log_det[t - 1, n]


@njit(cache=True, nogil=True, fastmath=_MATH, error_model="numpy")
def _angles(w, base, precision, steps, start, end, odds):
    """Carry the angle filters over the blocks start ... end - 1, and the Kalman filter of each at
    the same trap rate and noise; add the log odds, but for the determinant."""
    p, q, e = base + _P, base + _Q, base + _E
    loss, scale, y, peak = base + _LOSS, base + _SCALE, base + _Y, base + _PEAK
    total, state, gauss = base + _SUM, base + _U, base + _GAUSS
    product = np.ones(_LANES)
    for t in range(start, end):
        moved, s = steps[t, 0], steps[t, 1]
        for n in range(_LANES):
            seen = (moved + w[loss, n] * s) * w[scale, n]
            u = w[_DECAY, n] * w[state, n]
            miss = seen - w[_DRIFT, n] * u
            w[y, n] = seen
            w[gauss, n] = _F32(0.5) * miss * miss * w[precision + t, n]
            w[state, n] = u + w[_GAIN + t, n] * miss
            w[peak, n], w[total, n] = _F32(-1e30), _F32(0)
        for i in range(_HALF):
            for n in range(_LANES):
                u, v = w[p + i, n], w[p + _HALF + i, n]
                w[q + i, n], w[q + _HALF + i, n] = u + v, u - v
        for i in range(_HALF):
            for k in range(0, _HALF, 2):
                even, odd = _EVEN + i * _HALF + k, _ODD + i * _HALF + k
                for n in range(_LANES):
                    u = w[even, n] * w[q + k, n] + w[even + 1, n] * w[q + k + 1, n]
                    v = w[odd, n] * w[q + _HALF + k, n] + w[odd + 1, n] * w[q + _HALF + k + 1, n]
                    if k > 0:
                        u += w[p + i, n]
                        v += w[p + _HALF + i, n]
                    w[p + i, n], w[p + _HALF + i, n] = u, v
            for n in range(_LANES):
                u, v = w[p + i, n] + w[p + _HALF + i, n], w[p + i, n] - w[p + _HALF + i, n]
                w[p + i, n] = u if u > _FLOOR else _FLOOR
                w[p + _HALF + i, n] = v if v > _FLOOR else _FLOOR
                near = (w[y, n] - w[_SEEN + i, n]) * w[_SHARP + i, n]
                far = (w[y, n] + w[_SEEN + i, n]) * w[_SHARP + i, n]
                near, far = w[_LEVEL + i, n] - near * near, w[_LEVEL + i, n] - far * far
                w[e + i, n], w[e + _HALF + i, n] = near, far
                high = near if near > far else far
                w[peak, n] = high if high > w[peak, n] else w[peak, n]
        for i in range(_ANGLES):
            for n in range(_LANES):
                weighted = w[p + i, n] * _exp2(w[e + i, n] - w[peak, n])
                w[p + i, n] = weighted
                w[total, n] += weighted
        for n in range(_LANES):
            product[n] *= w[total, n]
            odds[n] += _LOG_2 * w[peak, n] + w[gauss, n]
            w[total, n] = _F32(1) / w[total, n]
        for i in range(_ANGLES):
            for n in range(_LANES):
                w[p + i, n] *= w[total, n]
        if t % 8 == 7 or t == end - 1:
            for n in range(_LANES):
                odds[n] += np.log(product[n])
                product[n] = 1.0
