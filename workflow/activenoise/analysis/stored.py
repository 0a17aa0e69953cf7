"""Facts as JSON, and back: strictly, so that what another version found is not misread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from activenoise.analysis.facts import Facts
from activenoise.logs import DamagedError


class FactsError(DamagedError, ValueError):
    """Facts that this version cannot read, in one line."""


def to_json(value: Any) -> Any:
    """Facts, or a part of them, as plain JSON: dataclasses as objects by field."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def from_json(plain: Any, where: str | Path = "facts") -> Facts:
    """The facts of which `to_json` made this. where: the file they are from, for the error.

    FactsError where a fact is unknown, missing or of another kind: another version made it.
    """
    try:
        facts: Facts = _read(Facts, plain)
    except (TypeError, KeyError) as error:
        versions = plain.get("versions", {}) if isinstance(plain, Mapping) else {}
        version = versions.get("activenoise", "of an unknown version")
        reason = error.args[0] if error.args else ""
        raise FactsError(f"{where}: made by activenoise {version}; run again ({reason})") from None
    return facts


def read_facts(path: str | Path) -> Facts:
    """The facts in a JSON file. FactsError as in `from_json`, and of a file that is no JSON."""
    try:
        plain = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        raise FactsError(f"{path}: no JSON; run again") from None
    return from_json(plain, path)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any) -> Any:
    """A value as its type hint has it; TypeError where it is not of that kind."""
    if hint is Any:
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return _read_fields(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read_any(arguments, value)
    if origin is Literal and value in arguments:
        return value
    if origin is dict and isinstance(value, dict):
        return {key: _read(arguments[1], item) for key, item in value.items()}
    if origin is list and isinstance(value, list):
        return [_read(arguments[0], item) for item in value]
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise TypeError(f"{value!r} is no {getattr(hint, '__name__', hint)}")


def _read_fields(kind: Any, value: Any) -> Any:
    hints = _hints(kind)
    if not isinstance(value, Mapping):
        raise TypeError(f"{kind.__name__} is {value!r}")
    for name in sorted(hints.keys() ^ value.keys(), key=str):
        state = "missing" if name in hints else "unknown"
        raise TypeError(f"{kind.__name__}: {name} is {state}")
    return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})


def _read_any(hints: tuple[Any, ...], value: Any) -> Any:
    """A value of one of several kinds."""
    if value is None and NoneType in hints:
        return None
    others = [hint for hint in hints if hint is not NoneType]
    for hint in others[:-1]:
        with suppress(TypeError):
            return _read(hint, value)
    return _read(others[-1], value)
