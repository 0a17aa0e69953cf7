"""What is said of a record does not depend on how it is written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from activenoise.analysis.facts import Facts
from activenoise.analysis.judgement import reading
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.records import simulate_records

pytestmark = pytest.mark.slow

DT = 0.01
# Without most of the pieces and bands, which have no part in a reading.
BARE = replace(EFFORTS["quick"], segments=1, bands=4)
CAMERA = Instrument(noise=0.02, exposure=0.5)
RECORDS = {
    "passive": Passive(10.0, 0.1),
    "active": AOUP(2.0, 0.1, 1.0, 0.1),
}


def made(name: str, n_points: int) -> np.ndarray:
    return simulate_records(RECORDS[name], CAMERA, n_points, DT, seed=3, n_records=2)


def facts(tracks: dict[str, np.ndarray], dt: float = DT) -> Facts:
    return analyse({name: {"x": x} for name, x in tracks.items()}, dt, "camera", BARE, 1).facts


def chances(found: Facts) -> np.ndarray:
    return np.array([model.probability for model in found.comparison.models.values()])


@pytest.fixture(scope="module", params=RECORDS)
def record(request) -> tuple[np.ndarray, Facts]:
    # With 600 points the passive one's limit of the active part lies at the threshold of a reading.
    x = made(request.param, 800)[0]
    return x, facts({"": x})


@pytest.mark.parametrize(
    ("change", "dt"),
    [
        (lambda x: 7.0 - 1e3 * x, DT),
        (lambda x: x, 1e3 * DT),
    ],
    ids=["mirrored, in another unit and with an offset", "other unit of time"],
)
def test_sign_unit_and_offset_change_nothing(record, change, dt):
    x, before = record
    after = facts({"": change(x)}, dt)
    assert reading(after) == reading(before)
    # The importance sampling of RBP, of some hundred draws, is what may differ.
    np.testing.assert_allclose(chances(after), chances(before), atol=0.06)


def test_time_runs_either_way(record):
    """A stationary Gaussian record is reversible, and the sampler's error is what is left."""
    x, before = record
    after = facts({"": x[::-1].copy()})
    assert reading(after) == reading(before)
    assert abs(after.comparison.p_active - before.comparison.p_active) < 0.1


def test_the_order_of_tracks_changes_nothing():
    x, y = made("active", 900)  # RBP's few draws find its probability to 0.02
    there, back = facts({"a": x, "b": y}), facts({"b": y, "a": x})
    assert reading(there) == reading(back)
    np.testing.assert_allclose(chances(there), chances(back), atol=0.02)


def test_a_record_may_come_in_two_tracks():
    x = made("active", 1800)[0]
    whole, halves = facts({"": x}), facts({"a": x[:900], "b": x[900:]})
    assert reading(whole) == reading(halves) == "active"
