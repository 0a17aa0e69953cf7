"""Simulated tracks and small networks for the tests of networks and of their training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from activenoise.learning.frames import FrameSpec, rms_increment
from activenoise.learning.networks import TrainableNetwork, build_lstm
from activenoise.learning.training import Settings, Stage
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.tracks import simulate

DT = 0.05
MODELS = (Passive(1.0, 1.0), AOUP(1.0, 1.0, 5.0, 1.0))
CLASSES = ["Passive", "AOUP"]
KNOWN = FrameSpec("statistics", 1, 10, rms_increment(MODELS[0], DT), (3.0, 10.0, 30.0))
UNKNOWN = FrameSpec("statistics", 1, 10, 0.0, (3.0, 10.0, 30.0))
AT = [20, 50, 200]
Array = NDArray[np.float32]


class Simulated:
    """Fresh tracks of the two models, in equal parts, or of the second alone with two targets."""

    def __init__(self, seed: int, estimate: bool = False) -> None:
        self.seed, self.first, self.estimate = seed, 0, estimate

    def batch(self, n_tracks: int, n_points: int) -> tuple[Array, Array]:
        first = self.first
        self.first += n_tracks
        if self.estimate:
            scale = np.exp(np.random.default_rng(first).uniform(-1, 1, n_tracks))
            model = AOUP(1.0, scale, 5.0 * scale, 1.0)
            tracks = simulate(model, n_points, DT, self.seed, first=first)
            return tracks, np.log(np.stack([model.D, model.D_a], 1)).astype(np.float32)
        parts = [
            simulate(model, n_points, DT, self.seed + c, n_tracks // 2, first)
            for c, model in enumerate(MODELS)
        ]
        return np.concatenate(parts), np.repeat(np.float32([0, 1]), n_tracks // 2)


def small(head: str = "sum", spec: FrameSpec = KNOWN, seed: int = 0) -> TrainableNetwork:
    return build_lstm(spec, DT, "classify", CLASSES, head, units=8, dense=(8, 8), seed=seed)


def settings(steps: int, **changes: object) -> Settings:
    stages = [Stage(50, steps // 2), Stage(200, steps // 2)]
    return Settings.from_dict({"stages": stages, "batch": 64, "average": 0.25, **changes})
