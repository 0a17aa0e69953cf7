"""Are the probabilities true? Observed fraction against predicted probability, every pair."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.report import style as plot

    table = pd.concat(map(pd.read_csv, job.input.calibration), ignore_index=True)
    pairs = job.params.pairs
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = plot.new_figure(plot.DOUBLE, 12 + 58 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (study, pair, methods) in zip(panels, pairs, strict=False):
        chosen = table[(table["study"] == study) & (table["pair"] == pair)]
        axes.plot([0, 1], [0, 1], color=plot.GREY, lw=0.6, ls=(0, (4, 2)), zorder=0)
        for k, method in enumerate(methods):
            curve = chosen[chosen["method"] == method]
            curve = curve[curve["duration"] == curve["duration"].max()]
            name, colour, marker = plot.look(method)
            axes.errorbar(
                curve["predicted"], curve["observed"], curve["standard_error"], fmt=marker,
                color=colour, mfc="white" if method == "optimum" else colour, ms=3, lw=0.7,
            )  # fmt: skip
            text = f"{name}, {curve['duration'].iloc[0]:.3g} s"
            plot.note(axes, 0.03, 0.98 - 0.075 * k, text, color=colour)
        axes.set_title(f"{study}: {plot.pair_name(pair)}?")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set(xlabel=f"predicted {plot.question(pair)}", ylabel="observed fraction")
    for axes in panels[len(pairs) :]:
        axes.axis("off")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
