"""The config, checked; what it implies for the rules; the fingerprints of their code."""

import csv
import sys
from pathlib import Path

from activenoise.fingerprint import fingerprint
from activenoise.parameters import pair_models, parameter_range
from activenoise.settings import (
    ConfigError,
    check_sheet,
    derive_seed,
    load_schema,
    n_points,
    resolve,
    sampling_interval,
)
from activenoise.sheet import RecordError, read_sheet

WORKFLOW = Path(workflow.current_basedir).parent

try:
    config = resolve(config, load_schema(WORKFLOW / "schemas" / "config.schema.yaml"))
except ConfigError as error:
    sys.exit(f"config: {error}")

STUDIES = config["studies"]
RESULTS = Path(config["results"])

try:
    SHEET = {row.track: row for row in read_sheet(config["records"])}
    check_sheet(config, list(SHEET.values()))
except (ConfigError, RecordError) as error:
    sys.exit(f"records: {error}")


wildcard_constraints:
    study="[a-z][a-z0-9_]*",
    pair="[A-Za-z]+-[A-Za-z]+",
    task="[A-Za-z]+-[A-Za-z]+|estimates",
    network="[a-z][a-z0-9_]*(-[0-9]+)?",
    model="[A-Za-z]+",
    shard="[0-9]+",
    track="[A-Za-z0-9_-]+",


def code(script):
    """Fingerprint of the library modules behind a script: a rule reruns when they change."""
    return fingerprint(WORKFLOW / "scripts" / script, WORKFLOW / "activenoise")


def shards(study, split, model):
    count = STUDIES[study]["tracks"]["shards"]
    return [f"{RESULTS}/{study}/tracks/{split}/{model}-{k}.h5" for k in range(count)]


def durations_in_points(study):
    return [n_points(STUDIES[study], duration) for duration in STUDIES[study]["durations"]]


def track_points(study, split):
    """Length of the simulated tracks: training tracks are as long as the longest stage asks."""
    if split != "train":
        return durations_in_points(study)[-1]
    stages = [
        stage["points"]
        for task in tasks(study)
        for network in networks(study, task)
        for file in network_names(study, task, network)
        for stage in training_settings(study, task, file)["stages"]
    ]
    return max(stages)


# --- tasks and their networks -----------------------------------------------------------------


def tasks(study):
    """The pairs of a study, and `estimates` where it has estimators."""
    return [*STUDIES[study]["pairs"], *(["estimates"] if STUDIES[study]["estimates"] else [])]


def networks(study, task):
    if task == "estimates":
        return STUDIES[study]["estimates"]["networks"]
    return STUDIES[study]["pairs"][task]


def task_models(task):
    return ["AOUP"] if task == "estimates" else list(pair_models(task))


def task_names(study, task):
    return STUDIES[study]["estimates"]["targets"] if task == "estimates" else task_models(task)


def feedforward_points(study, settings):
    """The durations, in points, of a feedforward network, which reads one alone."""
    limit = settings["longest"]
    return [
        n_points(STUDIES[study], d) for d in STUDIES[study]["durations"] if limit is None or d <= limit
    ]


def network_names(study, task, network):
    """Names of the trainings behind a network of the config: a feedforward one has one a duration."""
    settings = networks(study, task)[network]
    if settings["kind"] == "lstm":
        return [network]
    return [f"{network}-{points}" for points in feedforward_points(study, settings)]


def first_lstm(study, task):
    """Name of the first network of kind lstm of a task, or None."""
    names = [n for n, settings in networks(study, task).items() if settings["kind"] == "lstm"]
    return names[0] if names else None


def network_files(study, task, network):
    return [f"{RESULTS}/{study}/{task}/{n}.keras" for n in network_names(study, task, network)]


def network_settings(study, task, name):
    """Settings of the architecture; `points` is the duration of a feedforward network."""
    network, _, points = name.partition("-")
    settings = {k: v for k, v in networks(study, task)[network].items() if k != "training"}
    return settings | ({"points": int(points)} if points else {})


def training_settings(study, task, name):
    """Settings of the training, durations turned into points."""
    network, _, points = name.partition("-")
    training = networks(study, task)[network]["training"]
    stages = [
        {
            "points": int(points) if points else n_points(STUDIES[study], stage["duration"]),
            "steps": stage["steps"],
        }
        for stage in training["stages"]
    ]
    return {**training, "stages": stages}


def scored_points(study, task, network):
    settings = networks(study, task)[network]
    if settings["kind"] == "lstm":
        return durations_in_points(study)
    return feedforward_points(study, settings)


def network_points(study, task, name):
    """Prefix lengths at which a training is validated."""
    network, _, points = name.partition("-")
    return [int(points)] if points else scored_points(study, task, network)


def network_seed(study, task, name):
    return derive_seed(config["seed"], study, task, name) % 2**31


def score_sources(study):
    """By pair, the files of answers by method, the optimum's first."""
    return {
        pair: {
            method: f"{RESULTS}/{study}/{pair}/{method}.h5" for method in ("optimum", *settings)
        }
        for pair, settings in STUDIES[study]["pairs"].items()
    }


def estimate_sources(study):
    """Method and file of answers: the rows of a study's table of estimates."""
    folder = f"{RESULTS}/{study}/estimates"
    methods = ["bayes", *STUDIES[study]["estimates"]["networks"]]
    return [(method, f"{folder}/{method}.h5") for method in methods]


TABLES = [
    *(RESULTS / study / "scores.csv" for study in STUDIES if STUDIES[study]["pairs"]),
    *(RESULTS / study / "estimates.csv" for study in STUDIES if STUDIES[study]["estimates"]),
]
