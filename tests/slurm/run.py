"""Compare the smoke study through Slurm with a local run: make test-slurm.

Slurm runs on this machine, first without accounting, then with it. Each time one job is cancelled.
"""

import argparse
import csv
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.compared import differences
from tests.slurm.cluster import call, cluster, missing_programs, shown_jobs

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path("results/slurm")
# A few jobs of every kind of group, for the cluster with accounting.
FEW = [
    "mechanism/AOUP-RBP/optimum.h5",
    "bead/Passive-AOUP/lstm-domain.h5",
    "tracks/paper_twin/fit.json",
]


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
    shutil.rmtree(ROOT / local, ignore_errors=True)  # of another run
    files = [str(local / path) for path in targets]
    words = [*command("--cores", "all", *files), "--config", f"results={local}"]
    print("$", shlex.join(words), flush=True)
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    wrong = through_slurm(False, without, targets, "evidence")
    wrong += differences(ROOT / local, ROOT / without)
    wrong += through_slurm(True, accounted, FEW, "evidence")
    wrong += differences(ROOT / local, ROOT / accounted, part=not few)
    print("\n".join(wrong) or "all results equal those of the local run")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
