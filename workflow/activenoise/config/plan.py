"""What the config and the sheet of records imply for the workflow: files, networks, durations.

Snakemake reads this module at every start, before any rule's environment exists: it needs no
numerics. A task is a pair of models that a network tells apart, such as Passive-AOUP, or
`estimates`. Paths are texts, relative to the folder where Snakemake runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from activenoise.config.choices import merged
from activenoise.config.schema import (
    Config,
    SheetLine,
    n_points,
    sampling_interval,
)
from activenoise.config.seeds import derive_seed, record_seed
from activenoise.parameters import Range, pair_models, parameter_range, study_ranges

# Pairs of models that have the same covariance at equal parameters.
MECHANISMS = ("AOUP-RBP", "AOUP-RTP", "RBP-RTP")


class RecordLine(SheetLine, Protocol):
    """What the plan reads of a line of the sheet (`reading.sheet.SheetRow`)."""

    @property
    def unit(self) -> str | None: ...
    @property
    def column(self) -> str | None: ...
    @property
    def scale(self) -> float | None: ...
    @property
    def instrument(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def condition(self) -> str | None: ...
    @property
    def cell(self) -> str | None: ...
    def reading(self) -> dict[str, Any]: ...


def one_of(names: Iterable[str]) -> str:
    """A regular expression that matches these names alone, and nothing if there are none."""
    return "|".join(names) or "(?!)"


def parse_name(name: str) -> tuple[str, int | None]:
    """Network of the config and, for a feedforward one, points, from the name of a training."""
    network, *parts = name.split("-")
    return network, next((int(part) for part in parts if part.isdigit()), None)


def task_models(task: str) -> list[str]:
    """The models whose tracks a task needs, in the order of the classes."""
    return ["AOUP"] if task == "estimates" else list(pair_models(task))


def domains_of(networks: Iterable[str]) -> list[str]:
    """The file beside each network that describes the tracks of its training."""
    return [path.removesuffix(".keras") + "-domain.h5" for path in networks]


@dataclass(frozen=True)
class Plan:
    """The plan of a run. config: as `schema.resolve` returns it; sheet: its records by name."""

    config: Config
    sheet: Mapping[str, RecordLine]

    @property
    def studies(self) -> Config:
        """The studies of the config by name."""
        return self.config["studies"]

    @property
    def results(self) -> str:
        """The folder of all results."""
        return str(Path(self.config["results"]))

    def seed(self, *names: str) -> int:
        """The 64-bit seed of a data set or a computation."""
        return derive_seed(self.config["seed"], *names)

    def record_seed(self, track: str) -> int:
        """The seed of the analysis of a record."""
        return record_seed(self.config["seed"], track)

    def compared_question(self, track: str) -> dict[str, Any]:
        """What is asked of the records that are compared, of which `track` is one."""
        row, verdict = self.sheet[track], self.config["verdict"]
        general = {name: value for name, value in verdict.items() if name != "records"}
        return {
            **merged(general, track, row.trap),
            "instrument": row.instrument,
            "trap": row.trap,
            "effort": "quick",
            "seed": self.config["seed"],
        }

    def dt(self, study: str) -> float:
        """Time between the points that a study uses, s."""
        return sampling_interval(self.studies[study])

    def made(self, study: str) -> str:
        """What the tracks of a study follow from, beside model and split, as JSON: a shard keeps
        it, and every job that reads one compares."""
        tracks = {
            "seed": self.config["seed"],
            "dt": self.dt(study),
            "parameters": self.studies[study]["parameters"],
        }
        return json.dumps(tracks, sort_keys=True)

    def points(self, study: str) -> list[int]:
        """The durations of a study, in points."""
        return [n_points(self.studies[study], t) for t in self.studies[study]["durations"]]

    def range(self, study: str, parameter: str) -> Range:
        """Lowest and highest value of a parameter, and whether it is uniform in the logarithm."""
        return parameter_range(parameter, self.studies[study]["parameters"][parameter])

    def exact_threads(self, cores: int | None) -> int:
        """Threads of an exact optimum: several where cores are to spare. On a few cores more jobs
        side by side keep them busier. No result depends on the number."""
        return max(1, (cores or 1) // 6)

    def record_threads(self, cores: int | None) -> int:
        """Threads of the analysis of a record: two, unless other records keep the cores busy."""
        return min(2, max(1, (cores or 1) // max(len(self.sheet), 1)))

    # ---- tracks, tasks and networks

    def shards(self, study: str, split: str, model: str, points: int | None = None) -> list[str]:
        """The files of a data set. Tracks for training and validation have their length in the
        name, so that a network with longer ones leaves those of the others as they are."""
        count = self.studies[study]["tracks"]["shards"]
        name = f"{model}-{points}" if points else model
        return [f"{self.results}/{study}/tracks/{split}/{name}-{k}.h5" for k in range(count)]

    def task_shards(
        self, study: str, task: str, split: str, number: int, name: str | None = None
    ) -> list[str]:
        """The files of class `number` of a task; none if it has no such class. name: that of the
        training, if the split is not test."""
        models = task_models(task)
        points = self.training_points(study, task, parse_name(name)[0]) if name else None
        return self.shards(study, split, models[number], points) if number < len(models) else []

    def tasks(self, study: str) -> list[str]:
        """The pairs of a study, and `estimates` if it has estimators."""
        estimates = ["estimates"] if self.studies[study]["estimates"] else []
        return [*self.studies[study]["pairs"], *estimates]

    def networks(self, study: str, task: str) -> Config:
        """The networks of a task by name, with their settings."""
        part = self.studies[study]
        return part["estimates"]["networks"] if task == "estimates" else part["pairs"][task]

    def task_names(self, study: str, task: str) -> list[str]:
        """What a task's answers are about: two models, or the parameters to estimate."""
        if task == "estimates":
            return self.studies[study]["estimates"]["targets"]
        return task_models(task)

    def scored_points(self, study: str, task: str, network: str) -> list[int]:
        """Durations, in points, that a network answers for: each a training if feedforward."""
        limit = self.networks(study, task)[network]["longest"]
        durations = self.studies[study]["durations"]
        return [n_points(self.studies[study], t) for t in durations if limit is None or t <= limit]

    def network_names(
        self, study: str, task: str, network: str, seed: int | None = None
    ) -> list[str]:
        """Names of the trainings behind a network of the config, for all its seeds or for one."""
        settings = self.networks(study, task)[network]
        names = [network]
        if settings["kind"] == "feedforward":
            names = [f"{network}-{points}" for points in self.scored_points(study, task, network)]
        seeds = [seed] if seed else range(1, settings["seeds"] + 1)
        return [name if k == 1 else f"{name}-seed{k}" for k in seeds for name in names]

    def network_files(self, study: str, task: str, network: str) -> list[str]:
        """Files of the trained networks behind a network of the config."""
        names = self.network_names(study, task, network)
        return [f"{self.results}/{study}/{task}/{name}.keras" for name in names]

    def first_lstm(self, study: str, task: str) -> str | None:
        """Name of the first network of kind lstm of a task, or None."""
        found = (n for n, s in self.networks(study, task).items() if s["kind"] == "lstm")
        return next(found, None)

    def network_settings(self, study: str, task: str, name: str) -> Config:
        """Settings of the architecture; `points` is the duration of a feedforward network."""
        network, points = parse_name(name)
        settings = self.networks(study, task)[network]
        other = ("training", "aside", "seeds", "longest")
        settings = {key: value for key, value in settings.items() if key not in other}
        return settings | ({"points": points} if points else {})

    def training_settings(self, study: str, task: str, name: str) -> Config:
        """Settings of the training, with durations in points."""
        network, points = parse_name(name)
        training = self.networks(study, task)[network]["training"]
        stages = [
            {
                "points": points or n_points(self.studies[study], stage["duration"]),
                "steps": stage["steps"],
            }
            for stage in training["stages"]
        ]
        return {**training, "stages": stages}

    def training_points(self, study: str, task: str, network: str) -> int:
        """Length of the tracks that a network of the config is trained on: its longest stage."""
        names = self.network_names(study, task, network, seed=1)
        stages = [s for name in names for s in self.training_settings(study, task, name)["stages"]]
        return max(stage["points"] for stage in stages)

    def domain_points(self, study: str, task: str, network: str) -> list[int]:
        """Durations, in points, at which a network's training tracks are described."""
        longest = self.training_points(study, task, network)
        return [n for n in self.points(study) if n <= longest] or [longest]

    def network_seed(self, study: str, task: str, name: str) -> int:
        """The 31-bit seed of a training."""
        return self.seed(study, task, name) % 2**31

    def histories(self, study: str) -> list[tuple[str, str, list[str]]]:
        """Task, network and training histories (CSV) of the first seed of each network of a study:
        one history, or one a duration if the network is feedforward."""
        return [
            (task, network, [f"{self.results}/{study}/{task}/{name}.csv" for name in names])
            for task in self.tasks(study)
            for network in self.networks(study, task)
            for names in [self.network_names(study, task, network, seed=1)]
        ]

    # ---- tables of a study

    def tables(self, kind: str, *studies: str) -> list[str]:
        """The tables of a kind (scores, calibration, estimates) of these studies, or of all."""
        part = "estimates" if kind == "estimates" else "pairs"
        chosen = [study for study in studies or self.studies if self.studies[study][part]]
        return [f"{self.results}/{study}/{kind}.csv" for study in chosen]

    def score_sources(self, study: str) -> dict[str, dict[str, str]]:
        """By pair, the files of answers by method, the optimum's first."""
        folder = f"{self.results}/{study}"
        return {
            pair: {method: f"{folder}/{pair}/{method}.h5" for method in ("optimum", *networks)}
            for pair, networks in self.studies[study]["pairs"].items()
        }

    def estimate_sources(self, study: str) -> dict[str, str]:
        """By method, the files of answers: the rows of a study's table of estimates."""
        methods = ["bayes", *self.studies[study]["estimates"]["networks"]]
        return {method: f"{self.results}/{study}/estimates/{method}.h5" for method in methods}

    # ---- what the figures show

    def paper_study(self, name: str, holds: Callable[[str], Any]) -> str | None:
        """The study of a figure of the paper, if the config has it with what the figure needs;
        else the first study that has it, or None."""
        return next((s for s in (name, *self.studies) if s in self.studies and holds(s)), None)

    @property
    def example_study(self) -> str | None:
        """The study of figures 1 and 3."""
        return self.paper_study("benchmark", lambda s: "Passive-AOUP" in self.studies[s]["pairs"])

    @property
    def answer_study(self) -> str | None:
        """The study of figure 2."""
        return self.paper_study("granule", self.lstm_pairs)

    @property
    def estimate_study(self) -> str | None:
        """The study of figure 4."""
        return self.paper_study("granule", self.has_estimates)

    @property
    def paper_record(self) -> str | None:
        """The record of figure 5: the first synthetic one of a study, for the paper's; or None."""
        chosen = (track for track, row in self.sheet.items() if row.file is None and row.study)
        return next(chosen, None)

    def has_estimates(self, study: str) -> bool:
        """Whether an LSTM estimates parameters in a study."""
        return "estimates" in self.tasks(study) and bool(self.first_lstm(study, "estimates"))

    def lstm_pairs(self, study: str) -> list[str]:
        """The pairs of a study that an LSTM answers for, in the order of the paper."""
        pairs = self.studies[study]["pairs"]
        names = ("Passive-AOUP", "AOUP-RBP")
        return [pair for pair in names if pair in pairs and self.first_lstm(study, pair)]

    def shown_methods(self, study: str, pair: str) -> list[str]:
        """The optimum and the networks that the log-loss figure of a pair draws."""
        networks = self.networks(study, pair)
        return ["optimum", *(name for name in networks if not networks[name]["aside"])]

    def calibrated(self) -> list[tuple[str, str, list[str]]]:
        """Study, pair, and the optimum and the LSTMs of each pair that has any, but for those that
        stand aside: the figure of calibration."""
        return [
            (study, pair, ["optimum", *found])
            for study in self.studies
            for pair, networks in self.studies[study]["pairs"].items()
            if (found := [n for n, x in networks.items() if x["kind"] == "lstm" and not x["aside"]])
        ]

    def is_comparison(self, study: str, pair: str) -> bool:
        """Whether a pair has networks that its log-loss figure leaves out, or several seeds."""
        return any(n["aside"] or n["seeds"] > 1 for n in self.networks(study, pair).values())

    def mechanism_studies(self) -> list[tuple[str, str, float, str | None]]:
        """Study, pair, D_a/D and first LSTM of the studies of two mechanisms at known parameters,
        pair by pair and in the order of D_a/D."""
        found = []
        for study, settings in self.studies.items():
            ranges = study_ranges(settings["parameters"])
            known = all(low == high for low, high, _ in ranges.values())
            for pair in (pair for pair in MECHANISMS if pair in settings["pairs"] and known):
                ratio = ranges["D_a"][0] / ranges["D"][0]
                found.append((study, pair, ratio, self.first_lstm(study, pair)))
        return sorted(found, key=lambda item: (MECHANISMS.index(item[1]), item[2]))

    def estimates_about(self, study: str) -> dict[str, Any]:
        """What the figure of a study's estimates says of it."""
        targets = self.studies[study]["estimates"]["targets"]
        given = [name for name in targets if name in self.studies[study]["parameters"]]
        return {
            "targets": targets,
            "network": self.first_lstm(study, "estimates"),
            "unit": self.studies[study]["unit"],
            "ranges": {name: tuple(self.range(study, name)) for name in given},
        }

    def record_about(self, track: str) -> dict[str, Any]:
        """What a figure of a record says of it. For records with a study: dt is then given."""
        row = self.sheet[track]
        assert row.dt is not None
        interval = row.dt * row.stride
        return {
            "track": track,
            "synthetic": row.file is None,
            "unit": row.unit,
            "interval": interval,
        }

    # ---- records

    def record_file(self, track: str) -> str:
        """The file of a record: the user's, or the one that the workflow simulates."""
        return str(self.sheet[track].file or f"{self.results}/tracks/{track}/synthetic.h5")

    def study_options(self, track: str) -> dict[str, int]:
        """Stride and fewest points of a record for its study; empty if it has none."""
        row = self.sheet[track]
        if not row.study:
            return {}
        return {"stride": row.stride, "min_points": max(100, self.points(row.study)[0])}

    def checked_records(self) -> dict[str, dict[str, Any]]:
        """How each record with a file is read when the sheet is checked, by track."""
        return {
            track: {
                "path": str(row.file),
                "options": row.reading(),
                "study": self.study_options(track),
            }
            for track, row in self.sheet.items()
            if row.file
        }

    def examples(self, tracks: Iterable[str]) -> list[str]:
        """The first synthetic and the first measured one of some records."""
        files = {track: self.sheet[track].file for track in tracks}
        kinds = ([t for t, file in files.items() if (file is None) == one] for one in (True, False))
        return [found[0] for found in kinds if found]

    def cell(self, track: str) -> tuple[str | None, str]:
        """Condition and cell of a record that is compared."""
        row = self.sheet[track]
        return row.condition, row.cell or track

    def twin_files(self, *names: str) -> list[str]:
        """Results of the record that stands for the paper's, if there is one."""
        track = self.paper_record
        return [f"{self.results}/tracks/{track}/{name}" for name in names] if track else []

    def verdict_sources(self, track: str) -> dict[str, str]:
        """What a verdict is put together from, by name: fit, exact likelihoods and networks only
        for a record with a study."""
        names = {"findings": "findings.json", "record": "record.h5"}
        if self.sheet[track].study:
            names |= {name: f"{name}.json" for name in ("fit", "exact", "network")}
        if self.ready_networks():
            names["ready"] = "ready.json"
        return {key: f"{self.results}/tracks/{track}/{name}" for key, name in names.items()}

    def verdict_about(self, track: str) -> dict[str, Any]:
        """What a verdict repeats of the sheet and the config."""
        row = self.sheet[track]
        names = (
            "study", "unit", "dt", "stride", "instrument", "trap", "scale", "column", "note",
            "temperature", "radius", "viscosity",
        )  # fmt: skip
        about = {name: getattr(row, name) for name in names}
        about |= {"synthetic": row.file is None, "file": str(row.file or "")}
        about["scale"] = 1.0 if row.scale is None else row.scale
        return about | ({"parameters": self.studies[row.study]["parameters"]} if row.study else {})

    def record_networks(self, track: str) -> dict[str, str]:
        """The networks that answer for a record: the first LSTM of each of its study's tasks."""
        study = self.sheet[track].study
        return (
            {}
            if study is None
            else {
                task: f"{self.results}/{study}/{task}/{name}.keras"
                for task in self.tasks(study)
                if task in ("Passive-AOUP", "AOUP-RBP", "estimates")
                if (name := self.first_lstm(study, task))
            }
        )

    def ready_networks(self) -> dict[str, str]:
        """The networks of the ready study by task; none if there is no such study."""
        study = self.config["ready"]
        return {
            task: f"{self.results}/{study}/{task}/{name}.keras"
            for task in (self.tasks(study) if study else ())
            if task in ("Passive-AOUP", "estimates")
            if (name := self.first_lstm(study, task))
        }

    def ready_sources(self) -> dict[str, list[str] | str]:
        """What the ready networks and their scores follow from, by name."""
        networks = self.ready_networks()
        study, files = self.config["ready"], list(networks.values())
        held_out = [
            self.task_shards(study, task, "validation", number, Path(networks[task]).stem)
            for task, number in (("Passive-AOUP", 0), ("Passive-AOUP", 1), ("estimates", 0))
        ]
        return {
            "networks": files,
            "domains": domains_of(files),
            **dict(zip(("check_0", "check_1", "estimated"), held_out, strict=True)),
            "answers": networks["Passive-AOUP"].removesuffix(".keras") + ".h5",
            "estimates": networks["estimates"].removesuffix(".keras") + ".h5",
            "optimum": f"{self.results}/{study}/Passive-AOUP/optimum.h5",
            "bayes": f"{self.results}/{study}/estimates/bayes.h5",
        }

    def ready_settings(self) -> dict[str, Any]:
        """What the weights of the ready networks follow from, beside the code, as plain JSON."""
        study = self.config["ready"]
        tracks = self.studies[study]["tracks"]
        networks = {}
        for task in self.ready_networks():
            name = self.first_lstm(study, task)
            assert name is not None
            networks[task] = {
                "names": self.task_names(study, task),
                "seed": self.network_seed(study, task, name),
                "network": self.network_settings(study, task, name),
                "training": self.training_settings(study, task, name),
            }
        return {
            "tracks": json.loads(self.made(study))
            | {split: tracks[split] for split in ("train", "validation", "shards")},
            "networks": networks,
        }

    def slow_trap(self, study: str) -> bool:
        """Whether a study's trap is slower than its propulsion: C(t) alone cannot tell them."""
        middle = 1.0
        for name in ("kappa", "tau_a"):
            low, high, _ = self.range(study, name)
            middle *= (low * high) ** 0.5
        return middle < 1
