"""What each network of a pair loses against the exact optimum: inputs, heads, training sets."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.studies.durations import LOSSES, PUBLISHED, published_log_loss
    from activenoise.tables import read_rows, read_table

    study, pair, methods = (job.params.about[name] for name in ("study", "pair", "methods"))
    columns = ("duration", *LOSSES, "seeds", "excess_spread")
    scores = read_rows(job.input.scores, columns, pair=[pair], method=methods)
    table = read_table(job.input.published, *PUBLISHED, shipped=True)
    published = published_log_loss(table, study, pair, scores["duration"].max())
    figure = plot.new_figure(plot.DOUBLE, 80)
    panels.excess_of_networks(figure.subplots(), scores, published, methods)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
