"""Records and the sheet: every format gives the same numbers, every fault one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activenoise.reading.errors import RecordError
from activenoise.reading.records import Record, read_coordinates, read_record, read_set
from activenoise.reading.sheet import SheetRow, read_sheet

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=150).cumsum() + 3.0
T = 0.5 + 0.01 * np.arange(150)


def fault(path, **options) -> str:
    """The message of the RecordError, checked to be one line that names the file."""
    options = {"unit": "um", **options}
    with pytest.raises(RecordError) as caught:
        read_record(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message


def read(path, **options) -> Record:
    return read_record(path, **{"unit": "um", **options})


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def table(delimiter: str = ",", header: str = "time,x\n") -> str:
    lines = [f"{t!r}{delimiter}{x!r}" for t, x in zip(T.tolist(), X.tolist(), strict=True)]
    return header + "\n".join(lines) + "\n"


# --- what can be read ----------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", "\t", ";", " ", "   "])
@pytest.mark.parametrize("extension", [".txt", ".csv", ".tsv", ".dat"])
def test_text_tables(tmp_path, delimiter, extension):
    header = f"# made by hand\n\ntime{delimiter}x\n"
    path = write(tmp_path / f"track{extension}", table(delimiter, header))
    record = read_record(path, unit="um", column="x", time_column="time")
    np.testing.assert_array_equal(record.positions, X)
    assert record.positions.dtype == np.float64
    assert record.dt == pytest.approx(0.01, rel=1e-12)
    assert (record.unit, record.name, record.path) == ("um", "track", path)


@pytest.mark.parametrize(
    "header",
    ["", "# a remark\n", "# time,x\n", "time,x\n", '"time","x"\n', "\ufefftime,x\n"],
    ids=["none", "remark", "comment", "plain", "quoted", "byte-order mark"],
)
def test_headers(tmp_path, header):
    path = write(tmp_path / "t.csv", table(",", header))
    np.testing.assert_array_equal(read(path, dt=0.01, column=1).positions, X)
    np.testing.assert_array_equal(read(path, dt=0.01, column="1").positions, X)
    if "time" in header:
        np.testing.assert_array_equal(read(path, column="x", time_column=0).positions, X)


def test_one_column_needs_no_name_and_comments_are_passed_over(tmp_path):
    text = "\n".join(
        f"{x!r}  # remark" if i % 50 == 0 else repr(x) for i, x in enumerate(X.tolist())
    )
    path = write(tmp_path / "t.txt", "x\n" + text + "\r\n\r\n")
    np.testing.assert_array_equal(read(path, dt=0.1).positions, X)


def test_two_columns_one_of_them_the_time(tmp_path):
    path = write(tmp_path / "t.csv", table())
    np.testing.assert_array_equal(read(path, time_column="time").positions, X)


def test_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", np.stack([T, X], axis=1))
    np.savez(tmp_path / "c.npz", X)
    np.savez(tmp_path / "d.npz", positions=X, t=T)
    np.savez_compressed(tmp_path / "e.npz", many=np.stack([T, X]))
    for name, options in {
        "a.npy": {"dt": 0.01},
        "b.npy": {"column": 1, "time_column": 0},
        "c.npz": {"dt": 0.01},
        "d.npz": {"time_column": "t"},
        "e.npz": {"dt": 0.01, "column": "many[1]"},
    }.items():
        record = read(tmp_path / name, **options)
        np.testing.assert_array_equal(record.positions, X)
        assert record.dt == pytest.approx(0.01)


@pytest.mark.parametrize("extension", [".h5", ".hdf5"])
@pytest.mark.parametrize("owner", ["file", "dataset"])
def test_shards(tmp_path, extension, owner):
    path = tmp_path / f"shard{extension}"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("positions", data=np.stack([X, 2 * X]).astype(np.float32))
        file.create_dataset("D", data=np.ones(2))
        (file if owner == "file" else data).attrs.update(dt=0.01, unit="um")
    record = read_record(path)
    np.testing.assert_array_equal(record.positions, X.astype(np.float32))
    assert (record.dt, record.unit) == (0.01, "um")
    second = read_record(path, column="positions[1]", dt=0.01)
    np.testing.assert_array_equal(second.positions, (2 * X).astype(np.float32))


def test_scale_stride_and_centre(tmp_path):
    np.save(tmp_path / "a.npy", X)
    record = read_record(tmp_path / "a.npy", dt=0.01, unit="um", scale=2.5, stride=3, min_points=50)
    np.testing.assert_array_equal(record.positions, 2.5 * X[::3])
    assert record.dt == pytest.approx(0.03)
    assert len(record) == 50
    assert record.duration == pytest.approx(1.5)
    assert abs(record.centred.mean()) < 1e-12
    assert isinstance(record, Record)


def test_the_shipped_bead():
    """sqrt(D/kappa) of data/tracks/NOTICE is the bead's standard deviation."""
    bead = read_sheet(ROOT / "data" / "tracks.tsv")[0]
    record = read_record(
        ROOT / bead.file, bead.dt, bead.unit, bead.column, scale=bead.scale, stride=bead.stride
    )
    assert len(record) == 2442
    assert record.dt == pytest.approx(16 * 1.28e-5)
    expected = np.sqrt(0.0974 / (2 * np.pi * 656.87))
    assert record.centred.std() == pytest.approx(expected, rel=0.1)


