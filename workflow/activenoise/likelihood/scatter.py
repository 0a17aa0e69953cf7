"""Many short records that share their parameters, as the few that have the same likelihood.

Under a Gaussian model, records that are alike in length and gaps have log densities -(y'My + c)/2
with one M and one c, so that what N of them say is in their scatter matrix: with R'R = sum of y y',
R of K <= n rows,

    sum of log p(y_i) = sum over the rows r of log p(r) + (N - K) log p(0),

for every model and instrument at once. A baseline that is integrated over a flat prior keeps this
form. A thousand tracks of five points cost what six of them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from activenoise.arrays import FloatArray


class Ensemble(NamedTuple):
    """records: (n_points,) each, length, NaN where missing, with the weight of each one's log
    density. dt: s."""

    records: list[FloatArray]
    weights: FloatArray
    dt: float


def compressed(records: Sequence[FloatArray], dt: float, shifted: bool = True) -> Ensemble:
    """Records, dt (s) apart, as an ensemble whose weighted sum of log densities is theirs under
    every linear model. shifted: each has an unknown baseline, so that any constant may be taken
    off. Records that are not many of one kind stay as they are."""
    kinds: dict[tuple[int, bytes], list[FloatArray]] = {}
    for record in records:
        kind = (len(record), np.packbits(np.isfinite(record)).tobytes())
        kinds.setdefault(kind, []).append(record)
    kept: list[FloatArray] = []
    weights: list[float] = []
    for alike in kinds.values():
        seen = np.isfinite(alike[0])
        n = int(seen.sum())
        if len(alike) <= n + 1:
            kept += alike
            weights += [1.0] * len(alike)
            continue
        y = np.array([record[seen] for record in alike])
        rows = np.linalg.qr(y - y[:, :1] if shifted else y, mode="r")
        whole = np.full((n + 1, len(seen)), np.nan)
        whole[:n, seen], whole[n, seen] = rows, 0.0
        kept += list(whole)
        weights += [1.0] * n + [float(len(alike) - n)]
    return Ensemble(kept, np.array(weights), dt)
