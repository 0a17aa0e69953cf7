"""Bad input of every known kind: a line or two with the file or key, the value and what is right.

`tests/mistakes` lists the kinds, and `docs/reference/messages.md` is made from them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from tests.mistakes.mistake import Mistake
from tests.mistakes.page import PAGE, SECTIONS, rendered, steady

ALL = [
    pytest.param(mistake, id=f"{section.title}: {mistake.kind}"[:80])
    for section in SECTIONS
    for mistake in section.mistakes
]


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mistake], str]:
    """What is said of a mistake, which is made once."""

    @cache
    def said(mistake: Mistake) -> str:
        folder = tmp_path_factory.mktemp("input")
        return steady(mistake.message(folder), folder)

    return lambda mistake: said(mistake._replace(parts=tuple(mistake.parts)))


@pytest.mark.parametrize("mistake", ALL)
def test_a_mistake_is_said_in_a_line_or_two(mistake, say):
    message = say(mistake)
    for part in mistake.parts:
        assert part in message
    assert 1 <= len(message.splitlines()) <= 2
    assert len(message) < 500
    for word in ("Traceback", "Error(", "<class", "object at 0x"):
        assert word not in message


def test_every_kind_has_a_name_of_its_own():
    for section in SECTIONS:
        kinds = [mistake.kind for mistake in section.mistakes]
        assert len(set(kinds)) == len(kinds), section.title


def test_the_page_has_every_kind_and_its_message(say):
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(say), "docs/reference/messages.md is stale: run make messages"
