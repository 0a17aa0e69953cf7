"""How far a run is, and about how long it will take, by the work of its jobs."""

from __future__ import annotations

from collections.abc import Mapping

# Seconds that a job of a rule took in the study of config.yaml, on average; others about _SHORT.
SECONDS = {
    "train": 60.0,
    "evidence": 20.0,
    "findings": 40.0,
    "exact_record": 25.0,
    "predict": 5.0,
    "page": 5.0,
    "synthetic_record": 5.0,
    "conditions": 30.0,
}
_SHORT = 2.5


def work(jobs: Mapping[str, int]) -> float:
    """What so many jobs of each rule take one after the other, s."""
    return sum(count * SECONDS.get(rule, _SHORT) for rule, count in jobs.items())


def progress_line(done: Mapping[str, int], left: Mapping[str, int], elapsed: float) -> str:
    """The state of a run in one line. done, left: jobs by rule; elapsed: s since the run began.

    What is left takes as long for its work as what is done took, whatever the machine and
    however many jobs it runs at once.
    """
    finished, rest = work(done), work(left)
    share = f"{100 * finished / (finished + rest):.0f} % of the work is done"
    minutes = elapsed / 60 * rest / finished
    if minutes < 1.5:
        return f"{share}, about a minute is left"
    if minutes < 90:
        return f"{share}, about {minutes:.0f} minutes are left"
    return f"{share}, about {minutes / 60:.1f} hours are left"
