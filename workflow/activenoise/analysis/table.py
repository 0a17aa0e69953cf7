"""Facts as rows of tables: the tracks of a record, and all records of a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from activenoise.analysis.facts import Facts, TrackRow
from activenoise.analysis.judgement import basis, energy_void, is_familiar, stated
from activenoise.analysis.stored import from_json, to_json
from activenoise.files import write_table
from activenoise.parameters import RECORD_MODELS

_FIT = ("kappa", "D", "D_a", "tau_a")
# Of `Energy`, or of the numbers in newtons, by column.
_ENERGIES = {"dissipation": "dissipation", "effective_temperature": "temperature",
             "active_force": "force"}  # fmt: skip
_PHYSICAL = ("active_force_pN", "stiffness_pN_per_nm", "D_over_stokes_einstein")
ENERGY_COLUMNS = (
    *(name + end for name in (*_ENERGIES, *_PHYSICAL) for end in ("", "_low95", "_high95")),
    "energy_void",
)
VERDICT_COLUMNS = (
    "track", "study", "synthetic", "n_points", "reading", "fits", "p_active", "p_distinguishable",
    "p_equilibrium", "p_instrument", *(f"p_{name.lower()}" for name in RECORD_MODELS),
    "bayes_factor", "active_share_limit", *ENERGY_COLUMNS, "p_active_exact_study",
    "p_active_network_study", "p_active_ready_network", "p_rbp_exact_study", "p_rbp_network_study",
    "ready_farther", *(name + end for name in _FIT for end in ("", "_standard_error")), "error",
)  # fmt: skip


def verdict_row(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The row of one record in verdicts.csv. verdict: content of its verdict.json.

    p_active and the other probabilities are those that the sentence of the verdict states; none
    where no model fits. active_share_limit: `limit95` of the active part (`ActivePart`).
    """
    facts = from_json(verdict["findings"], f"{verdict['track']}/verdict.json")
    row: dict[str, Any] = {
        name: verdict[name] for name in ("track", "study", "synthetic", "n_points")
    }
    row |= {name: verdict["words"][name] for name in ("reading", "fits")}
    if row["fits"]:
        said = stated(facts)
        row |= {f"p_{name.lower()}": p for name, p in said.models.items()}
        row |= {"p_active": said.active, "p_distinguishable": said.distinguishable}
        row |= {"p_equilibrium": said.equilibrium, "p_instrument": said.instrument}
        row["bayes_factor"] = said.bayes_factor
        part = basis(facts).part
        row["active_share_limit"] = "" if part is None else part.limit95
    row |= _energy_columns(facts, verdict)
    if verdict["study"]:
        row |= _study_columns(verdict)
    if "ready" in verdict:
        row |= ready_columns(next(iter(verdict["ready"]["coordinates"].values())))
    return row


def _energy_columns(facts: Facts, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Medians and 95 % ends of the energies over all driven models, and what makes them void."""
    if facts.energy is None:
        return {}
    driven = facts.energy.driven
    found = {name: to_json(getattr(driven, of)) for name, of in _ENERGIES.items()}
    physical = verdict.get("energy", {}).get("physical") or {}
    found |= {name: physical[name] for name in _PHYSICAL if physical.get(name)}
    columns: dict[str, Any] = {"energy_void": "; ".join(energy_void(facts))}
    for name, row in found.items():
        ends = (("", "median"), ("_low95", "low95"), ("_high95", "high95"))
        columns |= {name + end: row[key] for end, key in ends}
    return columns


def write_verdicts(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write verdicts.csv: the rows of `verdict_row`, or with `track` and `error` alone."""
    write_table(path, ({name: row.get(name, "") for name in VERDICT_COLUMNS} for row in rows))


def _study_columns(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What the likelihoods and networks of the record's study and the fit of C(t) have."""
    columns: dict[str, Any] = {}
    for question, task in (("p_active", "Passive-AOUP"), ("p_rbp", "AOUP-RBP")):
        columns[f"{question}_exact_study"] = verdict["exact"][question]
        if is_familiar(verdict["network"], task):
            columns[f"{question}_network_study"] = verdict["network"].get(question)
    for name, estimate in verdict["fit"]["AOUP"].items():
        columns[name] = estimate["value"]
        columns[f"{name}_standard_error"] = estimate["standard_error"]
    return columns


def ready_columns(answer: Mapping[str, Any]) -> dict[str, float]:
    """What verdicts.csv has of the ready networks' answer for a coordinate: no probability of a
    record that is unlike their training."""
    task = "Passive-AOUP"
    if "too_short" in answer:
        return {}
    found = {"ready_farther": answer["familiar"][task]["farther"]}
    if is_familiar(answer, task):
        found["p_active_ready_network"] = answer["p_active"]
    return found


def rows_of_tracks(name: str, facts: Facts) -> list[dict[str, Any]]:
    """The rows of tracks.csv: one for each track of a table, or the one of a record of this name.
    Probabilities of the models, and mean and standard deviation (`_sd`) of the parameters, for
    those tracks that were analysed by themselves."""
    return [_row_of_track(row, row.track or name, facts) for row in facts.tracks.rows]


def _row_of_track(row: TrackRow, name: str, facts: Facts) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "track": name,
        "n_points": row.n_points,
        "coordinates": ",".join(facts.record.coordinates),
    }
    own = row.alone
    if own is None:
        return columns
    columns |= {f"p_{model.lower()}": p for model, p in own.probability.items()}
    columns |= {"p_active": own.p_active, "p_distinguishable": own.p_distinguishable}
    columns["model"] = own.model
    for parameter, found in own.parameters.items():
        columns |= {parameter: found.value, f"{parameter}_sd": found.error}
    return columns
