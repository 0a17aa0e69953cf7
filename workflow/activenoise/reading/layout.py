"""How a text table is laid out: its separator, its header, and where its numbers begin."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

from activenoise.reading.cells import BLANK, has_decimal_comma, is_number
from activenoise.reading.errors import RecordError
from activenoise.reading.names import is_known
from activenoise.reading.units import is_unit

_SAMPLE = 2000  # lines by which the layout is found
_LVM = "***End_of_Header***"
_COMMENT = re.compile(r"\s*(#|%|//)")
_REMARK = re.compile(r"[ \t]#.*$", re.MULTILINE)  # 1.#QNAN is none
_WHOLE_COMMA = re.compile(r"[+-]?\d+,\d+")
_IN_BRACKETS = re.compile(r"\(.*\)|\[.*\]|")

Lines = Sequence[tuple[int, str]]


class Layout:
    """How a text table begins.

    skip: lines before the data. names: of the columns, none without a header. units: by column.
    delimiter: None for blanks. width: columns. first: number and text of the first line of data,
    None where there is none. notes: what was passed over, in sentences.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.names: list[str] = []
        self.units: dict[int, str] = {}
        self.notes: list[str] = []
        self.skip = _end_of_lvm(path, text)
        self.first: tuple[int, str] | None = None
        self.width = 0
        comment, lines = self._sample(text)
        if not lines:
            return
        self.delimiter = _delimiter(path, lines)
        self.width = self._usual_width(lines)
        start = self._first_row(lines)
        if start is None:
            return
        above = self._header(lines[:start])
        later = [line for line in lines[:start] if line[0] > above]
        bad = next((line for line in later if self._is_row(line[1])), lines[start])
        self.first, self.skip = bad, max(self.skip, bad[0] - 1)
        words = self.split(comment.lstrip("#%/ "))
        if not self.names and comment and len(words) == self.width:
            self.names = words

    def _sample(self, text: str) -> tuple[str, Lines]:
        """The last comment above the first line, and the first lines that are no comments."""
        comment, lines = "", []
        for number, line, is_comment in numbered(text, self.skip):
            if not is_comment:
                lines.append((number, line))
            elif not lines:
                comment = line
            if len(lines) == _SAMPLE:
                break
        return comment, lines

    def split(self, line: str) -> list[str]:
        """The fields of a line."""
        if self.delimiter is None:  # "time [s]" is one name
            line = re.sub(r"[ \t]+(?=[\[(])", "", line)
        return _split(line, self.delimiter)

    def _usual_width(self, lines: Lines) -> int:
        widths = Counter(len(self.split(line)) for _, line in reversed(lines))
        return widths.most_common(1)[0][0]

    def _first_row(self, lines: Lines) -> int | None:
        """Index of the first line with numbers in every column that usually has them."""
        rows = [self.split(line) for _, line in lines]
        fits = [fields for fields in rows if len(fields) == self.width][-200:]
        numeric = [
            i
            for i in range(self.width)
            if 2 * sum(is_number(fields[i]) for fields in fits) >= len(fits)
        ]
        good = (
            len(fields) == self.width
            and any(is_number(fields[i]) for i in numeric)
            and all(is_number(fields[i]) or fields[i] in BLANK for i in numeric)
            for fields in rows
        )
        return next((i for i, is_good in enumerate(good) if is_good), None)

    def _is_row(self, line: str) -> bool:
        """Whether a line under the header is one of data, if with a bad cell."""
        fields = self.split(line)
        all_numbers = all(is_number(field) for field in fields)
        return all_numbers or (len(fields) == self.width and any(map(is_number, fields)))

    def _header(self, above: Lines) -> int:
        """Take names and units from the lines above the data; number of the last that was used."""
        head = [(n, self._words(line)) for n, line in above]
        head = [(n, words) for n, words in head if not any(map(is_number, words)) and any(words)]
        near = [(n, w) for n, w in head if abs(len(w) - self.width) <= (self.width > 1)]
        if not near:
            if above and not self._is_row(above[-1][1]):
                self._passed_over(above, set())
                return above[-1][0]
            return 0
        width = len(near[-1][1])
        block = [near[-1]]
        for line in reversed(near[:-1]):
            if len(line[1]) != width:
                break
            block.insert(0, line)
        names = max(block, key=lambda line: sum(map(is_known, line[1])))
        self._take_names(names[1])
        used = {names[0]} | {n for n, words in block if n > names[0] and self._take_units(words)}
        trackmate = {"TRACK_ID", "POSITION_X"} <= set(names[1])
        self._passed_over(above, {n for n, _ in block} if trackmate else used)
        return block[-1][0]

    def _words(self, line: str) -> list[str]:
        """The fields of a line of text; of one column, the whole line."""
        return [line.strip().strip('"')] if self.width == 1 else self.split(line)

    def _take_names(self, words: list[str]) -> None:
        if len(words) == self.width + 1 and self.delimiter is not None:
            if words[-1]:
                self.notes.append(
                    f"The header has {len(words)} names for {self.width} columns; the last, "
                    f"{words[-1]}, has no numbers."
                )
            words = words[:-1]
        elif len(words) == self.width - 1:  # R names no column of row names
            self.notes.append(
                f"The header has {len(words)} names for {self.width} columns; the first column "
                "was taken as the one without a name."
            )
            words = ["", *words]
        self.names = words if len(words) == self.width else []

    def _take_units(self, words: list[str]) -> bool:
        """Whether a line of the header holds units, as (micron), [s] or nm, which are then kept."""
        in_brackets = all(_IN_BRACKETS.fullmatch(word) for word in words)
        if not (in_brackets or all(is_unit(word) for word in words if word)):
            return False
        for i, word in enumerate(words[: self.width]):
            if word:
                self.units[i] = word[1:-1] if in_brackets else word
        return True

    def _passed_over(self, above: Lines, used: set[int]) -> None:
        rest = [(n, line) for n, line in above if n not in used]
        if rest:
            more = " ..." if len(rest) > 3 else ""
            shown = ", ".join(f"{n} ({line.strip()[:30]})" for n, line in rest[:3])
            self.notes.append(
                f"{'Line' if len(rest) == 1 else 'Lines'} {shown}{more} above the numbers "
                f"{'was' if len(rest) == 1 else 'were'} passed over."
            )


