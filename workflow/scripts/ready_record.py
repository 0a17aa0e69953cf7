"""The ready networks' answers for a record in any unit: whole, and segment by segment."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.analysis.second_opinion import load_ready, second_opinion
    from activenoise.analysis.stored import read_facts
    from activenoise.files import write_json, write_table
    from activenoise.reading.record import load_record
    from activenoise.studies.segments import SegmentAnswer

    p = job.params
    ready = load_ready(dict(zip(p.tasks, job.input.networks, strict=True)), p.study)
    facts, record = read_facts(job.input.findings), load_record(job.input.record)
    found, rows = second_opinion(facts, record, ready)
    log.info("%s", found)
    write_json(job.output.summary, {"study": ready.study, "coordinates": found})
    write_table(job.output.segments, rows, ("coordinate", *SegmentAnswer._fields))


if __name__ == "__main__":
    main(snakemake)
