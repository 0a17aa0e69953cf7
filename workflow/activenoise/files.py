"""Files of the workflow: tables, named arrays, and the simulated tracks of a data set; written
whole or not at all, and told in one line where they are damaged. Needs h5py and NumPy alone.
"""

from __future__ import annotations

import csv
import errno
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.logs import NO_SPACE, DamagedError, reason

_ROWS = 4096  # of a table of numbers that are formatted together
_SAME = ("model", "study", "split", "dt", "unit", "seed")  # attributes of all shards of a data set


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place only when the block ends well. An
    OSError because the disk is full names `path`."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except Exception as error:
        if (reason(error) or "").endswith(NO_SPACE):
            raise OSError(errno.ENOSPC, NO_SPACE, str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def locked(path: str | Path, owner: str) -> Iterator[bool]:
    """Whether this process holds a lock file, until the block ends: False where another process
    holds it for another owner; where for the same owner, its end is waited for.

    The system lets go of the lock when its process dies, by whatever signal. A file system without
    locks gives none.
    """
    import fcntl

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 1 << 16).decode()
            if holder not in ("", owner):
                os.close(handle)
                yield False
                return
            if not told:
                told = True
                logging.getLogger("activenoise").warning("waiting for another process (%s)", path)
            time.sleep(0.05)
        except OSError:
            break
        else:
            # Who held the lock before may have deleted the file.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    break
        os.close(handle)
    try:
        os.ftruncate(handle, 0)
        try:
            os.write(handle, owner.encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path.parent)) from error
        yield True
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def naming_damage(path: str | Path) -> Iterator[None]:
    """DamagedError in place of what is said of an HDF5 file that is cut off, altered, of another
    kind, or holds other things than it should."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        fault = (str(error.args[0] if error.args else error).splitlines() or ["unreadable"])[0]
        raise DamagedError(f"{path}: damaged ({fault}); delete it and run again") from error


def write_dataset(file: h5py.File, name: str, values: Any) -> None:
    """An array or a number in an HDF5 file, arrays of numbers with checksums."""
    values = np.asarray(values)
    checked = values.ndim > 0 and values.size > 0 and values.dtype.kind in "biuf"
    file.create_dataset(name, data=values, **({"fletcher32": True} if checked else {}))


def write_arrays(path: str | Path, attributes: dict[str, Any] | None = None, **arrays: Any) -> None:
    """Named arrays and attributes in one HDF5 file."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        for name, values in arrays.items():
            write_dataset(file, name, values)
        file.attrs.update(attributes or {})


def write_json(path: str | Path, value: Any) -> None:
    """Plain numbers, lists and names in one JSON file, numbers to twelve digits: what Numba has
    just compiled rounds otherwise than what it finds in its cache."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(_rounded(value), indent=1), encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def read_json(path: str | Path) -> Any:
    """What a JSON file holds. DamagedError where it is no JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedError(f"{path}: damaged (no JSON); delete it and run again") from error


