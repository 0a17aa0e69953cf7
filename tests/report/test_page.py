"""The page of a record: whole, by itself, and readable by a browser."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests import made as made_up

from activenoise.analysis.facts import (
    Bands,
    CoordinateFacts,
    DriveFacts,
    Facts,
    NotTested,
    Piece,
    Pieces,
    RecordFacts,
    Settings,
    ToneFacts,
    Tones,
    Trend,
    WithError,
)
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS
from activenoise.analysis.stored import FactsError, from_json, to_json
from activenoise.config.choices import Choices
from activenoise.physics.instrument import Instrument
from activenoise.physics.models import AOUP, Passive
from activenoise.report import page as page_module
from activenoise.report.page import render
from activenoise.report.phrases import number
from activenoise.report.words import in_words
from activenoise.simulation.records import simulate_records
from activenoise.simulation.tracks import simulate

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "workflow/activenoise/report/verdict.html.j2").read_text(encoding="utf-8")
VOID = {"meta", "img", "br", "hr", "input", "link"}
ADDRESS = re.compile(r"https?://|//[a-z]+\.[a-z]", re.I)
# Without the models of a sampled mechanism, which take most of the time, where none is asked for.
LINEAR = Choices(odds={"RBP": 0.0, "RTP": 0.0})


class Structure(HTMLParser):
    """Elements and attributes; text by the id of the section it is in; tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.faults: list[str] = []
        self.feed(page)
        self.faults += [tag for tag, _ in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"/{tag} at {self.getpos()}")

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.text[name] = self.text.get(name, "") + data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(
    positions: np.ndarray, dt: float, choices: Choices | None = None, **changes
) -> tuple[str, dict]:
    names = ["x", "y"][: positions.shape[1]]
    coordinates = dict(zip(names, positions.T, strict=True))
    quick = replace(EFFORTS["quick"], longest=1200)
    found = analyse({"": coordinates}, dt, "exact", quick, choices=choices)
    verdict = about(found.facts, dt) | changes
    return render(verdict, [positions], found.arrays, TEMPLATE), verdict


def about(facts: Facts, dt: float) -> dict:
    """verdict.json of these findings."""
    return {
        "track": "a_track", "file": "tracks/<a> & b.csv", "synthetic": False, "note": "made & here",
        "study": None, "unit": "um", "dt": dt, "stride": 1, "scale": 1.0, "column": None,
        "instrument": "exact", "words": in_words(facts)._asdict(),
        "findings": json.loads(json.dumps(to_json(facts))),
    }  # fmt: skip


READY = {
    "stride": 3, "n_points": 400, "pieces": 1, "trained_to": 4000, "p_active": 0.73,
    "estimates": {"D": {"mean": -2.0, "sd": 0.1}, "active_share": {"mean": -0.5, "sd": 0.2}},
    "familiar": {
        "Passive-AOUP": {"n_points": 250, "pieces": 1, "distance": 3.4, "farther": 0.42},
        "estimates": {"n_points": 250, "pieces": 1, "distance": 3.1, "farther": 0.48},
    },
    "in_range": {"kappa": True, "tau_a": True},
}  # fmt: skip
STRANGE = {
    "p_active": 0.111,
    "familiar": {
        task: {**found, "distance": 19.0, "farther": 0.0005}
        for task, found in READY["familiar"].items()
    },
    "in_range": {"kappa": False, "tau_a": True},
}


@pytest.fixture(scope="module")
def made() -> tuple[str, dict]:
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 800, 0.01, seed=1, n_tracks=2).astype(np.float64).T
    x[100:120] = np.nan
    estimate = {"value": 157.0, "standard_error": 7.0}
    along = [
        {key: value for key, value in READY.items() if key != "in_range"}
        | {"start": t, "end": t + 4}
        for t in (0.0, 4.0)
    ]
    networks = {
        "study": "granule", "stride": 50, "exact": {"p_active": 0.91, "p_rbp": 0.2},
        "network": {"p_active": 0.87},
        "fit": {"AOUP": dict.fromkeys(("kappa", "D", "D_a", "tau_a"), estimate)},
        "ready": {
            "study": "ready",
            "coordinates": {"x": {**READY, "along": along}, "y": {**READY, **STRANGE}},
        },
    }  # fmt: skip
    return page_of(x, 0.01, **networks)


@pytest.fixture(scope="module")
def structure(made) -> Structure:
    return Structure(made[0])


@pytest.mark.slow
def test_the_networks_answers_stand_beside_the_pieces(structure):
    assert "Open diamonds: ready networks" in structure.text["pieces"]


