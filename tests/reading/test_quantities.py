"""Numbers with a unit."""

from __future__ import annotations

import re

import pytest

from activenoise.reading.quantities import bath_quantity, quantity


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("noise", "5nm", 0.005), ("noise", "5 nm", 0.005), ("noise", "0.005", 0.005),
        ("D", "0.01um^2/s", 0.01), ("D_a", "1e4 nm²/s", 0.01), ("D", "0.6 um2/min", 0.01),
        ("kappa", "50/s", 50.0), ("kappa", "0.05 1/ms", 50.0), ("corner", "8kHz", 8000.0),
        ("dt", "1ms", 0.001), ("duration", "2min", 120.0), ("tau_a", ".1", 0.1),
    ],
)  # fmt: skip
def test_a_unit_that_fits_is_converted(name, text, value):
    assert quantity(name, text, "um") == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("noise", "5s", "noise = 5s: the unit does not fit; must be um"),
        ("D", "0.01um", "D = 0.01um: the unit does not fit; must be um² s⁻¹"),
        ("dt", "5nm", "dt = 5nm: the unit does not fit; must be s"),
        ("D", "1um^2/furlong", "the unit does not fit"),
        ("exposure", "3ms", "exposure = 3ms: the unit does not fit; must be none"),
        ("kappa", "many", "kappa = many: must be a number"),
    ],
)
def test_a_unit_that_does_not_fit_is_one_line(name, text, said):
    with pytest.raises(ValueError) as error:
        quantity(name, text, "um")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("temperature", 37, 310.15), ("temperature", "37 °C", 310.15), ("temperature", "310K", 310),
        ("radius", "250nm", 2.5e-7), ("radius", 0.5, 5e-7), ("viscosity", "0.7 mPa s", 7e-4),
        ("viscosity", "1cP", 1e-3), ("viscosity", 0.69, 6.9e-4),
    ],
)  # fmt: skip
def test_a_quantity_of_the_bath_is_in_si(name, given, value):
    assert bath_quantity(name, given) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("temperature", 310, "temperature = 310: must be 0C to 100C; a number alone is in C"),
        ("temperature", "37F", "temperature = 37F: the unit does not fit; must be one of C"),
        ("radius", "5kg", "radius = 5kg: the unit does not fit; must be one of um"),
        ("radius", "5m", "radius = 5m: must be 1nm to 1mm; a number alone is in um"),
        ("radius", "-1", "radius = -1: must be 1nm to 1mm"),
        ("viscosity", "water", "viscosity = water: must be a number"),
        ("viscosity", 0, "viscosity = 0: must be 0.1mPas to 10000Pas"),
    ],
)
def test_a_quantity_that_no_bath_has_is_one_line(name, given, said):
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        bath_quantity(name, given)
    assert "\n" not in str(error.value)
