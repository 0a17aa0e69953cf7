"""How often does the test without a model raise a false alarm, and how often does it find activity?

    python benchmarks/witness.py [realisations of a passive row, default 400] [of an active, 100]

Passive motion of many kinds, points 1 s apart and D = 1 unless the row says otherwise: the part of
realisations with p at or below 0.05, 0.01 and 0.001. Active motion: the part with p at or below
0.05, beside that of the exact likelihood ratio of the true model over the passive one that is
nearest to it, both with known parameters: no test of that pair does better, and none that knows
less reaches it. A last table has seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numba import njit
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from activenoise.analysis.tones import find_tones, take_off
from activenoise.analysis.witness import witness
from activenoise.arrays import FloatArray
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Model, Passive, Viscoelastic
from activenoise.physics.shares import active_diffusivity
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate
from benchmarks import artefacts

N = 3000
LEVELS = (0.05, 0.01, 0.001)
EXACT, CAMERA = Instrument(), Instrument(noise=0.5, exposure=1.0)
TAU_A = 20.0
FREE = 1e-7  # kappa of a tracer that is free for the exact likelihood, which needs a trap
Tracks = list[FloatArray]


def linear(
    model: Passive | Viscoelastic | AOUP, instrument: Instrument, n: int, seed: int, tracks: int = 1
) -> Tracks:
    """Tracks (n, 2) of one model, or (n, 1) if there is one."""
    width = 1 if tracks == 1 else 2
    x = simulate_records(model, instrument, n, 1.0, seed, tracks * width)
    return list(x.reshape(tracks, width, n).transpose(0, 2, 1))


def mixture(n: int, rates: FloatArray, weights: FloatArray, seed: int) -> FloatArray:
    """Sum of independent relaxations: C(t) is the sum of weight exp(-rate t)."""
    return sum(
        (
            simulate_records(Passive(rate, rate * weight), EXACT, n, 1.0, 1000 * seed + i)
            for i, (rate, weight) in enumerate(zip(rates, weights, strict=True))
        ),
        np.zeros(n),
    )


@njit
def _double_well(kicks, barrier, rate, substeps):
    x = 1.0
    out = np.empty(len(kicks) // substeps)
    for i in range(len(kicks)):
        x += kicks[i] - rate * barrier * x * (x * x - 1)
        if (i + 1) % substeps == 0:
            out[i // substeps] = x
    return out


def double_well(n: int, seed: int) -> FloatArray:
    """A barrier of 2 kT between wells at -1 and 1, D = 0.02, by Euler's method at 1/20 s."""
    fine, d = 20, 0.02
    kicks = np.sqrt(2 * d / fine) * np.random.default_rng(seed).standard_normal(n * fine)
    return np.asarray(_double_well(kicks, 8.0, d / fine, fine))


def walk(n: int, seed: int, scale: FloatArray | float = 1.0) -> FloatArray:
    """Free motion with rms steps of sqrt 2 times `scale`."""
    steps = np.sqrt(2) * scale * np.random.default_rng(seed).standard_normal(n)
    return np.asarray(np.cumsum(steps))


def switching(n: int, seed: int) -> FloatArray:
    """D that jumps between 0.1 and 10 about every 100 s."""
    jumps = np.cumsum(np.random.default_rng(seed).random(n) < 0.01) + seed
    return np.where(jumps % 2, 10.0, 0.1)


def tables(seed: int) -> Iterator[tuple[str, Tracks, int]]:
    """Many short and few long tracks, with flow, in traps, of unlike D."""
    rng = np.random.default_rng([seed, 7])
    free = Passive(0.0, 1.0)
    yield "300 free tracks of 12 points", linear(free, CAMERA, 12, seed, 300), 1
    alike = linear(free, CAMERA, 60, seed, 40)
    yield "40 free tracks of 60 points", alike, 1
    yield "40 trapped tracks of 60 points", linear(Passive(0.1, 1.0), CAMERA, 60, seed, 40), 1
    line = np.arange(60.0)[:, None]
    yield "... in one flow of 2 rms steps", [x + 2.8 * line for x in alike], 1
    yield "... each in a flow of its own", [x + rng.normal(0, 2.8, 2) * line for x in alike], 1
    yield "... D log-normal, sd 1", [x * np.exp(rng.normal(0, 0.5)) for x in alike], 1
    yield "4 trapped tracks of 1000 points", linear(Passive(0.02, 1.0), CAMERA, 1000, seed, 4), 1