def test_the_verdict_comes_first_and_its_caveats_soon(made, structure):
    page, verdict = made
    assert verdict["words"]["sentence"] in structure.text["verdict"]
    for caveat in verdict["words"]["caveats"]:
        assert caveat in structure.text["caveats"]
    places = [
        page.index(f'id="{name}"')
        for name in ("verdict", "models", "caveats", "record", "statistics", "posterior")
    ]
    assert places == sorted(places)


def test_the_page_is_well_formed_and_by_itself(made, structure):
    page, _ = made
    assert structure.faults == []
    assert not structure.all("script")
    assert not structure.all("link")
    without_images = re.sub(r"data:image/[^\"]+", "", page)
    assert not ADDRESS.search(without_images)
    images = structure.all("img")
    # Record, histogram, three statistics of each of two coordinates, corner plot, energy, the drive
    # in each coordinate, pieces.
    assert len(images) == 13
    for image in images:
        assert image["alt"]
        kind, _, data = image["src"].partition(";base64,")
        assert kind == "data:image/svg+xml"
        drawing = base64.b64decode(data).decode()
        assert not re.search(r"(href|src)=\"(?!#)", drawing)
        assert "url(http" not in drawing


def test_it_has_what_telephones_and_printers_need(made, structure):
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in structure.all(
        "meta"
    )
    assert "@media print" in made[0]
    assert structure.all("html")[0]["lang"] == "en"


def test_every_number_that_matters_is_there(made, structure):
    _, verdict = made
    facts = from_json(verdict["findings"])
    for name in ("Passive", "Viscoelastic", "AOUP", "RBP"):
        assert name in structure.text["models"]
    for row in facts.favoured.parameters.values():
        for end in ("median", "low68", "high68", "low95", "high95"):
            assert number(getattr(row, end)) in structure.text["posterior"]
    assert "20 missing" in structure.text["record"]
    assert "91.0\u202f%" in structure.text["networks"]
    assert "87\u202f%" in structure.text["networks"]
    assert facts.versions["numba"] in structure.text["settings"]


def test_the_head_has_the_sentence_three_numbers_and_the_grid(made, structure):
    """What was found comes first, what it rests on next, and the rest folds."""
    page, verdict = made
    facts = from_json(verdict["findings"])
    places = [page.index(f'id="{name}"') for name in ("verdict", "numbers", "grid", "caveats")]
    assert places == sorted(places)
    D = facts.favoured.parameters["D"]
    assert f"{number(D.low95, 2)} to {number(D.high95, 2)}" in structure.text["numbers"]
    part = re.search(
        r"(at most )?[\d.]+\u202f%( to [\d.]+\u202f%)?",
        verdict["words"]["sentence"].split("makes ")[1],
    )
    assert part[0] in structure.text["numbers"]
    for name in ("statistics", "posterior", "settings"):
        assert f'<section id="{name}">\n<details class="part"' in page


def test_what_the_drive_costs_stands_in_a_folded_section(made, structure):
    page, verdict = made
    facts = from_json(verdict["findings"])
    driven = facts.energy.driven
    for row in (driven.dissipation, driven.temperature, driven.force, driven.stiffness):
        for end in ("median", "low68", "high68", "low95", "high95"):
            assert number(getattr(row, end)) in structure.text["energy"]
    for name in facts.energy.models:
        assert f"{name}, probability" in structure.text["energy"]
    assert "lower bound" in structure.text["energy"]
    assert "With a temperature" in structure.text["energy"]
    assert f"under {facts.drive.model}" in structure.text["drive"]
    for power in facts.drive.mean_power.values():
        assert number(power) in structure.text["drive"]
    assert page.index('id="posterior"') < page.index('id="energy"') < page.index('id="drive"')


@pytest.mark.parametrize(
    ("model", "sampled", "said"),
    [
        ("RTP", True, "signs of its direction are sampled"),
        ("RBP", False, "best linear estimate"),
    ],
)
@pytest.mark.slow
def test_a_propulsion_that_is_not_normal_says_how_it_was_found(model, sampled, said):
    facts = made_up.shares(0.0, 0.02, 0.98)
    power = dict.fromkeys(facts.record.coordinates, 1.0)
    facts = replace(facts, drive=DriveFacts(model, "", 8, sampled, power))
    assert said in page_of_facts(facts).text["drive"]


