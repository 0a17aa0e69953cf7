"""Evidence of records against quadrature, invariances, and the answers that are known."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp

from activenoise.analysis.correlation import twin
from activenoise.inference import evidence, rbp_evidence
from activenoise.inference.comparison import (
    BETWEEN_SEEDS,
    active_probability,
    compare_models,
    needed_share,
    negative_weight,
    probability_error,
)
from activenoise.inference.importance import Reach, Sampler
from activenoise.inference.posterior import posterior
from activenoise.inference.rbp_posterior import rbp_posterior
from activenoise.inference.record import (
    OFF,
    Coordinates,
    Record,
    chosen_prior,
    default_prior,
    elements_of,
)
from activenoise.likelihood import kalman
from activenoise.likelihood.switching import rbp_log_likelihood
from activenoise.physics.instrument import Instrument
from activenoise.physics.media import Tracer
from activenoise.physics.models import AOUP, RBP, Passive, Viscoelastic
from activenoise.physics.priors import Axis, Prior
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

ROOT = Path(__file__).parents[2]
RECORDS = os.environ.get("ACTIVENOISE_RECORDS")
QUICK = Sampler(draws=512, final=1024, wanted=400)

KNOWN = {
    "kappa": Axis(0.3, 3.0, log=True),
    "D": Axis(0.1, 3.0, log=True),
    "D_a": Axis(0.1, 10.0, log=True),
    "tau_a": Axis(0.3, 5.0, log=True),
    **OFF,
}


def test_evidence_and_moments_are_those_of_quadrature():
    record = simulate_records(AOUP(1.0, 0.5, 2.0, 1.5), Instrument(), 1500, 0.1, seed=5)
    for name in ("Passive", "AOUP"):
        p = posterior(name, [Record(record, 0.1)], KNOWN, baseline="zero")
        exact = evidence.log_evidence(name, Prior(KNOWN), record[None], 0.1)
        assert abs(p.log_evidence - np.ravel(exact)[0]) < 4 * p.error + 0.01
        assert p.error < 0.06
        moments = evidence.posterior_moments(name, Prior(KNOWN), record[None], 0.1)
        for parameter, mean in moments.mean.items():
            sd = np.ravel(moments.sd[parameter])[0]
            draws = np.log(p.parameters[parameter])
            assert abs(draws.mean() - np.ravel(mean)[0]) < 5 * sd / np.sqrt(p.effective)
            assert draws.std() == pytest.approx(sd, rel=0.15)


def test_rbp_evidence_is_that_of_the_angle_filter():
    record = simulate_records(AOUP(1.0, 0.5, 2.0, 1.5), Instrument(), 600, 0.1, seed=6)
    record -= record.mean()
    aoup = posterior("AOUP", [Record(record, 0.1)], KNOWN, baseline="constant")
    rbp = rbp_posterior(aoup, [Record(record, 0.1)], KNOWN)
    sampled = rbp_evidence.rbp_evidence(
        Prior(KNOWN), record[None], 0.1, np.array([len(record)]), {"samples": 128}
    )
    expected = float((sampled.log_evidence - sampled.reference.log_evidence)[0, 0])
    error = np.hypot(float(sampled.error[0, 0]), rbp.error)
    # The baseline's prior is flat here and it is 0 there.
    assert abs(rbp.log_evidence - aoup.log_evidence - expected) < 4 * error + 0.1


@pytest.mark.parametrize(("slope", "summed"), [(None, False), (None, True), (0.4, False)])
@pytest.mark.slow
def test_rbp_evidence_is_marginal_over_its_own_baseline(slope, summed, monkeypatch):
    """Against a sum over D and the baseline, where RBP knows its baseline otherwise than AOUP."""
    if summed:
        monkeypatch.setattr("activenoise.inference.rbp_posterior._RBP_DRAWN", 0)
        monkeypatch.setattr("activenoise.inference.rbp_posterior._RBP_SHORT", 1024)
    prior = {
        "kappa": Axis(2.0, 2.0),
        "D": Axis(0.14, 0.28, log=True),
        "D_a": Axis(8.0, 8.0),
        "tau_a": Axis(1.0, 1.0),
        **OFF,
        "noise": Axis(0.1, 0.1),
        "exposure": Axis(0.5, 0.5),
    }
    rng = np.random.default_rng(3)
    dt, n = 0.05, 600
    track = simulate(RBP(2.0, 0.2, 8.0, 1.0), n, dt, seed=4, n_tracks=1)[0].astype(np.float64)
    record = track + 0.1 * rng.standard_normal(n) + 7.0
    baseline = "constant" if slope is None else "linear"
    records = [Record(record, dt)]
    aoup = posterior("AOUP", records, prior, baseline, sampler=QUICK)
    rbp = rbp_posterior(aoup, records, prior, baseline, reach=Reach(512, 400, 4096))
    time = np.linspace(-1, 1, n)
    shifts = np.linspace(-1.5, 1.5, 17) + record.mean()
    slopes = np.zeros(1) if slope is None else np.linspace(-2.4, 2.4, 11)
    nodes, weights = prior["D"].nodes(8)
    log_parts = []
    for D, weight in zip(nodes, weights, strict=True):
        levelled = np.array([record - b - c * time for b in shifts for c in slopes])
        model = RBP(*np.broadcast_arrays(np.full(len(levelled), 2.0), D, 8.0, 1.0))
        log_p = rbp_log_likelihood(model, Instrument(noise=0.1, exposure=0.5), levelled, dt)
        cell = (shifts[1] - shifts[0]) * (1 if slope is None else slopes[1] - slopes[0])
        log_parts.append(logsumexp(log_p) + np.log(cell * weight))
    assert abs(rbp.log_evidence - logsumexp(log_parts)) < 4 * rbp.error + 0.01
    assert rbp.error < 0.15
    assert rbp.effective > 50


def ranks(noise=1.0, rate=1.0, n_records=90, n_points=250):
    """Of the truth among the posterior's draws of every unknown parameter, minus 1/2, one row a
    record; the models take turns. The noise is `noise` times what the analysis takes, and kappa is
    `rate` times a draw from its prior."""
    dt = 0.05
    prior = {
        "kappa": Axis(0.5, 5.0, log=True),
        "D": Axis(0.1, 2.0, log=True),
        "active_share": Axis(0.05, 0.95),
        "tau_a": Axis(0.3, 2.0, log=True),
        "element_share": Axis(0.05, 0.95),
        "tau_m": Axis(0.3, 2.0, log=True),
        **OFF,
        "exposure": Axis(0.0, 1.0),
        "noise": Axis(0.1, 0.1),
    }
    true_prior = {**prior, "kappa": Axis(0.5 * rate, 5.0 * rate, log=True)}
    cheap = Sampler(draws=256, final=512, wanted=150)
    rows = []
    for seed in range(n_records):
        name = ("Passive", "Viscoelastic", "AOUP")[seed % 3]
        coordinates = Coordinates(name, true_prior)
        # Not the stream of the record's noise.
        z = np.random.default_rng([seed, 1]).standard_normal((1, len(coordinates.names)))
        model, instrument = coordinates.build(z, "zero")
        seen = replace(instrument, noise=noise * instrument.noise)
        record = simulate_records(model, seen, n_points, dt, seed)
        p = posterior(name, [Record(record, dt)], prior, seed=seed, sampler=cheap)
        truth = coordinates.parameters(z)
        rows.append([np.mean(p.parameters[n] < truth[n]) - 0.5 for n in coordinates.names])
    return rows


def errors_from_uniform(rows):
    """Standard errors by which mean and mean square of the ranks miss those of a uniform law, 0 and
    1/12: the largest over each parameter's column (kappa, D and exposure first and last) and over
    all, of which the ranks of one record count as one."""
    three = np.array([[row[0], row[1], row[-1]] for row in rows])
    missed = []
    for power, expected in ((1, 0.0), (2, 1 / 12)):
        values = [three[:, i] ** power - expected for i in range(3)]
        values.append(np.array([np.mean(np.power(row, power)) for row in rows]) - expected)
        missed += [abs(v.mean()) / (v.std(ddof=1) / np.sqrt(len(v))) for v in values]
    return max(missed)


@pytest.mark.slow
def test_posteriors_are_calibrated():
    """Simulation-based calibration of the linear models: eight numbers within 3 standard errors."""
    assert errors_from_uniform(ranks()) < 3


@pytest.mark.parametrize("wrong", [{"noise": 2.0}, {"rate": 3.0}])
@pytest.mark.slow
def test_a_wrong_analysis_is_not_calibrated(wrong):
    """What the check above is worth: it fails where the noise is wrong twofold, a prior thrice, and
    with a third of its records too."""
    assert errors_from_uniform(ranks(**wrong, n_records=30)) > 4.5


def test_units_do_not_matter():
    """The default prior has the record's own scales: probabilities are the same in other units."""
    record = simulate_records(AOUP(1.0, 0.5, 2.0, 1.5), Instrument(noise=0.1), 400, 0.1, seed=7)
    answers = []
    for scale in (1.0, 1e-6):
        records = [Record(record * scale, 0.1)]
        prior = default_prior(records, "camera")
        answers.append(posterior("AOUP", records, prior, seed=3, sampler=QUICK))
    # One point less than the record has: the flat prior of the baseline has a unit too.
    shift = 399 * np.log(1e6)
    assert answers[1].log_evidence - shift == pytest.approx(answers[0].log_evidence, abs=1e-3)


