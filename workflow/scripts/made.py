"""What the ready networks follow from, and how well they answer tracks of no training."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise import __version__
    from activenoise.files import classes, read_arrays, write_json
    from activenoise.learning.trained import Network
    from activenoise.studies.scoring import divergence, log_loss, rmse, rmse_ratio

    p, given = job.params, job.input
    scores = {}
    held_out = [classes(f, p.made) for f in ([given.check_0, given.check_1], [given.estimated])]
    for path, (data_sets, labels) in zip(given.networks, held_out, strict=True):
        network = Network.load(path)
        answers = np.concatenate([network.predict(one[:], p.points) for one in data_sets])
        if network.task == "classify":
            scores["log_loss"] = log_loss(answers, labels)
            continue
        truth = data_sets[0].log_parameters(network.names)[:, None]
        scores["rmse"] = rmse(answers[..., : len(network.names)], truth)
    optimum, bayes = read_arrays(given.optimum), read_arrays(given.bayes)
    answered, estimates = read_arrays(given.answers), read_arrays(given.estimates)
    logits, labels = answered["logits"], answered["labels"]
    scores["relative_entropy"] = divergence(logits, optimum["logits"], labels)
    truth = bayes["truth"][:, None]
    scores["rmse_ratio"] = rmse_ratio(estimates["mean"], bayes["mean"], truth)
    log.info("%s", scores)
    made = {"version": __version__, "code": p.code, "settings": p.settings, "points": p.points}
    for name, score in scores.items():
        made[name] = {part: array.tolist() for part, array in score._asdict().items()}
    write_json(job.output.made, made)


if __name__ == "__main__":
    main(snakemake)
