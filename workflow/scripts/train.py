"""Train one network: a classifier of a pair of models, or an estimator of parameters."""

import os
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    os.environ["KERAS_BACKEND"] = job.params.backend

    from activenoise.files import DataSet, replacing, write_table
    from activenoise.learning.batches import Batches
    from activenoise.learning.recipes import build, exact_labels
    from activenoise.learning.training import DivergedError, Settings, Validation, train

    p, given = job.params, job.input
    classes = (given.train_0, given.train_1), (given.check_0, given.check_1)
    training, held_out = ([DataSet(one, p.made) for one in both if one] for both in classes)
    network = build(p.network, p.parameters, p.dt, p.task, p.names, p.seed)
    targets, labels = (p.names if p.task == "estimate" else None), None
    if p.training["labels"] == "exact":
        labels = exact_labels(training, p.parameters, targets, network.frames.points, p.seed)
    lengths = sorted({stage["points"] for stage in p.training["stages"]})
    tracks, truth = Batches(held_out, targets).batch(sum(map(len, held_out)), lengths[-1])
    source = Batches(training, targets, p.seed, p.training["tracks"], labels)
    settings, check = Settings.from_dict(p.training), Validation(tracks, truth, lengths)
    try:
        history = train(network, source, check, settings, p.seed, log)
    except DivergedError as error:
        raise DivergedError(f"{job.output.network}: {error}") from None
    with replacing(job.output.network) as partial:
        network.save(partial)
    write_table(job.output.history, history)


if __name__ == "__main__":
    main(snakemake)
