"""The answers of trained networks for one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.learning.trained import Network
from activenoise.studies.scoring import probability
from activenoise.studies.segments import IndexedAnswer, SegmentAnswer, segment_answers

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
) -> Iterator[SegmentAnswer]:
    """Answers for the segments of each length (in points) of a record (n_points,), dt (s) apart."""

    def answer(segments: FloatArray) -> Iterator[IndexedAnswer]:
        tracks = segments.astype(np.float32)
        for task, network in networks.items():
            for i, found in enumerate(network.predict(tracks)):
                if network.task == "classify":
                    yield i, QUESTIONS[task], float(probability(found)), np.nan
                    continue
                for k, name in enumerate(network.names):
                    sd = np.exp(found[len(network.names) + k])
                    yield i, f"log {name}", float(found[k]), float(sd)

    return segment_answers(positions, dt, lengths, answer)
