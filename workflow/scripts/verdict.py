"""All that is known of one record, or of a table, in one file, the verdict in words, and a row for
each track."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    log = open_log(job.log[0], job.threads)
    from activenoise import __version__
    from activenoise.analysis.stored import from_json
    from activenoise.analysis.table import rows_of_tracks
    from activenoise.files import read_json, write_json, write_table
    from activenoise.reading.record import load_record, load_studied
    from activenoise.report.energy import bath_of, in_json
    from activenoise.report.words import in_words

    parts = {
        name: read_json(job.input[name])
        for name in ("fit", "exact", "network", "ready", "findings")
        if name in job.input.keys()  # noqa: SIM118 (a list of files with names)
    }
    facts = from_json(parts["findings"], job.input.findings)
    record = load_record(job.input.record)
    about = {**job.params.about, "unit": record.unit, "version": __version__}
    about["read"] = record.told()
    if about["study"]:
        about["n_points"] = len(load_studied(job.input.record).positions)
    else:
        about["n_points"] = facts.record.n_points
        about["dt"] = record.dt / about["stride"]
    words = in_words(facts)
    log.info("%s", words.sentence)
    verdict = {"track": job.wildcards.track, **about, "words": words._asdict(), **parts}
    verdict["energy"] = in_json(facts, record.unit, bath_of(about))
    write_json(job.output.verdict, verdict)
    write_table(job.output.tracks, rows_of_tracks(job.wildcards.track, facts))


if __name__ == "__main__":
    main(snakemake)
