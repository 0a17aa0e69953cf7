"""The verdict in words: one branch for each reading, on made-up facts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from activenoise.analysis.judgement import (
    THRESHOLDS,
    disagreement,
    has_double,
    is_familiar,
    misfits,
    reading,
    ready_columns,
)
from activenoise.report.words import in_words, model_words, parameter_words, percent, ready_remarks


def innovations(**changes: Any) -> dict[str, Any]:
    """Tests of innovations that are as they should be."""
    return {
        "model": "AOUP", "n_points": 40_000, "autocorrelation": [0.004, -0.006, 0.002],
        "p_white": 0.4, "slow": 20.0, "p_slow": 0.5, "distance": 0.003, "excess_kurtosis": 0.01,
        **changes,
    }  # fmt: skip


def facts(**changes: Any) -> dict[str, Any]:
    """A record that is thermal beyond doubt, but for `changes`."""
    made = {
        "probability": {"Passive": 0.98, "Viscoelastic": 0.01, "AOUP": 0.006, "RBP": 0.004},
        "p_active": 0.01,
        "p_distinguishable": 0.002,
        "numerical_error": 0.002,
        "errors": {"Passive": 0.003},
        "favoured": "Passive",
        "instrument": "exact",
        "trap": "trapped",
        "fit": {"favoured": {"x": innovations(model="Passive")}, "active": {"x": innovations()}},
        "double": {"p_negative_weight": 0.9, "kappa_tau_a": 0.4, "ratio": 1.0},
        "models": {
            name: {
                "probability": 0.25, "log_evidence": 0.0 if name == "Passive" else 50.0,
                "pareto_k": 0.2, "effective": 900.0, "parameters": {},
            }
            for name in ("Passive", "Viscoelastic", "AOUP", "RBP")
        },
        "segments": {"model": "Passive", "pieces": [], "drift": {}},
        "bands": {"x": {"autocorrelation": 0.95, "displacement": 1.0, "spectrum": 0.9}},
        "record": {
            "n_points": 40_000, "n_read": 40_000, "analysed_stride": 1,
            "coordinates": {"x": {"missing": 0}},
        },
        "settings": {"least_share": 0.05, "prior_odds": "equal", "given": []},
    }  # fmt: skip
    return copy.deepcopy(made) | changes


def shares(passive: float, viscoelastic: float, active: float, **changes: Any) -> dict[str, Any]:
    probability = {"Passive": passive, "Viscoelastic": viscoelastic, "AOUP": active, "RBP": 0.0}
    return facts(probability=probability, p_active=active, **changes)


def everything(made: dict[str, Any]) -> str:
    words = in_words(made)
    return " ".join([words.sentence, *words.caveats]).replace("\u202f", " ")


@pytest.mark.parametrize(
    ("made", "expected", "said"),
    [
        (facts(), "thermal", "Moved by thermal noise alone: probability 98.0 %"),
        (shares(0.6, 0.37, 0.03), "equilibrium", "Moved by thermal noise alone: probability 97.0"),
        (shares(0.01, 0.0, 0.99, p_distinguishable=0.98), "active", "Moved actively: probability"),
        (
            shares(0.01, 0.3, 0.69, p_distinguishable=0.0),
            "active or viscoelastic",
            "actively or in a viscoelastic medium; one coordinate cannot tell which",
        ),
        (
            shares(0.01, 0.0, 0.99, p_distinguishable=0.94),
            "active or viscoelastic",
            "one coordinate cannot tell",
        ),
        (shares(0.5, 0.2, 0.3), "undecided", "Not decided by this record"),
    ],
)
def test_each_reading_has_its_sentence(made, expected, said):
    words = in_words(made)
    assert (words.reading, words.fits) == (expected, True)
    assert said in words.sentence.replace("\u202f", " ")


def test_how_large_an_active_part_can_be_is_said_where_a_model_fits():
    made = shares(0.5, 0.2, 0.3)
    made["models"]["AOUP"]["parameters"] = {"active_share": {"low95": 0.051, "high95": 0.124}}
    assert "if there is one, makes 5.1 to 12 % of the variance in the trap" in everything(made)
    made |= {"p_active": 0.99, "trap": "free"}
    assert "The active part makes 5.1 to 12 % of the long-time diffusivity" in everything(made)
    made["fit"]["favoured"]["x"]["p_slow"] = 1e-9
    assert "active part" not in everything(made)


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        ({"with_drift": 0.001}, "active", "does not explain it"),
        ({"with_drift": 0.4}, "slow", "The last has probability 40 % beside the four models"),
        ({"with_drift": 0.96}, "drift", "Moved by thermal noise alone, seen by an instrument that"),
        ({"AOUP": 2.0}, "shape", "a trap that is not harmonic too"),
        ({"AOUP": 4.0}, "active", "Moved actively"),
        ({"AOUP": 2.0, "trap": "free"}, "active", "Moved actively"),
    ],
)
def test_what_a_drift_or_a_trap_that_is_not_harmonic_does_is_no_activity(change, expected, said):
    made = shares(0.01, 0.0, 0.2, p_distinguishable=0.98)
    made["probability"]["RBP"] = 0.79
    made["p_active"] = 0.99
    if "with_drift" in change:
        made["with_drift"] = {"probability": change["with_drift"], "reach": 1.4}
    else:
        made["trap"] = change.get("trap", "trapped")
        for name in ("Viscoelastic", "AOUP"):
            made["models"][name]["log_evidence"] = change["AOUP"]
    assert in_words(made).reading == expected
    assert said in everything(made)


def test_tones_that_were_taken_off_are_named():
    tones = [{"frequency": 50.0, "amplitude": 0.04}, {"frequency": 31250.0, "amplitude": 0.12}]
    said = everything(facts(tones={"x": tones}))
    assert "Tones were found in x" in said
    assert "31250 Hz (amplitude 12 % of the root mean square), 50 Hz (amplitude 4 %" in said


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"autocorrelation": [0.01, 0.21, 0.0]}, "fast", "correlated from point to point"),
        ({"autocorrelation": [0.01, -0.21, 0.0]}, "fast", "by up to -0.21"),
        ({"p_slow": 1e-7}, "slow", "varies slowly"),
        ({"distance": 0.08}, "normal", "not normally distributed"),
        ({"kurtosis": -0.45, "kurtosis_error": 0.06}, "shape", "excess kurtosis -0.45"),
    ],
)
def test_a_record_that_no_model_fits_says_so_first_and_gives_no_probability(change, kind, said):
    bad = innovations(model="AOUP", **change)
    made = shares(
        0.0, 0.0, 1.0, p_distinguishable=1.0, favoured="AOUP", fit={"favoured": {"x": bad}}
    )
    assert set(misfits(bad)) == {kind}
    words = in_words(made)
    assert words.reading == "no model"
    assert not words.fits
    assert words.sentence.startswith("No model here describes this record")
    assert said in words.sentence
    for said_anywhere in (words.sentence, *words.caveats):
        assert "99" not in said_anywhere
        assert "actively" not in said_anywhere


def test_what_is_certain_but_small_or_large_but_uncertain_is_no_misfit():
    assert not misfits(innovations(n_points=10**6, autocorrelation=[0.02], p_white=1e-80))
    assert not misfits(innovations(n_points=300, autocorrelation=[0.15], distance=0.06))
    # RBP is tested by a Gaussian filter, whose innovations are not normal then.
    assert not misfits(innovations(model="RBP", distance=0.08, kurtosis=-0.5, kurtosis_error=0.1))
    assert not misfits(innovations(kurtosis=-0.4, kurtosis_error=0.1))
    assert not misfits(innovations(kurtosis=-0.08, kurtosis_error=0.01))


def test_every_verdict_says_whether_activity_is_told_from_equilibrium():
    for p, said in (
        (0.001, "does not tell activity from equilibrium"),
        (0.5, "is not decided (probability 50 %)"),
        (0.99, "Activity is told from equilibrium (probability 99.0 %)"),
    ):
        made = shares(0.2, 0.2, 0.6, p_distinguishable=p)
        assert said in everything(made)
        assert "negative weight in C(t)" in everything(made)


def test_the_papers_record_has_an_equilibrium_double():
    """kappa tau_a = 157 x 0.33 and D_a/D = 6.3e-3/7e-4: both weights of C(t) are positive."""
    double = {"p_negative_weight": 0.0, "kappa_tau_a": 157 * 0.33, "ratio": 6.3e-3 / 7e-4}
    made = shares(0.0, 0.35, 0.65, p_distinguishable=0.0, double=double)
    assert has_double(made)
    said = everything(made)
    assert "κτₐ = 52" in said
    assert "Dₐ/D = 9" in said
    assert "exact double at equilibrium" in said
    # Not where a weight is negative, nor where nothing speaks for activity.
    assert not has_double(made | {"double": {**double, "p_negative_weight": 0.9}})
    assert not has_double(made | {"double": {**double, "kappa_tau_a": 0.5}})
    assert not has_double(facts(double=double))


def test_a_thinned_record_says_so_before_its_verdict():
    full = facts()
    full["fit"]["favoured"]["x"]["autocorrelation"] = [0.01, 0.22]
    made = facts(full_rate=full)
    made["record"]["analysed_stride"] = 2
    words = in_words(made)
    assert words.sentence.startswith("No model here describes the record at its full rate")
    assert "every 2nd point" in words.sentence
    assert words.reading == "thermal"
    assert any("0.22" in caveat for caveat in words.caveats)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"instrument": "exact"}, "positions were taken as exact"),
        ({"instrument": "camera"}, "motion blur"),
        ({"instrument": "detector"}, "low-pass"),
        ({"instrument": "unknown"}, "instrument was not named"),
        (
            {"segments": {"drift": {"kappa": {"p_constant": 1e-5}, "D": {"p_constant": 0.2}}}},
            "Not constant along the record: relaxation rate κ in the trap.",
        ),
        ({"bands": {"x": {"spectrum": 0.3}}}, "power spectrum of x lies inside"),
        (
            {"circulation": {"x, y": {"p_reversible": 0.002, "rate": 1.0, "rate_error": 0.1}}},
            "circulate, at 1 ± 0.1 rad/s",
        ),
        (
            {"circulation": {"x, y": {"p_reversible": 0.4, "rate": 0.0, "rate_error": 0.1}}},
            "show no circulation",
        ),
        ({"circulation": {"x, y": {"error": "too short"}}}, "could not be tested: too short"),
    ],
)
def test_caveats(change, said):
    assert said in everything(facts(**change))


def test_missing_points_doubtful_numbers_and_a_quick_look_are_told():
    made = facts()
    made["record"]["coordinates"]["x"]["missing"] = 400
    made["record"]["n_read"] = 2048
    made["models"]["AOUP"]["pareto_k"] = 0.9
    said = everything(made)
    assert "400 points of x are missing (1.0 %)" in said
    assert "first 2048 points" in said
    assert "uncertainty of AOUP is itself uncertain" in said
    assert "itself uncertain" not in everything(facts())


def test_the_thresholds_are_those_that_decide():
    limit = THRESHOLDS.likely
    assert reading(shares(limit + 1e-6, 0.0, 1 - limit)) == "thermal"
    assert reading(shares(limit - 1e-6, 0.0, 1 - limit + 1e-6)) == "undecided"
    assert reading(shares(0.04, 0.0, 0.96, p_distinguishable=limit + 1e-6)) == "active"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "less than 0.1 %"), (1.0, "more than 99.9 %"), (0.5, "50 %"), (0.034, "3.4 %")],
)
def test_probabilities_are_never_certain(p, text):
    assert percent(p) == text.replace(" %", "\u202f%")


def free(**changes: Any) -> dict[str, Any]:
    return facts(trap="free", double={"p_negative_weight": 1.0, "kappa_tau_a": 0.0}, **changes)


@pytest.mark.parametrize(
    ("probability", "p_distinguishable", "expected", "said"),
    [
        ((0.97, 0.02, 0.01), 0.01, "thermal", "Moved by thermal noise alone"),
        ((0.001, 0.98, 0.019), 0.019, "equilibrium", "and in a viscoelastic medium (98.0 %)"),
        ((0.4, 0.58, 0.02), 0.02, "equilibrium", "is not decided"),
        ((0.001, 0.009, 0.99), 0.99, "active", "Moved actively: probability 99.0 %"),
        ((0.001, 0.4, 0.6), 0.6, "undecided", "Not decided by this record"),
    ],
)
def test_a_free_tracer_has_no_double_at_equilibrium(probability, p_distinguishable, expected, said):
    names = ("Passive", "Viscoelastic", "AOUP")
    made = free(
        probability=dict(zip(names, probability, strict=True)) | {"RBP": 0.0},
        p_active=probability[2], p_distinguishable=p_distinguishable, errors={"Passive": 0.0},
        numerical_error=0.0,
    )  # fmt: skip
    words = in_words(made)
    assert words.reading == expected
    assert said in words.sentence.replace("\u202f", " ")
    told = everything(made)
    assert "spread faster than in proportion to time" in told
    assert "of the long-time diffusivity counts as none" in told
    for trapped in ("negative weight", "C(t)", "in a trap", "κτ"):
        assert trapped not in told
    assert "without a trap" in model_words(made)["Passive"]
    assert "long-time" in parameter_words(made)["active_share"]


def table(value: float, error: float = 0.2, **changes: Any) -> dict[str, Any]:
    """A table of 30 tracks, ten of them analysed by themselves."""
    bayes_factor = {"value": value, "error": error}
    own = {
        "probability": {"Passive": 0.0, "Viscoelastic": 0.0, "AOUP": 1.0, "RBP": 0.0},
        "p_active": 1.0, "p_distinguishable": 0.99, "favoured": "AOUP", "numerical_error": 0.0,
        "errors": {"Passive": 0.0}, "models": facts()["models"],
        "fit": {"favoured": {"x": innovations()}, "active": {"x": innovations()}},
    }  # fmt: skip
    tracks = {
        "n_tracks": 30, "left_out": 4, "n_read": 25, "n_alone": 10, "fewest": 10, "rows": [],
        "own_over_shared": dict.fromkeys(("Passive", "Viscoelastic", "AOUP", "RBP"), bayes_factor),
    }  # fmt: skip
    return facts(tracks=tracks, own=own, **changes)


def test_tracks_that_agree_are_taken_together():
    told = everything(table(-20.0))
    assert "25 tracks taken together. Moved by thermal noise alone" in told
    assert "The tracks agree" in told
    assert "20 ± 0.2 nats" in told
    assert "4 tracks of a single point, or that never move, were left out" in told
    assert "reads the 25 longest of 30" in told
    assert "the 10 longest tracks of at least 10 points" in told
    assert disagreement(table(-20.0)) is False


def test_tracks_that_disagree_have_each_its_own():
    """The joint answer is thermal; with own parameters the tracks are active."""
    made = table(35.0)
    words = in_words(made)
    assert words.reading == "active"
    assert words.sentence.startswith("10 tracks of a table, each with parameters of its own.")
    assert "do not share their parameters" in words.caveats[0]
    assert "35 ± 0.2 nats" in words.caveats[0]


@pytest.mark.parametrize(("value", "error"), [(1.0, 0.1), (-2.9, 0.1), (8.0, 3.0)])
def test_whether_tracks_agree_may_be_undecided(value, error):
    made = table(value, error)
    assert disagreement(made) is None
    assert "is not decided" in everything(made)
    assert "They were taken as shared" in everything(made)


def test_priors_and_odds_of_the_user_are_told():
    settings = {"least_share": None, "prior_odds": {"RBP": 0.0}, "given": ["D_a", "noise"]}
    told = everything(facts(settings=settings))
    assert "of which you gave D_a, noise" in told
    assert "Passive 1, Viscoelastic 1, AOUP 1, RBP 0" in told
    assert "counts as none" not in told


def test_what_to_know_of_the_ready_networks_answer():
    answer = {
        "stride": 4, "n_points": 9000, "pieces": 3, "trained_to": 4000, "p_active": 0.4,
        "familiar": {"Passive-AOUP": {"farther": 0.5}}, "in_range": {"kappa": True},
    }  # fmt: skip
    (pieces,) = ready_remarks(answer, 0.01)
    assert "3 pieces" in pieces
    assert "at most 4000 points" in pieces
    (far,) = ready_remarks({**answer, "pieces": 1, "in_range": {"kappa": False}}, 0.01)
    assert "κ of the record, in units of 0.04 s, lies outside" in far
    strange = {**answer, "pieces": 1, "familiar": {"Passive-AOUP": {"farther": 0.002}}}
    (unknown,) = ready_remarks(strange, 0.01)
    assert "0.2\u202f% of the tracks there are farther out" in unknown
    (short,) = ready_remarks({"n_points": 100, "too_short": 250}, 0.01)
    assert "100 points without a gap; they need 250" in short


def test_the_table_has_no_answer_for_what_the_networks_do_not_know():
    answer = {"p_active": 0.4, "familiar": {"Passive-AOUP": {"farther": 0.5}}}
    assert ready_columns(answer) == {"ready_farther": 0.5, "p_active_ready": 0.4}
    strange = {**answer, "familiar": {"Passive-AOUP": {"farther": 0.002}}}
    assert ready_columns(strange) == {"ready_farther": 0.002}
    assert ready_columns({"n_points": 100, "too_short": 250}) == {}
    assert is_familiar({"p_active": 0.2}, "Passive-AOUP")
