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
    from activenoise.learning.recipes import build
    from activenoise.learning.training import DivergedError, Settings, Validation, train

    p = job.params
    training, held_out = (
        [DataSet(shards, p.made) for shards in both if shards]
        for both in ((job.input.train_0, job.input.train_1), (job.input.check_0, job.input.check_1))
    )
    network = build(p.network, p.parameters, p.dt, p.task, p.names, p.seed)
    targets = p.names if p.task == "estimate" else None
    lengths = sorted({stage["points"] for stage in p.training["stages"]})
    check = Batches(held_out, targets)
    tracks, truth = check.batch(sum(map(len, held_out)), lengths[-1])
    source = Batches(training, targets, p.seed, p.training["tracks"])
    settings = Settings.from_dict({k: v for k, v in p.training.items() if k != "tracks"})
    try:
        history = train(network, source, Validation(tracks, truth, lengths), settings, p.seed, log)
    except DivergedError as error:
        raise DivergedError(f"{job.output.network}: {error}") from None
    with replacing(job.output.network) as partial:
        network.save(partial)
    write_table(job.output.history, history)


if __name__ == "__main__":
    main(snakemake)
