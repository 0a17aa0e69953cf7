"""Energies in words and in newtons."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from tests import made

from activenoise.analysis.judgement import energy_void
from activenoise.physics.bath import Bath
from activenoise.report.energy import (
    bath_of,
    check_unit,
    in_json,
    physical,
    physical_words,
    rows,
    voids,
)
from activenoise.report.verdict import Question

ACTIVE = made.shares(0.0, 0.002, 0.998, p_distinguishable=0.997)


def test_energies_stand_where_nothing_makes_them_void():
    assert energy_void(ACTIVE) == []
    assert voids(ACTIVE) == []
    assert "4 (2 to 6) kT/s" in in_json(ACTIVE)["sentence"]


def test_a_double_at_equilibrium_makes_them_void():
    likely = replace(ACTIVE, energy=made.energies(p_double=0.8))
    assert energy_void(likely) == ["double"]
    (said,) = voids(likely)
    assert "dissipates nothing" in said
    assert "80" in said
    # Less than one half is a warning.
    possible = replace(ACTIVE, energy=made.energies(p_double=0.3))
    assert energy_void(possible) == []
    (said,) = voids(possible)
    assert "may have the same C(t)" in said


def test_a_record_without_activity_or_model_makes_them_void():
    assert energy_void(made.facts()) == ["no activity"]
    (said,) = voids(made.facts())
    assert "no sign of activity (1.0" in said
    misfit = made.innovations(model="AOUP", autocorrelation=[0.3])
    unfit = made.shares(0.0, 0.02, 0.98, p_distinguishable=0.5, fit={"x": misfit})
    assert energy_void(unfit) == ["no model"]


def test_forces_in_piconewton_follow_from_kT():
    """1 kT/um is 0.0043 pN at 37 C; 1 kT/um^2 is 4.3e-6 pN/nm; 1 kT/s is 0.0043 aW."""
    energy = ACTIVE.energy.driven
    bath = Bath(310.15, radius=1e-6)
    found = physical(energy, "um", bath)
    kT = 1.380649e-23 * 310.15
    assert found["active_force_pN"]["median"] == pytest.approx(energy.force.median * kT * 1e18)
    assert found["stiffness_pN_per_nm"]["low95"] == pytest.approx(
        energy.stiffness.low95 * kT * 1e15
    )
    assert found["power_aW"]["high95"] == pytest.approx(energy.dissipation.high95 * kT * 1e18)
    assert found["stokes_einstein"] == pytest.approx(
        kT / (6 * math.pi * 0.6913e-3 * 1e-6) * 1e12, rel=1e-3
    )
    ratio = found["D_over_stokes_einstein"]
    assert ratio["median"] == pytest.approx(energy.D.median / found["stokes_einstein"])
    text = " ".join(physical_words(found, "µm"))
    assert "37" in text
    assert "in water" in text
    assert "not what the bath would give" in text  # 2 um^2/s, six times as much


def test_the_numbers_are_those_of_the_record_in_any_unit():
    """The same tracer in nm."""
    energy = ACTIVE.energy.driven
    scale = {"D": 1e6, "force": 1e-3, "stiffness": 1e-6}
    in_nm = replace(
        energy,
        **{
            name: made.summary(getattr(energy, name).low95 * f, getattr(energy, name).high95 * f)
            for name, f in scale.items()
        },
    )
    bath = Bath(300.0, radius=1e-6, viscosity=1e-3)
    a, b = physical(energy, "um", bath), physical(in_nm, "nm", bath)
    for name in ("active_force_pN", "stiffness_pN_per_nm", "D_over_stokes_einstein"):
        assert a[name]["median"] == pytest.approx(b[name]["median"])


def test_without_a_radius_D_is_that_of_a_sphere():
    found = physical(ACTIVE.energy.driven, "um", Bath(310.15, viscosity=1e-3))
    radius = found["radius_from_D_um"]
    assert radius["low95"] < radius["median"] < radius["high95"]
    assert "D is that of a sphere of radius" in " ".join(physical_words(found, "µm"))


def test_a_free_tracer_has_no_stiffness():
    free = replace(ACTIVE.energy.driven, stiffness=None)
    assert "stiffness_pN_per_nm" not in physical(free, "um", Bath(300.0, 1e-6))
    assert not any("stiffness" in row.words for row in rows(free, ACTIVE, "um"))


def test_lengths_without_metres_are_refused():
    with pytest.raises(
        ValueError, match=r"a\.csv: forces in pN need lengths in m, mm, um, nm, not"
    ):
        check_unit(Path("a.csv"), "V")


def test_the_bath_is_what_was_said_of_it():
    bath = bath_of({"temperature": "310K", "radius": None, "viscosity": "1cP", "note": "a cell"})
    assert (bath.temperature, bath.radius, bath.viscosity) == (310.0, None, pytest.approx(1e-3))
    assert bath_of({"temperature": None, "radius": None, "viscosity": None}) is None


def test_a_question_knows_the_bath():
    bath = Question(temperature=37, radius="250nm").bath
    assert (bath.temperature, bath.radius) == pytest.approx((310.15, 2.5e-7))
    assert bath.viscosity is None
    assert Question().bath is None
