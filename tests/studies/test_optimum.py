"""The optimum of a pair and the Bayes estimates, from evidence of known law."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from activenoise.studies.evidence import TrackEvidence, joined
from activenoise.studies.optimum import bayes_estimates, numerical_change, optimum
from activenoise.studies.scoring import log_loss

THREE = ("Passive", "AOUP", "RBP")
PAIRS = [("Passive", "AOUP"), ("AOUP", "RBP"), ("Passive", "RBP")]


def evidence(values, error=0.0, models=THREE, refined=None, **more) -> TrackEvidence:
    """Of tracks with these log evidences (n_tracks, n_lengths, n_models), and no parameters."""
    values = np.asarray(values, float)
    n_tracks, n_lengths, n_models = values.shape
    none = np.empty((n_tracks, n_lengths, 0))
    about = {
        "models": models,
        "points": np.arange(1, n_lengths + 1),
        "log_evidence": values,
        "error": np.broadcast_to(error, values.shape),
        "names": (),
        "mean": none,
        "sd": none,
        "mean_error": none,
        "truth": none[:, 0],
        "refined": np.empty((0, n_lengths, n_models)) if refined is None else refined,
        "refined_mean": none[:0],
    }
    return TrackEvidence(**about | more)


def normal_classes(rng, n=4000, shift=1.3):
    """Log densities (n, 1, 3) of the tracks of either class of two normals `shift` apart, twice:
    models 0, 1 and 2 are the normal at 0, that at `shift`, and again that at 0."""
    z = [rng.normal(size=(n, 1)) + shift * label for label in (0, 1)]
    return [np.stack([-0.5 * (x - m) ** 2 for m in (0, shift, 0)], axis=-1) for x in z]


def test_the_file_holds_all_of_it(tmp_path):
    rng = np.random.default_rng(1)
    plain = evidence(rng.normal(size=(4, 2, 3)))
    moments = {n: rng.normal(size=(4, 2, 2)) for n in ("mean", "sd", "mean_error")}
    full = replace(
        plain, names=("D", "kappa"), **moments, truth=rng.normal(size=(4, 2)),
        refined=rng.normal(size=(1, 2, 3)), refined_mean=rng.normal(size=(1, 2, 2)),
        given_first=rng.normal(size=(4, 2, 3)), path_integral=rng.normal(size=(4, 2)),
    )  # fmt: skip
    for found in (plain, full):
        found.write(tmp_path / "evidence.h5")
        read = TrackEvidence.read(tmp_path / "evidence.h5")
        for field in fields(TrackEvidence):
            np.testing.assert_array_equal(getattr(read, field.name), getattr(found, field.name))


def test_parts_are_joined_by_tracks():
    values = np.random.default_rng(2).normal(size=(6, 2, 3))
    whole = joined([evidence(values[:2]), evidence(values[2:])])
    np.testing.assert_array_equal(whole.log_evidence, values)
    np.testing.assert_array_equal(whole.points, [1, 2])
    assert whole.given_first is None


@pytest.mark.parametrize("pair", PAIRS)
def test_log_odds_and_labels_of_a_pair(pair):
    """Each class's file may hold models of its own, AOUP always among them."""
    values = np.random.default_rng(3).normal(size=(5, 2, 3))
    columns = [THREE.index(name) for name in pair]
    first = evidence(values[:2], given_first=2 * values[:2], path_integral=values[:2, :, 0])
    second = evidence(
        values[2:][..., ::-1], models=THREE[::-1], given_first=2 * values[2:][..., ::-1],
        path_integral=values[2:, :, 0],
    )  # fmt: skip
    found = optimum(pair, [first, second])
    expected = values[..., columns[1]] - values[..., columns[0]]
    np.testing.assert_array_equal(found["logits"], expected)
    np.testing.assert_array_equal(found["labels"], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(found["optimum_given_start"], 2 * expected)
    assert ("path_integral" in found) == (pair == ("Passive", "AOUP"))


def test_a_pair_without_its_evidence_is_named():
    alone = evidence(np.zeros((2, 1, 2)), models=("Passive", "AOUP"))
    with pytest.raises(ValueError, match="not RBP; the study must list the pair AOUP-RBP"):
        alone.log_odds(("AOUP", "RBP"))


def test_nothing_is_added_where_nothing_is_integrated():
    classes = [evidence(v) for v in normal_classes(np.random.default_rng(4), n=50)]
    assert numerical_change(("Passive", "AOUP"), classes).value == 0


def test_coarse_nodes_cost_what_finer_ones_would_gain():
    """Log odds off by a fixed error; only some tracks are computed again."""
    fine = normal_classes(np.random.default_rng(5))
    coarse = [v + 0.4 * np.array([0, 1, 0]) for v in fine]
    classes = [evidence(c, refined=f[:1500]) for c, f in zip(coarse, fine, strict=True)]
    found = optimum(("Passive", "AOUP"), classes)
    exact = np.concatenate([f[..., 1] - f[..., 0] for f in fine])
    paid = log_loss(found["logits"], found["labels"]).value
    gain = paid - log_loss(exact, found["labels"]).value
    change, error = found["quadrature_change"], found["quadrature_change_standard_error"]
    assert change > 20 * error > 0
    assert change == pytest.approx(gain, rel=0.3)


@pytest.mark.parametrize("pair", PAIRS)
def test_sampling_errors_reach_the_log_odds_of_each_pair(pair):
    """Noise of the stated size in the evidence of Passive and AOUP, and in RBP's ratio to AOUP."""
    rng = np.random.default_rng(6)
    error, n = np.array([0.2, 0.3, 0.4]), 20_000
    noise = error * rng.normal(size=(n, 1, 3))
    noise[..., 2] += noise[..., 1]  # RBP's evidence is its ratio times AOUP's
    noisy = evidence(noise, error)
    spread = np.var(noisy.log_odds(pair), axis=0)
    np.testing.assert_allclose(spread, noisy.odds_variance(pair)[0], rtol=0.05)


def test_sampling_noise_costs_what_it_adds_to_the_log_loss():
    rng = np.random.default_rng(7)
    exact = normal_classes(rng, n=100_000)
    error = np.array([0.3, 0.4, 0.0])
    classes = [evidence(v + error * rng.normal(size=v.shape), error) for v in exact]
    found = optimum(("Passive", "AOUP"), classes)
    odds = np.concatenate([v[..., 1] - v[..., 0] for v in exact])
    added = log_loss(found["logits"], found["labels"]).value - log_loss(odds, found["labels"]).value
    assert found["quadrature_change"] == pytest.approx(added, rel=0.15)


def test_bayes_estimates_are_those_of_the_targets():
    rng = np.random.default_rng(8)
    mean, truth = rng.normal(size=(50, 1, 3)), rng.normal(size=(50, 3))
    sampled = evidence(
        np.zeros((50, 1, 2)), models=THREE[:2], names=("D", "D_a", "kappa"), mean=mean,
        sd=np.ones_like(mean), mean_error=np.full_like(mean, 0.1), truth=truth,
        refined_mean=np.empty((0, 1, 3)),
    )  # fmt: skip
    found = bayes_estimates(sampled, ["kappa", "D"])
    np.testing.assert_array_equal(found["mean"], mean[..., [2, 0]])
    np.testing.assert_array_equal(found["truth"], truth[:, [2, 0]])
    np.testing.assert_allclose(found["quadrature_change"], 0.1)
    # By quadrature: the change of the means of the tracks that were computed again.
    finer = mean[:20] + np.array([0.3, 0.0, -0.2])
    checked = replace(sampled, refined=np.zeros((20, 1, 2)), refined_mean=finer)
    found = bayes_estimates(checked, ["kappa", "D"])
    np.testing.assert_allclose(found["quadrature_change"], [[0.2, 0.3]])
