from __future__ import annotations

from tests.mistakes.mistake import Mistake

MISTAKES: list[Mistake] = []
