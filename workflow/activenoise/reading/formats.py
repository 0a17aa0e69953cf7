"""Files of tracks by extension: which reader takes which file.

Each reader opens the file, takes what it holds and closes it. A library that not every file needs
is imported by the reader that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from activenoise.reading.arrays import hdf5, npz, read_npy, read_parquet
from activenoise.reading.columns import tracks_of_table
from activenoise.reading.errors import RecordError, damage
from activenoise.reading.matlab import read_mat
from activenoise.reading.named_arrays import Archive, tracks_of_archive
from activenoise.reading.options import ReadOptions
from activenoise.reading.spreadsheet import read_xlsx
from activenoise.reading.table import RawTracks, Table
from activenoise.reading.text import read_text
from activenoise.reading.trackers import read_trackmate

_TABLES: dict[str, Callable[[Path], Table]] = {
    **dict.fromkeys((".txt", ".csv", ".tsv", ".dat"), read_text),
    ".xlsx": read_xlsx,
    ".npy": read_npy,
    ".parquet": read_parquet,
    ".xml": read_trackmate,
}
_ARCHIVES: dict[str, Callable[[Path], AbstractContextManager[Archive]]] = {
    ".npz": npz,
    **dict.fromkeys((".h5", ".hdf5"), hdf5),
}
FORMATS = (*_TABLES, ".mat", *_ARCHIVES)


def read_tracks(path: Path, options: ReadOptions) -> RawTracks:
    """The tracks of a file as it has them, not yet on a grid of times.

    Raises RecordError for a file that cannot be read or does not hold the columns of the options.
    """
    extension = path.suffix.lower()
    _check_file(path, extension)
    if extension not in _ARCHIVES:
        return tracks_of_table(path, _table(path, extension, options), options)
    with _ARCHIVES[extension](path) as archive:
        return tracks_of_archive(path, archive, options)


def read_table(path: Path, options: ReadOptions) -> Table:
    """The columns of a file that holds one table. RecordError as of `read_tracks`, and for a file
    of named arrays."""
    extension = path.suffix.lower()
    _check_file(path, extension)
    if extension in _ARCHIVES:
        raise RecordError(f"{path}: holds named arrays; one table must be text, .xlsx or .parquet")
    return _table(path, extension, options)


def _table(path: Path, extension: str, options: ReadOptions) -> Table:
    of_matlab = extension == ".mat"  # where the columns named choose among the variables
    table = read_mat(path, options.columns) if of_matlab else _TABLES[extension](path)
    if not table.columns or not len(table.columns[0]):
        raise RecordError(f"{path}: only 0 points; it must hold one position in each row")
    return table


def _check_file(path: Path, extension: str) -> None:
    with damage(path, extension):
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
