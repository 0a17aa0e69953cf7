"""The config: checked against its schema and for sense, with one line for every mistake.

Snakemake reads this module too, before any rule's environment exists: it needs no numerics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from activenoise.config.choices import choices, merged
from activenoise.config.mistakes import explained, not_finite
from activenoise.parameters import (
    LOWEST_CORNER,
    PARAMETERS,
    STUDIED,
    TARGETS,
    Range,
    is_bare,
    study_ranges,
)  # fmt: skip

Config = dict[str, Any]
_MOST_POINTS = 1e9  # of a track


class ConfigError(ValueError):
    """A mistake in the config, in one line: the key, its value and what would be right."""


def load_schema(path: str | Path) -> Config:
    """The JSON schema of the config, from YAML."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def resolve(config: Mapping[str, Any], schema: Config) -> Config:
    """The config with the schema's defaults filled in; ConfigError where it is wrong.

    A study, a pair or a network that is null is left out: so an overlay can take things away.
    """
    config = _without_nulls(config)
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(explained(error))
    for message in not_finite(config):
        raise ConfigError(message)
    filled = _with_defaults(config, schema, schema)
    for name, study in filled["studies"].items():
        for message in _study_mistakes(study):
            raise ConfigError(f"studies.{name}.{message}")
    for message in _verdict_mistakes(filled["verdict"]):
        raise ConfigError(f"verdict.{message}")
    ready = filled["ready"]
    if ready is not None:
        if ready not in filled["studies"]:
            raise ConfigError(f"ready = {ready}: is not one of {', '.join(filled['studies'])}")
        if not filled["studies"][ready]["scale_free"]:
            raise ConfigError(f"ready = {ready}: its networks have units; must be scale_free")
    for name, record in filled["synthetic_records"].items():
        for message in _record_mistakes(record):
            raise ConfigError(f"synthetic_records.{name}.{message}")
    return filled


def _without_nulls(config: Mapping[str, Any]) -> Config:
    """The config without null studies, pairs, networks, synthetic records and choices of one."""

    def kept(value: Any, *depths: str) -> Any:
        """`value` without null entries; deeper, without those of the named keys (* is any)."""
        if not isinstance(value, Mapping):
            return value
        if not depths:
            return {name: item for name, item in value.items() if item is not None}
        first, *rest = depths
        chosen = value if first == "*" else [name for name in value if name == first]
        return {n: kept(item, *rest) if n in chosen else item for n, item in value.items()}

    for path in (
        ("studies",),
        ("synthetic_records",),
        ("verdict", "records"),
        ("studies", "*", "pairs"),
        ("studies", "*", "pairs", "*"),
        ("studies", "*", "estimates", "networks"),
    ):
        config = kept(config, *path)
    return dict(config)


def sampling_interval(study: Config) -> float:
    """Time between the points that a study uses, s."""
    return study["dt"] * study["stride"]


def is_measured(study: Config) -> bool:
    """Whether the tracks of a study are seen through an instrument, or have parameters in other
    terms than the models': their exact answers are then sampled (`studies.exact`)."""
    return not is_bare(study["parameters"])


def n_points(study: Config, duration: float) -> int:
    """Points in a duration (s) of a study."""
    return round(duration / sampling_interval(study))


class SheetLine(Protocol):
    """What `check_sheet` reads of a line of the sheet (`reading.sheet.SheetRow`)."""

    @property
    def track(self) -> str: ...
    @property
    def file(self) -> Path | None: ...
    @property
    def dt(self) -> float | None: ...
    @property
    def stride(self) -> int: ...
    @property
    def study(self) -> str | None: ...
    @property
    def trap(self) -> str: ...


def check_sheet(config: Config, rows: Sequence[SheetLine]) -> None:
    """ConfigError where a line of the sheet does not fit the config."""
    for row in rows:
        if row.study is not None and row.dt is not None:
            _check_study(config, row.track, row.study, row.dt * row.stride)
        if row.file is None and row.track not in config["synthetic_records"]:
            raise ConfigError(
                f"track {row.track}: no file, and no synthetic_records.{row.track} in the config"
            )
        try:
            choices(row.trap, merged(config["verdict"], row.track, row.trap))
        except ValueError as error:
            raise ConfigError(f"track {row.track}: verdict.{error}") from None
    for name in config["verdict"]["records"]:
        if name not in [row.track for row in rows]:
            known = ", ".join(row.track for row in rows)
            raise ConfigError(f"verdict.records.{name}: no such track in the sheet ({known} are)")


