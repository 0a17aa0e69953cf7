"""Compare the smoke study through Slurm with a local run: make test-slurm.

Slurm runs on this machine, first without accounting, then with it. Each time one job is cancelled.
"""

import argparse
import csv
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from cluster import call, cluster, missing_programs, shown_jobs

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path("results/slurm")
# A few jobs of every kind of group, for the cluster with accounting.
FEW = [
    "mechanism/AOUP-RBP/optimum.h5",
    "mechanism/AOUP-RBP/lstm-domain.h5",
    "tracks/paper_twin/fit.json",
]
# What differs between any two runs: time, and pictures with their date.
TIMES = {"seconds", "longest_seconds", "max_rss_mb"}
IGNORED_SUFFIXES = {".pdf", ".png", ".keras"}  # the answers of the networks are compared instead
IGNORED_FOLDERS = {"logs", "benchmarks"}
TOLERANCE = 1e-12


def command(*more: str) -> list[str]:
    """Snakemake on the smoke study."""
    snakemake = [sys.executable, "-m", "snakemake", "--nolock"]
    return [*snakemake, *more, "--configfile", "config/smoke.yaml"]


class Watch(threading.Thread):
    """Notes every job of the queue, and cancels the first that runs for the rule `cancelled`."""

    def __init__(self, cancelled: str) -> None:
        super().__init__(daemon=True)
        self.rule, self.jobs, self.cancelled, self.done = cancelled, {}, None, threading.Event()

    def run(self) -> None:
        while not self.done.wait(2):
            self.jobs |= shown_jobs()
            for number, job in self.jobs.items():
                ours = self.rule in job.get("Comment", "") and job["JobState"] == "RUNNING"
                if ours and not self.cancelled:
                    call("scancel", number)
                    self.cancelled = number

    def finish(self) -> None:
        """Take what the controller knows for the last time."""
        self.done.set()
        self.join()
        self.jobs |= shown_jobs()

    def table(self) -> str:
        """The jobs, one a line."""
        rows = [("job", "rule or group", "state", "CPUs", "memory", "elapsed")]
        for number, job in sorted(self.jobs.items(), key=lambda item: int(item[0])):
            comment = job.get("Comment", "").removeprefix("rule_")
            fields = (job["JobState"], job["NumCPUs"], job["MinMemoryNode"], job["RunTime"])
            rows.append((number, comment, *fields))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def through_slurm(accounting: bool, results: Path, targets: list[str], cancelled: str) -> list[str]:
    """Run the targets through Slurm; what is wrong with the run."""
    logs = results.parent / f"{results.name}-logs"
    for folder in (results, logs):
        shutil.rmtree(ROOT / folder, ignore_errors=True)
    options = ["--workflow-profile", "profiles/slurm", "--slurm-keep-successful-logs"]
    options += ["--slurm-logdir", str(ROOT / logs)]
    with cluster(accounting):
        watch = Watch(cancelled)
        watch.start()
        files = [str(results / path) for path in targets]
        words = [*command(*options, *files), "--config", f"results={results}"]
        print("$", shlex.join(words), flush=True)
        started = time.monotonic()
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        watch.finish()
        print(*(done.stdout + done.stderr).splitlines()[-15:], sep="\n")
        print(f"exit status {done.returncode} after {(time.monotonic() - started) / 60:.1f} min")
        print(f"job {watch.cancelled} was cancelled\n{watch.table()}", flush=True)
    wrong = [] if done.returncode == 0 else [f"{results}: exit status {done.returncode}"]
    states = [job["JobState"] for job in watch.jobs.values()]
    if sorted(states) != ["CANCELLED"] + ["COMPLETED"] * (len(states) - 1):
        wrong.append(f"{results}: not all but one cancelled job completed: {states}")
    ran, cores = ran_and_bound(ROOT / logs)
    completed = states.count("COMPLETED")
    print(f"{completed} submissions ran {ran} jobs")
    print(f"largest memory of a script (MB): {largest_memory(results)}")
    if completed >= ran:
        wrong.append(f"{results}: {completed} submissions for {ran} jobs: none were grouped")
    for number, job in watch.jobs.items():
        reserved = int(job["NumCPUs"])
        if found := cores.get(number, set()) - {reserved}:
            wrong.append(f"{results}: job {number} reserved {reserved} CPUs and saw {found}")
    return wrong


