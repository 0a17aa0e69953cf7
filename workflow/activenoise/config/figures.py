"""The table of figures: what each shows, which rule draws it, and which are those of the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A figure: its script; category and labels in the report; the script's inputs by name, and
    `about`, what it must know besides, where a value may be a function, called when the figure is
    planned. by: the rule that draws it; wanted: whether it is a target of the whole run."""

    script: str
    category: str
    labels: Mapping[str, str]
    inputs: Mapping[str, Any]
    about: Mapping[str, Any]
    by: str = "figure"
    wanted: bool = True

    def planned(self, part: str) -> dict[str, Any]:
        """Its inputs or `about`, with the values of functions."""
        values: Mapping[str, Any] = getattr(self, part)
        return {name: value() if callable(value) else value for name, value in values.items()}


def as_in_paper(
    figures: Mapping[str, Figure], paper: Mapping[str, tuple[str, str]], category: str
) -> dict[str, Figure]:
    """The table with the figures of the paper that show one study or record each, and whose twins
    are then not drawn a second time.

    figures: by name. paper: the twin of each figure of the paper, a name that `figures` may lack,
    and its label in the report. category: of the paper's figures there.
    """
    table = dict(figures)
    for name, (twin, label) in paper.items():
        if figure := figures.get(twin):
            table[twin] = figure._replace(wanted=False)
            by = "figure" if figure.by == "record_figure" else figure.by
            table[name] = figure._replace(
                category=category, labels={"figure": label}, by=by, wanted=True
            )
    return table
