"""Where the time of a run goes: the benchmark files that Snakemake writes beside each job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from activenoise.tables import read_table

# Rules whose benchmark files have another name.
_RULES = {
    "exact": "exact_record",
    "network": "network_record",
    "correlation": "fit_correlation",
    "synthetic": "synthetic_record",
    "records": "check_records",
}


def groups(parts: Sequence[str]) -> dict[str, str]:
    """The group of each part of the workflow: studies that differ in a number alone are one."""
    return {part: re.sub(r"_\d+$", "", part) for part in parts}


def jobs(folder: str | Path, parts: Sequence[str]) -> pd.DataFrame:
    """One row a job of the parts: rule, part (its group), seconds and mb, the largest memory.

    folder: of the benchmark files, with a folder a part.
    """
    of_part = groups(parts)
    rows = []
    for path in sorted(Path(folder).rglob("*.tsv")):
        part = path.relative_to(folder).parts[0]
        if part in of_part:
            rule = _RULES.get(path.stem, path.stem.split("-")[0])
            table = read_table(path, "s", "max_rss", sep="\t", na_values="-")
            for seconds, mb in table[["s", "max_rss"]].tail(1).itertuples(index=False):
                rows.append((rule, of_part[part], seconds, mb))
    return pd.DataFrame(rows, columns=["rule", "part", "seconds", "mb"])


def totals(jobs: pd.DataFrame) -> pd.DataFrame:
    """One row a rule, the longest first: jobs, seconds, longest_seconds and max_rss_mb."""
    table = jobs.groupby("rule").agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        longest_seconds=("seconds", "max"),
        max_rss_mb=("mb", "max"),
    )
    return table.sort_values("seconds", ascending=False).reset_index()
