"""The two schemes of the first figure, drawn by code: the set-up and the network."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from activenoise.report.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, RED


def draw_setup(axes: Axes) -> None:
    """A granule in a cell, held by an optical trap and its cytoskeletal cage, kicked and pushed."""
    axes.set(xlim=(-0.3, 10.6), ylim=(-0.5, 9.9), aspect="equal")
    axes.axis("off")
    axes.add_patch(PathPatch(_blob(5.05, 5.3, 4.75, 3.45), fc="#fdf3ea", ec="#b98a5e", lw=1.2))
    axes.add_patch(
        PathPatch(_blob(2.35, 6.3, 1.25, 1.05, seed=5), fc="#f1dcc6", ec="#c9a07a", lw=0.8)
    )
    axes.text(2.35, 6.3, "nucleus", ha="center", va="center", fontsize=5.5, color="#8a6237")
    axes.text(2.6, 3.0, "cell", ha="center", va="center", fontsize=5.5, color="#8a6237")
    centre = np.array([6.1, 5.2])
    _draw_beam(axes, centre)
    _draw_cage(axes, centre)
    axes.add_patch(Circle((centre[0], centre[1]), 0.62, fc="#f2c84b", ec=INK, lw=0.9, zorder=5))
    axes.text(
        centre[0], centre[1], "x", style="italic", ha="center", va="center", zorder=6, fontsize=7
    )
    for angle in np.deg2rad([100, 145, 195, 238]):
        outside = centre + 1.32 * np.array([np.cos(angle), np.sin(angle)])
        inside = centre + 0.72 * np.array([np.cos(angle), np.sin(angle)])
        _arrow(axes, outside, inside, BLUE, 0.9, 4)
    _arrow(axes, centre + np.array([0.64, 0.12]), centre + np.array([2.25, 0.62]), RED, 2.0, 8)
    axes.text(8.35, 6.2, "active\nforce", color=RED, ha="center", va="bottom", fontsize=6)
    axes.text(3.1, 4.3, "thermal\nkicks", color=BLUE, ha="center", va="center", fontsize=6)
    axes.annotate(
        "cytoskeletal\ncage", (7.25, 4.0), (9.35, 1.75), fontsize=5.5, color="#5d6863", ha="center",
        va="center",
        arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GREY},
    )  # fmt: skip
    axes.text(7.6, 9.25, "optical trap", color="#b3261e", ha="left", va="center", fontsize=6)
    _draw_equation(axes)


def _draw_equation(axes: Axes) -> None:
    """The equation of motion, each force in its colour, with its name below."""
    y = 0.45
    parts = (
        (0.75, r"$\dot{x}\;=$", INK, ""),
        (2.6, r"$-\,\kappa\,x$", "#b3261e", "trap"),
        (5.0, r"$+\;\sqrt{2D}\;\xi(t)$", BLUE, "thermal"),
        (7.9, r"$+\;v(t)$", RED, "active"),
    )
    for x, text, colour, name in parts:
        axes.text(x, y, text, color=colour, ha="center", va="center", fontsize=8)
        axes.text(x, y - 0.85, name, color=colour, ha="center", va="center", fontsize=5.5)


def _draw_beam(axes: Axes, centre: np.ndarray) -> None:
    """A focused beam: two cones that meet at the granule."""
    y = np.linspace(-4.1, 4.3, 80)
    width = 0.5 * np.sqrt(1 + (y / 1.1) ** 2)
    edge = np.concatenate([np.stack([width, y], 1), np.stack([-width[::-1], y[::-1]], 1)])
    axes.add_patch(Polygon(centre + edge, fc="#e4574b", ec="none", alpha=0.20, zorder=1))


def _draw_cage(axes: Axes, centre: np.ndarray) -> None:
    """Filaments around the granule: chords that pass it at some distance."""
    random = np.random.default_rng(11)
    for angle in np.linspace(0, 2 * np.pi, 9, endpoint=False) + 0.2:
        distance = random.uniform(1.35, 1.75)
        normal = np.array([np.cos(angle), np.sin(angle)])
        along = np.array([-normal[1], normal[0]])
        t = np.linspace(-1.35, 1.35, 30)
        bend = 0.12 * np.sin(3 * t + random.uniform(0, 6))
        points = centre + normal * (distance + bend)[:, None] + along * t[:, None]
        axes.plot(*points.T, color="#9aa5a0", lw=1.0, zorder=2, solid_capstyle="round")


def _blob(x: float, y: float, width: float, height: float, seed: int = 3) -> Path:
    """A closed smooth outline, a little irregular."""
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 200)
    radius = 1 + sum(
        random.normal(0, 0.028) * np.cos(k * angle + random.uniform(0, 6)) for k in range(2, 6)
    )
    return Path(
        np.stack([x + width * radius * np.cos(angle), y + height * radius * np.sin(angle)], 1)
    )


def _arrow(
    axes: Axes, start: np.ndarray, end: np.ndarray, colour: str, width: float, head: float
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            tuple(start),
            tuple(end),
            arrowstyle="-|>",
            mutation_scale=head,
            lw=width,
            color=colour,
            shrinkA=0,
            shrinkB=0,
            zorder=7,
        )
    )


_ROWS = {"track": 0.95, "lstm": 3.1, "dense": 5.35, "answer": 7.85}  # heights of the network


def draw_network(axes: Axes, n_frames: int = 4, seed: int = 4) -> None:
    """A track cut into frames; an LSTM unit reads them in turn; two layers give P at each."""
    axes.set(xlim=(0, 12.8), ylim=(0, 9.4))
    axes.axis("off")
    left, frame, gap = 2.1, 2.15, 0.5
    random = np.random.default_rng(seed)
    x = np.linspace(0, 1, 60 * n_frames)
    track = np.convolve(random.normal(size=len(x) + 40), np.exp(-np.arange(41) / 12), "valid")
    track = 0.42 * track / np.abs(track).max()
    for name, text in (
        ("track", "track,\nin frames"), ("lstm", "LSTM"), ("dense", "two fully\nconnected\nlayers"),
        ("answer", "an answer\nfor every\nduration"),
    ):  # fmt: skip
        axes.text(0.0, _ROWS[name], text, ha="left", va="center", fontsize=6, linespacing=1.2)
    for k in range(n_frames):
        start = left + k * (frame + gap)
        last = k == n_frames - 1
        duration = "T" if last else rf"{k + 1}T/{n_frames}" if k else f"T/{n_frames}"
        _draw_step(axes, start, frame, track[60 * k : 60 * (k + 1)], duration)
        if not last:
            y = _ROWS["lstm"]
            begin, end = start + frame - 0.26, start + frame + gap + 0.26
            _arrow(axes, np.array([begin, y]), np.array([end, y]), PURPLE, 0.9, 5)
    for x_text, y_text, text, colour, side in (
        (left + (frame + gap) * (n_frames - 1) + frame / 2 + 0.25, _ROWS["dense"] + 1.25, "sigmoid",
         GREY, "left"),
        (left + frame + gap / 2, _ROWS["lstm"] + 0.75, "memory", PURPLE, "center"),
    ):  # fmt: skip
        axes.text(x_text, y_text, text, fontsize=5.2, color=colour, ha=side, va="center")


def _draw_step(axes: Axes, start: float, width: float, track: np.ndarray, duration: str) -> None:
    """One frame of the track from `start` on, the LSTM unit that reads it, and the answer."""
    centre, rows = start + width / 2, _ROWS
    middle: Any = {"ha": "center", "va": "center"}
    axes.add_patch(_box(start, rows["track"] - 0.72, width, 1.44, "#f4f4f4", PALE))
    x = np.linspace(start + 0.1, start + width - 0.1, len(track))
    axes.plot(x, rows["track"] + 1.35 * track, color=INK, lw=0.7)
    axes.add_patch(_box(start + 0.3, rows["lstm"] - 0.6, width - 0.6, 1.2, "#ead3e6", PURPLE))
    axes.text(centre, rows["lstm"], "LSTM", fontsize=5.8, color=PURPLE, **middle)
    _draw_layers(axes, centre, rows["dense"])
    axes.text(centre, rows["answer"] + 0.42, "P(active)", fontsize=5.8, color=RED, **middle)
    axes.text(centre, rows["answer"] - 0.28, f"at {duration}", fontsize=5.2, color=GREY, **middle)
    for low, high in (
        (rows["track"] + 0.76, rows["lstm"] - 0.64),
        (rows["lstm"] + 0.64, rows["dense"] - 0.98),
        (rows["dense"] + 1.0, rows["answer"] - 0.62),
    ):
        _arrow(axes, np.array([centre, low]), np.array([centre, high]), GREY, 0.7, 5)


def _draw_layers(axes: Axes, x: float, y: float) -> None:
    """Two layers of nodes, each joined to all of the next, and the one output."""
    lower = [(x + dx, y - 0.72) for dx in (-0.75, -0.25, 0.25, 0.75)]
    upper = [(x + dx, y + 0.08) for dx in (-0.5, 0.0, 0.5)]
    output = [(x, y + 0.8)]
    for sources, targets in ((lower, upper), (upper, output)):
        for a in sources:
            for b in targets:
                axes.plot(*zip(a, b, strict=True), color=PALE, lw=0.5, zorder=1)
    for nodes, colour in ((lower, GREEN), (upper, ORANGE), (output, RED)):
        axes.plot(*zip(*nodes, strict=True), "o", ms=2.6, color=colour, zorder=2, clip_on=False)


def _box(x: float, y: float, width: float, height: float, fill: str, edge: str) -> FancyBboxPatch:
    return FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.2", fc=fill, ec=edge, lw=0.7
    )
