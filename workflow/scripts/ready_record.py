"""The ready networks' answers for a record in any unit: whole, and segment by segment."""

import os
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    os.environ["KERAS_BACKEND"] = job.params.backend
    from activenoise.analysis.facts import read_facts
    from activenoise.files import (
        read_arrays,
        read_attributes,
        read_tree,
        tracks_of,
        write_json,
        write_table,
    )
    from activenoise.learning.any_record import answers, longest_tracks, without_tones
    from activenoise.learning.domain import read_domains
    from activenoise.learning.networks import Network

    p = job.params
    about = read_attributes(job.input.record)
    tracks = longest_tracks(tracks_of(read_arrays(job.input.record)), about["coordinates"])
    facts = read_facts(job.input.findings)
    tracks = without_tones(tracks, facts.tones.by_name, facts.record.n_read, about["dt"])
    networks = dict(zip(p.tasks, map(Network.load, job.input.networks), strict=True))
    domains = {
        task: read_domains(read_tree(path))
        for task, path in zip(p.tasks, job.input.domains, strict=True)
    }
    # The pieces of a table are those of one track.
    pieces = [] if facts.several else [(piece.start, piece.end) for piece in facts.pieces.pieces]
    found, rows = answers(
        networks, domains, tracks, about["dt"], facts.known_rates, p.ranges, pieces
    )
    log.info("%s", found)
    write_json(job.output.summary, {"study": p.study, "coordinates": found})
    write_table(job.output.segments, rows)


if __name__ == "__main__":
    main(snakemake)
