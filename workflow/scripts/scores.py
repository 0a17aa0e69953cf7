"""Scores of the optimum and of every network of a study, on the same held-out tracks."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake



def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np
    import pandas as pd

    from activenoise import scoring
    from activenoise.shards import read_arrays, replacing

    rows, curves = [], []
    for pair, method, path, bound in job.params.sources:
        optimum, answer = read_arrays(bound), read_arrays(path)
        logits, labels = answer["logits"], answer["labels"]
        loss = scoring.log_loss(logits, labels)
        # A feedforward network may have been trained for some of the durations only.
        scored = np.searchsorted(optimum["points"], answer["points"])
        excess = scoring.excess(logits, optimum["logits"][:, scored], labels)
        about = {"study": job.wildcards.study, "pair": pair, "method": method}
        for i, n in enumerate(answer["points"]):
            rows.append(
                about
                | {
                    "duration": n * job.params.dt,
                    "n_points": n,
                    "log_loss": loss.value[i],
                    "standard_error": loss.standard_error[i],
                    "excess": excess.value[i],
                    "excess_standard_error": excess.standard_error[i],
                }
                | {f"accuracy_{c}": scoring.accuracy(logits, labels, c)[i] for c in (0, 1)}
                | {f"mean_p_{c}": scoring.mean_probability(logits, labels, c)[i] for c in (0, 1)}
            )
            curve = scoring.reliability(logits[:, i], labels)
            curves += [
                about | {"duration": n * job.params.dt} | dict(zip(curve._fields, point, strict=True))
                for point in zip(*curve, strict=True)
            ]
    for output, table in ((job.output.scores, rows), (job.output.calibration, curves)):
        with replacing(output) as partial:
            pd.DataFrame(table).to_csv(partial, index=False, float_format="%.6g")


if __name__ == "__main__":
    main(snakemake)
