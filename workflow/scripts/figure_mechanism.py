"""AOUP or RBP at equal covariance, parameters known: log-loss against duration and D_a/D, and how
long a track must be for the mechanism to be told."""

from typing import TYPE_CHECKING, Any

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import numpy as np
    import pandas as pd

    from activenoise.files import write_table
    from activenoise.report import style as plot
    from activenoise.studies.scoring import needed

    figure = plot.new_figure(plot.DOUBLE, 62)
    loss, excess, length = figure.subplots(1, 3)
    rows: list[dict[str, Any]] = []
    ends: dict[str, list[plot.End]] = {"loss": [], "excess": []}
    colours = plot.shades(plot.GREEN, len(job.params.studies))
    pairs = zip(job.input.scores, job.params.studies, colours, strict=True)
    for path, (study, ratio, network), colour in pairs:
        table = pd.read_csv(path).query("pair == 'AOUP-RBP'")
        bound = table[table["method"] == "optimum"]
        x, y = bound["duration"].to_numpy(), bound["log_loss"].to_numpy()
        loss.errorbar(x, y, bound["standard_error"], color=colour, fmt="-", lw=0.9)
        ends["loss"].append(plot.End(x[-1], y[-1], f"{ratio:g}", colour))
        right = 0.5 * (bound["accuracy_0"] + bound["accuracy_1"]).to_numpy()
        row: dict[str, Any] = {"study": study, "D_a_over_D": ratio}
        for level in (0.75, 0.9):
            row[f"duration_{100 * level:.0f}"] = needed(x, right, level)
        if network:
            curve = table[table["method"] == network]
            t, error = curve["duration"], curve["excess_standard_error"]
            loss.errorbar(t, curve["log_loss"], fmt="s", color=colour, ms=3, zorder=3)
            excess.errorbar(t, curve["excess"], error, fmt="s-", color=colour, ms=3, lw=0.7)
            end = plot.End(t.iloc[-1], curve["excess"].iloc[-1], f"{ratio:g}", colour)
            ends["excess"].append(end)
            row["largest_excess"] = curve["excess"].max()
        rows.append(row)
    found = pd.DataFrame(rows)
    for level, marker in ((90, "o"), (75, "D")):
        values = found[f"duration_{level}"]
        length.plot(found["D_a_over_D"], values, marker=marker, color=plot.INK, ms=3.5, lw=0.7)
        known = np.flatnonzero(values.notna())
        if known.size:
            place = found["D_a_over_D"].iloc[known[-1]], values.iloc[known[-1]]
            text = f"{level} % right"
            length.annotate(text, place, (-6, -3), textcoords="offset points", ha="right", size=6)
    plot.finish_mechanism(loss, excess, length, ends)
    plot.save(figure, (job.output.pdf, job.output.png))
    write_table(job.output.table, rows)


if __name__ == "__main__":
    main(snakemake)
