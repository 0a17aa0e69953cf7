"""Experimental tracks: reading one record from a file.

A record is one coordinate of one tracer at a fixed interval. Everything that can be wrong with a
file ends in a `RecordError` of one line: the file, what is wrong and where, what would be right.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.sheet import RecordError

FloatArray = NDArray[np.float64]

TEXT = (".txt", ".csv", ".tsv", ".dat")
FORMATS = (*TEXT, ".npy", ".npz", ".h5", ".hdf5")

MIN_POINTS = 100
_DT_AGREES = 0.01  # relative difference allowed between a stated dt and the file's own
_STEP_AGREES = 0.1  # each step of a time column from dt, relative: passes the rounding of a
# printed time, catches a lost or doubled frame


@dataclass(frozen=True, eq=False)
class Record:
    """One coordinate of one tracer.

    positions: float64 (n,), in `unit`, as recorded (offset included).
    dt: interval between the positions, s, after any stride.
    """

    positions: FloatArray
    dt: float
    unit: str
    name: str
    path: Path

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def duration(self) -> float:
        """n dt, s."""
        return len(self.positions) * self.dt

    @property
    def centred(self) -> FloatArray:
        """Positions less their mean, float64 (n,): the models' trap is at 0."""
        return self.positions - self.positions.mean()


def read_record(
    path: str | Path,
    dt: float | None = None,
    unit: str | None = None,
    column: str | int | None = None,
    time_column: str | int | None = None,
    scale: float = 1.0,
    stride: int = 1,
    min_points: int = MIN_POINTS,
) -> Record:
    """One coordinate of one track, read and checked.

    dt: interval of the FILE, s; not needed where the file has it (time_column, HDF5 attribute
        dt), and then it must agree within 1 %.
    unit: of the positions after scaling, e.g. "um"; default the HDF5 attribute unit, or "length".
    column: text and 2-D .npy, a header's name or a number from 0; .npz and HDF5, an array's
        name, with "[i]" for row i of a table (n_tracks, n_points), default row 0. May be left
        out where there is no choice, and is `positions` in a file that has such an array.
    time_column: as column, times in s at a fixed interval.
    scale: units per unit of the file, e.g. um/V. stride: every stride-th point is kept.

    Raises RecordError for anything that makes the record unusable.
    """
    path = Path(path)
    if not (np.isfinite(scale) and scale != 0):
        raise RecordError(f"{path}: scale = {scale} must be a finite number other than 0")
    if stride != int(stride) or stride < 1:
        raise RecordError(f"{path}: stride = {stride} must be a whole number of at least 1")
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise RecordError(f"{path}: dt = {dt} must be a positive time in s")

    values, times, attributes = _read(path, column, time_column)
    own_dt = _attribute_dt(path, attributes)
    if times is not None:
        if len(times) != len(values):
            raise RecordError(
                f"{path}: {len(times)} times for {len(values)} positions; they must be as many"
            )
        own_dt = _uniform_step(path, times)
    # The given dt goes first: it may carry more digits than a printed time column.
    interval = own_dt if dt is None else dt
    if interval is None:
        raise RecordError(
            f"{path}: the interval is not known; give dt in s, or the column that holds the times"
        )
    if own_dt is not None and dt is not None and abs(dt / own_dt - 1) > _DT_AGREES:
        raise RecordError(
            f"{path}: dt = {dt:g} s was given, but the file's own interval is {own_dt:g} s; "
            "correct dt or leave it out"
        )
    own_unit = attributes.get("unit")
    if unit and own_unit and unit != own_unit and scale == 1:
        raise RecordError(
            f"{path}: unit {unit} was given, but the file says {own_unit}; "
            "give the scale between them or leave the unit out"
        )
    _check_values(path, values, min_points, int(stride))
    return Record(
        positions=np.ascontiguousarray(values[:: int(stride)]) * scale,
        dt=interval * int(stride),
        unit=unit or str(own_unit or "length"),
        name=path.stem,
        path=path,
    )


def _read(
    path: Path, column: str | int | None, time_column: str | int | None
) -> tuple[FloatArray, FloatArray | None, dict[str, object]]:
    """Positions (n,), times (n,) if asked for, and what the file says of itself."""
    extension = path.suffix.lower()
    try:
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
        if extension in (".h5", ".hdf5"):
            return _read_hdf5(path, column, time_column)
        if extension == ".npz":
            return _read_npz(path, column, time_column)
        table, names = _read_npy(path) if extension == ".npy" else _read_text(path)
    except PermissionError:
        raise RecordError(f"{path}: may not be read; give read permission (chmod u+r)") from None
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be read, it is damaged or not a {extension} file ({_line(error)}); "
            "copy or export it again"
        ) from None
    if column is None and time_column is not None and table.shape[1] == 2:
        column = 1 - _find_column(path, time_column, names, table.shape[1])
    values = table[:, _find_column(path, column, names, table.shape[1])]
    if time_column is None:
        return values, None, {}
    return values, table[:, _find_column(path, time_column, names, table.shape[1])], {}


