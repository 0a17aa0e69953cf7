"""The reading in words: one branch for each, on made-up facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.made import PART, comparison, facts, innovations, log_evidences, shares, table

from activenoise.analysis.artefacts.facts import (
    ArtefactFacts,
    ShapeFacts,
    SlowNoise,
    StillFacts,
)
from activenoise.analysis.facts import (
    Bands,
    CirculationFacts,
    CoordinateFacts,
    Double,
    Facts,
    NotTested,
    Pieces,
    RecordFacts,
    Settings,
    ToneFacts,
    Tones,
    Trend,
    WithError,
    WitnessFacts,
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
from activenoise.report.words import grade, in_words, model_words, parameter_words, ready_remarks

WITNESS = WitnessFacts(1e-5, 5.0, "relaxation", 0.8, 0.1, WithError(0.05, 0.01), 64)


def everything(made: Facts) -> str:
    words = in_words(made)
    return " ".join([words.sentence, *words.caveats]).replace("\u202f", " ")


def with_limit(limit: float, *probabilities: float, **changes) -> Facts:
    """These probabilities, with an active part of at most `limit`."""
    return shares(*probabilities, part=replace(PART, limit95=limit), **changes)


@pytest.mark.parametrize(
    ("made", "expected", "said"),
    [
        (facts(), "thermal", "Very likely thermal noise alone moves the tracer (probability 99"),
        (shares(0.6, 0.393, 0.007), "thermal", "Almost certainly thermal noise alone moves"),
        (
            shares(0.34, 0.607, 0.053),
            "thermal",
            "Likely thermal noise alone moves the tracer (prob",
        ),
        (
            shares(0.34, 0.607, 0.053),
            "thermal",
            "(probability 94.7 %, ± 0.2 numerically): in a simple liquid 34 %, in a medium with "
            "one more relaxation 61 %, in a medium with many less than 0.1 %.",
        ),
        (
            facts(),
            "thermal",
            "An active part that persists for 0.03 s or longer, and that thermal noise could not "
            "imitate, makes at most 50 % of the mean square displacement over 0.8 s (95 %).",
        ),
        (
            shares(0.003, 0.0, 0.997, p_distinguishable=0.995),
            "active",
            "Almost certainly the tracer moves actively (probability 99.7 %, ± 0.2 numerically), "
            "in a way that no medium at equilibrium could imitate (99.5 %). The active part makes "
            "10 % to 60 % of the variance (95 %).",
        ),
        (
            shares(0.01, 0.1, 0.89, p_distinguishable=0.0),
            "active or viscoelastic",
            "Not decided between activity and a viscoelastic medium.",
        ),
        (
            with_limit(0.1, 0.5, 0.2, 0.3),
            "no sign",
            "No sign of activity. Thermal noise alone explains this record (probability 70 %, ± "
            "0.2 numerically): in a simple liquid 50 %, in a medium with one more relaxation 20 %, "
            "in a medium with many less than 0.1 %. An active part that persists for 0.03 s or "
            "longer, and that thermal noise could not imitate, makes at most 10 % of the mean "
            "square displacement over 0.8 s (95 %).",
        ),
        (
            shares(0.5, 0.29, 0.21),
            "no sign",
            "at most 50 % of the mean square displacement over 0.8 s (95 %)",
        ),
        (shares(0.5, 0.2, 0.3), "undecided", "Not decided: thermal noise alone has probability 70"),
        (with_limit(0.1, 0.1, 0.1, 0.8), "undecided", "active motion 80 %"),
        # A simple liquid is excluded; what is left speaks for a medium at equilibrium, or does not.
        (shares(0.03, 0.73, 0.24), "no sign", "in a simple liquid 3.0 %"),
        (shares(0.03, 0.6, 0.37), "active or viscoelastic", "Not decided between activity"),
    ],
)
def test_each_reading_has_its_sentence(made, expected, said):
    words = in_words(made)
    assert (words.reading, words.fits) == (expected, True)
    assert said in words.sentence.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("p", "word"), [(0.995, "Almost certainly"), (0.96, "Very likely"), (0.85, "Likely")]
)
def test_answers_are_graded(p, word):
    assert grade(p) == word
    assert in_words(shares(p, 0.0, 1 - p)).sentence.startswith(word)
    active = in_words(shares(1 - p, 0.0, p, p_distinguishable=p))
    if p > 0.99:
        assert active.sentence.startswith(word)
    else:  # activity that is not almost certain is said, and not decided
        assert active.reading == "undecided"
        assert f"Not decided, though active motion is {word.lower()}" in active.sentence


def test_of_a_free_tracer_the_active_part_is_that_of_the_long_time_diffusivity():
    sure = shares(0.001, 0.0, 0.999, p_distinguishable=0.998, trap="free")
    assert "10 % to 60 % of the long-time diffusivity" in everything(sure)
    assert "makes" not in in_words(shares(0.99, 0.0, 0.01, part=None)).sentence


def driven(AOUP: float = 50.0, trap: str = "trapped", drift: float = 0.0) -> Facts:
    """A tracer that RBP describes best, at these log evidences of the linear models."""
    rest = 1 - drift
    found = comparison(0.01 * rest, 0.0, 0.2 * rest, 0.79 * rest, drift, p_distinguishable=0.998)
    weak = dict.fromkeys(("Viscoelastic", "PowerLaw", "Drift", "Wander"), 0.0)
    driven = dict.fromkeys(("AOUP", "ViscoelasticAOUP", "PowerLawAOUP"), AOUP)
    return facts(comparison=log_evidences(found, **weak, **driven), trap=trap)


@pytest.mark.parametrize(
    ("made", "expected", "said"),
    [
        (driven(), "active", "does not explain the record"),
        (driven(drift=0.4), "active", "The slow part may come from the instrument"),
        (driven(drift=0.96), "drift", "and the instrument moves slowly (96.0 %). Its drift, a "),
        (driven(AOUP=0.0), "shape", "so does a trap that is not harmonic"),
        (driven(AOUP=4.0), "active", "the tracer moves actively"),
    ],
)
def test_what_a_drift_or_a_trap_that_is_not_harmonic_does_is_no_activity(made, expected, said):
    if expected == "active":
        made = replace(made, comparison=replace(made.comparison, p_distinguishable=0.998))
    assert in_words(made).reading == expected
    assert said in everything(made)


def test_the_size_of_a_slow_motion_of_the_instrument_is_said():
    made = driven(drift=0.96)
    walking = in_words(made).sentence
    assert f"about {(2 * 0.003 * 400) ** 0.5:.1g} times as far as the root mean square" in walking
    models = dict(made.comparison.models)
    models["Wander"], models["Drift"] = models["Drift"], models["Wander"]
    still = replace(made, comparison=replace(made.comparison, models=models))
    said = in_words(still).sentence
    assert f"about {(0.003 * 10) ** 0.5:.1g} times the root mean square" in said
    assert "forgets its place within 10 s" in said


def test_an_instrument_that_was_not_tested_speaks_neither_for_nor_against_activity():
    """And the page says so, and why."""
    given = [NotTested("drift", "given")]
    assert "is not a model of its own" in everything(replace(driven(), not_tested=given))
    exact = replace(driven(), not_tested=[NotTested("drift", "exact")])
    assert "is not among the models, because" in everything(exact)
    assert "does not explain the record" not in everything(exact)
    assert "not among the models" not in everything(facts(not_tested=[NotTested("drift", "free")]))


@pytest.mark.parametrize("drift", [0.0, 0.001, 0.4, 0.96])
def test_the_stated_probabilities_are_those_of_all_explanations(drift):
    said = stated(driven(drift=drift))
    assert sum(said.models.values()) == pytest.approx(1)
    assert said.equilibrium + said.instrument == pytest.approx(
        1 - said.models["AOUP"] - said.models["RBP"]
    )
    assert said.instrument == pytest.approx(drift)


def test_the_bayes_factor_is_for_those_who_have_other_odds():
    made = shares(0.1, 0.1, 0.8, p_prior=0.5)
    assert stated(made).bayes_factor == pytest.approx(4.0)
    assert stated(shares(0.1, 0.1, 0.8, p_prior=0.8)).bayes_factor == pytest.approx(1.0)
    assert "The Bayes factor of activity is 4" in everything(made)


def test_the_mechanism_is_said_of_each_medium_that_has_a_chance():
    made = driven()
    models = dict(made.comparison.models)
    models["ViscoelasticRBP"], models["ViscoelasticAOUP"] = models["RBP"], models["AOUP"]
    models["RBP"] = models["AOUP"] = models["PowerLaw"]
    said = everything(replace(made, comparison=replace(made.comparison, models=models)))
    share = f"{0.79 / 0.99:.0%}".removesuffix("%")
    assert f"the medium has one more relaxation, its mechanism is RBP ({share}" in said
    assert "the liquid simple" not in said


def test_a_double_well_is_not_called_active():
    """RBP alone explains the positions, and Gaussian models leave equilibrium alive."""
    found = comparison(0.0, 0.0, 0.0, 1.0, p_distinguishable=0.996)
    driven = dict.fromkeys(("AOUP", "ViscoelasticAOUP", "PowerLawAOUP"), 50.0)
    still = dict.fromkeys(("PowerLaw", "Drift", "Wander"), 0.0)
    found = log_evidences(found, **driven, **still, Viscoelastic=50.0, RBP=120.0)
    assert reading(facts(comparison=found)) == "shape"
    assert "actively" not in in_words(facts(comparison=found)).sentence
    # Not where the correlations exclude equilibrium themselves.
    found = log_evidences(found, Viscoelastic=30.0)
    assert reading(facts(comparison=found)) == "active"


def test_what_is_no_motion_of_the_tracer_is_not_called_active():
    sure = shares(0.0, 0.0, 1.0, p_distinguishable=0.999)
    still = replace(sure, artefacts=ArtefactFacts(still=StillFacts({"x": 0.02}, 0.0, 0.01)))
    assert in_words(still).reading == "still"
    assert "no sign of activity" in in_words(still).sentence
    pink = replace(sure, artefacts=ArtefactFacts(slow_noise={"x": SlowNoise(1.05, 0.5, 9, 8)}))
    assert in_words(pink).reading == "slow noise"
    assert "exponent 1.05" in in_words(pink).sentence
    bent = ShapeFacts(0.0, 0.0, 2, 1e-20, 0.0, 0.5, ["bent"])
    assert in_words(replace(sure, artefacts=ArtefactFacts(shape={"x": bent}))).reading == "shape"


def test_activity_that_the_models_do_not_have_is_seen_without_one():
    seen = WitnessFacts(1e-6, 5.5, "persistence", 0.08, 0.01, WithError(0.1, 0.02), 64)
    words = in_words(facts(witness=seen))
    assert words.reading == "active, not described"
    assert "Displacements that do not overlap go the same way" in words.sentence
    # A vibration does that too.
    tones = Tones(1, [ToneFacts("", "x", 50.0, 0.1, 0.1, 0.2)])
    assert in_words(facts(witness=seen, tones=tones)).reading == "thermal"
    # The models that show it describe it.
    made = shares(0.001, 0.0, 0.999, p_distinguishable=0.998, witness=seen)
    assert in_words(made).reading == "active"


def test_activity_may_be_certain_and_its_description_not():
    bad = {"x": innovations(distance=0.08)}
    found = comparison(0.0, 0.0, 1.0, 0.0, p_distinguishable=0.999, fit=bad)
    still = dict.fromkeys(("Viscoelastic", "PowerLaw", "Drift", "Wander"), 0.0)
    sure = facts(comparison=log_evidences(found, **still))
    words = in_words(sure)
    assert (words.reading, words.fits) == ("active, not described", False)
    assert words.sentence.startswith("The tracer moves actively, but no model here describes how")
    # Not where a medium at equilibrium comes near, nor where one has the same law.
    assert reading(facts(comparison=log_evidences(found, PowerLaw=45.0))) == "no model"
    double = replace(sure.comparison, p_distinguishable=0.2)
    assert reading(replace(sure, comparison=double)) == "no model"


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
    # RBP's positions are not normal; its scores are.
    far = WithError(-0.5, 0.1)
    assert not misfits(innovations(model="RBP", positions=far))
    assert misfits(innovations(model="RBP", distance=0.08)) == {"normal": 0.08}
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
    assert words.sentence.startswith("Very likely thermal noise alone")
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
        ({}, "do not overlap show nothing that a medium at equilibrium could not do (chance 0.6"),
        (
            {"witness": replace(WITNESS, kind="persistence")},
            "displacements over 0.8 s, 0.1 s apart, go the same way (correlation 0.05 ± 0.01; "
            "chance 1 × 10⁻⁵ at equilibrium)",
        ),
        ({"witness": WITNESS}, "recoil as in no mixture of decaying exponentials"),
        (
            {"witness": None, "not_tested": [NotTested("witness", "short")]},
            "Not tested for this record: displacements that do not overlap",
        ),
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
    limit = THRESHOLDS.probable
    assert reading(shares(limit + 1e-6, 0.0, 1 - limit)) == "thermal"
    assert reading(shares(limit - 0.06, 0.0, 1.06 - limit)) == "undecided"
    dear = THRESHOLDS.certain
    sure, not_sure = (shares(0.005, 0.0, 0.995, p_distinguishable=dear + d) for d in (1e-6, -1e-6))
    assert (reading(sure), reading(not_sure)) == ("active", "undecided")
    assert reading(shares(0.06, 0.0, 0.94, p_distinguishable=0.94)) == "undecided"
    # Sure of activity, but not that no medium could imitate it.
    assert reading(shares(0.03, 0.0, 0.97, p_distinguishable=0.94)) == "active or viscoelastic"
    against = 1 / (1 + THRESHOLDS.factor)
    assert reading(shares(1 - against + 1e-6, 0.0, against - 1e-6)) == "no sign"


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
        ((0.97, 0.02, 0.01), 0.01, "thermal", "thermal noise alone moves the tracer"),
        ((0.001, 0.98, 0.019), 0.019, "thermal", "in a medium with one more relaxation 98.0 %"),
        ((0.001, 0.004, 0.995), 0.995, "active", "the tracer moves actively (probability 99.5 %"),
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
    assert "25 tracks, taken together. Very likely thermal noise alone moves" in said
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
    assert in_words(made).sentence.startswith("The longest of 30 tracks. Very likely thermal")
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
    assert "by the prior odds that you gave" in said
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
