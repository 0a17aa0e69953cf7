"""The arrows of the house: which wing of the library may import which, and how light each is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "workflow" / "activenoise"
ROOMS = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY)


def wing_of(path: Path) -> str:
    """The wing in which a module is, be it in a folder of its own there."""
    return path.relative_to(LIBRARY).parts[0]


# Modules that every wing may use.
GROUND = {"arrays", "files", "kernel_cache", "logs", "parameters", "tables", "threads"}
# From the top down: a wing may import those below it, itself and the ground.
FLOORS = (
    "report", "analysis", "learning", "studies", "inference", "likelihood", "simulation", "physics",
)  # fmt: skip
# These stand beside and know the ground alone; analysis and report may use them.
BESIDE = ("reading", "config")
ABOVE = {"analysis", "report"}
# Above them all: the command line and the public face, which no wing may import.
ROOF = {"cli", "__init__"}


def allowed(wing: str) -> set[str]:
    """Wings and modules of the ground that a module of this wing may import."""
    if wing in BESIDE:
        return {wing, *GROUND}
    below = set(FLOORS[FLOORS.index(wing) :])
    return below | GROUND | (set(BESIDE) if wing in ABOVE else set())


def imported(path: Path) -> set[str]:
    """The modules of the library that a file imports, as `module_of` names them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            top, *parts = name.split(".")
            if top == "activenoise" and parts:
                found.add(module_of(parts))
    return found


def module_of(parts: list[str]) -> str:
    """`wing.module`, `wing.folder.module` or `module`, less the name that is imported from it."""
    for depth in range(len(parts), 1, -1):
        if LIBRARY.joinpath(*parts[:depth]).with_suffix(".py").is_file():
            return ".".join(parts[:depth])
    return parts[0]


def test_every_room_is_in_a_wing_that_has_a_floor():
    assert {wing_of(path) for path in ROOMS} == {*FLOORS, *BESIDE}
    assert GROUND <= {path.stem for path in LIBRARY.glob("*.py")} <= GROUND | ROOF


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_no_arrow_points_up(path):
    wrong = {
        name
        for name in imported(path)
        if name.split(".")[0] not in allowed(wing_of(path)) | {"__version__"}
    }
    assert not wrong, f"{wing_of(path)} must not import {', '.join(sorted(wrong))}"


def test_the_ground_imports_the_ground_alone():
    for name in GROUND:
        assert imported(LIBRARY / f"{name}.py") <= GROUND


def test_scripts_and_rules_do_not_use_the_public_face():
    """The fingerprint of a rule's code leaves the face out, so what a script took from it would
    change unseen."""
    files = [*LIBRARY.parent.glob("scripts/**/*.py"), *LIBRARY.parent.glob("*.py")]
    wings = {*FLOORS, *BESIDE, *GROUND, "cli", "__version__"}
    for path in files:
        assert {name.split(".")[0] for name in imported(path)} <= wings, path


def test_no_cycle():
    arrows = {
        ".".join(path.relative_to(LIBRARY).with_suffix("").parts): {
            name for name in imported(path) if "." in name
        }
        for path in ROOMS
    }
    done: set[str] = set()

    def visit(room: str, above: tuple[str, ...]) -> None:
        assert room not in above, " > ".join([*above, room])
        if room not in done:
            for other in arrows.get(room, ()):
                visit(other, (*above, room))
            done.add(room)

    for room in arrows:
        visit(room, ())


def test_an_arrow_up_and_a_cycle_would_be_seen(tmp_path):
    path = tmp_path / "models.py"
    path.write_text("def f():\n    from activenoise.report import words\n")
    assert imported(path) == {"report.words"}
    assert "report" not in allowed("physics")
    assert "reading" not in allowed("config")


def test_the_inits_of_the_wings_are_empty():
    assert not [wing for wing in (*FLOORS, *BESIDE) if (LIBRARY / wing / "__init__.py").read_text()]


def test_what_snakemake_reads_at_every_start_needs_no_numerics():
    modules = [
        "config.schema",
        "config.choices",
        "config.fingerprint",
        "config.plan",
        "reading.sheet",
    ]
    script = "import sys, importlib\n" + "".join(
        f"importlib.import_module('activenoise.{name}')\n" for name in modules
    )
    script += "print([name for name in ('numpy', 'numba', 'scipy', 'h5py') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=LIBRARY.parent, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
