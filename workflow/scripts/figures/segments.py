"""Answers along a record, segment by segment: the network beside the exact posterior."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.files import read_json
    from activenoise.report import record_panels as panels
    from activenoise.report import style as plot
    from activenoise.studies.segments import SegmentAnswer
    from activenoise.tables import read_rows, read_table

    about, verdict = job.params.about, read_json(job.input.verdict)
    exact = read_rows(job.input.exact, SegmentAnswer._fields)
    tables = {"exact": exact, "network": read_table(job.input.network, *SegmentAnswer._fields)}
    both = pd.concat(tables.values())
    asked = [name for name in panels.SEGMENT_QUANTITIES if name in set(both["quantity"])]
    durations = sorted(exact["duration"].unique())
    figure = plot.new_figure(plot.DOUBLE, 20 + 29 * len(asked))
    grid = figure.subplots(len(asked), len(durations), sharex=True, sharey="row", squeeze=False)
    for row, quantity in zip(grid, asked, strict=True):
        chosen = both[both["quantity"] == quantity]
        for axes, duration in zip(row, durations, strict=True):
            for kind, table in tables.items():
                panels.segments(axes, table[table["quantity"] == quantity], duration, kind)
            panels.finish_segments(axes, quantity, chosen, verdict, about["unit"])
            axes.label_outer()
    for top, bottom, duration in zip(grid[0], grid[-1], durations, strict=True):
        top.set_title(f"segments of {duration:.3g} s")
        bottom.set(xlim=(0, verdict["n_points"] * about["interval"]), xlabel="time t (s)")
    panels.segment_key(figure, f"{panels.record_title(about)}\n{panels.whole_record(verdict)}")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
