"""Experiments of conditions: what is a cell, and one line for what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest

from activenoise.reading.conditions import experiment
from activenoise.reading.errors import RecordError
from activenoise.reading.options import ReadOptions

UM = ReadOptions(dt=0.01, unit="um")


def write_walk(path, dt=0.01, unit=""):
    walk = np.random.default_rng(1).normal(size=(120, 2)).cumsum(axis=0)
    rows = np.column_stack([dt * np.arange(120), walk])
    header = f"t,x{unit},y{unit}"
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.6f")


def cells(made):
    return {name: list(found) for name, found in made.conditions.items()}


@pytest.fixture
def folders(tmp_path):
    for condition, names in (("control", "ab"), ("drug", "cd")):
        for name in names:
            (tmp_path / condition).mkdir(exist_ok=True)
            write_walk(tmp_path / condition / f"{name}.csv")
    return tmp_path


def test_a_file_is_a_cell(folders):
    made = experiment([folders / "control", folders / "drug"], UM)
    assert cells(made) == {"control": ["a", "b"], "drug": ["c", "d"]}
    assert made.cells_are == "A cell is a file."
    assert made.lines()[0] == "control: 2 cells (a, b), 2 tracks"
    by_pattern = experiment([f"{folders}/control/*.csv", f"{folders}/drug/*.csv"], UM)
    by_files = experiment(sorted(folders.glob("*/*.csv")), UM)
    assert cells(by_pattern) == cells(by_files) == cells(made)


def test_sub_folders_are_cells(tmp_path):
    for condition in ("control", "drug"):
        for cell in ("one", "two"):
            (tmp_path / condition / cell).mkdir(parents=True)
            for name in ("a.csv", "b.csv"):
                write_walk(tmp_path / condition / cell / name)
    made = experiment([tmp_path / "control", tmp_path / "drug"], UM)
    assert cells(made) == {"control": ["one", "two"], "drug": ["one", "two"]}
    assert len(made.conditions["drug"]["two"]) == 2
    assert made.cells_are == "A cell is a sub-folder."
    write_walk(tmp_path / "drug" / "c.csv")
    with pytest.raises(RecordError, match="beside sub-folders"):
        experiment([tmp_path / "control", tmp_path / "drug"], UM)


def table(**more):
    """Two conditions of two cells with two tracks of 100 points each, whose names come again."""
    rng = np.random.default_rng(0)
    places = np.indices((2, 2, 2, 100)).reshape(4, -1)
    columns = dict(zip(("condition", "cell", "track", "frame"), places, strict=True))
    columns["condition"] = np.array(["ctrl", "drug"])[columns["condition"]]
    steps = rng.normal(size=(2, 800)).cumsum(axis=1)
    return columns | {"x": steps[0], "y": steps[1]} | more


def test_one_table_has_columns_of_condition_and_cell(tmp_path):
    made = experiment([table()], UM)
    assert cells(made) == {"ctrl": ["0", "1"], "drug": ["0", "1"]}
    assert [len(some[0].tracks) for some in made.conditions["drug"].values()] == [2, 2]
    path, columns = tmp_path / "all.csv", table()
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]))
    assert cells(experiment([path], UM)) == cells(made)
    write_walk(path)
    with pytest.raises(RecordError, match="no column condition; one table needs"):
        experiment([path], UM)


def test_what_cannot_be_compared_is_one_line(folders):
    def fails(match, sources=("control", "drug"), options=UM):
        with pytest.raises(RecordError, match=match) as caught:
            experiment([folders / name for name in sources], options)
        assert "\n" not in str(caught.value)

    fails("one condition only", ["control"])
    fails("no file has such a name", ["control", "*.none"])
    (folders / "empty").mkdir()
    fails("holds no file of tracks", ["control", "empty"])
    fails("none of its files can be used", options=ReadOptions(dt=0.01))
    write_walk(folders / "drug" / "timed.csv", dt=0.02)
    fails("timed.csv: its interval is 0.02 s", options=ReadOptions(unit="um"))
    for condition, unit in (("nano", " (nm)"), ("micro", " (um)")):
        (folders / condition).mkdir()
        write_walk(folders / condition / "a.csv", unit=unit)
    fails("its unit is um, that of .* nm", ["nano", "micro"], ReadOptions())


def test_files_that_cannot_be_read_are_named_and_the_others_go_on(folders):
    (folders / "drug" / "broken.csv").write_text("x,y\n1,2\n")
    made = experiment([folders / "control", folders / "drug"], UM)
    assert cells(made)["drug"] == ["c", "d"]
    assert len(made.faults) == 1
    assert "broken.csv" in made.faults[0]
    for name in "cd":
        (folders / "drug" / f"{name}.csv").write_text("")
    with pytest.raises(RecordError, match="condition drug: none of its files can be used"):
        experiment([folders / "control", folders / "drug"], UM)
