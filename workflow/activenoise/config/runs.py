"""Runs of the workflow in a folder: what a killed run left, and why a job was killed."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from activenoise.logs import LESS_MEMORY

_NEEDED = 1 << 20  # bytes that Snakemake's own records and logs take at least
_KILLED = f"a job was killed from outside, most likely because the memory was full; {LESS_MEMORY}"


def hold(folder: Path) -> Path:
    """The file in Snakemake's folder that this run keeps locked until its process ends.

    The system lets go of such a lock when the process dies. So if no run holds it, the locks and
    the copies of scripts in the folder are those of a run that was killed, and are deleted; those
    of a run that lives stay. Nothing is deleted where another machine may have made them, because
    some file systems lock within one machine alone, or where the file system has no locks. OSError
    if the disk of this folder, or of temporary files, is full.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    for place in (folder, Path(os.environ.get("TMPDIR", "/tmp"))):
        if place.is_dir():  # Snakemake does without the second
            _check_space(place)
    path = folder / "running"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)  # open until the end
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)  # the jobs of a killed run end first
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another run lives, or there are no locks
        alone = False
    else:
        alone = True
    host = platform.node()
    if alone:
        locks = folder / "locks"
        if set(path.read_text(encoding="utf-8").split()) <= {host}:
            for left in (locks, folder / "scripts"):
                shutil.rmtree(left, ignore_errors=True)
        if not any(locks.glob("*.lock")):
            os.ftruncate(handle, 0)
    os.write(handle, f"{host}\n".encode())
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)
    return path.absolute()


def _check_space(folder: Path) -> None:
    """OSError that names the folder unless its disk has room for Snakemake's own files."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            if probe.write(bytes(_NEEDED)) < _NEEDED:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder.absolute())) from error


def killed(logs: Iterable[str | Path]) -> list[str]:
    """A line for each rule of which the system killed a job, as logs of Snakemake tell it."""
    text = "\n".join(Path(log).read_text(encoding="utf-8", errors="replace") for log in logs)
    here = re.findall(r"(?:SIGKILL|exit status 137).*?Error in rule (\w+):", text, re.S)
    cluster = re.findall(r"Error in rule (\w+):\s+message: .*OUT_OF_MEMORY", text)
    return [f"{rule}: {_KILLED}" for rule in sorted({*here, *cluster})]
