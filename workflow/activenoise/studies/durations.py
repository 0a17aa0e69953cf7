"""How log-loss and accuracy depend on the duration of the tracks: fits, the published curves, and
the duration that a level of accuracy needs.

Tables of scores are those of `studies.tables`: one row a pair, method and duration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from activenoise.arrays import FloatArray
from activenoise.studies.scoring import Estimate, needed

LEVELS = (0.75, 0.9)  # shares of tracks called right
LOSSES = ("log_loss", "standard_error", "excess", "excess_standard_error")
# Columns of data/published/log_loss.csv.
PUBLISHED = ("quantity", "study", "pair", "method", "duration", "value", "uncertainty")


class Decay(NamedTuple):
    """Weighted least squares of a exp(bT), with standard errors; b in 1/s; chi2 per degree."""

    a: Estimate
    b: Estimate
    reduced_chi2: float

    def __call__(self, durations: ArrayLike) -> FloatArray:
        return self.a.value * np.exp(self.b.value * np.asarray(durations))


def fit_decay(durations: FloatArray, values: FloatArray, errors: FloatArray) -> Decay | None:
    """a exp(bT) through points of known errors; None for fewer than three.

    Points of one set of tracks share their noise, so that the errors are too small.
    """
    if len(durations) < 3:
        return None
    from scipy.optimize import curve_fit  # a second, which most figures need not wait for

    slope = np.log(values[-1] / values[0]) / (durations[-1] - durations[0])
    best, covariance = curve_fit(
        lambda t, a, b: a * np.exp(b * t),
        durations,
        values,
        p0=(values[0], slope),
        sigma=errors,
        absolute_sigma=True,
    )
    error = np.sqrt(np.diag(covariance))
    residuals = (values - best[0] * np.exp(best[1] * durations)) / errors
    chi2 = float(np.sum(residuals**2)) / (len(values) - 2)
    return Decay(Estimate(best[0], error[0]), Estimate(best[1], error[1]), chi2)


def of_method(table: pd.DataFrame, method: str, *columns: str) -> tuple[FloatArray, ...]:
    """Columns of the rows of one method, as arrays."""
    rows = table[table["method"] == method]
    return tuple(rows[column].to_numpy() for column in columns)


def fits(scores: pd.DataFrame, methods: Iterable[str]) -> dict[str, Decay]:
    """The decay of the log-loss of one pair by method, for methods of three durations or more."""
    columns = ("duration", "log_loss", "standard_error")
    found = {method: fit_decay(*of_method(scores, method, *columns)) for method in methods}
    return {method: fit for method, fit in found.items() if fit is not None}


FIT_COLUMNS = ("method", "a", "a_standard_error", "b", "b_standard_error", "reduced_chi2", "points")


def fit_rows(decays: Mapping[str, Decay], scores: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a method for the table of fits: a (nats) and b (1/s) with standard errors."""
    return [
        {"method": method, "a": fit.a.value, "a_standard_error": fit.a.standard_error}
        | {"b": fit.b.value, "b_standard_error": fit.b.standard_error}
        | {"reduced_chi2": fit.reduced_chi2, "points": int((scores["method"] == method).sum())}
        for method, fit in decays.items()
    ]


def published_log_loss(table: pd.DataFrame, study: str, pair: str, longest: float) -> pd.DataFrame:
    """Published log-losses of a pair up to a duration (s): method, duration, value, uncertainty."""
    chosen = (table["study"] == study) & (table["pair"] == pair)
    chosen &= (table["quantity"] == "log_loss") & (table["duration"] <= 1.001 * longest)
    return table.loc[chosen, ["method", "duration", "value", "uncertainty"]]


def excess_over(published: pd.DataFrame, method: str, reference: str = "optimum") -> pd.DataFrame:
    """Published log-loss of a method above the published optimum, which was read off the same
    figure: duration, value and the uncertainty of the difference, where both are published."""
    ours, theirs = (
        published[published["method"] == name].set_index("duration")[["value", "uncertainty"]]
        for name in (method, reference)
    )
    both = ours.join(theirs, rsuffix="_reference", how="inner").sort_index().reset_index()
    return pd.DataFrame({
        "duration": both["duration"],
        "value": both["value"] - both["value_reference"],
        "uncertainty": np.hypot(both["uncertainty"], both["uncertainty_reference"]),
    })  # fmt: skip


def duration_row(
    scores: pd.DataFrame, study: str, pair: str, ratio: float, network: str | None
) -> dict[str, Any]:
    """The row of a study in the table of mechanisms: the duration (s) from which on the optimum
    calls 75 % and 90 % of the tracks right, and the largest excess log-loss of a network (nats).

    scores: of the pair; ratio: D_a/D.
    """
    t, first, second = of_method(scores, "optimum", "duration", "accuracy_0", "accuracy_1")
    row: dict[str, Any] = {"study": study, "pair": pair, "D_a_over_D": ratio}
    for level in LEVELS:
        row[f"duration_{100 * level:.0f}"] = needed(t, 0.5 * (first + second), level)
    if network:
        (excess,) = of_method(scores, network, "excess")
        row["largest_excess"] = excess.max()
    return row
