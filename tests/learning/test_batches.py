"""Batches of training tracks: windows of the tracks of each class, and their targets."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data_sets import N_POINTS, N_TRACKS, write

from activenoise.files import DataSet
from activenoise.learning.batches import Batches


@pytest.fixture
def data_sets(tmp_path):
    """An AOUP and an RBP data set of 120 tracks, in three shards and one."""
    sets = [
        DataSet(write(tmp_path, "AOUP", [0, 30, 90, N_TRACKS])),
        DataSet(write(tmp_path, "RBP", [0, N_TRACKS])),
    ]
    yield sets
    for tracks in sets:
        tracks.close()


def windows_of(tracks, batch):
    """(row, first point) of every window of a batch, found in the data set."""
    n = batch.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(tracks[:], n, axis=1)
    found = []
    for window in batch:
        rows, starts = np.nonzero(np.all(views == window, axis=-1))
        assert len(rows) == 1
        found.append((int(rows[0]), int(starts[0])))
    return found


def test_batches_hold_equal_classes_and_windows_of_their_tracks(data_sets):
    batches = Batches(data_sets, seed=1)
    seen, starts = [set(), set()], set()
    for _ in range(15):  # 15 x 16 tracks: each class twice
        x, labels = batches.batch(32, 25)
        assert x.shape == (32, 25)
        assert x.dtype == labels.dtype == np.float32
        for label, tracks in enumerate(data_sets):
            part = x[labels == label]
            assert len(part) == 16
            for row, start in windows_of(tracks, part):
                seen[label].add(row)
                starts.add(start)
    # All but the remainder of 120 / 16 in each pass.
    assert [len(rows) for rows in seen] == [112, 112]
    assert len(starts) > 8
    assert starts <= set(range(N_POINTS - 25 + 1))


def test_targets_are_the_logs_of_the_windows_own_parameters(data_sets):
    tracks = data_sets[0]
    batches = Batches([tracks], targets=["D", "tau_a"], seed=2)
    for _ in range(4):
        x, targets = batches.batch(50, N_POINTS)
        rows = [row for row, _ in windows_of(tracks, x)]
        for column, name in enumerate(["D", "tau_a"]):
            expected = np.log(tracks.parameters[name][rows])
            np.testing.assert_allclose(targets[:, column], expected, rtol=1e-6)


def test_limit_and_seed_of_batches(data_sets):
    limited = Batches(data_sets, seed=3, limit=10)
    rows = {
        row for _ in range(5) for row, _ in windows_of(data_sets[1], limited.batch(8, 30)[0][4:])
    }
    assert rows <= set(range(10))
    same = [Batches(data_sets, seed=4).batch(8, 30)[0] for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert np.any(Batches(data_sets, seed=5).batch(8, 30)[0] != same[0])
    with pytest.raises(ValueError, match="a batch of 22 needs 11 tracks a class; there are 10"):
        limited.batch(22, 30)
