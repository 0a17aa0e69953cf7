"""Files of tracks by extension: what each holds, as the library that writes or reads it has it.

One function for each kind; each opens the file, takes what is asked for and closes it. Libraries
that not every file needs are imported by the function that needs them.
"""

from __future__ import annotations

import csv
import io
import pickle
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.reading import columns as roles
from activenoise.reading import matlab
from activenoise.reading.columns import Selector, Table, Track, Tracks
from activenoise.reading.errors import RecordError

TEXT = (".txt", ".csv", ".tsv", ".dat")
HDF5 = (".h5", ".hdf5")
TABLES = (*TEXT, ".npy", ".parquet", ".mat", ".xml")
FORMATS = (*TABLES, ".npz", *HDF5)

PYLAKE = "lumicks.pylake"
_BLANK = ("", "nan", "NaN", "NAN", "NA", "N/A", "None", "none", "null", "NULL", "<NA>")
_MATLAB_CHILD = Path(matlab.__file__)
_TRACKMATE_HEADER = 4  # lines: keys, names, short names, units


def read_tracks(
    path: Path,
    columns: Sequence[Selector] | None = None,
    time_column: Selector | None = None,
    track_column: Selector | None = None,
    first_row: bool = False,
) -> Tracks:
    """The tracks of a file, as recorded.

    columns: the coordinates, by name or number. first_row: of an array (n_tracks, n_points) whose
    row is not said, the first alone instead of all.
    Raises RecordError for a file that cannot be read or does not hold what is asked for.
    """
    extension = path.suffix.lower()
    _check_file(path, extension)
    if extension in TABLES:
        reader: Callable[[Path], Table] = {
            ".npy": _npy, ".parquet": _parquet, ".mat": _mat, ".xml": _trackmate_xml,
        }.get(extension, _text)  # fmt: skip
        table = reader(path)
        if not table.columns or not len(table.columns[0]):
            raise RecordError(f"{path}: only 0 points; it must hold one position in each row")
        return roles.tracks_of(path, table, columns, time_column, track_column)
    if track_column is not None:
        raise RecordError(f"{path}: a {extension} file has no track_column; its arrays are rows")
    with _archive(path, extension) as archive:
        return _tracks_of_arrays(path, archive, columns, time_column, first_row)


def _check_file(path: Path, extension: str) -> None:
    with _damage(path, extension):
        if not path.exists():
            raise RecordError(f"{path}: no such file; paths are relative to {Path.cwd()}")
        if path.is_dir():
            raise RecordError(f"{path}: is a folder; name one file in it ({', '.join(FORMATS)})")
        if extension not in FORMATS:
            raise RecordError(
                f"{path}: extension {extension or '(none)'} is not known; use one of "
                f"{', '.join(FORMATS)}"
            )
        if path.stat().st_size == 0:
            raise RecordError(f"{path}: is empty (0 bytes); it must hold one number a line")


