"""What an instrument may be."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.physics.instrument import Instrument


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"noise": -1.0}, "noise = -1 must be finite, not negative"),
        ({"exposure": 1.5}, "exposure = 1.5 must lie in 0 ... 1"),
        ({"corner": 0.0}, "corner = 0 must be positive"),
        ({"drift": np.inf}, "drift = inf must be finite"),
        ({"baseline": "flat"}, "baseline = 'flat' must be one of zero, constant, linear"),
    ],
)
def test_impossible_instruments_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        Instrument(**values)


def test_a_baseline_has_so_many_unknown_coefficients():
    assert [Instrument(baseline=b).unknowns for b in ("zero", "constant", "linear")] == [0, 1, 2]
