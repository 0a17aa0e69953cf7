"""How the time of the exact part grows with the work: points, tracks, nodes or models, cores; and a
whole verdict beside pylake's calibration of the same record.

    python benchmarks/scaling.py     # the second part of `make bench`: its tables and scaling.png

Each exponent is the slope of log time against log size. Programs of one thread, but for the cores.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before NumPy is loaded: its threads are not measured
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.arrays import FloatArray
from activenoise.inference.quadrature import evaluate, quadrature
from activenoise.likelihood import kalman
from activenoise.likelihood.angle import angle_log_likelihood
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP
from activenoise.report import style
from activenoise.report.verdict import verdict
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate
from benchmarks.bank import DT, MODEL, PRIOR
from benchmarks.harness import interleaved
from benchmarks.real_records import bead
from benchmarks.report import SCALING, table, write_page

ROOT = Path(__file__).resolve().parents[1]
CAMERA = Instrument(noise=0.02, exposure=0.7, baseline="constant")
REPEATS = 3
COLOURS = {
    "points": style.BLUE, "tracks": style.RED, "nodes": style.GREEN, "models": style.GREEN,
    "cores": style.INK,
}  # fmt: skip
Program = Callable[[], object]


class Sweep(NamedTuple):
    """A kernel whose work grows in one respect. made: the program of a size."""

    kernel: str
    against: str
    sizes: Sequence[int]
    made: Callable[[int], Program]


@dataclass(frozen=True)
class Course:
    """Seconds a call of a kernel at each size of its work."""

    kernel: str
    against: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    @property
    def exponent(self) -> float:
        """Of the power of the size that the time goes with."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


def positions(n_tracks: int, n_points: int) -> Program:
    """One AOUP model, many tracks."""
    tracks = simulate(MODEL, n_points, DT, seed=4, n_tracks=n_tracks)
    return lambda: log_likelihood(MODEL, tracks, DT)


def evidence(n_tracks: int, n_points: int, n_kappa: int = 12) -> Program:
    """Of AOUP by quadrature, 144 nodes for each of kappa."""
    tracks, at = simulate(MODEL, n_points, DT, seed=4, n_tracks=n_tracks), np.array([n_points])
    grid = quadrature("AOUP", PRIOR, {"kappa": n_kappa, "tau_a": 12, "ratio": 12})
    return lambda: evaluate(grid, tracks, DT, at)


def record(n_points: int, n_models: int = 256) -> Program:
    """One record through a camera under many models, as a sampler asks again and again."""
    x = simulate_records(AOUP(1.0, 1.0, 2.0, 1.0), CAMERA, n_points, 0.1, seed=4)
    size = np.geomspace(0.5, 2.0, n_models)
    model = AOUP(size, size[::-1], 2 * size, size)
    return lambda: kalman.log_likelihood(model, CAMERA, x, 0.1)


def angles(n_tracks: int, n_points: int) -> Program:
    """RBP, by the filter on its angle."""
    model = RBP(kappa=1.0, D=1.0, D_a=20.0, tau_a=3.0)
    tracks = simulate(model, n_points, 0.1, seed=4, n_tracks=n_tracks)
    return lambda: angle_log_likelihood(model, tracks, 0.1)