# --- what cannot ---------------------------------------------------------------------------------


def test_no_file_folder_empty_and_unknown_extension(tmp_path):
    assert "no such file" in fault(tmp_path / "no.txt", dt=1)
    (tmp_path / "a.txt").mkdir()
    assert "is a folder" in fault(tmp_path / "a.txt", dt=1)
    assert "is a folder" in fault(tmp_path, dt=1)
    for name in ("b.txt", "b.npy", "b.npz", "b.h5"):
        (tmp_path / name).touch()
        assert "is empty (0 bytes)" in fault(tmp_path / name, dt=1)
    assert ".xlsx is not known; use one of .txt" in fault(write(tmp_path / "c.xlsx", "1"), dt=1)
    assert "(none) is not known" in fault(write(tmp_path / "c", "1"), dt=1)


def test_text_without_numbers(tmp_path):
    assert "no numbers" in fault(write(tmp_path / "a.txt", "# nothing\n\n"), dt=1)
    assert "no numbers" in fault(write(tmp_path / "b.txt", "x\n"), dt=1)


def test_bad_cells_are_found_by_line_and_column(tmp_path):
    lines = table(",", "# remark\ntime,x\n").splitlines()
    for cell, expected in {
        "0.5,abc": "line 9, column 1 is 'abc', not a number; every cell must hold a number",
        "0.5,": "line 9, column 1 is empty, not a number",
        "0.5": "line 9 has 1 column where the lines above have 2",
        "0.5,1,2": "line 9 has 3 columns where the lines above have 2",
    }.items():
        text = "\n".join([*lines[:8], cell, *lines[9:]])
        assert expected in fault(write(tmp_path / "t.csv", text), dt=1, column=1)
    text = "\n".join(f"{x:.3f};1" for x in X).replace(".", ",")
    message = fault(write(tmp_path / "t.csv", text), dt=1, column=0)
    assert "line 1, column 0" in message
    assert "use a decimal point" in message


