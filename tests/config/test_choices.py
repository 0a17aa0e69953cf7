"""Priors, baseline and odds as a user gives them, and one line for every mistake."""

from __future__ import annotations

import math

import pytest

from activenoise.config.choices import choices, merged, priors_of_text
from activenoise.parameters import RECORD_MODELS


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"priors": {"kapa": 1}}, "priors.kapa is not known; the parameters are kappa, D"),
        ({"priors": {"D": 0}}, "priors.D = 0: only a part of the instrument can be off"),
        ({"priors": {"active_share": 0}}, "active_share = 0: only a part of the instrument can"),
        ({"priors": {"kappa": 0}}, "say trap: free"),
        ({"priors": {"D": {"uniform": [2, 1]}}}, "priors.D = {uniform: [2, 1]}: the range is re"),
        ({"priors": {"D": {"log_uniform": [0, 1]}}}, "a log-uniform range cannot start at 0"),
        ({"priors": {"D": {"uniform": [-1, 1]}}}, "must be positive and finite"),
        ({"priors": {"D": math.inf}}, "must be positive and finite"),
        ({"priors": {"exposure": 1.5}}, "priors.exposure = 1.5: must lie in 0 ... 1"),
        ({"priors": {"active_share": 1}}, "must be below 1"),
        ({"priors": {"D_a": 1, "active_share": 0.5}}, "D_a and active_share are two forms"),
        ({"priors": {"strength": 1, "element_share": 0.5}}, "strength and element_share are two"),
        ({"odds": {"Brownian": 1}}, "odds.Brownian is no model; they are Passive"),
        ({"odds": {"RBP": -1}}, "odds.RBP = -1: must be a number of 0 or more"),
        ({"odds": {name: 0 for name in RECORD_MODELS if name != "RBP"}}, "must have odds above 0"),
    ],
)
def test_a_mistake_is_one_line(settings, said):
    with pytest.raises(ValueError) as caught:
        choices("trapped", settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_free_tracer_has_no_trap():
    assert choices("free", {}).free
    assert not choices("trapped", {}).free
    with pytest.raises(ValueError, match="a free tracer has no trap; leave kappa out"):
        choices("free", {"priors": {"kappa": 2}})


def test_what_is_said_of_one_record_goes_over_what_is_said_of_all():
    config = {
        "priors": {"noise": 0.1, "kappa": 3, "active_share": {"uniform": [0, 1]}},
        "baseline": "linear",
        "odds": {"RBP": 0},
        "records": {"a": {"priors": {"noise": 0.2, "D_a": 1}, "odds": {"AOUP": 2}}},
    }
    own = merged(config, "a", "trapped")
    assert own["priors"] == {"noise": 0.2, "kappa": 3, "D_a": 1}
    assert own["odds"] == {"RBP": 0, "AOUP": 2}
    assert own["baseline"] == "linear"
    # The general prior of a trap is none of a free tracer's.
    assert "kappa" not in merged(config, "b", "free")["priors"]
    assert merged({}, "b", "trapped") == {"priors": {}, "odds": {}, "baseline": None}


def test_priors_on_one_line_are_those_of_the_config():
    text = "exposure=1 noise=uniform:0:0.02, corner=off\ndrift=log_uniform:1e-6:1e-3"
    config = {
        "exposure": 1, "noise": {"uniform": [0, 0.02]}, "corner": "off",
        "drift": {"log_uniform": [1e-6, 1e-3]},
    }  # fmt: skip
    given = choices("trapped", {"priors": priors_of_text(text)})
    assert given == choices("trapped", {"priors": config})
    assert priors_of_text("") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noise", "'noise' must be parameter=value, as noise=0.02"),
        ("noise=", "must be parameter=value"),
        ("noise=a", "noise = a: must be a number, uniform:low:high or log_uniform:low:high"),
        ("noise=uniform:1", "must be a number, uniform:low:high"),
        ("noise=normal:0:1", "must be a number, uniform:low:high"),
        ("noise=1 noise=2", "noise is there twice"),
        ("nois=1", "priors.nois is not known"),
        ("D=uniform:2:1", "reversed or empty"),
        ("D=off", "only a part of the instrument can be off"),
        ("kappa=off", "say trap: free"),
    ],
)
def test_a_mistake_on_that_line(text, said):
    with pytest.raises(ValueError) as caught:
        priors_of_text(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
