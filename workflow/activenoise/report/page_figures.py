"""Figures of a record's page, each an SVG that is part of the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from activenoise.analysis.facts import OwnAnalysis, Pieces, Summary, TrackRow
from activenoise.arrays import FloatArray
from activenoise.parameters import FRACTIONS, REGISTRY
from activenoise.report import record_panels
from activenoise.report import style as plot

WIDE, NARROW = plot.DOUBLE, 0.98 * plot.SINGLE  # of the page, and of a telephone
COLOURS = (plot.SKY, plot.ORANGE, plot.PURPLE)
_BANDS = {"displacement": ("mean square displacement", "lag t (s)", "{u}²"),
          "autocorrelation": ("autocorrelation C(t)", "lag t (s)", "{u}²"),
          "spectrum": ("power spectrum", "frequency (Hz)", "{u}² s"),
          "increments": ("covariance of increments", "lag t (s)", "{u}²"),
          "increment_spectrum": ("power of increments", "frequency (Hz)", "{u}² s⁻¹")}  # fmt: skip
_MOST_TRACKS = 400


def svg(figure: Figure) -> str:
    """A figure as a data URI, the same on every run."""
    with mpl.rc_context({"svg.hashsalt": "activenoise", "svg.fonttype": "path"}):
        buffer = io.BytesIO()
        plot.lay_out(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def record_or_tracks(
    positions: Sequence[FloatArray], names: Sequence[str], dt: float, unit: str
) -> Figure:
    """One track against time, or several as they lie. positions: (n_points, n_coordinates) each,
    dt (s) apart; names: of the coordinates."""
    if len(positions) > 1:
        return tracks(positions, names, dt, unit)
    return record(dict(zip(names, positions[0].T, strict=True)), dt, unit)


def record(coordinates: Mapping[str, FloatArray], dt: float, unit: str) -> Figure:
    """The positions against time, one panel a coordinate."""
    figure = plot.new_figure(WIDE, 22 + 28 * len(coordinates))
    panels = figure.subplots(len(coordinates), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, x), colour in zip(panels, coordinates.items(), COLOURS * 9, strict=False):
        places, values = record_panels.envelope(bridged(x), 1500)
        seen = np.interp(places, np.arange(len(x)), np.isfinite(x).astype(float)) == 1
        axes.plot(places * dt, np.where(seen, values, np.nan), color=colour, lw=0.6)
        axes.set(xlim=(0, len(x) * dt), ylabel=f"{name} ({plot.unit_name(unit)})")
    panels[-1].set_xlabel("time t (s)")
    return figure


def bridged(x: FloatArray) -> FloatArray:
    """Positions less their mean, gaps bridged by lines."""
    seen = np.isfinite(x)
    return np.interp(np.arange(len(x)), np.flatnonzero(seen), x[seen] - x[seen].mean())


def tracks(positions: Sequence[FloatArray], names: Sequence[str], dt: float, unit: str) -> Figure:
    """Tracks (n_points, n_coordinates) as they lie in the plane of the first two coordinates; of
    one coordinate against time, each from its first point. The longest of many."""
    drawn = sorted(positions, key=len, reverse=True)[:_MOST_TRACKS]
    figure = plot.new_figure(WIDE, 110 if len(names) > 1 else 70)
    axes = figure.subplots()
    for i, x in enumerate(drawn):
        seen = x[np.all(np.isfinite(x), axis=1)]
        colour = (*COLOURS, plot.BLUE, plot.GREEN)[i % 5]
        if len(names) > 1:
            axes.plot(seen[:, 0], seen[:, 1], color=colour, lw=0.6)
        else:
            y = bridged(x[:, 0])
            places, values = record_panels.envelope(y - y[0], 300)
            axes.plot(places * dt, values, color=colour, lw=0.6)
    length = plot.unit_name(unit)
    if len(names) > 1:
        axes.set(xlabel=f"{names[0]} ({length})", ylabel=f"{names[1]} ({length})")
        axes.set_aspect("equal", adjustable="datalim")
    else:
        axes.set(xlabel="time t (s)", ylabel=f"{names[0]} from its first point ({length})")
    return figure


def members(rows: Sequence[tuple[TrackRow, OwnAnalysis]], shared: Summary, unit: str) -> Figure:
    """What was found of each track by itself, in the order of D: D with its standard deviation,
    over the 95 % interval of all together (shared), and P(active)."""
    alone = sorted(rows, key=lambda row: row[1].parameters["D"].value)
    place = np.arange(1, len(alone) + 1)
    figure = plot.new_figure(WIDE, 86)
    above, below = figure.subplots(2, 1, sharex=True)
    values = np.array([own.parameters["D"].value for _, own in alone])
    spread = np.array([own.parameters["D"].error for _, own in alone])
    low = np.maximum(values - spread, 0.2 * values)
    above.axhspan(shared.low95, shared.high95, color=plot.BLUE, alpha=0.2, lw=0)
    above.vlines(place, low, values + spread, color=plot.BLUE, lw=1.2)
    above.plot(place, values, "o", color=plot.INK, ms=2.6)
    if values.max() > 5 * values.min():
        above.set_yscale("log")
        plot.plain_ticks(above.yaxis, above.get_ylim())
    above.set_ylabel(f"D ({parameter_unit('D', unit)})")
    below.plot(place, [own.p_active for _, own in alone], "o", color=plot.INK, ms=2.6)
    below.set(ylim=(-0.05, 1.05), ylabel="P(active)", xlabel="tracks, in the order of D")
    named = alone if len(alone) <= 16 else []
    below.set_xticks(place[: len(named)], [row.track for row, _ in named])
    return figure


def histogram(coordinates: Mapping[str, FloatArray], unit: str) -> Figure:
    """Histograms of positions, or of steps, with the Gaussian of their variance."""
    figure = plot.new_figure(NARROW, 58)
    panels = figure.subplots(1, len(coordinates), squeeze=False)[0]
    for axes, (name, x), colour in zip(panels, coordinates.items(), COLOURS * 9, strict=False):
        record_panels.histogram(axes, x[np.isfinite(x)], colour, unit)
        axes.set(xlabel=f"{name} ({plot.unit_name(unit)})", yticks=[])
    return figure


def band_names(arrays: Mapping[str, FloatArray], coordinate: str) -> list[str]:
    """The statistics of one coordinate that have bands, in the order of the page."""
    return [key for key in _BANDS if f"bands/{coordinate}/{key}/at" in arrays]


def band(arrays: Mapping[str, FloatArray], coordinate: str, key: str, unit: str) -> Figure:
    """A statistic of one coordinate over what the favoured model predicts."""
    title, at, size = _BANDS[key]
    x, data, q = (
        arrays[f"bands/{coordinate}/{key}/{part}"] for part in ("at", "data", "quantiles")
    )
    figure = plot.new_figure(NARROW, 62)
    axes = figure.subplots()
    axes.fill_between(x, q[0], q[4], color=plot.BLUE, alpha=0.18, lw=0, label="95 % of the model")
    axes.fill_between(x, q[1], q[3], color=plot.BLUE, alpha=0.30, lw=0, label="68 %")
    axes.plot(x, data, "o", color=plot.INK, ms=2.4, label="record")
    if key in ("autocorrelation", "increments"):
        if key == "autocorrelation":
            plot.lag_axis(axes, x)
        else:
            axes.set_xlabel(at)
        axes.axhline(0, color=plot.GREY, lw=0.5)
    else:
        axes.set(xscale="log", yscale="log", xlabel=at)
    axes.set(ylabel=f"{title} ({size.format(u=plot.unit_name(unit))})")
    if key in ("autocorrelation", "increments"):
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
    axes.legend(loc="best")
    return figure


def corner(draws: Mapping[str, FloatArray], unit: str) -> Figure:
    """Posterior of each parameter and of each pair. draws: by parameter, of equal weight."""
    names = list(draws)
    n = len(names)
    values = {
        name: v if name in FRACTIONS or v.min() <= 0 else np.log10(v) for name, v in draws.items()
    }
    limits = {name: _range(v) for name, v in values.items()}
    # Places that are computed: to find them from the labels of so many panels takes seconds.
    height = min(34 + 26 * n, 190) / 25.4
    figure = plot.new_figure(WIDE, 25.4 * height)
    figure.set_layout_engine("none")
    edges = {"left": 0.62 / WIDE, "right": 1 - 0.1 / WIDE, "top": 1 - 0.06 / height}
    grid = figure.add_gridspec(n, n, bottom=0.5 / height, wspace=0.09, hspace=0.09, **edges)
    for row, below in enumerate(names):
        for column, across in enumerate(names[: row + 1]):
            axes = figure.add_subplot(grid[row, column])
            axes.locator_params(nbins=3)
            axes.set_xlim(limits[across])
            axes.set_xticks(_apart(limits[across]))
            if row == column:
                axes.hist(values[below], 28, range=limits[below], color=plot.BLUE, alpha=0.6, lw=0)
                axes.set_yticks([])
            else:
                _cloud(axes, values[across], values[below], limits[across], limits[below])
                axes.set_ylim(limits[below])
            _label(axes, across, below, row == n - 1, column == 0 and row > 0, draws, unit)
            size = axes.get_position()
            axes.xaxis.set_label_coords(0.5, -0.2 / (height * size.height))
            axes.yaxis.set_label_coords(-0.36 / (WIDE * size.width), 0.5)
    return figure


def _range(v: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(v, [0.003, 0.997])
    margin = 0.05 * (high - low) + 1e-9
    return float(low - margin), float(high + margin)


def _apart(limits: tuple[float, float]) -> FloatArray:
    """Two round numbers at most, not so near an edge that those of two panels could touch."""
    low, high = limits
    inner = low + 0.12 * (high - low), high - 0.12 * (high - low)
    ticks = np.asarray(MaxNLocator(2).tick_values(*inner))
    return ticks[(ticks >= inner[0]) & (ticks <= inner[1])]


def _cloud(
    axes: Axes, x: FloatArray, y: FloatArray, across: tuple[float, float], up: tuple[float, float]
) -> None:
    """Areas that hold 68 and 95 % of the draws, from a smoothed histogram."""
    count, xs, ys = np.histogram2d(x, y, 32, (across, up))
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.6) ** 2)
    for axis in (0, 1):
        count = np.apply_along_axis(np.convolve, axis, count, kernel, "same")
    falling = np.sort(count.ravel())[::-1]
    part = np.cumsum(falling) / falling.sum()
    levels = [falling[np.searchsorted(part, p)] for p in (0.95, 0.68)]
    if levels[0] < levels[1] < falling[0]:
        middle = (0.5 * (xs[1:] + xs[:-1]), 0.5 * (ys[1:] + ys[:-1]))
        fills = (*levels, falling[0] * 1.01)
        axes.contourf(*middle, count.T, fills, colors=["#b9d7ea", "#5aa1cf"])
    else:
        axes.plot(x, y, ".", color=plot.BLUE, ms=1)


def _label(
    axes: Axes, across: str, below: str, last: bool, first: bool,
    draws: Mapping[str, FloatArray], unit: str,
) -> None:  # fmt: skip
    def text(name: str) -> str:
        logarithm = name not in FRACTIONS and draws[name].min() > 0
        symbol = fill(REGISTRY[name].symbol, 14)
        measure = parameter_unit(name, unit)
        bracket = f"\n({measure})" if measure else ""
        return (f"log₁₀ {symbol}" if logarithm else symbol) + bracket

    if last:
        axes.set_xlabel(text(across))
    else:
        axes.set_xticklabels([])
    if first:
        axes.set_ylabel(text(below))
    else:
        axes.set_yticklabels([])


def parameter_unit(name: str, unit: str) -> str:
    """Unit of any parameter of a verdict; empty for pure numbers."""
    return REGISTRY[name].unit(plot.unit_name(unit))


def pieces(found: Pieces, unit: str, networks: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Parameters along the record: median, 68 and 95 % of each piece; beside them what networks
    say of each coordinate's pieces, by coordinate."""
    hidden = {"strength", "D_a" if "active_share" in found.trends else ""}
    names = [name for name in found.trends if name not in hidden]
    chances = any("p_active" in piece for along in networks.values() for piece in along)
    n_panels = len(names) + chances
    rows = (n_panels + 1) // 2
    figure = plot.new_figure(WIDE, 20 + 30 * rows)
    panels = figure.subplots(rows, 2, sharex=True, squeeze=False)
    for axes, name in zip(panels.ravel(), names, strict=False):
        _along(axes, found, name, networks)
        if name not in FRACTIONS:
            axes.set_yscale("log")
            plot.plain_ticks(axes.yaxis, axes.get_ylim())
        measure = parameter_unit(name, unit)
        axes.set_ylabel(REGISTRY[name].symbol + (f" ({measure})" if measure else ""))
    if chances:
        axes = panels.ravel()[len(names)]
        for at, piece in _beside(networks):
            if "p_active" in piece:
                axes.plot(at, piece["p_active"], "D", color=plot.RED, ms=2.8, mfc="white")
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel("P(active), networks")
    for axes in panels.ravel()[n_panels:]:
        axes.axis("off")
    for axes in panels[-1]:
        axes.set_xlabel("time t (s)")
    return figure


def _along(
    axes: Axes, found: Pieces, name: str, networks: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """One parameter of each piece, and the networks' estimates of it."""
    for piece in found.pieces:
        row = piece.parameters[name]
        middle = 0.5 * (piece.start + piece.end)
        for low, high, width in ((row.low95, row.high95, 0.8), (row.low68, row.high68, 2.4)):
            axes.plot([middle] * 2, [low, high], color=plot.BLUE, lw=width, solid_capstyle="butt")
        axes.plot(middle, row.median, "o", color=plot.INK, ms=2.6)
    for at, answer in _beside(networks):
        if name in answer.get("estimates", {}):
            mean, sd = answer["estimates"][name]["mean"], answer["estimates"][name]["sd"]
            axes.plot([at] * 2, np.exp([mean - sd, mean + sd]), color=plot.RED, lw=1.2)
            axes.plot(at, np.exp(mean), "D", color=plot.RED, ms=2.8, mfc="white")


def _beside(
    networks: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Each piece with a time to the right of its middle, coordinates side by side."""
    for k, along in enumerate(networks.values()):
        for piece in along:
            part = 0.62 + 0.16 * k
            yield (1 - part) * piece["start"] + part * piece["end"], piece
