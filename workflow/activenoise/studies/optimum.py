"""The exact answers for held-out tracks: the log odds of the classes, and Bayes estimates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray, TrackArray
from activenoise.inference.evidence import log_evidence, log_likelihood_ratio, posterior_moments
from activenoise.likelihood import path_integral
from activenoise.physics.models import AOUP
from activenoise.physics.priors import Prior


def exact_answers(
    pair: tuple[str, str],
    prior: Prior,
    tracks: TrackArray,
    dt: float,
    at: NDArray[np.int64],
    nodes: Mapping[str, int] | None = None,
) -> dict[str, FloatArray]:
    """All that is exact, by name, each (n_tracks, len(at)).

    tracks: (n_tracks, n_points), dt (s) apart. at: prefix lengths. nodes: of the quadrature.
    `logits`: log odds of the second model of the pair. Known parameters: `optimum_given_start`, the
    same given the first point, and of Passive and AOUP `path_integral`, the paper's own form of it.
    Unknown ones, of Passive and AOUP: `mean_kappa`, `sd_kappa` ... of the logarithm of each
    parameter under AOUP, whose means are the best estimates there are.
    """
    if prior.fixed:
        found = {
            "logits": log_likelihood_ratio(pair, prior, tracks, dt, at),
            "optimum_given_start": log_likelihood_ratio(
                pair, prior, tracks, dt, at, given_first=True
            ),
        }
        if pair == ("Passive", "AOUP"):
            active = prior.single("AOUP")
            assert isinstance(active, AOUP)
            found["path_integral"] = path_integral.log_likelihood_ratio(active, tracks, dt, at)
        return found
    if pair != ("Passive", "AOUP"):
        return {"logits": log_likelihood_ratio(pair, prior, tracks, dt, at, nodes)}
    posterior = posterior_moments("AOUP", prior, tracks, dt, at, nodes)
    found = {
        "logits": posterior.log_evidence - log_evidence("Passive", prior, tracks, dt, at, nodes)
    }
    for name in posterior.mean:
        found[f"mean_{name}"], found[f"sd_{name}"] = posterior.mean[name], posterior.sd[name]
    return found
