"""A bank of Kalman filters, 1728 parameter nodes over many tracks: time, and peak memory.

Memory is read in a process of its own for every size, `python -m benchmarks.bank NODES TRACKS`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from activenoise.arrays import TrackArray
from activenoise.inference.quadrature import Grid, evaluate, quadrature
from activenoise.likelihood.positions import FilterBank
from activenoise.physics.models import AOUP
from activenoise.physics.priors import parse_prior
from activenoise.simulation.tracks import simulate
from benchmarks.harness import Row, interleaved

TOPIC = "Bank of AOUP models"
DT, N_STEPS = 6.4e-4, 800
PRIOR = parse_prior(
    {
        "kappa": {"uniform": [50.0, 250.0]},
        "tau_a": {"uniform": [0.05, 0.8]},
        "D": {"log_uniform": [1e-4, 1e-3]},
        "D_a": {"log_uniform": [1e-3, 1e-2]},
    }
)
MODEL = AOUP(kappa=157.0, D=7e-4, D_a=6.3e-3, tau_a=0.33)
AXES = {1728: (12, 12), 3456: (24, 12)}  # nodes of kappa and tau_a; 12 of D_a/D
MEGABYTE = 1e6


def nodes_of(count: int) -> Grid:
    """A quadrature of `count` nodes, a key of AXES."""
    kappa, tau_a = AXES[count]
    grid = quadrature("AOUP", PRIOR, {"kappa": kappa, "tau_a": tau_a, "ratio": 12})
    if len(grid) != count:
        raise ValueError(f"a grid of {len(grid)} nodes, not {count}")
    return grid


def filter_all(bank: FilterBank, tracks: TrackArray) -> None:
    """Run the filters group by group, as `evaluate` does, and keep nothing."""
    for group in bank.groups():
        bank.run(tracks, group)


def measure(n_nodes: int = 1728, n_tracks: int = 2000) -> list[Row]:
    """The filters alone, then the evidence with posterior moments, on one thread and on two."""
    tracks = simulate(MODEL, N_STEPS, DT, seed=4, n_tracks=n_tracks)
    grid, at = nodes_of(n_nodes), np.array([N_STEPS])
    bank = FilterBank(AOUP(**grid.parameters).sampled(DT), at)
    work = f"{n_nodes} models x {n_tracks} tracks x {N_STEPS} points"
    programs = {
        "filters alone": lambda: filter_all(bank, tracks),
        "evidence and posterior moments": lambda: evaluate(grid, tracks, DT, at),
    }
    rows = []
    before = numba.get_num_threads()
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        for program, seconds in interleaved(programs, 5).items():
            median = float(np.median(seconds))
            rows.append(Row(TOPIC, work, program, threads, n_nodes * tracks.size, median))
    numba.set_num_threads(before)
    return rows


@dataclass(frozen=True)
class Memory:
    """Peak memory of a process that evaluates a bank, in MB: with its imports and compiled code
    loaded (`start`), and after the evaluation (`end`); `tracks` is the size of the tracks."""

    nodes: int
    n_tracks: int
    start: float
    end: float
    tracks: float


def memory() -> list[Memory]:
    """Peak memory as nodes and tracks double, each size in a fresh process."""
    rows = []
    for nodes, n_tracks in ((1728, 2000), (3456, 2000), (1728, 4000), (3456, 4000)):
        command = [sys.executable, "-m", "benchmarks.bank", str(nodes), str(n_tracks)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        start, end = (float(word) for word in answer.split())
        rows.append(Memory(nodes, n_tracks, start, end, n_tracks * N_STEPS * 4 / MEGABYTE))
    return rows


def _peak() -> float:
    """Largest resident memory of this process so far, MB.

    On Linux from /proc: what getrusage says there is inherited from the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MEGABYTE
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def main(nodes: int, n_tracks: int) -> None:
    """Print peak memory before and after, MB."""
    at, grid = np.array([N_STEPS]), nodes_of(nodes)
    few = simulate(MODEL, N_STEPS, DT, seed=4, n_tracks=32)
    evaluate(grid, few, DT, at)
    start = _peak()
    tracks = simulate(MODEL, N_STEPS, DT, seed=4, n_tracks=n_tracks)
    evaluate(grid, tracks, DT, at)
    print(start, _peak())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
