"""The verdicts of all records as one table, with a line for each that could not be used."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.analysis.table import verdict_row, write_verdicts
    from activenoise.files import read_json

    rows = [verdict_row(read_json(path)) for path in job.input.verdicts]
    rows += [{"track": track, "error": error} for track, error in job.params.errors.items()]
    write_verdicts(job.output.table, rows)


if __name__ == "__main__":
    main(snakemake)
