"""The Bayes estimates of every held-out track of an AOUP, from sampled posteriors."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays, write_arrays
    from activenoise.studies.scoring import rmse

    found = read_arrays(job.input.evidence)
    names = ("mean", "sd", "truth", "points")
    change = np.sqrt(np.mean(found["mean_error"] ** 2, axis=0))
    write_arrays(job.output.estimates, **{n: found[n] for n in names}, quadrature_change=change)
    error = rmse(found["mean"], found["truth"][:, None]).value
    log.info("RMSE of %s: %s", job.params.targets, np.round(error, 4).tolist())


if __name__ == "__main__":
    main(snakemake)
