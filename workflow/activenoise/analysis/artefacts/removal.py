"""All artefacts of a record, one after the other: found, named, and taken off where they can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from activenoise.analysis.artefacts.common import without_common_motion
from activenoise.analysis.artefacts.facts import ArtefactFacts
from activenoise.analysis.artefacts.gaps import open_gaps
from activenoise.analysis.artefacts.knocks import without_disturbances
from activenoise.analysis.comparison import Tracks
from activenoise.analysis.setup import Setup
from activenoise.analysis.tracks import read_tracks
from activenoise.arrays import FloatArray


def without_artefacts(
    tracks: Tracks, dt: float, setup: Setup, starts: Mapping[str, int] | None
) -> tuple[dict[str, dict[str, FloatArray]], ArtefactFacts]:
    """The tracks that the joint analysis reads, about their means and without what is no motion of
    the tracer, and what that was.

    tracks: positions (n_points,) by track and coordinate, dt (s) apart. starts: the frame of the
    first point of each track; without it nothing is known of motion in common.
    """
    opened, gaps = open_gaps(tracks)
    common = None
    if starts is not None and len(opened) > 1:
        opened, common = without_common_motion(opened, dt, starts, setup.seed)
    read = read_tracks(opened, setup)
    if not np.all([np.nanstd(x) > 0 for parts in read.values() for x in parts.values()]):
        return read, ArtefactFacts(gaps, common)  # the prior says what is wrong
    cleaned, disturbances = without_disturbances(read, dt, setup)
    return cleaned, ArtefactFacts(gaps, common, disturbances)
