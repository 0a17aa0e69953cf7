"""What the figures compute and write; how they look is for eyes."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_labels_are_spread_and_stay_in_order():
    wanted = np.array([0.0, 1.0, 2.0, 30.0, 31.0])
    places = plot.spread(wanted, 7.0)
    assert np.all(np.diff(places) >= 7.0 - 1e-9)
    assert places[:3].mean() == pytest.approx(1.0)
    assert np.allclose(plot.spread(np.array([0.0, 50.0]), 7.0), [0.0, 50.0])


def test_curves_that_all_end_early_are_named_too():
    axes = plot.new_figure(plot.SINGLE, 40).subplots()
    axes.set(xlim=(0, 400), ylim=(0, 1))
    plot.label_ends(axes, [plot.End(25, 0.5, "short", plot.BLUE)])
    assert [text.get_text() for text in axes.texts] == ["short"]


def test_readings_of_what_is_unresolved_are_unresolved():
    assert plot.is_unresolved("D_rot", ["tau_a"])
    assert plot.is_unresolved("D_a_prime", ["D_a"])
    assert not plot.is_unresolved("kappa", ["D_a", "tau_a"])


def test_a_method_of_the_user_has_a_look():
    assert plot.look("my_network").name == "my network"
    assert plot.look("my_network") == plot.look("my_network")


@pytest.mark.slow
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
