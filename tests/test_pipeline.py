"""From text to page: pins in step, nothing stale, references and figures complete."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import nbformat
import pytest
import yaml
from digest import plain as plain_python
from reference import reference

from book import LOCK, REFERENCES, ROOT, Chapter, chapters

CHAPTERS = chapters()
TOLD = {"nbval-ignore-output", "nbval-skip"}
SHOWN = {
    "application/vnd.latent.claim+json",
    "image/jpeg",
    "image/png",
    "text/html",
    "text/latex",
    "text/markdown",
    "text/plain",
}
HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)


# Versions.


def locked() -> dict[str, str]:
    """The lock file's pins, by normalised name."""
    lines = LOCK.read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    for line in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line
    return {plain(name): version for name, version in (p.split("==") for p in pins)}


def plain(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_file_has_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *chain.from_iterable(groups)]
    pins = locked()
    for requirement in wanted:
        name, *pin = re.split(r"==|>=", requirement)
        assert plain(name) in pins, requirement
        if "==" in requirement:
            assert pins[plain(name)] == pin[0], requirement


def test_the_environment_for_binder_is_in_step_with_the_lock_file() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = next(entry for entry in entries if isinstance(entry, dict))["pip"]
    pins = [
        re.split("==?", entry)
        for entry in [*entries, *from_pip]
        if isinstance(entry, str) and "=" in entry
    ]
    here = locked() | {"python": "3.11", "pytorch-cpu": locked()["torch"]}
    assert dict(pins) == {name: here[plain(name)] for name, _ in pins}
    # Torch comes from conda-forge, not from pip, and so must what would bring it.
    assert not {"torch", "torchvision"} & {re.split("==", pin)[0] for pin in from_pip}
    assert all("==" in pin for pin in from_pip)


def test_the_environment_for_binder_has_what_the_library_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "environment.yml").read_text()
    for requirement in project["dependencies"]:
        name = re.split(r"==|>=", requirement)[0]
        assert re.search(rf"^ *- (py)?{name}(-cpu)?==", text, re.M), name