def read_arrays(path: str | Path, *names: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file of `write_arrays`, by name. DamagedError where it cannot be read, or
    lacks one of these names."""
    with naming_damage(path), h5py.File(path, "r") as file:
        found = {name: data[()] for name, data in file.items()}
    if missing := [name for name in names if name not in found]:
        raise DamagedError(f"{path}: no array {', '.join(missing)}; delete it and run again")
    return found


def read_tree(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file at any depth, by their path in it, as `write_arrays` takes them.
    DamagedError where it cannot be read."""
    found: dict[str, NDArray[Any]] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with naming_damage(path), h5py.File(path, "r") as file:
        file.visititems(keep)
    return found


def read_attributes(path: str | Path) -> dict[str, Any]:
    """The attributes of a file of `write_arrays`, by name; arrays of them as lists. DamagedError
    where it cannot be read."""
    with naming_damage(path), h5py.File(path, "r") as file:
        return {n: v.tolist() if hasattr(v, "tolist") else v for n, v in file.attrs.items()}


def write_table(
    path: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()
) -> None:
    """Rows as a CSV file, floats to 6 digits; nothing where a row lacks a column, or for nan.
    columns: the first ones, which are there without any row too."""
    table = [{name: _cell(value) for name, value in row.items()} for row in rows]
    columns = list(dict.fromkeys([*columns, *(name for row in table for name in row)]))
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def write_columns(path: str | Path, columns: Mapping[str, FloatArray]) -> None:
    """Columns of numbers of equal length as a CSV file, to 6 digits, nothing for nan: for a row
    each point of a long record, of which pandas would write a hundred thousand a second."""
    values = np.column_stack(list(columns.values()))
    row = ",".join(["%.6g"] * len(columns)) + "\n"
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        for start in range(0, len(values), _ROWS):
            part = values[start : start + _ROWS]
            file.write((row * len(part) % tuple(part.ravel().tolist())).replace("nan", ""))


def _cell(value: Any) -> Any:
    if not isinstance(value, float | np.floating):
        return value
    return "" if np.isnan(value) else f"{value:.6g}"


class _Positions:
    """The positions (n_tracks, n_points) of an open shard, by slices of rows and points.

    Each chunk is read, and its checksum with it, by HDF5 once. After that its bytes are taken from
    the file as they lie there, if chunks are of whole tracks: a training reads these many times.
    """

    def __init__(self, data: h5py.Dataset) -> None:
        self._data = data
        whole = data.chunks is not None and data.chunks[1] == data.shape[1]
        self._size = data.chunks[0] if whole else 0
        self._places: dict[int, int] = {}  # of the chunks that were read, in the file

    def __getitem__(self, key: tuple[slice, slice]) -> NDArray[np.float32]:
        rows, points = key
        if not self._size:
            return self._data[rows, points]
        chunks = range(rows.start // self._size, (rows.stop - 1) // self._size + 1)
        if not all(chunk in self._places for chunk in chunks):
            found = self._data[rows, points]
            self._places.update((chunk, self._place(chunk)) for chunk in chunks)
            return found
        parts = []
        for chunk in chunks:
            first = chunk * self._size
            start, stop = max(rows.start - first, 0), min(rows.stop - first, self._size)
            parts.append(self._tracks(self._places[chunk], start, stop)[:, points])
        return np.concatenate(parts)

    def _tracks(self, place: int, start: int, stop: int) -> NDArray[np.float32]:
        """Tracks start ... stop - 1 of the chunk at a place in the file."""
        length = 4 * self._data.shape[1]
        file = self._data.file.id.get_vfd_handle()
        held = os.pread(file, (stop - start) * length, place + start * length)
        if len(held) < (stop - start) * length:
            raise OSError("ends before its tracks do")
        return np.frombuffer(held, "<f4").reshape(stop - start, -1)

    def _place(self, chunk: int) -> int:
        return self._data.id.get_chunk_info_by_coord((chunk * self._size, 0)).byte_offset


class DataSet:
    """The tracks of one data set over its shards, read on demand.

    dt in s; `parameters` are the true values by name, each (n_tracks,). made: what the tracks must
    follow from, as JSON (`Plan.made`). DamagedError where a shard cannot be read, follows from
    something else, holds other tracks than its path or the other shards say, or where tracks are
    missing between the shards or there twice.
    """

    def __init__(self, paths: Sequence[str | Path], made: str | None = None) -> None:
        opened = []
        for path in paths:
            with naming_damage(path):
                file = h5py.File(path, "r")
                opened.append((int(file["index"][0]), file))
        # In the order of the tracks: that of the names puts shard 10 before shard 2.
        self._files = [file for _, file in sorted(opened, key=lambda one: one[0])]
        first = self._files[0]
        starts, parameters = [0], []
        for file in self._files:
            with naming_damage(file.filename):
                _check_made(file, made)
                _check_shard(file, first, starts[-1])
                starts.append(starts[-1] + len(file["index"]))
                parameters.append({name: data[:] for name, data in file["parameters"].items()})
        self._positions = [_Positions(file["positions"]) for file in self._files]
        self._starts = np.array(starts)
        self.dt = float(first.attrs["dt"])
        self.model_name = str(first.attrs["model"])
        self.unit = str(first.attrs["unit"])
        self.n_points = int(first["positions"].shape[1])
        self.parameters = {
            name: np.concatenate([values[name] for values in parameters]) for name in parameters[0]
        }

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, key: tuple[slice, slice] | slice) -> NDArray[np.float32]:
        """Positions of rows (a slice of step 1) and points (any slice), float32."""
        rows, points = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, _ = rows.indices(len(self))
        parts = []
        ends = zip(self._starts[:-1], self._starts[1:], strict=True)
        for file, positions, (low, high) in zip(self._files, self._positions, ends, strict=True):
            a, b = max(start, low), min(stop, high)
            if a < b:
                with naming_damage(file.filename):
                    parts.append(positions[a - low : b - low, points])
        return np.concatenate(parts)

    def blocks(self, size: int) -> Iterator[slice]:
        """Slices of at most `size` rows that cover the data set."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def log_parameters(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Logarithms of the true values of these parameters, (n_tracks, len(names))."""
        return np.log(np.stack([self.parameters[name] for name in names], axis=1))

    def close(self) -> None:
        for file in self._files:
            file.close()


def _check_shard(file: h5py.File, first: h5py.File, before: int) -> None:
    """DamagedError unless a shard holds the tracks that its path and the first shard promise, of
    which there are `before` in the shards before it."""
    path, first_name = Path(file.filename), Path(first.filename).name
    again = "delete it and run again"
    kept = {name: str(file.attrs[name]) for name in _SAME}
    folders = path.parts[-4:-1]
    if len(folders) == 3 and folders[1] == "tracks":  # <study>/tracks/<split>/<model>-...
        promised = {"study": folders[0], "split": folders[2], "model": path.stem.split("-")[0]}
        for name, value in promised.items():
            if kept[name] != value:
                raise DamagedError(f"{path}: holds tracks of {name} {kept[name]}; {again}")
    for name, value in kept.items():
        if value != str(first.attrs[name]):
            other = f"{first.attrs[name]} in {first_name}"
            raise DamagedError(f"{path}: {name} is {value}, but {other}; {again}")
    index, start = file["index"][:], int(first["index"][0]) + before
    if not np.array_equal(index, np.arange(start, start + len(index))):
        raise DamagedError(f"{path}: begins with track {index[0]}, not {start}; {again}")
    if file["positions"].shape != (len(index), first["positions"].shape[1]):
        raise DamagedError(f"{path}: tracks of another length than in {first_name}; {again}")


def _check_made(file: h5py.File, made: str | None) -> None:
    """DamagedError unless the tracks of a shard follow from what `made` says, where it is given."""
    if made is None:
        return
    kept = json.loads(str(file.attrs.get("made", "{}")))
    for name, value in json.loads(made).items():
        if kept.get(name) != value:
            raise DamagedError(
                f"{file.filename}: made with another {name} than the config's; "
                "delete it and run again"
            )


def classes(
    paths: Sequence[Sequence[str]], made: str | None = None
) -> tuple[list[DataSet], NDArray[np.int64]]:
    """The data sets of some classes, given the shards of each, and the labels of their tracks.
    made: as of `DataSet`."""
    data_sets = [DataSet(shards, made) for shards in paths]
    labels = np.repeat(np.arange(len(data_sets)), [len(d) for d in data_sets])
    return data_sets, labels
