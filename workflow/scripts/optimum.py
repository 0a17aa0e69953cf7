"""The optimal classifier's log odds of every test track of a pair of models."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import write_arrays
    from activenoise.parameters import pair_models
    from activenoise.studies.evidence import TrackEvidence
    from activenoise.studies.optimum import optimum
    from activenoise.studies.scoring import log_loss

    classes = [TrackEvidence.read(path) for path in (job.input.class_0, job.input.class_1)]
    found = optimum(pair_models(job.wildcards.pair), classes)
    write_arrays(job.output.logits, **found)
    loss, change = log_loss(found["logits"], found["labels"]).value, found["quadrature_change"]
    log.info("log-loss %s, numerical change %s", np.round(loss, 5), np.round(change, 5))


if __name__ == "__main__":
    main(snakemake)
