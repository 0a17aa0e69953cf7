"""Mixtures of Student t's: the proposals of adaptive importance sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.special import gammaln

from activenoise.arrays import FloatArray
from activenoise.likelihood.vectors import WIDTH_64, fused, load, splat, store

_DOF = 6.0  # of the t's: tails heavier than a posterior's
_MOST_COMPONENTS = 8
_PER_COMPONENT = 20.0  # effective draws a component and dimension
_WIDER = 1.15  # than the fit, of the scale matrices: too wide costs less than too narrow
_THICKER = 0.05  # part of its diagonal by which a scale matrix is raised
_BROAD = 0.1  # weight of one more component that spans all draws
_EM_STEPS = 25
_PRIOR = 0.3  # weight of the prior in a mixture that starts from another model's


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of Student t's of `dof` degrees of freedom. weights (k,), means (k, d), and lower
    Cholesky factors (k, d, d) of their scale matrices; infinite dof for normals."""

    weights: FloatArray
    means: FloatArray
    factors: FloatArray
    dof: float = _DOF

    @classmethod
    def prior(cls, n_dims: int) -> Mixture:
        """The standard normal."""
        return cls(np.ones(1), np.zeros((1, n_dims)), np.eye(n_dims)[None], np.inf)

    @classmethod
    def fit(cls, z: FloatArray, w: FloatArray, rng: np.random.Generator) -> Mixture:
        """Weighted expectation-maximisation; as many components as the draws can carry."""
        columns = _side_by_side(z)
        z, w = columns.T, np.pad(w, (0, -len(w) % WIDTH_64))  # draws of no weight fill up vectors
        n, d = z.shape
        effective = 1 / np.sum(w**2)
        k = int(np.clip(effective / (_PER_COMPONENT * d), 1, _MOST_COMPONENTS))
        centre = w @ z
        (spread,) = _factors(_scatter(columns, w[None], centre[None]) / w.sum())
        white = (z - centre) @ np.linalg.inv(spread).T
        chosen = [int(rng.choice(n, p=w))]
        for _ in range(k - 1):
            distance = np.min([np.sum((white - white[c]) ** 2, axis=1) for c in chosen], axis=0)
            p = w * distance
            if not p.any():  # no two draws differ
                break
            chosen.append(int(rng.choice(n, p=p / p.sum())))
        nearest = np.argmin([np.sum((white - white[c]) ** 2, axis=1) for c in chosen], axis=0)
        k = len(chosen)
        share = np.eye(k)[nearest].T * 0.9 + 0.1 / k
        u = np.ones((k, n))
        mixture = cls.prior(d)
        for _ in range(_EM_STEPS):
            mass = share @ w
            # A component must have draws enough for its covariance.
            kept = mass * effective > d + 1
            if not kept.all() and kept.any():
                share, u, mass = share[kept], u[kept], mass[kept]
            uw = share * u * w
            means = uw @ z / uw.sum(axis=1)[:, None]
            factors = _factors(_scatter(columns, uw, means) / mass[:, None, None])
            mixture = cls(mass / mass.sum(), means, factors)
            squares, log_parts = mixture._parts(columns)
            share = np.exp(log_parts - _log_sum(log_parts))
            u = (_DOF + d) / (_DOF + squares)
        weights = np.append(mixture.weights * (1 - _BROAD), _BROAD)
        means = np.concatenate([mixture.means, centre[None]])
        broad = np.sqrt(2.0) * spread
        factors = np.concatenate([np.sqrt(_WIDER) * mixture.factors, broad[None]])
        return cls(weights, means, factors)

    def lifted(self, where: Sequence[int], n_dims: int) -> Mixture:
        """The mixture in more dimensions, n_dims: `where` are those of its own, and in the others
        it is as wide as the prior; one more component is the prior in all of them."""
        count = len(self.weights)
        means, factors = np.zeros((count, n_dims)), np.tile(np.eye(n_dims), (count, 1, 1))
        means[:, where] = self.means
        factors[np.ix_(range(count), where, where)] = self.factors
        prior = Mixture.prior(n_dims)
        return Mixture(
            np.append(self.weights * (1 - _PRIOR), _PRIOR),
            np.concatenate([means, prior.means]),
            np.concatenate([factors, prior.factors]),
        )

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Draws (count, d)."""
        which = rng.choice(len(self.weights), size=count, p=self.weights)
        normal = rng.standard_normal((count, self.means.shape[1]))
        if np.isfinite(self.dof):
            normal /= np.sqrt(rng.chisquare(self.dof, (count, 1)) / self.dof)
        return self.means[which] + np.einsum("nij,nj->ni", self.factors[which], normal)

    def log_density(self, z: FloatArray) -> FloatArray:
        """Log density at z (n, d)."""
        return _log_sum(self._parts(_side_by_side(z))[1])[: len(z)]

    def _parts(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Squared distances and log weighted densities of the components at (d, n), (k, n)."""
        d = len(columns)
        squares = _squares(columns, self.means, self.factors)
        level = np.log(self.weights) - np.log(np.diagonal(self.factors, 0, 1, 2)).sum(axis=1)
        if np.isinf(self.dof):
            return squares, (level - 0.5 * d * np.log(2 * np.pi))[:, None] - 0.5 * squares
        nu = self.dof
        level = level + gammaln((nu + d) / 2) - gammaln(nu / 2) - 0.5 * d * np.log(nu * np.pi)
        return squares, level[:, None] - 0.5 * (nu + d) * np.log1p(squares / nu)


