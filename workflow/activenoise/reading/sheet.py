"""The sheet of experimental tracks, data/tracks.tsv: reading and checking it.

Snakemake reads it too, before any rule's environment exists: it needs no numerics.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activenoise.parameters import TRAPS
from activenoise.reading.errors import RecordError
from activenoise.reading.quantities import BATH, bath_quantities
from activenoise.reading.units import length_unit, metres


@dataclass(frozen=True)
class SheetRow:
    """One line of data/tracks.tsv.

    file: None for a synthetic record, which the workflow simulates. dt: of the file, s, before
    the stride. unit, column, track_column, time_column, no_time, one_track, scale: as in
    `options.ReadOptions`.
    stride: every stride-th point is studied, or read where there is no study. study: whose priors
    and networks apply, or None for a verdict without networks. dt and unit are None for a record
    without a study whose file states them. instrument: one of `INSTRUMENTS`. trap: one of `TRAPS`.
    condition: with which others the record is compared, or None; cell: of its tracks.
    temperature, radius, viscosity: of the liquid and the tracer, as `quantities` takes them.
    """

    track: str
    file: Path | None
    dt: float | None
    unit: str | None
    column: str | None
    track_column: str | None
    time_column: str | None
    no_time: bool
    one_track: bool
    scale: float | None
    stride: int
    study: str | None
    instrument: str
    trap: str
    note: str
    condition: str | None = None
    cell: str | None = None
    temperature: str | None = None
    radius: str | None = None
    viscosity: str | None = None

    def reading(self) -> dict[str, Any]:
        """The `options.ReadOptions` of the line, by name: every point is read for a study."""
        names = ("dt", "unit", "column", "track_column", "time_column", "scale")
        said = {name: True for name in _SWITCHES if getattr(self, name)}
        return {
            **{name: getattr(self, name) for name in names},
            **said,
            "stride": 1 if self.study else self.stride,
        }


SHEET_COLUMNS = tuple(SheetRow.__dataclass_fields__)
# Columns that a sheet need not have.
_SWITCHES = ("no_time", "one_track")
_MAY_LACK = (
    "track_column", "time_column", *_SWITCHES, "instrument", "trap", "condition", "cell", *BATH,
)  # fmt: skip
INSTRUMENTS = ("exact", "camera", "detector", "unknown")


def read_sheet(path: str | Path) -> list[SheetRow]:
    """The lines of a tab-separated sheet with the columns `SHEET_COLUMNS`, in order, checked.

    Empty cells: column, track_column, time_column and study none, scale 1, stride 1, instrument
    unknown, trap trapped; dt and unit of a record without a study, as the file says. The columns
    track_column, time_column, no_time, one_track, instrument, trap, condition, cell, temperature,
    radius and viscosity may be left out. A record of a condition without a cell is a cell of its
    own. Blank lines and lines from '#' are passed over.
    Raises RecordError naming the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RecordError(f"{path}: is not a text file; save it as tab-separated UTF-8") from None
    reader = csv.reader(text.splitlines(), delimiter="\t")
    try:
        lines = [
            (number, cells)
            for number, cells in enumerate(reader, start=1)
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#")
        ]
    except csv.Error as error:
        raise RecordError(f"{path}: line {reader.line_num}: {error}; quotes must close") from None
    if not lines:
        raise RecordError(f"{path}: is empty; its first line must be {' '.join(SHEET_COLUMNS)}")
    header = [cell.strip() for cell in lines[0][1]]
    for name in SHEET_COLUMNS:
        if header.count(name) != 1 and not (name in _MAY_LACK and name not in header):
            fault = "no column" if name not in header else "more than one column"
            hint = "; columns are separated by tabs" if len(header) == 1 else ""
            raise RecordError(f"{path}: {fault} {name}; it has {', '.join(header)}{hint}")
    if unknown := [name for name in header if name not in SHEET_COLUMNS]:
        raise RecordError(
            f"{path}: column {unknown[0] or '(without a name)'} is not known; the columns are "
            f"{', '.join(SHEET_COLUMNS)}"
        )
    rows: dict[str, SheetRow] = {}
    for number, cells in lines[1:]:
        where = f"{path}: line {number}"
        if len(cells) > len(header):
            raise RecordError(f"{where} has {len(cells)} cells; the header has {len(header)}")
        cells += [""] * (len(header) - len(cells))
        row = _sheet_row(where, {n: c.strip() for n, c in zip(header, cells, strict=True)})
        if row.track in rows:
            raise RecordError(f"{where}: track {row.track} is there already; names must differ")
        rows[row.track] = row
    _check_conditions(path, list(rows.values()))
    return list(rows.values())


