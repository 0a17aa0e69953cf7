"""Files are written whole or not at all, and read back as they were."""

from __future__ import annotations

import csv
import errno
import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from activenoise.files import (
    DataSet,
    classes,
    read_arrays,
    read_attributes,
    read_json,
    read_tree,
    replacing,
    write_arrays,
    write_columns,
    write_json,
    write_table,
)
from activenoise.logs import NO_SPACE, DamagedError, reason
from activenoise.physics.priors import parse_prior
from activenoise.simulation.shards import write_shard
from activenoise.tables import read_rows, read_table


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


def test_columns_of_numbers_are_what_pandas_writes(tmp_path):
    values = np.random.default_rng(1).normal(size=(5000, 3)) * 10.0 ** np.arange(-8, 10, 8)
    values[::7, 1] = np.nan
    values[3] = [0.0, -np.inf, 1e300]
    columns = dict(zip("abc", values.T, strict=True))
    write_columns(tmp_path / "ours.csv", columns)
    pd.DataFrame(columns).to_csv(tmp_path / "pandas.csv", index=False, float_format="%.6g")
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


def test_a_table_without_rows_keeps_its_header(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, [], ["a", "b"])
    assert path.read_text() == "a,b\n"
    write_table(path, [{"c": 1, "a": 2}], ["a", "b"])
    assert path.read_text() == "a,b,c\n2,,1\n"


