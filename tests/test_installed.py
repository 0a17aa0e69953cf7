"""The package as a user has it: what its wheel holds, what it needs, and its public face."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import activenoise

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow" / "activenoise"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {"lumicks-pylake": "lumicks", "pyyaml": "yaml", "tensorflow-cpu": "tensorflow"}


def packages(requirements: list[str]) -> set[str]:
    """Import names of the packages that a list of requirements names."""
    names = {re.match(r"[\w-]+", line)[0] for line in requirements}
    return {IMPORT_NAMES.get(name, name) for name in names}


CORE = packages(PROJECT["dependencies"])
EXTRAS = {extra: packages(lines) for extra, lines in PROJECT["optional-dependencies"].items()}


def imported(paths: list[Path]) -> set[str]:
    """Packages of elsewhere that files of the library import, at the top or inside functions."""
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module)
    tops = {name.split(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"activenoise"}


def run(code: str, path: Path, folder: Path) -> str:
    """What a program prints that has the package at `path`, started in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={"PYTHONPATH": str(path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the content of the wheel, built by the backend that pip calls."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        LIBRARY, folder / "workflow" / "activenoise", ignore=shutil.ignore_patterns("__pycache__")
    )
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    run(build, folder, folder)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name == f"activenoise-{activenoise.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_file_of_the_package(installed):
    there = {path.relative_to(installed) for path in (installed / "activenoise").rglob("*.*")}
    here = {
        path.relative_to(LIBRARY.parent)
        for path in LIBRARY.rglob("*.*")
        if path.suffix in {".py", ".j2", ".typed", ".json", ".keras", ".h5"}
    }
    assert there == here
    assert Path("activenoise/report/verdict.html.j2") in there


@pytest.mark.slow
def test_the_installed_package_works_without_the_repository(installed, tmp_path):
    code = (
        "import activenoise as an\n"
        "model = an.AOUP(kappa=1.0, D=1.0, D_a=5.0, tau_a=2.0)\n"
        "track = an.simulate(model, 200, 0.1, seed=1)\n"
        "print(an.__file__, an.log_likelihood(model, track, 0.1) > -1e4)"
    )
    file, answer = run(code, installed, tmp_path).split()
    assert Path(file).is_relative_to(installed)
    assert answer == "True"


# ---- what it needs


@pytest.mark.slow
def test_the_declared_dependencies_are_what_the_library_imports():
    """What is not in an extra is imported by every part of the library that needs no extra."""
    training = [LIBRARY / "learning" / name for name in ("networks.py", "soap.py", "training.py")]
    rest = [path for path in LIBRARY.rglob("*.py") if path not in training]
    assert imported(rest) - EXTRAS["formats"] - EXTRAS["workflow"] == CORE
    assert imported(training) - CORE == EXTRAS["networks"]
    assert EXTRAS["formats"] <= imported(rest)


def test_every_dependency_is_in_the_lock():
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.M))
    named = {IMPORT_NAMES.get(name, name) for name in locked}
    # A cluster's plugin has a lock of its own.
    assert CORE.union(*EXTRAS.values()) - EXTRAS["slurm"] <= named
    cluster = (ROOT / "profiles/slurm/requirements.lock").read_text()
    assert EXTRAS["slurm"] <= set(re.findall(r"^([\w.-]+)==", cluster, re.M))


# ---- the public face


def test_importing_the_package_imports_the_standard_library_alone(tmp_path):
    """And of its own modules the one that must come before those with kernels."""
    code = (
        "import sys; before = set(sys.modules); import activenoise\n"
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}\n"
        "              - set(sys.stdlib_module_names)))\n"
        "print(*[m for m in sys.modules if m.startswith('activenoise.')])"
    )
    assert run(code, LIBRARY.parent, tmp_path).split() == [
        "activenoise",
        "activenoise.kernel_cache",
    ]


@pytest.mark.slow
def test_every_public_name_is_there_without_the_extras(tmp_path):
    absent = sorted(set().union(*EXTRAS.values()))
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
        "import activenoise\n"
        "assert set(activenoise.__all__) == set(dir(activenoise))\n"
        "for name in activenoise.__all__: assert getattr(activenoise, name), name"
    )
    run(code, LIBRARY.parent, tmp_path)


def test_a_type_checker_sees_the_public_names():
    """Each name is imported for type checkers, `as` itself, from the module it comes from."""
    tree = ast.parse((LIBRARY / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.asname: getattr(importlib.import_module(node.module), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("activenoise.")
        for alias in node.names
        if alias.asname
    }
    public = {name: getattr(activenoise, name) for name in activenoise.__all__}
    assert seen == {name: value for name, value in public.items() if name != "__version__"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'activenoise' has no attribute 'simulation_of'"):
        activenoise.simulation_of  # noqa: B018
