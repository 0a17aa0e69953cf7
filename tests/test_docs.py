"""The code of the documents runs and prints what they show; their links lead somewhere."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from activenoise.analysis.setup import EFFORTS

ROOT = Path(__file__).parents[1]
PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "docs").rglob("*.md")]
    if "results" not in path.relative_to(ROOT).parts[0]
]


class Words(doctest.OutputChecker):
    """Compares what is printed but for its digits: the last ones depend on the processor."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        plain = (re.sub(r"[\d.]+(e-?\d+)?", "#", text) for text in (want, got))
        return super().check_output(*plain, optionflags)


def run_code(name: str, checker: doctest.OutputChecker) -> None:
    """Run the examples of a page of docs/ in the working directory."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert len(test.examples) > 3
    runner = doctest.DocTestRunner(checker, optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(test)
    assert not runner.failures, f"{name}: {runner.failures} examples print something else"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "tutorials/trackmate.md",
        "tutorials/plan.md",
        "tutorials/energy.md",
        "tutorials/mechanism.md",
        "tutorials/conditions.md",
        "reference/python.md",
    ],
)
def test_a_page_prints_what_it_shows(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_code(name, Words())


class Anything(doctest.OutputChecker):
    """Takes whatever is printed."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return True


@pytest.mark.slow
def test_the_tutorial_of_the_bead_runs(tmp_path, monkeypatch):
    """At the quick effort, whose numbers are others than those of the page: its answer at the full
    one is that of tests/inference/test_record.py."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(EFFORTS, "full", EFFORTS["quick"])
    run_code("tutorials/bead.md", Anything())


@pytest.mark.slow
def test_the_tutorial_of_a_study_runs(tmp_path, copy_project, snakemake, monkeypatch):
    project = copy_project(tmp_path)
    text = (ROOT / "docs/tutorials/study.md").read_text(encoding="utf-8")
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)
    (project / "config/mine.yaml").write_text(overlay)
    commands = re.findall(r"^\$ snakemake (.*)$", text, re.M)
    assert len(commands) == 2
    for command in commands:
        run = subprocess.run(
            [sys.executable, "-m", "snakemake", *command.split()],
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr[-3000:]
    monkeypatch.chdir(project)
    run_code("tutorials/study.md", Words())


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name}: {target}"


def test_a_link_to_nowhere_would_be_seen():
    assert "symbols" in anchors(ROOT / "docs/physics.md")
    assert "no-such-heading" not in anchors(ROOT / "docs/physics.md")
