"""The run times of the rules, from Snakemake's benchmark files."""

from __future__ import annotations

import pytest

from activenoise.report import times


@pytest.fixture
def folder(tmp_path):
    for name, seconds, mb in (
        ("mechanism_2/simulate-test-AOUP-0", 2, "100"),
        ("mechanism_10/simulate-test-AOUP-0", 3, "300"),
        ("mechanism_10/AOUP-RBP/optimum", 60, "200"),
        ("tracks/bead/exact", 7, "-"),
        ("figures/times", 999, "1"),
    ):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\n{seconds}\t{mb}\n")
    return tmp_path


PARTS = ["mechanism_2", "mechanism_10", "tracks"]


def test_studies_that_differ_in_a_number_are_one_group():
    assert times.groups(PARTS) == {
        "mechanism_2": "mechanism", "mechanism_10": "mechanism", "tracks": "tracks",
    }  # fmt: skip


def test_jobs_are_named_by_their_rule_and_other_parts_are_left_out(folder):
    jobs = times.jobs(folder, PARTS)
    assert sorted(zip(jobs["rule"], jobs["part"], jobs["seconds"], strict=True)) == [
        ("exact_record", "tracks", 7), ("optimum", "mechanism", 60),
        ("simulate", "mechanism", 2), ("simulate", "mechanism", 3),
    ]  # fmt: skip


def test_totals_keep_all_time_with_the_longest_rule_first(folder):
    jobs = times.jobs(folder, PARTS)
    table = times.totals(jobs).set_index("rule")
    assert list(table.index) == ["optimum", "exact_record", "simulate"]
    assert table["seconds"].sum() == jobs["seconds"].sum() == 72
    assert table.loc["simulate"].tolist() == [2, 5, 3, 300]