def test_shared_parameters_of_several_records():
    model, dt = Passive(2.0, 0.5), 0.05
    records = [
        Record(simulate_records(model, Instrument(), 400, dt, seed=s) + s, dt) for s in range(3)
    ]
    prior = default_prior(records, "exact")
    joint = posterior("Passive", records, prior, sampler=QUICK)
    alone = posterior("Passive", records[:1], prior, sampler=QUICK)
    narrower = joint.summary()["D"]["sd"] / alone.summary()["D"]["sd"]
    assert 0.35 < narrower < 0.9
    assert abs(joint.summary()["D"]["mean"] - 0.5) < 4 * joint.summary()["D"]["sd"]


@pytest.mark.slow
@pytest.mark.parametrize("stiffer", [1.0, 30.0])
def test_evidence_does_not_depend_on_where_the_search_starts(stiffer):
    """From the posterior of a record like it, and from that of another in a far stiffer trap."""
    camera = Instrument(noise=0.1)
    records, other = (
        [Record(simulate_records(Passive(kappa, 1.0), camera, 800, 0.05, seed), 0.05)]
        for seed, kappa in enumerate((1.0, stiffer))
    )
    for name in ("Passive", "AOUP"):
        near = posterior(name, other, default_prior(other, "camera"), seed=3)
        alone, led = (
            posterior(name, records, default_prior(records, "camera"), seed=4, near=start)
            for start in (None, near)
        )
        apart = led.log_evidence - alone.log_evidence
        assert abs(apart) < 4 * np.hypot(led.error, alone.error)
        kappa, also = (np.log(p.parameters["kappa"]) for p in (alone, led))
        assert abs(kappa.mean() - also.mean()) < 0.3 * kappa.std()
        assert 0.75 < also.std() / kappa.std() < 1.33
        if stiffer == 1:
            assert led.likelihoods < alone.likelihoods


