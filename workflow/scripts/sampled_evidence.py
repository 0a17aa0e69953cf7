"""Evidence of every held-out track of one model, by sampling: for studies with an instrument."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import DataSet, write_arrays
    from activenoise.physics.priors import parse_prior
    from activenoise.studies.sampled_evidence import Evidences, evidences

    p = job.params
    prior, tracks = parse_prior(p.parameters), DataSet(job.input.tracks)
    parts = []
    for i in range(len(tracks)):
        track = tracks[i : i + 1][0]
        seed = p.seed + 1000 * i
        parts.append(
            evidences(prior, track, p.dt, p.points, p.targets, seed, mechanism=p.mechanism)
        )
        if (i + 1) % 10 == 0:
            log.info("%s: %d of %d tracks", tracks.model_name, i + 1, len(tracks))
    arrays = dict(zip(Evidences._fields, map(np.array, zip(*parts, strict=True)), strict=True))
    truth = np.full((len(tracks), len(p.targets)), np.nan)
    if p.targets and tracks.model_name != "Passive":
        truth = np.log(np.stack([tracks.parameters[n] for n in p.targets], axis=1))
    write_arrays(job.output.evidence, points=p.points, truth=truth, **arrays)


if __name__ == "__main__":
    main(snakemake)
