"""Results that were copied are taken where their config is the same, and refused otherwise."""

from __future__ import annotations

import copy
import shutil

import pytest

from activenoise.config.origin import OriginError, check_origin, note_origin

SETTINGS = {
    "results": "results",
    "seed": 1,
    "studies": {
        "a": {"durations": [1, 5], "pairs": {"P": {"lstm": {"units": 8}}}},
        "b": {"durations": [1]},
    },
    "records": {"bead": {"stride": 4}},
}


@pytest.fixture
def folders(tmp_path):
    """A folder of results that another Snakemake made, and a Snakemake's own that knows none."""
    for name in ("theirs", "ours"):
        (tmp_path / name).mkdir()
    note_origin(tmp_path / "made", tmp_path / "theirs", SETTINGS)
    shutil.copytree(tmp_path / "made", tmp_path / "results")
    return tmp_path / "results", tmp_path / "ours"


def edited(edit):
    settings = copy.deepcopy(SETTINGS)
    edit(settings)
    return settings


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: s.update(seed=2), "seed was 1 and is 2"),
        (
            lambda s: s["studies"]["a"].update(durations=[1, 7]),
            r"studies.a.durations was \[1, 5\] and is \[1, 7\]",
        ),
        (lambda s: s["studies"]["a"]["pairs"].clear(), "studies.a.pairs.P was"),
        (lambda s: s["studies"]["b"].update(nodes=3), "studies.b.nodes was not set and is 3"),
        (lambda s: s["records"]["bead"].update(stride=2), "records.bead.stride was 4 and is 2"),
    ],
)
def test_copied_results_of_another_config_are_refused(folders, edit, said):
    with pytest.raises(OriginError, match=said) as error:
        check_origin(*folders, edited(edit))
    assert "\n" not in str(error.value)
    # The Snakemake that made them keeps count itself.
    check_origin(folders[0], folders[1].with_name("theirs"), edited(edit))


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: None,
        lambda s: s.update(results="elsewhere"),
        lambda s: s["studies"].pop("b"),
        lambda s: s["studies"].update(c={"durations": [2]}),
        lambda s: s["studies"]["a"]["pairs"]["P"].update(new={"units": 4}),
    ],
)
def test_copied_results_are_taken_where_nothing_in_them_has_changed(folders, edit):
    check_origin(*folders, edited(edit))


def test_results_that_were_taken_are_kept_count_of(folders):
    changed = edited(lambda s: s.update(seed=2))
    note_origin(*folders, SETTINGS)
    check_origin(*folders, changed)
    note_origin(*folders, changed)
    with pytest.raises(OriginError, match="seed was 2 and is 1"):
        check_origin(folders[0], folders[1].with_name("none"), SETTINGS)


def test_results_of_which_nothing_is_said_are_taken(tmp_path):
    check_origin(tmp_path, tmp_path, SETTINGS)
    (tmp_path / "origin.json").write_text("{")
    check_origin(tmp_path, tmp_path, SETTINGS)
    note_origin(tmp_path, tmp_path, SETTINGS)
    check_origin(tmp_path, tmp_path / "none", SETTINGS)
