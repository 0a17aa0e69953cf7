"""Fingerprint of the library code behind a script.

Snakemake reruns a rule when its script changes, but does not see the modules that the script
imports. A rule therefore carries this fingerprint among its params.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "activenoise"


_OWN_TEXT = Path(__file__).read_bytes()


class Parsed(NamedTuple):
    """A Python file: the names of what it imports, and what else it says, as bytes."""

    imports: frozenset[str]
    content: bytes


@cache
def parsed(source: Path) -> Parsed:
    """Names of everything a Python file imports, also inside functions: `a.b` for `import a.b`,
    and both `a` and `a.b` for `from a import b`. Its content is free of comments, layout and
    docstrings.

    Parsing the library would take longer than everything else that a start of Snakemake does.
    What a text says is therefore kept in `__pycache__`, with a digest of the text and of this
    module.
    """
    text = source.read_bytes()
    key = hashlib.blake2b(text + _OWN_TEXT, digest_size=16).hexdigest()
    kept = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.parsed"
    with suppress(OSError, ValueError, TypeError):  # not there yet, or damaged
        kept_key, imports, content = json.loads(kept.read_bytes())
        if kept_key == key:
            return Parsed(frozenset(imports), content.encode())
    found = _parsed(text)
    with suppress(OSError):  # a folder that cannot be written: the next start parses again
        kept.parent.mkdir(exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps([key, sorted(found.imports), found.content.decode()]))
        partial.replace(kept)
    return found


def _parsed(text: bytes) -> Parsed:
    """What the text of a Python file says."""
    tree = ast.parse(text)
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
        new = imported(pending.pop(), library) - found
        found |= new
        pending += new
    return found


@cache
def imported(source: Path, library: Path) -> frozenset[Path]:
    """The files of the library that a file's own imports run."""
    found: set[Path] = set()
    for name in parsed(source).imports:
        package, *parts = name.split(".")
        if package == PACKAGE:
            stems = [library.joinpath(*parts[: i + 1]) for i in range(len(parts))]
            paths = [
                path for stem in stems for path in (stem / "__init__.py", stem.with_suffix(".py"))
            ]
            found.update(path for path in paths if path.is_file())
    return frozenset(found)


@cache
def fingerprint(source: Path, library: Path) -> str:
    """Digest of the library modules behind a script, blind to comments and layout."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(library_modules(source, library)):
        digest.update(path.relative_to(library).as_posix().encode())
        digest.update(parsed(path).content)
    return digest.hexdigest()
