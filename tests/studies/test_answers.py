"""The exact answers for a record, whole and by segment, by quadrature and by sampling."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.inference.evidence import log_evidence, posterior_moments
from activenoise.physics.models import AOUP
from activenoise.physics.priors import parse_prior
from activenoise.simulation.tracks import simulate
from activenoise.studies.answers import by_segment, whole_record
from activenoise.studies.scoring import probability

DT = 0.1
RANGES = {
    "kappa": {"log_uniform": [0.5, 2.0]},
    "D": {"log_uniform": [0.2, 5.0]},
    "D_a": {"log_uniform": [0.5, 50.0]},
    "tau_a": 2.0,
}
BARE = parse_prior(RANGES)
# An instrument that changes nothing: the answers are sampled, and the zero is unknown.
SEEN = parse_prior({**RANGES, "noise": 0.0})


@pytest.fixture(scope="module")
def record() -> np.ndarray:
    track = simulate(AOUP(1.0, 1.0, 3.0, 2.0), 300, DT, seed=2, n_tracks=1)[0].astype(np.float64)
    return track + 5.0


@pytest.mark.slow
def test_both_ways_say_the_same_of_a_whole_record(record):
    exact, sampled = whole_record(BARE, record, DT), whole_record(SEEN, record, DT, seed=1)
    for found in (exact, sampled):
        z = found["log_evidence"]
        assert found["p_active"] == pytest.approx(float(probability(z["AOUP"] - z["Passive"])))
        assert found["p_rbp"] == pytest.approx(float(probability(z["RBP"] - z["AOUP"])))
    for name in ("Passive", "AOUP"):
        assert exact["numerical_error"][name] < 0.01
        assert sampled["numerical_error"][name] < 0.1
    # The unknown zero costs every model about as much.
    odds = [f["log_evidence"]["AOUP"] - f["log_evidence"]["Passive"] for f in (exact, sampled)]
    assert odds[0] == pytest.approx(odds[1], abs=0.7)
    assert exact["p_rbp"] == pytest.approx(sampled["p_rbp"], abs=0.1)
    for name in ("kappa", "D", "D_a"):
        first, second = (f["posterior"]["AOUP"][name] for f in (exact, sampled))
        assert abs(first["mean"] - second["mean"]) < 0.4 * first["sd"]
        assert first["sd"] == pytest.approx(second["sd"], rel=0.3)


@pytest.mark.parametrize("prior", [BARE, SEEN], ids=["quadrature", "sampling"])
def test_segments_cover_the_record(record, prior):
    """Places, quantities and their order; the unknown of D and D_a have estimates."""
    rows = list(by_segment(prior, record, DT, [140, 400]))
    assert [row.quantity for row in rows[:4]] == ["p_active", "p_rbp", "log D", "log D_a"]
    assert {(row.duration, row.start) for row in rows} == {(14.0, 0.0), (14.0, 14.0)}
    assert len(rows) == 8
    for row in rows:
        if row.quantity.startswith("p_"):
            assert 0 < row.value < 1
            assert np.isnan(row.sd)
        else:
            low, high = RANGES[row.quantity.removeprefix("log ")]["log_uniform"]
            assert np.log(low) < row.value < np.log(high)
            assert 0 < row.sd < np.log(high / low)


@pytest.mark.slow
def test_a_segment_is_answered_as_a_track_is(record):
    """The record's mean, not the segment's, is taken for the zero."""
    rows = list(by_segment(BARE, record[:200], DT, [100]))
    tracks, at = (record[:200] - record[:200].mean()).reshape(2, 100), np.array([100])
    passive, aoup = (log_evidence(name, BARE, tracks, DT, at) for name in ("Passive", "AOUP"))
    active = aoup - passive
    moments = posterior_moments("AOUP", BARE, tracks, DT, at)
    found = {(row.start, row.quantity): row for row in rows}
    for i, start in enumerate((0.0, 10.0)):
        assert found[start, "p_active"].value == pytest.approx(float(probability(active[i, 0])))
        for name in ("D", "D_a"):
            row = found[start, f"log {name}"]
            assert row.value == pytest.approx(moments.mean[name][i, 0])
            assert row.sd == pytest.approx(moments.sd[name][i, 0])
