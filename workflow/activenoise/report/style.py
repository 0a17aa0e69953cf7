"""One style for all figures, and the drawing that they share.

Colours are those of Okabe and Ito, told apart by the colour-blind. Widths are those of a journal's
columns; the font is the one that comes with matplotlib, so a figure looks the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike
from scipy.optimize import curve_fit

from activenoise.arrays import FloatArray
from activenoise.files import replacing
from activenoise.parameters import REGISTRY, parameter_range
from activenoise.physics.models import AOUP, Passive
from activenoise.studies.scoring import Estimate

SINGLE, DOUBLE = 89 / 25.4, 183 / 25.4  # widths of one and two columns, inches

STYLE: Any = {
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # whole fonts, which an editor can change
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": 6.5,
    "axes.titlesize": 6.5,
    "axes.labelsize": 6.5,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.2,
    "errorbar.capsize": 1.5,
    "hatch.linewidth": 0.4,
}

INK, GREY, PALE = "#1a1a1a", "#767676", "#d9d9d9"
BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#AA4499", "#E69F00", "#56B4E9"

MODEL_COLOURS = {"Passive": BLUE, "AOUP": RED, "RBP": GREEN}
MODEL_NAMES = {"Passive": "passive", "AOUP": "AOUP", "RBP": "RBP"}
QUESTIONS = {"Passive-AOUP": "P(active)", "AOUP-RBP": "P(RBP)"}
SYMBOLS = {name: row.symbol for name, row in REGISTRY.items()}

_METHODS = {
    "optimum": ("exact optimum", INK, "o"),
    "optimum_given_start": ("exact optimum given x(0)", GREY, "D"),
    "path_integral": ("path integral", GREY, "x"),
    "correlation_fit": ("fit of C(t)", INK, "o"),
    "increments": ("increments", INK, "o"),
    "bayes": ("Bayes optimum", INK, "o"),
    "lstm": ("LSTM", PURPLE, "s"),
    "lstm_increments": ("LSTM on increments", ORANGE, "^"),
    "feedforward": ("feedforward", SKY, "v"),
    "lstm_last_state": ("LSTM, paper's head", "#117733", "P"),
    "lstm_fixed_tracks": ("LSTM, 8000 tracks", "#CC6677", "D"),
    "lstm_moments": ("LSTM, moments alone", ORANGE, "^"),
    "lstm_paper": ("LSTM, paper's head, 8000 tracks", "#332288", "X"),
}
_SPARE = ("#CC6677", "#117733", "#88CCEE", "#999933")


class Look(NamedTuple):
    """How a method appears in every figure."""

    name: str
    colour: str
    marker: str


def look(method: str) -> Look:
    """The look of a method; one that a user has added gets a colour by its name."""
    if method in _METHODS:
        return Look(*_METHODS[method])
    return Look(method.replace("_", " "), _SPARE[sum(method.encode()) % len(_SPARE)], "P")


def question(pair: str) -> str:
    """What a pair's classifier answers: the probability of its second model."""
    return QUESTIONS.get(pair, f"P({MODEL_NAMES[pair.split('-')[1]]})")


def pair_name(pair: str) -> str:
    first, second = (MODEL_NAMES[name] for name in pair.split("-"))
    return f"{first} or {second}"


def unit_name(unit: str) -> str:
    """A unit of length of the sheet as it is printed."""
    return {"um": "\u00b5m"}.get(unit, unit)


def parameter_unit(name: str, unit: str) -> str:
    """Unit of a parameter by name, for positions in `unit`."""
    return "of C(0)" if name == "active_share" else REGISTRY[name].unit(unit_name(unit))


def with_error(value: float, error: float) -> str:
    """A number and its standard error to one or two digits of the error: 157 ± 7, 0.330 ± 0.011."""
    if not (np.isfinite(error) and error > 0):
        return _tidy(f"{value:.3g}")
    size = int(np.floor(np.log10(max(abs(value), error))))
    power = 0 if -2 <= size <= 3 else size
    scale = int(np.floor(np.log10(error)))
    kept = 1 if error / 10.0**scale < 3.55 else 0
    places = kept - scale + power
    digits = max(0, places)
    text = " ± ".join(
        f"{round(number / 10.0**power, places):.{digits}f}" for number in (value, error)
    )
    return text if power == 0 else f"({text}) × 10{_superscript(power)}"


