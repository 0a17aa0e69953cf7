"""The analysis of simulated records whose truth is known, with small samplers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from activenoise.analysis.facts import NotTested
from activenoise.analysis.judgement import has_double, misfits, reading
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS, KINDS
from activenoise.analysis.stored import from_json, to_json
from activenoise.config.choices import Choices
from activenoise.parameters import ACTIVE as ACTIVE_MODELS
from activenoise.parameters import TWINS
from activenoise.physics.models import AOUP, Passive
from activenoise.reading.sheet import INSTRUMENTS
from activenoise.simulation.tracks import simulate

BRIEF = EFFORTS["full"].brief
SMALL = replace(EFFORTS["quick"], sampler=BRIEF, longest=None, bands=8)
BARE = replace(EFFORTS["quick"], segments=1, bands=4, longest=None)
ACTIVE = AOUP(kappa=5.0, D=0.1, D_a=2.0, tau_a=0.15)  # kappa tau_a < 1: no medium does this
DT = 0.01
# Without the models of a sampled mechanism, which take most of the time, where none is asked for.
LINEAR = Choices(odds={"RBP": 0.0, "RTP": 0.0})


def track(model, n_points, dt=DT, seed=1, n_tracks=1):
    return simulate(model, n_points, dt, seed=seed, n_tracks=n_tracks).astype(np.float64)


@pytest.fixture(scope="module")
def active():
    return analyse({"": {"x": track(ACTIVE, 3000)[0]}}, DT, "exact", SMALL)


def test_the_kinds_of_instrument_are_those_of_the_sheet():
    assert set(KINDS) == set(INSTRUMENTS)


@pytest.mark.slow
def test_a_strongly_driven_tracer_is_found_active_and_told_from_equilibrium(active):
    facts = active.facts
    found = facts.comparison
    assert sum(model.probability for model in found.models.values()) == pytest.approx(1)
    assert found.p_active == pytest.approx(found.p(*ACTIVE_MODELS))
    assert reading(facts) == "active"
    assert facts.double.p_negative_weight > 0.95
    # Four parameters, each within four standard deviations of the truth.
    for name, value in ACTIVE.parameters.items():
        row = facts.posteriors["AOUP"].parameters[name]
        assert abs(row.mean_log - np.log(value)) < 4 * row.sd_log


def test_facts_are_plain_and_arrays_are_what_they_summarise(active):
    facts = active.facts
    assert from_json(json.loads(json.dumps(to_json(facts), allow_nan=False))) == facts
    for name, posterior in facts.posteriors.items():
        matrix = np.array(posterior.correlations.matrix)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-3)
        if name in TWINS:  # few draws carry what is left of a model that the record excludes
            continue
        for parameter, row in posterior.parameters.items():
            draws = active.arrays[f"posterior/{name}/{parameter}"]
            assert np.mean((draws >= row.low68) & (draws <= row.high68)) == pytest.approx(
                0.68, abs=0.12
            )
    for statistic in ("autocorrelation", "displacement", "spectrum"):
        quantiles = active.arrays[f"bands/x/{statistic}/quantiles"]
        assert np.all(np.diff(quantiles, axis=0) >= 0)
        assert facts.bands.inside["x"][statistic] > 0.5


def test_the_witness_reads_all_points(active):
    seen = active.facts.witness
    assert seen.p_equilibrium < 1e-3
    assert (seen.kind, seen.gap, seen.n_units) == ("persistence", DT, 64)


def test_the_record_in_numbers(active):
    x = track(ACTIVE, 3000)[0]
    row = active.facts.record.coordinates["x"]
    assert row.rms == pytest.approx(x.std())
    assert row.rms_step == pytest.approx(np.sqrt(np.mean(np.diff(x) ** 2)))
    assert (active.facts.record.n_points, row.missing) == (3000, 0)
    assert active.facts.record.duration == pytest.approx(30)


@pytest.mark.slow
def test_hum_makes_no_passive_bead_active():
    """What is said of the record is what is said of it without the hum."""
    at = DT * np.arange(6000)
    x = track(Passive(5.0, 0.1), len(at), seed=5)[0]
    hum = 0.5 * x.std() * np.sin(2 * np.pi * 12.345 * at)
    clean, humming = (
        analyse({"": {"x": y}}, DT, "exact", BARE, choices=LINEAR).facts for y in (x, x + hum)
    )
    assert clean.tones.found == []
    (tone,) = humming.tones.found
    assert abs(tone.frequency - 12.345) < 1e-3
    assert tone.amplitude == pytest.approx(0.5 / np.sqrt(1 + 0.125), rel=0.05)
    for name, model in clean.comparison.models.items():
        assert abs(humming.comparison.p(name) - model.probability) < 0.05


@pytest.mark.parametrize("kind", ["line", "walk"])
@pytest.mark.slow
def test_a_drift_makes_no_passive_bead_active(kind):
    """It excludes a passive bead at rest, and either passes for a drift or is seen as a misfit."""
    n = 4000
    x = track(Passive(5.0, 0.1), n, seed=6)[0]
    drift = {
        "line": np.linspace(-1.5, 1.5, n),
        "walk": np.random.default_rng(7).standard_normal(n).cumsum() * 3 / np.sqrt(n),
    }[kind]
    x += drift * x.std()
    x += 0.1 * np.diff(x).std() * np.random.default_rng(8).standard_normal(n)
    facts = analyse({"": {"x": x}}, DT, "camera", BARE, choices=LINEAR).facts
    assert facts.comparison.p("Passive") < 0.05
    if kind == "line":
        assert set(misfits(facts.comparison.fit["x"])) == {"slow"}
    else:
        assert facts.comparison.p("Drift", "Wander") > 0.3
        assert reading(facts) != "active"


@pytest.mark.slow
def test_a_jump_of_the_stage_is_taken_off():
    """What is said of the record is what is said of it without the jump."""
    x = track(Passive(5.0, 0.1), 3000, seed=6)[0]
    x += 0.1 * np.diff(x).std() * np.random.default_rng(8).standard_normal(len(x))
    jumped = x + 2 * x.std() * (np.arange(len(x)) > 1000)
    facts = analyse({"": {"x": jumped}}, DT, "camera", BARE, choices=LINEAR).facts
    (jump,) = facts.artefacts.disturbances.jumps
    assert facts.artefacts.disturbances.taken_off
    assert jump.time == pytest.approx(10, abs=0.2)
    assert jump.over_rms == pytest.approx(2, rel=0.2)
    assert facts.comparison.p_active < 0.5


@pytest.mark.slow
def test_gaps_that_were_filled_in_make_no_passive_bead_active():
    """Nor does a stage that drifts, where it is known which points are of one frame."""
    rng = np.random.default_rng(1)
    n, at = 60, np.arange(60)
    starts = {str(i): 2 * i for i in range(12)}
    tracks = {}
    for name, start in starts.items():
        x = rng.standard_normal((1, n)).cumsum(axis=1) * 0.1 + 0.1 * (at + start)
        lost = rng.choice(n - 8, 5, replace=False)
        gone = np.unique(np.concatenate([lost + i for i in range(1, 4)]))
        seen = np.setdiff1d(at, gone)
        tracks[name] = {c: np.interp(at, seen, y[seen]) for c, y in zip("x", x, strict=True)}
    choices = replace(LINEAR, trap="free")
    facts = analyse(tracks, DT, "camera", "quick", choices=choices, starts=starts).facts
    assert facts.artefacts.gaps.n_tracks == 12
    assert facts.artefacts.common.velocity["x"] == pytest.approx(10, abs=1.5)
    assert facts.comparison.p_active < 0.5


@pytest.mark.slow
def test_propulsion_is_no_drift():
    x = track(ACTIVE, 1500)[0]
    x += 0.1 * np.diff(x).std() * np.random.default_rng(9).standard_normal(len(x))
    facts = analyse({"": {"x": x}}, DT, "camera", BARE, choices=LINEAR).facts
    assert facts.comparison.p("Drift", "Wander") < 1e-6
    assert reading(facts) == "active"


@pytest.mark.slow
def test_the_twin_of_the_papers_record_at_every_50th_point():
    """8.4 s at kappa tau_a = 52 and D_a/D = 9: surely not a simple passive bead, and not to be told
    from a viscoelastic one."""
    x = track(AOUP(157, 7e-4, 6.3e-3, 0.33), 13_101, 6.4e-4, seed=3)[0]
    facts = analyse({"": {"x": x}}, 6.4e-4, "exact", BARE, choices=LINEAR).facts
    assert reading(facts) == "active or viscoelastic"
    assert facts.comparison.p("Passive") < 1e-3
    assert facts.comparison.p_distinguishable < 0.1  # of driven tracers in other media too
    assert has_double(facts)
    # Medians of wide posteriors: kappa tau_a is 51.8 and D_a/D is 9.
    assert 17 < facts.double.kappa_tau_a < 160
    assert 3 < facts.double.ratio < 27


@pytest.mark.slow
def test_a_response_that_is_not_in_the_models_is_thinned_away():
    """A passive record averaged over three points with unlike weights: at the full rate nothing
    fits. Every 2nd point would, but still holds some of the filter's memory; every 4th is free."""
    truth = Passive(kappa=20.0, D=1.0)
    dt = 1e-3
    x = np.convolve(track(truth, 8002, dt, seed=5)[0], [0.5, -0.2, 0.7], "valid")
    facts = analyse({"": {"x": x}}, dt, "exact", BARE, choices=LINEAR).facts
    assert facts.record.analysed_stride >= 4
    assert "fast" in misfits(facts.full_rate.fit["x"])
    assert not misfits(facts.comparison.fit["x"])
    row = facts.posteriors["Passive"].parameters["kappa"]
    assert abs(row.mean_log - np.log(20)) < 4 * row.sd_log
    assert facts.comparison.p_active < 0.6
    stride = facts.record.analysed_stride
    alone = analyse({"": {"x": x[::stride]}}, dt * stride, "exact", BARE, choices=LINEAR).facts
    for name, model in facts.comparison.models.items():
        other = alone.comparison.models[name]
        error = np.hypot(model.log_evidence_error, other.log_evidence_error)
        assert abs(model.log_evidence - other.log_evidence) < 5 * error


