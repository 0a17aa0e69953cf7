"""What was read of a file, in a form that the page, the command and verdict.json state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class WhatWasRead:
    """What was read of a file.

    tracks, points: that are analysed, of all coordinates observed. coordinates: their names in
    the file; unused: the names of its other columns. track_column, time_column: None where the
    file has or needs none. dt: s between points, after the stride; dt_from, unit_from: who says
    so. missing: points of the grids without a position. left_out: tracks that could not be used.
    largest_step: between two points, in rms steps, None where nothing steps.
    """

    tracks: int
    points: int
    coordinates: tuple[str, ...]
    unused: tuple[str, ...]
    track_column: str | None
    time_column: str | None
    dt: float
    dt_from: str
    unit: str
    unit_from: str
    missing: int
    left_out: int
    largest_step: float | None

    def sentences(self) -> list[str]:
        """The same, in plain sentences."""
        many = self.tracks > 1 or self.left_out
        by = f", parted by column {self.track_column}" if self.track_column and many else ""
        tracks = f"{self.tracks} track{'s' * (self.tracks > 1)}"
        times = f"column {self.time_column}" if self.time_column else "no column, at even steps"
        found = [
            f"{tracks} with {self.points} points{by}.",
            f"Positions from {_named('column', self.coordinates)} in {self.unit} "
            f"({self.unit_from}), times from {times}, dt = {self.dt:.6g} s ({self.dt_from}).",
        ]
        gaps = f"{self.missing} points are missing" if self.missing else "No point is missing"
        step = ""
        if self.largest_step is not None:
            step = f", and the largest step is {self.largest_step:.3g} times the rms step"
        found.append(f"{gaps}{step}.")
        if self.unused:
            shown, more = self.unused[:8], " ..." if len(self.unused) > 8 else ""
            found.append(f"Not read: {_named('column', shown)}{more}.")
        return found

    def json(self) -> dict[str, Any]:
        """As verdict.json and record.h5 keep it."""
        return asdict(self)


def from_json(kept: Mapping[str, Any]) -> WhatWasRead:
    """What `WhatWasRead.json` has kept."""
    lists = {name: tuple(kept[name]) for name in ("coordinates", "unused")}
    return WhatWasRead(**{**kept, **lists})


def _named(what: str, names: tuple[str, ...]) -> str:
    joined = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{what}{'s' * (len(names) > 1)} {joined}"
