"""The config, checked; what it implies for the rules; the fingerprints of their code."""

import csv
import sys
from pathlib import Path

from activenoise.config.choices import merged
from activenoise.config.fingerprint import fingerprint
from activenoise.parameters import pair_models, parameter_range
from activenoise.config.schema import (
    ConfigError,
    check_sheet,
    derive_seed,
    load_schema,
    n_points,
    resolve,
    sampling_interval,
)
from activenoise.reading.sheet import RecordError, read_sheet

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

# The exact parts use several threads where there are cores to spare; on a few cores more jobs side by
# side keep them busier. No result depends on it.
EXACT_THREADS = max(1, (workflow.cores or 1) // 6)
# Several records are analysed side by side, one is by two threads.
RECORD_THREADS = min(2, max(1, (workflow.cores or 1) // max(len(SHEET), 1)))


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


def shards(study, split, model, points=None):
    """The files of a data set. Tracks to train on and to watch the training have their length in
    the name, so that a network that asks for longer ones does not touch those of another."""
    count = STUDIES[study]["tracks"]["shards"]
    name = f"{model}-{points}" if points else model
    return [f"{RESULTS}/{study}/tracks/{split}/{name}-{k}.h5" for k in range(count)]


def durations_in_points(study):
    return [n_points(STUDIES[study], duration) for duration in STUDIES[study]["durations"]]


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


def scored_durations(study, settings):
    """The durations, in points, that a network is scored at, and a feedforward one trained for."""
    limit = settings["longest"]
    return [
        n_points(STUDIES[study], d) for d in STUDIES[study]["durations"] if limit is None or d <= limit
    ]


def network_names(study, task, network, seed=None):
    """Names of the trainings behind a network of the config, of all its seeds or of one: a
    feedforward network has one a duration."""
    settings = networks(study, task)[network]
    names = [network]
    if settings["kind"] == "feedforward":
        names = [f"{network}-{points}" for points in scored_durations(study, settings)]
    seeds = [seed] if seed else range(1, settings["seeds"] + 1)
    return [name if k == 1 else f"{name}-seed{k}" for k in seeds for name in names]


def parse_name(name):
    """Network and, for a feedforward one, points of the name of a training."""
    network, *parts = name.split("-")
    return network, next((int(part) for part in parts if part.isdigit()), None)


def first_lstm(study, task):
    """Name of the first network of kind lstm of a task, or None."""
    names = [n for n, settings in networks(study, task).items() if settings["kind"] == "lstm"]
    return names[0] if names else None


def network_files(study, task, network):
    return [f"{RESULTS}/{study}/{task}/{n}.keras" for n in network_names(study, task, network)]


def network_settings(study, task, name):
    """Settings of the architecture; `points` is the duration of a feedforward network."""
    network, points = parse_name(name)
    settings = networks(study, task)[network]
    settings = {k: v for k, v in settings.items() if k not in ("training", "aside", "seeds", "longest")}
    return settings | ({"points": points} if points else {})


def training_settings(study, task, name):
    """Settings of the training, durations turned into points."""
    network, points = parse_name(name)
    training = networks(study, task)[network]["training"]
    stages = [
        {
            "points": points or n_points(STUDIES[study], stage["duration"]),
            "steps": stage["steps"],
        }
        for stage in training["stages"]
    ]
    return {**training, "stages": stages}


def training_points(study, task, network):
    """Length of the tracks that a network of the config is trained on: what its longest stage asks."""
    names = network_names(study, task, network, seed=1)
    stages = [stage for n in names for stage in training_settings(study, task, n)["stages"]]
    return max(stage["points"] for stage in stages)


def scored_points(study, task, network):
    return scored_durations(study, networks(study, task)[network])


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
