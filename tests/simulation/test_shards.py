"""Shards of simulated tracks: the same tracks however they are cut."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from tests.data_sets import ABOUT, DT, N_POINTS, N_TRACKS, PRIOR, SEED, write

from activenoise import __version__
from activenoise.files import DataSet
from activenoise.simulation import shards
from activenoise.simulation.tracks import simulate


@pytest.mark.parametrize("model", ["Passive", "AOUP", "RBP", "RTP"])
def test_tracks_do_not_depend_on_the_number_of_shards(tmp_path, model, monkeypatch):
    one = DataSet(write(tmp_path / "one", model, [0, N_TRACKS]))
    # Twelve shards: the name of the eleventh comes before that of the third.
    edges = [0, 1, 5, 38, 39, 50, 60, 71, 80, 90, 99, 110, N_TRACKS]
    many = DataSet(write(tmp_path / "many", model, edges))
    monkeypatch.setattr(shards, "_BLOCK", 17)
    blocks = DataSet(write(tmp_path / "blocks", model, [0, N_TRACKS]))
    for other in (many, blocks):
        assert len(other) == len(one) == N_TRACKS
        assert other[:].tobytes() == one[:].tobytes()
        for name, values in one.parameters.items():
            np.testing.assert_array_equal(other.parameters[name], values)
    for tracks in (one, many, blocks):
        tracks.close()


def test_h5py_alone_reads_everything(tmp_path):
    (path,) = write(tmp_path, "AOUP", [30, 50])
    models = PRIOR.draw("AOUP", SEED, 20, first=30)
    with h5py.File(path, "r") as file:
        assert file["positions"].dtype == np.float32
        expected = simulate(models, N_POINTS, DT, SEED, first=30)
        np.testing.assert_array_equal(file["positions"][:], expected)
        np.testing.assert_array_equal(file["index"][:], np.arange(30, 50))
        assert set(file["parameters"]) == {"kappa", "D", "D_a", "tau_a"}
        for name, values in models.parameters.items():
            np.testing.assert_array_equal(file["parameters"][name][:], values)
        assert dict(file.attrs) == {
            "model": "AOUP",
            "dt": DT,
            "seed": str(SEED),
            "version": __version__,
            **ABOUT,
        }


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    calls = []

    def fails(*args, **options):
        calls.append(args)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return simulate(*args, **options)

    monkeypatch.setattr(shards, "_BLOCK", 10)
    monkeypatch.setattr(shards, "simulate", fails)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, "AOUP", [0, 30])
    assert len(calls) == 2
    assert list(tmp_path.iterdir()) == []
