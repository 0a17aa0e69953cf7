"""The Bayes estimates of every test track of AOUP, the bound of the regressors."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import write_arrays
    from activenoise.studies.evidence import TrackEvidence
    from activenoise.studies.optimum import bayes_estimates
    from activenoise.studies.scoring import rmse

    targets = job.params.targets
    found = bayes_estimates(TrackEvidence.read(job.input.evidence), targets)
    write_arrays(job.output.estimates, **found)
    error, change = rmse(found["mean"], found["truth"][:, None]).value, found["quadrature_change"]
    log.info("RMSE of %s: %s", targets, np.round(error, 4).tolist())
    log.info("numerical error of the means: %s", np.round(change, 5).tolist())


if __name__ == "__main__":
    main(snakemake)
