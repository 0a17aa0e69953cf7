"""The paper's optimum: the path-integral likelihood ratio of AOUP to Passive, in continuous time.

After Dabelow, Bo, Eichhorn, PRX 9, 021009 (2019). Given x(0), and with v stationary and
independent of x(0), the noise y = dx/dt + kappa x has the covariance

    <y(t) y(t')> = 2 D [delta(t - t') + c exp(-|t - t'|/tau_a)],     c = D_a/(2 D tau_a),

under AOUP and 2 D delta under Passive. With dY = dx + kappa x dt over [0, T] therefore

    LLR = -1/2 log det + 1/(4 D) sum_ij Gamma(t_i, t_j) dY_i dY_j,

where delta - Gamma is the inverse of the bracket. Gamma is (lambda^2 - 1/tau_a^2) times Green's
function of lambda^2 - d^2/dt^2, lambda = sqrt(1 + D_a/D)/tau_a, with h' = h/tau_a at 0 and
h' = -h/tau_a at T: with a, b = lambda tau_a +- 1 and d = |t - t'|,

    Gamma = (lambda^2 - 1/tau_a^2) / (2 lambda (a^2 - b^2 e^{-2 lambda T}))
            [a^2 e^{-lambda d} + a b (e^{-lambda (t+t')} + e^{-lambda (2T-t-t')})
             + b^2 e^{-lambda (2T-d)}],

    log det = (lambda - 1/tau_a) T + log[(a^2 - b^2 e^{-2 lambda T})/(4 lambda tau_a)].

As dt -> 0 it is the ratio of a filter that is given the first point and starts from a velocity
independent of it, and so a check of the filter. The stationary velocity is correlated with x(0):
from the filter given the first point of a stationary track it keeps a difference that depends on
the start alone and does not grow with the track (docs/physics.md, "The paper's own optimum").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.likelihood.positions import check_tracks
from activenoise.physics.models import AOUP
from activenoise.threads import in_threads


def log_likelihood_ratio(
    model: AOUP,
    tracks: TrackArray,
    dt: float,
    at: Sequence[int] | NDArray[np.int64] | None = None,
) -> FloatArray:
    """Log density of a path under AOUP over that under Passive of the same kappa and D, in nats.

    model: one model, or one a track, shape (n_tracks,). tracks: (n_tracks, n_steps), in the
    length unit of the model, dt (s) apart. at: increasing prefix lengths, in points; without it
    the whole track. Returns float64 (n_tracks,), or (n_tracks, len(at)).

    Conditioned on the first point, and exact as dt -> 0: times are midpoints of steps and
    x dt goes by the trapezoidal rule. The error falls about as dt^1.5.
    """
    tracks, at_array, squeeze = check_tracks(tracks, at)
    if model.shape not in ((), (len(tracks),)):
        raise ValueError(f"{model.shape} models do not match {len(tracks)} tracks")
    parameters = np.array(
        [np.broadcast_to(value, len(tracks)) for value in model.parameters.values()]
    )
    values = np.empty((len(tracks), len(at_array)))
    in_threads(_ratios, len(tracks), tracks, parameters, dt, at_array, values)
    return values[:, 0] if squeeze else values


@njit(cache=True, nogil=True)
def _ratios(first, last, tracks, parameters, dt, at, values):
    for row in range(first, last):
        _ratio(tracks[row], parameters[:, row], dt, at, values[row])


@njit(cache=True)
def _ratio(x, parameters, dt, at, values):
    """One track's ratio at the prefix lengths: four double sums of exponentials, grown by steps."""
    kappa, D, D_a, tau_a = parameters
    stretch = np.sqrt(1 + D_a / D)  # lambda tau_a
    rate = stretch / tau_a
    a, b = stretch + 1, D_a / D / (stretch + 1)
    decay, half_decay = np.exp(-rate * dt), np.exp(-0.5 * rate * dt)
    direct = 0.0  # sum of e^{-lambda d} dY dY'
    echo = 0.0  # sum of e^{-lambda (2T-d)} dY dY'
    from_start = 0.0  # sum of e^{-lambda t} dY
    to_end = 0.0  # sum of e^{-lambda (T-t)} dY
    left = 1.0  # e^{-lambda T}
    checkpoint = 0
    for i in range(at[-1]):
        if i > 0:
            dy = np.float64(x[i]) - np.float64(x[i - 1])
            dy += 0.5 * kappa * dt * (np.float64(x[i]) + np.float64(x[i - 1]))
            direct += dy * (2 * half_decay * to_end + dy)
            to_end = decay * to_end + half_decay * dy
            left *= decay
            echo = decay * decay * echo + left * dy * (2 * half_decay * from_start + left * dy)
            from_start += left / half_decay * dy
        if i + 1 == at[checkpoint]:
            reach = a * a - b * b * left * left
            double_sum = a * a * direct + a * b * (from_start**2 + to_end**2) + b * b * echo
            gamma = a * b / (tau_a * 2 * stretch * reach) * double_sum
            log_det = b * i * dt / tau_a + np.log(reach / (4 * stretch))
            values[checkpoint] = -0.5 * log_det + gamma / (4 * D)
            checkpoint += 1
