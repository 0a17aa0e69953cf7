"""A Slurm cluster of one node on this machine, while a `with` block runs."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "squeue"]
DATABASE = ["slurmdbd", "mariadbd", "mariadb-install-db", "mariadb"]
ETC = Path("/etc/slurm")  # the plugin of Snakemake drops SLURM_CONF
PORTS = {"controller": 16817, "node": 16818, "database": 16819, "mariadb": 13306}

# Threads are bound to the CPUs that a job reserved, and a job that takes more memory than it
# reserved is killed.
SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill,UsePss
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=300
SchedulerParameters=sched_interval=5
{accounting}
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=short Nodes=ALL Default=YES MaxTime=1-0
"""
ACCOUNTING = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={database}
AccountingStoragePass={folder}/munge.socket
"""
SLURMDBD_CONF = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={database}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb}
StorageUser=slurm
StoragePass=test
StorageLoc=slurm
"""


def missing_programs() -> list[str]:
    """The programs of slurm-wlm, munge, slurmdbd and mariadb-server that are not installed."""
    return [program for program in PROGRAMS + DATABASE if not shutil.which(program)]


def call(*command: str | Path) -> str:
    """What a command prints; an error with all that it said, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Return once `ready` is true; a RuntimeError that names `what` after so many seconds."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.5)


def answers(*command: str | Path) -> bool:
    """Whether a command succeeds."""
    return subprocess.run(command, capture_output=True).returncode == 0


@contextlib.contextmanager
def running(folder: Path, *command: str | Path) -> Iterator[None]:
    """Run a daemon in the foreground of a process of ours, and end it with the block."""
    with (folder / f"{Path(command[0]).name}.out").open("w") as out:
        daemon = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            daemon.terminate()
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


@contextlib.contextmanager
def configuration(files: dict[str, str]) -> Iterator[None]:
    """Put files into /etc/slurm; afterwards the folder is as it was."""
    with tempfile.TemporaryDirectory() as saved:
        existed = ETC.is_dir()
        if existed:
            shutil.copytree(ETC, saved, dirs_exist_ok=True)
        try:
            ETC.mkdir(exist_ok=True)
            for name, text in files.items():
                (ETC / name).write_text(text)
                (ETC / name).chmod(0o600 if name == "slurmdbd.conf" else 0o644)
            yield
        finally:
            for name in files:
                (ETC / name).unlink(missing_ok=True)
                if (Path(saved) / name).exists():
                    shutil.copy2(Path(saved) / name, ETC / name)
            if not existed:
                ETC.rmdir()


@contextlib.contextmanager
def database(folder: Path) -> Iterator[None]:
    """MariaDB and slurmdbd, on a folder of their own."""
    data = folder / "mariadb"
    call("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}")
    client = ["mariadb", "--no-defaults", f"--socket={folder}/mariadb.socket", "--user=root"]
    with running(
        folder,
        *("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}"),
        *(f"--socket={folder}/mariadb.socket", f"--pid-file={folder}/mariadb.pid"),
        *("--bind-address=127.0.0.1", f"--port={PORTS['mariadb']}"),
    ):
        wait_until(lambda: answers(*client, "--execute=select 1"), "mariadbd")
        call(*client, "--execute=grant all on slurm.* to slurm@'%' identified by 'test'")
        call(*client, "--execute=grant all on slurm.* to slurm@localhost identified by 'test'")
        with running(folder, "slurmdbd", "-D"):
            wait_until(lambda: answers("sacctmgr", "-n", "show", "cluster"), "slurmdbd")
            call("sacctmgr", "-i", "add", "cluster", "test")
            yield


def end_jobs() -> None:
    """Cancel what still waits or runs, and wait for its end."""
    call("scancel", "--user=root")
    wait_until(lambda: not call("squeue", "--noheader").strip(), "the end of all jobs", 60)


@contextlib.contextmanager
def cluster(accounting: bool, memory: int = 8000) -> Iterator[Path]:
    """Run Slurm, with or without accounting, and yield the folder of its logs.

    memory: that of the node, in MB.
    """
    if answers("scontrol", "ping"):
        raise RuntimeError("Slurm already runs on this machine")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    fields = {"folder": folder, "host": socket.gethostname().split(".")[0], **PORTS}
    fields |= {"cpus": os.cpu_count(), "memory": memory}
    fields["accounting"] = ACCOUNTING.format(**fields) if accounting else ""
    files = {"slurm.conf": SLURM_CONF.format(**fields), "cgroup.conf": "CgroupAutomount=no\n"}
    if accounting:
        files["slurmdbd.conf"] = SLURMDBD_CONF.format(**fields)
    munged = ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key"]
    munged += [f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid"]
    munged += [f"--seed-file={folder}/munge.seed", f"--log-file={folder}/munge.log"]
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(configuration(files))
            stack.enter_context(running(folder, *munged))
            wait_until((folder / "munge.socket").is_socket, "munged")
            if accounting:
                stack.enter_context(database(folder))
            stack.enter_context(running(folder, "slurmctld", "-D"))
            wait_until(lambda: answers("scontrol", "ping"), "slurmctld")
            stack.enter_context(running(folder, "slurmd", "-D"))
            wait_until(lambda: "idle" in call("sinfo", "--noheader", "--format=%T"), "slurmd")
            stack.callback(end_jobs)
            yield folder
    except RuntimeError:
        for log in sorted(folder.glob("*.log")) + sorted(folder.glob("*.out")):
            print(f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-15:], sep="\n")
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shown_jobs() -> dict[str, dict[str, str]]:
    """The jobs that the controller knows, by number: the fields of `scontrol show jobs`."""
    jobs = {}
    for line in call("scontrol", "--oneliner", "show", "jobs").splitlines():
        fields = dict(re.findall(r"(\S+?)=(.*?)(?= \S+?=|$)", line))
        if "JobId" in fields:
            jobs[fields["JobId"]] = fields
    return jobs