def test_binary_under_a_text_name(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe1\x002\x00")
    assert "not a text file" in fault(tmp_path / "a.txt", dt=1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(tmp_path, value):
    bad = X.copy()
    bad[[40, 41, 90]] = value
    np.savetxt(tmp_path / "a.txt", bad)
    np.save(tmp_path / "a.npy", bad)
    for name in ("a.txt", "a.npy"):
        message = fault(tmp_path / name, dt=1)
        assert f"position at point 40 is {value} (3 of 150" in message


def test_constant_and_short(tmp_path):
    np.save(tmp_path / "a.npy", np.full(200, 1.5))
    assert "every position is 1.5" in fault(tmp_path / "a.npy", dt=1)
    np.save(tmp_path / "b.npy", X)
    message = fault(tmp_path / "b.npy", dt=1, stride=2)
    assert "only 75 points (1 in 2); at least 100" in message
    assert "only 150 points; at least 151" in fault(tmp_path / "b.npy", dt=1, min_points=151)
    np.save(tmp_path / "c.npy", np.empty(0))
    assert "only 0 points" in fault(tmp_path / "c.npy", dt=1)


def test_wrong_columns_list_what_is_there(tmp_path):
    path = write(tmp_path / "a.csv", table())
    assert "no column y; it has 2 columns, 0 = time, 1 = x" in fault(path, dt=1, column="y")
    assert "no column 2" in fault(path, dt=1, column=2)
    assert "no column -1" in fault(path, dt=1, column=-1)
    assert "no column -2" in fault(path, dt=1, column="-2")
    three = write(tmp_path / "c.csv", "\n".join(f"{x},{-x},{x * x}" for x in X))
    assert "the column is not known; it has 3 columns, 0 to 2" in fault(three, dt=1)
    assert "no column s" in fault(path, column="x", time_column="s")
    twice = write(tmp_path / "b.csv", table(header="x,x\n"))
    assert "two columns are called x" in fault(twice, dt=1, column="x")
    np.savez(tmp_path / "a.npz", u=X, v=X, w=np.stack([X, X]), text=np.array(["a"] * 150))
    assert "no array y; it holds u, v, w, text" in fault(tmp_path / "a.npz", dt=1, column="y")
    assert "which array is not known" in fault(tmp_path / "a.npz", dt=1)
    assert "no row 2 in w, which has 0 to 1" in fault(tmp_path / "a.npz", dt=1, column="w[2]")
    assert "has shape (150,)" in fault(tmp_path / "a.npz", dt=1, column="u[0]")
    assert "not real numbers" in fault(tmp_path / "a.npz", dt=1, column="text")
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 2)))
    assert "shape (2, 2, 2)" in fault(tmp_path / "a.npy", dt=1)


def test_the_interval(tmp_path):
    np.save(tmp_path / "a.npy", X)
    assert "give dt in s" in fault(tmp_path / "a.npy")
    for dt in (0, -1.0, np.nan, np.inf):
        assert "must be a positive time in s" in fault(tmp_path / "a.npy", dt=dt)
    path = write(tmp_path / "a.csv", table())
    options = {"column": "x", "time_column": "time"}
    assert "dt = 0.0102 s was given, but the file's own interval is 0.01 s" in fault(
        path, dt=0.0102, **options
    )
    assert read(path, dt=0.01005, **options).dt == 0.01005  # within 1 %


def test_times_that_are_not_uniform(tmp_path):
    for times, expected in (
        (np.delete(np.append(T, T[-1] + 0.01), 50), "from point 49 to 50 it is 0.02, usually 0.01"),
        (np.where(np.arange(150) == 70, T - 0.01, T), "from point 69 to 70 it is"),
        (np.round(T, 1), "do not increase"),
        (T[::-1], "do not increase"),
        (np.where(np.arange(150) == 9, np.nan, T), "time at point 9 is nan"),
    ):
        np.save(tmp_path / "a.npy", np.stack([times, X], axis=1))
        assert expected in fault(tmp_path / "a.npy", column=1, time_column=0)


def test_printed_times_may_be_rounded(tmp_path):
    camera = np.round(np.arange(150) * 0.0068966, 4)
    np.save(tmp_path / "a.npy", np.stack([camera, X], axis=1))
    dt = read(tmp_path / "a.npy", column=1, time_column=0).dt
    assert dt == pytest.approx(0.0068966, rel=1e-4)


def test_hdf5_attributes_that_disagree(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["positions"] = X
        file.attrs.update(dt=0.01, unit="V")
    assert "own interval is 0.01 s" in fault(path, dt=0.02)
    assert "unit um was given, but the file says V" in fault(path, unit="um")
    assert read_record(path, unit="um", scale=7.0).unit == "um"
    with h5py.File(path, "a") as file:
        file.attrs["dt"] = "fast"
    assert "attribute dt is fast" in fault(path)


@pytest.mark.parametrize("keep", [4, 60, -40], ids=["stub", "header", "tail lost"])
def test_damaged_archives(tmp_path, keep):
    np.save(tmp_path / "a.npy", X)
    np.savez_compressed(tmp_path / "a.npz", X)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["positions"] = X
    for name in ("a.npy", "a.npz", "a.h5"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:keep])
        assert "damaged" in fault(path, dt=1)


