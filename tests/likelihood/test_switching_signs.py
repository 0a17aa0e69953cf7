"""The filter on sign and state of a run-and-tumble particle: against the exact filter on its sign,
against the linear filter where the sign carries no information, and against many particles."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.likelihood import kalman
from activenoise.likelihood.positions import log_likelihood
from activenoise.likelihood.switching import rtp_log_likelihood, rtp_scores
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, RTP
from activenoise.simulation.recorded import simulate_recorded
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

VALUES = (1.0, 1.0, 20.0, 3.0)
MODEL, DT = RTP(*VALUES), 0.1


def batch(model, count):
    return model(*(np.full(count, value) for value in VALUES))


def test_exact_positions_give_the_filter_on_the_sign():
    """But for the start, whose two normals stand for a stationary law that is not normal."""
    tracks = simulate(MODEL, 400, DT, seed=3, n_tracks=20).astype(np.float64)
    exact = log_likelihood(MODEL, tracks, DT, [2, 400])
    models = batch(RTP, 20)
    difference = rtp_log_likelihood(models, Instrument(), tracks, DT) - exact[:, 1]
    start = rtp_log_likelihood(models, Instrument(), tracks[:, :2], DT) - exact[:, 0]
    # 400 points; an AOUP is 6 nats away.
    assert np.median(np.abs(start)) < 0.4
    assert np.sqrt(np.mean((difference - start) ** 2)) < 0.12
    assert abs(np.mean(difference - start)) < 0.1


def test_weak_propulsion_is_gaussian():
    """At small D_a only the covariance is left, which an AOUP shares."""
    parameters = (1.0, 1.0, 0.05, 1.0)
    instrument = Instrument(noise=0.1, exposure=0.5, corner=5.0, relaxed=0.2)
    record = simulate_records(AOUP(*parameters), instrument, 300, 0.05, seed=1)
    record[40:50] = np.nan
    value = rtp_log_likelihood(RTP(*parameters), instrument, record, 0.05)[0]
    gaussian = kalman.log_likelihood(AOUP(*parameters), instrument, record, 0.05)[0]
    assert value == pytest.approx(gaussian, abs=0.02)


@pytest.mark.slow
def test_likelihood_ratios_average_to_one_through_noise_blur_and_gaps():
    count = 1500
    instrument = Instrument(noise=0.3, exposure=1.0)
    rows = {}
    for seed, model in enumerate((AOUP, RTP)):
        y = simulate_recorded(batch(model, count), instrument, 60, DT, seed).astype(np.float64)
        y[:, 30:33] = np.nan
        gaussian = np.ravel([kalman.log_likelihood(AOUP(*VALUES), instrument, x, DT) for x in y])
        rows[model] = rtp_log_likelihood(batch(RTP, count), instrument, y, DT) - gaussian
    for ratio in (np.exp(rows[AOUP]), np.exp(-rows[RTP])):
        # The start and the merging of normals cost the density up to a few per cent.
        assert abs(ratio.mean() - 1) < 3 * ratio.std() / np.sqrt(count) + 0.03
    assert rows[AOUP].mean() < 0 < rows[RTP].mean()


def test_scores_are_standard_normals():
    instrument = Instrument(noise=0.2, exposure=0.5)
    record = simulate_recorded(batch(RTP, 1), instrument, 3000, DT, seed=4)[0].astype(np.float64)
    z = rtp_scores(MODEL, instrument, record, DT)
    assert abs(z.mean()) < 4 / np.sqrt(3000)
    assert z.var() == pytest.approx(1, abs=0.1)
    assert np.max(np.abs([np.mean(z[k:] * z[:-k]) for k in (1, 2, 5)])) < 4 / np.sqrt(3000)


def particles(instrument, record, count, seed, substeps=10):
    """Log densities of all prefixes by a bootstrap filter on (x, sign), resampled every point; the
    recorded point is the mean of x over the exposure."""
    rng = np.random.default_rng(seed)
    kappa, D, tau_a, v0 = (float(v) for v in (MODEL.kappa, MODEL.D, MODEL.tau_a, MODEL.speed))
    noise, exposure = (float(instrument.parameters[n]) for n in ("noise", "exposure"))
    h = DT / substeps
    flip = 0.5 * -np.expm1(-h / tau_a)
    keep = np.exp(-kappa * h)
    spread = np.sqrt(D / kappa * (1 - keep**2))
    x, sign = np.zeros(count), rng.choice([-1.0, 1.0], count)

    def advance(x, sign):
        turned = np.where(rng.random(count) < flip, -sign, sign)
        # A flip falls anywhere in the step.
        mean = np.where(turned == sign, sign, rng.uniform(-1, 1, count))
        return keep * x + v0 * mean * (1 - keep) / kappa + spread * rng.normal(size=count), turned

    for _ in range(int(6 / kappa / h)):
        x, sign = advance(x, sign)
    values = []
    opened = substeps - round(exposure * substeps)
    for y in record:
        seen = np.zeros(count)
        for i in range(substeps):
            moved, sign = advance(x, sign)
            if i >= opened:
                seen += 0.5 * (x + moved) / (substeps - opened)
            x = moved
        log_w = -0.5 * ((y - seen) / noise) ** 2 - np.log(noise) - 0.5 * np.log(2 * np.pi)
        top = log_w.max()
        w = np.exp(log_w - top)
        values.append(top + np.log(w.mean()))
        u = (rng.random() + np.arange(count)) / count
        chosen = np.minimum(np.searchsorted(np.cumsum(w) / w.sum(), u), count - 1)
        x, sign = x[chosen], sign[chosen]
    return np.cumsum(values)


@pytest.mark.slow
@pytest.mark.parametrize("exposure", [0.5, 1.0])
def test_noisy_and_blurred_records_against_particles(exposure):
    """Apart from the first points, whose law is not normal given the sign."""
    instrument = Instrument(noise=0.4, exposure=exposure)
    records = simulate_recorded(batch(RTP, 2), instrument, 50, DT, seed=8).astype(np.float64)
    for i, record in enumerate(records):
        runs = np.array([particles(instrument, record, 5000, 10 * i + r) for r in range(3)])
        first, whole = (
            rtp_log_likelihood(MODEL, instrument, record[:n], DT)[0] for n in (5, len(record))
        )
        later = runs[:, -1] - runs[:, 4]
        error = later.std(ddof=1) / np.sqrt(len(runs))
        assert abs(first - runs[:, 4].mean()) < 0.5
        assert abs(whole - first - later.mean()) < 0.1 + 4 * error
