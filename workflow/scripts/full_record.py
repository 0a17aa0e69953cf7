"""Every point of a record, or of each track of a table, all coordinates, gaps kept, as the verdict
reads it."""

import sys
from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    import numpy as np

    from activenoise.files import write_arrays
    from activenoise.reading.errors import RecordError
    from activenoise.reading.records import read_set

    try:
        found = read_set(job.input.file, **job.params.options)
    except RecordError as error:
        log.error("%s", error)
        sys.exit(1)
    first = found.records[0]
    names = list(first.coordinates) if first.positions.shape[1] > 1 else ["x"]
    about = {
        "dt": first.dt, "unit": first.unit, "coordinates": names, "left_out": found.left_out
    }  # fmt: skip
    arrays = {"positions": np.concatenate([record.positions for record in found.records])}
    if len(found.records) > 1 or found.left_out:
        prefix = f"{first.path.stem}-"
        arrays["lengths"] = np.array([len(record) for record in found.records])
        arrays["tracks"] = np.array([r.name.removeprefix(prefix).encode() for r in found.records])
    write_arrays(job.output.record, about, **arrays)


if __name__ == "__main__":
    main(snakemake)