def sweeps() -> list[Sweep]:
    """All but the cores."""
    names = ("AOUP, exact positions", "evidence of AOUP", "AOUP, one record", "angle filter of RBP")
    exact, bank, camera, angle = names
    return [
        Sweep(exact, "points", (500, 2000, 8000), lambda n: positions(200, n)),
        Sweep(exact, "tracks", (250, 1000, 4000), lambda n: positions(n, 800)),
        Sweep(bank, "points", (500, 2000, 8000), lambda n: evidence(200, n)),
        Sweep(bank, "tracks", (100, 400, 1600), lambda n: evidence(n, 800)),
        Sweep(bank, "nodes", (432, 1728, 6912), lambda n: evidence(200, 800, n // 144)),
        Sweep(camera, "points", (5000, 40_000, 320_000), record),
        Sweep(camera, "models", (64, 256, 1024), lambda n: record(20_000, n)),
        Sweep(angle, "points", (1000, 4000, 16_000), lambda n: angles(64, n)),
        Sweep(angle, "tracks", (250, 1000, 4000), lambda n: angles(n, 400)),
    ]


def on_cores() -> Iterator[tuple[str, Program]]:
    """What is measured on one core and on two."""
    yield "AOUP, exact positions", positions(4000, 800)
    yield "evidence of AOUP", evidence(1600, 800)
    yield "AOUP, one record", record(20_000, 1024)
    yield "angle filter of RBP", angles(4000, 400)


def measure(sweep: Sweep, repeats: int = REPEATS) -> Course:
    """The median time of each size, in turns."""
    programs = {str(size): sweep.made(size) for size in sweep.sizes}
    times = interleaved(programs, repeats)
    return Course(*sweep[:3], [float(np.median(times[str(size)])) for size in sweep.sizes])


def measure_cores(kernel: str, program: Program, repeats: int = REPEATS) -> Course:
    """The median time on one core and on two, in turns."""

    def on(cores: int) -> Program:
        def run() -> None:
            numba.set_num_threads(cores)
            program()

        return run

    times = interleaved({"1": on(1), "2": on(2)}, repeats)
    numba.set_num_threads(1)
    return Course(kernel, "cores", (1, 2), [float(np.median(times[n])) for n in ("1", "2")])


def corner_of_trap(x: FloatArray, dt: float) -> float:
    """Corner frequency of a trap, Hz, by pylake's fit of the power spectrum. With the default of
    100 points a block this short a record gives it nonsense (9e-6 Hz)."""
    from lumicks import pylake

    return pylake.calibrate_force(
        x, bead_diameter=1.0, temperature=25.0, sample_rate=1 / dt, num_points_per_block=20
    ).corner_frequency


def whole_record() -> list[tuple[str, float]]:
    """Programs that read the shipped bead, and seconds of each."""
    x, dt = bead().positions, bead().dt

    def calibrated() -> object:
        return corner_of_trap(x, dt)

    def judged() -> object:
        return verdict(x, dt=dt, unit="um", instrument="detector", progress=False)

    found = []
    for name, program in (
        ("pylake, calibration from the power spectrum", calibrated),
        ("activenoise, the whole verdict at full effort", judged),
    ):
        program()  # compiles
        start = time.perf_counter()
        program()
        found.append((name, time.perf_counter() - start))
    return found


def render(courses: Sequence[Course], whole: Sequence[tuple[str, float]]) -> str:
    """Both tables in Markdown."""
    rows = (
        [
            c.kernel,
            c.against,
            ", ".join(f"{size}" for size in c.sizes),
            ", ".join(f"{seconds:.3g}" for seconds in c.seconds),
            f"{c.exponent:.2f}",
        ]
        for c in courses
    )
    return "\n\n".join(
        [
            table(["kernel", "against", "sizes", "seconds", "exponent"], rows),
            f"The shipped bead, {len(bead().positions)} points, one core:",
            table(["program", "seconds"], ([name, f"{s:.3g}"] for name, s in whole)),
        ]
    )


def draw(courses: Sequence[Course], paths: Sequence[Path]) -> None:
    """Time over that of the smallest work against the work over the smallest, a panel a kernel."""
    kernels = list(dict.fromkeys(c.kernel for c in courses))
    figure = style.new_figure(style.DOUBLE, 100)
    for place, kernel in enumerate(kernels):
        axes = figure.add_subplot(2, 2, place + 1)
        ends = []
        for c in (c for c in courses if c.kernel == kernel and c.against != "cores"):
            x, y = (np.array(v, float) / v[0] for v in (c.sizes, c.seconds))
            axes.plot(x, y, "o-", color=COLOURS[c.against])
            name = f"{c.against}: {c.exponent:.2f}"
            ends.append(style.End(x[-1], y[-1], name, COLOURS[c.against]))
        axes.plot([1, 16], [1, 16], ":", color=style.INK, linewidth=0.8)
        axes.set(title=kernel, xscale="log", yscale="log", ylim=(0.8, 20))
        axes.set(xlabel="work over the smallest", ylabel="time over the smallest's")
        style.label_ends(axes, ends)
    style.save(figure, paths)


def main() -> None:
    numba.set_num_threads(1)
    courses = [measure(sweep) for sweep in sweeps()]
    if numba.config.NUMBA_NUM_THREADS > 1:
        courses += [measure_cores(*given) for given in on_cores()]
    text = render(courses, whole_record())
    print(text)
    write_page(ROOT / "benchmarks/README.md", text, SCALING)
    draw(courses, [ROOT / "benchmarks/scaling.png"])


if __name__ == "__main__":
    main()
