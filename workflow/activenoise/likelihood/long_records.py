"""Exact likelihood of a long record without gaps under many linear models, at a cost per model
that hardly grows with the record's length.

Let the filter of `kalman` have the gain K and the variance s that it settles at from its first
point on, and A = F - K G. Its innovations are v_t = y_t + h_1 y_{t-1} + h_2 y_{t-2} + ... with
h_j = -G A^{j-1} K, so that with zeros before and behind the record

    sum over all t of v_t^2 = c_0 r_0 + 2 sum over k >= 1 of c_k r_k,

r_k the sums of products of the record at lag k and c_k those of h. In the eigenvectors of A, c_k
is a sum of powers l^{k-1} of the eigenvalues l, and of the record no more is needed than sums of
l^k z_k for three sequences z: itself, itself backwards, and its products. Two corrections make
this exact.

* Behind the record v rings down from the filter's last state m: less m' W m, with
  W = sum over t >= 0 of A'^t G'G A^t.
* The start is P, not the P_s of the settled filter. Their difference D adds a covariance of low
  rank to the record. With M = sum over the record of A'^t G'G A^t/s and
  b = sum over the record of A'^t G' v_t/s (Woodbury's identity, the lemma of the determinant),

      sum of v_t^2/s - b' (1 + D M)^-1 D b    and    N log s + log det(1 + D M)

  are the sums of the filter that has yet to settle.

Positions are far larger than innovations, so that products of positions would cancel. With h(1)
the answer to a constant, and falls d_k = r_0 - r_k, which are sums of products of increments,

    sum over all t of v_t^2 = h(1)^2 r_0 - 2 sum over k >= 1 of c_k d_k.

P_s comes from doublings of the Riccati equation (Anderson, Int. J. Control 28, 295, 1978), of that
for P_s - P, which has neither S nor a vanishing R. The functions of a baseline are records too:
what is said of squares of v holds for its products with the innovations of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.likelihood.doublings import settled_change
from activenoise.likelihood.lanes import marginal
from activenoise.likelihood.power_sums import Numbers, PowerSums, smooth
from activenoise.physics.system import Discrete
from activenoise.threads import in_threads

_GROUP = 128  # models at a time; with more their powers leave the cache
_FIRST = 4  # points that are taken one by one
_SLOWEST = 1 - 1e-9  # an eigenvalue beyond is 1 but for rounding
_LARGEST_ERROR = 3e-3  # nats, by an estimate of the rounding, mostly far too large
_LARGEST_SHARE = 1e-5  # of rounding in what is known of a baseline, by an estimate that may be low


class LongRecord:
    """What the likelihood needs of a record and of the functions of its baseline, as sequences
    (1 + unknowns, n_points), the record first, finite."""

    def __init__(self, sequences: FloatArray) -> None:
        self.n_sequences, self.n_points = sequences.shape
        self.pairs = [(a, b) for a in range(self.n_sequences) for b in range(a + 1)]
        self.products = np.array([sequences[a] @ sequences[b] for a, b in self.pairs])
        steps = np.diff(sequences, prepend=0.0, append=0.0)
        size = 1 << (2 * steps.shape[1]).bit_length()  # with as many zeros behind it at least
        waves = np.fft.rfft(steps, size)
        falls = np.zeros((len(self.pairs), self.n_points))  # 2 r_0 - r_k - r_-k of k = 1 ... n - 1
        for fall, (a, b) in zip(falls, self.pairs, strict=True):
            # The second differences of r are the products of increments at lags k and -k.
            curvature = np.fft.irfft(2 * (waves[a].conj() * waves[b]).real, size)
            curvature[0] /= 2
            fall[:-1] = np.cumsum(np.cumsum(curvature[: self.n_points - 1]))
        self._powers = PowerSums(self.n_points)
        every = np.concatenate([sequences, sequences[:, ::-1], falls])
        self._weights = self._powers.weights(every)

    def sums(self, l: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Sums of powers of l (m, k): with the points of each sequence, with those counted from its
        end, (n_sequences, m, k), and with the falls of each pair, (n_pairs, m, k)."""
        # One product a model: of a large one the library would make threads of its own.
        values, c = np.moveaxis(self._powers.powers(l) @ self._weights.T, -1, 0), self.n_sequences
        return values[:c], values[c : 2 * c], values[2 * c :]


