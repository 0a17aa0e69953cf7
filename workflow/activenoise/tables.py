"""CSV files of results, read by pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from activenoise.logs import DamagedError


def read_table(
    path: str | Path, *columns: str, shipped: bool = False, **options: Any
) -> pd.DataFrame:
    """A CSV file of results. DamagedError where it is none, or lacks one of these columns.
    shipped: a file of data/, which has comments, and which no rule can make again. options: of
    `pandas.read_csv`."""
    cure = "get it from the repository again" if shipped else "delete it and run again"
    try:
        table = pd.read_csv(path, comment="#" if shipped else None, **options)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DamagedError(f"{path}: damaged (no table); {cure}") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise DamagedError(f"{path}: no column {', '.join(missing)}; {cure}")
    return table


def read_rows(path: str | Path, columns: Sequence[str], **wanted: Sequence[str]) -> pd.DataFrame:
    """The rows of a CSV file of results whose column has one of the wanted values, for each name.
    DamagedError as of `read_table`, where a wanted value has no row, and where there is no row."""
    table = read_table(path, *wanted, *columns)
    for name, values in wanted.items():
        table = table[table[name].isin(values)]
        if missing := [value for value in values if value not in set(table[name])]:
            raise DamagedError(
                f"{path}: no row with {name} {', '.join(missing)}; delete it and run again"
            )
    if table.empty:
        raise DamagedError(f"{path}: no row; delete it and run again")
    return table
