"""Log likelihood of tracks under one AOUP model: Kalman filter here, celerite2, statsmodels.

The autocorrelation of an AOUP in a trap is a sum of two exponentials, one of which may have a
negative coefficient: celerite2 takes it as two RealTerm. statsmodels takes the state space (x, v)
of `models.SampledProcess`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from celerite2 import GaussianProcess, terms
from numpy.typing import NDArray
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from activenoise.likelihood.positions import log_likelihood
from activenoise.physics.models import AOUP
from activenoise.simulation.tracks import simulate
from benchmarks.harness import Row, compare

MODEL, DT = AOUP(kappa=0.1, D=0.2, D_a=0.1, tau_a=0.5), 0.01
TOPIC = "Log likelihood, one AOUP model"

Values = NDArray[np.float64]
Likelihood = Callable[[], Values]


def celerite_process(model: AOUP) -> GaussianProcess:
    """The model's autocorrelation as a celerite2 process (kappa tau_a = 1 excepted)."""
    kappa, D, D_a, tau_a = (float(value) for value in model.parameters.values())
    share = D_a / (1 - (kappa * tau_a) ** 2)
    thermal = terms.RealTerm(a=(D + share) / kappa, c=kappa)
    return GaussianProcess(thermal + terms.RealTerm(a=-share * tau_a, c=1 / tau_a))


def celerite_one_by_one(gp: GaussianProcess, tracks: Values, dt: float) -> Values:
    """Factorise once, then `log_likelihood` of every track."""
    times = np.arange(tracks.shape[1]) * dt
    gp.compute(times, diag=np.zeros_like(times))
    return np.array([gp.log_likelihood(track) for track in tracks])


def celerite_factor_each(gp: GaussianProcess, tracks: Values, dt: float) -> Values:
    """Factorise for every track, as when parameters or times change from track to track."""
    times = np.arange(tracks.shape[1]) * dt
    values = np.empty(len(tracks))
    for i, track in enumerate(tracks):
        gp.compute(times, diag=np.zeros_like(times))
        values[i] = gp.log_likelihood(track)
    return values


def celerite_together(gp: GaussianProcess, columns: Values, dt: float) -> Values:
    """Factorise once, solve for all tracks in one call. columns: (n_steps, n_tracks)."""
    times = np.arange(len(columns)) * dt
    gp.compute(times, diag=np.zeros_like(times))
    norm = gp.log_likelihood(np.zeros_like(times))
    return norm - 0.5 * np.einsum("it,it->t", columns, gp.apply_inverse(columns))


def statsmodels_filter(model: AOUP, track: Values, dt: float) -> KalmanFilter:
    """The sampled (x, v) as a state space model of one track, observed without error, with the
    univariate filter, which is the fastest of its methods here."""
    p = model.sampled(dt)
    kalman = KalmanFilter(k_endog=1, k_states=2, k_posdef=2)
    kalman["design"] = np.array([[1.0, 0.0]])
    kalman["transition"] = np.array([[1 - p.loss_x, p.coupling], [0.0, 1 - p.loss_v]])
    kalman["selection"] = np.eye(2)
    kalman["state_cov"] = np.array([[p.q_xx, p.q_xv], [p.q_xv, p.q_vv]])
    kalman.initialize_known(np.zeros(2), np.array([[p.p_xx, p.p_xv], [p.p_xv, p.p_vv]]))
    kalman.set_filter_method(filter_univariate=True)
    kalman.bind(track)
    return kalman


def statsmodels_one_by_one(model: AOUP, tracks: Values, dt: float) -> Values:
    """A state space model for every track (one keeps the first data that it has filtered)."""
    return np.array([statsmodels_filter(model, track, dt).loglike() for track in tracks])


def _difference(values: Values, reference: Values) -> str:
    return f"{np.max(np.abs(values - reference)):.1g} nats"


def _rows(
    work: str,
    programs: dict[str, Likelihood],
    size: int,
    repeats: int,
    targets: dict[str, float],
    exact: str,
) -> list[Row]:
    """Time them; differences are from the values of the program `exact`."""
    reference = programs[exact]()
    differences = {
        name: _difference(program(), reference)
        for name, program in programs.items()
        if name != exact
    }
    return compare(TOPIC, work, programs, size, repeats, targets, differences)


def measure(n_tracks: int = 2000, n_steps: int = 800, long: int = 10_000) -> list[Row]:
    """Many tracks, then one long track; the reference is ours in single precision, as simulated,
    for many and ours in double for one."""
    gp = celerite_process(MODEL)
    single = simulate(MODEL, n_steps, DT, seed=1, n_tracks=n_tracks)
    double = single.astype(np.float64)
    made = [statsmodels_filter(MODEL, track, DT) for track in double]
    columns = np.ascontiguousarray(double.T)
    many = _rows(
        f"{n_tracks} tracks of {n_steps} points",
        {
            "activenoise, float32": lambda: log_likelihood(MODEL, single, DT),
            "activenoise, float64": lambda: log_likelihood(MODEL, double, DT),
            "celerite2, factor once, track by track": lambda: celerite_one_by_one(gp, double, DT),
            "celerite2, factor for each track": lambda: celerite_factor_each(gp, double, DT),
            "celerite2, factor once, all in one call": lambda: celerite_together(gp, columns, DT),
            "statsmodels": lambda: statsmodels_one_by_one(MODEL, double, DT),
            "statsmodels, models made beforehand": lambda: np.array([k.loglike() for k in made]),
        },
        single.size,
        7,
        {
            "celerite2, factor once, track by track": 20.0,
            "statsmodels, models made beforehand": 300.0,
        },
        exact="activenoise, float64",
    )
    track = simulate(MODEL, long, DT, seed=2, n_tracks=1).astype(np.float64)
    one = _rows(
        f"one track of {long} points",
        {
            "activenoise, float64": lambda: log_likelihood(MODEL, track, DT),
            "celerite2": lambda: celerite_factor_each(gp, track, DT),
            "statsmodels": lambda: statsmodels_one_by_one(MODEL, track, DT),
        },
        long,
        15,
        {},
        exact="activenoise, float64",
    )
    return many + one
