"""The published numbers against ours."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.studies.published import SHOWN
    from activenoise.tables import read_table

    table = read_table(job.input.table, *SHOWN)
    shares = table["quantity"].str.contains("log_loss|accuracy|mean_p|record_p")
    figure = plot.new_figure(plot.DOUBLE, 84)
    axes, ratios = figure.subplots(1, 2, width_ratios=[1, 1.05])
    panels.published_shares(axes, table[shares])
    panels.published_ratios(ratios, table[~shares])
    for panel, name in ((axes, "A"), (ratios, "B")):
        plot.letter(panel, name)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
