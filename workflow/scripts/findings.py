"""What the four models say of a record, or of a table of tracks: facts, and the arrays that its
figures draw."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import sys

    from activenoise.analysis.record import findings
    from activenoise.analysis.table import table_findings
    from activenoise.config.choices import choices
    from activenoise.files import read_arrays, read_attributes, tracks_of, write_arrays, write_json

    about = read_attributes(job.input.record)
    tracks = tracks_of(read_arrays(job.input.record))
    named = {
        track: dict(zip(about["coordinates"], positions.T, strict=True))
        for track, positions in tracks.items()
    }
    p = job.params
    chosen = choices(p.trap, p.choices)
    asked = (about["dt"], p.instrument, p.effort, p.seed, chosen)
    try:
        if len(named) == 1:
            found = findings(next(iter(named.values())), *asked)
        else:
            found = table_findings(named, *asked, left_out=about["left_out"])
    except ValueError as error:
        log.error("track %s: %s", job.wildcards.track, error)
        sys.exit(1)
    log.info("seconds: %s", found.facts["seconds"])
    write_arrays(job.output.arrays, {"unit": about["unit"]}, **found.arrays)
    write_json(job.output.facts, found.facts)


if __name__ == "__main__":
    main(snakemake)
