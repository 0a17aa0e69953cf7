"""Where Numba keeps compiled functions: in a folder of its own for each state of the sources.

Numba compiles a function anew when its own file has changed, but not when only the file of a
function that it calls has: after an update of one module, results of another would silently be
those of the old code.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

_PREFIX = "kernels-"
_VARIABLE = "NUMBA_CACHE_DIR"


def stamp(package: Path) -> str:
    """A hash of all modules of a package that have compiled functions."""
    sources = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    compiled = b"".join(source for source in sources if b"njit" in source)
    return hashlib.sha256(compiled).hexdigest()[:16]


def keep_beside(package: Path) -> None:
    """Have Numba, which must not have been imported yet, keep the compiled functions of a package
    in its __pycache__, under the stamp of its sources; those of other sources are removed. Where
    that folder cannot be written, Numba takes its usual ones; the user's own setting is left."""
    given = os.environ.get(_VARIABLE)
    if given and not Path(given).name.startswith(_PREFIX):
        return
    folder = package / "__pycache__" / (_PREFIX + stamp(package))
    os.environ[_VARIABLE] = str(folder)
    if not folder.exists():
        for old in folder.parent.glob(_PREFIX + "*"):
            shutil.rmtree(old, ignore_errors=True)
