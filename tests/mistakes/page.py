"""docs/reference/messages.md, made from the mistakes and from what is said of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mistakes import config, options, results, sheet, track_files
from tests.mistakes.mistake import Mistake

PAGE = Path(__file__).parents[2] / "docs/reference/messages.md"


class Section(NamedTuple):
    """A table of the page, with a sentence on who reads the input, and when."""

    title: str
    about: str
    mistakes: Sequence[Mistake]


SECTIONS = [
    Section(
        "The config",
        """Snakemake reads `config/config.yaml` and its overlays before any job starts, and stops.
The line begins with `config:`, or with `records:` where the sheet does not fit the config.""",
        config.MISTAKES,
    ),
    Section(
        "The sheet of tracks",
        "Snakemake reads `data/tracks.tsv` before any job starts, and stops.",
        sheet.MISTAKES,
    ),
    Section(
        "A file of tracks",
        """`activenoise verdict`, `activenoise.read` and the rule `check_records` read it. The other
files go on, and the line stands in `verdicts.csv` too.""",
        track_files.MISTAKES,
    ),
    Section(
        "The command",
        """`activenoise verdict` checks its options before it reads a file. If an option does not
fit a file, the line names this file, and the other files go on.""",
        options.MISTAKES,
    ),
    Section(
        "A damaged result",
        """A file under `results/` may be cut off, altered, or copied from a run with another
config. The job that reads it stops with this line, on the terminal and in its log.""",
        results.MISTAKES,
    ),
]

HEAD = """<!-- `make messages` writes this page, and tests/test_mistakes.py compares it. -->

# What is said of bad input

A mistake in a config, a sheet, a file or an option, and a damaged result, each get one or two
lines: the file or the key, the value, and what would be right. This page lists every kind that the
tests try, with its message. The words of a library about a damaged file are left out as (…).
"""


def steady(message: str, folder: Path) -> str:
    """A message without the folders of the test, and without what depends on the version of Python
    or of the library that reads a damaged file."""
    message = message.replace(f"{folder}/", "").replace(str(folder), ".")
    message = message.replace(str(Path.cwd()), "/where/you/are")
    message = re.sub(r"\(choose from .*\)", lambda found: found[0].replace("'", ""), message)
    words = r"(damaged(?: or not a (?:plain )?\S+ file)?) \(.*\)"
    return re.sub(words, r"\1 (…)", message, flags=re.S)


def cell(text: str) -> str:
    """Text as code in a table of Markdown."""
    return "<br>".join(f"`{line}`" for line in text.replace("|", "\\|").split("\n"))


def rendered(say: Callable[[Mistake], str]) -> str:
    """The page. say: the steady message of a mistake."""
    parts = [HEAD]
    for title, about, mistakes in SECTIONS:
        read = any(mistake.reader for mistake in mistakes)
        columns = ["what is wrong", *(["read by"] if read else []), "message"]
        parts.append(f"## {title}\n\n{about}\n")
        lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        for mistake in mistakes:
            reader = [mistake.reader] if read else []
            lines.append("| " + " | ".join([mistake.kind, *reader, cell(say(mistake))]) + " |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
