"""The Bayes estimates of parameters of every held-out track, the bound of the regressors: the
posterior's moments, which the optimum has, beside the truth."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import DataSet, read_arrays, write_arrays
    from activenoise.studies.scoring import rmse

    targets = job.params.targets
    optimum, parameters = read_arrays(job.input.optimum), DataSet(job.input.tracks).parameters
    active = optimum["labels"] == 1
    mean, sd = (
        np.stack([optimum[f"{kind}_{name}"][active] for name in targets], axis=-1)
        for kind in ("mean", "sd")
    )
    truth = np.log(np.stack([parameters[name] for name in targets], axis=1))
    change = np.stack([optimum[f"change_mean_{name}"] for name in targets], axis=-1)
    write_arrays(
        job.output.estimates,
        mean=mean, sd=sd, truth=truth, points=optimum["points"], quadrature_change=change,
    )  # fmt: skip
    log.info("RMSE of %s: %s", targets, np.round(rmse(mean, truth[:, None]).value, 4).tolist())
    log.info("rms change on doubling the nodes: %s", np.round(change, 5).tolist())


if __name__ == "__main__":
    main(snakemake)
