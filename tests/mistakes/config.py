"""A config that is right, what a user can get wrong in it, and what the one line then says."""

from __future__ import annotations

import copy
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from tests.mistakes.mistake import Mistake, refusal

from activenoise.config.schema import ConfigError, check_sheet, load_schema, resolve

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema(ROOT / "workflow/schemas/config.schema.yaml")

BASE = yaml.safe_load("""
seed: 1
studies:
  benchmark:
    dt: 0.01
    parameters: {kappa: 0.1, D: 0.2, D_a: 0.1, tau_a: 0.5}
    durations: [1, 5]
    tracks: {train: 256, validation: 10, test: 20}
    pairs:
      Passive-AOUP:
        lstm:
          frames: {kind: increments}
          training: {stages: [{duration: 5, steps: 10}]}
  granule:
    dt: 1.28e-5
    stride: 50
    parameters:
      kappa: {uniform: [50, 250]}
      D: {uniform: [1.0e-6, 2.0e-3]}
      D_a: {log_uniform: [1.0e-6, 1.0e-2]}
      tau_a: {uniform: [0.05, 0.8]}
    durations: [0.5, 3.2]
    tracks: {train: 256, validation: 10, test: 20, shards: 2}
    pairs: {Passive-AOUP: {}}
    estimates:
      targets: [D]
      networks:
        lstm:
          frames: {memories: [1, 4]}
          training: {stages: [{duration: 3.2, steps: 10}]}
  free:
    dt: 1
    scale_free: true
    parameters:
      kappa: {log_uniform: [0.01, 0.5]}
      tau_a: {log_uniform: [10, 100]}
      active_share: {uniform: [0.05, 1]}
      noise: {uniform: [0, 0.7]}
      exposure: 0.5
    durations: [100]
    tracks: {train: 256, validation: 10, test: 20}
    pairs:
      Passive-AOUP:
        lstm:
          frames: {memories: [1, 4]}
          training: {stages: [{duration: 100, steps: 10}]}
    estimates:
      targets: [D, active_share]
      networks: {}
ready: free
synthetic_records:
  twin: {model: AOUP, parameters: {kappa: 1, D: 1, D_a: 1, tau_a: 1}, n_points: 100}
""")
MISSING = "(missing)"
BENCHMARK, GRANULE = ("studies", "benchmark"), ("studies", "granule")
FREE = ("studies", "free")
LSTM = (*BENCHMARK, "pairs", "Passive-AOUP", "lstm")


def with_change(keys, value):
    """BASE with the entry at `keys` set, or left out."""
    config = copy.deepcopy(BASE)
    *path, last = keys
    place = config
    for key in path:
        place = place.setdefault(key, {})
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return config


def recorded(pair: str, **instrument: Any) -> dict[str, Any]:
    """The study of the granule seen through an instrument, with a network of exact labels."""
    study = BASE["studies"]["granule"]
    lstm = copy.deepcopy(study["estimates"]["networks"]["lstm"])
    lstm["training"]["labels"] = "exact"
    seen = {**study["parameters"], "noise": 0.1, **instrument}
    return {**study, "parameters": seen, "pairs": {pair: {"lstm": lstm}}, "estimates": None}