@pytest.mark.slow
def test_the_number_of_the_active_part_says_of_what_it_is():
    limit = page_of_facts(made_up.facts()).text["numbers"]
    assert "active part of the mean square displacement over 0.8 s" in limit
    sure = made_up.shares(0.0, 0.002, 0.998, p_distinguishable=0.997)
    assert "active part of the variance" in page_of_facts(sure).text["numbers"]


@pytest.mark.slow
def test_energies_that_are_void_say_so():
    double = made_up.shares(0.0, 0.02, 0.98, p_distinguishable=0.5, energy=made_up.energies(0.8))
    text = page_of_facts(double).text["energy"]
    assert "Void: A medium at equilibrium, which dissipates nothing" in text
    fine = made_up.shares(0.0, 0.002, 0.998, p_distinguishable=0.997)
    assert "Void:" not in page_of_facts(fine).text["energy"]


def test_ready_networks_answer_where_they_know_the_record(structure):
    text = structure.text["ready"]
    assert "x, every 3rd point (400 points)" in text
    assert "73\u202f%" in text
    assert number(np.exp(-2.0)) in text
    assert "42\u202f%" in text
    # The other coordinate is like nothing that they were trained on: no probability of it.
    assert "outside of what the networks were trained on" in text
    assert "11" not in text.replace("less than 0.1", "")
    assert "κ of the record" in text
    assert text.count("active share") == 1


@pytest.mark.slow
def test_a_study_that_does_not_know_the_record_gives_no_probability():
    x = simulate(AOUP(5.0, 0.1, 2.0, 0.15), 400, 0.01, seed=1, n_tracks=1).astype(np.float64).T
    row = {"value": 1.0, "standard_error": 0.1}
    page, _ = page_of(
        x, 0.01, LINEAR, study="granule", stride=50, exact={"p_active": 0.91},
        network={"p_active": 0.87, "familiar": STRANGE["familiar"]},
        fit={"AOUP": dict.fromkeys(("kappa", "D", "D_a", "tau_a"), row)}, ready_missing=True,
    )  # fmt: skip
    structure = Structure(page)
    assert "outside" in structure.text["networks"]
    assert "less than 0.1\u202f% for the question of activity" in structure.text["networks"]
    assert "which assumes ideal positions" in structure.text["networks"]
    assert "87" not in structure.text["networks"]
    assert "None were asked" in structure.text["ready"]


def test_what_the_user_wrote_is_escaped(made, structure):
    assert "tracks/<a> & b.csv" not in made[0]
    assert "tracks/&lt;a&gt; &amp; b.csv: made &amp; here" in made[0]


@pytest.mark.slow
def test_a_record_that_nothing_fits_shows_no_probability():
    rng = np.random.default_rng(2)
    jumps = np.cumsum(rng.standard_cauchy(1200) * 0.01)
    page, verdict = page_of((jumps + 0.01 * rng.standard_normal(1200))[:, None], 0.01, LINEAR)
    structure = Structure(page)
    assert verdict["words"]["reading"] == "no model"
    assert structure.faults == []
    assert "No model here describes this record" in structure.text["verdict"]
    assert "%" not in structure.text["verdict"] + structure.text["models"]
    assert "networks" not in structure.text


@pytest.mark.slow
def test_a_free_tracers_page_speaks_of_no_trap():
    instrument = Instrument(baseline="constant")
    x = simulate_records(AOUP(0.0, 0.1, 2.0, 0.15), instrument, 1200, 0.01, seed=1)
    given = {"noise": (0.0, 0.01, False), "D": (0.1, 0.1, False)}
    page, _ = page_of(x[:, None], 0.01, replace(LINEAR, trap="free", priors=given))
    structure = Structure(page)
    assert structure.faults == []
    said = " ".join(structure.text.values())
    for word in ("C(t)", "in the trap", "κτ", "Autocorrelation"):
        assert word not in said
    assert "none: free" in structure.text["record"]
    assert "without a trap" in structure.text["models"]
    assert "Power spectrum of the increments" in structure.text["statistics"]
    assert "given by you" in structure.text["posterior"]
    assert "Fixed by you: D 0.1" in structure.text["settings"]
    # Record, steps, two statistics, corner plot, energy, the drive, pieces.
    assert len(structure.all("img")) == 8


