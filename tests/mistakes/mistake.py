"""A kind of bad input: what it is called, how it is made and read, and what is then said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Mistake(NamedTuple):
    """kind: its name, in Markdown. parts: of what is said: the file or key, the value, what would
    be right. message: makes it in an empty folder, has it read, and returns what is said. reader:
    who reads it, where that differs within the section of the page."""

    kind: str
    parts: Sequence[str]
    message: Callable[[Path], str]
    reader: str = ""


def refusal(kind: type[Exception], read: Callable[[], Any]) -> str:
    """What an error of this kind says when something is read."""
    with pytest.raises(kind) as caught:
        read()
    return str(caught.value)
