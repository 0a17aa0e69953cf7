"""The verdicts of all records as one table, with a line for each that could not be used."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import json
    import sys
    from pathlib import Path

    from activenoise.analysis.stored import FactsError
    from activenoise.analysis.table import verdict_row, write_verdicts

    verdicts = [json.loads(Path(path).read_text(encoding="utf-8")) for path in job.input.verdicts]
    try:
        rows = [verdict_row(verdict) for verdict in verdicts]
    except FactsError as error:
        log.error("%s", error)
        sys.exit(1)
    rows += [{"track": track, "error": error} for track, error in job.params.errors.items()]
    write_verdicts(job.output.table, rows)


if __name__ == "__main__":
    main(snakemake)
