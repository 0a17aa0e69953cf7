"""Scores of the optimum and of every network of a study, on the same held-out tracks."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import write_table
    from activenoise.studies.tables import COLUMNS, score_tables

    tables = score_tables(job.wildcards.study, job.params.files, job.params.dt)
    for name, rows in tables._asdict().items():
        write_table(getattr(job.output, name), rows, COLUMNS[name])


if __name__ == "__main__":
    main(snakemake)
