"""The propulsion in time: its conditional law given the record, averaged over posterior draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from activenoise.analysis.facts import DriveFacts
from activenoise.arrays import FloatArray
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import instrument_of, linear_model
from activenoise.likelihood.smoother import propulsion
from activenoise.parameters import ACTIVE
from activenoise.physics.instrument import Baseline

_MOST_DRAWS, _FEWEST_DRAWS = 8, 2
_WORK = 1 << 19  # points of a coordinate that are smoothed, over all draws


def driven_model(probability: Mapping[str, float]) -> str | None:
    """The likeliest driven model; None where none has a probability."""
    driven = {name: p for name, p in probability.items() if name in ACTIVE and p > 0}
    return max(driven, key=lambda name: driven[name]) if driven else None


def drive_of(
    p: Posterior, track: str, parts: Mapping[str, FloatArray], dt: float, baseline: Baseline
) -> tuple[DriveFacts, dict[str, FloatArray]]:
    """The propulsion along one track, and arrays by "drive/x/mean", "drive/x/sd" (length/s) and
    "drive/x/power" (kT/s), at the points of the track.

    p: posterior of a driven model. parts: positions (n_points,) by coordinate, dt (s) apart. Of
    some draws the means are averaged, and sd has the variance within draws and that between them.
    An RBP has the best linear estimate, that of its twin.
    """
    longest = max(len(x) for x in parts.values())
    count = int(np.clip(_WORK // longest, _FEWEST_DRAWS, _MOST_DRAWS))
    n = len(p.parameters["D"])
    chosen = ((np.arange(count) + 0.5) * n / count).astype(int)
    arrays: dict[str, FloatArray] = {}
    power: dict[str, float] = {}
    for name, x in parts.items():
        found = []
        for i in chosen:
            values = {key: v[i : i + 1] for key, v in p.parameters.items()}
            model, instrument = linear_model(p.model_name, values), instrument_of(values, baseline)
            found.append(propulsion(model, instrument, x, dt))
        means = np.array([one.mean for one in found])
        within = np.mean([one.sd**2 for one in found], axis=0)
        heat = np.mean([one.power for one in found], axis=0)
        arrays |= {
            f"drive/{name}/mean": means.mean(axis=0),
            f"drive/{name}/sd": np.sqrt(within + means.var(axis=0, ddof=1)),
            f"drive/{name}/power": heat,
        }
        power[name] = float(np.nanmean(heat))
    return DriveFacts(p.model_name, track, count, power), arrays


def drive_columns(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The arrays of `drive_of` by "x_mean", "x_sd" and "x_power"."""
    return {
        key.removeprefix("drive/").replace("/", "_"): values
        for key, values in arrays.items()
        if key.startswith("drive/")
    }
