"""Which active tracks do the field's usual tests find? Detection at 5 % false alarm against the
exact optimum, by duration, for an AOUP as in the paper's benchmark, a strong one, and an RBP.

    python benchmarks/peers_on_records.py [tracks of each kind, default 400]

The threshold of the exponent of the mean square displacement, of the bump of omega^2 S(omega) and
of the mean back relaxation is the 95 % quantile over passive tracks of the SAME kappa and D, which
no experimenter has: the tests could not do better. The witness of this project needs no threshold
of its own; it is called at p < .05. Prints the table and writes benchmarks/peers_on_records.csv,
.pdf and .png.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.analysis.usual_tests import (
    displacement_exponent,
    lasting_back_relaxation,
    spectral_bump,
)
from activenoise.analysis.witness import witness
from activenoise.arrays import FloatArray, TrackArray
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.report import style
from activenoise.simulation.tracks import simulate

OUT = Path(__file__).parent / "peers_on_records"
FALSE_ALARM = 0.05


class Case(NamedTuple):
    """Active tracks, the passive ones that they are told from, and how long both are (s)."""

    name: str
    active: AOUP | RBP
    passive: Passive
    dt: float
    durations: tuple[float, ...]


CASES = (
    Case(
        "AOUP of the paper's benchmark", AOUP(0.1, 0.2, 0.1, 0.5), Passive(0.1, 0.2), 0.05,
        (25, 50, 100, 200, 400),
    ),
    Case(
        "AOUP, $D_a/D$ = 20", AOUP(1.0, 1.0, 20.0, 3.0), Passive(1.0, 1.0), 0.1,
        (5, 10, 20, 40, 80, 160),
    ),
    Case(
        "RBP, $D_a/D$ = 20", RBP(1.0, 1.0, 20.0, 3.0), Passive(1.0, 1.0), 0.1,
        (5, 10, 20, 40, 80, 160),
    ),
)  # fmt: skip


def unbalanced(x: FloatArray) -> float:
    """How far the mean back relaxation is from 1/2 at long times."""
    return abs(lasting_back_relaxation(x) - 0.5)


TESTS: Mapping[str, Callable[[FloatArray], float]] = {
    "exponent of the MSD": displacement_exponent,
    "bump of ω²S(ω)": spectral_bump,
    "mean back relaxation": unbalanced,
}


def detection(case: Case, n_tracks: int) -> list[dict[str, Any]]:
    """Rows of the table: case, duration, method, and the part of active tracks that is found."""
    points = [round(t / case.dt) for t in case.durations]
    active = simulate(case.active, max(points), case.dt, seed=0, n_tracks=n_tracks)
    passive = simulate(case.passive, max(points), case.dt, seed=1, n_tracks=n_tracks)

    def log_ratio(tracks: TrackArray) -> FloatArray:
        above = log_likelihood(case.active, tracks, case.dt, points)
        return np.asarray(above - log_likelihood(case.passive, tracks, case.dt, points))

    found: dict[str, list[float]] = {"exact optimum": []}
    for yes, no in zip(log_ratio(active).T, log_ratio(passive).T, strict=True):
        found["exact optimum"].append(float(np.mean(yes > np.quantile(no, 1 - FALSE_ALARM))))
    for name, test in TESTS.items():
        found[name] = []
        for n in points:
            yes, no = (np.array([test(x[:n].astype(float)) for x in y]) for y in (active, passive))
            found[name].append(float(np.mean(yes > np.quantile(no, 1 - FALSE_ALARM))))
    found["witness"] = [
        float(
            np.mean(
                [witness_p(x[:n], case.dt, seed) < FALSE_ALARM for seed, x in enumerate(active)]
            )
        )
        for n in points
    ]
    return [
        {"case": case.name, "duration": t, "method": name, "found": value}
        for name, values in found.items()
        for t, value in zip(case.durations, values, strict=True)
    ]


def witness_p(x: FloatArray, dt: float, seed: int) -> float:
    """The chance of the witness at equilibrium; 1 where the track is too short for it."""
    try:
        return witness([x.astype(float)], dt, seed=seed).p_equilibrium
    except ValueError:
        return 1.0


def draw(rows: list[dict[str, Any]], n_tracks: int) -> None:
    """A panel a case: the part that is found, with its standard error, against duration."""
    colours = dict(
        zip(
            ("exact optimum", *TESTS, "witness"),
            (style.INK, style.ORANGE, style.SKY, style.RED, style.GREEN),
            strict=True,
        )
    )
    figure = style.new_figure(style.DOUBLE, 62)
    panels = figure.subplots(1, len(CASES), sharey=True)
    for axes, case in zip(panels, CASES, strict=True):
        axes.axhline(FALSE_ALARM, color=style.PALE, lw=0.8)
        ends = []
        for name, colour in colours.items():
            mine = [r for r in rows if (r["case"], r["method"]) == (case.name, name)]
            p = np.array([row["found"] for row in mine])
            axes.errorbar(
                case.durations, p, np.sqrt(p * (1 - p) / n_tracks), color=colour, marker="o", ms=2.2
            )
            ends.append(style.End(case.durations[-1], p[-1], name, colour))
        axes.set(xscale="log", xlabel="duration T (s)", ylim=(-0.03, 1.05), title=case.name)
        if axes is panels[0]:
            axes.set_ylabel("tracks found, at 5 % false alarm")
        style.marks(axes, case.durations, "x")
        style.label_ends(axes, ends)
    style.save(figure, (OUT.with_suffix(".pdf"), OUT.with_suffix(".png")))


def main() -> None:
    n_tracks = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rows = [row for case in CASES for row in detection(case, n_tracks)]
    for row in rows:
        print(f"{row['case']:30} {row['duration']:6g} s  {row['method']:22} {row['found']:.3f}")
    with OUT.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    draw(rows, n_tracks)


if __name__ == "__main__":
    main()
