"""Read every record of the sheet; say in one line what is wrong with those that cannot be used."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import csv

    from activenoise.files import replacing
    from activenoise.reading.errors import RecordError
    from activenoise.reading.record import studied
    from activenoise.reading.records import ReadOptions, read

    rows = []
    for track, given in job.params.records.items():
        error = ""
        try:
            record = read(given["path"], ReadOptions(**given["options"]))
            if given["study"]:
                studied(record, **given["study"])
        except RecordError as reason:
            error = str(reason)
            log.error("track %s is left out: %s", track, error)
        rows.append([track, error])
    with replacing(job.output.table) as partial, partial.open("w", newline="") as file:
        csv.writer(file).writerows([["track", "error"], *rows])


if __name__ == "__main__":
    main(snakemake)
