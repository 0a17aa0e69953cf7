"""The unit-free form of a model: lengths in units of the rms step of the recorded track.

A scale-free study has no unit of length of its own: its points are 1 s apart, the noise is a
fraction nu of the rms step of the RECORDED track, the drift the share beta of its square, and D
follows from the rest, so that this step is 1. With m the mean square step of the tracer at D = 1,
and m_b that of a drift of 1, both seen by the instrument without noise,

    1 = D m + 2 nu^2 + beta,   drift = beta/m_b.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from activenoise.arrays import FloatArray
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.physics.shares import active_diffusivity
from activenoise.physics.system import autocovariance, mean_square_displacement


def in_units_of_step(model_name: str, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The parameters of scale-free tracks with D, D_a, noise and drift in units of length.

    values: kappa (1/interval), and tau_a (intervals) and active_share of an AOUP; those of the
    instrument, the noise in units of the rms step, the drift in its square; `step`, the rms step
    (1 without it).
    """
    found = {name: np.asarray(value, np.float64) for name, value in values.items()}
    found.setdefault("step", np.ones_like(found["kappa"]))
    one = np.ones_like(found["kappa"])
    model: Passive | AOUP = Passive(found["kappa"], one)
    ratio = None
    if model_name != "Passive":
        ratio = active_diffusivity(found["active_share"], found["kappa"], one, found["tau_a"])
        model = AOUP(found["kappa"], one, ratio, found["tau_a"])
    seen: dict[str, Any] = {n: found[n] for n in ("exposure", "corner", "relaxed") if n in found}
    instrument = Instrument(**seen)
    start, after = autocovariance(model, instrument, [0, 1], 1.0).T
    noise = found.get("noise", np.zeros_like(one))
    drift = found.get("drift", np.zeros_like(one))
    found["D"] = found["step"] ** 2 * (1 - 2 * noise**2 - drift) / (2 * (start - after))
    if ratio is not None:
        found["D_a"] = ratio * found["D"]
    if "noise" in found:
        found["noise"] = noise * found["step"]
    if np.any(drift > 0):
        of_one = mean_square_displacement(Passive(0.0, 1.0), instrument, 1.0)
        found["drift"] = drift * found["step"] ** 2 / of_one
    return found