def _find_column(path: Path, column: str | int | None, names: list[str], n_columns: int) -> int:
    """Index of a column by name or number."""
    if column is None and n_columns == 1:
        return 0
    there = f"it has {n_columns} column{'s' * (n_columns > 1)}, " + (
        ", ".join(f"{i} = {name}" for i, name in enumerate(names))
        if names
        else f"0 to {n_columns - 1}, without names"
    )
    if column is None:
        raise RecordError(f"{path}: the column is not known; {there}: name one")
    if column in names:
        if names.count(str(column)) > 1:
            raise RecordError(f"{path}: two columns are called {column}; {there}: give the number")
        return names.index(str(column))
    if re.fullmatch(r"\d+", str(column)) and int(column) < n_columns:
        return int(column)
    raise RecordError(f"{path}: there is no column {column}; {there}")


def _read_text(path: Path) -> tuple[FloatArray, list[str]]:
    """A text table (n, n_columns) and its column names, [] where it has none.

    Names are taken from a header, or from a comment above the data with as many words as there
    are columns (what numpy.savetxt writes).
    """
    try:
        # utf-8-sig: spreadsheet exports begin with a byte-order mark
        with path.open(encoding="utf-8-sig") as file:
            comment = ""
            first = second = None
            for number, line, is_comment in _lines(file):
                if is_comment:
                    comment = line if first is None else comment
                elif first is None:
                    first, first_number = line, number
                else:
                    second = line
                    break
            if first is None:
                raise RecordError(f"{path}: holds no numbers; it must hold one number a line")
            delimiter = next((d for d in "\t;," if d in first), None)
            fields = _split(first, delimiter)
            skip, names = 0, []
            # A header has no number in it; a first row with a bad cell has others that are good.
            if second is not None and not any(_is_number(field) for field in fields):
                skip, names = first_number, fields
                delimiter = next((d for d in "\t;," if d in second), None)
                if len(_split(second, delimiter)) != len(names):
                    names = []
            elif len(words := _split(comment.lstrip("# "), delimiter)) == len(fields):
                names = words
            file.seek(0)
            table = np.loadtxt(
                file, delimiter=delimiter, skiprows=skip, ndmin=2, quotechar='"', encoding=None
            )
    except UnicodeDecodeError:
        raise RecordError(f"{path}: is not a text file; export it as plain text (UTF-8)") from None
    except ValueError as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path}: {_bad_cell(path, skip, delimiter) or _line(error)}") from None
    return table, names


def _lines(file: Iterator[str]) -> Iterator[tuple[int, str, bool]]:
    """(line number from 1, text, is it a comment) of the lines that are not blank."""
    for number, line in enumerate(file, start=1):
        line = line.strip(" \r\n")
        if line.startswith("#"):
            yield number, line, True
        elif line.strip():
            yield number, line.split("#")[0].rstrip(), False


def _split(line: str, delimiter: str | None) -> list[str]:
    return [field.strip().strip('"') for field in line.split(delimiter)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bad_cell(path: Path, skip: int, delimiter: str | None) -> str | None:
    """What stopped the reader, and in which line and column of the file."""
    n_columns = None
    with path.open(encoding="utf-8-sig") as file:
        for number, line, is_comment in _lines(file):
            if is_comment or number <= skip:
                continue
            fields = _split(line, delimiter)
            n_columns = n_columns or len(fields)
            for index, field in enumerate(fields):
                if not _is_number(field):
                    comma = _is_number(field.replace(",", ".", 1))
                    right = "use a decimal point" if comma else "every cell must hold a number"
                    shown = repr(field[:40]) if field else "empty"
                    return f"line {number}, column {index} is {shown}, not a number; {right}"
            if len(fields) != n_columns:
                return (
                    f"line {number} has {len(fields)} column{'s' * (len(fields) > 1)} where the "
                    f"lines above have {n_columns}; every line must have as many"
                )
    return None


def _read_npy(path: Path) -> tuple[FloatArray, list[str]]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise RecordError(
            f"{path}: is damaged or not a plain .npy array ({_line(error)}); save it again with "
            "numpy.save"
        ) from None
    if not isinstance(array, np.ndarray):
        raise RecordError(f"{path}: is a .npz archive; name it so")
    if array.ndim not in (1, 2):
        raise RecordError(
            f"{path}: its array has shape {array.shape}; it must be (n_points,) or "
            "(n_points, n_columns)"
        )
    return _as_float(path, array if array.ndim == 2 else array[:, None], "its array"), []


def _read_npz(
    path: Path, column: str | int | None, time_column: str | int | None
) -> tuple[FloatArray, FloatArray | None, dict[str, object]]:
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise RecordError(f"{path}: is not a .npz archive; save it with numpy.savez")
        with archive:
            names = list(archive)

            def pick(wanted: str | int | None, other: str | int | None = None) -> FloatArray:
                name, row = _find_array(path, wanted, names, other)
                return _row(path, name, archive[name], row)

            values = pick(column, time_column)
            return values, None if time_column is None else pick(time_column), {}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(
            f"{path}: is damaged or not a .npz archive ({_line(error)}); save it again with "
            "numpy.savez"
        ) from None


def _read_hdf5(
    path: Path, column: str | int | None, time_column: str | int | None
) -> tuple[FloatArray, FloatArray | None, dict[str, object]]:
    with h5py.File(path, "r") as file:
        names: list[str] = []
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )

        name, row = _find_array(path, column, names, time_column)
        values = _row(path, name, file[name], row)
        # The dataset's own attributes go before those of the file.
        attributes = {**file.attrs, **file[name].attrs}
        if time_column is None:
            return values, None, attributes
        name, row = _find_array(path, time_column, names, None)
        return values, _row(path, name, file[name], row), attributes


