"""Tables of many short tracks whose truth is known: jointly, one by one, and whether they agree."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from activenoise.analysis.judgement import basis, disagreement, reading, rows_of_tracks
from activenoise.analysis.record import EFFORTS
from activenoise.analysis.table import FEWEST, table_findings
from activenoise.config.choices import Choices
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import Passive
from activenoise.reading.records import ReadOptions, read
from activenoise.simulation.records import simulate_records

RECORDS = os.environ.get("ACTIVENOISE_RECORDS")
DT = 0.02
FREE = Choices(trap="free", odds={"RBP": 0.0})
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
    return table_findings(table([0.5] * 86, LENGTHS), DT, "camera", SMALL, 1, FREE, left_out=2)


@pytest.fixture(scope="module")
def unlike():
    made = table([0.05, 3.0, 0.05, 3.0, 0.05, 3.0] + [0.05, 3.0] * 40, LENGTHS, seed=2)
    return table_findings(made, DT, "camera", SMALL, 1, FREE)


def test_the_joint_answer_is_that_of_all_points(alike):
    facts = alike.facts
    assert reading(facts) in ("thermal", "equilibrium", "undecided")
    assert facts["p_active"] < 0.5
    row = facts["models"]["Passive"]["parameters"]["D"]
    assert abs(row["mean_log"] - np.log(0.5)) < 4 * row["sd_log"]
    # 482 steps in each of two coordinates: D to some 5 to 15 %, noise and blur unknown.
    assert row["sd_log"] < 0.3
    assert "kappa" not in facts["prior"]
    assert facts["trap"] == "free"
    assert facts["tracks"]["n_tracks"] == 86
    assert facts["tracks"]["left_out"] == 2


def test_tracks_of_one_kind_agree(alike):
    assert disagreement(alike.facts) is False
    assert alike.facts["tracks"]["own_over_shared"]["Passive"]["value"] < -5
    assert basis(alike.facts) is alike.facts


def test_tracks_of_two_kinds_do_not(unlike):
    facts = unlike.facts
    assert disagreement(facts) is True
    assert facts["tracks"]["own_over_shared"]["Passive"]["value"] > 20
    own = basis(facts)
    assert own["probability"] == facts["own"]["probability"]
    assert own["p_active"] < 0.5
    for coordinate in ("x", "y"):
        # What the shared parameters leave is a mixture of two widths; own ones leave white noise.
        joint, single = (f["fit"]["favoured"][coordinate] for f in (facts, own))
        assert joint["distance"] > 0.1
        assert single["distance"] < 0.08


def test_each_track_has_a_row(unlike):
    rows = rows_of_tracks("name", unlike.facts)
    assert [row["n_points"] for row in rows] == sorted(LENGTHS, reverse=True)
    alone = [row for row in rows if "p_active" in row]
    assert len(alone) == 6
    assert all(row["n_points"] >= FEWEST for row in alone)
    for row in alone:
        shares = [row[f"p_{name}"] for name in ("passive", "viscoelastic", "aoup", "rbp")]
        assert sum(shares) == pytest.approx(1)
        assert row["p_active"] == pytest.approx(row["p_aoup"] + row["p_rbp"])
        assert row["p_rbp"] == 0  # at odds of 0
        assert row["D_sd"] > 0


def test_facts_are_plain(alike):
    json.dumps(alike.facts, allow_nan=False)
    assert set(alike.facts["bands"]["x"]) == {"displacement", "increments"}
    assert alike.facts["bands"]["x"]["displacement"] > 0.5
    assert alike.arrays["bands/y/increments/quantiles"].shape[0] == 5


def test_one_coordinate_in_a_trap_and_a_cap_on_what_is_read():
    rng = np.random.default_rng(0)
    made = {
        str(i): {"x": x + rng.uniform(0, 9)}
        for i, x in enumerate(
            simulate_records(Passive(5.0, 0.2), Instrument(), 40, DT, seed=5, n_records=30)
        )
    }
    effort = replace(SMALL, longest=400, members=2)
    facts = table_findings(made, DT, "exact", effort, 1, Choices(odds={"RBP": 0.0})).facts
    assert facts["tracks"]["n_read"] == 10
    assert facts["record"]["n_read"] == 400
    assert facts["record"]["n_points"] == 1200
    assert set(facts["bands"]["x"]) == {"displacement", "increments", "autocorrelation"}
    row = facts["models"]["Passive"]["parameters"]["kappa"]
    assert abs(row["mean_log"] - np.log(5.0)) < 4 * row["sd_log"]
    assert "each" not in facts


def test_a_line_for_each_track_takes_two_points():
    """Tracks that flow at velocities of their own, far above what D does: thermal all the same."""
    lengths = [40, 30] + [2, 3, 12] * 12
    made = table([0.3] * 38, lengths, seed=4)
    rng = np.random.default_rng(1)
    for track in made.values():
        for x in track.values():
            x += rng.normal(0, 8) * DT * np.arange(len(x))
    effort = replace(SMALL, members=2)
    flow = Choices(trap="free", baseline="linear")
    found = table_findings(made, DT, "camera", effort, 1, flow).facts
    still = table_findings(made, DT, "camera", effort, 1, Choices(trap="free")).facts
    assert found["tracks"]["n_read"] == 26  # not those of two points
    assert found["p_active"] < 0.75  # next to nothing is left to say
    assert still["p_active"] > 0.95
    row = found["models"]["Passive"]["parameters"]["D"]
    assert abs(row["mean_log"] - np.log(0.3)) < 4 * row["sd_log"]


@pytest.mark.skipif(RECORDS is None, reason="ACTIVENOISE_RECORDS names no folder of real records")
def test_inert_molecules_in_a_nucleus_differ_and_are_not_called_active():
    """A thousand tracks of an inert tag, some bound and some free: not of one D, and thermal."""
    path = Path(str(RECORDS)) / "halotag_nls_nuclear_2d.csv"
    named = read(path, ReadOptions(dt=7.48e-3, unit="um", scale=0.16)).by_coordinate()
    effort = replace(EFFORTS["quick"], longest=None, members=12)
    found = table_findings(named, 7.48e-3, "camera", effort, 1, Choices(trap="free"))
    assert found.facts["tracks"]["n_read"] == 1000
    assert disagreement(found.facts) is True
    assert found.facts["own"]["p_active"] < 0.05
    assert reading(basis(found.facts)) not in ("active", "active or viscoelastic")
