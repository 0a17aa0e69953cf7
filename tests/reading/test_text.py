"""Text tables: every separator and header gives the same numbers, a bad cell is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reading.layouts import (
    DT,
    RNG,
    TABLE,
    T,
    X,
    alone,
    check_spots,
    fault,
    of_study,
    trackmate_csv,
    tracks_of,
    write,
)


def table(delimiter: str = ",", header: str = "time,x\n") -> str:
    lines = [f"{t!r}{delimiter}{x!r}" for t, x in zip(T.tolist(), X.tolist(), strict=True)]
    return header + "\n".join(lines) + "\n"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", " ", "   "])
@pytest.mark.parametrize("extension", [".txt", ".csv", ".tsv", ".dat"])
def test_separators(tmp_path, delimiter, extension):
    header = f"# made by hand\n\ntime{delimiter}x\n"
    path = write(tmp_path / f"track{extension}", table(delimiter, header))
    record = tracks_of(path, unit="um", column="x", time_column="time")
    np.testing.assert_array_equal(record.tracks[""][:, 0], X)
    assert record.tracks[""].dtype == np.float64
    assert record.dt == pytest.approx(DT, rel=1e-12)
    assert (record.unit, record.path, record.coordinates) == ("um", path, ("x",))


@pytest.mark.parametrize(
    "header",
    ["", "# a remark\n", "# time,x\n", "time,x\n", '"time","x"\n', "\ufefftime,x\n"],
    ids=["none", "remark", "comment", "plain", "quoted", "byte-order mark"],
)
def test_headers(tmp_path, header):
    path = write(tmp_path / "t.csv", table(",", header))
    for column in (1, "1"):
        np.testing.assert_array_equal(alone(path, unit="um", dt=DT, column=column), X)
    if "time" in header:
        np.testing.assert_array_equal(alone(path, unit="um", column="x", time_column=0), X)


def test_one_column_needs_no_name_and_comments_are_passed_over(tmp_path):
    text = "\n".join(
        f"{x!r}  # remark" if i % 50 == 0 else repr(x) for i, x in enumerate(X.tolist())
    )
    path = write(tmp_path / "t.txt", "x\n" + text + "\r\n\r\n")
    np.testing.assert_array_equal(alone(path, dt=0.1, unit="um"), X)


def test_two_columns_one_of_them_the_time(tmp_path):
    path = write(tmp_path / "t.csv", table())
    np.testing.assert_array_equal(alone(path, unit="um", time_column="time"), X)


def test_latin_letters_of_other_encodings(tmp_path):
    path = write(tmp_path / "a.csv", "x [µm]\n".encode("latin-1") + "\n".join(map(str, X)).encode())
    assert tracks_of(path, dt=DT).unit == "um"


def test_bad_cells_are_found_by_line_and_column(tmp_path):
    lines = table(",", "# remark\ntime,x\n").splitlines()
    for cell, expected in {
        "0.56,abc": "line 9, column 1 is 'abc', not a number; every cell must hold a number",
        "0.56,": "line 9, column 1 is empty, not a number",
        "0.5": "line 9 has 1 column where the lines above have 2",
        "0.5,1,2": "line 9 has 3 columns where the lines above have 2",
    }.items():
        text = "\n".join([*lines[:8], cell, *lines[9:]])
        path = write(tmp_path / "t.csv", text)
        assert expected in fault(path, of_study, dt=DT, unit="um", column=1)
    text = "\n".join(f"{1 + abs(x):.3f}\t1" for x in X).replace(".", ",")
    message = fault(write(tmp_path / "t.csv", text), dt=1, unit="um", column=0)
    assert "column 0 has numbers like" in message
    assert "use a decimal point" in message


@pytest.mark.parametrize("blank", ["", "nan", "NaN", "NA"])
def test_empty_cells_are_gaps(tmp_path, blank):
    rows = [f"{t!r},{x!r}" for t, x in zip(T.tolist(), X.tolist(), strict=True)]
    rows[50] = f"{float(T[50])!r},{blank}"
    path = write(tmp_path / "a.csv", "t,x\n" + "\n".join(rows))
    expected = X.copy()
    expected[50] = np.nan
    np.testing.assert_array_equal(alone(path, unit="um"), expected)
    message = fault(path, of_study, unit="um")
    assert (
        "line 52, column 1 is" in message if blank in ("", "NA") else "point 50 is nan" in message
    )


def test_times_printed_more_coarsely_than_they_go(tmp_path):
    """Five significant digits, as a program prints them: 20.688, then 206.88 twice."""
    n, dt = 29_999, 0.0068966
    table = np.stack([RNG.normal(size=n), dt * np.arange(n)], axis=1)
    np.savetxt(tmp_path / "a.txt", table, fmt="%.5g")
    positions, interval = of_study(tmp_path / "a.txt", unit="m")
    assert len(positions) == n
    assert interval == pytest.approx(dt, rel=1e-5)
    lost = np.delete(table, 20_000, axis=0)  # one frame lost where the digits still show it
    np.savetxt(tmp_path / "b.txt", lost[:, [1, 0]], fmt="%.9g")
    assert "times are not uniform: from point 19999" in fault(
        tmp_path / "b.txt", of_study, unit="m"
    )


def test_trackmate_tables(tmp_path):
    path = trackmate_csv(tmp_path / "a.csv")
    record = tracks_of(path)
    check_spots(record)
    assert record.unit == "um"
    pixels = trackmate_csv(tmp_path / "b.csv", "pixel", "frame")
    assert "its frames are numbers" in fault(pixels)
    check_spots(tracks_of(pixels, dt=DT, unit="um", scale=0.16), 0.16)
    assert "the file says pixel; give the scale between them" in fault(pixels, dt=DT, unit="um")


def test_the_counter_of_pandas_is_no_coordinate(tmp_path):
    pd.DataFrame(TABLE).to_csv(tmp_path / "a.csv")
    np.testing.assert_array_equal(alone(tmp_path / "a.csv", unit="um"), X)
