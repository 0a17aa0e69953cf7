"""The bank of angle filters against the exact likelihoods that it is a coarse form of."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.inference.rbp_evidence import rbp_evidence
from activenoise.learning import angle_bank
from activenoise.learning.angle_bank import AngleBank, bank_summaries
from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP
from activenoise.physics.priors import Prior, parse_prior
from activenoise.simulation.tracks import simulate
from activenoise.studies.scoring import log_loss

DT = 6.4e-4
PRIOR = parse_prior(
    {
        "kappa": {"uniform": [100, 200]},
        "D": {"log_uniform": [1e-4, 4e-4]},
        "D_a": {"log_uniform": [4e-3, 1.6e-2]},
        "tau_a": {"uniform": [0.05, 0.2]},
    }
)


def test_over_a_prior() -> None:
    """Nodes lie inside the prior, blocks are short and divide the frames."""
    bank = AngleBank.over(PRIOR, DT, 200)
    assert 200 % bank.block == 0
    assert 3 * bank.block * DT <= 0.05
    assert all(100 * DT < k < 200 * DT for k in bank.rates)
    assert all(0.05 < m * DT < 0.2 for m in bank.memories)
    assert min(bank.ratios) < 40 < max(bank.ratios)  # the median of D_a/D
    assert np.sum(np.exp(bank.log_weight)) == pytest.approx(1)
    # Uniform in tau_a: the mass of a cell grows as its width.
    assert np.diff(bank.log_weight) == pytest.approx(np.diff(np.log(bank.memories)))


def test_fixed_parameters_have_one_cell() -> None:
    prior = Prior({**PRIOR.axes, **parse_prior({"kappa": 150, "tau_a": 0.1}).axes})
    bank = AngleBank.over(prior, DT, 100)
    assert set(bank.rates) == {150 * DT}
    assert set(bank.memories) == {0.1 / DT}


def test_angles_diffuse() -> None:
    """A step of a block conserves probability, keeps it positive and leaves of cos(theta) the
    fraction exp(-block/tau), up to the coarseness of the grid."""
    bank = AngleBank.over(PRIOR, DT, 200)
    constants, _ = angle_bank._plan(bank, 4)
    half = angle_bank._HALF
    even = constants[: half * half].reshape(half, half, -1)
    odd = constants[half * half : 2 * half * half].reshape(half, half, -1)
    near, far = even + odd, even - odd  # of an angle on its own side and on the mirrored one
    assert near.min() > -1e-6
    assert far.min() > -1e-6
    np.testing.assert_allclose(np.sum(near + far, axis=1), 1, atol=1e-6)
    cosine = np.cos(np.pi * (np.arange(half) + 0.5) / (2 * half))
    after = np.einsum("ijn,j->in", near - far, cosine)
    decay = np.exp(-bank.block / np.repeat(bank.memories, len(bank.ratios)))
    np.testing.assert_allclose(after / cosine[:, None], np.tile(decay, (half, 1)), rtol=0.01)


def test_kalman_filters_against_the_exact_likelihood() -> None:
    """The log weights of the nodes differ as the exact likelihoods do, the best D in each: they
    leave out the determinant's part of the trap and what happens within a block."""
    rate, n, size, block = 0.1, 2000, 20, 5
    ratios = (3.0, 8.0, 20.0, 40.0)
    memories = (100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1000.0)
    bank = AngleBank(block, (rate,), memories, ratios, (0.0,) * 8, (1e-3, 1e3, True))
    tracks = simulate(AOUP(rate, 0.5, 6.0, 250.0), n, 1.0, seed=5, n_tracks=20)
    constants, log_det = angle_bank._plan(bank, n // block)
    per_node = np.empty((4, len(tracks), n // size, 32))
    losses = -np.expm1(-np.array(bank.rates))
    angle_bank._read(tracks, 1, size, block, losses, constants, log_det, per_node)

    def profile(tau: float, ratio: float) -> np.ndarray:
        """Largest log likelihood over D: it is -(n log D + q/D + const)/2."""
        at_1, at_2 = (
            log_likelihood(AOUP(rate, D, ratio * D, tau), tracks, 1.0) for D in (1.0, 2.0)
        )
        q = 4 * (at_2 - at_1 + 0.5 * n * np.log(2))
        return at_1 + 0.5 * q - 0.5 * n * np.log(q / n)

    exact = np.array([[profile(tau, r) for r in ratios] for tau in memories]).reshape(32, -1).T
    found = per_node[0, :, -1]
    error = (found - found.mean(1, keepdims=True)) - (exact - exact.mean(1, keepdims=True))
    spread = np.std(exact, axis=1).mean()
    assert spread > 1.5
    assert np.sqrt(np.mean(error**2)) < 0.1 * spread


def test_odds_against_the_optimum() -> None:
    """As they are, without any training, the odds of the bank have nearly the optimum's log-loss,
    and agree with it track by track."""
    n, size = 2000, 100
    bank = AngleBank.over(PRIOR, DT, size)
    tracks = np.concatenate(
        [
            simulate(PRIOR.draw(name, seed, 60), n, DT, seed)
            for name, seed in (("AOUP", 11), ("RBP", 12))
        ]
    )
    labels = np.repeat((0, 1), 60)
    odds = bank_summaries(tracks, bank, 1, size)[:, -1, 0]
    nodes = {"kappa": 5, "tau_a": 5, "ratio": 16, "samples": 16}
    found = rbp_evidence(PRIOR, tracks, DT, np.array([n]), nodes)
    exact = (found.log_evidence - found.reference.log_evidence)[:, 0]
    losses = [float(log_loss(q[:, None], labels).value[0]) for q in (odds, exact)]
    assert losses[1] < 0.6  # the data do tell
    assert losses[0] - losses[1] < 0.08 * (np.log(2) - losses[1])
    assert np.corrcoef(odds, exact)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("change", "message"), [({"block": 0}, "block = 0"), ({"ratios": (1.0, 2.0)}, "32 nodes")]
)
def test_impossible_banks(change: dict[str, object], message: str) -> None:
    good = {
        "block": 5, "rates": (0.1,), "memories": (100.0,) * 4, "ratios": (2.0,) * 8,
        "log_weight": (0.0,) * 4, "active": (0.1, 1.0, True),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        AngleBank(**(good | change))  # type: ignore[arg-type]
