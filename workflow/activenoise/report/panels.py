"""Panels of the figures of the studies: log-losses, answers, estimates, training, run times, and
the published numbers. Each function draws into axes that the caller has laid out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from activenoise.arrays import FloatArray
from activenoise.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MODEL_COLOURS,
    MODEL_NAMES,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    SPARE,
    SYMBOLS,
    End,
    Look,
    density_map,
    label_ends,
    letter,
    look,
    marks,
    note,
    pair_name,
    parameter_unit,
    plain_ticks,
    question,
    shades,
    with_error,
)  # fmt: skip
from activenoise.studies.durations import Decay, excess_over, of_method
from activenoise.studies.scoring import accuracy, probability, rmse, rmse_ratio

GRID = np.linspace(0, 1, 301)
KERNEL = 0.02


def density(values: FloatArray, grid: FloatArray, width: float) -> FloatArray:
    """Kernel density of probabilities on [0, 1], reflected at both ends so that nothing leaks."""
    counts, edges = np.histogram(values, bins=400, range=(0, 1))
    centres = 0.5 * (edges[1:] + edges[:-1])
    total = np.zeros_like(grid)
    for image in (centres, -centres, 2 - centres):
        total += np.exp(-0.5 * ((grid[:, None] - image) / width) ** 2) @ counts
    return total / (len(values) * width * np.sqrt(2 * np.pi))


def half_violin(
    axes: Axes, x: float, values: FloatArray, side: int, scale: float, **look: Any
) -> None:
    """The distribution of probabilities to the left (side -1) or right (1) of x, and its mean.

    scale: half width of a violin at density 1.
    """
    width = density(values, GRID, KERNEL) * scale
    axes.fill_betweenx(GRID, x, x + side * width, lw=0.7, **look)
    mean = float(np.mean(values))
    edge = float(np.interp(mean, GRID, width))
    axes.plot(
        [x, x + side * max(edge, 0.06)], [mean, mean], color=INK, lw=1.4, solid_capstyle="butt"
    )


def answers(axes: Axes, pair: str, network: Mapping[str, Any], optimum: Mapping[str, Any]) -> None:
    """The answers to the tracks of either class at the longest duration, with the share of the
    tracks called right: the LSTM's to the left, filled, and the optimum's to the right, hatched.

    network, optimum: arrays of a file of answers, of the same tracks.
    """
    labels, longest = network["labels"], network["points"][-1]
    logits = [a["logits"][:, list(a["points"]).index(longest)] for a in (network, optimum)]
    models = pair.split("-")
    for x, model in enumerate(models):
        colour = MODEL_COLOURS[model]
        half = [probability(values[labels == x]) for values in logits]
        scale = 0.4 / max(density(p, GRID, KERNEL).max() for p in half)
        looks = ({"facecolor": colour}, {"facecolor": "white", "hatch": "////"})
        for side, p, style in zip((-1, 1), half, looks, strict=True):
            half_violin(axes, x, p, side, scale, edgecolor=colour, **style)
        for side, values, name in zip((-1, 1), logits, ("LSTM", "optimum"), strict=True):
            right, error = accuracy(values, labels, x)
            axes.text(
                x + 0.03 * side, 1.03, f"{name}\n{100 * right:.1f} ± {100 * error:.1f} %",
                color=colour, fontsize=6, linespacing=1.3, ha="right" if side < 0 else "left",
                va="bottom",
            )  # fmt: skip
    axes.axhline(0.5, color=GREY, lw=0.5, ls=(0, (4, 3)), zorder=0)
    axes.set_xticks(range(2), [f"{MODEL_NAMES[model]} tracks" for model in models])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.55, 1.55), ylim=(0, 1), ylabel=question(pair))
    axes.yaxis.set_tick_params(labelleft=True)


def calibration(axes: Axes, table: pd.DataFrame, methods: Sequence[str]) -> None:
    """Observed fraction of class 1 against its predicted probability at the longest duration of
    each method, with the identity. table: rows of calibration.csv, of one pair."""
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.6, ls=(0, (4, 2)), zorder=0)
    for k, method in enumerate(methods):
        curve = table[table["method"] == method]
        curve = curve[curve["duration"] == curve["duration"].max()]
        name, colour, marker = look(method)
        axes.errorbar(
            curve["predicted"], curve["observed"], curve["standard_error"], fmt=marker,
            color=colour, mfc="white" if method == "optimum" else colour, ms=3, lw=0.7,
        )  # fmt: skip
        text = f"{name}, {curve['duration'].iloc[0]:.4g} s"
        note(axes, 0.03, 0.98 - 0.075 * k, text, color=colour)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", ylabel="observed fraction")


# ---- estimates


def clouds(
    axes: Axes, truth: FloatArray, estimate: FloatArray, limits: tuple[float, float], colour: str
) -> None:
    """Estimates against truth on logarithmic axes of one range, as a density of tracks; with the
    identity. truth, estimate: natural logarithms; what lies outside is drawn at the edge."""
    low, high = np.log10(limits)
    axes.hexbin(
        np.exp(truth),
        np.exp(np.clip(estimate, *np.log(limits))),
        gridsize=36,
        xscale="log",
        yscale="log",
        extent=(low, high, low, high),
        mincnt=1,
        bins="log",
        cmap=density_map(colour),
        linewidths=0.1,
    )
    axes.plot(limits, limits, color=RED, lw=0.7, ls=(0, (4, 2)))
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis, limits)


def estimates(
    axes: Axes, target: str, method: str, estimate: FloatArray, bayes: FloatArray,
    truth: FloatArray, prior: tuple[float, ...] | None, unit: str,
) -> None:  # fmt: skip
    """Estimates of a parameter against the truth, with their error, and the edges of the prior.

    estimate, bayes, truth: natural logarithms, (n_tracks,). prior: the parameter's range; None if
    the parameter follows from others, whose tracks then show the range.
    """
    low, high, *_ = prior or np.exp([truth.min(), truth.max()])
    shown = (max(low, float(np.exp(np.quantile(truth, 0.003)))) / 1.3, high * 1.3)
    name, colour, _ = look(method)
    symbol, of_target = SYMBOLS[target], parameter_unit(target, unit)
    clouds(axes, truth, estimate, shown, colour)
    for edge in (low, high):
        if shown[0] < edge < shown[1]:
            axes.axhline(edge, color=GREY, lw=0.5, ls=":")
            axes.axvline(edge, color=GREY, lw=0.5, ls=":")
    text = f"RMSE of ln {symbol}: {with_error(*map(float, rmse(estimate, truth)))}\n"
    if method == "bayes":
        text += f"prior's spread: {np.std(truth):.2f}"
    else:
        ratio = rmse_ratio(estimate, bayes, truth)
        text += f"{with_error(*map(float, ratio))} × the optimum's"
    note(axes, 0.5, 1.03, text, ha="center", va="bottom")
    axes.set_title(name, color=colour, pad=21)
    axes.set(xlabel=f"true {symbol} ({of_target})", ylabel=f"estimated {symbol} ({of_target})")


# ---- log-loss against duration


def log_loss(
    loss: Axes, excess: Axes, scores: pd.DataFrame, decays: Mapping[str, Decay],
    published: pd.DataFrame, methods: Sequence[str],
) -> None:  # fmt: skip
    """Log-losses of the methods with their fits, and their excess over the exact optimum; open
    symbols: the published values. scores, published: of one pair."""
    ends: dict[str, list[End]] = {"loss": [], "excess": []}
    grid = np.linspace(0, scores["duration"].max(), 200)
    for method in methods:
        name, colour, marker = look(method)
        t, y, error = of_method(scores, method, "duration", "log_loss", "standard_error")
        loss.errorbar(t, y, error, fmt=marker, color=colour, ms=3, lw=0.7, zorder=3)
        if method in decays:
            inside = grid[grid <= t[-1]]
            loss.plot(inside, decays[method](inside), color=colour, lw=0.7)
        ends["loss"].append(End(t[-1], y[-1], name, colour))
        if method != "optimum":
            y, error = of_method(scores, method, "excess", "excess_standard_error")
            excess.errorbar(t, y, error, fmt=f"{marker}-", color=colour, ms=3, lw=0.7)
            ends["excess"].append(End(t[-1], y[-1], name, colour))
    for method in [method for method in methods if method in set(published["method"])]:
        name, colour, marker = look(method)
        style: Any = {"fmt": marker, "color": colour, "mfc": "none", "ms": 5, "mew": 0.7, "lw": 0.5}
        t, y, error = of_method(published, method, "duration", "value", "uncertainty")
        loss.errorbar(t, y, error, **style, capsize=0)
        if method != "optimum":
            gap = excess_over(published, method)
            excess.errorbar(gap["duration"], gap["value"], gap["uncertainty"], **style, capsize=0)
            t, y = gap[["duration", "value"]].iloc[-1]
            ends["excess"].append(End(t, y, f"{name}, published", colour))
    _finish_log_loss(loss, excess, ends, open_symbols=len(published) > 0)


def excess_of_networks(
    axes: Axes, scores: pd.DataFrame, published: pd.DataFrame, methods: Sequence[str]
) -> None:
    """Log-loss of each network above the exact optimum's, with the spread of its seeds; open
    symbols: the published LSTM above the published optimum. scores, published: of one pair."""
    ends = []
    for method in methods:
        name, colour, marker = look(method)
        t, y, error = of_method(scores, method, "duration", "excess", "excess_standard_error")
        axes.errorbar(t, y, error, fmt=f"{marker}-", color=colour, ms=3, lw=0.7)
        seeds, spread = of_method(scores, method, "seeds", "excess_spread")
        if seeds[0] > 1:
            axes.fill_between(t, y - spread, y + spread, color=colour, alpha=0.2, lw=0)
            name += f", {seeds[0]} seeds"
        ends.append(End(t[-1], y[-1], name, colour))
    gap = excess_over(published, "lstm")
    if len(gap):
        axes.plot(gap["duration"], gap["value"], "s", color=GREY, mfc="none", ms=5, mew=0.7)
        t, y = gap[["duration", "value"]].iloc[-1]
        ends.append(End(t, y, "LSTM, published", GREY))
    _excess_axis(axes)
    right = max(end.x for end in ends)
    axes.set(xlim=(-0.02 * right, 1.03 * right), xlabel="duration T of the track (s)")
    text = "error bars: paired, of the held-out tracks; bands: spread of the seeds"
    note(axes, 0.98, 0.02, text, ha="right", va="bottom", color=GREY)
    label_ends(axes, ends)


def mechanism(
    row: Sequence[Axes], letters: str, pair: str,
    curves: Iterable[tuple[float, pd.DataFrame, str | None]], needed: pd.DataFrame,
) -> None:  # fmt: skip
    """Which of two mechanisms: log-loss of the optimum, excess of a network, and duration needed.

    row: three axes, and their letters. curves: D_a/D, scores and first LSTM of each study of the
    pair; needed: the table of `duration_row`.
    """
    loss, excess, length = row
    ends: dict[str, list[End]] = {"loss": [], "excess": [], "length": []}
    shortest: list[float] = []
    colours = shades(MODEL_COLOURS[pair.split("-")[1]], len(needed))
    for (ratio, scores, network), colour in zip(curves, colours, strict=True):
        x, y, error = of_method(scores, "optimum", "duration", "log_loss", "standard_error")
        shortest.append(x[0])
        loss.errorbar(x, y, error, color=colour, fmt="-", lw=0.9)
        ends["loss"].append(End(x[-1], y[-1], f"{ratio:g}", colour))
        if network:
            columns = ("duration", "log_loss", "excess", "excess_standard_error")
            t, y, gap, error = of_method(scores, network, *columns)
            loss.errorbar(t, y, fmt="s", color=colour, ms=3, zorder=3)
            excess.errorbar(t, gap, error, fmt="s-", color=colour, ms=3, lw=0.7)
            ends["excess"].append(End(t[-1], gap[-1], f"{ratio:g}", colour))
    for level, marker in ((90, "o"), (75, "D")):
        x, t = (needed[name].to_numpy() for name in ("D_a_over_D", f"duration_{level}"))
        known, limit = np.isfinite(t), t <= shortest  # so often right from the shortest track on
        x, t, limit = x[known], t[known], limit[known]
        length.plot(x, t, color=INK, lw=0.7)
        length.plot(x[~limit], t[~limit], marker, color=INK, ms=3.5)
        length.plot(x[limit], t[limit], "v", color=INK, mfc="w", ms=4)
        if len(t):
            ends["length"].append(End(x[-1], t[-1], f"{level} % right", INK))
    _finish_mechanism(row, letters, pair, ends)


def _excess_axis(axes: Axes) -> None:
    """Scale and name of an axis of excess log-losses, linear about 0 where they span much."""
    axes.axhline(0, color=INK, lw=0.8, zorder=1)
    (_, top), bottom = axes.get_ylim(), min(1.3 * axes.dataLim.y0, -0.1 * axes.dataLim.y1)
    axes.set(ylabel="log-loss above the optimum's (nats)", ylim=(bottom, top))
    if top > 0.05:
        axes.set_yscale("symlog", linthresh=0.01, linscale=1.0)
        axes.set(ylim=(max(bottom, -0.02), 1.15 * top))
        marks(axes, [-0.01, -0.005, 0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])


def _finish_mechanism(
    row: Sequence[Axes], letters: str, pair: str, ends: Mapping[str, Sequence[End]]
) -> None:
    """Scales and names of a row of the mechanism figure; ends: named by D_a/D."""
    loss, excess, length = row
    loss.axhline(np.log(2), color=GREY, lw=0.6, ls=(0, (4, 3)), zorder=0)
    loss.set(ylabel="log-loss (nats)", ylim=(0, 0.73))
    _excess_axis(excess)
    for axes in (loss, excess):
        axes.set(xscale="log", xlabel="duration of the track (s)")
        low, high = axes.get_xlim()
        marks(axes, [t for t in (2, 5, 10, 20, 50, 100, 200) if low < t < high], "x")
    ratio = f"{SYMBOLS['D_a']}/{SYMBOLS['D']}"
    length.set(xscale="log", yscale="log", xlabel=ratio, ylabel="duration needed (s)")
    marks(length, [2, 5, 10, 20, 50, 100], "x")
    marks(length, [2, 5, 10, 20, 50, 100, 200])
    length.margins(x=0.25, y=0.2)
    text = f"{pair_name(pair)}; numbers: {ratio}"
    note(loss, 0.5, 1.03, text, ha="center", va="bottom")
    for axes, name in zip(row, letters, strict=True):
        letter(axes, name)
    for axes, panel in zip(row, ends, strict=True):
        label_ends(axes, ends[panel])


def _finish_log_loss(
    loss: Axes, excess: Axes, ends: Mapping[str, Sequence[End]], open_symbols: bool
) -> None:
    """Scales, chance and names of the two panels of the log-loss; ends: where the curves end."""
    loss.axhline(np.log(2), color=GREY, lw=0.6, ls=(0, (4, 3)), zorder=0)
    loss.set_yscale("log")
    low, high = loss.get_ylim()
    low, high = 0.9 * low, min(max(high, 0.73), 1.5)
    loss.set(ylim=(low, high), ylabel="log-loss (nats)")
    marks(loss, [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0) if t > low])
    _excess_axis(excess)
    right = max(end.x for panel in ends.values() for end in panel)
    for axes, name in ((loss, "A"), (excess, "B")):
        axes.set(xlim=(-0.02 * right, 1.03 * right), xlabel="duration T of the track (s)")
        letter(axes, name)
    loss.text(
        right, np.log(2) * 1.02, "chance, ln 2", color=GREY, ha="right", va="bottom", fontsize=6
    )
    text = "lines: fits of a exp(bT)" + ("\nopen symbols: published" if open_symbols else "")
    note(loss, 0.03, 0.03, text, color=GREY, va="bottom")
    for axes, panel in ((loss, "loss"), (excess, "excess")):
        label_ends(axes, ends[panel])


# ---- training, run times, published numbers


def training(
    axes: Axes, task: str, network: str, quantity: str,
    curve: Mapping[int, tuple[FloatArray, FloatArray]], limits: Mapping[Any, float], dt: float,
) -> None:  # fmt: skip
    """Error on the validation tracks against training steps, at up to five durations, with what
    the optimum reaches. curve, limits: as of `learning.curves`."""
    lengths = sorted(curve)
    few = np.unique(np.linspace(0, len(lengths) - 1, 5).round().astype(int))
    ends = []
    for i, colour in zip(few, shades(look(network).colour, len(few)), strict=True):
        n = lengths[i]
        steps, values = curve[n]
        axes.plot(steps, values, color=colour, lw=0.9)
        if (bound := limits.get((task, quantity, n))) is not None:
            axes.axhline(bound, color=colour, lw=0.7, ls=(0, (4, 2)), zorder=1)
        ends.append(End(steps[-1], values[-1], f"{n * dt:.3g} s", colour))
    symbol = SYMBOLS.get(quantity)
    asked = f"estimate of {symbol}:" if symbol else f"{pair_name(task)}?"
    measure = f"validation RMSE of ln {symbol}" if symbol else "validation log-loss (nats)"
    axes.set(title=f"{asked} {look(network).name}", ylabel=measure)
    axes.set(xlabel="training step", xlim=(0, None))
    _bound_losses(axes, quantity)
    label_ends(axes, ends)


def _bound_losses(axes: Axes, quantity: str) -> None:
    """Limits that leave out the first steps of a bad start; a logarithmic axis for wide errors."""
    low, high = axes.get_ylim()
    if quantity == "log_loss":
        axes.set_ylim(low, min(high, 0.75 if low < 0.66 else high))
    elif low <= 0 or high > 10 * low:
        axes.set_yscale("log")


def run_times(axes: Axes, jobs: pd.DataFrame, totals: pd.DataFrame, parts: Sequence[str]) -> None:
    """Total minutes of each rule, one bar a rule, stacked by part of the workflow.

    jobs: rule, part, seconds; totals: one row a rule to draw, as `times.totals` makes them.
    """
    if totals.empty:
        note(axes, 0.5, 0.5, "no run times: results without benchmarks/", ha="center", va="center")
        axes.set_axis_off()
        return
    left = np.zeros(len(totals))
    colours = (BLUE, RED, GREEN, ORANGE, SKY, PURPLE, *SPARE)
    for k, part in enumerate(part for part in parts if (jobs["part"] == part).any()):
        sums = jobs[jobs["part"] == part].groupby("rule")["seconds"].sum()
        width = sums.reindex(totals["rule"]).fillna(0).to_numpy() / 60
        colour = colours[k % len(colours)]
        axes.barh(range(len(totals)), width, left=left, color=colour, height=0.7, label=part)
        left += width
    axes.set_yticks(range(len(totals)), totals["rule"].str.replace("_", " "))
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    for y, row in enumerate(totals.to_dict("records")):
        count = f"{row['jobs']} jobs" if row["jobs"] > 1 else "1 job"
        text = f"{row['seconds'] / 60:.1f} min, {count}, {row['max_rss_mb']:.0f} MB"
        axes.annotate(
            text, (row["seconds"] / 60, y), (3, 0), textcoords="offset points", va="center",
            fontsize=5.5,
        )  # fmt: skip
    longest = totals["seconds"].max() / 60
    axes.set(xlabel="wall time of all jobs (min)", xlim=(0, 1.75 * longest))


_KINDS = {
    "log_loss": ("log-loss", "o"),
    "accuracy": ("fraction called right", "s"),
    "mean_p": ("mean P of a class", "^"),
    "record_p": ("P of the record", "*"),
}


def published_shares(axes: Axes, table: pd.DataFrame) -> None:
    """Published log-losses and probabilities against ours, with the identity; filled symbols for
    the benchmark study, open ones for others."""
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.6, ls=(0, (4, 2)), zorder=0)
    methods: dict[str, Look] = {}
    for (study, name), group in table.groupby(["study", "method"], sort=False):
        method = str(name)
        chosen = look("optimum" if method.startswith("optimum") else method)
        methods[chosen.name] = chosen
        for kind, (_, marker) in _KINDS.items():
            part = group[group["quantity"].str.startswith(kind)]
            axes.errorbar(
                part["published"], part["reproduced"], part["standard_error"].fillna(0),
                part["published_uncertainty"].fillna(0), fmt=marker, color=chosen.colour, lw=0.5,
                ms=6 if kind == "record_p" else 3.2, capsize=0, mew=0.7,
                mfc=chosen.colour if study == "benchmark" else "white",
            )  # fmt: skip
    handles = [Line2D([], [], color=m.colour, lw=2.5, label=m.name) for m in methods.values()]
    handles += [
        Line2D([], [], color=GREY, ls="", marker=marker, ms=4, label=name)
        for kind, (name, marker) in _KINDS.items()
        if table["quantity"].str.startswith(kind).any()
    ]
    axes.legend(handles=handles, loc="upper left", handlelength=1.2)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="published", ylabel="reproduced")
    note(axes, 0.98, 0.03, "filled: benchmark\nopen: granule", color=GREY, ha="right", va="bottom")


def published_ratios(axes: Axes, table: pd.DataFrame) -> None:
    """Ours over the published value of each fitted parameter, with the errors of both."""
    axes.axvline(1, color=GREY, lw=0.6, ls=(0, (4, 2)), zorder=0)
    names = []
    for y, (_, row) in enumerate(table.iterrows()):
        base, _, end = row["quantity"].partition("_segment_")
        extreme = {"min": ", least segment", "max": ", greatest segment"}.get(end, "")
        names.append(f"{SYMBOLS.get(base, base)}{extreme}, {look(row['method']).name}")
        ours, theirs = row["reproduced"], row["published"]
        for error, offset, colour, fill in (
            (row["standard_error"] / theirs, -0.12, INK, INK),
            (row["published_uncertainty"] / theirs, 0.12, GREY, "white"),
        ):
            x = ours / theirs if colour == INK else 1.0
            axes.errorbar(
                x, y + offset, xerr=error if np.isfinite(error) else 0, fmt="o", color=colour,
                mfc=fill, ms=3.5, lw=0.8,
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xscale("log")
    ticks = [0.2, 0.5, 1, 2, 5]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{t:g}" for t in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_xlim()
    axes.set(xlim=(max(min(low, 0.45), 0.05), min(max(high, 2.2), 20)))
    axes.set(xlabel="value over the published one (open: published)")
