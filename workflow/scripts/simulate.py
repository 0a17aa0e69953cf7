"""Simulate one shard of a data set."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.physics.priors import parse_prior
    from activenoise.simulation.shards import write_shard

    p = job.params
    rows = range(p.shard * p.n_tracks // p.shards, (p.shard + 1) * p.n_tracks // p.shards)
    write_shard(
        job.output.shard,
        job.wildcards.model,
        parse_prior(p.parameters),
        p.n_points,
        p.dt,
        p.seed,
        rows,
        study=job.wildcards.study,
        split=job.wildcards.split,
        unit=p.unit,
        made=p.made,
    )
    log.info("%d tracks of %d points, seed %d", len(rows), p.n_points, p.seed)


if __name__ == "__main__":
    main(snakemake)
