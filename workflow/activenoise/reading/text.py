"""Text tables (.txt, .csv, .tsv, .dat): header, separator, units, and where a cell is wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.reading.columns import Table
from activenoise.reading.errors import RecordError, damage, in_one_line, needing

_BLANK = ("", "nan", "NaN", "NAN", "NA", "N/A", "None", "none", "null", "NULL", "<NA>")
_TRACKMATE_HEADER = 4  # lines: keys, names, short names, units


def read_text(path: Path) -> Table:
    """The columns of a text table, separated by tabs, semicolons, commas or blanks.

    Names come from the header, or from a comment above the data with as many words as there are
    columns (as numpy.savetxt writes them). RecordError for a file without numbers, and for a line
    with fewer or more columns than the lines above.
    """
    text = _decoded(path)
    lines = _Lines(text)
    if lines.first is None:
        raise RecordError(f"{path}: holds no numbers; it must hold one number a line")
    frame = _data_frame(path, text, lines)
    if lines.names and len(lines.names) == frame.shape[1] - 1 and frame.iloc[:, -1].isna().all():
        frame = frame.iloc[:, :-1]  # every line ends with a separator
    names = lines.names if len(lines.names) == frame.shape[1] else []
    columns = [_floats(frame.iloc[:, i].to_numpy()) for i in range(frame.shape[1])]
    suspect = {i for i, c in enumerate(columns) if c.dtype.kind != "f" or np.isnan(c).any()}
    faults = _bad_cells(path, text, lines, frame.shape[1], suspect) if suspect else {}
    return Table(names, columns, units=lines.units if names else {}, faults=faults)


def _decoded(path: Path) -> str:
    with damage(path, path.suffix.lower()):
        content = path.open("rb").read()
    try:
        text = content.decode("utf-8-sig")  # spreadsheet exports begin with a byte-order mark
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # programs on Windows write the µ of µm so
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise RecordError(f"{path}: is not a text file; export it as plain text (UTF-8)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Lines:
    """How a text table begins: its header, separator and first line of data."""

    def __init__(self, text: str) -> None:
        self.skip = 0
        self.names: list[str] = []
        self.units: dict[int, str] = {}
        self.first: str | None = None
        comment = ""
        head: list[tuple[int, str]] = []
        for number, line, is_comment in _numbered(text):
            if is_comment:
                comment = line if not head else comment
            else:
                head.append((number, line))
            if len(head) > _TRACKMATE_HEADER:
                break
        if not head:
            return
        self.first = head[0][1]
        self.delimiter = next((d for d in "\t;," if d in self.first), None)
        fields = self.split(self.first)
        # A header has no number in it; a first row with a bad cell has others that are good.
        if not any(_is_number(field) for field in fields):
            n_header = 1
            while n_header < len(head) and self.is_more_header(fields, head[n_header][1]):
                n_header += 1
            self.take_units(head[n_header - 1][1])
            self.names, self.skip = fields, head[n_header - 1][0]
            self.first = head[n_header][1] if n_header < len(head) else None
            self.delimiter = next((d for d in "\t;," if d in (self.first or "")), None)
        elif len(words := self.split(comment.lstrip("# "))) == len(fields):
            self.names = words

    def split(self, line: str) -> list[str]:
        if self.delimiter is None:  # "time [s]" is one name
            line = re.sub(r"[ \t]+(?=[\[(])", "", line)
        return _split(line, self.delimiter)

    def is_more_header(self, names: list[str], line: str) -> bool:
        """TrackMate's second to fourth line, or a line of units in brackets."""
        fields = self.split(line)
        if len(fields) != len(names) or any(map(_is_number, fields)) or not any(fields):
            return False
        in_brackets = all(re.fullmatch(r"\(.*\)|\[.*\]|", field) for field in fields)
        return in_brackets or {"TRACK_ID", "POSITION_X"} <= set(names)

    def take_units(self, line: str) -> None:
        """(micron), [s] ... in the last line of the header."""
        for i, cell in enumerate(self.split(line)):
            if match := re.fullmatch(r"[(\[](.+)[)\]]", cell):
                self.units[i] = match[1]


def _numbered(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line number from 1, text, is it a comment) of the lines that are not blank."""
    for number, line in enumerate(io.StringIO(text), start=1):
        line = line.strip(" \n")
        if line.startswith("#"):
            yield number, line, True
        elif line.strip():
            yield number, line.split("#")[0].rstrip(" "), False


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter and '"' in line:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]
    return [field.strip().strip('"') for field in line.split(delimiter)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _data_frame(path: Path, text: str, lines: _Lines) -> Any:
    with needing(path, "text", "pandas"):
        import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=lines.delimiter or r"\s+",
            header=None,
            skiprows=lines.skip,
            comment="#",
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(_BLANK),
            float_precision="round_trip",
            low_memory=False,
        )
    except Exception as error:  # ParserError, and others on text that is no table
        n_columns = len(lines.split(lines.first or ""))
        faults = _bad_cells(path, text, lines, n_columns, set(range(n_columns)))
        reason = next(iter(faults.values()), f"is not a table of numbers ({in_one_line(error)})")
        raise RecordError(f"{path}: {reason}") from None


def _floats(column: NDArray) -> NDArray:
    """As float64 if every cell is a number or blank, else as it is."""
    if column.dtype.kind in "fiu":
        return column.astype(np.float64)
    if column.dtype.kind == "O" and not any(isinstance(cell, str | bool) for cell in column):
        try:  # whole numbers of more than 64 bits
            return column.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
    return column.astype(object)


def _bad_cells(
    path: Path, text: str, lines: _Lines, n_columns: int, suspect: set[int]
) -> dict[int, str]:
    """For each suspect column, where its first cell is that is no number.

    Raises RecordError for a line with fewer or more columns than the others.
    """
    faults: dict[int, str] = {}
    for number, line, is_comment in _numbered(text):
        if is_comment or number <= lines.skip:
            continue
        fields = lines.split(line)
        extra = len(fields) == n_columns + 1 and not fields[-1]  # ends with a separator
        if len(fields) != n_columns and not extra:
            raise RecordError(
                f"{path}: line {number} has {len(fields)} column{'s' * (len(fields) != 1)} where "
                f"the lines above have {n_columns}; every line must have the same number"
            )
        for index in sorted(suspect - faults.keys()):
            field = fields[index]
            if not _is_number(field):
                comma = _is_number(field.replace(",", ".", 1))
                right = "use a decimal point" if comma else "every cell must hold a number"
                shown = repr(field[:40]) if field else "empty"
                faults[index] = f"line {number}, column {index} is {shown}, not a number; {right}"
    return faults
