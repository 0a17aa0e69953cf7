"""Options of `activenoise verdict` that are wrong, and what the one line says."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tests.mistakes.mistake import Mistake

from activenoise.cli import main

UM = ["--unit", "um"]


def write_walk(path: Path, n: int = 600) -> Path:
    """A random walk in two coordinates, with times."""
    walk = np.random.default_rng(1).normal(size=(n, 2)).cumsum(axis=0)
    table = np.column_stack([0.01 * np.arange(n), walk])
    np.savetxt(path, table, delimiter=",", header="t,x,y", comments="", fmt="%.6f")
    return path


class Run(NamedTuple):
    """The status of a command, and what it printed."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path) -> Run:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
    return Run(status, out.getvalue(), err.getvalue())


# Options beside a file that could be read without them, the status, and what is said. A status of
# 2 comes before any file is read.
BAD: list[tuple[list[str], int, str]] = [
    ([*UM, "--column", "z"], 1, "a.csv: there is no column z"),
    ([*UM, "--track-column", "id"], 1, "a.csv: there is no column id"),
    ([*UM, "--time-column", "y"], 1, "a.csv: times are not uniform: from point 0 to 1"),
    ([], 1, "a.csv: the length unit is not known; give unit"),
    ([*UM, "--no-time"], 1, "a.csv: the interval is not known; give dt in s"),
    ([*UM, "--no-time", "--time-column", "t"], 1, "a.csv: no_time and time_column exclude"),
    ([*UM, "--one-track", "--track-column", "y"], 1, "a.csv: one_track and track_column exclude"),
    ([*UM, "--dt", "-1"], 1, "a.csv: dt = -1.0 must be a positive time"),
    ([*UM, "--dt", "inf"], 1, "a.csv: dt = inf must be a positive time"),
    ([*UM, "--scale", "nan"], 1, "a.csv: scale = nan must be a finite number other than 0"),
    ([*UM, "--stride", "0"], 1, "a.csv: stride = 0 must be a whole number of at least 1"),
    ([*UM, "--stride", "100"], 1, "a.csv: only 6 points (1 in 100); at least 100 are needed"),
    (["--instrument", "lens"], 2, "instrument is 'lens'; it must be one of exact, camera"),
    (["--trap", "cage"], 2, "trap is 'cage'; it must be one of trapped, free"),
    (["--baseline", "zero"], 2, "baseline is 'zero'; it must be one of constant, linear"),
    (["--priors", "exposure=2"], 2, "exposure = 2: must lie in 0"),
    (["--priors", "exposure"], 2, "must be parameter=value"),
    (["--priors", "kapa=1"], 2, "kapa is not known; the parameters are kappa"),
    (["--priors", "noise=1 noise=2"], 2, "noise is there twice"),
    (["--priors", "D=uniform:2:1"], 2, "D = uniform:2:1: the range is reversed or empty"),
    (["--trap", "free", "--priors", "kappa=3"], 2, "a free tracer has no trap"),
    (["--temperature", "37"], 2, "temperature = 37: needs a radius, a viscosity or both too"),
    (["--radius", "250nm"], 2, "radius = 250nm: needs a temperature too, such as 37C"),
    (["--temperature", "310", "--radius", "1"], 2, "temperature = 310: must be 0C to 100C"),
    (["--temperature", "37F", "--radius", "1"], 2, "37F: the unit does not fit; must be one of C"),
    (["--temperature", "37C", "--radius", "1kg"], 2, "radius = 1kg: the unit does not fit"),
    (["--temperature", "37C", "--viscosity", "0"], 2, "viscosity = 0: must be 0.1mPas to"),
    (
        ["--unit", "pixel", "--temperature", "37C", "--radius", "1"],
        1,
        "a.csv: forces in pN need lengths in m, mm, um, nm, not in pixel",
    ),
    (["--effort", "hard"], 2, "--effort: invalid choice: 'hard'"),
    (["--dt", "fast"], 2, "--dt: 'fast' must be a number"),
    (["--stride", "1.5"], 2, "--stride: '1.5' must be a whole number"),
    (["--seed", "first"], 2, "--seed: 'first' must be a whole number"),
    (["--no-time=maybe"], 2, "--no-time: 'maybe' must be 1, or empty"),
    (["--out", "a.csv"], 2, "argument --out: 'a.csv' is a file; name a folder"),
    (["--pixel", "0.1"], 2, "unrecognized arguments: --pixel 0.1"),
]

# Whole commands that are wrong.
COMMANDS: list[tuple[list[str], int, str]] = [
    ([], 2, "the following arguments are required: COMMAND"),
    (["judge", "a.csv"], 2, "invalid choice: 'judge'"),
    (["verdict"], 2, "the following arguments are required: FILE"),
    (["verdict", ""], 2, "argument FILE: a file without a name; name a file or a folder"),
    (["verdict", "n" * 300], 2, "argument FILE: 'nnnnnnnnnnnnnnnnnnnn...' is too long for a name"),
    (["verdict", "nowhere.csv", *UM], 1, "nowhere.csv: no such file"),
]


def said_of(options: list[str], status: int, folder: Path) -> str:
    track = write_walk(folder / "a.csv")
    placed = [track if word == "a.csv" else word for word in options]
    found = run("verdict", track, *placed, "--out", folder / "out")
    return checked(found, status, folder)


def said_of_command(command: list[str], status: int, folder: Path) -> str:
    placed = [folder / word if word.endswith(".csv") else word for word in command]
    more = ["--out", folder / "out"] if status == 1 else []
    return checked(run(*placed, *more), status, folder)


def checked(found: Run, status: int, folder: Path) -> str:
    """What was said; nothing is written but the line of a file that cannot be used."""
    assert found.status == status, found
    written = [path.name for path in (folder / "out").rglob("*")]
    assert written == (["verdicts.csv"] if status == 1 else [])
    return found.err.rstrip("\n")


def shown(*words: str) -> str:
    words = tuple(word if len(word) < 60 else f"{word[:20]}..." for word in words)
    return f"`{' '.join(word if word and ' ' not in word else repr(word) for word in words)}`"


MISTAKES = [
    *(
        Mistake(shown("activenoise", *command), [said], partial(said_of_command, command, status))
        for command, status, said in COMMANDS
    ),
    *(
        Mistake(
            shown("activenoise", "verdict", "a.csv", *options),
            [said],
            partial(said_of, options, status),
        )
        for options, status, said in BAD
    ),
]