def _check_study(config: Config, track: str, name: str, interval: float) -> None:
    study = config["studies"].get(name)
    if study is None:
        known = ", ".join(config["studies"])
        raise ConfigError(f"track {track}: study {name} is not in the config ({known} are)")
    if study["scale_free"]:
        raise ConfigError(
            f"track {track}: study {name} is scale_free, for any record; leave study empty"
        )
    wanted = sampling_interval(study)
    if abs(interval / wanted - 1) > 0.01:
        raise ConfigError(
            f"track {track}: dt x stride = {interval:g} s, but the networks of study"
            f" {name} read points {wanted:g} s apart; choose another stride or study"
        )


def _with_defaults(value: Any, schema: Config, root: Config) -> Any:
    """A copy of `value` in which missing properties with a default are filled in, at any depth, and
    whole numbers are integers."""
    if "$ref" in schema:
        node: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        result = {}
        for name, item in value.items():
            inner = properties.get(name, others if isinstance(others, dict) else {})
            result[name] = _with_defaults(item, inner, root)
        for name, inner in properties.items():
            if name not in result and "default" in inner:
                result[name] = _with_defaults(inner["default"], inner, root)
        return result
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_with_defaults(item, items, root) for item in value]
    # JSON takes 2.0 for a whole number.
    return int(value) if schema.get("type") == "integer" else value


def _verdict_mistakes(verdict: Config) -> Iterator[str]:
    places = [("", verdict), *((f"records.{n}.", own) for n, own in verdict["records"].items())]
    for place, settings in places:
        try:
            choices("trapped", settings)
        except ValueError as error:
            yield f"{place}{error}"


def _study_mistakes(study: Config) -> Iterator[str]:
    try:
        ranges = study_ranges(study["parameters"])
    except ValueError as error:
        yield f"parameters.{error}"
        return
    yield from _parameter_mistakes(study, ranges)
    yield from _interval_mistakes(study)
    yield from _duration_mistakes(study)
    models = set()
    for pair in study["pairs"]:
        names = pair.split("-")
        if len(names) != 2 or not set(names) <= set(STUDIED):
            yield f"pairs.{pair}: must be two of {', '.join(STUDIED)} joined by a hyphen"
        elif names[0] == names[1]:
            yield f"pairs.{pair}: the two models must differ"
        models.update(names)
    if models and ranges.get("D_a", (1, 1))[1] == 0:
        yield "parameters.D_a = 0: active models are then passive; must be positive, or a prior"
    if study["estimates"]:
        yield from _target_mistakes(study, ranges)
    if "RTP" in models and not (is_bare(ranges) and all(r.fixed for r in ranges.values())):
        yield (
            "pairs: RTP is compared at known parameters and exact positions; each parameter must be"
            " a number, and none of an instrument, or RTP must be left out"
        )
    if "RBP" in models:
        yield from _rotational_mistakes(study, ranges)
    for place, network in _networks(study):
        yield from _network_mistakes(place, network, study, ranges)
    if study["tracks"]["shards"] > min(study["tracks"][s] for s in ("train", "validation", "test")):
        yield f"tracks.shards = {study['tracks']['shards']}: more shards than tracks"


def _interval_mistakes(study: Config) -> Iterator[str]:
    """Durations, also of the stages of trainings, of more points than a computer can count."""
    stages = (stage for _, network in _networks(study) for stage in network["training"]["stages"])
    durations = [*study["durations"], *(s["duration"] for s in stages if "duration" in s)]
    for duration in durations:
        if not duration / sampling_interval(study) < _MOST_POINTS:
            yield (
                f"dt = {study['dt']:g}: {duration:g} s would hold more than {_MOST_POINTS:g} points"
            )


def _duration_mistakes(study: Config) -> Iterator[str]:
    durations = study["durations"]
    for duration in durations:
        points = n_points(study, duration)
        if points < 2:
            yield (
                f"durations: {duration:g} s holds {points} points of"
                f" {sampling_interval(study):g} s; at least 2 are needed"
            )
    if sorted(set(durations)) != durations:
        yield f"durations: {durations} must increase"


