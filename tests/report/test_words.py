"""The reading in words: one branch for each, on made-up facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.made import comparison, facts, innovations, log_evidences, shares, summary, table

from activenoise.analysis.facts import (
    Bands,
    CirculationFacts,
    CoordinateFacts,
    Double,
    DriftRival,
    Facts,
    NotTested,
    Pieces,
    RecordFacts,
    Rivals,
    Settings,
    ToneFacts,
    Tones,
    Trend,
    WithError,
)
from activenoise.analysis.judgement import (
    THRESHOLDS,
    disagreement,
    has_double,
    misfits,
    reading,
    stated,
)
from activenoise.report.phrases import listed, percent
from activenoise.report.words import in_words, model_words, parameter_words, ready_remarks


def everything(made: Facts) -> str:
    words = in_words(made)
    return " ".join([words.sentence, *words.caveats]).replace("\u202f", " ")


@pytest.mark.parametrize(
    ("made", "expected", "said"),
    [
        (facts(), "thermal", "Thermal noise alone moves the tracer (probability 98.0 %"),
        (shares(0.6, 0.37, 0.03), "equilibrium", "moves the tracer (probability 97.0 %"),
        (shares(0.01, 0.0, 0.99, p_distinguishable=0.98), "active", "The tracer moves actively"),
        (
            shares(0.01, 0.3, 0.69, p_distinguishable=0.0),
            "active or viscoelastic",
            "Active motion has probability 69 %, ± 0.2 numerically and a viscoelastic medium",
        ),
        (
            shares(0.01, 0.0, 0.99, p_distinguishable=0.94),
            "active or viscoelastic",
            "one coordinate cannot tell the two apart",
        ),
        (shares(0.5, 0.2, 0.3), "undecided", "Not decided: thermal noise alone has probability 70"),
        (
            shares(0.34, 0.607, 0.053),
            "undecided",
            "Most likely thermal noise alone (94.7 %): in a simple liquid 34 %, in a viscoelastic "
            "one 61 %. Active motion: 5.3 %, ± 0.2 numerically.",
        ),
    ],
)
def test_each_reading_has_its_sentence(made, expected, said):
    words = in_words(made)
    assert (words.reading, words.fits) == (expected, True)
    assert said in words.sentence.replace("\u202f", " ")


def test_how_large_an_active_part_can_be_is_said_where_a_model_fits():
    made = shares(0.5, 0.2, 0.3)
    aoup = replace(made.posteriors["AOUP"], parameters={"active_share": summary(0.051, 0.124)})
    made = replace(made, posteriors={**made.posteriors, "AOUP": aoup})
    assert "if there is one, makes 5.1 to 12 % of the variance in the trap" in everything(made)
    sure = replace(made, comparison=shares(0.01, 0.0, 0.99).comparison, trap="free")
    assert "The active part makes 5.1 to 12 % of the long-time diffusivity" in everything(sure)
    bad = replace(made.comparison, fit={"x": innovations(p_slow=1e-9)})
    assert "active part" not in everything(replace(made, comparison=bad))


def driven(AOUP: float = 50.0, trap: str = "trapped", drift: float | None = None) -> Facts:
    """A tracer that RBP describes best, at these log evidences of the linear models."""
    found = comparison(0.01, 0.0, 0.2, 0.79, p_distinguishable=0.98)
    found = log_evidences(found, Viscoelastic=AOUP, AOUP=AOUP)
    rival = None if drift is None else DriftRival(drift, 45.0, 0.1, 1.4)
    return facts(comparison=found, trap=trap, rivals=Rivals(rival))


@pytest.mark.parametrize(
    ("made", "expected", "said"),
    [
        (driven(drift=0.001), "active", "does not explain the record"),
        (driven(drift=0.4), "slow", "an instrument that drifts (40 %)"),
        (driven(drift=0.96), "drift", "and the instrument drifts (probability 96.0 %)"),
        (driven(AOUP=2.0), "shape", "so does a trap that is not harmonic"),
        (driven(AOUP=4.0), "active", "The tracer moves actively"),
        (driven(AOUP=2.0, trap="free"), "active", "The tracer moves actively"),
    ],
)
def test_what_a_drift_or_a_trap_that_is_not_harmonic_does_is_no_activity(made, expected, said):
    assert in_words(made).reading == expected
    assert said in everything(made)


def test_a_rival_that_was_not_tested_speaks_neither_for_nor_against_activity():
    """And the page says so, and why."""
    given = [NotTested("drift", "given")]
    assert in_words(driven()).reading == "active"
    assert "not tested as a separate explanation" in everything(replace(driven(), not_tested=given))
    exact = replace(driven(), not_tested=[NotTested("drift", "exact")])
    assert "not tested as another explanation, because" in everything(exact)
    assert "was not tested" not in everything(facts(not_tested=[NotTested("drift", "not needed")]))


@pytest.mark.parametrize("drift", [None, 0.001, 0.4, 0.96])
def test_the_stated_probabilities_are_those_of_all_explanations(drift):
    said = stated(driven(drift=drift))
    assert sum(said.models.values()) + (said.drift or 0.0) == pytest.approx(1)
    assert said.active == pytest.approx(said.models["AOUP"] + said.models["RBP"])
    assert said.distinguishable <= said.active


def test_a_double_well_is_not_called_active():
    """RBP alone explains the positions, and Gaussian models leave equilibrium alive."""
    found = comparison(0.0, 0.0, 0.0, 1.0, p_distinguishable=0.3)
    found = log_evidences(found, Viscoelastic=49.0, AOUP=50.0, RBP=120.0)
    assert reading(facts(comparison=found)) == "shape"
    assert "actively" not in in_words(facts(comparison=found)).sentence
    # Not where the correlations exclude equilibrium themselves.
    found = log_evidences(found, Viscoelastic=30.0, AOUP=50.0)
    assert reading(facts(comparison=found)) == "active or viscoelastic"


def test_tones_that_were_taken_off_are_named():
    tones = [
        ToneFacts("", "x", frequency, 0.1, 0.1, amplitude)
        for frequency, amplitude in ((50.0, 0.04), (31250.0, 0.12))
    ]
    said = everything(facts(tones=Tones(1, tones)))
    assert "Tones were found in x" in said
    assert "31250 Hz (amplitude 12 % of the root mean square) and 50 Hz (amplitude 4 %" in said
    one = everything(table(-20.0, tones=Tones(3, [replace(tones[0], track="cell-2")])))
    assert "A tone was found in x of cell-2" in one
    assert "looked for in the 3 tracks of at least 512 points" in one


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"autocorrelation": [0.01, 0.21, 0.0]}, "fast", "correlated from point to point"),
        ({"autocorrelation": [0.01, -0.21, 0.0]}, "fast", "by up to -0.21"),
        ({"p_slow": 1e-7}, "slow", "vary slowly"),
        ({"distance": 0.08}, "normal", "not normally distributed"),
        ({"positions": WithError(-0.45, 0.06)}, "shape", "excess kurtosis -0.45"),
    ],
)
def test_a_record_that_no_model_fits_says_so_first_and_gives_no_probability(change, kind, said):
    bad = innovations(model="AOUP", **change)
    made = shares(0.0, 0.0, 1.0, p_distinguishable=1.0, fit={"x": bad})
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
    far = WithError(-0.5, 0.1)
    assert not misfits(innovations(model="RBP", distance=0.08, positions=far))
    assert not misfits(innovations(positions=WithError(-0.4, 0.1)))
    assert not misfits(innovations(positions=WithError(-0.08, 0.01)))


def test_every_verdict_says_whether_activity_is_told_from_equilibrium():
    for p, said in (
        (0.001, "does not tell activity from equilibrium"),
        (0.5, "is not decided (probability 50 %)"),
        (0.99, "The record tells activity from equilibrium (probability 99.0 %)"),
    ):
        made = shares(0.2, 0.2, 0.6, p_distinguishable=p)
        assert said in everything(made)
        assert "negative weight" in everything(made)


def test_the_papers_record_has_an_equilibrium_double():
    """kappa tau_a = 157 x 0.33 and D_a/D = 6.3e-3/7e-4: both weights of C(t) are positive."""
    double = Double(0.0, 157 * 0.33, 6.3e-3 / 7e-4)
    made = shares(0.0, 0.35, 0.65, p_distinguishable=0.0, double=double)
    assert has_double(made)
    said = everything(made)
    assert "κτₐ = 52" in said
    assert "Dₐ/D = 9" in said
    assert "exact double at equilibrium" in said
    # Not where a weight is negative, nor where nothing speaks for activity.
    assert not has_double(replace(made, double=replace(double, p_negative_weight=0.9)))
    assert not has_double(replace(made, double=replace(double, kappa_tau_a=0.5)))
    assert not has_double(facts(double=double))


def test_a_thinned_record_says_so_behind_its_answer():
    full = comparison(fit={"x": innovations(autocorrelation=[0.01, 0.22])})
    made = facts(full_rate=full)
    made = replace(made, record=replace(made.record, analysed_stride=2))
    words = in_words(made)
    assert words.sentence.startswith("Thermal noise alone")
    assert "every 2nd point: at the full rate the response of the instrument" in words.sentence
    assert words.reading == "thermal"
    assert any("0.22" in caveat for caveat in words.caveats)


TRENDS = {"kappa": Trend(30.0, 1e-5), "D": Trend(2.0, 0.2)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"instrument": "exact"}, "positions were taken as exact"),
        ({"instrument": "camera"}, "motion blur"),
        ({"instrument": "detector"}, "low-pass"),
        ({"instrument": "unknown"}, "instrument was not named"),
        (
            {"pieces": Pieces("Passive", "", [], TRENDS)},
            "Not constant along the record: relaxation rate κ in the trap.",
        ),
        ({"bands": Bands(1, {"x": {"spectrum": 0.3}})}, "30 % of the power spectrum of x lies"),
        (
            {"circulation": {"x, y": CirculationFacts(5.0, 0.002, 1.0, 0.1)}},
            "circulate, at 1 ± 0.1 rad/s",
        ),
        ({"circulation": {"x, y": CirculationFacts(1.0, 0.4, 0.0, 0.1)}}, "show no circulation"),
        ({"circulation": {"x, y": "too short"}}, "could not be tested: too short"),
        (
            {"not_tested": [NotTested("tones", "short")]},
            "Not tested for this record: tones",
        ),
        ({"not_tested": [NotTested("circulation", "free")]}, "has no centre to circulate about"),
    ],
)
def test_caveats(change, said):
    assert said in everything(facts(**change))


def test_missing_points_doubtful_numbers_and_a_quick_look_are_told():
    made = comparison()
    doubtful = replace(
        made, models={**made.models, "Passive": replace(made.models["Passive"], pareto_k=0.9)}
    )
    record = RecordFacts(40_000, 2048, 0.01, 400.0, 1, {"x": CoordinateFacts(400, 0.0, 1.0, 0.1)})
    said = everything(facts(record=record, comparison=doubtful))
    assert "400 points of x are missing (1.0 %)" in said
    assert "first 2048 points" in said
    assert "uncertainty of Passive is itself uncertain" in said
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


def test_lists_of_words():
    assert [listed("abc"[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("probability", "p_distinguishable", "expected", "said"),
    [
        ((0.97, 0.02, 0.01), 0.01, "thermal", "Thermal noise alone moves the tracer"),
        ((0.001, 0.98, 0.019), 0.019, "equilibrium", "in a viscoelastic medium (98.0 %)"),
        ((0.4, 0.58, 0.02), 0.02, "equilibrium", "is not decided"),
        ((0.001, 0.009, 0.99), 0.99, "active", "The tracer moves actively (probability 99.0 %"),
        ((0.001, 0.4, 0.6), 0.6, "undecided", "Not decided: thermal noise alone"),
    ],
)
def test_a_free_tracer_has_no_double_at_equilibrium(probability, p_distinguishable, expected, said):
    double = Double(1.0, 0.0, 1.0)
    made = shares(*probability, p_distinguishable=p_distinguishable, trap="free", double=double)
    words = in_words(made)
    assert words.reading == expected
    assert said in words.sentence.replace("\u202f", " ")
    everywhere = everything(made)
    assert "spread faster than in proportion to time" in everywhere
    assert "of the long-time diffusivity counts as none" in everywhere
    for trapped in ("negative weight", "C(t)", "in a trap", "κτ"):
        assert trapped not in everywhere
    assert "without a trap" in model_words(made)["Passive"]
    assert "long-time" in parameter_words(made)["active_share"]


def test_tracks_that_agree_are_taken_together():
    said = everything(table(-20.0))
    assert "25 tracks, taken together. Thermal noise alone moves" in said
    assert "The tracks agree" in said
    assert "20 ± 0.2 nats" in said
    assert "4 tracks were left out, because they have a single point" in said
    assert "reads 25 of 30 tracks" in said
    assert "the 10 longest tracks of at least 10 points" in said.replace("The 10", "the 10")
    assert disagreement(table(-20.0)) is False


def test_tracks_that_disagree_have_each_its_own():
    """The joint answer is thermal; with own parameters the tracks are active."""
    words = in_words(table(35.0))
    assert words.reading == "active"
    assert words.sentence.startswith("10 tracks, each with parameters of its own.")
    assert "do not share their parameters" in words.caveats[0]
    assert "35 ± 0.2 nats" in words.caveats[0]


def test_a_quick_look_may_read_one_track_of_a_table():
    made = table(-20.0)
    made = replace(made, tracks=replace(made.tracks, n_read=1, n_alone=0, own_over_shared={}))
    assert in_words(made).sentence.startswith("The longest of 30 tracks. Thermal")
    assert "one by one" not in everything(made)


@pytest.mark.parametrize(("value", "error"), [(1.0, 0.1), (-2.9, 0.1), (8.0, 3.0)])
def test_whether_tracks_agree_may_be_undecided(value, error):
    made = table(value, error)
    assert disagreement(made) is None
    assert "is not decided" in everything(made)
    assert "assumes that they share them" in everything(made)


def test_priors_and_odds_of_the_user_are_told():
    settings = Settings("constant", 1, None, {"RBP": 0.0}, ["D_a", "noise"], {})
    said = everything(facts(settings=settings))
    assert "of which you gave D_a and noise" in said
    assert "Passive 1, Viscoelastic 1, AOUP 1, RBP 0" in said
    assert "counts as none" not in said


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
