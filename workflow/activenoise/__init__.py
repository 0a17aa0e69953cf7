"""Is a tracer in a trap moved by thermal noise alone, or actively, and by which mechanism?

This is the public face of the library. Importing it imports nothing heavy: a public name is loaded
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activenoise.kernel_cache import forget_stale

if TYPE_CHECKING:
    from activenoise.inference.evidence import log_evidence as log_evidence
    from activenoise.likelihood.positions import log_likelihood as log_likelihood
    from activenoise.physics.models import AOUP as AOUP
    from activenoise.physics.models import RBP as RBP
    from activenoise.physics.models import RTP as RTP
    from activenoise.physics.models import Passive as Passive
    from activenoise.physics.models import Viscoelastic as Viscoelastic
    from activenoise.physics.priors import parse_prior as parse_prior
    from activenoise.reading.records import read as read
    from activenoise.report.conditions import compare as compare
    from activenoise.report.plan import plan as plan
    from activenoise.report.verdict import verdict as verdict
    from activenoise.simulation.tracks import simulate as simulate

__version__ = "0.1.0"

# The module that defines each public name.
_HOMES = {
    "AOUP": "activenoise.physics.models",
    "Passive": "activenoise.physics.models",
    "RBP": "activenoise.physics.models",
    "RTP": "activenoise.physics.models",
    "Viscoelastic": "activenoise.physics.models",
    "compare": "activenoise.report.conditions",
    "log_evidence": "activenoise.inference.evidence",
    "log_likelihood": "activenoise.likelihood.positions",
    "parse_prior": "activenoise.physics.priors",
    "plan": "activenoise.report.plan",
    "read": "activenoise.reading.records",
    "simulate": "activenoise.simulation.tracks",
    "verdict": "activenoise.report.verdict",
}
__all__ = ["__version__", *_HOMES]

forget_stale(Path(__file__).parent)  # before any module has Numba look for it


def __getattr__(name: str) -> Any:
    """The public object of this name, from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