def passive(seed: int) -> Iterator[tuple[str, Tracks, int]]:
    """One realisation of every passive motion: what it is, the tracks, the memory in points."""
    rng = np.random.default_rng([seed, 3])
    free, trapped = Passive(0.0, 1.0), Passive(0.05, 1.0)
    yield "free, exact", linear(free, EXACT, N, seed), 1
    yield "free, noise and blur", linear(free, CAMERA, N, seed), 1
    yield "free, noise of 5", linear(free, Instrument(noise=5.0), N, seed), 1
    yield "free, 300 points", linear(free, CAMERA, 300, seed), 1
    yield "trapped, kappa 0.002", linear(Passive(0.002, 1.0), CAMERA, N, seed), 1
    x = linear(trapped, CAMERA, N, seed)[0]
    yield "trapped, kappa 0.05", [x], 1
    yield "trapped, kappa 1", linear(Passive(1.0, 1.0), CAMERA, N, seed), 1
    yield "... a fifth of the points missing", [np.where(rng.random((N, 1)) < 0.2, np.nan, x)], 1
    yield (
        "viscoelastic, s 3, tau_m 20",
        linear(Viscoelastic(0.02, 1.0, 3.0, 20.0), EXACT, N, seed),
        1,
    )
    rates = np.geomspace(1e-4, 1.0, 10)
    power = mixture(N, rates, rates**-0.5, seed)
    yield "power law, 10 relaxations", [power], 1
    yield "double well, 2 kT", [double_well(N, seed)], 1
    yield "low-pass of 0.1 Hz, gap 13 s", linear(trapped, Instrument(corner=0.1), N, seed), 13
    yield "free, steps Student t, 2.5", [np.cumsum(rng.standard_t(2.5, N))], 1
    swell = np.exp(np.sin(2 * np.pi * np.arange(N) / N))
    yield "D varies by 7", [walk(N, seed, swell)], 1
    yield "D switches by 100", [walk(N, seed, np.sqrt(switching(N, seed)))], 1
    yield "free, in a flow of 1 rms step", [walk(N, seed) + 1.4 * np.arange(N)], 1
    yield "trapped, drift a random walk", [x + 0.2 * walk(N, seed + 10**6)[:, None]], 1
    pink = mixture(N, rates, np.ones(10), seed + 10**6)
    yield "immobile, 1/f noise", [pink + 2 * rng.standard_normal(N)], 1
    yield from tables(seed)
    for name, artefact in artefacts.records(N, seed).items():
        yield f"artefact: {name}", [artefact], 1
        if name.startswith("hum"):
            yield f"... {name[16:] or 'steady'}: lines taken off", [without_lines(artefact)], 1


def without_lines(x: FloatArray) -> FloatArray:
    """An artefact's record less its lines, as the analysis takes them off."""
    dt, kept = artefacts.DT, np.exp(-artefacts.KAPPA * artefacts.DT)
    lines = find_tones((x[1:] - kept * x[:-1]) / np.std(np.diff(x)), dt)
    cleaned, _ = take_off({"": {"x": x}}, dt, {("", "x"): lines} if lines else {})
    return cleaned[""]["x"]


def alarms(count: int) -> None:
    """The table of false alarms."""
    found: dict[str, list[float]] = {}
    for seed in range(count):
        for name, tracks, memory in passive(seed):
            chance = witness(tracks, 1.0, memory, seed).p_equilibrium
            found.setdefault(name, []).append(chance)
    print(f"{count} realisations: part with p at or below", *LEVELS)
    for name, chances in found.items():
        parts = " ".join(f"{np.mean(np.array(chances) <= level):7.4f}" for level in LEVELS)
        print(f"  {name:42s} {parts}", flush=True)


