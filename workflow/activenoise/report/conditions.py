"""Conditions compared, in one object: the facts, their words, the page and the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from tqdm.auto import tqdm

from activenoise import __version__
from activenoise.analysis.condition_curves import curves
from activenoise.analysis.condition_facts import QUANTITIES, ComparedFacts, Interval
from activenoise.analysis.conditions import Cell, Conditions, compare_conditions
from activenoise.analysis.stored import to_json
from activenoise.config.seeds import record_seed
from activenoise.files import replacing, write_json, write_table
from activenoise.reading.conditions import Experiment, experiment
from activenoise.reading.record import Record
from activenoise.reading.records import ReadOptions
from activenoise.report.condition_figure import CellCurves, figure_of
from activenoise.report.condition_words import (
    NAMES,
    artefact_rows,
    differs,
    pooled_of,
    ratio_rows,
    ratio_words,
    sentences,
    table,
    track_row,
    value_words,
)
from activenoise.report.page_figures import svg
from activenoise.report.style import parameter_unit, save
from activenoise.report.verdict import Question, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR = "{desc}: {elapsed}{postfix}"


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison of conditions. facts: typed numbers (`analysis.condition_facts`). curves: what
    needs no model, by condition and cell. As text it is the answer in sentences."""

    facts: ComparedFacts
    curves: CellCurves
    cells_are: str
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(sentences(self.facts))

    def __repr__(self) -> str:
        return f"Compared({', '.join(self.facts.conditions)}): {self}"

    def table(self) -> str:
        """The ratios by quantity, with the cell and with the track as the unit."""
        return table(self.facts)

    def figure(self) -> Figure:
        """Cells and tracks by quantity, mean square displacements and spectra."""
        return shown(figure_of(self.facts, self.curves))

    def json(self) -> dict[str, Any]:
        """The comparison as plain JSON: what conditions.json holds."""
        return {
            "version": __version__,
            "sentences": sentences(self.facts),
            "cells_are": self.cells_are,
            "faults": list(self.faults),
            "facts": to_json(self.facts),
        }

    def page(self, path: str | Path) -> Path:
        """Write the page, one HTML file without scripts or addresses, and say where it is."""
        text = files("activenoise.report").joinpath("conditions.html.j2").read_text("utf-8")
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        facts = self.facts
        page = environment.from_string(text).render(
            title=f"{', '.join(list(facts.conditions)[1:])} against {facts.control}",
            facts=facts,
            cells_are=self.cells_are,
            faults=self.faults,
            sentences=sentences(facts),
            artefacts=list(artefact_rows(facts)),
            figure=svg(figure_of(facts, self.curves)),
            ratios=[
                {
                    "condition": name,
                    "quantity": NAMES[quantity],
                    "unit": unit,
                    "ratio": ratio_words(contrast.ratio),
                    "bayes": f"{contrast.log_bayes_factor:+.1f} nats",
                    "note": differs(contrast) if unit == "cell" else "too sure",
                }
                for quantity, unit, pooled in pooled_of(facts)
                for name, contrast in pooled.contrasts.items()
            ],
            means=[self._means(quantity) for quantity in QUANTITIES],
        )
        with replacing(path) as partial:
            partial.write_text(page, encoding="utf-8")
        return Path(path)

    def _means(self, quantity: str) -> dict[str, Any]:
        of = self.facts.quantities[quantity]
        pooled = of.by_cell or of.by_track
        unit = {"dissipation": "kT/s", "active_share": ""}.get(quantity)
        unit = parameter_unit(quantity, self.facts.unit) if unit is None else unit
        return {
            "quantity": f"{NAMES[quantity]} ({unit})" if unit else NAMES[quantity],
            "values": [value_words(value) for value in pooled.means.values()],
            "cells": "not known" if pooled.spread_cells is None else _factor(pooled.spread_cells),
            "tracks": _factor(pooled.spread_tracks),
        }

    def write(self, folder: str | Path) -> list[Path]:
        """Write the page (conditions.html), tracks.csv, ratios.csv, conditions.json and the figure
        (conditions.pdf, conditions.png) into a folder; their paths."""
        names = ("conditions.html", "tracks.csv", "ratios.csv", "conditions.json")
        page, tracks, ratios, facts = paths = [Path(folder) / name for name in names]
        figures = [Path(folder) / f"conditions.{kind}" for kind in ("pdf", "png")]
        write_table(tracks, map(track_row, self.facts.tracks))
        write_table(ratios, ratio_rows(self.facts))
        write_json(facts, self.json())
        save(figure_of(self.facts, self.curves), figures)
        self.page(page)
        return [*paths, *figures]


