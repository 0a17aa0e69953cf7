"""What the four models say of a record: facts, and the arrays that its figures draw."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import json
    import sys

    from activenoise.files import read_arrays, read_attributes, replacing, write_arrays
    from activenoise.findings import findings

    about = read_attributes(job.input.record)
    positions = read_arrays(job.input.record)["positions"]
    coordinates = dict(zip(about["coordinates"], positions.T, strict=True))
    p = job.params
    try:
        found = findings(coordinates, about["dt"], p.instrument, p.effort, p.seed)
    except ValueError as error:
        log.error("track %s: %s", job.wildcards.track, error)
        sys.exit(1)
    log.info("seconds: %s", found.facts["seconds"])
    write_arrays(job.output.arrays, {"unit": about["unit"]}, **found.arrays)
    with replacing(job.output.facts) as partial:
        partial.write_text(json.dumps(found.facts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