PARAMETER_RIGHT = "must be a number, {uniform: [low, high]} or {log_uniform: [low, high]}"
WRONG = [
    # an instrument, and no unit
    ((*GRANULE, "parameters", "exposure"), 1.5, ["parameters.exposure = 1.5: must lie in 0 ... 1"]),
    ((*GRANULE, "parameters", "noise"), -1, ["parameters.noise = -1"]),
    ((*GRANULE, "parameters", "active_share"), 0.5, ["D_a and active_share say the same"]),
    ((*GRANULE, "parameters", "D"), MISSING, ["granule.parameters: D missing"]),
    ((*FREE, "dt"), 0.1, ["studies.free.dt = 0.1: a scale_free study counts points"]),
    ((*FREE, "parameters", "D"), 0.5, ["free.parameters: a scale_free study has neither D"]),
    ((*FREE, "parameters", "active_share"), MISSING, ["parameters: active_share missing"]),
    (
        (*FREE, "parameters", "active_share"),
        1,
        ["active_share = 1: must be below 1, where nothing"],
    ),
    ((*FREE, "parameters", "noise"), {"uniform": [0, 0.8]}, ["noise: 0.8 of the rms step"]),
    ((*FREE, "estimates", "targets"), ["exposure"], ["targets", "must be one of kappa, D, D_a"]),
    ((*FREE, "estimates", "targets"), ["D_a"], ["targets: D_a is not among the parameters"]),
    ((*FREE, "pairs", "AOUP-RBP"), {}, ["pairs: RBP is not asked without a unit"]),
    (
        (*FREE, "estimates", "networks"),
        {
            "lstm": {
                "frames": {"memories": [1, 4]},
                "training": {"labels": "exact", "stages": [{"duration": 100, "steps": 10}]},
            }
        },
        ["estimates.networks.lstm.training.labels = exact: the study sees its tracks through an"],
    ),
    ((*GRANULE, "pairs", "AOUP-RTP"), {}, ["granule.pairs: RTP is compared at known parameters"]),
    ((*GRANULE, "parameters", "drift"), -0.1, ["granule.parameters.drift = -0.1"]),
    (
        (*GRANULE, "parameters", "drift"),
        {"log_uniform": [0, 1]},
        ["a log-uniform range cannot start"],
    ),
    ((*FREE, "parameters", "drift"), 0.1, ["drift: 0.1 of the mean square step leaves none"]),
    (
        (*FREE, "pairs", "Passive-AOUP", "lstm", "frames", "kind"),
        "increments",
        ["pairs.Passive-AOUP.lstm: a network of a scale_free study must be an lstm with frames of"],
    ),
    (("ready",), "nothing", ["ready = nothing: is not one of benchmark, granule, free"]),
    (("ready",), "granule", ["ready = granule: its networks have units; must be scale_free"]),
    # an unknown key
    (("seeds",), 3, ["the config", "unknown key seeds", "known are backend, keep_tr"]),
    ((*BENCHMARK, "durration"), 3, ["studies.benchmark", "durration", "known are dt, durations"]),
    ((*BENCHMARK, "parameters", "D_rot"), 1, ["studies.benchmark.parameters", "D_rot", "tau_a"]),
    ((*GRANULE, "nodes"), {"kapa": 3}, ["studies.granule.nodes", "kapa", "kappa"]),
    ((*LSTM, "units_"), 3, ["lstm: unknown key units_"]),
    ((*LSTM, "training", "clipnorm"), 1, ["lstm.training: unknown key clipnorm; known are augm"]),
    ((*GRANULE, "parameters", "strength"), 1, ["parameters.strength is not known", "a study are"]),
    ((*GRANULE, "parameters", "D"), {"normal": [1, 2]}, ["granule.parameters.D", "log_uniform"]),
    # a missing one
    (("seed",), MISSING, ["the config: seed missing"]),
    (("studies",), MISSING, ["the config: studies missing"]),
    (("studies",), {}, ["studies = {}: must hold at least one study"]),
    ((*BENCHMARK, "dt"), MISSING, ["studies.benchmark: dt missing"]),
    ((*BENCHMARK, "parameters", "D_a"), MISSING, ["studies.benchmark.parameters: D_a missing"]),
    ((*BENCHMARK, "tracks", "test"), MISSING, ["studies.benchmark.tracks: test missing"]),
    # values
    ((*GRANULE, "parameters", "D"), -1, ["studies.granule.parameters.D = -1: must be posit"]),
    ((*GRANULE, "parameters", "D"), 0, ["studies.granule.parameters.D = 0: must be posit"]),
    ((*GRANULE, "parameters", "D"), "big", ["parameters.D = big: must be a number, uniform"]),
    ((*GRANULE, "parameters", "D"), None, ["parameters.D = off: only a part of the instrument"]),
    ((*GRANULE, "parameters", "D"), float("nan"), ["D = nan: must be a finite number"]),
    ((*BENCHMARK, "dt"), 0, ["studies.benchmark.dt = 0: must be a positive number"]),
    ((*BENCHMARK, "dt"), float("inf"), ["studies.benchmark.dt = inf: must be a finite number"]),
    ((*BENCHMARK, "dt"), 1e-300, ["dt = 1e-300: 1 s would hold more than 1e+09 points"]),
    ((*BENCHMARK, "stride"), 10**400, ["benchmark.stride = 1000", "...: must be at most 1e+300"]),
    ((*BENCHMARK, "dt"), "1e-5", ["dt = '1e-5': must be a positive number", "1.0e-05"]),
    ((*BENCHMARK, "stride"), 1.5, ["studies.benchmark.stride = 1.5: must be a whole number"]),
    ((*BENCHMARK, "tracks", "test"), 0, ["benchmark.tracks.test = 0: must be a whole number, 1"]),
    (
        (*BENCHMARK, "parameters", "D_a"),
        0,
        ["parameters.D_a = 0: ", "must be positive, or a prior"],
    ),
    ((*BENCHMARK, "tracks", "shards"), 11, ["tracks.shards = 11: more shards than tracks"]),
    ((*BENCHMARK, "unit"), 3, ["studies.benchmark.unit = 3: must be text"]),
    (("seed",), -1, ["seed = -1: must be an integer, 0 or more"]),
    (("results",), "a b", ["results = 'a b'", "letters, digits"]),
    (("backend",), "torch", ["backend = 'torch'", "tensorflow or jax"]),
    # the verdict
    (("verdict", "priors"), {"kapa": 1}, ["verdict.priors.kapa is not known; the", "kappa, D"]),
    (("verdict", "priors"), {"D": 0}, ["verdict.priors.D = 0: only a part of the instrument"]),
    (("verdict", "priors"), {"D": "big"}, ["verdict.priors.D = big: must be a number, uniform"]),
    (("verdict", "priors"), {"exposure": 2}, ["verdict.priors.exposure = 2: must lie in 0 ... 1"]),
    (("verdict", "priors"), {"D_a": 1, "active_share": 0.5}, ["verdict.priors: D_a and active_sh"]),
    (("verdict", "baseline"), "zero", ["verdict.baseline = 'zero': must be constant or linear"]),
    (("verdict", "odds"), {"RPB": 1}, ["verdict.odds: unknown key RPB; known are AOUP"]),
    (
        ("verdict", "records"),
        {"bead": {"priors": {"noise": {"uniform": [2, 1]}}}},
        ["verdict.records.bead.priors.noise = {uniform: [2, 1]}: the range is reversed"],
    ),
    # ranges
    (
        (*GRANULE, "parameters", "D"),
        {"uniform": [2, 1]},
        ["granule.parameters.D", "[2, 1]}: the range is rev"],
    ),
    (
        (*GRANULE, "parameters", "D"),
        {"uniform": [1, 1]},
        ["[1, 1]}: the range is reversed or empty", "low <"],
    ),
    (
        (*GRANULE, "parameters", "D"),
        {"uniform": [-2, 1]},
        ["D = {uniform: [-2, 1]}: must be positive and"],
    ),
    ((*GRANULE, "parameters", "D"), {"uniform": [1]}, ["D = {uniform: [1]}: ", PARAMETER_RIGHT]),
    ((*GRANULE, "parameters", "D"), {}, ["D = {}: ", PARAMETER_RIGHT]),
    ((*GRANULE, "parameters", "D_a"), {"log_uniform": [0, 1]}, ["D_a", "cannot start at 0"]),
    (
        (*GRANULE, "parameters", "D"),
        {"uniform": [1, 2], "log_uniform": [1, 2]},
        ["parameters.D = {uniform: [1, 2], log", PARAMETER_RIGHT],
    ),
    # durations
    ((*BENCHMARK, "durations"), [0.01, 1], ["0.01 s holds 1 points of 0.01 s; at least 2"]),
    ((*BENCHMARK, "durations"), [], ["studies.benchmark.durations = []", "at least one duration"]),
    ((*BENCHMARK, "durations"), 5, ["studies.benchmark.durations = 5", "must be a list"]),
    ((*BENCHMARK, "durations"), [5, 1], ["studies.benchmark.durations: [5, 1] must increase"]),
    ((*BENCHMARK, "durations"), [1, 1], ["studies.benchmark.durations: [1, 1] must increase"]),
    ((*BENCHMARK, "durations"), [-1], ["studies.benchmark.durations.0 = -1: must be a positive"]),
    # pairs and studies by name
    ((*BENCHMARK, "pairs", "Passive-Levy"), {}, ["pairs.Passive-Levy", "Passive, AOUP, RBP"]),
    ((*BENCHMARK, "pairs", "Passive-Viscoelastic"), {}, ["two of Passive, AOUP, RBP"]),
    ((*BENCHMARK, "pairs", "AOUP"), {}, ["pairs.AOUP", "two of Passive, AOUP, RBP"]),
    ((*BENCHMARK, "pairs", "AOUP-AOUP"), {}, ["pairs.AOUP-AOUP: the two models must differ"]),
    ((*BENCHMARK, "pairs"), ["Passive-AOUP"], ["pairs = ['Passive-AOUP']: must be a mapping"]),
    (("studies", "Bad"), BASE["studies"]["benchmark"], ["studies: the name 'Bad' must be lower"]),
    (("studies", 7), BASE["studies"]["benchmark"], ["studies: the name 7 must be lower-case"]),
    (BENCHMARK, 3, ["studies.benchmark = 3: must be a mapping of keys"]),
    (("studies",), {"benchmark": None}, ["studies = {}: must hold at least one study"]),
    # networks
    ((*LSTM, "units"), -3, ["pairs.Passive-AOUP.lstm.units = -3: must be a whole number"]),
    ((*LSTM, "head"), "sums", ["lstm.head = 'sums': must be sum, state or last"]),
    ((*LSTM, "frames"), {"kind": "increments", "size": 1000}, ["frame of 1000 points"]),
    ((*LSTM, "frames"), {"kind": "both"}, ["lstm.frames.memories: both needs some"]),
    (
        (*LSTM, "frames"),
        {"memories": [3], "angle_bank": True},
        ["lstm.frames.angle_bank = true: all parameters are known", "must be false"],
    ),
    (
        (*GRANULE, "estimates", "networks", "lstm", "frames"),
        {},
        ["memories: statistics needs some"],
    ),
    ((*LSTM, "training", "batch"), 600, ["tracks.train = 256: ", "needs at least 300 per model"]),
    (
        (*LSTM, "training", "tracks"),
        100,
        ["lstm.training.tracks = 100: ", "at least 128 per model"],
    ),
    ((*GRANULE, "tracks", "train"), 200, ["tracks.train = 200: estimates", "at least 256 per mod"]),
    (
        LSTM,
        {
            "kind": "feedforward",
            "longest": 0.5,
            "frames": {"kind": "positions"},
            "training": {"stages": [{"steps": 3}]},
        },
        ["lstm.longest = 0.5 s: below the first of durations, 1 s"],
    ),
    (
        LSTM,
        {
            "kind": "feedforward",
            "frames": {"kind": "positions", "stride": 200},
            "training": {"stages": [{"steps": 3}]},
        },
        ["lstm.frames.stride: 200 points do not fit into the duration of 1 s, 100 points"],
    ),
    (
        GRANULE,
        recorded("AOUP-RBP"),
        ["labels = exact: an RBP seen through an instrument has none; must be drawn"],
    ),
    ((*LSTM, "seeds"), 0, ["lstm.seeds = 0: must be a whole number, 1 or more"]),
    ((*GRANULE, "estimates", "networks", "lstm", "seeds"), 3, ["lstm.seeds = 3: must be 1"]),
    ((*GRANULE, "stride"), 5000, ["frames: 20 points do not fit", "0.5 s, 8 points"]),
    ((*LSTM, "frames"), {"memories": 3}, ["lstm.frames.memories = 3: must be a list"]),
    ((*LSTM, "training", "stages"), [], ["lstm.training.stages = []: must not be empty"]),
    ((*LSTM, "training", "stages"), [{"steps": 3}], ["stages: duration missing"]),
    ((*LSTM, "training", "average"), 2, ["training.average = 2: must be at most 1"]),
    ((*LSTM, "training", "average"), -1, ["training.average = -1: must be at least 0"]),
    ((*BENCHMARK, "pairs", "Passive-AOUP", "Lstm"), {}, ["the name 'Lstm' must be lower-case"]),
    # estimates and records
    ((*GRANULE, "pairs"), {"AOUP-RBP": {}}, ["estimates: the pair Passive-AOUP is missing"]),
    ((*GRANULE, "estimates", "targets"), ["x"], ["targets: x must be one of kappa, D, D_a, tau_a"]),
    ((*GRANULE, "parameters", "D"), 1e-3, ["granule.estimates.targets: D is fixed"]),
    (
        ("synthetic_records", "twin", "model"),
        "Levy",
        ["twin.model = 'Levy'", "Passive, AOUP, RBP or"],
    ),
    (
        ("synthetic_records", "twin", "parameters"),
        {"kappa": 1, "D": 1},
        ["synthetic_records.twin.parameters: D_a, tau_a missing for AOUP"],
    ),
    (
        ("synthetic_records", "twin", "model"),
        "Passive",
        ["synthetic_records.twin.parameters: D_a, tau_a unknown to Passive; it has kappa, D"],
    ),
]


