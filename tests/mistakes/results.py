"""Results that are damaged, empty, or of another config, and what the one line says."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tests.mistakes.mistake import Mistake, refusal

from activenoise.files import (
    DataSet,
    read_arrays,
    read_json,
    write_arrays,
)
from activenoise.logs import DamagedError
from activenoise.reading.record import Record, load_record, load_studied, write_record
from activenoise.studies.durations import LOSSES, PUBLISHED
from activenoise.studies.published import SHOWN
from activenoise.studies.segments import SegmentAnswer
from activenoise.studies.tables import score_tables
from activenoise.tables import read_table

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"


class Named(dict):
    """Files or params of a job by name."""

    __getattr__ = dict.__getitem__


def run_script(name: str, **parts: Any) -> None:
    """Run the script of a rule in this process. parts: input, output, params and wildcards."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.open_log = lambda *_: logging.getLogger("tests")
    script.main(SimpleNamespace(log=["job.log"], threads=1, **parts))


def shard(path: Path, model: str = "Passive", first: int = 0, **changes: Any) -> Path:
    """Five tracks of eight points of a study `a`. changes: of attributes or of arrays."""
    about = {"model": model, "study": "a", "split": "test", "dt": 0.5, "unit": "um", "seed": "7"}
    arrays = {
        "positions": np.arange(40, dtype=np.float32).reshape(5, 8),
        "index": np.arange(first, first + 5),
        "parameters/kappa": np.ones(5),
    }
    about |= {name: changes[name] for name in changes if name not in arrays}
    arrays |= {name: changes[name] for name in changes if name in arrays}
    write_arrays(path, about, **arrays)
    return path


