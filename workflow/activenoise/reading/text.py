"""Text tables (.txt, .csv, .tsv, .dat): header, separator, units, and where a cell is wrong."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from activenoise.reading.cells import BLANK, comma_of, numbers_of, plain
from activenoise.reading.errors import RecordError, damage, in_one_line, needing
from activenoise.reading.layout import Layout, numbered, without_comments
from activenoise.reading.table import Table


def read_text(path: Path) -> Table:
    """The columns of a text table, separated by tabs, semicolons, commas or blanks.

    Names come from the header, or from a comment above the data with as many words as there are
    columns (as numpy.savetxt writes them). RecordError for a file without numbers, and for a line
    with fewer or more columns than the lines above.
    """
    return table_of_text(path, _decoded(path))


def table_of_text(path: Path, text: str) -> Table:
    """The columns of the text of a table. RecordError as for `read_text`."""
    layout = Layout(path, text)
    if layout.first is None:
        raise RecordError(f"{path}: holds no numbers; it must hold one number a line")
    frame = _data_frame(path, text, layout)
    names, n_empty = list(layout.names), 0
    nameless = len(names) < frame.shape[1] or not names[-1]
    if nameless and frame.shape[1] > 1 and frame.iloc[:, -1].isna().all():
        n_empty = 1  # every line ends with a separator
        frame = frame.iloc[:, :-1]
        names = names[: frame.shape[1]]
    names = names if len(names) == frame.shape[1] else []
    cells = [frame.iloc[:, i].to_numpy() for i in range(frame.shape[1])]
    commas = [comma_of(c) if c.dtype.kind == "O" else None for c in cells]
    # Where numbers have decimal commas, columns are parted by semicolons.
    decimal = (layout.delimiter == ";" or "decimal" in commas) and "grouped" not in commas
    columns, notes = [], list(layout.notes)
    doubts: dict[int, str] = {}
    for i, (column, comma) in enumerate(zip(cells, commas, strict=True)):
        if comma == "either" and decimal:
            comma = "decimal"
        if column.dtype.kind in "fiu":
            columns.append(column.astype(np.float64))
        elif found := numbers_of(column, comma):
            columns.append(found.values)
            notes += [note.format(names[i] if names else i) for note in found.notes]
        else:
            columns.append(column.astype(object))
            if comma == "either":
                doubts[i] = next(str(cell) for cell in column if "," in str(cell))
    suspect = {i for i, c in enumerate(columns) if c.dtype.kind != "f" or np.isnan(c).any()}
    width = frame.shape[1] + n_empty
    faults = _bad_cells(path, text, layout, width, suspect) if suspect else {}
    for i, doubt in doubts.items():
        faults[i] = (
            f"column {i} has numbers like {doubt}, whose comma may be decimal or part thousands; "
            "use a decimal point"
        )
    return Table(
        names, columns, units=layout.units if names else {}, faults=faults, notes=tuple(notes)
    )


def _decoded(path: Path) -> str:
    with damage(path, path.suffix.lower()):
        content = path.open("rb").read()
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        elif b"\x00" in content[:200] and (half := _half_empty(content)):
            text = content.decode(half)
        else:
            text = content.decode("utf-8-sig")  # spreadsheet exports begin with a byte-order mark
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # programs on Windows write the µ of µm so
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise RecordError(f"{path}: is not a text file; export it as plain text (UTF-8)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _half_empty(content: bytes) -> str | None:
    """UTF-16 without a byte-order mark: every other byte of plain text is zero."""
    start = content[:200]
    if not any(start[::2]):
        return "utf-16-be"
    return "utf-16-le" if not any(start[1::2]) else None


def _data_frame(path: Path, text: str, layout: Layout) -> Any:
    with needing(path, "text", "pandas"):
        import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(without_comments(text, layout.skip)),
            sep=layout.delimiter or r"\s+",
            header=None,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(BLANK),
            float_precision="round_trip",
            low_memory=False,
        )
    except Exception as error:  # ParserError, and others on text that is no table
        faults = _bad_cells(path, text, layout, layout.width, set(range(layout.width)))
        reason = next(iter(faults.values()), f"is not a table of numbers ({in_one_line(error)})")
        raise RecordError(f"{path}: {reason}") from None


def _bad_cells(
    path: Path, text: str, layout: Layout, n_columns: int, suspect: set[int]
) -> dict[int, str]:
    """For each suspect column, where its first cell is that is no number.

    Raises RecordError for a line with fewer or more columns than the others.
    """
    faults: dict[int, str] = {}
    for number, line, is_comment in numbered(text, layout.skip):
        if is_comment:
            continue
        fields = layout.split(line)
        extra = len(fields) == n_columns + 1 and not fields[-1]  # ends with a separator
        if len(fields) != n_columns and not extra:
            raise RecordError(
                f"{path}: line {number} has {len(fields)} column{'s' * (len(fields) != 1)} where "
                f"the lines above have {n_columns}; every line must have the same number"
            )
        for index in sorted(suspect - faults.keys()):
            field = fields[index] if index < len(fields) else ""
            if plain(field) is None and (
                field in BLANK or numbers_of([field], comma_of([field])) is None
            ):
                shown = repr(field[:40]) if field else "empty"
                faults[index] = (
                    f"line {number}, column {index} is {shown}, not a number; every cell must hold "
                    "a number"
                )
    return faults
