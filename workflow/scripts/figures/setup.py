"""Figure 1: the set-up, example tracks, the network, and the positions of the records."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import DataSet
    from activenoise.reading.record import load_studied
    from activenoise.report import record_panels as panels
    from activenoise.report import style as plot
    from activenoise.report.schemes import draw_network, draw_setup

    figure = plot.new_figure(plot.DOUBLE, 118)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 0.92])
    setup, tracks = top.subfigures(1, 2, width_ratios=[0.62, 1])
    network, histograms = bottom.subfigures(1, 2, width_ratios=[1, 0.85])
    draw_setup(axes := setup.subplots())
    plot.letter(axes, "A", 0.08, 0.96)
    shards = (job.input.class_0, job.input.class_1)
    both = tracks.subplots(2, 1, sharex=True, sharey=True)
    for axes, model, files in zip(both, ("Passive", "AOUP"), shards, strict=True):
        panels.example_track(axes, model, DataSet(files, job.params.about["made"]))
    both[1].set(xlabel="time t (s)")
    plot.letter(both[0], "B")
    draw_network(axes := network.subplots())
    plot.letter(axes, "C", 0.08, 0.97)
    records = list(zip(job.params.about["records"], job.input.records, strict=True))
    places = histograms.subplots(1, max(1, len(records)), squeeze=False)[0]
    for axes, (about, path) in zip(places, records, strict=False):
        positions = load_studied(path).positions
        panels.histogram(axes, positions, panels.record_colour(about), about["unit"])
        axes.set_title(panels.record_title(about, gap="\n"), pad=4)
    if records:
        plot.letter(places[0], "D", y=1.08)
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
