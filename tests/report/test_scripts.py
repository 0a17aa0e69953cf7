"""The scripts of figures on small tables and on empty ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from tests.mistakes.results import (
    CURVE,
    READERS,
    SCORES,
    SCRIPTS,
    Named,
    run_script,
    table,
    written,
)

from activenoise.studies.durations import PUBLISHED
from activenoise.studies.published import SHOWN
from activenoise.studies.segments import SegmentAnswer


def rows(path: Path, columns: tuple[str, ...], *cells: dict[str, Any]) -> Path:
    """A CSV file with a row for each of the cells, 1 where a row does not say."""
    lines = [",".join(str(row.get(name, 1)) for name in columns) for row in cells]
    return written(path, "\n".join([",".join(columns), *lines]) + "\n")


def draw(name: str, folder: Path, about: dict[str, Any], **files: Any) -> None:
    """Lay out and draw a figure of the workflow, without the seconds that its files take."""
    drawn: list[Figure] = []
    output = Named(pdf="figure.pdf", png="figure.png", table=str(folder / "table.csv"))
    with patch("activenoise.report.style.save", lambda figure, _: drawn.append(figure)):
        run_script(f"figures/{name}", input=Named(files), params=Named(about=about), output=output)
    (figure,) = drawn
    figure.draw_without_rendering()
    pyplot.close(figure)


OF = {"study": "a", "pair": "AOUP-RBP"}
SCORED = [
    {**OF, "method": method, "duration": t, "log_loss": 0.7 / t, "excess": 0.1}
    for method in ("optimum", "lstm")
    for t in (1, 2, 4)
]
ABOUT = {**OF, "methods": ["optimum", "lstm"]}


@pytest.mark.parametrize("name", ["log_loss", "networks"])
def test_scores_are_drawn_without_published_numbers_too(tmp_path, name):
    about = ABOUT if name == "log_loss" else ABOUT | {"methods": ["lstm"]}
    draw(
        name, tmp_path, about, scores=rows(tmp_path / "scores.csv", SCORES, *SCORED),
        published=table(tmp_path / "published.csv", *PUBLISHED),
    )  # fmt: skip


def test_mechanisms_are_drawn_with_a_network_and_without(tmp_path):
    paths = [rows(tmp_path / f"{k}.csv", SCORES, *SCORED) for k in range(2)]
    studies = [("a", "AOUP-RBP", 2.0, None), ("a", "AOUP-RBP", 5.0, "lstm")]
    draw("mechanism", tmp_path, {"studies": studies}, scores=paths)


@pytest.mark.slow
def test_mechanisms_of_several_pairs_are_drawn(tmp_path):
    cells = [row | {"pair": pair} for pair in ("AOUP-RBP", "RBP-RTP") for row in SCORED]
    path = rows(tmp_path / "scores.csv", SCORES, *cells)
    studies = [("a", "AOUP-RBP", 2.0, None), ("a", "RBP-RTP", 2.0, "lstm")]
    draw("mechanism", tmp_path, {"studies": studies}, scores=[path, path])
    table = (tmp_path / "table.csv").read_text()
    assert [line.split(",")[1] for line in table.split()[1:]] == ["AOUP-RBP", "RBP-RTP"]


def test_each_pair_is_drawn_from_the_calibration_of_its_study(tmp_path):
    (tmp_path / "a").mkdir()
    path = rows(tmp_path / "a/calibration.csv", CURVE, *SCORED)
    draw("calibration", tmp_path, {"pairs": [("a", "AOUP-RBP", ["lstm"])]}, calibration=[path])


def test_a_comparison_without_rows_is_drawn(tmp_path):
    draw("published", tmp_path, {}, table=table(tmp_path / "published.csv", *SHOWN))


def test_segments_without_a_network_are_drawn(tmp_path):
    of_exact = {"quantity": "p_active", "value": 0.5, "sd": "", "duration": 2, "start": 0}
    verdict = '{"n_points": 8, "exact": {"p_active": 0.5}, "network": {}}'
    draw(
        "segments", tmp_path,
        {"track": "a", "synthetic": False, "unit": "um", "interval": 0.5},
        verdict=written(tmp_path / "verdict.json", verdict),
        exact=rows(tmp_path / "exact-segments.csv", SegmentAnswer._fields, of_exact),
        network=table(tmp_path / "network-segments.csv", *SegmentAnswer._fields),
    )  # fmt: skip


def test_results_without_run_times_are_drawn(tmp_path):
    draw("times", tmp_path, {"folder": str(tmp_path), "parts": ["a"]}, tables=[])
    header = "rule,jobs,seconds,longest_seconds,max_rss_mb\n"
    assert (tmp_path / "table.csv").read_text() == header


def test_every_script_that_reads_shards_is_tried_with_another_config():
    """tests/mistakes gives each of them tracks that follow from another config."""
    found = {
        str(path.relative_to(SCRIPTS).with_suffix(""))
        for path in SCRIPTS.rglob("*.py")
        if re.search(r"\b(DataSet|classes)\(", path.read_text(encoding="utf-8"))
    }
    assert found == set(READERS)