def shown(keys: tuple[Any, ...], value: Any) -> str:
    """The line of the config that is wrong."""
    key = ".".join(map(str, keys))
    if value is MISSING:
        return f"no `{key}`"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]
    return f"`{key}: {text if len(text) < 60 else text[:57] + '...'}`"


def said_of(keys: tuple[Any, ...], value: Any, _: Path) -> str:
    return refusal(ConfigError, partial(resolve, with_change(keys, value), SCHEMA))


class Row(NamedTuple):
    """What the check reads of a line of the sheet."""

    track: str = "bead"
    study: str | None = "granule"
    dt: float | None = 1.28e-5
    stride: int = 50
    file: str | None = "bead.csv"
    trap: str = "trapped"


# Lines of the sheet, and choices of records, that do not fit the config.
UNFIT: list[tuple[str, Row, dict[str, Any], list[str]]] = [
    (
        "a study of the sheet that the config does not have",
        Row(study="granules"), {},
        ["track bead: study granules is not in the config (benchmark, granule, free are)"],
    ),
    (
        "a scale-free study in the sheet",
        Row(study="free", dt=1.0, stride=1), {},
        ["track bead: study free is scale_free, for any record; leave study empty"],
    ),
    (
        "an interval that is not that of the study",
        Row(stride=16), {}, ["track bead: dt x stride = 0.0002048 s, but", "0.00064 s apart"],
    ),
    (
        "neither a file nor a synthetic record",
        Row(file=None), {}, ["track bead: no file, and no synthetic_records.bead"],
    ),
    (
        "choices of a record that the sheet does not have",
        Row(), {"beat": {"baseline": "linear"}},
        ["verdict.records.beat: no such track in the sheet (bead are)"],
    ),
    (
        "a prior of the trap of a free tracer",
        Row(trap="free", study=None), {"bead": {"priors": {"kappa": 3}}},
        ["track bead: verdict.priors.kappa = 3: a free tracer has no trap"],
    ),
]  # fmt: skip


def said_of_row(row: Row, records: dict[str, Any], _: Path) -> str:
    config = resolve(with_change(("verdict", "records"), records), SCHEMA)
    return refusal(ConfigError, partial(check_sheet, config, [row]))


MISTAKES = [
    *(
        Mistake(shown(keys, value), parts, partial(said_of, keys, value))
        for keys, value, parts in WRONG
    ),
    *(
        Mistake(kind, parts, partial(said_of_row, row, records))
        for kind, row, records, parts in UNFIT
    ),
]
