"""Evidence of a study's models for the test tracks of one of them."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import DataSet
    from activenoise.physics.priors import parse_prior
    from activenoise.studies.exact import study_evidence

    p = job.params
    found = study_evidence(
        parse_prior(p.parameters), DataSet(job.input.tracks, p.made), p.points, p.pairs, p.targets,
        p.nodes, p.n_check, p.seed,
    )  # fmt: skip
    found.write(job.output.evidence)
    mean = np.mean(found.log_evidence, axis=0)
    log.info("mean log evidence of %s by duration: %s", found.models, np.round(mean, 4).tolist())


if __name__ == "__main__":
    main(snakemake)
