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

    from activenoise.domain import read_domains
    from activenoise.files import read_arrays, read_attributes, read_tree, replacing, write_table
    from activenoise.networks import Network
    from activenoise.ready import in_range, segments, thinned, whole

    p = job.params
    facts = json.loads(Path(job.input.findings).read_text(encoding="utf-8"))
    found = facts["models"][facts["favoured"]]["parameters"]
    known = {n: found[n]["median"] for n in ("kappa", "tau_a") if n in found}
    about = read_attributes(job.input.record)
    coordinates = dict(
        zip(about["coordinates"], read_arrays(job.input.record)["positions"].T, strict=True)
    )
    networks = dict(zip(p.tasks, map(Network.load, job.input.networks), strict=True))
    domains = {
        task: read_domains(read_tree(path))
        for task, path in zip(p.tasks, job.input.domains, strict=True)
    }
    longest = min(network.trained_to for network in networks.values())
    summary, rows = {"study": p.study, "coordinates": {}}, []
    for name, positions in coordinates.items():
        record = thinned(positions, about["dt"], longest, known.get("kappa"), p.ranges["kappa"][1])
        answer = whole(networks, domains, record)
        answer["in_range"] = in_range(p.ranges, known, record.dt)
        summary["coordinates"][name] = answer
        log.info("%s: %s", name, answer)
        if "too_short" not in answer:
            lengths = list(next(iter(domains.values())))
            rows += [
                {"coordinate": name, **row._asdict()} for row in segments(networks, record, lengths)
            ]
    with replacing(job.output.summary) as partial:
        partial.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    write_table(job.output.segments, rows)


if __name__ == "__main__":
    main(snakemake)
