"""Facts survive JSON, and facts of another form are refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests import made

from activenoise.analysis.facts import CirculationFacts, NotTested, ToneFacts, Tones
from activenoise.analysis.stored import FactsError, from_json, read_facts, to_json


@pytest.mark.parametrize(
    "facts",
    [
        made.facts(),
        made.table(35.0),
        made.facts(
            circulation={"x, y": CirculationFacts(1.0, 0.4, 0.0, 0.1), "x, z": "too short"},
            fixed={"D": 1.0, "corner": "off"},
            full_rate=made.comparison(),
            witness=None,
            not_tested=[NotTested("tones", "short"), NotTested("witness", "short")],
        ),
    ],
)
def test_facts_survive_json(facts):
    assert from_json(json.loads(json.dumps(to_json(facts), allow_nan=False))) == facts


def broken(change) -> dict:
    plain = json.loads(json.dumps(to_json(made.facts())))
    change(plain)
    return plain


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plain: plain.pop("pieces"), "Facts: pieces is missing"),
        (lambda plain: plain.update(segments=[]), "Facts: segments is unknown"),
        (lambda plain: plain["double"].pop("ratio"), "Double: ratio is missing"),
        (lambda plain: plain["double"].update(ratio="9"), "'9' is no float"),
        (lambda plain: plain["record"].update(n_points=1.5), "1.5 is no int"),
        (lambda plain: plain.update(each=[]), r"\[\] is no dict"),
        (lambda plain: plain.update(double=3), "Double is 3"),
        (
            lambda plain: plain.update(not_tested=[{"question": "drift", "reason": "lazy"}]),
            "'lazy' is no Literal",
        ),
        (lambda plain: plain.update(own=3), "ComparisonFacts is 3"),
    ],
)
def test_facts_of_another_form_are_refused(change, reason):
    expected = rf"file.json: made by activenoise 0.0; run again \({reason}"
    with pytest.raises(FactsError, match=expected) as caught:
        from_json(broken(change), "file.json")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "findings.json"
    path.write_text("{")
    with pytest.raises(FactsError, match="no JSON"):
        read_facts(path)
    path.write_text(json.dumps(to_json(made.facts())))
    assert read_facts(path) == made.facts()
    with pytest.raises(FactsError, match="of an unknown version"):
        from_json([])


def test_tones_by_name_are_those_of_the_networks_inputs():
    one, other = (ToneFacts(track, "x", 50.0, 0.1, 0.2, 0.3) for track in ("", "cell"))
    assert Tones(2, [one, other]).by_name == {"x": [one], "x of cell": [other]}


def test_rates_of_the_favoured_model():
    facts = made.facts()
    parameters = {"kappa": made.summary(1, 3), "tau_a": made.summary(0.2, 0.4)}
    favoured = replace(facts.favoured, parameters=parameters)
    facts = replace(facts, posteriors={**facts.posteriors, "Passive": favoured})
    assert facts.known_rates == pytest.approx({"kappa": 2.0, "tau_a": 0.3})
    assert made.facts(trap="free").known_rates == {"kappa": 0.0}
