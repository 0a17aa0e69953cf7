"""All artefacts of a record, one after the other: found, named, and taken off where they can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from activenoise.analysis.artefacts.common import without_common_motion
from activenoise.analysis.artefacts.facts import ArtefactFacts, Locking, Rounding
from activenoise.analysis.artefacts.form import form_of, still_of
from activenoise.analysis.artefacts.gaps import open_gaps
from activenoise.analysis.artefacts.grid import grids_of
from activenoise.analysis.artefacts.knocks import without_disturbances
from activenoise.analysis.artefacts.locking import locked, unlocked
from activenoise.analysis.artefacts.pink import slow_noise
from activenoise.analysis.comparison import Tracks
from activenoise.analysis.setup import Setup
from activenoise.analysis.tracks import read_tracks
from activenoise.arrays import FloatArray

_COARSE = 0.5  # of the rms step: what rounding to it does is seen


def without_artefacts(
    tracks: Tracks, dt: float, setup: Setup, starts: Mapping[str, int] | None
) -> tuple[dict[str, dict[str, FloatArray]], ArtefactFacts]:
    """The tracks that the joint analysis reads, about their means and without what is no motion of
    the tracer, and what that was.

    tracks: positions (n_points,) by track and coordinate, dt (s) apart. starts: the frame of the
    first point of each track; without it nothing is known of motion in common.
    """
    grids = grids_of(tracks)
    opened, gaps = open_gaps(tracks, grids)
    opened, locking = _without_locking(opened, grids if gaps is None else grids_of(opened))
    common = None
    if starts is not None and len(opened) > 1:
        opened, common = without_common_motion(opened, dt, starts, setup.seed)
    read = read_tracks(opened, setup)
    if not np.all([np.nanstd(x) > 0 for parts in read.values() for x in parts.values()]):
        return read, ArtefactFacts(gaps, common, locking=locking)  # the prior says what is wrong
    cleaned, disturbances = without_disturbances(read, dt, setup)
    slow = {name: slow_noise(x) for name, x in _columns(cleaned).items()}
    forms = {name: form_of(x, setup.choices.free) for name, x in _columns(cleaned).items()}
    return cleaned, ArtefactFacts(
        gaps,
        common,
        disturbances,
        shape={name: form for name, form in forms.items() if form is not None},
        rounding=_rounding(tracks, grids),
        still=still_of(cleaned),
        slow_noise={name: noise for name, noise in slow.items() if noise is not None},
        locking=locking,
    )


def _columns(tracks: Tracks) -> dict[str, list[FloatArray]]:
    names = list(next(iter(tracks.values())))
    return {name: [parts[name] for parts in tracks.values()] for name in names}


def _without_locking(
    tracks: dict[str, dict[str, FloatArray]], grids: Mapping[str, float]
) -> tuple[dict[str, dict[str, FloatArray]], dict[str, Locking]]:
    """The tracks without the places that their positions prefer, and what those were. grids: by
    coordinate."""
    found = {}
    for name, x in _columns(tracks).items():
        lock = locked(x, grids[name])
        if lock is not None:
            found[name], everything = lock, np.concatenate(x)
            for parts in tracks.values():
                parts[name] = unlocked(parts[name], everything, lock.period)
    return tracks, found


def _rounding(tracks: Tracks, grids: Mapping[str, float]) -> dict[str, Rounding]:
    """Those of the grids of positions, by coordinate, that are coarse against the rms step."""
    found = {}
    for name, x in _columns(tracks).items():
        grid = grids[name]
        step = float(np.sqrt(np.nanmean(np.concatenate([np.diff(one) for one in x]) ** 2)))
        if grid >= _COARSE * step > 0:
            found[name] = Rounding(grid, grid / step)
    return found
