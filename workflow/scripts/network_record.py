"""The networks' answers for a record: whole, and segment by segment."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.files import read_tree, write_json, write_table
    from activenoise.learning.answers import by_segment, whole_record
    from activenoise.learning.domain import familiarity, read_domains
    from activenoise.learning.trained import Network
    from activenoise.reading.record import load_studied
    from activenoise.studies.segments import SegmentAnswer

    p = job.params
    positions, dt = load_studied(job.input.record)
    networks = {
        task: Network.load(path) for task, path in zip(p.tasks, job.input.networks, strict=True)
    }
    summary = whole_record(networks, positions)
    summary["familiar"] = {
        task: familiarity(read_domains(read_tree(path)), positions)
        for task, path in zip(p.tasks, job.input.domains, strict=True)
    }
    log.info("whole record: %s", summary)
    write_json(job.output.summary, summary)
    answers = by_segment(networks, positions, dt, p.points)
    write_table(
        job.output.segments, (answer._asdict() for answer in answers), SegmentAnswer._fields
    )


if __name__ == "__main__":
    main(snakemake)