@pytest.mark.slow
def test_a_parameter_that_changes_along_the_record_is_seen():
    parts = [track(Passive(8.0, D), 2000, seed=7)[0] for D in (1.0, 1.6)]
    effort = replace(BARE, segments=4)
    records = np.concatenate(parts), track(Passive(8, 1.0), 4000, seed=8)[0]
    changing, steady = (
        analyse({"": {"x": x}}, DT, "exact", effort, choices=LINEAR).facts.pieces for x in records
    )
    assert changing.trends["D"].p_constant < 1e-3
    assert steady.trends["D"].p_constant > 1e-3
    assert len(changing.pieces) == 4
    assert changing.pieces[-1].end == pytest.approx(40)


def circulating(n_points: int, dt: float, swirl: float, seed: int) -> np.ndarray:
    """(n_points, 2): dz = -(1 + i swirl) z dt + noise, exactly; swirl in rad/s."""
    rng = np.random.default_rng(seed)
    decay = np.exp(-(1 + 1j * swirl) * dt)
    size = np.sqrt(1 - abs(decay) ** 2)
    z = np.empty(n_points, complex)
    z[0] = rng.standard_normal() + 1j * rng.standard_normal()
    for i in range(1, n_points):
        z[i] = decay * z[i - 1] + size * (rng.standard_normal() + 1j * rng.standard_normal())
    return np.stack([z.real, z.imag], axis=1)


