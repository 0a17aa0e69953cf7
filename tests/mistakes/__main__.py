"""Write docs/reference/messages.md anew: `make messages`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mistakes.mistake import Mistake
from tests.mistakes.page import PAGE, rendered, steady


def say(mistake: Mistake) -> str:
    with TemporaryDirectory() as folder:
        return steady(mistake.message(Path(folder)), Path(folder))


if __name__ == "__main__":
    PAGE.write_text(rendered(say), encoding="utf-8")
