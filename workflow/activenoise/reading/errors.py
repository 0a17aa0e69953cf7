"""The one error of everything that reads a user's files, and what turns other errors into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class RecordError(ValueError):
    """A track file or a track sheet that cannot be used as it is; the message is one line."""


@contextmanager
def damage(path: Path, kind: str, right: str = "copy or export it again") -> Iterator[None]:
    """A block in which every error of a reading library becomes a RecordError about the file.

    On damaged files these libraries raise almost anything (zlib.error, struct.error, MemoryError).
    kind: what the file should be. right: what the user can do.
    """
    try:
        yield
    except (RecordError, ModuleNotFoundError):  # a missing package is not the file's fault
        raise
    except PermissionError:
        raise RecordError(f"{path}: may not be read; give read permission (chmod u+r)") from None
    except Exception as error:
        raise RecordError(
            f"{path}: cannot be read, it is damaged or not a {kind} file ({in_one_line(error)}); "
            f"{right}"
        ) from None


@contextmanager
def needing(path: Path, kind: str, package: str) -> Iterator[None]:
    """A block of imports; a missing package becomes a RecordError that says how to install it.

    kind: of the files that need the package.
    """
    try:
        yield
    except ImportError:
        raise RecordError(
            f"{path}: reading {kind} files needs {package}: pip install 'activenoise[formats]'"
        ) from None


def in_one_line(error: Exception) -> str:
    """The first 200 characters of what an error says, or its name if it says nothing."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def listed(labels: Sequence[str]) -> str:
    """How many tracks, and the first of their names."""
    more = ", ..." * (len(labels) > 5)
    return f"{len(labels)} track{'s' * (len(labels) != 1)} ({', '.join(labels[:5])}{more})"
