"""The verdict on one file, without a line in any sheet: `make verdict TRACK=path DT=... UNIT=...`.

Reads the file, so that a mistake in it is one line; writes a sheet of one line under results/own;
has Snakemake make the page; prints the verdict and where the page is.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from activenoise.config.choices import choices, priors_of_text
from activenoise.files import replacing
from activenoise.parameters import TRAPS
from activenoise.reading.errors import RecordError
from activenoise.reading.records import ReadOptions, read
from activenoise.reading.sheet import INSTRUMENTS, SHEET_COLUMNS, read_sheet

RESULTS = Path("results/own")
MAIN_RESULTS = Path("results")  # of `make`, whose ready networks answer here too


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="a track: text, CSV, NumPy, HDF5, Parquet, MATLAB, XML")
    parser.add_argument("--dt", default="", help="interval, s; where the file does not tell")
    parser.add_argument("--unit", default="", help="length, e.g. um; where the file does not tell")
    parser.add_argument("--column", default="", help="coordinate; two are parted by a comma")
    parser.add_argument("--track-column", default="", help="which track a row is of")
    parser.add_argument("--time-column", default="", help="times, s, or frame numbers")
    parser.add_argument("--scale", default="", help="unit per unit of the file (1)")
    parser.add_argument("--stride", default="", help="every stride-th point (1)")
    parser.add_argument("--instrument", default="", help=" or ".join(INSTRUMENTS))
    parser.add_argument("--trap", default="", help=" or ".join(TRAPS))
    parser.add_argument("--priors", default="", help='"exposure=1 noise=uniform:0:0.02 corner=off"')
    parser.add_argument("--baseline", default="", help="constant or linear")
    parser.add_argument("--effort", choices=("full", "quick"), default="full")
    parser.add_argument("--cores", default="all")
    return parser.parse_args(given)


def write_sheet(given: argparse.Namespace) -> tuple[str, Path]:
    """The sheet of one line: name of the track, path of the sheet. RecordError if it is wrong."""
    if not given.file:
        raise RecordError("no file: make verdict TRACK=path/to/file DT=seconds UNIT=um")
    if re.search(r"[\t\r\n]", given.file):
        raise RecordError(f"{given.file!r}: a name with a tab or a line break cannot be in a sheet")
    stem = Path(given.file).name.split(".")[0] or Path(given.file).name
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{stem}_{given.column}" if given.column else stem)
    row = dict.fromkeys(SHEET_COLUMNS, "") | {
        "track": name.strip("_") or "track",
        **{name: value for name, value in vars(given).items() if name in SHEET_COLUMNS},
    }
    sheet = RESULTS / f"{row['track']}.tsv"
    with replacing(sheet) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows([row.keys(), row.values()])
    try:
        (line,) = read_sheet(sheet)
        verdict_settings(given, line.trap)
        read(given.file, ReadOptions(**line.reading()))
    except RecordError as error:
        sheet.unlink()
        raise RecordError(str(error).removeprefix(f"{sheet}: line 2: ")) from None
    return line.track, sheet


def verdict_settings(given: argparse.Namespace, trap: str = TRAPS[0]) -> dict[str, Any]:
    """Priors and baseline in the config's form; RecordError if they are wrong."""
    if given.baseline not in ("", "constant", "linear"):
        raise RecordError(f"baseline is {given.baseline!r}; it must be constant or linear")
    try:
        settings: dict[str, Any] = {"priors": priors_of_text(given.priors)}
        if given.baseline:
            settings["baseline"] = given.baseline
        choices(trap, settings)
    except ValueError as error:
        raise RecordError(str(error)) from None
    return settings


def overlay(given: argparse.Namespace, track: str, sheet: Path) -> Path:
    """The config of this one run, over config/config.yaml, whose choices for the records of its own
    sheet do not matter here."""
    config = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    others = dict.fromkeys((config.get("verdict") or {}).get("records") or {})
    own = {
        "records": str(sheet),
        "results": str(RESULTS),
        "ready_results": str(MAIN_RESULTS),
        "verdict": {
            "effort": given.effort, "records": others | {track: verdict_settings(given)}
        },
    }  # fmt: skip
    path = sheet.with_suffix(".yaml")
    with replacing(path) as partial:
        partial.write_text(yaml.safe_dump(own), encoding="utf-8")
    return path


def main() -> int:
    given = arguments()
    try:
        track, sheet = write_sheet(given)
    except RecordError as error:
        print(error, file=sys.stderr)
        return 1
    folder = RESULTS / "tracks" / track
    command = [
        sys.executable, "-m", "snakemake", str(folder / "verdict.html"), "--cores", given.cores,
        "--quiet", "all", "--configfile", str(overlay(given, track, sheet)),
    ]  # fmt: skip
    print(f"{track}: {given.effort} analysis; a long record takes a minute or two", flush=True)
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr.strip()[-2000:], file=sys.stderr)
        print(
            f"{track}: no verdict; the logs are in {RESULTS}/logs/tracks/{track}", file=sys.stderr
        )
        return 1
    words = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["words"]
    print(words["sentence"])
    print(f"Its caveats, figures and checks: {folder / 'verdict.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