def scaled(value: float, unit: str) -> tuple[float, str]:
    """A power of ten of the size of a value, and the unit that it makes: 10⁻⁶ µm²."""
    power = int(np.floor(np.log10(value)))
    if -2 < power < 3:
        return 1.0, unit
    return 10.0**power, f"10{_superscript(power)} {unit}"


def is_unresolved(name: str, unresolved: Sequence[str]) -> bool:
    """Whether the data do not fix a fitted parameter, or one of another reading of the fit."""
    sources = {"D_rot": ("tau_a",), "D_a_prime": ("D_a", "tau_a"), "v0": ("D_a", "tau_a")}
    return any(source in unresolved for source in sources.get(name, (name,)))


def _tidy(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return f"{mantissa} × 10{_superscript(int(power))}" if power else mantissa


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


# ---- figures


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in the style; width in inches (SINGLE, DOUBLE), height in mm."""
    mpl.use("Agg")
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.04, hspace=0.04)
    return plt.figure(figsize=(width, height / 25.4), layout=layout)


def save(figure: Figure, paths: Iterable[str | Path]) -> None:
    """Write a figure to all paths, the same bytes on every run."""
    for path in map(Path, paths):
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
        with replacing(path) as partial:
            figure.savefig(partial, metadata=metadata)
    plt.close(figure)


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def letter(axes: Axes, name: str, x: float = 0.0, y: float = 1.0) -> None:
    """The letter of a panel, at its upper left corner, outside."""
    shift = mpl.transforms.ScaledTranslation(-24 / 72, 4 / 72, _figure(axes).dpi_scale_trans)
    axes.text(
        x, y, name, transform=axes.transAxes + shift, fontsize=9, fontweight="bold", va="bottom"
    )


def note(axes: Axes, x: float, y: float, text: str, **options: Any) -> None:
    """A line of small text, placed in units of the axes."""
    given: dict[str, Any] = {
        "fontsize": 6,
        "color": INK,
        "ha": "left",
        "va": "top",
        "linespacing": 1.4,
    } | options
    axes.text(x, y, text, transform=axes.transAxes, **given)


class End(NamedTuple):
    """The last point of a curve, and its name."""

    x: float
    y: float
    name: str
    colour: Any


def label_ends(axes: Axes, ends: Sequence[End], gap: float = 7.5) -> None:
    """Names right of the axes, beside the ends of curves, no two closer than `gap` points; inside,
    after its end, the name of a curve that ends early. Call it when the limits are set."""
    figure = _figure(axes)
    figure.canvas.draw()
    height = axes.get_window_extent().height * 72 / figure.dpi
    low, high = axes.get_ylim()
    short = [end for end in ends if axes.transLimits.transform((end.x, low))[0] < 0.75]
    for end in short:
        axes.annotate(
            end.name, (end.x, np.clip(end.y, low, high)), (4, -8), textcoords="offset points",
            color=end.colour, va="center", fontsize=6,
        )  # fmt: skip
    full = sorted((end for end in ends if end not in short), key=lambda end: end.y)
    if not full:
        return
    points = [(end.x, float(np.clip(end.y, low, high))) for end in full]
    shares = [_share(axes, point) for point in points]
    places = _spread(np.array(shares) * height, gap) / height
    for place, point, end in zip(places, points, full, strict=True):
        axes.annotate(
            end.name, point, (1.035, place), textcoords="axes fraction", color=end.colour,
            va="center", fontsize=6, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "lw": 0.4, "shrinkA": 1,
                        "shrinkB": 3, "relpos": (0, 0.5)},
        )  # fmt: skip


def _share(axes: Axes, point: tuple[float, float]) -> float:
    """Height of a point of the data as a share of the axes."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform(point))[1])


def _spread(wanted: FloatArray, gap: float) -> FloatArray:
    """Ascending places at least `gap` apart, near the wanted ones: groups that touch are merged and
    centred on their mean."""
    groups: list[list[float]] = []
    for y in wanted:
        groups.append([float(y)])
        while len(groups) > 1:
            (a, b) = groups[-2:]
            top = np.mean(a) + gap * (len(a) - 1) / 2
            bottom = np.mean(b) - gap * (len(b) - 1) / 2
            if bottom - top >= gap:
                break
            groups[-2:] = [a + b]
    return np.concatenate(
        [np.mean(g) + gap * (np.arange(len(g)) - (len(g) - 1) / 2) for g in groups]
    )


# ---- curves and distributions


class Decay(NamedTuple):
    """Weighted least squares of a exp(bT), with standard errors; b in 1/s; chi2 per degree."""

    a: Estimate
    b: Estimate
    reduced_chi2: float

    def __call__(self, durations: ArrayLike) -> FloatArray:
        return self.a.value * np.exp(self.b.value * np.asarray(durations))


def fit_decay(durations: FloatArray, values: FloatArray, errors: FloatArray) -> Decay | None:
    """a exp(bT) through points of known errors; None for fewer than three.

    Points of one set of tracks share their noise: the errors are too small by what they share.
    """
    if len(durations) < 3:
        return None
    slope = np.log(values[-1] / values[0]) / (durations[-1] - durations[0])
    best, covariance = curve_fit(
        lambda t, a, b: a * np.exp(b * t),
        durations,
        values,
        p0=(values[0], slope),
        sigma=errors,
        absolute_sigma=True,
    )
    error = np.sqrt(np.diag(covariance))
    residuals = (values - best[0] * np.exp(best[1] * durations)) / errors
    chi2 = float(np.sum(residuals**2)) / (len(values) - 2)
    return Decay(Estimate(best[0], error[0]), Estimate(best[1], error[1]), chi2)


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


def plain_ticks(axis: Axis, limits: tuple[float, float]) -> None:
    """Ticks of a logarithmic axis: names at the decades, or at 1, 2 and 5 of each where there are
    fewer than two."""
    low, high = np.log10(limits)
    if np.floor(high) - np.ceil(low) < 1:
        decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
        ticks = [t for t in np.outer(decades, [1, 2, 5]).ravel() if limits[0] <= t <= limits[1]]
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FixedFormatter([_tidy(f"{t:g}") for t in ticks]))
    axis.set_minor_formatter(NullFormatter())


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
        cmap=sns.blend_palette(["#e6e6e6", colour], as_cmap=True),
        linewidths=0.1,
    )
    axes.plot(limits, limits, color=RED, lw=0.7, ls=(0, (4, 2)))
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis, limits)


