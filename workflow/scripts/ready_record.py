"""The ready networks' answers for a record in any unit: whole, and segment by segment."""

import os
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    os.environ["KERAS_BACKEND"] = job.params.backend
    import json
    from pathlib import Path

    from activenoise.files import read_tree, write_json, write_table
    from activenoise.learning.any_record import answers, known_rates, longest_tracks, without_tones
    from activenoise.learning.domain import read_domains
    from activenoise.learning.networks import Network
    from activenoise.reading.record import load_record

    p = job.params
    record = load_record(job.input.record)
    tracks = longest_tracks(record.tracks, record.coordinates)
    facts = json.loads(Path(job.input.findings).read_text(encoding="utf-8"))
    tracks = without_tones(tracks, facts, record.dt)
    networks = dict(zip(p.tasks, map(Network.load, job.input.networks), strict=True))
    domains = {
        task: read_domains(read_tree(path))
        for task, path in zip(p.tasks, job.input.domains, strict=True)
    }
    pieces = facts["segments"]["pieces"]
    found, rows = answers(
        networks, domains, tracks, record.dt, known_rates(facts), p.ranges, pieces
    )
    log.info("%s", found)
    write_json(job.output.summary, {"study": p.study, "coordinates": found})
    write_table(job.output.segments, rows)


if __name__ == "__main__":
    main(snakemake)
