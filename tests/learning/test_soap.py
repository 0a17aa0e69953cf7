"""SOAP: what is known of its steps without running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import keras
import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from activenoise.learning.soap import SOAP

Matrix = NDArray[np.float64]
N = 5  # rows and columns


def path(
    make: Callable[[], keras.optimizers.Optimizer],
    start: Matrix,
    slope: Callable[[Matrix], Matrix],
    noise: Sequence[Matrix] | None = None,
) -> Matrix:
    """The weights after each of 60 steps, or as many as there is noise of slopes."""
    weights, optimizer = keras.Variable(start, dtype="float32"), make()
    kept = []
    for error in [0.0] * 60 if noise is None else noise:
        now = ops.convert_to_numpy(weights).astype(np.float64)
        optimizer.apply([ops.convert_to_tensor(slope(now) + error, "float32")], [weights])
        kept.append(ops.convert_to_numpy(weights))
    return np.array(kept)


Problem = tuple[Matrix, Callable[[Matrix], Matrix]]


def hills(lowest: float, seed: int) -> Problem:
    """A start and the slopes of a quadratic form whose axes are those of no row and no column;
    curvatures from lowest^2 to 1."""
    rng = np.random.default_rng(seed)
    left, right = rotations(rng)
    bends = np.outer(np.geomspace(lowest, 1, N), np.geomspace(lowest, 1, N))
    return rng.standard_normal((N, N)), lambda w: left @ (bends * (left.T @ w @ right)) @ right.T


def rotations(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    left, right = (np.linalg.qr(rng.standard_normal((N, N)))[0] for _ in range(2))
    return left, right


@pytest.mark.parametrize("optimizer", [SOAP, keras.optimizers.Adam])
def test_the_steps_do_not_depend_on_the_axes(optimizer: type[keras.optimizers.Optimizer]) -> None:
    """Turned problem, turned path: of SOAP, and not of Adam, which divides entry by entry."""
    start, slope = hills(0.1, 0)
    rng = np.random.default_rng(1)
    left, right = rotations(rng)
    noise = 0.3 * rng.standard_normal((40, N, N))
    found = path(lambda: optimizer(0.05), start, slope, noise)
    turned = path(
        lambda: optimizer(0.05),
        left @ start @ right,
        lambda w: left @ slope(left.T @ w @ right.T) @ right,
        left @ noise @ right,
    )
    apart = np.abs(turned - left @ found @ right).max()
    assert (apart < 1e-2) == (optimizer is SOAP)


def test_it_is_adam_where_there_is_no_basis() -> None:
    """But for the first slopes, which make no step."""
    for shape in ((7,), (7, 1)):
        start = np.random.default_rng(2).standard_normal(shape)
        bends = np.logspace(-1, 1, 7).reshape(shape)
        both = [
            path(make, start, partial(np.multiply, bends))
            for make in (
                lambda: SOAP(0.03, beta_2=0.99),
                lambda: keras.optimizers.Adam(0.03, beta_2=0.99, epsilon=1e-8),
            )
        ]
        np.testing.assert_allclose(both[0][0], start, rtol=1e-6)
        np.testing.assert_allclose(both[0][1:], both[1][:-1], atol=1e-5)


def test_it_goes_down_where_adam_goes_astray() -> None:
    """On curvatures of 10^-4 to 1 along axes that are turned."""
    start, slope = hills(0.01, 3)
    left = {}
    for kind in (SOAP, keras.optimizers.Adam):
        ends = [
            path(partial(kind, rate, beta_2=0.99), start, slope)[-1]
            for rate in (0.02, 0.05, 0.1, 0.2)
        ]
        left[kind] = min(np.sum(slope(w) * w) for w in ends)
    assert left[SOAP] < 0.5 * left[keras.optimizers.Adam]


def test_its_settings_are_saved() -> None:
    made = SOAP(0.01, beta_1=0.8, beta_2=0.95, beta_basis=0.9, every=5, clipnorm=2.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    assert isinstance(again, SOAP)
    assert again.get_config() == made.get_config()
