"""A network's answers for every held-out track."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import classes, write_arrays
    from activenoise.learning.trained import Network

    p = job.params
    data_sets, labels = classes([s for s in (job.input.class_0, job.input.class_1) if s], p.made)
    answers = []
    for path in job.input.networks:
        network = Network.load(path)
        # A feedforward network reads one duration, an LSTM all of them.
        at = [network.frames.points] if network.about["head"] == "feedforward" else p.points
        parts = [
            network.predict(d[rows, : at[-1]], at) for d in data_sets for rows in d.blocks(500)
        ]
        answers.append(np.concatenate(parts))
        log.info("%s: %s points", path, at)
    # The networks of the first seed come first; a feedforward one has one for each duration.
    n = len(answers) // p.seeds
    first, *others = (np.concatenate(answers[k : k + n], axis=1) for k in range(0, len(answers), n))
    if network.task == "classify":
        by_seed = {f"logits_seed{k}": logits for k, logits in enumerate(others, start=2)}
        write_arrays(job.output.answers, logits=first, **by_seed, labels=labels, points=p.points)
        return
    mean, log_sd = np.split(first, 2, axis=-1)
    truth = data_sets[0].log_parameters(network.names)
    write_arrays(job.output.answers, mean=mean, sd=np.exp(log_sd), truth=truth, points=p.points)


if __name__ == "__main__":
    main(snakemake)
