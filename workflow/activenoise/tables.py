"""CSV files of results, read by pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from activenoise.logs import DamagedError


def read_table(path: str | Path, *columns: str) -> pd.DataFrame:
    """A CSV file of results. DamagedError where it is none, or lacks one of these columns."""
    try:
        table = pd.read_csv(path)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DamagedError(f"{path}: damaged (no table); delete it and run again") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise DamagedError(f"{path}: no column {', '.join(missing)}; delete it and run again")
    return table
