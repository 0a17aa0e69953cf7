"""Sheets of tracks that are wrong, and what the one line says."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.mistakes.mistake import Mistake, refusal
from tests.reading.layouts import write

from activenoise.reading.errors import RecordError
from activenoise.reading.sheet import read_sheet

HEADER = "track\tfile\tdt\tunit\tcolumn\tscale\tstride\tstudy\tnote\n"
WITH_INSTRUMENT = HEADER.replace("note", "instrument\tnote")
LINE = "bead\ttracks/a.npy\t0.01\tum\t\t\t\tgranule\tmine\n"
WITH_TRAP = HEADER.replace("note", "trap\tnote")
COMPARED = HEADER.replace("note", "condition\tnote")
RECORD = LINE.replace("granule", "")
WITH_BATH = HEADER.replace("note", "temperature\tradius\tnote")
SWITCHED = HEADER.replace("note", "no_time\tnote") + LINE.replace("mine", "maybe\tmine")

# The text of the sheet, and what is said.
BAD: dict[str, tuple[str | bytes | None, str]] = {
    "no such sheet": (None, "cannot be read: No such file or directory"),
    "not a text": (b"\xff\xfe\x00", "is not a text file; save it as tab-separated UTF-8"),
    "0 bytes": ("", "is empty; its first line must be track file dt"),
    "a column that is missing": (
        HEADER.replace("\tdt", "") + LINE, "no column dt; it has track, file",
    ),
    "blanks between columns": (
        HEADER.replace("\t", " ") + LINE, "columns are separated by tabs",
    ),
    "a column of another name": (
        HEADER.replace("note", "note\tcolour") + LINE, "column colour is not known",
    ),
    "a column that is there twice": (
        HEADER.replace("note", "note\tdt") + LINE, "more than one column dt",
    ),
    "a track that is there twice": (HEADER + LINE + LINE, "line 3: track bead is there already"),
    "a blank in the name of a track": (
        HEADER + LINE.replace("bead", "my bead"), "line 2: track 'my bead' may have letters",
    ),
    "no name of a track": (HEADER + LINE.replace("bead", ""), "line 2: track is empty"),
    "no interval, with a study": (HEADER + LINE.replace("0.01", ""), "line 2: dt is empty"),
    "text for an interval": (
        HEADER + LINE.replace("0.01", "fast"), "line 2: dt is 'fast'; it must be a positive time",
    ),
    "an interval that is no number": (HEADER + LINE.replace("0.01", "nan"), "line 2: dt is 'nan'"),
    "a negative interval": (HEADER + LINE.replace("0.01", "-1"), "line 2: dt is -1"),
    "a scale of 0": (HEADER + LINE.replace("um\t\t\t", "um\t\t0\t"), "line 2: scale is 0"),
    "a decimal comma": (HEADER + LINE.replace("um\t\t\t", "um\t\t1,5\t"), "line 2: scale is '1,5'"),
    "half a stride": (
        HEADER + LINE.replace("\t\tgranule", "\t1.5\tgranule"), "line 2: stride is 1.5",
    ),
    "a stride of 0": (HEADER + LINE.replace("\t\tgranule", "\t0\tgranule"), "line 2: stride is 0"),
    "no unit of a synthetic record": (
        HEADER + LINE.replace("tracks/a.npy", "").replace("granule\t", "\t").replace("um", ""),
        "line 2: unit is empty",
    ),
    "one condition": (
        COMPARED + RECORD.replace("mine", "drug\tmine"),
        "one condition only (drug); a comparison needs two",
    ),
    "a condition of a record with a study": (
        COMPARED + LINE.replace("mine", "drug\tmine")
        + RECORD.replace("mine", "control\tmine").replace("bead", "other"),
        "track bead: a record with a condition has a file and no study",
    ),
    "an instrument that is not known": (
        WITH_INSTRUMENT + LINE.replace("mine", "lens\tmine"),
        "line 2: instrument is 'lens'; it must be one of exact, camera, detector, unknown",
    ),
    "a trap that is not known": (
        WITH_TRAP + LINE.replace("mine", "cage\tmine"),
        "line 2: trap is 'cage'; it must be trapped or free",
    ),
    "a free tracer of a study": (
        WITH_TRAP + LINE.replace("mine", "free\tmine"),
        "line 2: trap is free, but the networks of study granule know trapped",
    ),
    "a temperature alone": (
        WITH_BATH + LINE.replace("mine", "37C\t\tmine"),
        "line 2: temperature = 37C: needs a radius, a viscosity or both too",
    ),
    "a radius of a kilometre": (
        WITH_BATH + LINE.replace("mine", "37C\t1km\tmine"),
        "line 2: radius = 1km: the unit does not fit; must be one of um,",
    ),
    "a temperature, and positions in volts": (
        WITH_BATH + LINE.replace("mine", "37C\t0.5\tmine").replace("um", "V"),
        "line 2: forces in pN need lengths in m, mm, um, nm, not in V",
    ),
    "neither yes nor empty": (SWITCHED, "line 2: no_time is 'maybe'; it must be 1, or empty"),
    "more cells than columns": (
        HEADER + LINE.replace("mine", "mine\tmore"), "line 2 has 10 cells; the header has 9",
    ),
    "a quote that never closes": (HEADER + LINE + '"' + "x" * 200_000, "quotes must close"),
}  # fmt: skip


def said_of(text: str | bytes | None, folder: Path) -> str:
    path = folder / "tracks.tsv"
    if text is not None:
        write(path, text)
    message = refusal(RecordError, partial(read_sheet, path))
    assert message.startswith(str(path))
    return message


MISTAKES = [Mistake(kind, [said], partial(said_of, text)) for kind, (text, said) in BAD.items()]
