"""The Bayes estimates of log D and log D_a of every held-out track: the bound of the regressors."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


BLOCK = 500  # tracks at a time


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.evidence import posterior_moments, refined
    from activenoise.files import Tracks, write_arrays
    from activenoise.priors import parse_prior
    from activenoise.scoring import rmse

    p = job.params
    prior, at = parse_prior(p.parameters), np.array(p.points)
    tracks = Tracks(job.input.tracks)
    truth = np.log(np.stack([tracks.parameters[name] for name in p.targets], axis=1))

    def estimate(rows: slice, nodes: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        result = posterior_moments(tracks.model_name, prior, tracks[rows], p.dt, at, nodes)
        mean, sd = (
            np.stack([part[name] for name in p.targets], axis=-1)
            for part in (result.mean, result.sd)
        )
        return mean, sd

    parts = []
    for rows in tracks.blocks(BLOCK):
        parts.append(estimate(rows, p.nodes))
        log.info("%d of %d tracks", rows.stop, len(tracks))
    mean, sd = (np.concatenate(part) for part in zip(*parts, strict=True))
    few = slice(0, min(p.n_check, len(tracks)))
    change = np.sqrt(np.mean((estimate(few, refined(p.nodes))[0] - mean[few]) ** 2, axis=0))
    write_arrays(
        job.output.estimates, mean=mean, sd=sd, truth=truth, points=at, quadrature_change=change
    )
    log.info("RMSE of %s: %s", p.targets, np.round(rmse(mean, truth[:, None]).value, 4).tolist())
    log.info("rms change on doubling the nodes: %s", np.round(change, 5).tolist())


if __name__ == "__main__":
    main(snakemake)
