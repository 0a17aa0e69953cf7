"""The networks that come with the package: made from this config, and as good as is stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from activenoise.analysis.second_opinion import SHIPPED, load_ready, ready_files
from activenoise.config.plan import Plan
from activenoise.config.schema import load_schema, resolve
from activenoise.files import read_json
from activenoise.physics.priors import parse_prior
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.studies.scoring import Estimate, log_loss, rmse

ROOT = Path(__file__).parents[2]
MADE = read_json(SHIPPED / "made.json")
N_TRACKS, MOST_BYTES = 400, 2_000_000


def test_they_follow_from_the_config():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    config = resolve(config, load_schema(ROOT / "workflow/schemas/config.schema.yaml"))
    assert MADE["settings"] == Plan(config, {}).ready_settings(), (
        "the shipped networks follow from another study `ready`, or seed, than config/config.yaml"
        " has; run `make ready`"
    )


def stated(name: str) -> Estimate:
    return Estimate(*(np.array(MADE[name][part]) for part in Estimate._fields))


def test_they_are_small_and_near_the_optimum():
    """At every duration at most 0.01 nats of relative entropy, some 0.0015 of which are numerical
    noise of the exact answers, and log D at most 5 % worse than the Bayes estimate, within its
    standard error."""
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*.*")) < MOST_BYTES
    entropy, ratio = stated("relative_entropy"), stated("rmse_ratio")
    assert np.all(entropy.value < 0.01)
    D = MADE["settings"]["networks"]["estimates"]["names"].index("D")
    assert np.all(ratio.value[:, D] < 1.05 + ratio.standard_error[:, D])


@pytest.mark.slow
def test_they_score_as_stated_on_new_tracks():
    """Log-loss and errors of the logarithms, within 4 standard errors of both."""
    ready, points = load_ready(ready_files(), "ready"), MADE["points"]
    prior = parse_prior(MADE["settings"]["tracks"]["parameters"])
    tracks, truth = [], {}
    for seed, name in enumerate(("Passive", "AOUP"), start=17):
        model, instrument, truth = draw(prior, name, seed, N_TRACKS)
        tracks.append(simulate_recorded(model, instrument, points[-1], 1.0, seed))
    labels = np.repeat([0, 1], N_TRACKS)
    logits = ready.networks["Passive-AOUP"].predict(np.concatenate(tracks), points)
    estimator = ready.networks["estimates"]
    means = estimator.predict(tracks[1], points)[..., : len(estimator.names)]
    logs = np.log(np.stack([truth[name] for name in estimator.names], axis=1))[:, None]
    for name, found in (("log_loss", log_loss(logits, labels)), ("rmse", rmse(means, logs))):
        error = np.hypot(found.standard_error, stated(name).standard_error)
        assert np.all(np.abs(found.value - stated(name).value) < 4 * error), name
