"""Figure 2: what the classifiers answer for held-out tracks, beside the exact optimum."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import read_arrays
    from activenoise.report import style as plot
    from activenoise.studies.scoring import accuracy, probability

    p = job.params
    figure = plot.new_figure(plot.DOUBLE, 68)
    panels = figure.subplots(1, len(p.pairs), squeeze=False, sharey=True)[0]
    for panel, (axes, pair) in enumerate(zip(panels, p.pairs, strict=True)):
        network, optimum = (
            read_arrays(files[panel]) for files in (job.input.networks, job.input.optimum)
        )
        labels, longest = network["labels"], network["points"][-1]
        answers = [(a, list(a["points"]).index(longest)) for a in (network, optimum)]
        models = pair.split("-")
        for x, model in enumerate(models):
            colour = plot.MODEL_COLOURS[model]
            chosen = labels == x
            half = [probability(answer["logits"][chosen, at]) for answer, at in answers]
            scale = 0.4 / max(plot.density(values, plot.GRID, plot.KERNEL).max() for values in half)
            looks = ({"facecolor": colour}, {"facecolor": "white", "hatch": "////"})
            for side, values, style in zip((-1, 1), half, looks, strict=True):
                plot.half_violin(axes, x, values, side, scale, edgecolor=colour, **style)
            for side, (answer, at), name in zip((-1, 1), answers, ("LSTM", "optimum"), strict=True):
                right = accuracy(answer["logits"][:, [at]], labels, x)
                text = f"{name}\n{100 * right.value[0]:.1f} ± {100 * right.standard_error[0]:.1f} %"
                axes.text(
                    x + 0.03 * side, 1.03, text, color=colour, fontsize=6, linespacing=1.3,
                    ha="right" if side < 0 else "left", va="bottom",
                )  # fmt: skip
        axes.axhline(0.5, color=plot.GREY, lw=0.5, ls=(0, (4, 3)), zorder=0)
        names = [f"{plot.MODEL_NAMES[m]} tracks" for m in models]
        axes.set_xticks(range(2), names)
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.55, 1.55), ylim=(0, 1), ylabel=plot.question(pair))
        axes.yaxis.set_tick_params(labelleft=True)
        plot.letter(axes, "AB"[panel], y=1.12)
    duration = network["points"][-1] * p.dt
    figure.supxlabel(
        "Filled, left: LSTM. Hatched, right: exact optimum. Black lines: means. Numbers: tracks "
        f"called right. {len(labels) // 2} held-out tracks of {duration:.3g} s a class.",
        fontsize=6,
    )
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
