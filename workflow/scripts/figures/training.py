"""Training curves of a study: error on the validation tracks against steps, with the optimum."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.learning.curves import bounds, curves
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.tables import read_table

    about = job.params.about
    drawn = [
        (task, network, quantity, curve)
        for task, network, files in about["histories"]
        for quantity, curve in curves(files).items()
    ]
    tables = (job.input.scores, job.input.estimates)
    columns = (("method", "pair", "log_loss"), ("method", "target", "rmse"))
    limits = bounds(
        *(
            read_table(paths[0], "n_points", *names) if paths else None
            for paths, names in zip(tables, columns, strict=True)
        )
    )
    width = len(drawn) if len(drawn) in (2, 4) else min(3, len(drawn))
    rows = -(-len(drawn) // width)
    figure = plot.new_figure(plot.DOUBLE if width > 1 else plot.SINGLE, 8 + 52 * rows)
    grid = figure.subplots(rows, width, squeeze=False).ravel()
    for axes, panel in zip(grid, drawn, strict=False):
        panels.training(axes, *panel, limits, about["dt"])
    for axes in grid[len(drawn) :]:
        axes.axis("off")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
