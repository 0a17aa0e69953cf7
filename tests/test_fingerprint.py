"""The fingerprint follows the code that a script uses, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from activenoise.fingerprint import PACKAGE, content, fingerprint, imports, library_modules

FILES = {
    "script.py": "def main():\n    from activenoise.first import run\n    run()\n",
    "first.py": (
        '"""First."""\n\nfrom activenoise import second\n\n\n'
        'def run():\n    """Run."""\n    return second.VALUE  # a comment\n'
    ),
    "second.py": "import numpy\n\n\nclass A:\n    '''A.'''\n\nVALUE = 1\n",
    "unused.py": "X = 1\n",
}


@pytest.fixture
def library(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def taken(library):
    for cached in (fingerprint, imports, content):
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


def test_modules_that_import_each_other(library):
    edit(library, "second.py", "import numpy", "from activenoise import first")
    found = library_modules(library / "script.py", library)
    assert {path.name for path in found} == {"first.py", "second.py"}
    assert taken(library)


def test_every_form_of_import_is_seen(library):
    path = library / "forms.py"
    path.write_text("import a\nimport b.c as d\nfrom e import f as g\n\ndef h():\n    import i\n")
    assert imports(path) == {"a", "b.c", "e", "e.f", "i"}


def test_the_librarys_own_modules_are_followed():
    library = Path(__file__).parent.parent / "workflow" / PACKAGE
    found = {path.stem for path in library_modules(library / "evidence.py", library)}
    assert {"likelihood", "angle_filter", "models", "priors", "parameters"} <= found
    assert not found & {"networks", "training", "settings", "plotting"}
