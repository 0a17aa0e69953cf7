"""Facts that are made up: a record that is thermal beyond doubt, and changes to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from activenoise.analysis.artefacts.facts import ArtefactFacts
from activenoise.analysis.facts import (
    ActivePart,
    Bands,
    ComparisonFacts,
    CoordinateFacts,
    Correlations,
    Double,
    Energy,
    EnergyFacts,
    Facts,
    FitTest,
    ModelFacts,
    OwnAnalysis,
    Pieces,
    PosteriorFacts,
    PriorRange,
    RecordFacts,
    Settings,
    Summary,
    Tones,
    TrackRow,
    TracksFacts,
    WithError,
    WitnessFacts,
)
from activenoise.parameters import RECORD_MODELS

MODELS = RECORD_MODELS
PART = ActivePart(low95=0.1, median=0.3, high95=0.6, limit95=0.5, persistence=0.03, lag=0.8)
FITS = FitTest(
    model="AOUP", n_points=40_000, autocorrelation=[0.004, -0.006, 0.002], ljung_box=18.0,
    p_white=0.4, slow=20.0, p_slow=0.5, variance=1.0, skewness=0.0, excess_kurtosis=0.01,
    p_normal=0.6, distance=0.003, positions=None, tones={},
)  # fmt: skip


def innovations(**changes: Any) -> FitTest:
    """Tests of innovations that are as they should be, but for `changes`."""
    return replace(FITS, **changes)


def summary(low: float, high: float) -> Summary:
    """A posterior with these 95 % ends."""
    middle, sd = (low + high) / 2, (high - low) / 4
    return Summary(middle, sd, middle, low, middle - sd, middle + sd, high, 0.0, 1.0)


def comparison(
    passive: float = 0.98, viscoelastic: float = 0.01, aoup: float = 0.006, rbp: float = 0.004,
    drift: float = 0.0, **changes: Any,
) -> ComparisonFacts:  # fmt: skip
    """A comparison with these probabilities, and 0 of the other models."""
    given = {
        "Passive": passive, "Viscoelastic": viscoelastic, "AOUP": aoup, "RBP": rbp, "Drift": drift,
    }  # fmt: skip
    chances = {name: given.get(name, 0.0) for name in MODELS}
    models = {
        name: ModelFacts(p, 0.003, 0.0 if name == "Passive" else 50.0, 0.1, 900.0, 0.2, True)
        for name, p in chances.items()
    }
    favoured = max(chances, key=lambda name: chances[name])
    made = ComparisonFacts(
        models, favoured, aoup + rbp, 0.002, 0.5, 0.002, PART,
        {"x": innovations(model=favoured)}, {"x": innovations()},
    )  # fmt: skip
    return replace(made, **changes)


def log_evidences(made: ComparisonFacts, **values: float) -> ComparisonFacts:
    """The comparison with these log evidences."""
    models = {
        name: replace(model, log_evidence=values.get(name, model.log_evidence))
        for name, model in made.models.items()
    }
    return replace(made, models=models)


def energies(p_double: float = 0.02) -> EnergyFacts:
    """Energies under AOUP alone: 4 kT/s."""
    curve = {"median": [3.0, 1.1], "low95": [2.0, 1.0], "high95": [5.0, 1.3]}
    curve |= {"low68": [2.5, 1.05], "high68": [4.0, 1.2]}
    own = Energy(
        0.006, summary(2, 6), summary(1.2, 2), summary(0.2, 0.5), summary(1, 9), summary(1, 3),
        summary(10, 20), curve,
    )  # fmt: skip
    return EnergyFacts([0.1, 50.0], {"AOUP": own}, own, 0.5, p_double)


def facts(**changes: Any) -> Facts:
    """A record that is thermal beyond doubt, but for `changes`."""
    parameters = {"D": summary(1, 3), "drift": summary(0.002, 0.004), "drift_time": summary(9, 11)}
    posterior = PosteriorFacts(100, ["D"], parameters, Correlations(["D"], [[1.0]]))
    row = TrackRow("", 40_000, OwnAnalysis(dict.fromkeys(MODELS, 0.25), 0.5, 0.1, "Passive", {}))
    x = CoordinateFacts(0, 0.0, 1.0, 0.1)
    made = Facts(
        record=RecordFacts(40_000, 40_000, 0.01, 400.0, 1, {"x": x}),
        instrument="exact", trap="trapped",
        prior={"D": PriorRange(0.1, 10.0, True)}, fixed={},
        comparison=comparison(),
        posteriors=dict.fromkeys(MODELS, posterior),
        double=Double(p_negative_weight=0.9, kappa_tau_a=0.4, ratio=1.0),
        own=None, energy=energies(), drive=None, each={}, full_rate=None,
        artefacts=ArtefactFacts(), tones=Tones(1, []), circulation={},
        usual=None,
        witness=WitnessFacts(0.6, 0.4, "persistence", 0.08, 0.01, WithError(0.001, 0.0025), 64),
        bands=Bands(1, {"x": {"autocorrelation": 0.95, "displacement": 1.0, "spectrum": 0.9}}),
        pieces=Pieces("Passive", "", [], {}),
        tracks=TracksFacts(1, 0, 1, 1, 10, [row], {}),
        not_tested=[],
        settings=Settings("constant", 1, 0.05, {}, [], {}),
        versions={"activenoise": "0.0"}, seconds={"models": 1.0},
    )  # fmt: skip
    return replace(made, **changes)


_INSIDE = ("p_distinguishable", "p_prior", "part", "drift", "fit")


def shares(passive: float, viscoelastic: float, active: float, **changes: Any) -> Facts:
    """Facts with these probabilities, all activity that of AOUP; p_distinguishable, favoured and
    what else belongs to it go into the comparison."""
    inside = {name: changes.pop(name) for name in _INSIDE if name in changes}
    found = comparison(passive, viscoelastic, active, 0.0, **inside)
    return facts(comparison=found, **changes)


def table(value: float, error: float = 0.2, **changes: Any) -> Facts:
    """A table of 30 tracks, ten of them analysed by themselves; thermal if the tracks share their
    parameters and active if each has its own."""
    own = comparison(0.0, 0.0, 1.0, 0.0, p_distinguishable=0.999)
    parameters = {"D": WithError(1.0, 0.1)}
    alone = OwnAnalysis(dict.fromkeys(MODELS, 0.25), 0.5, 0.1, "Passive", parameters)
    rows = [TrackRow(f"cell-{i}", 50 - i, alone if i < 10 else None) for i in range(30)]
    tracks = TracksFacts(
        30, 4, 25, 10, 10, rows, dict.fromkeys(MODELS, WithError(value, error))
    )  # fmt: skip
    return facts(tracks=tracks, own=own, **changes)
