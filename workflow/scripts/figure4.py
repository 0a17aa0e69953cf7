"""Figure 4: estimates of parameters against the truth, beside the Bayes estimates, their bound."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import read_arrays
    from activenoise.report import style as plot
    from activenoise.studies.scoring import rmse, rmse_ratio

    p = job.params.about
    bayes, network = read_arrays(job.input.bayes), read_arrays(job.input.network)
    truth = bayes["truth"]
    n = len(p["targets"])
    rows = (n + 1) // 2
    figure = plot.new_figure(plot.DOUBLE, 58 * rows if n > 1 else 100)
    panels = np.ravel(figure.subplots(rows, 4 if n > 1 else 2))
    for unused in panels[2 * n :]:
        unused.set_axis_off()
    for k, target in enumerate(p["targets"]):
        symbol, unit = plot.SYMBOLS[target], plot.parameter_unit(target, p["unit"])
        # Of a parameter that follows from others there is no range but that of the tracks.
        ends = np.exp([truth[:, k].min(), truth[:, k].max()])
        low, high, *_ = p["ranges"].get(target, ends)
        shown = (max(low, float(np.exp(np.quantile(truth[:, k], 0.003)))) / 1.3, high * 1.3)
        for j, (method, answer) in enumerate(((p["network"], network), ("bayes", bayes))):
            axes = panels[2 * k + j]
            name, colour, _ = plot.look(method)
            estimate = answer["mean"][:, -1, k]
            plot.clouds(axes, truth[:, k], estimate, shown, colour)
            for edge in (low, high):
                if shown[0] < edge < shown[1]:
                    axes.axhline(edge, color=plot.GREY, lw=0.5, ls=":")
                    axes.axvline(edge, color=plot.GREY, lw=0.5, ls=":")
            error = rmse(estimate, truth[:, k])
            ratio = rmse_ratio(estimate, bayes["mean"][:, -1, k], truth[:, k])
            text = f"RMSE of ln {symbol}: {plot.with_error(*map(float, error))}\n"
            if method != "bayes":
                text += f"{plot.with_error(*map(float, ratio))} × the optimum's"
            else:
                text += f"prior's spread: {np.std(truth[:, k]):.2f}"
            plot.note(axes, 0.5, 1.03, text, ha="center", va="bottom")
            axes.set_title(name, color=colour, pad=21)
            axes.set(xlabel=f"true {symbol} ({unit})")
            axes.set(ylabel=f"estimated {symbol} ({unit})" if j == 0 else "")
            plot.letter(axes, "ABCDEFGH"[2 * k + j], y=1.13)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