def _factor(spread: Interval) -> str:
    low, median, high = (np.exp(x) for x in (spread.low95, spread.median, spread.high95))
    return f"× {median:.2f} ({low:.2f} to {high:.2f})"


def compare(
    *sources: Any,
    dt: float | None = None,
    unit: str | None = None,
    progress: bool = True,
    **given: Any,
) -> Compared:
    """Did the treatment change it? The conditions of an experiment, with the cell as the unit.

    sources: a path for each condition, the control first: a folder, a pattern such as "drug/*.csv"
        or files; or one table (a path, or a DataFrame) with the columns `condition` and `cell`; or
        one mapping of condition to cells, which are a mapping of name to a source that `verdict`
        takes, or a sequence of such sources. In a folder every file is a cell, unless it has
        sub-folders of files: these are the cells then. A table of tracks is the tracks of its cell.
    dt: interval, s, and unit, e.g. "um": needed where the sources do not say.
    given: as of `verdict`; the effort, of each track by itself, is "quick" unless it is given.

    ValueError, in one line, for what cannot be compared.
    """
    asked = {key: given.pop(key) for key in list(given) if key in Question.__dataclass_fields__}
    unknown = given.keys() - ReadOptions.__dataclass_fields__.keys()
    if unknown:
        known = [*Question.__dataclass_fields__, *ReadOptions.__dataclass_fields__]
        raise TypeError(f"compare: {min(unknown)} is not known; use {', '.join(known)}")
    question = Question(**{"effort": "quick", **asked})
    read = experiment(sources, ReadOptions(dt=dt, unit=unit, **given))
    return compared(read, question, progress)


def compared(read: Experiment, question: Question, progress: bool = False) -> Compared:
    """The comparison of an experiment that has been read."""
    if not isinstance(question.effort, str):
        raise ValueError("effort must be full or quick")
    if question.bath is not None:
        raise ValueError("temperature: ratios of conditions are in no unit; leave it out")
    conditions = cells_of(read)
    name = "-".join(conditions)
    # None: on a terminal alone.
    with tqdm(desc=name, bar_format=_BAR, disable=None if progress else True, leave=False) as bar:
        facts = compare_conditions(
            conditions, read.dt, read.unit, question.instrument, question.effort,
            record_seed(question.seed, name), question.choices, bar.set_postfix_str,
        )  # fmt: skip
    lengths = [track.n_points for track in facts.tracks]
    usual = max(int(np.median(lengths)) if lengths else 0, 2)
    found = {
        condition: {cell: curves(of.tracks, read.dt, usual) for cell, of in cells.items()}
        for condition, cells in conditions.items()
    }
    return Compared(facts, found, read.cells_are, read.faults)


def cells_of(read: Experiment) -> Conditions:
    """The tracks of each cell; of several files, each file's with its name before theirs."""
    return {
        condition: {name: _cell(records) for name, records in cells.items()}
        for condition, cells in read.conditions.items()
    }


def _cell(records: list[Record]) -> Cell:
    tracks: dict[str, Mapping[str, Any]] = {}
    files_of: dict[str, str] = {}
    for record in records:
        for track, parts in record.by_coordinate().items():
            name = track if len(records) == 1 else f"{record.path.stem}/{track}".rstrip("/")
            # Of the first, second ... coordinate, whatever it is called in this file.
            tracks[name or record.path.stem] = dict(zip("xyz", parts.values(), strict=False))
            files_of[name or record.path.stem] = str(record.path)
    # Each file has a clock of its own.
    starts = records[0].starts if len(records) == 1 else {}
    return Cell(tracks, {t: starts[t] for t in tracks if t in starts}, files_of)
