"""Training curves of a study: error on the validation tracks against steps, with the optimum."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np
    import pandas as pd

    from activenoise.learning.curves import bounds, curves
    from activenoise.report import style as plot

    p = job.params
    panels = [
        (task, network, quantity, curve)
        for task, network, files in p.histories
        for quantity, curve in curves(files).items()
    ]
    limits = bounds(
        pd.read_csv(job.input.scores[0]) if job.input.scores else None,
        pd.read_csv(job.input.estimates[0]) if job.input.estimates else None,
    )
    columns = len(panels) if len(panels) in (2, 4) else min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = plot.new_figure(plot.DOUBLE if columns > 1 else plot.SINGLE, 8 + 52 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (task, network, quantity, curve) in zip(grid, panels, strict=False):
        ends = []
        lengths = sorted(curve)
        few = np.unique(np.linspace(0, len(lengths) - 1, 5).round().astype(int))
        colours = plot.shades(plot.look(network).colour, len(few))
        for n, colour in zip([lengths[i] for i in few], colours, strict=True):
            steps, values = curve[n]
            axes.plot(steps, values, color=colour, lw=0.9)
            if (bound := limits.get((task, quantity, n))) is not None:
                axes.axhline(bound, color=colour, lw=0.7, ls=(0, (4, 2)), zorder=1)
            ends.append(plot.End(steps[-1], values[-1], f"{n * p.dt:.3g} s", colour))
        symbol = plot.SYMBOLS.get(quantity)
        asked = f"estimate of {symbol}:" if symbol else f"{plot.pair_name(task)}?"
        measure = f"validation RMSE of ln {symbol}" if symbol else "validation log-loss (nats)"
        axes.set(title=f"{asked} {plot.look(network).name}", ylabel=measure)
        axes.set(xlabel="training step", xlim=(0, None))
        plot.bound_losses(axes, quantity)
        axes.set(
            ylabel="validation log-loss (nats)"
            if quantity == "log_loss"
            else f"validation RMSE of ln {plot.SYMBOLS[quantity]}"
        )
        plot.label_ends(axes, ends)
    for axes in grid[len(panels) :]:
        axes.axis("off")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
