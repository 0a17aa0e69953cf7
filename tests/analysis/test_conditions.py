"""Conditions from the posteriors of tracks: ratios, limits, and no change made by a prior."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from activenoise.analysis.condition_curves import curves
from activenoise.analysis.conditions import MODELS, Cell, Extended, facts_of
from activenoise.analysis.setup import setup_for
from activenoise.config.choices import Choices
from activenoise.inference.record import Coordinates, Record, default_prior
from activenoise.physics.shares import active_diffusivity, active_share
from activenoise.report.condition_words import differs, sentences, track_row

DT = 0.05
WALK = np.random.default_rng(0).normal(size=300).cumsum() * np.sqrt(2 * 0.05 * DT)
PRIOR = default_prior([Record(WALK, DT)], "camera")


def posteriors(rng, D, D_a, p_passive):
    """Draws as a track's analysis has them. D_a: None of a track without a sign of propulsion."""
    n = 600
    log = lambda mean, sd: np.exp(np.log(mean) + sd * (rng.normal() + rng.normal(size=n)))  # noqa: E731
    passive = {"kappa": log(1.0, 0.2), "D": log(D, 0.15)}
    driven = passive | {"tau_a": log(0.5, 0.3)}
    if D_a is None:
        share = 0.05 + 0.1 * rng.random(n)
        driven["D_a"] = active_diffusivity(share, driven["kappa"], driven["D"], driven["tau_a"])
    else:
        driven["D_a"] = log(D_a, 0.3)
    names = ("kappa", "D", "D_a", "tau_a")
    driven["active_share"] = active_share(*(driven[name] for name in names))
    evidence = {name: math.log(1 - p_passive if "AOUP" in name else p_passive) for name in MODELS}
    return answer(evidence, passive, driven)


def answer(evidence, passive, driven):
    by_name = {
        name: SimpleNamespace(
            log_evidence=evidence[name],
            effective=100.0,
            parameters=driven if "AOUP" in name else passive,
        )
        for name in MODELS
    }
    p = math.exp(evidence["AOUP"]) / (math.exp(evidence["AOUP"]) + math.exp(evidence["Passive"]))
    return SimpleNamespace(posteriors=by_name, p_active=p)


def facts(n_cells, make, n_tracks=3):
    """Facts of conditions whose tracks' posteriors `make(condition)` gives."""
    names = [f"{i}" for i in range(n_tracks)]
    cell = Cell({name: {"x": WALK} for name in names}, {}, dict.fromkeys(names, "a.csv"))
    conditions = {condition: {f"c{i}": cell for i in range(n)} for condition, n in n_cells.items()}
    found = {
        (condition, name): {track: make(condition) for track in names}
        for condition, cells in conditions.items()
        for name in cells
    }
    setup = setup_for(10, "camera", Choices(), "quick")
    return facts_of(conditions, found, PRIOR, setup, DT, "um")


@pytest.mark.slow
def test_an_effect_is_found_in_what_it_changed_and_more_than_two_conditions_have_one_control():
    rng = np.random.default_rng(1)
    D_a = {"control": 0.4, "drug": 0.1, "wash": 0.4}
    found = facts(dict.fromkeys(D_a, 3), lambda c: posteriors(rng, 0.05, D_a[c], 1e-4))
    of = found.quantities["D_a"].by_cell.contrasts
    assert list(of) == ["drug", "wash"]
    assert of["drug"].ratio.low95 < 0.25 < of["drug"].ratio.high95 < 1
    assert differs(of["drug"]) == "very likely different"
    assert of["wash"].log_bayes_factor < 0
    assert found.quantities["D"].by_cell.contrasts["drug"].log_bayes_factor < 0
    assert found.conditions["drug"].p_active > 0.99


@pytest.mark.slow
def test_tracks_without_propulsion_give_limits_and_one_cell_gives_the_naive_answer():
    rng = np.random.default_rng(2)
    kinds = {"control": (0.4, 1e-4), "drug": (None, 0.9)}
    found = facts({"control": 2, "drug": 1}, lambda c: posteriors(rng, 0.05, *kinds[c]))
    for name in ("D_a", "active_share", "dissipation"):
        of = found.quantities[name]
        assert of.by_cell is None
        assert of.by_track.means["drug"].kind == "at most"
        assert of.by_track.contrasts["drug"].ratio.kind == "at most"
        assert of.by_track.contrasts["drug"].ratio.high95 < 1
    assert found.quantities["D"].by_track.means["drug"].kind == "value"
    said = sentences(found)
    assert said[0].startswith("A condition has one cell: no cell-to-cell spread can be known")
    row = track_row(next(track for track in found.tracks if track.condition == "drug"))
    assert row["TRACK_ID"] == "0"
    assert np.isnan(row["D_a"])
    assert row["D_a_high95"] > 0


@pytest.mark.slow
def test_a_prior_alone_changes_nothing():
    """Tracks whose posterior is the prior: no ratio of D_a, and Bayes factors of about 1."""
    rng = np.random.default_rng(3)

    def prior(condition):
        coordinates = Coordinates("AOUP", PRIOR)
        driven = coordinates.parameters(rng.standard_normal((4000, len(coordinates.names))))
        return answer(dict.fromkeys(MODELS, 0.0), driven, driven)

    found = facts({"control": 3, "drug": 3}, prior)
    for name in ("D_a", "active_share", "dissipation"):
        of = found.quantities[name].by_cell
        assert abs(of.contrasts["drug"].log_bayes_factor) < 0.5, name
        assert {mean.kind for mean in of.means.values()} == {"at most"}
        assert differs(of.contrasts["drug"]) == "not measured"


def test_the_prior_of_the_share_is_divided_out():
    """If posteriors are the priors, the weighted draws of the share are uniform in the logarithm,
    and a prior of D_a is refused."""
    rng = np.random.default_rng(5)
    coordinates = Coordinates("AOUP", PRIOR)
    driven = coordinates.parameters(rng.standard_normal((4000, len(coordinates.names))))
    parts = Extended(PRIOR, 1).parts(answer(dict.fromkeys(MODELS, 0.0), driven, driven))
    faint, seen = parts["active_share"]
    density = [
        np.sum(part.over_prior[(part.draws > low) & (part.draws < high)]) / len(part.draws)
        / (high - low)
        for part, low, high in ((faint, -6.0, -4.0), (seen, -2.0, -1.0), (seen, -1.0, 0.0))
    ]  # fmt: skip
    assert density == pytest.approx([1.0, 1.0, 1.0], abs=0.15)
    with pytest.raises(ValueError, match="and none of D_a"):
        Extended({name: axis for name, axis in PRIOR.items() if name != "active_share"}, 1)


def test_curves_of_brownian_motion():
    """2 D t, and 2 D at every frequency, within 5 standard errors."""
    D, n = 0.3, 2000
    steps = np.random.default_rng(4).normal(size=(40, n)) * np.sqrt(2 * D * DT)
    found = curves({f"{i}": {"x": x} for i, x in enumerate(steps.cumsum(axis=1))}, DT, 200)
    assert found.displacement[0] == pytest.approx(2 * D * DT, rel=5 * np.sqrt(2 / (40 * n)))
    assert np.allclose(found.power, 2 * D, rtol=0.12)
