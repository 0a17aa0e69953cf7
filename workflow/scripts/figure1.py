"""Figure 1: the set-up, example tracks, the network, and the positions of the records."""

from typing import TYPE_CHECKING, Any

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import DataSet
    from activenoise.reading.record import load_studied
    from activenoise.report import style as plot
    from activenoise.report.schemes import draw_network, draw_setup

    p = job.params
    figure = plot.new_figure(plot.DOUBLE, 118)
    halves: Any = figure.subfigures(2, 1, height_ratios=[1, 0.92])
    top, bottom = halves
    setup, tracks = top.subfigures(1, 2, width_ratios=[0.62, 1])
    network, histograms = bottom.subfigures(1, 2, width_ratios=[1, 0.85])

    axes = setup.subplots()
    draw_setup(axes)
    plot.letter(axes, "A", 0.08, 0.96)

    panels = tracks.subplots(2, 1, sharex=True, sharey=True)
    for axes, model, shards in zip(
        panels, p.models, (job.input.class_0, job.input.class_1), strict=True
    ):
        data = DataSet(shards)
        track = data[p.example : p.example + 1][0].astype(np.float64)
        index, x = plot.envelope(track)
        axes.plot(index * data.dt, x, color=plot.MODEL_COLOURS[model], lw=0.5)
        axes.axhline(0, color=plot.GREY, lw=0.4, zorder=0)
        axes.set(xlim=(0, data.n_points * data.dt), ylabel=f"x ({plot.unit_name(data.unit)})")
        name = "passive: no active noise" if model == "Passive" else f"active: {model}"
        plot.note(axes, 0.01, 1.06, name, color=plot.MODEL_COLOURS[model])
    panels[1].set(xlabel="time t (s)")
    plot.letter(panels[0], "B")

    axes = network.subplots()
    draw_network(axes)
    plot.letter(axes, "C", 0.08, 0.97)

    records = list(zip(p.records, job.input.records, strict=True))
    for k, (axes, (track, path)) in enumerate(
        zip(histograms.subplots(1, max(1, len(records)), squeeze=False)[0], records, strict=False)
    ):
        about = p.records[track]
        positions = load_studied(path).positions
        colour = plot.ORANGE if about["synthetic"] else plot.SKY
        plot.histogram(axes, positions, colour, about["unit"])
        axes.set_title(plot.record_title(track, about, gap="\n"), pad=4)
        if k == 0:
            plot.letter(axes, "D", y=1.08)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