def _check_conditions(path: Path, rows: list[SheetRow]) -> None:
    """RecordError where the records that have a condition cannot be compared."""
    compared = [row for row in rows if row.condition]
    names = sorted({str(row.condition) for row in compared})
    if len(names) == 1:
        raise RecordError(f"{path}: one condition only ({names[0]}); a comparison needs two")
    for row in compared:
        if row.study or row.file is None:
            raise RecordError(
                f"{path}: track {row.track}: a record with a condition has a file and no study"
            )
        for name in ("instrument", "trap"):
            own, first = getattr(row, name), getattr(compared[0], name)
            if own != first:
                raise RecordError(
                    f"{path}: track {row.track}: {name} is {own}, that of "
                    f"{compared[0].track} {first}; "
                    "records that are compared must have one"
                )


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _sheet_row(where: str, cells: dict[str, str]) -> SheetRow:
    # A study's networks and a simulation know nothing of what a file says of itself.
    described = not cells["study"] and cells["file"]
    for name in ("track",) if described else ("track", "dt", "unit"):
        if not cells[name]:
            raise RecordError(f"{where}: {name} is empty; it is needed")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", cells["track"]):
        raise RecordError(
            f"{where}: track {cells['track']!r} may have letters, digits, _ and - only"
        )

    def number(name: str, default: str, right: str) -> float:
        text = cells[name] or default
        if not _is_finite(text):
            raise RecordError(f"{where}: {name} is {text!r}; it must be {right}")
        return float(text)

    dt = number("dt", "", "a positive time in s") if cells["dt"] else None
    scale = number("scale", "", "a number other than 0") if cells["scale"] else None
    stride = number("stride", "1", "a whole number of at least 1")
    if dt is not None and dt <= 0:
        raise RecordError(f"{where}: dt is {dt:g}; it must be a positive time in s")
    if scale == 0:
        raise RecordError(f"{where}: scale is 0; it must be a number other than 0")
    if stride < 1 or stride != int(stride):
        raise RecordError(f"{where}: stride is {stride:g}; it must be a whole number of at least 1")
    for name in _SWITCHES:
        if cells.get(name, "") not in ("", "1", "yes"):
            raise RecordError(f"{where}: {name} is {cells[name]!r}; it must be 1, or empty")
    instrument, trap = _instrument_and_trap(where, cells)
    return SheetRow(
        track=cells["track"],
        file=Path(cells["file"]) if cells["file"] else None,
        dt=dt,
        unit=cells["unit"] or None,
        column=cells["column"] or None,
        track_column=cells.get("track_column") or None,
        time_column=cells.get("time_column") or None,
        no_time=bool(cells.get("no_time")),
        one_track=bool(cells.get("one_track")),
        scale=scale,
        stride=int(stride),
        study=cells["study"] or None,
        instrument=instrument,
        trap=trap,
        note=cells["note"],
        condition=cells.get("condition") or None,
        cell=cells.get("cell") or None,
        **_bath(where, cells),
    )


def _bath(where: str, cells: dict[str, str]) -> dict[str, str | None]:
    """What is said of the liquid around the tracer, as it stands."""
    given = {name: cells.get(name) or None for name in BATH}
    try:
        if bath_quantities(given) and cells["unit"]:
            metres(length_unit(cells["unit"]))
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None
    return given


def _instrument_and_trap(where: str, cells: dict[str, str]) -> tuple[str, str]:
    instrument = cells.get("instrument") or "unknown"
    if instrument not in INSTRUMENTS:
        raise RecordError(
            f"{where}: instrument is {instrument!r}; it must be one of {', '.join(INSTRUMENTS)}"
        )
    trap = cells.get("trap") or TRAPS[0]
    if trap not in TRAPS:
        raise RecordError(f"{where}: trap is {trap!r}; it must be {' or '.join(TRAPS)}")
    if trap == "free" and cells["study"]:
        raise RecordError(
            f"{where}: trap is free, but the networks of study {cells['study']} know trapped "
            "tracers alone; leave the study empty"
        )
    return instrument, trap
