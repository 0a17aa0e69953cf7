"""What the ready networks, of a scale-free study, say of any record.

They read tracks in units of their own rms step and interval. So a record is thinned until it is no
longer than the tracks that they were trained on, and its answers are put back into its units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.learning.answers import by_segment, whole_record
from activenoise.learning.domain import Domain, familiarity
from activenoise.learning.trained import Network
from activenoise.parameters import REGISTRY, Range
from activenoise.physics.tones import Sinusoid, waveform
from activenoise.studies.segments import SegmentAnswer


@dataclass(frozen=True, eq=False)
class Thinned:
    """A record as the networks read it: every stride-th point. positions: (n_points,), in units of
    their rms step and without gaps; step: that rms step, length; dt: the interval, s."""

    positions: FloatArray
    stride: int
    step: float
    dt: float


_LONGEST = 5  # tracks of a table that get answers


def longest_tracks(
    tracks: Mapping[str, FloatArray], coordinates: Sequence[str]
) -> dict[str, FloatArray]:
    """Positions (n_points,) by coordinate, and by track where a table has several, of which the
    longest are taken. tracks: (n_points, n_coordinates) by name, "" for a record's only one."""
    chosen = sorted(tracks, key=lambda name: -len(tracks[name]))[:_LONGEST]
    return {
        f"{coordinate} of {track}" if track else coordinate: positions
        for track in chosen
        for coordinate, positions in zip(coordinates, tracks[track].T, strict=True)
    }


def without_tones(
    positions: Mapping[str, FloatArray],
    tones: Mapping[str, Sequence[Sinusoid]],
    n_points: int,
    dt: float,
) -> dict[str, FloatArray]:
    """Positions (n_points,) by name, dt (s) apart, less the tones that the analysis removed, which
    read so many points."""
    cleaned = dict(positions)
    for name in tones.keys() & positions.keys():
        cleaned[name] = np.array(positions[name], np.float64)
        part = cleaned[name][:n_points]
        part -= waveform(tones[name], len(part), dt)
    return cleaned


def _cut(
    positions: FloatArray,
    dt: float,
    pieces: Sequence[tuple[float, float]],
    longest: int,
    kappa: float | None,
    top: float,
) -> Iterator[tuple[tuple[float, float], Thinned]]:
    """The pieces of a record, thinned; all of one length, which costs the networks least."""
    edges = [(round(start / dt), round(end / dt)) for start, end in pieces]
    shortest = min((end - start for start, end in edges), default=0)
    for piece, (start, _) in zip(pieces, edges, strict=True):
        yield piece, thinned(positions[start : start + shortest], dt, longest, kappa, top)


