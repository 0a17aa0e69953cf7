"""Scores of the optimum and of every network of a study, on the same held-out tracks."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import read_arrays, write_table
    from activenoise.studies.tables import (
        answers,
        calibration_rows,
        check_rows,
        score_rows,
        seed_rows,
    )

    scores, curves, checks, seeds = [], [], [], []
    for pair, networks in job.params.networks.items():
        bound = read_arrays(networks.pop("optimum"))
        about = {"study": job.wildcards.study, "pair": pair}
        checks += check_rows(about, bound, job.params.dt)
        for method, answer in answers(bound, networks):
            named = about | {"method": method}
            scores += score_rows(named, answer, bound, job.params.dt)
            curves += calibration_rows(named, answer, job.params.dt)
            seeds += seed_rows(named, answer, bound, job.params.dt)
    for output, table in zip(job.output, (scores, curves, checks, seeds), strict=True):
        write_table(output, table)


if __name__ == "__main__":
    main(snakemake)
