"""The answers of trained networks for one record."""

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
    """Answers for a whole record (n_points,), by quantity: probabilities, and mean and standard
    deviation of the logarithm of each parameter. trained_to: by task, the points of the longest
    tracks that the network was trained on; a longer record is an extrapolation."""
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
    """Answers for the segments of a record (n_points,), dt (s) apart. lengths: of the segments,
    points."""
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
