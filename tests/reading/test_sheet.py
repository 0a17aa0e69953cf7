"""The sheet of tracks: rows with their defaults, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mistakes.sheet import HEADER, LINE, WITH_BATH, WITH_INSTRUMENT
from tests.reading.layouts import write

from activenoise.config.plan import Plan
from activenoise.config.schema import ConfigError, check_sheet, load_schema, resolve
from activenoise.reading.errors import RecordError
from activenoise.reading.sheet import SHEET_COLUMNS, SheetRow, read_sheet

ROOT = Path(__file__).parents[2]


def test_the_shipped_sheet():
    rows = read_sheet(ROOT / "data" / "tracks.tsv")
    assert [row.track for row in rows] == ["trapped_bead", "paper_twin"]
    assert rows[1].file is None
    assert "synthetic" in rows[1].note
    assert [row.instrument for row in rows] == ["detector", "exact"]


def test_sheet_defaults_comments_and_short_lines(tmp_path):
    text = "# my tracks\n" + HEADER + "\n" + LINE + "# not this\nb\t\t1e-5\tum\t\t2\t3\tbench\n"
    first, second = read_sheet(write(tmp_path / "t.tsv", text))
    assert (first.column, first.scale, first.stride, first.dt) == (None, None, 1, 0.01)
    assert (second.scale, second.stride, second.file, second.note) == (2.0, 3, None, "")


def test_what_a_sheet_need_not_say(tmp_path):
    text = WITH_INSTRUMENT + "a\ta.h5\n" + LINE.replace("mine", "camera\tmine")
    bare, full = read_sheet(write(tmp_path / "t.tsv", text))
    assert (bare.dt, bare.unit, bare.study, bare.instrument) == (None, None, None, "unknown")
    assert (full.study, full.instrument, full.note) == ("granule", "camera", "mine")
    (old,) = read_sheet(write(tmp_path / "old.tsv", HEADER + LINE))
    assert (old.instrument, old.trap) == ("unknown", "trapped")
    text = HEADER.replace("note", "trap\tnote") + "a\ta.h5\t\t\t\t\t\t\tfree\n"
    (loose,) = read_sheet(write(tmp_path / "free.tsv", text))
    assert loose.trap == "free"


def test_a_line_may_say_what_is_around_the_tracer(tmp_path):
    bare = LINE.replace("bead", "other").replace("mine", "\t\tmine")
    text = WITH_BATH + LINE.replace("mine", "37C\t250nm\tmine") + bare
    said, silent = read_sheet(write(tmp_path / "t.tsv", text))
    assert (said.temperature, said.radius, said.viscosity) == ("37C", "250nm", None)
    assert (silent.temperature, silent.radius, silent.viscosity) == (None, None, None)


def test_how_a_line_is_read(tmp_path):
    header = HEADER.replace("column", "column\ttrack_column\ttime_column")
    text = header + "a\ta.csv\t0.1\tum\tx,y\tid\t1\t2\t3\t\nb\tb.csv\t0.1\tum\t\t\t\t\t3\tbead\n"
    free, of_study = read_sheet(write(tmp_path / "t.tsv", text))
    assert free.reading() == {
        "dt": 0.1, "unit": "um", "column": "x,y", "track_column": "id", "time_column": "1",
        "scale": 2.0, "stride": 3,
    }  # fmt: skip
    assert (of_study.stride, of_study.reading()["stride"]) == (3, 1)
    assert (of_study.track_column, of_study.time_column) == (None, None)
    text = HEADER.replace("note", "no_time\tone_track") + "a\ta.csv\t0.1\tum\t\t\t\t\t1\tyes\n"
    (switched,) = read_sheet(
        write(tmp_path / "s.tsv", text.replace("\tone_track", "\tone_track\tnote"))
    )
    assert switched.reading()["no_time"] is True
    assert switched.reading()["one_track"] is True


SHEET_CELLS = st.one_of(
    st.sampled_from(
        ["", "a", "b", "1e-3", "0", "-1", "nan", "1e999", "um", "x[3]", '"', "#", "1.5"]
    ),
    st.text(max_size=4),
)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    header=st.sampled_from([HEADER, HEADER, HEADER.upper(), "\ufeff" + HEADER, ""]),
    lines=st.lists(st.lists(SHEET_CELLS, max_size=10), max_size=3),
    good=st.booleans(),
)
def test_any_sheet(tmp_path, header, lines, good):
    """Rows with a positive interval and names that differ, or an error of one line."""
    path = tmp_path / "t.tsv"
    text = header + LINE * good + "\n".join("\t".join(cells) for cells in lines)
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        rows = read_sheet(path)
    except RecordError as error:
        message = str(error)
    else:
        assert all(isinstance(row, SheetRow) and row.stride >= 1 for row in rows)
        assert all(row.dt > 0 if row.dt is not None else row.study is None for row in rows)
        assert len({row.track for row in rows}) == len(rows) >= good
        return
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1


SHIPPED = [
    line.split("\t") for line in (ROOT / "data/tracks.tsv").read_text("utf-8").splitlines() if line
]
STUDIES = ("granule", "bead", "ready", "nothing")
CONFIG = resolve(
    yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8")),
    load_schema(ROOT / "workflow/schemas/config.schema.yaml"),
)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_change_of_the_shipped_sheet(tmp_path, data):
    """One to three cells changed, lost or added: lines that fit the config, or an error."""
    lines = [list(cells) for cells in SHIPPED]
    for _ in range(data.draw(st.integers(1, 3))):
        cells = data.draw(st.sampled_from(lines))
        place = data.draw(st.integers(0, len(cells)))
        other = data.draw(st.one_of(SHEET_CELLS, st.sampled_from([*STUDIES, "exact", "1.28e-5"])))
        cells[place : place + data.draw(st.integers(0, 1))] = [other]
    path = tmp_path / "tracks.tsv"
    path.write_bytes("\n".join("\t".join(cells) for cells in lines).encode("utf-8", "replace"))
    try:
        rows = read_sheet(path)
        check_sheet(CONFIG, rows)
    except (RecordError, ConfigError) as error:
        message = str(error)
    else:
        message = ""
    assert len(message.splitlines()) <= 1
    if message:
        return
    plan = Plan(CONFIG, {row.track: row for row in rows})
    assert plan.paper_record is None or plan.sheet[plan.paper_record].study
    for row in rows:
        assert plan.verdict_sources(row.track)
        if row.study:
            assert plan.record_about(row.track)["interval"] > 0
            assert plan.study_options(row.track)["min_points"] >= 100


def test_conditions_of_a_sheet(tmp_path):
    """Two conditions or more, records without a study, one instrument: else one line."""
    columns = (*(n for n in SHEET_COLUMNS if n not in ("condition", "cell")), "condition", "cell")

    def sheet(*rows):
        lines = ["\t".join(columns)]
        for i, row in enumerate(rows):
            cells = {"track": f"t{i}", "file": "a.csv", "instrument": "camera"} | row
            lines.append("\t".join(cells.get(name, "") for name in columns))
        path = tmp_path / "tracks.tsv"
        path.write_text("\n".join(lines))
        return path

    control, drug = {"condition": "control", "cell": "one"}, {"condition": "drug"}
    rows = read_sheet(sheet(control, drug, {}))
    assert [row.condition for row in rows] == ["control", "drug", None]
    assert rows[0].cell == "one"
    for bad, match in (
        ([control], "one condition only"),
        ([control, drug | {"instrument": "exact"}], "t1: instrument is exact, that of t0 camera"),
        ([control, drug | {"study": "bead", "dt": "1", "unit": "um"}], "a file and no study"),
    ):
        with pytest.raises(RecordError, match=match):
            read_sheet(sheet(*bad))