def test_coordinates_of_draws_under_another_prior():
    """They are what `parameters` came from; a value beyond the range comes to its end."""
    records = [Record(np.random.default_rng(0).normal(size=400).cumsum(), 0.1)]
    coordinates = Coordinates("AOUP", default_prior(records, "camera"))
    z = np.random.default_rng(1).normal(size=(50, len(coordinates.names)))
    drawn = {name: coordinates.parameters(z)[name] for name in coordinates.names}
    columns, found = coordinates.near(drawn)
    assert columns == list(range(len(coordinates.names)))
    np.testing.assert_allclose(found, z, rtol=0, atol=1e-6)
    columns, found = coordinates.near({"tau_a": np.array([1e-9, 1e9]), "alpha": np.ones(2)})
    assert [coordinates.names[c] for c in columns] == ["tau_a"]
    np.testing.assert_allclose(found[:, 0], [-4.75, 4.75], atol=0.01)


def test_a_free_tracer_needs_no_trap():
    model = AOUP(0.0, 0.1, 2.0, 2.0)
    instrument = Instrument(noise=0.05, baseline="constant")
    record = simulate_records(model, instrument, 1500, 0.05, seed=2) + 5.0
    records = [Record(record, 0.05)]
    answer = compare_models(records, default_prior(records, "camera", free=True), sampler=QUICK)
    assert answer.p_active > 0.99
    assert answer.p_distinguishable > 0.99
    row = answer.posteriors["AOUP"].summary()["D_a"]
    assert row["low95"] < 2.0 < row["high95"]


