"""What each network of a pair loses against the exact optimum: inputs, heads, training sets."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.report import style as plot

    p = job.params
    scores = pd.read_csv(job.input.scores).query("pair == @p.pair and method in @p.methods")
    figure = plot.new_figure(plot.DOUBLE, 80)
    axes = figure.subplots()
    ends = []
    for method in p.methods:
        curve = scores[scores["method"] == method]
        name, colour, marker = plot.look(method)
        t, y, error = (curve[c].to_numpy() for c in ("duration", "excess", "excess_standard_error"))
        axes.errorbar(t, y, error, fmt=f"{marker}-", color=colour, ms=3, lw=0.7)
        if curve["seeds"].iloc[0] > 1:
            spread = curve["excess_spread"].to_numpy()
            axes.fill_between(t, y - spread, y + spread, color=colour, alpha=0.2, lw=0)
            name += f", {curve['seeds'].iloc[0]} seeds"
        ends.append(plot.End(t[-1], y[-1], name, colour))
    published = pd.read_csv(job.input.published, comment="#").query(
        "study == @p.study and pair == @p.pair and quantity == 'log_loss'"
    )
    wide = published.pivot_table(index="duration", columns="method", values="value")
    if "lstm" in wide:
        gap = (wide["lstm"] - wide["optimum"]).dropna()
        gap = gap[gap.index <= 1.001 * scores["duration"].max()]
        axes.plot(gap.index, gap, "s", color=plot.GREY, mfc="none", ms=5, mew=0.7)
        ends += [plot.End(gap.index[-1], gap.iloc[-1], "LSTM, published", plot.GREY)] * bool(
            len(gap)
        )
    plot.finish_excess(axes, ends)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