def log_densities(system: Discrete, records: Sequence[LongRecord]) -> FloatArray:
    """Log densities of records under the m models of a system, nats, (n_records, m), baselines
    integrated out over flat priors; NaN for a model whose filter never settles, or where rounding
    may matter."""
    values = np.empty((len(records), len(system.R)))
    groups = (len(system.R) + _GROUP - 1) // _GROUP
    in_threads(_fill, groups, system, records, values)
    return values


def settled_variance(system: Discrete) -> FloatArray:
    """Variance of an innovation of each model once its filter has settled, length^2, (m,); NaN
    where it never does."""
    with np.errstate(all="ignore"):  # what comes of it is not finite, and is not used
        settled = _settled(system)
    return np.where(settled.settles & (settled.s > 0), settled.s, np.nan)


def _fill(
    first: int, last: int, system: Discrete, records: Sequence[LongRecord], values: FloatArray
) -> None:
    for group in range(first, last):
        members = slice(group * _GROUP, (group + 1) * _GROUP)
        with np.errstate(all="ignore"):  # what comes of it is not finite, and is not used
            try:
                filters = _diagonal(_settled(Discrete(*(part[members] for part in system))))
                values[:, members] = [_densities(filters, record) for record in records]
            except np.linalg.LinAlgError:  # one of them has no eigenvectors
                values[:, members] = np.nan


class _Settled(NamedTuple):
    """The filters of m models that have settled, states in units of their own.

    A: (m, k, k). G, K: (m, k). s: (m,). excess: (m, k, k), the covariance at the start less that of
    the filter. reach: (m,), size over s of the numbers that s comes from. settles: (m,).
    """

    A: FloatArray
    G: FloatArray
    K: FloatArray
    s: FloatArray
    excess: FloatArray
    reach: FloatArray
    settles: NDArray[np.bool_]


