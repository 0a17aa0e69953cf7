"""The fingerprint follows the code that a script uses, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from activenoise.config.fingerprint import (
    PACKAGE,
    fingerprint,
    imported,
    library_modules,
    parsed,
)

FILES = {
    "script.py": "def main():\n    from activenoise.first import run\n    run()\n",
    "first.py": (
        '"""First."""\n\nfrom activenoise import second\n\n\n'
        'def run():\n    """Run."""\n    return second.VALUE  # a comment\n'
    ),
    "second.py": (
        "import numpy\nfrom activenoise.wing.room import WIDTH\n\n\n"
        "class A:\n    '''A.'''\n\nVALUE = 1\n"
    ),
    "wing/__init__.py": "",
    "wing/room.py": "from activenoise.wing import attic\n\nWIDTH = attic.HEIGHT\n",
    "wing/attic.py": "HEIGHT = 1\n",
    "wing/empty.py": "Y = 1\n",
    "__init__.py": "FACE = 1\n",
    "unused.py": "X = 1\n",
}


@pytest.fixture
def library(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def taken(library):
    for cached in (fingerprint, imported, parsed):
        cached.cache_clear()
    return fingerprint(library / "script.py", library)


def edit(library, name, old, new):
    path = library / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("first.py", "return second.VALUE", "return 2 * second.VALUE"),
        ("second.py", "VALUE = 1", "VALUE = 2"),
        ("second.py", "import numpy", "import numpy\nimport activenoise.unused"),
        ("wing/room.py", "attic.HEIGHT", "2 * attic.HEIGHT"),
        ("wing/attic.py", "HEIGHT = 1", "HEIGHT = 2"),
    ],
)
def test_changes_with_the_code_of_what_is_imported(library, name, old, new):
    before = taken(library)
    edit(library, name, old, new)
    assert taken(library) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("first.py", "# a comment", "# another comment"),
        ("first.py", '"""Run."""', '"""Run, but\n    differently described."""'),
        ("first.py", '"""First."""', '"""1."""'),
        ("second.py", "'''A.'''", "'''B.'''"),
        ("second.py", "VALUE = 1", "\n\nVALUE = (\n    1\n)"),
        ("unused.py", "X = 1", "X = 2"),
        ("wing/empty.py", "Y = 1", "Y = 2"),
        ("__init__.py", "FACE = 1", "FACE = 2"),  # lazy: it computes nothing
        ("script.py", "run()\n", "run(1)\n"),  # Snakemake itself sees the script
    ],
)
def test_is_blind_to_comments_layout_and_other_modules(library, name, old, new):
    before = taken(library)
    edit(library, name, old, new)
    assert taken(library) == before


def test_a_string_that_is_no_docstring_counts(library):
    edit(library, "second.py", "VALUE = 1", "VALUE = 'a'")
    before = taken(library)
    edit(library, "second.py", "VALUE = 'a'", "VALUE = 'b'")
    assert taken(library) != before


def test_a_module_that_moves_to_another_package_counts(library):
    before = taken(library)
    (library / "moved").mkdir()
    (library / "wing/attic.py").rename(library / "moved/attic.py")
    edit(library, "wing/room.py", "activenoise.wing import attic", "activenoise.moved import attic")
    assert taken(library) != before


def test_modules_that_import_each_other(library):
    edit(library, "second.py", "import numpy", "from activenoise import first")
    found = library_modules(library / "script.py", library)
    names = {path.relative_to(library).as_posix() for path in found}
    assert names == {"first.py", "second.py", "wing/__init__.py", "wing/room.py", "wing/attic.py"}
    assert taken(library)


@pytest.mark.parametrize("damage", ["", "[", "[]", "1", '["", ["activenoise.unused"], "Module()"]'])
def test_what_is_kept_of_a_parsed_file_is_never_taken_for_another(library, damage):
    """Neither what an earlier text said, nor a damaged file."""
    before = taken(library)
    kept = sorted((library / "wing/__pycache__").glob("attic.*"))
    assert len(kept) == 1
    kept[0].write_text(damage)
    assert taken(library) == before
    assert taken(library) == before  # from what is kept anew
    edit(library, "wing/attic.py", "HEIGHT = 1", "HEIGHT = 2")
    assert taken(library) != before
    edit(library, "wing/attic.py", "HEIGHT = 2", "HEIGHT = 1")
    assert taken(library) == before


def test_a_library_that_cannot_be_written_has_its_fingerprint(library):
    before = taken(library)
    for folder in (library, library / "wing"):
        shutil.rmtree(folder / "__pycache__")
        (folder / "__pycache__").write_text("no folder")
    assert taken(library) == before


def test_every_form_of_import_is_seen(library):
    path = library / "forms.py"
    path.write_text("import a\nimport b.c as d\nfrom e import f as g\n\ndef h():\n    import i\n")
    assert parsed(path).imports == {"a", "b.c", "e", "e.f", "i"}


def test_the_librarys_own_modules_are_followed():
    library = Path(__file__).parents[2] / "workflow" / PACKAGE
    found = {path.stem for path in library_modules(library / "inference/quadrature.py", library)}
    assert {"positions", "angle", "models", "priors", "parameters"} <= found
    assert not found & {"networks", "training", "schema", "style"}