def imported(source: str) -> set[str]:
    """The top-level names of the packages that a piece of code imports."""
    names = set()
    for node in ast.walk(ast.parse(plain_python(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names - sys.stdlib_module_names - {"latent", "claims"}


def test_the_environment_for_binder_has_what_the_chapters_import() -> None:
    """Kills a chapter that runs here and not on Binder."""
    text = (ROOT / "environment.yml").read_text()
    comes_with = {
        "ipython": "ipykernel",
        "cycler": "matplotlib",
        "torch": "pytorch-cpu",
    }
    modules = (ROOT / "src").rglob("*.py")
    sources = [p.read_text() for p in modules if not p.name.startswith("make_")]
    sources += [cell.source for chapter in CHAPTERS for cell in chapter.cells]
    packages = importlib.metadata.packages_distributions()
    for name in set().union(*map(imported, sources)):
        wanted = plain(packages[name][0])
        wanted = comes_with.get(wanted, wanted)
        assert re.search(rf"^ *- {wanted}==", text, re.M), name


# Chapters and their references.


def test_every_reference_has_a_chapter() -> None:
    assert set(REFERENCES.rglob("*.ipynb")) == {c.reference for c in CHAPTERS}


@each_chapter
def test_the_reference_has_the_cells_of_its_chapter(chapter: Chapter) -> None:
    cells = nbformat.read(chapter.reference, as_version=4).cells
    assert [(cell.source, cell.metadata.get("tags", [])) for cell in cells] == [
        (cell.source, cell.metadata.get("tags", [])) for cell in chapter.cells
    ], "run make reference"
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "image/" not in chapter.reference.read_text()


@each_chapter
def test_cells_that_are_not_compared_say_why(chapter: Chapter) -> None:
    for cell in chapter.cells:
        if TOLD & set(cell.metadata.get("tags", [])):
            assert re.search(r"^# \w+", cell.source, re.M), cell.source


@each_chapter
def test_every_figure_has_alternative_text_caption_and_name(chapter: Chapter) -> None:
    executed = {}
    if chapter.executed.exists():
        executed = dict(enumerate(nbformat.read(chapter.executed, as_version=4).cells))
    for i, cell in enumerate(chapter.cells):
        outputs = executed.get(i, {}).get("outputs", [])
        drawn = any("image/png" in output.get("data", {}) for output in outputs)
        if drawn or re.search(r"\bplt\.show\(", cell.source):
            options = cell.metadata.get("mystnb", {})
            assert options.get("image", {}).get("alt"), cell.source
            assert options.get("figure", {}).get("caption"), cell.source
            assert options.get("figure", {}).get("name"), cell.source


@each_chapter
def test_the_page_can_show_every_output(chapter: Chapter) -> None:
    if not chapter.executed.exists():
        pytest.skip("not executed yet: run make book")
    for cell in nbformat.read(chapter.executed, as_version=4).cells:
        for output in cell.outputs:
            types = output.get("data", {})
            glued = {t for t in types if t.startswith("application/papermill.record/")}
            assert set(types) - glued <= SHOWN


def test_a_reference_has_the_text_and_not_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = nbformat.v4.new_output
    data = {"text/plain": "<Figure>", "image/png": "AAAA"}
    printed = new("stream", name="stdout", text="1\n")
    pieces = [new("stream", name="stdout", text=text) for text in ("1", "\n")]
    cells = [
        nbformat.v4.new_code_cell("f", outputs=[new("display_data", data), *pieces]),
        nbformat.v4.new_code_cell(
            "# a clock", metadata={"tags": ["nbval-skip"]}, outputs=[printed]
        ),
    ]
    chapter = Chapter("chapter", nbformat.v4.new_notebook(cells=cells))
    monkeypatch.setattr("book.EXECUTED", tmp_path)
    nbformat.write(chapter.notebook, chapter.executed)
    first, second = reference(chapter).cells
    assert first.outputs == [new("display_data", {"text/plain": "<Figure>"}), printed]
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert second.outputs == []
    assert second.metadata.tags == ["nbval-skip"]


# What is executed again, in a small book of its own beside a copy of the library.


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree like this one with four short chapters."""
    big = shutil.ignore_patterns("__pycache__", "*.npz", "*.png", "*.wav", "*.csv")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=big)
    shutil.rmtree(tmp_path / "src/claims")
    write(tmp_path / "src/claims/__init__.py", '"""Nothing yet."""\n')
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copytree(ROOT / "book/_static", tmp_path / "book/_static")
    for name in ("_config.yml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    write(
        tmp_path / "_toc.yml",
        "format: jb-book\nroot: index\nchapters:\n"
        "- file: foundations/em\n- file: mixtures/kmeans\n"
        "- file: plain\n- file: checked\n- file: appendices/ledger\n",
    )
    write(tmp_path / "book/references.bib", "")
    write(tmp_path / "book/index.md", "# A small book\n")
    chapter(tmp_path, "foundations/em", "from latent import em\nem.__name__")
    chapter(tmp_path, "mixtures/kmeans", "import latent.mixtures.kmeans")
    chapter(tmp_path, "plain", "1 + 1", "```{math}\n:label: sum\n1 + 1 = 2\n```\n")
    chapter(tmp_path, "checked", "import claims")
    chapter(tmp_path, "appendices/ledger", "print('all')")
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def chapter(tree: Path, name: str, code: str, text: str = "") -> None:
    """Write a chapter of one cell."""
    cell = f"```{{code-cell}} python\n{code}\n```\n"
    write(tree / f"book/{name}.md", f"{HEADER}\n# {name}\n\n{text}\n{cell}")


def add(path: Path, line: str) -> None:
    """Add a line to a file."""
    path.write_text(path.read_text() + line + "\n")


def tool(tree: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run one of the tools in a tree."""
    command = [sys.executable, str(tree / "tools" / name)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def executed(tree: Path) -> list[str]:
    """The chapters that the next run executes, in the order in which they are done."""
    run = tool(tree, "execute.py")
    assert run.returncode == 0, run.stdout + run.stderr
    return re.findall(r"^  done +(\S+)", run.stdout, re.M)


def test_exactly_the_chapters_that_a_change_concerns_are_executed(copy: Path) -> None:
    ledger = "appendices/ledger"
    everything = {"foundations/em", "mixtures/kmeans", "plain", "checked", ledger}
    first = executed(copy)
    assert set(first) == everything
    assert first[-1] == ledger
    assert executed(copy) == []

    add(copy / "src/latent/mixtures/kmeans.py", "# a line more")
    assert executed(copy) == ["mixtures/kmeans"]
    add(copy / "src/latent/em.py", "# a line more")
    assert set(executed(copy)) == {"foundations/em", "mixtures/kmeans"}
    add(copy / "src/latent/mixtures/gaussian_mixture.py", "# a line more")
    assert executed(copy) == []

    # A verdict hangs on every printed equation; words change nothing.
    page = copy / "book/plain.md"
    page.write_text(page.read_text().replace("1 + 1 = 2", "2 = 1 + 1"))
    assert executed(copy) == ["checked"]
    add(page, "A sentence more.")
    assert executed(copy) == []

    # The ledger is made again when what a chapter prints is another thing.
    chapter(copy, "plain", "1 + 2", "```{math}\n:label: sum\n2 = 1 + 1\n```\n")
    assert executed(copy) == ["plain", ledger]
    assert executed(copy) == []

    add(copy / "requirements.lock", "another==1.0")
    assert set(executed(copy)) == everything


def test_a_failing_cell_is_named_and_stops_the_build(copy: Path) -> None:
    chapter(copy, "plain", "x = 1\nx / 0")
    run = tool(copy, "execute.py")
    assert run.returncode == 1
    assert "book/plain.md:15: code cell 1" in run.stdout
    assert "x / 0" in run.stdout
    assert "ZeroDivisionError" in run.stdout
    assert "done      mixtures/kmeans" in run.stdout
    assert "appendices/ledger" not in run.stdout
    # What ran through is kept, what failed is tried again.
    again = tool(copy, "execute.py")
    assert again.returncode == 1
    assert "executing mixtures/kmeans" not in again.stdout


def test_sphinx_executes_nothing_and_warnings_stop_it_every_time(copy: Path) -> None:
    executed(copy)
    store = copy / "_build/.jupyter_cache/executed"
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.ipynb")}
    run = tool(copy, "build.py")
    assert run.returncode == 0, run.stdout + run.stderr
    after = {path: path.stat().st_mtime_ns for path in store.rglob("*.ipynb")}
    assert after == before
    assert "latent.em" in (copy / "_build/html/foundations/em.html").read_text()
    assert "up to date" in tool(copy, "build.py").stdout

    # A page is made again when only its outputs have changed.
    add(copy / "src/latent/em.py", "__name__ = 'another name'")
    assert executed(copy)
    assert tool(copy, "build.py").returncode == 0
    assert "another name" in (copy / "_build/html/foundations/em.html").read_text()

    # Sphinx does not repeat the warnings of pages that it need not read again.
    add(copy / "book/plain.md", "See {eq}`nowhere`.")
    for _ in range(2):
        run = tool(copy, "build.py")
        assert run.returncode != 0
        assert "nowhere" in run.stderr
