"""Are the probabilities true? Observed fraction against predicted probability, every pair."""

from pathlib import Path
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.tables import read_rows

    files = {Path(path).parent.name: path for path in job.input.calibration}
    curve = ("duration", "predicted", "observed", "standard_error")
    pairs = job.params.about["pairs"]
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = plot.new_figure(plot.DOUBLE, 12 + 58 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (study, pair, methods) in zip(grid, pairs, strict=False):
        chosen = read_rows(files[study], curve, pair=[pair], method=methods)
        panels.calibration(axes, chosen, methods)
        axes.set_title(f"{study}: {plot.pair_name(pair)}?")
        axes.set(xlabel=f"predicted {plot.question(pair)}")
    for axes in grid[len(pairs) :]:
        axes.axis("off")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
