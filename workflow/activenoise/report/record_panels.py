"""Panels of the figures of a record: its positions, its autocorrelation, the answers along it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from activenoise.arrays import FloatArray
from activenoise.files import DataSet
from activenoise.parameters import parameter_range
from activenoise.physics.models import AOUP, Passive
from activenoise.report.style import (
    BLUE,
    GREY,
    INK,
    MODEL_COLOURS,
    ORANGE,
    PALE,
    PURPLE,
    RED,
    SKY,
    SYMBOLS,
    is_unresolved,
    lag_axis,
    note,
    parameter_unit,
    plain_ticks,
    scaled,
    unit_name,
    with_error,
)  # fmt: skip


def record_title(about: Mapping[str, Any], gap: str = ": ") -> str:
    """Name of a record; a simulated one is called synthetic. about: track and synthetic."""
    kind = "SYNTHETIC, simulated here" if about["synthetic"] else "measured"
    return f"{about['track'].replace('_', ' ')}{gap}{kind}"


def record_colour(about: Mapping[str, Any]) -> str:
    """The colour of a record's positions."""
    return ORANGE if about["synthetic"] else SKY


def gaussian(x: FloatArray, mean: float, sd: float) -> FloatArray:
    """Density of a normal distribution at x."""
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def histogram(
    axes: Axes, positions: FloatArray, colour: str, unit: str, orientation: Any = "vertical"
) -> None:
    """Histogram of positions about their mean with the Gaussian of the same variance."""
    x = positions - positions.mean()
    sd = float(x.std())
    bins = np.linspace(-4.5 * sd, 4.5 * sd, 46 if len(x) < 20_000 else 91)
    axes.hist(
        x, list(bins), density=True, orientation=orientation, color=colour, alpha=0.45, lw=0,
    )  # fmt: skip
    grid = np.linspace(bins[0], bins[-1], 301)
    curve = (grid, gaussian(grid, 0, sd))
    axes.plot(*(curve if orientation == "vertical" else curve[::-1]), color=INK, lw=0.8)
    places, values = ("position x", f"density (1/{unit_name(unit)})")
    if orientation == "vertical":
        axes.set(xlabel=f"{places} ({unit_name(unit)})", ylabel=values)
    else:
        axes.set(xlabel=values)


