"""Which mechanism at equal covariance: log-loss against duration and D_a/D, and duration needed."""

from collections import defaultdict
from itertools import chain
from string import ascii_uppercase
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import pandas as pd

    from activenoise.files import write_table
    from activenoise.report import panels
    from activenoise.report import style as plot
    from activenoise.studies.durations import LOSSES, duration_row
    from activenoise.tables import read_rows

    studies = job.params.about["studies"]
    columns = ("duration", *LOSSES, "accuracy_0", "accuracy_1")
    curves, rows = defaultdict(list), defaultdict(list)
    for path, (study, pair, ratio, network) in zip(job.input.scores, studies, strict=True):
        methods = ["optimum", *([network] * bool(network))]
        scores = read_rows(path, columns, pair=[pair], method=methods)
        curves[pair].append((ratio, scores, network))
        rows[pair].append(duration_row(scores, study, pair, ratio, network))
    figure = plot.new_figure(plot.DOUBLE, 62 * len(curves))
    axes = figure.subplots(len(curves), 3, squeeze=False)
    for i, pair in enumerate(curves):
        letters = ascii_uppercase[3 * i : 3 * i + 3]
        panels.mechanism(axes[i], letters, pair, curves[pair], pd.DataFrame(rows[pair]))
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.table, chain(*rows.values()))


if __name__ == "__main__":
    main(snakemake)
