"""Each rule's environment file names exactly the packages that its script imports, as locked.

Static: nothing is installed here. `make test-envs` runs every rule in the environment that its
file makes.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import requires
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LIBRARY_ROOT = ROOT / "workflow"
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))

# A package's import name, where it is not its name on the shelf.
IMPORT_NAMES = {
    "tensorflow-cpu": "tensorflow",
    "pyyaml": "yaml",
    "pillow": "PIL",
    "lumicks-pylake": "lumicks",
}
# Files of rules that have no business with the networks themselves, only with their numbers.
FREE_OF_NETWORKS = {"simulate.smk", "optimum.smk", "figures.smk"}
REQUIRED = ("script", "conda_env", "log", "benchmark", "resources", "message")


class Rule(NamedTuple):
    name: str
    snakefile: Path
    given: dict[str, Any]

    @property
    def scripts(self) -> list[Path]:
        """The rule's script, or all that it may run: `{params.script}` is any of its folder."""
        pattern = (self.snakefile.parent / str(self.given["script"])).resolve()
        return sorted(pattern.parent.glob(re.sub(r"\{.*?\}", "*", pattern.name)))

    @property
    def environment(self) -> Path:
        return (self.snakefile.parent / str(self.given["conda_env"])).resolve()


# ---- what is imported


class Imports(ast.NodeVisitor):
    """Absolute names of a file's imports, also inside functions, less those for type checking."""

    def __init__(self, tree: ast.AST, package: str = "") -> None:
        self.package = package
        self.names: set[str] = set()
        self.visit(tree)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING":
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self.package.split(".")[: -node.level + 1 or None] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        self.names.update([module, *(f"{module}.{alias.name}" for alias in node.names)])


def parsed(source: Path) -> ast.AST:
    """The syntax tree of a Python file, or of the import statements alone of a Snakefile."""
    text = source.read_text(encoding="utf-8")
    if source.suffix != ".py":
        statement = r"^[ \t]*((?:from[ \t]+\S+[ \t]+)?import[ \t]+(?:\([^)]*\)|[^\n]*))"
        text = "\n".join(re.findall(statement, text, flags=re.MULTILINE))
    return ast.parse(text)


@cache
def imported(file: Path, library_root: Path) -> frozenset[str]:
    """Absolute names of what a file imports."""
    inside = file.is_relative_to(library_root) and file.parent != library_root
    package = ".".join(file.parent.relative_to(library_root).parts) if inside else ""
    return frozenset(Imports(parsed(file), package).names)


def third_party(source: Path, library_root: Path = LIBRARY_ROOT) -> dict[str, Path]:
    """What a file imports, itself or through the library: each package with a file that does."""
    found: dict[str, Path] = {}
    seen = {source}
    pending = [source]
    while pending:
        file = pending.pop()
        for name in sorted(imported(file, library_root)):
            local = set(library_files(name, library_root))
            pending += local - seen
            seen |= local
            top = name.split(".")[0]
            if not local and top not in sys.stdlib_module_names and top != "snakemake":
                found.setdefault(top, file)
    return found


def all_third_party(sources: Iterable[Path]) -> dict[str, Path]:
    """What several files import, each package with a file that does."""
    found: dict[str, Path] = {}
    for source in sources:
        found |= third_party(source)
    return found


