"""Numbers with a unit."""

from __future__ import annotations

import pytest

from activenoise.reading.quantities import quantity


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
