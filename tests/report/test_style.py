"""What the figures compute and write; how they look is for eyes."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.physics.models import AOUP
from activenoise.report import style as plot


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (157.2, 7.04, "157 ± 7"),
        (0.3301, 0.0113, "0.330 ± 0.011"),
        (6.94e-4, 9.1e-6, "(6.94 ± 0.09) × 10⁻⁴"),
        (4015.7, 401.5, "4000 ± 400"),
        (0.0104, 0.0102, "0.010 ± 0.010"),
        (2.5, np.nan, "2.5"),
        (3.1e-7, 0.0, "3.1 × 10⁻⁷"),
    ],
)
def test_numbers_have_the_digits_of_their_error(value, error, text):
    assert plot.with_error(value, error) == text


def test_the_decay_is_found_within_its_errors():
    rng = np.random.default_rng(1)
    t = np.linspace(1, 400, 14)
    error = np.full(14, 2e-3)
    pulls = []
    for _ in range(200):
        fit = plot.fit_decay(t, 0.69 * np.exp(-0.007 * t) + rng.normal(0, error), error)
        pulls.append([
            (fit.a.value - 0.69) / fit.a.standard_error,
            (fit.b.value + 0.007) / fit.b.standard_error,
        ])  # fmt: skip
    assert np.allclose(np.std(pulls, axis=0), 1, atol=0.2)
    assert np.allclose(np.mean(pulls, axis=0), 0, atol=0.25)


def test_two_points_make_no_fit():
    assert plot.fit_decay(np.array([1.0, 2.0]), np.array([0.6, 0.5]), np.full(2, 0.01)) is None


@pytest.mark.parametrize("a", [0.3, 1.0, 20.0])
def test_densities_keep_their_mass_at_the_edges(a):
    values = np.random.default_rng(2).beta(a, 0.3, 5000)
    mass = np.trapezoid(plot.density(values, plot.GRID, plot.KERNEL), plot.GRID)
    assert mass == pytest.approx(1, abs=0.01)


def test_labels_are_spread_and_stay_in_order():
    wanted = np.array([0.0, 1.0, 2.0, 30.0, 31.0])
    places = plot._spread(wanted, 7.0)
    assert np.all(np.diff(places) >= 7.0 - 1e-9)
    assert places[:3].mean() == pytest.approx(1.0)
    assert np.allclose(plot._spread(np.array([0.0, 50.0]), 7.0), [0.0, 50.0])


def test_curves_that_all_end_early_are_named_too():
    axes = plot.new_figure(plot.SINGLE, 40).subplots()
    axes.set(xlim=(0, 400), ylim=(0, 1))
    plot.label_ends(axes, [plot.End(25, 0.5, "short", plot.BLUE)])
    assert [text.get_text() for text in axes.texts] == ["short"]


def test_the_envelope_draws_the_extremes():
    x = np.random.default_rng(3).normal(size=100_000)
    index, values = plot.envelope(x, 500)
    assert len(index) <= 1000
    assert np.all(np.diff(index) >= 0)
    assert np.array_equal(x[index.astype(int)], values)
    assert {x.min(), x.max()} <= set(values)


def test_short_tracks_are_drawn_whole():
    x = np.arange(10.0)
    assert np.array_equal(plot.envelope(x)[1], x)


def test_the_fitted_curve_goes_through_its_own_points():
    values = {"kappa": 157.0, "D": 7e-4, "D_a": 6.3e-3, "tau_a": 0.33}
    fit = {"AOUP": {name: {"value": value} for name, value in values.items()}}
    lags = np.array([0.0, 1e-3, 1e-2, 0.1])
    expected = AOUP(**values).autocorrelation(lags) - 1e-7 * (1 + lags)
    assert np.allclose(plot.fitted_curve("AOUP", fit, lags, expected, lags), expected, rtol=1e-12)


def test_readings_of_what_is_unresolved_are_unresolved():
    assert plot.is_unresolved("D_rot", ["tau_a"])
    assert plot.is_unresolved("D_a_prime", ["D_a"])
    assert not plot.is_unresolved("kappa", ["D_a", "tau_a"])


def test_a_method_of_the_user_has_a_look():
    assert plot.look("my_network").name == "my network"
    assert plot.look("my_network") == plot.look("my_network")


def test_a_figure_is_written_whole_with_its_fonts_and_the_same_each_time(tmp_path):
    def write(folder):
        figure = plot.new_figure(plot.SINGLE, 50)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel="position x (µm)")
        plot.label_ends(
            axes, [plot.End(1, 1, "curve", plot.BLUE), plot.End(0.2, 0.2, "early", plot.RED)]
        )
        plot.letter(axes, "A")
        plot.save(figure, [folder / "a.pdf", folder / "a.png"])
        return [(folder / name).read_bytes() for name in ("a.pdf", "a.png")]

    first, second = write(tmp_path / "1"), write(tmp_path / "2")
    assert first == second
    assert b"/FontFile2" in first[0]  # a whole TrueType font
    assert b"CreationDate" not in first[0]
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["a.pdf", "a.png"]


def test_synthetic_records_are_called_so():
    assert "SYNTHETIC" in plot.record_title("paper_twin", {"synthetic": True})
    assert "SYNTHETIC" not in plot.record_title("bead", {"synthetic": False})
