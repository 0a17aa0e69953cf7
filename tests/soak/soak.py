"""Kill the smoke study again and again, fill its disk, and see that nothing is lost: `make soak`.

A reference is made without interruption. A second copy of the project is then killed at random
moments, each time started again by the plain command, while its disk fills now and then. At the
end every number must equal the reference's, and no temporary file may be left.
"""

from __future__ import annotations

import argparse
import atexit
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.compared import differences
from tests.project import copy_project

GRACE = 120.0  # s that a run has to end by itself
NO_SPACE = "no space left on"  # of the system and of this project, in small letters


@contextmanager
def own_disk(folder: Path, size: str) -> Iterator[bool]:
    """Whether a folder is a disk of its own of this size, which needs the rights to mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") is not None and (
        subprocess.run(mount, capture_output=True, check=False).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def started(project: Path, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """The plain command that a user types, in a session of its own, with its output in a log."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config/smoke.yaml"]
    with log.open("wb") as file:
        run = subprocess.Popen(
            command, cwd=project, stdout=file, stderr=file, start_new_session=True
        )
    atexit.register(lambda: run.poll() is None and os.killpg(run.pid, signal.SIGKILL))
    return run


def end(run: subprocess.Popen[bytes], way: str, disk: Path, rng: random.Random) -> None:
    """End a run in one of the ways, or let it end if it does so first."""
    filler = disk / "filler"
    if way == "kill -9 of Snakemake":
        os.kill(run.pid, signal.SIGKILL)
    elif way == "kill -9 of all":
        os.killpg(run.pid, signal.SIGKILL)
    elif way == "Ctrl-C":
        os.killpg(run.pid, signal.SIGINT)
    else:
        left = rng.choice((0, 20_000, 500_000))
        with filler.open("wb", buffering=0) as file, suppress(OSError):  # full
            while True:
                file.write(bytes(1 << 20))
        os.truncate(filler, max(filler.stat().st_size - left, 0))
    try:
        run.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    filler.unlink(missing_ok=True)


def soak(project: Path, arguments: list[str], kills: int, pace: float, ways: list[str],
         rng: random.Random) -> list[str]:  # fmt: skip
    """Kill and start again; what went wrong, and print what was done."""
    wrong, done = [], Counter[str]()
    log = project.parents[1] / "run.log"  # beside the disk that fills
    count = 0
    while count < kills:
        way, wait = rng.choice(ways), rng.uniform(0.5, pace)
        run = started(project, arguments, log)
        try:
            code = run.wait(wait)
        except subprocess.TimeoutExpired:
            end(run, way, project, rng)
            count += 1
        else:
            # It was done, or failed by itself: from the beginning again, and killed earlier.
            if code != 0:
                wrong.append(f"{count}: status {code} by itself: {log.read_text()[-800:]}")
            way = "done before, all results deleted"
            pace = max(0.6 * pace, 8)
            shutil.rmtree(project / "results")
        said = log.read_text(errors="replace")
        if "LockException" in said:
            wrong.append(f"{count}: the folder was locked")
        if way == "full disk" and run.returncode not in (0, -9) and NO_SPACE not in said.lower():
            wrong.append(f"{count}: no reason on the terminal: {said[-800:]}")
        done[way] += 1
        print(f"{count}: after {wait:.0f} s: {way} (status {run.returncode})", flush=True)
    print(", ".join(f"{way}: {number}" for way, number in done.items()))
    run = started(project, arguments, log)
    if run.wait() != 0:
        wrong.append(f"the last run failed: {log.read_text()[-2000:]}")
    return wrong


def left_behind(project: Path) -> list[str]:
    """What an interrupted Snakemake left in its own folder."""
    state = project / ".snakemake"
    files = (*(state / "locks").glob("*"), *(state / "scripts").glob("*"))
    return [f"{path}: left behind" for path in files]


def main() -> int:
    """Run the soak; 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", default="all")
    parser.add_argument("--disk", default="4g", help="size of the disk, in memory")
    parser.add_argument("targets", nargs="*", help="results, instead of all of the smoke study")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    rng = random.Random(given.seed)
    arguments = [*given.targets, "--cores", given.cores]
    ways = ["kill -9 of Snakemake", "kill -9 of all", "Ctrl-C"]
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        reference = copy_project(Path(name) / "reference")
        begin = time.monotonic()
        if started(reference, arguments, Path(name) / "reference.log").wait() != 0:
            print((Path(name) / "reference.log").read_text()[-2000:])
            return 1
        took = time.monotonic() - begin
        print(f"reference: {took:.0f} s", flush=True)
        with own_disk(Path(name) / "disk", given.disk) as mounted:
            if mounted:
                ways.append("full disk")
            else:
                print("the disk is not filled: mounting one is not permitted")
            project = copy_project(Path(name) / "disk/project")
            # Each start costs about ten seconds, and every run should get somewhat farther.
            wrong = soak(project, arguments, given.kills, 20 + 2 * took / given.kills, ways, rng)
            wrong += differences(reference / "results", project / "results")
            wrong += left_behind(project)
    print("\n".join(wrong) or f"{given.kills} interruptions, nothing lost, nothing left")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
