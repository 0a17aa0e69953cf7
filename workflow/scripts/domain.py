"""Where the statistics of a task's training tracks lie, at the durations of its study."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import DataSet, write_arrays
    from activenoise.learning.domain import Domain, domain_arrays

    made = job.params.made
    held_out = [
        DataSet(shards, made) for shards in (job.input.check_0, job.input.check_1) if shards
    ]
    domains = []
    for n in job.params.points:
        tracks = np.concatenate([data_set[:, :n] for data_set in held_out])
        domains.append(Domain.of(tracks))
        log.info("%d points: %d tracks", n, len(tracks))
    write_arrays(job.output.domain, job.params.ranges, **domain_arrays(domains))


if __name__ == "__main__":
    main(snakemake)