@pytest.mark.slow
def test_an_active_record_of_negative_weight_is_called_so():
    model = AOUP(1.0, 0.2, 3.0, 0.5)
    record = simulate_records(model, Instrument(noise=0.02), 3000, 0.02, seed=9)
    records = [Record(record, 0.02)]
    answer = compare_models(records, default_prior(records, "camera"), sampler=QUICK)
    assert answer.p_active > 0.99
    assert answer.p_distinguishable > 0.9
    assert sum(answer.probability.values()) == pytest.approx(1)


@pytest.mark.slow
def test_a_low_pass_that_looks_active_is_seen_through():
    instrument = Instrument(noise=0.01, corner=4.0, exposure=0.3)
    record = simulate_records(Passive(2.0, 1.0), instrument, 8000, 0.02, seed=4)
    records = [Record(record, 0.02)]
    bare = default_prior(records, "exact")
    naive = [posterior(n, records, bare, sampler=QUICK).log_evidence for n in ("Passive", "AOUP")]
    assert naive[1] - naive[0] > 100
    prior = default_prior(records, "unknown")
    seen = [posterior(n, records, prior, sampler=QUICK).log_evidence for n in ("Passive", "AOUP")]
    assert seen[1] - seen[0] < 1


def test_the_needed_share_is_that_of_the_less_active_tracer_of_the_same_law():
    rng = np.random.default_rng(8)
    kappa, tau_a, D, D_a = 10 ** rng.uniform(-1, 1, (4, 400))
    parameters = {"kappa": kappa, "D": D, "D_a": D_a, "tau_a": tau_a}
    lag = 0.7
    needed = needed_share("AOUP", parameters, 0.0, lag)
    models = [AOUP(*one) for one in zip(kappa, D, D_a, tau_a, strict=True)]
    others = [twin(model) for model in models]
    seen = negative_weight("AOUP", parameters)
    assert all((other is not None) == visible for other, visible in zip(others, seen, strict=True))
    for i, (model, other) in enumerate(zip(models, others, strict=True)):
        if other is None:
            assert needed[i] == 0  # a passive tracer in a medium has the same law
            continue
        both = [Passive(one.kappa, one.D).autocorrelation([0.0, lag]) for one in (model, other)]
        whole = model.autocorrelation([0.0, lag])
        thermal = max(float(one[0] - one[1]) for one in both)
        assert needed[i] == pytest.approx(1 - thermal / float(whole[0] - whole[1]), abs=1e-6)
        time = min(tau_a[i], 1 / kappa[i])
        this = {name: values[i : i + 1] for name, values in parameters.items()}
        assert needed_share("AOUP", this, 0.99 * time, lag)[0] == pytest.approx(needed[i])
        assert needed_share("AOUP", this, 1.01 * time, lag)[0] == 0
    assert 100 < seen.sum() < 350


def test_the_needed_share_of_a_free_tracer_is_that_of_its_displacements():
    free = {"kappa": np.zeros(3), "D": np.ones(3), "D_a": np.arange(3.0), "tau_a": np.ones(3)}
    lag = 2.0
    active = 2 * free["D_a"] * (lag - 1 + np.exp(-lag))  # Ornstein's formula
    expected = active / (2 * lag + active)
    np.testing.assert_allclose(needed_share("AOUP", free, 0.5, lag), expected, rtol=1e-6)
    assert not needed_share("AOUP", free, 1.5, lag).any()
    # In the long run it is the share of the diffusivity, and at short times there is none.
    np.testing.assert_allclose(needed_share("AOUP", free, 0.5, 1e6), [0, 1 / 2, 2 / 3], rtol=1e-5)
    assert needed_share("AOUP", free, 0.5, 1e-3).max() < 1e-3


