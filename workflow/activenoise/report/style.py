"""The look of all figures: sizes, fonts, colours, names, numbers, labels and axes.

Colours are those of Okabe and Ito, told apart by the colour-blind. Widths are those of a journal's
columns; the font is the one that comes with matplotlib, so a figure looks the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

from activenoise.arrays import FloatArray
from activenoise.files import replacing
from activenoise.parameters import REGISTRY

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

MODEL_COLOURS = {"Passive": BLUE, "AOUP": RED, "RBP": GREEN, "RTP": PURPLE}
MODEL_NAMES = {"Passive": "passive", "AOUP": "AOUP", "RBP": "RBP", "RTP": "RTP"}
QUESTIONS = {"Passive-AOUP": "P(active)", "AOUP-RBP": "P(RBP)"}
SYMBOLS = {name: row.symbol for name, row in REGISTRY.items()}

_METHODS = {
    "optimum": ("exact optimum", INK, "o"),
    "exact": ("exact", INK, "o"),
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
    "lstm_exact": ("LSTM, exact labels", BLUE, "X"),
    "lstm_increments_exact": ("increments, exact labels", GREEN, "D"),
    "lstm_moments": ("LSTM, moments alone", ORANGE, "^"),
    "lstm_paper": ("LSTM, paper's head, 8000 tracks", "#332288", "X"),
}
SPARE = ("#CC6677", "#117733", "#88CCEE", "#999933")


class Look(NamedTuple):
    """How a method appears in every figure."""

    name: str
    colour: str
    marker: str


def look(method: str) -> Look:
    """The look of a method; one that a user has added gets a colour by its name."""
    if method in _METHODS:
        return Look(*_METHODS[method])
    return Look(method.replace("_", " "), SPARE[sum(method.encode()) % len(SPARE)], "P")


def shades(colour: str, count: int) -> list[Any]:
    """Shades of a colour from pale to dark."""
    return list(_blend(["#dddddd", colour, INK], count + 2)[1:-1])


def density_map(colour: str) -> Any:
    """A colour map from pale to a colour."""
    return _blend(["#e6e6e6", colour], as_cmap=True)


def _blend(colours: Sequence[str], count: int = 6, as_cmap: bool = False) -> Any:
    import seaborn as sns  # here, since it takes longer to load than most figures to draw

    return sns.blend_palette(colours, count, as_cmap)


def question(pair: str) -> str:
    """What a pair's classifier answers: the probability of its second model."""
    return QUESTIONS.get(pair, f"P({MODEL_NAMES[pair.split('-')[1]]})")


def pair_name(pair: str) -> str:
    """Name of a pair for people: "passive or AOUP"."""
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
    return text if power == 0 else f"({text}) × 10{superscript(power)}"


def scaled(value: float, unit: str) -> tuple[float, str]:
    """A power of ten of the size of a value, and the unit that it makes: 10⁻⁶ µm²."""
    power = int(np.floor(np.log10(value)))
    if -2 < power < 3:
        return 1.0, unit
    return 10.0**power, f"10{superscript(power)} {unit}"


def is_unresolved(name: str, unresolved: Sequence[str]) -> bool:
    """Whether the data do not fix a fitted parameter, or one of another reading of the fit."""
    sources = {"D_rot": ("tau_a",), "D_a_prime": ("D_a", "tau_a"), "v0": ("D_a", "tau_a")}
    return any(source in unresolved for source in sources.get(name, (name,)))


def _tidy(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return f"{mantissa} × 10{superscript(int(power))}" if power else mantissa


def superscript(number: int) -> str:
    """A whole number in raised digits."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


# ---- figures


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in the style; width in inches (SINGLE, DOUBLE), height in mm."""
    mpl.use("Agg")
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.04, hspace=0.04)
    return plt.figure(figsize=(width, height / 25.4), layout=layout)


def lay_out(figure: Figure) -> None:
    """Find the places of all parts of a figure, once: Matplotlib would do so for every file, and
    draw the figure in vain each time."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)  # "none" would leave one that has each file drawn twice


def save(figure: Figure, paths: Iterable[str | Path]) -> None:
    """Write a figure to all paths, the same bytes on every run."""
    lay_out(figure)
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
    places = spread(np.array(shares) * height, gap) / height
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


def spread(wanted: FloatArray, gap: float) -> FloatArray:
    """Ascending places at least `gap` apart and near the wanted ones: groups that touch are merged
    and centred on their mean."""
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


# ---- axes


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


def lag_axis(axes: Axes, lags: FloatArray) -> None:
    """A logarithmic axis of lags (s) that has the lag 0 too."""
    axes.set_xscale("symlog", linthresh=lags[1], linscale=0.5)
    axes.set(xlim=(-0.3 * lags[1], 1.25 * lags[-1]), xlabel="lag t (s)")
    powers = np.arange(np.ceil(np.log10(lags[1]) - 1e-9), np.floor(np.log10(lags[-1])) + 1)
    axes.xaxis.set_major_locator(FixedLocator([0.0, *10.0**powers]))
    names = [f"10{superscript(int(power))}" for power in powers]
    axes.xaxis.set_major_formatter(FixedFormatter(["0", *names]))
    minor = np.outer(10.0 ** np.arange(powers[0] - 1, powers[-1] + 1), np.arange(2, 10)).ravel()
    axes.xaxis.set_minor_locator(FixedLocator(minor[minor >= lags[1]]))


def marks(axes: Axes, ticks: Sequence[float], which: str = "y") -> None:
    """Plain numbers at these ticks of an axis and no others."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter(FixedFormatter([f"{t:g}".replace("-", "−") for t in ticks]))
    axis.set_minor_locator(NullLocator())
