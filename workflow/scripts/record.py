"""A record, read once: all its tracks on their grids, and what its study reads of it."""

import sys
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.reading.errors import RecordError
    from activenoise.reading.record import studied, write_record
    from activenoise.reading.records import ReadOptions, read

    try:
        record = read(job.input.file, ReadOptions(**job.params.options))
        of_study = studied(record, **job.params.study) if job.params.study else None
    except RecordError as error:
        log.error("%s", error)
        sys.exit(1)
    write_record(job.output.record, record, of_study)


if __name__ == "__main__":
    main(snakemake)
