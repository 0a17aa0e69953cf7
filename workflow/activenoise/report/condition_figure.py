"""The figure of a comparison of conditions: cells and tracks by quantity, and curves by colour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from activenoise.analysis.condition_curves import Curves
from activenoise.analysis.condition_facts import QUANTITIES, ComparedFacts, Interval
from activenoise.report.style import (
    BLUE,
    DOUBLE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    SYMBOLS,
    End,
    label_ends,
    letter,
    new_figure,
    parameter_unit,
    plain_ticks,
    unit_name,
)

COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY)
CellCurves = Mapping[str, Mapping[str, Curves]]


def figure_of(facts: ComparedFacts, found: CellCurves) -> Figure:
    """A strip of cells and tracks for each quantity, then mean square displacements and spectra.
    found: curves by condition and cell."""
    figure = new_figure(DOUBLE, 118)
    panels = figure.subplots(2, 3).ravel()
    for axes, name in zip(panels, QUANTITIES, strict=False):
        _strip(axes, facts, name)
    unit = unit_name(facts.unit)
    _curves(panels[4], found, "lags", "displacement")
    panels[4].set(xlabel="lag t (s)", ylabel=f"mean square displacement ({unit}²)")
    _curves(panels[5], found, "frequencies", "power", named=True)
    panels[5].set(xlabel="frequency (Hz)", ylabel=f"power of increments ({unit}² s⁻¹)")
    for axes in panels[4:]:
        plain_ticks(axes.xaxis, axes.get_xlim())
        plain_ticks(axes.yaxis, axes.get_ylim())
    for axes, name in zip(panels, "ABCDEF", strict=True):
        letter(axes, name)
    return figure


def _strip(axes: Axes, facts: ComparedFacts, name: str) -> None:
    """Cells with intervals, tracks as pale points, and the mean of each condition as a bar. An
    arrow stands for a limit."""
    of = facts.quantities[name]
    pooled = of.by_cell or of.by_track
    for i, condition in enumerate(facts.conditions):
        colour = COLOURS[i % len(COLOURS)]
        cells = of.cells[condition]
        places = i + (np.linspace(-0.28, 0.28, len(cells)) if len(cells) > 1 else np.zeros(1))
        for place, (cell, value) in zip(places, cells.items(), strict=True):
            tracks = [
                track.quantities[name]
                for track in facts.tracks
                if (track.condition, track.cell) == (condition, cell) and track.quantities
            ]
            known = [own.median for own in tracks if own.kind == "value"]
            limits = [own.high95 for own in tracks if own.kind == "at most"]
            for values, marker in ((known, "."), (limits, "v")):
                at = np.full(len(values), place - 0.04)
                axes.plot(at, values, marker, ms=2, color=colour, alpha=0.35)
            _value(axes, place, value, colour)
        mean = pooled.means[condition]
        if mean.kind == "value":
            axes.fill_between([i - 0.4, i + 0.4], mean.low95, mean.high95, color=colour, alpha=0.12,
                              lw=0)  # fmt: skip
            axes.plot([i - 0.4, i + 0.4], [mean.median] * 2, color=INK, lw=0.8)
        elif mean.kind != "not measured":
            end = mean.high95 if mean.kind == "at most" else mean.low95
            axes.plot([i - 0.4, i + 0.4], [end] * 2, color=INK, lw=0.8, ls=(0, (4, 2)))
    unit = {"dissipation": "kT s⁻¹"}.get(name) or parameter_unit(name, facts.unit)
    symbol = SYMBOLS.get(name, name)
    axes.set(ylabel=f"{symbol} ({unit})", xlim=(-0.6, len(facts.conditions) - 0.4))
    axes.set_xticks(range(len(facts.conditions)), list(facts.conditions))
    if name == "active_share":
        axes.set_ylim(0, 1)
        return
    axes.set_yscale("log")
    plain_ticks(axes.yaxis, axes.get_ylim())


def _value(axes: Axes, place: float, value: Interval, colour: str) -> None:
    if value.kind == "value":
        ends = [[value.median - value.low95], [value.high95 - value.median]]
        axes.errorbar(place, value.median, ends, fmt="o", ms=3, color=colour, lw=0.8)
    elif value.kind != "not measured":
        at_most = value.kind == "at most"
        end = value.high95 if at_most else value.low95
        axes.plot(place, end, "_", color=colour, ms=6)
        axes.annotate("", (place, end * (0.55 if at_most else 1.8)), (place, end),
                      annotation_clip=False,
                      arrowprops={"arrowstyle": "->", "color": colour, "lw": 0.8,
                                  "shrinkA": 0, "shrinkB": 0})  # fmt: skip


def _curves(axes: Axes, found: CellCurves, x: str, y: str, named: bool = False) -> None:
    """Each cell as a thin line, the mean of a condition's cells as a thick one."""
    ends = []
    for i, (condition, cells) in enumerate(found.items()):
        colour = COLOURS[i % len(COLOURS)]
        at = getattr(next(iter(cells.values())), x)
        lines = np.array([getattr(cell, y) for cell in cells.values()])
        for line in lines:
            axes.plot(at, line, color=colour, lw=0.4, alpha=0.5)
        known = ~np.all(np.isnan(lines), axis=1)
        if known.any():
            mean = np.exp(np.mean(np.log(lines[known]), axis=0))
            axes.plot(at, mean, color=colour, lw=1.4)
            ends.append(End(float(at[-1]), float(mean[-1]), condition, colour))
    axes.set(xscale="log", yscale="log")
    if named:
        label_ends(axes, ends)
