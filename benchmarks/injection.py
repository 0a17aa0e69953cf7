"""Is propulsion found in real noise? A trapped bead is linear: its record plus the response of its
trap to a propulsion, through the same instrument, is what that instrument would have recorded of a
driven bead. Simulated responses are added to pieces of records of passive beads.

    python benchmarks/injection.py [injections into each piece, default 2] [processes, default 1]

The 78 kHz bead is the shipped one, every 4th point; the bead by camera is read from the folder
that ACTIVENOISE_RECORDS names, where it has it. Prints, by active share and persistence time, how
often activity was found (a reading of "active", "active or viscoelastic" or "active, not
described"), the mean P(active), how often a drift was read, and how often the central 68 and 95 %
intervals of the AOUP hold D_a, tau_a and the share. Writes benchmarks/injection.csv and
benchmarks/injection.pdf and .png.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before Numba is loaded: the processes share the cores
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.analysis.judgement import reading
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices
from activenoise.inference.record import Kind
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from activenoise.physics.shares import active_diffusivity
from activenoise.report import style
from activenoise.simulation.records import simulate_records
from benchmarks.harness import in_processes

ROOT = Path(__file__).resolve().parents[1]
SHARES = (0.0, 0.1, 0.2, 0.4, 0.7)
FOUND = ("active", "active or viscoelastic", "active, not described")
CHOICES = Choices(odds={"RBP": 0.0, "RTP": 0.0})
EFFORT = replace(EFFORTS["quick"], longest=None, segments=1, bands=2)
COLOURS = (style.BLUE, style.SKY, style.RED, style.ORANGE)
NOTHING = 1e-9  # of the thermal diffusivity: a model needs one


@dataclass(frozen=True)
class Bead:
    """A passive record, in pieces (n_points,), length, dt (s) apart; its instrument, relaxation
    rate kappa (1/s) and diffusivity D (length^2/s), and the persistence times (s) of what is
    injected."""

    name: str
    pieces: list[FloatArray]
    dt: float
    kind: Kind
    instrument: Instrument
    kappa: float
    D: float
    times: tuple[float, ...]


def beads() -> Iterator[Bead]:
    """The shipped bead, and the bead by camera where there is one."""
    volts = np.load(ROOT / "data/tracks/trapped_bead_water_78kHz.npz")["arr_0"]
    yield Bead(
        "78 kHz", np.array_split(7.2537 * volts[::4], 2), 4 * 1.28e-5, "detector",
        Instrument(corner=7936.5), 4127.0, 0.0974, (1.5e-3, 5e-3),
    )  # fmt: skip
    path = Path(os.environ.get("ACTIVENOISE_RECORDS", "")) / "trapped_bead_water_camera.txt"
    if path.is_file():
        x, dt = 1e6 * np.loadtxt(path, skiprows=1)[:, 0], 6.8966e-3
        yield Bead(
            "camera", np.array_split(x, 4), dt, "camera", Instrument(exposure=0.9), 56.7, 0.2,
            (0.01, 0.05),
        )  # fmt: skip


def propulsion(bead: Bead, share: float, tau_a: float) -> AOUP:
    """The AOUP whose propulsion makes this share of the motion of the bead."""
    D_a = active_diffusivity(*np.array([share, bead.kappa, bead.D, tau_a]))
    return AOUP(bead.kappa, bead.D, D_a, tau_a)


def response(bead: Bead, share: float, tau_a: float, n_points: int, seed: int) -> FloatArray:
    """What the instrument records of the propulsion alone, (n_points,), length."""
    if share == 0:
        return np.zeros(n_points)
    driven = propulsion(bead, share, tau_a)
    alone = AOUP(driven.kappa, NOTHING * bead.D, driven.D_a, tau_a)
    return simulate_records(alone, bead.instrument, n_points, bead.dt, seed)


class Outcome(NamedTuple):
    """One injection. held: whether the central interval holds the truth, by parameter and level."""

    bead: str
    share: float
    tau_a: float
    reading: str
    p_active: float
    held: dict[tuple[str, int], bool]


def outcome(bead: Bead, piece: int, share: float, tau_a: float, seed: int) -> Outcome:
    x = bead.pieces[piece]
    made = x + response(bead, share, tau_a, len(x), seed)
    facts = analyse({"": {"x": made}}, bead.dt, bead.kind, EFFORT, seed, CHOICES).facts
    truth = propulsion(bead, share, tau_a)
    values = {"D_a": float(np.asarray(truth.D_a)), "tau_a": tau_a, "active_share": share}
    found = facts.posteriors["AOUP"].parameters
    held = {}
    for name, value in values.items():
        row = found[name]
        held[name, 68] = bool(row.low68 < value < row.high68)
        held[name, 95] = bool(row.low95 < value < row.high95)
    return Outcome(bead.name, share, tau_a, reading(facts), facts.comparison.p_active, held)


def outcomes(bead: Bead, repeats: int, processes: int) -> list[Outcome]:
    jobs = [
        (bead, piece, share, tau_a, 1000 * i + 100 * piece + repeat)
        for i, (share, tau_a) in enumerate((s, t) for t in bead.times for s in SHARES)
        for piece in range(len(bead.pieces))
        for repeat in range(repeats if share else 1)
        if share or tau_a == bead.times[0]
    ]
    return in_processes(outcome, jobs, processes)


def rows(bead: Bead, results: Sequence[Outcome]) -> Iterator[dict[str, str]]:
    """A row for each share and persistence time."""
    for tau_a in bead.times:
        for share in SHARES:
            some = [r for r in results if (r.share, r.tau_a) == (share, tau_a)]
            if not some:
                continue
            row = {
                "bead": bead.name,
                "kappa_tau_a": f"{bead.kappa * tau_a:.2g}",
                "share": f"{share:g}",
                "records": str(len(some)),
                "found": f"{np.mean([r.reading in FOUND for r in some]):.2f}",
                "drift": f"{np.mean([r.reading == 'drift' for r in some]):.2f}",
                "p_active": f"{np.mean([r.p_active for r in some]):.3f}",
            }
            for name, level in some[0].held:
                held = np.mean([r.held[name, level] for r in some])
                row[f"{name}_{level}"] = f"{held:.2f}" if share else ""
            yield row


def draw(table: Sequence[dict[str, str]], paths: Sequence[Path]) -> None:
    """P(found) against the share, a line for each bead and persistence time; bars: 68 %
    intervals."""
    figure = style.new_figure(style.SINGLE, 55)
    axes = figure.add_subplot()
    lines = dict.fromkeys((row["bead"], row["kappa_tau_a"]) for row in table)
    ends = []
    for (bead, product), colour in zip(lines, COLOURS, strict=False):
        some = [row for row in table if (row["bead"], row["kappa_tau_a"]) == (bead, product)]
        x, p = (np.array([float(row[key]) for row in some]) for key in ("share", "found"))
        counts = [int(row["records"]) for row in some]
        interval = np.array([
            binomtest(round(found * n), n).proportion_ci(0.68, "wilson")
            for found, n in zip(p, counts, strict=True)
        ])  # fmt: skip
        axes.errorbar(x, p, np.maximum([p - interval[:, 0], interval[:, 1] - p], 0), color=colour,
                      marker="o")  # fmt: skip
        name = rf"{bead}, $\kappa\tau_{{\mathrm{{a}}}}$ = {product}"
        ends.append(style.End(x[-1], p[-1], name, colour))
    axes.set(xlabel="active share of the motion", ylabel="activity found", ylim=(-0.05, 1.05))
    style.label_ends(axes, ends)
    style.save(figure, paths)


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    repeats, processes = [*given, *(2, 1)[len(given) :]]
    table: list[dict[str, str]] = []
    for bead in beads():
        print(f"{bead.name}: {len(bead.pieces)} pieces of {len(bead.pieces[0])} points", flush=True)
        for row in rows(bead, outcomes(bead, repeats, processes)):
            table.append(row)
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    folder = Path(__file__).parent
    with (folder / "injection.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    draw(table, [folder / "injection.pdf", folder / "injection.png"])


if __name__ == "__main__":
    main()
