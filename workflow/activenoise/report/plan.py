"""The plan of an experiment in a sentence, a table and a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from activenoise.analysis.plan import PlanFacts, make_plan, rounded
from activenoise.files import write_table
from activenoise.inference.power import FALSE_ALARM, WANTED
from activenoise.physics.instrument import Instrument
from activenoise.report.phrases import THIN, percent
from activenoise.report.style import (
    BLUE,
    DOUBLE,
    GREY,
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
    note,
    parameter_unit,
    plain_ticks,
    save,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHADES = (SKY, BLUE, PURPLE, ORANGE)
_MOST_ERROR = 1.0  # standard deviation of a logarithm above which a parameter is not measured


@dataclass(frozen=True)
class Plan:
    """A plan: `facts`, in lengths of `unit`. As text it is the sentence."""

    facts: PlanFacts
    unit: str

    def __str__(self) -> str:
        return " ".join(filter(None, [self._found(), self._measured(), self._double()]))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of plan.csv."""
        return self.facts.rows

    def table(self) -> str:
        """A short table for the screen: the experiment at other durations."""
        D_a = parameter_unit("D_a", self.unit)
        names = ("duration", "power", "known", "least D_a", "share", "D_a to", "dissipation to")
        units = ("s", "", "", D_a, "", "", "")
        facts = self.facts
        lines = [
            (
                _number(row["duration"]),
                _percent(row["power"]),
                _percent(row["power_known"]),
                _number(row["least_D_a"]),
                _number(row["least_active_share"], 2),
                _factor(row["sd_log_D_a"]),
                _factor(row["sd_log_dissipation"]),
            )
            for row in facts.curve(facts.design.dt, facts.design.n_tracks).values()
        ]
        widths = [max(map(len, column)) for column in zip(names, units, *lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in (names, units, *lines)
        )

    def figure(self) -> Figure:
        """Power against duration for numbers of tracks and for intervals, the least D_a that is
        found, and the precision of what is measured."""
        figure = new_figure(DOUBLE, 110)
        (tracks, intervals), (least, errors) = figure.subplots(2, 2)
        self._powers(tracks, "n_tracks", lambda n: f"{n} track{'s' if n > 1 else ''}")
        self._powers(intervals, "dt", lambda dt: f"every {dt:.3g} s")
        self._least(least)
        self._errors(errors)
        for axes, name in zip((tracks, intervals, least, errors), "ABCD", strict=True):
            letter(axes, name)
        return figure

    def write(self, folder: str | Path) -> list[Path]:
        """Write plan.csv, plan.pdf and plan.png into a folder; their paths."""
        paths = [Path(folder) / f"plan.{kind}" for kind in ("csv", "pdf", "png")]
        write_table(paths[0], self.rows)
        save(self.figure(), paths[1:])
        return paths

    def _found(self) -> str:
        """What is found, and what the D_a of the plan needs."""
        facts, unit = self.facts, parameter_unit("D_a", self.unit)
        design, row = facts.design, facts.asked
        n, tau_a = design.n_tracks, design.values["tau_a"]
        who = "One track" if n == 1 else f"{n} tracks"
        start = f"{who} of {facts.duration:g} s"
        if np.isnan(facts.least):
            found = f"{start} show{'s' * (n == 1)} no propulsion with tau_a = {tau_a:g} s."
        else:
            found = (
                f"{start} show{'s' * (n == 1)} propulsion with tau_a = {tau_a:g} s in "
                f"{100 * WANTED:.0f}{THIN}% of cases if D_a is at least {facts.least:.2g} {unit} "
                f"(an active share of {row['least_active_share']:.2g})."
            )
        if "D_a" not in facts.given:
            return found
        asked = f"{design.values['D_a']:g} {unit}"
        if facts.is_double:
            return (
                f"{found} For D_a = {asked} no record is long enough: it has the law of a passive "
                f"tracer in a trap of rate {1 / tau_a:.3g} /s."
            )
        needed = f"if {'each' if n > 1 else 'the'} track lasts {rounded(facts.needed):g} s."
        if "duration" not in facts.given:
            return f"D_a = {asked} is found in {100 * WANTED:.0f}{THIN}% of cases {needed} {found}"
        chance = percent(row["power"])
        return (
            f"{found} D_a = {asked} is found in {chance} of cases, "
            f"and in {100 * WANTED:.0f}{THIN}% {needed}"
        )

    def _measured(self) -> str:
        row = self.facts.asked
        names = (("D_a", "sd_log_D_a"), ("the dissipation", "sd_log_dissipation"))
        known = [
            f"{name} to a factor of {np.exp(row[column]):.2g}"
            for name, column in names
            if row[column] <= _MOST_ERROR
        ]
        if not known:
            return "It measures neither D_a nor the dissipation to better than a factor of 3."
        return f"It measures {' and '.join(known)} (68{THIN}%)."

    def _double(self) -> str:
        if not self.facts.has_double or self.facts.is_double:
            return ""
        return (
            "This is against thermal noise in a simple liquid. A viscoelastic medium at "
            "equilibrium has exactly the law of this motion, so no record of one coordinate, "
            "however long, excludes thermal noise in every medium."
        )

    def _powers(self, axes: Axes, varied: str, name: Callable[[Any], str]) -> None:
        """Power against duration, a curve for each value of what is varied."""
        facts = self.facts
        own = {"dt": facts.design.dt, "n_tracks": facts.design.n_tracks}
        ends = []
        for colour, value in zip(_SHADES, self._values(varied), strict=False):
            curve = facts.curve(**(own | {varied: value}))
            times, powers = list(curve), [row["power"] for row in curve.values()]
            axes.plot(times, powers, "o-", ms=2.2, color=colour)
            ends.append(End(times[-1], powers[-1], name(value), colour))
        for level in (WANTED, FALSE_ALARM):
            axes.axhline(level, color=GREY, lw=0.5, ls=(0, (4, 3)), zorder=0)
        if varied == "n_tracks":
            known = facts.curve(**own)
            axes.plot(
                list(known), [row["power_known"] for row in known.values()], "x", color=INK, ms=3
            )
            note(
                axes,
                0.97,
                0.09,
                "× lowest curve if all parameters were known",
                ha="right",
                va="bottom",
            )
        D_a = f"{facts.design.values['D_a']:.2g} {parameter_unit('D_a', self.unit)}"
        axes.set(ylim=(-0.02, 1.02), ylabel=f"chance of finding {SYMBOLS['D_a']} = {D_a}")
        self._time_axis(axes)
        label_ends(axes, ends)

    def _values(self, varied: str) -> list[Any]:
        return sorted({row[varied] for row in self.facts.rows})

    def _least(self, axes: Axes) -> None:
        facts, unit = self.facts, parameter_unit("D_a", self.unit)
        rows = facts.curve(facts.design.dt, facts.design.n_tracks)
        axes.plot(list(rows), [row["least_D_a"] for row in rows.values()], "o-", ms=2.2, color=RED)
        axes.plot(facts.duration, facts.design.values["D_a"], "D", color=INK, ms=3.5)
        axes.annotate(
            "this plan", (facts.duration, facts.design.values["D_a"]), (-6, -7),
            textcoords="offset points", fontsize=6, color=INK, ha="right",
        )  # fmt: skip
        axes.set(yscale="log", ylabel=f"least {SYMBOLS['D_a']} found ({unit})")
        note(axes, 0.97, 0.97, f"found in {100 * WANTED:.0f} % of cases", ha="right", color=RED)
        plain_ticks(axes.yaxis, axes.get_ylim())
        self._time_axis(axes)

    def _errors(self, axes: Axes) -> None:
        facts = self.facts
        rows = facts.curve(facts.design.dt, facts.design.n_tracks)
        ends = []
        for column, name, colour in (
            ("sd_log_D_a", SYMBOLS["D_a"], RED),
            ("sd_log_tau_a", SYMBOLS["tau_a"], BLUE),
            ("sd_log_dissipation", "dissipation", ORANGE),
        ):
            values = [row[column] for row in rows.values()]
            axes.plot(list(rows), values, "o-", ms=2.2, color=colour)
            ends.append(End(list(rows)[-1], values[-1], name, colour))
        axes.axhline(_MOST_ERROR, color=GREY, lw=0.5, ls=(0, (4, 3)), zorder=0)
        axes.set(yscale="log", ylabel="expected error of the logarithm")
        note(axes, 0.97, 0.97, "above the line: not measured", ha="right", color=GREY)
        plain_ticks(axes.yaxis, axes.get_ylim())
        self._time_axis(axes)
        label_ends(axes, ends)

    def _time_axis(self, axes: Axes) -> None:
        times = [row["duration"] for row in self.facts.rows]
        limits = (min(times) / 1.3, max(times) * 1.3)
        axes.set(xscale="log", xlim=limits, xlabel="duration of a track (s)")
        plain_ticks(axes.xaxis, limits)


def plan(
    kappa: float,
    D: float,
    tau_a: float,
    dt: float,
    duration: float | None = None,
    D_a: float | None = None,
    n_tracks: int = 1,
    *,
    unit: str = "um",
    noise: float = 0.0,
    exposure: float = 0.0,
    corner: float = np.inf,
    relaxed: float = 0.0,
    seed: int = 1,
) -> Plan:
    """How long to record: the plan of an experiment, as text, table, figure and CSV file.

    kappa (1/s; 0 for a free tracer), D (length^2/s) and tau_a (s): of the tracer that is expected.
    dt (s): the interval; duration (s) of each of n_tracks tracks. D_a (length^2/s): the propulsion
    to find. Either duration or D_a may be left out: the plan then has the duration that finds D_a,
    or the least D_a that is found. unit: of all lengths. noise (length), exposure, corner (Hz) and
    relaxed: of the instrument. ValueError in one line for what cannot be planned.
    """
    instrument = Instrument(noise, exposure, corner, relaxed, baseline="constant")
    return Plan(make_plan(kappa, D, tau_a, dt, duration, D_a, n_tracks, instrument, seed), unit)


def _number(value: float, digits: int = 3) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}g}"


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.0f} %"


def _factor(error: float) -> str:
    """The factor that a standard deviation of a logarithm is, or nothing where it is too large."""
    return "-" if not error <= _MOST_ERROR else f"× {np.exp(error):.2f}"
