"""One record, checked, scaled and strided, as every later step reads it."""

import sys
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.files import write_arrays
    from activenoise.reading.errors import RecordError
    from activenoise.reading.records import read_record

    try:
        record = read_record(job.input.file, **job.params.options)
    except RecordError as error:
        log.error("%s", error)
        sys.exit(1)
    write_arrays(
        job.output.record, {"dt": record.dt, "unit": record.unit}, positions=record.positions
    )


if __name__ == "__main__":
    main(snakemake)
