"""The optimal classifier's log odds of every held-out track, exact."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake

BLOCK = 500  # tracks at a time


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.evidence import log_likelihood_ratio, refined
    from activenoise.priors import parse_prior
    from activenoise.scoring import log_loss
    from activenoise.parameters import pair_models
    from activenoise.shards import classes, write_arrays

    p = job.params
    pair, prior, at = pair_models(job.wildcards.pair), parse_prior(p.parameters), np.array(p.points)
    data_sets, labels = classes([job.input.class_0, job.input.class_1])
    parts = []
    for data_set in data_sets:
        for rows in data_set.blocks(BLOCK):
            parts.append(
                log_likelihood_ratio(pair, prior, data_set[rows], p.dt, at, p.nodes)
            )
            log.info("%s: %d of %d tracks", data_set.model_name, rows.stop, len(data_set))
    logits = np.concatenate(parts)

    # How far the quadrature is from convergence: the change of the log-loss, on some tracks of
    # either class, when every axis has twice the nodes.
    change = np.zeros(len(at))
    if not prior.fixed:
        few = slice(0, min(p.n_check, *map(len, data_sets)))
        doubled = np.concatenate(
            [log_likelihood_ratio(pair, prior, d[few], p.dt, at, refined(p.nodes)) for d in data_sets]
        )
        chosen = np.concatenate([np.arange(len(d))[few] + i * len(data_sets[0]) for i, d in enumerate(data_sets)])
        change = (
            log_loss(doubled, labels[chosen]).value - log_loss(logits[chosen], labels[chosen]).value
        )
    write_arrays(job.output.logits, logits=logits, labels=labels, points=at, quadrature_change=change)
    log.info("log-loss %s", np.round(log_loss(logits, labels).value, 4))
    log.info("change on doubling the nodes %s", np.round(change, 5))


if __name__ == "__main__":
    main(snakemake)
