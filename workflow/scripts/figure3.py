"""Figure 3: log-loss against duration, its excess over the exact optimum, and exponential fits."""

from typing import TYPE_CHECKING, Any

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np
    import pandas as pd

    from activenoise.files import write_table
    from activenoise.report import style as plot

    p = job.params
    scores = pd.read_csv(job.input.scores).query("pair == @p.pair and method in @p.methods")
    published = pd.read_csv(job.input.published, comment="#").query(
        "study == @p.study and pair == @p.pair and quantity == 'log_loss'"
    )
    published = published[published["duration"] <= 1.001 * scores["duration"].max()]
    figure = plot.new_figure(plot.DOUBLE, 74)
    loss, excess = figure.subplots(1, 2, width_ratios=[1, 1])
    rows: list[dict[str, Any]] = []
    ends: dict[str, list[plot.End]] = {"loss": [], "excess": []}
    for method in p.methods:
        curve = scores[scores["method"] == method]
        name, colour, marker = plot.look(method)
        t, y, error = (curve[c].to_numpy() for c in ("duration", "log_loss", "standard_error"))
        loss.errorbar(t, y, error, fmt=marker, color=colour, ms=3, lw=0.7, zorder=3)
        grid = np.linspace(0, scores["duration"].max(), 200)
        if fit := plot.fit_decay(t, y, error):
            inside = grid[grid <= t[-1]]
            loss.plot(inside, fit(inside), color=colour, lw=0.7)
            rows.append(
                {"method": method, "a": fit.a.value, "a_standard_error": fit.a.standard_error}
                | {"b": fit.b.value, "b_standard_error": fit.b.standard_error}
                | {"reduced_chi2": fit.reduced_chi2, "points": len(t)}
            )
        ends["loss"].append(plot.End(t[-1], y[-1], name, colour))
        if method != "optimum":
            y, error = (curve[c].to_numpy() for c in ("excess", "excess_standard_error"))
            excess.errorbar(t, y, error, fmt=f"{marker}-", color=colour, ms=3, lw=0.7)
            ends["excess"].append(plot.End(t[-1], y[-1], name, colour))
    # The published excess is over the published optimum, which was read off the same figure.
    wide = published.pivot_table(
        index="duration", columns="method", values=["value", "uncertainty"]
    )
    for method in [m for m in p.methods if m in set(published["method"])]:
        curve = published[published["method"] == method]
        name, colour, marker = plot.look(method)
        style = {"fmt": marker, "color": colour, "mfc": "none", "ms": 5, "mew": 0.7, "lw": 0.5}
        loss.errorbar(curve["duration"], curve["value"], curve["uncertainty"], **style, capsize=0)
        if method != "optimum":
            gap = (wide["value"][method] - wide["value"]["optimum"]).dropna()
            error = np.hypot(wide["uncertainty"][method], wide["uncertainty"]["optimum"])[gap.index]
            excess.errorbar(gap.index, gap, error, **style, capsize=0)
            end = plot.End(gap.index[-1], gap.iloc[-1], f"{name}, published", colour)
            ends["excess"].append(end)
    plot.finish_log_loss(loss, excess, ends, open_symbols=len(published) > 0)
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.fits, rows)


if __name__ == "__main__":
    main(snakemake)