def nearest_passive(x: FloatArray, kappa: float) -> Passive:
    """The passive model of highest mean log likelihood for tracks x (n_tracks, n)."""

    def loss(logs: FloatArray) -> float:
        model = Passive(FREE if kappa == FREE else np.exp(logs[1]), np.exp(logs[0]))
        return -float(np.mean(log_likelihood(model, x, 1.0, given_first=True)))

    best = minimize(loss, [0.0, np.log(kappa)], method="Nelder-Mead", options={"xatol": 1e-4})
    return Passive(FREE if kappa == FREE else float(np.exp(best.x[1])), float(np.exp(best.x[0])))


def tracks_of(model: Model, n: int, count: int) -> FloatArray:
    """Exact positions (count, n)."""
    if isinstance(model, RBP):
        return simulate(model, n, 1.0, 5, count).astype(np.float64)
    return simulate_records(model, EXACT, n, 1.0, 5, count)


def ratio(model: Model, null: Passive, x: FloatArray) -> FloatArray:
    """Log likelihood ratio of each track."""
    return np.asarray(
        log_likelihood(model, x, 1.0, given_first=True)
        - log_likelihood(null, x, 1.0, given_first=True)
    )


def powers(count: int) -> None:
    """The table of power at a level of 0.05."""
    print(f"tau_a {TAU_A:g} s, {count} realisations: found at 0.05 by the test, by the exact ratio")
    lengths = (1000, 4000, 16_000)
    print("  kappa tau_a, share           " + "".join(f"{n:>14d}" for n in lengths) + " points")
    rows: list[tuple[type[AOUP], float, float]] = [
        (AOUP, kt, share) for kt in (0.0, 0.1, 0.3, 1.01, 3.0) for share in (0.1, 0.3, 0.5, 0.8)
    ]
    rows += [(RBP, kt, share) for kt in (0.0, 0.3) for share in (0.3, 0.5)]
    for kind, kt, share in rows:
        kappa = kt / TAU_A or FREE
        strength = active_diffusivity(*(np.asarray(v) for v in (share, kappa, 1.0, TAU_A)))
        model = kind(kappa, 1.0, float(strength), TAU_A)
        cells = []
        for n in lengths:
            x = tracks_of(model, n, count)
            null = nearest_passive(x, kappa)
            border = np.quantile(ratio(model, null, tracks_of(null, n, count)), 0.95)
            exact = np.mean(ratio(model, null, x) > border)
            seen = np.mean([witness([track], 1.0).p_equilibrium <= 0.05 for track in x])
            cells.append(f"{seen:6.2f} of {exact:4.2f}")
        print(
            f"  {kind.__name__:5s} {kt:5.2f} {share:5.2f}          " + " ".join(cells), flush=True
        )


def times() -> None:
    """Seconds of one call."""
    work: Sequence[tuple[str, Callable[[], Tracks]]] = (
        ("20 000 points of 2 coordinates", lambda: [walk(40_000, 1).reshape(2, -1).T]),
        ("500 tracks of 100 points of 2", lambda: list(walk(100_000, 1).reshape(500, 100, 2))),
        ("655 000 points", lambda: [walk(655_000, 1)]),
        ("20 000 tracks of 10 points of 2", lambda: list(walk(400_000, 1).reshape(20_000, 10, 2))),
    )
    for name, make in work:
        tracks = make()
        start = time.perf_counter()
        witness(tracks, 1.0)
        print(f"  {name:34s} {time.perf_counter() - start:.2f} s")


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    n_passive, n_active = [*given, *(400, 100)[len(given) :]]
    times()
    alarms(n_passive)
    powers(n_active)


if __name__ == "__main__":
    main()
