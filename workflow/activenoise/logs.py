"""Logging and threads of a job, and the reason of its end in one line."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

RUN = "ACTIVENOISE_RUN"  # environment variable: the file that a run of the workflow keeps locked
NO_SPACE = "no space left on the disk; free some and run the same command again"
LESS_MEMORY = "run with fewer cores (make CORES=1), or give the study fewer tracks or more shards"


class DamagedError(Exception):
    """A result that cannot be used, in one line: the file, what is wrong with it, what to do."""


def reason(error: BaseException, less_memory: str = LESS_MEMORY) -> str | None:
    """What ended a job, in one line, where a user can mend it: a damaged file, a full disk, too
    little memory. None for anything else. less_memory: what to do about the last.
    """
    if isinstance(error, DamagedError):
        return str(error)
    chain = list(_chain(error))
    full = [one for one in chain if isinstance(one, OSError) and _is_full(one)]
    if full:
        named = [str(one.filename) for one in full if one.filename]
        return f"{named[0] if named else _full_folder()}: {NO_SPACE}"
    if any(isinstance(one, MemoryError) or _is_exhausted(one) for one in chain):
        detail = str(error).splitlines()
        return f"not enough memory{f' ({detail[0]})' if detail else ''}; {less_memory}"
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it was raised from or while handling."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_full(error: OSError) -> bool:
    # h5py puts the errno of the system into its text.
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or any(
        os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT)
    )


def _full_folder() -> Path:
    """A folder on a full disk that a job writes into beside its results; else the present one."""
    folders = [Path.cwd(), Path(os.environ.get("TMPDIR", "/tmp")), Path.home()]
    known = [folder for folder in folders if folder.is_dir()]
    return next((f for f in known if shutil.disk_usage(f).free < 1 << 20), folders[0])


def _is_exhausted(error: BaseException) -> bool:
    return type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's, not imported for it


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The hook of a job for what nobody caught: one line on the terminal, because the log may be
    on a full disk, and the traceback in the log unless the line says what to do."""
    line = reason(error)
    if line is None:
        sys.__excepthook__(kind, error, trace)
        line = f"{kind.__name__}: {error}".splitlines()[0]
    logging.getLogger("activenoise").error("%s", line)


def _end_with_the_run() -> None:
    """End this process when the run that started it dies, even by a signal that nothing can catch:
    otherwise the job would go on beside the same job of the next run."""
    path = os.environ.get(RUN)
    if path is not None:
        threading.Thread(target=_wait_for, args=(path,), daemon=True).start()


def _wait_for(path: str) -> None:
    with suppress(OSError):  # a file system without locks
        import fcntl

        fcntl.flock(os.open(path, os.O_RDWR), fcntl.LOCK_EX)
        os._exit(1)


def _flush_or_tell() -> None:
    """Say why the last output could not be written; Python ends with status 120 then."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _tell(type(error), error, None)


def open_log(path: str | Path, threads: int = 1) -> logging.Logger:
    """Send this process's output and messages to a file, errors also to the terminal, and bound its
    threads. An error that nobody catches is one line on the terminal. The process ends when the
    run of the workflow that started it does.

    Call it before the libraries that read the thread limits (Numba, BLAS, TensorFlow) are imported.
    """
    for name in ("NUMBA", "OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    terminal = logging.StreamHandler(os.fdopen(os.dup(2), "w"))
    terminal.setLevel(logging.ERROR)
    terminal.setFormatter(logging.Formatter("%(message)s"))
    # Open until the process ends.
    file = Path(path).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        os.dup2(file.fileno(), stream.fileno())
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", force=True
    )
    log = logging.getLogger("activenoise")
    log.addHandler(terminal)
    sys.excepthook = _tell
    atexit.register(_flush_or_tell)
    _end_with_the_run()
    return log
