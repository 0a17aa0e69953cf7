"""Doublings of the Riccati equation against the equation's solution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from activenoise.likelihood.doublings import settled_change


def random_systems(m: int, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """F (m, k, k) with eigenvalues inside the unit circle, G (m, k), Q (m, k, k), R (m,)."""
    rng = np.random.default_rng(k)
    F = rng.normal(size=(m, k, k))
    F *= (rng.uniform(0.5, 0.99, m) / np.abs(np.linalg.eigvals(F)).max(axis=1))[:, None, None]
    root = rng.normal(size=(m, k, k))
    return F, rng.normal(size=(m, k)), root @ np.swapaxes(root, 1, 2), rng.uniform(0.1, 2.0, m)


def carried(P: np.ndarray, F: np.ndarray, G: np.ndarray, Q: np.ndarray, R: float) -> np.ndarray:
    s = G @ P @ G + R
    return F @ P @ F.T + Q - np.outer(F @ P @ G, F @ P @ G) / s


@pytest.mark.parametrize("k", [1, 2, 3, 6, 10])
@pytest.mark.parametrize("wide", [0.0, 100.0])
def test_change_leads_to_the_solution_of_the_riccati_equation(k, wide):
    """From below and from above; 11 systems fill one group of eight and a part of another."""
    F, G, Q, R = random_systems(11, k)
    starts = np.tile(wide * np.eye(k), (11, 1, 1))
    A, B, D, ends = [], [], [], []
    for f, g, q, r, P in zip(F, G, Q, R, starts, strict=True):
        s = g @ P @ g + r
        A.append((f - np.outer(f @ P @ g / s, g)).T)
        B.append(np.outer(g, g) / s)
        D.append(carried(P, f, g, q, r) - P)
        ends.append(solve_discrete_are(f.T, g[:, None], q, [[r]]))
    change, settles = settled_change(*(np.array(parts) for parts in (A, B, D)))
    assert settles.all()
    for P, more, end in zip(starts, change, ends, strict=True):
        np.testing.assert_allclose(P + more, end, rtol=0, atol=1e-9 * max(np.abs(end).max(), wide))


def test_rows_are_exchanged_where_the_first_pivot_vanishes():
    """1 + B D = [[0, 1], [1, 1]] cannot be eliminated from its first row on. With an A that is next
    to nothing there is no more change than that of the first point."""
    B, A = np.eye(2)[None], 1e-9 * np.eye(2)[None]
    D = np.array([[[-1.0, 1.0], [1.0, 0.0]]])
    change, settles = settled_change(A, B, D)
    assert settles[0]
    np.testing.assert_allclose(change, D, rtol=0, atol=1e-15)


def test_what_is_never_seen_does_not_settle():
    """A state that walks and is not in the record: its variance grows for ever. Its neighbours in
    the group settle."""
    A = np.array([[[0.5]], [[1.0]], [[0.2]]])
    B = np.array([[[1.0]], [[0.0]], [[0.5]]])
    D = np.array([[[1.0]], [[1.0]], [[1.0]]])
    _, settles = settled_change(A, B, D)
    assert settles.tolist() == [True, False, True]
