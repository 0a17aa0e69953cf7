"""Rows of tables: one p_active to read, and others that say whose they are."""

from __future__ import annotations

import pytest
from tests import made

from activenoise.analysis.facts import Facts
from activenoise.analysis.judgement import is_familiar
from activenoise.analysis.stored import to_json
from activenoise.analysis.table import (
    VERDICT_COLUMNS,
    ready_columns,
    rows_of_tracks,
    verdict_row,
)
from activenoise.report.words import in_words

STUDY = {
    "study": "bead", "exact": {"p_active": 0.91, "p_rbp": 0.2},
    "network": {
        "p_active": 0.8, "p_rbp": 0.3,
        "familiar": {"Passive-AOUP": {"farther": 0.4}, "AOUP-RBP": {"farther": 0.001}},
    },
    "fit": {"AOUP": {"kappa": {"value": 5.0, "standard_error": 0.5}}},
    "ready": {
        "coordinates": {"x": {"p_active": 0.7, "familiar": {"Passive-AOUP": {"farther": 0.5}}}}
    },
}  # fmt: skip


def row(facts: Facts, **changes) -> dict:
    verdict = {
        "track": "a", "study": None, "synthetic": False, "n_points": 9, "findings": to_json(facts),
        "words": in_words(facts)._asdict(), **changes,
    }  # fmt: skip
    return verdict_row(verdict)


def test_p_active_is_the_one_of_the_sentence():
    found = row(made.shares(0.6, 0.37, 0.03))
    assert found["reading"] == "thermal"
    assert found["p_active"] == pytest.approx(0.03)
    assert set(found) <= set(VERDICT_COLUMNS)
    # A table whose tracks have parameters of their own; an instrument that drifts.
    assert row(made.table(35.0))["p_active"] == pytest.approx(1.0)
    assert row(made.table(-20.0))["p_active"] == pytest.approx(0.01)
    slow = row(made.shares(0.01, 0.0, 0.59, drift=0.4))
    assert slow["p_active"] == pytest.approx(0.59)
    assert slow["p_instrument"] == pytest.approx(0.4)
    models = [slow[f"p_{name.lower()}"] for name in made.MODELS]
    assert sum(models) == pytest.approx(1)
    assert slow["active_share_limit"] == made.PART.limit95


def test_no_probability_is_given_where_no_model_fits():
    bad = {"x": made.innovations(p_slow=1e-9)}
    found = row(made.shares(0.0, 0.0, 1.0, fit=bad))
    assert not found["fits"]
    assert not [name for name in found if name.startswith("p_")]


def test_other_probabilities_say_whose_they_are():
    found = row(made.facts(), **STUDY)
    assert found["p_active_exact_study"] == 0.91
    assert found["p_active_network_study"] == 0.8
    assert found["p_active_ready_network"] == 0.7
    assert "p_rbp_network_study" not in found  # unlike what it was trained on
    assert (found["kappa"], found["kappa_standard_error"]) == (5.0, 0.5)
    assert [name for name in VERDICT_COLUMNS if name == "p_active"] == ["p_active"]
    assert set(found) <= set(VERDICT_COLUMNS)


def test_energies_have_their_ends_and_what_makes_them_void():
    found = row(made.shares(0.0, 0.002, 0.998, p_distinguishable=0.997))
    ends = [found[f"dissipation{end}"] for end in ("", "_low95", "_high95")]
    assert ends == [4, 2, 6]
    assert found["active_force"] == 5
    assert found["energy_void"] == ""
    assert "active_force_pN" not in found
    size = {"median": 0.2, "low95": 0.1, "high95": 0.3}
    physical = {"energy": {"physical": {"active_force_pN": size}}}
    in_pN = row(made.facts(energy=made.energies(0.9)), **physical)
    assert in_pN["active_force_pN_high95"] == 0.3
    assert in_pN["energy_void"] == "no activity; double"
    assert set(in_pN) <= set(VERDICT_COLUMNS)


def test_the_table_has_no_answer_for_what_the_networks_do_not_know():
    answer = {"p_active": 0.4, "familiar": {"Passive-AOUP": {"farther": 0.5}}}
    assert ready_columns(answer) == {"ready_farther": 0.5, "p_active_ready_network": 0.4}
    strange = {**answer, "familiar": {"Passive-AOUP": {"farther": 0.002}}}
    assert ready_columns(strange) == {"ready_farther": 0.002}
    assert ready_columns({"n_points": 100, "too_short": 250}) == {}
    assert is_familiar({"p_active": 0.2}, "Passive-AOUP")


def test_a_record_and_each_track_of_a_table_have_a_row():
    (single,) = rows_of_tracks("bead", made.facts())
    assert (single["track"], single["n_points"], single["coordinates"]) == ("bead", 40_000, "x")
    rows = rows_of_tracks("cells", made.table(-20.0))
    assert [found["track"] for found in rows][:2] == ["cell-0", "cell-1"]
    assert (rows[0]["D"], rows[0]["D_sd"], rows[0]["p_aoup"]) == (1.0, 0.1, 0.25)
    assert "p_active" not in rows[10]
