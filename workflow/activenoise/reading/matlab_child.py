"""Run as a program, by `matlab`: the variables of a MATLAB 4 to 7 file, pickled to its output.

SciPy's reader takes the interpreter with it on some damaged files (with a data type it does not
know, for one); in a process of its own it takes only that one. Nothing of the package is
imported here, so that the process starts fast and needs no search path.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any


def variables(path: str) -> dict[str, Any]:
    """By name; structures are dictionaries, and arrays are without axes of length 1."""
    from scipy.io import loadmat

    loaded = loadmat(path, appendmat=False, simplify_cells=True)
    return {name: value for name, value in loaded.items() if not name.startswith("__")}


def main(path: str) -> None:
    """Write (variables, None), or (None, what the reader said) where it raised an error."""
    answer: tuple[dict[str, Any] | None, str | None]
    try:
        answer = variables(path), None
    except Exception as error:  # on damaged files it may be any
        answer = None, str(error) or type(error).__name__
    pickle.dump(answer, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main(sys.argv[1])
