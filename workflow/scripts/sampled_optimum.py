"""The optimal classifier's log odds of every held-out track, from sampled evidences."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays, write_arrays
    from activenoise.scoring import class_mean, log_loss, probability

    classes = [read_arrays(job.input.class_0), read_arrays(job.input.class_1)]
    labels = np.repeat((0, 1), [len(c["log_evidence"]) for c in classes])
    evidence = np.concatenate([c["log_evidence"] for c in classes])
    variance = np.sum(np.concatenate([c["error"] for c in classes]) ** 2, axis=-1)
    columns = [("Passive", "AOUP").index(name) for name in job.wildcards.pair.split("-")]
    logits = evidence[..., columns[1]] - evidence[..., columns[0]]
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