@pytest.fixture
def shards(tmp_path):
    """Three shards of a data set whose positions are 100 row + point."""
    positions = 100 * np.arange(12)[:, None] + np.arange(8)
    made = {"model": "Passive", "study": "a", "split": "test", "dt": 0.5, "unit": "um", "seed": "7"}
    paths = []
    for i, (start, stop) in enumerate([(0, 5), (5, 6), (6, 12)]):
        path = tmp_path / f"a/tracks/test/Passive-{i}.h5"
        write_arrays(
            path,
            made,
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


def test_tracks_that_are_read_again_are_the_same(tmp_path, monkeypatch):
    """Chunks of whole tracks, whose bytes are taken as they lie once HDF5 has checked them."""
    monkeypatch.setattr("activenoise.simulation.shards._CHUNK", 30)
    prior, path = parse_prior({"kappa": 1, "D": 1}), tmp_path / "Passive-0.h5"
    write_shard(path, "Passive", prior, 10, 0.1, 1, range(20), study="s", split="train", unit="um")
    with h5py.File(path) as file:
        positions = file["positions"][:]
        assert file["positions"].chunks == (3, 10)
    tracks = DataSet([path])
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b, c, d = *np.sort(rng.integers(21, size=2)), *np.sort(rng.integers(11, size=2))
        if a < b:
            np.testing.assert_array_equal(tracks[a:b, c:d], positions[a:b, c:d])
            np.testing.assert_array_equal(tracks[a:b, c:d:2], positions[a:b, c:d:2])
    tracks.close()
    # What was read hides no fault of what was not.
    whole = bytearray(path.read_bytes())
    whole[whole.index(positions[15].tobytes()) + 5] ^= 16
    path.write_bytes(whole)
    tracks = DataSet([path])
    for _ in range(2):
        np.testing.assert_array_equal(tracks[:15], positions[:15])
        with pytest.raises(DamagedError, match=r"Passive-0.h5: damaged"):
            tracks[14:17]


def test_classes_are_labelled(shards):
    _, paths = shards
    data_sets, labels = classes([paths[:1], paths[1:]])
    assert [len(tracks) for tracks in data_sets] == [5, 7]
    np.testing.assert_array_equal(labels, [0] * 5 + [1] * 7)
    for tracks in data_sets:
        tracks.close()


def test_tracks_of_another_config_are_named(shards):
    """Results that were copied without what Snakemake knows of them, under an edited config."""
    _, paths = shards
    now = {"seed": 1, "dt": 0.5, "parameters": {"kappa": [1, 2]}}
    for path in paths:
        write_arrays(path, read_attributes(path) | {"made": json.dumps(now)}, **read_tree(path))
    DataSet(paths, json.dumps(now)).close()
    for name, other in (("seed", 2), ("dt", 0.25), ("parameters", {"kappa": [1, 3]})):
        said = rf"Passive-0.h5: made with another {name} than the config's; delete it and run again"
        with pytest.raises(DamagedError, match=said):
            DataSet(paths, json.dumps(now | {name: other}))


def test_no_altered_byte_of_the_numbers_goes_unseen(shards):
    _, paths = shards
    whole = paths[2].read_bytes()
    numbers = (100 * np.arange(6, 12)[:, None] + np.arange(8)).astype(np.float32).tobytes()
    start = whole.index(numbers)
    for offset in (0, 3, 50, len(numbers) - 1):
        altered = bytearray(whole)
        altered[start + offset] ^= 16
        paths[2].write_bytes(altered)
        with pytest.raises(DamagedError, match=r"Passive-2.h5: damaged \(.*\); delete it and run"):
            DataSet(paths)[:]


@pytest.mark.parametrize("read", [read_arrays, read_attributes, read_tree, lambda p: DataSet([p])])
def test_a_file_that_is_cut_off_is_one_line(shards, read):
    _, (path, *_) = shards
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DamagedError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: damaged (")
    assert "\n" not in str(caught.value)


def test_tables_and_json_are_read_as_they_are(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    assert read_table(path, "a", "b").to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert read_rows(path, ["a"], b=["y"]).to_dict("list") == {"a": [2], "b": ["y"]}
    path = tmp_path / "verdict.json"
    path.write_text('{"whole": [1]}')
    assert read_json(path) == {"whole": [1]}


def test_a_job_tells_a_damaged_file_in_one_line(shards, tmp_path):
    """On the terminal and in the log, without a traceback; other errors keep theirs."""
    _, (path, *_) = shards
    path.write_bytes(b"not HDF5")
    log = tmp_path / "job.log"
    job = (
        "import sys; from activenoise.logs import open_log; open_log(sys.argv[1]);"
        "from activenoise.files import read_arrays; read_arrays(sys.argv[2])"
    )
    library = Path(__file__).parents[1] / "workflow"

    def run(of):
        command = [sys.executable, "-c", job, log, of]
        return subprocess.run(command, cwd=library, capture_output=True, text=True, check=False)

    done = run(path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{path}: damaged (")
    assert "Traceback" not in log.read_text()
    assert run(tmp_path / "none.h5").returncode == 1
    assert "Traceback" in log.read_text()


def test_a_job_tells_its_reason_where_the_log_cannot(tmp_path):
    """The log lies on a disk that is full: the terminal has the last line, or that of the disk."""
    if not Path("/dev/full").exists():
        pytest.skip("needs the device /dev/full of Linux")
    start = "import sys; from activenoise.logs import open_log; open_log('/dev/full');"

    def run(rest):
        command = [sys.executable, "-c", start + rest]
        library = Path(__file__).parents[1] / "workflow"
        return subprocess.run(command, cwd=library, capture_output=True, text=True, check=False)

    done = run("raise ValueError('the reason')")
    assert done.returncode == 1
    assert done.stderr == "ValueError: the reason\n"
    assert NO_SPACE in run("print('a')").stderr
    done = run("import numpy; numpy.ones(10**15)")
    assert done.stderr.startswith("not enough memory (Unable to allocate")
    assert "run with fewer cores" in done.stderr


def test_a_full_disk_is_told_with_the_file(tmp_path):
    """Also in the words of h5py, which has no errno, and if the file cannot be closed after it."""
    path = tmp_path / "a.h5"

    def write(*words):
        with replacing(path):
            try:
                raise OSError(*words)
            finally:
                raise RuntimeError("cannot close")

    for words in ((errno.ENOSPC, "full"), ("Can't write (errno = 28, 'No space left on device')",)):
        with pytest.raises(OSError, match="no space left") as caught:
            write(*words)
        assert reason(caught.value) == f"{path}: {NO_SPACE}"
    with pytest.raises(RuntimeError, match="cannot close"):
        write("other")
    assert not list(tmp_path.iterdir())
    assert reason(OSError(errno.EACCES, "rights")) is None


def test_the_last_digits_of_numbers_are_not_written(tmp_path):
    """They differ between a kernel that was just compiled and one from the cache."""
    path = tmp_path / "facts.json"
    written = []
    for rounding in (0.0, 3e-14):
        value = 0.1234567890123 * (1 + rounding)
        write_json(path, {"a": [value, 1], "b": "0.1234567890123", "c": None})
        written.append(path.read_text())
    assert written[0] == written[1]
    assert read_json(path) == {"a": [0.123456789012, 1], "b": "0.1234567890123", "c": None}
