"""Vectors of numbers as values in compiled code: 16 in single precision, 8 in double.

    v = load(rows, i)                # row i of an array (n_rows, 16) of float32 or (n_rows, 8)
    store(rows, i, v * v - splat(a)) # and back

Numba's loops over lanes are vectorised if the compiler sees fit, in registers of half the size that
a processor with AVX-512 has, and what one loop hands to the next goes through memory. A vector
stays in registers, one of AVX-512 or several smaller ones. Products and sums may be fused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.core.cgutils import ir  # of llvmlite, which comes with Numba and as it needs it
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

WIDTH = 16  # of vectors in single precision
WIDTH_64 = 8

_F32 = np.float32
# A number added to this and taken off again is rounded to a whole number, which the lowest bits of
# the sum hold. Nothing may reassociate the two.
ROUND = _F32(1.5 * 2**23)
_FLAGS = ("contract", "nnan", "nsz")
# And in double precision.
_ROUND_64 = 1.5 * 2**52
_INTS = ir.VectorType(ir.IntType(32), WIDTH)


class _Vector(types.Type):
    def __init__(self, element: types.Float) -> None:
        self.element = element
        self.width = 512 // element.bitwidth
        number = ir.FloatType() if element == types.float32 else ir.DoubleType()
        self.ir = ir.VectorType(number, self.width)
        self.ints = ir.VectorType(ir.IntType(element.bitwidth), self.width)
        self.digits = 23 if element == types.float32 else 52  # bits behind the leading one
        super().__init__(name=f"vector of {self.width} {element}")


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: object, kind: _Vector) -> None:
        super().__init__(manager, kind, kind.ir)


def _arithmetic(function: Callable[..., object], instruction: str) -> None:
    @type_callable(function)
    def of_vectors(context: object) -> Callable[..., object]:
        return lambda a, b: a if isinstance(a, _Vector) and a == b else None

    @lower_builtin(function, _Vector, _Vector)
    def lower(context: object, builder: Any, signature: object, arguments: Any) -> object:
        return getattr(builder, instruction)(*arguments, flags=_FLAGS)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _repeated(builder, number, kind):
    """The vector of one number."""
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, empty, zeros)


def _whole(builder, number):
    return _repeated(builder, ir.IntType(32)(number), _INTS)


@intrinsic
def splat(typing, number):
    """The vector of one number, a float32 or a float64."""
    kind = _Vector(number)

    def generate(context, builder, signature, arguments):
        return _repeated(builder, arguments[0], kind.ir)

    return kind(number), generate


def _address(context, builder, kind, signature, arguments):
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    first = builder.mul(arguments[1], arguments[1].type(kind.width))
    return builder.bitcast(builder.gep(data, [first]), kind.ir.as_pointer())


@intrinsic
def load(typing, rows, row):
    """A row of a C-contiguous array (n_rows, WIDTH or WIDTH_64); nothing is checked."""
    kind = _Vector(rows.dtype)

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, kind, signature, arguments)
        return builder.load(address, align=kind.element.bitwidth // 8)

    return kind(rows, types.int64), generate


@intrinsic
def store(typing, rows, row, values):
    """Fill a row of a C-contiguous array (n_rows, WIDTH or WIDTH_64); nothing is checked."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, values, signature, arguments)
        builder.store(arguments[2], address, align=values.element.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(rows, types.int64, values), generate


@intrinsic
def larger(typing, a, b):
    """The larger of each pair of numbers."""

    def generate(context, builder, signature, arguments):
        a, b = arguments
        return builder.select(builder.fcmp_ordered(">", a, b, flags=_FLAGS), a, b)

    return a(a, b), generate


@intrinsic
def above(typing, a, b):
    """1 where a is larger than b, and 0 elsewhere."""

    def generate(context, builder, signature, arguments):
        return builder.uitofp(builder.fcmp_ordered(">", *arguments), a.ir)

    return a(a, b), generate


@intrinsic
def fused(typing, a, b, c):
    """a b + c, with one rounding where the processor can."""

    def generate(context, builder, signature, arguments):
        name = f"llvm.fmuladd.v{a.width}f{a.element.bitwidth}"
        function = ir.FunctionType(a.ir, [a.ir] * 3)
        return builder.call(
            cgutils.get_or_insert_function(builder.module, function, name), arguments
        )

    return a(a, b, c), generate


@intrinsic
def square_root(typing, a):
    """The square root of each number."""

    def generate(context, builder, signature, arguments):
        name = f"llvm.sqrt.v{a.width}f{a.element.bitwidth}"
        function = ir.FunctionType(a.ir, [a.ir])
        return builder.call(
            cgutils.get_or_insert_function(builder.module, function, name), arguments
        )

    return a(a), generate


@intrinsic
def exponent(typing, a):
    """n of a = m 2^n, 1 <= m < 2. a: single precision, positive and normal."""

    def generate(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], _INTS)
        biased = builder.lshr(bits, _whole(builder, 23))
        return builder.sitofp(builder.sub(biased, _whole(builder, 127)), a.ir)

    return a(a), generate


@intrinsic
def _times_power(typing, a, n):
    """a 2^n, for n in the lowest bits of a sum with ROUND, or its like in double precision; a and
    the result must be normal."""

    def generate(context, builder, signature, arguments):
        bits, whole = (builder.bitcast(x, a.ints) for x in arguments)
        digits = ir.Constant(a.ints, [a.digits] * a.width)
        return builder.bitcast(builder.add(bits, builder.shl(whole, digits)), a.ir)

    return a(a, n), generate


@njit(cache=True, forceinline=True)
def times_exp2(a, t, whole):
    """a 2^(t + n) in single precision, relative error 1e-7. whole: ROUND + n, n a whole number.

    a and the result must be normal; t + n is below 2^22.
    """
    shifted = t + whole
    f = t - (shifted - whole)
    s = splat(_F32(1.5403530e-4)) * f + splat(_F32(1.3333558e-3))
    s = s * f + splat(_F32(9.6181291e-3))
    s = s * f + splat(_F32(5.5504109e-2))
    s = s * f + splat(_F32(2.4022651e-1))
    s = s * f + splat(_F32(6.9314718e-1))
    s = s * f + splat(_F32(1.0))
    return _times_power(a, shifted) * s


@njit(cache=True, forceinline=True)
def exp(x):
    """e^x in double precision, relative error 1e-15. |x| must be below 700."""
    unit = splat(_ROUND_64)
    shifted = fused(x, splat(1.4426950408889634), unit)
    n = shifted - unit
    # log(2) in two parts, so that n log(2) has no error of rounding.
    f = fused(n, splat(-0.693147180369123816490), x)
    f = fused(n, splat(-1.90821492927058770002e-10), f)
    s = fused(splat(1 / 479001600), f, splat(1 / 39916800))
    s = fused(s, f, splat(1 / 3628800))
    s = fused(s, f, splat(1 / 362880))
    s = fused(s, f, splat(1 / 40320))
    s = fused(s, f, splat(1 / 5040))
    s = fused(s, f, splat(1 / 720))
    s = fused(s, f, splat(1 / 120))
    s = fused(s, f, splat(1 / 24))
    s = fused(s, f, splat(1 / 6))
    s = fused(s, f, splat(0.5))
    s = fused(s, f, splat(1.0))
    return _times_power(fused(s, f, splat(1.0)), shifted)
