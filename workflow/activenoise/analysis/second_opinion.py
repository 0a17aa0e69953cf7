"""The answers of networks that work for any record, beside its facts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from activenoise.analysis.facts import Facts
from activenoise.files import read_attributes, read_tree
from activenoise.learning.any_record import answers, longest_tracks, without_tones
from activenoise.learning.domain import Domain, read_domains
from activenoise.learning.trained import Network
from activenoise.logs import DamagedError
from activenoise.parameters import Range
from activenoise.reading.record import Record

# The networks that come with the package: results of the study `ready`, and made.json, which says
# what they follow from. `make ready` makes them anew.
SHIPPED = Path(str(files("activenoise.learning"))) / "ready"
_DOMAIN = "-domain.h5"
_ACTIVITY = "Passive-AOUP"


class ReadyNetworks(NamedTuple):
    """Networks of a scale-free study by task. study: its name. domains: what the tracks of their
    training are like. ranges: of kappa and tau_a, in units of the interval."""

    study: str
    networks: dict[str, Network]
    domains: dict[str, dict[int, Domain]]
    ranges: dict[str, Range]


def load_ready(networks: Mapping[str, str | Path], study: str) -> ReadyNetworks:
    """The networks of a study, files by task, each with its domain file beside it."""
    domains = {task: str(path).removesuffix(".keras") + _DOMAIN for task, path in networks.items()}
    attributes = read_attributes(next(iter(domains.values())))
    return ReadyNetworks(
        study=study,
        networks={task: Network.load(path) for task, path in networks.items()},
        domains={task: read_domains(read_tree(path)) for task, path in domains.items()},
        ranges={name: Range(*attributes[name]) for name in ("kappa", "tau_a")},
    )


def ready_files(study: str | Path = SHIPPED) -> dict[str, Path]:
    """The network of each task in the results of a scale-free study; ValueError if the folder has
    none, DamagedError if the one that answers whether a record is active is not finished."""
    found: dict[str, Path] = {}
    domains = sorted(Path(study).glob(f"*/*{_DOMAIN}"))
    for domain in domains:
        network = domain.with_name(domain.name.removesuffix(_DOMAIN) + ".keras")
        if network.is_file():
            found.setdefault(domain.parent.name, network)
    if domains and _ACTIVITY not in found:
        raise DamagedError(f"{study}: the network of {_ACTIVITY} is not finished; run make")
    if not found:
        raise ValueError(
            f"{study}: holds no networks with their domain files; name the results of the study of "
            "ready networks, such as results/ready"
        )
    return found


def second_opinion(
    facts: Facts, record: Record, ready: ReadyNetworks
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the networks answer for a record, by coordinate, and the rows of its segments
    (`learning.any_record.answers`). Tones that the analysis found are taken off first."""
    tracks = longest_tracks(record.tracks, list(facts.record.coordinates))
    tracks = without_tones(tracks, facts.tones.by_name, facts.record.n_read, record.dt)
    # The pieces of a table are those of one track.
    pieces = [] if facts.several else [(piece.start, piece.end) for piece in facts.pieces.pieces]
    return answers(
        ready.networks, ready.domains, tracks, record.dt, facts.known_rates, ready.ranges, pieces
    )
