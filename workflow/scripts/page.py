"""The page of a record: the verdict, what it rests on, and what it was drawn from."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import json
    import sys
    from pathlib import Path

    from activenoise.analysis.stored import FactsError
    from activenoise.files import read_tree, replacing
    from activenoise.reading.record import load_record
    from activenoise.report.page import render

    verdict = json.loads(Path(job.input.verdict).read_text(encoding="utf-8"))
    tracks = list(load_record(job.input.record).tracks.values())
    template = Path(job.input.template).read_text(encoding="utf-8")
    try:
        page = render(verdict, tracks, read_tree(job.input.arrays), template)
    except FactsError as error:
        log.error("%s", error)
        sys.exit(1)
    with replacing(job.output.page) as partial:
        partial.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
