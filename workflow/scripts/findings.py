"""The facts of a record, or of a table of tracks, and the arrays that its figures draw."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import sys

    from activenoise.analysis.facts import to_json
    from activenoise.analysis.record import analyse
    from activenoise.config.choices import choices
    from activenoise.files import read_arrays, read_attributes, tracks_of, write_arrays, write_json

    about = read_attributes(job.input.record)
    tracks = {
        track: dict(zip(about["coordinates"], positions.T, strict=True))
        for track, positions in tracks_of(read_arrays(job.input.record)).items()
    }
    p = job.params
    how = (p.instrument, p.effort, p.seed, choices(p.trap, p.choices), about["left_out"])
    try:
        found = analyse(tracks, about["dt"], *how, progress=log.info)
    except ValueError as error:
        log.error("track %s: %s", job.wildcards.track, error)
        sys.exit(1)
    log.info("seconds: %s", found.facts.seconds)
    write_arrays(job.output.arrays, {"unit": about["unit"]}, **found.arrays)
    write_json(job.output.facts, to_json(found.facts))


if __name__ == "__main__":
    main(snakemake)
