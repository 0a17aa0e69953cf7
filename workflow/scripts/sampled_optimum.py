"""The optimal classifier's log odds of every held-out track, from sampled evidences."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays, write_arrays
    from activenoise.studies.scoring import class_mean, log_loss, probability

    classes = [read_arrays(job.input.class_0), read_arrays(job.input.class_1)]
    labels = np.repeat((0, 1), [len(c["log_evidence"]) for c in classes])
    evidence = np.concatenate([c["log_evidence"] for c in classes])
    passive, aoup, ratio = np.moveaxis(np.concatenate([c["error"] for c in classes]), -1, 0) ** 2
    pair = job.wildcards.pair.split("-")
    columns = [("Passive", "AOUP", "RBP").index(name) for name in pair]
    logits = evidence[..., columns[1]] - evidence[..., columns[0]]
    # RBP's evidence has AOUP's error and that of its ratio to it.
    variance = (passive + aoup if "Passive" in pair else 0) + (ratio if "RBP" in pair else 0)
    # What noise of this variance in the log odds adds to the log-loss, to second order.
    p = probability(logits)
    change = class_mean(0.5 * p * (1 - p) * variance, labels)
    write_arrays(
        job.output.logits,
        logits=logits,
        labels=labels,
        points=classes[0]["points"],
        quadrature_change=change.value,
        quadrature_change_standard_error=change.standard_error,
    )
    loss = log_loss(logits, labels).value
    log.info("log-loss %s, of which sampling %s", np.round(loss, 4), np.round(change.value, 5))


if __name__ == "__main__":
    main(snakemake)
