"""From settings of the config to a network that fits the study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from activenoise.learning.recipes import build
from activenoise.physics.models import AOUP
from activenoise.simulation.tracks import simulate

KNOWN = {"kappa": 1.0, "D": 1.0, "D_a": 5.0, "tau_a": 2.0}
PRIOR = {
    "kappa": {"uniform": [0.5, 2]}, "D": {"log_uniform": [0.1, 1]},
    "D_a": {"log_uniform": [1, 5]}, "tau_a": {"uniform": [1, 3]},
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "kind": "lstm", "head": "sum", "units": 4, "dense": [3], "activation": "relu",
    "frames": {"kind": "statistics", "stride": 2, "size": 10, "memories": [2, 8]},
}  # fmt: skip
CLASSES = ["Passive", "AOUP"]


def test_where_all_is_known_frames_are_in_units_of_the_recorded_increment():
    bare = build(SETTINGS, KNOWN, 0.1, "classify", CLASSES, 1)
    steps = np.diff(simulate(AOUP(**KNOWN), 4001, 0.1, 3, 50)[:, ::2])
    assert bare.frames.scale == pytest.approx(steps.std(), rel=0.01)
    seen = build(SETTINGS, {**KNOWN, "noise": 0.2}, 0.1, "classify", CLASSES, 1)
    expected = np.sqrt(bare.frames.scale**2 + 2 * 0.2**2)
    assert seen.frames.scale == pytest.approx(expected, rel=1e-6)


def test_where_parameters_have_priors_frames_have_no_unit_of_the_study():
    network = build(SETTINGS, PRIOR, 0.1, "classify", CLASSES, 1)
    assert (network.frames.scale, network.frames.invariant) == (0.0, False)
    with_bank = {**SETTINGS, "frames": {**SETTINGS["frames"], "angle_bank": True}}
    bank = build(with_bank, PRIOR, 0.1, "classify", CLASSES, 1).frames.bank
    assert bank is not None
    assert bank.memories[0] > 1 / 0.2  # the prior of tau_a, in coarse points
    free = {"kappa": 0.1, "tau_a": 20, "active_share": {"uniform": [0, 1]}}
    assert build(SETTINGS, free, 1.0, "estimate", ["D"], 1).frames.invariant


def test_a_feedforward_network_has_its_duration_as_one_frame():
    settings = {**SETTINGS, "kind": "feedforward", "points": 200, "frames": {**SETTINGS["frames"]}}
    network = build(settings, KNOWN, 0.1, "classify", CLASSES, 1)
    assert network.frames.points == 200
    assert network.about["head"] == "feedforward"
