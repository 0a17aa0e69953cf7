"""Figure 4: estimates of parameters against the truth, beside the Bayes estimates, their bound."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays
    from activenoise.report import panels
    from activenoise.report import style as plot

    about = job.params.about
    bayes = read_arrays(job.input.bayes, "mean", "truth")
    network = read_arrays(job.input.network, "mean")
    n = len(about["targets"])
    rows = (n + 1) // 2
    figure = plot.new_figure(plot.DOUBLE, 58 * rows if n > 1 else 100)
    grid = np.ravel(figure.subplots(rows, 4 if n > 1 else 2))
    for unused in grid[2 * n :]:
        unused.set_axis_off()
    for k, target in enumerate(about["targets"]):
        bound, truth = bayes["mean"][:, -1, k], bayes["truth"][:, k]
        prior = about["ranges"].get(target)
        for j, (method, answer) in enumerate(((about["network"], network), ("bayes", bayes))):
            axes, estimate = grid[2 * k + j], answer["mean"][:, -1, k]
            panels.estimates(axes, target, method, estimate, bound, truth, prior, about["unit"])
            plot.letter(axes, "ABCDEFGH"[2 * k + j], y=1.13)
        axes.set(ylabel="")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
