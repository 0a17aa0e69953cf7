"""The exact answers to a study's questions, from the evidence of its test tracks: the optimal
classifier's log odds of a pair of models, and the Bayes estimates of the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activenoise.studies.evidence import TrackEvidence
from activenoise.studies.scoring import Estimate, divergence, noise_excess


def optimum(pair: tuple[str, str], classes: Sequence[TrackEvidence]) -> dict[str, Any]:
    """The optimal classifier's answers to the tracks of both classes, by name.

    classes: evidence of the tracks of the pair's first model and of its second. `logits`: log odds
    of the second model (n_tracks, n_lengths), nats; `labels` 0 or 1 (n_tracks,); `points`;
    `quadrature_change` with its standard error (n_lengths,), see `numerical_change`. For known
    parameters `optimum_given_start`, the log odds given the first point, and for Passive-AOUP
    `path_integral`, the paper's own form of those.
    """
    labels = np.repeat((0, 1), [len(c.log_evidence) for c in classes])
    change = numerical_change(pair, classes)
    found = {
        "logits": np.concatenate([c.log_odds(pair) for c in classes]),
        "labels": labels,
        "points": classes[0].points,
        "quadrature_change": change.value,
        "quadrature_change_standard_error": change.standard_error,
    }
    given = [c.log_odds(pair, c.given_first) for c in classes if c.given_first is not None]
    if given:
        found["optimum_given_start"] = np.concatenate(given)
    paths = [c.path_integral for c in classes if c.path_integral is not None]
    if paths and pair == ("Passive", "AOUP"):
        found["path_integral"] = np.concatenate(paths)
    return found


def numerical_change(pair: tuple[str, str], classes: Sequence[TrackEvidence]) -> Estimate:
    """What numerical errors of the log odds add to the log-loss, nats, (n_lengths,).

    By quadrature: the log-loss that twice the nodes are expected to gain (`scoring.divergence`), on
    the tracks that were computed again. By sampling: what the variance of the log odds adds
    (`scoring.noise_excess`). 0 for known parameters, where nothing is integrated.
    """
    few = min(c.n_checked for c in classes)
    if few:
        coarse = np.concatenate([c.log_odds(pair, c.log_evidence[:few]) for c in classes])
        fine = np.concatenate([c.log_odds(pair, c.refined[:few]) for c in classes])
        return divergence(coarse, fine, np.repeat((0, 1), few))
    logits = np.concatenate([c.log_odds(pair) for c in classes])
    variance = np.concatenate([c.odds_variance(pair) for c in classes])
    labels = np.repeat((0, 1), [len(c.log_evidence) for c in classes])
    return noise_excess(logits, variance, labels)


def bayes_estimates(evidence: TrackEvidence, targets: Sequence[str]) -> dict[str, Any]:
    """The posterior means of the logarithms of some parameters, the bound of all regressors.

    evidence: of tracks of AOUP. `mean`, `sd` (n_tracks, n_lengths, n_targets) and `truth`
    (n_tracks, n_targets) of the logarithms; `points`; `quadrature_change` (n_lengths, n_targets):
    root mean square numerical error of the means, from the nodes or from the sampling.
    """
    columns = [evidence.names.index(target) for target in targets]
    if evidence.n_checked:
        coarse = evidence.mean[: evidence.n_checked]
        change = np.sqrt(np.mean((evidence.refined_mean - coarse) ** 2, axis=0))
    else:
        change = np.sqrt(np.mean(evidence.mean_error**2, axis=0))
    return {
        "mean": evidence.mean[..., columns],
        "sd": evidence.sd[..., columns],
        "truth": evidence.truth[:, columns],
        "points": evidence.points,
        "quadrature_change": change[:, columns],
    }
