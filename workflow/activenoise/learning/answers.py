"""What trained networks say of one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.learning.networks import Network
from activenoise.studies.scoring import probability
from activenoise.studies.segments import Answer, cut

# The probability that a task's classifier gives; the task `estimates` gives the logs of parameters.
QUESTIONS = {"Passive-AOUP": "p_active", "AOUP-RBP": "p_rbp"}


def whole_record(networks: Mapping[str, Network], positions: FloatArray) -> dict[str, Any]:
    """Answers for a record (n_points,) as a whole, by quantity, with the points up to which each
    network was trained; a longer record is an extrapolation."""
    track = (positions - positions.mean())[None].astype(np.float32)
    summary: dict[str, Any] = {"trained_to": {}}
    for task, network in networks.items():
        summary["trained_to"][task] = network.trained_to
        answer = network.predict(track)[0]
        if network.task == "classify":
            summary[QUESTIONS[task]] = float(probability(answer))
        else:
            n = len(network.names)
            summary["estimates"] = {
                name: {"mean": float(answer[i]), "sd": float(np.exp(answer[n + i]))}
                for i, name in enumerate(network.names)
            }
    return summary


def by_segment(
    networks: Mapping[str, Network], positions: FloatArray, dt: float, lengths: Sequence[int]
) -> Iterator[Answer]:
    """The same answers for the segments of so many points each."""
    for n in lengths:
        tracks = cut(positions, n).astype(np.float32)
        if not len(tracks):
            continue
        for task, network in networks.items():
            answers = network.predict(tracks)
            for i, answer in enumerate(answers):
                place = (n * dt, i * n * dt)
                if network.task == "classify":
                    yield Answer(*place, QUESTIONS[task], float(probability(answer)), np.nan)
                    continue
                for k, name in enumerate(network.names):
                    sd = np.exp(answer[len(network.names) + k])
                    yield Answer(*place, f"log {name}", float(answer[k]), float(sd))
