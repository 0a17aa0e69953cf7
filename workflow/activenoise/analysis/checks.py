"""Does a model fit at all? Its innovations should be white and normal, without tones, and the
positions of a trapped tracer normal too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import chi2, kstest, kurtosis, norm, skew

from activenoise.analysis.facts import FitTest, Goodness, WithError
from activenoise.analysis.tones import find_tones
from activenoise.arrays import FloatArray
from activenoise.inference.posterior import Posterior
from activenoise.inference.record import Record, instrument_of, linear_model
from activenoise.likelihood import kalman
from activenoise.likelihood.scatter import compressed
from activenoise.likelihood.switching import LOG_LIKELIHOODS, SCORES
from activenoise.parameters import DRIVES, TWINS
from activenoise.physics.instrument import Baseline, Instrument
from activenoise.physics.system import LinearModel

N_LAGS = 20
FEWEST = 200  # points of a track whose positions are tested

_CANDIDATES = 64  # draws among which the best is sought, whose innovations are tested
_RBP_CANDIDATES, _RBP_POINTS = 8, 1 << 12  # of RBP, whose likelihood is dear
_LEVELLED = 1 << 14  # points; the baseline of a longer record is that of its twin
_STEP = 997  # from draw to draw, coprime to their number: equal draws are neighbours


def goodness(standardised: FloatArray, n_lags: int = N_LAGS, n_blocks: int = 200) -> Goodness:
    """Tests of whiteness and normality. standardised: innovations (n_points,), NaN where missing.

    The fitted parameters use up a few of the degrees of freedom, which makes the chances a
    little too large: a model that fails this test is rejected. In a long record misfits of no
    consequence are certain: read the autocorrelations beside the chances.
    """
    z = np.asarray(standardised, np.float64)
    seen = np.isfinite(z)
    n = int(seen.sum())
    if n <= 2 * n_lags:
        raise ValueError(f"{n} innovations are too few for {n_lags} lags")
    r, q, pairs = _ljung_box(z, n_lags)
    # Means over blocks that hold at least a few points, so that slow correlation is seen.
    size = max(len(z) // n_blocks, 1)
    whole = z[: len(z) // size * size].reshape(-1, size)
    counts = np.isfinite(whole).sum(axis=1)
    blocks = np.full(len(whole), np.nan)
    held = counts > 0
    blocks[held] = np.nansum(whole[held], axis=1) / np.sqrt(counts[held])
    slow_lags = max(min(n_lags, int(held.sum()) // 4), 1)
    _, slow, _ = _ljung_box(blocks, slow_lags)
    values = z[seen]
    s, k = float(skew(values)), float(kurtosis(values))
    return Goodness(
        n_points=n,
        autocorrelation=np.round(r * np.sqrt(pairs / n), 6).tolist(),
        ljung_box=q,
        p_white=float(chi2.sf(q, n_lags)),
        slow=slow,
        p_slow=float(chi2.sf(slow, slow_lags)),
        variance=float(values.var()),
        skewness=s,
        excess_kurtosis=k,
        p_normal=float(chi2.sf(n / 6 * (s**2 + k**2 / 4), 2)),
        distance=float(kstest(values, norm.cdf).statistic),
    )


def _ljung_box(z: FloatArray, n_lags: int) -> tuple[FloatArray, float, FloatArray]:
    """Autocorrelations of a series with gaps; sum of n r^2 (n + 2)/n: Ljung and Box's statistic
    (Biometrika 65, 297, 1978), each lag with the number of its own pairs; these numbers."""
    centred = z - np.nanmean(z)
    variance = np.nanmean(centred**2)
    r, pairs = np.zeros(n_lags), np.zeros(n_lags)
    for lag in range(1, n_lags + 1):
        products = centred[lag:] * centred[:-lag]
        pairs[lag - 1] = np.isfinite(products).sum()
        if pairs[lag - 1]:
            r[lag - 1] = np.nansum(products) / pairs[lag - 1] / variance
    return r, float(np.sum(pairs * r**2)), pairs


def shape(positions: FloatArray) -> tuple[float, float]:
    """Excess kurtosis of positions (n_points,), NaN where missing, and its standard error if they
    are a stationary Gaussian process: its variance is then 24/n times the sum of the fourth powers
    of the autocorrelation over all lags (Lomnicki, Metrika 4, 37, 1961), here the record's own.
    """
    return _shape(positions)[:2]


def _shape(positions: FloatArray) -> tuple[float, float, float]:
    """What `shape` has, and the bias of the kurtosis of a Gaussian record."""
    seen = np.isfinite(positions)
    n = seen.sum()
    x = np.where(seen, positions - np.mean(positions[seen]), 0.0)
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    covariance = np.fft.irfft(power)[: len(x)]
    correlation = covariance[1:] / covariance[0]
    fourths = 1 + 2 * np.sum(correlation**4)
    negative = np.flatnonzero(correlation < 0)
    near = correlation[: negative[0]] if negative.size else correlation  # the rest is noise
    squares = 1 + 2 * np.sum(near**2)
    return float(kurtosis(x[seen])), float(np.sqrt(24 * fourths / n)), float(-6 * squares / n)


def pooled_shape(tracks: Sequence[FloatArray]) -> tuple[float, float] | None:
    """`shape` of several tracks, (n_points,) each about its own mean, weighted by their errors;
    None where no track has 200 points.

    The excess kurtosis of a Gaussian record is low by 6/n times the sum of the squared
    autocorrelations, to leading order in 1/n: over many tracks that would add up, and is put back.
    """
    parts = [_shape(x) for x in tracks if np.isfinite(x).sum() >= FEWEST]
    if not parts:
        return None
    value, error, bias = np.array(parts).T
    weight = error**-2.0
    return float(np.average(value - bias, weights=weight)), float(weight.sum() ** -0.5)


def drawn(
    p: Posterior, i: int, baseline: Baseline, stride: int = 1
) -> tuple[LinearModel, Instrument]:
    """Model and instrument of one draw of a posterior, for every stride-th point; RBP as the AOUP
    that has its covariance."""
    values = {name: v[_STEP * i % len(v)] for name, v in p.parameters.items()}
    return _built(p, values, baseline, stride)


def _built(
    p: Posterior, values: Mapping[str, Any], baseline: Baseline, stride: int = 1
) -> tuple[LinearModel, Instrument]:
    longer = {**values, "exposure": values["exposure"] / stride}  # a part of the longer interval
    return linear_model(p.model_name, values), instrument_of(longer, baseline)


def fit_test(
    parts: Sequence[tuple[Posterior, Mapping[str, Record]]], baseline: Baseline, free: bool
) -> FitTest:
    """Tests of one coordinate's innovations under one model, at the likeliest of some draws.

    parts: posteriors, each with the records by track to which it belongs. The innovations of an RBP
    or RTP are its normal scores (`switching.rbp_scores`). Several records are tested as one series:
    N_LAGS missing values between them keep lags from crossing from one to the next.
    """
    records = {track: record for _, some in parts for track, record in some.items()}
    dt = next(iter(records.values())).dt
    left: dict[str, FloatArray] = {}
    for p, some in parts:
        model, instrument = likeliest(p, list(some.values()), baseline)
        way: Callable[..., Iterable[FloatArray]] = (
            kalman.recursive_innovations_of_each if len(records) > 1 else _innovations
        )
        if p.model_name in TWINS:
            model, instrument = _likeliest_rbp(p, list(some.values()), baseline)
            way = partial(_scores, DRIVES[p.model_name])
        enough = {
            track: record.positions
            for track, record in some.items()
            if np.isfinite(record.positions).sum() > instrument.unknowns
        }
        found = way(model, instrument, list(enough.values()), dt)
        left |= dict(zip(enough, found, strict=True))
    tones = {track: find_tones(one, dt) for track, one in left.items()}
    gap = np.full(N_LAGS, np.nan)
    parted = [part for one in left.values() for part in (one, gap)]
    z = np.concatenate(parted) if len(records) > 1 else parted[0]
    tests = goodness(z, min(N_LAGS, int(np.isfinite(z).sum()) // 3))
    positions = [record.positions for record in records.values()]
    tails = shape(positions[0]) if len(positions) == 1 else pooled_shape(positions)
    return FitTest(
        **asdict(tests),
        model=parts[0][0].model_name,
        positions=None if free or tails is None else WithError(*tails),
        tones={track: found for track, found in tones.items() if found},
    )


def _innovations(
    model: LinearModel, instrument: Instrument, tracks: Sequence[FloatArray], dt: float
) -> list[FloatArray]:
    return [kalman.innovations(model, instrument, x, dt).standardised for x in tracks]


def _likeliest_rbp(
    p: Posterior, records: Sequence[Record], baseline: Baseline
) -> tuple[LinearModel, Instrument]:
    """The twin of an RBP or RTP (`inference.rbp_posterior`), and the instrument, of the likeliest
    of a few draws, by the first points of the records."""
    parts = [record.positions for record in records]
    points = np.cumsum([len(x) for x in parts])
    parts = [
        x[:_RBP_POINTS] for x, n in zip(parts, points, strict=True) if n - len(x) < _RBP_POINTS
    ]
    tried, log_likelihood = [], LOG_LIKELIHOODS[DRIVES[p.model_name]]
    for i in range(_RBP_CANDIDATES):
        twin, instrument = drawn(p, i * _CANDIDATES // _RBP_CANDIDATES, baseline)
        level = [_level(twin, instrument, Record(x, records[0].dt), log_likelihood) for x in parts]
        log_p = math.fsum(
            float(log_likelihood(twin, at, x, records[0].dt, from_zero=True)[0]) for at, x in level
        )
        tried.append((log_p, twin, instrument))
    _, twin, instrument = max(tried, key=lambda one: one[0])
    return twin, instrument


def _level(
    twin: LinearModel,
    instrument: Instrument,
    record: Record,
    log_likelihood: Callable[..., FloatArray],
) -> tuple[Instrument, FloatArray]:
    """Instrument and positions as the filter of a drive that is not normal takes them: a long
    record of a trapped tracer less its baseline; otherwise the baseline is a part of the state,
    which a filter forgets that is long in a trap. The baseline is the likeliest, and of very long
    records that of the twin: two velocities tell the middle between them more exactly than their
    covariance does."""
    if np.all(np.asarray(twin.kappa) == 0) or len(record.positions) <= FEWEST:
        return instrument, record.positions
    found = kalman.innovations(twin, instrument, *record)
    base = kalman.regressors(len(record.positions), instrument.unknowns)
    spread = np.linalg.inv(np.linalg.cholesky(found.information)).T
    level = replace(instrument, baseline="zero")

    def without(u: FloatArray) -> FloatArray:
        return np.asarray(record.positions - (found.baseline + u @ spread.T) @ base)

    def cost(u: FloatArray) -> FloatArray:
        each = replace(level, noise=np.broadcast_to(level.noise, len(u)))
        return -log_likelihood(twin, each, without(u), record.dt, from_zero=True)

    best = np.zeros(instrument.unknowns)
    if len(record.positions) <= _LEVELLED:
        best = _least(cost, instrument.unknowns)
    return level, without(best)


def _least(cost: Callable[[FloatArray], FloatArray], size: int) -> FloatArray:
    """The least of a function of one or two numbers, within 0.05 or so, from the best of some
    places along the first; cost takes many places at once, (n, size)."""
    places = np.pad(np.linspace(-4, 4, 16)[:, None], ((0, 0), (0, size - 1)))
    around = np.array(
        [[u] for u in np.linspace(-1, 1, 9) if u]
        if size == 1
        else [(u, v) for u in (-1, 0, 1) for v in (-1, 0, 1) if u or v]
    )
    costs = cost(places)
    best, least, step = places[np.argmin(costs)], np.min(costs), 0.5
    while step > 0.05:
        costs = cost(best + step * around)
        i = int(np.argmin(costs))
        at_edge = costs[i] < least and np.max(np.abs(around[i])) == 1
        if costs[i] < least:
            best, least = best + step * around[i], costs[i]
        if not at_edge:
            step /= 4
    return best


def _scores(
    drive: str,
    twin: LinearModel,
    instrument: Instrument,
    tracks: Sequence[FloatArray],
    dt: float,
) -> Iterator[FloatArray]:
    """Normal scores of records under the RBP or RTP that has the covariance of its twin."""
    for x in tracks:
        at, levelled = _level(twin, instrument, Record(x, dt), LOG_LIKELIHOODS[drive])
        yield SCORES[drive](twin, at, levelled, dt, from_zero=True)


def likeliest(
    p: Posterior, records: Sequence[Record], baseline: Baseline
) -> tuple[LinearModel, Instrument]:
    """Model and instrument of the likeliest of some draws of a posterior (`drawn`)."""
    which = _STEP * np.arange(_CANDIDATES) % len(p.parameters["D"])
    ensemble = compressed([record.positions for record in records], records[0].dt)
    levels = ensemble.weights @ kalman.log_likelihoods(
        *_built(p, {name: v[which] for name, v in p.parameters.items()}, baseline),
        ensemble.records, ensemble.dt,
    )  # fmt: skip
    return drawn(p, int(np.argmax(levels)), baseline)
