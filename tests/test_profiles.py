"""The profile for Slurm against the rules that it names."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text())
RULES = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
NAMES = set(re.findall(r"^(?:rule|checkpoint) (\w+):|^use rule \w+ as (\w+) with:", RULES, re.M))
NAMES = {name for pair in NAMES for name in pair if name}


@pytest.mark.parametrize("setting", ["set-threads", "groups", "set-resources"])
def test_the_profile_names_rules_that_exist(setting):
    assert set(PROFILE[setting]) <= NAMES


def test_threads_that_depend_on_the_cores_are_fixed_in_the_profile():
    """Otherwise a job would count the cores of its node, and not those of the submission."""
    bodies = re.split(r"^(?:rule|checkpoint) (\w+):$", RULES, flags=re.M)[1:]
    rules = zip(bodies[::2], bodies[1::2], strict=True)
    assert {name for name, body in rules if re.search(r"^    threads: ", body, re.M)} == set(
        PROFILE["set-threads"]
    )
    assert max(PROFILE["set-threads"].values()) <= PROFILE["cores"]


def test_every_grouped_job_waits_for_its_turn():
    """The jobs of a group run in turn, so a submission needs the CPUs of one."""
    assert all(PROFILE["set-resources"][rule]["turn"] == 1 for rule in PROFILE["groups"])


def answer_of(monkeypatch, **answers):
    """What the profile asks for the state of jobs, where these commands print these texts."""
    space = {}
    exec(PROFILE["__definitions__"][0], space)
    monkeypatch.setitem(space, "output", lambda command, *_: answers.get(command))
    return space["status_command"]()


def test_squeue_is_used_where_it_remembers_jobs_and_else_sacct(monkeypatch):
    long, short = "MinJobAge = 300 sec\n", "MinJobAge = 60 sec\n"
    assert answer_of(monkeypatch, scontrol=long) == "squeue"
    assert answer_of(monkeypatch, scontrol=long, sacct="") == "squeue"
    assert answer_of(monkeypatch, scontrol=short, sacct="") == "sacct"
    with pytest.raises(SystemExit, match=r"60 s .* sacct does not answer"):
        answer_of(monkeypatch, scontrol=short)
    with pytest.raises(SystemExit, match="login node"):
        answer_of(monkeypatch)
