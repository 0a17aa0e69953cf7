"""Figures of the drive: its effective energy, and its propulsion and power in time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from activenoise.analysis.facts import EnergyFacts
from activenoise.arrays import FloatArray
from activenoise.report import style as plot

_MOST = 1200  # points of a curve in time; a longer one is averaged over stretches
_LINES = (plot.ORANGE, plot.GREEN, plot.PURPLE, plot.SKY, plot.RED, plot.GREY)
_NAMED = 0.05  # of the probability of a drive, from which a model has a line of its own


def effective_energy(found: EnergyFacts) -> Figure:
    """Effective energy over kT against frequency: median and bands over all driven models, and the
    median of each that has a say."""
    figure = plot.new_figure(plot.DOUBLE, 70)
    axes = figure.subplots()
    f, curve = np.array(found.frequencies), found.driven.curve
    axes.fill_between(
        f, curve["low95"], curve["high95"], color=plot.BLUE, alpha=0.18, lw=0, label=r"95 %"
    )
    axes.fill_between(
        f, curve["low68"], curve["high68"], color=plot.BLUE, alpha=0.30, lw=0, label=r"68 %"
    )
    axes.plot(f, curve["median"], color=plot.BLUE, lw=1.4, label="median of all driven models")
    likely = [
        name
        for name, row in found.models.items()
        if row.probability > _NAMED * found.driven.probability
    ]
    for name, colour in zip(likely if len(likely) > 1 else [], _LINES, strict=False):
        axes.plot(f, found.models[name].curve["median"], color=colour, lw=0.8, label=name)
    axes.axhline(1, color=plot.GREY, lw=0.6, ls=(0, (4, 3)))
    axes.set(xscale="log", yscale="log", xlim=(f[0], f[-1]), xlabel="frequency (Hz)")
    axes.set_ylabel("effective energy over kT")
    plot.plain_ticks(axes.yaxis, axes.get_ylim())
    axes.legend(loc="best")
    return figure


def drive(arrays: Mapping[str, FloatArray], name: str, dt: float, unit: str) -> Figure:
    """The propulsion of one coordinate in time, with its 68 and 95 % bands, and its power. dt: s
    between points. A long track is averaged over stretches, the band with it."""
    mean, sd, power = (arrays[f"drive/{name}/{key}"] for key in ("mean", "sd", "power"))
    step = -(-len(mean) // _MOST)
    t = dt * (np.arange(-(-len(mean) // step)) + 0.5 * (step > 1)) * step
    v, spread, heat = (_stretches(x, step) for x in (mean, sd, power))
    figure = plot.new_figure(plot.DOUBLE, 84)
    above, below = figure.subplots(2, 1, sharex=True)
    for width, alpha, label in ((1.96, 0.18, "95 %"), (0.9945, 0.30, "68 %")):
        above.fill_between(
            t, v - width * spread, v + width * spread, color=plot.BLUE, alpha=alpha, lw=0,
            label=label,
        )  # fmt: skip
    above.plot(t, v, color=plot.BLUE, lw=0.8)
    above.axhline(0, color=plot.GREY, lw=0.5)
    above.set_ylabel(f"propulsion in {name} ({plot.unit_name(unit)} s⁻¹)")
    above.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    below.plot(t, heat, color=plot.RED, lw=0.6)
    mean_power = float(np.nanmean(power))
    below.axhline(0, color=plot.GREY, lw=0.5)
    below.axhline(mean_power, color=plot.INK, lw=0.8, ls=(0, (4, 3)), label="mean")
    below.set(ylabel="power (kT/s)", xlabel="time t (s)", xlim=(0, dt * len(mean)))
    below.legend(loc="lower right", bbox_to_anchor=(1, 1))
    return figure


def _stretches(x: FloatArray, step: int) -> FloatArray:
    """Means over stretches of `step` points, what is missing left out."""
    padded = np.full(-(-len(x) // step) * step, np.nan)
    padded[: len(x)] = x
    there = np.isfinite(padded).reshape(-1, step)
    total = np.where(there, padded.reshape(-1, step), 0.0).sum(axis=1)
    count = there.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
