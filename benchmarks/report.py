"""The tables of the benchmarks: the generated part of benchmarks/README.md, and a CSV file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from activenoise.files import replacing, write_table
from benchmarks.harness import Row

if TYPE_CHECKING:  # these two import the peers
    from benchmarks.bank import Memory
    from benchmarks.limits import Fraction, Machine

BEGIN, END = "<!-- made by `make bench`: begin -->", "<!-- made by `make bench`: end -->"
SCALING = "<!-- made by scaling.py: begin -->", "<!-- made by scaling.py: end -->"


def render(
    rows: Sequence[Row],
    memory: Sequence[Memory],
    machine: Machine,
    fractions: Sequence[Fraction],
    setting: Mapping[str, str],
) -> str:
    """All tables in Markdown. setting: what was measured where, by name."""
    parts = [table(["", ""], setting.items())]
    for topic, work in dict.fromkeys((row.topic, row.work) for row in rows):
        chosen = [row for row in rows if (row.topic, row.work) == (topic, work)]
        parts += [f"### {topic}: {work}", _comparison(chosen)]
    parts += [
        "### Peak memory of the bank",
        table(
            ["models", "tracks", "before, MB", "peak, MB", "of which the tracks, MB"],
            (
                [str(m.nodes), str(m.n_tracks), *(f"{v:.0f}" for v in (m.start, m.end, m.tracks))]
                for m in memory
            ),
        ),
        "### The machine's limits, one core",
        table(
            ["", "measured"],
            [
                ["multiply-adds, single precision", f"{machine.single / 1e9:.1f} G/s"],
                ["multiply-adds, double precision", f"{machine.double / 1e9:.1f} G/s"],
                ["normals", f"{machine.normals / 1e9:.2f} G/s"],
                ["memory traffic", f"{machine.bandwidth / 1e9:.1f} GB/s"],
            ],
        ),
        table(
            ["kernel", "limit", "points/s", "limit's points/s", "fraction"],
            (
                [f.kernel, f.limit, f"{f.points:.3g}", f"{f.allowed:.3g}", f"{f.share:.0%}"]
                for f in fractions
            ),
        ),
    ]
    return "\n\n".join(parts)


def _comparison(rows: Sequence[Row]) -> str:
    """Programs at one piece of work: columns without an entry are left out."""
    columns: dict[str, list[str]] = {
        "program": [row.program for row in rows],
        "threads": [str(row.threads) for row in rows],
        "seconds": [f"{row.seconds:.3g}" for row in rows],
        "ns a point": [f"{row.nanoseconds:.3g}" for row in rows],
        "ratio": [_number(row.ratio, ".3g") for row in rows],
        "wanted": [_number(row.target, ".0f", "at least ") for row in rows],
        "largest difference": [row.difference for row in rows],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    return table(list(kept), zip(*kept.values(), strict=True))


def _number(value: float, form: str, before: str = "") -> str:
    return "" if math.isnan(value) else f"{before}{value:{form}}"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    body = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in body)


def generated(page: str, markers: tuple[str, str] = (BEGIN, END)) -> str:
    """The part of a page between the markers; ValueError where they are not there once each."""
    begin, end = markers
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page must hold {begin} and {end} once each")
    return page.split(begin)[1].split(end)[0].strip()


def write_page(path: Path, text: str, markers: tuple[str, str] = (BEGIN, END)) -> None:
    """Put `text` between the markers of the page at `path`."""
    page, (begin, end) = path.read_text(encoding="utf-8"), markers
    generated(page, markers)
    before, after = page.split(begin)[0], page.split(end)[1]
    with replacing(path) as partial:
        partial.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """One line a row; nan is left empty."""
    write_table(path, ({**vars(row), "ns_per_point": row.nanoseconds} for row in rows))