def test_the_needed_share_in_a_medium_is_what_its_modes_say():
    values = {
        "kappa": 2.0, "D": 1.0, "D_a": 3.0, "tau_a": 0.2, "strength": 2.0, "tau_m": 0.5,
    }  # fmt: skip
    parameters = {name: np.array([value]) for name, value in values.items()}
    elements = elements_of("ViscoelasticAOUP", parameters)
    kappa, D, drive = parameters["kappa"], parameters["D"], (parameters["D_a"], parameters["tau_a"])
    lag = 0.8
    whole, thermal = (
        float(np.sum(weights * -np.expm1(-rates * lag)))
        for rates, weights in (
            Tracer(kappa, D, elements, *drive).weights(),
            Tracer(kappa, D, elements).weights(),
        )
    )
    for model in ("ViscoelasticAOUP", "ViscoelasticRBP"):
        found = needed_share(model, parameters, 0.1, lag)
        assert found[0] == pytest.approx(1 - thermal / whole, rel=1e-9)


def test_errors_of_probabilities_are_those_of_the_evidences_and_twins_err_together():
    rng = np.random.default_rng(4)
    log_z = {"Passive": 0.0, "Viscoelastic": -1.0, "AOUP": 0.5, "RBP": 0.2, "ViscoelasticAOUP": 0.1}
    names, sds = list(log_z), [0.02, 0.03, 0.02, 0.02, 0.01]

    def chances(values):
        return np.exp(values - logsumexp(values, axis=-1, keepdims=True))

    miss = rng.standard_normal((40_000, 5)) * sds
    miss[:, 3] = miss[:, 2]  # the RBP's evidence is its twin's times a ratio that is known here
    drawn = chances(np.array(list(log_z.values())) + miss)
    exact = dict(zip(names, chances(np.array(list(log_z.values()))).tolist(), strict=True))
    errors = dict(zip(names, sds, strict=True))
    p, error = active_probability(exact, errors)
    assert p == pytest.approx(drawn[:, 2:].sum(axis=1).mean(), abs=1e-3)
    assert error == pytest.approx(BETWEEN_SEEDS * drawn[:, 2:].sum(axis=1).std(), rel=0.03)
    for name, own in zip(names, drawn.T, strict=True):
        found = probability_error({name}, exact, errors)
        assert found == pytest.approx(BETWEEN_SEEDS * own.std(), rel=0.03)


def test_negative_weights():
    """Against the weights of docs/physics.md, "What a record cannot show", and the double."""
    rng = np.random.default_rng(0)
    kappa, D, D_a, tau_a = np.exp(rng.normal(0, 1.5, (4, 500)))
    a = D / kappa + D_a / (kappa * (1 - (kappa * tau_a) ** 2))
    b = -D_a * tau_a / (1 - (kappa * tau_a) ** 2)
    found = negative_weight("AOUP", {"kappa": kappa, "D": D, "D_a": D_a, "tau_a": tau_a})
    np.testing.assert_array_equal(found, (a < 0) | (b < 0))
    # What is not negative is a viscoelastic bead: its C(t) is met by one of valid parameters.
    for i in np.flatnonzero(~found)[:20]:
        c_0 = AOUP(kappa[i], D[i], D_a[i], tau_a[i]).autocorrelation(0.0)
        trap = D[i] / c_0
        tau_m = trap * tau_a[i] / kappa[i]
        strength = (kappa[i] - trap) * (trap - 1 / tau_a[i]) * tau_a[i] / kappa[i]
        double = Viscoelastic(trap, D[i], strength, tau_m).autocorrelation([0.3, 1.0])
        exact = AOUP(kappa[i], D[i], D_a[i], tau_a[i]).autocorrelation([0.3, 1.0])
        np.testing.assert_allclose(double, exact, rtol=1e-9)


