"""Figure 3: log-loss against duration, its excess over the exact optimum, and exponential fits."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import write_table
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.studies.durations import (
        FIT_COLUMNS,
        LOSSES,
        PUBLISHED,
        fit_rows,
        fits,
        published_log_loss,
    )
    from activenoise.tables import read_rows, read_table

    study, pair, methods = (job.params.about[name] for name in ("study", "pair", "methods"))
    columns = ("duration", *LOSSES)
    scores = read_rows(job.input.scores, columns, pair=[pair], method=methods)
    table = read_table(job.input.published, *PUBLISHED, shipped=True)
    published = published_log_loss(table, study, pair, scores["duration"].max())
    decays = fits(scores, methods)
    figure = plot.new_figure(plot.DOUBLE, 74)
    loss, excess = figure.subplots(1, 2, width_ratios=[1, 1])
    panels.log_loss(loss, excess, scores, decays, published, methods)
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.table, fit_rows(decays, scores), FIT_COLUMNS)


if __name__ == "__main__":
    main(snakemake)
