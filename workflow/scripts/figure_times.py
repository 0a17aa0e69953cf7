"""Where the time goes: wall time of every rule, from Snakemake's benchmark files."""

from typing import TYPE_CHECKING, Any

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import re
    from pathlib import Path

    import pandas as pd

    from activenoise.files import write_table
    from activenoise.report import style as plot

    # Studies that differ in a number alone share a colour.
    group = {part: re.sub(r"_\d+$", "", part) for part in job.params.parts}
    rows: list[dict[str, Any]] = []
    for path in sorted(Path(job.params.folder).rglob("*.tsv")):
        part = path.relative_to(job.params.folder).parts[0]
        if part in job.params.parts:
            line = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
            rule = plot.RULES.get(path.stem, path.stem.split("-")[0])
            spent = {"seconds": line["s"], "mb": line["max_rss"]}
            rows.append({"rule": rule, "part": group[part], **spent})
    jobs = pd.DataFrame(rows)
    totals = jobs.groupby("rule").agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        longest_seconds=("seconds", "max"),
        max_rss_mb=("mb", "max"),
    )
    totals = totals.sort_values("seconds", ascending=False)
    table: list[dict[str, Any]] = totals.reset_index().to_dict("records")  # type: ignore[assignment]
    write_table(job.output.table, table)
    whole = sum(row["seconds"] for row in table)
    shown = [row for row in table if row["seconds"] >= 0.002 * whole]
    figure = plot.new_figure(plot.SINGLE, 14 + 5.2 * len(shown))
    axes = figure.subplots()
    plot.stacked_bars(
        axes, jobs, [row["rule"] for row in shown], list(dict.fromkeys(group.values()))
    )
    for y, row in enumerate(shown):
        count = f"{row['jobs']} jobs" if row["jobs"] > 1 else "1 job"
        text = f"{row['seconds'] / 60:.1f} min, {count}, {row['max_rss_mb']:.0f} MB"
        axes.annotate(
            text,
            (row["seconds"] / 60, y),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=5.5,
        )
    axes.set(xlabel="wall time of all jobs (min)", xlim=(0, 1.75 * table[0]["seconds"] / 60))
    plot.save(figure, (job.output.pdf, job.output.png))


if __name__ == "__main__":
    main(snakemake)
