"""Files of tracks that cannot be read, and what the one line says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests.mistakes.mistake import Mistake
from tests.reading.layouts import (
    BARE,
    DT,
    KNOWN,
    TABLE,
    N,
    T,
    X,
    bluelake,
    changed,
    csv,
    cut,
    fault,
    hdf5,
    mat,
    replaced,
    spots,
    text,
    trackmate_csv,
    trackmate_tracks,
    unknown_type,
    write,
)

SPOTS = spots("particle", "frame", "x", "y", shuffled=False)
# Name of the file, what writes it, how it is read, and what is said.
BAD: dict[str, tuple[str, Callable[[Path], object], dict[str, Any], str]] = {
    "no such file": ("a.csv", lambda _: None, KNOWN, "no such file"),
    "a folder": ("a.csv", lambda p: p.mkdir(), KNOWN, "is a folder"),
    "0 bytes of text": ("a.csv", text(""), KNOWN, "is empty"),
    "0 bytes of HDF5": ("a.h5", text(""), KNOWN, "is empty"),
    "0 bytes of XML": ("a.xml", text(""), KNOWN, "is empty"),
    "unknown extension": ("a.tif", text("1"), KNOWN, "extension .tif is not known"),
    "blank lines alone": ("a.txt", text("\n \n\t\n"), KNOWN, "holds no numbers"),
    "header alone": ("a.csv", text("t,x\n"), KNOWN, "holds no numbers"),
    "header of TrackMate alone": (
        "a.csv",
        lambda p: write(p, b"\n".join(trackmate_csv(p).read_bytes().split(b"\n")[:4])),
        KNOWN, "holds no numbers",
    ),
    "ragged: one cell too few": ("a.csv", text("t,x\n0,1\n1\n2,5\n"), KNOWN, "line 3 has 1 column"),
    "ragged: one too many": ("a.csv", text("t,x\n0,1\n1,2,3\n"), KNOWN, "line 3 has 3 columns"),
    "text in numbers": ("a.csv", csv(changed("x", 60, "lost")), KNOWN, "line 62, column 1 is"),
    "a date for a time": ("a.csv", csv(changed("t", 0, "2024-05-01")), KNOWN, "line 2, column 0"),
    "true and false": ("a.csv", csv(TABLE.assign(x=TABLE.x > 0)), KNOWN, "is 'True'"),
    "a picture": ("a.csv", text(b"\x89PNG\r\n\x1a\n\x00\x00"), KNOWN, "not a text"),
    "nothing but gaps": ("a.csv", csv(TABLE.assign(x=np.nan)), KNOWN, "only 0 points"),
    "never moves": ("a.csv", csv(TABLE.assign(x=2.0)), KNOWN, "every position is 2"),
    "one point": ("a.csv", csv(TABLE[["x"]][:1]), KNOWN, "only 1 points"),
    "a time twice": ("a.csv", csv(changed("t", 50, T[49])), {"unit": "um"}, "neither repeat nor"),
    "time goes back": ("a.csv", csv(changed("t", 50, 0.0)), {"unit": "um"}, "neither repeat nor"),
    "no time": ("a.csv", csv(changed("t", 50, np.nan)), {"unit": "um"}, "needs its time"),
    "times at random": (
        "a.csv", csv(TABLE.assign(t=np.sort(np.random.default_rng(2).uniform(size=N)))),
        {"unit": "um"}, "uniform",
    ),
    "dt of zero": ("a.csv", csv(TABLE), {"dt": 0.0, "unit": "um"}, "dt = 0.0 must be a positive"),
    "no dt": ("a.txt", text(BARE), {"unit": "um"}, "give dt in s"),
    "no unit": ("a.txt", text(BARE), {"dt": DT}, "the length unit is not known"),
    "neither": ("a.txt", text(BARE), {}, "give dt in s, and unit, e.g. um"),
    "unit without its scale": (
        "a.csv", csv(TABLE.rename(columns={"x": "x [nm]"})), {"unit": "um"}, "give scale = 0.001",
    ),
    "scale without its unit": (
        "a.csv", csv(TABLE.rename(columns={"x": "x [nm]"})), {"scale": 1e-3}, "makes it another",
    ),
    "scale too large": ("a.csv", csv(TABLE), {**KNOWN, "scale": 1e308}, "positions infinite"),
    "mixed units": (
        "a.csv", csv(TABLE.assign(y=X).set_axis(["t", "x [um]", "y [nm]"], axis=1)), {},
        "mixed units, x [um] in um, y [nm] in nm",
    ),
    "two clocks": (
        "a.txt", lambda p: np.savetxt(p, np.column_stack([T, 2 * T, X])), {"unit": "um"},
        "both go up in equal steps",
    ),
    "no name": ("a.txt", lambda p: np.savetxt(p, np.outer(X, [1, 2, 3])), KNOWN, "name one"),
    "a column that is not there": ("a.csv", csv(TABLE), {**KNOWN, "column": "z"}, "no column"),
    "one name twice": ("a.csv", text("x,x\n1,2\n3,1\n"), {**KNOWN, "column": "x"}, "two"),
    "one column twice": ("a.csv", csv(TABLE), {**KNOWN, "column": "x,1"}, "name each one once"),
    "columns of two tracks": (
        "a.csv", csv(SPOTS), {**KNOWN, "column": "x[3],y[7]"}, "of two tracks, 3 and 7",
    ),
    "a track that is not there": (
        "a.csv", csv(SPOTS), {**KNOWN, "column": "x[4]"}, "no track 4; it holds 3 tracks",
    ),
    "two tracks with one id": (
        "a.csv", csv(SPOTS.replace({"particle": {7: 3}})), KNOWN, "track 3: frame 4 comes twice",
    ),
    "unsorted frames of one track": (
        "a.csv", csv(TABLE.assign(t=np.r_[1, 0, 2:N]).set_axis(["frame", "x"], axis=1)), KNOWN,
        "frame 0 comes after 1; sort the rows",
    ),
    "half a frame": ("a.csv", csv(SPOTS.assign(frame=SPOTS.frame / 2)), KNOWN, "whole numbers"),
    "a frame far away": (
        "a.csv", csv(SPOTS.replace({"frame": {43: 10**12}})), KNOWN, "on a grid of 1e+12",
    ),
    "tracks without frames": ("a.csv", csv(SPOTS.drop(columns="frame")), KNOWN, "neither"),
    "no spot in a track": ("a.csv", csv(SPOTS.assign(particle="")), KNOWN, "none of its 70"),
    "only short tracks": (
        "a.csv", csv(SPOTS), {**KNOWN, "min_points": 80}, "3 of its 3 tracks move",
    ),
    "frames against times": (
        "a.csv",
        replaced(lambda p: trackmate_csv(p), ",0.04,4,1\n", ",0.34,4,1\n"), {},
        "frames and times must agree",
    ),
    "XML cut short": ("a.xml", cut(trackmate_tracks, 0.6), {}, "damaged or not a .xml file"),
    "XML of another program": ("a.xml", text("<kml><a/></kml>"), {}, "begins with <kml>"),
    "XML without tracks": ("a.xml", text("<Tracks nTracks='0'/>"), {}, "holds no tracks"),
    "XML without a position": (
        "a.xml", replaced(trackmate_tracks, ' x="', ' u="'), {}, "damaged or not a .xml",
    ),
    "an entity that grows": (
        "a.xml",
        text('<!DOCTYPE x [<!ENTITY a "' + "a" * 99 + '">' + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 99}">' for a, b in zip("abcdef", "bcdefg", strict=True)
        ) + "]><Tracks>&g;</Tracks>"),
        {}, "damaged",
    ),
    "npy cut short": ("a.npy", cut(lambda p: np.save(p, X), 0.5), KNOWN, "damaged"),
    "npy of objects": (
        "a.npy", lambda p: np.save(p, np.array([{}]), allow_pickle=True), KNOWN, "plain .npy",
    ),
    "npy of three axes": ("a.npy", lambda p: np.save(p, np.zeros((2, 2, 2))), KNOWN, "(2, 2, 2)"),
    "complex numbers": ("a.npy", lambda p: np.save(p, X + 1j), KNOWN, "not real numbers"),
    "npz cut short": ("a.npz", cut(lambda p: np.savez(p, X), 0.5), KNOWN, "damaged"),
    "coordinates of two lengths": (
        "a.npz", lambda p: np.savez(p, x=X, y=X[1:]), KNOWN, "its coordinates differ in shape",
    ),
    "more times than positions": (
        "a.npz", lambda p: np.savez(p, x=X[1:], s=T), {"unit": "um", "column": "x",
        "time_column": "s"}, "120 values of s for 119 positions",
    ),
    "attribute dt of zero": (
        "a.npz", lambda p: np.savez(p, x=X, dt=0.0), {"unit": "um"}, "must be a positive time in s",
    ),
    "attribute dt against the times": (
        "a.npz", lambda p: np.savez(p, x=X, t=T, dt=2 * DT), {"unit": "um"}, "its dt = 0.02 s, but",
    ),
    "HDF5 cut short": ("a.h5", cut(hdf5(x=X), 0.7), KNOWN, "damaged"),
    "HDF5 without arrays": ("a.h5", hdf5(), KNOWN, "it holds none"),
    "HDF5 of text": ("a.h5", hdf5(x="hello"), KNOWN, "it must be (n_points,)"),
    "mat of three axes": ("a.mat", mat(x=np.zeros((2, 3, 4))), KNOWN, "x (2 x 3 x 4 float64)"),
    "mat of text": ("a.mat", mat(note="bead"), KNOWN, "no vector or matrix of numbers"),
    "mat of cells": (
        "a.mat", mat(c=np.array([X, X[:3]], dtype=object)), KNOWN, "no vector or matrix",
    ),
    "mat cut short": ("a.mat", cut(mat(x=X), 0.5), KNOWN, "damaged or not a .mat file"),
    "mat of an unknown type": ("a.mat", unknown_type, KNOWN, "damaged or not a .mat file"),
    "mat that is text": ("a.mat", text(BARE), KNOWN, "damaged or not a .mat file"),
    "Parquet cut short": ("a.parquet", cut(TABLE.to_parquet, 0.8), KNOWN, "damaged"),
    "Parquet of text": (
        "a.parquet", TABLE.assign(x="a").to_parquet, KNOWN, "column x does not hold numbers",
    ),
    "Parquet without rows": ("a.parquet", TABLE[:0].to_parquet, KNOWN, "only 0 points"),
    "Bluelake cut short": ("a.h5", cut(bluelake, 0.5), KNOWN, "damaged"),
    "no channel named": ("a.h5", bluelake, KNOWN, "name one as column"),
}  # fmt: skip


def said_of(
    name: str, make: Callable[[Path], object], options: dict[str, Any], folder: Path
) -> str:
    make(folder / name)
    return fault(folder / name, **options)


MISTAKES = [
    Mistake(kind, [said], partial(said_of, name, make, options))
    for kind, (name, make, options, said) in BAD.items()
]