def _target_mistakes(study: Config, ranges: Mapping[str, Range]) -> Iterator[str]:
    """What cannot be estimated."""
    if "Passive-AOUP" not in study["pairs"]:
        yield (
            "estimates: the pair Passive-AOUP is missing, whose optimum gives the Bayes"
            " estimates; it needs no networks (Passive-AOUP: {})"
        )
    for target in study["estimates"]["targets"]:
        if target not in TARGETS:
            yield f"estimates.targets: {target} must be one of {', '.join(TARGETS)}"
        elif target in ranges and ranges[target].fixed:
            yield f"estimates.targets: {target} is fixed, there is nothing to estimate"
        elif target not in ranges and not (target == "D" and study["scale_free"]):
            yield f"estimates.targets: {target} is not among the parameters"


def _rotational_mistakes(study: Config, ranges: Mapping[str, Range]) -> Iterator[str]:
    """Why a study cannot simulate an RBP or read one."""
    if study["scale_free"]:
        yield "pairs: RBP is not asked without a unit; scale_free, or RBP, must be left out"
        return
    interval = sampling_interval(study)
    corner = ranges["corner"].low if "corner" in ranges else math.inf
    if corner * interval < LOWEST_CORNER:
        yield (
            f"parameters.corner: {corner:g} Hz is too low for RBP at points {interval:g} s apart;"
            f" must be at least {LOWEST_CORNER / interval:g}"
        )
    shortest, strength = ranges["tau_a"].low, 0.0
    if "D_a" in ranges:
        strength = ranges["D_a"].high / ranges["D"].low * (interval / shortest) ** 2
    if shortest < 2 * interval or strength > 3:
        yield (
            f"parameters.tau_a: {shortest:g} s is too short for RBP at points {interval:g} s apart:"
            " tau_a must be 2 points or more, and D_a/D (dt/tau_a)^2 at most 3 everywhere"
        )


def _parameter_mistakes(study: Config, ranges: Mapping[str, Range]) -> Iterator[str]:
    """Parameters that are missing, twice there, or not for a study of this kind."""
    if "D_a" in ranges and "active_share" in ranges:
        yield "parameters: D_a and active_share say the same; must have one of them"
    if not {"D_a", "active_share"} & set(ranges):
        yield f"parameters: {'active_share' if study['scale_free'] else 'D_a'} missing"
    if study["scale_free"]:
        yield from _scale_free_mistakes(study, ranges)
    elif "D" not in ranges:
        yield "parameters: D missing (only a scale_free study has none)"
    if is_measured(study):
        for place, network in _networks(study):
            if network["frames"]["angle_bank"]:
                yield f"{place}.frames.angle_bank: knows no instrument; must be false"


def _scale_free_mistakes(study: Config, ranges: Mapping[str, Range]) -> Iterator[str]:
    """What a study without a unit cannot have."""
    if study["dt"] != 1 or study["stride"] != 1:
        yield f"dt = {study['dt']:g}: a scale_free study counts points; dt and stride must be 1"
    if "D" in ranges or "D_a" in ranges:
        yield "parameters: a scale_free study has neither D nor D_a; active_share instead"
    noise, drift = (ranges.get(name, (0.0, 0.0))[1] for name in ("noise", "drift"))
    if not noise**2 < 0.5:
        yield (
            f"parameters.noise: {noise:g} of the rms step is more than all of it;"
            " must be below 0.7071 in a scale_free study"
        )
    elif not 2 * noise**2 + drift < 1:
        yield (
            f"parameters.drift: {drift:g} of the mean square step leaves none to the tracer,"
            f" beside 2 noise^2; must be below {1 - 2 * noise**2:g} in a scale_free study"
        )
    for place, network in _networks(study):
        if network["kind"] != "lstm" or network["frames"]["kind"] != "statistics":
            yield (
                f"{place}: a network of a scale_free study must be an lstm with"
                " frames of kind statistics"
            )


def _networks(study: Config) -> Iterator[tuple[str, Config]]:
    """The networks of a study, each with the place of its settings in the config."""
    places = [(f"pairs.{pair}", networks) for pair, networks in study["pairs"].items()]
    if study["estimates"]:
        places.append(("estimates.networks", study["estimates"]["networks"]))
    for place, networks in places:
        for name, network in networks.items():
            yield f"{place}.{name}", network