def _settled(system: Discrete) -> _Settled:
    size = np.sqrt(np.diagonal(system.P + system.Q, axis1=1, axis2=2))
    size = np.where(size > 0, size, 1.0)
    across = size[:, :, None] * size[:, None, :]
    F = system.F * size[:, None, :] / size[:, :, None]
    G, Q, S, P = system.G * size, system.Q / across, system.S / size, system.P / across

    def gain(P: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        PG = np.einsum("mij,mj->mi", P, G)
        s = system.R + np.einsum("mi,mi->m", G, PG)
        K = (np.einsum("mij,mj->mi", F, PG) + S) / s[:, None]
        return s, K, F - K[:, :, None] * G[:, None, :]

    def carried(P: FloatArray) -> FloatArray:
        # Joseph's form: no difference of large covariances.
        _, K, A = gain(P)
        across = K[:, :, None] * (0.5 * system.R[:, None] * K - S)[:, None, :]
        return A @ P @ _turned(A) + Q + across + _turned(across)

    # A few points leave of a wide start what is of the size of s.
    near = P
    for _ in range(_FIRST):
        near = carried(near)
    s, _, closed = gain(near)
    known = G[:, :, None] * G[:, None, :] / s[:, None, None]
    change, settles = settled_change(_turned(closed), known, carried(near) - near)
    end = carried(near + change)
    s, K, closed = gain(end)
    reach = np.einsum("mi,mij,mj->m", np.abs(G), np.abs(near), np.abs(G)) / s
    settles &= np.isfinite(closed).all(axis=(1, 2))
    return _Settled(closed, G, K, s, P - end, reach, settles)


class _Diagonal(NamedTuple):
    """The settled filter of m models in the k eigenvectors of A.

    l, K: (m, k). W: (m, k, k). inverse: (m, k, k), of the eigenvectors. excess: (m, k, k), of the
    states, as in `_Settled`. lags: (m, k), c_j = sum of lags l^{j-1}. level: (m,), h(1). start:
    (m, k), of b. s: (m,). condition: (m,), of the eigenvectors, infinite where this is no use.
    reach: (m,), as in `_Settled`.
    """

    l: Numbers
    K: Numbers
    W: Numbers
    inverse: Numbers
    excess: FloatArray
    lags: Numbers
    level: Numbers
    start: Numbers
    s: FloatArray
    condition: FloatArray
    reach: FloatArray


def _diagonal(settled: _Settled) -> _Diagonal:
    A, G, K, s, excess, reach, settles = settled
    l, V = np.linalg.eig(np.where(settles[:, None, None], A, 0.0))
    usable = settles & (smooth(l) & (np.abs(l) < _SLOWEST)).all(axis=1)
    V[~usable] = np.eye(V.shape[1])
    inverse = np.linalg.inv(V)
    # Of the eigenvalues; whatever the units of the states.
    condition = np.einsum("mij,mji->mi", np.abs(inverse), np.abs(V)).max(axis=1)
    g, K = np.einsum("mi,mij->mj", G, V), np.einsum("mij,mj->mi", inverse, K)
    series = 1 / (1 - l[:, :, None] * l[:, None, :])  # sums of (l_i l_j)^t
    W = g[:, :, None] * g[:, None, :] * series
    return _Diagonal(
        l=l,
        K=K,
        W=W,
        inverse=inverse,
        excess=excess,
        lags=g * (l * K * np.einsum("mij,mj,mj->mi", series, K, g) - K),
        level=1 - np.sum(g * K / (1 - l), axis=1),
        start=g - l * np.einsum("mij,mj->mi", W, K),
        s=s,
        condition=np.where(usable, condition, np.inf),
        reach=reach,
    )


def _densities(f: _Diagonal, record: LongRecord) -> FloatArray:
    """Log densities of one record, (m,)."""
    n, s = record.n_points, f.s[:, None]
    forward, backward, falls = record.sums(f.l)
    behind = f.l**n
    last = f.K * backward
    b = (f.start * forward + behind * np.einsum("mij,cmj->cmi", f.W, last)) / s
    M = f.W * (1 - behind[:, :, None] * behind[:, None, :]) / s[:, :, None]
    # Back to the states, of which few start far off: their rows alone are large.
    b, M = (b[:, :, None] @ f.inverse)[:, :, 0].real, (_turned(f.inverse) @ M @ f.inverse).real
    raised = np.eye(M.shape[1]) + f.excess @ M
    shift = np.linalg.solve(raised, np.einsum("mij,cmj->mic", f.excess, b))
    # From lag n on the falls are 2 r_0.
    constant = f.level**2 - 2 * np.sum(f.lags * f.l ** (n - 1) / (1 - f.l), axis=1)
    products, rounding = np.zeros((len(s), 6)), np.zeros((len(s), 6))
    for row, (i, j) in enumerate(record.pairs):
        parts = np.array(
            [
                constant * record.products[row] / f.s,
                -np.sum(f.lags * falls[row], axis=1) / f.s,
                -np.einsum("mi,mij,mj->m", last[i], f.W, last[j]) / f.s,
                -np.einsum("mi,mi->m", b[i], shift[:, :, j]),
            ]
        )
        products[:, row] = parts.sum(axis=0).real
        rounding[:, row] = np.finfo(float).eps * f.condition * np.abs(parts).max(axis=0)
    log_s = n * np.log(f.s) + np.linalg.slogdet(raised)[1]
    # Of a model that leaves many times what it should the last digits do not matter.
    worth = _LARGEST_ERROR * np.maximum(1.0, products[:, 0] / n)
    good = rounding[:, 0] + np.finfo(float).eps * f.reach * n <= worth
    unknowns = record.n_sequences - 1
    for row in (2, 5)[:unknowns]:  # what the record knows of the baseline, whose logarithm counts
        good &= rounding[:, row] <= _LARGEST_SHARE * products[:, row]
    values = np.full(len(s), np.nan)
    for model in np.flatnonzero(good):
        values[model] = marginal(products[model], log_s[model], n, unknowns)
    return values


def _turned(matrices: Numbers) -> Numbers:
    return np.swapaxes(matrices, 1, 2)
