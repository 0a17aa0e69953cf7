"""What follows from the config and the sheet: files, networks, durations and seeds."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from activenoise.config.figures import Figure, as_in_paper
from activenoise.config.plan import Plan, one_of, parse_name, task_models
from activenoise.config.schema import load_schema, resolve
from activenoise.reading.sheet import read_sheet

ROOT = Path(__file__).parents[2]


def line(track, **given):
    usual = {"file": None, "unit": None, "study": None, "dt": 1.28e-5, "stride": 16}
    return SimpleNamespace(track=track, **usual | given)


@pytest.fixture
def config():
    given = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return resolve(given, load_schema(ROOT / "workflow/schemas/config.schema.yaml"))


@pytest.fixture
def plan(config):
    rows = [
        line("bead", file=Path("bead.csv"), unit="um", study="bead"),
        line("twin", stride=50, study="granule"),
    ]
    return Plan(config, {row.track: row for row in rows})


def test_a_constraint_matches_its_names_alone():
    assert re.fullmatch(one_of(["a", "b"]), "b")
    assert not re.fullmatch(one_of([]), "")


def test_a_name_of_a_training_says_its_network_and_points():
    assert parse_name("lstm") == ("lstm", None)
    assert parse_name("feedforward-500") == ("feedforward", 500)
    assert parse_name("feedforward-500-seed2") == ("feedforward", 500)
    assert parse_name("lstm-seed3") == ("lstm", None)


def test_every_name_of_a_training_leads_back_to_its_network(plan):
    for study in plan.studies:
        for task in plan.tasks(study):
            for network in plan.networks(study, task):
                for name in plan.network_names(study, task, network):
                    assert parse_name(name)[0] == network
                    assert plan.training_settings(study, task, name)["stages"][0]["points"] >= 2


def test_trainings_have_different_files_and_seeds(plan):
    names = [
        (study, task, name)
        for study in plan.studies
        for task in plan.tasks(study)
        for network in plan.networks(study, task)
        for name in plan.network_names(study, task, network)
    ]
    assert len(names) > 20
    assert len({plan.network_seed(*name) for name in names}) == len(names)
    assert all(0 <= plan.network_seed(*name) < 2**31 for name in names)


def test_a_feedforward_network_has_a_training_a_duration_up_to_its_longest(plan):
    points = plan.scored_points("benchmark", "Passive-AOUP", "feedforward")
    assert points[0] == 100
    assert points[-1] == 10_000
    names = plan.network_names("benchmark", "Passive-AOUP", "feedforward")
    assert names == [f"feedforward-{n}" for n in points]
    settings = plan.network_settings("benchmark", "Passive-AOUP", "feedforward-2500")
    assert settings["points"] == 2500
    assert not {"training", "aside", "seeds", "longest"} & set(settings)


def test_an_lstm_trains_on_tracks_of_its_longest_stage(plan):
    assert plan.training_points("benchmark", "Passive-AOUP", "lstm") == 10_000
    described = plan.domain_points("benchmark", "Passive-AOUP", "lstm")
    assert described == [n for n in plan.points("benchmark") if n <= 10_000]


def test_training_tracks_have_their_length_in_the_name_and_test_tracks_have_none(plan):
    train = plan.task_shards("benchmark", "Passive-AOUP", "train", 1, "lstm-seed2")
    assert train == [f"results/benchmark/tracks/train/AOUP-10000-{k}.h5" for k in (0, 1)]
    test = plan.task_shards("benchmark", "Passive-AOUP", "test", 0)
    assert test == [f"results/benchmark/tracks/test/Passive-{k}.h5" for k in (0, 1)]
    assert plan.task_shards("granule", "estimates", "test", 1) == []


def test_a_pair_has_two_models_and_estimates_have_aoup():
    assert task_models("AOUP-RBP") == ["AOUP", "RBP"]
    assert task_models("estimates") == ["AOUP"]


def test_seeds_differ_by_name_and_by_the_root_seed(plan, config):
    other = Plan(config | {"seed": config["seed"] + 1}, {})
    assert plan.seed("a", "b") == plan.seed("a", "b")
    seeds = {plan.seed("a", "b"), plan.seed("a"), plan.seed("b", "a"), other.seed("a", "b")}
    assert len(seeds) == 4


def test_the_optimum_is_the_first_answer_of_a_pair(plan):
    sources = plan.score_sources("mechanism_2")
    assert sources["AOUP-RBP"] == {"optimum": "results/mechanism_2/AOUP-RBP/optimum.h5"}
    assert list(plan.estimate_sources("granule")) == ["bayes", "lstm"]
    assert "results/mechanism/scores.csv" in plan.tables("scores")
    assert plan.tables("estimates", "mechanism") == []


def test_mechanism_studies_are_in_the_order_of_their_strength(plan):
    for pair in ("AOUP-RBP", "AOUP-RTP", "RBP-RTP"):
        ratios = [ratio for _, other, ratio, _ in plan.mechanism_studies() if other == pair]
        assert ratios == [2, 5, 10, 20, 40, 80]
    assert plan.mechanism_studies()[0] == ("mechanism_2", "AOUP-RBP", 2, None)


def test_the_figures_of_the_paper_fall_to_other_studies_of_a_smaller_config(plan, config):
    assert (plan.example_study, plan.answer_study, plan.estimate_study) == (
        "benchmark", "granule", "granule",
    )  # fmt: skip
    studies = {name: config["studies"][name] for name in ("bead", "mechanism")}
    few = Plan(config | {"studies": studies}, {})
    assert (few.example_study, few.answer_study, few.estimate_study) == ("bead",) * 3
    none = Plan(config | {"studies": {"mechanism_2": config["studies"]["mechanism_2"]}}, {})
    assert (none.example_study, none.answer_study, none.estimate_study) == (None,) * 3


def test_the_papers_record_is_the_synthetic_one(plan, config):
    assert plan.paper_record == "twin"
    assert plan.record_about("twin")["synthetic"]
    assert plan.record_about("bead")["interval"] == pytest.approx(16 * 1.28e-5)
    assert Plan(config, {}).paper_record is None
    # Without a study it has neither a fit nor networks to stand beside the paper's.
    assert Plan(config, {"twin": line("twin")}).twin_files("verdict.json") == []


def test_networks_beside_the_figure_make_a_comparison(plan):
    assert plan.is_comparison("benchmark", "Passive-AOUP")
    assert "lstm_paper" not in plan.shown_methods("benchmark", "Passive-AOUP")
    assert not plan.is_comparison("bead", "Passive-AOUP")


def test_the_ready_networks_are_those_of_the_ready_study(config):
    assert Plan(config, {}).ready_networks() == {
        task: f"results/ready/{task}/lstm.keras" for task in ("Passive-AOUP", "estimates")
    }
    assert Plan(config | {"ready": None}, {}).ready_networks() == {}


def test_what_the_ready_networks_follow_from_changes_with_study_and_seed(config):
    """Not with durations or test tracks, which no training sees."""
    found = Plan(config, {}).ready_settings()
    assert set(found["networks"]) == set(Plan(config, {}).ready_networks())
    assert json.loads(json.dumps(found)) == found
    for keys, same in [
        (("seed",), False),
        (("studies", "ready", "parameters", "noise"), False),
        (("studies", "ready", "tracks", "train"), False),
        (("studies", "ready", "pairs", "Passive-AOUP", "lstm", "training", "batch"), False),
        (("studies", "ready", "estimates", "targets"), False),
        (("studies", "ready", "tracks", "test"), True),
        (("studies", "ready", "durations"), True),
    ]:
        other = copy.deepcopy(config)
        place = other
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = [64] if keys[-1] == "durations" else 2
        if keys[-1] == "targets":
            place["targets"] = ["D"]
        assert (Plan(other, {}).ready_settings() == found) is same, keys


@pytest.fixture
def shipped(config):
    """The plan of the shipped sheet, and of a record of it without a study."""
    rows = {row.track: row for row in read_sheet(ROOT / "data/tracks.tsv")}
    rows["alone"] = replace(rows["trapped_bead"], track="alone", study=None)
    return Plan(config, rows)


def test_a_record_without_a_study_needs_no_networks_and_no_fit(shipped):
    assert set(shipped.verdict_sources("alone")) == {"findings", "record", "ready"}
    assert set(shipped.verdict_sources("trapped_bead")) == {
        "findings", "record", "ready", "fit", "exact", "network",
    }  # fmt: skip
    assert shipped.record_networks("alone") == {}
    assert shipped.study_options("alone") == {}
    assert "parameters" not in shipped.verdict_about("alone")
    assert "kappa" in shipped.verdict_about("trapped_bead")["parameters"]


def test_a_synthetic_record_is_simulated_and_stands_for_the_papers(shipped):
    assert shipped.record_file("paper_twin") == "results/tracks/paper_twin/synthetic.h5"
    assert shipped.record_file("trapped_bead").endswith(".npz")
    assert shipped.twin_files("verdict.json") == ["results/tracks/paper_twin/verdict.json"]
    assert shipped.study_options("paper_twin") == {"stride": 50, "min_points": 800}


def test_a_record_is_answered_by_one_lstm_a_task(plan):
    assert plan.record_networks("bead") == {
        task: f"results/bead/{task}/lstm.keras"
        for task in ("Passive-AOUP", "AOUP-RBP", "estimates")
    }


def test_threads_grow_with_the_cores_and_need_none(plan):
    assert [plan.exact_threads(cores) for cores in (None, 2, 12, 64)] == [1, 1, 2, 10]
    assert [plan.record_threads(cores) for cores in (None, 2, 4, 64)] == [1, 1, 2, 2]


def test_a_figure_asks_for_late_inputs_when_it_is_planned():
    figure = Figure("setup", "Figures", {}, {"a": "a.h5", "b": lambda: ["b.h5"]}, {})
    assert figure.planned("inputs") == {"a": "a.h5", "b": ["b.h5"]}
    assert figure.planned("about") == {}


def test_a_figure_of_the_paper_is_not_drawn_twice():
    drawn = Figure("estimates", "Scores", {"study": "granule"}, {}, {}, by="record_figure")
    paper = {"figure4": ("granule/estimates", "4: estimates"), "figure5": ("none", "5")}
    table = as_in_paper({"granule/estimates": drawn}, paper, "Paper")
    assert {name: figure.wanted for name, figure in table.items()} == {
        "granule/estimates": False,
        "figure4": True,
    }
    # A figure of a record is drawn below tracks/, and one of the paper below figures/.
    assert table["figure4"].by == "figure"
    assert table["figure4"].labels == {"figure": "4: estimates"}


def test_examples_are_the_first_of_each_kind(plan):
    assert plan.examples(["bead", "twin"]) == ["twin", "bead"]
    assert plan.examples(["bead"]) == ["bead"]


def test_a_slow_trap_is_slower_than_the_propulsion(plan):
    assert plan.slow_trap("benchmark")
    assert not plan.slow_trap("granule")
