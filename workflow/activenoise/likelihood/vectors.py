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


def _named(builder, name, kind, n):
    """A function of LLVM of n vectors that gives one."""
    full = f"llvm.{name}.v{kind.width}f{kind.element.bitwidth}"
    function = ir.FunctionType(kind.ir, [kind.ir] * n)
    return cgutils.get_or_insert_function(builder.module, function, full)


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
    return _place(builder, data, arguments[1], kind)


def _place(builder, data, row, kind):
    """The address of a row of vectors."""
    first = builder.mul(row, row.type(kind.width))
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


@intrinsic(prefer_literal=True)
def add_products(
    typing, n, sums, first, n_next, rows, row, row_step, n_rows, numbers, number, number_step,
    n_numbers, between,
):  # fmt: skip
    """Add to row (first + j n_next + i) of `sums`, for each i < n_rows and j < n_numbers, the sum
    over k < n of row (row + k row_step + i) of `rows` times number (number + k number_step +
    j between) of `numbers`: a tile of a product of matrices, whose sums stay in registers.

    sums, rows: C-contiguous (any, WIDTH or WIDTH_64); numbers: C-contiguous, any shape; nothing is
    checked. n_rows, n_numbers: literals; their product is at most the number of registers.
    """
    kind = _Vector(rows.dtype)

    def generate(context, builder, signature, arguments):
        n, _, first, n_next, _, row, row_step, _, _, number, number_step, _, between = arguments
        into, vectors_at, factors = (
            context.make_array(signature.args[i])(context, builder, arguments[i]).data
            for i in (1, 4, 8)
        )
        whole = first.type
        tile = {}
        align = kind.element.bitwidth // 8
        for j in range(n_numbers.literal_value):
            for i in range(n_rows.literal_value):
                index = builder.add(builder.add(first, builder.mul(n_next, whole(j))), whole(i))
                place = _place(builder, into, index, kind)
                held = builder.load(place, align=align)
                tile[i, j] = place, cgutils.alloca_once_value(builder, held)
        fma = _named(builder, "fmuladd", kind, 3)
        with cgutils.for_range(builder, n, intp=whole) as loop:
            top = builder.add(row, builder.mul(loop.index, row_step))
            begin = builder.add(number, builder.mul(loop.index, number_step))
            places = [
                _place(builder, vectors_at, builder.add(top, whole(i)), kind)
                for i in range(n_rows.literal_value)
            ]
            vectors = [builder.load(place, align=align) for place in places]
            for j in range(n_numbers.literal_value):
                index = builder.add(begin, builder.mul(between, whole(j)))
                factor = _repeated(builder, builder.load(builder.gep(factors, [index])), kind.ir)
                for i, vector in enumerate(vectors):
                    held = tile[i, j][1]
                    builder.store(builder.call(fma, [vector, factor, builder.load(held)]), held)
        for place, held in tile.values():
            builder.store(builder.load(held), place, align=align)
        return context.get_dummy_value()

    w = types.int64
    arguments = (w, sums, w, w, rows, w, w, n_rows, numbers, w, w, n_numbers, w)
    return types.void(*arguments), generate


@intrinsic
def larger(typing, a, b):
    """The larger of each pair of numbers."""

    def generate(context, builder, signature, arguments):
        a, b = arguments
        return builder.select(builder.fcmp_ordered(">", a, b, flags=_FLAGS), a, b)

    return a(a, b), generate


@intrinsic
def chosen(typing, a, b, x, y):
    """x where a is larger than b, and y elsewhere."""

    def generate(context, builder, signature, arguments):
        a, b, x, y = arguments
        return builder.select(builder.fcmp_ordered(">", a, b), x, y)

    return a(a, b, a, a), generate


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
        return builder.call(_named(builder, "fmuladd", a, 3), arguments)

    return a(a, b, c), generate


@intrinsic
def square_root(typing, a):
    """The square root of each number."""

    def generate(context, builder, signature, arguments):
        return builder.call(_named(builder, "sqrt", a, 1), arguments)

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
