"""The exact likelihoods' answers for a record: whole, and segment by segment."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.files import write_json, write_table
    from activenoise.physics.priors import parse_prior
    from activenoise.reading.record import load_studied
    from activenoise.studies.answers import by_segment, whole_record
    from activenoise.studies.segments import SegmentAnswer

    p = job.params
    prior = parse_prior(p.parameters)
    positions, dt = load_studied(job.input.record)
    summary = whole_record(prior, positions, dt, p.nodes, p.seed)
    log.info("whole record: %s", summary)
    write_json(job.output.summary, summary)
    answers = by_segment(prior, positions, dt, p.points, p.nodes, p.seed)
    write_table(
        job.output.segments, (answer._asdict() for answer in answers), SegmentAnswer._fields
    )


if __name__ == "__main__":
    main(snakemake)