def gaussian(x: FloatArray, mean: float, sd: float) -> FloatArray:
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


READINGS = {"AOUP": ("kappa", "D", "D_a", "tau_a"), "RBP": ("D_rot", "D_a_prime")}


def lag_axis(axes: Axes, lags: FloatArray) -> None:
    """A logarithmic axis of lags (s) that has the lag 0 too."""
    axes.set_xscale("symlog", linthresh=lags[1], linscale=0.5)
    axes.set(xlim=(-0.3 * lags[1], 1.25 * lags[-1]), xlabel="lag t (s)")
    powers = np.arange(np.ceil(np.log10(lags[1]) - 1e-9), np.floor(np.log10(lags[-1])) + 1)
    axes.xaxis.set_major_locator(FixedLocator([0.0, *10.0**powers]))
    names = [f"10{_superscript(int(power))}" for power in powers]
    axes.xaxis.set_major_formatter(FixedFormatter(["0", *names]))
    minor = np.outer(10.0 ** np.arange(powers[0] - 1, powers[-1] + 1), np.arange(2, 10)).ravel()
    axes.xaxis.set_minor_locator(FixedLocator(minor[minor >= lags[1]]))


def record_title(track: str, about: Mapping[str, Any], gap: str = ": ") -> str:
    """Name of a record; a simulated one is called synthetic."""
    kind = "SYNTHETIC, simulated here" if about["synthetic"] else "measured"
    return f"{track.replace('_', ' ')}{gap}{kind}"


