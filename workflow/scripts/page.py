"""The page of a record: the verdict, what it rests on, and what it was drawn from."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from pathlib import Path

    from activenoise.files import read_json, read_tree, replacing
    from activenoise.reading.record import load_record
    from activenoise.report.page import render

    verdict = read_json(job.input.verdict)
    tracks = list(load_record(job.input.record).tracks.values())
    template = Path(job.input.template).read_text(encoding="utf-8")
    page = render(verdict, tracks, read_tree(job.input.arrays), template)
    with replacing(job.output.page) as partial:
        partial.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