def answers(
    networks: Mapping[str, Network],
    domains: Mapping[str, Mapping[int, Domain]],
    positions: Mapping[str, FloatArray],
    dt: float,
    known: Mapping[str, float],
    ranges: Mapping[str, Range],
    pieces: Sequence[tuple[float, float]] = (),
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Answers by name: the result of `whole`, `in_range`, and `along`, the results of `whole` for
    each of the pieces. Beside them the rows of a table of all segments.

    positions: (n_points,) by name, dt (s) apart. known: kappa (1/s, 0 for a free tracer) and tau_a
    (s) where the favoured model has them; ranges: of the study. pieces: start and end (s) of those
    of the analysis.
    """
    longest = min(network.trained_to for network in networks.values())
    rate, top = known.get("kappa"), ranges["kappa"][1]
    lengths = list(next(iter(domains.values())))
    found, rows = {}, []
    for name, x in positions.items():
        record = thinned(x, dt, longest, rate, top)
        found[name] = whole(networks, domains, record)
        found[name]["in_range"] = in_range(ranges, known, record.dt)
        found[name]["along"] = [
            {"start": start, "end": end, **whole(networks, domains, part)}
            for (start, end), part in _cut(
                x, dt, pieces, longest, known.get("kappa"), ranges["kappa"][1]
            )
        ]
        if "too_short" not in found[name]:
            parts = segments(networks, record, lengths)
            rows += [{"coordinate": name, **row._asdict()} for row in parts]
    return found, rows


def thinned(
    positions: FloatArray, dt: float, longest: int, kappa: float | None, top: float
) -> Thinned:
    """A record (n_points,), NaN where missing, by the stride that leaves it `longest` points or
    fewer, unless its trap rate `kappa` (1/s) would then be above `top` an interval: then by the
    largest that keeps it below. Of a record with gaps the longest stretch without one is taken."""
    stride = max(1, -(-len(positions) // longest))
    if kappa is not None and kappa > 0:
        stride = max(1, min(stride, int(top / (kappa * dt))))
    part = longest_stretch(positions[::stride])
    step = float(np.sqrt(np.mean(np.diff(part) ** 2))) if len(part) > 1 else 0.0
    return Thinned(part / step if step > 0 else part, stride, step, dt * stride)


def longest_stretch(positions: FloatArray) -> FloatArray:
    """The longest run of points without NaN."""
    missing = np.flatnonzero(np.isnan(positions))
    edges = np.concatenate([[-1], missing, [len(positions)]])
    longest = int(np.argmax(np.diff(edges)))
    return positions[edges[longest] + 1 : edges[longest + 1]]


def whole(
    networks: Mapping[str, Network],
    domains: Mapping[str, Mapping[int, Domain]],
    record: Thinned,
) -> dict[str, Any]:
    """Answers for a thinned record, or why there are none.

    p_active: probability of propulsion. estimates: mean and standard deviation of the LOGARITHM of
    each parameter, in the record's units. familiar: by task, how far the record is from the tracks
    of the training. A record longer than those tracks is read in pieces, and the answers are means
    over the pieces.
    """
    about: dict[str, Any] = {"stride": record.stride, "n_points": len(record.positions)}
    shortest = min(min(each) for each in domains.values())
    if not record.step > 0 or len(record.positions) < shortest:
        return about | {"too_short": shortest}
    longest = min(network.trained_to for network in networks.values())
    pieces = -(-len(record.positions) // longest)
    parts = np.array_split(record.positions, pieces)
    read = [whole_record(networks, part) for part in parts]
    found = about | {
        "pieces": pieces,
        "trained_to": longest,
        "familiar": {task: familiarity(domains[task], record.positions) for task in networks},
    }
    if "p_active" in read[0]:
        found["p_active"] = float(np.mean([answer["p_active"] for answer in read]))
    if "estimates" in read[0]:
        found["estimates"] = {
            name: {
                "mean": float(
                    np.mean(
                        [
                            answer["estimates"][name]["mean"] + _log_unit(name, record, part)
                            for answer, part in zip(read, parts, strict=True)
                        ]
                    )
                ),
                "sd": float(np.mean([answer["estimates"][name]["sd"] for answer in read])),
            }
            for name in read[0]["estimates"]
        }
    return found


def _log_unit(name: str, record: Thinned, part: FloatArray) -> float:
    """Log of the unit of a parameter that networks estimate from a part of a record, in the
    record's units: the part's own rms step and the interval."""
    length, time = REGISTRY[name].powers
    step = record.step * np.sqrt(np.mean(np.diff(part) ** 2))
    return float(length * np.log(step) + time * np.log(record.dt))


def segments(
    networks: Mapping[str, Network], record: Thinned, lengths: Sequence[int]
) -> Iterator[SegmentAnswer]:
    """The answers for the segments of so many points of the thinned record."""
    for answer in by_segment(networks, record.positions, record.dt, lengths):
        name = answer.quantity.removeprefix("log ")
        if name in REGISTRY:
            n = round(answer.duration / record.dt)
            first = round(answer.start / record.dt)
            part = record.positions[first : first + n]
            answer = answer._replace(value=answer.value + _log_unit(name, record, part))
        yield answer


def in_range(
    ranges: Mapping[str, Range], parameters: Mapping[str, float], dt: float
) -> dict[str, bool]:
    """Whether kappa and tau_a of a record (1/s and s), its points dt (s) apart, are inside the
    ranges of a scale-free study."""
    found = {}
    for name, value in parameters.items():
        low, high, _ = ranges[name]
        scaled = value * dt ** -REGISTRY[name].powers[1]
        found[name] = bool(low <= scaled <= high)
    return found
