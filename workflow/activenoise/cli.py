"""The command line: `activenoise verdict FILE ...`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
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


class _Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists the options\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    from activenoise import __version__
    from activenoise.parameters import TRAPS
    from activenoise.reading.sheet import INSTRUMENTS

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
    one.add_argument("--dt", type=_number, help="interval (s), where the file does not say")
    one.add_argument(
        "--unit", type=_text, help="unit of length, e.g. um, where the file does not say"
    )
    for name, meaning in _READ.items():
        one.add_argument(f"--{name.replace('_', '-')}", type=_text, help=meaning)
    for name, meaning in _SWITCHES.items():
        one.add_argument(
            f"--{name.replace('_', '-')}", type=_switch, nargs="?", const=True, help=meaning
        )
    one.add_argument("--scale", type=_number, help="units of length per unit of the file (1)")
    one.add_argument("--stride", type=_whole, help="analyse every n-th point (1)")
    one.add_argument("--instrument", type=_text, help=f"{', '.join(INSTRUMENTS)} (unknown)")
    one.add_argument("--trap", type=_text, help=f"{' or '.join(TRAPS)} (trapped)")
    one.add_argument(
        "--priors", type=_text, help='e.g. "exposure=1 noise=uniform:0:0.02 corner=off"'
    )
    one.add_argument("--baseline", type=_text, help="constant or linear")
    one.add_argument("--effort", choices=("full", "quick"), default="full")
    one.add_argument("--seed", type=_whole, help="root seed of the random numbers")
    one.add_argument(
        "--networks", type=Path, help="results of networks for any record, such as results/ready"
    )
    one.add_argument(
        "--out", type=_folder, default=Path("verdicts"), help="folder for the results (verdicts)"
    )
    return top


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
        return verdicts(given)
    except KeyboardInterrupt:
        print("interrupted; the verdicts so far are written", file=sys.stderr)
        return 130


def verdicts(given: argparse.Namespace) -> int:
    """One page a file, one table for all, a line a file as it is done. A file that cannot be used
    is one line, and the others go on."""
    from activenoise.analysis.table import write_verdicts
    from activenoise.report.verdict import judge, name_of, ready_networks, record_of

    try:
        options, question = questions(given)
        ready = None if given.networks is None else ready_networks(given.networks)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    rows: list[dict[str, Any]] = []
    for path in listed(given.files):
        name = name_of(path, options)
        folder = result_folder(given.out, path, name)
        try:
            record = record_of(path, options)
            told = record.told()
            for line in (path, *told["sentences"], *told["notes"]):
                print(line if line is path else f"  {line}", flush=True)
            found = judge(record, question, options, name, progress=True)
            if ready is not None:
                found = found.beside(ready)
            page = found.write(folder)
        except ValueError as error:
            print(error, file=sys.stderr)
            rows.append({"track": folder.name, "error": str(error)})
        else:
            rows.append(found.row() | {"track": folder.name})
            print(f"{path}: {found}\n  {page}", flush=True)
        write_verdicts(given.out / "verdicts.csv", rows)
    return int(any("error" in row for row in rows))


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


def result_folder(out: Path, path: Path, name: str) -> Path:
    """The folder of a file's results: its name, with a short hash of its path if the name has been
    taken by another file."""
    taken = out / name / "verdict.json"
    try:
        kept = json.loads(taken.read_text(encoding="utf-8"))
        other = kept.get("path") or kept["file"]
    except (OSError, ValueError, KeyError):
        return out / name
    if Path(other).resolve() == path.resolve():
        return out / name
    digest = hashlib.blake2b(str(path.resolve()).encode(), digest_size=3).hexdigest()
    return out / f"{name}-{digest}"


if __name__ == "__main__":
    sys.exit(main())
