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
    from activenoise.files import write_arrays, write_json
    from activenoise.reading.record import load_record

    record = load_record(job.input.record)
    named = record.by_coordinate()
    p = job.params
    chosen = choices(p.trap, p.choices)
    asked = (record.dt, p.instrument, p.effort, p.seed, chosen)
    try:
        if len(named) == 1:
            found = findings(next(iter(named.values())), *asked)
        else:
            found = table_findings(named, *asked, left_out=record.left_out)
    except ValueError as error:
        log.error("track %s: %s", job.wildcards.track, error)
        sys.exit(1)
    log.info("seconds: %s", found.facts["seconds"])
    write_arrays(job.output.arrays, {"unit": record.unit}, **found.arrays)
    write_json(job.output.facts, found.facts)


if __name__ == "__main__":
    main(snakemake)