@pytest.mark.slow
def test_a_record_of_which_all_is_known():
    """No corner plot then, and no row of a parameter."""
    instrument = Instrument(baseline="constant")
    x = simulate_records(Passive(0.0, 0.1), instrument, 1200, 0.01, seed=3)
    given = Choices(
        trap="free", priors={"D": (0.1, 0.1, False)},
        odds={"Viscoelastic": 0, "AOUP": 0, "RBP": 0, "RTP": 0},
    )  # fmt: skip
    page, verdict = page_of(x[:, None], 0.01, given)
    structure = Structure(page)
    assert structure.faults == []
    assert verdict["findings"]["posteriors"]["Passive"]["parameters"] == {}
    # Record, steps, two statistics; energy and drive of the driven models in a medium.
    assert len(structure.all("img")) == 6


@pytest.mark.slow
def test_the_page_of_a_table_has_a_row_for_each_track():
    rng = np.random.default_rng(0)
    instrument = Instrument(noise=0.02, baseline="constant")
    tracks = {
        f"cell-{i}": simulate_records(Passive(0.0, 0.3), instrument, n, 0.02, i, n_records=2).T
        + rng.uniform(0, 50, 2)
        for i, n in enumerate([40, 30, 20] + [4, 5] * 15)
    }
    named = {name: dict(zip("xy", x.T, strict=True)) for name, x in tracks.items()}
    found = analyse(named, 0.02, "camera", "quick", 1, replace(LINEAR, trap="free"), left_out=1)
    verdict = about(found.facts, 0.02)
    page = render(verdict, list(tracks.values()), found.arrays, TEMPLATE)
    structure = Structure(page)
    assert structure.faults == []
    assert "33 tracks, taken together" in structure.text["verdict"]
    for name in ("cell-0", "cell-1", "cell-2"):
        assert name in structure.text["tracks"]
    assert "cell-3" not in structure.text["tracks"]
    assert "Log Bayes factor" in structure.text["tracks"]
    assert "RBP 0" in structure.text["settings"]
    # Each track, the tracks, steps, two statistics of two coordinates, corner plot, energy, the
    # drive in each coordinate of the longest track.
    assert len(structure.all("img")) == 11


def page_of_facts(facts: Facts, **changes) -> Structure:
    """The page of made-up facts, with figures of a made-up record and without bands."""
    rng = np.random.default_rng(0)
    names = list(facts.record.coordinates)
    tracks = [rng.standard_normal((50, len(names))) for _ in range(2 if facts.several else 1)]
    arrays = {f"posterior/{name}/D": rng.random(100) + 1 for name in facts.posteriors}
    if facts.drive is not None:
        along = [f"drive/{name}/{key}" for name in names for key in ("mean", "sd", "power")]
        arrays |= {key: rng.random(50) for key in along}
    return Structure(render(about(facts, 0.01) | changes, tracks, arrays, TEMPLATE))


PIECE = Piece(0.0, 6.0, 100.0, {"D": made_up.summary(1, 2)})
OWN = made_up.comparison(0.0, 0.0, 1.0, 0.0, p_distinguishable=0.999)
CASES = {
    "thermal": made_up.facts(),
    "drift": made_up.shares(
        0.01, 0.0, 0.05, drift=0.94, instrument="camera"
    ),
    "no model": made_up.shares(
        0.0, 0.0, 1.0, fit={"x": made_up.innovations(p_slow=1e-9, positions=WithError(0.3, 0.1))}
    ),
    "thinned": made_up.facts(
        full_rate=made_up.comparison(fit={"x": made_up.innovations(autocorrelation=[0.3])}),
        tones=Tones(1, [ToneFacts("", "x", 50.0, 0.1, 0.1, 0.2)]), bands=Bands(2, {}),
    ),
    "two coordinates": made_up.facts(
        each={"x": made_up.comparison(), "y": made_up.comparison()},
        record=RecordFacts(
            50, 50, 0.01, 0.5, 1, dict.fromkeys("xy", CoordinateFacts(0, 0.0, 1.0, 0.1))
        ),
        circulation={"x, y": "too short"},
    ),
    "agreeing tracks": made_up.table(-20.0),
    "tracks that differ": made_up.table(35.0),
    "free": made_up.facts(trap="free", fixed={"D": 0.1, "corner": "off", "noise": 0.0}),
    "user's priors": made_up.facts(
        settings=Settings("linear", 1, None, {"RBP": 0.0}, ["D"], {})
    ),
    "pieces": made_up.facts(pieces=Pieces("AOUP", "", [PIECE, PIECE], {"D": Trend(9.0, 1e-4)})),
    "not tested": made_up.facts(
        witness=None,
        not_tested=[NotTested("tones", "short"), NotTested("drift", "exact")]
    ),
}  # fmt: skip


