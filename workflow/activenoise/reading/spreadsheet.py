"""Spreadsheets (.xlsx): the first sheet that holds numbers, read by the rules of a text table."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

from activenoise.reading.errors import RecordError, damage, needing
from activenoise.reading.table import Table
from activenoise.reading.text import table_of_text


def read_xlsx(path: Path) -> Table:
    """The columns of a spreadsheet's first sheet with numbers; a note names the other sheets.

    RecordError without such a sheet, or as for a text table.
    """
    with damage(path, ".xlsx"):
        content = path.open("rb").read()
    with needing(path, "Excel", "openpyxl"):
        import openpyxl
    with damage(path, ".xlsx", "save it again, or export it as CSV"):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {
            sheet.title: _text(sheet.iter_rows(values_only=True)) for sheet in book.worksheets
        }
        book.close()
    used = [title for title, text in sheets.items() if any(map(str.isdigit, text))]
    if not used:
        raise RecordError(f"{path}: holds no numbers; its sheets are {', '.join(sheets) or 'none'}")
    table = table_of_text(path, sheets[used[0]])
    if len(used) == 1:
        return table
    note = f"Sheet {used[0]} was read; the file also has {', '.join(used[1:])}."
    return replace(table, notes=(note, *table.notes))


def _text(rows: Iterable[tuple[object, ...]]) -> str:
    """Rows of cells as lines of text parted by tabs, without the columns that are empty behind."""
    lines = [[_cell(value) for value in row] for row in rows]
    width = max((i + 1 for line in lines for i, cell in enumerate(line) if cell), default=0)
    return "\n".join("\t".join(line[:width]) if any(line) else "" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, time):
        return value.isoformat("microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).split())
