"""Mixtures of Student t's: the proposals of adaptive importance sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.special import gammaln

from activenoise.arrays import FloatArray

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
        n, d = z.shape
        rows = np.ascontiguousarray(z)
        effective = 1 / np.sum(w**2)
        k = int(np.clip(effective / (_PER_COMPONENT * d), 1, _MOST_COMPONENTS))
        centre = w @ z
        (spread,) = _factors(_scatter(rows, w[None], centre[None]) / w.sum())
        white = (z - centre) @ np.linalg.inv(spread).T
        chosen = [int(rng.choice(n, p=w))]
        for _ in range(k - 1):
            distance = np.min([np.sum((white - white[c]) ** 2, axis=1) for c in chosen], axis=0)
            p = w * distance
            chosen.append(int(rng.choice(n, p=p / p.sum())))
        nearest = np.argmin([np.sum((white - white[c]) ** 2, axis=1) for c in chosen], axis=0)
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
            factors = _factors(_scatter(rows, uw, means) / mass[:, None, None])
            mixture = cls(mass / mass.sum(), means, factors)
            squares, log_parts = mixture._parts(z)
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
        return _log_sum(self._parts(z)[1])

    def _parts(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Squared distances and log weighted densities of the components, (k, n)."""
        d = z.shape[1]
        squares = _squares(np.ascontiguousarray(z), self.means, self.factors)
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


@njit(cache=True)
def _scatter(z, weights, means):
    """Weighted sums of the squares of z (n, d) about each of the means (k, d), (k, d, d)."""
    k, d = means.shape
    total = np.zeros((k, d, d))
    away = np.empty(d)
    for c in range(k):
        for i in range(len(z)):
            for a in range(d):
                away[a] = z[i, a] - means[c, a]
                part = weights[c, i] * away[a]
                for b in range(a + 1):
                    total[c, a, b] += part * away[b]
        for a in range(d):
            for b in range(a):
                total[c, b, a] = total[c, a, b]
    return total


@njit(cache=True)
def _squares(z, means, factors):
    """Squared distances of z (n, d) from each of the means (k, d), in units of the lower Cholesky
    factors (k, d, d), (k, n)."""
    k, d = means.shape
    squares = np.zeros((k, len(z)))
    solved = np.empty(d)
    for c in range(k):
        for i in range(len(z)):
            for a in range(d):
                rest = z[i, a] - means[c, a]
                for b in range(a):
                    rest -= factors[c, a, b] * solved[b]
                solved[a] = rest / factors[c, a, a]
                squares[c, i] += solved[a] * solved[a]
    return squares
