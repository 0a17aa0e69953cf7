"""Figure 2: what the classifiers answer for held-out tracks, beside the exact optimum."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import read_arrays
    from activenoise.report import panels
    from activenoise.report import style as plot

    about = job.params.about
    figure = plot.new_figure(plot.DOUBLE, 68)
    axes = figure.subplots(1, len(about["pairs"]), squeeze=False, sharey=True)[0]
    files = zip(axes, "AB", about["pairs"], job.input.networks, job.input.optimum, strict=False)
    for panel, name, pair, of_network, of_optimum in files:
        names = ("logits", "labels", "points")
        network = read_arrays(of_network, *names)
        panels.answers(panel, pair, network, read_arrays(of_optimum, *names))
        plot.letter(panel, name, y=1.12)
    duration = network["points"][-1] * about["dt"]
    figure.supxlabel(
        "Filled, left: LSTM. Hatched, right: exact optimum. Black lines: means. Numbers: tracks "
        f"called right. {len(network['labels']) // 2} held-out tracks of {duration:.3g} s a class.",
        fontsize=6,
    )
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
