"""A record: its track, and the histogram of its positions with the Gaussian."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.reading.record import load_studied
    from activenoise.report import style as plot

    about = job.params.about
    positions, dt = load_studied(job.input.record)
    colour = plot.ORANGE if about["synthetic"] else plot.SKY
    figure = plot.new_figure(plot.DOUBLE, 52)
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=[4, 1])
    index, x = plot.envelope(positions - positions.mean())
    axes.plot(index * dt, x, color=colour, lw=0.5)
    axes.set(xlim=(0, len(positions) * dt), xlabel="time t (s)")
    axes.set(ylabel=f"position x ({plot.unit_name(about['unit'])})")
    axes.set_title(plot.record_title(job.params.track, about))
    plot.histogram(side, positions, colour, about["unit"], orientation="horizontal")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
