"""Fingerprint of the library code behind a script.

Snakemake reruns a rule when its script changes, but does not see the modules that the script
imports. A rule therefore carries this fingerprint among its params.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "activenoise"


class Parsed(NamedTuple):
    """A Python file: the names of what it imports, and what else it says, as bytes."""

    imports: frozenset[str]
    content: bytes


@cache
def parsed(source: Path) -> Parsed:
    """Names of everything a Python file imports, also inside functions: `a.b` for `import a.b`,
    and both `a` and `a.b` for `from a import b`. Its content is free of comments, layout and
    docstrings."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names: set[str] = set()
    # Statements alone: the expressions, most of a tree, hold neither imports nor docstrings.
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, part, ())
    return Parsed(frozenset(names), ast.dump(tree).encode())


def library_modules(source: Path, library: Path) -> set[Path]:
    """The modules of the library (a folder) that a file imports, directly or through others.

    The `__init__.py` of each package on the way counts, since an import runs it; the library's own
    does not, since it is lazy and computes nothing.
    """
    found: set[Path] = set()
    pending = [source]
    while pending:
        for name in parsed(pending.pop()).imports:
            new = set(_files(name, library)) - found
            found |= new
            pending += new
    return found


def _files(name: str, library: Path) -> Iterator[Path]:
    """The files below the library that `import name` runs; none if the name is of elsewhere."""
    package, *parts = name.split(".")
    if package != PACKAGE:
        return
    for depth in range(1, len(parts) + 1):
        stem = library.joinpath(*parts[:depth])
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.is_file():
                yield path


@cache
def fingerprint(source: Path, library: Path) -> str:
    """Digest of the library modules behind a script, blind to comments and layout."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(library_modules(source, library)):
        digest.update(path.relative_to(library).as_posix().encode())
        digest.update(parsed(path).content)
    return digest.hexdigest()
