"""A planned experiment in numbers: what it would find and how well, against duration, sampling
interval and number of tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from activenoise.inference.power import (
    FEWEST_POINTS,
    MOST_POINTS,
    Design,
    Detection,
    known_odds,
    least_D_a,
    needed_points,
    power_of,
    powers,
    precision,
)
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP
from activenoise.physics.shares import active_share, dissipation, double_diffusivity

_DURATIONS = 2.0 ** np.arange(-4, 5)  # over the one that is asked for
_INTERVALS = (0.25, 1.0, 4.0, 16.0)
_TRACKS = (1, 3, 10, 30)
_EXPERIMENTS = 200  # that are simulated for the power at known parameters,
_SIMULATED_POINTS = 5_000  # up to so many points in each
_SAME = 0.01  # of D_a, relative, to that of the passive double


@dataclass(frozen=True)
class PlanFacts:
    """What a plan finds.

    design: the experiment. `duration` (s): of a track. given: which of "duration" and "D_a" were
    stated; the other follows (`make_plan`). rows: of plan.csv. least: the D_a that the duration
    finds in most cases, nan where there is none. needed: the duration (s) at which the D_a of the
    design is found in most cases, infinite where none suffices. has_double: whether a medium at
    equilibrium has the same C(t), and is_double: whether a passive tracer in a simple liquid has
    it.
    """

    design: Design
    duration: float
    given: frozenset[str]
    rows: list[dict[str, Any]]
    least: float
    needed: float
    has_double: bool
    is_double: bool

    @property
    def asked(self) -> dict[str, Any]:
        """The row of the experiment itself."""
        return self.curve(self.design.dt, self.design.n_tracks)[self.duration]

    def curve(self, dt: float, n_tracks: int) -> dict[float, dict[str, Any]]:
        """Rows by duration at one interval and one number of tracks."""
        return {
            row["duration"]: row
            for row in self.rows
            if row["dt"] == dt and row["n_tracks"] == n_tracks
        }


def make_plan(
    kappa: float,
    D: float,
    tau_a: float,
    dt: float,
    duration: float | None = None,
    D_a: float | None = None,
    n_tracks: int = 1,
    instrument: Instrument | None = None,
    seed: int = 1,
) -> PlanFacts:
    """The plan of an experiment; symbols and units as everywhere, kappa = 0 for a free tracer.

    duration (s) of a track: without it, the one that finds D_a. D_a: without it, the least that
    the duration finds. ValueError in one line for what cannot be planned, and for a propulsion
    that only a record of more than MOST_POINTS points would find.
    """
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt = {dt:g} must be a positive time in s")
    if n_tracks < 1:
        raise ValueError(f"tracks = {n_tracks} must be at least 1")
    given = frozenset(n for n, v in {"duration": duration, "D_a": D_a}.items() if v is not None)
    if not given:
        raise ValueError("give a duration (s), or a D_a to find the duration that it needs")
    if D_a == 0:
        raise ValueError("D_a = 0 is nothing to find; leave D_a out for the least that is found")
    model = AOUP(kappa, D, D * (1 + kappa * tau_a) if D_a is None else D_a, tau_a)
    design = Design(model, instrument or Instrument(), dt, n_tracks)
    if duration is not None:
        _check_duration(design, duration)
    double = float(double_diffusivity(*(np.asarray(v) for v in (kappa, D, tau_a))))
    is_double = D_a is not None and abs(D_a - double) <= _SAME * D_a
    needed = np.inf if D_a is None or is_double else _needed(design)
    if duration is None:
        if is_double:
            raise ValueError(
                f"D_a = {D_a:g} has the law of a passive tracer in a trap of rate {1 / tau_a:g}/s: "
                "no record is long enough; give a duration to see what it finds"
            )
        duration = rounded(max(needed, FEWEST_POINTS * dt))
    n_points = round(duration / dt)
    least = least_D_a(design, n_points)
    if D_a is None:
        if np.isnan(least):
            raise ValueError(
                f"{n_points} points find no propulsion of tau_a = {tau_a:g} s, however strong; "
                "record for longer, or choose a dt well below tau_a"
            )
        design, needed = design.with_D_a(least), duration
    strength = design.values["D_a"]
    return PlanFacts(
        design=design,
        duration=duration,
        given=given,
        rows=_rows(design, duration, least, seed),
        least=least,
        needed=needed,
        has_double=double >= strength * (1 - _SAME),
        is_double=is_double,
    )


def rounded(duration: float) -> float:
    """A duration to two digits."""
    return float(f"{duration:.2g}")


def _check_duration(design: Design, duration: float) -> None:
    """ValueError in one line for a duration that cannot be planned, and for a noise that leaves
    nothing to see, whose unit is then wrong."""
    n = duration / design.dt
    if not (np.isfinite(duration) and round(n) >= FEWEST_POINTS):
        raise ValueError(
            f"duration = {duration:g} s holds {max(n, 0):.0f} points {design.dt:g} s apart; "
            f"must be at least {FEWEST_POINTS * design.dt:g} s ({FEWEST_POINTS} points)"
        )
    if n > MOST_POINTS:
        raise ValueError(
            f"duration = {duration:g} s holds {n:.2g} points {design.dt:g} s apart; "
            f"must be at most {MOST_POINTS * design.dt:g} s"
        )
    known = design.values
    noise = float(design.instrument.parameters["noise"])
    spread = 2 * (known["D"] + known["D_a"]) * duration
    if known["kappa"] > 0:
        spread = min(spread, (known["D"] + known["D_a"]) / known["kappa"])
    if noise > 30 * np.sqrt(spread):
        raise ValueError(
            f"noise = {noise:g} is {noise / np.sqrt(spread):.2g} times the whole motion, "
            f"{np.sqrt(spread):.2g}; give noise, D and D_a in one unit of length"
        )


def _needed(design: Design) -> float:
    """The duration (s) that finds the D_a of the design. ValueError where none is in reach."""
    points = needed_points(design)
    if np.isfinite(points):
        return points * design.dt
    known, most = design.values, round(MOST_POINTS)
    if known["tau_a"] < 2 * design.dt:
        needed = f"choose a dt well below tau_a = {known['tau_a']:g} s"
    else:
        least = least_D_a(design, most)
        needed = f"D_a must be at least {least:.2g}" if least > 0 else "no D_a is found"
        needed += ", or take more tracks"
    raise ValueError(
        f"D_a = {known['D_a']:g} is beyond reach: even {MOST_POINTS:.0e} points "
        f"({most * design.dt:.2g} s) a track miss it; {needed}"
    )


def _rows(design: Design, duration: float, least: float, seed: int) -> list[dict[str, Any]]:
    """The table: every duration at the design's interval and at others, with more tracks at the
    design's own interval."""
    ceiling = _known_power(design, duration, seed)
    rows = []
    for interval in _INTERVALS:
        own = replace(design, dt=interval * design.dt)
        tracks = [k * design.n_tracks for k in (_TRACKS if interval == 1 else (1,))]
        for length in (_DURATIONS * duration).tolist():
            n = round(length / own.dt)
            if not FEWEST_POINTS <= n <= MOST_POINTS:
                continue
            for n_tracks, found in zip(tracks, powers(own, n, tracks), strict=True):
                here = replace(own, n_tracks=n_tracks)
                row = _row(here, length, n, found)
                if here == design:
                    known = least if length == duration else least_D_a(design, n)
                    row |= _shares(design, known)
                    row["power_known"] = ceiling.get(n, np.nan)
                rows.append(row)
    return rows