def _log_sum(log_parts: FloatArray) -> FloatArray:
    """log of the sum of exp(log_parts) over the first axis; SciPy's checks cost more than it."""
    highest = log_parts.max(axis=0)
    return np.asarray(highest + np.log(np.exp(log_parts - highest).sum(axis=0)))


def _factors(covariances: FloatArray) -> FloatArray:
    """Cholesky factors of covariances (k, d, d), their diagonals raised so that no component is
    thinner than a curved ridge that it lies along."""
    raised = _THICKER * np.diagonal(covariances, axis1=1, axis2=2) + 1e-12
    raised = covariances + raised[:, :, None] * np.eye(covariances.shape[1])
    return np.asarray(np.linalg.cholesky(raised), np.float64)


def _side_by_side(z: FloatArray) -> FloatArray:
    """Draws (n, d) as (d, n), filled up with zeros to whole vectors."""
    columns = np.zeros((z.shape[1], len(z) + -len(z) % WIDTH_64))
    columns[:, : len(z)] = z.T
    return columns


def _scatter(columns: FloatArray, weights: FloatArray, means: FloatArray) -> FloatArray:
    """Weighted sums, weights (k, n), of the squares of draws (d, n) about each of the means (k, d),
    (k, d, d); n is a multiple of WIDTH_64."""
    rows = weights.reshape(-1, WIDTH_64)
    return np.asarray(_scatter_rows(columns.reshape(-1, WIDTH_64), rows, means).sum(axis=-1))


@njit(cache=True)
def _scatter_rows(columns, weights, means):
    k, d = means.shape
    rows = len(columns) // d
    totals = np.zeros((k, d, d, WIDTH_64))
    away = np.empty((d, WIDTH_64))
    for c in range(k):
        total = totals[c].reshape(-1, WIDTH_64)
        for i in range(rows):
            weight = load(weights, c * rows + i)
            for a in range(d):
                own = load(columns, a * rows + i) - splat(means[c, a])
                store(away, a, own)
                own = weight * own
                for b in range(a + 1):
                    at = a * d + b
                    store(total, at, fused(own, load(away, b), load(total, at)))
        for a in range(d):
            for b in range(a):
                totals[c, b, a] = totals[c, a, b]
    return totals


def _squares(columns: FloatArray, means: FloatArray, factors: FloatArray) -> FloatArray:
    """Squared distances of draws (d, n) from each of the means (k, d), in units of the lower
    Cholesky factors (k, d, d), (k, n); n is a multiple of WIDTH_64."""
    rows = columns.reshape(-1, WIDTH_64)
    return np.asarray(_squares_rows(rows, means, factors).reshape(len(means), -1))


@njit(cache=True)
def _squares_rows(columns, means, factors):
    k, d = means.shape
    rows = len(columns) // d
    squares = np.empty((k * rows, WIDTH_64))
    solved = np.empty((d, WIDTH_64))
    for c in range(k):
        for i in range(rows):
            total = splat(0.0)
            for a in range(d):
                rest = load(columns, a * rows + i) - splat(means[c, a])
                for b in range(a):
                    rest = fused(splat(-factors[c, a, b]), load(solved, b), rest)
                rest = rest * splat(1.0 / factors[c, a, a])
                store(solved, a, rest)
                total = fused(rest, rest, total)
            store(squares, c * rows + i, total)
    return squares
