"""The command line: `activenoise verdict FILE ...`, `compare CONTROL DRUG ...` and `plan ...`."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from activenoise.analysis.second_opinion import ReadyNetworks
    from activenoise.reading.records import ReadOptions
    from activenoise.report.verdict import Question

_READ = {
    "column": "coordinates, by name or number; several are parted by commas",
    "track_column": "the column that says which track a row is of",
    "time_column": "the column of times (s) or frame numbers",
}

_SWITCHES = {
    "no_time": "the rows of each track are at even steps of dt, whatever times the file has",
    "one_track": "the rows are one track, whatever its steps and other columns look like",
}

_BATH = {
    "temperature": "of the sample, in C unless as 310K: energies in pN too",
    "radius": "of the tracer, in um unless as 250nm",
    "viscosity": "of the liquid, in mPas unless as 1cP (that of water)",
}

_PLANNED = {
    "kappa": "relaxation rate of the trap, 1/s; 0 for a free tracer",
    "D": "thermal diffusivity, length^2/s",
    "tau_a": "persistence time of the propulsion, s",
    "dt": "interval between points, s",
    "duration": "duration of a track, s (without it, the one that finds D_a)",
    "D_a": "active diffusivity to find, length^2/s (without it, the least that is found)",
    "noise": "localisation noise, length (0)",
    "exposure": "part of the interval over which a camera averages (0)",
    "corner": "corner frequency of a detector, Hz (none)",
    "relaxed": "part of the signal that passes the detector at once (0)",
}


class _Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists the options\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    from activenoise import __version__

    top = _Parser(
        prog="activenoise",
        description="Is a tracer moved by thermal noise alone, or actively?",
    )
    top.add_argument("--version", action="version", version=f"activenoise {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "verdict",
        help="the verdict on files of tracks",
        description="Analyse each file: one page a file, one table for all.",
    )
    one.add_argument(
        "files", nargs="+", type=_file, metavar="FILE", help="a file, or a folder of files"
    )
    _add_reading(one)
    for name, meaning in _BATH.items():
        one.add_argument(f"--{name}", type=_text, help=meaning)
    one.add_argument("--effort", choices=("full", "quick"), default="full")
    one.add_argument("--seed", type=_whole, help="root seed of the random numbers")
    one.add_argument(
        "--networks",
        type=Path,
        help="results of networks for any record, such as results/ready (those of the package)",
    )
    one.add_argument(
        "--out", type=_folder, default=Path("verdicts"), help="folder for the results (verdicts)"
    )
    _add_compare(commands)
    two = commands.add_parser(
        "plan",
        help="how long to record",
        description="What a planned experiment would find. Numbers may have units: 5nm, 50/s.",
    )
    for name, meaning in _PLANNED.items():
        needed = name in ("kappa", "D", "tau_a", "dt")
        spellings = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
        two.add_argument(*spellings, dest=name, required=needed, type=_text, help=meaning)
    two.add_argument("--tracks", dest="n_tracks", type=_whole, help="how many tracks (1)")
    two.add_argument("--unit", type=_text, help="unit of length of numbers without one (um)")
    two.add_argument("--seed", type=_whole, help="seed of the simulated experiments")
    two.add_argument("--out", type=Path, default=Path("plan"), help="folder for the results (plan)")
    return top


def _add_compare(commands: Any) -> None:
    both = commands.add_parser(
        "compare",
        help="whether a treatment changed the motion",
        description="Compare conditions, the control first, with the cell as the unit. In a folder "
        "every file is a cell, or every sub-folder if there are any.",
    )
    both.add_argument(
        "conditions", nargs="+", type=_file, metavar="CONDITION",
        help="a folder or a pattern for each, or one table with columns condition and cell",
    )  # fmt: skip
    _add_reading(both)
    both.add_argument("--effort", choices=("full", "quick"), default="quick")
    both.add_argument("--seed", type=_whole, help="root seed of the random numbers")
    both.add_argument(
        "--out",
        type=_folder,
        default=Path("comparison"),
        help="folder for the results (comparison)",
    )


def _add_reading(command: argparse.ArgumentParser) -> None:
    """Options of how files are read, and what is known of the motion and its instrument."""
    from activenoise.parameters import TRAPS
    from activenoise.reading.sheet import INSTRUMENTS

    command.add_argument("--dt", type=_number, help="interval (s), where the file does not say")
    command.add_argument(
        "--unit", type=_text, help="unit of length, e.g. um, where the file does not say"
    )
    for name, meaning in _READ.items():
        command.add_argument(f"--{name.replace('_', '-')}", type=_text, help=meaning)
    for name, meaning in _SWITCHES.items():
        command.add_argument(
            f"--{name.replace('_', '-')}", type=_switch, nargs="?", const=True, help=meaning
        )
    command.add_argument("--scale", type=_number, help="units of length per unit of the file (1)")
    command.add_argument("--stride", type=_whole, help="analyse every n-th point (1)")
    command.add_argument("--instrument", type=_text, help=f"{', '.join(INSTRUMENTS)} (unknown)")
    command.add_argument("--trap", type=_text, help=f"{' or '.join(TRAPS)} (trapped)")
    command.add_argument(
        "--priors", type=_text, help='e.g. "exposure=1 noise=uniform:0:0.02 corner=off"'
    )
    command.add_argument("--baseline", type=_text, help="constant or linear")


# An empty value is one that was not given: `make verdict` passes every option.
def _text(value: str) -> str | None:
    return value.strip() or None


def _file(value: str) -> Path:
    if not value.strip():
        raise argparse.ArgumentTypeError("a file without a name; name a file or a folder")
    path = Path(value)
    if any(len(os.fsencode(part)) > 255 for part in path.parts):  # of most file systems
        raise argparse.ArgumentTypeError(f"'{path.name[:20]}...' is too long for a name")
    return path


def _folder(value: str) -> Path:
    path = _file(value)
    there = next((part for part in (path, *path.parents) if os.path.lexists(part)), path)
    if not there.is_dir() and os.path.lexists(there):
        raise argparse.ArgumentTypeError(f"{str(there)!r} is a file; name a folder")
    return path


def _number(value: str) -> float | None:
    if not value.strip():
        return None
    try:
        return float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} must be a number") from None


def _whole(value: str) -> int | None:
    if not value.strip():
        return None
    try:
        return int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} must be a whole number") from None


def _switch(value: str) -> bool | None:
    if value.strip() in ("", "0", "no"):
        return None
    if value.strip() in ("1", "yes"):
        return True
    raise argparse.ArgumentTypeError(f"{value!r} must be 1, or empty")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if every file has a verdict, 1 if one has none, 2 for a wrong option."""
    given = parser().parse_args(arguments)
    try:
        run = {"plan": planned, "compare": conditions_of, "verdict": verdicts}[given.command]
        return run(given)
    except KeyboardInterrupt:
        done = "; the verdicts so far are written" if given.command == "verdict" else ""
        print(f"interrupted{done}", file=sys.stderr)
        return 130
    except Exception as error:
        line = said(error)
        if line is None:
            raise
        print(line, file=sys.stderr)
        return 1


