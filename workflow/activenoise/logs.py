"""Logging and threads of a job."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import TracebackType


class DamagedError(Exception):
    """A result that cannot be used, in one line: the file, what is wrong with it, what to do."""


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The hook of a job for what nobody caught: a damaged file is one line, without a traceback."""
    if isinstance(error, DamagedError):
        logging.getLogger("activenoise").error("%s", error)
    else:
        sys.__excepthook__(kind, error, trace)


def open_log(path: str | Path, threads: int = 1) -> logging.Logger:
    """Send this process's output and messages to a file, errors also to the terminal, and bound its
    threads. A `DamagedError` that nobody catches is one line.

    Call it before the libraries that read the thread limits (Numba, BLAS, TensorFlow) are imported.
    """
    for name in ("NUMBA", "OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # the same rounding on every run
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
    return log
