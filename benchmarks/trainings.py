"""The study's trainings on the Keras backend and the device at hand, such as JAX on a GPU: what a
step takes, what the training waits for, and how near the network comes to the exact optimum.

    KERAS_BACKEND=jax python benchmarks/trainings.py [study/task/network ...] [--test N]
        [--folder FOLDER] [--keep FOLDER] [--out FILE] [--quick]

Each network of config/config.yaml is trained with its full settings, on the tracks and from the
seeds of the study, and answers for the first N test tracks of either class. The same networks
trained with KERAS_BACKEND=tensorflow are what to compare with: the tracks are the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # before TensorFlow is loaded: as a training of the study
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow"))

from activenoise.config.plan import Plan, parse_name, task_models
from activenoise.config.schema import Config, load_schema, resolve
from activenoise.files import DataSet, classes, write_json
from activenoise.parameters import pair_models
from activenoise.physics.priors import parse_prior
from activenoise.studies.scoring import excess
from benchmarks.harness import processor
from benchmarks.report import table

ROOT = Path(__file__).resolve().parents[1]
NETWORKS = (
    "benchmark/Passive-AOUP/lstm",
    "benchmark/Passive-AOUP/lstm_increments",
    "granule/Passive-AOUP/lstm",
)
_REPEATS = 100  # steps on one batch, once the training has ended


@dataclass
class Timed:
    """A function whose calls are timed. spans: start and end of each, s; given: the arguments of
    the last."""

    function: Callable[..., Any]
    spans: list[tuple[float, float]] = field(default_factory=list)
    given: tuple[Any, ...] = ()

    def __call__(self, *given: Any) -> Any:
        start = time.perf_counter()
        result = self.function(*given)
        self.spans.append((start, time.perf_counter()))
        self.given = given
        return result


class Course(NamedTuple):
    """How the time of a training went, s. steps: seconds of each step, of forward and backward
    pass and the reading of its loss. validation: scores of held-out tracks, and averages of the
    weights. waited: all else between two steps, which is waiting for the next batch."""

    steps: np.ndarray
    validation: float
    waited: float


def course(steps: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> Course:
    """The course of a training from start and end of its steps, and of what else was timed."""
    start, end = np.transpose(steps)
    between = [b - a for a, b in other if start[0] < a < end[-1]]
    spent = float(np.sum(between))
    return Course(end - start, spent, float(np.sum(start[1:] - end[:-1])) - spent)


def study_plan(folder: Path, quick: bool = False) -> Plan:
    """The plan of config/config.yaml, whose results go to `folder`; quick: of config/smoke.yaml."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    if quick:
        overlay = yaml.safe_load((ROOT / "config/smoke.yaml").read_text(encoding="utf-8"))
        config = _overlaid(config, overlay)
    config = resolve(config, load_schema(ROOT / "workflow/schemas/config.schema.yaml"))
    return Plan({**config, "results": str(folder)}, {})


def _overlaid(config: Config, overlay: Mapping[str, Any]) -> Config:
    """As Snakemake puts one config file over another."""
    both = {
        key: _overlaid(config[key], value)
        for key, value in overlay.items()
        if isinstance(value, Mapping) and isinstance(config.get(key), Mapping)
    }
    return {**config, **overlay, **both}


def lstm_networks(plan: Plan) -> list[str]:
    """study/task/network of all that tell two models apart frame by frame."""
    return [
        f"{study}/{pair}/{name}"
        for study, part in plan.studies.items()
        for pair, networks in part["pairs"].items()
        for name, network in networks.items()
        if network["kind"] == "lstm"
    ]