def numbered(text: str, skip: int = 0) -> Iterator[tuple[int, str, bool]]:
    """(line number from 1, text, is it a comment) of the lines behind `skip` that are not blank."""
    for number, line in enumerate(islice(text.split("\n"), skip, None), start=skip + 1):
        line = line.strip(" ")
        if _COMMENT.match(line):
            yield number, line.strip(), True
        elif line.strip():
            yield number, _REMARK.sub("", line).rstrip(" "), False


def without_comments(text: str, skip: int) -> str:
    """The lines behind `skip`, without comments and remarks."""
    rest = "\n".join(islice(text.split("\n"), skip, None)) if skip else text
    if "#" in rest or "%" in rest or "//" in rest:
        rest = re.sub(r"^[ \t]*(#|%|//).*$", "", rest, flags=re.MULTILINE)
        rest = _REMARK.sub("", rest)
    return rest


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter and '"' in line:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]
    return [field.strip().strip('"') for field in line.split(delimiter)]


def _end_of_lvm(path: Path, text: str) -> int:
    """Lines up to the last header of a LabVIEW measurement; 0 of other files."""
    if _LVM not in text:
        return 0
    lines = text.split("\n")
    ends = [i for i, line in enumerate(lines) if line.strip() == _LVM]
    for first, last in pairwise(ends):
        rows = [line for line in lines[first + 1 : last] if line.strip()]
        if any(all(map(is_number, line.split())) for line in rows):
            raise RecordError(
                f"{path}: holds {len(ends)} segments of a LabVIEW measurement, the last from line "
                f"{last + 2}; keep one of them"
            )
    return ends[-1] + 1 if ends else 0


def _delimiter(path: Path, lines: Lines) -> str | None:
    """What parts the columns: the first of tab, semicolon and comma that most lines have."""
    tail = [line for _, line in lines[-200:]]
    for delimiter in "\t;":
        if 2 * sum(delimiter in line for line in tail) >= len(tail):
            return delimiter
    with_comma = [line for line in tail if "," in line]
    if 2 * len(with_comma) < len(tail):
        return None
    head = next((line for _, line in lines if not any(map(is_number, _split(line, ",")))), "")
    named = len(_split(head, ",")) == len(_split(tail[-1], ","))
    if named and len(_split(tail[-1], ",")) > 1:
        return ","
    cells = [line.split() for line in tail if any(c.isdigit() for c in line)]
    fit = all(has_decimal_comma(c) or is_number(c) for row in cells for c in row)
    if fit and cells and min(map(len, cells)) > 1:
        return None
    if fit and cells and all(len(row) == 1 for row in cells):
        return _comma_of_one_column(path, [row[0] for row in cells])
    _check_two_kinds_of_comma(path, lines)
    return ","


def _comma_of_one_column(path: Path, cells: Sequence[str]) -> str | None:
    """Whether 12,345 in each line is one number (None) or two (the comma)."""
    if not all(_WHOLE_COMMA.fullmatch(cell) for cell in cells):
        return None  # an exponent, or nothing before the comma
    whole, behind = zip(*(cell.split(",") for cell in cells), strict=True)
    if any(len(b) > 1 and b[0] == "0" for b in behind) or any(w in ("-0", "+0") for w in whole):
        return None
    steps = {int(b) - int(a) for a, b in pairwise(whole)}
    if len(set(map(len, behind))) == 1 and steps != {1}:
        digits = len(behind[0])
        raise RecordError(
            f"{path}: every line is like {cells[0]}: one number with a decimal comma, or two? "
            f"Write decimal points, or name the two columns in a first line ({digits} "
            f"digit{'s' * (digits > 1)} stand behind each comma)"
        )
    return ","


def _check_two_kinds_of_comma(path: Path, lines: Lines) -> None:
    """RecordError for commas that part both columns and decimals, as in 0,010,13,988."""
    rows = [(n, line.split(",")) for n, line in lines[-200:]]
    whole = all(re.fullmatch(r"\s*[+-]?\d+\s*", f) for _, fields in rows for f in fields if f)
    decimals = any(
        re.fullmatch(r"0\d+", f.strip()) for _, fields in rows for f in fields[1::2] if f
    )
    if whole and decimals and all(len(fields) % 2 == 0 for _, fields in rows):
        number, fields = rows[0]
        raise RecordError(
            f"{path}: line {number} is {','.join(fields)[:40]}: its commas seem to part both "
            "columns and decimals; write decimal points, or part the columns by semicolons"
        )
