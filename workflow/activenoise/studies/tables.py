"""Tables of scores and of errors of estimates, from the answers of the optimum and of networks.

Answers to a study's test tracks come as named arrays (`files.read_arrays`): logits (n_tracks,
n_durations), labels (n_tracks,) and points (n_durations,), or mean, sd and truth. Log-losses are in
nats, durations in s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from activenoise.files import read_arrays
from activenoise.logs import DamagedError
from activenoise.studies import scoring

Arrays = Mapping[str, NDArray[Any]]
Row = dict[str, Any]

SEED_COLUMNS = (
    "seed", "duration", "n_points", "log_loss", "standard_error", "excess", "excess_standard_error",
)  # fmt: skip

_WHOSE = ("study", "pair", "method")
# The first columns of each table: those that it has without a row too.
COLUMNS = {
    "scores": _WHOSE,
    "calibration": _WHOSE,
    "checks": _WHOSE[:2],
    "seeds": (*_WHOSE, *SEED_COLUMNS),
}

# What a file of the optimum holds of its numerical error.
CHANGE = ("quadrature_change", "quadrature_change_standard_error")
# What a file of the optimum may hold beside the optimum: other exact answers to the same tracks.
OTHER_BOUNDS = ("optimum_given_start", "path_integral")


class ScoreTables(NamedTuple):
    """The rows of scores.csv, calibration.csv, checks.csv and seeds.csv."""

    scores: list[Row]
    calibration: list[Row]
    checks: list[Row]
    seeds: list[Row]


def score_tables(study: str, files: Mapping[str, Mapping[str, str]], dt: float) -> ScoreTables:
    """The tables of a study whose points are dt (s) apart. files: by pair, the files of answers by
    method, that of the optimum among them."""
    tables = ScoreTables([], [], [], [])
    for pair, by_method in files.items():
        bound = read_answers(by_method["optimum"], "logits", "labels", *CHANGE)
        about = {"study": study, "pair": pair}
        tables.checks.extend(check_rows(about, bound, dt))
        networks = {name: path for name, path in by_method.items() if name != "optimum"}
        for method, answer in answers(bound, networks):
            named = about | {"method": method}
            tables.scores.extend(score_rows(named, answer, bound, dt))
            tables.calibration.extend(calibration_rows(named, answer, dt))
            tables.seeds.extend(seed_rows(named, answer, bound, dt))
    return tables


def answers(bound: Arrays, networks: Mapping[str, str]) -> Iterator[tuple[str, Arrays]]:
    """Method and answers: first the exact ones, then those in the networks' files."""
    yield "optimum", bound
    for method in OTHER_BOUNDS:
        if method in bound:
            yield method, {**bound, "logits": bound[method]}
    for method, path in networks.items():
        yield method, read_answers(path, "logits", "labels")


def read_answers(path: str, *names: str) -> Arrays:
    """The arrays of a file of answers. DamagedError where it lacks `points` or one of these names,
    or where logits or mean is not a number, as the answers of a network that diverged."""
    found = read_arrays(path, "points", *names)
    for name in {"logits", "mean"} & found.keys():
        if np.isnan(found[name]).any():
            raise DamagedError(f"{path}: {name} is nan; delete it and its network, and run again")
    return found


def all_seeds(answer: Arrays) -> NDArray[np.float64]:
    """Logits of every seed of a network, (n_tracks, n_durations, n_seeds)."""
    names = [name for name in answer if name == "logits" or name.startswith("logits_seed")]
    return np.stack([answer[name] for name in names], axis=2)


def seed_rows(about: Row, answer: Arrays, bound: Arrays, dt: float) -> list[Row]:
    """Rows of seeds.csv, one for each seed and duration, of networks of several seeds."""
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
    """Rows of scores.csv, one for each duration."""
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
    """Rows of calibration.csv, for each duration one a bin of predicted P(class 1)."""
    rows = []
    for i, n in enumerate(answer["points"]):
        curve = scoring.reliability(answer["logits"][:, i], answer["labels"])
        for point in zip(*curve, strict=True):
            rows.append(about | {"duration": n * dt} | dict(zip(curve._fields, point, strict=True)))
    return rows


def check_rows(about: Row, bound: Arrays, dt: float) -> list[Row]:
    """Rows of checks.csv, one for each duration: checks of the optimum that need no reference.

    mean_exponential: E[exp(LLR)] over the tracks of class 0, which is 1 (at long durations rare
    tracks dominate it, and its standard error says little). exchange: mean P(1) of class 0 less
    mean P(0) of class 1, which is 0, without heavy tails. quadrature_change: what numerical errors
    add to the log-loss, with its standard error (`optimum.numerical_change`). calibration_chi2: of
    the optimum's own P, by bin. surprise: of the worst track (`scoring.surprise`), next to 0 where
    its likelihood ratio is wrong. path_integral_difference: root mean square of the paper's log
    likelihood ratio less the filter's given the first point, nats.
    """
    logits, labels = bound["logits"], bound["labels"]
    mean = scoring.mean_exponential(logits, labels)
    exchange = scoring.exchange(logits, labels)
    surprise = scoring.surprise(logits, labels)
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
            "surprise": surprise[i],
        }
        if "path_integral" in bound:
            gap = bound["path_integral"][:, i] - bound["optimum_given_start"][:, i]
            row["path_integral_difference"] = float(np.sqrt(np.mean(gap**2)))
        rows.append(about | row)
    return rows


def estimate_rows(
    study: str, targets: Sequence[str], files: Mapping[str, str], bayes: str, dt: float
) -> list[Row]:
    """Rows of estimates.csv: root mean square errors of the logarithms of the targets, for each
    method, duration and target; ratio: to that of the Bayes estimates on the same tracks;
    prior_spread: standard deviation of the true values, the error of an estimator that reads
    nothing. files: the answers by method; bayes: the file of the Bayes estimates."""
    bound = read_answers(bayes, "mean", "truth")
    truth, spread = bound["truth"][:, None, :], np.std(bound["truth"], axis=0)
    rows = []
    for method, path in files.items():
        answer = read_answers(path, "mean")
        error = scoring.rmse(answer["mean"], truth)
        ratio = scoring.rmse_ratio(answer["mean"], bound["mean"], truth)
        for i, n in enumerate(answer["points"]):
            for k, target in enumerate(targets):
                rows.append(
                    {
                        "study": study,
                        "target": f"log {target}",
                        "method": method,
                        "duration": n * dt,
                        "n_points": n,
                        "rmse": error.value[i, k],
                        "standard_error": error.standard_error[i, k],
                        "ratio": ratio.value[i, k],
                        "ratio_standard_error": ratio.standard_error[i, k],
                        "prior_spread": spread[k],
                    }
                )
    return rows
