"""TrackMate's and Bluelake's files, written in those programs' layouts."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.reading.layouts import (
    DT,
    FRAMES,
    N,
    X,
    alone,
    bluelake,
    check_spots,
    fault,
    of_study,
    on_grid,
    trackmate_model,
    trackmate_tracks,
    tracks_of,
)


def test_trackmate_xml(tmp_path):
    record = tracks_of(trackmate_tracks(tmp_path / "a.xml"))
    for positions, track in zip(record.tracks.values(), FRAMES, strict=True):
        np.testing.assert_array_equal(positions, on_grid(track))
    assert (record.dt, record.unit) == (DT, "um")
    whole = trackmate_model(tmp_path / "b.xml")
    check_spots(tracks_of(whole))
    check_spots(tracks_of(whole, unit="um"))
    one = of_study(whole, column="POSITION_Y[3]", min_points=20).positions
    np.testing.assert_array_equal(one, on_grid(3)[:, 1])


def test_trackmate_of_a_movie_without_calibration(tmp_path):
    for interval, unit in (("0.0", "sec"), ("1.0", "frame")):
        path = trackmate_tracks(tmp_path / "a.xml", interval, unit)
        assert "the interval is not known" in fault(path)
        assert tracks_of(path, dt=DT).dt == DT


def test_bluelake(tmp_path):
    path = bluelake(tmp_path / "a.h5")
    fast = of_study(path, unit="pN", column="Force HF/Force 1x")
    np.testing.assert_array_equal(fast.positions, X)
    assert fast.dt == pytest.approx(1 / 78125, rel=1e-12)
    slow = of_study(path, unit="um", column="Distance 1")
    np.testing.assert_array_equal(slow.positions, X)
    assert slow.dt == pytest.approx(DT, rel=1e-12)
    gap = alone(bluelake(tmp_path / "b.h5", 60), unit="um", column="Distance 1")
    assert len(gap) == N + 1
    assert np.flatnonzero(np.isnan(gap)).tolist() == [60]
    message = fault(path, unit="pN")
    assert "Force HF/Force 1x, Force LF/Force 1x: name one" in message
    assert "Marker" not in message
    assert "Force 1x is ambiguous" in fault(path, unit="pN", column="Force 1x")


def test_bluelake_without_its_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lumicks", None)
    message = fault(bluelake(tmp_path / "a.h5"), column="Force 1x")
    assert message.endswith(
        "reading Bluelake files needs pylake: pip install 'activenoise[formats]'"
    )
