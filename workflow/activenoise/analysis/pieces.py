"""A record in pieces along time: does a parameter change?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy.stats import chi2

from activenoise.analysis.comparison import summary
from activenoise.analysis.facts import Piece, Pieces, Trend
from activenoise.analysis.setup import Setup
from activenoise.arrays import FloatArray
from activenoise.inference.record import Record
from activenoise.physics.priors import Axis

FEWEST = 200  # points of a piece

_LONGEST = 1 << 14  # points of a piece, which is thinned to about so many


def pieces_of(
    model: str,
    track: str,
    coordinates: Mapping[str, FloatArray],
    dt: float,
    prior: Mapping[str, Axis],
    setup: Setup,
) -> Pieces:
    """One track in pieces of at least 200 points, each with a posterior of one linear model under
    the prior of the whole; none where there would be fewer than two.

    coordinates: positions (n_points,), dt (s) apart, of this track. trends: of each parameter,
    chi2 of the pieces' mean logarithms about their weighted mean.
    """
    n = len(next(iter(coordinates.values())))
    count = min(setup.effort.segments, n // FEWEST)
    found: list[Piece] = []
    edges = np.linspace(0, n, count + 1).astype(int) if count > 1 else np.zeros(1, int)
    for k, (start, end) in enumerate(pairwise(edges)):
        thin = -(-(end - start) // _LONGEST)
        part = [Record(x[start:end:thin], dt * thin) for x in coordinates.values()]
        if any(np.isfinite(r.positions).sum() < FEWEST // 2 for r in part):
            continue
        p = setup.posterior(model, part, prior, k, setup.effort.draws)
        found.append(Piece(float(start * dt), float(end * dt), p.effective, summary(p)))
    return Pieces(model, track, found, _trends(found))


def _trends(pieces: list[Piece]) -> dict[str, Trend]:
    """How far each parameter that every piece has changes along the pieces."""
    trends: dict[str, Trend] = {}
    if len(pieces) < 2:
        return trends
    for name in pieces[0].parameters:
        rows = [piece.parameters[name] for piece in pieces if name in piece.parameters]
        logs = [(r.mean_log, r.sd_log) for r in rows if r.mean_log is not None and r.sd_log]
        if len(logs) < len(pieces):
            continue
        value, sd = np.array(logs).T
        weight = sd**-2.0
        spread = float(np.sum(weight * (value - np.average(value, weights=weight)) ** 2))
        trends[name] = Trend(spread, float(chi2.sf(spread, len(rows) - 1)))
    return trends
