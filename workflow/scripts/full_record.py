"""Every point of a record, all its coordinates, gaps kept, as the verdict reads it."""

import sys
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise.files import write_arrays
    from activenoise.records import read_coordinates
    from activenoise.sheet import RecordError

    try:
        record = read_coordinates(job.input.file, **job.params.options)
    except RecordError as error:
        log.error("%s", error)
        sys.exit(1)
    names = list(record.coordinates) if len(record.coordinates) > 1 else ["x"]
    about = {"dt": record.dt, "unit": record.unit, "coordinates": names}
    write_arrays(job.output.record, about, positions=record.positions)


if __name__ == "__main__":
    main(snakemake)
