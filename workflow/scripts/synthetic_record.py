"""Simulate a record of the config: one long track, labelled synthetic."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import write_arrays
    from activenoise.physics.models import MODELS
    from activenoise.simulation.tracks import simulate

    p = job.params
    model = MODELS[p.model](**p.parameters)
    positions = simulate(model, p.n_points, p.dt, p.seed, n_tracks=1)
    attributes = {"dt": p.dt, "unit": p.unit, "synthetic": True, "model": p.model, **p.parameters}
    write_arrays(job.output.record, attributes, positions=positions)


if __name__ == "__main__":
    main(snakemake)
