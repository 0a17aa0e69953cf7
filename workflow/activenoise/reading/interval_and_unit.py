"""The interval and the length unit of a file: what the user says goes over what the file says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from activenoise.reading.clocks import AGREES
from activenoise.reading.errors import RecordError
from activenoise.reading.options import ReadOptions
from activenoise.reading.table import RawTracks
from activenoise.reading.units import length_ratio, length_unit


class Interval(NamedTuple):
    """dt of the file, s, who says so, and notes in sentences."""

    dt: float
    origin: str
    notes: list[str]


class Unit(NamedTuple):
    """The length unit after the scale, who says so, and notes in sentences."""

    unit: str
    origin: str
    notes: list[str]


def interval_of(
    path: Path, raw: RawTracks, clock_dt: float | None, options: ReadOptions
) -> Interval:
    """The interval. clock_dt: by the times of the file, s. RecordError where nothing says it, or
    where the file says it in two ways."""
    dt, unit, clock = options.dt, options.unit, raw.clock
    said = [own for own in (raw.dt, clock_dt) if own is not None]
    if dt is not None:
        notes = []
        for own in said:
            if abs(dt / own - 1) > AGREES:
                pixels = own == 1 and raw.unit == "pixel"
                default = ", as TrackMate writes for a movie that is not calibrated" * pixels
                by = f"column {clock.column}" if own is clock_dt and clock else "the file"
                in_s = "" if clock is None or clock.said_in_s else ", if its times are in s"
                notes.append(
                    f"dt = {dt:g} s was given and goes over {own:.6g} s by {by}{in_s or default}."
                )
        return Interval(dt, "given", notes)
    if not said:
        also = "" if unit or raw.unit else ", and unit, e.g. um"
        frames = clock is not None and clock.kind == "frames"
        numbers = " (its frames are numbers)" if frames else ""
        raise RecordError(
            f"{path}: the interval is not known{numbers}; give dt in s{also}"
            + ("" if frames or options.no_time else ", or the column that holds the times")
        )
    own = said[0]
    if any(abs(own / other - 1) > AGREES for other in said):
        raise RecordError(
            f"{path}: its dt = {own:g} s, but the file's own interval is {said[1]:g} s by its "
            "times; give dt, which goes over both"
        )
    by = "the file" if raw.dt is not None or clock is None else f"column {clock.column}"
    notes = []
    if own == 1 and raw.unit == "pixel":
        notes.append(
            "The file says 1 s a frame and pixels, which TrackMate writes for a movie that is not "
            "calibrated: if the frames are not 1 s apart, give dt, and with it unit and scale."
        )
    return Interval(own, f"by {by}", notes)


def unit_of(path: Path, own: str | None, options: ReadOptions) -> Unit:
    """The length unit after scaling. own: by the file. RecordError where nothing says it, and where
    unit or scale is given alone and the file says another unit."""
    unit, scale = options.unit, options.scale
    if unit is None:
        if own is None:
            raise RecordError(f"{path}: the length unit is not known; give unit, e.g. um")
        if scale not in (None, 1):
            raise RecordError(
                f"{path}: the file says {own}, and scale = {scale:g} makes it another unit; give "
                "that as unit"
            )
        return Unit(own, "by the file", [])
    if own is None or length_unit(unit) == length_unit(own):
        return Unit(unit, "given", [])
    ratio = length_ratio(unit, own)
    if scale is None:
        right = f"scale = {ratio:g}" if ratio else "the scale between them"
        raise RecordError(
            f"{path}: unit {unit} was given, but the file says {own}; give {right}, or scale = 1 "
            f"if its numbers are in {unit} already"
        )
    notes = []
    if ratio is None or abs(scale / ratio - 1) > AGREES:
        notes.append(f"unit {unit} and scale = {scale:g} were given and go over {own} in the file.")
    return Unit(unit, "given", notes)