def _find_array(
    path: Path, wanted: str | int | None, names: list[str], other: str | int | None
) -> tuple[str, int | None]:
    """(name, row or None) of the array that `wanted`, "name" or "name[row]", names."""
    choice = [name for name in names if name != other]
    there = f"it holds {', '.join(names) or 'none'}"
    if wanted is None:
        if "positions" in choice:
            return "positions", None
        if len(choice) == 1:
            return choice[0], None
        raise RecordError(f"{path}: which array is not known; {there}: name one as column")
    match = re.fullmatch(r"(.+?)\[(\d+)\]", str(wanted))
    if str(wanted) in names:
        return str(wanted), None
    if match and match[1] in names:
        return match[1], int(match[2])
    raise RecordError(f"{path}: there is no array {wanted}; {there}")


def _row(path: Path, name: str, array: h5py.Dataset | NDArray, row: int | None) -> FloatArray:
    """An array (n,), or one row of an array (n_tracks, n_points)."""
    if array.ndim == 1 and row is None:
        return _as_float(path, array[:], name)
    if array.ndim != 2:
        raise RecordError(
            f"{path}: {name} has shape {array.shape}; it must be (n_points,), or "
            f"(n_tracks, n_points) with a row as in {name}[0]"
        )
    if (row or 0) >= len(array):
        raise RecordError(f"{path}: no row {row} in {name}, which has 0 to {len(array) - 1}")
    return _as_float(path, array[row or 0], name)


def _as_float(path: Path, array: NDArray, name: str) -> FloatArray:
    if array.dtype.kind not in "fiu":
        raise RecordError(f"{path}: {name} holds {array.dtype}, not real numbers")
    return array.astype(np.float64)


def _uniform_step(path: Path, times: FloatArray) -> float:
    """The interval of a time column, s, after checking that there is one."""
    _check_finite(path, times, "time")
    if len(times) < 2:
        raise RecordError(f"{path}: one time is no interval; the record needs more points")
    steps = np.diff(times)
    dt = float(np.median(steps))
    if dt <= 0:
        raise RecordError(f"{path}: its times do not increase (usual step {dt:g} s); they must")
    wrong = np.flatnonzero(np.abs(steps - dt) > _STEP_AGREES * dt)
    if wrong.size:
        row = int(wrong[0])
        raise RecordError(
            f"{path}: times are not uniform: from point {row} to {row + 1} it is "
            f"{steps[row]:g} s, usually {dt:g} s ({wrong.size} such steps); cut the record at the "
            "gaps, or give dt alone if the times are only badly rounded"
        )
    return float(times[-1] - times[0]) / (len(times) - 1)


def _attribute_dt(path: Path, attributes: dict[str, object]) -> float | None:
    if "dt" not in attributes:
        return None
    try:
        dt = float(np.asarray(attributes["dt"]).item())
    except ValueError:
        dt = np.nan
    if not (np.isfinite(dt) and dt > 0):
        raise RecordError(
            f"{path}: its attribute dt is {attributes['dt']}; it must be a positive time in s"
        )
    return dt


def _check_values(path: Path, values: FloatArray, min_points: int, stride: int) -> None:
    _check_finite(path, values, "position")
    kept = -(-len(values) // stride)
    if kept < min_points:
        of = f" (1 in {stride} of {len(values)})" if stride > 1 else ""
        raise RecordError(f"{path}: only {kept} points{of}; at least {min_points} are needed")
    if np.ptp(values[::stride]) == 0:
        raise RecordError(
            f"{path}: every position is {values[0]:g}; a record that never moves is not a track"
        )


def _check_finite(path: Path, values: FloatArray, what: str) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise RecordError(
            f"{path}: {what} at point {wrong[0]} is {values[wrong[0]]} ({wrong.size} of "
            f"{len(values)} are not finite); cut the record there, every point must be a number"
        )


def _line(error: Exception) -> str:
    """An error of a library as part of a line."""
    return " ".join(str(error).split())[:160] or type(error).__name__