# ---- log-loss against duration


def marks(axes: Axes, ticks: Sequence[float], which: str = "y") -> None:
    """Plain numbers at these ticks of an axis and no others."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter(FixedFormatter([f"{t:g}".replace("-", "−") for t in ticks]))
    axis.set_minor_locator(NullLocator())


def _excess_axis(axes: Axes) -> None:
    """Scale and name of an axis of excess log-losses, linear about 0 where they span much."""
    axes.axhline(0, color=INK, lw=0.8, zorder=1)
    (_, top), bottom = axes.get_ylim(), min(1.3 * axes.dataLim.y0, -0.002)
    axes.set(ylabel="log-loss above the optimum's (nats)", ylim=(bottom, top))
    if top > 0.05:
        axes.set_yscale("symlog", linthresh=0.01, linscale=1.0)
        axes.set(ylim=(max(bottom, -0.02), 1.15 * top))
        marks(axes, [-0.01, -0.005, 0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])


def finish_excess(axes: Axes, ends: Sequence[End]) -> None:
    """Scales and names of a panel of excess log-losses against duration."""
    _excess_axis(axes)
    right = max(end.x for end in ends)
    axes.set(xlim=(-0.02 * right, 1.03 * right), xlabel="duration T of the track (s)")
    text = "error bars: paired, of the held-out tracks; bands: spread of the seeds"
    note(axes, 0.98, 0.02, text, ha="right", va="bottom", color=GREY)
    label_ends(axes, ends)


def finish_mechanism(
    loss: Axes, excess: Axes, length: Axes, ends: Mapping[str, Sequence[End]]
) -> None:
    """Scales and names of the panels of the mechanism figure; ends: named by D_a/D."""
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
    note(loss, 0.04, 0.04, f"lines: exact optimum\nsquares: LSTM\nnumbers: {ratio}", va="bottom")
    for axes, name in ((loss, "A"), (excess, "B"), (length, "C")):
        letter(axes, name)
    for axes, panel in ((loss, "loss"), (excess, "excess")):
        label_ends(axes, ends[panel])


def finish_log_loss(
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


# ---- training, run times, published numbers


# Rules whose benchmark files have another name.
RULES = {"exact": "exact_record", "network": "network_record", "correlation": "fit_correlation",
         "synthetic": "synthetic_record", "records": "check_records"}  # fmt: skip


def shades(colour: str, count: int) -> list[Any]:
    """Shades of a colour from pale to dark."""
    return list(sns.blend_palette(["#dddddd", colour, INK], count + 2)[1:-1])


def bound_losses(axes: Axes, quantity: str) -> None:
    """Limits that leave out the first steps of a bad start; a logarithmic axis for wide errors."""
    low, high = axes.get_ylim()
    if quantity == "log_loss":
        axes.set_ylim(low, min(high, 0.75 if low < 0.66 else high))
    elif low <= 0 or high > 10 * low:
        axes.set_yscale("log")


def stacked_bars(
    axes: Axes, jobs: pd.DataFrame, rules: Sequence[str], parts: Sequence[str]
) -> None:
    """Total minutes of each rule, one bar a rule, stacked by part; jobs: rule, part, seconds."""
    left = np.zeros(len(rules))
    colours = (BLUE, RED, GREEN, ORANGE, SKY, PURPLE, *_SPARE)
    for k, part in enumerate(part for part in parts if (jobs["part"] == part).any()):
        sums = jobs[jobs["part"] == part].groupby("rule")["seconds"].sum()
        width = sums.reindex(list(rules)).fillna(0).to_numpy() / 60
        colour = colours[k % len(colours)]
        axes.barh(range(len(rules)), width, left=left, color=colour, height=0.7, label=part)
        left += width
    axes.set_yticks(range(len(rules)), [rule.replace("_", " ") for rule in rules])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.legend(loc="lower right")


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