@contextmanager
def _damage(path: Path, extension: str, right: str = "copy or export it again") -> Iterator[None]:
    """Around another library's reader: whatever stops that one is the file's fault.

    On damaged files these readers raise almost anything (zlib.error, struct.error, MemoryError).
    """
    try:
        yield
    except RecordError:
        raise
    except PermissionError:
        raise RecordError(f"{path}: may not be read; give read permission (chmod u+r)") from None
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise RecordError(
            f"{path}: cannot be read, it is damaged or not a {extension} file ({_line(error)}); "
            f"{right}"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


# ---- text


def _text(path: Path) -> Table:
    """A text table: separated by tabs, semicolons, commas or blanks, with or without a header.

    Names come from the header, or from a comment above the data with as many words as there are
    columns (what numpy.savetxt writes).
    """
    text = _decoded(path)
    lines = _Lines(text)
    if lines.first is None:
        raise RecordError(f"{path}: holds no numbers; it must hold one number a line")
    frame = _data_frame(path, text, lines)
    if lines.names and len(lines.names) == frame.shape[1] - 1 and frame.iloc[:, -1].isna().all():
        frame = frame.iloc[:, :-1]  # every line ends with a separator
    names = lines.names if len(lines.names) == frame.shape[1] else []
    columns = [_floats(frame.iloc[:, i].to_numpy()) for i in range(frame.shape[1])]
    suspect = {i for i, c in enumerate(columns) if c.dtype.kind != "f" or np.isnan(c).any()}
    faults = _bad_cells(path, text, lines, frame.shape[1], suspect) if suspect else {}
    return Table(names, columns, units=lines.units if names else {}, faults=faults)


def _decoded(path: Path) -> str:
    with _damage(path, path.suffix.lower()):
        content = path.open("rb").read()
    try:
        text = content.decode("utf-8-sig")  # spreadsheet exports begin with a byte-order mark
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # programs on Windows write the µ of µm so
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise RecordError(f"{path}: is not a text file; export it as plain text (UTF-8)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Lines:
    """How a text table begins: its header, separator and first line of data."""

    def __init__(self, text: str) -> None:
        self.skip = 0
        self.names: list[str] = []
        self.units: dict[int, str] = {}
        self.first: str | None = None
        comment = ""
        head: list[tuple[int, str]] = []
        for number, line, is_comment in _numbered(text):
            if is_comment:
                comment = line if not head else comment
            else:
                head.append((number, line))
            if len(head) > _TRACKMATE_HEADER:
                break
        if not head:
            return
        self.first = head[0][1]
        self.delimiter = next((d for d in "\t;," if d in self.first), None)
        fields = self.split(self.first)
        # A header has no number in it; a first row with a bad cell has others that are good.
        if not any(_is_number(field) for field in fields):
            n_header = 1
            while n_header < len(head) and self.is_more_header(fields, head[n_header][1]):
                n_header += 1
            self.take_units(head[n_header - 1][1])
            self.names, self.skip = fields, head[n_header - 1][0]
            self.first = head[n_header][1] if n_header < len(head) else None
            self.delimiter = next((d for d in "\t;," if d in (self.first or "")), None)
        elif len(words := self.split(comment.lstrip("# "))) == len(fields):
            self.names = words

    def split(self, line: str) -> list[str]:
        if self.delimiter is None:  # "time [s]" is one name
            line = re.sub(r"[ \t]+(?=[\[(])", "", line)
        return _split(line, self.delimiter)

    def is_more_header(self, names: list[str], line: str) -> bool:
        """TrackMate's second to fourth line, or a line of units in brackets."""
        fields = self.split(line)
        if len(fields) != len(names) or any(map(_is_number, fields)) or not any(fields):
            return False
        in_brackets = all(re.fullmatch(r"\(.*\)|\[.*\]|", field) for field in fields)
        return in_brackets or {"TRACK_ID", "POSITION_X"} <= set(names)

    def take_units(self, line: str) -> None:
        """(micron), [s] ... in the last line of the header."""
        for i, cell in enumerate(self.split(line)):
            if match := re.fullmatch(r"[(\[](.+)[)\]]", cell):
                self.units[i] = match[1]


def _numbered(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line number from 1, text, is it a comment) of the lines that are not blank."""
    for number, line in enumerate(io.StringIO(text), start=1):
        line = line.strip(" \n")
        if line.startswith("#"):
            yield number, line, True
        elif line.strip():
            yield number, line.split("#")[0].rstrip(" "), False


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter and '"' in line:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]
    return [field.strip().strip('"') for field in line.split(delimiter)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _data_frame(path: Path, text: str, lines: _Lines) -> Any:
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=lines.delimiter or r"\s+",
            header=None,
            skiprows=lines.skip,
            comment="#",
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(_BLANK),
            float_precision="round_trip",
            low_memory=False,
        )
    except Exception as error:  # ParserError, and others on text that is no table
        n_columns = len(lines.split(lines.first or ""))
        faults = _bad_cells(path, text, lines, n_columns, set(range(n_columns)))
        reason = next(iter(faults.values()), f"is not a table of numbers ({_line(error)})")
        raise RecordError(f"{path}: {reason}") from None


def _floats(column: NDArray) -> NDArray:
    """As float64 if every cell is a number or blank, else as it is."""
    if column.dtype.kind in "fiu":
        return column.astype(np.float64)
    if column.dtype.kind == "O" and not any(isinstance(cell, str | bool) for cell in column):
        try:  # whole numbers of more than 64 bits
            return column.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
    return column.astype(object)


def _bad_cells(
    path: Path, text: str, lines: _Lines, n_columns: int, suspect: set[int]
) -> dict[int, str]:
    """For each suspect column, where its first cell is that is no number.

    Raises RecordError for a line with fewer or more columns than the others.
    """
    faults: dict[int, str] = {}
    for number, line, is_comment in _numbered(text):
        if is_comment or number <= lines.skip:
            continue
        fields = lines.split(line)
        extra = len(fields) == n_columns + 1 and not fields[-1]  # ends with a separator
        if len(fields) != n_columns and not extra:
            raise RecordError(
                f"{path}: line {number} has {len(fields)} column{'s' * (len(fields) != 1)} where "
                f"the lines above have {n_columns}; every line must have as many"
            )
        for index in sorted(suspect - faults.keys()):
            field = fields[index]
            if not _is_number(field):
                comma = _is_number(field.replace(",", ".", 1))
                right = "use a decimal point" if comma else "every cell must hold a number"
                shown = repr(field[:40]) if field else "empty"
                faults[index] = f"line {number}, column {index} is {shown}, not a number; {right}"
    return faults


# ---- NumPy, Parquet, MATLAB


def _npy(path: Path) -> Table:
    with _damage(path, "plain .npy", "save it again with numpy.save"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise RecordError(f"{path}: is a .npz archive; name it so")
    if array.dtype.names and array.ndim == 1:
        names = list(array.dtype.names)
        return Table(names, [_numeric(path, array[name], name) for name in names])
    if array.ndim not in (1, 2):
        raise RecordError(
            f"{path}: its array has shape {array.shape}; it must be (n_points,) or "
            "(n_points, n_columns)"
        )
    array = _numeric(path, array if array.ndim == 2 else array[:, None], "its array")
    return Table([], list(array.T))


def _numeric(path: Path, array: NDArray, name: str) -> FloatArray:
    if array.dtype.kind not in "fiu":
        raise RecordError(f"{path}: {name} holds {array.dtype}, not real numbers")
    return array.astype(np.float64)


def _parquet(path: Path) -> Table:
    """The columns of a Parquet file; dt and unit from its metadata, or a data frame's attrs."""
    import pandas as pd
    from pyarrow import parquet

    with _damage(path, ".parquet", "write it again with pandas.DataFrame.to_parquet"):
        frame = pd.read_parquet(path, engine="pyarrow")
        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index()
        columns = []
        for i in range(frame.shape[1]):
            column = frame.iloc[:, i]
            if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
            else:
                columns.append(column.to_numpy(dtype=object))
        names = [str(name) for name in frame.columns]
        said = parquet.read_schema(path).metadata or {}
        attributes = {**_texts(said), **{str(key): value for key, value in frame.attrs.items()}}
    return Table(names, columns, **_about(path, attributes))


def _texts(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {
        key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
        for key, text in metadata.items()
    }


def _mat(path: Path) -> Table:
    """The vectors and the columns of the matrices of a MATLAB file, those of the longest length."""
    with _damage(path, ".mat", "save it again from MATLAB"):
        variables = _mat_variables(path)
    shapes = ", ".join(f"{name} {_shape(value)}" for name, value in variables.items()) or "nothing"
    numbers = {
        name: np.atleast_1d(value)
        for name, value in variables.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 1
    }
    if not any(array.ndim <= 2 for array in numbers.values()):
        raise RecordError(
            f"{path}: holds no vector or matrix of numbers ({shapes}); it must hold the positions "
            "as a vector, or as a column of a matrix"
        )
    n = max(len(array) for array in numbers.values() if array.ndim <= 2)
    named: dict[str, NDArray] = {}
    for name, array in numbers.items():
        if array.ndim == 1 and len(array) == n:
            named[name] = array.astype(np.float64)
        elif array.ndim == 2 and len(array) == n:
            columns = array.astype(np.float64).T
            named |= {f"{name}[{i}]": column for i, column in enumerate(columns)}
    return Table(list(named), list(named.values()), **_about(path, variables))


def _shape(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"({' x '.join(map(str, value.shape))} {value.dtype.name})"
    return f"({type(value).__name__})"


def _mat_variables(path: Path) -> dict[str, Any]:
    with path.open("rb"):
        pass  # permission, said as such
    if h5py.is_hdf5(path):
        return _mat_variables_hdf5(path)
    return _flat(_in_a_child(_MATLAB_CHILD, path))


def _in_a_child(program: Path, path: Path) -> dict[str, Any]:
    """The variables of a file by a reader that may crash, run in a process of its own.

    A subprocess, not multiprocessing, which would run the caller's main module once more.
    """
    # -P: the package's modules must not hide the standard library's.
    command = [sys.executable, "-P", str(program), str(path.absolute())]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode < 0:
        raise ValueError(f"its reader crashed, {_signal(-done.returncode)}")
    if done.returncode > 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ValueError(f"its reader failed, {last[0] if last else f'code {done.returncode}'}")
    variables, error = pickle.loads(done.stdout)
    if error is not None:
        raise ValueError(error)
    found: dict[str, Any] = variables
    return found


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _flat(variables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields of structures as structure.field."""
    flat: dict[str, Any] = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _mat_variables_hdf5(path: Path) -> dict[str, Any]:
    """MATLAB 7.3 files are HDF5, their arrays in MATLAB's order of axes."""
    found: dict[str, Any] = {}

    def take(name: str | bytes, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or isinstance(name, bytes) or name[0] == "#":
            return
        kind = item.attrs.get("MATLAB_class", b"double")
        kind = kind.decode() if isinstance(kind, bytes) else str(kind)
        label = name.replace("/", ".")
        if kind == "char" and item.ndim == 2 and item.dtype.kind in "iu":
            found[label] = "".join(map(chr, item[()].T.ravel()))
        elif item.dtype.kind in "fiu" and kind not in ("cell", "logical", "function_handle"):
            array = np.asarray(item[()]).T
            found[label] = array.squeeze() if array.size else array
        else:
            found[label] = kind

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return found


def _about(path: Path, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """dt, s, and unit among a file's attributes."""
    dt = None
    if (given := attributes.get("dt")) is not None:
        try:
            dt = float(np.asarray(given).item())
        except (TypeError, ValueError):
            dt = np.nan
        if not (np.isfinite(dt) and dt > 0):
            raise RecordError(
                f"{path}: its attribute dt is {given}; it must be a positive time in s"
            )
    unit = attributes.get("unit")
    unit = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else unit
    return {"dt": dt, "unit": roles.length_unit(str(unit)) if unit is not None else None}


# ---- TrackMate


def _trackmate_xml(path: Path) -> Table:
    """TrackMate's own file (the whole model), or its export of tracks alone.

    Times come as frames; dt from the file's frame interval, if its unit is one of time.
    """
    with _damage(path, ".xml"):
        with path.open("rb") as file:
            root = ElementTree.parse(file).getroot()
        if root.tag == "Tracks":
            rows, dt, unit = _exported_tracks(root)
        elif root.tag == "TrackMate":
            rows, dt, unit = _model(path, root)
        else:
            raise RecordError(
                f"{path}: begins with <{root.tag}>; TrackMate's files begin with <TrackMate>, or "
                "<Tracks> where the tracks alone were exported"
            )
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
    if not len(table):
        raise RecordError(f"{path}: holds no tracks; link the spots in TrackMate before saving")
    names = ["TRACK_ID", "FRAME", "POSITION_X", "POSITION_Y", "POSITION_Z"]
    return Table(names, list(table.T), dt=dt, unit=roles.length_unit(unit) if unit else None)


_Rows = list[tuple[float, float, float, float, float]]


def _exported_tracks(root: ElementTree.Element) -> tuple[_Rows, float | None, str | None]:
    rows = [
        (float(i), *(float(spot.attrib[key]) for key in "txy"), float(spot.get("z", "nan")))
        for i, particle in enumerate(root.iter("particle"))
        for spot in particle.iter("detection")
    ]
    interval = root.get("frameInterval")
    return rows, _frame_interval(interval, root.get("timeUnits")), root.get("spaceUnits")  # type: ignore[return-value]


def _model(path: Path, root: ElementTree.Element) -> tuple[_Rows, float | None, str | None]:
    model = root.find("Model")
    if model is None:
        raise RecordError(f"{path}: has no <Model>; save it again from TrackMate")
    filtered = model.find("FilteredTracks")
    kept = None if filtered is None else {t.attrib["TRACK_ID"] for t in filtered.iter("TrackID")}
    track_of: dict[str, str] = {}
    for track in model.iterfind("AllTracks/Track"):
        if kept is not None and track.attrib["TRACK_ID"] not in kept:
            continue
        for edge in track.iter("Edge"):
            for end in ("SPOT_SOURCE_ID", "SPOT_TARGET_ID"):
                track_of[edge.attrib[end]] = track.attrib["TRACK_ID"]
    keys = ("FRAME", "POSITION_X", "POSITION_Y", "POSITION_Z")
    rows = [
        (float(track_of[spot.attrib["ID"]]), *(float(spot.attrib[key]) for key in keys))
        for spot in model.iterfind("AllSpots/SpotsInFrame/Spot")
        if spot.attrib["ID"] in track_of
    ]
    image = root.find("Settings/ImageData")
    interval = None if image is None else image.get("timeinterval")
    return rows, _frame_interval(interval, model.get("timeunits")), model.get("spatialunits")  # type: ignore[return-value]


def _frame_interval(interval: str | None, unit: str | None) -> float | None:
    """s; None where the file does not say it: TrackMate writes 0, or frames, for a bare movie."""
    factor = roles.seconds(unit or "")
    value = float(interval) * factor if interval and factor else 0.0
    return value if value > 0 and np.isfinite(value) else None


# ---- archives of named arrays


class _Archive:
    """Named arrays of a file, read one by one, and the attributes of each."""

    def __init__(
        self,
        names: Iterable[str],
        get: Callable[[str], Any],
        attributes: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self.names = list(names)
        self.get = get
        self.attributes = attributes


@contextmanager
def _archive(path: Path, extension: str) -> Iterator[_Archive]:
    file: Any
    if extension == ".npz":
        with _damage(path, extension, "save it again with numpy.savez"):
            file = np.load(path, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise RecordError(f"{path}: is not a .npz archive; save it with numpy.savez")
            names = list(file)
            said: dict[str, Any] = {n: file[n] for n in ("dt", "unit") if n in names}
        with file:
            yield _Archive(names, file.__getitem__, lambda _: said)
        return
    with _damage(path, extension):
        file = h5py.File(path, "r")
    with file:
        with _damage(path, extension):
            of_bluelake = "Bluelake version" in file.attrs
        if of_bluelake:
            file.close()
            with _bluelake(path) as channels:
                yield channels
            return
        names = []

        def take(name: str | bytes, item: object) -> None:
            if isinstance(item, h5py.Dataset) and isinstance(name, str):  # bytes: no UTF-8
                names.append(name)

        with _damage(path, extension):
            file.visititems(take)
        # The dataset's own attributes go before those of the file.
        yield _Archive(names, file.__getitem__, lambda n: {**file.attrs, **file[n].attrs})


@contextmanager
def _bluelake(path: Path) -> Iterator[_Archive]:
    """The channels of a LUMICKS Bluelake file, each with its timestamps."""
    try:
        from lumicks import pylake
    except ImportError:
        raise RecordError(
            f"{path}: is a LUMICKS Bluelake file; install {PYLAKE} to read it"
        ) from None
    with _damage(path, "Bluelake"):
        file = pylake.File(path)
        names = [
            f"{group}/{channel}"
            for group, members in file.h5.items()
            if isinstance(members, h5py.Group)
            for channel, item in members.items()
            if isinstance(item, h5py.Dataset)
            and ("Sample rate (Hz)" in item.attrs or "Timestamp" in (item.dtype.names or ()))
        ]

    def clock(name: str) -> dict[str, Any]:
        stamps = np.asarray(file[name].timestamps)
        # Nanoseconds since 1970 have no digits to spare in float64.
        return {"times": (stamps - stamps[0]) * 1e-9} if len(stamps) else {}

    with file.h5:
        yield _Archive(names, lambda name: np.asarray(file[name].data), clock)


def _tracks_of_arrays(
    path: Path,
    archive: _Archive,
    columns: Sequence[Selector] | None,
    time_column: Selector | None,
    first_row: bool,
) -> Tracks:
    names = archive.names

    def read(name: str, row: int | None, first: bool) -> FloatArray:
        with _damage(path, path.suffix.lower()):
            return _rows(path, name, archive.get(name), row, first)

    picks = _picked(path, names, columns, time_column)
    arrays = [read(name, row, first_row) for name, row in picks]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        sizes = ", ".join(f"{n} {a.shape}" for (n, _), a in zip(picks, arrays, strict=True))
        raise RecordError(f"{path}: its coordinates are not as many: {sizes}")
    n_tracks, n_points = shapes.pop()
    with _damage(path, path.suffix.lower()):
        attributes = archive.attributes(picks[0][0])
    clock, kind = None, None
    if time_column is not None:
        clock, kind = read(*_find_array(path, time_column, names), True)[0], "s"
    elif "times" in attributes:
        clock, kind = attributes["times"], "s"
    elif own := [n for n in names if roles.is_time(n)]:
        times = read(own[0], None, True)[0]
        if len(times) == n_points:
            clock, kind = times, "open"
    if clock is not None and len(clock) != n_points:
        raise RecordError(
            f"{path}: {len(clock)} times for {n_points} positions; they must be as many"
        )
    about = _about(path, {k: attributes[k] for k in ("dt", "unit") if k in attributes})
    labels = [str(i) for i in range(n_tracks)] if n_tracks > 1 else [None]
    return Tracks(
        tracks=[
            Track(label, np.stack([array[i] for array in arrays], axis=1), clock)
            for i, label in enumerate(labels)
        ],
        coordinates=tuple(name if row is None else f"{name}[{row}]" for name, row in picks),
        clock=kind,  # type: ignore[arg-type]
        dt=about["dt"],
        unit=about["unit"],
    )


def _picked(
    path: Path,
    names: list[str],
    columns: Sequence[Selector] | None,
    time_column: Selector | None,
) -> list[tuple[str, int | None]]:
    """(name, row or None) of the arrays that hold the positions."""
    if columns is not None:
        return [_find_array(path, column, names) for column in columns]
    if "positions" in names:
        return [("positions", None)]
    aside = {"dt", "unit", str(time_column)}
    choice = [n for n in names if n not in aside and not roles.is_time(n)]
    if len(choice) == 1:
        return [(choice[0], None)]
    letters = {letter: n for n in reversed(choice) if (letter := roles.coordinate(n))}
    if letters:
        return [(letters[letter], None) for letter in sorted(letters)]
    raise RecordError(f"{path}: which array is not known; {_holds(names)}: name one as column")


def _find_array(path: Path, wanted: Selector, names: list[str]) -> tuple[str, int | None]:
    """(name, row or None) of the array that `wanted` names: "name" or "name[row]".

    A name may go without the groups before it where that leaves no choice.
    """
    match = re.fullmatch(r"(.+?)\[([0-9]+)\]", str(wanted))
    for name, row in ((str(wanted), None), (match[1], int(match[2])) if match else ("", None)):
        inside = [n for n in names if n.endswith(f"/{name}")] if name else []
        if name in names or len(inside) == 1:
            return name if name in names else inside[0], row
        if inside:
            raise RecordError(f"{path}: {name} is ambiguous; name one of {', '.join(inside)}")
    raise RecordError(f"{path}: there is no array {wanted}; {_holds(names)}")


def _holds(names: list[str]) -> str:
    more = ", ..." if len(names) > 40 else ""
    return f"it holds {', '.join(names[:40]) or 'none'}{more}"


def _rows(path: Path, name: str, array: Any, row: int | None, first: bool) -> FloatArray:
    """Rows (n_tracks, n_points) of an array (n_points,) or (n_tracks, n_points)."""
    if array.ndim == 1 and row is None:
        return _numeric(path, array[:], name)[None]
    if array.ndim != 2:
        raise RecordError(
            f"{path}: {name} has shape {array.shape}; it must be (n_points,), or "
            f"(n_tracks, n_points) with a row as in {name}[0]"
        )
    if row is None and not first:
        return _numeric(path, array[:], name)
    if (row or 0) >= len(array):
        raise RecordError(f"{path}: no row {row or 0} in {name}, which has 0 to {len(array) - 1}")
    return _numeric(path, array[row or 0], name)[None]