def _network_mistakes(
    place: str, network: Config, study: Config, ranges: Mapping[str, Range]
) -> Iterator[str]:
    frames, training, shortest = network["frames"], network["training"], study["durations"][0]
    if frames["kind"] in ("statistics", "both") and not frames["memories"]:
        yield f"{place}.frames.memories: {frames['kind']} needs some, in coarse points"
    if frames["angle_bank"] and all(found.fixed for found in ranges.values()):
        yield (
            f"{place}.frames.angle_bank = true: all parameters are known, and the bank would be the"
            " exact answer; must be false"
        )
    if training["labels"] == "exact":
        yield from _label_mistakes(place, study, ranges)
    yield from _frame_mistakes(place, network, study)
    if network["longest"] is not None and network["longest"] < shortest:
        yield (
            f"{place}.longest = {network['longest']:g} s: below the first of durations,"
            f" {shortest:g} s; nothing would be scored"
        )
    # The standardisation of the inputs looks at 256 tracks.
    n_classes = 1 if place.startswith("estimates") else 2
    needed = -(-max(256, training["batch"]) // n_classes)
    place_of_tracks = f"{place}.training.tracks" if training["tracks"] else "tracks.train"
    there = min(training["tracks"] or study["tracks"]["train"], study["tracks"]["train"])
    if there < needed:
        yield (
            f"{place_of_tracks} = {there}: {place} needs at least {needed} per model"
            f" (batches of {training['batch']}, and 256 to scale its inputs)"
        )
    if place.startswith("estimates") and network["seeds"] > 1:
        yield f"{place}.seeds = {network['seeds']}: must be 1, an estimator is trained once"


def _label_mistakes(place: str, study: Config, ranges: Mapping[str, Range]) -> Iterator[str]:
    """What exact labels (`learning.exact_labels`, `exact_moments`) cannot be computed for."""
    where = f"{place}.training.labels = exact"
    if place.startswith("estimates"):
        known = [name for name in ("D", "D_a") if name in ranges and ranges[name].fixed]
        if not is_bare(ranges):
            yield (
                f"{where}: the study sees its tracks through an instrument, or in no unit, where"
                " an estimator has none; must be drawn"
            )
        elif known:
            yield (
                f"{where}: {known[0]} is known, and log D has no closed form given the others;"
                " must be drawn"
            )
    elif not is_bare(ranges):
        if "RBP" in place:
            yield f"{where}: an RBP seen through an instrument has none; must be drawn"
        elif "drift" in ranges and ("corner" in ranges or not study["scale_free"]):
            yield (
                f"{where}: a drift needs a scale_free study without a corner; must be drawn, or"
                " drift left out"
            )


def _frame_mistakes(place: str, network: Config, study: Config) -> Iterator[str]:
    """Durations that hold no frame of a network."""
    stride, shortest = network["frames"]["stride"], study["durations"][0]
    there = n_points(study, shortest)
    if network["kind"] != "lstm":
        if there < stride:
            yield (
                f"{place}.frames.stride: {stride} points do not fit into the duration of"
                f" {shortest:g} s, {there} points"
            )
        return
    frame = stride * network["frames"]["size"]
    for stage in network["training"]["stages"]:
        if "duration" not in stage:
            yield f"{place}.training.stages: duration missing"
        elif n_points(study, stage["duration"]) < frame:
            yield (
                f"{place}.training.stages: {stage['duration']:g} s is shorter than a frame of"
                f" {frame} points"
            )
    if there < frame:
        yield (
            f"{place}.frames: {frame} points do not fit into the duration of {shortest:g} s,"
            f" {there} points"
        )


def _record_mistakes(record: Config) -> Iterator[str]:
    names = PARAMETERS[record["model"]]
    missing = [name for name in names if name not in record["parameters"]]
    if missing:
        yield f"parameters: {', '.join(missing)} missing for {record['model']}"
    unknown = [name for name in record["parameters"] if name not in names]
    if unknown:
        yield (
            f"parameters: {', '.join(unknown)} unknown to {record['model']}; it has"
            f" {', '.join(names)}"
        )
