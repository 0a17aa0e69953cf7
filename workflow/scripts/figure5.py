"""Figure 5: autocorrelation of a record with the fits of the active and of the passive model."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import json
    from pathlib import Path

    import numpy as np

    from activenoise.files import read_arrays
    from activenoise.report import style as plot

    data = read_arrays(job.input.correlation)
    fit = json.loads(Path(job.input.fit).read_text(encoding="utf-8"))
    about = job.params.about
    lags, error = data["lags"], data["standard_error"]
    figure = plot.new_figure(plot.SINGLE, 100)
    axes, residual = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
    size, unit = plot.scaled(data["correlation"][0], f"{plot.unit_name(about['unit'])}²")
    axes.errorbar(
        lags, data["correlation"] / size, error / size, fmt="o", color=plot.INK, mfc="white", ms=3,
        lw=0.6, zorder=2,
    )  # fmt: skip
    grid = np.concatenate([[0.0], np.geomspace(lags[1] / 20, lags[-1], 400)])
    fits = (("AOUP", "active: AOUP or RBP", plot.RED, "-"), ("Passive", "passive", plot.BLUE, "--"))
    for k, (model, name, colour, dash) in enumerate(fits):
        curve = plot.fitted_curve(model, fit, lags, data[model], grid)
        axes.plot(grid, curve / size, color=colour, ls=dash, lw=1.1, zorder=3 - k)
        pull = (data["correlation"] - data[model]) / error
        residual.plot(lags, pull, "o" if k == 0 else "x", color=colour, ms=2.6, mew=0.7)
        chi2 = fit["reduced_chi2"][model]
        plot.note(
            axes,
            0.985,
            0.97 - 0.07 * k,
            f"{name}: χ² per degree {chi2:.2f}",
            color=colour,
            ha="right",
        )
    for k, reading in enumerate(("AOUP", "RBP")):
        lines = [f"read as {reading}:"]
        for name in plot.READINGS[reading]:
            estimate = fit[reading][name]
            value = plot.with_error(estimate["value"], estimate["standard_error"])
            value = f"{value} {plot.parameter_unit(name, about['unit'])}"
            if plot.is_unresolved(name, fit["unresolved"]):
                value = "not resolved"
            lines.append(f"{plot.SYMBOLS[name]} = {value}")
        plot.note(axes, 0.5, 0.82 - 0.29 * k, "\n".join(lines))
    axes.axhline(0, color=plot.GREY, lw=0.4, zorder=0)
    axes.set(ylabel=f"C(t) ({unit})", title=plot.record_title(job.params.track, about))
    residual.axhspan(-1, 1, color=plot.PALE, alpha=0.6, lw=0, zorder=0)
    residual.axhline(0, color=plot.GREY, lw=0.4, zorder=0)
    residual.set(ylabel="(C − fit)/s.e.")
    plot.lag_axis(residual, lags)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
