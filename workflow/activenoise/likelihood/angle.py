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

The start is the stationary joint law of (x, theta). In Hermite functions of x/s, s any length, and
cosine modes, p = sum c_{nk} He_n(x/s) phi(x/s)/s cos(k theta)/pi, its Fokker-Planck equation is a
recursion upwards in n:

    (n + k^2/(kappa tau_a)) c_{nk} = v0/(2 kappa s) [c_{n-1,k-1} + c_{n-1,k+1}]
                                     - (1 - D/(kappa s^2)) c_{n-2,k}.

From some n on c_{nk} sqrt(n!) falls as (1 - D/(kappa s^2))^{n/2}, fast where s is small; but before
it grows up to about exp(g), g = (v0/kappa)^2/(4 s^2 - 2 D/kappa), and so many digits cancel in the
sum. With g = 9 twelve are left, for a tenth of the terms that s^2 = C(0) needs (`_plan`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood import angle_steps
from activenoise.likelihood.vectors import WIDTH, WIDTH_64, above, larger, load, splat, store
from activenoise.physics.models import RBP
from activenoise.threads import in_threads

_GROUPS = 2  # of filters side by side: loops over WIDTH alone are unrolled and not vectorised
_LANES = _GROUPS * WIDTH
_CHUNK = 64  # points of each filter copied at a time

# Rows of the plan, one column a filter.
_LOSS_X, _PER_THERMAL, _DRIFT, _EXCESS, _TURN, _START_TURN = range(6)
_LENGTH, _COUPLING, _ACTIVE, _SLOWNESS = range(6, 10)

# Angles needed: modes up to M must resolve the narrowest density the filter meets.
_RESOLUTION = 4.5
_FEWEST, _MOST = 16, 256
_LEAST_NOISE = 0.05  # floor of noise(theta)/thermal

# Sums of the start's series stop when all coefficients of two orders are below _TOLERANCE.
_TOLERANCE = 1e-10
_MOST_TERMS = 20_000
_GROWTH = 9.0  # of the logarithm of its terms, g of the module's text
_FARTHEST = 12.0  # |x|/s beyond which the angle is taken as at this distance, or where
_DIGITS = 1e-9  # the sum is less than this share of its terms, or of so many times the largest
_CUT = 1e3 * _TOLERANCE / _DIGITS  # polynomial,
_NEARER, _TIMES = 0.95, 80  # as at so much of it, again and again: 0.2 s is always near enough

_FARTHEST_STEP = 256.0  # thermal widths beyond the furthest mean

_F32 = np.float32
_FLOOR = _F32(1e-12)  # of the probability of an angle; the transform rings below it
_LOG_2 = float(np.log(2.0))
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
        groups = -(-len(members) // _LANES)
        in_threads(_filter, groups, tracks, members, plan, ends, cosines, given_first, values)
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
    """Constants of a filter, one row each, in units of the thermal noise and of the length s."""
    step, linear = model.sampled_angle(dt), model.sampled(dt)
    kappa, D, tau_a = np.asarray(model.kappa), np.asarray(model.D), np.asarray(model.tau_a)
    thermal = -D / kappa * np.expm1(-2 * kappa * dt)
    # The first angle is that at point 0. It turns for about half a step, exactly so long that
    # <x_0 x_1> comes out right.
    rate = kappa + 1 / tau_a
    mirror = -np.expm1(-rate * dt) / rate
    start_turn = 0.5 * (step.turn + np.log(mirror / linear.coupling))
    # Fewest terms at strong propulsion need the least s that loses no digits, or at slow turning
    # a little more than the thermal width; at weak propulsion they need sqrt(C(0)).
    least = 0.5 * D / kappa + (model.speed / kappa) ** 2 / (4 * _GROWTH)
    length = np.sqrt(np.minimum(linear.p_xx, np.maximum(1.3 * D / kappa, least)))
    return np.array(
        [
            step.loss_x,
            1 / np.sqrt(thermal),
            step.drift / np.sqrt(thermal),
            2 * (step.noise - thermal) / thermal,
            step.turn,
            start_turn,
            length,
            model.speed / (kappa * length),
            1 - D / (kappa * length**2),
            1 / (kappa * tau_a),
        ]
    )


@njit(cache=True, nogil=True)
def _filter(start, stop, tracks, members, plan, ends, cosines, given_first, values):
    for group in range(start, stop):
        _filter_group(tracks, members, group * _LANES, plan, ends, cosines, given_first, values)


@njit(cache=True)
def _stationary_modes(z, plan, c, terms):
    """Fill c[0 ... M-1] with the cosine modes of p(x_0, theta), over phi(z)/s, and terms with the
    sum of the sizes of the terms of the first.

    z: x_0/s, (lanes,). plan: (10, lanes). c: (2 M + 1, lanes). terms: (lanes,).
    """
    m = len(c) // 2
    w = np.empty((2 * m + 8, WIDTH_64))
    for first in range(0, _LANES, WIDTH_64):
        w[:] = 0.0
        for j in range(WIDTH_64):
            w[2 * m + 2, j] = z[first + j]
            for k in range(3):
                w[2 * m + 3 + k, j] = plan[_COUPLING + k, first + j]
        _sum_series(w, m)
        for k in range(m):
            for j in range(WIDTH_64):
                c[k, first + j] = w[k, j] if k > 0 else 0.5 * w[k, j]
        for j in range(WIDTH_64):
            terms[first + j] = 0.5 * w[2 * m + 7, j]


@njit(cache=True)
def _sum_series(w, m):
    """Sum the series of the start, WIDTH_64 of them side by side.

    Rows of w: the sums (M, the first twice what it should be), zeros for the modes (M + 2), z,
    coupling, active, slowness, one for the lanes that go on, and the sizes of the terms of the
    first sum.
    """
    # The first mode is doubled and the second is also in the row before the first: then
    # cos(theta) makes of every mode the mean of its neighbours. The row behind the last stays 0.
    modes = m + 1
    two, one, zero = splat(2.0), splat(1.0), splat(0.0)
    store(w, 0, two)
    store(w, modes, two)
    row = 2 * m + 2
    z, coupling, active, slowness = (
        load(w, row), load(w, row + 1), load(w, row + 2), load(w, row + 3)
    )  # fmt: skip
    h, before, squares, going = one, zero, zero, one
    sizes, highest = two, zero
    for n in range(1, _MOST_TERMS):
        # Hermite polynomials over sqrt(n!), and coefficients times sqrt(n!), stay in range.
        root = np.sqrt(n)
        h, before = z * h * splat(1.0 / root) - before * splat(np.sqrt(n - 1.0) / root), h
        share = h * going
        up, back = splat(0.5 * root) * coupling, splat(np.sqrt(n * (n - 1.0))) * active
        order = splat(float(n))
        # Only k of the parity of n occur: those of n - 2 lie where those of n go. One division for
        # two of them, as divisions take longest.
        for k in range(n % 2, min(n + 1, m), 4):
            a = order + splat(float(k * k)) * slowness
            b = order + splat(float((k + 2) ** 2)) * slowness
            inverse = one / (a * b)
            middle = load(w, modes + k + 1)
            u = up * (load(w, modes + k - 1) + middle) - back * load(w, modes + k)
            v = up * (middle + load(w, modes + k + 3)) - back * load(w, modes + k + 2)
            u, v = u * (b * inverse), v * (a * inverse)
            store(w, modes + k, u)
            store(w, modes + k + 2, v)
            store(w, k, load(w, k) + share * u)
            store(w, k + 2, load(w, k + 2) + share * v)
            squares = squares + u * u + v * v
        if n % 2:
            store(w, modes - 1, load(w, modes + 1))
            continue
        # Each lane ends its own series: a result must not depend on its neighbours.
        highest = larger(highest, larger(h, zero - h))
        term = share * load(w, modes)
        sizes = sizes + larger(term, zero - term)
        going = going * above(squares, splat(_TOLERANCE**2))
        squares = zero
        store(w, row + 4, going)
        left = 0.0
        for j in range(WIDTH_64):
            left += w[row + 4, j]
        if left == 0.0:
            break
    # The terms behind the last are below the tolerance times these polynomials.
    store(w, row + 5, sizes + splat(_CUT) * highest)


@njit(cache=True, fastmath=_MATH)
def _filter_group(tracks, members, first, plan, ends, cosines, given_first, values):
    """Run filters members[first ... first + _LANES - 1] side by side."""
    n_lanes = min(_LANES, len(members) - first)
    n_sets = plan.shape[1] // tracks.shape[0]
    # Lanes beyond the last filter repeat it and are not written.
    records = np.empty(_LANES, np.int64)
    local = np.empty((plan.shape[0], _LANES))
    for j in range(_LANES):
        member = members[first + min(j, n_lanes - 1)]
        records[j] = member // n_sets
        for k in range(plan.shape[0]):
            local[k, j] = plan[k, member]
    # Rows: log likelihood, its powers of 2, then scratch.
    a = np.zeros((4, _LANES))
    for j in range(_LANES):
        a[1, j] = tracks[records[j], 0]
    w = _prepared(a, local, cosines, given_first)
    half = len(cosines) // 8
    _, _, _, spare, _, _, _, carry, data = angle_steps.rows(half)
    y = np.empty(_CHUNK, np.float32)

    done = 1
    for checkpoint in range(len(ends)):
        while done < ends[checkpoint]:
            n = min(_CHUNK, ends[checkpoint] - done)
            for j in range(_LANES):
                record = tracks[records[j], done - 1 : done + n]
                keep, unit = 1.0 - local[_LOSS_X, j], local[_PER_THERMAL, j]
                for t in range(n):
                    y[t] = (record[t + 1] - keep * record[t]) * unit
                own = w[j // WIDTH]
                for t in range(n):
                    own[data + t, j % WIDTH] = y[t]
            for g in range(_GROUPS):
                _bring_near(w[g], spare, carry, data, n, a[0, g * WIDTH :])
                angle_steps.steps(w[g], half, data, n, _FLOOR)
                for j in range(WIDTH):
                    a[1, g * WIDTH + j] += w[g, carry + 1, j]
                    w[g, carry + 1, j] = _F32(0.0)
            done += n
        for j in range(n_lanes):
            total = np.log(np.float64(w[j // WIDTH, carry, j % WIDTH]))
            values[members[first + j], checkpoint] = a[0, j] + _LOG_2 * a[1, j] + total


@njit(cache=True, fastmath=_MATH)
def _bring_near(w, spare, carry, data, n, log_density):
    """Bring steps further than _FARTHEST_STEP outside all means to there, where single precision
    suffices, and count the weight of the nearest angle that they lose.

    w: work space of `angle_steps`. log_density: of its filters, nats.
    """
    reach = load(w, carry + 2)
    worst = splat(_F32(0))
    for t in range(data, data + n):
        worst = larger(worst, larger(load(w, t), splat(_F32(0)) - load(w, t)) - reach)
    store(w, spare, worst)
    for j in range(WIDTH):
        if w[spare, j] > _FARTHEST_STEP:
            for t in range(data, data + n):
                y = np.float64(w[t, j])
                excess = abs(y) - w[carry + 2, j] - _FARTHEST_STEP
                if excess > 0.0:
                    sharp = np.float64(w[carry + 3, j])
                    log_density[j] -= (
                        _LOG_2 * sharp * sharp * excess * (excess + 2.0 * _FARTHEST_STEP)
                    )
                    w[t, j] = y - excess if y > 0.0 else y + excess


@njit(cache=True, fastmath=_MATH)
def _prepared(a, plan, cosines, given_first):
    """Work space of `angle_steps` for each WIDTH filters, before the second point.

    a: (4, lanes); row 0 becomes the log density of the first point, which is in row 1 and becomes
    0; the others are scratch. plan: (10, lanes).
    """
    m = len(cosines) // 4
    half = m // 2
    _, odd, p, _, shift, sharp, level, carry, data = angle_steps.rows(half)
    c = np.empty((2 * m + 1, _LANES))
    # All single-precision rows are in one array: the compiler then sees that they do not overlap.
    s = np.empty((data, _LANES), np.float32)
    for j in range(_LANES):
        a[3, j] = abs(a[1, j]) / plan[_LENGTH, j]
        a[1, j] = min(max(a[1, j] / plan[_LENGTH, j], -_FARTHEST), _FARTHEST)
    _start(a, plan, c)
    for j in range(_LANES):
        z = a[1, j]
        log_density = np.log(c[0, j] / plan[_LENGTH, j]) - 0.5 * (z * z + np.log(2 * np.pi))
        log_density -= _fall(a[3, j], plan, j) - _fall(abs(z), plan, j)
        a[0, j] = 0.0 if given_first else log_density
        a[2, j] = 1.0 / (m * c[0, j])
    _start_fading(plan[_START_TURN], c[2 * m - 2 :])
    for k in range(1, m):
        _fade(c[2 * m - 2 :])
        for j in range(_LANES):
            c[k, j] *= c[2 * m - 2, j]
    for i in range(half):
        for j in range(_LANES):
            a[1, j] = a[3, j] = 0.0
        # At the mirror image the odd modes have the other sign.
        for k in range(0, m, 2):
            turns = k * (2 * i + 1)
            even, uneven = cosines[turns % (4 * m)], cosines[(turns + 2 * i + 1) % (4 * m)]
            for j in range(_LANES):
                a[1, j] += even * c[k, j]
                a[3, j] += uneven * c[k + 1, j]
        for j in range(_LANES):
            s[p + i, j] = max(_F32((a[1, j] + a[3, j]) * a[2, j]), _FLOOR)
            s[p + half + i, j] = max(_F32((a[1, j] - a[3, j]) * a[2, j]), _FLOOR)
    a[1] = 0.0
    _fill_transition(plan[_TURN], cosines, c, s, odd)
    for i in range(half):
        cosine, sine_2 = cosines[2 * i + 1], 1.0 - cosines[2 * i + 1] ** 2
        for j in range(_LANES):
            variance = max(1.0 + plan[_EXCESS, j] * sine_2, _LEAST_NOISE)
            root = np.sqrt(0.5 / (_LOG_2 * variance))
            s[shift + i, j] = plan[_DRIFT, j] * cosine * root
            s[sharp + i, j] = root
            s[level + i, j] = -0.5 * np.log(variance) / _LOG_2
    for j in range(_LANES):
        s[carry, j], s[carry + 1, j] = 1.0, 0.0
        s[carry + 2, j], s[carry + 3, j] = plan[_DRIFT, j] * cosines[1], s[sharp, j]
    w = np.empty((_GROUPS, data + _CHUNK, WIDTH), np.float32)
    for g in range(_GROUPS):
        for row in range(data):
            for j in range(WIDTH):
                w[g, row, j] = s[row, g * WIDTH + j]
    return w


@njit(cache=True)
def _start(a, plan, c):
    """The cosine modes of the start, in c, for positions z in row 1 of a. A position so far in a
    tail that the rounding of the series matters is brought nearer. Row 2 of a is scratch."""
    for _ in range(_TIMES):
        _stationary_modes(a[1], plan, c, a[2])
        near = True
        for j in range(_LANES):
            if c[0, j] <= _DIGITS * a[2, j]:
                near = False
                a[1, j] *= _NEARER
        if near:
            return


@njit(cache=True)
def _fall(z, plan, j):
    """Logarithm of the fall of the density of positions from the reach of the propulsion to z > 0,
    where it is that of the thermal noise."""
    beyond = max(z - plan[_COUPLING, j], 0.0)
    return 0.5 * beyond * beyond / (1.0 - plan[_ACTIVE, j])


@njit(cache=True, fastmath=_MATH)
def _fill_transition(turn, cosines, c, s, odd):
    """Fill rows 0 ... of s with the packed matrix of a diffusion step on mirror-even densities,
    and rows odd ... with that on mirror-odd ones. turn: (lanes,). c: (2 M + 1, lanes) work space.

    Between grid points i and k the kernel on the half circle is g(i - k) + g(i + k + 1), with
    g(n) = 1/(2 M) [1 + 2 sum_l exp(-l^2 turn) cos(pi l n/M)]; even and odd parts follow from
    g(n) +- g(M - n).
    """
    m = len(cosines) // 4
    for n in range(m + 1):
        for j in range(_LANES):
            c[n, j] = 0.5 / m
    _start_fading(turn, c[2 * m - 2 :])
    for k in range(1, m):
        _fade(c[2 * m - 2 :])
        for n in range(m + 1):
            cosine = cosines[2 * k * n % (4 * m)] / m
            for j in range(_LANES):
                c[n, j] += cosine * c[2 * m - 2, j]
    for i in range(m // 2):
        for k in range(4 * (i // 4) + 4):
            row, near, far = angle_steps.packed_row(i, k), abs(i - k), i + k + 1
            for j in range(_LANES):
                u, v = c[near, j] + c[far, j], c[m - near, j] + c[m - far, j]
                s[row, j] = 0.5 * (u + v)
                s[odd + row, j] = 0.5 * (u - v)


@njit(cache=True)
def _start_fading(turn, w):
    """Rows of w: exp(-k^2 turn) at k = 0, exp(-(2 k + 1) turn), exp(-2 turn). turn: (lanes,)."""
    for j in range(_LANES):
        w[0, j], w[1, j] = 1.0, np.exp(-turn[j])
        w[2, j] = w[1, j] * w[1, j]


@njit(cache=True)
def _fade(w):
    """The rows of `_start_fading` for the next k."""
    for j in range(_LANES):
        w[0, j] *= w[1, j]
        w[1, j] *= w[2, j]
