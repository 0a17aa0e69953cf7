"""The config and the sheet of records, checked; the plan that follows; the code of each script."""

import csv
import dataclasses
import logging
import shlex
import sys
import time
from collections import Counter
from pathlib import Path

from activenoise.config.choices import merged
from activenoise.config.figures import Figure, as_in_paper
from activenoise.config.fingerprint import fingerprint
from activenoise.config.origin import OriginError, check_origin, note_origin
from activenoise.config.plan import Plan, domains_of, one_of
from activenoise.config.progress import progress_line
from activenoise.config.schema import ConfigError, check_sheet, load_schema, resolve
from activenoise.parameters import pair_models
from activenoise.reading.sheet import RecordError, read_sheet

WORKFLOW = Path(workflow.current_basedir).parent
sys.executable = shlex.quote(sys.executable)  # Snakemake puts it into commands as it is

try:
    config = resolve(config, load_schema(WORKFLOW / "schemas" / "config.schema.yaml"))
except ConfigError as error:
    sys.exit(f"config: {error}")

try:
    SHEET = {row.track: row for row in read_sheet(config["records"])}
    check_sheet(config, list(SHEET.values()))
except (ConfigError, RecordError) as error:
    sys.exit(f"records: {error}")

plan = Plan(config, SHEET)
STUDIES = config["studies"]
RESULTS = Path(config["results"])
READY = plan.ready_networks()
# What results follow from, beside the code.
SETTINGS = {**config, "records": {name: dataclasses.asdict(row) for name, row in SHEET.items()}}
TABLES = [*plan.tables("scores"), *plan.tables("estimates")]

if workflow.is_main_process:
    try:
        check_origin(RESULTS, Path(".snakemake"), SETTINGS)
    except OriginError as error:
        sys.exit(str(error))


class Progress(logging.Filter):
    """Says after a job, twice a minute at most, how far the run is and what is left."""

    def __init__(self):
        self.begun = self.told = time.monotonic()

    def filter(self, record):
        now = time.monotonic()
        if getattr(record, "event", None) == "progress" and now > self.told + 30:
            self.told = now
            every = Counter(job.rule.name for job in workflow.dag.needrun_jobs(False))
            left = Counter(job.rule.name for job in workflow.dag.needrun_jobs())
            if done := every - left:
                logger.info(progress_line(done, left, now - self.begun))
        return True


onstart:
    note_origin(RESULTS, Path(".snakemake"), SETTINGS)
    logger.addFilter(Progress())


wildcard_constraints:
    study="[a-z][a-z0-9_]*",
    pair="[A-Za-z]+-[A-Za-z]+",
    task="[A-Za-z]+-[A-Za-z]+|estimates",
    network="[a-z][a-z0-9_]*(-[0-9]+)?(-seed[0-9]+)?",
    model="[A-Za-z]+",
    points="[0-9]+",
    shard="[0-9]+",
    track="[A-Za-z0-9_-]+",


def code(script):
    """Fingerprint of the library modules behind a script: a rule reruns when they change."""
    return fingerprint(WORKFLOW / "scripts" / script, WORKFLOW / "activenoise")


def kept(file):
    """Tracks for training, deleted after use unless the config keeps them."""
    return file if config["keep_training_tracks"] else temp(file)


# The cores are not known where Snakemake runs no jobs, as in --rulegraph or --unlock.
def exact_threads(wildcards):
    return plan.exact_threads(workflow.resource_settings.cores)


def record_threads(wildcards):
    return plan.record_threads(workflow.resource_settings.cores)


def usable_tracks():
    """Tracks that passed the check, and the errors of those that did not."""
    with checkpoints.check_records.get().output.table.open() as table:
        errors = {row["track"]: row["error"] for row in csv.DictReader(table)}
    good = [track for track in SHEET if not errors.get(track)]
    return good, {track: error for track, error in errors.items() if error}


def of_usable(name):
    """A file of each record that can be used."""
    return lambda wildcards: [RESULTS / f"tracks/{track}/{name}" for track in usable_tracks()[0]]


def studied_tracks():
    """Usable tracks that a study's networks answer for."""
    return [track for track in usable_tracks()[0] if SHEET[track].study]


def compared_tracks():
    """Usable tracks that have a condition."""
    return [track for track in usable_tracks()[0] if SHEET[track].condition]


def comparison(wildcards):
    """The page of the conditions, if the sheet has any."""
    return [RESULTS / "conditions/conditions.html"] if compared_tracks() else []


def shown(path, caption, **more):
    """A file of a figure that the report shows; more: labels besides those of the figure."""
    return report(
        RESULTS / path,
        category=lambda w: FIGURES[w.figure].category,
        labels=lambda w: {**FIGURES[w.figure].labels, **more},
        caption=f"../report/{caption}.rst",
    )


def drawn_by(rule):
    """A wildcard constraint: the figures of the table that a rule draws."""
    return one_of(name for name, figure in FIGURES.items() if figure.by == rule)


def figure_files():
    """Every figure of the config except those of records, which are known after the check."""
    names = [name for name, figure in FIGURES.items() if figure.wanted]
    return [RESULTS / f"figures/{name}.{kind}" for name in names for kind in ("pdf", "png")]


def record_figures(wildcards):
    """The figures of the records that can be used."""
    stems = [f"tracks/{track}/{name}" for track in studied_tracks() for name in RECORD_FIGURES]
    return [RESULTS / f"{stem}.{kind}" for stem in stems for kind in ("pdf", "png")]
