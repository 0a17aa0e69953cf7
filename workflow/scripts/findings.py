"""The facts of a record, or of a table of tracks, and the arrays that its figures draw."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import sys

    from activenoise.analysis.record import analyse
    from activenoise.analysis.stored import to_json
    from activenoise.config.choices import choices
    from activenoise.files import write_arrays, write_json
    from activenoise.reading.record import load_record

    record = load_record(job.input.record)
    p = job.params
    how = (p.instrument, p.effort, p.seed, choices(p.trap, p.choices), record.left_out)
    try:
        found = analyse(record.by_coordinate(), record.dt, *how, record.starts or None, log.info)
    except ValueError as error:
        log.error("track %s: %s", job.wildcards.track, error)
        sys.exit(1)
    log.info("seconds: %s", found.facts.seconds)
    write_arrays(job.output.arrays, {"unit": record.unit}, **found.arrays)
    write_json(job.output.facts, to_json(found.facts))


if __name__ == "__main__":
    main(snakemake)
