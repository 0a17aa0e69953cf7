"""What a cell of a text table says: numbers as programs and spreadsheets write them, and times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray

BLANK = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "None", "none", "null", "NULL",
         "<NA>", "-nan", "+nan")  # fmt: skip
_NAN = re.compile(r"[+-]?(1\.#(QNAN|SNAN|IND)\w*|s?nan(\(\w*\))?)", re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?(1\.#INF\w*|inf(inity)?|∞)", re.IGNORECASE)
_FORTRAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))[dD]([+-]?\d+)")
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eEdD][+-]?\d+)?|[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)\s*([aApP][mM])?")
_DATE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})[T\s_]+(\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?\s*(?:[aApP][mM])?)"
    r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?"
)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


class Numbers(NamedTuple):
    """A column of text as numbers (n,), NaN where blank, and how they had to be read: a sentence
    about each convention, with {} for the column's name."""

    values: FloatArray
    notes: tuple[str, ...]


def is_number(text: str) -> bool:
    """Whether a cell by itself is a number, in whatever convention, or a word for none."""
    patterns = (_INFINITE, _COMMA, _GROUPED)
    return plain(text) is not None or any(p.fullmatch(text.strip()) for p in patterns)


def plain(text: str) -> float | None:
    """A number with a decimal point, an exponent of E or D, or a word for none (NaN)."""
    text = text.strip().replace("\u2212", "-")
    if match := _FORTRAN.fullmatch(text):
        text = f"{match[1]}e{match[2]}"
    elif _NAN.fullmatch(text):
        return np.nan
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def has_decimal_comma(text: str) -> bool:
    """Whether a cell reads as a number with a decimal comma."""
    return _COMMA.fullmatch(text.strip()) is not None


def numbers_of(column: Sequence[object], comma: str | None = None) -> Numbers | None:
    """A column of cells, text or numbers, as numbers; None if a cell is no number.

    comma: of `comma_of`, what commas are, the same in the whole column.
    """
    cells = [str(cell).strip() if isinstance(cell, str) else cell for cell in column]
    values = np.full(len(cells), np.nan)
    used: Counter[str] = Counter()
    for i, cell in enumerate(cells):
        if not isinstance(cell, str):
            if isinstance(cell, bool) or not isinstance(cell, int | float | np.number):
                return None
            values[i] = float(cell)
            continue
        if cell in BLANK:
            continue
        if "," in cell and comma in ("grouped", "decimal"):
            cell = cell.replace(",", "") if comma == "grouped" else _point(cell)
        value = np.inf if _INFINITE.fullmatch(cell) else plain(cell)
        if value is None:
            return None
        used["fortran"] += "d" in cell.lower() and _FORTRAN.fullmatch(cell) is not None
        values[i] = value
    notes = []
    if comma in ("grouped", "decimal"):
        kind = "thousands separators" if comma == "grouped" else "decimal commas"
        notes.append(f"The commas of column {{}} were read as {kind}.")
    if used["fortran"]:
        notes.append("Exponents written with D in column {} were read as powers of ten.")
    return Numbers(values, tuple(notes))


def _point(cell: str) -> str:
    """A number with a decimal comma, and perhaps points between thousands, with a point."""
    return cell.replace(".", "").replace(",", ".")


def comma_of(column: Sequence[object]) -> str | None:
    """What commas in the cells of a column are: "decimal", or "grouped" between thousands; "either"
    where 12,345 could be both in every cell; None without commas, or if they are neither."""
    texts = [cell.strip() for cell in column if isinstance(cell, str) and "," in cell]
    if not texts:
        return None
    grouped = all(_GROUPED.fullmatch(t) for t in texts)
    decimal = all(_COMMA.fullmatch(t) for t in texts)
    return (
        "either" if grouped and decimal else "grouped" if grouped else "decimal" * decimal or None
    )


def wall_clock(column: NDArray) -> FloatArray | None:
    """Seconds (n,) of a column of times of day (12:00:00.033, 3:20.5 PM) or dates with times, from
    the first midnight; None if a cell is neither, or if 1/2/2024 may be two dates."""
    texts = [str(cell).strip() for cell in column]
    dates = [_DATE.fullmatch(text) for text in texts]
    if any(dates) and not all(dates):
        return None
    days = _days([match[1] for match in dates if match])
    if days is None:
        return None
    seconds = np.empty(len(texts))
    for i, text in enumerate(texts):
        found = dates[i]
        match = _CLOCK.fullmatch(found[2].strip() if found else text)
        if match is None or not (match[1] or re.search("[.,]", match[3])):
            return None  # 12:30 may be hours and minutes, or minutes and seconds
        hours = int(match[1] or 0)
        if match[4]:
            hours = hours % 12 + 12 * (match[4].lower() == "pm")
        within = 3600 * hours + 60 * int(match[2]) + float(match[3].replace(",", "."))
        seconds[i] = (86400.0 * days[i] if days else 0.0) + within
    return seconds


def _days(dates: Sequence[str]) -> list[int] | None:
    """Days from the first of some dates to each; None where a date has no sure meaning."""
    known: dict[str, int] = {}
    several = len(set(dates)) > 1
    for text in dict.fromkeys(dates):
        try:
            if match := _YEAR_FIRST.fullmatch(text):
                known[text] = date(int(match[1]), int(match[2]), int(match[3])).toordinal()
            elif match := _DAY_FIRST.fullmatch(text):
                known[text] = date(int(match[3]), int(match[2]), int(match[1])).toordinal()
            elif several:
                return None
        except ValueError:
            return None
    first = known.get(dates[0], 0) if dates else 0
    return [known.get(text, first) - first for text in dates]
