"""The optimal classifier's log odds of every held-out track, exact."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake

BLOCK = 500  # tracks at a time


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise import path_integral
    from activenoise.evidence import log_likelihood_ratio, refined
    from activenoise.files import classes, write_arrays
    from activenoise.models import AOUP
    from activenoise.parameters import pair_models
    from activenoise.priors import parse_prior
    from activenoise.scoring import divergence, log_loss

    p = job.params
    pair, prior, at = pair_models(job.wildcards.pair), parse_prior(p.parameters), np.array(p.points)
    data_sets, labels = classes([job.input.class_0, job.input.class_1])
    ways = {"optimum": lambda x: log_likelihood_ratio(pair, prior, x, p.dt, at, p.nodes)}
    if prior.fixed:
        # As the paper's own optimum: given the first point, and in its continuous-time form.
        ways["optimum_given_start"] = lambda x: log_likelihood_ratio(
            pair, prior, x, p.dt, at, given_first=True
        )
        if pair == ("Passive", "AOUP"):
            active = prior.single("AOUP")
            assert isinstance(active, AOUP)
            ways["path_integral"] = lambda x: path_integral.log_likelihood_ratio(
                active, x, p.dt, at
            )
    parts = []
    for data_set in data_sets:
        for rows in data_set.blocks(BLOCK):
            tracks = data_set[rows]
            parts.append([way(tracks) for way in ways.values()])
            log.info("%s: %d of %d tracks", data_set.model_name, rows.stop, len(data_set))
    logits = dict(zip(ways, map(np.concatenate, zip(*parts, strict=True)), strict=True))

    # How far the quadrature is from convergence: how much better the log-loss is expected to be, on
    # some tracks of either class, when every axis has twice the nodes.
    change, error = np.zeros(len(at)), np.zeros(len(at))
    if not prior.fixed:
        few = slice(0, min(p.n_check, *map(len, data_sets)))
        fine = [
            log_likelihood_ratio(pair, prior, d[few], p.dt, at, refined(p.nodes)) for d in data_sets
        ]
        coarse = [logits["optimum"][labels == c][few] for c in (0, 1)]
        kinds = np.repeat((0, 1), few.stop)
        change, error = divergence(np.concatenate(coarse), np.concatenate(fine), kinds)
    arrays = {"logits": logits.pop("optimum"), **logits, "labels": labels, "points": at}
    changes = {"quadrature_change": change, "quadrature_change_standard_error": error}
    write_arrays(job.output.logits, {}, **arrays, **changes)
    text = "log-loss %s; its change on doubling the nodes: %s +- %s"
    loss = log_loss(arrays["logits"], labels).value
    log.info(text, *(np.round(values, 5) for values in (loss, change, error)))


if __name__ == "__main__":
    main(snakemake)
