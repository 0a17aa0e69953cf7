"""Frames of a track: what a network sees, computed causally.

A track is coarse-grained exactly, by keeping every `stride`-th position, and cut into frames of
`size` coarse points. Frame k depends on the points up to its end alone, so that one network reads
every duration. With increments d_t = x_t - x_{t-1} of the coarse track, the kinds are:

* `increments`: the d_t of the frame and its last position, and nothing else: the test of what a
  network finds by itself.
* `statistics`: physics-informed. With the filtered past E_t = exp(-1/m) E_{t-1} + d_t for a few
  memories m, sums of the lag products d_t E_{t-1} and of E_t^2, d_t^2 and x_t^2. A likelihood
  ratio of linear models is a quadratic form that such sums span, up to the ends of the track.
* `both`: the channels of `statistics`, then those of `increments`.

Where the parameters are known (`scale` is a length) the sums are those of the frame, and a
network adds them up. Where they are not (`scale` is 0) the unit of length is the running rms
increment, and the sums run from the start of the track and enter as ratios, mostly in logarithms.
Where not even the unit and the zero of the positions are known (`invariant`), positions count from
the running mean, and no number has a unit: they are the same for x and for a x + b. Ratios are then
against the nearest passive track with noise and blur (`passive_fit`).

A bank of angle filters (`angle_bank`) may be added to any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.learning.angle_bank import AngleBank, bank_summaries
from activenoise.learning.filter_sums import LANES, filter_sums
from activenoise.learning.passive_fit import passive_fits
from activenoise.physics.models import Model

KINDS = ("increments", "statistics", "both", "positions")


@dataclass(frozen=True)
class FrameSpec:
    """How tracks become frames.

    kind: one of KINDS. stride: points a coarse point. size: coarse points a frame.
    scale: rms coarse increment in the length unit of the tracks, or 0: take the running one.
    memories: of the filters of `statistics`, in coarse points.
    quartic: add the fourth powers, which tell a non-Gaussian process.
    invariant: `statistics` that know neither unit nor zero of the positions.
    bank: add the summaries of a bank of angle filters.
    """

    kind: str
    stride: int
    size: int
    scale: float = 0.0
    memories: tuple[float, ...] = ()
    quartic: bool = False
    bank: AngleBank | None = None
    invariant: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "memories", tuple(float(m) for m in self.memories))
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} must be one of {', '.join(KINDS)}")
        if self.stride < 1 or self.size < 1:
            raise ValueError(f"stride = {self.stride} and size = {self.size} must be at least 1")
        if not self.scale >= 0:
            raise ValueError(f"scale = {self.scale:g} must be a length, or 0")
        if self.kind in ("statistics", "both") and not self.memories:
            raise ValueError(f"kind = {self.kind!r} needs memories")
        if self.invariant and (
            self.kind != "statistics" or self.scale or self.quartic or self.bank
        ):
            raise ValueError("invariant frames are statistics of no scale, fourth power or bank")
        if self.bank and self.size % self.bank.block:
            raise ValueError(
                f"size = {self.size} must be a multiple of the bank's blocks of {self.bank.block}"
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FrameSpec:
        bank = values.get("bank")
        return cls(**{**values, "bank": AngleBank(**bank) if isinstance(bank, Mapping) else bank})

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "memories": list(self.memories)}

    @property
    def points(self) -> int:
        """Points of the track in a frame."""
        return self.stride * self.size

    @property
    def n_channels(self) -> int:
        """Numbers a frame."""
        return len(self.channels)

    @property
    def channels(self) -> list[str]:
        """Names of the numbers of a frame, in order."""
        names: list[str] = []
        if self.kind in ("statistics", "both"):
            names += _statistics_channels(self)
        if self.kind in ("increments", "both"):
            names += [f"d[{i}]" for i in range(self.size)]
            names += _SCALED if self.scale else _FREE
        if self.kind == "positions":
            names += [f"x[{i}]" for i in range(self.size)]
        return names + (self.bank.channels if self.bank else [])

    def n_frames(self, n_points: int) -> int:
        """Whole frames in n_points; points behind the last of them are not read."""
        return n_points // self.points


_SCALED = ["x"]
_FREE = ["log s", "log n", "x/s", "asinh(x/s)", "log(rms x/s)"]


def _statistics_channels(spec: FrameSpec) -> list[str]:
    each = [f"{m:g}" for m in spec.memories]
    if spec.scale:
        names = ["d^2", "x^2", "change of x^2", "x_end"]
        kinds = ["d E({})", "E({})^2", "E_end({})"]
        if spec.quartic:
            names.append("x^4")
            kinds += ["E({})^4", "L({})^4"]
    else:
        names = ["log s", "log n", "log(rms x/s)", "x_end/rms x", "x_0/rms x"][spec.invariant :]
        if spec.invariant:
            names += ["fitted log rate", "fitted white part", "log misfit", "residual x"]
        kinds = ["log(rms E({})/s)", "residual E({})", "residual L({})", "L_end({})/rms"]
        if spec.quartic:
            names.append("kurtosis x")
            kinds += ["kurtosis E({})", "kurtosis L({})"]
    return names + [kind.format(m) for kind in kinds for m in each]


def frames(tracks: NDArray[np.float32], spec: FrameSpec) -> NDArray[np.float32]:
    """Frames (n_tracks, n_frames, n_channels) of tracks (n_tracks, n_points), float32."""
    tracks = np.ascontiguousarray(tracks, np.float32)
    if tracks.ndim != 2:
        raise ValueError(f"tracks of shape {tracks.shape} must be (n_tracks, n_points)")
    n_frames = spec.n_frames(tracks.shape[1])
    if n_frames < 1:
        raise ValueError(f"{tracks.shape[1]} points do not fill one frame of {spec.points}")
    out, start = np.zeros((len(tracks), n_frames, spec.n_channels), np.float32), 0
    if spec.kind in ("statistics", "both"):
        start = len(_statistics_channels(spec))
        if spec.scale:
            memories = np.array(spec.memories)
            _frame_sums(tracks, spec.stride, spec.size, spec.scale, memories, spec.quartic, out)
        else:
            for first in range(0, len(tracks), LANES):  # a few at a time stay in the fast cache
                part = _running_summaries(tracks[first : first + LANES], spec)
                out[first : first + LANES, :, :start] = part.transpose(2, 0, 1)
    if spec.kind in ("increments", "both"):
        kernel = _scaled_increments if spec.scale else _free_increments
        kernel(tracks, spec.stride, spec.size, spec.scale or 1.0, start, out)
    if spec.kind == "positions":
        used = tracks[:, spec.stride - 1 : n_frames * spec.points : spec.stride]
        np.divide(used.reshape(*out.shape[:2], -1), spec.scale or 1.0, out=out[..., : spec.size])
    if spec.bank:
        out[..., -len(spec.bank.channels) :] = bank_summaries(
            tracks, spec.bank, spec.stride, spec.size
        )
    return out


def rms_increment(model: Model, dt: float, stride: int = 1) -> float:
    """Rms increment of a stationary track over `stride` points dt (s) apart, in length units."""
    start, end = model.autocorrelation(np.array([0.0, stride * dt]))
    return float(np.sqrt(2 * (start - end)))


@njit(cache=True, nogil=True)
def _frame_sums(tracks, stride, size, scale, memories, quartic, out):
    """Sums over each frame, in units of `scale`: see `_statistics_channels` for their order.

    The first increment of a track starts from its first point; the change of x^2 starts from 0,
    so that the changes add up to the last x^2.
    """
    n_memories = len(memories)
    decay = np.exp(-1.0 / memories)
    unit = np.sqrt(1.0 - decay * decay)  # makes E of white increments of variance 1
    past = np.empty(n_memories)
    products = np.empty(n_memories)
    squares = np.empty(n_memories)
    fourths = np.empty(n_memories)
    slow = np.empty(n_memories)
    for row in range(tracks.shape[0]):
        past[:] = 0.0
        before = tracks[row, 0] / scale
        last = 0.0
        for frame in range(out.shape[1]):
            products[:] = 0.0
            squares[:] = 0.0
            fourths[:] = 0.0
            slow[:] = 0.0
            dd, xx, x4 = 0.0, 0.0, 0.0
            x = before
            for i in range(size):
                x = tracks[row, (frame * size + i + 1) * stride - 1] / scale
                d = x - before
                before = x
                dd += d * d
                xx += x * x
                x4 += x * x * x * x
                for k in range(n_memories):
                    e = past[k]
                    products[k] += d * e
                    e = decay[k] * e + unit[k] * d
                    past[k] = e
                    squares[k] += e * e
                if quartic:
                    for k in range(n_memories):
                        e = past[k]
                        fourths[k] += e * e * e * e
                        low = x - decay[k] / unit[k] * e
                        slow[k] += low * low * low * low
            line = out[row, frame]
            line[0], line[1], line[2], line[3] = dd, xx, x * x - last * last, x
            last = x
            c = 4
            if quartic:
                line[4] = x4
                c = 5
            for k in range(n_memories):
                line[c + k] = products[k]
                line[c + n_memories + k] = squares[k]
                line[c + 2 * n_memories + k] = past[k]
                if quartic:
                    line[c + 3 * n_memories + k] = fourths[k]
                    line[c + 4 * n_memories + k] = slow[k]


_TINY = 1e-30
_LEAST_MISFIT = 1e-3


def _running_summaries(tracks: NDArray[np.float32], spec: FrameSpec) -> NDArray[np.float32]:
    """Scale-free summaries up to the end of each frame, (n_frames, n_channels, n_tracks), of at
    most LANES tracks. Only `log s` has a unit, and invariant frames lack it.

    Where frames are invariant, positions and the L_t below count from their running means, for
    squares and ends, and the residuals of E are those of `passive_fit`.

    Beside E there is the low-passed track L_t = a L_{t-1} + (1 - a) x_t, a = exp(-1/m), from 0.
    A passive track of persistence phi (its x_{t+1} is phi x_t plus noise, and <d^2> is
    2 (1 - phi) <x^2>) has, in the long run,

        (1 - a^2) <E^2> / <d^2> = (1 - a)/(1 - a phi),
        <L^2> / <x^2> = (1 - a)(1 + a phi) / ((1 + a)(1 - a phi)).

    The residuals are the logs of the measured over these, for the phi that <d^2>/<x^2> gives. That
    of E is multiplied by sqrt(n), so that it is of order 1 for a passive track at every length (the
    ratios themselves would have to be resolved to 1/sqrt(n)), and compressed by asinh.
    Kurtoses are ln(<E^4> / (3 <E^2>^2)), 0 for a Gaussian.
    """
    memories, centred, quartic = np.array(spec.memories), spec.invariant, spec.quartic
    sums = filter_sums(tracks, spec.stride, spec.size, memories, quartic, centred)
    increments, positions, total, end = sums.totals[:4]
    n = spec.size * np.arange(1.0, len(end) + 1)[:, np.newaxis]
    mean = total / n if centred else np.zeros_like(end)
    s2, x2 = increments / n + _TINY, np.maximum(positions / n - mean**2, 0.0) + _TINY
    log_s2, log_x2, rms = np.log(s2), np.log(x2), np.sqrt(x2)
    tracked = [] if centred else [0.5 * log_s2]
    tracked += [np.broadcast_to(np.log(n), s2.shape), 0.5 * (log_x2 - log_s2)]
    tracked += [(end - mean) / rms, (sums.first - mean) / rms]

    kept = np.empty((len(end), 4, len(memories), LANES), np.float32)
    _compare(sums.filters, memories, n, mean, s2, x2, centred, kept)
    np.log(kept[:, :3], out=kept[:, :3])
    kept[:, :3] *= 0.5
    if centred:
        rate, white, left = passive_fits(sums.filters[1], x2, memories, n[:, 0], len(tracks))
        tracked += [rate, white / s2, np.log(np.sum(left**2, axis=1) + _LEAST_MISFIT)]
        tracked.append(np.arcsinh(left[:, -1]))
        kept[:, 1] = left[:, :-1]
    else:
        kept[:, 1] *= np.sqrt(n).astype(np.float32)[..., np.newaxis]
    np.arcsinh(kept[:, 1], out=kept[:, 1])
    columns: list[NDArray[Any]] = [kept.reshape(len(end), -1, LANES)]
    if quartic:
        tracked.append(_log_kurtosis(positions, sums.totals[4], n))
        for second, fourth in ((1, 4), (3, 5)):
            columns.append(
                _log_kurtosis(sums.filters[second], sums.filters[fourth], n[:, np.newaxis])
            )
    values = np.empty((len(end), len(_statistics_channels(spec)), LANES), np.float32)
    for row, numbers in enumerate(tracked):
        values[:, row] = numbers
    np.concatenate(columns, axis=1, out=values[:, len(tracked) :], casting="same_kind")
    return values[..., : len(tracks)]


def _log_kurtosis(squares: FloatArray, fourths: FloatArray, n: FloatArray) -> FloatArray:
    """Log of the kurtosis over that of a Gaussian, from sums over n points."""
    return np.log((fourths / n + _TINY) / (3.0 * (squares / n + _TINY) ** 2 + _TINY))


# Rows of the work array of `_compare`.
_MEAN, _D2, _X2, _PHI, _E2, _LOW, _L2, _RATIO, _PASSIVE, _SLOW, _LAST = range(11)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")  # no checks of zeros
def _compare(filters, memories, n, mean, s2, x2, centred, kept):
    """Fill kept (n_frames, 4, n_memories, LANES) with (1 - a^2) <E^2>/<d^2>, the same over its
    passive value, <L^2>/<x^2> over its passive value, and L_t in units of the root of <L^2>."""
    w = np.empty(11 * LANES)  # of one axis, for the compiler
    for frame in range(len(n)):
        for j in range(LANES):
            w[_MEAN * LANES + j] = mean[frame, j]
            w[_D2 * LANES + j] = s2[frame, j]
            w[_X2 * LANES + j] = x2[frame, j]
            w[_PHI * LANES + j] = min(max(1.0 - 0.5 * s2[frame, j] / x2[frame, j], 0.0), 1.0)
        for k in range(len(memories)):
            a, loss = np.exp(-1.0 / memories[k]), -np.expm1(-1.0 / memories[k])
            one = 1.0 / n[frame, 0]
            late = one / np.expm1(1.0 / memories[k]) if centred else 0.0
            for j in range(LANES):
                w[_E2 * LANES + j] = filters[1, frame, k, j]
                w[_LOW * LANES + j] = filters[2, frame, k, j]
                w[_L2 * LANES + j] = filters[3, frame, k, j]
            for j in range(LANES):
                d2, square, low = w[_D2 * LANES + j], w[_X2 * LANES + j], w[_LOW * LANES + j]
                low_mean = w[_MEAN * LANES + j] - low * late
                low2 = w[_L2 * LANES + j] * one - low_mean * low_mean
                low2 = (low2 if low2 > 0.0 else 0.0) + _TINY
                a_phi = a * w[_PHI * LANES + j]
                ratio = (w[_E2 * LANES + j] * one + _TINY) * (loss * (1.0 + a)) / d2
                slow = low2 * (1.0 + a) * (1.0 - a_phi) / (square * loss * (1.0 + a_phi))
                w[_RATIO * LANES + j] = ratio
                w[_PASSIVE * LANES + j] = ratio * (1.0 - a_phi) / loss
                w[_SLOW * LANES + j] = slow
                w[_LAST * LANES + j] = (low - low_mean) / np.sqrt(low2)
            for row in range(4):
                for j in range(LANES):
                    kept[frame, row, k, j] = w[(_RATIO + row) * LANES + j]


@njit(cache=True, nogil=True)
def _scaled_increments(tracks, stride, size, scale, start, out):
    for row in range(tracks.shape[0]):
        before = tracks[row, 0]
        for frame in range(out.shape[1]):
            for i in range(size):
                x = tracks[row, (frame * size + i + 1) * stride - 1]
                out[row, frame, start + i] = (x - before) / scale
                before = x
            out[row, frame, start + size] = before / scale


@njit(cache=True, nogil=True)
def _free_increments(tracks, stride, size, scale, start, out):
    for row in range(tracks.shape[0]):
        before = np.float64(tracks[row, 0])
        dd, xx = 0.0, 0.0
        for frame in range(out.shape[1]):
            for i in range(size):
                x = np.float64(tracks[row, (frame * size + i + 1) * stride - 1])
                d = x - before
                before = x
                dd += d * d
                xx += x * x
                out[row, frame, start + i] = d
            n = (frame + 1) * size
            s = np.sqrt(dd / n + _TINY)
            line = out[row, frame]
            for i in range(size):
                line[start + i] /= s
            c = start + size
            line[c], line[c + 1] = np.log(s), np.log(n)
            line[c + 2], line[c + 3] = before / s, np.arcsinh(before / s)
            line[c + 4] = 0.5 * np.log(xx / n + _TINY) - np.log(s)
