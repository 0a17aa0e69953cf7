"""Which column is what: tables of one track and of many, by name, by unit and by steps."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from tests.reading.layouts import (
    DT,
    RNG,
    TABLE,
    XY,
    N,
    T,
    X,
    alone,
    check_spots,
    fault,
    of_study,
    on_grid,
    spots,
    tracks_of,
    write,
)


@pytest.mark.parametrize(
    ("header", "time_scale", "unit"),
    [
        ("time,x", 1, None),
        ("t [s],x [nm]", 1, "nm"),
        ("Time (ms),Position (µm)", 1e3, "um"),
        ("time_us,x_um", 1e6, "um"),
        ("", 1, None),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["time first", "position first"])
def test_time_and_position_in_either_order(tmp_path, header, time_scale, unit, order):
    names = header.split(",")[::order]
    columns = [time_scale * T, X][::order]
    buffer = io.StringIO()
    np.savetxt(
        buffer, np.stack(columns, axis=1), delimiter=",", header=",".join(names), comments=""
    )
    text = buffer.getvalue() if header else buffer.getvalue().lstrip("\n,")
    path = write(tmp_path / "a.csv", text)
    record = tracks_of(path, unit=None if unit else "um")
    np.testing.assert_array_equal(record.tracks[""][:, 0], X)
    assert record.dt == pytest.approx(DT, rel=1e-9)
    assert record.unit == (unit or "um")


def test_times_without_a_unit_take_the_given_interval(tmp_path):
    for factor in (1, 1e3, 1e6, 1e9):
        path = tmp_path / "a.csv"
        pd.DataFrame({"time": factor * T, "x": X}).to_csv(path)  # with the counter of pandas
        assert tracks_of(path, dt=DT, unit="um").dt == DT
    record = tracks_of(path, dt=2 * DT, unit="um")
    assert record.dt == 2 * DT
    assert "dt = 0.02 s was given and goes over 1e+07 s by column time, if its times are in s." in (
        record.notes
    )
    TABLE.rename(columns={"t": "time [s]"}).to_csv(path)
    record = tracks_of(path, dt=DT / 1000, unit="um")
    assert record.dt == DT / 1000
    assert record.notes == ("dt = 1e-05 s was given and goes over 0.01 s by column time [s].",)


@pytest.mark.parametrize("how", ["auto", "named"])
def test_a_count_of_frames_is_no_time(tmp_path, how):
    path = tmp_path / "a.csv"
    name = "time" if how == "auto" else "slice"
    pd.DataFrame({name: np.arange(N), "x": X}).to_csv(path, index=False)
    options = {} if how == "auto" else {"time_column": "slice"}
    assert tracks_of(path, dt=DT, unit="um", **options).dt == DT
    assert "its frames are numbers" in fault(path, unit="um", **options)


def test_position_alone_and_several_columns(tmp_path):
    np.savetxt(tmp_path / "a.dat", X)
    np.testing.assert_array_equal(alone(tmp_path / "a.dat", dt=DT, unit="um"), X)
    np.savetxt(tmp_path / "b.dat", np.column_stack([T, XY]))
    assert "the column is not known" in fault(tmp_path / "b.dat", unit="um")
    record = tracks_of(tmp_path / "b.dat", unit="um", column="1, 2")
    np.testing.assert_array_equal(record.tracks[""], XY)
    assert record.dt == pytest.approx(DT)
    np.testing.assert_array_equal(alone(tmp_path / "b.dat", unit="um", column=2), XY[:, 1])


def test_named_coordinates_come_in_order(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"y": XY[:, 1], "mass": 1.0, "x": X, "t": T, "z": 0.0}).to_csv(path, index=False)
    record = tracks_of(path, unit="um")
    assert record.coordinates == ("x", "y")
    np.testing.assert_array_equal(record.tracks[""], XY)
    assert "its coordinates are x, y: name one" in fault(path, of_study, unit="um")


def test_wrong_columns_list_what_is_there(tmp_path):
    path = tmp_path / "a.csv"
    TABLE.to_csv(path, index=False)
    for column, said in {
        "y": "no column y; it has 2 columns, 0 = t, 1 = x",
        2: "no column 2",
        -1: "no column -1",
        "-2": "no column -2",
    }.items():
        assert said in fault(path, dt=1, unit="um", column=column)
    for role in ("time_column", "track_column"):
        assert "no column s" in fault(path, column="x", **{role: "s"})
    three = write(tmp_path / "c.csv", "\n".join(f"{x},{-x},{x * x}" for x in X))
    assert "the column is not known; it has 3 columns, 0 to 2" in fault(three, dt=1)
    twice = write(tmp_path / "b.csv", "x,x\n" + "\n".join(f"{x},{x}" for x in X))
    assert "two columns are called x" in fault(twice, dt=1, column="x")


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("particle", "frame", "x", "y"), {"index": True}),  # trackpy
        (("Trajectory", "Frame", "x", "y"), {"sep": "\t"}),  # MOSAIC
        (("trajectory", "frame", "x", "y"), {}),
        (("id of track", "slice", "a", "b"), {}),
    ],
)
def test_tables_of_many_tracks(tmp_path, names, options):
    path = tmp_path / "a.csv"
    table = spots(*names).assign(m0=1.5)
    table.to_csv(path, **{"index": False, **options})
    known = {} if names[2] == "x" else {
        "track_column": names[0], "time_column": names[1], "column": ",".join(names[2:]),
    }  # fmt: skip
    record = tracks_of(path, dt=DT, unit="um", scale=0.16, **known)
    check_spots(record, 0.16)
    if known:
        return
    assert "it holds 3 tracks (3, 7, 12); name one in the column, as x[3]" in fault(
        path, of_study, dt=DT, unit="um"
    )
    one = alone(path, dt=DT, unit="um", column="y[7]", min_points=20)
    np.testing.assert_array_equal(one, on_grid(7)[:, 1])
    assert "track 7: no position for 2 frames after frame 8" in fault(
        path, of_study, dt=DT, unit="um", column="y[7]"
    )


def test_tracks_by_time_instead_of_frames(tmp_path):
    path = tmp_path / "a.csv"
    table = spots("track", "t [ms]", "x", "y")
    table["t [ms]"] *= 1e3 * DT
    table.to_csv(path, index=False)
    check_spots(tracks_of(path, unit="um"))


def test_names_of_tracks_may_be_text(tmp_path):
    path = tmp_path / "a.csv"
    table = spots("track", "frame", "x", "y")
    table["track"] = "cell" + table["track"].astype(str)
    table.to_csv(path, index=False)
    assert list(tracks_of(path, dt=DT, unit="um").tracks) == ["cell12", "cell3", "cell7"]
    assert len(alone(path, dt=DT, unit="um", column="x[cell3]", min_points=20)) == 40


def test_tracks_by_the_numbers_of_their_columns(tmp_path):
    """A table without names, whose id and time are columns 0 and 1."""
    spots("track", "frame", "x", "y").to_csv(tmp_path / "a.csv", index=False, header=False)
    options = {"track_column": 0, "time_column": 1, "column": "2,3"}
    check_spots(tracks_of(tmp_path / "a.csv", dt=DT, unit="um", **options))


def test_two_clocks(tmp_path):
    np.savetxt(tmp_path / "a.txt", np.column_stack([T, 2 * T, RNG.normal(size=N)]))
    assert "both go up in equal steps" in fault(tmp_path / "a.txt", unit="um")
    assert tracks_of(tmp_path / "a.txt", unit="um", time_column=1, column=2).dt == pytest.approx(
        2 * DT
    )
