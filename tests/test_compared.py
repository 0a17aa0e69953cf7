"""The comparison of two folders of results must see what a soak or a cluster could spoil."""

from __future__ import annotations

import json

import pytest
from tests.compared import differences

RESULT = {"D": 0.25, "names": ["AOUP"], "fits": [{"tau_a": 1.5, "seconds": 3.0}], "none": "nan"}


@pytest.fixture
def folders(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder / "logs").mkdir(parents=True)
        (tmp_path / folder / "logs/a.log").write_text(folder)
        (tmp_path / folder / "fit.json").write_text(json.dumps(RESULT))
        (tmp_path / folder / "t.csv").write_text(f"T,loss,seconds\n1,0.5,{len(folder)}\n")
    return tmp_path / "one", tmp_path / "two"


def test_times_logs_and_rounding_do_not_count(folders):
    one, two = folders
    rounded = {**RESULT, "D": 0.25 * (1 + 1e-12), "fits": [{"tau_a": 1.5, "seconds": 9.0}]}
    (two / "fit.json").write_text(json.dumps(rounded))
    (two / "logs/b.log").write_text("another")
    assert differences(one, two) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fit.json", json.dumps({**RESULT, "D": 0.2501})),
        ("fit.json", json.dumps({**RESULT, "names": ["RBP"]})),
        ("fit.json", json.dumps({**RESULT, "fits": []})),
        ("fit.json", json.dumps({k: v for k, v in RESULT.items() if k != "D"})),
        ("t.csv", "T,loss,seconds\n"),
        ("t.csv", "T,loss,seconds\n1,nan,3\n"),
    ],
)
def test_another_value_is_seen(folders, name, text):
    one, two = folders
    (two / name).write_text(text)
    assert differences(one, two) == [f"{name}: not as in the reference"]


def test_what_is_missing_and_what_is_left_behind_is_seen(folders):
    one, two = folders
    (two / "fit.json").rename(two / "fit.json.part")
    assert differences(one, two) == ["fit.json: missing", "fit.json.part: left behind"]
    assert differences(one, two, part=True) == ["fit.json.part: left behind"]
