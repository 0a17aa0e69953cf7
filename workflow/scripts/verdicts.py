"""The verdicts of all records as one table, with a line for each that could not be used."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import csv
    import json
    from pathlib import Path

    from activenoise.analysis.judgement import basis, is_familiar, ready_columns
    from activenoise.files import replacing

    columns = [
        "track", "study", "synthetic", "n_points", "p_active_exact", "p_active_network",
        "p_rbp_exact", "p_rbp_network", "kappa", "kappa_standard_error", "D", "D_standard_error",
        "D_a", "D_a_standard_error", "tau_a", "tau_a_standard_error", "fits", "reading",
        "p_passive", "p_viscoelastic", "p_aoup", "p_rbp", "p_active", "p_distinguishable",
        "p_active_ready", "ready_farther", "error",
    ]  # fmt: skip
    rows = []
    for path in job.input.verdicts:
        verdict = json.loads(Path(path).read_text(encoding="utf-8"))
        row = {name: verdict[name] for name in ("track", "study", "synthetic", "n_points")}
        if verdict["study"]:
            for question, task in (("p_active", "Passive-AOUP"), ("p_rbp", "AOUP-RBP")):
                row[f"{question}_exact"] = verdict["exact"][question]
                if is_familiar(verdict["network"], task):
                    row[f"{question}_network"] = verdict["network"].get(question)
            for name, estimate in verdict["fit"]["AOUP"].items():
                row[name] = estimate["value"]
                row[f"{name}_standard_error"] = estimate["standard_error"]
        words, found = verdict["words"], basis(verdict["findings"])
        row |= {name: words[name] for name in ("fits", "reading")}
        row |= {f"p_{name.lower()}": p for name, p in found["probability"].items()}
        row |= {name: found[name] for name in ("p_active", "p_distinguishable")}
        if "ready" in verdict:
            answer = next(iter(verdict["ready"]["coordinates"].values()))
            row |= ready_columns(answer)
        rows.append(row)
    rows += [{"track": track, "error": error} for track, error in job.params.errors.items()]
    with replacing(job.output.table) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(snakemake)
