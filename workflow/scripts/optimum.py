"""The optimal classifier's log odds of every held-out track, exact."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake

BLOCK = 500  # tracks at a time


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import classes, write_arrays
    from activenoise.inference.quadrature import refined
    from activenoise.parameters import pair_models
    from activenoise.physics.priors import parse_prior
    from activenoise.studies.optimum import exact_answers
    from activenoise.studies.scoring import divergence, log_loss, rmse

    p = job.params
    pair, prior, at = pair_models(job.wildcards.pair), parse_prior(p.parameters), np.array(p.points)
    data_sets, labels = classes([job.input.class_0, job.input.class_1])
    parts = []
    for data_set in data_sets:
        for rows in data_set.blocks(BLOCK):
            parts.append(exact_answers(pair, prior, data_set[rows], p.dt, at, p.nodes))
            log.info("%s: %d of %d tracks", data_set.model_name, rows.stop, len(data_set))
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    # How far the quadrature is from convergence: how much better the log-loss is expected to be, on
    # some tracks of either class, when every axis has twice the nodes, and what the means change.
    change = error = np.zeros(len(at))
    changes = {}
    if not prior.fixed:
        few = slice(0, min(p.n_check, *map(len, data_sets)))
        nodes = refined(p.nodes)
        fine = [exact_answers(pair, prior, d[few], p.dt, at, nodes) for d in data_sets]
        coarse = [{n: v[labels == c][few] for n, v in found.items()} for c in (0, 1)]
        odds = [np.concatenate([c["logits"] for c in two]) for two in (coarse, fine)]
        change, error = divergence(*odds, np.repeat((0, 1), few.stop))
        for name in found:
            if name.startswith("mean_"):
                changes[f"change_{name}"] = rmse(fine[1][name], coarse[1][name]).value
    changes |= {"quadrature_change": change, "quadrature_change_standard_error": error}
    write_arrays(job.output.logits, **found, labels=labels, points=at, **changes)
    text = "log-loss %s; its change on doubling the nodes: %s +- %s"
    loss = log_loss(found["logits"], labels).value
    log.info(text, *(np.round(values, 5) for values in (loss, change, error)))


if __name__ == "__main__":
    main(snakemake)
