"""Answers along a record, segment by segment: the network beside the exact posterior."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import json
    from pathlib import Path

    import pandas as pd

    from activenoise.report import style as plot

    p = job.params
    verdict = json.loads(Path(job.input.verdict).read_text(encoding="utf-8"))
    tables = {"exact": pd.read_csv(job.input.exact), "network": pd.read_csv(job.input.network)}
    both = pd.concat(tables.values())
    both = pd.concat(tables.values())
    asked = [name for name in plot.SEGMENT_QUANTITIES if name in set(both["quantity"])]
    durations = sorted(tables["exact"]["duration"].unique())
    figure = plot.new_figure(plot.DOUBLE, 20 + 29 * len(asked))
    panels = figure.subplots(len(asked), len(durations), sharex=True, sharey="row", squeeze=False)
    for row, quantity in zip(panels, asked, strict=True):
        for axes, duration in zip(row, durations, strict=True):
            for kind, table in tables.items():
                plot.segments(axes, table[table["quantity"] == quantity], duration, kind)
            plot.finish_segments(
                axes, quantity, both[both["quantity"] == quantity], verdict, p.about["unit"]
            )
            axes.label_outer()
    for axes, duration in zip(panels[0], durations, strict=True):
        axes.set_title(f"segments of {duration:.3g} s")
    for axes in panels[-1]:
        axes.set(xlim=(0, verdict["n_points"] * p.about["interval"]), xlabel="time t (s)")
    whole = plot.whole_record(verdict)
    plot.segment_key(figure, f"{plot.record_title(p.track, p.about)}\n{whole}")
    plot.save(figure, job.output)


if __name__ == "__main__":
    main(snakemake)
