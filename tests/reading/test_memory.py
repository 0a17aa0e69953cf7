"""Arrays and tables in memory are read by the rules of files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from activenoise.reading.errors import RecordError
from activenoise.reading.memory import record_of_array, record_of_table
from activenoise.reading.records import ReadOptions, read

X = np.cumsum(np.random.default_rng(1).normal(size=(200, 2)), axis=0)
OPTIONS = ReadOptions(dt=0.01, unit="um")


def test_an_array_is_a_record_of_its_coordinates():
    record = record_of_array(X, OPTIONS)
    assert (record.coordinates, record.dt, record.unit) == (("x", "y"), 0.01, "um")
    np.testing.assert_array_equal(record.tracks[""], X)
    one = record_of_array(X[:, 0].tolist(), ReadOptions(dt=0.01, unit="um", stride=2))
    assert (one.coordinates, one.dt) == (("x",), 0.02)
    np.testing.assert_array_equal(one.tracks[""], X[::2, :1])


def test_a_table_in_memory_is_the_file_that_holds_it(tmp_path):
    particle, frame = np.repeat([3, 5], 100), np.tile(np.arange(100), 2)
    table = pd.DataFrame({"particle": particle, "frame": frame, "x": X[:, 0], "y": X[:, 1]})
    table = table.drop(index=[7, 150])  # gaps
    table.to_csv(tmp_path / "table.csv", index=False)
    found, filed = record_of_table(table, OPTIONS), read(tmp_path / "table.csv", OPTIONS)
    assert list(found.tracks) == list(filed.tracks) == ["3", "5"]
    for name, positions in filed.tracks.items():
        np.testing.assert_array_equal(found.tracks[name], positions)
    assert np.isnan(found.tracks["3"][7]).all()


def test_columns_can_be_named():
    table = {
        "cell": np.repeat([1, 2], 100),
        "when": np.tile(0.05 * np.arange(100), 2),
        "u": X[:, 0],
    }
    options = ReadOptions(unit="um", column="u", track_column="cell", time_column="when")
    record = record_of_table(table, options)
    assert (list(record.tracks), record.coordinates) == (["1", "2"], ("u",))
    assert record.dt == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (X, ReadOptions(unit="um"), "array: the interval is not known; give dt in s"),
        (X, ReadOptions(dt=0.01), "array: the length unit is not known; give unit"),
        (X[:50], OPTIONS, "array: only 50 points; at least 100 are needed"),
        (np.zeros((200, 2)), OPTIONS, "array: every position is 0, 0"),
        (np.zeros((2, 3, 4)), OPTIONS, r"array of shape \(2, 3, 4\)"),
        (["a", "b"], OPTIONS, "must be numbers"),
        (np.full(200, np.inf), OPTIONS, "only 0 points, 200 more are missing"),
    ],
)
def test_an_array_that_is_no_record_is_one_line(source, options, said):
    with pytest.raises(RecordError, match=said) as error:
        record_of_array(source, options)
    assert "\n" not in str(error.value)


def test_a_table_without_rows_or_coordinates_is_one_line():
    with pytest.raises(RecordError, match="DataFrame: it holds no rows"):
        record_of_table(pd.DataFrame({"x": []}), OPTIONS)
    with pytest.raises(RecordError, match=r"dict: .*column"):
        record_of_table({"a": X[:, 0], "b": X[:, 1]}, OPTIONS)
