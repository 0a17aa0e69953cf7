"""What all tracks of a movie move together: a drift of the stage, or a flow of the liquid.

Of tracks that move independently, the displacements d_i of different tracks in the same frames are
uncorrelated, whatever moves each. Their sum has then no more variance than they have together,

    T = sum over frames of [(sum_i d_i)^2 - sum_i d_i^2] / sum of all d_i^2,

which is 0 on average. Chance is that of the same tracks turned over at random and moved about in
time, each by itself, which leaves the law of each as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from activenoise.analysis.artefacts.facts import CommonMotion
from activenoise.arrays import FloatArray

_WINDOWS = (1, 4, 16, 64, 256)  # frames
_FEWEST = 8  # windows in which two tracks or more are seen
_SHUFFLES = 200
_SCORE = 5.0  # standard deviations of chance, and beyond all shuffles
_MOST = 1 << 20  # tracks times frames that are tested, of the longest tracks
_REFERENCE = 0.6  # of the mean is one track's own: it moves so little that it is a fixed mark
_ROUNDS = 3  # of weights by what is left of the steps
_FEW = 5  # tracks: of fewer, one is the reference of the others

Tracks = Mapping[str, Mapping[str, FloatArray]]


class _Test(NamedTuple):
    score: float
    window: int
    share: float


def without_common_motion(
    tracks: Tracks, dt: float, starts: Mapping[str, int], seed: int
) -> tuple[dict[str, dict[str, FloatArray]], CommonMotion | None]:
    """Tracks less the motion that they have in common, and what it is; None where there is none.

    tracks: positions (n_points,), length, by track and coordinate, dt (s) apart, NaN where
    missing. starts: the frame of the first point of each track, on one clock. seed: of chance.

    The mean step of n tracks holds 1/n of each one's own. With weights w_i by the inverse of their
    mean square steps v_i, a step less the mean has the variance v_i (1 - w_i), at all lags alike if
    the tracks move alike, so that the rest is scaled by 1/sqrt(1 - w_i) and has the law of the
    tracer's own motion. The n residuals hold what n - 1 tracks do: of a few, the one of the largest
    weight is left out as the reference of the others.
    """
    same = {track: dict(parts) for track, parts in tracks.items()}
    names = list(next(iter(tracks.values())))
    clock = _Clock(tracks, starts)
    found = clock.test(names, seed)
    if found is None:
        return same, None
    velocity, error = zip(*(_velocity(clock.chosen, name, dt) for name in names), strict=True)
    by_frame = clock.crowded
    moved, weight = {}, dict.fromkeys(tracks, 0.0)
    for name, v in zip(names, velocity, strict=True):
        moved[name], own = clock.mean_path(name, v * dt, by_frame)
        weight = {track: weight[track] + own[track] / len(names) for track in tracks}
    reference = max(weight, key=lambda track: weight[track])
    if not (by_frame and (len(tracks) < _FEW or weight[reference] > _REFERENCE)):
        reference = ""
    for track, parts in same.items():
        first = starts[track] - clock.first
        scale = 1 / np.sqrt(max(1 - weight[track], 1e-9))
        for name, x in parts.items():
            parts[name] = scale * (x - moved[name][first : first + len(x)])
    same.pop(reference, None)
    return same, CommonMotion(
        n_tracks=len(clock.chosen),
        window=found.window * dt,
        share=found.share,
        score=found.score,
        velocity=dict(zip(names, velocity, strict=True)),
        error=dict(zip(names, error, strict=True)),
        by_frame=by_frame,
        reference=reference,
    )


class _Clock:
    """Tracks on a common clock, of which the first frame is 0."""

    def __init__(self, tracks: Tracks, starts: Mapping[str, int]) -> None:
        lengths = {track: len(next(iter(parts.values()))) for track, parts in tracks.items()}
        self.first = min(starts[track] for track in tracks)
        self._at = {track: starts[track] - self.first for track in tracks}
        self._n_frames = max(self._at[track] + n for track, n in lengths.items())
        self._tracks = tracks
        longest = sorted(tracks, key=lambda track: -lengths[track])
        most = max(_MOST // self._n_frames, 2)
        self.chosen = {track: tracks[track] for track in longest[:most]}
        present = np.zeros(self._n_frames, np.int64)
        for track, n in lengths.items():
            present[self._at[track] : self._at[track] + n] += 1
        self.crowded = bool(np.average(present >= 2, weights=present) > 0.9)

    def displacements(self, name: str, window: int) -> list[tuple[int, FloatArray]]:
        """Displacements of the chosen tracks over windows that begin at the same frames for all:
        number of the first window of each track, and its (n_windows,), 0 where missing."""
        rows = []
        for track, parts in self.chosen.items():
            begin = -self._at[track] % window
            steps = np.diff(parts[name][begin::window])
            if np.isfinite(steps).any():
                number = (self._at[track] + begin) // window
                rows.append((number, np.nan_to_num(steps)))
        return rows

    def test(self, names: Sequence[str], seed: int) -> _Test | None:
        """The window in which common motion is seen best; None where it is chance in all."""
        best: _Test | None = None
        for window in _WINDOWS:
            rng = np.random.default_rng([seed, window])
            n = self._n_frames // window + 1
            total, pairs, square, count = np.zeros(_SHUFFLES + 1), 0.0, 0.0, 0
            together = 0
            for name in names:
                rows = self.displacements(name, window)
                sums, seen = _sums(rows, n, rng)
                own = sum(float(row @ row) for _, row in rows)
                total += np.sum(sums**2, axis=1) - own
                square += own
                count += int(seen.sum())
                pairs += float(seen @ (seen - 1))
                together = int(np.sum(seen > 1))
            if together < _FEWEST or square == 0:
                continue
            chance = total[1:]
            score = (total[0] - chance.mean()) / max(float(chance.std()), 1e-300)
            if total[0] > chance.max() and score > max(_SCORE, best.score if best else 0.0):
                share = total[0] / pairs / (square / count)
                best = _Test(float(score), window, float(min(share, 1.0)))
        return best

    def mean_path(
        self, name: str, drift: float, by_frame: bool
    ) -> tuple[FloatArray, dict[str, float]]:
        """Path (n_frames,) of the weighted mean step of the tracks, or of a steady drift (length a
        frame) where a frame has fewer than two or all have; and the weight of each track."""
        own = dict.fromkeys(self._tracks, 0.0)
        path: FloatArray = drift * np.arange(1.0, self._n_frames + 1)
        for _ in range(_ROUNDS if by_frame else 0):
            steps, weights = np.zeros(self._n_frames), np.zeros(self._n_frames)
            number = np.zeros(self._n_frames, np.int64)
            inverse = {}
            for track, parts in self._tracks.items():
                d = np.diff(parts[name])
                at = slice(self._at[track] + 1, self._at[track] + len(parts[name]))
                seen, common = np.isfinite(d), np.diff(path)[at.start - 1 : at.stop - 1]
                square = float(np.sum((d - common)[seen] ** 2)) / max(int(seen.sum()), 1)
                inverse[track] = (1 - own[track]) / square if square > 0 else 0.0
                steps[at] += inverse[track] * np.where(seen, d, 0.0)
                weights[at] += inverse[track] * seen
                number[at] += seen
            usable = (number >= 2) & (weights > 0)
            divisor = np.where(usable, weights, 1.0)
            path = np.cumsum(np.where(usable, steps / divisor, drift))
            for track, parts in self._tracks.items():
                at = slice(self._at[track] + 1, self._at[track] + len(parts[name]))
                part = np.where(usable, inverse[track] / divisor, 0.0)[at]
                own[track] = float(part.mean()) if len(part) else 0.0
        return path, own


def _sums(
    rows: Sequence[tuple[int, FloatArray]], n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Sums of the displacements of all tracks in each window, as they are (row 0) and with each
    track turned over and moved in time at random, (1 + shuffles, n); and of how many, (n,)."""
    sums, seen = np.zeros((_SHUFFLES + 1, n)), np.zeros(n)
    for first, row in rows:
        at = slice(first, first + len(row))
        shift = rng.integers(0, len(row), _SHUFFLES)
        sign = rng.choice([-1.0, 1.0], _SHUFFLES)
        moved = row[(np.arange(len(row)) + shift[:, None]) % len(row)]
        sums[0, at] += row
        sums[1:, at] += sign[:, None] * moved
        seen[at] += 1
    return sums, seen


def _velocity(tracks: Tracks, name: str, dt: float) -> tuple[float, float]:
    """Mean velocity (length/s) of tracks and its standard error, from how they scatter."""
    ends = []
    for parts in tracks.values():
        x = parts[name]
        seen = np.flatnonzero(np.isfinite(x))
        if len(seen) > 1:
            ends.append((x[seen[-1]] - x[seen[0]], (seen[-1] - seen[0]) * dt))
    moved, time = np.array(ends).T
    velocity = moved.sum() / time.sum()
    n = len(ends)
    scatter = np.sqrt(np.sum((moved - velocity * time) ** 2) * n / max(n - 1, 1))
    return float(velocity), float(scatter / time.sum())
