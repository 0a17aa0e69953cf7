"""A response of the instrument that no model has, and the stride at which it no longer shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from activenoise.analysis.checks import FEWEST, fit_test
from activenoise.analysis.comparison import Tracks, all_records, centred, records_of
from activenoise.analysis.judgement import misfits
from activenoise.analysis.setup import Setup
from activenoise.analysis.tracks import Compared
from activenoise.arrays import FloatArray

STRIDES = (2, 4, 8, 16, 32)
LONGEST = 1 << 17  # points; a longer record is thinned for its bands

_MOST_TRACKS = 8  # of a table, in which a stride is searched


def long_enough(tracks: Tracks, stride: int = STRIDES[0]) -> list[str]:
    """Tracks that keep at least 200 points in every coordinate at this stride."""
    return [
        track
        for track, parts in tracks.items()
        if all(np.isfinite(x[::stride]).sum() >= FEWEST for x in parts.values())
    ]


def fitting_stride(at: Compared, setup: Setup) -> int:
    """A stride at which an AOUP, the most yielding of the models, fits; 1 if there is none. Of a
    table the longest tracks are used that keep enough points; only one if they differ.

    At the least such stride a short propulsion may stand in for what is left of the instrument's
    response: the next one is taken, if it fits as well.
    """
    fitting: list[int] = []
    for stride in STRIDES:
        chosen = long_enough(at.tracks, stride)[: _MOST_TRACKS if at.shared else 1]
        if not chosen:
            break
        thinned = {track: every(at.tracks[track], stride) for track in chosen}
        records = all_records(thinned, at.dt * stride)
        p = setup.posterior("AOUP", records, setup.prior(records, stride))
        tests = [
            fit_test([(p, some)], setup.baseline, setup.choices.free)
            for some in records_of(thinned, at.dt * stride).values()
        ]
        if any(map(misfits, tests)):
            fitting.clear()
        else:
            fitting.append(stride)
        if len(fitting) == 2:
            break
    return fitting[-1] if fitting else 1


def every(parts: Mapping[str, FloatArray], stride: int) -> dict[str, FloatArray]:
    """Every stride-th point of a track, about its mean."""
    return {name: centred(x[::stride]) for name, x in parts.items()}
