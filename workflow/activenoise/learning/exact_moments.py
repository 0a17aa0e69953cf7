"""Exact labels of an estimator: log D given a track so far and its other parameters.

D sets the scale of a track: at known kappa and tau_a (s) and known r = D_a/D, the likelihood of
l = log D after n points is exp[-(n l + q e^{-l})/2] with the quadratic form q of the process of
D = 1 and D_a = r (`inference.scale`), and the posterior of l has its mean m and variance v in
closed form. By the tower property the posterior mean of log D given the track alone is that of m,
and its variance is that of m plus the mean of v. So a network learns the same moments from (m, v)
as from the drawn log D, without the noise of the latter, which is most of the error of D. D_a = r D
has the same v; the other parameters are known, with v = 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import Float32Array, FloatArray
from activenoise.files import DataSet
from activenoise.inference.scale import integrate_scale, whole_scale
from activenoise.likelihood.positions import matched_quadratic
from activenoise.physics.models import AOUP
from activenoise.physics.priors import parse_prior

_NODES = 24  # of the integral over log D where the prior cuts it


class ExactMoments:
    """Mean and variance of the logs of parameters of AOUP tracks, exact positions, for windows.

    tracks: of a study whose parameters, in config form, are `parameters`; neither D nor D_a is
    fixed. targets: names of parameters. points: of a frame, at whose ends the moments are wanted.
    """

    def __init__(
        self,
        tracks: DataSet,
        parameters: Mapping[str, Any],
        targets: Sequence[str],
        points: int,
    ) -> None:
        axes = parse_prior(parameters).axes
        self._dt, self._points, self._targets = tracks.dt, points, targets
        self._values = {name: np.asarray(tracks.parameters[name]) for name in axes}
        self._thermal, self._active = axes["D"], axes["D_a"]

    def __call__(self, rows: slice, tracks: Float32Array) -> Float32Array:
        """Means, then variances, (n_tracks, n_frames, 2 n_targets), float32, of the windows
        `tracks` (n_tracks, n_points) of the tracks `rows`, mirrored or reversed or not."""
        own = {name: values[rows] for name, values in self._values.items()}
        ratio = own["D_a"] / own["D"]
        unit = AOUP(own["kappa"], 1.0, ratio, own["tau_a"])
        at = np.arange(self._points, tracks.shape[1] + 1, self._points)
        q = matched_quadratic(unit.sampled(self._dt), np.ascontiguousarray(tracks), at).squares
        mean, variance = self._of_scale(q, at, np.log(ratio))
        labels = np.zeros((len(tracks), len(at), 2 * len(self._targets)), np.float32)
        for k, name in enumerate(self._targets):
            labels[..., k] = np.log(own[name])[:, None]
            if name in ("D", "D_a"):
                labels[..., k] = mean + (np.log(ratio)[:, None] if name == "D_a" else 0)
                labels[..., len(self._targets) + k] = variance
        return labels

    def _of_scale(
        self, q: FloatArray, at: NDArray[np.int64], log_ratio: FloatArray
    ) -> tuple[FloatArray, ...]:
        """Mean and variance of log D, each (n_tracks, len(at)), where both D and r D are inside
        their priors."""
        with np.errstate(divide="ignore"):  # D_a may go down to 0
            low = np.maximum(np.log(self._thermal.low), np.log(self._active.low) - log_ratio)
        high = np.minimum(np.log(self._thermal.high), np.log(self._active.high) - log_ratio)
        # A prior that is uniform in D rather than in log D is a factor e^l.
        a = 0.5 * at - (not self._thermal.log) - (not self._active.log)
        whole = np.array([whole_scale(value) for value in a])
        u, w = np.polynomial.legendre.leggauss(_NODES)
        return _moments(q, a, low, high, whole, u, w)


@njit(cache=True)
def _moments(q, a, low, high, whole, u, w):
    mean, variance = np.empty(q.shape), np.empty(q.shape)
    for row in range(q.shape[0]):
        for k in range(q.shape[1]):
            _, total, m1, m2 = integrate_scale(
                q[row, k], a[k], low[row], high[row], whole[k], u, w, -np.inf
            )
            mean[row, k] = m1 / total
            variance[row, k] = m2 / total - (m1 / total) ** 2
    return mean, variance
