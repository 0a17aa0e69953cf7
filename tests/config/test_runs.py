"""Runs of the workflow: whose locks go, and how a killed job is told."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from activenoise.config.runs import hold, killed
from activenoise.logs import NO_SPACE, RUN, reason

LIBRARY = Path(__file__).parents[2] / "workflow"
HOLD = """
import sys; from pathlib import Path; from activenoise.config.runs import hold
print(hold(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""
JOB = """
import sys; from activenoise.logs import open_log; open_log(sys.argv[1])
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start():
    """Starts Python on a text, with arguments; it goes on until its input ends."""
    started = []

    def process(text, *arguments, **variables):
        command = [sys.executable, "-c", text, *arguments]
        pipe = subprocess.PIPE
        env = {**os.environ, **variables}
        started.append(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=LIBRARY, env=env)
        )
        return started[-1]

    yield process
    for one in started:
        one.kill()
        one.communicate()


def lock(folder):
    path = folder / "locks/0.output.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("results/a.h5\n")
    return path


def test_locks_go_with_the_process_that_held_them(start, tmp_path):
    left = lock(tmp_path)
    first = start(HOLD, tmp_path)
    assert Path(first.stdout.readline().strip()) == tmp_path / "running"
    assert not left.exists()
    left = lock(tmp_path)
    second = start(HOLD, tmp_path)
    second.stdout.readline()
    assert left.exists()
    second.kill()
    second.wait()
    third = start(HOLD, tmp_path)
    third.stdout.readline()
    assert left.exists()  # the first still lives
    for one in (first, third):
        one.kill()
        one.wait()
    start(HOLD, tmp_path).stdout.readline()
    assert not left.exists()


def test_locks_of_another_machine_stay(start, tmp_path):
    left = lock(tmp_path)
    (tmp_path / "running").write_text("elsewhere\n")
    for _ in range(2):
        run = start(HOLD, tmp_path)
        run.stdout.readline()
        run.communicate("")
        assert left.exists()
    left.unlink()  # as `snakemake --unlock` does
    run = start(HOLD, tmp_path)
    run.stdout.readline()
    run.kill()
    run.wait()
    assert (tmp_path / "running").read_text() == f"{platform.node()}\n"


def test_a_job_ends_with_the_run_that_started_it(start, tmp_path):
    run = start(HOLD, tmp_path)
    file = run.stdout.readline().strip()
    job = start(JOB, tmp_path / "job.log", **{RUN: file})
    other = start(JOB, tmp_path / "other.log", **{RUN: str(tmp_path / "none")})
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(1)
    run.kill()
    assert job.wait(60) == 1
    assert other.poll() is None


def test_a_full_disk_is_one_line_before_anything_runs(tmp_path, monkeypatch):
    def full(dir, **_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(OSError) as caught:
        hold(tmp_path / ".snakemake")
    assert reason(caught.value) == f"{tmp_path / '.snakemake'}: {NO_SPACE}"


HERE = """
Command 'set -euo pipefail;  python tmp.train.py' died with <Signals.SIGKILL: 9>.
[Fri Nov 27 10:53:45 2026]
Error in rule train:
    message: None
    jobid: 0
"""
SHELL = HERE.replace("died with <Signals.SIGKILL: 9>", "returned non-zero exit status 137")
CLUSTER = """
Error in rule train:
    message: SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'. For further error details see
"""


@pytest.mark.parametrize("said", [HERE, SHELL, CLUSTER], ids=["here", "shell", "cluster"])
def test_a_job_that_was_killed_is_told_in_words(tmp_path, said):
    log = tmp_path / "snakemake.log"
    failed = "returned non-zero exit status 1.\nError in rule evidence:\n    message: None\n"
    log.write_text(failed + said + failed)
    (line,) = killed([log])
    assert line.startswith("train: a job was killed")
    assert "memory was full; run with fewer cores (make CORES=1)" in line
    log.write_text(failed)
    assert killed([log]) == []
