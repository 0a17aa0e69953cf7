"""Jumps, outliers and kicks are found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.artefacts.clean import CAMERA, DT, MODELS, clean_records

from activenoise.analysis.artefacts.disturbances import disturbances
from activenoise.analysis.artefacts.knocks import without_disturbances
from activenoise.analysis.comparison import centred
from activenoise.analysis.setup import Setup, effort_of
from activenoise.config.choices import Choices
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.simulation.records import simulate_records

TRAPPED = Passive(10.0, 0.1)  # rms 0.1
SETUP = Setup("camera", Choices(), effort_of("quick"), 0)


def bead(n_points: int, seed: int) -> np.ndarray:
    return simulate_records(TRAPPED, CAMERA, n_points, DT, seed)


def test_jumps_are_found_with_their_sizes():
    n, at = 6000, [1000, 2500, 4000]
    sizes = np.array([0.2, -0.3, 0.15])
    x = bead(n, 1) + sizes @ (np.arange(n) >= np.array(at)[:, None])
    found = disturbances(TRAPPED, CAMERA, x, DT, n)
    assert not found.outliers
    assert not found.kicks
    assert [jump.point for jump in found.jumps] == pytest.approx(at, abs=8)
    for jump, size in zip(found.jumps, sizes, strict=True):
        assert abs(jump.size - size) < 4 * jump.error
    assert found.cleaned.std() == pytest.approx(0.1, rel=0.1)


def test_a_jump_there_and_back_is_two_jumps():
    n, at = 4000, [1000, 1090]
    x = bead(n, 10) + 0.4 * ((np.arange(n) >= at[0]) & (np.arange(n) < at[1]))
    found = disturbances(TRAPPED, CAMERA, x, DT, n)
    assert [jump.point for jump in found.jumps] == pytest.approx(at, abs=2)
    assert not found.kicks


def test_outliers_are_left_out():
    rng = np.random.default_rng(2)
    n = 4000
    wrong = np.sort(rng.choice(n, 40, replace=False))
    shift = rng.choice([-1, 1], 40) * rng.uniform(0.3, 1.0, 40)
    x = bead(n, 3)
    x[wrong] += shift
    found = disturbances(TRAPPED, CAMERA, x, DT, n)
    at = [one.point for one in found.outliers]
    assert len(set(at) & set(wrong)) >= 38
    assert len(set(at) - set(wrong)) <= 1
    assert not found.jumps
    assert np.array_equal(np.flatnonzero(np.isnan(found.cleaned)), at)


def test_a_kick_of_the_tracer_is_no_outlier_and_stays():
    n = 3000
    x = bead(n, 4)
    x[1500:] += 0.6 * np.exp(-TRAPPED.parameters["kappa"] * DT * np.arange(n - 1500))
    found = disturbances(TRAPPED, CAMERA, x, DT, n)
    assert [kick.point for kick in found.kicks] == [1500]
    assert not found.jumps
    np.testing.assert_array_equal(found.cleaned, x)


def test_what_jumps_all_the_time_is_not_taken_for_a_few_jumps():
    n = 4000
    hops = 0.3 * (np.cumsum(np.random.default_rng(5).random(n) < 0.01) % 2)
    assert disturbances(TRAPPED, CAMERA, bead(n, 5) + hops, DT, n) is None


@pytest.mark.slow
def test_nothing_disturbs_200_clean_records_under_their_own_model():
    for i, x in enumerate(clean_records(200)):
        model = MODELS[i % len(MODELS)]
        if isinstance(model, RBP):
            model = AOUP(**model.parameters)
        if i % 3 == 0:
            x[300:310] = np.nan
        found = disturbances(model, CAMERA, x, DT, len(x))
        assert found is not None, i
        assert found.number == 0, i


@pytest.mark.slow
def test_a_record_with_jumps_is_what_it_is_without_them():
    n = 2000
    clean = centred(bead(n, 6))
    x = clean + 0.3 * (np.arange(n) >= 1200)
    (cleaned,), found = _cleaned(x)
    assert found.model == "Passive"
    assert found.taken_off
    assert len(found.jumps) == 1
    assert found.jumps[0].time == pytest.approx(12.0, abs=0.05)
    assert found.jumps[0].over_rms == pytest.approx(3.0, rel=0.2)
    assert np.std(cleaned - clean) < 0.03


@pytest.mark.parametrize(
    "model", [AOUP(5.0, 0.1, 0.5, 1.0), AOUP(0.0, 0.1, 0.5, 0.3), Passive(5.0, 0.1)]
)
def test_motion_is_not_taken_for_jumps(model):
    x = centred(simulate_records(model, CAMERA, 1000, DT, seed=7))
    (kept,), found = _cleaned(x)
    assert found is None
    np.testing.assert_array_equal(kept, x)


def test_a_drift_that_walks_is_not_taken_for_jumps():
    n = 2000
    walk = np.random.default_rng(8).standard_normal(n).cumsum() / np.sqrt(n)
    _, found = _cleaned(centred(bead(n, 8) + 0.3 * walk))
    assert found is None


@pytest.mark.slow
def test_motion_with_heavy_tails_is_left_as_it_is():
    """Steps of Student's t with three degrees of freedom: kicks, or too much of everything."""
    rng = np.random.default_rng(9)
    x, n = np.zeros(1000), 1000
    for i, step in enumerate(0.03 * rng.standard_t(3, n - 1)):
        x[i + 1] = 0.9 * x[i] + step
    (kept,), found = _cleaned(centred(x))
    assert found is None or not found.taken_off
    np.testing.assert_array_equal(kept, centred(x))


def _cleaned(x: np.ndarray):
    cleaned, found = without_disturbances({"": {"x": x}}, DT, SETUP)
    return list(cleaned[""].values()), found


def test_an_exact_record_can_be_searched_too():
    x = simulate_records(TRAPPED, Instrument(), 2000, DT, 1)
    x[1000:] += 0.5
    found = disturbances(TRAPPED, Instrument(baseline="constant"), x, DT, len(x))
    assert [jump.point for jump in found.jumps] == [1000]
