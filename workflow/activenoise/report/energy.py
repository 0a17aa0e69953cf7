"""What the drive costs, in words and in newtons. Works on typed facts and needs no numerics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from activenoise.analysis.facts import Energy, Facts, Summary
from activenoise.analysis.judgement import THRESHOLDS, Void, energy_void, stated
from activenoise.analysis.stored import to_json
from activenoise.physics.bath import Bath
from activenoise.reading.quantities import BATH, bath_quantities
from activenoise.reading.units import metres
from activenoise.report.phrases import THIN, number, percent

_ENDS = ("median", "low95", "low68", "high68", "high95")
_VOID: dict[Void, str] = {
    "no model": "No model describes the record, so these numbers are those of a motion that it "
    "does not have.",
    "no activity": "The record gives no sign of activity ({active}): the numbers are those of "
    "a drive that is most likely not there.",
    "double": "A medium at equilibrium, which dissipates nothing, has the same {law}: the "
    "probability of that, if the tracer is driven, is {double}.",
    "shape": "Only the shape of the distribution speaks for a drive, and a trap that is not "
    "harmonic has that shape without one.",
    "instrument": "The instrument explains the record, and it dissipates nothing in the tracer.",
}


class Row(NamedTuple):
    """A line of the table of energies. size: a quantity with its posterior; unit: of it."""

    words: str
    size: Summary
    unit: str


def voids(facts: Facts) -> list[str]:
    """What makes the energies void, in sentences; empty where nothing that is known does."""
    if facts.energy is None:
        return []
    double, active = percent(facts.energy.p_double), percent(stated(facts).active)
    why = energy_void(facts)
    said = [_VOID[name].format(active=active, double=double, law=law(facts)) for name in why]
    if "double" not in why and facts.energy.p_double > THRESHOLDS.unlikely:
        said.append(
            f"A medium at equilibrium may have the same {law(facts)}: the probability of that, if "
            f"the tracer is driven, is {double}."
        )
    return said


def law(facts: Facts) -> str:
    """What an equilibrium medium would share with the tracer."""
    return "mean square displacement" if facts.free else "C(t)"


def sentence(facts: Facts) -> str:
    """The dissipation in a sentence."""
    if facts.energy is None:
        return "No driven model has a probability, so no power of a drive can be stated."
    found = facts.energy.driven.dissipation
    return (
        f"If the tracer is driven, the drive feeds {_range(found)} kT/s into its motion (median "
        f"and 95{THIN}%, averaged over the driven models). {_limit(facts.energy.limit95)}"
    )


def _limit(limit95: float) -> str:
    if limit95 == 0:  # of less than 5 % of the probability
        return f"Over all models there is no drive, with a probability above 95{THIN}%."
    return f"Over all models it is at most {number(limit95, 2)} kT/s (95{THIN}%)."


def rows(energy: Energy, facts: Facts, unit: str) -> Iterator[Row]:
    """The lines of the table of one model, lengths in `unit`."""
    yield Row("dissipation: power of the drive", energy.dissipation, "kT/s")
    yield Row("effective over bath temperature", energy.temperature, "")
    of = "long-time diffusivity" if facts.free else "variance"
    yield Row(f"active share of the {of}", energy.share, "")
    yield Row("root mean square active force", energy.force, f"kT/{unit}")
    if energy.stiffness is not None:
        yield Row("stiffness of the trap", energy.stiffness, f"kT/{unit}²")


def bath_of(given: Mapping[str, Any]) -> Bath | None:
    """The liquid around the tracer, from what a user says of it: what `bath_quantities` takes, and
    other names that are passed over. None where nothing is said."""
    found = bath_quantities({name: given[name] for name in BATH})
    return Bath(**found) if found else None


def physical(energy: Energy, unit: str, bath: Bath) -> dict[str, Any]:
    """Energies in newtons, as plain JSON: by name the posterior, with the bath that they rest on.

    Forces are those against the friction kT/D, with the D of the posterior. unit: of length, one
    of m, mm, um and nm.
    """
    metre = metres(unit)
    in_pN = bath.kT / metre * 1e12
    found: dict[str, Any] = {
        "temperature_K": bath.temperature,
        "radius_m": bath.radius,
        "viscosity_Pa_s": bath.eta,
        "viscosity": "of water" if bath.viscosity is None else "given",
        "active_force_pN": _scaled(energy.force, in_pN),
        "power_aW": _scaled(energy.dissipation, bath.kT * 1e18),
    }
    if energy.stiffness is not None:
        found["stiffness_pN_per_nm"] = _scaled(energy.stiffness, in_pN / (metre * 1e9))
    if bath.diffusivity is not None:
        found["stokes_einstein"] = bath.diffusivity / metre**2
        found["D_over_stokes_einstein"] = _scaled(energy.D, metre**2 / bath.diffusivity)
    else:
        radius = {end: 1e6 * bath.radius_of(getattr(energy.D, end) * metre**2) for end in _ENDS}
        low, high = radius["high95"], radius["low95"]  # a larger D is a smaller sphere
        found["radius_from_D_um"] = {"median": radius["median"], "low95": low, "high95": high}
    return found


def in_json(facts: Facts, unit: str = "", bath: Bath | None = None) -> dict[str, Any]:
    """The energies as verdict.json has them: sentence, void, and what is in newtons, or null."""
    found = None
    if bath is not None and facts.energy is not None:
        found = physical(facts.energy.driven, unit, bath)
    return {"sentence": sentence(facts), "void": voids(facts), "physical": found}


def physical_words(found: dict[str, Any], unit: str) -> Iterator[str]:
    """Sentences of `physical`, for the page. unit: of the record."""
    celsius = found["temperature_K"] - 273.15
    liquid = "water" if found["viscosity"] == "of water" else "a liquid of this viscosity"
    at = f"{celsius:.3g}{THIN}°C"
    yield (
        f"At {at} the root mean square active force is {_span(found['active_force_pN'])} pN and "
        f"the power {_span(found['power_aW'])} aW."
    )
    if "stiffness_pN_per_nm" in found:
        yield f"The stiffness of the trap is {_span(found['stiffness_pN_per_nm'])} pN/nm."
    eta = f"{1e3 * found['viscosity_Pa_s']:.3g} mPa s"
    if "D_over_stokes_einstein" in found:
        ratio = found["D_over_stokes_einstein"]
        yield (
            f"D is {_span(ratio)} times the {found['stokes_einstein']:.3g} {unit}² s⁻¹ that a "
            f"sphere of radius {1e6 * found['radius_m']:.3g} µm would have in {liquid} at {at} "
            f"({eta}; Stokes and Einstein). It is the diffusivity at short times, against the "
            "friction of the solvent alone."
        )
        if not (ratio["low95"] < 2 and ratio["high95"] > 0.5):
            yield (
                "D is not what the bath would give. Forces and stiffness rest on D, not on the "
                "radius: if D is not thermal, they are off by this factor."
            )
    else:
        yield (
            f"D is that of a sphere of radius {_span(found['radius_from_D_um'])} µm in {liquid} at "
            f"{at} ({eta}; Stokes and Einstein)."
        )


def check_unit(path: Path, unit: str) -> None:
    """ValueError in one line for a record in a unit of length whose metres are not known."""
    try:
        metres(unit)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _scaled(found: Summary, factor: float) -> dict[str, float]:
    """The posterior of a multiple of a quantity, as plain JSON."""
    plain = to_json(found)
    return {end: plain[end] * factor for end in _ENDS}


def _range(found: Summary) -> str:
    return _span(to_json(found))


def _span(found: dict[str, float]) -> str:
    """Median and 95 % interval for people."""
    median, low, high = (number(found[key], 2) for key in ("median", "low95", "high95"))
    return f"{median} ({low} to {high})"
