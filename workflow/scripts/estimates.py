"""Errors of the estimates of D and D_a, beside those of the Bayes estimate."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import write_table
    from activenoise.studies.tables import estimate_rows

    p = job.params
    files = dict(zip(p.methods, job.input.answers, strict=True))
    rows = estimate_rows(job.wildcards.study, p.targets, files, job.input.bayes, p.dt)
    write_table(job.output.estimates, rows)


if __name__ == "__main__":
    main(snakemake)