def test_damage_inside_an_archive(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", X)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[200:260] = b"\xff" * 60
    (tmp_path / "a.npz").write_bytes(content)
    assert "damaged" in fault(tmp_path / "a.npz", dt=1)


def test_one_format_under_the_name_of_another(tmp_path):
    np.save(tmp_path / "a.npy", X)
    content = (tmp_path / "a.npy").read_bytes()
    for name in ("b.npz", "b.h5"):
        (tmp_path / name).write_bytes(content)
        fault(tmp_path / name, dt=1)
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert "plain .npy" in fault(tmp_path / "c.npy", dt=1)


@pytest.mark.parametrize("name", ["a.txt", "a.npy", "a.npz", "a.h5"])
def test_permission_denied(tmp_path, monkeypatch, name):
    path = write(tmp_path / name, "1\n2\n")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything

        def refuse(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        monkeypatch.setattr(np, "load", refuse)
        monkeypatch.setattr(h5py, "File", refuse)
    assert "may not be read" in fault(path, dt=1)


def test_bad_scale_and_stride(tmp_path):
    np.save(tmp_path / "a.npy", X)
    for scale in (0, np.nan):
        assert "scale" in fault(tmp_path / "a.npy", dt=1, scale=scale)
    for stride in (0, -1, 1.5):
        assert "stride" in fault(tmp_path / "a.npy", dt=1, stride=stride)


def test_coordinates_of_one_track_with_gaps(tmp_path):
    rows = [f"{0.01 * i:.2f},{i % 7},{i % 5}" for i in range(200) if i not in (50, 51)]
    path = write(tmp_path / "xy.csv", "t,x,y\n" + "\n".join(rows) + "\n")
    both = read_coordinates(path, "x, y", unit="um", scale=2.0)
    assert both.coordinates == ("x", "y")
    assert both.positions.shape == (200, 2)
    assert np.isnan(both.positions[[50, 51]]).all()
    assert both.positions[6].tolist() == [12.0, 2.0]
    one = read_coordinates(path, "y", unit="um")
    np.testing.assert_array_equal(one.positions[:, 0], both.positions[:, 1] / 2)
    rows = [f"{k},{0.1 * i:.1f},{i % 3},{i % 2}" for k in (0, 1) for i in range(20)]
    table = write(tmp_path / "many.csv", "particle,t,x,y\n" + "\n".join(rows) + "\n")
    with pytest.raises(RecordError, match="it holds 2 tracks; name one in the columns"):
        read_coordinates(table, "x,y", unit="um")


# --- the sheet -----------------------------------------------------------------------------------

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
    assert (first.column, first.scale, first.stride, first.dt) == (None, 1.0, 1, 0.01)
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


# --- a table of many tracks ----------------------------------------------------------------------


def spots(path: Path, lengths: list[int], seed: int = 0) -> Path:
    """Tracks of some lengths, in no order, as trackpy has them."""
    rng = np.random.default_rng(seed)
    rows = [(t, f, *rng.normal(size=2)) for t, n in enumerate(lengths) for f in range(n)]
    rng.shuffle(rows)
    text = "\n".join(f"{int(t)},{int(f)},{x:.6f},{y:.6f}" for t, f, x, y in rows)
    path.write_text(f"particle,frame,x,y\n{text}\n")
    return path


def test_a_set_is_every_track_that_moves(tmp_path):
    path = spots(tmp_path / "a.csv", [60, 40, 2, 1, 30])
    found = read_set(path, dt=0.1, unit="um")
    assert [len(record) for record in found.records] == [60, 40, 2, 30]
    assert found.left_out == 1
    assert found.records[0].positions.shape == (60, 2)
    one = read_set(path, "y", dt=0.1, unit="um")
    np.testing.assert_array_equal(one.records[1].positions, found.records[1].positions[:, 1:])


def test_a_set_of_one_is_a_record(tmp_path):
    path = spots(tmp_path / "a.csv", [200, 150])
    for column, shape in (("x[1]", (150, 1)), ("x[0],y[0]", (200, 2))):
        (record,), left_out = read_set(path, column, dt=0.1, unit="um")
        assert record.positions.shape == shape
        assert left_out == 0
        same = read_coordinates(path, column, dt=0.1, unit="um")
        np.testing.assert_array_equal(record.positions, same.positions)


def test_a_set_that_is_too_small_is_named(tmp_path):
    path = spots(tmp_path / "a.csv", [20, 30, 1])
    with pytest.raises(RecordError, match=r"2 of its 3 tracks move .* 50 together; at least 100"):
        read_set(path, dt=0.1, unit="um")
    with pytest.raises(RecordError, match="the interval is not known"):
        read_set(path, unit="um")
