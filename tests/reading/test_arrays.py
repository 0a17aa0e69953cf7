"""NumPy's, HDF5's and Parquet's files: what their libraries write comes back."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from tests.reading.layouts import (
    DT,
    XY,
    N,
    T,
    X,
    alone,
    check_spots,
    fault,
    of_study,
    spots,
    tracks_of,
)


def test_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", np.stack([T, X], axis=1))
    np.savez(tmp_path / "c.npz", X)
    np.savez(tmp_path / "d.npz", positions=X, t=T)
    np.savez_compressed(tmp_path / "e.npz", many=np.stack([T, X]))
    for name, options in {
        "a.npy": {"dt": DT},
        "b.npy": {"column": 1, "time_column": 0},
        "c.npz": {"dt": DT},
        "d.npz": {"time_column": "t"},
        "e.npz": {"dt": DT, "column": "many[1]"},
    }.items():
        record = tracks_of(tmp_path / name, unit="um", **options)
        np.testing.assert_array_equal(record.tracks[""][:, 0], X)
        assert record.dt == pytest.approx(DT)


@pytest.mark.parametrize("extension", [".h5", ".hdf5"])
@pytest.mark.parametrize("owner", ["file", "dataset"])
def test_the_shards_of_a_simulation(tmp_path, extension, owner):
    path = tmp_path / f"shard{extension}"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("positions", data=np.stack([X, 2 * X]).astype(np.float32))
        file.create_dataset("D", data=np.ones(2))
        (file if owner == "file" else data).attrs.update(dt=DT, unit="um")
    record = tracks_of(path)
    np.testing.assert_array_equal(record.tracks["0"][:, 0], X.astype(np.float32))
    assert (record.dt, record.unit) == (DT, "um")
    second = of_study(path, column="positions[1]", dt=DT).positions
    np.testing.assert_array_equal(second, (2 * X).astype(np.float32))
    assert "it holds 2 tracks (0, 1); name one in the column, as positions[0]" in fault(
        path, of_study
    )


def test_rows_of_an_array_are_tracks(tmp_path):
    np.savez(tmp_path / "a.npz", positions=XY.T, dt=DT, unit="um")
    record = tracks_of(tmp_path / "a.npz")
    assert list(record.tracks) == ["0", "1"]
    np.testing.assert_array_equal(record.tracks["1"][:, 0], XY[:, 1])
    assert (record.dt, record.unit) == (DT, "um")
    np.savez(tmp_path / "b.npz", x=X, y=XY[:, 1], t=T)
    np.testing.assert_array_equal(tracks_of(tmp_path / "b.npz", unit="um").tracks[""], XY)


def test_which_array(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, u=X, v=X, w=np.stack([X, X]), text=np.array(["a"] * N), none=np.empty((0, 3)))
    for column, said in {
        "y": "no array y; it holds u, v, w, text, none",
        None: "which array is not known",
        "w[2]": "no row 2 in w, which has 0 to 1",
        "u[0]": "has shape (120,)",
        "text": "not real numbers",
        "none": "none has shape (0, 3); it must hold a track",
    }.items():
        assert said in fault(path, dt=1, unit="um", column=column)
    assert "its arrays have a track in each row, and no track_column" in fault(
        path, dt=1, column="w", track_column="u"
    )


def test_fields_of_a_numpy_array(tmp_path):
    array = np.zeros(N, dtype=[("time", float), ("x", np.float32)])
    array["time"], array["x"] = T, X
    np.save(tmp_path / "a.npy", array)
    positions, dt = of_study(tmp_path / "a.npy", unit="um")
    np.testing.assert_array_equal(positions, X.astype(np.float32))
    assert dt == pytest.approx(DT)


def test_hdf5_by_the_name_of_the_dataset(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["run/bead/x"], file["run/bead/time"], file["run/laser"] = X, T, np.ones(3)
        file.attrs["unit"] = "nm"
    record = tracks_of(tmp_path / "a.h5", column="run/bead/x")
    np.testing.assert_array_equal(record.tracks[""][:, 0], X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "nm")
    assert tracks_of(tmp_path / "a.h5", column="x").unit == "nm"
    assert tracks_of(tmp_path / "a.h5", column=["x"]).unit == "nm"


def test_hdf5_attributes_that_disagree(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["positions"] = X
        file.attrs.update(dt=DT, unit="V")
    assert tracks_of(path, dt=0.02).notes == (
        "dt = 0.02 s was given and goes over 0.01 s by the file.",
    )
    assert "unit um was given, but the file says V" in fault(path, unit="um")
    assert tracks_of(path, unit="um", scale=7.0).unit == "um"
    with h5py.File(path, "a") as file:
        file.attrs["dt"] = "fast"
    assert "attribute dt is fast" in fault(path)


def test_parquet(tmp_path):
    frame = pd.DataFrame({"t [s]": T, "x": X})
    frame.attrs = {"unit": "um"}
    frame.to_parquet(tmp_path / "a.parquet")
    record = tracks_of(tmp_path / "a.parquet")
    np.testing.assert_array_equal(record.tracks[""][:, 0], X)
    assert (record.dt, record.unit) == (pytest.approx(DT), "um")
    path = tmp_path / "b.parquet"
    spots("particle", "frame", "x", "y").set_index("frame").to_parquet(path)
    check_spots(tracks_of(path, dt=DT, unit="um"))
    gap = pd.DataFrame({"x": pd.array([None, *X[1:]], dtype="Float64")})
    gap.to_parquet(path)
    assert np.isnan(alone(path, dt=DT, unit="um")).nonzero()[0].tolist() == [0]


@pytest.mark.parametrize(("hidden", "named"), [("pandas", "pandas"), ("pyarrow", "pyarrow")])
def test_parquet_without_its_libraries(tmp_path, monkeypatch, hidden, named):
    pd.DataFrame({"x": X}).to_parquet(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, hidden, None)
    assert fault(tmp_path / "a.parquet", dt=DT).endswith(
        f"reading Parquet files needs {named}: pip install 'activenoise[formats]'"
    )


@pytest.mark.parametrize("keep", [4, 60, -40], ids=["stub", "header", "tail lost"])
def test_damaged_archives(tmp_path, keep):
    np.save(tmp_path / "a.npy", X)
    np.savez_compressed(tmp_path / "a.npz", X)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["positions"] = X
    for name in ("a.npy", "a.npz", "a.h5"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:keep])
        assert "damaged" in fault(path, dt=1, unit="um")


def test_damage_inside_an_archive(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", X)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[200:260] = b"\xff" * 60
    (tmp_path / "a.npz").write_bytes(content)
    assert "damaged" in fault(tmp_path / "a.npz", dt=1, unit="um")


def test_one_format_under_the_name_of_another(tmp_path):
    np.save(tmp_path / "a.npy", X)
    content = (tmp_path / "a.npy").read_bytes()
    for name in ("b.npz", "b.h5"):
        (tmp_path / name).write_bytes(content)
        fault(tmp_path / name, dt=1, unit="um")
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert "plain .npy" in fault(tmp_path / "c.npy", dt=1, unit="um")
