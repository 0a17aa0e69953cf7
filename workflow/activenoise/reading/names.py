"""Names of columns that the field's programs write, and what each is for.

A name is compared in small letters, without separators and without a unit: "x [nm]", "POSITION_X",
"Track n°" and "traj_idx" are x, positionx, trackn and trajidx.
"""

from __future__ import annotations

from collections.abc import Collection

from activenoise.reading.units import base_and_unit

_THING = ("track", "traj", "trajectory", "particle", "segment", "seg", "tracking")
_NUMBER = ("id", "idx", "index", "no", "nr", "n", "num", "number", "name", "label", "key")
# A column of such a name says which track a row is of ...
TRACK: Collection[str] = {
    *(thing + number for thing in _THING for number in _NUMBER),
    *(number + thing for thing in _THING for number in ("id", "idof", "number", "numberof")),
    "track", "tracks", "traj", "trajectory", "trajectories", "particle", "particles", "tid",
    "trackidentifier", "pid", "ptid", "tracknumbers", "trackids",
}  # fmt: skip
# ... and one of these if its values come more than once: it may also number the spots.
PERHAPS_TRACK: Collection[str] = {
    "id", "ids", "label", "number", "no", "nr", "identity", "identifier", "key", "item", "spot",
    *(
        thing + number
        for thing in ("cell", "object", "obj", "molecule", "mol", "bead", "tracer", "spot",
                      "filament", "vesicle", "nucleus", "granule", "organelle", "probe", "segment",
                      "animal", "worm", "bacterium")
        for number in ("", *_NUMBER)
    ),
    *("idof" + thing for thing in ("cell", "object", "molecule", "bead")),
}  # fmt: skip
FRAME: Collection[str] = {
    "frame", "frames", "frameid", "framenumber", "frameindex", "frameidx", "frameno", "framenr",
    "framenum", "framen", "framecount", "nframe", "slice", "slices", "sliceid", "slicenumber",
    "sliceindex", "slicen", "timepoint", "timepoints", "timeindex", "timeidx", "timestep",
    "timeframe", "timeslice", "image", "imagenumber", "imageindex", "imageid", "tindex", "tidx",
    "fr", "frm", "framet", "tframe", "timeid",
}  # fmt: skip
TIME: Collection[str] = {
    "t", "time", "times", "positiont", "timestamp", "timestamps", "elapsedtime", "elapsed", "post",
    "timeelapsed", "xvalue", "datetime", "clock", "reltime", "abstime", "acquisitiontime", "tsec",
}  # fmt: skip
COORDINATES = {
    letter: {
        letter,
        *(
            pair
            for word in ("position", "pos", "coord", "coordinate", "centroid", "center", "centre",
                         "spot", "com", "loc", "location", "track", "particle", "bead")
            for pair in (word + letter, letter + word)
        ),
        letter + "c",
        letter + "0",
    }
    for letter in "xyz"
}  # fmt: skip
COUNTERS: Collection[str] = {"", "index", "unnamed0", "unnamed:0", "row", "rownumber", "rowid"}


def base(name: str) -> str:
    """A name without the groups before it, its unit, its separators and capital letters."""
    return base_and_unit(name.rsplit("/")[-1])[0]


def is_time(name: str) -> bool:
    """Whether a name is one for times."""
    return base(name) in TIME


def coordinate(name: str) -> str | None:
    """x, y or z, if the name is one for it."""
    own = base(name)
    return next((letter for letter, names in COORDINATES.items() if own in names), None)


def is_known(name: str) -> bool:
    """Whether a name says what its column is for."""
    own = base(name)
    return own in TRACK or own in FRAME or own in TIME or coordinate(name) is not None
