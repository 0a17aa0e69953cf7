"""Where results come from: the config that they follow from, and the folder that keeps count.

Snakemake runs a rule again whose settings changed, as its own folder remembers them. It knows
nothing of results that were copied here without that folder: under an edited config they would be
taken as they are. So the results name the config of their last run, and that run's folder.
Snakemake reads this module before any environment exists: it needs the standard library alone.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

ORIGIN = "origin.json"  # in the folder of results
_KNOWN = "results"  # in Snakemake's folder: the results that it keeps count of
_FREE = ("results", "backend", "keep_training_tracks")  # keys on which no number depends
# Keys whose entries stand each for itself, and those that may gain an entry: its results are newer.
_APART = re.compile("studies|records|synthetic_records")
_NETWORKS = re.compile(r"studies\.\w+\.(pairs(\.[\w-]+)?|estimates\.networks)")


class OriginError(ValueError):
    """Results of another config, of which Snakemake knows nothing, in one line."""


def check_origin(folder: Path, snakemake: Path, settings: Mapping[str, Any]) -> None:
    """OriginError if the results in a folder follow from other settings and Snakemake's own
    folder, which would notice, knows nothing of them.

    settings: the config, and what else decides over results. A study or a record that only one of
    the two has is no difference, nor is a network that is new.
    """
    origin = _origin(folder)
    if origin is None or origin["id"] in _known(snakemake):
        return
    for key, then, now in _changes(origin["settings"], _comparable(settings)):
        raise OriginError(
            f"{folder}: copied without Snakemake's folder .snakemake, and made with another config:"
            f" {key} was {then} and is {now}; delete what follows from it,"
            f" and then {folder / ORIGIN}"
        )


def note_origin(folder: Path, snakemake: Path, settings: Mapping[str, Any]) -> None:
    """Write into the folder of results what a run makes them from, and that Snakemake's folder
    keeps count of them from now on."""
    origin = _origin(folder) or {"id": uuid.uuid4().hex}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{ORIGIN}.partial"
    partial.write_text(
        json.dumps({**origin, "settings": _comparable(settings)}, indent=1), encoding="utf-8"
    )
    partial.replace(folder / ORIGIN)
    if origin["id"] not in _known(snakemake):
        with (snakemake / _KNOWN).open("a", encoding="utf-8") as file:
            file.write(f"{origin['id']}\n")


def _origin(folder: Path) -> dict[str, Any] | None:
    """None where there are no results yet, or where nothing readable is said of them."""
    with suppress(OSError, ValueError):
        origin = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
        if isinstance(origin, dict) and {"id", "settings"} <= origin.keys():
            return origin
    return None


def _known(snakemake: Path) -> list[str]:
    with suppress(OSError):
        return (snakemake / _KNOWN).read_text(encoding="utf-8").split()
    return []


def _comparable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that numbers depend on, as JSON gives them back."""
    kept = {key: value for key, value in settings.items() if key not in _FREE}
    return json.loads(json.dumps(kept, default=str))


def _changes(then: Any, now: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys with another value, and both values as JSON."""
    if not (isinstance(then, dict) and isinstance(now, dict)):
        if then != now:
            yield key, json.dumps(then), json.dumps(now)
        return
    for name in [*then, *(name for name in now if name not in then)]:
        inner = f"{key}.{name}" if key else name
        if name in then and name in now:
            yield from _changes(then[name], now[name], inner)
        elif name in then and not _APART.fullmatch(key):
            yield inner, json.dumps(then[name]), "not set"
        elif name in now and not (_APART.fullmatch(key) or _NETWORKS.fullmatch(key)):
            yield inner, "not set", json.dumps(now[name])