def simulate(plan: Plan, study: str, task: str, name: str, n_test: int) -> None:
    """The tracks of a training and the first n_test of the test, as the workflow makes them. What
    is there already is left."""
    from activenoise.simulation.shards import write_shard

    part = plan.studies[study]
    longest = plan.training_points(study, task, parse_name(name)[0])
    for split, points in (("train", longest), ("validation", longest), ("test", None)):
        n_tracks = n_test if split == "test" else part["tracks"][split]
        for model in task_models(task):
            paths = plan.shards(study, split, model, points)
            for k, path in enumerate(paths):
                if Path(path).exists():
                    continue
                write_shard(
                    path,
                    model,
                    parse_prior(part["parameters"]),
                    points or plan.points(study)[-1],
                    plan.dt(study),
                    plan.seed(study, split, model),
                    range(k * n_tracks // len(paths), (k + 1) * n_tracks // len(paths)),
                    study=study,
                    split=split,
                    unit=part["unit"],
                    made=plan.made(study),
                )


def exact_optimum(plan: Plan, study: str, task: str) -> dict[str, Any]:
    """The optimal classifier's answers to the test tracks, as the workflow finds them
    (`studies.optimum.optimum`)."""
    from activenoise.studies.evidence import TrackEvidence
    from activenoise.studies.exact import study_evidence
    from activenoise.studies.optimum import optimum

    part, found = plan.studies[study], []
    for model in task_models(task):
        path = Path(plan.results) / study / f"evidence/{task}-{model}.h5"
        if not path.exists():
            evidence = study_evidence(
                parse_prior(part["parameters"]),
                DataSet(plan.shards(study, "test", model), plan.made(study)),
                plan.points(study),
                [task],
                nodes=part["nodes"],
                seed=plan.seed(study, "evidence", model) % 2**31,
            )
            evidence.write(path)
        found.append(TrackEvidence.read(path))
    return optimum(pair_models(task), found)


def train_network(plan: Plan, study: str, task: str, name: str, path: Path) -> dict[str, Any]:
    """Train a network into the file `path`, and how the time went: see `measure`."""
    from activenoise.learning.batches import Batches
    from activenoise.learning.exact_labels import ExactLabels
    from activenoise.learning.recipes import build
    from activenoise.learning.training import Settings, Validation, train

    parameters, seed = plan.studies[study]["parameters"], plan.network_seed(study, task, name)
    given = plan.training_settings(study, task, name)
    training, held_out = (
        [DataSet(plan.task_shards(study, task, split, k, name), plan.made(study)) for k in range(2)]
        for split in ("train", "validation")
    )
    names = plan.task_names(study, task)
    settings = plan.network_settings(study, task, name)
    network = build(settings, parameters, plan.dt(study), "classify", names, seed)
    labels = None
    if given["labels"] == "exact":
        labels = ExactLabels(training, parameters, network.frames.points, seed)
    lengths = sorted({stage["points"] for stage in given["stages"]})
    tracks, truth = Batches(held_out).batch(sum(map(len, held_out)), lengths[-1])
    check = Validation(tracks, np.asarray(truth), lengths)
    model, timed = network.model, {}
    for method in ("train_on_batch", "predict_on_batch", "get_weights", "set_weights"):
        timed[method] = Timed(getattr(model, method))
        setattr(model, method, timed[method])
    source = Batches(training, None, seed, given["tracks"], labels)
    train(network, source, check, Settings.from_dict(given), seed)
    for method in timed:
        delattr(model, method)
    path.parent.mkdir(parents=True, exist_ok=True)
    network.save(path)
    steps = timed.pop("train_on_batch")
    other = [span for one in timed.values() for span in one.spans]
    return {
        **stage_times(course(steps.spans, other), given["stages"], network.frames.points),
        **repeated_steps(model, *steps.given),
    }


def stage_times(spent: Course, stages: Sequence[Mapping[str, int]], points: int) -> dict[str, Any]:
    """The course of a training by stage. The first step of a stage compiles: what it takes longer
    than the others is counted apart. points: of a frame."""
    rows, compilation, ends = [], 0.0, np.cumsum([stage["steps"] for stage in stages])
    for stage, steps in zip(stages, np.split(spent.steps, ends[:-1]), strict=True):
        usual = float(np.median(steps[1:]))
        compilation += float(steps[0]) - usual
        rows.append(
            {
                **stage,
                "frames": stage["points"] // points,
                "first_step_seconds": float(steps[0]),
                "step_milliseconds": 1e3 * usual,
            }
        )
    total = float(spent.steps.sum()) + spent.validation + spent.waited
    return {
        "seconds": total - compilation,
        "compilation_seconds": compilation,
        "waited_seconds": spent.waited,
        "validation_seconds": spent.validation,
        "stages": rows,
    }


def repeated_steps(model: Any, inputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Milliseconds a step on one batch, again and again: as the training steps, which reads the
    loss of each (`alone`), and by Keras' own loop, which does not wait for the device (`fit`)."""
    start = time.perf_counter()
    for _ in range(_REPEATS):
        float(model.train_on_batch(inputs, targets))
    alone = time.perf_counter() - start
    many = [np.concatenate([part] * _REPEATS) for part in (inputs, targets)]
    for _ in range(2):  # the first compiles
        start = time.perf_counter()
        model.fit(*many, batch_size=len(inputs), shuffle=False, verbose=0)
        fit = time.perf_counter() - start
    return {"alone_milliseconds": 1e3 * alone / _REPEATS, "fit_milliseconds": 1e3 * fit / _REPEATS}


def network_scores(
    plan: Plan, study: str, task: str, name: str, path: Path, best: Mapping[str, Any]
) -> list[dict[str, float]]:
    """A network's excess of log-loss over the optimum and its standard error, nats, by duration."""
    from activenoise.learning.trained import Network

    network, points = Network.load(path), plan.scored_points(study, task, parse_name(name)[0])
    shards = [plan.shards(study, "test", model) for model in task_models(task)]
    data_sets, labels = classes(shards, plan.made(study))
    logits = np.concatenate(
        [
            network.predict(d[rows, : points[-1]], points)
            for d in data_sets
            for rows in d.blocks(500)
        ]
    )
    columns = [list(best["points"]).index(n) for n in points]
    found = excess(logits, best["logits"][:, columns], labels)
    durations = np.array(points) * plan.dt(study)
    keys = ("duration", "excess", "standard_error")
    return [
        dict(zip(keys, map(float, row), strict=True)) for row in zip(durations, *found, strict=True)
    ]


def device() -> str:
    """What the backend computes on: the name of a GPU, or the processor's."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        first = jax.devices()[0]
        return processor() if first.platform == "cpu" else first.device_kind
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(found[0]) if found else {}
    return details.get("device_name", processor())


def measure(
    plan: Plan, study: str, task: str, name: str, n_test: int, path: Path
) -> dict[str, Any]:
    """Simulate, train and score one network: times (s, ms), its scores, and the largest excess."""
    import keras

    best = exact_optimum(plan, study, task)
    times = train_network(plan, study, task, name, path)
    scores = network_scores(plan, study, task, name, path, best)
    return {
        "network": f"{study}/{task}/{name}",
        "backend": f"{keras.backend.backend()}, Keras {keras.__version__}",
        "device": device(),
        "tracks": 2 * n_test,
        **times,
        "largest_excess": max(scores, key=lambda row: row["excess"]),
        "scores": scores,
    }


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """The measurements as a table in Markdown."""
    header = [
        "network", "backend", "device", "training, s", "of which waited for batches, s",
        "validation and averages, s", "compilation, s", "ms a step", "alone, ms", "by fit, ms",
        "largest excess, nats",
    ]  # fmt: skip
    lines = []
    for row in rows:
        stages = "; ".join(
            f"{s['frames']} frames {s['step_milliseconds']:.1f}" for s in row["stages"]
        )
        most = row["largest_excess"]
        parts = ("seconds", "waited_seconds", "validation_seconds", "compilation_seconds")
        lines.append(
            [
                *(row[name] for name in ("network", "backend", "device")),
                *(f"{row[name]:.1f}" for name in parts),
                stages,
                *(f"{row[name]:.1f}" for name in ("alone_milliseconds", "fit_milliseconds")),
                f"{most['excess']:.4f} +- {most['standard_error']:.4f}"
                f" (T = {most['duration']:g} s)",
            ]
        )
    return table(header, lines)


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train networks of the study, and time it.")
    parser.add_argument("networks", nargs="*", metavar="study/task/network")
    parser.add_argument("--test", type=int, default=2000, help="test tracks of either class")
    parser.add_argument("--folder", type=Path, help="for tracks, which a second run finds there")
    parser.add_argument("--keep", type=Path, help="folder for the trained networks")
    parser.add_argument("--out", type=Path, help="JSON file for all that is measured")
    parser.add_argument("--quick", action="store_true", help="the tiny study of config/smoke.yaml")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    chosen = options(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (chosen.folder or Path(scratch)) / ("quick" if chosen.quick else str(chosen.test))
        plan, rows = study_plan(folder, chosen.quick), []
        found = lstm_networks(plan)
        for network in chosen.networks or [name for name in NETWORKS if name in found]:
            if network not in found:
                sys.exit(f"{network}: must be one of {', '.join(found)}")
            study, task, name = network.split("/")
            begun = time.perf_counter()
            simulate(plan, study, task, name, chosen.test)
            print(f"{network}: tracks in {time.perf_counter() - begun:.0f} s", flush=True)
            path = (chosen.keep or Path(scratch)) / f"{network}.keras"
            rows.append(measure(plan, study, task, name, chosen.test, path))
            print(render(rows[-1:]), flush=True)
            if chosen.out:
                write_json(chosen.out, rows)
        print(render(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
