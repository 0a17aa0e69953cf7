"""Tracks on which the tests of the learning wing watch a training."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def validation() -> Any:
    # Here and not above: most tests of this wing do without Keras.
    from tests.learning.small import AT, Simulated

    from activenoise.learning.training import Validation

    tracks, targets = Simulated(1000).batch(2000, 200)
    return Validation(tracks, targets, AT)
