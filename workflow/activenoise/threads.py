"""Compiled kernels that run in several threads.

Numba's own parallel loops (`parallel=True`) compile a kernel, with all that it calls, four times
over. A kernel here is compiled once, gives up Python's lock (`nogil=True`) and takes the range of
what it is to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numba


def in_threads(kernel: Callable[..., None], n: int, *arguments: object) -> None:
    """Do items 0 ... n - 1 by kernel(first, last, *arguments), which does first ... last - 1, in as
    many threads as Numba may use (NUMBA_NUM_THREADS). No item may depend on another."""
    parts = min(numba.get_num_threads(), n)
    if parts <= 1:
        kernel(0, n, *arguments)
        return
    ends = [n * part // parts for part in range(parts + 1)]
    others = [
        _pool(parts - 1).submit(kernel, first, last, *arguments)
        for first, last in pairwise(ends[1:])
    ]
    kernel(0, ends[1], *arguments)
    for other in others:
        other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork has none of its parent's threads
