"""Likelihood of a sampled rotational Brownian particle, by a filter on its hidden angle.

Given the angle at the middle of a step the particle's step is normal (`models.AngleProcess`):

    y_n = x_n - (1 - loss_x) x_{n-1} ~ N(drift cos(theta_n), noise(theta_n)),

and theta_{n+1} - theta_n ~ N(0, 2 turn). So the density p(theta_n | x_0 ... x_{n-1}) is
multiplied by that normal, its sum is the predictive density of x_n, and a diffusion leads to the
next step. Only cos(theta) is ever seen: the density is even in theta and lives on a half circle,
theta_i = pi (i + 1/2)/M, where sums are exact for cosine modes below 2 M.
The diffusion, exp(-k^2 turn) on mode k, keeps modes even and odd about theta = pi/2 apart:
two matrices of size M/2 act on the sums and differences of mirrored angles.

noise(theta): the mean angle of a step fluctuates less than the angle at its middle, and the
difference is a negative noise along d cos(theta)/d theta,

    noise(theta) = thermal - 2 (thermal - noise) sin^2(theta),
    thermal = (D/kappa) (1 - e^{-2 kappa dt}),

whose mean over angles is the `noise` of `AngleProcess`: the autocorrelation stays exact, and the
next order in dt/tau_a (the Takahashi-Imada correction of a split-step propagator) is included.
It makes the error of the log likelihood 5 to 50 times smaller (`angle_log_likelihood` states it).

The start is the stationary joint law of (x, theta). In Hermite functions of x/sigma,
sigma^2 = C(0), and cosine modes, p = sum c_{nk} He_n(x/sigma) phi(x/sigma)/sigma cos(k theta)/pi,
its Fokker-Planck equation is a recursion upwards in n:

    (n + k^2/(kappa tau_a)) c_{nk} = v0/(2 kappa sigma) [c_{n-1,k-1} + c_{n-1,k+1}]
                                     - (1 - D/(kappa sigma^2)) c_{n-2,k}.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.physics.models import RBP

_LANES = 32  # filters side by side; 16 is half as fast (unrolled, and then not vectorised)
_CHUNK = 64  # points of each filter copied at a time

# Rows of the plan, one column a filter.
_LOSS_X, _PER_THERMAL, _DRIFT, _EXCESS, _TURN, _START_TURN = range(6)
_SIGMA, _COUPLING, _ACTIVE, _SLOWNESS = range(6, 10)

# Angles needed: modes up to M must resolve the narrowest density the filter meets.
_RESOLUTION = 4.5
_FEWEST, _MOST = 16, 256
_LEAST_NOISE = 0.05  # floor of noise(theta)/thermal

# Sums of the start's series stop when no coefficient is above _TOLERANCE in two orders.
_TOLERANCE = 1e-10
_MOST_TERMS = 20_000
_FARTHEST = 12.0  # |x|/sigma beyond which the angle is taken as at this distance

_F32 = np.float32
_U32 = np.uint32
_FLOOR = _F32(1e-12)  # of the probability of an angle; the transform rings below it
_LOG_2 = float(np.log(2.0))
# No reassociation: the exponential rounds by adding and subtracting a constant.
_MATH = {"contract", "nnan", "ninf", "nsz", "arcp"}


def angle_log_likelihood(
    model: RBP,
    tracks: ArrayLike,
    dt: float,
    at: Sequence[int] | NDArray[np.int64] | None = None,
    n_angles: int | None = None,
    given_first: bool = False,
) -> FloatArray:
    """Log density of sampled positions under the stationary RBP, in nats.

    model: one model, one a track, shape (n_tracks,), or several a track, (n_tracks, n_sets).
    tracks: (n_tracks, n_steps) float, in the length unit of the model, dt (s) apart.
    at: increasing prefix lengths, in points; without it the whole track.
    n_angles: grid of the half circle, a multiple of 8; by default chosen for each model
    (`angles_needed`). given_first: leave out the density of the first point (condition on it).
    Returns float64, shape (n_tracks,), or (n_tracks, n_sets); with `at`, one more axis.

    Error, against the exact filter (Feynman-Kac, no approximation in dt): on tracks of the model
    about 0.012 (D_a/D)^1.25 (dt/tau_a)^2.7 sqrt(n_steps) nats, root mean square and with hardly
    a bias, wherever D_a/D (dt/tau_a)^2 < 0.3. So it is below 1e-3 nats for 100 points when
    dt/tau_a < 0.16, 0.08, 0.04 and 0.02 at D_a/D = 1, 5, 20 and 100. On AOUP tracks it is up to
    four times this, most of it a bias against RBP in proportion to n_steps: at dt/tau_a = 0.1,
    -1e-5 nats a point at D_a/D = 5 and -1e-4 at 20.
    Single precision adds about 5e-5 nats at 5000 points. A track further than about 7 thermal
    widths outside the reach v0/kappa of the model gets a likelihood that is low, but not exact.

    ValueError from `RBP.sampled_angle` where D_a/D (dt/tau_a)^2 is above about 6.
    """
    tracks = np.ascontiguousarray(tracks)
    if tracks.dtype != np.float32:
        tracks = tracks.astype(np.float64)
    if tracks.ndim != 2 or not np.all(np.isfinite(tracks)):
        raise ValueError(f"tracks of shape {tracks.shape} must be (n_tracks, n_steps) and finite")
    if model.shape != () and (model.shape[0] != len(tracks) or len(model.shape) > 2):
        raise ValueError(f"{model.shape} models do not match {len(tracks)} tracks")
    ends = np.asarray([tracks.shape[1]] if at is None else at, np.int64)
    inside = ends.size and ends[0] >= 1 and ends[-1] <= tracks.shape[1]
    if not (inside and np.all(np.diff(ends) > 0)):
        raise ValueError(f"prefix lengths {ends} must increase within 1 ... {tracks.shape[1]}")
    if n_angles is not None and (n_angles < 8 or n_angles % 8):
        raise ValueError(f"n_angles = {n_angles} must be a multiple of 8")

    shape = model.shape if len(model.shape) == 2 else (len(tracks),)
    plan = _plan(model, dt)
    needed = angles_needed(model, dt) if n_angles is None else np.full(model.shape, n_angles)
    needed = np.broadcast_to(needed, shape).ravel()
    plan = np.array([np.broadcast_to(row, shape).ravel() for row in plan])
    values = np.empty((plan.shape[1], len(ends)))
    for m in np.unique(needed):
        members = np.flatnonzero(needed == m)
        cosines = np.cos(np.pi / (2 * m) * np.arange(4 * m))
        _filter(tracks, members, plan, ends, cosines, given_first, values)
    thermal = -np.log(plan[_PER_THERMAL])[:, None]
    values -= (ends - 1) * (0.5 * np.log(2 * np.pi) + thermal)
    values = values.reshape(*shape, len(ends))
    return values[..., 0] if at is None else values


def angles_needed(model: RBP, dt: float) -> NDArray[np.int64]:
    """Grid points of the half circle for each model at interval dt (s), a multiple of 8.

    M >= 4.5/width, where width^2 is the smaller of: the variance of the angle in the filter's
    steady state where cos(theta) is seen best, p^2 + 2 turn p = 2 turn noise/drift^2; and that
    of the angle given one stationary position, 1/(kappa tau_a) + D kappa/v0^2.
    """
    plan = _plan(model, dt)
    turn = plan[_TURN]
    seen = plan[_DRIFT] ** 2 / np.maximum(1 + plan[_EXCESS], _LEAST_NOISE)
    with np.errstate(divide="ignore", invalid="ignore"):  # D_a = 0: nothing to resolve
        steady = 2 * turn / (seen * (turn + np.sqrt(turn**2 + 2 * turn / seen)))
        start = plan[_SLOWNESS] + (1 - plan[_ACTIVE]) / plan[_COUPLING] ** 2
    width = np.sqrt(np.minimum(np.where(seen > 0, steady, np.inf), start))
    return (8 * np.ceil(np.clip(_RESOLUTION / width, _FEWEST, _MOST) / 8)).astype(np.int64)


def _plan(model: RBP, dt: float) -> FloatArray:
    """Constants of a filter, one row each, in units of the thermal noise and of sigma."""
    step, linear = model.sampled_angle(dt), model.sampled(dt)
    kappa, D, tau_a = np.asarray(model.kappa), np.asarray(model.D), np.asarray(model.tau_a)
    thermal = -D / kappa * np.expm1(-2 * kappa * dt)
    # The first angle is that at point 0. It turns for about half a step, exactly so long that
    # <x_0 x_1> comes out right.
    rate = kappa + 1 / tau_a
    mirror = -np.expm1(-rate * dt) / rate
    start_turn = 0.5 * (step.turn + np.log(mirror / linear.coupling))
    sigma = np.sqrt(linear.p_xx)
    return np.array(
        [
            step.loss_x,
            1 / np.sqrt(thermal),
            step.drift / np.sqrt(thermal),
            2 * (step.noise - thermal) / thermal,
            step.turn,
            start_turn,
            sigma,
            model.speed / (kappa * sigma),
            1 - D / (kappa * sigma**2),
            1 / (kappa * tau_a),
        ]
    )


@njit(cache=True, parallel=True)
def _filter(tracks, members, plan, ends, cosines, given_first, values):
    n_groups = (len(members) + _LANES - 1) // _LANES
    for group in prange(n_groups):
        _filter_group(tracks, members, group * _LANES, plan, ends, cosines, given_first, values)


@njit(cache=True, fastmath=_MATH)
def _stationary_modes(z, plan, c, w):
    """Fill c[0 ... M-1] with the cosine modes of p(x_0, theta), over phi(z)/sigma.

    z: x_0/sigma. c: (2 M + 1, lanes) work space. w: (4, lanes) work space. plan: (10, lanes).
    """
    m = c.shape[0] // 2
    c[:] = 0.0
    total = c[:m]
    modes = c[m:]  # the last row stays 0
    for j in range(_LANES):
        total[0, j] = 1.0
        modes[0, j] = 1.0
        w[0, j] = 1.0
        w[1, j] = 0.0
        w[3, j] = 2.0
    for n in range(1, _MOST_TERMS):
        up, back, across = np.sqrt(n), np.sqrt(n * (n - 1.0)), np.sqrt(n - 1.0)
        for j in range(_LANES):
            # Hermite polynomials over sqrt(n!), and coefficients times sqrt(n!), stay in range.
            h = (z[j] * w[0, j] - across * w[1, j]) / up
            w[1, j] = w[0, j]
            w[0, j] = h
            w[2, j] = 0.0
        # Only k of the parity of n occur: those of n - 2 lie where those of n go.
        for k in range(n % 2, min(n + 1, m), 2):
            below = max(k - 1, 0)
            twice = 1.0 if k == 1 else (0.0 if k == 0 else 0.5)
            for j in range(_LANES):
                drive = twice * modes[below, j] + 0.5 * modes[k + 1, j]
                new = up * plan[_COUPLING, j] * drive - back * plan[_ACTIVE, j] * modes[k, j]
                new /= n + k * k * plan[_SLOWNESS, j]
                modes[k, j] = new
                total[k, j] += new * w[0, j] if w[3, j] > 0.0 else 0.0
                w[2, j] = max(w[2, j], abs(new))
        # Each lane ends its own series: a result must not depend on its neighbours.
        active = 0.0
        for j in range(_LANES):
            if w[3, j] > 0.0:
                w[3, j] = w[3, j] - 1.0 if w[2, j] < _TOLERANCE else 2.0
            active = max(active, w[3, j])
        if active == 0.0:
            break


@njit(cache=True, fastmath=_MATH)
def _filter_group(tracks, members, first, plan, ends, cosines, given_first, values):
    """Run filters members[first ... first + _LANES - 1] side by side."""
    n_lanes = min(_LANES, len(members) - first)
    n_sets = plan.shape[1] // tracks.shape[0]
    m = len(cosines) // 4
    half = m // 2
    # Lanes beyond the last filter repeat it and are not written.
    rows = np.empty(_LANES, np.int64)
    local = np.empty((plan.shape[0], _LANES))
    for j in range(_LANES):
        member = members[first + min(j, n_lanes - 1)]
        rows[j] = member // n_sets
        for k in range(plan.shape[0]):
            local[k, j] = plan[k, member]

    # Rows: log likelihood, its peaks (base 2) and product of sums since, then scratch.
    a = np.zeros((6, _LANES))
    c = np.empty((2 * m + 1, _LANES))
    # All single-precision rows are in one array: the compiler then sees that they do not overlap.
    even = 0  # matrices, half x half each
    odd = even + half * half
    p = odd + half * half  # probabilities: angles 0 ... half - 1, then their mirror images
    q = p + m  # exponents, then sums and differences of mirrored angles
    drift = q + m
    sharp = drift + half
    level = sharp + half
    peak = level + half
    inverse = peak + 1
    data = inverse + 1
    w = np.empty((data + _CHUNK, _LANES), np.float32)

    for j in range(_LANES):
        x = tracks[rows[j], 0] / local[_SIGMA, j]
        a[0, j] = -0.5 * (x * x + np.log(2 * np.pi)) - np.log(local[_SIGMA, j])
        a[1, j] = min(max(x, -_FARTHEST), _FARTHEST)
    _stationary_modes(a[1], local, c, a[2:6])
    for j in range(_LANES):
        # Far in a tail of the density rounding errors may exceed it.
        c[0, j] = max(c[0, j], 1e-12)
        a[0, j] = 0.0 if given_first else a[0, j] + np.log(c[0, j])
        a[1, j] = 0.0
        a[2, j] = 1.0
        a[3, j] = 1.0 / (m * c[0, j])
    for k in range(1, m):
        for j in range(_LANES):
            c[k, j] *= np.exp(-k * k * local[_START_TURN, j])
    for i in range(m):
        row = p + (i if i < half else half + m - 1 - i)
        for j in range(_LANES):
            a[4, j] = 0.0
        for k in range(m):
            cosine = cosines[k * (2 * i + 1) % (4 * m)]
            for j in range(_LANES):
                a[4, j] += cosine * c[k, j]
        for j in range(_LANES):
            w[row, j] = max(_F32(a[4, j] * a[3, j]), _FLOOR)
    _fill_transition(local[_TURN], cosines, c, w)
    for i in range(half):
        cosine, sine_2 = cosines[2 * i + 1], 1.0 - cosines[2 * i + 1] ** 2
        for j in range(_LANES):
            variance = max(1.0 + local[_EXCESS, j] * sine_2, _LEAST_NOISE)
            w[drift + i, j] = local[_DRIFT, j] * cosine
            w[sharp + i, j] = np.sqrt(0.5 / (_LOG_2 * variance))
            w[level + i, j] = -0.5 * np.log(variance) / _LOG_2

    done = 1
    for checkpoint in range(len(ends)):
        while done < ends[checkpoint]:
            n = min(_CHUNK, ends[checkpoint] - done)
            for j in range(_LANES):
                before = np.float64(tracks[rows[j], done - 1])
                for t in range(n):
                    x = np.float64(tracks[rows[j], done + t])
                    y = (x - before) + local[_LOSS_X, j] * before
                    w[data + t, j] = y * local[_PER_THERMAL, j]
                    before = x
            for t in range(n):
                for j in range(_LANES):
                    w[peak, j] = _F32(-1e30)
                for i in range(half):
                    for j in range(_LANES):
                        y, d = w[data + t, j], w[drift + i, j]
                        s, g = w[sharp + i, j], w[level + i, j]
                        near, far = (y - d) * s, (y + d) * s
                        near, far = g - near * near, g - far * far
                        w[q + i, j] = near
                        w[q + half + i, j] = far
                        high = near if near > far else far
                        w[peak, j] = high if high > w[peak, j] else w[peak, j]
                for j in range(_LANES):
                    w[inverse, j] = _F32(0.0)
                for i in range(m):
                    for j in range(_LANES):
                        weighted = w[p + i, j] * _exp2(w[q + i, j] - w[peak, j])
                        w[p + i, j] = weighted
                        w[inverse, j] += weighted
                for j in range(_LANES):
                    a[1, j] += w[peak, j]
                    a[2, j] *= w[inverse, j]
                    w[inverse, j] = _F32(1.0) / w[inverse, j]
                if t % 8 == 7 or t == n - 1:
                    for j in range(_LANES):
                        a[0, j] += np.log(a[2, j])
                        a[2, j] = 1.0
                for i in range(half):
                    for j in range(_LANES):
                        u, v = w[p + i, j], w[p + half + i, j]
                        w[q + i, j] = (u + v) * w[inverse, j]
                        w[q + half + i, j] = (u - v) * w[inverse, j]
                for i in range(half):
                    e, o = even + i * half, odd + i * half
                    for k in range(0, half, 4):
                        for j in range(_LANES):
                            u = (
                                w[e + k, j] * w[q + k, j]
                                + w[e + k + 1, j] * w[q + k + 1, j]
                                + w[e + k + 2, j] * w[q + k + 2, j]
                                + w[e + k + 3, j] * w[q + k + 3, j]
                            )
                            v = (
                                w[o + k, j] * w[q + half + k, j]
                                + w[o + k + 1, j] * w[q + half + k + 1, j]
                                + w[o + k + 2, j] * w[q + half + k + 2, j]
                                + w[o + k + 3, j] * w[q + half + k + 3, j]
                            )
                            if k > 0:
                                u += w[p + i, j]
                                v += w[p + half + i, j]
                            w[p + i, j] = u
                            w[p + half + i, j] = v
                    for j in range(_LANES):
                        u = w[p + i, j] + w[p + half + i, j]
                        v = w[p + i, j] - w[p + half + i, j]
                        w[p + i, j] = u if u > _FLOOR else _FLOOR
                        w[p + half + i, j] = v if v > _FLOOR else _FLOOR
            done += n
        for j in range(n_lanes):
            values[members[first + j], checkpoint] = a[0, j] + _LOG_2 * a[1, j]


@njit(cache=True, fastmath=_MATH)
def _fill_transition(turn, cosines, c, w):
    """Fill w[0 ... M^2/2 - 1] with the matrices of one diffusion step on mirror-even and
    mirror-odd densities. turn: (lanes,). c: (2 M + 1, lanes) work space.

    Between grid points i and k the kernel on the half circle is g(i - k) + g(i + k + 1), with
    g(n) = 1/(2 M) [1 + 2 sum_l exp(-l^2 turn) cos(pi l n/M)]; even and odd parts follow from
    g(n) +- g(M - n).
    """
    m = len(cosines) // 4
    half = m // 2
    for n in range(m + 1):
        for j in range(_LANES):
            c[n, j] = 0.5 / m
    for k in range(1, m):
        for j in range(_LANES):
            c[2 * m, j] = np.exp(-k * k * turn[j]) / m
        for n in range(m):
            cosine = cosines[2 * k * n % (4 * m)]
            for j in range(_LANES):
                c[n, j] += cosine * c[2 * m, j]
        for j in range(_LANES):
            c[m, j] += (1.0 - 2.0 * (k % 2)) * c[2 * m, j]
    for i in range(half):
        for k in range(half):
            near, far = abs(i - k), i + k + 1
            for j in range(_LANES):
                u, v = c[near, j] + c[far, j], c[m - near, j] + c[m - far, j]
                w[i * half + k, j] = 0.5 * (u + v)
                w[half * half + i * half + k, j] = 0.5 * (u - v)


@njit(cache=True, fastmath=_MATH, inline="always")
def _exp2(t):
    """2^t in single precision for t <= 0, relative error 1e-7; 2^-60 below t = -60."""
    t = t if t > _F32(-60.0) else _F32(-60.0)
    # Adding 1.5 * 2^23 rounds to an integer, which then sits in the lowest bits.
    shifted = t + _F32(12582912.0 + 127.0)
    power = _U32(_F32(shifted).view(np.uint32) << _U32(23)).view(np.float32)
    f = t - (shifted - _F32(12582912.0 + 127.0))
    s = _F32(1.5403530e-4)
    s = s * f + _F32(1.3333558e-3)
    s = s * f + _F32(9.6181291e-3)
    s = s * f + _F32(5.5504109e-2)
    s = s * f + _F32(2.4022651e-1)
    s = s * f + _F32(6.9314718e-1)
    s = s * f + _F32(1.0)
    return s * power
