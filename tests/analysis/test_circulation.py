"""Circulation is found where there is some, in one track and in several."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.analysis.circulation import circulation, circulations
from activenoise.analysis.facts import CirculationFacts
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from activenoise.simulation.records import simulate_records

DT = 0.05
AOUP_MODEL = AOUP(2.0, 0.3, 1.0, 0.6)
INSTRUMENT = Instrument(noise=0.05, exposure=0.6, baseline="constant")


def gyrator(n, dt, twist, seed):
    """Two coordinates in a trap with a rotating force of strength `twist`, by Euler's scheme."""
    rng = np.random.default_rng(seed)
    z = np.zeros((n, 2))
    kicks = rng.normal(size=(n, 2)) * np.sqrt(2 * dt)
    for t in range(1, n):
        x, y = z[t - 1]
        z[t] = z[t - 1] + dt * np.array([-x - twist * y, -y + twist * x]) + kicks[t]
    return z[:, 0], z[:, 1]


def test_circulation_is_found_where_there_is_some():
    x, y = gyrator(20_000, 0.05, 0.5, 1)
    c = circulation([(x, y)], 0.05)
    assert c.p_reversible < 0.01
    # The mean angular velocity of this process is the twist.
    assert abs(c.rate - 0.5) < 4 * c.rate_error
    x[1000:1100] = np.nan
    assert circulation([(x, y)], 0.05).p_reversible < 0.01


def test_no_circulation_is_found_where_there_is_none():
    chances = []
    for seed in range(30):
        record = simulate_records(AOUP_MODEL, INSTRUMENT, 4000, DT, seed, n_records=2)
        chances.append(circulation([(record[0], 0.5 * record[0] + record[1])], DT).p_reversible)
    assert abs(np.mean(chances) - 0.5) < 3.5 / np.sqrt(12 * 30)


def test_short_tracks_together_show_what_none_shows_alone():
    """Tracks that are cut from one long record, each of a few correlation times."""
    x, y = gyrator(20_000, 0.05, 0.5, 1)
    cut = {str(i): {"x": x[i : i + 100], "y": y[i : i + 100]} for i in range(0, len(x), 100)}
    (test,) = circulations(cut, 0.05, seed=0).values()
    assert isinstance(test, CirculationFacts)
    assert test.p_reversible < 0.01
    assert abs(test.rate - 0.5) < 4 * test.rate_error
    few = {"0": {"x": x[:60], "y": y[:60]}}
    assert "correlation times" in circulations(few, 0.05, seed=0)["x, y"]


def test_no_circulation_is_found_in_short_tracks_without_any():
    """Tracks of unlike lengths, some shorter than their memory."""
    chances = []
    for seed in range(30):
        made = simulate_records(AOUP_MODEL, INSTRUMENT, 300, DT, seed, n_records=40)
        lengths = [(300, 60, 20, 7)[i % 4] for i in range(20)]
        tracks = [
            (made[2 * i, :n], made[2 * i, :n] + made[2 * i + 1, :n]) for i, n in enumerate(lengths)
        ]
        chances.append(circulation(tracks, DT).p_reversible)
    assert abs(np.mean(chances) - 0.5) < 3.5 / np.sqrt(12 * 30)


def test_what_cannot_be_tested_is_named():
    line = np.linspace(0, 1, 100)
    with pytest.raises(ValueError, match="correlation times"):
        circulation([(line, line)], 0.1)
    with pytest.raises(ValueError, match="alike"):
        circulation([(np.zeros(5), np.zeros(6))], 0.1)
