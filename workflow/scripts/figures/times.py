"""Where the time goes: wall time of every rule, from Snakemake's benchmark files."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.files import write_table
    from activenoise.report import panels, times
    from activenoise.report import style as plot

    about = job.params.about
    jobs = times.jobs(about["folder"], about["parts"])
    totals = times.totals(jobs)
    shown = totals[totals["seconds"] >= 0.002 * totals["seconds"].sum()]
    figure = plot.new_figure(plot.SINGLE, 14 + 5.2 * len(shown))
    parts = list(dict.fromkeys(times.groups(about["parts"]).values()))
    panels.run_times(figure.subplots(), jobs, shown, parts)
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.table, totals.to_dict("records"), list(totals))


if __name__ == "__main__":
    main(snakemake)