@pytest.fixture
def draw_once(monkeypatch):
    """Figures without answers of networks are drawn for the first of several pages of a record."""
    draw, drawn = page_module._figures, {}

    def figures(facts, tracks, arrays, unit, along):
        assert not any(along.values())
        if not drawn:
            drawn.update(draw(facts, tracks, arrays, unit, along))
        return drawn

    monkeypatch.setattr(page_module, "_figures", figures)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_every_branch_of_the_template_can_be_rendered(name, draw_once):
    """A misspelt fact would be an undefined name, which is an error."""
    row = {"value": 1.0, "standard_error": 0.1}
    study = {
        "study": "granule", "exact": {"p_active": 0.9, "p_rbp": 0.2}, "parameters": {"noise": 1.0},
        "network": {"p_active": 0.8}, "fit": {"AOUP": dict.fromkeys(("kappa", "D"), row)},
        "ready": {"study": "ready", "coordinates": {"x": READY, "y": {**READY, **STRANGE}}},
    }  # fmt: skip
    for changes in ({}, study, {"ready_missing": True, "synthetic": True, "column": "2"}):
        structure = page_of_facts(CASES[name], **changes)
        assert structure.faults == []
    reading = in_words(CASES[name]).reading
    assert ("%" in structure.text["models"]) == (reading != "no model")


def test_the_cells_of_the_grid_add_up():
    text = page_of_facts(CASES["drift"]).text["models"]
    assert "slow instrument" in text
    assert "not found" not in text
    together = text.split("together")[1].split("log evidence")[0]
    chances = [float(p) for p in re.findall(r"(\d[\d.]*)\u202f%", together)]
    assert chances == [95.0, 5.0]


def test_a_model_whose_evidence_was_not_found_is_not_counted():
    facts = made_up.facts()
    collapsed = replace(facts.comparison.models["RBP"], counted=False, effective=1.0)
    models = {**facts.comparison.models, "RBP": collapsed}
    facts = replace(facts, comparison=replace(facts.comparison, models=models))
    text = page_of_facts(facts).text["models"]
    assert "not found" in text
    assert "not counted" in text


@pytest.mark.slow
def test_an_rbp_that_was_not_computed_is_a_dash_with_its_reason():
    facts = made_up.facts()
    assert "Where – stands" not in page_of_facts(facts).text["models"]
    models = {n: m for n, m in facts.comparison.models.items() if n != "ViscoelasticRBP"}
    facts = replace(facts, comparison=replace(facts.comparison, models=models))
    assert "Where – stands" in page_of_facts(facts).text["models"]


def test_a_posterior_of_a_single_draw_has_no_corner_plot():
    """Where importance sampling has collapsed, no parameter varies and there are no draws."""
    facts = made_up.facts()
    collapsed = replace(facts.favoured, parameters={}, unknown=["kappa", "D"])
    facts = replace(facts, posteriors={**facts.posteriors, "Passive": collapsed})
    structure = Structure(render(about(facts, 0.01), [np.arange(50.0)[:, None]], {}, TEMPLATE))
    assert structure.faults == []
    assert len(structure.all("img")) == 3  # the record, its histogram and the effective energy


def test_a_verdict_of_another_version_says_so():
    verdict = about(made_up.facts(), 0.01)
    verdict["findings"]["record"]["n_pionts"] = verdict["findings"]["record"].pop("n_points")
    with pytest.raises(FactsError, match=r"a_track/verdict.json: made by activenoise 0.0; run"):
        render(verdict, [np.zeros((5, 1))], {}, TEMPLATE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (157.0, "157"), (0.0063, "0.0063"), (1.28e-5, "1.28 × 10⁻⁵"), (-3e-7, "−3 × 10⁻⁷"),
        (0.0, "0"), (2.5e7, "2.5 × 10⁷"), (7936.5, "7940"),
    ],
)  # fmt: skip
def test_numbers_for_people(value, text):
    assert number(value) == text


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@pytest.mark.skipif(BROWSER is None, reason="no chromium on the path to open the page in")
@pytest.mark.slow
def test_a_browser_shows_the_verdict(made, tmp_path):
    page, verdict = made
    (tmp_path / "verdict.html").write_text(page, encoding="utf-8")
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    run = subprocess.run(
        [
            str(BROWSER), "--headless", *sandbox, "--disable-gpu", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom", (tmp_path / "verdict.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-500:]
    shown = Structure(run.stdout)
    assert verdict["words"]["sentence"] in shown.text["verdict"]
    assert len(shown.all("img")) == 13