def library_files(name: str, library_root: Path) -> Iterator[Path]:
    """The files of the library that `import name` runs; none if the name is not the library's."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        stem = library_root.joinpath(*parts[:depth])
        for file in (stem / "__init__.py", stem.with_suffix(".py")):
            if file.is_file():
                yield file


# ---- what is pinned


def pins(environment: Path) -> dict[str, str]:
    """Version of each package that an environment file names, by its name on PyPI."""
    found = {}
    for entry in yaml.safe_load(environment.read_text())["dependencies"]:
        for line in entry["pip"] if isinstance(entry, dict) else [entry]:
            name, _, version = re.sub(r" *;.*", "", line).replace("==", "=").partition("=")
            found[name.strip().removesuffix("-base")] = version.strip()
    found.pop("pip", None)
    return found


def packages(environment: Path) -> set[str]:
    return {IMPORT_NAMES.get(name, name) for name in pins(environment)} - {"python"}


def locked() -> dict[str, str]:
    text = (ROOT / "requirements.lock").read_text()
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, flags=re.MULTILINE))


def difference(needed: dict[str, Path], offered: set[str]) -> list[str]:
    lines = [
        f"lacks {name}, which {file.relative_to(ROOT)} imports"
        for name, file in sorted(needed.items())
        if name not in offered
    ]
    lines += [f"has {name}, which nothing imports" for name in sorted(offered - set(needed))]
    return lines


# ---- the workflow


@pytest.fixture(scope="module")
def rules() -> list[Rule]:
    """Every rule that makes something, as Snakemake itself reads it."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1), snakefile=ROOT / "Snakefile", workdir=ROOT
        )
        return [
            Rule(rule.name, Path(str(rule.snakefile)), vars(rule.ruleinfo))
            for rule in workflow._workflow.rules
            if rule.ruleinfo.output
        ]


def test_every_rule_says_what_it_needs(rules: list[Rule]) -> None:
    assert rules
    assert not [
        f"rule {rule.name} ({rule.snakefile.name}): no {directive.removesuffix('_env')}"
        for rule in rules
        for directive in REQUIRED
        if rule.given[directive] is None
    ]


def test_every_input_and_output_has_a_name(rules: list[Rule]) -> None:
    def unnamed(files: Any) -> bool:
        """Whether a file stands without a name; `unpack` brings the names with the files."""
        return any(not getattr(file, "flags", {}).get("unpack") for file in (files or ((),))[0])

    assert not [
        f"rule {rule.name} ({rule.snakefile.name}): {part}"
        for rule in rules
        for part in ("input", "output")
        if unnamed(rule.given[part])
    ]


def test_every_script_is_run_by_a_rule(rules: list[Rule]) -> None:
    run = {script for rule in rules for script in rule.scripts}
    assert run == set((LIBRARY_ROOT / "scripts").rglob("*.py"))


@pytest.mark.slow
def test_every_environment_is_what_its_rules_import(rules: list[Rule]) -> None:
    assert not [
        f"rule {rule.name}: envs/{rule.environment.name} {line}"
        for rule in rules
        if rule.given["script"] and rule.given["conda_env"]
        for line in difference(all_third_party(rule.scripts), packages(rule.environment))
    ]


def test_only_training_and_inference_see_networks(rules: list[Rule]) -> None:
    assert not [
        f"rule {rule.name} ({rule.snakefile.name}) sees {package}"
        for rule in rules
        if rule.snakefile.name in FREE_OF_NETWORKS and rule.given["conda_env"]
        for package in packages(rule.environment) & {"keras", "tensorflow"}
    ]


def test_only_training_sees_tensorflow(rules: list[Rule]) -> None:
    seen = [rule for rule in rules if rule.given["conda_env"]]
    assert {rule.name for rule in seen if "tensorflow" in packages(rule.environment)} == {"train"}


def test_every_environment_file_is_used_and_is_unlike_the_others(rules: list[Rule]) -> None:
    used = {rule.environment for rule in rules if rule.given["conda_env"]}
    assert not [f"no rule uses envs/{file.name}" for file in ENVIRONMENTS if file not in used]
    first: dict[frozenset[str], str] = {}
    for file in ENVIRONMENTS:
        other = first.setdefault(frozenset(packages(file)), file.name)
        assert other == file.name, f"envs/{other} and envs/{file.name} name the same packages"


def test_snakefiles_need_only_what_snakemake_brings() -> None:
    """So that Snakemake alone can read the workflow, and no rule can borrow a package from it."""
    brought = {re.match(r"[\w-]+", line)[0].lower() for line in requires("snakemake") or ()}
    brought = {IMPORT_NAMES.get(name, name) for name in brought}
    snakefiles = [ROOT / "Snakefile", LIBRARY_ROOT / "Snakefile"]
    assert not [
        f"{snakefile.relative_to(ROOT)} needs {name}, imported by {file.relative_to(ROOT)}"
        for snakefile in [*snakefiles, *sorted(LIBRARY_ROOT.glob("rules/*.smk"))]
        for name, file in sorted(third_party(snakefile).items())
        if name not in brought
    ]


