"""A comparison of conditions in sentences and in rows of tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from activenoise.analysis.condition_facts import (
    QUANTITIES,
    ComparedFacts,
    Contrast,
    Interval,
    Pooled,
    TrackFacts,
)
from activenoise.report.artefact_words import artefact_sentences
from activenoise.report.phrases import THIN, number, percent

NAMES = {
    "D": "D",
    "D_a": "D_a",
    "active_share": "the active share",
    "dissipation": "the dissipation",
}
DECIDED = 0.95  # probability, at even odds, from which a condition differs or does not
_NOTICED = 3.0  # nats for a viscoelastic medium
ONE_CELL = (
    "A condition has one cell: no cell-to-cell spread can be known, which needs 2 cells a "
    "condition or more. The answer with the track as the unit follows; it is too sure."
)


def differs(contrast: Contrast) -> str:
    """Whether a condition differs from the control, in words."""
    p = 1 / (1 + np.exp(-np.clip(contrast.log_bayes_factor, -500, 500)))
    if contrast.ratio.kind == "not measured":
        return "not measured"
    if p >= DECIDED:
        return "very likely different"
    return "very likely the same" if p <= 1 - DECIDED else "not decided"


def ratio_words(ratio: Interval) -> str:
    """A ratio with its interval, or its limit."""
    if ratio.kind == "not measured":
        return "no ratio (limits alone)"
    if ratio.kind == "at most":
        return f"at most {number(ratio.high95, 2)} times"
    if ratio.kind == "at least":
        return f"at least {number(ratio.low95, 2)} times"
    ends = f"{number(ratio.low95, 2)} to {number(ratio.high95, 2)}"
    return f"{number(ratio.median, 2)} times (95{THIN}%: {ends})"


def value_words(value: Interval) -> str:
    """A value with its interval, or its limit."""
    if value.kind == "not measured":
        return "not measured"
    if value.kind == "at most":
        return f"≤ {number(value.high95, 2)}"
    if value.kind == "at least":
        return f"≥ {number(value.low95, 2)}"
    return f"{number(value.median, 2)} ({number(value.low95, 2)} to {number(value.high95, 2)})"


def sentences(facts: ComparedFacts) -> list[str]:
    """What was found, the most important first."""
    found = []
    one_cell = any(q.by_cell is None for q in facts.quantities.values())
    if one_cell:
        found.append(ONE_CELL)
    for name in list(facts.conditions)[1:]:
        parts = []
        for quantity in QUANTITIES:
            of = facts.quantities[quantity]
            contrast = (of.by_cell or of.by_track).contrasts[name]
            parts.append(f"{NAMES[quantity]} {_contrast_words(contrast)}")
        unit = "the track (too sure)" if one_cell else "the cell"
        found.append(
            f"{name} against {facts.control}, with {unit} as the unit: {'; '.join(parts)}."
        )
    actives = [
        f"{name} {percent(one.p_active)}, and of a track on average {percent(one.mean_p_active)}"
        for name, one in facts.conditions.items()
    ]
    found.append(f"P(active) of all tracks of a condition together: {'; '.join(actives)}.")
    if facts.viscoelastic > _NOTICED:
        found.append(
            "A viscoelastic medium describes the tracks better than a simple liquid (by "
            f"{facts.viscoelastic:.0f} nats), and D, D_a, the share and the dissipation are those "
            "of a simple liquid: a difference between conditions may be one of the medium."
        )
    if found_in := sum(map(len, facts.artefacts.values())):
        cells = sum(one.n_cells for one in facts.conditions.values())
        found.append(
            f"In {found_in} of {cells} cells something was found that is no motion of the tracer; "
            "the page lists it."
        )
    return found


def artefact_rows(facts: ComparedFacts) -> Iterator[tuple[str, str, str]]:
    """Condition, cell and sentence of all that was found and is no motion of the tracer."""
    for condition, cells in facts.artefacts.items():
        for cell, found in cells.items():
            for sentence in artefact_sentences(found):
                yield condition, cell, sentence


def _contrast_words(contrast: Contrast) -> str:
    said = differs(contrast)
    if said == "not measured":
        return "is not measured, since the records of both conditions set no more than limits"
    return (
        f"is {ratio_words(contrast.ratio)} the control's, {said} "
        f"(log Bayes factor {contrast.log_bayes_factor:+.1f})"
    )


def ratio_rows(facts: ComparedFacts) -> list[dict[str, Any]]:
    """Rows of ratios.csv: each condition, quantity and unit of independence."""
    return [
        {
            "condition": name,
            "control": facts.control,
            "quantity": quantity,
            "unit": unit,
            "ratio": contrast.ratio.median,
            "ratio_low95": contrast.ratio.low95,
            "ratio_high95": contrast.ratio.high95,
            "kind": contrast.ratio.kind,
            "log_bayes_factor": contrast.log_bayes_factor,
            "spread_cells": np.nan if pooled.spread_cells is None else pooled.spread_cells.median,
            "spread_tracks": pooled.spread_tracks.median,
        }
        for quantity, unit, pooled in pooled_of(facts)
        for name, contrast in pooled.contrasts.items()
    ]


def pooled_of(facts: ComparedFacts) -> Iterator[tuple[str, str, Pooled]]:
    """Quantity, unit of independence and answer."""
    for quantity, found in facts.quantities.items():
        if found.by_cell is not None:
            yield quantity, "cell", found.by_cell
        yield quantity, "track", found.by_track


def track_row(track: TrackFacts) -> dict[str, Any]:
    """The row of a track in tracks.csv, also under the names of TrackMate's columns. A limit has
    high95 alone."""
    row: dict[str, Any] = {
        "condition": track.condition,
        "cell": track.cell,
        "file": track.file,
        "track": track.track,
        "TRACK_ID": track.track if track.track.isdigit() else "",
        "NUMBER_SPOTS": track.n_points,
        "p_active": np.nan if track.p_active is None else track.p_active,
        "P_ACTIVE": np.nan if track.p_active is None else track.p_active,
    }
    for name in QUANTITIES:
        own = track.quantities.get(name)
        value = own is not None and own.kind == "value"
        row[name] = own.median if own is not None and value else np.nan
        row[f"{name}_low95"] = own.low95 if own is not None and value else np.nan
        row[f"{name}_high95"] = np.nan if own is None else own.high95
    return row


def table(facts: ComparedFacts) -> str:
    """The ratios as lines for a terminal."""
    lines = [("condition", "quantity", "unit", "ratio to the control", "nats", "")]
    for quantity, unit, pooled in pooled_of(facts):
        for name, contrast in pooled.contrasts.items():
            note = differs(contrast) if unit == "cell" else "too sure"
            bayes = f"{contrast.log_bayes_factor:+.1f}"
            lines.append((name, quantity, unit, ratio_words(contrast.ratio), bayes, note))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )
