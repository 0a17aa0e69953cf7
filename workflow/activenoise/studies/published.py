"""The paper's numbers beside ours.

Every row of data/published/*.csv that has a counterpart here gets one row of results/published.csv.
Values are in the units of the quantity; durations are in s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from activenoise.physics.shares import dissipation
from activenoise.tables import read_table

_KEYS = ("quantity", "study", "pair", "method", "duration")
_SCORES = ("log_loss", "accuracy_0", "accuracy_1", "mean_p_0", "mean_p_1")
_ERRORS = {name: f"{name}_standard_error" for name in _SCORES} | {"log_loss": "standard_error"}
# Columns of scores.csv that are read, and of published.csv that its figure shows.
SCORED = (*_KEYS[1:], *_SCORES, *_ERRORS.values())
SHOWN = (
    "quantity", "study", "method", "published", "published_uncertainty", "reproduced",
    "standard_error",
)  # fmt: skip
_EXAMPLE = (0.1, 0.2, 0.2, 0.2)  # kappa (1/s), D, D_a (length^2/s), tau_a (s)
# The paper's optimum is conditioned on the first point: it is compared with ours under the same
# condition, and the reference values of the stationary optimum with the stationary one.
METHODS = {"optimum": "optimum_given_start", "optimum_stationary_start": "optimum"}


def read_published(paths: Sequence[str | Path]) -> pd.DataFrame:
    """All published numbers: quantity, study, pair, method, duration (s), value, uncertainty,
    source."""
    tables = [read_table(path, *_KEYS, "value", "uncertainty", shipped=True) for path in paths]
    return pd.concat(tables, ignore_index=True)


def with_remarks(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """The table with a column `remark`: the remark in the first line of the file whose quantity,
    study, pair and method match the row. An empty cell of the file matches everything."""
    keys = ["quantity", "study", "pair", "method"]
    remarks = read_table(path, *keys, "remark", shipped=True, keep_default_na=False)

    def find(row: pd.Series) -> str:
        fits = np.all([(remarks[key] == row[key]) | (remarks[key] == "") for key in keys], axis=0)
        return str(remarks.loc[fits, "remark"].iloc[0]) if fits.any() else ""

    return table.assign(remark=[find(row) for _, row in table.iterrows()])


def reproduced_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """scores.csv in long form: for each quantity a row with its standard error and the optimum's
    value."""
    keys = ["study", "pair", "duration"]
    parts = []
    for quantity, error in _ERRORS.items():
        part = scores[[*keys, "method"]].assign(
            quantity=quantity, reproduced=scores[quantity], standard_error=scores[error]
        )
        bound = scores.loc[scores["method"] == "optimum", [*keys, quantity]]
        parts.append(part.merge(bound.rename(columns={quantity: "bound"}), on=keys, how="left"))
    return pd.concat(parts, ignore_index=True)


def reproduced_record(
    study: str, pairs: Mapping[str, str], verdict: Mapping[str, Any], segments: pd.DataFrame
) -> pd.DataFrame:
    """The fit, the probabilities and the range of the segments' estimates of the synthetic twin of
    the paper's record, in the form of `reproduced_scores`.

    pairs: the question (p_active, p_rbp) of each pair. verdict: verdict.json. segments: the
    networks' answers by segment, whose shortest duration counts; they estimate logarithms.
    """
    rows: list[dict[str, Any]] = []

    def add(quantity: str, method: str, value: float, error: float, **more: Any) -> None:
        row = {"study": study, "quantity": quantity, "method": method, "duration": np.nan}
        rows.append(row | {"reproduced": value, "standard_error": error} | more)

    for reading in ("AOUP", "RBP"):
        for name, estimate in verdict["fit"][reading].items():
            add(name, "correlation_fit", estimate["value"], estimate["standard_error"])
    increments = verdict["fit"]["D_from_increments"]
    add("D", "increments", increments["value"], increments["standard_error"])
    for pair, question in pairs.items():
        if question in verdict["network"]:
            add(
                f"record_{question}", "lstm", verdict["network"][question], np.nan,
                pair=pair, bound=verdict["exact"][question],
            )  # fmt: skip
    for name in ("D", "D_a"):
        chosen = segments[segments["quantity"] == f"log {name}"]
        if len(chosen):
            values = np.exp(chosen.loc[chosen["duration"] == chosen["duration"].min(), "value"])
            add(f"{name}_segment_min", "lstm", values.min(), np.nan)
            add(f"{name}_segment_max", "lstm", values.max(), np.nan)
    return pd.DataFrame(rows)


def reproduced_dissipation() -> pd.DataFrame:
    """The exact dissipation (kT/s) of the thesis's example, in the form of `reproduced_scores`."""
    value = dissipation(*(np.array(number) for number in _EXAMPLE))
    row = {"quantity": "dissipation", "study": "neep_example", "method": "exact"}
    return pd.DataFrame([row | {"reproduced": float(value), "standard_error": 0.0}])


def compare(
    published: pd.DataFrame, reproduced: pd.DataFrame, longest: Mapping[str, float]
) -> pd.DataFrame:
    """One row for each published number that is reproduced here: both values, errors, difference,
    ratio, and the exact bound where there is one.

    longest: duration (s) of a study at which its published scores of no stated duration are
    compared.
    """
    table = published.copy()
    table["matched"] = [METHODS.get(method, method) for method in table["method"]]
    scored = table["pair"].notna() & ~table["quantity"].str.startswith("record_")
    of_record = ~scored
    table.loc[scored, "duration"] = table.loc[scored, "duration"].fillna(
        table.loc[scored, "study"].map(longest)
    )
    ours = reproduced.rename(columns={"method": "matched"})
    scale = 1e6  # durations are matched to the microsecond
    for frame in (table, ours):
        frame["tick"] = (frame["duration"] * scale).round()
    table.loc[of_record, "tick"] = np.nan
    table["pair"], ours["pair"] = table["pair"].fillna(""), ours["pair"].fillna("")
    keys = ["quantity", "study", "pair", "matched", "tick"]
    merged = table.merge(ours.drop(columns="duration"), on=keys, how="inner")
    merged["difference"] = merged["reproduced"] - merged["value"]
    merged["ratio"] = merged["reproduced"] / merged["value"]
    return merged.rename(columns={"value": "published", "uncertainty": "published_uncertainty"})[
        [
            "quantity", "study", "pair", "method", "duration", "published", "published_uncertainty",
            "reproduced", "standard_error", "bound", "difference", "ratio", "source",
        ]
    ]  # fmt: skip
