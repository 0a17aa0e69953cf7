"""The conditions of the sheet compared: one page, one row a track, the ratios and their facts."""

import sys
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from pathlib import Path

    from activenoise.reading.conditions import Cells, Experiment, checked
    from activenoise.reading.record import load_record
    from activenoise.report.conditions import compared
    from activenoise.report.verdict import Question

    conditions: dict[str, Cells] = {}
    for (condition, cell), path in zip(job.params.cells, job.input.records, strict=True):
        conditions.setdefault(condition, {}).setdefault(cell, []).append(load_record(path))
    try:
        made = checked(Experiment(conditions, "A cell is what the sheet says."))
        compared(made, Question(**job.params.question)).write(Path(job.output.page).parent)
    except ValueError as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main(snakemake)
