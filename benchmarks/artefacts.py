"""Is a passive bead called active for what its instrument does? A simulated bead in a trap, with an
artefact that is in none of the models.

    python benchmarks/artefacts.py [points, default 20000]

Prints the reading of each record, the probabilities of thermal noise in a simple liquid and of
activity, and that of a drift where it was asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.analysis.record import analyse
from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive
from activenoise.report.words import in_words
from activenoise.simulation.records import simulate_records

DT, KAPPA, D, NOISE = 0.01, 10.0, 0.1, 0.005


def bead(n_points: int, dt: float = DT, seed: int = 0) -> FloatArray:
    camera = Instrument(noise=NOISE, exposure=0.5)
    return simulate_records(Passive(KAPPA, D), camera, n_points, dt, seed=3 + seed)


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


def records(n: int, seed: int = 0) -> dict[str, FloatArray]:
    rng = np.random.default_rng(11 + seed)
    x = bead(n, seed=seed)
    rms, t, walk = x.std(), np.arange(n) / n, rng.standard_normal(n).cumsum() / np.sqrt(n)
    jumps = np.searchsorted(np.sort(rng.uniform(size=5)), t) % 2
    late = np.arange(n) * 10 + rng.integers(0, 7, n)
    phase = 2 * np.pi * 10 * DT * np.arange(n)
    kept = np.sort(rng.permutation(n + n // 50)[:n])
    return {
        "none": x,
        "drift, straight, by 0.5 rms": x + 0.5 * rms * t,
        "drift, straight, by 2 rms": x + 2 * rms * t,
        "drift, random walk to 0.5 rms": x + 0.5 * rms * walk,
        "drift, random walk to 1.5 rms": x + 1.5 * rms * walk,
        "5 jumps of 1 rms": x + rms * jumps,
        "hum of 0.4 rms": x + 0.4 * rms * np.sin(phase),
        "hum of 0.4 rms, unsteady": x + 0.4 * rms * np.sin(phase + 2.8 * walk),
        "sway of 0.3 rms, 10 periods": x + 0.3 * rms * np.sin(20 * np.pi * t),
        "stiffness +- 30 %": trapped(KAPPA * (1 + 0.3 * np.sin(2 * np.pi * t)), 0.0, rng),
        "stiffness +- 60 %": trapped(KAPPA * (1 + 0.6 * np.sin(2 * np.pi * t)), 0.0, rng),
        "trap not harmonic": trapped(np.full(n, KAPPA), 500.0, rng),
        "rounded to 0.5 rms": np.round(x / (0.5 * rms)) * 0.5 * rms,
        "1 % outliers of 4 rms": x + 4 * rms * (rng.random(n) < 0.01) * rng.standard_normal(n),
        "times off by 0.2 intervals": bead(10 * n, DT / 10, seed)[late],
        "2 % of frames lost": bead(n + n // 50, seed=seed)[kept],
    }


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{n} points: reading, P(thermal, simple liquid), P(active), P(with drift)")
    for name, x in records(n).items():
        facts = analyse({"": {"x": x}}, DT, "camera").facts
        drift, found = facts.rivals.drift, facts.comparison
        print(
            f"  {name:32s} {in_words(facts).reading:24s} {found.p('Passive'):.3f} "
            f"{found.p_active:.4f}  {'' if drift is None else f'{drift.probability:.3f}'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
