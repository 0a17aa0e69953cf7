"""Are the probabilities true? Observed fraction against predicted probability, every pair."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.tables import read_table

    table = pd.concat(map(read_table, job.input.calibration), ignore_index=True)
    pairs = job.params.about["pairs"]
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = plot.new_figure(plot.DOUBLE, 12 + 58 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (study, pair, methods) in zip(grid, pairs, strict=False):
        chosen = table[(table["study"] == study) & (table["pair"] == pair)]
        panels.calibration(axes, chosen, methods)
        axes.set_title(f"{study}: {plot.pair_name(pair)}?")
        axes.set(xlabel=f"predicted {plot.question(pair)}")
    for axes in grid[len(pairs) :]:
        axes.axis("off")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
