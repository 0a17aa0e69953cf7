"""Priors: what they draw, their densities and their quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, loguniform, uniform

from activenoise.physics.models import AOUP, RBP, Passive
from activenoise.physics.priors import Axis, parse_prior

PRIOR = parse_prior(
    {
        "kappa": {"uniform": [50, 250]},
        "D": {"log_uniform": [1e-6, 2e-3]},
        "D_a": 0.01,
        "tau_a": {"uniform": [0.05, 0.8]},
    }
)


@pytest.fixture(scope="module")
def draws():
    return PRIOR.draw("AOUP", seed=1, n_tracks=20_000)


def test_draws_follow_the_prior(draws):
    assert kstest(draws.kappa, uniform(50, 200).cdf).pvalue > 0.01
    assert kstest(draws.D, loguniform(1e-6, 2e-3).cdf).pvalue > 0.01
    assert kstest(draws.tau_a, uniform(0.05, 0.75).cdf).pvalue > 0.01
    assert np.all(draws.D_a == 0.01)


def test_draws_are_independent(draws):
    values = np.array([draws.kappa, np.log(draws.D), draws.tau_a])
    bound = 4 / np.sqrt(values.shape[1])
    assert np.all(np.abs(np.corrcoef(values)[np.triu_indices(3, 1)]) < bound)
    for row in values:
        for lag in (1, 2, 32):
            assert abs(np.corrcoef(row[lag:], row[:-lag])[0, 1]) < bound
        other_seed = PRIOR.draw("AOUP", seed=2, n_tracks=values.shape[1]).kappa
        assert abs(np.corrcoef(row, other_seed)[0, 1]) < bound


def test_a_draw_depends_on_seed_index_and_name_alone(draws):
    later = PRIOR.draw("AOUP", seed=1, n_tracks=10, first=100)
    np.testing.assert_array_equal(later.kappa, draws.kappa[100:110])
    # The models of a pair share their parameters, whichever others they have.
    np.testing.assert_array_equal(PRIOR.draw("RBP", 1, 10).tau_a, draws.tau_a[:10])
    np.testing.assert_array_equal(PRIOR.draw("Passive", 1, 10).D, draws.D[:10])
    changed = parse_prior({"kappa": {"uniform": [50, 250]}, "D": 1.0})
    np.testing.assert_array_equal(changed.draw("Passive", 1, 10).kappa, draws.kappa[:10])
    for model, kind in (("Passive", Passive), ("AOUP", AOUP), ("RBP", RBP)):
        assert type(PRIOR.draw(model, 1, 2)) is kind


def by_scipy(axis):
    if axis.log:
        return loguniform(axis.low, axis.high)
    return uniform(axis.low, axis.high - axis.low)


@pytest.mark.parametrize("axis", [Axis(2.0, 5.0), Axis(1e-3, 4.0, log=True), Axis(0.0, 3.0)])
def test_nodes_integrate_polynomials_against_the_density(axis):
    values, weights = axis.nodes(6)
    assert weights.sum() == pytest.approx(1, rel=1e-13)
    assert np.all((values > axis.low) & (values < axis.high))
    for power in range(12):  # exact to degree 11 in the variable in which the prior is uniform

        def f(v, power=power):
            return np.log(v) ** power if axis.log else v**power

        assert weights @ f(values) == pytest.approx(by_scipy(axis).expect(f), rel=1e-7)


@pytest.mark.parametrize("axis", [Axis(2.0, 5.0), Axis(1e-3, 4.0, log=True)])
def test_quantiles_are_those_of_the_density(axis):
    u = np.linspace(0, 1, 11)
    np.testing.assert_allclose(axis.quantile(u), by_scipy(axis).ppf(u), rtol=1e-12)
    values = np.linspace(axis.low / 2, axis.high * 2, 50)  # beyond its ends too
    np.testing.assert_allclose(axis.cumulative(values), by_scipy(axis).cdf(values), atol=1e-12)


def test_narrowed_keeps_to_both_ranges():
    axis = Axis(1.0, 10.0, log=True)
    assert axis.narrowed(0.1, 5.0) == Axis(1.0, 5.0, log=True)
    assert axis.narrowed(2.0, 50.0) == Axis(2.0, 10.0, log=True)
    assert axis.width == pytest.approx(np.log(10))


def test_fixed_parameters():
    fixed = parse_prior({"kappa": 1.0, "D": 0.2, "D_a": 0, "tau_a": 0.5})
    assert fixed.fixed
    assert not PRIOR.fixed
    assert fixed.single("AOUP").parameters == {"kappa": 1.0, "D": 0.2, "D_a": 0.0, "tau_a": 0.5}
    values, weights = fixed.axes["D"].nodes(7)
    assert (values, weights) == ([0.2], [1.0])
    with pytest.raises(ValueError, match="AOUP: kappa, D, tau_a not fixed"):
        PRIOR.single("AOUP")


def test_impossible_ranges_are_named():
    with pytest.raises(ValueError, match=r"D = \{uniform: \[5, 2\]\}: the range is reversed"):
        parse_prior({"D": {"uniform": [5, 2]}})
    with pytest.raises(ValueError, match=r"D = \{uniform: \[0, 2\]\}: must be positive"):
        parse_prior({"D": {"uniform": [0, 2]}})
    assert parse_prior({"D_a": {"uniform": [0, 1]}}).axes["D_a"].low == 0


def test_a_part_of_the_instrument_that_is_off_is_drawn_as_off():
    prior = parse_prior({"corner": "off", "noise": "off"})
    drawn = prior.values(["corner", "noise"], 1, 3)
    assert np.all(drawn["corner"] == np.inf)
    assert np.all(drawn["noise"] == 0)
