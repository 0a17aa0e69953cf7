"""Excel's files: read as text tables are, or one line that says what is needed."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.reading.layouts import (
    DT,
    KNOWN,
    TABLE,
    T,
    X,
    check_spots,
    fault,
    spots,
    tracks_of,
    write,
)


def workbook(path: Path, *sheets: list[list[Any]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for i, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {i}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_tables_of_tracks_and_of_one(tmp_path):
    table = spots("Track n°", "frame", "x [um]", "y [um]")
    rows = [list(table.columns), *table.to_numpy().tolist()]
    record = tracks_of(workbook(tmp_path / "a.xlsx", [["made by hand"]], rows, rows), dt=DT)
    check_spots(record)
    assert "Sheet sheet 1 was read; the file also has sheet 2." in record.notes
    path = workbook(
        tmp_path / "b.xlsx", [["a bead"], [], ["t [s]", "x"], *TABLE.to_numpy().tolist()]
    )
    record = tracks_of(path, unit="um")
    assert record.tracks[""][:, 0] == pytest.approx(X, rel=1e-12)
    assert record.dt == pytest.approx(DT)


def test_dates_are_times(tmp_path):
    start = datetime.datetime(2024, 5, 1, 23, 59, 59)
    rows = [[start + datetime.timedelta(seconds=t), x] for t, x in zip(T, X.tolist(), strict=True)]
    path = workbook(tmp_path / "a.xlsx", [["time", "x"], *rows])
    assert tracks_of(path, unit="um").dt == pytest.approx(DT, rel=1e-3)


def test_sheets_without_numbers(tmp_path):
    assert "holds no numbers" in fault(workbook(tmp_path / "a.xlsx", [["x"]]), **KNOWN)


def test_damage(tmp_path):
    pytest.importorskip("openpyxl")
    assert "damaged or not a .xlsx" in fault(write(tmp_path / "a.xlsx", "1\n2\n"), **KNOWN)


def test_without_its_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert fault(write(tmp_path / "a.xlsx", "1"), **KNOWN).endswith(
        "reading Excel files needs openpyxl: pip install 'activenoise[formats]'"
    )