def said(error: Exception) -> str | None:
    """One line for an error that a user can mend, or None."""
    from activenoise.logs import reason

    if isinstance(error, ValueError):
        return str(error)
    line = reason(error, "use a larger --stride, or fewer tracks or coordinates at once")
    if line is None and isinstance(error, OSError) and error.filename is not None:
        line = f"{error.filename}: {error.strerror}"
    return line


def verdicts(given: argparse.Namespace) -> int:
    """One page a file, one table for all, a line a file as it is done. A file that cannot be used
    is one line, and the others go on."""
    from activenoise.report.verdict import name_of

    try:
        options, question = questions(given)
        ready = networks_of(given.networks)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    asked = json.loads(json.dumps({**asdict(question), **asdict(options)}))
    rows: list[dict[str, Any]] = []
    for path in listed(given.files):
        with result_folder(given.out, path, name_of(path, options), asked) as folder:
            row = judged(path, folder, question, options, ready)
            rows.append(row | {"track": folder.name})
            add_to_table(given.out, rows)
    return int(any("error" in row for row in rows))


def conditions_of(given: argparse.Namespace) -> int:
    """The comparison of conditions: a table and sentences, and its files. A file that cannot be
    read is one line, and the others go on."""
    from activenoise.reading.conditions import experiment
    from activenoise.report.conditions import compared

    try:
        options, question = questions(given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    read = experiment(given.conditions, options)
    for fault in read.faults:
        print(fault, file=sys.stderr)
    for line in read.lines():
        print(line, flush=True)
    made = compared(read, question, progress=True)
    paths = made.write(given.out)
    print(f"\n{made.table()}\n\n{made}\n  {', '.join(map(str, paths))}")
    return int(bool(read.faults))


def planned(given: argparse.Namespace) -> int:
    """The plan of an experiment: a table and a sentence, and its files."""
    from activenoise.reading.quantities import quantity
    from activenoise.report.plan import plan

    stated = {key: value for key, value in vars(given).items() if value is not None}
    unit = stated.get("unit", "um")
    others: dict[str, Any] = {key: stated[key] for key in ("n_tracks", "seed") if key in stated}
    try:
        others |= {n: quantity(n, stated[n], unit) for n in _PLANNED if n in stated}
        made = plan(**others, unit=unit)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    paths = made.write(given.out)
    print(f"{made.table()}\n\n{made}\n  {', '.join(map(str, paths))}")
    return 0


def judged(
    path: Path, folder: Path, question: Question, options: ReadOptions, ready: ReadyNetworks | None
) -> dict[str, Any]:
    """The row of a file in verdicts.csv, once its verdict is printed and written into a folder; the
    reason as `error` where it has none."""
    from activenoise.reading.memory import record_of
    from activenoise.report.verdict import judge, name_of

    try:
        record = record_of(path, options)
        told = record.told()
        for line in (path, *told["sentences"], *told["notes"]):
            print(line if line is path else f"  {line}", flush=True)
        found = judge(record, question, options, name_of(path, options), progress=True)
        if ready is not None:
            found = found.beside(ready)
        page = found.write(folder)
        if path_of(folder) != path.resolve():
            raise ValueError(f"{page}: another program has written here; run the same again")
    except Exception as error:
        line = said(error)
        if line is None:
            raise
        print(line, file=sys.stderr)
        return {"error": line}
    print(f"{path}: {found}\n  {page}", flush=True)
    return found.row()


def networks_of(study: Path | None) -> ReadyNetworks | None:
    """The networks of a study's results, or those of the package; None, with the reason in a line,
    while a run that is not done makes them or where one is damaged. ValueError if the folder never
    had any."""
    from activenoise.logs import DamagedError
    from activenoise.report.verdict import ready_networks

    try:
        return ready_networks(study)
    except (DamagedError, OSError) as error:
        print(f"{said(error)}; this verdict goes on without the networks", file=sys.stderr)
        return None


def questions(given: argparse.Namespace) -> tuple[ReadOptions, Question]:
    """How to read the files and what to ask of them. ValueError in one line for what is wrong."""
    from activenoise.config.choices import priors_of_text
    from activenoise.reading.records import ReadOptions
    from activenoise.report.verdict import Question

    stated = {key: value for key, value in vars(given).items() if value is not None}
    read = {key: stated[key] for key in ReadOptions.__dataclass_fields__ if key in stated}
    asked = {key: stated[key] for key in Question.__dataclass_fields__ if key in stated}
    asked["priors"] = priors_of_text(stated.get("priors", ""))
    return ReadOptions(**read), Question(**asked)


def listed(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those of folders that have a known extension, in order."""
    from activenoise.reading.formats import FORMATS

    for path in paths:
        if path.is_dir():
            found = (file for file in path.rglob("*") if file.suffix.lower() in FORMATS)
            yield from sorted(file for file in found if file.is_file())
        else:
            yield path


@contextmanager
def result_folder(out: Path, path: Path, name: str, asked: dict[str, Any]) -> Iterator[Path]:
    """The folder of the results of a file and of what was asked of it, for this process alone until
    the block ends: the file's name, with a short hash of path and question if another verdict has
    taken, or is taking, the name."""
    from activenoise.files import locked

    owner = json.dumps([str(path.resolve()), asked], sort_keys=True)
    digest = hashlib.blake2b(owner.encode(), digest_size=4).hexdigest()
    first, second = out / name, out / f"{name}-{digest}"
    with locked(first.with_name(f".{first.name}.lock"), owner) as held:
        if held and (kept := kept_in(first)) is not None:
            # Verdicts of earlier versions do not say what was asked, or not all of it.
            before = {**dict.fromkeys(asked), **kept.get("asked", asked)}
            held = path_of(first) == path.resolve() and before == asked
        if held:
            yield first
            return
    with locked(second.with_name(f".{second.name}.lock"), owner):
        yield second


def kept_in(folder: Path) -> dict[str, Any] | None:
    """The verdict.json in a folder; None where there is none that can be read."""
    try:
        kept = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and "file" in kept else None


def path_of(folder: Path) -> Path | None:
    """The file of the verdict in a folder."""
    kept = kept_in(folder)
    return None if kept is None else Path(kept.get("path") or kept["file"]).resolve()


def add_to_table(out: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows into verdicts.csv, in place of those of the same name. The other rows stay as long
    as their results do."""
    from activenoise.analysis.table import write_verdicts
    from activenoise.files import locked

    table = out / "verdicts.csv"
    names = {row["track"] for row in rows}
    with locked(out / ".verdicts.csv.lock", str(table)):
        try:
            with table.open(encoding="utf-8", newline="") as file:
                before = [row for row in csv.DictReader(file) if row["track"] not in names]
        except (OSError, ValueError, KeyError, csv.Error):
            before = []
        kept = [row for row in before if (out / row["track"] / "verdict.json").is_file()]
        write_verdicts(table, [*kept, *rows])


if __name__ == "__main__":
    sys.exit(main())
