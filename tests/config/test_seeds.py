"""Seeds by name under one root seed."""

from __future__ import annotations

from pathlib import Path

import yaml

from activenoise.config.seeds import ROOT_SEED, derive_seed, record_seed

CONFIG = Path(__file__).parents[2] / "config/config.yaml"


def test_seeds_are_derived_by_name():
    seeds = {
        derive_seed(root, *names)
        for root in (1, 2)
        for names in (("a", "b"), ("b", "a"), ("ab",), ("a", "b", "train"))
    }
    assert len(seeds) == 8
    assert all(0 <= seed < 2**64 for seed in seeds)
    assert derive_seed(1, "a", "b") == derive_seed(1, "a", "b")


def test_a_record_has_one_seed_with_and_without_the_workflow():
    assert yaml.safe_load(CONFIG.read_text())["seed"] == ROOT_SEED
    assert record_seed(1, "a") != record_seed(1, "b") != record_seed(2, "b")
    assert 0 <= record_seed(1, "a") < 2**31
