"""The sheet of tracks: rows with their defaults, and one clear line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reading.layouts import write

from activenoise.reading.errors import RecordError
from activenoise.reading.sheet import SheetRow, read_sheet

ROOT = Path(__file__).parents[2]
HEADER = "track\tfile\tdt\tunit\tcolumn\tscale\tstride\tstudy\tnote\n"
WITH_INSTRUMENT = HEADER.replace("note", "instrument\tnote")
LINE = "bead\ttracks/a.npy\t0.01\tum\t\t\t\tgranule\tmine\n"


def sheet_fault(path: Path, text: str) -> str:
    with pytest.raises(RecordError) as caught:
        read_sheet(write(path, text))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


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
    bad = text.replace("\t1\tyes", "\tmaybe\t").replace("\tone_track", "\tone_track\tnote")
    write(tmp_path / "s.tsv", bad)
    with pytest.raises(RecordError, match="no_time is 'maybe'; it must be 1, or empty"):
        read_sheet(tmp_path / "s.tsv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty; its first line must be track file dt"),
        (HEADER.replace("\tdt", "") + LINE, "no column dt; it has track, file"),
        (HEADER.replace("\t", " ") + LINE, "columns are separated by tabs"),
        (HEADER.replace("note", "note\tcolour") + LINE, "column colour is not known"),
        (HEADER.replace("note", "note\tdt") + LINE, "more than one column dt"),
        (HEADER + LINE + LINE, "line 3: track bead is there already"),
        (HEADER + LINE.replace("bead", "my bead"), "line 2: track 'my bead' may have letters"),
        (HEADER + LINE.replace("bead", ""), "line 2: track is empty"),
        (HEADER + LINE.replace("0.01", ""), "line 2: dt is empty"),
        (HEADER + LINE.replace("0.01", "fast"), "line 2: dt is 'fast'; it must be a positive time"),
        (HEADER + LINE.replace("0.01", "nan"), "line 2: dt is 'nan'"),
        (HEADER + LINE.replace("0.01", "-1"), "line 2: dt is -1"),
        (HEADER + LINE.replace("um\t\t\t", "um\t\t0\t"), "line 2: scale is 0"),
        (HEADER + LINE.replace("um\t\t\t", "um\t\t1,5\t"), "line 2: scale is '1,5'"),
        (HEADER + LINE.replace("\t\tgranule", "\t1.5\tgranule"), "line 2: stride is 1.5"),
        (HEADER + LINE.replace("\t\tgranule", "\t0\tgranule"), "line 2: stride is 0"),
        (
            HEADER + LINE.replace("tracks/a.npy", "").replace("granule\t", "\t").replace("um", ""),
            "line 2: unit is empty",
        ),
        (
            WITH_INSTRUMENT + LINE.replace("mine", "lens\tmine"),
            "line 2: instrument is 'lens'; it must be one of exact, camera, detector, unknown",
        ),
        (
            HEADER.replace("note", "trap\tnote") + LINE.replace("mine", "cage\tmine"),
            "line 2: trap is 'cage'; it must be trapped or free",
        ),
        (
            HEADER.replace("note", "trap\tnote") + LINE.replace("mine", "free\tmine"),
            "line 2: trap is free, but the networks of study granule know trapped",
        ),
        (HEADER + LINE.replace("mine", "mine\tmore"), "line 2 has 10 cells; the header has 9"),
    ],
)
def test_sheet_faults(tmp_path, text, expected):
    assert expected in sheet_fault(tmp_path / "t.tsv", text)


def test_sheet_that_cannot_be_opened(tmp_path):
    with pytest.raises(RecordError, match="No such file"):
        read_sheet(tmp_path / "no.tsv")
    (tmp_path / "b.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="not a text file"):
        read_sheet(tmp_path / "b.tsv")


def test_a_quote_that_never_closes(tmp_path):
    text = HEADER + LINE + '"' + "x" * 200_000
    assert "quotes must close" in sheet_fault(tmp_path / "t.tsv", text)


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
