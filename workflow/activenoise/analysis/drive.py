"""The propulsion in time: its conditional law given the record, averaged over posterior draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from activenoise.analysis.facts import DriveFacts
from activenoise.arrays import FloatArray
from activenoise.inference.posterior import Posterior
from activenoise.inference.rbp_posterior import COST, FASTEST, rbp_baselines
from activenoise.inference.record import Record, instrument_of, linear_model
from activenoise.likelihood import kalman
from activenoise.likelihood.smoother import Propulsion, propulsion
from activenoise.likelihood.switching_smoother import sampled_propulsion
from activenoise.parameters import ACTIVE, DRIVES, MEDIA
from activenoise.physics.instrument import Baseline

_MOST_DRAWS, _FEWEST_DRAWS = 8, 2
_WORK = 1 << 19  # points of a coordinate that are smoothed, over all draws
_STATES = 1 << 13  # points, times what one costs in the medium, of which states are sampled
_PATHS = 128  # sampled paths over all draws


def driven_model(probability: Mapping[str, float]) -> str | None:
    """The likeliest driven model; None where none has a probability."""
    driven = {name: p for name, p in probability.items() if name in ACTIVE and p > 0}
    return max(driven, key=lambda name: driven[name]) if driven else None


def drive_of(
    p: Posterior,
    track: str,
    parts: Mapping[str, FloatArray],
    dt: float,
    baseline: Baseline,
    seed: int = 0,
) -> tuple[DriveFacts, dict[str, FloatArray]]:
    """The propulsion along one track, and arrays by "drive/x/mean", "drive/x/sd" (length/s) and
    "drive/x/power" (kT/s), at the points of the track.

    p: posterior of a driven model. parts: positions (n_points,) by coordinate, dt (s) apart. Of
    some draws the means are averaged, and sd has the variance within draws and that between them.
    The angles of an RBP and the signs of an RTP are sampled; of a long track theirs is the best
    linear estimate, that of the twin.
    """
    longest = max(len(x) for x in parts.values())
    count = int(np.clip(_WORK // longest, _FEWEST_DRAWS, _MOST_DRAWS))
    n = len(p.parameters["D"])
    chosen = ((np.arange(count) + 0.5) * n / count).astype(int)
    draws = {key: v[chosen] for key, v in p.parameters.items()}
    sampled = (
        p.model_name in DRIVES
        and COST[MEDIA[p.model_name]] * longest <= _STATES
        and bool(np.any(draws["tau_a"] >= FASTEST * dt))
    )
    arrays: dict[str, FloatArray] = {}
    power: dict[str, float] = {}
    for name, x in parts.items():
        if sampled:
            found = _sampled(p.model_name, draws, Record(x, dt), baseline, seed)
        else:
            found = [_linear(p.model_name, one, Record(x, dt), baseline) for one in _each(draws)]
        means = np.array([one.mean for one in found])
        within = np.mean([one.sd**2 for one in found], axis=0)
        heat = np.mean([one.power for one in found], axis=0)
        if sampled:  # The means of a few paths differ between draws for being few, too.
            within *= 1 - count / _PATHS
        arrays |= {
            f"drive/{name}/mean": means.mean(axis=0),
            f"drive/{name}/sd": np.sqrt(within + means.var(axis=0, ddof=1)),
            f"drive/{name}/power": heat,
        }
        power[name] = float(np.nanmean(heat))
    return DriveFacts(p.model_name, track, count, sampled, power), arrays


def _each(draws: Mapping[str, FloatArray]) -> list[dict[str, FloatArray]]:
    """The sets of parameters one by one, (1,) each."""
    count = len(draws["D"])
    return [{key: v[i : i + 1] for key, v in draws.items()} for i in range(count)]


def _linear(
    name: str, one: Mapping[str, FloatArray], record: Record, baseline: Baseline
) -> Propulsion:
    return propulsion(linear_model(name, one), instrument_of(one, baseline), *record)


def _sampled(
    name: str,
    draws: Mapping[str, FloatArray],
    record: Record,
    baseline: Baseline,
    seed: int,
) -> list[Propulsion]:
    """The propulsion under each draw of an RBP or RTP. The filter forgets the centre of a trap: its
    baseline is drawn beforehand, under the likeliest of these draws, and known to the smoother. A
    propulsion that turns within a few intervals is normal, as it is for the posterior."""
    trapped = bool(np.all(draws["kappa"] > 0)) and instrument_of(draws, baseline).unknowns > 0
    each = _each(draws)
    levels = [record.positions] * len(each)
    if trapped:
        model, seen = linear_model(name, draws), instrument_of(draws, baseline)
        best = int(np.argmax(kalman.log_likelihood(model, seen, *record)))
        found = rbp_baselines(name, each[best], record, baseline, len(each), seed)
        levels = list(
            record.positions - found @ kalman.regressors(len(record.positions), found.shape[1])
        )
    results = []
    for i, (one, level) in enumerate(zip(each, levels, strict=True)):
        if one["tau_a"][0] < FASTEST * record.dt:
            results.append(_linear(name, one, record, baseline))
            continue
        seen = instrument_of(one, "zero" if trapped else baseline)
        results.append(
            sampled_propulsion(
                DRIVES[name], linear_model(name, one), seen, level, record.dt,
                _PATHS // len(each), seed + i, from_zero=trapped,
            )
        )  # fmt: skip
    return results


def drive_columns(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The arrays of `drive_of` by "x_mean", "x_sd" and "x_power"."""
    return {
        key.removeprefix("drive/").replace("/", "_"): values
        for key, values in arrays.items()
        if key.startswith("drive/")
    }