def ran_and_bound(folder: Path) -> tuple[int, dict[str, set[int]]]:
    """How many jobs ended well, and the cores that each submission saw, by Slurm's logs.

    A job has two Snakemakes, one for the submission and one for its step, which names cores.
    """
    ran, cores = 0, {}
    for log in folder.rglob("*.log"):
        text = log.read_text()
        ran += text.count("Finished jobid: ") // 2
        cores[log.stem] = {int(number) for number in re.findall(r"Provided cores: (\d+)", text)}
    return ran, cores


def largest_memory(results: Path) -> str:
    """The largest resident memory of each kind of job, by Snakemake's benchmarks."""
    largest: dict[str, float] = {}
    for path in (ROOT / results / "benchmarks").rglob("*.tsv"):
        with path.open() as table:
            rss = [row["max_rss"] for row in csv.DictReader(table, delimiter="\t")]
        kind = path.stem.split("-")[0]
        largest[kind] = max([largest.get(kind, 0), *(float(mb) for mb in rss if mb != "NA")])
    return ", ".join(f"{kind} {mb:.0f}" for kind, mb in sorted(largest.items()))


def tree(path: Path) -> object:
    """The content of a result, as nested dicts and lists of numbers and words."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            content: dict[str, object] = {"attributes": dict(file.attrs)}

            def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
                content[name] = item[()] if isinstance(item, h5py.Dataset) else None
                content[f"{name}.attributes"] = dict(item.attrs)

            file.visititems(add)
        return content
    text = path.read_text()
    if path.suffix == ".json":
        return json.loads(text)
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    return text


def number(value: object) -> object:
    """A number if it reads as one."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value


def differences(a: object, b: object, where: str) -> Iterator[tuple[str, float]]:
    """Where two contents differ, and by how much of the larger; infinite if they are no numbers."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a.keys() - TIMES:
            yield from differences(a[key], b[key], f"{where}: {key}")
        return
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{where}[{i}]")
        return
    x, y = (np.asarray(number(value)) for value in (a, b))
    if x.shape == y.shape and x.dtype.kind in "fiub" and y.dtype.kind in "fiub":
        if not np.array_equal(x, y, equal_nan=True):
            scale = np.nanmax(np.maximum(np.abs(x), np.abs(y)))
            gap = np.abs(x.astype(float) - y)
            yield where, float(np.max(np.where(np.isnan(x) & np.isnan(y), 0, gap)) / scale)
    elif x.shape != y.shape or not np.array_equal(x, y):
        yield where, np.inf


def compare(reference: Path, results: Path, all_files: bool) -> list[str]:
    """What is wrong with the results, compared with those of the reference.

    all_files: both hold the same files.
    """
    files = {}
    for folder in (reference, results):
        paths = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        names = {path.relative_to(ROOT / folder) for path in paths}
        files[folder] = {name for name in names if name.parts[0] not in IGNORED_FOLDERS}
    missing = files[reference] ^ files[results] if all_files else files[results] - files[reference]
    wrong = [f"{path} is in one of {reference} and {results}" for path in sorted(missing)]
    exact, close = 0, []
    for path in sorted(files[reference] & files[results]):
        if path.suffix in IGNORED_SUFFIXES:
            continue
        contents = (tree(ROOT / folder / path) for folder in (reference, results))
        found = list(differences(*contents, str(path)))
        exact += not found
        wrong += [f"{where} differs by {gap:.1e}" for where, gap in found if not gap <= TOLERANCE]
        close += [(where, gap) for where, gap in found if gap <= TOLERANCE]
    print(f"{results}: {exact} files equal {reference}, numbers that differ by rounding: {close}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", action="store_true", help="a few jobs instead of the whole study")
    few = parser.parse_args().few
    if missing := missing_programs():
        packages = "slurm-wlm munge slurmdbd mariadb-server"
        sys.exit(f"{', '.join(missing)} not found: apt install {packages}")
    if os.geteuid() != 0:
        sys.exit("Slurm's daemons and /etc/slurm need root.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `with` blocks clean up
    local, without, accounted = (RESULTS / name for name in ("local", "without", "accounted"))
    targets = FEW if few else []
    files = [str(local / path) for path in targets]
    words = [*command("--cores", "all", *files), "--config", f"results={local}"]
    print("$", shlex.join(words), flush=True)
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    wrong = through_slurm(False, without, targets, "evidence")
    wrong += compare(local, without, all_files=not few)
    wrong += through_slurm(True, accounted, FEW, "evidence")
    wrong += compare(local, accounted, all_files=False)
    print(*wrong, sep="\n")
    sys.exit(f"{len(wrong)} things are wrong" if wrong else 0)


if __name__ == "__main__":
    main()
