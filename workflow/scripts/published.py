"""Every number of the paper beside ours: results/published.csv."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.files import read_json, replacing
    from activenoise.studies import published
    from activenoise.tables import read_table

    p = job.params
    tables = [read_table(path, *published.SCORED) for path in job.input.scores]
    scores = pd.concat(tables, ignore_index=True)
    parts = [published.reproduced_scores(scores), published.reproduced_dissipation()]
    if job.input.verdict:
        verdict = read_json(job.input.verdict[0])
        segments = read_table(job.input.segments[0], "quantity", "duration", "value")
        parts.append(published.reproduced_record(verdict["study"], p.questions, verdict, segments))
    ours = pd.concat(parts, ignore_index=True)
    table = published.compare(published.read_published(job.input.published), ours, p.longest)
    table = published.with_remarks(table, job.input.remarks)
    with replacing(job.output.table) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")
    log.info("%d published numbers have a counterpart", len(table))


if __name__ == "__main__":
    main(snakemake)