# ---- the pins


@pytest.mark.parametrize("file", [*ENVIRONMENTS, ROOT / "environment.yml"], ids=lambda f: f.name)
def test_pins_are_those_of_the_lock(file: Path) -> None:
    lock = locked()
    found = pins(file)
    assert found.pop("python") == pins(ROOT / "environment.yml")["python"]
    assert found == {name: lock.get(name) for name in found}


def test_conda_channels_are_open_and_explicit() -> None:
    for file in [*ENVIRONMENTS, ROOT / "environment.yml"]:
        assert yaml.safe_load(file.read_text())["channels"] == ["conda-forge", "nodefaults"], file


def test_the_common_environment_is_all_of_them_and_snakemake() -> None:
    everything = set().union(*(packages(file) for file in ENVIRONMENTS))
    # Pygments colours the code in Snakemake's report.
    assert packages(ROOT / "environment.yml") == everything | {"snakemake", "pygments"}


# ---- the tools of this file


@pytest.fixture
def library(tmp_path: Path) -> Path:
    package = tmp_path / "lib"
    package.mkdir()
    (package / "__init__.py").write_text("import early\n")
    (package / "deep.py").write_text("def f():\n    import h5py.highlevel\n")
    (package / "near.py").write_text("from . import deep\nfrom .deep import f\nimport json\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import numpy.linalg as la\nimport sys", {"numpy"}),
        ("from scipy.optimize import brentq", {"scipy"}),
        ("from lib.deep import f", {"early", "h5py"}),
        ("from lib import deep", {"early", "h5py"}),
        ("import lib.near", {"early", "h5py"}),
        ("import lib", {"early"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import seaborn", set()),
        ("def f():\n    if True:\n        from pandas import DataFrame", {"pandas"}),
        ("from snakemake.utils import validate", set()),
    ],
)
def test_imports_are_followed(library: Path, text: str, names: set[str]) -> None:
    script = library / "script.py"
    script.write_text(text)
    assert set(third_party(script, library)) == names


def test_imports_of_a_snakefile_are_found(library: Path) -> None:
    snakefile = library / "rules.smk"
    snakefile.write_text(
        "from lib import (\n    deep,\n)\nrule a:\n    input: x\nif True:\n    import yaml\n"
    )
    assert set(third_party(snakefile, library)) == {"early", "h5py", "yaml"}


def test_a_difference_is_told_in_full() -> None:
    needed = {"keras": ROOT / "workflow" / "a.py", "numpy": ROOT / "workflow" / "b.py"}
    assert difference(needed, {"keras", "scipy"}) == [
        "lacks numpy, which workflow/b.py imports",
        "has scipy, which nothing imports",
    ]
    assert not difference(needed, {"keras", "numpy"})


# ---- the stand-in for conda


@pytest.fixture(scope="module")
def conda() -> ModuleType:
    loader = SourceFileLoader("conda", str(ROOT / "tests" / "conda_stand_in" / "bin" / "conda"))
    module = module_from_spec(spec_from_loader("conda", loader))
    loader.exec_module(module)
    return module


def test_the_stand_in_reads_an_environment_file(conda: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "env.yaml"
    file.write_text(
        "dependencies:\n  - python=3.11\n  - numpy=2.4.6\n  - seaborn-base ==0.13.2\n  - pip\n"
        "  - pip:\n      - keras==3.15.0 ; sys_platform == 'linux'\n"
    )
    assert conda.requirements(file) == [
        "numpy==2.4.6",
        "seaborn==0.13.2",
        "keras==3.15.0 ; sys_platform == 'linux'",
    ]


@pytest.mark.parametrize("entry", ["numpy", "numpy>=2", "numpy=2.*"])
def test_the_stand_in_wants_pins(conda: ModuleType, tmp_path: Path, entry: str) -> None:
    file = tmp_path / "env.yaml"
    file.write_text(f"dependencies:\n  - {entry}\n")
    with pytest.raises(SystemExit, match="not of the form"):
        conda.requirements(file)


def test_the_stand_in_refuses_what_it_does_not_know(conda: ModuleType) -> None:
    with pytest.raises(SystemExit, match="conda list"):
        conda.main(["list", "--explicit"])
