"""Tables of many short tracks whose truth is known: jointly, one by one, and whether they agree."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from activenoise.analysis.judgement import basis, disagreement, reading
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.analysis.stored import from_json, to_json
from activenoise.analysis.table import rows_of_tracks
from activenoise.analysis.tracks import FEWEST
from activenoise.config.choices import Choices
from activenoise.parameters import ACTIVE, RECORD_MODELS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive
from activenoise.reading.records import read
from activenoise.simulation.records import simulate_records

RECORDS = os.environ.get("ACTIVENOISE_RECORDS")
DT = 0.02
FREE = Choices(trap="free", odds={"RBP": 0.0, "RTP": 0.0})
LINEAR = Choices(odds={"RBP": 0.0, "RTP": 0.0})
SMALL = replace(EFFORTS["quick"], longest=None, members=6, bands=20)


def table(diffusivities, lengths, seed=0, noise=0.03):
    """Free tracers in x and y, track i of lengths[i] points and diffusivity D of its own."""
    rng = np.random.default_rng(seed)
    found = {}
    for i, (D, n) in enumerate(zip(diffusivities, lengths, strict=True)):
        instrument = Instrument(noise=noise, baseline="constant")
        xy = simulate_records(Passive(0.0, D), instrument, n, DT, seed=100 * seed + i, n_records=2)
        found[str(i)] = dict(zip("xy", xy + rng.uniform(-50, 50, (2, 1)), strict=True))
    return found


LENGTHS = [60, 50, 40, 30, 25, 20] + [3, 4, 5, 6] * 20


@pytest.fixture(scope="module")
def alike():
    return analyse(table([0.5] * 86, LENGTHS), DT, "camera", SMALL, 1, FREE, left_out=2)


@pytest.fixture(scope="module")
def unlike():
    made = table([0.05, 3.0, 0.05, 3.0, 0.05, 3.0] + [0.05, 3.0] * 40, LENGTHS, seed=2)
    return analyse(made, DT, "camera", SMALL, 1, FREE)


@pytest.mark.slow
def test_the_joint_answer_is_that_of_all_points(alike):
    facts = alike.facts
    assert reading(facts) in ("thermal", "no sign", "undecided")
    assert facts.comparison.p_active < 0.5
    row = facts.posteriors["Passive"].parameters["D"]
    assert abs(row.mean_log - np.log(0.5)) < 4 * row.sd_log
    # 482 steps in each of two coordinates: D to some 5 to 15 %, noise and blur unknown.
    assert row.sd_log < 0.3
    assert "kappa" not in facts.prior
    assert facts.trap == "free"
    assert facts.tracks.n_tracks == 86
    assert facts.tracks.left_out == 2


def test_tracks_of_one_kind_agree(alike):
    assert disagreement(alike.facts) is False
    assert alike.facts.tracks.own_over_shared["Passive"].value < -5
    assert basis(alike.facts) is alike.facts.comparison


@pytest.mark.slow
def test_tracks_of_two_kinds_do_not(unlike):
    facts = unlike.facts
    assert disagreement(facts) is True
    assert facts.tracks.own_over_shared["Passive"].value > 20
    own = basis(facts)
    assert own is facts.own
    assert own.p_active < 0.5
    for coordinate in ("x", "y"):
        # What the shared parameters leave is a mixture of two widths; own ones leave white noise.
        joint, single = (found.fit[coordinate] for found in (facts.comparison, own))
        assert joint.distance > 0.1
        assert single.distance < 0.08


def test_each_track_has_a_row(unlike):
    rows = rows_of_tracks("name", unlike.facts)
    assert [row["n_points"] for row in rows] == sorted(LENGTHS, reverse=True)
    alone = [row for row in rows if "p_active" in row]
    assert len(alone) == 6
    assert all(row["n_points"] >= FEWEST for row in alone)
    for row in alone:
        shares = {name: row.get(f"p_{name.lower()}", 0.0) for name in RECORD_MODELS}
        assert sum(shares.values()) == pytest.approx(1)
        assert row["p_active"] == pytest.approx(sum(shares[name] for name in ACTIVE))
        assert shares["RBP"] == 0  # at odds of 0
        assert row["D_sd"] > 0


def test_facts_are_plain(alike):
    assert from_json(json.loads(json.dumps(to_json(alike.facts), allow_nan=False))) == alike.facts
    assert set(alike.facts.bands.inside["x"]) == {"displacement", "increments"}
    assert alike.facts.bands.inside["x"]["displacement"] > 0.5
    assert alike.arrays["bands/y/increments/quantiles"].shape[0] == 5


@pytest.mark.slow
def test_one_coordinate_in_a_trap_and_a_cap_on_what_is_read():
    rng = np.random.default_rng(0)
    made = {
        str(i): {"x": x + rng.uniform(0, 9)}
        for i, x in enumerate(
            simulate_records(Passive(5.0, 0.2), Instrument(), 40, DT, seed=5, n_records=30)
        )
    }
    effort = replace(SMALL, longest=400, members=2)
    facts = analyse(made, DT, "exact", effort, 1, LINEAR).facts
    assert facts.tracks.n_read == 10
    assert facts.record.n_read == 400
    assert facts.record.n_points == 1200
    assert set(facts.bands.inside["x"]) == {"displacement", "increments", "autocorrelation"}
    row = facts.posteriors["Passive"].parameters["kappa"]
    assert abs(row.mean_log - np.log(5.0)) < 4 * row.sd_log
    assert facts.each == {}


@pytest.mark.slow
def test_a_line_for_each_track_takes_two_points():
    """Tracks that flow at velocities of their own, far above what D does: thermal all the same."""
    lengths = [40, 30] + [2, 3, 12] * 6
    made = table([0.3] * 20, lengths, seed=4)
    rng = np.random.default_rng(1)
    for track in made.values():
        for x in track.values():
            x += rng.normal(0, 8) * DT * np.arange(len(x))
    effort = replace(SMALL, members=2, bands=2)
    flow = replace(FREE, baseline="linear")
    found = analyse(made, DT, "camera", effort, 1, flow).facts
    still = analyse(made, DT, "camera", effort, 1, FREE).facts
    assert found.tracks.n_read == 14  # not those of two points
    assert found.comparison.p_active < 0.75  # next to nothing is left to say
    assert still.comparison.p_active > 0.95
    row = found.posteriors["Passive"].parameters["D"]
    assert abs(row.mean_log - np.log(0.3)) < 4 * row.sd_log


@pytest.mark.skipif(RECORDS is None, reason="ACTIVENOISE_RECORDS names no folder of real records")
@pytest.mark.slow
def test_inert_molecules_in_a_nucleus_differ_and_are_not_called_active():
    """A thousand tracks of an inert tag, some bound and some free: not of one D, and thermal."""
    path = Path(str(RECORDS)) / "halotag_nls_nuclear_2d.csv"
    named = read(path, dt=7.48e-3, unit="um", scale=0.16).by_coordinate()
    effort = replace(EFFORTS["quick"], longest=None, members=4, bands=2)
    found = analyse(named, 7.48e-3, "camera", effort, 1, FREE)
    assert found.facts.tracks.n_read == 1000
    assert disagreement(found.facts) is True
    assert found.facts.own.p_active < 0.2
    assert reading(found.facts) == "thermal"


def beads(walk: float, seed: int, hum: float = 0.0, n: int = 700) -> dict[str, dict]:
    """Two passive beads in traps (30 /s, rms 10) on stages that walk at random, this far a step."""
    rng = np.random.default_rng(seed)
    bead = simulate_records(
        Passive(30.0, 3000.0), Instrument(noise=1.0), n, 0.005, seed, n_records=2
    )
    stage = walk * np.cumsum(rng.standard_normal((2, n)), axis=1)
    sway = hum * np.sin(2 * np.pi * 50.0 * 0.005 * 0.873 * np.arange(n) + np.array([[0.0], [1.0]]))
    return {str(i): {"x": x} for i, x in enumerate(bead + stage + sway)}


@pytest.mark.parametrize(("walk", "drifting"), [(0.5, True), (0.0, False)])
@pytest.mark.slow
def test_beads_on_a_drifting_stage_are_not_called_active(walk, drifting):
    """In a table as in a single record: a drift is tested as a rival before anything is active."""
    effort = replace(SMALL, segments=1, bands=4)
    facts = analyse(beads(walk, 3), 0.005, "camera", effort, choices=LINEAR).facts
    if drifting:
        assert facts.comparison.p("Passive") < 0.05
        assert facts.comparison.p("Drift", "Wander") > 0.4
        assert reading(facts) != "active"
    else:
        assert reading(facts) in ("thermal", "no sign", "undecided")
        assert facts.comparison.p_active < 0.5


@pytest.mark.slow
def test_hum_is_taken_off_each_track_that_shows_it():
    """Each with a phase of its own; and what single records are tested for, long tracks are too."""
    effort = replace(SMALL, segments=2, bands=4)
    facts = analyse(beads(0.0, 4, hum=5.0), 0.005, "camera", effort, choices=LINEAR).facts
    assert facts.tones.n_tracks == 2
    assert sorted(tone.track for tone in facts.tones.found) == ["0", "1"]
    for tone in facts.tones.found:
        assert abs(tone.frequency - 43.65) < 0.05
    assert facts.comparison.fit["x"].positions is not None
    assert len(facts.pieces.pieces) == 2
    assert facts.pieces.trends
    assert {item.question for item in facts.not_tested} <= {"drift", "common motion"}
    assert reading(facts) != "no model"


@pytest.mark.slow
def test_a_response_of_the_instrument_is_thinned_away_in_a_table():
    made = {
        name: {"x": np.convolve(parts["x"], [0.5, -0.2, 0.7], "valid")}
        for name, parts in beads(0.0, 5, n=1200).items()
    }
    effort = replace(SMALL, segments=1, bands=4)
    facts = analyse(made, 0.005, "exact", effort, choices=LINEAR).facts
    assert facts.record.analysed_stride >= 2
    assert facts.full_rate is not None
    assert reading(facts) not in ("no model", "active")


def test_short_tracks_say_what_they_were_not_tested_for(alike):
    assert {item.question: item.reason for item in alike.facts.not_tested} == {
        "drift": "free", "tones": "short", "kurtosis": "free", "circulation": "free",
        "pieces": "short", "common motion": "no clock",
    }  # fmt: skip


def test_tracks_must_have_the_same_coordinates():
    with pytest.raises(ValueError, match="track 1 has the coordinates y; the first has x"):
        analyse({"0": {"x": np.zeros(9)}, "1": {"y": np.zeros(9)}}, DT)
