"""Where the time goes: wall time of every rule, from Snakemake's benchmark files."""

from typing import TYPE_CHECKING, Any

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from pathlib import Path

    import pandas as pd

    from activenoise import plotting as plot
    from activenoise.files import write_table

    rows: list[dict[str, Any]] = []
    for path in sorted(Path(job.params.folder).rglob("*.tsv")):
        first = path.relative_to(job.params.folder).parts[0]
        if first in job.params.parts:
            line = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
            rows.append(
                {
                    "rule": plot.RULES.get(path.stem, path.stem.split("-")[0]),
                    "part": first,
                    "seconds": line["s"],
                    "mb": line["max_rss"],
                }
            )
    jobs = pd.DataFrame(rows)
    totals = (
        jobs.groupby("rule")
        .agg(
            jobs=("seconds", "size"),
            seconds=("seconds", "sum"),
            longest_seconds=("seconds", "max"),
            max_rss_mb=("mb", "max"),
        )
        .sort_values("seconds", ascending=False)
    )
    write_table(job.output.table, totals.reset_index().to_dict("records"))
    shown = totals[totals["seconds"] >= 0.002 * totals["seconds"].sum()]
    figure = plot.new_figure(plot.SINGLE, 14 + 5.2 * len(shown))
    axes = figure.subplots()
    plot.stacked_bars(axes, jobs, list(shown.index), job.params.parts)
    for y, (_, row) in enumerate(shown.iterrows()):
        number = f"{row['jobs']:.0f} job{'s' if row['jobs'] > 1 else ''}"
        text = f"{row['seconds'] / 60:.1f} min, {number}, {row['max_rss_mb']:.0f} MB"
        axes.annotate(
            text,
            (row["seconds"] / 60, y),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=5.5,
        )
    axes.set(xlabel="wall time of all jobs (min)", xlim=(0, 1.75 * totals["seconds"].max() / 60))
    plot.save(figure, (job.output.pdf, job.output.png))


if __name__ == "__main__":
    main(snakemake)
