"""A record that was read: what a study takes of it, and the file in which it is kept."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
from tests.reading.layouts import (
    DT,
    FRAMES,
    KNOWN,
    PLACES,
    TABLE,
    XY,
    X,
    fault,
    of_study,
    spots,
    tracks_of,
)

from activenoise.reading.record import Studied, load_record, load_studied, studied, write_record


def test_a_study_reads_every_stride_th_point(tmp_path):
    np.save(tmp_path / "a.npy", X)
    positions, dt = of_study(tmp_path / "a.npy", stride=3, min_points=40, scale=2.5, **KNOWN)
    np.testing.assert_array_equal(positions, 2.5 * X[::3])
    assert dt == pytest.approx(3 * DT)


def test_a_study_needs_enough_points_that_move(tmp_path):
    np.save(tmp_path / "a.npy", X)
    message = fault(tmp_path / "a.npy", of_study, stride=2, **KNOWN)
    assert "only 60 points (1 in 2); at least 100" in message
    assert "only 120 points; at least 121" in fault(
        tmp_path / "a.npy", of_study, min_points=121, **KNOWN
    )
    np.save(tmp_path / "b.npy", np.tile([0.0, 1.0], 100))
    assert "every position is 0" in fault(tmp_path / "b.npy", of_study, stride=2, **KNOWN)


@pytest.mark.parametrize(
    ("name", "options"), [("f.csv", KNOWN), ("t.csv", {"unit": "um"}), ("t.npz", {"unit": "um"})]
)
def test_a_study_needs_a_record_without_gaps(tmp_path, name, options):
    seen = np.delete(np.arange(120), [30, 31, 32, 77])
    table = TABLE.iloc[seen]
    table.assign(frame=seen)[["frame", "x"]].to_csv(tmp_path / "f.csv", index=False)
    table.to_csv(tmp_path / "t.csv", index=False)
    np.savez(tmp_path / "t.npz", positions=table["x"], t=table["t"])
    message = fault(tmp_path / name, of_study, **options)
    assert "cut the record at the gaps" in message
    # Whether or not the stride steps over them.
    assert fault(tmp_path / name, of_study, stride=50, **options) == message


def test_a_table_of_which_one_track_is_left_is_not_the_record_of_a_study(tmp_path):
    table = pd.DataFrame({"particle": 3, "frame": np.arange(120), "x": X})
    table.loc[119, "particle"] = 4
    table.to_csv(tmp_path / "a.csv", index=False)
    record = tracks_of(tmp_path / "a.csv", **KNOWN)
    assert (list(record.tracks), record.left_out) == (["3"], 1)
    assert "it holds 1 track (3); name one in the column, as x[3]" in fault(
        tmp_path / "a.csv", of_study, **KNOWN
    )
    assert len(of_study(tmp_path / "a.csv", column="x[3]", **KNOWN).positions) == 119


def test_a_kept_record_is_the_record(tmp_path):
    table = spots("particle", "frame", "x", "y")
    lone = pd.DataFrame({"particle": [20], "frame": [0], "x": [1.0], "y": [1.0]})
    pd.concat([table, lone]).to_csv(tmp_path / "a.csv", index=False)
    record = tracks_of(tmp_path / "a.csv", **KNOWN)
    write_record(tmp_path / "record.h5", record)
    kept = load_record(tmp_path / "record.h5")
    assert list(kept.tracks) == list(record.tracks) == ["3", "7", "12"]
    for name, positions in record.tracks.items():
        np.testing.assert_array_equal(kept.tracks[name], positions)
    assert (kept.dt, kept.unit, kept.coordinates) == (DT, "um", ("x", "y"))
    assert (kept.left_out, kept.gaps) == (1, record.gaps)
    assert list(kept.gaps) == ["7"]
    y = kept.by_coordinate()["7"]["y"]
    np.testing.assert_array_equal(y[FRAMES[7]], PLACES[7][:, 1])


def test_a_kept_record_has_what_its_study_reads(tmp_path):
    np.savez(tmp_path / "a.npz", positions=X, dt=DT, unit="um")
    record = tracks_of(tmp_path / "a.npz")
    path = tmp_path / "record.h5"
    write_record(path, record, studied(record, stride=4, min_points=30))
    positions, dt = load_studied(path)
    np.testing.assert_array_equal(positions, X[::4])
    assert dt == pytest.approx(4 * DT)
    np.testing.assert_array_equal(load_record(path).tracks[""][:, 0], X)
    with h5py.File(path) as file:  # as other programs read it
        assert file["positions"].shape == (120, 1)
        assert dict(file.attrs, coordinates=None) == {
            "dt": DT, "unit": "um", "left_out": 0, "coordinates": None,
        }  # fmt: skip
        assert list(file.attrs["coordinates"]) == ["x"]
        assert file["studied"].attrs["dt"] == dt


def test_a_record_that_cannot_be_kept_leaves_nothing(tmp_path):
    np.savez(tmp_path / "a.npz", positions=XY.T, dt=DT, unit="um")
    record = tracks_of(tmp_path / "a.npz")
    with pytest.raises(TypeError):
        write_record(tmp_path / "record.h5", record, Studied(object(), DT))  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def late(first, n=40, at=lambda i: i, name="frame"):
    """A table of tracks whose first points are at these indices of one clock."""
    rng = np.random.default_rng(5)
    parts = [
        pd.DataFrame({"particle": k, name: at(np.arange(f, f + n)), "x": rng.normal(size=n)})
        for k, f in enumerate(first)
    ]
    return pd.concat(parts)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("frame", lambda i: i + 1),
        ("time_s", lambda i: 3.0 + DT * i),
        ("t_ms", lambda i: 1e3 * DT * i),
    ],
)
def test_where_tracks_begin_on_their_common_clock(tmp_path, name, at):
    late((7, 0, 25), at=at, name=name).to_csv(tmp_path / "a.csv", index=False)
    record = tracks_of(tmp_path / "a.csv", **KNOWN)
    assert record.starts == {"0": 7, "1": 0, "2": 25}
    write_record(tmp_path / "record.h5", record)
    assert load_record(tmp_path / "record.h5").starts == record.starts


def test_a_stride_keeps_the_same_moments_of_all_tracks(tmp_path):
    table = late((7, 0, 25))
    table["x"] = 0.1 * table["frame"]
    table.to_csv(tmp_path / "a.csv", index=False)
    record = tracks_of(tmp_path / "a.csv", stride=3, min_points=30, **KNOWN)
    assert record.starts == {"0": 3, "1": 0, "2": 9}
    for name, x in record.tracks.items():
        at = 3 * (record.starts[name] + np.arange(len(x)))
        np.testing.assert_allclose(x[:, 0], 0.1 * at)


def test_tracks_without_a_common_clock_have_no_starts(tmp_path):
    table = late((0, 0), at=lambda i: DT * i, name="time_s")
    table.loc[table["particle"] == 1, "time_s"] += 0.5 * DT  # another camera
    table.to_csv(tmp_path / "a.csv", index=False)
    np.save(tmp_path / "b.npy", X)
    np.savez(tmp_path / "c.npz", positions=np.stack([X, X[::-1]]))
    for name in ("a.csv", "b.npy", "c.npz"):
        record = tracks_of(tmp_path / name, min_points=50, **KNOWN)
        assert record.starts == {}
        write_record(tmp_path / "record.h5", record)
        assert load_record(tmp_path / "record.h5").starts == {}
