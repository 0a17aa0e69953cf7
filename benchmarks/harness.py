"""Timing of programs that do the same work: repeats interleaved, medians, ratios; and work that is
spread over processes."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_TURN = 0.02  # s
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Row:
    """One program at one piece of work, a line of the tables.

    topic, work: what is done. program: who does it. threads: how many cores it may use.
    points: how many points the work has. seconds: median over the repeats. ratio: median over the
    repeats of its time over that of the topic's reference program (above 1: slower), nan for none.
    target: the least ratio wanted, nan for none. difference: largest disagreement of its values
    with the reference's, in words.
    """

    topic: str
    work: str
    program: str
    threads: int
    points: int
    seconds: float
    ratio: float = float("nan")
    target: float = float("nan")
    difference: str = ""

    @property
    def nanoseconds(self) -> float:
        """Median time a point, ns."""
        return self.seconds / self.points * 1e9


def interleaved(
    programs: Mapping[str, Callable[[], object]], repeats: int
) -> dict[str, NDArray[np.float64]]:
    """Seconds a call of every program in every repeat, (repeats,) by name.

    All are called once before, so that nothing is compiled on the clock; then they take turns, so
    that what slows the machine for a while slows them alike. A turn is as many calls as last
    about _TURN seconds, at least one.
    """
    for program in programs.values():
        program()
    calls = {name: math.ceil(_TURN / _seconds(program, 1)) for name, program in programs.items()}
    seconds = {name: np.empty(repeats) for name in programs}
    for i in range(repeats):
        for name, program in programs.items():
            seconds[name][i] = _seconds(program, calls[name])
    return seconds


def _seconds(program: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        program()
    return (time.perf_counter() - start) / calls


def compare(
    topic: str,
    work: str,
    programs: Mapping[str, Callable[[], object]],
    points: int,
    repeats: int,
    targets: Mapping[str, float] | None = None,
    differences: Mapping[str, str] | None = None,
) -> list[Row]:
    """Time `programs`, the first of which is the reference, on one core: a row each."""
    seconds = interleaved(programs, repeats)
    reference = next(iter(seconds.values()))
    return [
        Row(
            topic,
            work,
            name,
            threads=1,
            points=points,
            seconds=float(np.median(times)),
            ratio=float(np.median(times / reference)),
            target=(targets or {}).get(name, float("nan")),
            difference=(differences or {}).get(name, ""),
        )
        for name, times in seconds.items()
    ]


def processor() -> str:
    """Name of the processor, as the system knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def in_processes(
    function: Callable[..., _Result], jobs: Iterable[tuple[Any, ...]], processes: int
) -> list[_Result]:
    """function(*job) of each job, in their order, in so many processes; in this one for 1."""
    if processes == 1:
        return [function(*job) for job in jobs]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, *zip(*jobs, strict=True)))
