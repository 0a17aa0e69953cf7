"""What one core can do at most, and which fraction of it each kernel reaches.

Multiply-adds are measured by a matrix product (BLAS, one thread), memory traffic by a loop that
does nothing else, normals by the library's own generator. A kernel's floating-point instructions a
point are counted from its source: additions, multiplications and fused multiply-adds alike, as each
takes one slot of the same units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from benchmarks import angle_filters, bank, likelihoods, simulations
from benchmarks.harness import Row, interleaved

_ORDER = 1536  # of the matrices
_STREAM = 16_000_000  # float32 numbers, more than a core's own caches hold

# Floating-point instructions a point: innovation (3), its weighted square (2), velocity (2).
KALMAN = 7


def angle_instructions(n_angles: int) -> int:
    """Of the angle filter: two matrices of half the angles, and for each angle the exponent and its
    floor (3), the exponential and the weight (12), sums and differences of mirrored angles before
    and after (2), their total (1/2) and the floor of the probability (1)."""
    return n_angles**2 // 2 + 37 * n_angles // 2


@njit(fastmath=True)
def _triad(a, x, y, z):
    for i in range(len(x)):
        z[i] = x[i] + a * y[i]


@dataclass(frozen=True)
class Machine:
    """Measured rates of one core, a second: multiply-adds in single and double precision, normals,
    and bytes of x + a y -> z over arrays that no cache of the core holds."""

    single: float
    double: float
    normals: float
    bandwidth: float


@dataclass(frozen=True)
class Fraction:
    """How far a kernel is from a limit: points a second of its own, those that the limit allows."""

    kernel: str
    limit: str
    points: float
    allowed: float

    @property
    def share(self) -> float:
        return self.points / self.allowed


def machine(rows: Sequence[Row]) -> Machine:
    """Measure this core; the rate of normals is taken from `rows`."""
    rates = {}
    for kind in (np.float32, np.float64):
        square = np.ones((_ORDER, _ORDER), kind)
        out = np.empty_like(square)
        seconds = interleaved({"": partial(np.matmul, square, square, out=out)}, 5)[""]
        rates[kind] = _ORDER**3 / float(np.median(seconds))
    x, y, z = (np.ones(_STREAM, np.float32) for _ in range(3))
    seconds = interleaved({"": lambda: _triad(np.float32(0.5), x, y, z)}, 9)[""]
    return Machine(
        single=rates[np.float32],
        double=rates[np.float64],
        normals=1e9 / _find(rows, simulations.TOPIC, simulations.NORMALS).nanoseconds,
        bandwidth=12 * _STREAM / float(np.median(seconds)),
    )


def fractions(rows: Sequence[Row], core: Machine) -> list[Fraction]:
    """Every kernel against the limit that could bind it."""
    many = _find(rows, likelihoods.TOPIC, "activenoise, float32")
    filters = _find(rows, bank.TOPIC, "filters alone")
    simulation = _find(rows, simulations.TOPIC, simulations.OURS)
    angle = _find(rows, angle_filters.TOPIC, angle_filters.OURS)
    multiply_adds = "{} multiply-adds a point, single precision"
    return [
        Fraction(
            "Kalman filter, one model",
            multiply_adds.format(KALMAN),
            1e9 / many.nanoseconds,
            core.single / KALMAN,
        ),
        Fraction(
            "Kalman filter, one model",
            "4 bytes read a point",
            1e9 / many.nanoseconds,
            core.bandwidth / 4,
        ),
        Fraction(
            "Kalman filter, bank",
            multiply_adds.format(KALMAN),
            1e9 / filters.nanoseconds,
            core.single / KALMAN,
        ),
        Fraction(
            "Simulation of AOUP", "1 normal a point", 1e9 / simulation.nanoseconds, core.normals
        ),
        Fraction(
            "Angle filter of RBP",
            multiply_adds.format(angle_instructions(angle_filters.n_angles())),
            1e9 / angle.nanoseconds,
            core.single / angle_instructions(angle_filters.n_angles()),
        ),
    ]


def _find(rows: Sequence[Row], topic: str, program: str) -> Row:
    """The first row of a program: that of many tracks, on one thread."""
    return next(row for row in rows if (row.topic, row.program) == (topic, program))
