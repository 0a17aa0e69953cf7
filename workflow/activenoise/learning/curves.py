"""Training histories of networks, and the optimum that they approach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from activenoise.logs import DamagedError
from activenoise.tables import read_rows

# quantity (log_loss, or the name of an estimated parameter) -> points -> (steps, values)
Curves = dict[str, dict[int, tuple[NDArray, NDArray]]]
Bounds = Mapping[tuple[str, str, int], float]

_COLUMN = re.compile(r"(?:validation|rmse)\[(?:(\w+), )?(\d+)\]")


def curves(histories: Iterable[str | Path]) -> Curves:
    """The validation scores in the histories of a network, by quantity and prefix length.
    DamagedError where a history has no row or no score.

    A feedforward network has one history a duration; log-loss in nats, errors of the logarithm.
    """
    found: Curves = {}
    for path in histories:
        table = read_rows(path, ["step"])
        if not any(map(_COLUMN.fullmatch, table.columns)):
            raise DamagedError(f"{path}: no column validation or rmse; delete it and run again")
        for column in table.columns:
            if match := _COLUMN.fullmatch(column):
                values = (table["step"].to_numpy(), table[column].to_numpy(np.float64))
                found.setdefault(match[1] or "log_loss", {})[int(match[2])] = values
    return found


def bounds(scores: pd.DataFrame | None, estimates: pd.DataFrame | None) -> Bounds:
    """What the optimum reaches on the held-out tracks, by (task, quantity, points)."""
    found: dict[tuple[str, str, int], float] = {}
    if scores is not None:
        for _, row in scores[scores["method"] == "optimum"].iterrows():
            found[row["pair"], "log_loss", row["n_points"]] = row["log_loss"]
    if estimates is not None:
        for _, row in estimates[estimates["method"] == "bayes"].iterrows():
            found["estimates", row["target"].removeprefix("log "), row["n_points"]] = row["rmse"]
    return found