@pytest.mark.slow
def test_two_coordinates_with_gaps_are_analysed_jointly_each_and_for_circulation():
    xy = circulating(1500, 0.05, swirl=2.0, seed=11)
    xy[200:230] = np.nan
    tracks = {"": {"x": xy[:, 0], "y": xy[:, 1]}}
    facts = analyse(tracks, 0.05, "exact", BARE, choices=LINEAR).facts
    test = facts.circulation["x, y"]
    assert test.p_reversible < 0.01
    assert abs(test.rate) == pytest.approx(2.0, abs=4 * test.rate_error)
    assert set(facts.each) == {"x", "y"}
    assert facts.record.coordinates["y"].missing == 30
    # Shared parameters: the joint evidence is not the sum of two separate ones.
    assert set(facts.comparison.fit) == {"x", "y"}


@pytest.mark.parametrize(
    ("coordinates", "kind", "message"),
    [
        ({"x": np.zeros(300)}, "exact", "never moves"),
        ({}, "exact", "needs a coordinate"),
        ({"x": np.arange(9.0), "y": np.arange(8.0)}, "exact", "differ in their number of points"),
        ({"x": np.array([np.nan, 1.0])}, "exact", "no track has more than 1 points"),
        ({"x": np.arange(300.0)}, "telescope", "'telescope' must be one of exact, camera"),
    ],
)
def test_what_cannot_be_analysed_is_said(coordinates, kind, message):
    with pytest.raises(ValueError, match=message):
        analyse({"": coordinates}, DT, kind, "quick")


@pytest.mark.slow
def test_what_was_not_tested_is_in_the_facts_with_the_reason():
    """A model is not there then, never of probability 0; each stage is announced as it starts."""
    stages = []
    x = track(ACTIVE, 300)[0]
    found = analyse({"": {"x": x}}, DT, "exact", SMALL, progress=stages.append)
    assert "Drift" not in found.facts.comparison.models
    assert [*found.facts.seconds] == stages
    assert stages[0] == "artefacts"
    assert {item.question: item.reason for item in found.facts.not_tested} == {
        "drift": "exact",
        "tones": "short",
        "pieces": "short",
    }
    assert NotTested("tones", "short") in found.facts.not_tested


@pytest.mark.parametrize(
    ("dt", "effort", "message"),
    [(0.0, "quick", "dt = 0.0 must be a positive time"), (DT, "hasty", "one of full, quick")],
)
def test_settings_that_cannot_be_are_named(dt, effort, message):
    with pytest.raises(ValueError, match=message):
        analyse({"": {"x": np.arange(300.0)}}, dt, effort=effort)
