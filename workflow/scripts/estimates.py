"""Errors of the estimates of D and D_a, beside those of the Bayes estimate."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays, write_table
    from activenoise.studies import scoring

    bayes = read_arrays(job.input.bayes)
    truth = bayes["truth"][:, None, :]
    spread = np.std(bayes["truth"], axis=0)
    rows = []
    for method, path in zip(job.params.methods, job.input.answers, strict=True):
        answer = read_arrays(path)
        error = scoring.rmse(answer["mean"], truth)
        ratio = scoring.rmse_ratio(answer["mean"], bayes["mean"], truth)
        for i, n in enumerate(answer["points"]):
            for k, target in enumerate(job.params.targets):
                rows.append(
                    {
                        "study": job.wildcards.study,
                        "target": f"log {target}",
                        "method": method,
                        "duration": n * job.params.dt,
                        "n_points": n,
                        "rmse": error.value[i, k],
                        "standard_error": error.standard_error[i, k],
                        "ratio": ratio.value[i, k],
                        "ratio_standard_error": ratio.standard_error[i, k],
                        "prior_spread": spread[k],
                    }
                )
    write_table(job.output.estimates, rows)


if __name__ == "__main__":
    main(snakemake)
