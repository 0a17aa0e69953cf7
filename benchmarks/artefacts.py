"""Is a passive bead called active for what its instrument, or its file, does? Simulated beads with
an artefact that is in none of the models: one record, and a table of 20 tracks of one movie.

    python benchmarks/artefacts.py [points, default 4000] [processes, default 1]
                                   [what, a part of the artefact's name]

Prints the reading of each, the probabilities of thermal noise in a simple liquid, of activity and
of a drift where that was asked, and what was named. RBP and RTP are left out, which would take most
of the time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # before Numba is loaded: the processes share the cores
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.analysis.artefacts.facts import ArtefactFacts
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.parameters import INSTRUMENTAL
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive
from activenoise.report.words import in_words
from activenoise.simulation.records import simulate_records
from benchmarks.harness import in_processes

DT, KAPPA, D, NOISE = 0.01, 10.0, 0.1, 0.005
TRACKS = 20
CHOICES = Choices(odds={"RBP": 0.0, "RTP": 0.0})
EFFORT = replace(EFFORTS["quick"], longest=None)


def bead(n_points: int, dt: float = DT, seed: int = 3) -> FloatArray:
    camera = Instrument(noise=NOISE, exposure=0.5)
    return simulate_records(Passive(KAPPA, D), camera, n_points, dt, seed=seed)


def trapped(kappa: FloatArray, cubic: float, rng: np.random.Generator) -> FloatArray:
    """A bead in a trap of changing stiffness kappa (n_points,) and force -kappa x - cubic x^3, by
    Euler's method at a twentieth of the interval."""
    fine = 20
    kicks = np.sqrt(2 * D * DT / fine) * rng.standard_normal(len(kappa) * fine)
    x, positions = 0.0, np.empty(len(kappa))
    for i, kick in enumerate(kicks):
        x += kick - (kappa[i // fine] * x + cubic * x**3) * DT / fine
        positions[i // fine] = x
    return positions + NOISE * rng.standard_normal(len(kappa))


def one_over_f(n: int, rng: np.random.Generator) -> FloatArray:
    """1/f noise of variance 1."""
    f = np.fft.rfftfreq(n)
    f[0] = f[1]
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) / np.sqrt(f), n)
    return np.asarray(x / x.std(), np.float64)


def filled(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A third of the points lost, one to six in a row, and filled with straight lines."""
    at, lost = np.arange(len(x)), np.zeros(len(x), bool)
    for start in rng.choice(len(x) - 8, len(x) // 10, replace=False):
        lost[start + 1 : start + 1 + rng.integers(1, 7)] = True
    return np.interp(at, at[~lost], x[~lost])


def records(n: int, seed: int = 3) -> dict[str, FloatArray]:
    """A record of n points with each artefact. What the stage does is the same for every seed."""
    stage, own = np.random.default_rng(11), np.random.default_rng([11, seed])
    x = bead(n, seed=seed)
    rms, t = np.sqrt(D / KAPPA), np.arange(n) / n
    walk = stage.standard_normal(n).cumsum() / np.sqrt(n)
    jumps = np.searchsorted(np.sort(stage.uniform(size=5)), t) % 2
    late = np.arange(n) * 10 + own.integers(0, 7, n)
    phase = 2 * np.pi * 10 * DT * np.arange(n)
    kept = np.sort(own.permutation(n + n // 50)[:n])
    return {
        "none": x,
        "drift, straight, by 0.5 rms": x + 0.5 * rms * t,
        "drift, straight, by 2 rms": x + 2 * rms * t,
        "drift, random walk to 0.5 rms": x + 0.5 * rms * walk,
        "drift, random walk to 1.5 rms": x + 1.5 * rms * walk,
        "5 jumps of 1 rms": x + rms * jumps,
        "5 jumps of 3 rms": x + 3 * rms * jumps,
        "hum of 0.4 rms": x + 0.4 * rms * np.sin(phase),
        "hum of 0.4 rms, unsteady": x + 0.4 * rms * np.sin(phase + 2.8 * walk),
        "sway of 0.3 rms, 10 periods": x + 0.3 * rms * np.sin(20 * np.pi * t),
        "stiffness +- 30 %": trapped(KAPPA * (1 + 0.3 * np.sin(2 * np.pi * t)), 0.0, own),
        "stiffness +- 60 %": trapped(KAPPA * (1 + 0.6 * np.sin(2 * np.pi * t)), 0.0, own),
        "trap not harmonic": trapped(np.full(n, KAPPA), 500.0, own),
        "double well of 1 kT": trapped(np.full(n, -4 * D / 0.09), 4 * D / 0.09**2, own),
        "hops of 3 rms": x + 3 * rms * (np.cumsum(own.random(n) < 0.01) % 2),
        "gaps filled with lines": filled(x, own),
        "rounded to 0.5 rms": np.round(x / (0.5 * rms)) * 0.5 * rms,
        "locked to pixels of 0.9 rms": x - 0.07 * rms * np.sin(2 * np.pi * x / (0.9 * rms)),
        "1 % outliers of 4 rms": x + 4 * rms * (own.random(n) < 0.01) * own.standard_normal(n),
        "immobile": NOISE * own.standard_normal(n),
        "immobile, with 1/f noise": NOISE * (own.standard_normal(n) + one_over_f(n, own)),
        "times off by 0.2 intervals": bead(10 * n, DT / 10, seed)[late],
        "2 % of frames lost": bead(n + n // 50, seed=seed)[kept],
    }


def named(found: ArtefactFacts) -> Iterator[str]:
    """What the analysis names, in a few words."""
    if found.gaps is not None:
        yield f"{found.gaps.n_points} points filled in"
    if found.common is not None:
        yield f"{100 * found.common.share:.0f} % in common"
    if found.disturbances is not None:
        one = found.disturbances
        wrong = one.outliers.n_points if one.outliers else 0
        left = "" if one.taken_off else ", left"
        yield f"{len(one.jumps)} jumps, {wrong} outliers, {one.n_kicks} kicks{left}"
    for shape in found.shape.values():
        yield f"{' and '.join(shape.named)}, {shape.humps} hump(s)"
    for lock in found.locking.values():
        yield f"locked to pixels of {lock.over_step:.2g} rms steps"
    for rounding in found.rounding.values():
        yield f"rounded to {rounding.over_step:.2g} rms steps"
    for slow in found.slow_noise.values():
        yield f"1/f^{slow.exponent:.2f} noise"
    if found.still is not None:
        yield "nothing moves"


def told(name: str, tracks: dict[str, dict[str, FloatArray]]) -> str:
    """The line of the table for these tracks of coordinates."""
    starts = dict.fromkeys(tracks, 0)
    facts = analyse(tracks, DT, "camera", EFFORT, choices=CHOICES, starts=starts).facts
    found = facts.comparison
    return (
        f"  {name:30s} {in_words(facts).reading:24s} {found.p('Passive'):.3f} "
        f"{found.p_active:.4f}  {found.p(*INSTRUMENTAL):.3f}  "
        f"{'; '.join(named(facts.artefacts))}"
    )


def main() -> None:
    texts = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    given = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    n, processes = [*given, *(4000, 1)[len(given) :]]
    wanted = texts[0] if texts else ""
    made = [records(n // TRACKS, seed) for seed in range(TRACKS)]
    one = {name: {"": {"x": x}} for name, x in records(n).items()}
    table = {name: {str(i): {"x": each[name]} for i, each in enumerate(made)} for name in one}
    columns = "reading, P(thermal, simple liquid), P(active), P(with drift), named"
    for title, cases in (
        (f"one record of {n} points", one),
        (f"{TRACKS} tracks of {n // TRACKS} points", table),
    ):
        print(f"{title}: {columns}", flush=True)
        jobs = [(name, tracks) for name, tracks in cases.items() if wanted in name]
        print("\n".join(in_processes(told, jobs, processes)), flush=True)


if __name__ == "__main__":
    main()
