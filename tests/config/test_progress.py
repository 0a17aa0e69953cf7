"""How far a run is: against a run whose jobs take as long as they are thought to."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from activenoise.config.progress import SECONDS, progress_line, work

RULES = Path(__file__).parents[2] / "workflow/rules"


@pytest.mark.parametrize(("slowness", "cores"), [(1, 1), (7, 2), (0.5, 16)])
def test_what_is_left_at_any_speed_on_any_number_of_cores(slowness: float, cores: int) -> None:
    jobs = Counter(train=30, evidence=20, figure=40)
    whole = slowness * work(jobs) / cores
    done: Counter[str] = Counter()
    for rule in jobs.elements():
        done[rule] += 1
        left = jobs - done
        elapsed = slowness * work(done) / cores
        line = progress_line(done, left, elapsed)
        share, told = re.fullmatch(r"(\d+) % of the work is done, about (.*) left", line).groups()
        assert float(share) == pytest.approx(100 * work(done) / work(jobs), abs=0.5)
        minutes = (whole - elapsed) / 60
        if minutes < 1.49:
            assert told == "a minute is"
        elif minutes < 89:
            number, unit, _ = told.split()
            assert (unit, float(number)) == ("minutes", pytest.approx(minutes, abs=0.51))
        elif minutes > 91:
            number, unit, _ = told.split()
            assert (unit, float(number)) == ("hours", pytest.approx(minutes / 60, abs=0.06))


def test_a_rule_without_a_time_of_its_own_counts() -> None:
    assert work({"new": 4}) > 0
    assert progress_line({"new": 1}, {}, 10.0).startswith("100 % of the work is done")


def test_times_are_those_of_rules() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.smk"))
    assert set(SECONDS) <= set(re.findall(r"^(?:rule|checkpoint) (\w+):", text, re.M))
