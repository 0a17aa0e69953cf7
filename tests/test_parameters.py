"""The registry of parameters against the models and the instrument, and every form of a prior."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from activenoise.parameters import (
    FRACTIONS,
    MEASURED,
    PARAMETERS,
    REGISTRY,
    SHARES,
    parameter_range,
    study_ranges,
)
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import MODELS

ONES = {name: dict.fromkeys(PARAMETERS[name], 1.0) for name in MODELS}


def test_models_and_instrument_have_the_parameters_of_the_registry():
    for name, names in PARAMETERS.items():
        if name in MODELS:
            assert tuple(field.name for field in fields(MODELS[name])) == names
        assert {REGISTRY[parameter].part for parameter in names} == {"model"}
    assert tuple(Instrument().parameters) == MEASURED
    assert all(Instrument().parameters[name] == REGISTRY[name].off for name in MEASURED)
    for parameter, share in SHARES.items():
        assert (REGISTRY[parameter].part, REGISTRY[share].part) == ("model", "share")
        assert share in FRACTIONS


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in ONES for name in ONES[model]]
)
def test_models_take_0_where_the_registry_has_it(model, name):
    if REGISTRY[name].may_vanish:
        MODELS[model](**{**ONES[model], name: 0.0})
    else:
        with pytest.raises(ValueError, match=f"{name} = 0 must be positive"):
            MODELS[model](**{**ONES[model], name: 0.0})
    with pytest.raises(ValueError, match=f"{name} = -1 must be"):
        MODELS[model](**{**ONES[model], name: -1.0})


@pytest.mark.parametrize("model", ["Passive", "Viscoelastic", "AOUP"])
def test_units_are_those_in_which_the_physics_does_not_change(model):
    """C(0) is a length squared: with lengths in units of 2 and times in units of 3 it is 1/4."""
    values = dict(zip(PARAMETERS[model], (0.7, 1.3, 2.1, 0.4), strict=False))
    scaled = {
        name: value * 2.0 ** -REGISTRY[name].powers[0] * 3.0 ** -REGISTRY[name].powers[1]
        for name, value in values.items()
    }
    lags = np.array([0.0, 0.5, 2.0])
    np.testing.assert_allclose(
        MODELS[model](**scaled).autocorrelation(lags / 3),
        MODELS[model](**values).autocorrelation(lags) / 4,
        rtol=1e-12,
    )


def test_units_as_they_are_printed():
    printed = {name: row.unit("µm") for name, row in REGISTRY.items()}
    assert printed["kappa"] == "s⁻¹"
    assert printed["D"] == printed["D_a"] == printed["drift"] == "µm² s⁻¹"
    assert (printed["noise"], printed["tau_m"], printed["corner"]) == ("µm", "s", "Hz")
    assert {name for name, unit in printed.items() if not unit} == FRACTIONS | {
        "strength",
        "medium_strength",
    }


def test_words_of_a_free_tracer_differ_where_the_trap_matters():
    share = REGISTRY["active_share"]
    assert share.words_of(free=True) == "active share of the long-time diffusivity"
    assert share.words_of(free=False) == "active share of the motion"
    assert REGISTRY["D"].words_of(free=True) == REGISTRY["D"].words


@pytest.mark.parametrize(
    ("name", "spec", "text", "expected"),
    [
        ("noise", 0.02, "0.02", (0.02, 0.02, False)),
        ("noise", {"uniform": [0, 0.02]}, "uniform:0:0.02", (0.0, 0.02, False)),
        ("D", {"log_uniform": [1e-3, 1]}, "log_uniform:1e-3:1", (1e-3, 1.0, True)),
        ("exposure", 1, "1", (1.0, 1.0, False)),
        ("exposure", None, "off", (0.0, 0.0, False)),
        ("relaxed", False, "0", (0.0, 0.0, False)),  # what YAML makes of a bare off
        ("corner", 0, "off", (math.inf, math.inf, False)),
        ("D_a", 0, "0", (0.0, 0.0, False)),
        ("active_share", {"uniform": [0, 1]}, "uniform:0:1", (0.0, 1.0, False)),
        ("kappa", {"uniform": [0, 3]}, "uniform:0:3", (0.0, 3.0, False)),
    ],
)
def test_a_prior_is_read_alike_from_the_config_and_from_text(name, spec, text, expected):
    assert parameter_range(name, spec) == parameter_range(name, text) == expected
    assert parameter_range(name, spec).fixed == (expected[0] == expected[1])


@pytest.mark.parametrize(
    ("name", "specs", "said"),
    [
        ("kapa", [1, "1"], "kapa is not known; the parameters are kappa, D"),
        ("step", [1], "step is not known"),  # in the registry, but without a prior
        ("D", [{"uniform": [2, 1]}, "uniform:2:1"], "the range is reversed or empty; low < high"),
        ("D", [{"uniform": [2, 2]}, "uniform:2:2"], "the range is reversed or empty"),
        ("D", [{"log_uniform": [0, 1]}, "log_uniform:0:1"], "log-uniform range cannot start at 0"),
        ("D", [-1, "-1", 0, "0", {"uniform": [-1, 1]}], "must be positive and finite"),
        ("noise", [-1, math.inf, "inf"], "must be finite, not negative"),
        ("D", [math.inf, "inf", {"uniform": [0, math.inf]}], "must be positive and finite"),
        ("D", [math.nan, "nan"], "must be positive and finite"),
        ("D", [None, False, "off"], "D = off: only a part of the instrument can be off"),
        ("exposure", [1.5, "1.5", {"uniform": [0, 1.5]}], "must lie in 0 ... 1"),
        ("active_share", [1, "1"], "must be below 1, where nothing thermal is left"),
        (
            "D",
            [True, {}, [1, 2], {"normal": [1, 2]}, {"uniform": 3}, {"uniform": [1]},
             {"uniform": ["a", 2]}, {"uniform": [1, 2], "log_uniform": [1, 2]}],
            "must be a number, {uniform: [low, high]} or {log_uniform: [low, high]}",
        ),
        (
            "D", ["big", "uniform:1", "normal:0:1", "uniform:0:1:2", "1:2"],
            "must be a number, uniform:low:high or log_uniform:low:high",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_name_value_and_what_is_right(name, specs, said):
    for spec in specs:
        with pytest.raises(ValueError) as caught:
            parameter_range(name, spec)
        message = str(caught.value)
        assert said in message
        assert message.startswith(name)
        assert "\n" not in message
        if name != "kapa" and isinstance(spec, str):
            assert f"{name} = {spec}:" in message


def test_a_part_of_the_instrument_may_be_off():
    with pytest.raises(ValueError, match=r"noise = big: must be a number, .*, or off"):
        parameter_range("noise", "big")


@pytest.mark.parametrize("name", ["kappa", "D", "tau_a", "corner"])
def test_ranges_of_a_study_start_above_0_where_its_tracks_need_it(name):
    with pytest.raises(ValueError, match=name + r" = \{uniform: \[0, 2\]\}: must be positive"):
        study_ranges({name: {"uniform": [0, 2]}})
    assert study_ranges({name: {"uniform": [1, 2]}, "D_a": {"uniform": [0, 1]}})["D_a"].low == 0


def test_a_study_knows_no_viscoelastic_element():
    with pytest.raises(ValueError, match="strength is not known; the parameters of a study are"):
        study_ranges({"strength": 1})
