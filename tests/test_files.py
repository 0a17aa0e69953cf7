"""Files are written whole or not at all, and read back as they were."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from activenoise.files import DataSet, classes, read_arrays, replacing, write_arrays, write_table


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with replacing(path) as partial:
        partial.write_text("first")
    assert path.read_text() == "first"

    def broken():
        with replacing(path) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_arrays_come_back(tmp_path):
    path = tmp_path / "arrays.h5"
    arrays = {"a": np.arange(6.0).reshape(2, 3), "names": np.array([b"x", b"y"]), "one": 3}
    write_arrays(path, {"dt": 0.1}, **arrays)
    read = read_arrays(path)
    assert set(read) == set(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(read[name], values)


def test_tables_are_tidy(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, [{"a": 1, "b": 1 / 3}, {"a": "x, y", "c": np.float64("nan")}])
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"a": "1", "b": "0.333333", "c": ""}, {"a": "x, y", "b": "", "c": ""}]


@pytest.fixture
def shards(tmp_path):
    """Three shards of a data set whose positions are 100 row + point."""
    positions = 100 * np.arange(12)[:, None] + np.arange(8)
    paths = []
    for i, (start, stop) in enumerate([(0, 5), (5, 6), (6, 12)]):
        path = tmp_path / f"{i}.h5"
        with replacing(path) as partial:
            write_arrays(
                partial,
                {"model": "Passive", "dt": 0.5, "unit": "um"},
                positions=positions[start:stop].astype(np.float32),
                index=np.arange(start, stop),
                **{"parameters/kappa": np.arange(start, stop) / 10},
            )
        paths.append(path)
    return positions, paths


def test_tracks_over_shards_read_like_one_array(shards):
    positions, paths = shards
    tracks = DataSet(paths[::-1])
    assert (len(tracks), tracks.n_points) == (12, 8)
    assert (tracks.dt, tracks.unit, tracks.model_name) == (0.5, "um", "Passive")
    np.testing.assert_array_equal(tracks.parameters["kappa"], np.arange(12) / 10)
    for rows in (slice(None), slice(4, 7), slice(5, 6), slice(-3, None), slice(6, 100)):
        np.testing.assert_array_equal(tracks[rows], positions[rows])
        for points in (slice(3), slice(2, None, 3)):
            np.testing.assert_array_equal(tracks[rows, points], positions[rows, points])
    blocks = list(tracks.blocks(5))
    assert blocks == [slice(0, 5), slice(5, 10), slice(10, 12)]
    tracks.close()


def test_classes_are_labelled(shards):
    _, paths = shards
    data_sets, labels = classes([paths[:1], paths[1:]])
    assert [len(tracks) for tracks in data_sets] == [5, 7]
    np.testing.assert_array_equal(labels, [0] * 5 + [1] * 7)
    for tracks in data_sets:
        tracks.close()
