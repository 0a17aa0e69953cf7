"""Rows of the tables of scores, from the answers of the optimum and of the networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.files import read_arrays
from activenoise.studies import scoring

Arrays = Mapping[str, NDArray[Any]]
Row = dict[str, Any]

SEED_COLUMNS = (
    "seed", "duration", "n_points", "log_loss", "standard_error", "excess", "excess_standard_error",
)  # fmt: skip

# What a file of the optimum may hold beside the optimum: other exact answers to the same tracks.
OTHER_BOUNDS = ("optimum_given_start", "path_integral")


def answers(bound: Arrays, networks: Mapping[str, str]) -> Iterator[tuple[str, Arrays]]:
    """Method and answers (logits, labels, points): the exact ones, then the networks' files."""
    yield "optimum", bound
    for method in OTHER_BOUNDS:
        if method in bound:
            yield method, {**bound, "logits": bound[method]}
    for method, path in networks.items():
        yield method, read_arrays(path)


def all_seeds(answer: Arrays) -> NDArray[np.float64]:
    """Logits of every seed of a network, (n_tracks, n_durations, n_seeds)."""
    names = [name for name in answer if name == "logits" or name.startswith("logits_seed")]
    return np.stack([answer[name] for name in names], axis=2)


def seed_rows(about: Row, answer: Arrays, bound: Arrays, dt: float) -> list[Row]:
    """One row a seed and duration of results/{study}/seeds.csv, for networks of several seeds."""
    logits = all_seeds(answer)
    if logits.shape[2] == 1:
        return []
    rows = []
    for seed in range(logits.shape[2]):
        alone = {
            "logits": logits[..., seed],
            "labels": answer["labels"],
            "points": answer["points"],
        }
        for row in score_rows(about | {"seed": seed + 1}, alone, bound, dt):
            rows.append({name: row[name] for name in (*about, *SEED_COLUMNS)})
    return rows


def score_rows(about: Row, answer: Arrays, bound: Arrays, dt: float) -> list[Row]:
    """One row a duration of results/{study}/scores.csv; log-losses in nats, durations in s."""
    logits, labels = all_seeds(answer), answer["labels"]
    # A feedforward network may have been trained for some of the durations only.
    optimum = bound["logits"][:, np.searchsorted(bound["points"], answer["points"])]
    loss = scoring.log_loss(logits, labels)
    excess = scoring.excess(logits, optimum, labels)
    spread = scoring.excess_spread(logits, labels)
    per_class = {}
    for name, estimate in (("accuracy", scoring.accuracy), ("mean_p", scoring.mean_probability)):
        for label in (0, 1):
            value, error = estimate(logits, labels, label)
            per_class[f"{name}_{label}"] = value
            per_class[f"{name}_{label}_standard_error"] = error
    order = sorted(per_class, key=lambda name: name.endswith("error"))
    return [
        about
        | {
            "duration": n * dt,
            "n_points": n,
            "log_loss": loss.value[i],
            "standard_error": loss.standard_error[i],
            "excess": excess.value[i],
            "excess_standard_error": excess.standard_error[i],
            "seeds": logits.shape[2],
            "excess_spread": spread[i],
        }
        | {name: per_class[name][i] for name in order}
        for i, n in enumerate(answer["points"])
    ]


def calibration_rows(about: Row, answer: Arrays, dt: float) -> list[Row]:
    """The rows of calibration.csv: per duration the bins of predicted P(class 1)."""
    rows = []
    for i, n in enumerate(answer["points"]):
        curve = scoring.reliability(answer["logits"][:, i], answer["labels"])
        for point in zip(*curve, strict=True):
            rows.append(about | {"duration": n * dt} | dict(zip(curve._fields, point, strict=True)))
    return rows


def check_rows(about: Row, bound: Arrays, dt: float) -> list[Row]:
    """Checks of the optimum that need no reference, one row a duration.

    mean_exponential: E[exp(LLR)] over the tracks of class 0, which is 1 (at long durations rare
    tracks dominate it, and its standard error says little). exchange: mean P(1) of class 0 less
    mean P(0) of class 1, which is 0, without heavy tails. quadrature_change: of the log-loss
    (see `scoring.divergence`) on doubling the nodes, nats, with its error.
    calibration_chi2: of the optimum's own P, per bin.
    path_integral_difference: rms of the paper's log likelihood ratio less the filter's given the
    first point, nats.
    """
    logits, labels = bound["logits"], bound["labels"]
    mean = scoring.mean_exponential(logits, labels)
    exchange = scoring.exchange(logits, labels)
    rows = []
    for i, n in enumerate(bound["points"]):
        curve = scoring.reliability(logits[:, i], labels)
        pulls = (curve.observed - curve.predicted) / curve.standard_error
        row = {
            "duration": n * dt,
            "n_points": n,
            "mean_exponential": mean.value[i],
            "mean_exponential_standard_error": mean.standard_error[i],
            "exchange": exchange.value[i],
            "exchange_standard_error": exchange.standard_error[i],
            "quadrature_change": bound["quadrature_change"][i],
            "quadrature_change_standard_error": bound["quadrature_change_standard_error"][i],
            "calibration_chi2": float(np.mean(pulls**2)),
        }
        if "path_integral" in bound:
            gap = bound["path_integral"][:, i] - bound["optimum_given_start"][:, i]
            row["path_integral_difference"] = float(np.sqrt(np.mean(gap**2)))
        rows.append(about | row)
    return rows