def _row(design: Design, duration: float, n: int, found: Detection) -> dict[str, Any]:
    """One line of plan.csv."""
    error, known = precision(design, n), design.values
    return {
        "duration": duration,
        "n_points": n,
        "n_tracks": design.n_tracks,
        "dt": design.dt,
        "D_a": known["D_a"],
        "tau_a": known["tau_a"],
        "active_share": design.share,
        "dissipation": float(dissipation(**{k: np.asarray(v) for k, v in known.items()})),
        "power": found.power,
        "power_known": np.nan,
        "least_D_a": np.nan,
        "least_active_share": np.nan,
        "sd_log_D_a": error.D_a,
        "sd_log_tau_a": error.tau_a,
        "sd_log_dissipation": error.dissipation,
    }


def _shares(design: Design, D_a: float) -> dict[str, float]:
    known = {name: np.asarray(value) for name, value in (design.values | {"D_a": D_a}).items()}
    return {"least_D_a": D_a, "least_active_share": float(active_share(**known))}


def _known_power(design: Design, duration: float, seed: int) -> dict[int, float]:
    """Power by number of points at known parameters, of the durations that are short enough to be
    simulated; none for a free tracer."""
    points = [round(length / design.dt) for length in _DURATIONS * duration]
    most = _SIMULATED_POINTS / design.n_tracks
    points = [n for n in points if FEWEST_POINTS <= n <= most]
    if not points or design.values["kappa"] == 0:
        return {}
    found = power_of(known_odds(design, points, _EXPERIMENTS, seed))
    return dict(zip(points, found.tolist(), strict=True))
