"""The usual tests on the page: beside what two models expect, deciding nothing."""

from __future__ import annotations

import numpy as np
import pytest

import activenoise
from activenoise.physics.models import AOUP
from activenoise.simulation.tracks import simulate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def verdict():
    x = simulate(AOUP(1.0, 1.0, 20.0, 1.0), 2000, 0.05, seed=1)
    return activenoise.verdict(x, dt=0.05, unit="um", instrument="exact", effort="quick")


def test_a_driven_record_is_as_the_driven_model_expects(verdict):
    usual = verdict.facts.usual
    for name, test in usual.coordinates["x"].items():
        passive, driven = test.expected.values()
        spread = driven.high95 - driven.low95
        assert driven.low95 - spread < test.value < driven.high95 + spread, name
        if name != "back_relaxation":  # which cannot see an AOUP
            assert test.value > passive.high95
    relaxation = usual.coordinates["x"]["back_relaxation"]
    assert abs(relaxation.value - 0.5) < 0.2


def test_the_page_shows_them_folded(verdict, tmp_path):
    page = verdict.page(tmp_path / "page.html").read_text(encoding="utf-8")
    start = page.index('<details id="usual">')
    section = page[start : page.index("</details>", start)]
    value = verdict.facts.usual.coordinates["x"]["exponent"].value
    assert f"{value:.3g}" in section
    assert "expected under Passive" in section or "expected under Viscoelastic" in section


def test_a_short_track_has_none():
    x = np.cumsum(np.random.default_rng(1).normal(size=150))
    found = activenoise.verdict(x, dt=0.05, unit="um", instrument="exact", effort="quick")
    assert found.facts.usual is None