def envelope(positions: FloatArray, count: int = 3000) -> tuple[FloatArray, FloatArray]:
    """Index and position of at most 2 count points that draw like the whole track: the least and
    the greatest of each stretch, in their order."""
    if len(positions) <= 2 * count:
        return np.arange(len(positions), dtype=float), positions
    step = -(-len(positions) // count)
    whole = positions[: len(positions) // step * step].reshape(-1, step)
    places = np.sort(np.stack([whole.argmin(axis=1), whole.argmax(axis=1)], axis=1), axis=1)
    index = (places + step * np.arange(len(whole))[:, None]).ravel()
    return index.astype(float), positions[index]


def example_track(axes: Axes, model: str, tracks: DataSet) -> None:
    """The first track of a data set of a model against time."""
    index, x = envelope(tracks[:1][0].astype(np.float64))
    axes.plot(index * tracks.dt, x, color=MODEL_COLOURS[model], lw=0.5)
    axes.axhline(0, color=GREY, lw=0.4, zorder=0)
    axes.set(xlim=(0, tracks.n_points * tracks.dt), ylabel=f"x ({unit_name(tracks.unit)})")
    name = "passive: no active noise" if model == "Passive" else f"active: {model}"
    note(axes, 0.01, 1.06, name, color=MODEL_COLOURS[model])


def fitted_curve(
    model: str, fit: Mapping[str, Any], lags: FloatArray, expected: FloatArray, grid: FloatArray
) -> FloatArray:
    """A fitted C(t) at the lags of a grid (s), with the bias by the mean that its values at `lags`,
    `expected`, have."""
    law = {"AOUP": AOUP, "Passive": Passive}[model](
        **{name: estimate["value"] for name, estimate in fit[model].items()}
    )
    bias = expected - law.autocorrelation(lags)
    return law.autocorrelation(grid) + np.interp(grid, lags, bias)


_READINGS = {"AOUP": ("kappa", "D", "D_a", "tau_a"), "RBP": ("D_rot", "D_a_prime")}


def correlation(
    axes: Axes, residual: Axes, data: Mapping[str, FloatArray], fit: Mapping[str, Any], unit: str
) -> None:
    """Autocorrelation of a record with the fits of the active and the passive model, its residuals
    below, and the parameters of both readings of the active fit.

    data: lags (s), correlation, standard_error and the fitted values by model.
    """
    lags, values, error = data["lags"], data["correlation"], data["standard_error"]
    size, square = scaled(values[0], f"{unit_name(unit)}²")
    axes.errorbar(
        lags, values / size, error / size, fmt="o", color=INK, mfc="white", ms=3, lw=0.6, zorder=2
    )
    grid = np.concatenate([[0.0], np.geomspace(lags[1] / 20, lags[-1], 400)])
    fits = (("AOUP", "active: AOUP or RBP", RED, "-"), ("Passive", "passive", BLUE, "--"))
    for k, (model, name, colour, dash) in enumerate(fits):
        curve = fitted_curve(model, fit, lags, data[model], grid)
        axes.plot(grid, curve / size, color=colour, ls=dash, lw=1.1, zorder=3 - k)
        pull = (values - data[model]) / error
        residual.plot(lags, pull, "o" if k == 0 else "x", color=colour, ms=2.6, mew=0.7)
        text = f"{name}: χ² per degree {fit['reduced_chi2'][model]:.2f}"
        note(axes, 0.985, 0.97 - 0.07 * k, text, color=colour, ha="right")
    for k, (reading, names) in enumerate(_READINGS.items()):
        lines = [f"read as {reading}:"]
        for name in names:
            estimate = fit[reading][name]
            text = with_error(estimate["value"], estimate["standard_error"])
            text = f"{text} {parameter_unit(name, unit)}"
            if is_unresolved(name, fit["unresolved"]):
                text = "not resolved"
            lines.append(f"{SYMBOLS[name]} = {text}")
        note(axes, 0.5, 0.82 - 0.29 * k, "\n".join(lines))
    axes.axhline(0, color=GREY, lw=0.4, zorder=0)
    axes.set(ylabel=f"C(t) ({square})")
    residual.axhspan(-1, 1, color=PALE, alpha=0.6, lw=0, zorder=0)
    residual.axhline(0, color=GREY, lw=0.4, zorder=0)
    residual.set(ylabel="(C − fit)/s.e.")
    lag_axis(residual, lags)


# ---- answers along a record

SEGMENT_QUANTITIES = ("p_active", "p_rbp", "log D", "log D_a")
_ANSWER_COLOURS = {"exact": INK, "network": PURPLE}


def segments(axes: Axes, table: pd.DataFrame, duration: float, kind: str) -> None:
    """One quantity, segment after segment, as steps with a band of one standard deviation where
    there is one. table: rows of a SegmentAnswer; logarithms are drawn as the parameter itself."""
    part = table[np.isclose(table["duration"], duration)].sort_values("start")
    if not len(part):
        return
    edges = np.append(part["start"], part["start"].iloc[-1] + duration)
    value, sd, colour = part["value"].to_numpy(), part["sd"].to_numpy(), _ANSWER_COLOURS[kind]
    read = np.exp if part["quantity"].iloc[0].startswith("log ") else np.asarray
    axes.stairs(read(value), edges, baseline=None, color=colour, lw=1.1)
    if np.all(np.isfinite(sd)):
        low, high = read(value - sd), read(value + sd)
        axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.15, lw=0)


def finish_segments(
    axes: Axes, quantity: str, table: pd.DataFrame, verdict: Mapping[str, Any], unit: str
) -> None:
    """Scale of a panel of segments, which holds all answers of its table; the fit of C(t) with its
    standard error, and the edges of the prior."""
    if not quantity.startswith("log "):
        axes.axhline(0.5, color=GREY, lw=0.5, ls=(0, (4, 3)), zorder=0)
        axes.set(ylim=(-0.04, 1.04), ylabel={"p_active": "P(active)", "p_rbp": "P(RBP)"}[quantity])
        return
    name = quantity.removeprefix("log ")
    low, high, _ = parameter_range(name, verdict["parameters"][name])
    fit = verdict["fit"]["AOUP"][name]
    answers = [
        np.exp(np.quantile(table["value"] + k * table["sd"], q)) for k, q in ((-1, 0.02), (1, 0.98))
    ]
    limits = (min(answers[0], fit["value"]), max(answers[1], fit["value"]))
    limits = (max(limits[0] / 1.3, low / 1.5), min(limits[1] * 1.3, high * 1.5))
    if limits[1] > 8 * limits[0]:
        axes.set_yscale("log")
        plain_ticks(axes.yaxis, limits)
    else:
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
    axes.set(ylabel=f"{SYMBOLS[name]} ({parameter_unit(name, unit)})", ylim=limits)
    for edge in {low, high}:
        axes.axhline(edge, color=GREY, lw=0.6, ls=":", zorder=0)
    if not is_unresolved(name, verdict["fit"]["unresolved"]):
        value, error = fit["value"], fit["standard_error"]
        axes.axhline(value, color=ORANGE, lw=1.0, zorder=1)
        axes.axhspan(
            max(value - error, low / 2), value + error, color=ORANGE, alpha=0.18, lw=0, zorder=0
        )


def whole_record(verdict: Mapping[str, Any]) -> str:
    """The answers for a record as a whole, in one line."""
    parts = []
    for key, name in (("p_active", "P(active)"), ("p_rbp", "P(RBP)")):
        answers = {"exact": verdict["exact"].get(key), "LSTM": verdict["network"].get(key)}
        texts = [f"{who} {value:.3f}" for who, value in answers.items() if value is not None]
        if texts:
            parts.append(f"{name}: " + ", ".join(texts))
    return "whole record: " + "; ".join(parts)


def segment_key(figure: Figure, title: str) -> None:
    """Title and key of a figure of segments."""
    figure.suptitle(title, fontsize=7)
    names = {"exact": "exact posterior, ± s.d.", "network": "LSTM, ± its s.d."}
    handles: list[Any] = [
        Line2D([], [], color=colour, lw=1.2, label=names[kind])
        for kind, colour in _ANSWER_COLOURS.items()
    ]
    handles += [
        Line2D([], [], color=ORANGE, lw=1.2, label="fit of C(t), ± s.e."),
        Line2D([], [], color=GREY, lw=0.8, ls=":", label="edges of the prior"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
