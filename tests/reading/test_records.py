"""Reading: the interval, the unit, the grid and the values of a file, right or one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.reading.layouts import (
    DT,
    KNOWN,
    TABLE,
    N,
    T,
    X,
    alone,
    fault,
    of_study,
    tracks_of,
    write,
)

from activenoise.reading.record import studied
from activenoise.reading.records import ReadOptions, read
from activenoise.reading.sheet import read_sheet

ROOT = Path(__file__).parents[2]


def test_the_shipped_bead():
    """sqrt(D/kappa) of data/tracks/NOTICE is the bead's standard deviation."""
    bead = read_sheet(ROOT / "data" / "tracks.tsv")[0]
    record = read(ROOT / bead.file, ReadOptions(**bead.reading()))
    assert record.tracks[""].shape == (39063, 1)
    positions, dt = studied(record, bead.stride)
    assert len(positions) == 2442
    assert dt == pytest.approx(16 * 1.28e-5)
    expected = np.sqrt(0.0974 / (2 * np.pi * 656.87))
    assert positions.std() == pytest.approx(expected, rel=0.1)


def test_scale_and_stride(tmp_path):
    np.save(tmp_path / "a.npy", X)
    record = tracks_of(tmp_path / "a.npy", scale=2.5, stride=3, **KNOWN)
    np.testing.assert_array_equal(record.tracks[""][:, 0], 2.5 * X[::3])
    assert record.dt == pytest.approx(3 * DT)
    for scale in (0, np.nan):
        assert "scale" in fault(tmp_path / "a.npy", dt=1, scale=scale)
    for stride in (0, -1, 1.5):
        assert "stride" in fault(tmp_path / "a.npy", dt=1, stride=stride)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(tmp_path, value):
    bad = X.copy()
    bad[[40, 41, 90]] = value
    np.savetxt(tmp_path / "a.txt", bad)
    np.save(tmp_path / "a.npy", bad)
    for name in ("a.txt", "a.npy"):
        message = fault(tmp_path / name, of_study, **KNOWN)
        assert f"position at point 40 is {value} (3 of 120" in message


def test_constant_and_short(tmp_path):
    np.save(tmp_path / "a.npy", np.full(200, 1.5))
    assert "every position is 1.5" in fault(tmp_path / "a.npy", **KNOWN)
    np.save(tmp_path / "b.npy", X)
    message = fault(tmp_path / "b.npy", stride=2, min_points=100, **KNOWN)
    assert "only 60 points (1 in 2); at least 100" in message
    np.save(tmp_path / "c.npy", np.empty(0))
    assert "only 0 points" in fault(tmp_path / "c.npy", **KNOWN)
    gaps = np.where(np.arange(N) < 99, X, np.nan)
    np.save(tmp_path / "d.npy", gaps)
    assert "only 99 points, 21 more are missing; at least 100" in fault(
        tmp_path / "d.npy", min_points=100, **KNOWN
    )


def test_the_interval(tmp_path):
    np.save(tmp_path / "a.npy", X)
    assert "give dt in s" in fault(tmp_path / "a.npy", unit="um")
    for dt in (0, -1.0, np.nan, np.inf):
        assert "must be a positive time in s" in fault(tmp_path / "a.npy", dt=dt, unit="um")
    path = tmp_path / "a.csv"
    TABLE.rename(columns={"t": "time"}).to_csv(path, index=False)
    options = {"column": "x", "time_column": "time", "unit": "um"}
    over = tracks_of(path, dt=0.0102, **options)
    assert over.dt == 0.0102
    assert "dt = 0.0102 s was given and goes over 0.01 s by column time" in over.notes[-1]
    assert tracks_of(path, dt=0.01005, **options).dt == 0.01005  # within 1 %


def test_times_that_are_not_uniform(tmp_path):
    at = np.arange(N)
    for times, expected in (
        (np.delete(np.append(T, T[-1] + DT), 50), "from point 49 to 50 it is 0.02, usually 0.01"),
        (np.where(at == 70, T - DT, T), "from point 69 to 70 it is"),
        (np.round(T, 1), "column 0 is 0.5 in 5 rows"),
        (T[::-1], "do not increase"),
        (np.where(at == 9, np.nan, T), "time at point 9 is nan"),
    ):
        np.save(tmp_path / "a.npy", np.stack([times, X], axis=1))
        assert expected in fault(tmp_path / "a.npy", of_study, column=1, time_column=0, unit="um")


def test_printed_times_may_be_rounded(tmp_path):
    camera = np.round(np.arange(N) * 0.0068966, 4)
    np.save(tmp_path / "a.npy", np.stack([camera, X], axis=1))
    record = tracks_of(tmp_path / "a.npy", column=1, time_column=0, unit="um")
    assert record.dt == pytest.approx(0.0068966, rel=1e-4)


def test_missing_frames_are_gaps_on_the_grid(tmp_path):
    kept = np.delete(np.arange(N), [30, 31, 32, 77])
    expected = np.full(N, np.nan)
    expected[kept] = X[kept]
    table = TABLE.iloc[kept]
    table.assign(frame=kept)[["frame", "x"]].to_csv(tmp_path / "f.csv", index=False)
    table.to_csv(tmp_path / "t.csv", index=False)
    np.savez(tmp_path / "t.npz", positions=X[kept], t=T[kept])
    for name, dt in (("f.csv", DT), ("t.csv", None), ("t.npz", None)):
        record = tracks_of(tmp_path / name, dt=dt, unit="um")
        np.testing.assert_array_equal(record.tracks[""][:, 0], expected)
        assert record.dt == pytest.approx(DT, rel=1e-9)
        strided = alone(tmp_path / name, dt=dt, unit="um", stride=2)
        np.testing.assert_array_equal(strided, expected[::2])


