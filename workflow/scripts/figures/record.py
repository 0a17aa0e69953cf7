"""A record: its track, and the histogram of its positions with the Gaussian."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.reading.record import load_studied
    from activenoise.report import record_panels as panels
    from activenoise.report import style as plot

    about = job.params.about
    positions, dt = load_studied(job.input.record)
    colour, unit = panels.record_colour(about), about["unit"]
    figure = plot.new_figure(plot.DOUBLE, 52)
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=[4, 1])
    index, x = panels.envelope(positions - positions.mean())
    axes.plot(index * dt, x, color=colour, lw=0.5)
    axes.set(xlim=(0, len(positions) * dt), xlabel="time t (s)")
    axes.set(ylabel=f"position x ({plot.unit_name(unit)})", title=panels.record_title(about))
    panels.histogram(side, positions, colour, unit, orientation="horizontal")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
