"""What a config may say, and what follows from it; tests/test_mistakes.py has what it may not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.mistakes.config import (
    BASE,
    BENCHMARK,
    FREE,
    GRANULE,
    LSTM,
    SCHEMA,
    Row,
    recorded,
    with_change,
)

from activenoise.config.plan import Plan
from activenoise.config.schema import (
    ConfigError,
    check_sheet,
    is_measured,
    n_points,
    resolve,
    sampling_interval,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ((*GRANULE, "pairs"), {"Passive-AOUP": {}, "AOUP-RBP": {}}),
        ((*BENCHMARK, "parameters", "tau_a"), 0.019),  # no RBP asked for
        ((*GRANULE, "parameters", "D_a"), {"uniform": [0, 1]}),
        ((*BENCHMARK, "durations"), [0.02]),
        ((*GRANULE, "parameters", "drift"), {"log_uniform": [1.0e-9, 1.0e-6]}),
        ((*FREE, "parameters", "drift"), {"uniform": [0, 0.019]}),
        ((*GRANULE, "estimates", "networks", "lstm", "training", "labels"), "exact"),
    ],
)
def test_unusual_but_right(keys, value):
    config = with_change(keys, value)
    if keys[-1] == "durations":
        config["studies"]["benchmark"]["pairs"] = {}
    resolve(config, SCHEMA)


def test_rbp_behind_a_low_pass():
    config = with_change((*GRANULE, "pairs"), {"Passive-AOUP": {}, "AOUP-RBP": {}})
    parameters = config["studies"]["granule"]["parameters"]
    parameters["corner"] = {"uniform": [10, 1000]}
    assert is_measured(resolve(config, SCHEMA)["studies"]["granule"])
    parameters["corner"] = {"uniform": [1, 1000]}
    right = r"corner: 1 Hz is too low for RBP at points 0.00064 s apart; must be at least 1.5625"
    with pytest.raises(ConfigError, match=right):
        resolve(config, SCHEMA)


def test_a_drift_makes_the_exact_answers_sampled():
    assert not is_measured(resolve(BASE, SCHEMA)["studies"]["granule"])
    config = with_change((*GRANULE, "parameters", "drift"), 1.0e-6)
    assert is_measured(resolve(config, SCHEMA)["studies"]["granule"])


def test_what_is_null_is_left_out():
    config = with_change(LSTM, None)
    config["studies"]["granule"] = None
    found = resolve(config, SCHEMA)
    assert list(found["studies"]) == ["benchmark", "free"]
    assert found["studies"]["benchmark"]["pairs"] == {"Passive-AOUP": {}}
    pairs = with_change((*BENCHMARK, "pairs", "Passive-AOUP"), None)
    assert resolve(pairs, SCHEMA)["studies"]["benchmark"]["pairs"] == {}


def test_rbp_needs_points_close_together():
    study = {**BASE["studies"]["granule"], "stride": 2500}
    study["pairs"] = {"Passive-AOUP": {}, "AOUP-RBP": {}}
    config = {**BASE, "studies": {"granule": study}}
    with pytest.raises(ConfigError, match=r"granule.parameters.tau_a: 0.05 s is too short for RBP"):
        resolve(config, SCHEMA)


def test_exact_labels_through_an_instrument_have_no_drift_in_a_unit():
    config = with_change(GRANULE, recorded("Passive-AOUP", drift=1))
    said = "labels = exact: a drift needs a scale_free study without a corner; must be drawn"
    with pytest.raises(ConfigError, match=said):
        resolve(config, SCHEMA)


def test_exact_labels_of_an_estimator_need_an_unknown_scale():
    config = with_change((*GRANULE, "estimates", "networks", "lstm", "training", "labels"), "exact")
    config["studies"]["granule"]["parameters"]["D_a"] = 0.001
    said = "lstm.training.labels = exact: D_a is known, and log D has no closed form"
    with pytest.raises(ConfigError, match=said):
        resolve(config, SCHEMA)


@pytest.mark.parametrize("path", ["config/config.yaml"])
def test_the_projects_own_config_is_right(path):
    resolve(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")), SCHEMA)


def test_defaults_are_filled_in_at_every_depth():
    before = copy.deepcopy(BASE)
    config = resolve(BASE, SCHEMA)
    assert before == BASE
    assert config["results"] == "results"
    study = config["studies"]["benchmark"]
    assert (study["stride"], study["unit"], study["tracks"]["shards"]) == (1, "length", 1)
    assert study["estimates"] is None
    network = study["pairs"]["Passive-AOUP"]["lstm"]
    assert network["kind"] == "lstm"
    assert network["frames"]["stride"] == 1
    assert network["training"]["batch"] == 128
    assert network["training"]["stages"] == [{"duration": 5, "steps": 10}]
    assert config["studies"]["granule"]["pairs"] == {"Passive-AOUP": {}}
    assert config["studies"]["granule"]["stride"] == 50  # what is given stays
    assert resolve(config, SCHEMA) == config


def test_whole_numbers_are_integers():
    config = with_change((*LSTM, "seeds"), 2.0)
    config["studies"]["benchmark"]["pairs"]["Passive-AOUP"]["lstm"]["dense"] = [8.0]
    network = resolve(config, SCHEMA)["studies"]["benchmark"]["pairs"]["Passive-AOUP"]["lstm"]
    assert [type(n) for n in (network["seeds"], *network["dense"])] == [int, int]


def test_points_of_a_duration():
    study = resolve(BASE, SCHEMA)["studies"]["granule"]
    assert sampling_interval(study) == pytest.approx(6.4e-4)
    assert n_points(study, 3.2) == 5000
    assert n_points(study, 0.32) == 500


@pytest.mark.parametrize(
    "row",
    [
        Row(),
        Row(track="twin", file=None),
        Row(study=None, stride=7),
        Row(study=None, dt=None),
    ],
)
def test_lines_that_fit_the_config(row):
    check_sheet(resolve(BASE, SCHEMA), [row])


def test_choices_of_records_must_fit_the_sheet():
    config = with_change(("verdict", "records"), {"beat": {"baseline": "linear"}})
    check_sheet(resolve(config, SCHEMA), [Row(track="beat")])
    config = with_change(("verdict", "records"), {"bead": {"priors": {"kappa": 3}}})
    check_sheet(resolve(config, SCHEMA), [Row()])
    # An overlay takes the choices of a record away.
    config = with_change(("verdict", "records"), {"beat": None})
    assert resolve(config, SCHEMA)["verdict"]["records"] == {}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every entry of a config, at every depth."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(item, (*path, key))


SHIPPED = json.loads(json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))))
# The other studies differ in their numbers alone.
FEW = {name: SHIPPED["studies"][name] for name in ("benchmark", "granule", "mechanism", "ready")}
SHIPPED["studies"] = FEW
PLACES = list(places(SHIPPED))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 10**400, 1e308, 5e-324, "1e-5", "", "off", "Passive-AOUP", "1:2"]),
    st.text(max_size=5),
    st.sampled_from([[], {}, [[]], [None], {"uniform": [1]}, {"uniform": [0, 10**400]}]),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), st.floats(), max_size=2),
    st.fixed_dictionaries({"log_uniform": st.lists(st.floats(), max_size=3)}),
    st.lists(st.one_of(st.floats(), st.text(max_size=2)), max_size=3),
)


def spoilt(data: st.DataObject) -> Any:
    """The shipped config with one to three entries changed, lost or added."""
    config = copy.deepcopy(SHIPPED)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(PLACES))
        place = config
        for key in path:
            try:
                place = place[key]
            except (KeyError, IndexError, TypeError):
                break
        if not isinstance(place, dict | list) or isinstance(place, list) != isinstance(last, int):
            continue
        change = data.draw(st.sampled_from(["change", "change", "lose", "add"]))
        if change == "lose" and (last in place if isinstance(place, dict) else last < len(place)):
            del place[last]
        elif isinstance(place, list) and last >= len(place):
            place.append(data.draw(ODD))
        else:
            name = data.draw(st.text(max_size=3)) if change == "add" else last
            place[name if isinstance(place, dict) else last] = data.draw(ODD)
    return config


@settings(max_examples=120, deadline=None, derandomize=True, phases=[Phase.generate])
@given(data=st.data())
@pytest.mark.slow
def test_any_config(data):
    """A plan, or a line that says why there is none."""
    config = spoilt(data)
    try:
        resolved = resolve(config, SCHEMA)
        check_sheet(resolved, [Row(dt=6.4e-4, stride=1), Row(track="paper_twin", file=None)])
    except ConfigError as error:
        message = str(error)
    else:
        message = ""
    assert len(message.splitlines()) <= 2
    assert len(message) < 500, message
    if message:
        return
    plan = Plan(resolved, {})
    for study in plan.studies:
        assert json.loads(plan.made(study))["parameters"]
        assert all(points > 0 for points in plan.points(study))
        for task in plan.tasks(study):
            for network in plan.networks(study, task):
                assert plan.network_files(study, task, network)
                assert plan.training_points(study, task, network) > 0