def test_coordinates_of_one_track_with_gaps(tmp_path):
    rows = [f"{0.01 * i:.2f},{i % 7},{i % 5}" for i in range(200) if i not in (50, 51)]
    path = write(tmp_path / "xy.csv", "t,x,y\n" + "\n".join(rows) + "\n")
    both = tracks_of(path, column="x, y", unit="um", scale=2.0)
    assert both.coordinates == ("x", "y")
    assert both.tracks[""].shape == (200, 2)
    assert np.isnan(both.tracks[""][[50, 51]]).all()
    assert both.tracks[""][6].tolist() == [12.0, 2.0]
    one = alone(path, column="y", unit="um")
    np.testing.assert_array_equal(one, both.tracks[""][:, 1] / 2)


# --- a table of many tracks ----------------------------------------------------------------------


def shuffled_spots(path: Path, lengths: list[int], seed: int = 0) -> Path:
    """Tracks of some lengths, in no order, as trackpy has them."""
    rng = np.random.default_rng(seed)
    rows = [(t, f, *rng.normal(size=2)) for t, n in enumerate(lengths) for f in range(n)]
    rng.shuffle(rows)
    text = "\n".join(f"{int(t)},{int(f)},{x:.6f},{y:.6f}" for t, f, x, y in rows)
    path.write_text(f"particle,frame,x,y\n{text}\n")
    return path


def test_every_track_that_moves(tmp_path):
    path = shuffled_spots(tmp_path / "a.csv", [60, 40, 2, 1, 30])
    record = read(path, ReadOptions(dt=0.1, unit="um"))
    assert {name: len(x) for name, x in record.tracks.items()} == {
        "0": 60,
        "1": 40,
        "2": 2,
        "4": 30,
    }
    assert record.left_out == 1
    assert record.tracks["0"].shape == (60, 2)
    one = read(path, ReadOptions(dt=0.1, unit="um", column="y"))
    np.testing.assert_array_equal(one.tracks["1"], record.tracks["1"][:, 1:])


def test_one_track_of_a_table_is_a_record(tmp_path):
    path = shuffled_spots(tmp_path / "a.csv", [200, 150])
    whole = read(path, ReadOptions(dt=0.1, unit="um")).tracks
    for column, expected in (("x[1]", whole["1"][:, :1]), ("x[0],y[0]", whole["0"])):
        record = read(path, ReadOptions(dt=0.1, unit="um", column=column))
        np.testing.assert_array_equal(record.tracks[""], expected)
        assert record.left_out == 0


def test_a_table_that_is_too_small_is_named(tmp_path):
    path = shuffled_spots(tmp_path / "a.csv", [20, 30, 1])
    message = fault(path, dt=0.1, unit="um", min_points=100)
    assert (
        "2 of its 3 tracks move and have two points or more, 50 together; at least 100" in message
    )
    assert "the interval is not known" in fault(path, unit="um")


# --- real records, which are not the project's to ship -------------------------------------------


@pytest.fixture
def real() -> Path:
    folder = os.environ.get("ACTIVENOISE_RECORDS")
    if not folder:
        pytest.skip("ACTIVENOISE_RECORDS names no folder of real records")
    return Path(folder)


def test_a_real_bead_under_a_camera(real):
    """Position before time, no header, a blank first line, times of five digits."""
    positions, dt = of_study(real / "trapped_bead_water_camera.txt", unit="m")
    assert len(positions) == 29_999
    assert dt == pytest.approx(6.8966e-3, rel=1e-4)
    assert 2e-8 < positions.std() < 2e-7  # a trapped bead of some microns


def test_a_real_bead_on_a_detector(real):
    path = real / "trapped_bead_water_78kHz.npz"
    positions, _ = of_study(path, dt=1.28e-5, unit="um", scale=7.2537)
    assert len(positions) == 39_063
    expected = np.sqrt(0.0974 / (2 * np.pi * 656.87))
    assert positions.std() == pytest.approx(expected, rel=0.1)


def test_real_single_molecules(real):
    path = real / "halotag_nls_nuclear_2d.csv"
    record = tracks_of(path, dt=7.48e-3, unit="um", scale=0.16)
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    seen = sum(np.isfinite(x[:, 0]).sum() for x in record.tracks.values())
    assert seen + record.left_out == len(table)
    assert len(record.tracks) + record.left_out == len(np.unique(table[:, 0]))
    assert max(map(len, record.tracks.values())) == 106
    rows = table[table[:, 0] == 6325]
    one = record.tracks["6325"]
    np.testing.assert_allclose(one, 0.16 * rows[np.argsort(rows[:, 1])][:, [3, 2]])
    # Inert and free: the steps along x and y have one variance.
    steps = np.concatenate([np.diff(x, axis=0) for x in record.tracks.values()])
    steps = steps[np.isfinite(steps).all(axis=1)]
    ratio = steps[:, 0].var() / steps[:, 1].var()
    assert abs(np.log(ratio)) < 0.5