def test_shares_and_parameters_are_the_same_thing():
    z = np.random.default_rng(0).normal(size=(50, 4))
    prior = {**KNOWN, "active_share": Axis(0.0, 1.0)}
    del prior["D_a"]
    values = Coordinates("AOUP", prior).parameters(z)
    model = AOUP(*(values[n] for n in ("kappa", "D", "D_a", "tau_a")))
    thermal = Passive(values["kappa"], values["D"]).autocorrelation(0.0)
    share = 1 - thermal / model.autocorrelation(0.0)
    np.testing.assert_allclose(share, values["active_share"], rtol=1e-9, atol=1e-12)


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match="AOUP: no prior for tau_a"):
        Coordinates("AOUP", {k: v for k, v in KNOWN.items() if k != "tau_a"}).names  # noqa: B018
    with pytest.raises(ValueError, match="must be one of Passive, Viscoelastic, PowerLaw, AOUP"):
        posterior("Brownian", [Record(np.zeros(5), 0.1)], KNOWN)
    with pytest.raises(ValueError, match="never moves"):
        default_prior([Record(np.zeros(5), 0.1)])


@pytest.mark.slow
def test_the_real_bead_at_full_rate_is_passive():
    """4.4 um bead in water at 78 125 Hz, a quarter of the record: of the whole of it an AOUP is
    4871 nats better than a passive tracer without a detector in the model."""
    volts = np.load(ROOT / "data/tracks/trapped_bead_water_78kHz.npz")["arr_0"][:10_000]
    records = [Record((volts - volts.mean()) * 7.2537, 1 / 78125)]
    answer = compare_models(records, default_prior(records, "detector"), sampler=QUICK)
    assert answer.p_active < 0.05
    assert answer.p_distinguishable < 0.05
    row = answer.posteriors["Passive"].summary()
    assert row["kappa"]["median"] == pytest.approx(2 * np.pi * 656.87, rel=0.2)
    assert row["D"]["median"] == pytest.approx(0.0974, rel=0.2)


@pytest.mark.skipif(RECORDS is None, reason="ACTIVENOISE_RECORDS names no folder of real records")
@pytest.mark.slow
def test_the_real_bead_by_camera_is_passive():
    path = Path(str(RECORDS)) / "trapped_bead_water_camera.txt"
    metres = np.genfromtxt(path, skip_header=1)[:10_000, 0]
    records = [Record((metres - metres.mean()) * 1e6, 6.8966e-3)]
    answer = compare_models(records, default_prior(records, "camera"), sampler=QUICK)
    assert answer.p_active < 0.1
    assert answer.p_distinguishable < 0.05
    corner = answer.posteriors["Passive"].summary()["kappa"]["median"] / (2 * np.pi)
    assert 6.4 < corner < 9.6


def test_a_free_tracer_that_is_driven_bends_up_and_no_medium_does():
    """negative_weight of a free tracer: whether its mean square displacement is convex anywhere."""
    t = np.linspace(0.0, 5.0, 400)
    for D_a, tau_a in ((1e-3, 0.2), (5.0, 3.0), (0.0, 1.0)):
        parameters = {"kappa": 0.0, "D": 1.0, "D_a": D_a, "tau_a": tau_a}
        msd = 2 * t + 2 * D_a * (t + tau_a * np.expm1(-t / tau_a))
        convex = bool(np.any(np.diff(msd, 2) > 1e-12))
        assert bool(negative_weight("AOUP", parameters)) == convex
    # A viscoelastic medium bends it down at every strength.
    for s in (0.1, 10.0):
        rate = (1 + s) / 0.5
        msd = 2 / (1 + s) * (t - s / rate * np.expm1(-rate * t))
        assert np.all(np.diff(msd, 2) < 1e-12)


def test_what_the_user_gives_replaces_the_default():
    records = [Record(np.cumsum(np.random.default_rng(0).normal(size=300)), 0.1)]
    given = {"noise": (0.1, 0.1, False), "D_a": (0.1, 9.0, True), "drift": (1e-4, 1e-2, True)}
    prior = chosen_prior(records, "camera", free=False, given=given)
    assert "active_share" not in prior
    assert prior["noise"].fixed
    default = default_prior(records, "camera")
    assert {n: a for n, a in prior.items() if n not in given} == {
        n: a for n, a in default.items() if n not in (*given, "active_share")
    }
    assert Coordinates("AOUP", prior).names == ("kappa", "D", "D_a", "tau_a", "exposure", "drift")