def halved(path: Path) -> Path:
    """The file, cut off in its middle."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def altered(path: Path) -> Path:
    """The shard with one byte of its positions changed."""
    whole = bytearray(path.read_bytes())
    whole[whole.index(np.arange(40, dtype=np.float32).tobytes()) + 50] ^= 16
    path.write_bytes(whole)
    return path


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def table(path: Path, *columns: str, rows: int = 0, **cells: Any) -> Path:
    """A CSV file of these columns, with 1 in every cell that is not given."""
    line = ",".join(str(cells.get(name, 1)) for name in columns)
    return written(path, "\n".join([",".join(columns), *[line] * rows]) + "\n")


def record(path: Path) -> Path:
    """A record of one track, kept as the workflow keeps it."""
    tracks = {"": np.arange(120.0)[:, None]}
    write_record(path, Record(tracks, ("x",), 0.1, "um", path))
    return path


def facts(path: Path) -> None:
    from activenoise.analysis.stored import read_facts

    read_facts(path)


EXACT = {"quadrature_change": [0.0], "quadrature_change_standard_error": [0.0]}


def answers(path: Path, **changes: Any) -> str:
    arrays = {"logits": np.zeros((4, 1)), "labels": [0, 0, 1, 1], "points": [8]}
    write_arrays(path, **{**arrays, **EXACT, **changes})
    return str(path)


def of_network(folder: Path) -> Any:
    """The scores of a network whose answers are nan."""
    files = {
        "optimum": answers(folder / "optimum.h5"),
        "lstm": answers(folder / "lstm.h5", logits=np.full((4, 1), np.nan)),
    }
    return score_tables("a", {"Passive-AOUP": files}, 0.5)


def figure(name: str, about: dict[str, Any], **files: Any) -> None:
    """Draw a figure of the workflow."""
    script = f"figures/{name}"
    run_script(script, input=Named(files), params=Named(about=about), output=Named())


MADE = json.dumps({"seed": 1, "dt": 0.5, "parameters": {"kappa": 1}})
NOW = json.dumps({"seed": 1, "dt": 0.5, "parameters": {"kappa": [1, 2]}})


def of_config(script: str, names: dict[str, bool], folder: Path) -> None:
    """A job that reads shards of a config that has been edited since. names: of its inputs, and
    whether each is of the second model."""
    files = {
        name: [str(shard(folder / f"a/tracks/test/{model}-0.h5", model, made=MADE))]
        for name, second in names.items()
        for model in ["AOUP" if second else "Passive"]
    }
    params = {"made": NOW, "backend": "tensorflow", "about": {"made": NOW, "records": []}}
    params |= {"parameters": {"kappa": 1, "D": 1}, "points": [8], "networks": []}
    run_script(script, input=Named(files, networks=[], records=[]), params=Named(params))


BOTH = {"class_0": False, "class_1": True}
# The inputs of every script that reads shards, by whether they are of the second model.
READERS: dict[str, dict[str, bool]] = {
    "train": {"train_0": False, "train_1": True, "check_0": False, "check_1": True},
    "domain": {"check_0": False, "check_1": True},
    "made": {"check_0": False, "check_1": True, "estimated": True},
    "predict": BOTH,
    "evidence": {"tracks": False},
    "figures/setup": BOTH,
}

WHOSE = ("study", "pair", "method")
CURVE = (*WHOSE, "duration", "predicted", "observed", "standard_error")
SCORES = (*WHOSE, "duration", *LOSSES, "accuracy_0", "accuracy_1", "seeds", "excess_spread")
ONE = {"study": "a", "pair": "AOUP-RBP", "method": "optimum"}
ABOUT: dict[str, Any] = {"study": "a", "pair": "AOUP-RBP", "methods": ["optimum", "lstm"]}
SHARDS = "every job that reads tracks"

# Kind, who reads it, what is made and read in a folder, and what is said.
BAD: list[tuple[str, str, Callable[[Path], Any], str]] = [
    (
        "HDF5 that is cut off", "every job that reads it",
        lambda f: read_arrays(halved(shard(f / "optimum.h5"))),
        "optimum.h5: damaged (…); delete it and run again",
    ),
    (
        "HDF5 of another kind", "every job that reads it",
        lambda f: read_arrays(written(f / "optimum.h5", "not HDF5")), "optimum.h5: damaged (…)",
    ),
    (
        "HDF5 without an array", "figures 2 and 4, the scores",
        lambda f: read_arrays(answers(f / "optimum.h5"), "mean"), "optimum.h5: no array mean",
    ),
    (
        "one altered byte", SHARDS,
        lambda f: DataSet([altered(shard(f / "Passive-0.h5"))])[:], "Passive-0.h5: damaged (…)",
    ),
    (
        "tracks of another model than the name says", SHARDS,
        lambda f: DataSet([shard(f / "a/tracks/test/AOUP-0.h5")]), "holds tracks of model Passive",
    ),
    (
        "tracks of another study", SHARDS,
        lambda f: DataSet([shard(f / "a/tracks/test/Passive-0.h5", study="b")]),
        "holds tracks of study b",
    ),
    (
        "tracks of another split", SHARDS,
        lambda f: DataSet([shard(f / "a/tracks/test/Passive-0.h5", split="train")]),
        "holds tracks of split train",
    ),
    (
        "shards with two intervals", SHARDS,
        lambda f: DataSet([shard(f / "P-0.h5"), shard(f / "P-1.h5", first=5, dt=0.25)]),
        "P-1.h5: dt is 0.25, but 0.5 in P-0.h5",
    ),
    (
        "shards with two seeds", SHARDS,
        lambda f: DataSet([shard(f / "P-0.h5"), shard(f / "P-1.h5", first=5, seed="8")]),
        "P-1.h5: seed is 8, but 7 in P-0.h5",
    ),
    (
        "shards with tracks of two lengths", SHARDS,
        lambda f: DataSet(
            [shard(f / "P-0.h5"), shard(f / "P-1.h5", first=5, positions=np.zeros((5, 4)))]
        ),
        "P-1.h5: tracks of another length than in P-0.h5",
    ),
    (
        "a shard that is missing", SHARDS,
        lambda f: DataSet([shard(f / "P-0.h5"), shard(f / "P-2.h5", first=10)]),
        "P-2.h5: begins with track 10, not 5",
    ),
    (
        "a shard that is there twice", SHARDS,
        lambda f: DataSet([shard(f / "P-0.h5"), shard(f / "P-1.h5")]),
        "P-1.h5: begins with track 0, not 5",
    ),
    *(
        (
            f"tracks of a config that was edited since, for `{script}.py`", script.split("/")[-1],
            partial(of_config, script, names),
            "made with another parameters than the config's; delete it and run again",
        )
        for script, names in READERS.items()
    ),
    (
        "JSON that is cut off", "every job that reads it",
        lambda f: read_json(written(f / "verdict.json", '{"half": ')),
        "verdict.json: damaged (…); delete it and run again",
    ),
    (
        "facts of another version", "the verdict, the page",
        lambda f: facts(written(f / "findings.json", '{"versions": {"activenoise": "0.0"}}')),
        "findings.json: made by activenoise 0.0; run again",
    ),
    (
        "a record that is cut off", "every job on a record",
        lambda f: load_record(halved(record(f / "record.h5"))), "record.h5: damaged (…)",
    ),
    (
        "a record that is another file", "every job on a record",
        lambda f: load_record(shard(f / "record.h5")), "record.h5: damaged (…)",
    ),
    (
        "a record without what its study reads", "every job of a study on a record",
        lambda f: load_studied(record(f / "record.h5")), "record.h5: damaged (…)",
    ),
    (
        "an empty table", "every job that reads it",
        lambda f: read_table(written(f / "scores.csv", "")), "scores.csv: damaged (…)",
    ),
    (
        "a table that is cut off", "every job that reads it",
        lambda f: read_table(written(f / "scores.csv", 'a,b\n1,"2')), "scores.csv: damaged (…)",
    ),
    (
        "answers of a network that diverged", "the scores",
        of_network, "lstm.h5: logits is nan; delete it and its network, and run again",
    ),
    (
        "scores without a column", "figure 3",
        lambda f: figure(
            "log_loss", ABOUT, scores=table(f / "scores.csv", *WHOSE, "duration"), published="p.csv"
        ),
        "scores.csv: no column log_loss, standard_error, excess, excess_standard_error; delete it",
    ),
    (
        "scores without a method", "figure 3",
        lambda f: figure(
            "log_loss", ABOUT, scores=table(f / "scores.csv", *SCORES, rows=2, **ONE),
            published="p.csv",
        ),
        "scores.csv: no row with method lstm; delete it and run again",
    ),
    (
        "scores without a pair", "the figure of networks",
        lambda f: figure(
            "networks", ABOUT, scores=table(f / "scores.csv", *SCORES), published="p.csv"
        ),
        "scores.csv: no row with pair AOUP-RBP",
    ),
    (
        "scores without the spread of seeds", "the figure of networks",
        lambda f: figure(
            "networks", ABOUT, scores=table(f / "scores.csv", *SCORES[:-1]), published="p.csv"
        ),
        "scores.csv: no column excess_spread",
    ),
    (
        "published numbers without a column", "figure 3",
        lambda f: figure(
            "log_loss", ABOUT | {"methods": ["optimum"]},
            scores=table(f / "scores.csv", *SCORES, rows=2, **ONE),
            published=table(f / "log_loss.csv", *PUBLISHED[:-1]),
        ),
        "log_loss.csv: no column uncertainty; get it from the repository again",
    ),
    (
        "scores without an accuracy", "the figure of mechanisms",
        lambda f: figure(
            "mechanism", {"studies": [("a", "AOUP-RBP", 20.0, None)]},
            scores=[table(f / "scores.csv", *WHOSE, "duration", *LOSSES)],
        ),
        "scores.csv: no column accuracy_0, accuracy_1",
    ),
    (
        "a calibration without a column", "the figure of calibration",
        lambda f: (
            (f / "a").mkdir(),
            figure(
                "calibration", {"pairs": [("a", "AOUP-RBP", ["optimum"])]},
                calibration=[table(f / "a/calibration.csv", *CURVE[:-1])],
            ),
        ),
        "a/calibration.csv: no column standard_error",
    ),
    (
        "a calibration without rows", "the figure of calibration",
        lambda f: (
            (f / "a").mkdir(),
            figure(
                "calibration", {"pairs": [("a", "AOUP-RBP", ["optimum"])]},
                calibration=[table(f / "a/calibration.csv", *CURVE)],
            ),
        ),
        "a/calibration.csv: no row with pair AOUP-RBP",
    ),
    (
        "a comparison without a column", "the figure of the published numbers",
        lambda f: figure("published", {}, table=table(f / "published.csv", *SHOWN[:-1])),
        "published.csv: no column standard_error",
    ),
    (
        "segments without a column", "the figure of segments",
        lambda f: figure(
            "segments", {}, verdict=written(f / "verdict.json", "{}"),
            exact=table(f / "exact-segments.csv", *SegmentAnswer._fields[:-1]),
        ),
        "exact-segments.csv: no column sd",
    ),
    (
        "segments without rows", "the figure of segments",
        lambda f: figure(
            "segments", {}, verdict=written(f / "verdict.json", "{}"),
            exact=table(f / "exact-segments.csv", *SegmentAnswer._fields),
        ),
        "exact-segments.csv: no row; delete it and run again",
    ),
    (
        "a history without scores", "the figure of training",
        lambda f: figure(
            "training",
            {"histories": [("AOUP-RBP", "lstm", [table(f / "lstm.csv", "step", "loss", rows=1)])]},
        ),
        "lstm.csv: no column validation or rmse",
    ),
    (
        "a history without rows", "the figure of training",
        lambda f: figure(
            "training",
            {"histories": [("AOUP-RBP", "lstm", [table(f / "lstm.csv", "step", "validation[8]")])]},
        ),
        "lstm.csv: no row",
    ),
    (
        "estimates without a column", "the figure of training",
        lambda f: figure(
            "training",
            {"histories": []}, scores=[],
            estimates=[table(f / "estimates.csv", "n_points", "method", "target")],
        ),
        "estimates.csv: no column rmse",
    ),
    (
        "run times without a column", "the figure of run times",
        lambda f: figure(
            "times", {"folder": str(f), "parts": ["a"]},
            tables=((f / "a").mkdir(), written(f / "a/scores.tsv", "s\n1\n")),
        ),
        "a/scores.tsv: no column max_rss",
    ),
]  # fmt: skip


def said_of(make: Callable[[Path], Any], folder: Path) -> str:
    return refusal(DamagedError, partial(make, folder))


MISTAKES = [
    Mistake(kind, [said], partial(said_of, make), reader) for kind, reader, make, said in BAD
]
