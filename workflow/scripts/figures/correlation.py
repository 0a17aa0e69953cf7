"""Figure 5: autocorrelation of a record with the fits of the active and of the passive model."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import read_arrays, read_json
    from activenoise.report import record_panels as panels
    from activenoise.report import style as plot

    about = job.params.about
    data = read_arrays(job.input.correlation, "lags", "correlation", "standard_error")
    fit = read_json(job.input.fit)
    figure = plot.new_figure(plot.SINGLE, 100)
    axes, residual = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
    panels.correlation(axes, residual, data, fit, about["unit"])
    axes.set(title=panels.record_title(about))
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
