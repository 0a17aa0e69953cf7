"""AOUP or RBP at equal covariance: log-loss against duration and D_a/D, and the duration needed."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.files import write_table
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.studies.durations import LOSSES, duration_row
    from activenoise.tables import read_rows

    studies = job.params.about["studies"]
    columns = ("duration", *LOSSES, "accuracy_0", "accuracy_1")
    tables = [
        read_rows(
            path, columns, pair=["AOUP-RBP"], method=["optimum", *([network] * bool(network))]
        )
        for path, (*_, network) in zip(job.input.scores, studies, strict=True)
    ]
    rows = [duration_row(table, *study) for table, study in zip(tables, studies, strict=True)]
    curves = [
        (ratio, table, network) for table, (_, ratio, network) in zip(tables, studies, strict=True)
    ]
    figure = plot.new_figure(plot.DOUBLE, 62)
    panels.mechanism(*figure.subplots(1, 3), curves, pd.DataFrame(rows))
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.table, rows)


if __name__ == "__main__":
    main(snakemake)