@pytest.mark.slow
def test_odds_weigh_the_evidence():
    record = simulate_records(Passive(1.0, 0.5), Instrument(), 200, 0.1, seed=1)
    records = [Record(record, 0.1)]
    prior = {**default_prior(records, "exact"), **KNOWN}
    even = compare_models(records, prior, sampler=QUICK)
    odd = compare_models(records, prior, sampler=QUICK, odds={"AOUP": 3.0, "RBP": 0.0})
    assert odd.probability["RBP"] == 0
    assert odd.probability["AOUP"] / odd.probability["Passive"] == pytest.approx(
        3 * even.probability["AOUP"] / even.probability["Passive"]
    )
    assert sum(odd.probability.values()) == pytest.approx(1)


def test_where_all_is_known_the_evidence_is_the_likelihood():
    record = simulate_records(Passive(1.0, 0.5), Instrument(), 200, 0.1, seed=1)
    prior = {"kappa": Axis(1.0, 1.0), "D": Axis(0.5, 0.5), **OFF}
    p = posterior("Passive", [Record(record, 0.1)], prior)
    exact = kalman.log_likelihood(Passive(1.0, 0.5), Instrument(baseline="constant"), record, 0.1)
    assert p.log_evidence == pytest.approx(exact[0])
    assert (p.error, p.unknown, p.summary()) == (0.0, (), {})


def test_many_short_records_are_as_good_as_a_long_one():
    """A free tracer's 2000 steps in one record, or in 500 of five points: the evidence of AOUP over
    passive grows either way, and D is known to a few per cent."""
    model = AOUP(0.0, 0.5, 6.0, 0.5)
    instrument = Instrument(noise=0.02, baseline="constant")
    tracks = simulate_records(model, instrument, 5, 0.1, seed=3, n_records=500)
    records = [Record(x + i, 0.1) for i, x in enumerate(tracks)]
    prior = {
        "kappa": Axis(0.0, 0.0), "D": Axis(0.05, 5, True), "D_a": Axis(0.1, 50, True),
        "tau_a": Axis(0.1, 5.0, True), **OFF, "noise": Axis(0.02, 0.02),
    }  # fmt: skip
    passive, aoup = (posterior(n, records, prior, sampler=QUICK) for n in ("Passive", "AOUP"))
    assert aoup.log_evidence - passive.log_evidence > 50
    row = aoup.summary()["D"]
    assert abs(row["mean"] - 0.5) < 4 * row["sd"] < 0.4


@pytest.mark.slow
def test_the_mechanism_of_many_short_records():
    """RBP tracks of 12 points, of known parameters: the joint answer is RBP, and of AOUP's tracks
    AOUP, beyond any doubt."""
    known = {"kappa": 0.0, "D": 0.05, "D_a": 20.0, "tau_a": 2.0}
    prior = {n: Axis(v, v) for n, v in known.items()} | OFF | {"D": Axis(0.045, 0.055)}
    rng = np.random.default_rng(0)
    n, m, dt = 600, 12, 0.05
    theta = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(
        np.sqrt(2 * dt / 50 / 2.0) * rng.normal(size=(n, 50 * m)), axis=1
    )
    steps = np.sqrt(2 * 20 / 2.0) * np.cos(theta).reshape(n, m, 50).mean(axis=2) * dt
    made = {
        "RBP": np.cumsum(steps + np.sqrt(2 * 0.05 * dt) * rng.normal(size=(n, m)), axis=1),
        "AOUP": simulate_records(
            AOUP(**known), Instrument(baseline="constant"), m, dt, seed=1, n_records=n
        ),
    }
    for name, tracks in made.items():
        records = [Record(x, dt) for x in tracks]
        aoup = posterior("AOUP", records, prior, sampler=QUICK)
        ratio = (
            rbp_posterior(aoup, records, prior, reach=Reach(16, 1.0, 160)).log_evidence
            - aoup.log_evidence
        )
        assert ratio > 20 if name == "RBP" else ratio < -20
