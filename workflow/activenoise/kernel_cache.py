"""What Numba keeps of compiled functions goes when any of their sources has changed.

Numba compiles a function anew when its own file has changed, but not when only the file of a
function that it calls has: after an update of one module, results of another would silently be
those of the old code.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

_STAMP = "kernels.stamp"  # beside the compiled modules of the package itself


def stamp(package: Path) -> str:
    """A hash of all modules of a package that have compiled functions."""
    sources = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    return hashlib.sha256(b"".join(text for text in sources if b"njit" in text)).hexdigest()


def forget_stale(package: Path) -> None:
    """Delete what Numba has kept in a package's folders for other sources than these. Where they
    cannot be written, nothing is kept there either."""
    kept, now = package / "__pycache__" / _STAMP, stamp(package)
    with suppress(OSError):
        if not kept.exists() or kept.read_text(encoding="ascii") != now:
            for folder in {path.parent / "__pycache__" for path in package.rglob("*.py")}:
                for file in [*folder.glob("*.nbi"), *folder.glob("*.nbc")]:
                    file.unlink(missing_ok=True)
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(now, encoding="ascii")
