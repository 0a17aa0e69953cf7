"""What the drive costs, under every driven model and averaged over them, from posterior draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activenoise.analysis.facts import Energy, EnergyFacts, Summary
from activenoise.arrays import FloatArray
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import elements_of
from activenoise.parameters import ACTIVE
from activenoise.physics.energy import dissipation, effective_energy, rms_force

N_FREQUENCIES = 32
_ENDS = {"low95": 0.025, "low68": 0.16, "median": 0.5, "high68": 0.84, "high95": 0.975}
_Draws = dict[str, FloatArray]  # by quantity, (n_draws, ...)


def energy_facts(
    probability: Mapping[str, float],
    posteriors: Mapping[str, Sequence[Posterior]],
    p_distinguishable: float,
    dt: float,
    duration: float,
) -> EnergyFacts | None:
    """Energies if the tracer is driven; None where no driven model has a probability.

    probability: of every model. posteriors: by model, of all tracks together, or one of each.
    p_distinguishable: that the tracer is driven and no medium at equilibrium has its C(t).
    dt, duration: of the record, s: the band of the curves.
    """
    driven = {name: p for name, p in probability.items() if name in ACTIVE and p > 0}
    if not driven:
        return None
    frequencies = np.geomspace(1 / duration, 0.5 / dt, N_FREQUENCIES)
    draws = {
        name: _joined([energy_draws(name, one.parameters, frequencies) for one in posteriors[name]])
        for name in driven
    }
    sizes = {name: len(of["dissipation"]) for name, of in draws.items()}
    weight = np.concatenate([np.full(n, driven[name] / n) for name, n in sizes.items()])
    together = _joined(list(draws.values()))
    p_active = sum(driven.values())
    return EnergyFacts(
        frequencies=frequencies.tolist(),
        models={
            name: _energy(driven[name], of, np.full(sizes[name], 1 / sizes[name]))
            for name, of in draws.items()
        },
        driven=_energy(p_active, together, weight / weight.sum()),
        limit95=_limit(together["dissipation"], weight, sum(probability.values()) - p_active),
        p_double=float(np.clip(1 - p_distinguishable / p_active, 0.0, 1.0)),
    )


def energy_draws(model: str, values: Mapping[str, FloatArray], frequencies: FloatArray) -> _Draws:
    """The quantities of `Energy` for draws of a driven model's parameters, by name; `curve`:
    (n_draws, n_frequencies)."""
    kappa, D, D_a, tau_a = (np.asarray(values[n]) for n in ("kappa", "D", "D_a", "tau_a"))
    elements = elements_of(model, values)
    return {
        "dissipation": dissipation(kappa, D, elements, D_a, tau_a),
        "temperature": 1 / (1 - np.asarray(values["active_share"])),
        "share": np.asarray(values["active_share"]),
        "force": rms_force(D, D_a, tau_a),
        "D": D,
        "stiffness": kappa / D,
        "curve": effective_energy(frequencies, D, elements, D_a, tau_a),
    }


def _joined(parts: Sequence[_Draws]) -> _Draws:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _energy(probability: float, draws: _Draws, weight: FloatArray) -> Energy:
    """draws by quantity; weight: of each draw, of sum 1."""
    free = not np.any(draws["stiffness"])
    ends = _quantiles(draws["curve"], list(_ENDS.values()), weight)
    return Energy(
        probability=probability,
        stiffness=None if free else summarised(draws["stiffness"], weight),
        curve=dict(zip(_ENDS, ends.tolist(), strict=True)),
        **{
            name: summarised(draws[name], weight)
            for name in ("dissipation", "temperature", "share", "force", "D")
        },
    )


def summarised(values: FloatArray, weight: FloatArray) -> Summary:
    """The posterior of a quantity, from weighted draws, weights of sum 1."""
    mean = float(weight @ values)
    ends = _quantiles(values, list(_ENDS.values()), weight)
    logs = np.log(values) if np.all(values > 0) else None
    mean_log = None if logs is None else float(weight @ logs)
    return Summary(
        mean=mean,
        sd=float(np.sqrt(weight @ (values - mean) ** 2)),
        **dict(zip(_ENDS, ends.tolist(), strict=True)),
        mean_log=mean_log,
        sd_log=None if logs is None else float(np.sqrt(weight @ (logs - mean_log) ** 2)),
    )


def _quantiles(values: FloatArray, at: list[float], weight: FloatArray) -> FloatArray:
    return np.quantile(values, at, axis=0, weights=weight, method="inverted_cdf")


def _limit(values: FloatArray, weight: FloatArray, at_rest: float) -> float:
    weights = np.append(weight, max(at_rest, 0.0))
    return float(_quantiles(np.append(values, 0.0), [0.95], weights)[0])
