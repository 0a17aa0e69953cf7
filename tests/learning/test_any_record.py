"""The ready networks' answers: how a record is thinned, and in whose units they are given."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.learning.any_record import (
    answers,
    in_range,
    longest_stretch,
    longest_tracks,
    segments,
    thinned,
    whole,
    without_tones,
)
from activenoise.learning.domain import Domain
from activenoise.physics.tones import Tone, waveform

RANGES = {"kappa": (0.002, 0.5, True), "tau_a": (10.0, 200.0, True)}


class Fake:
    """A network that answers with the number of points it reads, in its own units."""

    def __init__(self, task: str, names: list[str]) -> None:
        self.task, self.names, self.trained_to = task, names, 400

    def predict(self, tracks: np.ndarray) -> np.ndarray:
        assert 0.5 < np.std(np.diff(tracks[0])) < 2  # steps of order one, whatever the unit
        if self.task == "classify":
            return np.full(len(tracks), np.log(3.0))
        return np.tile([*np.log([0.1, 0.4, 0.5]), *np.log([0.2, 0.1, 0.3])], (len(tracks), 1))


NETWORKS = {
    "Passive-AOUP": Fake("classify", ["Passive", "AOUP"]),
    "estimates": Fake("estimate", ["kappa", "D", "active_share"]),
}


@pytest.fixture
def walk() -> np.ndarray:
    return 1e-3 * np.random.default_rng(1).standard_normal(1500).cumsum()


@pytest.fixture
def domains() -> dict:
    tracks = np.random.default_rng(2).standard_normal((300, 400)).cumsum(axis=1)
    return {task: {200: Domain.of(tracks[:, :200]), 400: Domain.of(tracks)} for task in NETWORKS}


def test_a_record_is_thinned_to_the_trained_length(walk):
    record = thinned(walk, 0.01, 400, None, 0.5)
    assert (record.stride, len(record.positions)) == (4, 375)
    assert record.dt == pytest.approx(0.04)
    assert np.mean(np.diff(record.positions) ** 2) == pytest.approx(1)
    np.testing.assert_allclose(record.positions * record.step, walk[::4])
    # A trap that would be too fast at that stride.
    assert thinned(walk, 0.01, 400, 20.0, 0.5).stride == 2
    assert thinned(walk, 0.01, 400, 2000.0, 0.5).stride == 1
    assert thinned(walk[:300], 0.01, 400, 1.0, 0.5).stride == 1


def test_networks_read_a_record_without_the_tones_of_the_part_that_was_searched(walk):
    tone = Tone(3.0, 0.5, -0.2)
    humming = walk + waveform([tone], len(walk), 0.01)
    cleaned = without_tones({"x": humming, "y": humming}, {"x": [tone]}, 1000, 0.01)
    np.testing.assert_allclose(cleaned["x"][:1000], walk[:1000])
    np.testing.assert_array_equal(cleaned["x"][1000:], humming[1000:])
    np.testing.assert_array_equal(cleaned["y"], humming)


def test_the_pieces_of_the_findings_are_read_one_by_one(walk, domains):
    pieces = [(0.0, 5.0), (5.0, 10.01), (10.01, 11.0)]
    asked = (NETWORKS, domains, {"x": walk}, 0.01, {"kappa": 1.0}, RANGES)
    found, _ = answers(*asked, pieces[:2])
    along = found["x"]["along"]
    assert [(row["start"], row["end"]) for row in along] == [(0.0, 5.0), (5.0, 10.01)]
    for k, row in enumerate(along):
        assert (row["stride"], row["n_points"]) == (2, 250)
        own = np.mean(np.diff(walk[500 * k : 500 * (k + 1) : 2]) ** 2)
        assert np.exp(row["estimates"]["D"]["mean"]) == pytest.approx(0.4 * own / 0.02)
    found, _ = answers(*asked, pieces)
    assert [row["too_short"] for row in found["x"]["along"]] == [200] * 3
    assert answers(*asked)[0]["x"]["along"] == []


def test_of_a_record_with_gaps_the_longest_stretch_is_read(walk):
    walk[[10, 11, 700]] = np.nan
    np.testing.assert_array_equal(longest_stretch(walk), walk[701:])
    assert len(thinned(walk, 0.01, 2000, None, 0.5).positions) == 799
    assert len(longest_stretch(np.full(3, np.nan))) == 0


def test_answers_are_in_the_records_units(walk, domains):
    record = thinned(walk, 0.01, 400, None, 0.5)
    found = whole(NETWORKS, domains, record)
    assert found["p_active"] == pytest.approx(0.75)
    assert found["familiar"]["estimates"]["n_points"] == 200
    estimates = {name: np.exp(row["mean"]) for name, row in found["estimates"].items()}
    assert estimates["kappa"] == pytest.approx(0.1 / 0.04)
    assert estimates["D"] == pytest.approx(0.4 * record.step**2 / 0.04)
    assert estimates["active_share"] == pytest.approx(0.5)
    assert found["estimates"]["kappa"]["sd"] == pytest.approx(0.2)
    rows = list(segments(NETWORKS, record, [100]))
    assert len(rows) == 3 * 4
    assert rows[0].duration == pytest.approx(4.0)
    assert {np.round(np.exp(row.value), 9) for row in rows if row.quantity == "log kappa"} == {2.5}
    # D is in units of the steps of the segment itself.
    own = np.mean(np.diff(walk[::4][200:300]) ** 2)
    third = [row for row in rows if row.start == pytest.approx(8.0) and row.quantity == "log D"]
    assert np.exp(third[0].value) == pytest.approx(0.4 * own / 0.04)


def test_a_longer_record_is_read_in_pieces(walk, domains):
    found = whole(NETWORKS, domains, thinned(walk, 0.01, 400, 20.0, 0.5))
    assert (found["pieces"], found["stride"]) == (2, 2)
    assert found["p_active"] == pytest.approx(0.75)


def test_a_short_or_still_record_has_no_answer(walk, domains):
    assert whole(NETWORKS, domains, thinned(walk[:150], 0.01, 400, None, 0.5))["too_short"] == 200
    still = whole(NETWORKS, domains, thinned(np.zeros(500), 0.01, 400, None, 0.5))
    assert "p_active" not in still


def test_ranges_are_in_intervals():
    assert in_range(RANGES, {"kappa": 20.0, "tau_a": 0.3}, 0.01) == {"kappa": True, "tau_a": True}
    assert in_range(RANGES, {"kappa": 80.0, "tau_a": 3.0}, 0.01) == {"kappa": False, "tau_a": False}
    assert in_range(RANGES, {"kappa": 0.1}, 0.01) == {"kappa": False}
    assert in_range(RANGES, {"kappa": 0.0}, 0.01) == {"kappa": False}  # a free tracer


def test_of_a_table_the_longest_tracks_are_read(walk, domains):
    lengths = [400, 100, 900, 1500, 300, 250, 260]
    tracks = {str(n): np.column_stack([walk[:n], 2 * walk[:n]]) for n in lengths}
    chosen = longest_tracks(tracks, ["x", "y"])
    names = [f"{c} of {n}" for n in (1500, 900, 400, 300, 260) for c in ("x", "y")]
    assert list(chosen) == names
    assert list(longest_tracks({"": tracks["400"]}, ["x", "y"])) == ["x", "y"]
    found, rows = answers(NETWORKS, domains, chosen, 0.01, {"kappa": 1.0}, RANGES)
    assert list(found) == names
    assert all(answer["in_range"]["kappa"] for answer in found.values())
    assert {row["coordinate"] for row in rows} == set(names)
