"""All that is known of one record, in one file."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    import json
    from pathlib import Path

    from activenoise import __version__
    from activenoise.files import read_arrays, replacing

    parts = {
        name: json.loads(Path(job.input[name]).read_text(encoding="utf-8"))
        for name in ("fit", "exact", "network")
    }
    n_points = len(read_arrays(job.input.record)["positions"])
    about = {**job.params.about, "n_points": n_points, "version": __version__}
    verdict = {"track": job.wildcards.track, **about, **parts}
    with replacing(job.output.verdict) as partial:
        partial.write_text(json.dumps(verdict, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
