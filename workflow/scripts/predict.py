"""A network's answers for every held-out track."""

import os
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    os.environ["KERAS_BACKEND"] = job.params.backend
    import numpy as np

    from activenoise.files import classes, write_arrays
    from activenoise.learning.networks import Network

    p = job.params
    data_sets, labels = classes([s for s in (job.input.class_0, job.input.class_1) if s])
    answers = []
    for path in job.input.networks:
        network = Network.load(path)
        # A feedforward network reads one duration, an LSTM all of them.
        at = [network.frames.points] if network.about["head"] == "feedforward" else p.points
        answers.append(
            np.concatenate(
                [
                    network.predict(d[rows, : at[-1]], at)
                    for d in data_sets
                    for rows in d.blocks(500)
                ]
            )
        )
        log.info("%s: %s points", path, at)
    by_seed = [
        np.concatenate(answers[k : k + len(answers) // p.seeds], axis=1)
        for k in range(0, len(answers), len(answers) // p.seeds)
    ]
    merged = by_seed[0]
    if network.task == "classify":
        others = {f"logits_seed{k}": logits for k, logits in enumerate(by_seed[1:], start=2)}
        write_arrays(job.output.answers, logits=merged, **others, labels=labels, points=p.points)
        return
    n = len(network.names)
    truth = np.log(np.stack([data_sets[0].parameters[name] for name in network.names], axis=1))
    write_arrays(
        job.output.answers,
        mean=merged[..., :n],
        sd=np.exp(merged[..., n:]),
        truth=truth,
        points=p.points,
    )


if __name__ == "__main__":
    main(snakemake)
